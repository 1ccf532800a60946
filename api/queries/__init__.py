"""One .sql file per query, read once, in folders by group of routes. Parameters are %(name)s.

CTEs that several queries begin with are in parts/. A query names its parts in the last line of its comment,
`-- with portfolio_scope, portfolio_quality`, and then uses their CTEs like its own. A part is a complete
statement, so that sqlfluff can lint it: its CTEs are shared, and its final select only completes it. A part
that needs a CTE of the query says so in its comment.
"""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent
PARTS = FOLDER / "parts"

_NAMES_PARTS = re.compile(r"^-- with (\w+(?:, \w+)*)\n", re.MULTILINE)
_BEGINS = re.compile(r"^with ", re.MULTILINE)


@dataclass(frozen=True)
class Query:
    """A statement of this folder. digest: changes when the statement does, and is part of the ETag."""

    name: str
    text: bytes
    digest: str


@cache
def query_files() -> dict[str, Path]:
    """The files of all queries by name, parts not included."""
    return {path.stem: path for path in sorted(FOLDER.rglob("*.sql")) if PARTS not in path.parents}


@cache
def load_query(name: str) -> Query:
    """Read the statement of `name`.sql and its parts. Raises KeyError, at import, for an unknown name."""
    return read_query(query_files()[name], PARTS)


def read_query(path: Path, parts: Path) -> Query:
    """Read the statement of a file and its parts, which are in the folder `parts`."""
    return make_query(path.stem, _with_parts(path.read_text("utf-8"), parts))


def make_query(name: str, text: str) -> Query:
    """Make a query of a complete statement."""
    encoded = text.encode()
    return Query(name=name, text=encoded, digest=sha256(encoded).hexdigest())


def named_parts(text: str) -> list[str]:
    """Return the names of the parts that a query uses."""
    named = _NAMES_PARTS.search(text)
    return named[1].split(", ") if named else []


def _with_parts(text: str, parts: Path) -> str:
    """Put the CTEs of the parts before those of the query.

    `recursive` allows them in any order (PostgreSQL's documentation of SELECT, WITH Clause), so that a
    part can read a CTE of the query.
    """
    ctes = [_ctes_of(next(parts.rglob(f"{part}.sql"))) for part in named_parts(text)]
    if not ctes:
        return text
    comment, _, statement = _NAMES_PARTS.split(text, maxsplit=1)
    own = "".join(_BEGINS.split(statement, maxsplit=1))
    joint = "\n\n" if own == statement else ",\n\n"  # a query may have no CTE of its own
    return f"{comment}with recursive " + ",\n\n".join(ctes) + joint + own


def _ctes_of(part: Path) -> str:
    statement = _BEGINS.split(part.read_text("utf-8"), maxsplit=1)[1]
    return statement.rpartition("\n\nselect")[0]
