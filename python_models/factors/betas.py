"""Factor models: betas of symbols by regression on factor returns, each symbol independent of the others.

The seed `factors` defines the models, their factors, windows and minimums. A model is fitted for each session
over the window that ends with it, for all symbols at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from python_models.factors.prior_regression import Prior, prior_regression
from python_models.factors.regression import (
    Regression,
    partial_regression,
    sample_deviation,
    simple_regression,
)
from python_models.factors.returns import (
    INTEREST_RATE,
    MARKET,
    SESSIONS_A_YEAR,
    FactorConfig,
    FactorModel,
    daily_inputs,
    factor_models,
    model_factors,
    session_weights,
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
    model, factor, proxy_symbol, long_symbol, short_symbol, window_days, min_observations,
    full_history_observations.

    One row per symbol, as_of_date, model and factor; none with fewer observations than the model's minimum,
    none for a factor that is not usable in the window (python_models.factors.returns). Betas are per unit of
    the factor: return per return, or per yield change in decimal. Betas of the model `market` are clipped;
    std_error, t_stat and p_value are those of the fit. r_squared is that of all regressors together.
    residual_volatility: annualized deviation of the residuals, in the model `risk` weighted like them.
    style_beta: the slope of the factor on the market, removed from it, in the model `risk`. rate_proxy: the
    series used for Interest Rate. NaN for statistics that a fit does not define: p_value of a fit with a
    prior, t_stat of a perfect fit, r_squared of a constant return.
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
    rules: FactorConfig


class _Fitted(NamedTuple):
    """One factor's fit, with a coefficient per symbol, and the residual volatility."""

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
    style_beta: float
    rate_proxy: str | None


def _fit_model(
    panel: Panel, yields: FloatArray, row: int, *, model: FactorModel, rules: FactorConfig
) -> Iterator[_Betas]:
    names, values, rate_proxy, style_betas = model_factors(panel, yields, row, model=model, rules=rules)
    if not names:
        return
    slopes = dict(zip(names, style_betas.tolist(), strict=True))
    rows = window_ending(row, model.window)
    _, _, returns = panel
    window = _Window(returns[rows], panel.series(model.market_symbol)[rows], names, values, rules)
    for factor, fit, volatility in FITS[model.name](window):
        source = rate_proxy if factor == INTEREST_RATE else None
        yield _Betas(row, model, factor, fit, volatility, slopes[factor], source)


def _alone(window: _Window) -> Iterator[_Fitted]:
    """One OLS per factor."""
    for factor, values in zip(window.names, window.factors.T, strict=True):
        fit = simple_regression(window.returns, values)
        yield _Fitted(factor, fit, _volatility(fit.residuals))


def _with_market(window: _Window) -> Iterator[_Fitted]:
    """One OLS per factor, on the factor and the market."""
    for factor, values in zip(window.names, window.factors.T, strict=True):
        fit = partial_regression(window.returns, values, window.market)
        yield _Fitted(factor, fit, _volatility(fit.residuals))


def _with_prior(window: _Window) -> Iterator[_Fitted]:
    """One weighted regression on all factors, drawn to a market beta of 1 and no other."""
    is_market = np.array([name == MARKET for name in window.names])
    is_rate = np.array([name == INTEREST_RATE for name in window.names])
    rules = window.rules
    deviation = np.where(is_rate, rules.prior_deviation_rate, rules.prior_deviation_style)
    prior = Prior(is_market.astype(np.float64), np.where(is_market, rules.prior_deviation_market, deviation))
    weights = session_weights(len(window.returns), rules.half_life)
    fit, variance = prior_regression(window.returns, window.factors, weights=weights, prior=prior)
    for position, factor in enumerate(window.names):
        yield _Fitted(factor, _coefficient(fit, position), np.sqrt(SESSIONS_A_YEAR * variance))


FITS: dict[str, Callable[[_Window], Iterator[_Fitted]]] = {
    "market": _alone,
    "rates": _with_market,
    "bond": _with_market,
    "spread": _with_market,
    "risk": _with_prior,
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
    is_full = observations >= repeated([each.model.full_history for each in betas])
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
            "style_beta": repeated([each.style_beta for each in betas]),
            "rate_proxy": text([each.rate_proxy for each in betas]),
        }
    )
