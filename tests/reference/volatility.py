"""Realized volatility, forecasts, trend and percentile of a series of daily returns (method 8)."""

import math
from datetime import date

import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize, minimize_scalar

from tests.reference.factors import Series

SHORT, LONG, HORIZON = 21, 63, 21
MINIMUM_SHARE = 0.66
TREND_LAG, TREND = 10, 0.05
RANKED, LEAST_RANKED = 252, 126
HISTORY, LEAST_ROWS = 272, 126
SEEN = 252  # sessions that GARCH and EWMA see
DECAY = 0.94
MOST_PERSISTENT = 0.999


def realized(returns: Series, window: list[date]) -> float | None:
    """Annualized sample deviation; None below two thirds of the window."""
    known = [returns[day] for day in window if day in returns]
    if len(known) < MINIMUM_SHARE * len(window):
        return None
    return float(np.std(known, ddof=1) * math.sqrt(252))


def history(returns: Series, sessions: list[date], length: int) -> dict[date, float | None]:
    """Realized volatility over `length` sessions on each of `sessions` that has as many before it."""
    return {
        sessions[last]: realized(returns, sessions[last - length + 1 : last + 1])
        for last in range(length - 1, len(sessions))
    }


def trend(returns: Series, sessions: list[date]) -> str | None:
    """The 21-session volatility now against ten sessions before."""
    now = realized(returns, sessions[-SHORT:])
    before = realized(returns, sessions[-SHORT - TREND_LAG : -TREND_LAG])
    if now is None or not before:
        return None
    change = now / before - 1
    return "increasing" if change > TREND else "decreasing" if change < -TREND else "stable"


def percentile(returns: Series, sessions: list[date]) -> float | None:
    """Share of the last 252 values that are not above today's."""
    values = list(history(returns, sessions, SHORT).values())[-RANKED:]
    known = [value for value in values if value is not None]
    if values[-1] is None or len(known) < LEAST_RANKED:
        return None
    return sum(value <= values[-1] for value in known) / len(known)


def har(returns: Series, sessions: list[date]) -> float | None:
    """Corsi 2009: mean squared return of the next 21 sessions on the last, 5-day and 21-day means.

    Not positive: the 63-day volatility.
    """
    window = sessions[-HISTORY:]
    squares = [returns[day] ** 2 if day in returns else math.nan for day in window]
    rows, targets = [], []
    for last in range(SHORT - 1, len(squares) - HORIZON):
        row, target = _har_row(squares, last), np.mean(squares[last + 1 : last + 1 + HORIZON])
        if np.isfinite([*row, target]).all():
            rows.append(row)
            targets.append(target)
    now = _har_row(squares, len(squares) - 1)
    if len(rows) < LEAST_ROWS or not np.isfinite(now).all():
        return None
    fit = sm.OLS(np.array(targets), sm.add_constant(np.array(rows), has_constant="add")).fit()
    variance = float(fit.params @ [1.0, *now])
    if variance <= 0:
        return realized(returns, sessions[-LONG:])
    return math.sqrt(252 * variance)


def _har_row(squares: list[float], last: int) -> list[float]:
    return [
        squares[last],
        float(np.mean(squares[last - 4 : last + 1])),
        float(np.mean(squares[last - 20 : last + 1])),
    ]


def ewma(values: list[float]) -> float:
    """Daily variance for the session after the last value: weighted mean of squares, newest first."""
    weights = [DECAY**age for age in range(len(values))][::-1]
    return sum(w * value**2 for w, value in zip(weights, values, strict=True)) / sum(weights)


def garch_forecasts(returns: Series, sessions: list[date]) -> list[float]:
    """Of every maximum of the likelihood, the likeliest first; none below 126 returns."""
    known = [returns[day] for day in sessions[-SEEN:] if day in returns]
    if len(known) < LEAST_ROWS:
        return []
    maxima = garch_maxima(known, float(np.mean(np.square(known))))
    return [garch_forecast(known, alpha, beta) for alpha, beta in maxima]


def forecasts(
    returns: Series, sessions: list[date], model: str, garch: float | None
) -> dict[str, float | str | None]:
    """Annualized volatility of the next 21 days by every model, and by the one that is shown."""
    known = [returns[day] for day in sessions[-SEEN:] if day in returns]
    enough = len(known) >= LEAST_ROWS
    found: dict[str, float | None] = {
        "garch": garch,
        "ewma": math.sqrt(252 * ewma(known)) if enough else None,
        "har": har(returns, sessions),
    }
    columns: dict[str, float | str | None] = {
        f"forecast_volatility_21d_{name}": found[name] for name in found
    }
    columns["forecast_volatility_21d"] = found[model]
    columns["forecast_model"] = None if found[model] is None else model
    return columns


def garch_variances(values: list[float], alpha: float, beta: float, target: float) -> list[float]:
    """Variance of each session and, last, of the one after; the long-run variance is the target."""
    found = [target]
    for value in values:
        found.append(target * (1 - alpha - beta) + alpha * value**2 + beta * found[-1])
    return found


def garch_loss(values: list[float], alpha: float, beta: float, target: float) -> float:
    """Twice the negative log likelihood of normal returns, less a constant."""
    if alpha < 0 or beta < 0 or alpha + beta > MOST_PERSISTENT + 1e-12:
        return math.inf
    variances = garch_variances(values, alpha, beta, target)[:-1]
    return sum(math.log(v) + value**2 / v for v, value in zip(variances, values, strict=True))


def garch_maxima(values: list[float], target: float) -> list[tuple[float, float]]:
    """Parameters at the maxima of the likelihood, the likeliest first: it may have several."""

    def loss(alpha: float, beta: float) -> float:
        return garch_loss(values, alpha, beta, target)

    shares = [MOST_PERSISTENT * (1 - (1 - step / 24) ** 2) for step in range(25)]
    alphas = [0.4 * (step / 20) ** 2 for step in range(1, 21)]
    grid = {(i, j): loss(a, max(p - a, 0.0)) for i, a in enumerate(alphas) for j, p in enumerate(shares)}
    starts = [
        (alphas[i], max(shares[j] - alphas[i], 0.0))
        for (i, j), value in grid.items()
        if all(value <= grid.get((i + di, j + dj), math.inf) for di in (-1, 0, 1) for dj in (-1, 0, 1))
    ]
    options = {"xatol": 1e-8, "fatol": 1e-9, "maxiter": 2000}
    found = [
        tuple(minimize(lambda point: loss(*point), start, method="Nelder-Mead", options=options).x)
        for start in starts
    ]
    for edge in (
        lambda place: (place, 0.0),
        lambda place: (0.0, place),
        lambda place: (place, MOST_PERSISTENT - place),
    ):
        best = minimize_scalar(
            lambda place, edge=edge: loss(*edge(place)),
            bounds=(0, MOST_PERSISTENT),
            method="bounded",
            options={"xatol": 1e-9},
        )
        found.append(edge(float(best.x)))
    return sorted(found, key=lambda point: loss(*point))


def garch_forecast(values: list[float], alpha: float, beta: float, horizon: int = HORIZON) -> float:
    """The long-run variance is the mean square; the next session's variance returns to it."""
    target = float(np.mean(np.square(values)))
    following = garch_variances(values, alpha, beta, target)[-1]
    path = [target + (alpha + beta) ** step * (following - target) for step in range(horizon)]
    return math.sqrt(252 * float(np.mean(path)))
