"""Apply successive statements to lots: what is kept, and what was sold fully or in part.

Pure: rows in, rows out. A lot is a purchase of a symbol on a day at a price. A partly sold lot has several
rows, its parts: the kept part (or else the one sold last) has the lot's own position_id, every other part has
the `part_id` of the lot and its exit date. A statement cannot change the size of a lot by omission: any
quantity that the statement no longer accounts for was sold at the statement's date. So on every earlier day
the parts add up to the original lot, and P&L and equity do not change.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import UUID

from ingestion.market.calendar import session_on_or_before
from ingestion.raw.ids import part_id, position_id, spun_off_id

Row = dict[str, Any]  # a row of raw.positions: its columns without load_id and loaded_at
LotKey = tuple[str, date, Decimal, date | None]


def lot_key(row: Mapping[str, Any]) -> LotKey:
    """Symbol, entry date, entry price and spin-off: the same for all parts of a lot of a portfolio."""
    return row["symbol"], row["entry_date"], row["entry_price"], row.get("spun_off_on")


def lot_id(row: Mapping[str, Any]) -> str:
    """The position_id of the row's lot."""
    ex_date = row.get("spun_off_on")
    if ex_date is not None:
        sign = 1 if row["quantity"] > 0 else -1
        return str(spun_off_id(UUID(row["portfolio_id"]), *lot_key(row)[:3], sign=sign, ex_date=ex_date))
    return _lot_id(row["portfolio_id"], *lot_key(row)[:3])


@lru_cache(maxsize=100_000)  # requested several times per lot while a statement is applied
def _lot_id(portfolio: str, symbol: str, entry_date: date, entry_price: Decimal) -> str:
    return str(position_id(UUID(portfolio), symbol, entry_date, entry_price))


def after_statement(before: Iterable[Row], stated: Iterable[Row], as_of: date) -> list[Row]:
    """All rows after a statement of `as_of` is applied.

    before: rows after earlier statements. stated: the statement's rows; their position_id is assigned here.
    An open lot that is not stated is closed at the statement's session, at that session's close.
    """
    close = session_on_or_before(as_of)
    known, listed = _by_lot(before), _by_lot(stated)
    after: list[Row] = []
    for key in {**known, **listed}:
        if key in listed:
            after += _stated_lot(known.get(key, []), listed[key], as_of)
        else:
            after += [closed(row, as_of, close) if is_open(row, as_of) else row for row in known[key]]
    return after


def is_open(row: Row, as_of: date) -> bool:
    """Whether a statement of this date should list the row: entered, not sold and not expired."""
    expired = row["expiration_date"] is not None and row["expiration_date"] <= as_of
    held_from = row.get("spun_off_on") or row["entry_date"]
    return row["exit_date"] is None and held_from <= as_of and not expired


def closed(row: Row, as_of: date, close: date) -> Row:
    """The row, sold at a session's close; exit_price is null, meaning that close."""
    return {**row, "exit_date": max(close, row["entry_date"]), "exit_price": None, "statement_date": as_of}


def withdrawn(row: Row, as_of: date) -> Row:
    """A row to withdraw: it exits on its entry date at its entry price, without value or P&L."""
    way_out = {"exit_date": row["entry_date"], "exit_price": row["entry_price"]}
    return {**row, **way_out, "statement_date": as_of}


def is_withdrawn(row: Row) -> bool:
    """Whether the row was withdrawn: it has neither value nor P&L on any day."""
    return (row["exit_date"], row["exit_price"]) == (row["entry_date"], row["entry_price"])


def stated_on(row: Row) -> date:
    """The date of the statement that wrote the row, before all others where it has none."""
    day: date = row["statement_date"] or date.min
    return day


def is_assumed(row: Row) -> bool:
    """Whether a statement left out what was sold: its price is that day's close."""
    return row["exit_date"] is not None and row["exit_price"] is None


def _by_lot(rows: Iterable[Row]) -> dict[LotKey, list[Row]]:
    lots: dict[LotKey, list[Row]] = {}
    for row in rows:
        lots.setdefault(lot_key(row), []).append(row)
    return lots


def _stated_lot(known: Sequence[Row], stated: Sequence[Row], as_of: date) -> list[Row]:
    """The rows of a lot of which the statement lists one or more parts.

    Sales that it does not list are kept, as far as the lot's size leaves room for them.
    """
    lot = lot_id(stated[0])
    live = sorted((row for row in known if not is_withdrawn(row)), key=is_assumed)
    whole = next((row for row in live if row["position_id"] == lot), None)
    if whole is None or _sign(whole) != _sign(stated[0]):
        return [*_keyed(lot, stated, as_of), *(row for row in known if row["position_id"] != lot)]
    days = {None, *(row["exit_date"] for row in stated)}
    said = [row for row in live if not is_assumed(row)]
    repeated = list({row["exit_date"]: row for row in reversed(said) if row["exit_date"] in days}.values())
    others = [row for row in live if row not in repeated]
    left = _without_told(others, _told_first(stated, repeated), as_of)
    told = sum((row["quantity"] for row in stated), Decimal(0))  # with what the statement withdraws
    missing = (total(live) - told - total(left)) * _sign(whole)
    rest = [row for row in _shrunk(left, max(-missing, Decimal(0)), as_of) if not is_withdrawn(row)]
    rest = [_sold_since(row, whole, others, stated, as_of) for row in rest]
    kept = next((row for row in repeated if row["exit_date"] is None), None)
    if missing > 0 and kept:  # the size of a sale that has a price is corrected
        sold = {**kept, "quantity": missing * _sign(whole), "statement_date": as_of}
        rest.append(closed(sold, as_of, session_on_or_before(as_of)) if is_open(sold, as_of) else sold)
    rows = _keyed(lot, [*stated, *rest], as_of, whole)
    ids = {row["position_id"] for row in rows}
    gone = [row for row in known if row["position_id"] not in ids]
    return [*rows, *(row if is_withdrawn(row) else withdrawn(row, as_of) for row in gone)]


