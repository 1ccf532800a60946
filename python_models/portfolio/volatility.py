"""Volatility of return series: realized, its trend and percentile, and forecasts by three models.

Series are the columns of an array of shape (n_sessions, n_series), NaN where a return is unknown; the last
row is the as-of date. Rolling statistics are computed window by window, never by running totals, and shorter
histories are padded with unknown returns: a series' results depend only on its own last sessions, to the last
bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.panel import to_panel
from python_models.portfolio.forecasts import ewma_variance, garch, known_returns

FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]

HAR_WEEK = 5  # sessions of the weekly component
SESSIONS_A_YEAR = 252
SERIES_AT_A_TIME = (
    512  # of several dates, when one has fewer: fitting many costs little more than fitting one
)


class VolatilityConfig(NamedTuple):
    """Windows in sessions, thresholds and shares as decimals.

    minimum_share: of a window's returns that must be known. minimum_rows: fewest rows of the HAR regression,
    fewest returns of the other forecasts, and fewest values of a percentile. forecast_window: sessions that
    GARCH and EWMA see. portfolio_forecast, symbol_forecast: the model of the forecast that is shown: garch,
    ewma or har.
    """

    short_window: int
    har_horizon: int
    long_window: int
    trend_lag: int
    trend_threshold: float
    percentile_window: int
    minimum_rows: int
    minimum_share: float
    forecast_window: int
    ewma_lambda: float
    portfolio_forecast: str
    symbol_forecast: str
    annualization: int = SESSIONS_A_YEAR

    @property
    def history(self) -> int:
        """The number of sessions used for an as-of date, including the date."""
        return self.percentile_window + self.short_window - 1


class HarForecast(NamedTuple):
    """Forecasts for the sessions after the last one, arrays of shape (n_series,).

    volatility: annualized, NaN without a forecast. reason: why there is none, too_few_rows,
    unknown_regressors (a return of the last 21 sessions is missing) or no_fallback_variance; else None.
    """

    volatility: FloatArray
    r_squared: FloatArray
    is_fallback: npt.NDArray[np.bool_]
    reason: ObjectArray


class VolatilityProfile(NamedTuple):
    """Results for the as-of date, arrays of shape (n_series,); volatilities annualized, NaN where unknown.

    trend: increasing, decreasing, stable, or None. percentile: 0..1. observations: known returns of the last
    `percentile_window` sessions. forecast_reason: why HAR has no forecast, see HarForecast.
    """

    realized_21d: FloatArray
    realized_63d: FloatArray
    forecast_21d_garch: FloatArray
    forecast_21d_ewma: FloatArray
    forecast_21d_har: FloatArray
    har_r_squared: FloatArray
    is_forecast_fallback: npt.NDArray[np.bool_]
    trend: ObjectArray
    percentile: FloatArray
    observations: npt.NDArray[np.int64]
    forecast_reason: ObjectArray


def realized_volatility(
    returns: FloatArray, window: int, *, minimum_share: float, annualization: int = SESSIONS_A_YEAR
) -> FloatArray:
    """Annualized sample standard deviation over the `window` sessions that end with each row.

    returns: shape (n_sessions, n_series), daily returns, NaN where unknown; the result has the same shape.
    NaN unless at least minimum_share of the window (rounded up, at least two returns) is known; sessions
    before the first row are unknown. Equal returns have volatility exactly 0.
    Source: Hull, Options, Futures, and Other Derivatives, section 15.4 (which uses log returns).
    """
    known = np.isfinite(returns).astype(np.float64)
    values = np.where(known > 0, returns, 0.0)
    count = _rolling_sum(known, window)
    needed = max(2, ceil(minimum_share * window - 1e-9))
    # Subtract a value of the window itself, so that equal returns have a deviation of exactly zero.
    pivot = _latest_known(returns)
    mean = _rolling_moment(values, known, pivot, window, power=1) / np.maximum(count, 1)
    squares = _rolling_moment(values, known, pivot + mean, window, power=2)
    variance = squares / np.maximum(count - 1, 1)
    return np.where(count >= needed, np.sqrt(annualization * variance), np.nan)


def _latest_known(values: FloatArray) -> FloatArray:
    """Each row's value, or the last known one before it; 0 before the first."""
    rows = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    latest = np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0)
    return np.where(np.isfinite(latest), latest, 0.0)


def _rolling_sum(values: FloatArray, window: int) -> FloatArray:
    """Sums over the window that ends with each row, shorter at the start; NaN propagates."""
    total = np.zeros_like(values)
    for lag in range(min(window, len(values))):
        total[lag:] += values[: len(values) - lag]
    return total


