"""Returns: the kernel on a published example and as a property; the demo against a second implementation."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.reference.returns import Facts, assert_equal_to_the_reference
from warehouse.connections import Warehouse


@pytest.fixture(scope="module")
def grow(module_warehouse: Warehouse) -> Iterator[Any]:
    """The kernel: start, end, flows, remaining shares."""
    with psycopg.connect(module_warehouse.analyst_url, autocommit=True) as connection:

        def solve(start: float, end: float, flows: list[float], remaining: list[float]) -> float | None:
            found = connection.execute(
                "select udf.money_weighted_growth(%s, %s, %s::float8[], %s::float8[])",
                (start, end, flows, remaining),
            ).fetchone()
            assert found is not None
            growth: float | None = found[0]
            return growth

        yield solve


def test_the_kernel_gives_the_documented_result_of_xirr(grow: Any) -> None:
    """Microsoft, XIRR function: 37.34 %, 0.373362535."""
    dates = [date(2008, 1, 1), date(2008, 3, 1), date(2008, 10, 30), date(2009, 2, 15), date(2009, 4, 1)]
    span = (dates[-1] - dates[0]).days
    growth = grow(
        10_000, 2_750, [-2_750, -4_250, -3_250], [(dates[-1] - day).days / span for day in dates[1:4]]
    )
    assert growth ** (365 / span) - 1 == pytest.approx(0.373362535, abs=1e-8)


def test_a_rate_that_is_not_unique_is_null(grow: Any) -> None:
    """100 x^3 - 360 x^2 + 431 x - 171.6 is zero at 1.1, 1.2 and 1.3."""
    assert grow(100, 171.6, [-360, 431], [2 / 3, 1 / 3]) is None
    assert grow(-1, 2, [], []) is None
    assert grow(1, 0, [], []) is None


@settings(max_examples=examples(60), deadline=None)
@given(
    rate=st.floats(-0.9, 3),
    # in thousandths of the balance: amounts of money are never as small as floats can be
    flows=st.lists(
        st.tuples(st.integers(-500, 2_000).map(lambda share: share / 1000), st.integers(0, 99)),
        min_size=1,
        max_size=6,
    ),
)
def test_the_kernel_finds_the_rate_at_which_money_grew(
    grow: Any, rate: float, flows: list[tuple[float, int]]
) -> None:
    """A withdrawal takes a share of what is there, so that the account is never overdrawn."""
    balance, before, amounts, remaining = 100.0, 1.0, [], []
    for share, days_left in sorted(flows, key=lambda flow: -flow[1]):
        balance *= (1 + rate) ** (before - days_left / 100)
        before = days_left / 100
        amounts.append(share * balance)
        remaining.append(before)
        balance += amounts[-1]
    found = grow(100, balance * (1 + rate) ** before, amounts, remaining)
    assert found == pytest.approx(1 + rate, rel=1e-9)


@pytest.mark.slow
def test_every_period_of_the_demo_equals_the_second_implementation(demo: Warehouse) -> None:
    assert_equal_to_the_reference(Facts(demo))
