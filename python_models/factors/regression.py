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

    beta, std_error, t_stat, p_value, vif: shape (n_symbols,), or (n_symbols, n_regressors) of a ridge.
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
    left = _squares(x_beyond) / _positive(_squares(x))
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


def ridge_regression(returns: FloatArray, regressors: FloatArray, *, alpha: float) -> Regression:
    """Ridge of each column on several regressors, intercept unpenalized, over rows where all have a value.

    returns: shape (n_sessions, n_symbols), NaN where missing. regressors: shape (n_sessions, n_regressors).
    Over a symbol's rows the regressors are standardized by their population deviation (Z), the return is
    centred (y): (Z'Z + alpha I)^-1 Z'y, converted back to raw units. std_error is the root of the diagonal of
    sigma^2 (Z'Z + alpha I)^-1 Z'Z (Z'Z + alpha I)^-1, sigma^2 = SSR / (n - k - 1); t_stat = beta / std_error;
    p_value is NaN, since a ridge's t has no t distribution. vif: the diagonal of the inverse correlation
    matrix, NaN where regressors are exactly collinear. A regressor that is constant over a symbol's rows has
    no coefficient (NaN) and does not affect the others; fewer than three rows give NaN.
    alpha: at least 0, in units of observations; 0 is OLS. Source: Hoerl and Kennard, Ridge Regression,
    Technometrics 12 (1970), equations 2.1 and 4.2; agrees with sklearn's StandardScaler and Ridge.
    """
    if alpha < 0:
        raise ValueError(f"`alpha` must be at least 0, got {alpha}")
    rows = np.isfinite(regressors).all(axis=1)
    common = np.isfinite(returns[rows])
    count = common.sum(axis=0)
    y, y_mean = centred(returns[rows], common)
    known = centred(regressors[rows], np.ones((int(rows.sum()), regressors.shape[1]), dtype=bool))
    unit, level, spread = _scaled(*known)
    moments = _moments(unit, common)
    fit = _ridge(moments, y.T @ unit, count, alpha)

    slope = np.where(moments.moves, fit.coefficient, 0.0) / moments.deviation
    fitted = unit @ slope.T - (slope * moments.mean).sum(axis=1)
    is_used = common & moments.moves.any(axis=1)
    left_over = np.where(is_used, y - fitted, 0.0)
    freedom = count - moments.moves.sum(axis=1) - 1
    variance = fit.spread * (_squares(left_over) / _positive(freedom))[:, None]
    beta = np.where(moments.moves, slope, np.nan) / spread
    std_error = np.where(moments.moves, np.sqrt(variance), np.nan) / moments.deviation / spread
    residuals = np.full(returns.shape, np.nan)
    residuals[rows] = np.where(is_used, left_over, np.nan)
    return Regression(
        beta,
        intercept=y_mean - (slope / spread * (level + spread * moments.mean)).sum(axis=1),
        std_error=std_error,
        t_stat=beta / _positive(std_error),
        p_value=np.full_like(beta, np.nan),
        r_squared=1 - _squares(left_over) / np.where(is_used.any(axis=0), _positive(_squares(y)), np.nan),
        vif=np.where(moments.moves, fit.vif, np.nan),
        observations=count,
        residuals=residuals,
    )


