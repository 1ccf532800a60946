"""Regressions of many symbols at once, each over its own rows and independent of the others.

Missing returns are masked, not dropped: a regression uses the sessions on which the symbol and every
regressor have a value, so a gap or a short history of one symbol does not affect the others. A series that is
constant over a symbol's rows is exactly zero after centring, so that rounding is never taken for variation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

FEWEST_ROWS = 3  # a line through two points leaves no degrees of freedom
ROUNDING = 1e-12  # a share of a variance below this is rounding


class Regression(NamedTuple):
    """One regression with intercept per symbol; NaN where undefined.

    beta, std_error, t_stat, p_value, vif: shape (n_symbols,), or (n_symbols, n_regressors) of a joint one.
    intercept, r_squared, observations: shape (n_symbols,).
    residuals: shape (n_sessions, n_symbols), NaN on the sessions that the symbol's regression does not use.
    """

    beta: FloatArray
    intercept: FloatArray
    std_error: FloatArray
    t_stat: FloatArray
    p_value: FloatArray
    r_squared: FloatArray
    vif: FloatArray
    observations: npt.NDArray[np.int64]
    residuals: FloatArray


def simple_regression(returns: FloatArray, regressor: FloatArray) -> Regression:
    """OLS of each column on one regressor with intercept, over the rows where both have a value.

    returns: shape (n_sessions, n_symbols), daily returns, NaN where missing. regressor: shape (n_sessions,).
    A symbol with fewer than three common observations, or a constant regressor, gives NaN. The standard error
    is the classical one, with n - 2 degrees of freedom; t and p are NaN for a perfect fit; r_squared is NaN
    for a constant return. A series regressed on itself has beta exactly 1.
    Source: Greene, Econometric Analysis, section 3.2; agrees with statsmodels OLS.
    """
    common = np.isfinite(returns) & np.isfinite(regressor)[:, None]
    count = common.sum(axis=0)
    y, y_mean = centred(returns, common)
    x, x_mean = centred(np.broadcast_to(regressor[:, None], returns.shape), common)
    beta, residuals = _slope(x, y, count >= FEWEST_ROWS)
    return _single(
        beta,
        intercept=y_mean - beta * x_mean,
        regressor=x,
        residuals=residuals,
        common=common,
        total=_squares(y),
        freedom=count - 2,
        vif=np.where(np.isfinite(beta), 1.0, np.nan),
    )


def partial_regression(returns: FloatArray, regressor: FloatArray, control: FloatArray) -> Regression:
    """OLS of each column on a control and a regressor, with intercept: the regressor's coefficient.

    returns: shape (n_sessions, n_symbols), daily returns, NaN where missing. regressor, control: shape
    (n_sessions,). Over the rows where all three have a value, return and regressor are each residualized on
    the control, then one on the other (Frisch-Waugh-Lovell): a symbol that equals the control has beta
    exactly 0. r_squared is that of both regressors together, vif = 1 / (1 - rho^2), n - 3 degrees of freedom.
    Fewer than four common observations, a constant control, or a regressor collinear with the control give
    NaN.
    Source: Greene, Econometric Analysis, section 3.3; agrees with statsmodels OLS.
    """
    common = np.isfinite(returns) & (np.isfinite(regressor) & np.isfinite(control))[:, None]
    count = common.sum(axis=0)
    is_enough = count > FEWEST_ROWS
    y, y_mean = centred(returns, common)
    x, x_mean = centred(np.broadcast_to(regressor[:, None], returns.shape), common)
    z, z_mean = centred(np.broadcast_to(control[:, None], returns.shape), common)
    y_on_control, y_beyond = _slope(z, y, is_enough)
    x_on_control, x_beyond = _slope(z, x, is_enough)
    left = _squares(x_beyond) / positive_or_nan(_squares(x))
    beta, residuals = _slope(x_beyond, y_beyond, left > ROUNDING)
    return _single(
        beta,
        intercept=y_mean - beta * x_mean - (y_on_control - beta * x_on_control) * z_mean,
        regressor=x_beyond,
        residuals=residuals,
        common=common,
        total=_squares(y),
        freedom=count - 3,
        vif=1 / np.where(np.isfinite(beta), left, np.nan),
    )


class Line(NamedTuple):
    """A weighted line through each column, arrays of shape (n_columns,): see weighted_line."""

    intercept: FloatArray
    slope: FloatArray
    r_squared: FloatArray
    observations: npt.NDArray[np.int64]


def weighted_line(values: FloatArray, regressor: FloatArray, weights: FloatArray) -> Line:
    """Weighted least squares of each column on one regressor, with intercept.

    values: shape (n_sessions, n_columns), NaN where missing. regressor, weights: shape (n_sessions,). Over
    the rows where both have a value; fewer than three, or a constant regressor, give NaN.
    Source: Greene, Econometric Analysis, section 9.6; agrees with statsmodels WLS.
    """
    common = np.isfinite(values) & np.isfinite(regressor)[:, None]
    weight = np.where(common, weights[:, None], 0.0)
    weight = weight / positive_or_nan(weight.sum(axis=0))
    y, y_mean = centred(values, common, weight)
    x, x_mean = centred(np.broadcast_to(regressor[:, None], values.shape), common, weight)
    count = common.sum(axis=0)
    squares = np.where(count >= FEWEST_ROWS, (weight * x * x).sum(axis=0), np.nan)
    slope = (weight * x * y).sum(axis=0) / positive_or_nan(squares)
    left = y - slope * x
    explained = 1 - (weight * left * left).sum(axis=0) / positive_or_nan((weight * y * y).sum(axis=0))
    return Line(y_mean - slope * x_mean, slope, explained, count)


def centred(
    values: FloatArray, common: BoolArray, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Each column minus its mean over the rows of `common`, 0 on the others; and the means.

    values, common: shape (n_sessions, n_columns). weights: of the rows in each column's mean, adding up to 1
    over its rows of `common`; equal by default. A column that is constant over its rows is exactly 0.
    """
    known = np.where(common, values, 0.0)
    if weights is None:
        mean = known.sum(axis=0) / positive_or_nan(common.sum(axis=0))
    else:
        mean = (weights * known).sum(axis=0)
    highest = values.max(axis=0, initial=-np.inf, where=common)
    moves = common & (highest > values.min(axis=0, initial=np.inf, where=common))
    return np.where(moves, known - mean, 0.0), mean


