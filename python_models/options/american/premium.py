"""The price of puts with a known exercise boundary, and its derivatives in the log of the spot.

Price = European price + interest on the strike, less dividends of the asset, while it is below the boundary
(Kim, The Analytic Valuation of American Options, Review of Financial Studies 3 (1990), equation 12). Near the
boundary the integrand has a spike at once, which few points miss: gamma would be wrong there. So the premium
is that of a boundary that stays where it is now, in closed form, plus a quadrature of the difference, which
has no spike.

Per strike, spot over strike given as its log; arrays of shape (n_puts,), those of points (n_points, n_puts).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import erfcx, ndtr

from python_models.options.american.boundary import LogBoundary
from python_models.options.american.grid import PREMIUM, added
from python_models.options.american.puts import Puts
from python_models.options.greeks import FloatArray

_SQRT_TWO_PI = float(np.sqrt(2 * np.pi))
_SQRT_HALF = float(np.sqrt(0.5))


class Slopes(NamedTuple):
    """First and second derivative in the log of the spot."""

    first: FloatArray
    second: FloatArray


class _Constant(NamedTuple):
    """Terms of the premium of a constant boundary. score, density: of the boundary at expiration.

    powers: the two of spot / boundary, shape (2, n_puts), first and second their derivatives, weights their
    coefficients.
    """

    score: FloatArray
    density: FloatArray
    powers: FloatArray
    first: FloatArray
    second: FloatArray
    weights: FloatArray


def held_value(puts: Puts, boundary: LogBoundary, log_spot: FloatArray) -> FloatArray:
    """The price if held, not below the European one, which it is up to the boundary: exercise pays more."""
    european = _european(puts, log_spot)
    constant = _constant(puts, boundary.now, log_spot)
    fixed = added(constant.weights * constant.powers, 0) - _gap(puts, constant.score, log_spot)
    held = european + fixed + _difference(puts, boundary, log_spot)
    return np.where(log_spot <= boundary.now, european, np.maximum(held, european))


def put_slopes(puts: Puts, boundary: LogBoundary, log_spot: FloatArray) -> Slopes:
    """The derivatives of the price; up to the boundary those of exercise now, 1 - spot."""
    exercised = -np.exp(log_spot)
    is_exercised = log_spot <= boundary.now
    parts = (
        _european_slopes(puts, log_spot),
        _constant_slopes(puts, boundary.now, log_spot),
        _difference_slopes(puts, boundary, log_spot),
    )
    held = (added(np.array(orders), 0) for orders in zip(*parts, strict=True))
    return Slopes(*(np.where(is_exercised, exercised, order) for order in held))


def _european(puts: Puts, log_spot: FloatArray) -> FloatArray:
    return _gap(puts, log_spot / puts.deviation + puts.drift, log_spot)


def _gap(puts: Puts, score: FloatArray, log_spot: FloatArray) -> FloatArray:
    """Value of strike less asset at expiration, where the log of the asset ends below the score's level."""
    cash = np.exp(-puts.rate) * ndtr(-score)
    value: FloatArray = cash - np.exp(log_spot - puts.dividend_yield) * ndtr(-score - puts.deviation)
    return value


def _european_slopes(puts: Puts, log_spot: FloatArray) -> Slopes:
    score = log_spot / puts.deviation + puts.drift
    first = -np.exp(log_spot - puts.dividend_yield) * ndtr(-score - puts.deviation)
    return Slopes(first, first + np.exp(-puts.rate) * _density(score) / puts.deviation)


