"""Regressions of symbols on single factors: market, rates, bond, spread (method 7)."""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import statsmodels.api as sm

from tests.reference.facts import Facts

MARKET, LONG_BOND, TEN_YEARS = "SPY", "TLT", "DGS10"
CLIP = 5.0
FULL_SHARE = 0.9
PROXY_DURATION = 16.0
PERFECT = 1e-10  # annualized residuals of SPY on itself: rounding

Series = dict[date, float]


@dataclass(frozen=True)
class Beta:
    """One factor's row of a symbol's regression."""

    beta: float
    std_error: float
    t_stat: float | None
    p_value: float | None
    r_squared: float | None
    vif: float
    observations: int
    quality_flag: str
    residual_volatility: float
    is_clipped: bool = False
    style_beta: float | None = None
    rate_proxy: str | None = None


def yield_changes(facts: Facts, window: list[date]) -> tuple[Series, str]:
    """Changes of the 10-year yield between neighbouring sessions; TLT's return / -16 where it is unknown."""
    known = facts.yields.get(TEN_YEARS, {})
    started = [day for day in window if day >= min(facts.closes[MARKET], default=window[-1])]
    if sum(day in known for day in started) < FULL_SHARE * len(started):
        bond = facts.returns.get(LONG_BOND, {})
        return {day: -bond[day] / PROXY_DURATION for day in window if day in bond}, LONG_BOND
    changes = {
        day: known[day] - known[facts.before(day)]
        for day in window
        if day in known and facts.before(day) in known
    }
    return changes, TEN_YEARS


def returns_in(facts: Facts, symbol: str, window: list[date]) -> Series:
    """The known returns of a symbol in a window."""
    known = facts.returns.get(symbol, {})
    return {day: known[day] for day in window if day in known}


def is_usable(series: Series, minimum: int) -> bool:
    """A factor needs the minimum of values, and variation in them."""
    return len(series) >= minimum and len(set(series.values())) > 1


def ols(own: Series, factors: list[Series], window: list[date], minimum: int) -> list[Beta] | None:
    """OLS with intercept on the sessions that all series know; a row per factor, or None if too few."""
    days = [day for day in window if day in own and all(day in factor for factor in factors)]
    if len(days) < minimum:
        return None
    y = np.array([own[day] for day in days])
    x = np.array([[factor[day] for factor in factors] for day in days])
    fit = sm.OLS(y, sm.add_constant(x, has_constant="add")).fit()
    residual = math.sqrt(252 * fit.ssr / (len(days) - 1))
    is_perfect = residual < PERFECT
    moves = not np.allclose(y, y[0], rtol=0, atol=0)
    return [
        Beta(
            beta=float(fit.params[number + 1]),
            std_error=float(fit.bse[number + 1]),
            t_stat=None if is_perfect else float(fit.tvalues[number + 1]),
            p_value=None if is_perfect else float(fit.pvalues[number + 1]),
            r_squared=float(fit.rsquared) if moves else None,
            vif=inflation(x, number),
            observations=len(days),
            quality_flag=quality(len(days), len(window)),
            residual_volatility=residual,
        )
        for number in range(len(factors))
    ]


def quality(observations: int, full: int) -> str:
    return "full_history" if observations >= FULL_SHARE * full else "limited_history"


def inflation(x: np.ndarray, number: int) -> float:
    """1 / (1 - R squared) of one regressor on the others."""
    if x.shape[1] == 1:
        return 1.0
    others = sm.add_constant(np.delete(x, number, axis=1), has_constant="add")
    return float(1 / (1 - sm.OLS(x[:, number], others).fit().rsquared))


def market(facts: Facts, symbol: str, day: date, length: int, minimum: int) -> Beta | None:
    """Beta to SPY, clipped."""
    window = facts.window(day, length)
    factor = returns_in(facts, MARKET, window)
    if not is_usable(factor, minimum):
        return None
    found = ols(returns_in(facts, symbol, window), [factor], window, minimum)
    if not found:
        return None
    row = found[0]
    clipped = min(max(row.beta, -CLIP), CLIP)
    return Beta(**{**vars(row), "beta": clipped, "is_clipped": clipped != row.beta})


def second(facts: Facts, symbol: str, factor: Series, window: list[date], minimum: int) -> Beta | None:
    """Beta to a factor in a regression on SPY and the factor."""
    spy = returns_in(facts, MARKET, window)
    if not (is_usable(spy, minimum) and is_usable(factor, minimum)):
        return None
    found = ols(returns_in(facts, symbol, window), [spy, factor], window, minimum)
    return found[1] if found else None


def rates(facts: Facts, symbol: str, day: date, length: int, minimum: int) -> Beta | None:
    """Return per unit of the 10-year yield."""
    window = facts.window(day, length)
    changes, proxy = yield_changes(facts, window)
    found = second(facts, symbol, changes, window, minimum)
    return Beta(**{**vars(found), "rate_proxy": proxy}) if found else None


def bond(facts: Facts, symbol: str, day: date, length: int, minimum: int) -> Beta | None:
    """Return per unit of TLT's return."""
    window = facts.window(day, length)
    return second(facts, symbol, returns_in(facts, LONG_BOND, window), window, minimum)


def spread(
    facts: Facts, symbol: str, day: date, length: int, minimum: int, *, legs: tuple[str, str]
) -> Beta | None:
    """Return per unit of a long leg less a short one."""
    window = facts.window(day, length)
    long, short = (returns_in(facts, leg, window) for leg in legs)
    factor = {when: long[when] - short[when] for when in window if when in long and when in short}
    return second(facts, symbol, factor, window, minimum)