def sample_deviation(values: FloatArray) -> FloatArray:
    """Sample standard deviation (ddof 1) of each column over its known rows; NaN for fewer than two.

    values: shape (n_sessions, n_columns), NaN where missing. A constant column has exactly 0.
    """
    common = np.isfinite(values)
    around, _ = centred(values, common)
    return np.sqrt(_squares(around) / positive_or_nan(common.sum(axis=0) - 1))


def _slope(x: FloatArray, y: FloatArray, is_defined: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Slopes of centred columns on centred columns, and the residuals."""
    beta = (x * y).sum(axis=0) / np.where(is_defined, positive_or_nan(_squares(x)), np.nan)
    return beta, y - beta * x


def _single(
    beta: FloatArray,
    *,
    intercept: FloatArray,
    regressor: FloatArray,
    residuals: FloatArray,
    common: BoolArray,
    total: FloatArray,
    freedom: npt.NDArray[np.int64],
    vif: FloatArray,
) -> Regression:
    """A regression's statistics from its slope, its centred regressor and its residuals."""
    left = _squares(residuals)
    std_error = np.sqrt(left / positive_or_nan(freedom) / positive_or_nan(_squares(regressor)))
    t_stat = beta / positive_or_nan(std_error)
    return Regression(
        beta,
        intercept=intercept,
        std_error=std_error,
        t_stat=t_stat,
        p_value=2 * special.stdtr(positive_or_nan(freedom), -np.abs(t_stat)),
        r_squared=1 - left / positive_or_nan(total),
        vif=vif,
        observations=common.sum(axis=0),
        residuals=np.where(common, residuals, np.nan),
    )


def _squares(values: FloatArray) -> FloatArray:
    """Sum of squares of each column."""
    total: FloatArray = (values * values).sum(axis=0)
    return total


def positive_or_nan(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> FloatArray:
    """The values with NaN for those not positive, so that division by them is undefined, not infinite."""
    return np.where(values > 0, values, np.nan)
