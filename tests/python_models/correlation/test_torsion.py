"""Effective bets, tested against the paper's recursion and closed form, and by invariants."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from python_models.correlation.symbols import pair_correlations
from python_models.correlation.torsion import _root, _slope, effective_bets, symbol_deviations
from tests.examples import examples
from tests.python_models.correlation.correlation_cases import as_long, constant, make_returns

FloatArray = npt.NDArray[np.float64]
seeds = st.integers(0, 10_000)


def _entropy_number(share: FloatArray) -> float:
    return float(np.exp(-sum(p * np.log(p) for p in share if p > 0)))


def _paper(weights: FloatArray, covariance: FloatArray, steps: int = 400) -> float:
    """Weights and covariance by the recursion of the paper's appendix, with all of its matrices."""
    sigma = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(sigma, sigma)
    c = np.real(linalg.sqrtm(correlation))
    d = np.eye(len(c))
    for _ in range(steps):
        u = np.real(linalg.sqrtm(d @ c @ c @ d))
        q = np.linalg.inv(u) @ d @ c
        d = np.diag(np.diagonal(q @ c))
    torsion = np.diag(sigma) @ (d @ q @ np.linalg.inv(c)) @ np.diag(1 / sigma)
    bets = torsion @ covariance @ torsion.T
    np.testing.assert_allclose(bets, np.diag(np.diagonal(bets)), atol=1e-9 * bets.max())
    share = (np.linalg.inv(torsion.T) @ weights) * (torsion @ covariance @ weights)
    return _entropy_number(share / (weights @ covariance @ weights))


