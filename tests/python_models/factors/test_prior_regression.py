"""The regression with a prior, tested against certified numbers and mixed estimation, and by properties."""

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.outliers_influence import variance_inflation_factor

from python_models.factors.prior_regression import Prior, PriorFit, prior_regression
from tests.examples import examples

FloatArray = npt.NDArray[np.float64]

PRIOR = Prior(np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.5, 0.5, 0.5, 3.0]))
FLAT = Prior(np.zeros(4), np.full(4, 1e9))
SESSIONS = 200
WEIGHTS = 0.5 ** (np.arange(SESSIONS - 1, -1, -1) / 60)


def _factors(*, seed: int = 3) -> FloatArray:
    """A market, two negatively correlated styles and a yield change, with two unknown yields."""
    rng = np.random.default_rng(seed)
    market, value = rng.normal(0.0004, 0.01, SESSIONS), rng.normal(0, 0.004, SESSIONS)
    growth = -0.8 * value + rng.normal(0, 0.002, SESSIONS)
    yields = rng.normal(0, 0.0006, SESSIONS)
    yields[[20, 150]] = np.nan
    return np.column_stack([market, value, growth, yields])


def _returns(factors: FloatArray, symbols: int = 12, *, seed: int = 7, missing: float = 0.1) -> FloatArray:
    rng = np.random.default_rng(seed)
    betas = rng.normal([1, 0, 0, -3], [0.5, 0.5, 0.5, 3], (symbols, 4))
    noise = rng.normal(0, rng.uniform(0.002, 0.03, symbols), (SESSIONS, symbols))
    values = np.nan_to_num(factors) @ betas.T + noise
    values[rng.random(values.shape) < missing] = np.nan
    return values


def _fit(returns: FloatArray, factors: FloatArray, prior: Prior = PRIOR) -> PriorFit:
    return prior_regression(returns, factors, weights=WEIGHTS, prior=prior)


def test_a_flat_prior_and_equal_weights_give_nists_certified_longley_values() -> None:
    """NIST Statistical Reference Datasets, linear regression, Longley (JASA 62, 1967)."""
    data = sm.datasets.longley.load_pandas()
    y, x = data.endog.to_numpy(dtype=float), data.exog.to_numpy(dtype=float)
    prior = Prior(np.zeros(6), np.full(6, 1e12))
    fit, variance = prior_regression(y[:, None], x, weights=np.ones(16), prior=prior)
    beta = [
        15.0618722713733,
        -0.358191792925910e-01,
        -2.02022980381683,
        -1.03322686717359,
        -0.511041056535807e-01,
        1829.15146461355,
    ]
    error = [
        84.9149257747669,
        0.334910077722432e-01,
        0.488399681651699,
        0.214274163161675,
        0.226073200069370,
        455.478499142212,
    ]
    np.testing.assert_allclose(fit.beta[0], beta, rtol=1e-8)
    np.testing.assert_allclose(fit.std_error[0], error, rtol=1e-8)
    assert fit.intercept[0] == pytest.approx(-3482258.63459582, rel=1e-8)
    assert fit.r_squared[0] == pytest.approx(0.995479004577296, rel=1e-10)
    assert np.sqrt(variance[0] * 16 / 9) == pytest.approx(304.854073561965, rel=1e-8)


