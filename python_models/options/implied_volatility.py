"""Implied volatility of European options: Black-Scholes-Merton inverted to the precision of the price.

An option's time value is the price of the out-of-the-money option with the same strike (put-call parity),
which depends on two numbers only: x = -|ln(forward / strike)| and s = volatility x sqrt(years). The functions
here call it b(x, s), in units of sqrt(discounted forward x discounted strike), as in Jaeckel, Let's Be
Rational, Wilmott 2015, section 2. It has one inflection, at s = sqrt(2 |x|). Below it the logarithm of the
price, and above it the logarithm of the distance to the maximum price, is so close to a simple function of s
that Halley's method needs about four steps; bisection is used where a step would leave the bracket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, ndtri

from python_models.options.greeks import CHUNK, Columns, option_price

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
CodeArray = npt.NDArray[np.int64]
StatusArray = npt.NDArray[np.object_]

PRICE_TOLERANCE = 1e-8  # of the underlying's price

# `ok`, the rejections in the order of their checks, and the solver's own failure
STATUSES = (
    "ok",
    "no_quote",
    "bad_input",
    "below_intrinsic",
    "no_time_value",
    "above_maximum",
    "no_convergence",
)
ROUNDING = 16 * float(np.finfo(np.float64).eps)
_STEP_TOLERANCE = 1e-5  # Halley's next error is about its cube
_MOST_STEPS = 100
_TWO_DENSITIES = 2 / float(np.sqrt(2 * np.pi))  # twice the normal density at 0
_SQRT_HALF = float(np.sqrt(0.5))
_TINY = 1e-280


class ImpliedVolatility(NamedTuple):
    """volatility: annual, a decimal, NaN unless the status is `ok`. status: one text per option."""

    volatility: FloatArray
    status: StatusArray


class _Objective(NamedTuple):
    """A function of s at some points: its value, its slope, and second derivative divided by slope."""

    value: FloatArray
    slope: FloatArray
    bend: FloatArray


def implied_volatility(  # noqa: PLR0917  # the usual order: price, S, K, T, r, q
    is_call: npt.ArrayLike,
    price: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
) -> ImpliedVolatility:
    """The volatility at which option_price returns the price, within 1e-8 of the underlying's price.

    Arrays of shapes that broadcast, in the units of option_price. The volatility is NaN for options whose
    status is not `ok` but the first that applies of:

    no_quote        the price is NaN, zero or negative
    bad_input       another input is not finite, or spot, strike or years is not positive
    below_intrinsic the price is below max(0, +-(S e^-qT - K e^-rT)): no volatility is low enough
    no_time_value   the price is at that bound, up to rounding: any low volatility gives it
    above_maximum   the price is not below S e^-qT (call) or K e^-rT (put): no volatility is high enough
    no_convergence  the price at the volatility found differs by more than the tolerance
    """
    is_call, *numbers = np.broadcast_arrays(is_call, price, spot, strike, years, rate, dividend_yield)
    columns = [is_call.astype(np.bool_).ravel(), *(n.astype(np.float64, copy=False).ravel() for n in numbers)]
    volatility = np.empty(is_call.size)
    code = np.empty(is_call.size, dtype=np.int64)
    with np.errstate(all="ignore"):  # values outside the formula's domain become NaN
        for begin in range(0, is_call.size, CHUNK):
            part = slice(begin, begin + CHUNK)
            chunk = cast(Columns, tuple(column[part] for column in columns))
            volatility[part], code[part] = _invert(chunk)
    status = np.array(STATUSES, dtype=object)[code]
    return ImpliedVolatility(volatility.reshape(is_call.shape), status.reshape(is_call.shape))


def _invert(columns: Columns) -> tuple[FloatArray, CodeArray]:
    """Volatilities, and statuses by their index in STATUSES."""
    is_call, price, spot, strike, years, rate, dividend_yield = columns
    spot_value = spot * np.exp(-dividend_yield * years)
    strike_value = strike * np.exp(-rate * years)
    intrinsic = np.maximum(np.where(is_call, spot_value - strike_value, strike_value - spot_value), 0.0)
    time_value = price - intrinsic
    code = _status_code(columns, time_value, spot_value, strike_value)
    solvable = np.flatnonzero(code == 0)
    x = -np.abs(np.log(spot / strike) + (rate - dividend_yield) * years)[solvable]
    scaled = (time_value / np.sqrt(spot_value * strike_value))[solvable]
    volatility = np.full(price.shape, np.nan)
    volatility[solvable] = _total_deviation(x, scaled) / np.sqrt(years[solvable])
    found = option_price(is_call, spot, strike, years, rate, dividend_yield, volatility)
    missed = (code == 0) & ~(np.abs(found - price) < PRICE_TOLERANCE * spot)
    volatility[missed] = np.nan
    code[missed] = STATUSES.index("no_convergence")
    return volatility, code


def _status_code(
    columns: Columns, time_value: FloatArray, spot_value: FloatArray, strike_value: FloatArray
) -> CodeArray:
    """The first status that applies; intrinsic value is exact up to the rounding of its two terms."""
    is_call, price, spot, strike, years, rate, dividend_yield = columns
    is_usable = (np.minimum(np.minimum(spot, strike), years) > 0) & np.isfinite(
        spot + strike + years + rate + dividend_yield + price
    )
    resolution = np.where(time_value < price, ROUNDING * (spot_value + strike_value), 0.0)
    maximum = np.where(is_call, spot_value, strike_value)
    conditions = [
        ~(price > 0),
        ~is_usable,
        time_value < -resolution,
        time_value <= resolution,
        price >= maximum * (1 - ROUNDING),
    ]
    return np.select(conditions, range(1, len(conditions) + 1), default=0)


def _total_deviation(x: FloatArray, price: FloatArray) -> FloatArray:
    """The s with b(x, s) = price, for x <= 0 and 0 < price < exp(x / 2)."""
    x = np.minimum(x, -_TINY)  # exactly at the money the two branches meet at s = 0
    inflection = np.sqrt(-2 * x)
    sides = 1 - erfcx(np.sqrt(-x))  # of _low_side at the inflection, where h + t = 0
    middle = _from_log(np.log(0.5 * sides))
    target = _from_log(np.log(price) - 0.5 * x)
    is_low = target < middle
    s = np.empty_like(price)
    low, high = np.flatnonzero(is_low), np.flatnonzero(~is_low)
    # a power of the target with the right slope at the inflection; never below the limit for small s
    power = sides[low] / (_TWO_DENSITIES * middle[low] ** 2 * inflection[low])
    guess = inflection[low] * (target[low] / middle[low]) ** power
    guess = np.maximum(guess, -x[low] * target[low])
    s[low] = _solve(_low_side, x[low], target[low], guess, np.zeros(low.size), inflection[low])
    distance = np.exp(0.5 * x[high]) - price[high]
    guess = np.hypot(inflection[high], np.maximum(-2 * ndtri(0.5 * distance), 0.0))
    ceiling = np.full(high.size, np.inf)
    s[high] = _solve(_high_side, x[high], np.log(distance), guess, inflection[high], ceiling)
    return s


def _solve(  # noqa: PLR0917  # the columns of one equation
    objective: Callable[[FloatArray, FloatArray], _Objective],
    x: FloatArray,
    target: FloatArray,
    guess: FloatArray,
    floor: FloatArray,
    ceiling: FloatArray,
) -> FloatArray:
    """The s between floor and ceiling where the objective equals the target, by bracketed Halley's method.

    Each option is solved alone and leaves the iteration when its step is small, so options are independent.
    """
    s = guess.copy()
    active = np.arange(s.size)
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        at = s[active]
        value, slope, bend = objective(x, at)
        error = value - target
        is_above = (error > 0) == (slope > 0)
        ceiling = np.where(is_above, at, ceiling)
        floor = np.where(is_above, floor, at)
        newton = -error / slope
        is_last = np.abs(newton) <= _STEP_TOLERANCE * at
        following = at + newton / np.maximum(1 + 0.5 * newton * bend, 0.25)
        is_inside = (following > floor) & (following < ceiling)
        bisected = np.where(np.isfinite(ceiling), 0.5 * (floor + ceiling), 2 * at)
        s[active] = np.where(is_inside | is_last, following, bisected)
        going = ~is_last
        active, x, target = active[going], x[going], target[going]
        floor, ceiling = floor[going], ceiling[going]
    return s


def _from_log(log_ratio: FloatArray) -> FloatArray:
    """A price as 1 / sqrt(-2 ln(price / maximum)): for small prices proportional to s, about s / |x|."""
    return 1 / np.sqrt(-2 * log_ratio)


def _low_side(x: FloatArray, s: FloatArray) -> _Objective:
    """_from_log of b(x, s), which keeps its relative precision for small values."""
    h, t = x / s, 0.5 * s
    sides = erfcx(-_SQRT_HALF * (h + t)) - erfcx(_SQRT_HALF * (t - h))
    log_ratio = -0.5 * (h + t) ** 2 + np.log(0.5 * sides)
    elasticity = _TWO_DENSITIES / sides  # slope of ln b
    value = _from_log(log_ratio)
    slope = value**3 * elasticity
    bend = h * h / s - 0.25 * s - elasticity + 3 * value**2 * elasticity
    return _Objective(value, slope, bend)


def _high_side(x: FloatArray, s: FloatArray) -> _Objective:
    """ln(exp(x / 2) - b(x, s)), the log distance to the maximum price."""
    h, t = x / s, 0.5 * s
    sides = erfcx(_SQRT_HALF * (h + t)) + erfcx(_SQRT_HALF * (t - h))
    value = -0.5 * (h * h + t * t) + np.log(0.5 * sides)
    slope = -_TWO_DENSITIES / sides
    return _Objective(value, slope, h * h / s - 0.25 * s - slope)
