"""Factor models: betas of symbols by regression on factor returns, each symbol independent of the others.

The seed `factors` defines the models, their factors, windows and minimums. A model is fitted for each session
over the window that ends with it, for all symbols at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from python_models.factors.regression import (
    Regression,
    centred,
    partial_regression,
    ridge_regression,
    sample_deviation,
    simple_regression,
)
from python_models.factors.returns import (
    INTEREST_RATE,
    SESSIONS_A_YEAR,
    FactorConfig,
    FactorModel,
    daily_inputs,
    factor_models,
    model_factors,
)
from python_models.panel import FloatArray, Panel, window_ending

__all__ = ["FactorConfig", "factor_betas"]


def factor_betas(
    returns: pd.DataFrame,
    yield_changes: pd.DataFrame,
    factors: pd.DataFrame,
    *,
    rules: FactorConfig,
    from_date: str,
) -> pd.DataFrame:
    """Betas of every symbol in every model of `factors`, for each session from from_date on.

    returns: columns symbol, as_of_date, session_number, daily_return (decimal), starting the longest window
    before from_date. yield_changes: columns session_number, yield_change (decimal). factors: columns
    model, factor, proxy_symbol, long_symbol, short_symbol, window_days, min_observations.

    One row per symbol, as_of_date, model and factor; none with fewer observations than the model's minimum,
    none for a factor that is not usable in the window (python_models.factors.returns). Betas are per unit of
    the factor: return per return, or per yield change in decimal. Betas of the model `market` are clipped;
    std_error, t_stat and p_value are those of the fit. r_squared is that of all regressors together.
    residual_volatility: annualized sample deviation of the residuals of the last regression. rate_proxy: the
    series used for Interest Rate. NaN for statistics that a fit does not define: p_value of a ridge, t_stat
    of a perfect fit, r_squared of a constant return.
    Raises ValueError for an ambiguous table of factors or an unknown model.
    """
    panel, yields = daily_inputs(returns, yield_changes)
    models = factor_models(factors)
    if not FITS.keys() >= models.keys():
        raise ValueError(f"`factors` must have only the models {sorted(FITS)}, got {sorted(models)}")
    betas = [
        one_factor
        for row in panel.rows_from(from_date)
        for model in models.values()
        for one_factor in _fit_model(panel, yields, row, model=model, rules=rules)
    ]
    return _frame(betas, panel, rules)


class _Window(NamedTuple):
    """The data of one fit: returns (n_sessions, n_symbols), factors (n_sessions, n_factors)."""

    returns: FloatArray
    market: FloatArray
    names: list[str]
    factors: FloatArray
    minimum: int
    alpha: float


class _Fitted(NamedTuple):
    """One factor's fit, with a coefficient per symbol, and the residual volatility of the last regression."""

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
    panel: Panel, yields: FloatArray, row: int, *, model: FactorModel, rules: FactorConfig
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
    """One OLS per factor."""
    for factor, values in zip(window.names, window.factors.T, strict=True):
        fit = simple_regression(window.returns, values)
        yield _Fitted(factor, fit, _volatility(fit.residuals))


def _with_market(window: _Window) -> Iterator[_Fitted]:
    """One OLS per factor, on the factor and the market."""
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
    """OLS on the market, then one ridge of its residuals on the other factors, if any.

    A symbol has betas to all factors or to none: a scenario without one of its factors is another scenario.
    """
    first = simple_regression(window.returns, window.market)
    if len(window.names) == 1:
        yield _Fitted(window.names[0], first, _volatility(first.residuals))
        return
    second = ridge_regression(first.residuals, window.factors[:, 1:], alpha=window.alpha)
    is_complete = (second.observations >= window.minimum) & np.isfinite(second.beta).all(axis=1)
    first = first._replace(beta=np.where(is_complete, first.beta, np.nan))
    second = second._replace(beta=np.where(is_complete[:, None], second.beta, np.nan))
    r_squared, volatility = _explained(window.returns, second.residuals), _volatility(second.residuals)
    yield _Fitted(window.names[0], first._replace(r_squared=r_squared), volatility)
    for position, factor in enumerate(window.names[1:]):
        yield _Fitted(factor, _coefficient(second, position)._replace(r_squared=r_squared), volatility)


FITS: dict[str, Callable[[_Window], Iterator[_Fitted]]] = {
    "market": _one_by_one,
    "rates": _with_market,
    "style": _all_at_once,
    "spread": _one_by_one,
    "risk": _market_then_rest,
}


def _coefficient(fit: Regression, position: int) -> Regression:
    """One regressor's statistics of a multiple regression."""
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
    """Share of the variance of the returns that is explained, over the rows of the residuals."""
    common = np.isfinite(residuals)
    total = (centred(returns, common)[0] ** 2).sum(axis=0)
    left: FloatArray = (centred(residuals, common)[0] ** 2).sum(axis=0)
    return 1 - left / np.where(total > 0, total, np.nan)


def _frame(betas: list[_Betas], panel: Panel, rules: FactorConfig) -> pd.DataFrame:
    """The betas with enough observations, as a frame."""
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
