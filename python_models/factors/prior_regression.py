"""Regression of many symbols on several factors at once, with a prior for the betas and weighted sessions.

A generalized ridge: a noisy symbol's betas are drawn to the prior, those of a symbol that the factors explain
stay where the data puts them. Symbols are independent of each other; missing returns are masked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from python_models.factors.regression import (
    ROUNDING,
    BoolArray,
    FloatArray,
    Regression,
    centred,
    positive_or_nan,
)

SMALLEST_VARIANCE = 1e-14  # of a residual, per day: an exact fit is not divided by zero


class Prior(NamedTuple):
    """Independent normal priors of the betas: mean and deviation, shape (n_regressors,)."""

    mean: FloatArray
    deviation: FloatArray


class PriorFit(NamedTuple):
    """A regression, and the weighted variance of its residuals per day, shape (n_symbols,)."""

    regression: Regression
    residual_variance: FloatArray


class _Moments(NamedTuple):
    """Weighted moments over each symbol's rows, of regressors in units of their deviation over all rows.

    weights: shape (n_rows, n_symbols), adding up to 1. level, spread: what the regressors were reduced by.
    effective: the effective number of rows, 1 / sum w^2. mean: shape (n_symbols, k). covariance: shape
    (n_symbols, k, k).
    """

    weights: FloatArray
    unit: FloatArray
    level: FloatArray
    spread: FloatArray
    effective: FloatArray
    mean: FloatArray
    covariance: FloatArray


def prior_regression(
    returns: FloatArray, regressors: FloatArray, *, weights: FloatArray, prior: Prior
) -> PriorFit:
    """Posterior mean of the betas of each column, over the rows where it and all regressors have a value.

    returns: shape (n_sessions, n_symbols), daily returns, NaN where missing. regressors: shape (n_sessions,
    n_regressors). weights: shape (n_sessions,), positive. With weights W normalized over a symbol's rows,
    n = 1 / sum w^2, X and y around their weighted means and P = diag(1 / deviation^2):

        beta = (n X'WX / s2 + P)^-1 (n X'Wy / s2 + P mean),  s2 = n sum w e^2 / (n - k - 1)

    where e is the residual of the same regression without a prior. std_error is the root of the diagonal of
    the inverse, p_value NaN; t_stat = beta / std_error. r_squared and residual_variance are weighted; vif is
    that of the weighted correlation matrix, NaN where it is singular. A symbol whose effective number of rows
    leaves no degree of freedom has NaN. A symbol that equals the prior's mean of the regressors has exactly
    that mean.
    Source: Gelman et al., Bayesian Data Analysis, 3rd ed., section 14.8; Hoerl and Kennard (1970).
    """
    rows = np.isfinite(regressors).all(axis=1)
    common = np.isfinite(returns[rows])
    moments = _moments(regressors[rows], common, weights[rows])
    # beyond the prior's mean, so that a symbol equal to it is exactly zero
    beyond = returns[rows] - (regressors[rows] @ prior.mean)[:, None]
    y, y_mean = centred(beyond, common, moments.weights)
    products = (moments.weights * y).T @ moments.unit
    variance, vif = _without_prior(moments, y, products)
    inverse = np.linalg.inv(_precision(moments, variance, prior))
    slope = np.einsum("sij,sj->si", inverse, products * (moments.effective / variance)[:, None])
    left = np.where(common, y - _fitted(moments, slope), 0.0)
    residual_variance = (moments.weights * left * left).sum(axis=0)
    is_known = np.isfinite(variance)
    beta = np.where(is_known[:, None], prior.mean + slope / moments.spread, np.nan)
    std_error = np.sqrt(np.einsum("sii->si", inverse)) / moments.spread
    residuals = np.full(returns.shape, np.nan)
    residuals[rows] = np.where(common & is_known, left, np.nan)
    means = moments.level + moments.spread * moments.mean
    around, _ = centred(returns[rows], common, moments.weights)
    total = (moments.weights * around * around).sum(axis=0)
    regression = Regression(
        beta,
        intercept=y_mean - ((beta - prior.mean) * means).sum(axis=1),
        std_error=std_error,
        t_stat=beta / positive_or_nan(std_error),
        p_value=np.full_like(beta, np.nan),
        r_squared=1 - residual_variance / positive_or_nan(total),
        vif=vif,
        observations=common.sum(axis=0),
        residuals=residuals,
    )
    return PriorFit(regression, np.where(is_known, residual_variance, np.nan))


def _moments(regressors: FloatArray, common: BoolArray, weights: FloatArray) -> _Moments:
    share = np.where(common, weights[:, None], 0.0)
    share = share / np.where(share.any(axis=0), share.sum(axis=0), 1.0)
    squares = (share * share).sum(axis=0)
    known, level = centred(regressors, np.ones(regressors.shape, dtype=bool))
    deviation = np.sqrt((known * known).mean(axis=0)) if len(known) else np.ones(known.shape[1])
    spread = np.where(deviation > 0, deviation, 1.0)
    unit = known / spread
    k = unit.shape[1]
    mean = share.T @ unit
    second = share.T @ (unit[:, :, None] * unit[:, None, :]).reshape(len(unit), k * k)
    covariance = second.reshape(len(mean), k, k) - mean[:, :, None] * mean[:, None, :]
    return _Moments(share, unit, np.nan_to_num(level), spread, 1 / positive_or_nan(squares), mean, covariance)


def _without_prior(moments: _Moments, y: FloatArray, products: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The residual variance s2 without a prior, shape (n_symbols,), and inflation factors, (n_symbols, k)."""
    variance = np.einsum("sii->si", moments.covariance)
    deviation = np.sqrt(np.where(variance > ROUNDING, variance, 1.0))
    correlation = moments.covariance / (deviation[:, :, None] * deviation[:, None, :])
    values, vectors = np.linalg.eigh(correlation)
    is_used = values > ROUNDING
    inverse = np.where(is_used, 1 / np.where(is_used, values, 1.0), 0.0)
    rotated = np.einsum("sij,si->sj", vectors, products / deviation)
    slope = np.einsum("sij,sj->si", vectors, inverse * rotated) / deviation
    left = y - _fitted(moments, slope)
    squares = (moments.weights * left * left).sum(axis=0)
    freedom = positive_or_nan(moments.effective - len(moments.spread) - 1)
    is_regular = is_used.all(axis=1, keepdims=True)
    vif = np.einsum("sij,sj->si", vectors**2, np.where(is_regular, inverse, np.nan))
    return np.maximum(moments.effective * squares / freedom, SMALLEST_VARIANCE), vif


def _precision(moments: _Moments, variance: FloatArray, prior: Prior) -> FloatArray:
    """The posterior precision n X'WX / s2 + P; the identity where s2 is undefined."""
    k = len(moments.spread)
    deviation = prior.deviation * moments.spread
    precision = moments.covariance * (moments.effective / variance)[:, None, None] + np.diag(1 / deviation**2)
    return np.where(np.isfinite(variance)[:, None, None], precision, np.eye(k))


def _fitted(moments: _Moments, slope: FloatArray) -> FloatArray:
    fitted: FloatArray = moments.unit @ slope.T - (slope * moments.mean).sum(axis=1)
    return fitted
