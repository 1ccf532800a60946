"""The `risk` model: eight factors at once with a prior, and both covariances (method 7)."""

import math
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from tests.reference.factors import MARKET, Beta, Series, returns_in, yield_changes
from tests.reference.facts import Facts

WINDOW, MINIMUM, HALF_LIFE = 504, 60, 126
FULL_OBSERVATIONS = 252
FACTORS = {
    "Market": MARKET,
    "Value": "VTV",
    "Growth": "VUG",
    "Momentum": "MTUM",
    "Quality": "QUAL",
    "Size": "IWM",
    "Low Volatility": "USMV",
    "Interest Rate": "DGS10",
}
NAMES = list(FACTORS)
PRIOR_MEAN = np.array([1.0] + 7 * [0.0])
PRIOR_DEVIATION = np.array([0.5] + 6 * [0.5] + [3.0])
SMALLEST_VARIANCE = 1e-14
DECAY = 0.94


@dataclass(frozen=True)
class Moves:
    """Factor moves of a window: Market and moves beyond it. slopes: b of each on the market."""

    window: list[date]
    series: dict[str, Series]
    intercepts: dict[str, float]
    slopes: dict[str, float]
    rate_proxy: str

    def complete(self) -> list[date]:
        """Sessions on which all factors are known."""
        return [day for day in self.window if all(day in series for series in self.series.values())]


def weight(window: list[date], day: date, base: float) -> float:
    """Decays with the age in sessions."""
    return base ** (len(window) - 1 - window.index(day))


def _weights(window: list[date], days: list[date], base: float) -> np.ndarray:
    raw = np.array([weight(window, day, base) for day in days])
    return raw / raw.sum()


def _line(x: Series, y: Series, window: list[date]) -> tuple[float, float]:
    """Weighted OLS of y on x: intercept and slope."""
    days = [day for day in window if day in x and day in y]
    weights = _weights(window, days, 0.5 ** (1 / HALF_LIFE))
    xs, ys = (np.array([series[day] for day in days]) for series in (x, y))
    mean_x, mean_y = weights @ xs, weights @ ys
    slope = weights @ ((xs - mean_x) * (ys - mean_y)) / (weights @ (xs - mean_x) ** 2)
    return float(mean_y - slope * mean_x), float(slope)


@cache
def moves(facts: Facts, day: date) -> Moves:
    """Market, and each style's return and the yield's change less a + b x Market."""
    window = facts.window(day, WINDOW)
    market = returns_in(facts, MARKET, window)
    changes, proxy = yield_changes(facts, window)
    series, intercepts, slopes = {"Market": market}, {}, {}
    for name, symbol in list(FACTORS.items())[1:]:
        own = changes if name == "Interest Rate" else returns_in(facts, symbol, window)
        a, b = _line(market, own, window)
        series[name] = {when: own[when] - a - b * market[when] for when in own if when in market}
        intercepts[name], slopes[name] = a, b
    return Moves(window, series, intercepts, slopes, proxy)


@dataclass(frozen=True)
class Fit:
    """A symbol's betas in the order of FACTORS. residuals: y - X beta around weighted means, by session."""

    betas: np.ndarray
    std_errors: np.ndarray
    r_squared: float | None
    idiosyncratic_variance: float
    residuals: Series
    inflations: list[float]

    @property
    def observations(self) -> int:
        return len(self.residuals)

    @property
    def volatility(self) -> float:
        return math.sqrt(252 * self.idiosyncratic_variance)


def _inflations(x: np.ndarray, w: np.ndarray) -> list[float]:
    """1 / (1 - R squared) of each regressor on the others, weighted. x: around weighted means."""
    found = []
    for number in range(x.shape[1]):
        own, others = x[:, number], np.delete(x, number, axis=1)
        slopes = np.linalg.solve(others.T @ (w[:, None] * others), others.T @ (w * own))
        found.append(float(w @ own**2 / (w @ (own - others @ slopes) ** 2)))
    return found


@cache
def fit(facts: Facts, symbol: str, day: date) -> Fit | None:
    """Generalized ridge of all eight factors towards a market beta of one."""
    factors = moves(facts, day)
    own = returns_in(facts, symbol, factors.window)
    days = [when for when in factors.complete() if when in own]
    if len(days) < MINIMUM:
        return None
    w = _weights(factors.window, days, 0.5 ** (1 / HALF_LIFE))
    x = np.array([[factors.series[name][when] for name in NAMES] for when in days])
    y = np.array([own[when] for when in days])
    x, y = x - w @ x, y - w @ y
    n = 1 / (w @ w)
    plain = np.linalg.solve(x.T @ (w[:, None] * x), x.T @ (w * y))
    error = n * (w @ (y - x @ plain) ** 2) / (n - 9)
    error = max(float(error), SMALLEST_VARIANCE)
    prior = np.diag(1 / PRIOR_DEVIATION**2)
    inverse = np.linalg.inv(n * x.T @ (w[:, None] * x) / error + prior)
    betas = inverse @ (n * x.T @ (w * y) / error + prior @ PRIOR_MEAN)
    residuals = y - x @ betas
    total, left = float(w @ y**2), float(w @ residuals**2)
    return Fit(
        betas=betas,
        std_errors=np.sqrt(np.diag(inverse)),
        r_squared=1 - left / total if total > 0 else None,
        idiosyncratic_variance=left,
        residuals=dict(zip(days, residuals.tolist(), strict=True)),
        inflations=_inflations(x, w),
    )


def rows(facts: Facts, symbol: str, day: date) -> dict[str, Beta]:
    """The model's rows of a symbol by factor; none below the minimum."""
    found = fit(facts, symbol, day)
    if found is None:
        return {}
    factors = moves(facts, day)
    return {
        name: Beta(
            beta=float(found.betas[number]),
            std_error=float(found.std_errors[number]),
            t_stat=float(found.betas[number] / found.std_errors[number]),
            p_value=None,
            r_squared=found.r_squared,
            vif=found.inflations[number],
            observations=found.observations,
            quality_flag="full_history" if found.observations >= FULL_OBSERVATIONS else "limited_history",
            residual_volatility=found.volatility,
            style_beta=factors.slopes.get(name),
            rate_proxy=factors.rate_proxy if name == "Interest Rate" else None,
        )
        for number, name in enumerate(NAMES)
    }


def _covariance(facts: Facts, day: date, base: float) -> np.ndarray:
    """Annualized covariance of the factors around weighted means."""
    factors = moves(facts, day)
    days = factors.complete()
    w = _weights(factors.window, days, base)
    x = np.array([[factors.series[name][when] for name in NAMES] for when in days])
    x = x - w @ x
    return 252 * x.T @ (w[:, None] * x)


@cache
def risk_covariance(facts: Facts, day: date) -> np.ndarray:
    """For variance decomposition and one-day forecasts."""
    return _covariance(facts, day, DECAY)


@cache
def stress_covariance(facts: Facts, day: date) -> np.ndarray:
    """For conditional moves."""
    return _covariance(facts, day, 0.5 ** (1 / HALF_LIFE))


def correlations(facts: Facts, day: date) -> np.ndarray:
    """Pearson correlations of the factors over the window."""
    factors = moves(facts, day)
    x = np.array([[factors.series[name][when] for name in NAMES] for when in factors.complete()])
    return np.corrcoef(x, rowvar=False)
