"""Factor models: betas of symbols by regression on factor returns, one symbol never touching another's.

The models, their factors, windows and minimums are rows of a table (the seed `factors`). A model is fitted
for each session over the window that ends with it, for all symbols at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from python_models.panel import FloatArray, Panel, window_ending
from python_models.regression import (
    Regression,
    centred,
    partial_regression,
    ridge_regression,
    sample_deviation,
    simple_regression,
)
from python_models.risk_factors import (
    INTEREST_RATE,
    SESSIONS_A_YEAR,
    FactorModel,
    FactorRules,
    daily_inputs,
    factor_models,
    model_factors,
)

__all__ = ["FactorRules", "RegressionRules", "factor_betas", "market_model"]


def factor_betas(
    returns: pd.DataFrame,
    yield_changes: pd.DataFrame,
    factors: pd.DataFrame,
    *,
    rules: FactorRules,
    from_date: str,
) -> pd.DataFrame:
    """Betas of every symbol in every model of `factors`, for each session from from_date on.

    returns: columns symbol, as_of_date, session_number, daily_return (decimal), reaching back the longest
    window before from_date. yield_changes: columns session_number, yield_change (decimal). factors: columns
    model, factor, proxy_symbol, long_symbol, short_symbol, window_days, min_observations.

    One row per symbol, as_of_date, model and factor; none with fewer observations than the model's minimum,
    none for a factor that is not usable in the window (python_models.risk_factors). Betas are per unit of the
    factor: return per return, or per yield change in decimal. Betas of the model `market` are clipped;
    std_error, t_stat and p_value are those of the fit. r_squared is that of all regressors together.
    residual_volatility: annualized sample deviation of what the last regression leaves of the symbol.
    rate_proxy: what stood for Interest Rate. NaN is what a fit does not define: p_value of a ridge, t_stat of
    a perfect fit, r_squared of a return that does not move.
    Raises ValueError for an ambiguous table of factors or an unknown model.
    """
    panel, yields = daily_inputs(returns, yield_changes)
    models = factor_models(factors)
    if not FITS.keys() >= models.keys():
        raise ValueError(f"`factors` may have the models {sorted(FITS)}, got {sorted(models)}")
    betas = [
        one_factor
        for row in panel.rows_from(from_date)
        for model in models.values()
        for one_factor in _fit_model(panel, yields, row, model=model, rules=rules)
    ]
    return _frame(betas, panel, rules)


class _Window(NamedTuple):
    """What one model is fitted on: returns (n_sessions, n_symbols), factors (n_sessions, n_factors)."""

    returns: FloatArray
    market: FloatArray
    names: list[str]
    factors: FloatArray
    minimum: int
    alpha: float


class _Fitted(NamedTuple):
    """One factor's fit, a coefficient a symbol, and the deviation of what the last regression leaves."""

    factor: str
    fit: Regression
    residual_volatility: FloatArray


class _Betas(NamedTuple):
    """One factor's betas on the session of one row of the panel, arrays of shape (n_symbols,)."""

    row: int
    model: FactorModel
    factor: str
    fit: Regression
    residual_volatility: FloatArray
    rate_proxy: str | None


def _fit_model(
    panel: Panel, yields: FloatArray, row: int, *, model: FactorModel, rules: FactorRules
) -> Iterator[_Betas]:
    names, values, rate_proxy = model_factors(panel, yields, row, model=model, rules=rules)
    if not names:
        return
    rows = window_ending(row, model.window)
    _, _, returns = panel
    market = panel.series(model.market_symbol)[rows]
    window = _Window(returns[rows], market, names, values, model.minimum, rules.ridge_alpha)
    for factor, fit, volatility in FITS[model.name](window):
        yield _Betas(row, model, factor, fit, volatility, rate_proxy if factor == INTEREST_RATE else None)


def _one_by_one(window: _Window) -> Iterator[_Fitted]:
    """An OLS per factor."""
    for factor, values in zip(window.names, window.factors.T, strict=True):
        fit = simple_regression(window.returns, values)
        yield _Fitted(factor, fit, _volatility(fit.residuals))


def _beside_market(window: _Window) -> Iterator[_Fitted]:
    """An OLS per factor, on it and the market."""
    for factor, values in zip(window.names, window.factors.T, strict=True):
        fit = partial_regression(window.returns, values, window.market)
        yield _Fitted(factor, fit, _volatility(fit.residuals))


def _all_at_once(window: _Window) -> Iterator[_Fitted]:
    """One ridge on all factors."""
    fit = ridge_regression(window.returns, window.factors, alpha=window.alpha)
    volatility = _volatility(fit.residuals)
    for position, factor in enumerate(window.names):
        yield _Fitted(factor, _coefficient(fit, position), volatility)


