"""A first exercise boundary: the QD+ approximation, within about 1 % of the strike.

Li, Analytical Approximations for the Critical Stock Prices of American Options: A Performance Comparison,
Review of Derivatives Research 13 (2010). Its start is the guess of Barone-Adesi and Whaley, Efficient
Analytic Approximation of American Option Values, Journal of Finance 42 (1987).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from python_models.options.american.puts import Puts
from python_models.options.greeks import FloatArray

STEPS = 5  # of Newton's method

_SQRT_TWO_PI = float(np.sqrt(2 * np.pi))


class _Levels(NamedTuple):
    """Terms of the equation of each time and put that do not depend on the boundary, shape (n_times, n_puts).

    exponent: of spot / boundary in the premium without correction. weight, constant: the correction of the
    exponent is weight x (constant - decay of the European price / its distance to intrinsic value).
    """

    time: FloatArray
    carry: FloatArray
    deviation: FloatArray
    discount: FloatArray
    dividend_discount: FloatArray
    exponent: FloatArray
    weight: FloatArray
    constant: FloatArray


def first_boundary(puts: Puts, times: FloatArray) -> FloatArray:
    """The approximate boundary at times before expiration, shape (n_times, n_puts); times: (n_times, 1)."""
    levels = _levels(puts, times)
    start = np.exp(puts.log_start)
    perpetual = _perpetual(puts)
    pull = (levels.carry - 2 * levels.deviation) * perpetual / (1 - perpetual)
    boundary = perpetual + (start - perpetual) * np.exp(np.minimum(pull, 0.0))
    boundary = np.clip(boundary, perpetual, start * (1 - 1e-9))
    for _ in range(STEPS):
        found = boundary - _newton_step(puts, levels, boundary)
        found = np.where(np.isfinite(found), found, boundary)
        boundary = np.clip(found, np.maximum(perpetual, boundary / 2), 0.5 * (start + boundary))
    return boundary


def _perpetual(puts: Puts) -> FloatArray:
    """The boundary without expiration: Merton, Theory of Rational Option Pricing (1973), equation 52."""
    variance = puts.deviation**2
    middle = 0.5 - (puts.rate - puts.dividend_yield) / variance
    exponent = middle - np.sqrt(middle**2 + 2 * puts.rate / variance)
    boundary: FloatArray = exponent / (exponent - 1)
    return boundary


def _levels(puts: Puts, times: FloatArray) -> _Levels:
    variance = puts.deviation**2
    earned = -np.expm1(-puts.rate * times)  # interest on the strike until expiration
    slope = 2 * (puts.rate - puts.dividend_yield) / variance - 1
    load = 2 * puts.rate / variance
    root = np.sqrt(slope**2 + 4 * load / earned)
    discount = 1 - earned
    return _Levels(
        time=times,
        carry=(puts.rate - puts.dividend_yield) * times,
        deviation=puts.deviation * np.sqrt(times),
        discount=discount,
        dividend_discount=np.exp(-puts.dividend_yield * times),
        exponent=-0.5 * (slope + root),
        weight=discount * load / root,
        constant=1 / earned - load / (earned * root) ** 2,
    )


def _newton_step(puts: Puts, at: _Levels, boundary: FloatArray) -> FloatArray:
    """Value / slope of the equation (1 - e^-qt N(-d1)) B + exponent (1 - B - p) = 0; p: European price."""
    d1 = (np.log(boundary) + at.carry) / at.deviation + 0.5 * at.deviation
    d2 = d1 - at.deviation
    density = at.dividend_discount * np.exp(-0.5 * d1 * d1) / _SQRT_TWO_PI
    held = at.dividend_discount * ndtr(-d1)
    owed = at.discount * ndtr(-d2)
    excess = 1 - owed - boundary * (1 - held)  # of intrinsic value over the European price
    theta = puts.rate * owed - puts.dividend_yield * boundary * held
    theta -= 0.5 * boundary * density * at.deviation / at.time
    charm = -puts.dividend_yield * held - density * (at.carry / at.deviation - 0.5 * d2) / at.time
    scale = at.weight / (at.discount * puts.rate * excess)
    exponent = at.exponent + at.weight * at.constant - scale * theta
    bend = -scale * (charm + theta * (1 - held) / excess)
    value = (1 - held) * boundary + exponent * excess
    slope = (1 - held) * (1 - exponent) + density / at.deviation + bend * excess
    step: FloatArray = value / slope
    return step