def centred(values: FloatArray, common: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Each column minus its mean over the rows of `common`, 0 on the others; and the means.

    values, common: shape (n_sessions, n_columns). A column that is constant over its rows is exactly 0.
    """
    known = np.where(common, values, 0.0)
    mean = known.sum(axis=0) / _positive(common.sum(axis=0))
    highest = values.max(axis=0, initial=-np.inf, where=common)
    moves = common & (highest > values.min(axis=0, initial=np.inf, where=common))
    return np.where(moves, known - mean, 0.0), mean


def sample_deviation(values: FloatArray) -> FloatArray:
    """Sample standard deviation (ddof 1) of each column over its known rows; NaN for fewer than two.

    values: shape (n_sessions, n_columns), NaN where missing. A constant column has exactly 0.
    """
    common = np.isfinite(values)
    around, _ = centred(values, common)
    return np.sqrt(_squares(around) / _positive(common.sum(axis=0) - 1))


def _slope(x: FloatArray, y: FloatArray, is_defined: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Slopes of centred columns on centred columns, and the residuals."""
    beta = (x * y).sum(axis=0) / np.where(is_defined, _positive(_squares(x)), np.nan)
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
    std_error = np.sqrt(left / _positive(freedom) / _positive(_squares(regressor)))
    t_stat = beta / _positive(std_error)
    return Regression(
        beta,
        intercept=intercept,
        std_error=std_error,
        t_stat=t_stat,
        p_value=2 * special.stdtr(_positive(freedom), -np.abs(t_stat)),
        r_squared=1 - left / _positive(total),
        vif=vif,
        observations=common.sum(axis=0),
        residuals=np.where(common, residuals, np.nan),
    )


class _Moments(NamedTuple):
    """Moments of the regressors over a symbol's rows: mean, deviation (n_symbols, k), correlation (…, k, k).

    moves: which regressors vary over the symbol's rows; constant ones get deviation 1 and no correlation.
    """

    mean: FloatArray
    deviation: FloatArray
    correlation: FloatArray
    moves: BoolArray


def _scaled(around: FloatArray, level: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Columns scaled to order one, with levels and scales, so that sums of products lose no digits."""
    spread = np.sqrt((around * around).mean(axis=0)) if len(around) else np.ones(around.shape[1])
    spread = np.where(spread > 0, spread, 1.0)
    return around / spread, np.where(np.isfinite(level), level, 0.0), spread


def _moments(unit: FloatArray, common: BoolArray) -> _Moments:
    """Moments of the columns over each symbol's rows, by products with the mask."""
    sessions, k = unit.shape
    mask = common.T.astype(np.float64)
    count = common.sum(axis=0)
    weight = mask / np.maximum(count, 1)[:, None]
    mean = weight @ unit
    second = weight @ (unit[:, :, None] * unit[:, None, :]).reshape(sessions, k * k)
    covariance = second.reshape(len(mean), k, k) - mean[:, :, None] * mean[:, None, :]
    variance = np.einsum("sii->si", covariance)
    moves = (variance > ROUNDING) & (count >= FEWEST_ROWS)[:, None]
    deviation = np.sqrt(np.where(moves, variance, 1.0))
    correlation = covariance / (deviation[:, :, None] * deviation[:, None, :])
    correlation = np.where(moves[:, :, None] & moves[:, None, :], correlation, 0.0)
    correlation[:, np.arange(k), np.arange(k)] = 1.0
    return _Moments(mean, deviation, correlation, moves)


class _Ridge(NamedTuple):
    """Standardized coefficients, their variances per unit of sigma^2, and vif: shape (n_symbols, k)."""

    coefficient: FloatArray
    spread: FloatArray
    vif: FloatArray


def _ridge(moments: _Moments, products: FloatArray, count: npt.NDArray[np.int64], alpha: float) -> _Ridge:
    """Ridge by eigendecomposition of the correlation matrices: never singular, so no symbol fails others."""
    values, vectors = np.linalg.eigh(moments.correlation)
    # rounding may leave a tiny negative eigenvalue
    values = np.maximum(values, 0.0)
    gram = values * count[:, None]
    inverse = 1 / _positive(gram + alpha)
    rotated = np.einsum("sij,si->sj", vectors, products / moments.deviation)
    is_regular = values[:, :1] > ROUNDING
    return _Ridge(
        coefficient=np.einsum("sij,sj->si", vectors, inverse * rotated),
        spread=np.einsum("sij,sj->si", vectors**2, gram * inverse**2),
        vif=np.einsum("sij,sj->si", vectors**2, 1 / np.where(is_regular, values, np.nan)),
    )


def _squares(values: FloatArray) -> FloatArray:
    """Sum of squares of each column."""
    total: FloatArray = (values * values).sum(axis=0)
    return total


def _positive(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> FloatArray:
    """The values with NaN for those not positive, so that division by them is undefined, not infinite."""
    return np.where(values > 0, values, np.nan)
