"""Results of queries, as the tools return them, the record keeps them and the figures are checked against."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from json import dumps
from typing import Any
from uuid import UUID

Cell = str | int | Decimal | bool | None
"""What a cell holds: numbers with all their digits; dates, instants and uuids as text; null as None."""


@dataclass(frozen=True)
class QueryResult:
    """One query that was run, with its rows. Logged before the model sees it.

    query_id: of the record. statement: complete, runnable text; its parameters are in `parameters`. rows:
    what the model saw at most. truncated: the query has more rows. publication_id and published_at: what
    it stood on.
    """

    query_id: UUID
    statement: str
    parameters: dict[str, Any]
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool
    publication_id: int | None
    as_of_date: date | None
    published_at: datetime | None

    @property
    def row_count(self) -> int:
        """The rows that the result holds."""
        return len(self.rows)

    @property
    def sha256(self) -> str:
        """The digest of the columns and rows: equal for equal results."""
        return sha256(dumps([self.columns, self.rows], default=str, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Figure:
    """A number of an answer's text, and the cell of a logged result that it equals.

    start: offset in the text. query_id, row and column are None when it is not verified; row counts from 0.
    """

    text: str
    start: int
    query_id: UUID | None
    row: int | None
    column: str | None
    verified: bool
