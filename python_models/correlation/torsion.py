"""Effective number of minimum-torsion bets of a portfolio."""

from __future__ import annotations

import numpy as np
import pandas as pd

from python_models.correlation.symbols import FloatArray
from python_models.panel import to_panel, window_ending

STEPS = 60  # usually 6 are needed; more when there are more symbols than sessions
TOLERANCE = 1e-8  # largest logarithmic change of a bet's deviation in the last step
SMALLEST_EIGENVALUE = 1e-12  # of a singular matrix, whose torsion would not be unique
NEWTON_NODES = np.exp(np.linspace(-3.5, 2.5, 6))  # t of the slope's integral


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
    repeats that from d = 1. Newton's steps in log d need a third as many roots; the paper's steps take over
    once a Newton step does not halve the error, as with more symbols than sessions.
    """
    log_d, before, error, newton = np.zeros(len(rho)), np.zeros(len(rho)), np.inf, True
    for number in range(STEPS):
        d = np.exp(log_d)
        values, vectors = np.linalg.eigh(d[:, None] * rho * d)
        scale = np.sqrt(np.maximum(values, SMALLEST_EIGENVALUE))
        difference = np.log(vectors**2 @ scale) - 2 * log_d
        last, error = error, float(np.abs(difference).max())
        if error < TOLERANCE:
            break
        if newton and error > last / 2:  # that step is undone
            newton, log_d, error = False, before, last
            continue
        before = log_d
        if newton and (number == 0 or error > last / 30):  # else the last slope is good enough
            slope = _newton_slope(scale, vectors)
        log_d = log_d + (np.clip(slope @ difference, -1, 1) if newton else difference)
    torsion: FloatArray = (vectors * scale) @ vectors.T / d
    return torsion


def _newton_slope(scale: FloatArray, vectors: FloatArray) -> FloatArray:
    """Inverse of minus the derivative of log diag(root) - 2 log d in log d. scale, vectors: of the root.

    The derivative is proportional, row by row, to the integral over t > 0 of (root exp(-t root)) squared by
    element. Its rows add up to -1, since the root scales with d. Six nodes are enough for steps that correct
    themselves.
    """
    decayed = scale * np.exp(-NEWTON_NODES[:, None] * scale)
    parts = (vectors * decayed[:, None, :]) @ vectors.T
    derivative = np.tensordot(NEWTON_NODES, parts**2, 1)
    inverse: FloatArray = np.linalg.inv(derivative / derivative.sum(axis=1, keepdims=True))
    return inverse


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
