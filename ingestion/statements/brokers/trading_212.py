"""Trading 212, a pie's Export: a row per instrument (slice), then a total.

Values are totals in the currency of the account, which the file does not name. There are no dates.
"""

from collections.abc import Sequence
from decimal import Decimal

from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import position
from ingestion.statements.brokers.notation import quantity
from ingestion.statements.brokers.table import Line, Row, find_header, rows_below, stated_total
from ingestion.statements.brokers.units import per_share

BROKER = "Trading 212"

_HEADER = {"slice", "name", "invested value", "value", "owned quantity"}


def read(lines: Sequence[Line]) -> Export | None:
    """The export of a pie, or None."""
    header = find_header(lines, _HEADER)
    if header is None:
        return None
    rows = [row for row in rows_below(lines, header) if row["slice"]]
    holdings = tuple(_holding(row) for row in rows if row["slice"].lower() != "total")
    totals = [row["value"] for row in rows if row["slice"].lower() == "total"]
    total = stated_total(totals[0], "") if totals else {}
    return Export(BROKER, None, holdings, account_values=total, needs_currency=True)


def _holding(row: Row) -> Holding:
    held = quantity(row["owned quantity"])
    return position(
        row.number,
        row["slice"],
        held,
        cost=_each(row["invested value"], held),
        market_price=_each(row["value"], held),
    )


def _each(total: str, held: Decimal | str) -> Decimal | None:
    return per_share(total, held, is_option=False)
