"""Volatility and value at risk of portfolios, from a date's holdings and the returns before it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import pandas as pd

from python_models.panel import FloatArray
from python_models.portfolio.days import (
    NO_DAY,
    Day,
    PastReturns,
    days_of,
    matrix_of,
    names_of,
    option_pnl,
    recent,
)
from python_models.portfolio.pro_forma import ProxiedReturns, pro_forma_returns, proxied_share
from python_models.portfolio.value_at_risk import RiskConfig, portfolio_value_at_risk
from python_models.portfolio.volatility import (
    SERIES_AT_A_TIME,
    VolatilityConfig,
    VolatilityProfile,
    forecast_columns,
    volatility_profiles,
)


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
    (the underlying), option_type (CALL or PUT), exercise (AMERICAN or EUROPEAN), OPTION_TERMS, units (signed
    quantity x multiplier); they are repriced at each past return of the underlying. Columns: those of
    volatility_profiles on pro-forma returns (annualized decimals) with proxied_share (0..1), null where
    equity is not positive; those of portfolio_value_at_risk (USD) with scenario_days. One row per portfolio
    and date with past returns. Raises ValueError for an option on a symbol that is not among its date's
    holdings.
    """
    by_date = dict(iter(options.groupby("as_of_date")))
    nothing = options.iloc[:0]
    reach = max(volatility_rules.history, risk_rules.history)
    volatilities: list[pd.DataFrame] = []
    tails: list[pd.DataFrame] = []
    for days in _batches(days_of(holdings, past, history=reach)):
        volatilities += _volatility_rows(days, volatility_rules)
        chosen = [by_date.get(day.as_of_date, nothing) for day in days]
        tails.append(_tail_rows([recent(day, risk_rules.history) for day in days], chosen, risk_rules))
    return _side_by_side(pd.concat(volatilities), pd.concat(tails))


def _batches(days: Iterator[Day]) -> Iterator[list[Day]]:
    """The days, those with few portfolios together; first of all one without portfolios."""
    batch, series = [NO_DAY], 0
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


def _solvent(day: Day) -> Day:
    """The day without portfolios whose equity is not positive: they have no weights."""
    held = day.holdings[day.holdings["equity"] > 0]
    portfolios, symbols = names_of(held, "portfolio_id"), names_of(held, "symbol")
    places = day.symbols.get_indexer(symbols)
    past = ProxiedReturns(day.past.filled[:, places], day.past.is_proxied[:, places])
    return Day(day.as_of_date, held, portfolios, symbols, past)


def _volatility_rows(days: list[Day], rules: VolatilityConfig) -> list[pd.DataFrame]:
    """One frame per day, of portfolios with positive equity."""
    solvent = [recent(_solvent(day), rules.history) for day in days]
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


def _weights(day: Day) -> FloatArray:
    """Exposure over equity, shape (n_portfolios, n_symbols)."""
    equity = day.holdings.groupby("portfolio_id")["equity"].first().reindex(day.portfolios)
    weights: FloatArray = day.matrix("exposure") / equity.to_numpy(np.float64)[:, None]
    return weights


def _volatility_frame(
    day: Day, weights: FloatArray, profile: VolatilityProfile, rules: VolatilityConfig
) -> pd.DataFrame:
    frame = dated(
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


def _tail_rows(days: list[Day], options: list[pd.DataFrame], rules: RiskConfig) -> pd.DataFrame:
    outcomes = [portfolio_outcomes(day, chosen) for day, chosen in zip(days, options, strict=True)]
    # days whose windows are as long are measured together, and the sums of each do not depend on the others
    frames = [
        _tail_frame(list(group), rules)
        for _, group in groupby(zip(days, outcomes, strict=True), lambda one: min(len(one[1]), rules.window))
    ]
    return pd.concat(frames)


def _tail_frame(days: list[tuple[Day, FloatArray]], rules: RiskConfig) -> pd.DataFrame:
    sessions = max(len(pnl) for _, pnl in days)
    # missing sessions before the window do not change the volatility that starts there
    padded = [np.pad(pnl, ((sessions - len(pnl), 0), (0, 0)), constant_values=np.nan) for _, pnl in days]
    risk = portfolio_value_at_risk(np.hstack(padded), rules)
    risk = risk.rename(columns={"observations": "scenario_days"})
    frame = pd.concat([pd.concat([dated(day) for day, _ in days], ignore_index=True), risk], axis=1)
    return frame[frame["scenario_days"] > 0]


def portfolio_outcomes(day: Day, options: pd.DataFrame) -> FloatArray:
    """Hypothetical P&L of each portfolio on each past session, shape (n_sessions, n_portfolios)."""
    contracts = options.drop_duplicates("contract").sort_values("contract")
    units = matrix_of(options, "units", portfolio_id=day.portfolios, contract=pd.Index(contracts["contract"]))
    # an option is another holding: its units times the P&L of one unit
    held = np.hstack([day.matrix("linear_exposure"), units])
    moves = np.hstack([day.past.filled, option_pnl(contracts, day)])
    return pro_forma_returns(held, moves, np.hstack([day.is_held(), units != 0]))


def dated(day: Day, **columns: object) -> pd.DataFrame:
    """Columns with one value per portfolio of the day, beside its portfolios and its date."""
    dates = pd.Series([day.as_of_date] * len(day.portfolios), dtype="datetime64[us]")
    return pd.DataFrame({"portfolio_id": day.portfolios, "as_of_date": dates, **columns})
