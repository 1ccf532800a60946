"""Volatility and value at risk of portfolios, from a date's holdings and the returns before it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from python_models.factors.returns import FactorConfig, daily_inputs, factor_models, residual_factors
from python_models.panel import FloatArray, window_ending
from python_models.portfolio.draws import Draws, uniform_draws
from python_models.portfolio.pro_forma import (
    ProxiedReturns,
    pro_forma_returns,
    proxied_returns,
    proxied_share,
)
from python_models.portfolio.value_at_risk import (
    Options,
    RiskConfig,
    option_scenario_pnl,
    portfolio_value_at_risk,
)
from python_models.portfolio.volatility import (
    SERIES_AT_A_TIME,
    VolatilityConfig,
    VolatilityProfile,
    forecast_columns,
    volatility_profiles,
)

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


class _Day(NamedTuple):
    """One date: its holdings, and its symbols' past returns of shape (n_sessions, n_symbols)."""

    as_of_date: pd.Timestamp
    holdings: pd.DataFrame
    portfolios: pd.Index[str]
    symbols: pd.Index[str]
    past: ProxiedReturns

    def matrix(self, column: str) -> FloatArray:
        """A column of the holdings by portfolio and symbol, 0 where not held."""
        return _matrix(self.holdings, column, portfolio_id=self.portfolios, symbol=self.symbols)

    def is_held(self) -> npt.NDArray[np.bool_]:
        """Whether a portfolio holds a symbol, even with offsetting longs and shorts."""
        return _matrix(
            self.holdings.assign(one=1.0), "one", portfolio_id=self.portfolios, symbol=self.symbols
        ).astype(bool)


def portfolio_return_risk(
    holdings: pd.DataFrame,
    options: pd.DataFrame,
    past: PastReturns,
    *,
    volatility_rules: VolatilityConfig,
    risk_rules: RiskConfig,
) -> pd.DataFrame:
    """Volatility and value at risk of each date's holdings over the same past returns.

    holdings: portfolio_id, as_of_date, symbol, sector (null where unknown), exposure (delta-adjusted, USD),
    linear_exposure (USD, without options), equity (USD). options: portfolio_id, as_of_date, contract, symbol
    (the underlying), option_type (CALL or PUT), OPTION_TERMS, units (signed quantity x multiplier); they are
    repriced at each past return of the underlying. Columns: those of volatility_profiles on pro-forma returns
    (annualized decimals) with proxied_share (0..1), null where equity is not positive; those of
    portfolio_value_at_risk (USD) with scenario_days. One row per portfolio and date with past returns. Raises
    ValueError for an option on a symbol that is not among its date's holdings.
    """
    by_date = dict(iter(options.groupby("as_of_date")))
    nothing = options.iloc[:0]
    reach = max(volatility_rules.history, risk_rules.history)
    volatilities: list[pd.DataFrame] = []
    tails: list[pd.DataFrame] = []
    for days in _batches(_days(holdings, past, history=reach)):
        volatilities += _volatility_rows(days, volatility_rules)
        chosen = [by_date.get(day.as_of_date, nothing) for day in days]
        tails.append(_tail_rows([_recent(day, risk_rules.history) for day in days], chosen, risk_rules))
    return _side_by_side(pd.concat(volatilities), pd.concat(tails))


def _batches(days: Iterator[_Day]) -> Iterator[list[_Day]]:
    """The days, those with few portfolios together; first of all one without portfolios."""
    batch, series = [_NO_DAY], 0
    for day in days:
        batch.append(day)
        series += len(day.portfolios)
        if series >= SERIES_AT_A_TIME:
            yield batch
            batch, series = [], 0
    if batch:
        yield batch


def _side_by_side(volatility: pd.DataFrame, tail: pd.DataFrame) -> pd.DataFrame:
    frame = volatility.merge(tail, on=["as_of_date", "portfolio_id"], how="outer")
    # an outer join fills with NaN, which changes the types
    return frame.astype({"is_forecast_fallback": "boolean", "is_cornish_fisher_monotone": "boolean"})


def _solvent(day: _Day) -> _Day:
    """The day without portfolios whose equity is not positive: they have no weights."""
    held = day.holdings[day.holdings["equity"] > 0]
    portfolios, symbols = _names(held, "portfolio_id"), _names(held, "symbol")
    places = day.symbols.get_indexer(symbols)
    past = ProxiedReturns(day.past.filled[:, places], day.past.is_proxied[:, places])
    return _Day(day.as_of_date, held, portfolios, symbols, past)


def _recent(day: _Day, history: int) -> _Day:
    """The day with its last `history` sessions only."""
    return day._replace(past=ProxiedReturns(day.past.filled[-history:], day.past.is_proxied[-history:]))


def _days(holdings: pd.DataFrame, past: PastReturns, *, history: int) -> Iterator[_Day]:
    """The dates of the holdings, each with the returns of the `history` sessions that end with it."""
    panel, yields = daily_inputs(past.returns, past.yield_changes)
    dates, known_symbols, values = panel
    model = factor_models(past.factors)["risk"]
    reach = max(history, model.window)
    betas = dict(iter(past.betas.groupby("as_of_date")))
    for date, held in holdings.groupby("as_of_date"):
        rows = np.flatnonzero(dates == date)
        if not len(rows) or date not in betas:
            continue
        row, symbols = int(rows[0]), _names(held, "symbol")
        factors = residual_factors(panel, yields, row, model=model, rules=past.rules, history=reach)
        if not factors.names:
            continue
        places = known_symbols.get_indexer(symbols)
        returns = np.where(places >= 0, values[window_ending(row, reach)][:, places], np.nan)
        coefficients = _coefficients(betas[date], symbols, factors.names)
        draws = Draws(
            uniform_draws(symbols, dates[window_ending(row, reach)]),
            _sectors(held, symbols),
            past.residual_minimum,
        )
        filled, is_proxied = proxied_returns(returns, coefficients, factors.values, draws)
        recent = ProxiedReturns(filled[-history:], is_proxied[-history:])
        yield _Day(_timestamp(date), held, _names(held, "portfolio_id"), symbols, recent)


