"""Lots and disposals from transactions: sides, transfers and expiries, and that nothing is lost."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from python_models.lots.relief import METHODS, Disposal, relieve
from python_models.lots.trades import Expiry, Trade, sides
from tests.python_models.lots.test_relief import DAY, START, lot


def trade(key: str, day: int, units: int, amount: int) -> Trade:
    return Trade(key, START + day * DAY, units, amount, Fraction(amount, abs(units)))


def test_a_sell_of_more_than_is_held_opens_a_short() -> None:
    held = [(lot("a", 0, 10, 1000), False)]
    long, short = sides(held, [trade("s", 5, -15, 1800), trade("b", 9, 5, 500)])
    assert long.disposals == [Disposal("s", START + 5 * DAY, 10, 1200)]
    assert [(one.lot_id, one.units, one.opening) for one in short.lots] == [("s", 5, 600)]
    assert short.disposals == [Disposal("b", START + 9 * DAY, 5, 500)]
    assert [one.lot_id for one in long.lots] == ["a"]


def test_what_comes_in_on_a_day_can_go_out_on_it() -> None:
    long, short = sides([], [trade("a", 5, -10, 1100), trade("b", 5, 10, 1000)])
    assert ([one.lot_id for one in long.lots], [one.disposal_id for one in long.disposals]) == (["b"], ["a"])
    assert (short.lots, short.disposals) == ([], [])


def test_a_transfer_out_takes_the_cost_along_and_one_in_may_have_no_day() -> None:
    given_away = trade("t", 5, -4, 0)._replace(is_transfer=True)
    got = trade("u", 6, 3, 330)._replace(is_transfer=True)
    long, _ = sides([(lot("a", 0, 10, 1000), False)], [given_away, got])
    pieces, left = relieve(long.lots, long.disposals, "fifo", is_short=False)
    assert [(one.opening, one.closing) for one in pieces] == [(400, 400)]
    assert [(one.lot.lot_id, one.opening, one.lot.is_dated) for one in left] == [
        ("a", 600, True),
        ("u", 330, False),
    ]
    (known,) = sides([], [got._replace(acquired=START)])[0].lots
    assert (known.acquired, known.is_dated) == (START, True)


def test_an_expiry_ends_what_is_open() -> None:
    end = Expiry("x", START + 9 * DAY, Fraction(7, 2))
    long, short = sides([(lot("a", 0, 4, 100), False)], [trade("s", 5, -6, 90), trade("z", 10, 5, 1)], end)
    assert long.disposals[-1] == Disposal("s", START + 5 * DAY, 4, 60)
    assert short.disposals == [Disposal("x", START + 9 * DAY, 2, 7)]
    assert [one.lot_id for one in (*long.lots, *short.lots)] == ["a", "s"]


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(-20, 20).filter(bool), st.integers(0, 5000)), max_size=12
    ),
    st.lists(st.integers(1, 10), max_size=3),
)
def test_quantities_and_amounts_are_conserved(trades: list[tuple[int, int, int]], held: list[int]) -> None:
    lots = [(lot(f"h{n}", 0, units, units * 9), False) for n, units in enumerate(held)]
    made = [trade(f"t{n}", *one) for n, one in enumerate(trades)]
    long, short = sides(lots, made)
    net = sum(one.units for one in long.lots) - sum(one.units for one in long.disposals)
    net -= sum(one.units for one in short.lots) - sum(one.units for one in short.disposals)
    assert net == sum(held) + sum(one.units for one in made)
    opened = sum(one.opening for side in (long, short) for one in side.lots) - sum(
        units * 9 for units in held
    )
    closed = sum(one.closing for side in (long, short) for one in side.disposals)
    assert opened + closed == sum(one.amount for one in made)
    for side in (long, short):
        for method in METHODS:
            relieve(side.lots, side.disposals, method, is_short=side.is_short)  # never more than is held


def test_days_of_trades_are_kept() -> None:
    (found,) = sides([], [trade("a", 3, 5, 50)])[0].lots
    assert found.acquired == START + timedelta(days=3)
