"""Betas of all five factor models, compared with a loop of statsmodels over symbols.

The peer gets prepared data: aligned arrays per window, with the factors computed. Only its regressions are
timed, on an evenly spread sample of the symbols or dates; its time is scaled up accordingly.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.api as sm

from python_models.factors.betas import factor_betas
from tests.benchmarks.comparison import Comparison, best_of, once
from tests.method_config import FACTOR_CONFIG
from warehouse.settings import project_root

FloatArray = npt.NDArray[np.float64]

PEER = "a loop of statsmodels OLS"
FUNDS = ["SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV", "TLT"]
STYLES = FUNDS[1:7]
SPREADS = [("VUG", "VTV"), ("MTUM", "SPY"), ("IWM", "SPY"), ("QUAL", "SPY")]


def measure() -> list[Comparison]:
    """One session of 3,000 symbols, and 250 sessions of 60; one symbol in twenty has gaps."""
    return [
        _compare(symbols=3000, dates=1, sampled_symbols=60, sampled_dates=1, limit=3.0, times=15),
        _compare(symbols=60, dates=250, sampled_symbols=60, sampled_dates=3, limit=np.inf, times=20),
    ]


def _compare(
    *, symbols: int, dates: int, sampled_symbols: int, sampled_dates: int, limit: float, times: int
) -> Comparison:
    wide, yields = _market(503 + dates, symbols)
    returns, changes = _frames(wide, yields)
    factors = pd.read_csv(Path(project_root()) / "dbt_project/seeds/factors.csv")
    from_date = str(wide.index[503].date())

    def ours() -> pd.DataFrame:
        return factor_betas(returns, changes, factors, rules=FACTOR_CONFIG, from_date=from_date)

    chosen_symbols = wide.columns[np.linspace(0, symbols - 1, sampled_symbols).astype(int)]
    chosen_dates = np.linspace(503, 502 + dates, sampled_dates).astype(int)
    share = sampled_symbols / symbols * sampled_dates / dates
    seconds = best_of(ours, times=3)
    peer_seconds = once(lambda: _loop(wide, yields, chosen_dates, chosen_symbols)) / share
    target = f"at least {times} times as fast" + (f", under {limit:.0f} s" if limit < np.inf else "")
    return Comparison(
        what=f"five factor models, {symbols:,} symbols, {dates} session{'s' * (dates > 1)}",
        seconds=seconds,
        peer=PEER,
        peer_seconds=peer_seconds,
        peer_share=share,
        target=target,
        is_met=peer_seconds >= times * seconds and seconds < limit,
    )


def _market(sessions: int, symbols: int) -> tuple[pd.DataFrame, FloatArray]:
    """Returns of funds and stocks by session; every twentieth symbol lacks a tenth of its returns."""
    rng = np.random.default_rng(11)
    market = rng.normal(0.0004, 0.01, (sessions, 1))
    values = rng.uniform(0.3, 1.8, symbols) * market + rng.normal(0, 0.012, (sessions, symbols))
    values[:, :1] = market
    for column in range(20, symbols, 20):
        values[rng.random(sessions) < 0.1, column] = np.nan
    names = FUNDS + [f"S{i:04}" for i in range(symbols - len(FUNDS))]
    wide = pd.DataFrame(values, index=pd.bdate_range("2023-01-02", periods=sessions), columns=names)
    return wide, rng.normal(0, 0.0006, sessions)


def _frames(wide: pd.DataFrame, yields: FloatArray) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = wide.rename_axis("as_of_date").reset_index()
    frame["session_number"] = np.arange(len(frame))
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    changes = pd.DataFrame({"session_number": np.arange(len(yields)), "yield_change": yields})
    return long.dropna(), changes


def _loop(wide: pd.DataFrame, yields: FloatArray, rows: Sequence[int], symbols: Sequence[str]) -> None:
    """The regressions of each symbol and session, as usually written with the library."""
    for row in rows:
        window = {length: wide.iloc[row - length + 1 : row + 1] for length in (90, 180, 504)}
        rate = {length: yields[row - length + 1 : row + 1] for length in (90, 504)}
        weights = 0.5 ** (np.arange(503, -1, -1) / FACTOR_CONFIG.half_life)
        market = window[504]["SPY"].to_numpy()
        plain = np.column_stack([window[504][STYLES].to_numpy(), rate[504]])
        beyond = [sm.WLS(each, sm.add_constant(market), weights=weights).fit().resid for each in plain.T]
        factors = np.column_stack([market, *beyond])
        ninety, bonds = window[90]["SPY"].to_numpy(), window[90]["TLT"].to_numpy()
        spreads = [(window[180][long] - window[180][short]).to_numpy() for long, short in SPREADS]
        for symbol in symbols:
            returns = window[90][symbol].to_numpy()
            _ols(returns, ninety[:, None])
            _ols(returns, np.column_stack([ninety, rate[90]]))
            _ols(returns, np.column_stack([ninety, bonds]))
            for spread in spreads:
                _ols(window[180][symbol].to_numpy(), np.column_stack([window[180]["SPY"], spread]))
            _mixed(window[504][symbol].to_numpy(), factors, weights)


def _ols(y: FloatArray, x: FloatArray) -> None:
    """Compute the statistics of one OLS."""
    known = np.isfinite(y)
    fit = sm.OLS(y[known], sm.add_constant(x[known])).fit()
    _ = (fit.params, fit.bse, fit.tvalues, fit.pvalues, fit.rsquared)


def _mixed(y: FloatArray, x: FloatArray, weights: FloatArray) -> None:
    """Compute one regression with a prior: mixed estimation, its errors and inflation factors."""
    known = np.isfinite(y)
    w = weights[known] / weights[known].sum()
    n = 1 / (w**2).sum()
    x, y = x[known] - w @ x[known], y[known] - w @ y[known]
    plain = sm.WLS(y, x, weights=w).fit()
    scale = np.sqrt(n * w / (n * (w * plain.resid**2).sum() / (n - x.shape[1] - 1)))
    deviation = np.array([FACTOR_CONFIG.prior_deviation_style] * 7 + [FACTOR_CONFIG.prior_deviation_rate])
    mean = np.eye(1, x.shape[1])[0]
    rows = np.vstack([x * scale[:, None], np.diag(1 / deviation)])
    fit = sm.OLS(np.concatenate([y * scale, mean / deviation]), rows).fit()
    _ = (fit.params, fit.bse, np.diag(np.linalg.inv(np.corrcoef(x, rowvar=False))))
