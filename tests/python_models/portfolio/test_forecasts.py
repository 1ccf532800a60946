"""Forecasts by EWMA and GARCH, tested by published numbers, against scipy, and by invariants."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from python_models.panel import FloatArray
from python_models.portfolio.forecasts import (
    MAXIMUM_PERSISTENCE,
    Garch,
    ewma_variance,
    garch,
    known_returns,
)
from tests.examples import examples

NAN = float("nan")


def _simulated(sessions: int, series: int, *, seed: int = 1) -> FloatArray:
    """GARCH(1,1) returns with fat tails, each series with its own coefficients."""
    rng = np.random.default_rng(seed)
    alpha = rng.uniform(0.03, 0.2, series)
    beta = rng.uniform(0.5, 0.97, series) * (1 - alpha)
    h, result = np.ones(series), np.empty((sessions, series))
    for session in range(sessions):
        shock = np.sqrt(h) * rng.standard_t(6, series) / math.sqrt(6 / 4)
        result[session] = 0.012 * shock
        h = 1 - alpha - beta + alpha * shock**2 + beta * h
    return result


def _variances(squares: list[float], omega: float, alpha: float, beta: float, first: float) -> list[float]:
    """The recursion h' = omega + alpha r^2 + beta h; one more value than squares."""
    found = [first]
    for square in squares:
        found.append(omega + alpha * square + beta * found[-1])
    return found


def _loss(squares: list[float], alpha: float, beta: float) -> float:
    """Twice the negative log-likelihood per unit of variance, with variance targeting.

    A peer that leaves the constraints on its way, as on some processors, finds variances below 0: the worst.
    """
    mean = sum(squares) / len(squares)
    h = _variances(squares, (1 - alpha - beta) * mean, alpha, beta, mean)
    if min(h) <= 0:
        return 1e6
    return sum(math.log(v / mean) + s / v for v, s in zip(h, squares, strict=False))


def _fitted(squares: list[float]) -> tuple[float, float]:
    """Alpha and beta by scipy's SLSQP from several starts."""
    found = [
        optimize.minimize(
            lambda x: _loss(squares, max(x[0], 0.0), max(x[1], 0.0)),
            start,
            method="SLSQP",
            bounds=[(0, 0.99), (0, 0.99)],
            constraints={"type": "ineq", "fun": lambda x: MAXIMUM_PERSISTENCE - x[0] - x[1]},
            options={"ftol": 1e-13, "maxiter": 300},
        )
        for start in ([0.05, 0.9], [0.1, 0.5], [0.3, 0.05])
    ]
    best = min(found, key=lambda each: float(each.fun))
    return float(best.x[0]), float(best.x[1])


# --- published numbers ---


def test_ewma_gives_hulls_published_value() -> None:
    """Hull, section 23.2, example 23.1: lambda 0.9, 1 % a day, then a move of 2 %: 1.14 %."""
    returns = np.array([*[0.01] * 400, 0.02])
    variance = ewma_variance(known_returns(returns[:, None]), 0.9)[0]
    assert variance == pytest.approx(0.00013, rel=1e-12)
    assert math.sqrt(variance) == pytest.approx(0.0114, abs=5e-5)


def test_the_recursion_gives_hulls_published_value() -> None:
    """Hull, section 23.3, example 23.2: 0.000002, 0.13, 0.86; 1.6 % and a move of 1 %: 1.53 %."""
    variance = _variances([0.01**2], 0.000002, 0.13, 0.86, 0.016**2)[-1]
    assert variance == pytest.approx(0.00023516, abs=1e-9)


@pytest.mark.parametrize(("days", "published"), [(10, 0.0002942), (500, 0.0002110)])
def test_the_term_structure_gives_hulls_published_values(days: int, published: float) -> None:
    """Hull, section 23.6: V = 0.0002075, alpha + beta = 0.9935, 0.0003 now."""
    one = (np.array([value]) for value in (0.083394, 0.9935 - 0.083394, 0.0002075, 0.0003))
    model = Garch(*one)
    ahead = (days + 1) * model.mean_variance(days + 1) - days * model.mean_variance(days)
    assert ahead[0] == pytest.approx(published, abs=5e-8)


# --- the second implementation ---


def test_garch_maximizes_the_likelihood_as_scipy_does() -> None:
    returns = _simulated(252, 24)
    model = garch(known_returns(returns))
    agree = 0
    for place, series in enumerate(returns.T):
        squares = [float(value) ** 2 for value in series]
        alpha, beta = _fitted(squares)
        ours = _loss(squares, model.alpha[place], model.beta[place])
        assert ours <= _loss(squares, alpha, beta) + 0.05  # of several maxima it may be the second best
        if abs(ours - _loss(squares, alpha, beta)) < 1e-6:
            mean = sum(squares) / len(squares)
            following = _variances(squares, (1 - alpha - beta) * mean, alpha, beta, mean)[-1]
            assert model.next_variance[place] == pytest.approx(following, rel=1e-4)
            agree += 1
    assert agree >= 22