def _rolling_moment(
    values: FloatArray, known: FloatArray, centre: FloatArray, window: int, *, power: int
) -> FloatArray:
    """Sums of (value - centre of the row)^power over the known values of the window ending with it."""
    total = np.zeros_like(values)
    buffer = np.empty_like(values)
    for lag in range(min(window, len(values))):
        earlier = slice(0, len(values) - lag)
        deviation = np.subtract(values[earlier], centre[lag:], out=buffer[lag:])
        deviation *= known[earlier]
        if power == 2:  # noqa: PLR2004  # the second moment
            deviation *= deviation
        total[lag:] += deviation
    return total


def _rolling_mean(values: FloatArray, window: int) -> FloatArray:
    """Means over the window that ends with each row, NaN with a NaN; not valid before row `window` - 1."""
    return _rolling_sum(values, window) / window


class _Figures(NamedTuple):
    """Shared by all as-of dates. har: shape (n_series, 4, n_sessions): three regressors and the target."""

    returns: FloatArray
    realized_short: FloatArray
    realized_long: FloatArray
    har: FloatArray


def _figures(returns: FloatArray, rules: VolatilityConfig) -> _Figures:
    """The shared arrays for as-of dates from row `rules.history` - 1 on."""

    def realized(values: FloatArray, window: int) -> FloatArray:
        return realized_volatility(
            values, window, minimum_share=rules.minimum_share, annualization=rules.annualization
        )

    # Rows before the first as-of date need only the short window; the long one takes three times as long.
    complete = realized(returns[rules.history - rules.long_window :], rules.long_window)
    realized_long = np.full_like(returns, np.nan)
    realized_long[rules.history - 1 :] = complete[rules.long_window - 1 :]
    return _Figures(returns, realized(returns, rules.short_window), realized_long, _har_rows(returns, rules))


class _Conditional(NamedTuple):
    """Annualized forecasts by GARCH(1,1) and by EWMA, shape (n_series,).

    NaN with fewer than `minimum_rows` known returns in the last `forecast_window` sessions.
    """

    garch_21d: FloatArray
    ewma_21d: FloatArray


def _har_rows(returns: FloatArray, rules: VolatilityConfig) -> FloatArray:
    """Regressors known at each session, and the mean square of the sessions after it (NaN near the end)."""
    squares = returns**2
    target = np.full_like(squares, np.nan)
    target[: -rules.har_horizon] = _rolling_mean(squares, rules.har_horizon)[rules.har_horizon :]
    parts = [squares, _rolling_mean(squares, HAR_WEEK), _rolling_mean(squares, rules.short_window), target]
    return np.ascontiguousarray(np.stack(parts).transpose(2, 0, 1))


def _padded(returns: FloatArray, first: int) -> FloatArray:
    """The rows from `first` on; rows before the start are unknown returns."""
    if first >= 0:
        return returns[first:]
    return np.vstack([np.full((-first, returns.shape[1]), np.nan), returns])


def _forecast_at(figures: _Figures, row: int, rules: VolatilityConfig) -> HarForecast:
    """Forecast volatility of the `har_horizon` sessions after a row, by a regression per series.

    The mean squared return of the next 21 sessions is regressed, with intercept, on the last day's squared
    return and the means of 5 and 21 squared returns. A row whose windows include an unknown return is left
    out, as is one whose target is not known yet. A forecast that is not positive is replaced by the realized
    63-session volatility and flagged. See HarForecast for NaN. Agrees with statsmodels OLS to 1e-8.
    Source: Corsi (2009), A Simple Approximate Long-Memory Model of Realized Volatility, Journal of Financial
    Econometrics 7(2), 174-196; here on squared daily returns, a month of 21 sessions.
    """
    # The last row whose target is known at `row` is one horizon earlier.
    rows = slice(row - rules.history + rules.short_window, row - rules.har_horizon + 1)
    latest = figures.har[:, :3, row]
    variance, r_squared, count = _har_regression(figures.har[:, :, rows], latest)
    fallback = figures.realized_long[row]
    has_rows = count >= rules.minimum_rows
    has_forecast = has_rows & np.isfinite(latest).all(axis=1)
    is_positive = has_forecast & (variance > 0)
    is_fallback = has_forecast & ~is_positive & np.isfinite(fallback)
    volatility = np.sqrt(np.where(is_positive, rules.annualization * variance, np.nan))
    reason = np.full(len(count), None, dtype=object)
    reason[has_forecast & ~is_positive & ~is_fallback] = "no_fallback_variance"
    reason[~has_forecast] = "unknown_regressors"
    reason[~has_rows] = "too_few_rows"
    return HarForecast(
        np.where(is_fallback, fallback, volatility),
        np.where(has_rows, r_squared, np.nan),
        is_fallback,
        reason,
    )


