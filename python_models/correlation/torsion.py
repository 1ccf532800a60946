"""Effective number of minimum-torsion bets of a portfolio."""

from __future__ import annotations

import numpy as np
import pandas as pd

from python_models.correlation.symbols import FloatArray
from python_models.panel import to_panel, window_ending

STEPS = 60  # usually about 20 are needed; more when there are more symbols than sessions
TOLERANCE = 1e-8  # largest change of a bet's deviation in the last step
SMALLEST_EIGENVALUE = 1e-12  # of a singular matrix, whose torsion would not be unique


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

    c is the root of rho. The rotation q is the orthogonal factor of d c, where d holds the deviations of the
    bets, the diagonal of q c; both in turn from d = 1.
    """
    values, vectors = np.linalg.eigh(rho)
    root: FloatArray = (vectors * np.sqrt(np.maximum(values, SMALLEST_EIGENVALUE))) @ vectors.T
    deviations = np.ones(len(rho))
    bets = root
    for _ in range(STEPS):
        left, _scale, right = np.linalg.svd(deviations[:, None] * root)
        bets = left @ right @ root
        moved = np.abs(np.diagonal(bets) - deviations).max()
        deviations = np.diagonal(bets).copy()
        if moved < TOLERANCE:
            break
    return bets


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
