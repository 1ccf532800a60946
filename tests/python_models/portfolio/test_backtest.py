"""Backtests of value at risk, tested against Jorion's tables and binomial likelihoods, and by invariants."""

from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from python_models.portfolio import backtest
from python_models.portfolio.backtest import (
    TrafficLight,
    christoffersen_p_value,
    kupiec_p_value,
    traffic_lights,
)
from tests.examples import examples
from warehouse.method import method_variables

LIGHT = TrafficLight(**method_variables()["traffic_light"])
backtest_frame = partial(backtest.backtest_frame, minimum=method_variables()["backtest_minimum"], light=LIGHT)

# Jorion, Value at Risk, 3rd ed., table 6-2 (after Kupiec 1995): the counts of breaches that do not reject the
# model at 95 % test confidence, bounds excluded. The first has only an upper bound.
NON_REJECTION = {
    (255, 0.01): (-1, 7),
    (510, 0.01): (1, 11),
    (1000, 0.01): (4, 17),
    (255, 0.025): (2, 12),
    (510, 0.025): (6, 21),
    (1000, 0.025): (15, 36),
    (255, 0.05): (6, 21),
    (510, 0.05): (16, 36),
    (1000, 0.05): (37, 65),
    (255, 0.075): (11, 28),
    (510, 0.075): (27, 51),
    (1000, 0.075): (59, 92),
    (255, 0.10): (16, 36),
    (510, 0.10): (38, 65),
    (1000, 0.10): (81, 120),
}


def _counts(breaches: list[int]) -> tuple[int, int, int, int]:
    """Counts of transitions in a series of zeros and ones: n00, n01, n10, n11."""
    pairs = list(pairwise(breaches))
    return pairs.count((0, 0)), pairs.count((0, 1)), pairs.count((1, 0)), pairs.count((1, 1))


@pytest.mark.parametrize(("case", "bounds"), NON_REJECTION.items())
def test_kupiec_gives_jorions_non_rejection_regions(case: tuple[int, float], bounds: tuple[int, int]) -> None:
    observations, probability = case
    breaches = np.arange(1, observations // 3)  # no breach in 255 days at 1 % has its own test below
    accepted = breaches[kupiec_p_value(observations, breaches, probability) > 0.05]
    assert accepted.max() == bounds[1] - 1
    assert accepted.min() == max(bounds[0], 0) + 1


def test_no_breach_narrowly_rejects_jorions_one_percent_year() -> None:
    """LR = -2 x 255 ln 0.99 = 5.13: above 3.84, though Jorion's table gives no lower bound there."""
    assert kupiec_p_value(255, 0, 0.01) == pytest.approx(stats.chi2.sf(-2 * 255 * np.log(0.99), 1), rel=1e-12)


def test_kupiec_and_christoffersen_give_jorions_answer_to_question_10() -> None:
    """Jorion, Value at Risk, 3rd ed., chapter 6, question 10: six breaches in 252 days, four after another.

    LR_uc = 3.498 (3.4988 truncated, not rounded) and LR_ind = 25.837.
    """
    assert stats.chi2.isf(kupiec_p_value(252, 6, 0.01), 1) == pytest.approx(3.4985, abs=5e-4)
    assert stats.chi2.isf(christoffersen_p_value(244, 2, 2, 4), 1) == pytest.approx(25.837, abs=5e-4)


def test_christoffersen_gives_jorions_value_for_jp_morgan() -> None:
    """Jorion, 3rd ed., section 6.2.4, table 6-5: 20 breaches, 6 of them after another, LR_ind = 9.53."""
    p_value = christoffersen_p_value(218, 14, 14, 6)
    assert stats.chi2.isf(p_value, 1) == pytest.approx(9.53, abs=5e-3)


def test_kupiec_equals_binomial_likelihoods_of_scipy() -> None:
    for observations, breaches, probability in [
        (252, 3, 0.01),
        (252, 20, 0.05),
        (60, 0, 0.05),
        (70, 70, 0.01),
    ]:
        log = stats.binom.logpmf
        ratio = -2 * log(breaches, observations, probability) + 2 * log(
            breaches, observations, breaches / observations
        )
        assert kupiec_p_value(observations, breaches, probability) == pytest.approx(
            stats.chi2.sf(ratio, 1), rel=1e-8
        )


@settings(max_examples=examples(13), deadline=None)
@given(st.lists(st.integers(0, 1), min_size=3, max_size=60))
def test_christoffersen_equals_daily_likelihoods(breaches: list[int]) -> None:
    n00, n01, n10, n11 = _counts(breaches)
    after = {0: n01 / (n00 + n01) if n00 + n01 else 0.0, 1: n11 / (n10 + n11) if n10 + n11 else 0.0}
    pooled = (n01 + n11) / (n00 + n01 + n10 + n11)
    ratio = 0.0
    for before, now in pairwise(breaches):
        chance = after[before] if now else 1 - after[before]
        ratio += 2 * np.log(chance) - 2 * np.log(pooled if now else 1 - pooled)
    expected = stats.chi2.sf(max(ratio, 0.0), 1)
    assert christoffersen_p_value(n00, n01, n10, n11) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@settings(max_examples=examples(13), deadline=None)
@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.001, 0.2))
def test_p_values_are_probabilities(observations: int, part: float, probability: float) -> None:
    p_value = kupiec_p_value(observations, round(part * observations), probability)
    assert 0 <= p_value <= 1


