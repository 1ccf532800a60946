"""One .sql file per query, read once, in folders by the routes that ask. Parameters are %(name)s.

What several queries begin with stands once, in parts/. A query names its parts in the last line of its
comment, `-- with portfolio_scope, portfolio_quality`, and then speaks of their CTEs as of its own. A part is
a statement too, so that sqlfluff reads it: its CTEs are what it gives, its last select only closes it.
Where it rests on a CTE that the query has to have, its comment says so.
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
    return {path.stem: path for path in sorted(FOLDER.rglob("*.sql")) if path.parent != PARTS}


@cache
def load_query(name: str) -> Query:
    """Read the statement of `name`.sql and its parts. Raises KeyError, at import, without a file."""
    text = _with_parts(query_files()[name].read_text("utf-8")).encode()
    return Query(name=name, text=text, digest=sha256(text).hexdigest())


def named_parts(text: str) -> list[str]:
    """Look up the parts that the text of a query names."""
    named = _NAMES_PARTS.search(text)
    return named[1].split(", ") if named else []


def _with_parts(text: str) -> str:
    """Put the CTEs of the parts before those of the query.

    `recursive` lets them stand in any order (PostgreSQL's documentation of SELECT, WITH Clause), so that a
    part may read a CTE of the query.
    """
    ctes = [_ctes_of(part) for part in named_parts(text)]
    if not ctes:
        return text
    comment, _, statement = _NAMES_PARTS.split(text, maxsplit=1)
    own = "".join(_BEGINS.split(statement, maxsplit=1))
    joint = "\n\n" if own == statement else ",\n\n"  # a query may have no CTE of its own
    return f"{comment}with recursive " + ",\n\n".join(ctes) + joint + own


def _ctes_of(part: str) -> str:
    statement = _BEGINS.split((PARTS / f"{part}.sql").read_text("utf-8"), maxsplit=1)[1]
    return statement.rpartition("\n\nselect")[0]