def _har_regression(
    rows: FloatArray, latest: FloatArray
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """OLS with intercept for each series: prediction at `latest`, r squared, rows used.

    rows: shape (n_series, 4, n_rows), the target last; latest: shape (n_series, 3). Unusable rows are zeroed
    after centring, columns are scaled to length one, and a QR factorization of regressors and target gives
    the coefficients and the residual. A constant column has no effect.
    """
    usable = np.asarray(np.isfinite(rows).all(axis=1))
    mask = usable[:, None, :]
    count = usable.sum(axis=1)
    values = np.where(mask, rows, 0.0)
    mean = values.sum(axis=2) / np.maximum(count, 1)[:, None]
    centred = np.where(mask, values - mean[:, :, None], 0.0)
    length = np.sqrt((centred**2).sum(axis=2))
    moves: npt.NDArray[np.bool_] = length > 1e-12 * np.sqrt((values**2).sum(axis=2))
    scale = np.where(moves, length, 1.0)
    unit = np.where(moves[:, :, None], centred / scale[:, :, None], 0.0)
    factor = np.asarray(np.linalg.qr(unit.transpose(0, 2, 1), mode="r"))
    x, y = factor[:, :, :3], factor[:, :, 3:]
    solution = np.linalg.pinv(x, rcond=1e-10) @ y
    residual = ((y - x @ solution) ** 2).sum(axis=(1, 2))
    beta = solution[:, :, 0] * scale[:, 3:] / scale[:, :3]
    prediction = mean[:, 3] + (beta * (latest - mean[:, :3])).sum(axis=1)
    r_squared = np.where(moves[:, 3], 1 - residual, np.nan)  # the target has length one
    return prediction, r_squared, count


def volatility_profile(returns: FloatArray, rules: VolatilityConfig) -> VolatilityProfile:
    """The profile of one panel of returns: see volatility_profiles."""
    return volatility_profiles([returns], rules)[0]


def volatility_profiles(panels: Sequence[FloatArray], rules: VolatilityConfig) -> list[VolatilityProfile]:
    """Realized and forecast volatility, trend and percentile of each series on the last row.

    panels: daily returns of shape (n_sessions, n_series) each, NaN where unknown. GARCH is fitted to all of
    them together, which is faster; a series does not depend on others. At most the last `rules.history` rows
    are used, so that the results do not depend on how much earlier data is passed. The trend compares the
    21-session volatility with that of `trend_lag` sessions ago. The percentile is the share of the known
    values of the last `percentile_window` sessions, today included, that are at most today's; NaN with fewer
    than `minimum_rows` known values.
    """
    figures = [_figures(_padded(returns, len(returns) - rules.history), rules) for returns in panels]
    conditional = _conditional_forecasts([figure.returns for figure in figures], rules)
    return [
        _profile_at(figure, rules.history - 1, forecasts, rules)
        for figure, forecasts in zip(figures, conditional, strict=True)
    ]


def _profile_at(
    figures: _Figures, row: int, conditional: _Conditional, rules: VolatilityConfig
) -> VolatilityProfile:
    window = slice(row - rules.percentile_window + 1, row + 1)
    forecast = _forecast_at(figures, row, rules)
    return VolatilityProfile(
        realized_21d=figures.realized_short[row],
        realized_63d=figures.realized_long[row],
        forecast_21d_garch=conditional.garch_21d,
        forecast_21d_ewma=conditional.ewma_21d,
        forecast_21d_har=forecast.volatility,
        har_r_squared=forecast.r_squared,
        is_forecast_fallback=forecast.is_fallback,
        trend=_trend(figures.realized_short[row], figures.realized_short[row - rules.trend_lag], rules),
        percentile=_percentile(figures.realized_short[window], rules.minimum_rows),
        observations=np.isfinite(figures.returns[window]).sum(axis=0),
        forecast_reason=forecast.reason,
    )


def _conditional_forecasts(panels: Sequence[FloatArray], rules: VolatilityConfig) -> list[_Conditional]:
    """Forecasts of the sessions after the last row of each panel, each of shape (n_sessions, n_series)."""
    known = known_returns(np.hstack([returns[-rules.forecast_window :] for returns in panels]))
    is_enough = known.observations >= rules.minimum_rows
    by_garch = garch(known).mean_variance(rules.har_horizon)
    by_ewma = ewma_variance(known, rules.ewma_lambda)
    ends = np.cumsum([returns.shape[1] for returns in panels])[:-1]
    garch_21d, ewma_21d = (
        np.split(np.sqrt(np.where(is_enough, rules.annualization * variance, np.nan)), ends)
        for variance in (by_garch, by_ewma)
    )
    return [_Conditional(*forecasts) for forecasts in zip(garch_21d, ewma_21d, strict=True)]


def forecast_columns(profile: VolatilityProfile, model: str) -> dict[str, ObjectArray | FloatArray]:
    """The forecasts as columns, the one of `model` as forecast_volatility_21d, with the name of its model.

    Raises ValueError for an unknown model.
    """
    forecasts = {
        "garch": profile.forecast_21d_garch,
        "ewma": profile.forecast_21d_ewma,
        "har": profile.forecast_21d_har,
    }
    if model not in forecasts:
        raise ValueError(f"the forecast shown must be one of {', '.join(forecasts)}, got {model!r}")
    names = np.full(len(forecasts[model]), None, dtype=object)
    names[np.isfinite(forecasts[model])] = model
    return {
        "forecast_volatility_21d": forecasts[model],
        "forecast_model": names,
        **{f"forecast_volatility_21d_{name}": values for name, values in forecasts.items()},
    }


def _trend(now: FloatArray, before: FloatArray, rules: VolatilityConfig) -> ObjectArray:
    trend = np.full(len(now), None, dtype=object)
    trend[np.isfinite(now) & np.isfinite(before)] = "stable"
    trend[now > (1 + rules.trend_threshold) * before] = "increasing"
    trend[now < (1 - rules.trend_threshold) * before] = "decreasing"
    return trend


def _percentile(values: FloatArray, minimum: int) -> FloatArray:
    """The share of each column's known values that are at most the last one."""
    count = np.isfinite(values).sum(axis=0)
    at_most = (values <= values[-1]).sum(axis=0)
    is_known = np.isfinite(values[-1]) & (count >= minimum)
    return np.where(is_known, at_most / np.maximum(count, 1), np.nan)


def symbol_volatility(returns: pd.DataFrame, *, rules: VolatilityConfig, from_date: str) -> pd.DataFrame:
    """Volatility of every symbol for each session from from_date on.

    returns: long frame (symbol, as_of_date, session_number, daily_return), starting `rules.history` sessions
    before from_date. A symbol has a row if at least two returns of the last 63 sessions are known; values
    that cannot be computed are NaN. Columns: symbol, as_of_date, realized_volatility_21d,
    realized_volatility_63d, those of forecast_columns, har_r_squared, is_forecast_fallback, volatility_trend,
    volatility_percentile, observations.
    """
    panel = to_panel(returns, "daily_return")
    rows = list(panel.rows_from(from_date))
    if not rows:
        return _no_rows(rules)
    first = rows[0] - rules.history + 1
    figures = _figures(_padded(panel.values, first), rules)
    frames = [_no_rows(rules)]
    at_a_time = max(1, SERIES_AT_A_TIME // len(panel.symbols))
    for some in (rows[at : at + at_a_time] for at in range(0, len(rows), at_a_time)):
        conditional = _conditional_forecasts([figures.returns[: row - first + 1] for row in some], rules)
        for row, forecasts in zip(some, conditional, strict=True):
            profile = _profile_at(figures, row - first, forecasts, rules)
            recent = figures.returns[row - first - rules.long_window + 1 : row - first + 1]
            frames.append(_symbol_rows(profile, recent, panel.symbols, panel.dates[row], rules))
    return pd.concat(frames, ignore_index=True)


def _symbol_rows(
    profile: VolatilityProfile,
    recent: FloatArray,
    symbols: pd.Index[str],
    as_of_date: pd.Timestamp,
    rules: VolatilityConfig,
) -> pd.DataFrame:
    """A date's rows. recent: the returns of the long window that ends with it."""
    kept: npt.NDArray[np.bool_] = np.isfinite(recent).sum(axis=0) >= 2  # noqa: PLR2004  # needed for a deviation
    frame = pd.DataFrame(
        {
            "symbol": symbols,
            "as_of_date": as_of_date,
            "realized_volatility_21d": profile.realized_21d,
            "realized_volatility_63d": profile.realized_63d,
            **forecast_columns(profile, rules.symbol_forecast),
            "har_r_squared": profile.har_r_squared,
            "is_forecast_fallback": profile.is_forecast_fallback,
            "volatility_trend": pd.array(profile.trend, dtype="str"),
            "volatility_percentile": profile.percentile,
            "observations": profile.observations,
        }
    )
    return frame.astype({"forecast_model": "str"})[kept]


def _no_rows(rules: VolatilityConfig) -> pd.DataFrame:
    """A frame without rows, with the columns and their types."""
    nothing = np.empty((rules.history, 0))
    profile = volatility_profile(nothing, rules)
    return _symbol_rows(profile, nothing, pd.Index([], dtype=str), pd.Timestamp(0), rules)