def _market_then_rest(window: _Window) -> Iterator[_Fitted]:
    """OLS on the market, then one ridge of what it leaves on the other factors.

    A symbol with too few rows for the ridge keeps its market beta, and the first regression is its last.
    """
    first = simple_regression(window.returns, window.market)
    second = ridge_regression(first.residuals, window.factors[:, 1:], alpha=window.alpha)
    has_second = (second.observations >= window.minimum) & np.isfinite(second.residuals).any(axis=0)
    residuals = np.where(has_second, second.residuals, first.residuals)
    r_squared, volatility = _explained(window.returns, residuals), _volatility(residuals)
    yield _Fitted(window.names[0], first._replace(r_squared=r_squared), volatility)
    for position, factor in enumerate(window.names[1:]):
        yield _Fitted(factor, _coefficient(second, position)._replace(r_squared=r_squared), volatility)


# How each model is fitted.
FITS: dict[str, Callable[[_Window], Iterator[_Fitted]]] = {
    "market": _one_by_one,
    "rates": _beside_market,
    "style": _all_at_once,
    "spread": _one_by_one,
    "risk": _market_then_rest,
}


def _coefficient(fit: Regression, position: int) -> Regression:
    """One regressor's figures of a regression on several."""
    return fit._replace(
        beta=fit.beta[:, position],
        std_error=fit.std_error[:, position],
        t_stat=fit.t_stat[:, position],
        p_value=fit.p_value[:, position],
        vif=fit.vif[:, position],
    )


def _volatility(residuals: FloatArray) -> FloatArray:
    annualized: FloatArray = np.sqrt(SESSIONS_A_YEAR) * sample_deviation(residuals)
    return annualized


def _explained(returns: FloatArray, residuals: FloatArray) -> FloatArray:
    """Share of the variance of the returns that residuals leave nothing of, over the residuals' rows."""
    common = np.isfinite(residuals)
    total = (centred(returns, common)[0] ** 2).sum(axis=0)
    left: FloatArray = (centred(residuals, common)[0] ** 2).sum(axis=0)
    return 1 - left / np.where(total > 0, total, np.nan)


def _frame(betas: list[_Betas], panel: Panel, rules: FactorRules) -> pd.DataFrame:
    """The rows that count, column by column."""
    kept = [
        np.flatnonzero((each.fit.observations >= each.model.minimum) & np.isfinite(each.fit.beta))
        for each in betas
    ]
    sizes = [len(index) for index in kept]

    def joined(arrays: list[FloatArray]) -> FloatArray:
        picked = [array[index] for array, index in zip(arrays, kept, strict=True)]
        return np.concatenate([np.empty(0), *picked])

    def repeated(values: list[float]) -> FloatArray:
        return np.repeat(np.array(values, dtype=np.float64), sizes)

    def text(values: list[str | None]) -> pd.Series[str]:
        return pd.Series(np.repeat(np.array(values, dtype=object), sizes), dtype=str)

    beta = joined([each.fit.beta for each in betas])
    clip = repeated([rules.clip if each.model.name == "market" else np.inf for each in betas])
    window = repeated([each.model.window for each in betas])
    observations = joined([each.fit.observations.astype(np.float64) for each in betas])
    is_full = observations >= rules.full_history_share * window
    return pd.DataFrame(
        {
            "symbol": panel.symbols[np.concatenate([np.empty(0, dtype=np.int64), *kept])],
            "as_of_date": panel.dates[[each.row for each in betas]].repeat(sizes),
            "model": text([each.model.name for each in betas]),
            "factor": text([each.factor for each in betas]),
            "beta": np.clip(beta, -clip, clip),
            "is_clipped": np.abs(beta) > clip,
            "std_error": joined([each.fit.std_error for each in betas]),
            "t_stat": joined([each.fit.t_stat for each in betas]),
            "p_value": joined([each.fit.p_value for each in betas]),
            "r_squared": joined([each.fit.r_squared for each in betas]),
            "vif": joined([each.fit.vif for each in betas]),
            "observations": observations.astype(np.int64),
            "window_days": window.astype(np.int64),
            "quality_flag": np.where(is_full, "full_history", "limited_history"),
            "residual_volatility": joined([each.residual_volatility for each in betas]),
            "rate_proxy": text([each.rate_proxy for each in betas]),
        }
    )


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
    fit: Regression, symbols: pd.Index[str], as_of_date: pd.Timestamp, rules: RegressionRules
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
