"""Lots that a portfolio's lots received in spin-offs: known before any statement lists them.

The models hold the same lots (int_spun_off_lots), under the same keys, until a statement lists or closes one:
then the rows of that statement count.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from ingestion.market.calendar import session_on_or_before
from ingestion.raw.loads import Connection
from ingestion.statements.actions.contracts import last_day
from ingestion.statements.actions.splits import traded_symbol
from ingestion.statements.actions.successors import SpunOff, read_successors
from ingestion.statements.notices import shortened
from ingestion.statements.parts import Row, is_withdrawn, lot_id
from ingestion.statements.rows import Lot

_IS_ANY = "select exists (select from raw.corporate_actions where action = 'spin_off')"
_FIRST_STATED = """
select symbol, entry_date, entry_price, min(statement_date)
from raw.positions
where portfolio_id = %s and statement_date is not null
group by symbol, entry_date, entry_price
"""
_STATEMENTS = """
select distinct statement_date from raw.positions
where portfolio_id = %s and statement_date <= %s
order by statement_date
"""
_QUANTITY_STEP = Decimal("0.000001")

LotTerms = tuple[str, date, Decimal, int]


def with_received_lots(
    connection: Connection, portfolio: UUID, rows: Sequence[Row], latest: date
) -> list[Row]:
    """The rows, and those that their lots received up to a day and no statement has listed or closed."""
    (is_any,) = connection.execute(_IS_ANY).fetchone() or (False,)
    bought = [
        row
        for row in rows
        if row["investment_class"] == "PUBLIC" and row["spun_off_on"] is None and not is_withdrawn(row)
    ]
    if not is_any or not bought:
        return list(rows)
    successors = read_successors(connection, {row["symbol"] for row in bought})
    first = {
        terms: day
        for *terms_, day in connection.execute(_FIRST_STATED, [portfolio])
        if (terms := tuple(terms_))
    }
    statements = [day for (day,) in connection.execute(_STATEMENTS, [portfolio, latest])]
    stated = {lot_id(row) for row in rows if row["spun_off_on"] is not None}
    received = []
    for parts in _lots(bought):
        row = parts[0]
        began = first.get((row["symbol"], row["entry_date"], row["entry_price"]))
        for spun_off in successors.became(row["symbol"], row["entry_date"], latest).spun_off:
            # a lot that is first listed after it has a cost and shares from after it
            if began is None or began < spun_off.ex_date:
                received += [
                    lot for lot in _received(parts, spun_off, statements) if lot_id(lot) not in stated
                ]
    return [*rows, *received]


def missed_notices(
    connection: Connection, lots: Iterable[Lot], known: Iterable[Row], as_of: date, opening: date | None
) -> list[str]:
    """Notices of lots that are first listed after a spin-off which they have performed through without it."""
    before = {(row["symbol"], row["entry_date"], row["entry_price"]) for row in known}
    new = [
        lot
        for lot in lots
        if lot.investment_class != "PRIVATE" and (lot.symbol, lot.entry_date, lot.entry_price) not in before
    ]
    successors = read_successors(connection, {traded_symbol(lot) for lot in new})
    return shortened(
        [
            f"Row {lot.line}: the lot of {lot.symbol} is older than the spin-off of {spun_off.symbol} on "
            f"{spun_off.ex_date} and is loaded without what {_receives(lot)}: the fall of its price on that "
            "day counts as a loss. Load a statement of a day before it first, and this one after that."
            for lot in new
            for spun_off in successors.became(
                traded_symbol(lot), lot.entry_date, last_day(lot, as_of)
            ).spun_off
            if opening is None or spun_off.ex_date > opening
        ]
    )


def _receives(lot: Lot) -> str:
    return "its underlying received" if lot.contract else "it received"


def _lots(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """The rows of each lot and side."""
    lots: dict[LotTerms, list[Row]] = {}
    for row in rows:
        key = (row["symbol"], row["entry_date"], row["entry_price"], 1 if row["quantity"] > 0 else -1)
        lots.setdefault(key, []).append(row)
    return lots.values()


def _received(parts: Sequence[Row], spun_off: SpunOff, statements: Sequence[date]) -> Iterable[Row]:
    """What the parts that are held on the ex-date receive: one row, or none."""
    held = [row for row in parts if row["exit_date"] is None or row["exit_date"] >= spun_off.ex_date]
    quantity = sum((row["quantity"] for row in held), Decimal(0)) * spun_off.shares
    quantity = quantity.quantize(_QUANTITY_STEP)
    if not quantity:
        return
    # a statement that did not know of it has ended it
    ended = next(
        (max(session_on_or_before(day), spun_off.ex_date) for day in statements if day >= spun_off.ex_date),
        None,
    )
    row: dict[str, Any] = {
        **held[0],
        "symbol": spun_off.symbol,
        "quantity": quantity,
        "exit_date": ended,
        "exit_price": None,
        "statement_date": None,
        "tags": None,
        "notes": None,
        "is_entry_assumed": any(part["is_entry_assumed"] for part in held) or None,
        "spun_off_on": spun_off.ex_date,
    }
    yield {**row, "position_id": lot_id(row)}