def test_a_maximum_of_high_persistence_is_found_next_to_a_lesser_one() -> None:
    """At alpha 0.009 and beta 0.58 the likelihood has another maximum."""
    returns = np.random.default_rng(1967).standard_t(5, 252)[:, None] * 0.01
    (beta,) = garch(known_returns(returns)).beta
    assert beta == pytest.approx(0.97605, abs=1e-4)


def test_the_next_variance_and_its_mean_equal_a_loop() -> None:
    returns = _simulated(252, 12, seed=3)
    model = garch(known_returns(returns))
    for place, series in enumerate(returns.T):
        a, b, mean = model.alpha[place], model.beta[place], float(np.mean(series**2))
        following = _variances([float(v) ** 2 for v in series], (1 - a - b) * mean, a, b, mean)[-1]
        assert model.next_variance[place] == pytest.approx(following, rel=1e-12)
        expected = [following]
        for _ in range(20):
            expected.append((1 - a - b) * mean + (a + b) * expected[-1])
        assert model.mean_variance(21)[place] == pytest.approx(sum(expected) / 21, rel=1e-12)


def test_ewma_equals_the_recursion_of_riskmetrics() -> None:
    """The recursion starts at the first square; its weight, unlike ours, is lambda^n."""
    series = _simulated(700, 1, seed=5)[:, 0]
    variance = float(series[0]) ** 2
    for value in series[1:]:
        variance = 0.94 * variance + 0.06 * float(value) ** 2
    found = ewma_variance(known_returns(series[:, None]), 0.94)[0]
    assert found == pytest.approx(variance, rel=1e-12)


# --- invariants ---


def test_the_coefficients_of_a_long_series_are_found() -> None:
    rng = np.random.default_rng(8)
    h, values = 1.0, []
    for _ in range(60_000):
        values.append(math.sqrt(h) * float(rng.standard_normal()))
        h = 0.05 + 0.1 * values[-1] ** 2 + 0.85 * h
    model = garch(known_returns(np.array(values)[:, None]))
    assert model.alpha[0] == pytest.approx(0.1, abs=0.01)
    assert model.beta[0] == pytest.approx(0.85, abs=0.015)


@settings(max_examples=examples(6), deadline=None)
@given(seed=st.integers(0, 10_000), power=st.integers(-4, 4))
def test_scaled_returns_scale_the_variance_and_no_coefficient(seed: int, power: int) -> None:
    returns = _simulated(150, 3, seed=seed)
    plain, scaled = garch(known_returns(returns)), garch(known_returns(2.0**power * returns))
    np.testing.assert_array_equal(scaled.alpha, plain.alpha)
    np.testing.assert_array_equal(scaled.beta, plain.beta)
    np.testing.assert_array_equal(scaled.next_variance, 4.0**power * plain.next_variance)


@settings(max_examples=examples(6), deadline=None)
@given(seed=st.integers(0, 10_000))
def test_coefficients_stay_inside_their_limits_and_no_step_worsens_them(seed: int) -> None:
    returns = np.random.default_rng(seed).standard_t(3, (130, 4)) * 0.01
    known = known_returns(returns)
    model = garch(known)
    assert (model.alpha >= 0).all()
    assert (model.beta >= 0).all()
    assert (model.alpha + model.beta <= MAXIMUM_PERSISTENCE + 1e-12).all()
    for place, squares in enumerate(known.squares.T):
        values = squares.tolist()
        ours = _loss(values, model.alpha[place], model.beta[place])
        assert ours <= _loss(values, 0.0, 0.0) + 1e-9
        assert ours <= _loss(values, 0.05, 0.88) + 1e-9


def test_a_series_does_not_depend_on_others() -> None:
    returns = _simulated(252, 300, seed=2)
    whole = garch(known_returns(returns))
    for some in ([7], [299, 3], list(range(40, 120))):
        for ours, all_ in zip(garch(known_returns(returns[:, some])), whole, strict=True):
            np.testing.assert_array_equal(ours, all_[some])


def test_unknown_returns_are_left_out() -> None:
    returns = _simulated(200, 1, seed=4)
    gaps = np.insert(returns, [0, 0, 50, 120], NAN, axis=0)
    for ours, plain in zip(garch(known_returns(gaps)), garch(known_returns(returns)), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-12)
    assert ewma_variance(known_returns(gaps), 0.94) == pytest.approx(
        ewma_variance(known_returns(returns), 0.94), rel=1e-12
    )


def test_series_without_movement_or_returns() -> None:
    """Zero returns have variance 0; equal ones that of their square; without any it is unknown."""
    returns = np.column_stack([np.zeros(50), np.full(50, 0.01), np.full(50, NAN)])
    known = known_returns(returns)
    for variance in (garch(known).mean_variance(21), ewma_variance(known, 0.94)):
        np.testing.assert_allclose(variance, [0.0, 0.0001, NAN], rtol=1e-12)
    assert garch(known_returns(np.empty((50, 0)))).mean_variance(21).shape == (0,)