def test_the_expected_number_of_breaches_has_p_one_and_more_lower_it() -> None:
    p_values = kupiec_p_value(1000, np.arange(50, 120), 0.05)
    assert p_values[0] == pytest.approx(1.0, abs=1e-6)
    assert (np.diff(p_values) < 0).all()


def test_kupiec_rejects_a_correct_model_one_time_in_twenty() -> None:
    """The test's size: for a correct model the probability of p < 0.05 is close to 0.05."""
    breaches = np.arange(1001)
    rejected = kupiec_p_value(1000, breaches, 0.05) < 0.05
    assert stats.binom.pmf(breaches, 1000, 0.05)[rejected].sum() == pytest.approx(0.05, abs=0.01)


def test_clustered_breaches_are_rejected_and_spread_ones_are_not() -> None:
    clustered = [1] * 12 + [0] * 240
    spread = ([0] * 20 + [1]) * 12
    assert christoffersen_p_value(*_counts(clustered)) < 1e-6
    assert christoffersen_p_value(*_counts(spread)) > 0.2


def test_without_a_breach_there_is_no_evidence_of_dependence() -> None:
    assert christoffersen_p_value(251, 0, 0, 0) == 1.0
    assert christoffersen_p_value(0, 0, 0, 251) == 1.0


def test_no_days_give_no_p_value() -> None:
    assert np.isnan(kupiec_p_value(0, 0, 0.05))
    assert np.isnan(christoffersen_p_value(0, 0, 0, 0))


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "portfolio_id": ["a", "b", "c"],
            "as_of_date": pd.Timestamp("2025-06-30"),
            "method": ["historical", "filtered", "historical"],
            "pnl_basis": ["hypothetical", "hypothetical", "actual"],
            "confidence": [0.95, 0.99, 0.95],
            "observations": [252, 60, 59],
            "breaches": [20, 0, 3],
            "n00": [218, 59, 53],
            "n01": [14, 0, 3],
            "n10": [14, 0, 2],
            "n11": [6, 0, 0],
            "year_observations": [250, 250, 59],
            "year_breaches": [20, 6, 3],
        }
    )


def test_backtest_frame_gives_p_values_from_sixty_observations_on() -> None:
    result = backtest_frame(_frame())
    assert list(result.columns) == [
        "portfolio_id",
        "as_of_date",
        "method",
        "pnl_basis",
        "confidence",
        "observations",
        "breaches",
        "expected_breaches",
        "kupiec_p_value",
        "christoffersen_p_value",
        "traffic_light",
    ]
    assert result["traffic_light"].isna().tolist() == [True, False, True]
    assert result["traffic_light"][1] == "yellow"
    np.testing.assert_allclose(result["expected_breaches"], [12.6, 0.6, 2.95])
    assert result["kupiec_p_value"].isna().tolist() == [False, False, True]
    assert result["christoffersen_p_value"].isna().tolist() == [False, False, True]
    assert result["kupiec_p_value"][0] == kupiec_p_value(252, 20, 1 - 0.95)


def test_backtest_frame_of_nothing_is_empty() -> None:
    assert backtest_frame(_frame().iloc[:0]).empty


def test_backtest_rows_are_independent() -> None:
    whole = backtest_frame(_frame())
    alone = backtest_frame(_frame().iloc[[0]])
    pd.testing.assert_frame_equal(alone, whole.iloc[[0]], check_exact=True)


def test_the_zones_are_those_of_the_basel_committee() -> None:
    """Supervisory Framework for the Use of Backtesting (1996), table 2: 250 days at 99 %."""
    breaches = np.arange(13)
    zones = traffic_lights(0.99, 250, breaches, LIGHT).tolist()
    assert zones == ["green"] * 5 + ["yellow"] * 5 + ["red"] * 3
    published = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99]
    np.testing.assert_allclose(100 * stats.binom.cdf(breaches[:11], 250, 0.01), published, atol=0.006)


def test_the_zones_begin_at_their_probabilities() -> None:
    for zone, chance in (("yellow", 0.95), ("red", 0.9999)):
        first = traffic_lights(0.99, 250, np.arange(30), LIGHT).tolist().index(zone)
        assert stats.binom.cdf(first, LIGHT.days, 1 - LIGHT.confidence) >= chance - 5e-5
        assert stats.binom.cdf(first - 1, LIGHT.days, 1 - LIGHT.confidence) < chance - 5e-5


def test_there_is_no_zone_at_another_confidence_or_with_fewer_days() -> None:
    assert traffic_lights([0.95, 0.99, 0.99], [250, 249, 250], 3, LIGHT).tolist() == [None, None, "green"]
