"""Cash lots of a next statement: what was raised or lowered since is a movement of the statement's date.

Pure. A purchase of shares has a day and a price, so a larger quantity corrects it. Cash has neither: the
balance of a symbol is compared as a whole. What is above the known balance is a lot of the statement's date,
what is missing is taken from the latest lots, and no day before the statement changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ingestion.statements.parts import Row, is_open, stated_on
from ingestion.statements.rows import Lot

_ONE = Decimal(1)


def with_cash_movements(lots: Sequence[Lot], before: Iterable[Row], as_of: date) -> tuple[Lot, ...]:
    """The lots of a statement, its cash as known lots plus what moved since.

    before: the rows after earlier statements. The first cash of a portfolio stays as stated, and so does cash
    whose rows state an exit. Cash under another symbol begins with the statement: until then it was under the
    one that is no longer listed.
    """
    held: dict[str, list[Row]] = {}
    last = date.min
    had_cash = False
    for row in before:
        last = max(last, stated_on(row))
        had_cash = had_cash or is_cash_row(row)
        if is_cash_row(row) and is_open(row, as_of):
            held.setdefault(row["symbol"], []).append(row)
    if had_cash:
        lots = _not_before(lots, held, last, as_of)
    stated: dict[str, list[Lot]] = {}
    for lot in lots:
        if is_cash_lot(lot) and lot.symbol in held:
            stated.setdefault(lot.symbol, []).append(lot)
    moved = {
        symbol: _moved(own, held[symbol], last, as_of)
        for symbol, own in stated.items()
        if all(lot.exit_date is None for lot in own)
    }
    others = [lot for lot in lots if not (is_cash_lot(lot) and lot.symbol in moved)]
    return (*others, *(lot for own in moved.values() for lot in own)) if moved else tuple(lots)


def _not_before(lots: Sequence[Lot], held: Mapping[str, object], last: date, as_of: date) -> list[Lot]:
    """The lots, with open cash under a symbol that was not held before as one lot of the statement's date."""
    new: dict[str, Lot] = {}
    others = []
    for lot in lots:
        is_new = is_cash_lot(lot) and lot.symbol not in held and lot.exit_date is None
        if is_new and lot.entry_date <= last:
            sum_so_far = new[lot.symbol].quantity if lot.symbol in new else Decimal(0)
            new[lot.symbol] = replace(lot, entry_date=as_of, quantity=sum_so_far + lot.quantity)
        else:
            others.append(lot)
    return [*others, *new.values()]


def is_cash_lot(lot: Lot) -> bool:
    """Whether a lot is cash at the price of 1."""
    return lot.investment_subtype == "CASH" and lot.entry_price == _ONE


def is_cash_row(row: Row) -> bool:
    """The same for a row of raw.positions."""
    return bool(row["investment_subtype"] == "CASH" and row["entry_price"] == _ONE)


def _moved(stated: Sequence[Lot], held: Sequence[Row], last: date, as_of: date) -> list[Lot]:
    """The lots of one symbol. last: the date of the statement before."""
    known = {row["entry_date"]: row for row in held}
    own = [lot for lot in stated if lot.entry_date > last and lot.entry_date not in known]
    pooled = [lot for lot in stated if lot not in own]
    if not pooled:
        own, pooled = [], list(stated)
    first = pooled[0]
    balance = sum((lot.quantity for lot in pooled), Decimal(0))
    kept = _kept(held, balance)
    quantities = {lot.entry_date: lot.quantity for lot in own}
    for day, quantity in kept.items():
        quantities[day] = quantities.get(day, Decimal(0)) + quantity
    if rest := balance - sum(kept.values(), Decimal(0)):
        quantities[as_of] = quantities.get(as_of, Decimal(0)) + rest
    by_day = {lot.entry_date: lot for lot in stated}
    return [
        replace(by_day.get(day, first), entry_date=day, quantity=quantity)
        for day, quantity in sorted(quantities.items())
    ]


def _kept(held: Iterable[Row], balance: Decimal) -> dict[date, Decimal]:
    """What is left of each known lot of a balance, by entry date: the oldest lots are kept longest."""
    kept: dict[date, Decimal] = {}
    left = balance
    for row in sorted(held, key=lambda row: row["entry_date"]):
        if row["quantity"] * balance > 0 and left * balance > 0:
            quantity = min(abs(row["quantity"]), abs(left)) * (1 if balance > 0 else -1)
            kept[row["entry_date"]] = quantity
            left -= quantity
    return kept
