"""What each statement of a portfolio told: the balances of cash, and when a trade was told first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise

from ingestion.statements.money.balances import balance
from ingestion.statements.money.cash_lots import is_cash_row
from ingestion.statements.money.trades import Trade
from ingestion.statements.parts import Row, is_withdrawn, lot_id, stated_on, total

_NOTHING = Decimal(0)


@dataclass(frozen=True)
class DatedTrade:
    """A trade, and the first statement whose lots are as after it.

    is_late: a purchase that the statement of its day did not list at all.
    """

    day: date
    told: date
    amount: Decimal | None
    is_late: bool = False


def balances(history: Iterable[Row]) -> list[tuple[date, Decimal]]:
    """The statements that changed the balance of cash, with it; one without cash has no say."""
    found: list[tuple[date, Decimal]] = []
    for day, rows in _states(row for row in history if is_cash_row(row)):
        amount = balance(rows.values(), day)
        if amount is not None and (not found or found[-1][1] != amount):
            found.append((day, amount))
    return found


def dated(trades: Iterable[Trade], rows: Iterable[Row], history: Iterable[Row]) -> list[DatedTrade]:
    """The trades by the statements that told them.

    rows: those of the trades, the newest of each part. history: all versions of them.
    """
    lots = _by_lot(history)
    told = {lot: list(_states(versions)) for lot, versions in lots.items()}
    now = _by_lot(rows)
    found: list[DatedTrade] = []
    for trade in trades:
        if trade.row is None:
            found.append(DatedTrade(trade.day, trade.day, trade.amount))
            continue
        lot = lot_id(trade.row)
        if trade.is_purchase:
            found += _purchases(trade, told.get(lot, []))
        else:
            found.append(DatedTrade(trade.day, _told(trade, told.get(lot, []), now[lot]), trade.amount))
    return found


def _states(history: Iterable[Row]) -> Iterator[tuple[date, Mapping[str, Row]]]:
    """The newest row of each part after each statement that wrote one."""
    state: dict[str, Row] = {}
    for day, versions in groupby(sorted(history, key=stated_on), key=stated_on):
        state = {**state, **{row["position_id"]: row for row in versions}}
        yield day, state


def _by_lot(rows: Iterable[Row]) -> dict[str, list[Row]]:
    lots: dict[str, list[Row]] = {}
    for row in rows:
        if not is_cash_row(row):
            lots.setdefault(lot_id(row), []).append(row)
    return lots


def _purchases(trade: Trade, told: Sequence[tuple[date, Mapping[str, Row]]]) -> Iterator[DatedTrade]:
    """A lot's purchase, in as many as statements made it larger."""
    assert trade.row is not None  # noqa: S101 - a purchase has one
    assert trade.amount is not None  # noqa: S101
    whole, known = abs(trade.row["quantity"]), _NOTHING
    for day, rows in told:
        more = min(whole, abs(total(rows.values()))) - known
        if more > 0:
            yield DatedTrade(trade.day, day, trade.amount * more / whole, is_late=not known)
            known += more
    if known < whole:  # of a statement without a date
        yield DatedTrade(trade.day, trade.day, trade.amount * (whole - known) / whole)


def _told(trade: Trade, told: Sequence[tuple[date, Mapping[str, Row]]], parts: Sequence[Row]) -> date:
    """The first statement from the day of a sale on that did not list what it sold as held."""
    assert trade.row is not None  # noqa: S101 - a sale has one
    found = trade.day
    for (day, rows), (changed, _) in pairwise(told):
        if changed <= found:
            continue
        held = sum((row["quantity"] for row in parts if not _is_sold(row, max(day, found))), _NOTHING)
        listed = total(row for row in rows.values() if row["exit_date"] is None)
        tells = any(row["exit_date"] == trade.row["exit_date"] for row in rows.values())
        if tells or abs(listed) <= abs(held):
            break
        found = changed
    return found


def _is_sold(row: Row, day: date) -> bool:
    return is_withdrawn(row) or (row["exit_date"] is not None and row["exit_date"] <= day)
