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
            after += _stated_lot(known.get(key, []), listed[key], as_of, close)
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


def _by_lot(rows: Iterable[Row]) -> dict[LotKey, list[Row]]:
    lots: dict[LotKey, list[Row]] = {}
    for row in rows:
        lots.setdefault(lot_key(row), []).append(row)
    return lots


def _stated_lot(known: Sequence[Row], stated: Sequence[Row], as_of: date, close: date) -> list[Row]:
    """The rows of a lot of which the statement lists one or more parts."""
    lot = lot_id(stated[0])
    whole = next((row for row in known if row["position_id"] == lot), None)
    parts = [row for row in known if row["position_id"] != lot]
    stated_ids = {_part_key(lot, row["exit_date"]) for row in stated if row["exit_date"]}
    unstated = [row for row in parts if row["position_id"] not in stated_ids]
    if whole is None or _sign(whole) != _sign(stated[0]):
        return _with_keys(lot, stated) + unstated
    if not is_open(whole, as_of):
        return _with_closed_lot(whole, stated, is_split=bool(parts)) + unstated
    missing = (_total([whole, *parts]) - _total(stated) - _total(unstated)) * _sign(whole)
    if missing > 0:
        leftover = closed({**whole, "quantity": missing * _sign(whole)}, as_of, close)
        return _with_leftover(lot, stated, leftover, unstated)
    return _with_keys(lot, stated) + _shrunk(unstated, -missing, as_of)


def _part_key(lot: str, exit_date: date, ordinal: int = 1) -> str:
    return str(part_id(UUID(lot), exit_date, ordinal))


def _with_keys(lot: str, stated: Iterable[Row], first: date | None = None) -> list[Row]:
    """The rows with their keys.

    The lot's own key goes to the kept part, else to the one sold on `first`, else to the one sold last.
    """

    def rank(row: Row) -> tuple[bool, bool, date]:
        exit_date = row["exit_date"]
        return exit_date is None, exit_date == first, exit_date or date.max

    ordered = sorted(stated, key=rank, reverse=True)
    others = [{**row, "position_id": _part_key(lot, row["exit_date"])} for row in ordered[1:]]
    return [{**ordered[0], "position_id": lot}, *others]


def _with_closed_lot(whole: Row, stated: Sequence[Row], *, is_split: bool) -> list[Row]:
    """The rows of a lot that is fully sold; the statement may list its last part, or only earlier ones."""
    lot = whole["position_id"]
    lists_last_part = any(row["exit_date"] in {None, whole["exit_date"]} for row in stated)
    if lists_last_part or not is_split:
        return _with_keys(lot, stated, whole["exit_date"])
    return [whole, *({**row, "position_id": _part_key(lot, row["exit_date"])} for row in stated)]


def _with_leftover(lot: str, stated: Sequence[Row], leftover: Row, unstated: Sequence[Row]) -> list[Row]:
    """The lot's rows, with the unreported sale as a part of its own."""
    exit_date = leftover["exit_date"]
    if any(row["exit_date"] == exit_date for row in stated):
        # the file states a sale of that day with its price: the leftover has another price
        second = {**leftover, "position_id": _part_key(lot, exit_date, ordinal=2)}
        return [*_with_keys(lot, stated), *unstated, second]
    rows = {row["position_id"]: row for row in _with_keys(lot, [*stated, leftover])}
    for row in unstated:
        if row["position_id"] in rows and not is_withdrawn(row):  # two statements between two sessions
            same = rows[row["position_id"]]
            rows[row["position_id"]] = {**same, "quantity": same["quantity"] + row["quantity"]}
    return [*rows.values(), *(row for row in unstated if row["position_id"] not in rows)]


def _shrunk(parts: Iterable[Row], excess: Decimal, as_of: date) -> list[Row]:
    """Parts sold earlier, reduced by what the statement accounts for otherwise.

    Assumed sales are reduced first, the latest first. An excess beyond all parts makes the lot larger: its
    quantity was wrong, and is corrected from the entry on.
    """
    rows = []
    assumed_last = sorted(parts, key=lambda row: (row["exit_price"] is None, row["exit_date"]), reverse=True)
    for row in assumed_last:
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


def _total(rows: Iterable[Row]) -> Decimal:
    return sum((row["quantity"] for row in rows if not is_withdrawn(row)), Decimal(0))


def _sign(row: Row) -> int:
    return 1 if row["quantity"] > 0 else -1
