"""Stressed value at risk: a date's holdings with the returns of a bad window that is the same for all dates.

Source: Basel Committee, Revisions to the Basel II market risk framework (2009), paragraph 718(Lxxvi)(i).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from python_models.portfolio.days import NO_DAY, Day, PastReturns, days_of
from python_models.portfolio.pro_forma import proxied_share
from python_models.portfolio.risk import dated, portfolio_outcomes
from python_models.portfolio.value_at_risk import RiskConfig, historical_risk


def stressed_risk(
    holdings: pd.DataFrame,
    options: pd.DataFrame,
    past: PastReturns,
    window: pd.DataFrame,
    *,
    risk_rules: RiskConfig,
) -> pd.DataFrame:
    """Value at risk and expected shortfall of each date's holdings over the sessions of a fixed window.

    holdings, options: as for risk.portfolio_return_risk. past: its returns are those of the window and of the
    sessions before it, and of the factor proxies also up to each date. window: at most one row with
    window_end (its last session) and session_count; without one there are no rows. A missing return is
    replaced as in value at risk, with the betas of the date. Columns: portfolio_id, as_of_date,
    var_95_1d_stressed, es_95_1d_stressed and those at 99 % (USD, positive for a loss; NaN with fewer
    outcomes than the minimum), stressed_scenario_days (outcomes), stressed_proxied_share (0..1, as
    pro_forma.proxied_share). One row per portfolio and date from the window's end on that has outcomes.
    """
    by_date = dict(iter(options.groupby("as_of_date")))
    nothing = options.iloc[:0]
    frames = [_rows(NO_DAY, nothing, risk_rules)]
    for length, end in zip(window["session_count"], window["window_end"], strict=True):
        days = days_of(holdings, past, history=int(length), until=pd.Timestamp(end))
        frames += [_rows(day, by_date.get(day.as_of_date, nothing), risk_rules) for day in days]
    return pd.concat(frames, ignore_index=True)


def _rows(day: Day, options: pd.DataFrame, rules: RiskConfig) -> pd.DataFrame:
    pnl = portfolio_outcomes(day, options)
    columns: dict[str, object] = {}
    for confidence in rules.confidences:
        label = round(100 * confidence)
        risk = historical_risk(pnl, confidence, rules.minimum, rules.tie_tolerance)
        columns[f"var_{label}_1d_stressed"] = risk.value_at_risk
        columns[f"es_{label}_1d_stressed"] = risk.expected_shortfall
    frame = dated(
        day,
        **columns,
        stressed_scenario_days=np.isfinite(pnl).sum(axis=0),
        stressed_proxied_share=proxied_share(day.matrix("exposure"), day.past.filled, day.past.is_proxied),
    )
    return frame[frame["stressed_scenario_days"] > 0]
