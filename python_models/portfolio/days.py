"""A date's holdings with the returns of the sessions before it, and what its options gain on them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from python_models.factors.returns import FactorConfig, daily_inputs, factor_models, residual_factors
from python_models.options.exercise import is_american
from python_models.panel import FloatArray, window_ending
from python_models.portfolio.draws import Draws, uniform_draws
from python_models.portfolio.pro_forma import ProxiedReturns, proxied_returns
from python_models.portfolio.value_at_risk import Options, option_scenario_pnl

OPTION_TERMS = (
    *("underlying_price", "strike_price", "years_to_expiration"),
    *("risk_free_rate", "dividend_yield", "implied_volatility"),
)


class PastReturns(NamedTuple):
    """The past returns and the factor model that fills their gaps.

    returns, yield_changes: long frames as for factors.returns.daily_inputs. betas: as_of_date, symbol,
    factor, beta of the model `risk` on the requested dates. factors: the table of factors. residual_minimum:
    fewest residuals of a symbol, or of its sector, from which those of its missing returns are drawn.
    """

    returns: pd.DataFrame
    yield_changes: pd.DataFrame
    betas: pd.DataFrame
    factors: pd.DataFrame
    rules: FactorConfig
    residual_minimum: int


class Day(NamedTuple):
    """One date: its holdings, and its symbols' past returns of shape (n_sessions, n_symbols).

    symbols: those of the holdings, and the others that were asked for.
    """

    as_of_date: pd.Timestamp
    holdings: pd.DataFrame
    portfolios: pd.Index[str]
    symbols: pd.Index[str]
    past: ProxiedReturns

    def matrix(self, column: str) -> FloatArray:
        """A column of the holdings by portfolio and symbol, 0 where not held."""
        return matrix_of(self.holdings, column, portfolio_id=self.portfolios, symbol=self.symbols)

    def is_held(self) -> npt.NDArray[np.bool_]:
        """Whether a portfolio holds a symbol, even with offsetting longs and shorts."""
        return matrix_of(
            self.holdings.assign(one=1.0), "one", portfolio_id=self.portfolios, symbol=self.symbols
        ).astype(bool)


def days_of(
    holdings: pd.DataFrame,
    past: PastReturns,
    *,
    history: int,
    others: pd.DataFrame | None = None,
    until: pd.Timestamp | None = None,
) -> Iterator[Day]:
    """The dates of the holdings, each with the returns of the `history` sessions that end with it.

    others: as_of_date, symbol, sector of symbols whose returns are wanted too. They leave the returns of
    symbols held as they are: only residuals of these are drawn for others of their sector. until: the
    session with which the returns end instead, the same for all dates; dates before it are left out. What a
    factor does beyond the market is then still as on the date itself.
    """
    panel, yields = daily_inputs(past.returns, past.yield_changes)
    dates, known_symbols, values = panel
    model = factor_models(past.factors)["risk"]
    reach = max(history, model.window)
    betas = dict(iter(past.betas.groupby("as_of_date")))
    unheld = {} if others is None else dict(iter(others.groupby("as_of_date")))
    holdings_of = dict(iter(holdings.groupby("as_of_date")))
    for date in pd.Index([*holdings_of, *unheld]).unique().sort_values():
        held = holdings_of.get(date, holdings.iloc[:0])
        rows = np.flatnonzero(dates == date)
        ends = rows if until is None else np.flatnonzero(dates == until)
        if not len(rows) or not len(ends) or ends[0] > rows[0] or date not in betas:
            continue
        listed = held[["symbol", "sector"]]
        if date in unheld:
            listed = pd.concat([listed, unheld[date][["symbol", "sector"]].astype(listed.dtypes)])
        row, end, symbols = int(rows[0]), int(ends[0]), names_of(listed, "symbol")
        factors = residual_factors(
            panel, yields, row, model=model, rules=past.rules, history=reach + row - end
        )
        if not factors.names:
            continue
        places = known_symbols.get_indexer(symbols)
        window = window_ending(end, reach)
        returns = np.where(places >= 0, values[window][:, places], np.nan)
        coefficients = _coefficients(betas[date], symbols, factors.names)
        draws = Draws(
            uniform_draws(symbols, dates[window]),
            _sectors(listed, symbols),
            past.residual_minimum,
            symbols.isin(held["symbol"]),
        )
        moves, _ = np.split(factors.values, [len(returns)])  # those after `until` are left out
        filled, is_proxied = proxied_returns(returns, coefficients, moves, draws)
        recent = ProxiedReturns(filled[-history:], is_proxied[-history:])
        yield Day(_timestamp(date), held, names_of(held, "portfolio_id"), symbols, recent)


def names_of(frame: pd.DataFrame, column: str) -> pd.Index[str]:
    names: pd.Index[str] = pd.Index(np.unique(frame[column].to_numpy(dtype=object)), dtype=str)
    return names


def _sectors(held: pd.DataFrame, symbols: pd.Index[str]) -> npt.NDArray[np.object_]:
    """The sector of each symbol, None where unknown."""
    by_symbol = held.drop_duplicates("symbol").set_index("symbol")["sector"].astype(object)
    sectors: npt.NDArray[np.object_] = by_symbol.reindex(symbols).to_numpy(dtype=object)
    return np.where(pd.isna(sectors), np.array(None, dtype=object), sectors)


def _timestamp(date: Hashable) -> pd.Timestamp:
    return pd.Timestamp(str(date))


def _coefficients(betas: pd.DataFrame, symbols: pd.Index[str], factors: list[str]) -> FloatArray:
    """Betas by symbol and factor, NaN where missing."""
    table = np.full((len(symbols), len(factors)), np.nan)
    rows = symbols.get_indexer(pd.Index(betas["symbol"]))
    columns = pd.Index(factors, dtype=str).get_indexer(pd.Index(betas["factor"]))
    is_wanted = (rows >= 0) & (columns >= 0)
    table[rows[is_wanted], columns[is_wanted]] = betas["beta"].to_numpy(np.float64)[is_wanted]
    return table


def matrix_of(frame: pd.DataFrame, column: str, **names: pd.Index[str]) -> FloatArray:
    """A column of a frame pivoted by two others, with the given labels; 0 where there is no row."""
    places = tuple(index.get_indexer(pd.Index(frame[name])) for name, index in names.items())
    shape = tuple(len(index) for index in names.values())
    table: FloatArray = sparse.coo_array((frame[column].to_numpy(np.float64), places), shape=shape).toarray()
    return table


def recent(day: Day, history: int) -> Day:
    """The day with its last `history` sessions only."""
    return day._replace(past=ProxiedReturns(day.past.filled[-history:], day.past.is_proxied[-history:]))


def option_pnl(contracts: pd.DataFrame, day: Day) -> FloatArray:
    """P&L of one unit of each contract on each past session, shape (n_sessions, n_contracts)."""
    terms = (contracts[term].to_numpy(np.float64) for term in OPTION_TERMS)
    is_call = (contracts["option_type"] == "CALL").to_numpy()
    options = Options(is_american(contracts["exercise"]), is_call, *terms)
    unmoved = options.prices(options.spot[None])
    places = day.symbols.get_indexer(pd.Index(contracts["symbol"]))
    if (places < 0).any():
        unknown = sorted(contracts.loc[places < 0, "symbol"])
        raise ValueError(
            f"`options` must be on symbols among the holdings of {day.as_of_date}, got {unknown}"
        )
    shocks = day.past.filled[:, places]
    return option_scenario_pnl(options, unmoved[0], shocks)


# A date without portfolios: the columns and types of a frame without rows.
NO_DAY = Day(
    pd.Timestamp(0),
    pd.DataFrame(
        {
            **{name: pd.Series([], dtype=str) for name in ("portfolio_id", "symbol")},
            **{name: pd.Series([], dtype=float) for name in ("exposure", "linear_exposure", "equity")},
        }
    ),
    pd.Index([], dtype=str),
    pd.Index([], dtype=str),
    ProxiedReturns(np.empty((1, 0)), np.empty((1, 0), dtype=bool)),
)
