"""Moves of the VIX and of implied volatilities: the measured levels, by hand, and by their properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.stress.volatility import vix_forward_returns, vix_moves, volatility_factors
from tests.examples import examples
from tests.method_config import STRESS_CONFIG

NAN = float("nan")


def _level(volatility: float, market: float, vix: float = 16.0) -> float:
    (move,) = vix_moves(np.array([volatility]), np.array([market]), vix, STRESS_CONFIG)
    return float(vix * math.exp(move))


@pytest.mark.parametrize(
    ("market", "level"),
    [(-0.05, 20), (-0.10, 24), (-0.20, 39), (-0.25, 51), (-0.35, 85), (0.10, 13), (0.25, 9), (NAN, 16)],
)
def test_the_vix_at_16_follows_the_market_to_the_measured_level(market: float, level: float) -> None:
    assert _level(NAN, market) == pytest.approx(level, abs=0.51)


@pytest.mark.parametrize(
    ("shock", "level"),
    [(1.5, 40), (2.0, 48), (5.18, 85), (1.82, 45), (0.94, 31), (0.18, 19), (3.28, 68), (2.43, 55)],
)
def test_a_stated_move_of_the_vix_comes_first(shock: float, level: float) -> None:
    for market in (-0.2, NAN):
        assert _level(shock, market) == pytest.approx(level, abs=0.51)


def test_the_vix_stays_within_its_bounds_and_does_not_move_further_out() -> None:
    assert _level(9.0, NAN) == pytest.approx(85)
    assert _level(-0.9, NAN) == pytest.approx(9)
    assert _level(NAN, 0.1, vix=8.5) == pytest.approx(8.5)
    assert _level(NAN, -0.1, vix=90) == pytest.approx(90)


def test_without_a_level_the_move_is_not_bounded() -> None:
    (move,) = vix_moves(np.array([NAN]), np.array([-0.35]), NAN, STRESS_CONFIG)
    assert math.exp(move) == pytest.approx(0.65**-4)


def test_longer_terms_move_as_measured() -> None:
    """VIX3M moves by 0.62 to 0.73 of the VIX, VIX6M by 0.43 to 0.55 (in logarithms)."""
    for days, low, high in ((93, 0.62, 0.73), (183, 0.43, 0.55)):
        factor = volatility_factors(np.array([1.0]), np.array([1.0]), np.array([float(days)]), STRESS_CONFIG)
        assert low < math.log(factor[0, 0]) < high


def test_a_contract_moves_by_its_sensitivity_and_term() -> None:
    """By hand: 2^(0.65 (30/120)^0.4) = 2^(0.65 x 0.57435) = 1.29534; below 30 days no term counts."""
    days = np.array([120.0, 30.0, 5.0])
    factors = volatility_factors(np.log([2.0]), np.array([0.65, 1.0, 1.0]), days, STRESS_CONFIG)
    np.testing.assert_allclose(factors, [[1.29534, 2.0, 2.0]], rtol=1e-5)


def test_the_forward_of_the_vix_moves_less_the_further_it_is() -> None:
    """By hand: at once it doubles; in 30 days 2^(0.5^0.4) - 1 = 0.6908."""
    returns = vix_forward_returns(np.log([2.0]), np.array([0.0, 30.0, 365.0]), STRESS_CONFIG)[0]
    np.testing.assert_allclose(returns[:2], [1.0, 2 ** (0.5**0.4) - 1])
    assert 0 < returns[2] < returns[1] < returns[0]


@settings(max_examples=examples(16), deadline=None)
@given(st.floats(-0.9, 2), st.floats(-0.9, 2), st.floats(9, 85))
def test_a_lower_market_never_means_a_lower_vix(one: float, other: float, vix: float) -> None:
    low, high = sorted((one, other))
    assert _level(NAN, low, vix) >= _level(NAN, high, vix) * (1 - 1e-12)
