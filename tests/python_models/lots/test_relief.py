"""Relief of lots: published numbers, properties, and a second implementation share by share."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_models.lots.relief import (
    METHODS,
    Disposal,
    Lot,
    LotShortageError,
    Piece,
    UnknownLotError,
    average,
    relieve,
)

START = date(2025, 1, 1)
DAY = timedelta(days=1)


def lot(key: str, day: int, units: int, opening: int) -> Lot:
    return Lot(key, START + day * DAY, units, opening, Fraction(opening, units))


def gain(pieces: list[Piece], *, is_short: bool = False) -> int:
    return sum(piece.closing - piece.opening for piece in pieces) * (-1 if is_short else 1)


@pytest.mark.parametrize(
    ("method", "basis"),
    [("fifo", 1000), ("lifo", 1200), ("hifo", 1200), ("average", 1100), ("specific", 1200)],
)
def test_the_basis_of_each_method_is_as_published(method: str, basis: int) -> None:
    """Buy 10 at 100 and 10 at 120, sell 10 at 130: ghostfolio, issue 5865; the statement sells the second."""
    lots = [lot("a", 0, 10, 1000), lot("b", 1, 10, 1200)]
    pieces, left = relieve(lots, [Disposal("s", START + 9 * DAY, 10, 1300, "b")], method, is_short=False)
    assert sum(piece.opening for piece in pieces) == basis
    assert sum(one.opening for one in left) == 2200 - basis
    assert gain(pieces) == 1300 - basis


TRADES = [  # day, shares bought or sold, price in cents
    (3, 40, 10100), (9, 25, 12050), (14, -30, 11800), (20, 60, 9840), (27, 15, 13200), (33, -45, 12500),
    (41, 10, 12050), (48, -35, 8970), (55, 80, 10400), (60, -12, 11010), (66, 33, 9040), (71, -90, 10050),
    (78, 21, 14000), (85, -5, 13100), (90, -40, 9500), (97, 50, 8800), (104, -62, 9990), (110, -15, 12001),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "gains"),
    [
        ("fifo", [51000, 61850, -30450, 14040, -88320, 13500, 720, -36860, 48015]),
        ("lifo", [2250, 69300, -52550, 7320, 13380, -4500, -88400, 58180, 28515]),
        ("hifo", [2250, 61500, -53850, 7320, -19180, -4500, -75360, 67300, 48015]),
    ],
)
def test_gains_are_those_of_beancount(method: str, gains: list[int]) -> None:
    """As beancount 3.2.3 books the trades on an account with this booking method."""
    lots = [lot(f"l{day:03}", day, units, units * price) for day, units, price in TRADES if units > 0]
    sales = [
        Disposal(f"s{day:03}", START + day * DAY, -units, -units * price)
        for day, units, price in TRADES
        if units < 0
    ]
    pieces, _ = relieve(lots, sales, method, is_short=False)
    assert [gain([piece for piece in pieces if piece.disposal == sale]) for sale in sales] == gains


def test_the_average_is_that_of_all_shares() -> None:
    """100 at 10, 100 at 12 and 125 at 13 dollars make 11.769 a share."""
    lots = [lot("a", 0, 100, 100_000), lot("b", 1, 100, 120_000), lot("c", 2, 125, 162_500)]
    pieces, _ = relieve(lots, [Disposal("s", START + 9 * DAY, 50, 70_000)], "average", is_short=False)
    assert [piece.opening for piece in pieces] == [58_846]


def test_a_short_is_covered_with_the_smallest_gain_first() -> None:
    lots = [lot("a", 0, 10, 1000), lot("b", 1, 10, 1200)]
    cover = [Disposal("s", START + 9 * DAY, 10, 900)]
    gains = {m: gain(relieve(lots, cover, m, is_short=True)[0], is_short=True) for m in METHODS}
    assert gains == {"fifo": 100, "lifo": 300, "hifo": 100, "average": 200, "specific": 100}


def test_a_method_applies_from_its_day_on() -> None:
    lots = [lot("a", 0, 10, 1000), lot("b", 1, 10, 1200), lot("c", 2, 10, 1100)]
    sales = [Disposal("s", START + 5 * DAY, 10, 1300), Disposal("t", START + 6 * DAY, 10, 1300, "a")]
    pieces, left = relieve(lots, sales, {START + 6 * DAY: "hifo"}, is_short=False)
    assert [(piece.lot.lot_id, piece.method) for piece in pieces] == [("a", "fifo"), ("b", "hifo")]
    assert [one.lot.lot_id for one in left] == ["c"]
    # the lot that is specified is gone: the oldest is relieved
    pieces, _ = relieve(lots, sales, {START + 6 * DAY: "specific"}, is_short=False)
    assert [piece.lot.lot_id for piece in pieces] == ["a", "b"]


def test_a_specific_lot_that_does_not_exist_is_an_error() -> None:
    for method in METHODS:
        with pytest.raises(UnknownLotError, match="s of 2025-01-05 disposes of lot b, which does not exist"):
            relieve(
                [lot("a", 0, 10, 1000)], [Disposal("s", START + 4 * DAY, 5, 650, "b")], method, is_short=False
            )


def test_lots_of_later_days_are_not_relieved() -> None:
    lots = [lot("a", 0, 10, 1000), lot("b", 5, 10, 1200)]
    for method in METHODS:
        pieces, _ = relieve(lots, [Disposal("s", START + 4 * DAY, 10, 1300, "a")], method, is_short=False)
        assert [piece.lot.lot_id for piece in pieces] == ["a"]
        with pytest.raises(LotShortageError, match="s of 2025-01-05 disposes of 1 units more"):
            relieve(lots, [Disposal("s", START + 4 * DAY, 11, 1300)], method, is_short=False)


@st.composite
def books(draw: Callable[..., int]) -> tuple[list[Lot], list[Disposal]]:
    """Up to six lots, some of which the statement closes fully: like statements state them."""
    lots, sales = [], []
    for number in range(draw(st.integers(1, 6))):
        day, units = draw(st.integers(0, 40)), draw(st.integers(1, 12))
        lots.append(lot(f"l{number}", day, units, draw(st.integers(0, 2000))))
        if draw(st.booleans()):
            sold = START + (day + draw(st.integers(0, 40))) * DAY
            sales.append(Disposal(f"s{number}", sold, units, draw(st.integers(0, 2000)), f"l{number}"))
    return lots, sales


@given(books(), st.booleans())
def test_quantities_and_amounts_are_conserved(book: tuple[list[Lot], list[Disposal]], is_short: bool) -> None:
    lots, sales = book
    for method in METHODS:
        pieces, left = relieve(lots, sales, method, is_short=is_short)
        if method == "average":
            average(left)
        for one in lots:
            relieved = sum(piece.units for piece in pieces if piece.lot == one)
            assert relieved + sum(rest.units for rest in left if rest.lot == one) == one.units
        for sale in sales:
            own = [piece for piece in pieces if piece.disposal == sale]
            assert (sum(p.units for p in own), sum(p.closing for p in own)) == (sale.units, sale.closing)
        total = sum(piece.opening for piece in pieces) + sum(rest.opening for rest in left)
        assert total == sum(one.opening for one in lots)
        assert all(piece.units > 0 and piece.lot.acquired <= piece.disposal.disposed for piece in pieces)
        if method == "specific":
            assert all(piece.lot.lot_id == piece.disposal.lot_id for piece in pieces)


@given(books(), st.booleans())
def test_the_smallest_gain_of_a_first_sale_is_that_of_hifo(
    book: tuple[list[Lot], list[Disposal]], is_short: bool
) -> None:
    lots, sales = book
    first = sorted(sales, key=lambda sale: sale.disposed)[:1]
    gains = {m: gain(relieve(lots, first, m, is_short=is_short)[0], is_short=is_short) for m in METHODS}
    assert all(gains["hifo"] <= value + len(lots) for value in gains.values())  # cents are rounded


Share = tuple[date, str, Fraction]  # acquired, lot, price


def rank(share: Share, method: str, own: str | None, *, is_short: bool) -> tuple[object, ...]:
    day, key, price = share
    return {
        "fifo": (day, key != own, key),
        "average": (day, key != own, key),
        "lifo": (-day.toordinal(), key != own, key),
        "hifo": (price if is_short else -price, day, key != own, key),
        "specific": (key != own, day, key),
    }[method]


def by_single_shares(
    lots: list[Lot], sales: list[Disposal], method: str, *, is_short: bool
) -> dict[str, Fraction]:
    """Exact gain of each sale: every share is an entry of a list, and leaves it one by one."""
    acquired = {one.lot_id: one.acquired for one in lots}
    shares: list[Share] = [(one.acquired, one.lot_id, one.price) for one in lots for _ in range(one.units)]
    gains = {}
    for sale in sorted(sales, key=lambda s: (s.disposed, acquired[s.lot_id or ""], s.disposal_id)):
        if method == "average":
            pool = [price for day, _, price in shares if day <= sale.disposed]
            mean = sum(pool, Fraction(0)) / len(pool)
            shares = [(day, key, mean if day <= sale.disposed else price) for day, key, price in shares]
        held = [share for share in shares if share[0] <= sale.disposed]
        ranked = sorted((rank(share, method, sale.lot_id, is_short=is_short), share) for share in held)
        chosen = [share for _, share in ranked[: sale.units]]
        for share in chosen:
            shares.remove(share)
        basis = sum((price for _, _, price in chosen), Fraction(0))
        gains[sale.disposal_id] = (basis - sale.closing) if is_short else (sale.closing - basis)
    return gains


@given(books(), st.booleans(), st.sampled_from(METHODS))
def test_gains_equal_a_second_implementation(
    book: tuple[list[Lot], list[Disposal]], is_short: bool, method: str
) -> None:
    lots, sales = book
    pieces, _ = relieve(lots, sales, method, is_short=is_short)
    for key, expected in by_single_shares(lots, sales, method, is_short=is_short).items():
        own = [piece for piece in pieces if piece.disposal.disposal_id == key]
        assert abs(gain(own, is_short=is_short) - expected) <= 2 * len(lots)  # roundings to a cent
