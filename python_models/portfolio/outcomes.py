"""Outcome vectors: what one unit of each instrument gains or loses on past sessions, as of a date.

A portfolio's hypothetical P&L is the sum of these vectors times its units, so that the value at risk of any
set of positions, and what each of them adds to it, follow from one row per instrument.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from python_models.factors.returns import FactorConfig, daily_inputs, factor_models, residual_factors
from python_models.panel import FloatArray
from python_models.portfolio.days import NO_DAY, Day, PastReturns, days_of, option_pnl, recent
from python_models.portfolio.value_at_risk import RiskConfig
from python_models.portfolio.volatility import VolatilityConfig


def instrument_outcomes(
    holdings: pd.DataFrame,
    options: pd.DataFrame,
    past: PastReturns,
    *,
    others: pd.DataFrame | None = None,
    volatility_rules: VolatilityConfig,
    risk_rules: RiskConfig,
) -> pd.DataFrame:
    """P&L of one unit of every symbol and option held on a date, over the sessions that end with it.

    Arguments as for risk.portfolio_return_risk, with the same returns behind them. others: as_of_date,
    symbol, sector of symbols not held whose outcomes are wanted too; those of the symbols held are the same
    without them. A unit is one dollar of a
    symbol, or one underlying share of an option, which is repriced at each past return. Columns: as_of_date,
    instrument_id, symbol (an option's underlying), outcomes (USD per unit over the last `risk_rules.history`
    sessions, fewer at the start of the prices, oldest first), unknown_sessions (places of outcomes that are
    not known and stand as 0, from 1; None if all are known), proxied_sessions (outcomes from a return that
    the factor model fills). An instrument without any known outcome has no row. Source: method, section 18.
    """
    reach = max(volatility_rules.history, risk_rules.history)
    by_date = dict(iter(options.groupby("as_of_date")))
    frames = [_frame(NO_DAY, options.iloc[:0])]
    for day in days_of(holdings, past, history=reach, others=others):
        chosen = by_date.get(day.as_of_date, options.iloc[:0])
        frames.append(_frame(recent(day, risk_rules.history), chosen))
    return pd.concat(frames, ignore_index=True)


def factor_outcomes(
    dates: pd.DataFrame,
    returns: pd.DataFrame,
    yield_changes: pd.DataFrame,
    factors: pd.DataFrame,
    *,
    rules: FactorConfig,
    volatility_rules: VolatilityConfig,
    risk_rules: RiskConfig,
) -> pd.DataFrame:
    """Moves of the factors of the model `risk` on the sessions of the outcome vectors of each date.

    dates: as_of_date, any number of rows each. The other arguments: as in PastReturns and for
    instrument_outcomes. Columns: as_of_date, factor, outcomes (of Interest Rate the yield change, of the
    others returns, decimal; 0 where unknown, as in proxied returns), as long as those of
    instrument_outcomes. A date without factors has no rows.
    """
    panel, yields = daily_inputs(returns, yield_changes)
    model = factor_models(factors)["risk"]
    reach = max(volatility_rules.history, risk_rules.history, model.window)
    frames = [pd.DataFrame({"as_of_date": dates["as_of_date"].iloc[:0], "factor": [], "outcomes": []})]
    for date in dates["as_of_date"].drop_duplicates().sort_values():
        for row in np.flatnonzero(panel.dates == date):
            names, values, _, _ = residual_factors(
                panel, yields, int(row), model=model, rules=rules, history=reach
            )
            moves = list(np.nan_to_num(values[-risk_rules.history :]).T)
            frames.append(pd.DataFrame({"as_of_date": date, "factor": names, "outcomes": moves}))
    return pd.concat(frames, ignore_index=True)


def _frame(day: Day, options: pd.DataFrame) -> pd.DataFrame:
    """The date's rows: its symbols, then its contracts."""
    contracts = options.drop_duplicates("contract").sort_values("contract")
    underlyings = pd.Index(contracts["symbol"], dtype=str)
    symbols = day.symbols.append(underlyings)
    outcomes = np.hstack([day.past.filled, option_pnl(contracts, day)]).T
    proxied = day.past.is_proxied.sum(axis=0)[day.symbols.get_indexer(symbols)]
    is_known = np.isfinite(outcomes)
    frame = pd.DataFrame(
        {
            "as_of_date": pd.Series([day.as_of_date] * len(symbols), dtype="datetime64[us]"),
            "instrument_id": [*day.symbols, *contracts["contract"]],
            "symbol": symbols.to_numpy(),
            "outcomes": list(np.where(is_known, outcomes, 0.0)),
            "unknown_sessions": [_positions(~known) for known in is_known],
            "proxied_sessions": proxied.astype(np.int64),
        }
    )
    return frame.iloc[np.flatnonzero(is_known.any(axis=1))]


def _positions(is_unknown: FloatArray) -> list[int] | None:
    """From 1, as PostgreSQL counts."""
    return (np.flatnonzero(is_unknown) + 1).tolist() or None
