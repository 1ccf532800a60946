"""Lots and disposals of the instruments that have transactions, as a frame."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

import pandas as pd

from python_models.lots.relief import Disposal, Lot
from python_models.lots.tables import read_lots
from python_models.lots.trades import Expiry, Trade, sides

COLUMNS = (
    *("portfolio_id", "symbol", "is_short", "event", "event_id", "kind", "on_date", "is_dated", "lot_id"),
    *("units", "amount", "price"),
)

_INSTRUMENT = ["portfolio_id", "symbol"]

Values = tuple[Any, ...]


class _Stated(NamedTuple):
    """What statements list of an instrument: lots by id, with their side, and disposals by lot."""

    lots: dict[str, tuple[Lot, bool]]
    disposals: dict[str, tuple[Disposal, str]]


def traded_lots(lots: pd.DataFrame, disposals: pd.DataFrame, trades: pd.DataFrame) -> pd.DataFrame:
    """The lots and disposals of every instrument with trades, an event each.

    What statements list before the first trade counts; from then on the trades do, and the expiry that
    statements state. lots, disposals: of statements. trades: transaction_id, the instrument, trade_date,
    units (signed), amount, price, is_transfer, acquired_on; integers as text.
    """
    known = dict(iter(_of(lots, trades).groupby(_INSTRUMENT, sort=False)))
    ended = dict(iter(_of(disposals, trades).groupby(_INSTRUMENT, sort=False)))
    rows: list[Values] = []
    for key, of in trades.groupby(_INSTRUMENT, sort=True):
        stated = _stated(known.get(key), ended.get(key))
        rows += ((*key, *values) for values in _events(f"{key[0]}:{key[1]}", stated, _trades(of)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of(frame: pd.DataFrame, trades: pd.DataFrame) -> pd.DataFrame:
    """The rows of instruments with trades, which are few."""
    instruments = pd.MultiIndex.from_frame(frame[_INSTRUMENT])
    return frame[instruments.isin(pd.MultiIndex.from_frame(trades[_INSTRUMENT]))]


def _stated(lots: pd.DataFrame | None, disposals: pd.DataFrame | None) -> _Stated:
    found = _Stated({}, {})
    if lots is not None:
        for lot, is_short in zip(read_lots(lots), lots["is_short"], strict=True):
            found.lots[lot.lot_id] = lot, bool(is_short)
    if disposals is not None:
        names = ("disposal_id", "lot_id", "kind", "units", "closing")
        days = disposals["disposed_on"].dt.date
        for day, (key, lot_id, kind, units, closing) in zip(
            days, zip(*(disposals[name] for name in names), strict=True), strict=True
        ):
            found.disposals[lot_id] = Disposal(key, day, int(units), int(closing), lot_id), kind
    return found


def _trades(frame: pd.DataFrame) -> list[Trade]:
    names = ("transaction_id", "units", "amount", "price", "is_transfer")
    days = frame["trade_date"].dt.date
    acquired = [None if pd.isna(day) else day.date() for day in frame["acquired_on"]]
    values = zip(*(frame[name] for name in names), strict=True)
    return [
        Trade(key, day, int(units), int(amount), Fraction(price), bool(is_transfer), bought)
        for day, bought, (key, units, amount, price, is_transfer) in zip(days, acquired, values, strict=True)
        if int(units)
    ]


def _events(name: str, stated: _Stated, trades: list[Trade]) -> Iterator[Values]:
    first = min((trade.day for trade in trades), default=date.max)
    held = []
    for lot_id, (lot, is_short) in stated.lots.items():
        if lot.acquired >= first:
            continue
        end, kind = stated.disposals.get(lot_id, (None, ""))
        if end is None or end.disposed >= first:
            held.append((lot, is_short))
        else:
            yield _lot_row(lot, is_short)
            yield _disposal_row(end, is_short, kind)
    expiry = _expiry(name, stated, first)
    moved = {trade.trade_id for trade in trades if trade.is_transfer}
    for side in sides(held, trades, expiry):
        yield from (_lot_row(lot, side.is_short) for lot in side.lots)
        for one in side.disposals:
            if expiry is not None and one.disposal_id == expiry.expiry_id:
                ended = one._replace(disposal_id=str(uuid5(NAMESPACE_OID, f"{name}:{side.is_short}")))
                yield _disposal_row(ended, side.is_short, "expiry")
            else:
                yield _disposal_row(one, side.is_short, "transfer" if one.disposal_id in moved else "exit")


def _expiry(name: str, stated: _Stated, first: date) -> Expiry | None:
    """The expiry that statements state, at the value of a unit."""
    for end, kind in stated.disposals.values():
        if kind == "expiry" and end.disposed >= first and end.units:
            return Expiry(name, end.disposed, Fraction(end.closing, end.units))
    return None


def _lot_row(lot: Lot, is_short: bool) -> Values:
    price = f"{lot.price.numerator}/{lot.price.denominator}"
    when = (lot.acquired, lot.is_dated, None)
    return is_short, "lot", lot.lot_id, None, *when, str(lot.units), str(lot.opening), price


def _disposal_row(one: Disposal, is_short: bool, kind: str) -> Values:
    when = (one.disposed, True, one.lot_id)
    return is_short, "disposal", one.disposal_id, kind, *when, str(one.units), str(one.closing), None
