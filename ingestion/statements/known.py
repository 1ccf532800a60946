"""The lots of a portfolio that are known from earlier statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from ingestion.raw.datasets import POSITIONS
from ingestion.raw.loads import Connection
from ingestion.statements.actions.spin_offs import with_received_lots
from ingestion.statements.actions.splits import (
    Splits,
    as_bought,
    listed_symbol,
    ratio_since_entry,
    traded_symbol,
    traded_symbol_of,
)
from ingestion.statements.actions.successors import listed_as, read_successors
from ingestion.statements.parts import Row, is_assumed, is_open, is_withdrawn, lot_id
from ingestion.statements.rows import Lot

# %(latest)s limits the rows to those of earlier statements
_KNOWN_LOTS = """
select distinct on (position_id) {columns}
from raw.positions
where portfolio_id = %(portfolio)s and (statement_date is null or statement_date <= %(latest)s)
order by position_id, load_id desc
"""

_VERSIONS = """
select {columns}
from raw.positions
where portfolio_id = %(portfolio)s and (statement_date is null or statement_date <= %(latest)s)
order by load_id
"""


@dataclass(frozen=True)
class HeldLot:
    """A lot as traded, and its split ratio: today's shares per original share.

    has_sales: whether some of its symbol were sold since it was bought. is_left_out: it is not open, since
    an earlier statement left it out.
    """

    row: Row
    ratio: Decimal
    has_sales: bool = False
    is_left_out: bool = False


def known_lots(connection: Connection, portfolio: UUID, *, latest: date = date.max) -> list[Row]:
    """The newest row of each lot and part of the portfolio, of statements up to `latest`.

    With what these lots received in spin-offs until then.
    """
    rows = _read(connection, _KNOWN_LOTS, portfolio, latest)
    return with_received_lots(connection, portfolio, rows, latest)


def versions_of_lots(connection: Connection, portfolio: UUID, *, latest: date = date.max) -> list[Row]:
    """Every row that statements up to `latest` wrote, in the order of their loads."""
    return _read(connection, _VERSIONS, portfolio, latest)


def _read(connection: Connection, query: str, portfolio: UUID, latest: date) -> list[Row]:
    columns = POSITIONS.columns
    asked = {"portfolio": portfolio, "latest": latest}
    cursor = connection.execute(query.format(columns=", ".join(columns)), asked)
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return [{**row, **{key: str(row[key]) for key in ("position_id", "portfolio_id")}} for row in rows]


def held_lots(connection: Connection, portfolio: UUID, as_of: date) -> dict[str, list[HeldLot]]:
    """The open lots before a statement of this date, oldest first, by the symbol that it lists them under.

    And those that it may list although they are not open: what an earlier statement left out, and contracts
    that expired, which brokers list for some days.
    """
    known = known_lots(connection, portfolio, latest=as_of - timedelta(days=1))
    rows = [row for row in known if _is_held(row, as_of) or _is_left_out(row)]
    sold: dict[str, date] = {}
    for row in known:
        if row["exit_date"] is not None and not is_withdrawn(row):
            sold[row["symbol"]] = max(row["exit_date"], sold.get(row["symbol"], date.min))
    successors = read_successors(connection, {traded_symbol_of(row) for row in rows})
    held: dict[str, list[HeldLot]] = {}
    for row in sorted(rows, key=lambda row: (row["entry_date"], row["entry_price"])):
        became = successors.became(traded_symbol_of(row), row["entry_date"], as_of)
        if became.ended_on is None:
            listed = (
                listed_as(row, became, successors, as_of)
                if became.is_other
                else listed_symbol(row, became.ratio)
            )
            has_sales = sold.get(row["symbol"], date.min) > row["entry_date"]
            lot = HeldLot(row, became.ratio, has_sales, is_left_out=_is_left_out(row))
            held.setdefault(listed, []).append(lot)
    return held


def _is_held(row: Row, as_of: date) -> bool:
    """Whether a row is open, or was until it expired."""
    return is_open({**row, "expiration_date": None}, as_of)


def _is_left_out(row: Row) -> bool:
    return is_assumed(row) and row["investment_subtype"] != "CASH" and row["position_id"] == lot_id(row)


def recognized(lots: Sequence[Lot], known: Sequence[Row], splits: Splits, as_of: date) -> list[Lot | None]:
    """Each lot as it was bought, if a split lies since its entry and it is a known lot; else None."""
    bought: dict[tuple[str, date], list[Row]] = {}
    for row in known:
        bought.setdefault((traded_symbol_of(row), row["entry_date"]), []).append(row)
    return [
        as_bought(
            lot,
            bought.get((traded_symbol(lot), lot.entry_date), []),
            ratio_since_entry(lot, splits, as_of),
        )
        for lot in lots
    ]
