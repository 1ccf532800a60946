"""Lots and disposals from transactions: what buys and sells open and close, after the lots held before them.

A buy covers what is short and opens a long lot with the rest; a sell closes what is long and sells the rest
short. Of a day, what comes in is counted before what goes out. Which lots are relieved is decided later
(relief): how many are does not depend on the method.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from python_models.lots.relief import Disposal, Lot, share


class Trade(NamedTuple):
    """A buy, a sell or a transfer of an instrument.

    units: signed, positive for what comes in. amount: its value with fees, in cents: what is paid for it, or
    received. price: of a unit, as in Lot. acquired: of what is transferred in, None if it is not known.
    """

    trade_id: str
    day: date
    units: int
    amount: int
    price: Fraction
    is_transfer: bool = False
    acquired: date | None = None


class Expiry(NamedTuple):
    """The end of an option: its day and the value of a unit in cents, as a fraction."""

    expiry_id: str
    day: date
    value: Fraction


class Side(NamedTuple):
    """What was opened and closed on one side of an instrument."""

    is_short: bool
    lots: list[Lot]
    disposals: list[Disposal]


def sides(
    held: Sequence[tuple[Lot, bool]], trades: Iterable[Trade], expiry: Expiry | None = None
) -> tuple[Side, Side]:
    """The long side and the short side of an instrument.

    held: the lots before the first trade, each with whether it is short. expiry: everything that is open then
    ends. What is transferred out is a disposal without proceeds of its own.
    """
    both = Side(False, [], []), Side(True, [], [])
    open_units = [0, 0]
    for lot, is_short in held:
        both[is_short].lots.append(lot)
        open_units[is_short] += lot.units
    for trade in sorted(trades, key=lambda one: (one.day, one.units < 0, one.trade_id)):
        if expiry is not None and trade.day > expiry.day:
            continue
        closes = trade.units > 0
        closed = min(abs(trade.units), open_units[closes])
        if closed:
            open_units[closes] -= closed
            part = share(trade.amount, closed, abs(trade.units))
            both[closes].disposals.append(
                Disposal(trade.trade_id, trade.day, closed, part, is_transfer=trade.is_transfer)
            )
        else:
            part = 0
        rest = abs(trade.units) - closed
        if rest:
            open_units[not closes] += rest
            both[not closes].lots.append(_lot(trade, rest, trade.amount - part))
    if expiry is not None:
        for side, units in zip(both, open_units, strict=True):
            side.disposals.extend(_expired(expiry, units))
    return both


def _lot(trade: Trade, units: int, opening: int) -> Lot:
    is_dated = not trade.is_transfer or trade.acquired is not None
    return Lot(trade.trade_id, trade.acquired or trade.day, units, opening, trade.price, is_dated)


def _expired(expiry: Expiry, units: int) -> Iterator[Disposal]:
    if units:
        yield Disposal(expiry.expiry_id, expiry.day, units, round(expiry.value * units))
