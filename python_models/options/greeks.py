"""Black-Scholes-Merton: prices and Greeks of European options with a continuous dividend yield.

Hull, Options, Futures and Other Derivatives, chapters 15 (price), 17 (dividend yield) and 19 (Greeks). Units
are the market's, not the book's: theta and charm for one calendar day passing, vega, vanna and volga for one
volatility point (0.01), rho for one rate point (0.01). Time is calendar days / 365.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

FloatArray = npt.NDArray[np.float64]
Columns = tuple[npt.NDArray[np.bool_], FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]

DAYS_PER_YEAR = 365
POINT = 0.01  # one point of volatility or of a rate, as a decimal
CHUNK = 8192  # options at a time, so that intermediate arrays stay in the CPU cache

_SQRT_TWO_PI = float(np.sqrt(2 * np.pi))


class Greeks(NamedTuple):
    """Price and Greeks of options, per share; arrays of one shape, NaN where an input is unusable.

    price: USD. delta, gamma: per USD of the underlying. theta: USD per calendar day. vega: USD per volatility
    point. rho: USD per rate point. vanna: delta per volatility point. volga: vega per volatility point.
    charm: delta per calendar day.
    """

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray
    vanna: FloatArray
    volga: FloatArray
    charm: FloatArray


class _Terms(NamedTuple):
    """Terms of price and Greeks. sign: 1 for calls, -1 for puts; cdf_1, cdf_2: N(sign d1), N(sign d2)."""

    sign: FloatArray
    d1: FloatArray
    d2: FloatArray
    deviation: FloatArray
    spot_value: FloatArray
    strike_value: FloatArray
    cdf_1: FloatArray
    cdf_2: FloatArray


def option_price(  # noqa: PLR0917  # the usual order: S, K, T, r, q, sigma
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> FloatArray:
    """Price of European options, USD per share.

    Arrays of shapes that broadcast: spot and strike in USD, years = calendar days / 365, rate and
    dividend_yield continuous and annual, volatility annual, all three as decimals. An input that is not
    finite, or a spot, strike, years or volatility that is not positive, gives NaN for that option alone.
    Source: Hull, equations 17.4 and 17.5.
    """
    inputs = (is_call, spot, strike, years, rate, dividend_yield, volatility)
    price: FloatArray = _in_chunks(_price, 1, inputs)[0]
    return price


def option_greeks(  # noqa: PLR0917  # the usual order: S, K, T, r, q, sigma
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> Greeks:
    """Prices, first- and second-order Greeks of European options, with the inputs of option_price.

    NaN as for option_price. Source: Hull, table 19.6 (delta to rho); vanna, volga and charm are the
    derivatives of its delta and vega, as in Haug, The Complete Guide to Option Pricing Formulas, sections 2.1
    and 2.3.
    """
    inputs = (is_call, spot, strike, years, rate, dividend_yield, volatility)
    return Greeks(*_in_chunks(_greeks, len(Greeks._fields), inputs))


def _in_chunks(
    formula: Callable[[Columns], Sequence[FloatArray]], results: int, inputs: tuple[npt.ArrayLike, ...]
) -> FloatArray:
    """The formula's results for broadcast inputs; shape (results, *shape of the inputs)."""
    is_call, *numbers = np.broadcast_arrays(*inputs)
    shape = is_call.shape
    columns = [is_call.astype(np.bool_).ravel(), *(n.astype(np.float64, copy=False).ravel() for n in numbers)]
    out = np.empty((results, is_call.size))
    with np.errstate(all="ignore"):  # values outside the formula's domain become NaN
        for begin in range(0, is_call.size, CHUNK):
            part = slice(begin, begin + CHUNK)
            out[:, part] = formula(cast(Columns, tuple(column[part] for column in columns)))
    return out.reshape((results, *shape))


def _terms(columns: Columns) -> _Terms:
    is_call, spot, strike, years, rate, dividend_yield, volatility = columns
    usable = (np.minimum(np.minimum(spot, strike), np.minimum(years, volatility)) > 0) & np.isfinite(
        spot + strike + years + volatility + rate + dividend_yield
    )
    deviation = np.where(usable, volatility, np.nan) * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate - dividend_yield) * years) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    sign = np.where(is_call, 1.0, -1.0)
    spot_value = spot * np.exp(-dividend_yield * years)
    strike_value = strike * np.exp(-rate * years)
    return _Terms(sign, d1, d2, deviation, spot_value, strike_value, ndtr(sign * d1), ndtr(sign * d2))


def _price(columns: Columns) -> tuple[FloatArray]:
    terms = _terms(columns)
    return (_price_of(terms),)


def _price_of(terms: _Terms) -> FloatArray:
    """The price, not below zero: far out of the money, rounding could make the difference negative."""
    price = terms.sign * (terms.spot_value * terms.cdf_1 - terms.strike_value * terms.cdf_2)
    return np.maximum(price, 0.0)


def _greeks(columns: Columns) -> Greeks:
    _, spot, _, years, rate, dividend_yield, volatility = columns
    terms = _terms(columns)
    density = np.exp(-0.5 * terms.d1 * terms.d1) / _SQRT_TWO_PI
    discount = terms.spot_value / spot  # of one share without its dividends
    delta = terms.sign * discount * terms.cdf_1
    strike_part = terms.sign * terms.strike_value * terms.cdf_2
    slope = discount * density  # of delta in d1
    vega = spot * slope * np.sqrt(years)
    decay = 0.5 * vega * volatility / years
    vanna = -slope * terms.d2 / volatility
    volga = vega * terms.d1 * terms.d2 / volatility
    carry = (rate - dividend_yield) / terms.deviation - 0.5 * terms.d2 / years
    return Greeks(
        price=_price_of(terms),
        delta=delta,
        gamma=slope / (spot * terms.deviation),
        theta=(dividend_yield * spot * delta - rate * strike_part - decay) / DAYS_PER_YEAR,
        vega=vega * POINT,
        rho=years * strike_part * POINT,
        vanna=vanna * POINT,
        volga=volga * POINT**2,
        charm=(dividend_yield * delta - slope * carry) / DAYS_PER_YEAR,
    )