def test_betas_equal_mixed_estimation_with_statsmodels() -> None:
    """Theil and Goldberger (1961): the prior as additional observations, weighted by its precision."""
    factors = _factors()
    returns = _returns(factors)
    fit, variance = _fit(returns, factors)
    for column in range(returns.shape[1]):
        used = np.isfinite(returns[:, column]) & np.isfinite(factors).all(axis=1)
        w = WEIGHTS[used] / WEIGHTS[used].sum()
        n = 1 / (w**2).sum()
        x = factors[used] - w @ factors[used]
        y = returns[used, column] - w @ returns[used, column]
        plain = sm.WLS(y, x, weights=w).fit()
        s2 = n * (w * plain.resid**2).sum() / (n - 5)
        rows = np.vstack([x * np.sqrt(n * w / s2)[:, None], np.diag(1 / PRIOR.deviation)])
        target = np.concatenate([y * np.sqrt(n * w / s2), PRIOR.mean / PRIOR.deviation])
        mixed = sm.OLS(target, rows).fit()
        np.testing.assert_allclose(fit.beta[column], mixed.params, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(
            fit.std_error[column], np.sqrt(np.diag(mixed.normalized_cov_params)), rtol=1e-8
        )
        left = y - x @ mixed.params
        assert variance[column] == pytest.approx((w * left**2).sum(), rel=1e-8)
        assert fit.r_squared[column] == pytest.approx(1 - (w * left**2).sum() / (w * y**2).sum(), rel=1e-8)
        assert fit.observations[column] == used.sum()
        np.testing.assert_allclose(fit.residuals[used, column], left, rtol=1e-7, atol=1e-14)
    assert np.isnan(fit.p_value).all()


def test_inflation_factors_equal_statsmodels_with_equal_weights() -> None:
    factors = _factors()
    returns = _returns(factors, 1, missing=0.0)
    fit, _ = prior_regression(returns, factors, weights=np.ones(SESSIONS), prior=PRIOR)
    design = sm.add_constant(factors[np.isfinite(factors).all(axis=1)])
    vif = [variance_inflation_factor(design, position) for position in range(1, 5)]
    np.testing.assert_allclose(fit.vif[0], vif, rtol=1e-8)


def test_a_symbol_equal_to_the_prior_is_exactly_the_prior() -> None:
    factors = _factors()
    fit, variance = _fit(factors[:, :1], factors)
    assert fit.beta[0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert (fit.r_squared[0], variance[0]) == (1.0, 0.0)


def test_a_symbol_that_the_factors_explain_keeps_its_betas() -> None:
    factors = _factors()
    exact = 0.0003 + factors @ np.array([0.85, 1.0, 0.0, 0.0])
    fit, variance = _fit(exact[:, None], factors)
    np.testing.assert_allclose(fit.beta[0], [0.85, 1.0, 0.0, 0.0], atol=1e-9)
    assert variance[0] == pytest.approx(0, abs=1e-20)


@settings(max_examples=examples(6), deadline=None)
@given(seed=st.integers(0, 10_000))
def test_noise_draws_betas_to_the_prior(seed: int) -> None:
    factors = _factors(seed=seed)
    rng = np.random.default_rng(seed + 1_000_000)
    signal = np.nan_to_num(factors) @ np.array([2.0, 1.5, 0.0, -9.0])
    noise = rng.normal(0, 1, SESSIONS)
    returns = signal[:, None] + noise[:, None] * np.array([1e-6, 1e3])
    fit, _ = _fit(returns, factors)
    np.testing.assert_allclose(fit.beta[0], [2.0, 1.5, 0.0, -9.0], atol=0.01)
    np.testing.assert_allclose(fit.beta[1], PRIOR.mean, atol=0.01)
    np.testing.assert_allclose(fit.std_error[1], PRIOR.deviation, rtol=0.01)


@settings(max_examples=examples(6), deadline=None)
@given(gap=st.lists(st.integers(0, SESSIONS - 1), max_size=150), hurt=st.integers(0, 5))
def test_a_gap_of_one_symbol_changes_no_other(gap: list[int], hurt: int) -> None:
    factors = _factors()
    returns = _returns(factors, 6)
    holed = returns.copy()
    holed[gap, hurt] = np.nan
    before, after = _fit(returns, factors), _fit(holed, factors)
    others = np.delete(np.arange(6), hurt)
    np.testing.assert_array_equal(after.regression.beta[others], before.regression.beta[others])
    np.testing.assert_array_equal(after.residual_variance[others], before.residual_variance[others])


def test_symbols_and_sessions_may_come_in_any_number() -> None:
    factors = _factors()
    returns = _returns(factors, 40)
    among, alone = _fit(returns, factors), _fit(returns[:, 17:18], factors)
    np.testing.assert_allclose(alone.regression.beta[0], among.regression.beta[17], rtol=1e-11, atol=1e-13)
    assert _fit(returns[:, :0], factors).regression.beta.shape == (0, 4)
    nothing = prior_regression(returns[:0], factors[:0], weights=WEIGHTS[:0], prior=PRIOR)
    assert np.isnan(nothing.regression.beta).all()


def test_too_few_effective_rows_give_no_betas() -> None:
    factors = _factors()
    returns = _returns(factors, 2, missing=0.0)
    returns[:-5, 1] = np.nan
    fit, variance = _fit(returns, factors)
    assert np.isfinite(fit.beta[0]).all()
    assert np.isnan(fit.beta[1]).all()
    assert np.isnan(variance[1])
    assert np.isnan(fit.residuals[:, 1]).all()


def test_equal_regressors_share_their_beta_and_have_no_inflation_factor() -> None:
    factors = _factors()
    factors[:, 2] = factors[:, 1]
    fit, _ = _fit(_returns(factors), factors)
    np.testing.assert_allclose(fit.beta[:, 1], fit.beta[:, 2], rtol=1e-6, atol=1e-9)
    assert np.isnan(fit.vif).all()
