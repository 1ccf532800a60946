"""Which lots a disposal relieves, by method, with their basis and proceeds to the cent.

Everything is an integer: shares in units (10^-12 of a share before any split), money in cents. So quantities
and amounts are conserved exactly: what the lots cost is the basis of what was disposed of and of what is
left, and realized plus unrealized gains are the same under every method.

Methods: IRS Publication 550 (2023), "Cost Basis" and "Adjusted Basis: shares". fifo, lifo: the oldest, or
newest, lot first. hifo: the lot with the smallest gain first, which is the highest cost of a long and the
lowest opening price of a short. specific: the lots that the statement itself closes. average: the basis of
all open lots is averaged, and the oldest relieved first. Ties go to the lot that the statement closes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

METHODS = ("fifo", "lifo", "hifo", "average", "specific")
DEFAULT_METHOD = "fifo"


class Lot(NamedTuple):
    """An acquisition, or what was sold short.

    units: of shares, positive. opening: its cost, or the proceeds of the short sale, in cents. price: of a
    unit, before the rounding to cents, in any currency unit; it ranks the lots of hifo. is_dated: whether the
    day is known; else it is one that the user assumed.
    """

    lot_id: str
    acquired: date
    units: int
    opening: int
    price: Fraction
    is_dated: bool = True


class Disposal(NamedTuple):
    """A sale, the cover of a short, or the expiry of an option.

    closing: what was received, or paid to close a short, in cents. lot_id: of the lot that the statement
    closes, None if it names none. is_transfer: it leaves the portfolio at its cost, without a gain.
    """

    disposal_id: str
    disposed: date
    units: int
    closing: int
    lot_id: str | None = None
    is_transfer: bool = False


class Piece(NamedTuple):
    """The part of a lot that a disposal relieves, with its share of both amounts, in cents."""

    disposal: Disposal
    lot: Lot
    units: int
    opening: int
    closing: int
    method: str


@dataclass(slots=True)
class OpenLot:
    """What is left of a lot: units, their opening amount in cents, and the price of one."""

    lot: Lot
    units: int
    opening: int
    price: Fraction


class LotShortageError(ValueError):
    """A disposal of more than the lots hold."""


class UnknownLotError(ValueError):
    """A disposal of a lot that is not among the lots, of this or another day."""


def share(total: int, part: int, whole: int) -> int:
    """Return total x part / whole, rounded half to even."""
    return round(Fraction(total * part, whole)) if part != whole else total


def relieve(
    lots: Iterable[Lot], disposals: Iterable[Disposal], methods: Mapping[date, str] | str, *, is_short: bool
) -> tuple[list[Piece], list[OpenLot]]:
    """The pieces of all disposals of one instrument held on one side, and the lots that are left.

    methods: one of METHODS, or the method in force from each of several dates on (before the first: the
    default). Raises LotShortageError and UnknownLotError.
    """
    waiting = sorted(lots, key=lambda lot: (lot.acquired, lot.lot_id), reverse=True)
    acquired = {lot.lot_id: lot.acquired for lot in waiting}
    held: list[OpenLot] = []
    pieces: list[Piece] = []

    def order(disposal: Disposal) -> tuple[date, date, str]:
        return disposal.disposed, acquired.get(disposal.lot_id or "", date.min), disposal.disposal_id

    for disposal in sorted(disposals, key=order):
        if disposal.lot_id is not None and disposal.lot_id not in acquired:
            raise UnknownLotError(
                f"{disposal.disposal_id} of {disposal.disposed} disposes of lot {disposal.lot_id},"
                " which does not exist."
            )
        while waiting and waiting[-1].acquired <= disposal.disposed:
            lot = waiting.pop()
            held.append(OpenLot(lot, lot.units, lot.opening, lot.price))
        method = method_on(methods, disposal.disposed)
        if method == "average":
            average(held)
        pieces += _pieces(disposal, _in_order(held, disposal, method, is_short=is_short), method)
        held = [one for one in held if one.units]
    held += [OpenLot(lot, lot.units, lot.opening, lot.price) for lot in reversed(waiting)]
    return pieces, held


def method_on(methods: Mapping[date, str] | str, day: date) -> str:
    """The method in force on a day."""
    if isinstance(methods, str):
        return methods
    since = max((start for start in methods if start <= day), default=None)
    return DEFAULT_METHOD if since is None else methods[since]


def average(held: Sequence[OpenLot]) -> None:
    """Give all open lots the same opening amount per unit; their sum stays to the cent."""
    units, opening = sum(one.units for one in held), sum(one.opening for one in held)
    price = sum((one.price * one.units for one in held), Fraction(0)) / units if units else Fraction(0)
    taken_units = taken = 0
    for one in held:
        one.price = price
        taken_units += one.units
        one.opening = share(opening, taken_units, units) - taken
        taken += one.opening


def _in_order(
    held: Iterable[OpenLot], disposal: Disposal, method: str, *, is_short: bool
) -> Iterator[OpenLot]:
    def is_other(one: OpenLot) -> bool:
        return one.lot.lot_id != disposal.lot_id

    def rank(one: OpenLot) -> tuple[object, ...]:
        day, key = one.lot.acquired.toordinal(), (is_other(one), one.lot.lot_id)
        if method == "specific":
            return is_other(one), day, key
        if method == "lifo":
            return -day, key
        if method == "hifo":
            return one.price if is_short else -one.price, day, key
        return day, key

    return iter(sorted(held, key=rank))


def _pieces(disposal: Disposal, lots: Iterator[OpenLot], method: str) -> Iterator[Piece]:
    """The pieces of one disposal; what is taken from the open lots is subtracted from them."""
    left, closing = disposal.units, disposal.closing
    while left:
        one = next(lots, None)
        if one is None:
            raise LotShortageError(
                f"{disposal.disposal_id} of {disposal.disposed} disposes of {left} units more than are held."
            )
        units = min(left, one.units)
        opening = share(one.opening, units, one.units)
        part = opening if disposal.is_transfer else share(closing, units, left)
        one.units, one.opening = one.units - units, one.opening - opening
        left, closing = left - units, closing - part
        yield Piece(disposal, one.lot, units, opening, part, method)
