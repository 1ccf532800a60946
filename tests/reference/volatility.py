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


def forecasts(returns: Series, sessions: list[date], model: str) -> dict[str, float | str | None]:
    """Annualized volatility of the next 21 days by every model, and by the one that is shown."""
    known = [returns[day] for day in sessions[-SEEN:] if day in returns]
    enough = len(known) >= LEAST_ROWS
    found: dict[str, float | None] = {
        "garch": garch(known) if enough else None,
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


def garch_parameters(values: list[float], target: float) -> tuple[float, float]:
    """The likeliest parameters: of a grid's best point refined, and of the edges of the domain."""

    def loss(alpha: float, beta: float) -> float:
        return garch_loss(values, alpha, beta, target)

    grid = [
        (alpha, share - alpha) for alpha in (0.01, 0.05, 0.1, 0.2) for share in (0.5, 0.8, 0.9, 0.95, 0.99)
    ]
    start = min(grid, key=lambda point: loss(*point))
    options = {"xatol": 1e-11, "fatol": 1e-14, "maxiter": 3000}
    inside = minimize(lambda point: loss(*point), start, method="Nelder-Mead", options=options).x
    found = [(float(inside[0]), float(inside[1]))]
    for edge in (
        lambda place: (place, 0.0),
        lambda place: (0.0, place),
        lambda place: (place, MOST_PERSISTENT - place),
    ):
        best = minimize_scalar(
            lambda place, edge=edge: loss(*edge(place)),
            bounds=(0, MOST_PERSISTENT),
            method="bounded",
            options={"xatol": 1e-12},
        )
        found.append(edge(float(best.x)))
    return min(found, key=lambda point: loss(*point))


def garch(values: list[float], horizon: int = HORIZON) -> float:
    """Annualized volatility over the horizon by GARCH(1,1) whose long-run variance is the mean square."""
    target = float(np.mean(np.square(values)))
    alpha, beta = garch_parameters(values, target)
    following = garch_variances(values, alpha, beta, target)[-1]
    path = [target + (alpha + beta) ** step * (following - target) for step in range(horizon)]
    return math.sqrt(252 * float(np.mean(path)))