def _sold_since(row: Row, whole: Row, before: Sequence[Row], stated: Iterable[Row], as_of: date) -> Row:
    """What is left of a sale. A statement that left a lot out which is now listed, or sold later, said
    nothing of it: what is left was sold since.
    """
    sale = (whole["exit_date"], whole["exit_price"])
    if not is_assumed(whole) or (row["exit_date"], row["exit_price"]) != sale:
        return row
    is_less = (row["position_id"], row["quantity"]) not in [
        (one["position_id"], one["quantity"]) for one in before
    ]
    was_held = any(one["exit_date"] is None or one["exit_date"] > row["exit_date"] for one in stated)
    return closed(row, as_of, session_on_or_before(as_of)) if is_less and was_held else row


def _keyed(lot: str, rows: Iterable[Row], as_of: date, known: Row | None = None) -> list[Row]:
    """The rows of a lot with their keys.

    The lot's own is for the kept part, else for the sale that had it, else for the last. A row under another
    key is one of this statement: those before it had none there.
    """
    first = (known["exit_date"], known["exit_price"]) if known else None

    def rank(row: Row) -> tuple[bool, bool, date]:
        sale = (row["exit_date"], row["exit_price"])
        had_it = row["position_id"] == lot if row["position_id"] else sale == first
        return row["exit_date"] is None, had_it, row["exit_date"] or date.max

    *others, main = sorted(rows, key=rank)
    keyed: dict[str, Row] = {lot: _with_key(main, lot, as_of)}
    for row in sorted(others, key=lambda row: (row["exit_date"], is_assumed(row), stated_on(row))):
        ordinals = (_part_key(lot, row["exit_date"], ordinal) for ordinal in count(1))
        key = next(key for key in ordinals if key not in keyed)
        keyed[key] = _with_key(row, key, as_of)
    return list(keyed.values())


def _with_key(row: Row, key: str, as_of: date) -> Row:
    return row if row["position_id"] == key else {**row, "position_id": key, "statement_date": as_of}


def _part_key(lot: str, exit_date: date, ordinal: int = 1) -> str:
    return str(part_id(UUID(lot), exit_date, ordinal))


def _told_first(stated: Iterable[Row], repeated: Iterable[Row]) -> dict[date, Decimal]:
    """The quantities of sales that the statement is the first to tell, by day."""
    known = {row["exit_date"]: abs(row["quantity"]) for row in repeated}
    sales = {row["exit_date"]: abs(row["quantity"]) for row in stated if row["exit_date"] is not None}
    return {day: max(quantity - known.get(day, 0), Decimal(0)) for day, quantity in sales.items()}


def _without_told(parts: Sequence[Row], told: Mapping[date, Decimal], as_of: date) -> list[Row]:
    """Parts sold earlier, without those that were assumed where a sale is told now.

    It is what the first statement from its day on left out, so every statement holds what it listed.
    """
    rows = list(parts)
    for day, quantity in sorted(told.items()):
        explained = [row for row in rows if is_assumed(row) and row["exit_date"] >= day]
        others = [row for row in rows if row not in explained]
        rows = [*others, *_less(sorted(explained, key=lambda row: row["exit_date"]), quantity, as_of)]
    return rows


def _shrunk(parts: Iterable[Row], excess: Decimal, as_of: date) -> list[Row]:
    """Parts sold earlier, reduced by what the statement accounts for otherwise.

    Assumed sales are reduced first, the latest first. An excess beyond all parts makes the lot larger: its
    quantity was wrong, and is corrected from the entry on.
    """
    assumed_last = sorted(
        parts,
        key=lambda row: (row["exit_price"] is None, row["exit_date"], stated_on(row)),
        reverse=True,
    )
    return _less(assumed_last, excess, as_of)


def _less(parts: Iterable[Row], excess: Decimal, as_of: date) -> list[Row]:
    """The parts without an excess, which the first ones lose first."""
    rows = []
    for row in parts:
        taken = min(excess, abs(row["quantity"])) if not is_withdrawn(row) else Decimal(0)
        excess -= taken
        if taken == abs(row["quantity"]):
            rows.append(withdrawn(row, as_of))
        elif taken:
            quantity = row["quantity"] - taken * _sign(row)
            rows.append({**row, "quantity": quantity, "statement_date": as_of})
        else:
            rows.append(row)
    return rows


def total(rows: Iterable[Row]) -> Decimal:
    """The quantity of rows, without what was withdrawn."""
    return sum((row["quantity"] for row in rows if not is_withdrawn(row)), Decimal(0))


def _sign(row: Row) -> int:
    return 1 if row["quantity"] > 0 else -1
