"""Warehouses that each hold a part of the portfolios have the rows of one that holds all."""

from collections import Counter
from uuid import uuid4

import pytest

from tests.scale.__main__ import line_of, report
from tests.scale.shards import Comparison, Night, compare, shard_of


def test_a_portfolio_is_always_in_the_same_part_and_parts_are_alike() -> None:
    ids = [str(uuid4()) for _ in range(6_000)]
    places = Counter(shard_of(one, 3) for one in ids)
    assert places.keys() == {0, 1, 2}
    assert all(abs(count - 2_000) < 200 for count in places.values())
    assert [shard_of(one.upper(), 3) for one in ids[:9]] == [shard_of(one, 3) for one in ids[:9]]


def test_costs_are_a_line_through_the_nights_and_the_report_tells_measured_from_extrapolated() -> None:
    nights = [Night(count, 10 + 0.01 * count, 500 + 80 * count, 20_000 * count) for count in (900, 300, 600)]
    assert line_of(nights, "seconds") == pytest.approx((10, 0.01))
    text = report(Comparison(nights[0], nights[1:], 1, 1, []), "this")
    assert "A portfolio costs 10.0 ms, 80 rows" in text
    measured, extrapolated = text.split("Extrapolated from these figures, not measured")
    assert "900" in measured
    # five hours less ten seconds, at a hundredth of a second each
    assert "| portfolios on a server of 2 cores in 5 hours | 1,799,000 |" in extrapolated
    assert "| servers | 9 |" in extrapolated
    assert "| disk a night | 0.30 TB |" in extrapolated


@pytest.mark.long
def test_the_union_of_the_parts_is_the_whole_row_for_row() -> None:
    found = compare(portfolios=6, sessions=252, held=3, shards=2)
    assert found.differences == []
    assert found.rows > 5_000
    assert found.symbol_rows > 10_000
    assert sum(part.portfolios for part in found.parts) == found.whole.portfolios == 6
