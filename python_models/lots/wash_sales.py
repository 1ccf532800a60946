"""Wash sales: losses that are disallowed because the same instrument was bought again within 30 days.

IRS Publication 550 (2023), "Wash Sales": a loss is disallowed as far as other shares are acquired within 30
days before or after the sale. It is added to their basis, and the holding period of the shares sold to
theirs. Shares are matched in the order of their acquisition, each once (26 CFR 1.1091-1). Shares of the
purchase that is sold from replace nothing (Revenue Ruling 56-602), nor do shares that are gone by the end of
the day of the sale, or whose day of purchase is not known. Of a partly adjusted lot, the adjusted shares are
disposed of first. Shorts are mirrored (26 USC 1091(e)): a loss of a cover is disallowed as far as the
instrument is sold short again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from python_models.lots.relief import Lot, Piece, share

REACH = timedelta(days=30)


class WashedPiece(NamedTuple):
    """A piece, or the part of one whose shares have the same adjustment, with its wash sale.

    disallowed: the loss that is not deducted, in cents. adjustment: added to the basis by earlier wash
    sales, in cents. tacked_days: added to the holding period by them.
    """

    piece: Piece
    disallowed: int
    adjustment: int
    tacked_days: int


@dataclass(slots=True)
class _Shares:
    """Shares of a lot with the same adjustment, in cents. replaces: they are replacements already."""

    units: int
    adjustment: int = 0
    tacked_days: int = 0
    replaces: bool = False


@dataclass(slots=True)
class _Held:
    """A lot with its shares, the adjusted ones first."""

    lot: Lot
    shares: list[_Shares]

    @property
    def plain(self) -> int:
        """Units that are no replacements yet."""
        return sum(part.units for part in self.shares if not part.replaces)

    def take(self, units: int) -> Iterator[_Shares]:
        """Take shares out, the adjusted ones first."""
        while units:
            first = self.shares[0]
            taken = self.shares.pop(0) if first.units <= units else _part_of(first, units)
            units -= taken.units
            yield taken

    def replace(self, units: int, disallowed: int, tacked_days: int) -> None:
        """Make plain shares replacements, which take a disallowed loss over."""
        *adjusted, plain = self.shares
        plain.units -= units
        rest = [plain] if plain.units else []
        self.shares = [*adjusted, _Shares(units, disallowed, tacked_days, replaces=True), *rest]


def washed(
    lots: Iterable[Lot], pieces: Iterable[Piece], *, is_short: bool
) -> tuple[list[WashedPiece], dict[str, int]]:
    """The pieces with their wash sales, and the adjustments in cents that are left on open lots, by lot_id.

    pieces: of one instrument held on one side, in the order of their days.
    """
    held = {lot.lot_id: _Held(lot, [_Shares(lot.units)]) for lot in lots}
    by_day = sorted(held.values(), key=lambda one: (one.lot.acquired, one.lot.lot_id))
    result = []
    for _, of_day in groupby(pieces, key=lambda piece: piece.disposal.disposed):
        # all shares of the day leave before any others replace them
        taken = [
            part for piece in of_day for part in _parts(piece, list(held[piece.lot.lot_id].take(piece.units)))
        ]
        for shares, part in taken:
            loss = _loss(part, is_short=is_short) + shares.adjustment
            disallowed = _match(part, loss, shares.tacked_days, by_day) if loss > 0 else 0
            result.append(WashedPiece(part, disallowed, shares.adjustment, shares.tacked_days))
    left = {key: sum(part.adjustment for part in one.shares) for key, one in held.items()}
    return result, {key: adjustment for key, adjustment in left.items() if adjustment}


def _part_of(shares: _Shares, units: int) -> _Shares:
    """Some of the shares, subtracted from them."""
    adjustment = share(shares.adjustment, units, shares.units)
    shares.units, shares.adjustment = shares.units - units, shares.adjustment - adjustment
    return _Shares(units, adjustment, shares.tacked_days, shares.replaces)


def _parts(piece: Piece, taken: Sequence[_Shares]) -> Iterator[tuple[_Shares, Piece]]:
    """The piece, divided by the shares that it takes."""
    units, opening, closing = piece.units, piece.opening, piece.closing
    for shares in taken:
        part_opening, part_closing = share(opening, shares.units, units), share(closing, shares.units, units)
        yield shares, piece._replace(units=shares.units, opening=part_opening, closing=part_closing)
        units, opening, closing = units - shares.units, opening - part_opening, closing - part_closing


def _loss(piece: Piece, *, is_short: bool) -> int:
    return piece.closing - piece.opening if is_short else piece.opening - piece.closing


def _match(piece: Piece, loss: int, tacked_days: int, lots: Iterable[_Held]) -> int:
    """Match a loss with replacements; what is disallowed, in cents. tacked_days: of the shares themselves."""
    day, left, rest = piece.disposal.disposed, piece.units, loss
    held_days = (day - piece.lot.acquired).days + tacked_days if piece.lot.is_dated else 0
    for one in lots:
        is_near = one.lot.is_dated and day - REACH <= one.lot.acquired <= day + REACH
        if not is_near or _same_purchase(one.lot, piece.lot):
            continue
        units = min(left, one.plain)
        if units:
            part = share(rest, units, left)
            one.replace(units, part, held_days)
            left, rest = left - units, rest - part
    return loss - rest


def _same_purchase(one: Lot, other: Lot) -> bool:
    return (one.acquired, one.price) == (other.acquired, other.price)
