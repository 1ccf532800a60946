"""What forecasts of volatility are compared with: the returns since then of the weights of then."""

from __future__ import annotations

import numpy as np
import pandas as pd

from python_models.panel import FloatArray, to_panel, window_ending
from python_models.portfolio.pro_forma import pro_forma_returns
from python_models.portfolio.volatility import SESSIONS_A_YEAR


def forecast_outcomes(weights: pd.DataFrame, returns: pd.DataFrame, *, horizon: int) -> pd.DataFrame:
    """Return and volatility over the `horizon` sessions that end with each date, of the weights before them.

    weights: portfolio_id, as_of_date, symbol, weight (of the session before the horizon: delta-adjusted
    exposure / equity), one row per portfolio, date and symbol. returns: long frame
    (symbol, as_of_date, session_number, daily_return). Columns: portfolio_id, as_of_date, pro_forma_return
    (sum of daily returns, decimal), pro_forma_volatility (annualized root mean square, decimal).
    A symbol without any return in those sessions counts nothing; a portfolio with another return missing has
    no row, unless its weight is zero.
    """
    dates, symbols, values = to_panel(returns, "daily_return")
    frames = [_no_outcomes(weights)]
    for date, held in weights.groupby("as_of_date"):
        end = np.flatnonzero(dates == date)
        if not len(end) or end[0] < horizon - 1:
            continue
        portfolios, daily = _daily_returns(held, symbols, values[window_ending(int(end[0]), horizon)])
        columns = {
            "portfolio_id": portfolios,
            "as_of_date": date,
            "pro_forma_return": daily.sum(axis=0),
            "pro_forma_volatility": np.sqrt(SESSIONS_A_YEAR / horizon * (daily**2).sum(axis=0)),
        }
        frames.append(pd.DataFrame(columns).iloc[np.flatnonzero(np.isfinite(daily).all(axis=0))])
    return pd.concat(frames, ignore_index=True)


def _daily_returns(
    held: pd.DataFrame, symbols: pd.Index[str], window: FloatArray
) -> tuple[pd.Index[str], FloatArray]:
    """The portfolios, and the returns of their weights, shape (n_sessions, n_portfolios)."""
    priced = held[held["symbol"].isin(symbols)]
    places, portfolios = pd.factorize(priced["portfolio_id"], sort=True)
    weights = np.full((len(portfolios), len(symbols)), np.nan)
    weights[places, symbols.get_indexer(pd.Index(priced["symbol"]))] = priced["weight"]
    return portfolios, pro_forma_returns(np.nan_to_num(weights), window, np.isfinite(weights))


def _no_outcomes(weights: pd.DataFrame) -> pd.DataFrame:
    empty = weights[["portfolio_id", "as_of_date"]].iloc[:0]
    return empty.assign(pro_forma_return=np.empty(0), pro_forma_volatility=np.empty(0))
