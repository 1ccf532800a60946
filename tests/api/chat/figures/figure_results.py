"""Results of queries for the tests of the figures."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import uuid4

from api.chat.results import Cell, QueryResult


def result_of(
    columns: Sequence[str], *rows: Sequence[Cell], truncated: bool = False, statement: str = "select 1"
) -> QueryResult:
    """A logged result with these rows."""
    return QueryResult(
        query_id=uuid4(),
        statement=statement,
        parameters={},
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in rows),
        truncated=truncated,
        publication_id=7,
        as_of_date=None,
        published_at=None,
    )


POSITIONS = result_of(
    ["symbol", "company_name", "market_value", "weight", "daily_pnl", "lot_count"],
    ["AAPL", "Apple Inc.", Decimal("1234567.894"), Decimal("0.12345"), Decimal("-5123.4"), 63],
    ["MMM", "3M Company", Decimal(250_000), Decimal("0.025"), Decimal("812.5"), 7],
)