def _names(frame: pd.DataFrame, column: str) -> pd.Index[str]:
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


def _matrix(frame: pd.DataFrame, column: str, **names: pd.Index[str]) -> FloatArray:
    """A column of a frame pivoted by two others, with the given labels; 0 where there is no row."""
    places = tuple(index.get_indexer(pd.Index(frame[name])) for name, index in names.items())
    shape = tuple(len(index) for index in names.values())
    table: FloatArray = sparse.coo_array((frame[column].to_numpy(np.float64), places), shape=shape).toarray()
    return table


def _volatility_rows(days: list[_Day], rules: VolatilityConfig) -> list[pd.DataFrame]:
    """One frame per day, of portfolios with positive equity."""
    solvent = [_recent(_solvent(day), rules.history) for day in days]
    weights = [_weights(day) for day in solvent]
    returns = [
        pro_forma_returns(weight, day.past.filled, day.is_held())
        for weight, day in zip(weights, solvent, strict=True)
    ]
    profiles = volatility_profiles(returns, rules)
    return [
        _volatility_frame(day, weight, profile, rules)
        for day, weight, profile in zip(solvent, weights, profiles, strict=True)
    ]


def _weights(day: _Day) -> FloatArray:
    """Exposure over equity, shape (n_portfolios, n_symbols)."""
    equity = day.holdings.groupby("portfolio_id")["equity"].first().reindex(day.portfolios)
    weights: FloatArray = day.matrix("exposure") / equity.to_numpy(np.float64)[:, None]
    return weights


def _volatility_frame(
    day: _Day, weights: FloatArray, profile: VolatilityProfile, rules: VolatilityConfig
) -> pd.DataFrame:
    frame = _dated(
        day,
        realized_volatility_21d=profile.realized_21d,
        realized_volatility_63d=profile.realized_63d,
        **forecast_columns(profile, rules.portfolio_forecast),
        har_r_squared=profile.har_r_squared,
        is_forecast_fallback=profile.is_forecast_fallback,
        proxied_share=proxied_share(weights, day.past.filled, day.past.is_proxied),
        volatility_trend=profile.trend,
        volatility_percentile=profile.percentile,
    )
    return frame[profile.observations > 0]


def _tail_rows(days: list[_Day], options: list[pd.DataFrame], rules: RiskConfig) -> pd.DataFrame:
    outcomes = [_outcomes(day, chosen) for day, chosen in zip(days, options, strict=True)]
    # days whose windows are as long are measured together, and the sums of each do not depend on the others
    frames = [
        _tail_frame(list(group), rules)
        for _, group in groupby(zip(days, outcomes, strict=True), lambda one: min(len(one[1]), rules.window))
    ]
    return pd.concat(frames)


def _tail_frame(days: list[tuple[_Day, FloatArray]], rules: RiskConfig) -> pd.DataFrame:
    sessions = max(len(pnl) for _, pnl in days)
    # missing sessions before the window do not change the volatility that starts there
    padded = [np.pad(pnl, ((sessions - len(pnl), 0), (0, 0)), constant_values=np.nan) for _, pnl in days]
    risk = portfolio_value_at_risk(np.hstack(padded), rules)
    risk = risk.rename(columns={"observations": "scenario_days"})
    frame = pd.concat([pd.concat([_dated(day) for day, _ in days], ignore_index=True), risk], axis=1)
    return frame[frame["scenario_days"] > 0]


def _outcomes(day: _Day, options: pd.DataFrame) -> FloatArray:
    """Hypothetical P&L of each portfolio on each past session, shape (n_sessions, n_portfolios)."""
    contracts = options.drop_duplicates("contract").sort_values("contract")
    units = _matrix(options, "units", portfolio_id=day.portfolios, contract=pd.Index(contracts["contract"]))
    # an option is another holding: its units times the P&L of one unit
    held = np.hstack([day.matrix("linear_exposure"), units])
    moves = np.hstack([day.past.filled, _option_pnl(contracts, day)])
    return pro_forma_returns(held, moves, np.hstack([day.is_held(), units != 0]))


def _option_pnl(contracts: pd.DataFrame, day: _Day) -> FloatArray:
    """P&L of one unit of each contract on each past session, shape (n_sessions, n_contracts)."""
    terms = (contracts[term].to_numpy(np.float64) for term in OPTION_TERMS)
    options = Options((contracts["option_type"] == "CALL").to_numpy(), *terms)
    unmoved = option_scenario_pnl(options, np.zeros(len(contracts)), np.zeros((1, len(contracts))))
    places = day.symbols.get_indexer(pd.Index(contracts["symbol"]))
    if (places < 0).any():
        unknown = sorted(contracts.loc[places < 0, "symbol"])
        raise ValueError(
            f"`options` must be on symbols among the holdings of {day.as_of_date}, got {unknown}"
        )
    shocks = day.past.filled[:, places]
    return option_scenario_pnl(options, unmoved[0], shocks)


def _dated(day: _Day, **columns: object) -> pd.DataFrame:
    dates = pd.Series([day.as_of_date] * len(day.portfolios), dtype="datetime64[us]")
    return pd.DataFrame({"portfolio_id": day.portfolios, "as_of_date": dates, **columns})


# A date without portfolios: the columns and types of a frame without rows.
_NO_DAY = _Day(
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
