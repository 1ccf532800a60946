"""Factor returns, the regressors of the factor models, and their correlations.

Everything here uses one session's window: the sessions that end with it, none after it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.factors.regression import ROUNDING, weighted_line
from python_models.panel import FloatArray, Panel, to_panel, window_ending

MARKET = "Market"
INTEREST_RATE = "Interest Rate"
SESSIONS_A_YEAR = 252


class FactorConfig(NamedTuple):
    """Parameters of the factor models that are not in the table of factors.

    clip: limit of the absolute value of market betas. full_history_share: share of a window's sessions that
    must have a yield. half_life: sessions after which a weight of the risk model is halved.
    prior_deviation_*: deviations of its prior betas (the rate's in years). ewma_lambda: decay per session of
    the risk covariance. rate_proxy_symbol and rate_proxy_duration (years): the bond fund that replaces
    missing yields. collinear_correlation: absolute correlation above which factors are collinear.
    """

    clip: float
    full_history_share: float
    half_life: float
    prior_deviation_market: float
    prior_deviation_style: float
    prior_deviation_rate: float
    ewma_lambda: float
    rate_proxy_symbol: str
    rate_proxy_duration: float
    collinear_correlation: float


class Factor(NamedTuple):
    """A factor: a symbol's return (or the yield series of that name), or a long symbol's minus a short's."""

    name: str
    proxy_symbol: str | None
    long_symbol: str | None
    short_symbol: str | None


class FactorModel(NamedTuple):
    """A model's factors. window: sessions; minimum: fewest observations a factor or a beta needs.

    full_history: fewest observations whose quality is full_history.
    """

    name: str
    market_symbol: str
    window: int
    minimum: int
    full_history: int
    factors: list[Factor]


class FactorReturns(NamedTuple):
    """Usable factors in the order of the seed, and their values.

    values: shape (n_sessions, n_factors), daily returns (a yield change in decimal for the yield series), NaN
    where unknown. rate_proxy: the series used for Interest Rate, None if that factor is not usable.
    style_betas: slopes of the factors on the market that were removed, shape (n_factors,); NaN for the market
    and for factors as observed.
    """

    names: list[str]
    values: FloatArray
    rate_proxy: str | None
    style_betas: FloatArray


def factor_models(factors: pd.DataFrame) -> dict[str, FactorModel]:
    """The models of the table of factors by name, in its order.

    factors: columns model, factor, proxy_symbol, long_symbol, short_symbol, window_days, min_observations,
    full_history_observations. Raises ValueError when the Market factor is not one symbol, or a model has
    several windows or minimums.
    """
    markets = factors.loc[factors["factor"] == MARKET, "proxy_symbol"].unique()
    if len(markets) != 1:
        raise ValueError(f"`factors` must have one symbol for the factor {MARKET}, got {list(markets)}")
    return {
        str(name): _factor_model(str(name), rows, str(markets[0]))
        for name, rows in factors.groupby("model", sort=False)
    }


def daily_inputs(returns: pd.DataFrame, yield_changes: pd.DataFrame) -> tuple[Panel, FloatArray]:
    """Long returns as a panel, and the yield change of each of its rows (decimal, NaN where unknown).

    returns: columns symbol, as_of_date, session_number, daily_return. yield_changes: columns session_number,
    yield_change, one row per session; sessions outside the panel are left out.
    """
    panel = to_panel(returns, "daily_return")
    first = 0 if returns.empty else int(returns["session_number"].min())
    sessions = np.arange(first, first + len(panel.dates))
    by_session = yield_changes.set_index("session_number")["yield_change"].reindex(sessions)
    return panel, by_session.to_numpy(dtype=np.float64)


def factor_inputs(
    returns: Panel,
    yield_changes: FloatArray,
    row: int,
    *,
    model: FactorModel,
    rules: FactorConfig,
    history: int | None = None,
) -> FactorReturns:
    """The observed factors of a model, over the `history` sessions that end with `row`.

    yield_changes: shape (n_sessions,), aligned to the panel. history: the model's window by default. A factor
    with fewer values in the window than the model's minimum, or constant in it, is left out. Interest Rate is
    the yield series if it is known on `full_history_share` of the window's sessions with a market return;
    otherwise minus the proxy's return divided by its duration, over all of history.
    """
    rows = window_ending(row, history or model.window)
    names, columns, rate_proxy = [], [], None
    for factor in model.factors:
        if factor.name == INTEREST_RATE:
            is_known = _has_yields(returns, yield_changes, row, model, rules.full_history_share)
            values, source = yield_changes, factor.proxy_symbol
            if not is_known:
                values, source = _bond_proxy(returns, rules), rules.rate_proxy_symbol
        else:
            values, source = _return_series(returns, factor), None
        if _is_usable(values[window_ending(row, model.window)], model.minimum):
            names.append(factor.name)
            columns.append(values[rows])
            rate_proxy = source or rate_proxy
    sessions = len(range(*rows.indices(len(returns.dates))))
    values = np.column_stack(columns) if columns else np.empty((sessions, 0))
    return FactorReturns(names, values, rate_proxy, np.full(len(names), np.nan))


def residual_factors(
    returns: Panel,
    yield_changes: FloatArray,
    row: int,
    *,
    model: FactorModel,
    rules: FactorConfig,
    history: int,
) -> FactorReturns:
    """The factors of the model `risk` over the `history` sessions that end with `row`.

    Market is the market's return. Each other factor is its move beyond the market: its value less a + b x
    Market of a weighted least squares over the model's window (`session_weights`); a and b apply to all of
    history, so that earlier rows are out of sample. A factor collinear with the market is left out; without a
    market there are no factors. yield_changes: shape (n_sessions,), decimal, aligned to the panel. Raises
    ValueError when history is shorter than the window.
    """
    if history < model.window:
        raise ValueError(f"`history` must be at least the window of {model.window} sessions, got {history}")
    seen = factor_inputs(returns, yield_changes, row, model=model, rules=rules, history=history)
    names, values, rate_proxy, _ = seen
    if MARKET not in names:
        return FactorReturns([], np.empty((len(values), 0)), None, np.empty(0))
    market, window = values[:, names.index(MARKET)], values[-model.window :]
    line = weighted_line(window, market[-model.window :], session_weights(len(window), rules.half_life))
    beyond = values - (line.intercept + line.slope * market[:, None])
    is_beyond = (line.observations >= model.minimum) & (1 - line.r_squared > ROUNDING)
    kept = [name for name, is_kept in zip(names, is_beyond, strict=True) if is_kept]
    return FactorReturns(
        [MARKET, *kept],
        np.column_stack([market, beyond[:, is_beyond]]),
        rate_proxy if INTEREST_RATE in kept else None,
        np.concatenate([[np.nan], line.slope[is_beyond]]),
    )


def session_weights(sessions: int, half_life: float) -> FloatArray:
    """Weights 0.5^(age / half_life) of consecutive sessions, the last one's 1: shape (n_sessions,)."""
    weights: FloatArray = 0.5 ** (np.arange(sessions - 1, -1, -1) / half_life)
    return weights


def factor_correlations(
    returns: pd.DataFrame,
    yield_changes: pd.DataFrame,
    factors: pd.DataFrame,
    *,
    rules: FactorConfig,
    from_date: str,
) -> pd.DataFrame:
    """Correlations of each model's usable factors, for each session from from_date on.

    returns, yield_changes: as for daily_inputs. One row per as_of_date, model, factor_1, factor_2, including
    the diagonal: Pearson's correlation over the `observations` sessions of the window on which all the
    model's usable factors are known (no rows with fewer than the minimum); is_collinear: above
    `collinear_correlation`, never on the diagonal. For the model `risk` only, annualized: ewma_covariance
    with the decay `ewma_lambda`, stress_covariance with the half-life of its betas.
    """
    panel, yields = daily_inputs(returns, yield_changes)
    models = factor_models(factors).values()
    found: list[tuple[FactorReturns, str, pd.Timestamp]] = []
    for row in panel.rows_from(from_date):
        for model in models:
            seen = model_factors(panel, yields, row, model=model, rules=rules)
            if seen.names and np.isfinite(seen.values).all(axis=1).sum() >= model.minimum:
                found.append((seen, model.name, panel.dates[row]))
    return _pair_frame(found, rules)


def model_factors(
    returns: Panel, yield_changes: FloatArray, row: int, *, model: FactorModel, rules: FactorConfig
) -> FactorReturns:
    """The factors of a model over its window: residual to the market for `risk`, else as observed."""
    if model.name == "risk":
        window = model.window
        return residual_factors(returns, yield_changes, row, model=model, rules=rules, history=window)
    return factor_inputs(returns, yield_changes, row, model=model, rules=rules)


def ewma_covariance(values: FloatArray, *, decay: float) -> FloatArray:
    """Exponentially weighted covariance of daily values, annualized: shape (n_factors, n_factors).

    values: shape (n_sessions, n_factors), latest row last. Rows with a NaN are left out; the age of the
    others still counts sessions. Weights are decay^age, normalized, around the weighted mean; NaN without
    rows.
    Source: RiskMetrics Technical Document, 4th edition (1996), section 5.2, which uses a mean of zero.
    """
    known = np.isfinite(values).all(axis=1)
    if not known.any():
        return np.full((values.shape[1],) * 2, np.nan)
    weight = decay ** (len(values) - 1.0 - np.flatnonzero(known))
    weight = weight / weight.sum()
    around = values[known] - weight @ values[known]
    covariance: FloatArray = SESSIONS_A_YEAR * (around.T * weight) @ around
    return (covariance + covariance.T) / 2  # exactly symmetric


def _factor_model(name: str, rows: pd.DataFrame, market_symbol: str) -> FactorModel:
    sizes = rows[["window_days", "min_observations", "full_history_observations"]].drop_duplicates()
    if len(sizes) != 1:
        got = sizes.to_numpy().tolist()
        raise ValueError(f"`factors` must have one window and minimum for the model {name}, got {got}")
    symbols = rows[["factor", "proxy_symbol", "long_symbol", "short_symbol"]].astype(object)
    listed = symbols.where(symbols.notna(), None).itertuples(index=False, name=None)
    window, minimum, full_history = (int(size) for size in sizes.to_numpy()[0])
    return FactorModel(name, market_symbol, window, minimum, full_history, [Factor(*each) for each in listed])


def _return_series(returns: Panel, factor: Factor) -> FloatArray:
    if factor.long_symbol is not None and factor.short_symbol is not None:
        return returns.series(factor.long_symbol) - returns.series(factor.short_symbol)
    return returns.series(str(factor.proxy_symbol))


def _has_yields(
    returns: Panel, yield_changes: FloatArray, row: int, model: FactorModel, share: float
) -> bool:
    """Whether the window has a yield change on at least `share` of the sessions with a market return."""
    window = window_ending(row, model.window)
    is_session = np.isfinite(returns.series(model.market_symbol)[window])
    is_known = np.isfinite(yield_changes[window]) & is_session
    return bool(is_known.sum() >= share * is_session.sum())


def _bond_proxy(returns: Panel, rules: FactorConfig) -> FloatArray:
    """The yield change implied by a bond fund's return."""
    return -returns.series(rules.rate_proxy_symbol) / rules.rate_proxy_duration


def _is_usable(values: FloatArray, minimum: int) -> bool:
    known = values[np.isfinite(values)]
    return len(known) >= max(minimum, 1) and bool(known.max() > known.min())


def _pair_frame(found: list[tuple[FactorReturns, str, pd.Timestamp]], rules: FactorConfig) -> pd.DataFrame:
    """Each pair of factors of each model and session."""
    parts = [_pairs(seen, model, rules) for seen, model, _ in found]
    sizes = [len(part["correlation"]) for part in parts]
    types = {"as_of_date": "datetime64[us]", "model": "str", "factor_1": "str", "factor_2": "str"}
    columns: dict[str, object] = {
        "as_of_date": np.repeat(np.array([date for _, _, date in found], dtype="datetime64[us]"), sizes),
        "model": np.repeat(np.array([model for _, model, _ in found], dtype=object), sizes),
    }
    for name, empty in _NO_PAIRS.items():
        columns[name] = np.concatenate([empty, *(part[name] for part in parts)])
    return pd.DataFrame(columns).astype(types)


_NO_PAIRS: dict[str, npt.NDArray[np.generic]] = {
    "factor_1": np.empty(0, dtype=object),
    "factor_2": np.empty(0, dtype=object),
    "correlation": np.empty(0),
    "observations": np.empty(0, dtype=np.int64),
    "is_collinear": np.empty(0, dtype=bool),
    "ewma_covariance": np.empty(0),
    "stress_covariance": np.empty(0),
}


def _pairs(seen: FactorReturns, model: str, rules: FactorConfig) -> dict[str, npt.NDArray[np.generic]]:
    """Each pair of factors of one model and session: the columns of _NO_PAIRS."""
    names, values, _, _ = seen
    count = len(names)
    known = np.isfinite(values).all(axis=1)
    correlation = _correlation(values[known])
    is_diagonal = np.eye(count, dtype=bool)
    ewma = stress = np.full((count, count), np.nan)
    if model == "risk":
        ewma = ewma_covariance(values, decay=rules.ewma_lambda)
        stress = ewma_covariance(values, decay=0.5 ** (1 / rules.half_life))
    return {
        "factor_1": np.repeat(np.array(names, dtype=object), count),
        "factor_2": np.tile(np.array(names, dtype=object), count),
        "correlation": correlation.ravel(),
        "observations": np.full(count**2, known.sum()),
        "is_collinear": ((np.abs(correlation) > rules.collinear_correlation) & ~is_diagonal).ravel(),
        "ewma_covariance": ewma.ravel(),
        "stress_covariance": stress.ravel(),
    }


def _correlation(values: FloatArray) -> FloatArray:
    """Pearson's correlation of the columns: exactly symmetric, the diagonal exactly 1."""
    matrix = np.atleast_2d(np.corrcoef(values, rowvar=False)) if values.shape[1] else np.empty((0, 0))
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1.0)
    return matrix
