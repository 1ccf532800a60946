"""Effective number of minimum-torsion bets of a portfolio."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from python_models.correlation.symbols import FloatArray
from python_models.panel import to_panel, window_ending

STEPS = 24  # usually 6 are needed; more when there are more symbols than sessions
TOLERANCE = 1e-8  # largest change of a bet's deviation in the last step
SMALLEST_EIGENVALUE = 1e-12  # of a singular matrix, whose torsion would not be unique
SLOPE_NODES = np.exp(np.linspace(-3.5, 2.5, 6))  # t of the slope's integral
FIRST_DAMPING, DAMPING_FACTOR = 0.01, 8.0


class _Root(NamedTuple):
    """The root of d rho d by its eigenvalues (scale) and vectors, with log d."""

    log_d: FloatArray
    scale: FloatArray
    vectors: FloatArray

    @property
    def difference(self) -> FloatArray:
        """Logarithm of the next d of the paper's steps, the diagonal of the root over d, less log d."""
        difference: FloatArray = np.log(self.vectors**2 @ self.scale) - 2 * self.log_d
        return difference

    @property
    def merit(self) -> float:
        """Largest at the solution; its gradient in log d is the diagonal of the root less d squared."""
        return float(self.scale.sum() - np.exp(2 * self.log_d).sum() / 2)


def effective_bets(exposures: FloatArray, rho: FloatArray) -> float:
    """Exponential of the entropy of the variance shares of a portfolio's minimum-torsion bets.

    exposures: shape (n_symbols,), signed, times the deviation of the symbol's returns. rho: their correlation
    matrix. The bets are uncorrelated and as close to the symbols as possible; there are as many of each.
    Between 1 and n_symbols; NaN for a portfolio without variance.
    Source: Meucci, Santangelo and Deguest, Risk Budgeting and Diversification Based on Optimized Uncorrelated
    Factors, Risk 28 (2015), section 3 and appendix.
    """
    if not len(exposures):
        return np.nan
    earned = (_minimum_torsion(rho) @ exposures) ** 2
    total = earned.sum()
    if not total > 0:
        return np.nan
    share = earned / total
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum()
    return float(np.exp(entropy))


def _minimum_torsion(rho: FloatArray) -> FloatArray:
    """The matrix that gives the deviation of each bet from standardized exposures: q c in the paper's terms.

    With d the deviations of the bets, q c is the root of d rho d over d, and d is its diagonal. The paper
    repeats that from d = 1. Newton's steps in log d need a third as many roots; a step that does not come
    nearer is tried again, damped towards the paper's, which always comes nearer.
    """
    root, damping, error = _root(np.zeros(len(rho)), rho), 0.0, np.inf
    slope = np.eye(len(rho))
    for _ in range(STEPS):
        d, difference = np.exp(root.log_d), root.difference
        last, error = error, float(np.abs(d * np.expm1(difference)).max())
        if error < TOLERANCE:
            break
        if not last > 30 * error:  # else the last slope is good enough
            slope = _slope(root)
        step = np.linalg.solve(slope + damping * np.eye(len(d)), (1 + damping) * difference)
        tried = _root(root.log_d + np.clip(step, -1, 1), rho)
        if tried.merit >= root.merit * (1 - 1e-12):
            root, damping = tried, damping / DAMPING_FACTOR if damping > FIRST_DAMPING else 0.0
        else:
            damping = max(damping * DAMPING_FACTOR, FIRST_DAMPING)
    torsion: FloatArray = (root.vectors * root.scale) @ root.vectors.T / np.exp(root.log_d)
    return torsion


def _root(log_d: FloatArray, rho: FloatArray) -> _Root:
    d = np.exp(log_d)
    values, vectors = np.linalg.eigh(d[:, None] * rho * d)
    return _Root(log_d, np.sqrt(np.maximum(values, SMALLEST_EIGENVALUE)), vectors)


def _slope(root: _Root) -> FloatArray:
    """Minus the derivative of root.difference in log d.

    It is proportional, row by row, to the integral over t > 0 of (root exp(-t root)) squared by element, and
    its rows add up to 1, since the root scales with d. Six nodes are enough for steps that correct errors.
    """
    decayed = root.scale * np.exp(-SLOPE_NODES[:, None] * root.scale)
    parts = (root.vectors * decayed[:, None, :]) @ root.vectors.T
    integral: FloatArray = np.tensordot(SLOPE_NODES, parts**2, 1)
    slope: FloatArray = integral / integral.sum(axis=1, keepdims=True)
    return slope


def symbol_deviations(returns: pd.DataFrame, dates: pd.Series, *, window: int) -> pd.DataFrame:
    """Sample deviation of each symbol's daily returns over the `window` sessions that end with each date.

    returns: long frame (symbol, as_of_date, session_number, daily_return). dates: the dates wanted. Columns:
    as_of_date, symbol, deviation; no row with fewer than two returns.
    """
    days, symbols, values = to_panel(returns, "daily_return")
    frames = [
        pd.DataFrame({"as_of_date": dates.iloc[:0], "symbol": pd.Index([], dtype=str), "deviation": []})
    ]
    for date in dates.unique():
        for row in np.flatnonzero(days == date):
            series = np.ascontiguousarray(values[window_ending(int(row), window)].T)
            known = np.isfinite(series)
            count = known.sum(axis=1)
            mean = np.where(known, series, 0.0).sum(axis=1) / np.maximum(count, 1)
            squares = np.where(known, series - mean[:, None], 0.0) ** 2
            deviation = np.sqrt(squares.sum(axis=1) / np.maximum(count - 1, 1))
            frame = pd.DataFrame({"as_of_date": date, "symbol": symbols, "deviation": deviation})
            frames.append(frame[count > 1])
    return pd.concat(frames, ignore_index=True)
