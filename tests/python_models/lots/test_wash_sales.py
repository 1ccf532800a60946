"""Wash sales: published numbers, the window's edges, and a second implementation share by share."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_models.lots.relief import METHODS, Disposal, Lot, relieve
from python_models.lots.wash_sales import WashedPiece, washed
from tests.python_models.lots.test_relief import DAY, START, books, lot

SOLD = START + 100 * DAY
Book = tuple[list[Lot], list[Disposal]]


def wash(
    lots: list[Lot], sales: list[Disposal], method: str = "specific", *, is_short: bool = False
) -> tuple[list[WashedPiece], dict[str, int]]:
    pieces, _ = relieve(lots, sales, method, is_short=is_short)
    return washed(lots, pieces, is_short=is_short)


def test_the_example_of_a_replacement() -> None:
    """IRS VITA, wash sales: 100 shares for 1,000 are sold for 750, and 100 bought for 800 within 30 days.

    The loss of 250 is disallowed, the basis of the new shares is 1,050, and the days of the old ones count.
    """
    lots = [lot("old", 0, 100, 100_000), lot("new", 110, 100, 80_000)]
    sales = [Disposal("s", SOLD, 100, 75_000, "old"), Disposal("t", SOLD + 300 * DAY, 100, 120_000, "new")]
    (first, second), left = wash(lots, sales)
    assert (first.disallowed, first.adjustment) == (25_000, 0)
    assert second.piece.opening + second.adjustment == 105_000
    assert second.tacked_days == 100
    assert (second.disallowed, left) == (0, {})
    _, left = wash(lots, sales[:1])
    assert left == {"new": 25_000}


def test_fewer_shares_bought_disallow_their_share_of_the_loss() -> None:
    """IRS Publication 550, "More or less stock bought than sold".

    100 for 5,000 are sold for 4,000, after 50 were bought for 2,750 and 25 for 1,125: 750 of the loss are
    disallowed, and the new lots have a basis of 3,250 and 1,375.
    """
    lots = [lot("old", 0, 100, 500_000), lot("new", 84, 50, 275_000), lot("last", 91, 25, 112_500)]
    (sold,), left = wash(lots, [Disposal("s", SOLD, 100, 400_000, "old")])
    assert (sold.disallowed, left) == (75_000, {"new": 50_000, "last": 25_000})


@pytest.mark.parametrize(("days", "is_wash"), [(-31, False), (-30, True), (0, True), (30, True), (31, False)])
def test_the_window_of_61_days_is_inclusive(days: int, is_wash: bool) -> None:
    lots = [lot("old", 0, 10, 1000), lot("new", 100 + days, 10, 800)]
    (sold,), left = wash(lots, [Disposal("s", SOLD, 10, 750, "old")])
    assert sold.disallowed == sum(left.values()) == (250 if is_wash else 0)


def test_what_does_not_replace() -> None:
    sale = Disposal("s", SOLD, 10, 750, "old")
    # the rest of the same purchase, which was sold in part
    part = lot("part", 90, 10, 1000)
    assert wash([lot("old", 90, 10, 1000), part], [sale])[0][0].disallowed == 0
    # shares that are sold on the same day, or before
    for day in (SOLD, SOLD - DAY):
        both = [sale, Disposal("t", day, 10, 900, "new")]
        assert {
            one.disallowed for one in wash([lot("old", 0, 10, 1000), lot("new", 95, 10, 800)], both)[0]
        } == {0}
    # a gain
    assert wash([lot("old", 0, 10, 700), lot("new", 95, 10, 800)], [sale])[0][0].disallowed == 0


def test_shares_replace_once_and_an_adjusted_loss_is_washed_again() -> None:
    lots = [lot("a", 0, 10, 1000), lot("b", 1, 10, 1000), lot("c", 105, 10, 800), lot("d", 130, 10, 500)]
    sales = [
        Disposal("s", SOLD, 10, 750, "a"),
        Disposal("t", SOLD + DAY, 10, 750, "b"),
        Disposal("u", SOLD + 20 * DAY, 10, 600, "c"),
    ]
    (first, second, third), left = wash(lots, sales)
    assert (first.disallowed, second.disallowed) == (250, 250)  # by c, and by d
    assert (third.adjustment, third.disallowed, third.tacked_days) == (250, 0, 100)  # d has replaced already
    assert left == {"d": 250}


def test_a_short_is_mirrored() -> None:
    lots = [lot("old", 0, 10, 750), lot("new", 110, 10, 900)]
    (sold,), left = wash(lots, [Disposal("s", SOLD, 10, 1000, "old")], is_short=True)
    assert (sold.disallowed, left) == (250, {"new": 250})


def test_parts_of_a_lot_with_other_adjustments_are_apart() -> None:
    lots = [lot("old", 0, 4, 1000), lot("new", 110, 10, 800)]
    sales = [Disposal("s", SOLD, 4, 600, "old"), Disposal("t", SOLD + 40 * DAY, 10, 900, "new")]
    parts = [one for one in wash(lots, sales)[0] if one.piece.disposal.disposal_id == "t"]
    assert [(one.piece.units, one.adjustment, one.tacked_days) for one in parts] == [(4, 400, 100), (6, 0, 0)]
    assert sum(one.piece.closing for one in parts) == 900


@given(books(), st.sampled_from(METHODS), st.booleans())
def test_nothing_is_lost_in_wash_sales(book: Book, method: str, is_short: bool) -> None:
    lots, sales = book
    pieces, _ = relieve(lots, sales, method, is_short=is_short)
    result, left = washed(lots, pieces, is_short=is_short)
    assert sum(one.disallowed for one in result) == sum(one.adjustment for one in result) + sum(left.values())
    for name in ("units", "opening", "closing"):
        assert sum(getattr(one.piece, name) for one in result) == sum(
            getattr(piece, name) for piece in pieces
        )
    for one in result:
        loss = (one.piece.opening - one.piece.closing) * (-1 if is_short else 1) + one.adjustment
        assert 0 <= one.disallowed <= max(loss, 0)


def share_by_share(lots: list[Lot], sales: list[Disposal], method: str) -> tuple[Fraction, Fraction]:
    """Disallowed losses of longs, and adjustments of what is open, in exact cents: one share at a time."""
    pieces, _ = relieve(lots, sales, method, is_short=False)
    shares = {
        one.lot_id: [{"lot": one, "extra": Fraction(0), "used": False} for _ in range(one.units)]
        for one in lots
    }
    ordered = sorted(lots, key=lambda one: (one.acquired, one.lot_id))
    disallowed = Fraction(0)
    for day in sorted({piece.disposal.disposed for piece in pieces}):
        gone = []
        for piece in (one for one in pieces if one.disposal.disposed == day):
            pool = shares[piece.lot.lot_id]
            for _ in range(piece.units):
                chosen = next((share for share in pool if share["used"]), pool[0])
                pool.remove(chosen)
                gone.append((piece, chosen))
        for piece, chosen in gone:
            loss = Fraction(piece.opening - piece.closing, piece.units) + chosen["extra"]
            if loss <= 0:
                continue
            for other in ordered:
                near = abs(other.acquired - day) <= timedelta(days=30)
                same = (other.acquired, other.price) == (piece.lot.acquired, piece.lot.price)
                found = next((s for s in shares[other.lot_id] if not s["used"]), None)
                if near and not same and found:
                    found["used"], found["extra"] = True, loss
                    disallowed += loss
                    break
    return disallowed, sum((share["extra"] for pool in shares.values() for share in pool), Fraction(0))


@given(books(), st.sampled_from(["fifo", "lifo", "specific"]))
def test_wash_sales_equal_a_second_implementation(book: Book, method: str) -> None:
    """Losses of exact cents per share, so that only shares of a cent are rounded."""
    lots = [one._replace(opening=one.units * (one.opening % 9)) for one in book[0]]
    lots = [one._replace(price=Fraction(one.opening, one.units)) for one in lots]
    sales = [one._replace(closing=one.units * (one.closing % 9)) for one in book[1]]
    result, left = wash(lots, sales, method)
    disallowed, open_adjustment = share_by_share(lots, sales, method)
    assert sum(one.disallowed for one in result) == pytest.approx(float(disallowed), abs=20)
    assert sum(left.values()) == pytest.approx(float(open_adjustment), abs=20)
