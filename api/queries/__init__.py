"""One .sql file per query, read once. Parameters are %(name)s; the files say what they answer."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Query:
    """A statement of this folder. digest: changes when the statement does, and is part of the ETag."""

    name: str
    text: bytes
    digest: str


@cache
def load_query(name: str) -> Query:
    """Read the statement of `name`.sql. Raises FileNotFoundError, at import, for a name without a file."""
    text = (FOLDER / f"{name}.sql").read_bytes()
    return Query(name=name, text=text, digest=sha256(text).hexdigest())