def _case(seed: int, size: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Signed weights, deviations and correlations of symbols with a common factor."""
    rng = np.random.default_rng(seed)
    rho, _ = pair_correlations(make_returns(250, size, seed=seed), 20)
    return rng.normal(0, 1, size), rng.uniform(0.005, 0.03, size), rho


@pytest.mark.parametrize("size", [2, 3, 7, 15])
def test_effective_bets_equal_the_recursion_of_the_paper(size: int) -> None:
    for seed in range(4):
        weights, deviations, rho = _case(seed, size)
        covariance = rho * np.outer(deviations, deviations)
        assert effective_bets(weights * deviations, rho) == pytest.approx(
            _paper(weights, covariance), rel=1e-6
        )


@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.5, 0.95])
def test_with_equal_correlations_the_torsion_is_the_closed_form(correlation: float) -> None:
    """Without the normalization of bets the paper's torsion is the inverse root of the correlation.

    With equal correlations all bets have one deviation, so that the normalization changes nothing.
    """
    rho, exposures = constant(4, correlation), np.array([3.0, -1.0, 0.5, 2.0])
    earned = np.real(linalg.sqrtm(rho)) @ exposures
    share = earned**2 / (exposures @ rho @ exposures)
    assert effective_bets(exposures, rho) == pytest.approx(_entropy_number(share), rel=1e-7)


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_uncorrelated_equal_risks_are_as_many_bets(size: int) -> None:
    assert effective_bets(np.full(size, -0.02), np.eye(size)) == pytest.approx(size, rel=1e-12)


def test_uncorrelated_risks_by_hand() -> None:
    """Shares 1/2, 1/4, 1/4: exp(ln 2 / 2 + 2 ln 4 / 4) = 2 x 2^0.5."""
    exposures = np.sqrt([0.5, 0.25, 0.25])
    assert effective_bets(exposures, np.eye(3)) == pytest.approx(2 * np.sqrt(2), rel=1e-12)


def test_one_symbol_is_one_bet_and_a_dominant_one_nearly_so() -> None:
    assert effective_bets(np.array([0.4]), np.eye(1)) == 1.0
    assert effective_bets(np.array([1.0, 1e-4]), constant(2, 0.0)) == pytest.approx(1, abs=1e-6)


@settings(max_examples=examples(13), deadline=None)
@given(seed=seeds, size=st.integers(2, 12), scale=st.floats(0.01, 100))
def test_bets_are_between_one_and_the_number_of_symbols(seed: int, size: int, scale: float) -> None:
    weights, deviations, rho = _case(seed, size)
    exposures = weights * deviations
    found = effective_bets(exposures, rho)
    assert 1 <= found <= size * (1 + 1e-12)
    assert effective_bets(-scale * exposures, rho) == pytest.approx(found, rel=1e-9)


@settings(max_examples=examples(8), deadline=None)
@given(seed=seeds)
def test_the_order_of_symbols_does_not_matter(seed: int) -> None:
    weights, deviations, rho = _case(seed, 8)
    order = np.random.default_rng(seed).permutation(8)
    shuffled = effective_bets((weights * deviations)[order], rho[np.ix_(order, order)])
    assert shuffled == pytest.approx(effective_bets(weights * deviations, rho), rel=1e-6)


def test_more_symbols_than_sessions_have_a_number_too() -> None:
    weights = np.random.default_rng(2).normal(0, 1, 40)
    rho, _ = pair_correlations(make_returns(25, 40), 20)
    assert np.linalg.eigvalsh(rho)[0] < 1e-12
    assert 1 <= effective_bets(weights, rho) <= 40


def _repeated(exposures: FloatArray, rho: FloatArray, steps: int = 2_000) -> float:
    """The paper's steps without its inverse matrices, until they have converged for a singular matrix too."""
    d = np.ones(len(rho))
    for _ in range(steps):
        values, vectors = np.linalg.eigh(d[:, None] * rho * d)
        root = (vectors * np.sqrt(np.maximum(values, 1e-15))) @ vectors.T
        d = np.diagonal(root) / d
    earned = (root @ (exposures / d)) ** 2
    return _entropy_number(earned / earned.sum())


@pytest.mark.parametrize(("size", "sessions"), [(12, 21), (30, 21), (40, 36)])
def test_more_symbols_than_sessions_come_near_to_the_limit_of_the_papers_steps(
    size: int, sessions: int
) -> None:
    weights = np.random.default_rng(size).normal(0, 1, size)
    rho, _ = pair_correlations(make_returns(sessions, size, seed=5), 20)
    assert effective_bets(weights, rho) == pytest.approx(_repeated(weights, rho), rel=1e-3)


def test_the_slope_of_newtons_steps_is_the_derivative() -> None:
    _, _, rho = _case(3, 6)
    steps = 1e-5 * np.eye(6)
    derivative = np.array(
        [(_root(step, rho).difference - _root(-step, rho).difference) / 2e-5 for step in steps]
    ).T
    np.testing.assert_allclose(_slope(_root(np.zeros(6), rho)), -derivative, atol=0.02)  # six nodes


def test_the_steps_are_along_the_gradient_of_the_merit() -> None:
    _, _, rho = _case(4, 6)
    log_d = np.linspace(-0.3, 0.2, 6)
    root = _root(log_d, rho)
    d_squared = np.exp(2 * log_d)
    gradient = d_squared * np.expm1(root.difference)  # the diagonal of the root less d squared
    steps = 1e-5 * np.eye(6)
    measured = [(_root(log_d + s, rho).merit - _root(log_d - s, rho).merit) / 2e-5 for s in steps]
    np.testing.assert_allclose(measured, gradient, atol=1e-8)


def test_without_exposure_there_are_no_bets() -> None:
    assert np.isnan(effective_bets(np.zeros(2), np.eye(2)))
    assert np.isnan(effective_bets(np.empty(0), np.empty((0, 0))))


def test_deviations_equal_pandas() -> None:
    values = make_returns(130, 5, missing=0.2)
    values[:, 4] = np.nan
    values[-1, 4] = 0.01  # one return has no deviation
    long = as_long(values)
    days = pd.Series(long["as_of_date"].unique()[[100, 129]])
    found = symbol_deviations(long, days, window=90).set_index(["as_of_date", "symbol"])["deviation"]
    wide = long.pivot_table(index="as_of_date", columns="symbol", values="daily_return")
    for day in days:
        expected = wide.loc[:day].tail(90).std()
        for symbol in ["S000", "S001", "S002", "S003"]:
            assert found[day, symbol] == pytest.approx(expected[symbol], rel=1e-12)
        assert (day, "S004") not in found.index
