"""Factor models: betas of symbols by regression on factor returns, one symbol never touching another's.

Missing returns are masked, not dropped: a regression uses the sessions on which both the symbol and the
factor have a return, so a gap or a short history of one symbol changes nobody else's numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

FloatArray = npt.NDArray[np.float64]


class SimpleRegression(NamedTuple):
    """Results of one OLS with intercept per symbol, arrays of shape (n_symbols,); NaN where undefined."""

    beta: FloatArray
    std_error: FloatArray
    t_stat: FloatArray
    p_value: FloatArray
    r_squared: FloatArray
    observations: npt.NDArray[np.int64]


def simple_regression(returns: FloatArray, factor: FloatArray) -> SimpleRegression:
    """OLS of each column on one regressor with intercept, over the rows where both have a value.

    returns: shape (n_sessions, n_symbols), daily returns, NaN where missing. factor: shape (n_sessions,).
    A symbol with fewer than three common observations, or a factor that does not move, gives NaN. The
    standard error is the classical one, with n - 2 degrees of freedom; t and p are NaN for a perfect fit.
    Source: any text, e.g. Greene, Econometric Analysis, section 3.2; agrees with statsmodels OLS.
    """
    common = np.isfinite(returns) & np.isfinite(factor)[:, None]
    count = common.sum(axis=0)
    n = np.where(count >= 3, count, np.nan)  # noqa: PLR2004  # two parameters need a third point
    y = np.where(common, returns, 0.0)
    x = np.where(common, factor[:, None], 0.0)
    y = np.where(common, y - y.sum(axis=0) / n, 0.0)
    x = np.where(common, x - x.sum(axis=0) / n, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sxx = _positive((x * x).sum(axis=0))
        beta = (x * y).sum(axis=0) / sxx
        residual_ss = ((y - beta * x) ** 2).sum(axis=0)
        std_error = np.sqrt(residual_ss / (n - 2) / sxx)
        t_stat = beta / _positive(std_error)
        r_squared = 1 - residual_ss / _positive((y * y).sum(axis=0))
    p_value = 2 * stats.t.sf(np.abs(t_stat), n - 2)
    return SimpleRegression(beta, std_error, t_stat, p_value, r_squared, count)


def _positive(values: FloatArray) -> FloatArray:
    """The values, NaN in place of zero: what divides by them is undefined, not infinite."""
    return np.where(values > 0, values, np.nan)


class RegressionRules(NamedTuple):
    """When a regression counts. window: sessions; minimum: fewest common observations; clip: largest beta."""

    window: int
    minimum: int
    clip: float
    full_history_share: float


def market_model(
    returns: pd.DataFrame, *, market_symbol: str, rules: RegressionRules, from_date: str
) -> pd.DataFrame:
    """Market betas of every symbol for each session from from_date on.

    returns: long frame (symbol, as_of_date, session_number, daily_return), reaching back one window before
    from_date. A date's regression sees the `window` sessions that end on it. Symbols with fewer than
    `minimum` common observations get no row. Betas are clipped to +-clip and say so; the standard error,
    t and p describe the unclipped fit. Columns: those of fct_symbol_factor_betas.
    """
    grid = returns.pivot_table(index="session_number", columns="symbol", values="daily_return", sort=True)
    if market_symbol not in grid.columns:
        return _no_betas()
    dates = returns.drop_duplicates("session_number").set_index("session_number")["as_of_date"]
    sessions = np.arange(grid.index.min(), grid.index.max() + 1)
    values = grid.reindex(sessions).to_numpy(dtype=np.float64)
    market = values[:, list(grid.columns).index(market_symbol)]
    frames = [_no_betas()]
    for row in np.flatnonzero(dates.reindex(sessions) >= pd.Timestamp(from_date)):
        window = slice(max(0, int(row) - rules.window + 1), int(row) + 1)
        fit = simple_regression(values[window], market[window])
        frames.append(_market_rows(fit, grid.columns, dates[sessions[row]], rules))
    return pd.concat(frames, ignore_index=True)


def _market_rows(
    fit: SimpleRegression, symbols: pd.Index[str], as_of_date: pd.Timestamp, rules: RegressionRules
) -> pd.DataFrame:
    kept = (fit.observations >= rules.minimum) & np.isfinite(fit.beta)
    is_full = fit.observations >= rules.full_history_share * rules.window
    frame = pd.DataFrame(
        {
            "symbol": symbols,
            "as_of_date": as_of_date,
            "model": "market",
            "factor": "Market",
            "beta": np.clip(fit.beta, -rules.clip, rules.clip),
            "is_clipped": np.abs(fit.beta) > rules.clip,
            "std_error": fit.std_error,
            "t_stat": fit.t_stat,
            "p_value": fit.p_value,
            "r_squared": fit.r_squared,
            "vif": 1.0,  # one regressor is collinear with nothing
            "observations": fit.observations,
            "window_days": rules.window,
            "quality_flag": np.where(is_full, "full_history", "limited_history"),
        }
    )
    return frame[kept]


def _no_betas() -> pd.DataFrame:
    """The frame of a day without betas, with its columns and their types."""
    nothing = simple_regression(np.empty((0, 0)), np.empty(0))
    return _market_rows(nothing, pd.Index([], dtype=str), pd.Timestamp(0), RegressionRules(0, 0, 1.0, 1.0))
