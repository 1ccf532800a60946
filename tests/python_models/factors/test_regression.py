"""Regressions, tested against certified and textbook numbers and statsmodels, and by properties."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

from python_models.factors.regression import (
    Regression,
    partial_regression,
    sample_deviation,
    simple_regression,
    weighted_line,
)

FloatArray = npt.NDArray[np.float64]


def _numbers(text: str) -> FloatArray:
    return np.array(text.split(), dtype=np.float64)


def _market(sessions: int, symbols: int, *, seed: int = 7, missing: float = 0.1) -> FloatArray:
    """Returns with the market in the first column; a share `missing` of the other values is absent."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0004, 0.01, sessions)
    values = rng.uniform(-1, 2, symbols) * market[:, None] + rng.normal(0, 0.015, (sessions, symbols))
    values[:, 0] = market
    values[:, 1:][rng.random((sessions, symbols - 1)) < missing] = np.nan
    return values


def _regressors(sessions: int, *, seed: int = 3) -> FloatArray:
    """Six correlated funds, and a yield change a hundred times smaller."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.01, sessions)
    funds = common[:, None] * rng.uniform(0.5, 1.5, 6) + rng.normal(0, 0.004, (sessions, 6))
    return np.column_stack([funds, rng.normal(0, 0.0001, sessions)])


def test_simple_regression_gives_anscombes_published_values() -> None:
    """Anscombe, Graphs in Statistical Analysis, The American Statistician 27 (1973), page 19, data set 1."""
    x = np.array([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5], dtype=float)
    y = np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])
    fit = simple_regression(y[:, None], x)
    assert fit.beta[0] == pytest.approx(0.500, abs=5e-4)
    assert fit.intercept[0] == pytest.approx(3.00, abs=5e-3)
    assert fit.std_error[0] == pytest.approx(0.118, abs=5e-4)
    assert fit.r_squared[0] == pytest.approx(0.667, abs=5e-4)
    assert fit.observations[0] == 11


def test_simple_regression_gives_nists_certified_values() -> None:
    """NIST Statistical Reference Datasets, linear regression, Norris."""
    x = _numbers(
        "0.2 337.4 118.2 884.6 10.1 226.5 666.3 996.3 448.6 777.0 558.2 0.4 0.6 775.5 666.9 338.0 "
        "447.5 11.6 556.0 228.1 995.8 887.6 120.2 0.3 0.3 556.8 339.1 887.2 999.0 779.0 11.1 "
        "118.3 229.2 669.1 448.9 0.5"
    )
    y = _numbers(
        "0.1 338.8 118.1 888.0 9.2 228.1 668.5 998.5 449.1 778.9 559.2 0.3 0.1 778.1 668.8 339.3 "
        "448.9 10.8 557.7 228.3 998.0 888.8 119.6 0.3 0.6 557.6 339.3 888.0 998.5 778.9 10.2 "
        "117.6 228.9 668.4 449.2 0.2"
    )
    fit = simple_regression(y[:, None], x)
    assert fit.beta[0] == pytest.approx(1.00211681802045, rel=1e-12)
    assert fit.intercept[0] == pytest.approx(-0.262323073774029, rel=1e-11)
    assert fit.std_error[0] == pytest.approx(0.429796848199937e-03, rel=1e-11)
    assert fit.r_squared[0] == pytest.approx(0.999993745883712, rel=1e-12)


def test_partial_regression_gives_the_textbook_delivery_time_values() -> None:
    """Montgomery, Peck and Vining, Introduction to Linear Regression Analysis, 5th ed., example 3.1."""
    minutes = _numbers(
        "16.68 11.50 12.03 14.88 13.75 18.11 8.00 17.83 79.24 21.50 40.33 21.00 13.50 19.75 24.00 "
        "29.00 15.35 19.00 9.50 35.10 17.90 52.32 18.75 19.83 10.75"
    )
    cases = _numbers("7 3 3 4 6 7 2 7 30 5 16 10 4 6 9 10 6 7 3 17 10 26 9 8 4")
    feet = _numbers(
        "560 220 340 80 150 330 110 210 1460 605 688 215 255 462 448 776 200 132 36 770 140 810 450 635 150"
    )
    by_cases = partial_regression(minutes[:, None], cases, feet)
    by_feet = partial_regression(minutes[:, None], feet, cases)
    assert by_cases.beta[0] == pytest.approx(1.61591, abs=5e-6)
    assert by_feet.beta[0] == pytest.approx(0.01438, abs=5e-6)
    assert by_cases.intercept[0] == pytest.approx(2.34123, abs=5e-6)
    assert by_cases.r_squared[0] == pytest.approx(0.9596, abs=5e-5)
    assert by_cases.t_stat[0] == pytest.approx(9.46, abs=5e-3)
    assert by_feet.t_stat[0] == pytest.approx(3.98, abs=5e-3)
    assert by_cases.vif[0] == pytest.approx(3.1, abs=0.05)


def _same_as_statsmodels(fit: Regression, column: int, reference: Any, which: int) -> None:
    for ours, theirs in (
        (fit.beta, "params"),
        (fit.std_error, "bse"),
        (fit.t_stat, "tvalues"),
        (fit.p_value, "pvalues"),
    ):
        assert ours[column] == pytest.approx(getattr(reference, theirs)[which], rel=1e-8)
    assert fit.intercept[column] == pytest.approx(reference.params[0], rel=1e-8, abs=1e-14)
    assert fit.r_squared[column] == pytest.approx(reference.rsquared, rel=1e-8)
    assert fit.observations[column] == reference.nobs


def test_simple_regression_equals_statsmodels_with_missing_values() -> None:
    values = _market(90, 40)
    fit = simple_regression(values, values[:, 0])
    for column in range(1, values.shape[1]):
        used = np.isfinite(values[:, column])
        reference = sm.OLS(values[used, column], sm.add_constant(values[used, 0])).fit()
        _same_as_statsmodels(fit, column, reference, 1)
        np.testing.assert_allclose(fit.residuals[used, column], reference.resid, rtol=1e-8, atol=1e-15)
        assert np.isnan(fit.residuals[~used, column]).all()


def test_partial_regression_equals_statsmodels_on_both_regressors() -> None:
    values = _market(90, 40)
    yields = 0.02 * values[:, 0] + np.random.default_rng(1).normal(0, 0.0005, 90)
    yields[[5, 40]] = np.nan
    fit = partial_regression(values, yields, values[:, 0])
    for column in range(1, values.shape[1]):
        used = np.isfinite(values[:, column]) & np.isfinite(yields)
        regressors = sm.add_constant(np.column_stack([values[used, 0], yields[used]]))
        reference = sm.OLS(values[used, column], regressors).fit()
        _same_as_statsmodels(fit, column, reference, 2)
        np.testing.assert_allclose(fit.residuals[used, column], reference.resid, rtol=1e-8, atol=1e-15)
        assert fit.vif[column] == pytest.approx(variance_inflation_factor(regressors, 2), rel=1e-8)


def test_a_series_on_itself_has_beta_exactly_one_and_zero_residuals() -> None:
    values = _market(90, 5)
    values[[3, 50], 0] = np.nan
    fit = simple_regression(values, values[:, 0])
    assert (fit.beta[0], fit.r_squared[0], fit.std_error[0]) == (1.0, 1.0, 0.0)
    assert np.isnan(fit.t_stat[0])
    assert (fit.residuals[np.isfinite(values[:, 0]), 0] == 0.0).all()


def test_the_control_has_beta_exactly_zero() -> None:
    values = _market(90, 5)
    yields = 0.05 * values[:, 0] + np.random.default_rng(1).normal(0, 0.0005, 90)
    yields[[3, 50]] = np.nan
    fit = partial_regression(values, yields, values[:, 0])
    assert (fit.beta[0], fit.r_squared[0], fit.std_error[0]) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("level", [0.0, 0.0001, 1 / 3])
def test_a_constant_return_has_beta_zero_and_no_r_squared(level: float) -> None:
    values, regressors = _market(90, 2), _regressors(90)
    values[:, 1] = level
    for fit in (
        simple_regression(values, values[:, 0]),
        partial_regression(values, regressors[:, 6], values[:, 0]),
    ):
        assert (fit.beta[1] == 0.0).all()
        assert np.isnan(fit.r_squared[1])
        assert np.isnan(fit.t_stat[1]).all()
        assert sample_deviation(fit.residuals)[1] == 0.0


@pytest.mark.parametrize("level", [0.0, 0.0001, 1 / 3])
def test_a_constant_regressor_has_no_coefficient(level: float) -> None:
    values = _market(90, 3)
    constant = np.full(90, level)
    assert np.isnan(simple_regression(values, constant).beta).all()
    assert np.isnan(partial_regression(values, constant, values[:, 0]).beta).all()
    assert np.isnan(partial_regression(values, values[:, 0], constant).beta).all()


def test_a_regressor_that_is_a_multiple_of_the_control_has_no_coefficient() -> None:
    values = _market(90, 3)
    assert np.isnan(partial_regression(values, -values[:, 0] / 16, values[:, 0]).beta).all()


@pytest.mark.parametrize(("rows", "is_known"), [(0, False), (1, False), (2, False), (3, True)])
def test_fewer_than_three_rows_give_no_regression(rows: int, is_known: bool) -> None:
    values, regressors = _market(20, 3, missing=0.0), _regressors(20)
    values[rows:, 1] = np.nan
    simple = simple_regression(values, values[:, 0])
    assert np.isfinite(simple.beta).tolist() == [True, is_known, True]
    line = weighted_line(values, values[:, 0], np.ones(20))
    assert np.isfinite(line.slope).tolist() == [True, is_known, True]
    assert np.isnan(partial_regression(values, regressors[:, 0], values[:, 0]).beta[1])


def test_empty_inputs_are_allowed() -> None:
    assert simple_regression(np.empty((0, 2)), np.empty(0)).beta.shape == (2,)
    assert partial_regression(np.empty((5, 0)), np.arange(5.0), np.arange(5.0)).beta.shape == (0,)
    assert weighted_line(np.empty((0, 2)), np.empty(0), np.empty(0)).slope.shape == (2,)


def test_a_weighted_line_equals_statsmodels() -> None:
    values = _market(120, 8)
    weights = 0.5 ** (np.arange(119, -1, -1) / 30)
    line = weighted_line(values, values[:, 0], weights)
    for column in range(1, 8):
        used = np.isfinite(values[:, column])
        regressors = sm.add_constant(values[used, 0])
        reference = sm.WLS(values[used, column], regressors, weights=weights[used]).fit()
        assert line.intercept[column] == pytest.approx(reference.params[0], rel=1e-8, abs=1e-14)
        assert line.slope[column] == pytest.approx(reference.params[1], rel=1e-10)
        assert line.r_squared[column] == pytest.approx(reference.rsquared, rel=1e-8)
        assert line.observations[column] == used.sum()
    assert (line.slope[0], line.r_squared[0]) == (1.0, 1.0)


def test_sample_deviation_equals_numpy_over_known_rows() -> None:
    values = _market(90, 6)
    np.testing.assert_allclose(sample_deviation(values), np.nanstd(values, axis=0, ddof=1), rtol=1e-12)
    assert np.isnan(sample_deviation(values[:1])).all()