def _constant(puts: Puts, level: FloatArray, log_spot: FloatArray) -> _Constant:
    """The two powers, cut off at expiration, for a boundary that stays at this log level.

    The integrals of Kim's equation by parts, with the distribution of first passage: Haug, The Complete Guide
    to Option Pricing Formulas, section 4.17.4.
    """
    deviation, drift = puts.deviation, puts.drift
    root = np.sqrt(drift**2 + 2 * puts.rate)
    distance = (log_spot - level) / deviation
    score = distance + drift
    density = np.exp(-puts.rate) * _density(score)
    falling = np.exp(-distance * (drift + root)) * ndtr(root - distance)
    rising = 0.5 * _SQRT_TWO_PI * density * erfcx(_SQRT_HALF * (distance + root))
    powers = np.stack([falling, rising])
    rates = np.stack([-drift - root, root - drift])  # of the powers, per deviation
    jump = np.stack([-density, -density])
    first = (rates * powers + jump) / deviation
    second = (rates * first - score / deviation * jump) / deviation
    shares = np.stack([-drift / root, drift / root])
    asset_shares = np.stack([-(drift + deviation) / root, (drift + deviation) / root])
    weights = 0.5 * (1 + shares - np.exp(level) * (1 + asset_shares))
    return _Constant(score, density, powers, first, second, weights)


def _constant_slopes(puts: Puts, level: FloatArray, log_spot: FloatArray) -> Slopes:
    terms = _constant(puts, level, log_spot)
    edge = (1 - np.exp(level)) * terms.density / puts.deviation
    held = np.exp(log_spot - puts.dividend_yield) * ndtr(-terms.score - puts.deviation)
    first = added(terms.weights * terms.first, 0) + edge + held
    second = added(terms.weights * terms.second, 0) - terms.score * edge / puts.deviation + held
    return Slopes(first, second - np.exp(level) * terms.density / puts.deviation)


def _difference(puts: Puts, boundary: LogBoundary, log_spot: FloatArray) -> FloatArray:
    """The premium less that of the constant boundary."""
    later, now = (_scores(puts, level, log_spot) for level in (boundary.later, boundary.now))
    flow = _interest(puts) * (ndtr(-later) - ndtr(-now))
    if puts.dividend_yield.any():
        shift = puts.deviation * PREMIUM.root
        flow -= _dividends(puts, log_spot) * (ndtr(-later - shift) - ndtr(-now - shift))
    return added(flow, 0)


def _difference_slopes(puts: Puts, boundary: LogBoundary, log_spot: FloatArray) -> Slopes:
    later, now = (_flow_slopes(puts, level, log_spot) for level in (boundary.later, boundary.now))
    return Slopes(*(added(more - less, 0) for more, less in zip(later, now, strict=True)))


def _flow_slopes(puts: Puts, level: FloatArray, log_spot: FloatArray) -> Slopes:
    """Derivatives of the flow at each point below a log boundary."""
    deviation = puts.deviation * PREMIUM.root
    score = _scores(puts, level, log_spot)
    density = np.exp(-puts.rate * PREMIUM.root**2) * PREMIUM.weight * _density(score) / deviation
    dividends = _dividends(puts, log_spot) * ndtr(-score - deviation)
    asset = puts.dividend_yield * np.exp(level)
    first = -(puts.rate - asset) * density - dividends
    second = (puts.rate - asset) * density * score / deviation + asset * density - dividends
    return Slopes(first, second)


def _scores(puts: Puts, level: FloatArray, log_spot: FloatArray) -> FloatArray:
    """Deviations between the expected log spot and a log boundary at each point."""
    scores: FloatArray = (log_spot - level) / (puts.deviation * PREMIUM.root) + puts.drift * PREMIUM.root
    return scores


def _interest(puts: Puts) -> FloatArray:
    interest: FloatArray = puts.rate * np.exp(-puts.rate * PREMIUM.root**2) * PREMIUM.weight
    return interest


def _dividends(puts: Puts, log_spot: FloatArray) -> FloatArray:
    grown = np.exp(log_spot - puts.dividend_yield * PREMIUM.root**2)
    dividends: FloatArray = puts.dividend_yield * grown * PREMIUM.weight
    return dividends


def _density(score: FloatArray) -> FloatArray:
    density: FloatArray = np.exp(-0.5 * score * score) / _SQRT_TWO_PI
    return density
