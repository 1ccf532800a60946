"""Greeks of American options, in the units of Greeks.

Delta and gamma are the integral's own derivatives, theta follows from the Black-Scholes equation, and the
others are central differences of prices and deltas: the boundary moves with volatility, rate and time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from python_models.options.american.boundary import log_boundary
from python_models.options.american.premium import put_slopes
from python_models.options.american.pricing import PAIRS, as_contracts, log_moneyness, price_of
from python_models.options.american.puts import BoolArray, Contracts
from python_models.options.greeks import DAYS_PER_YEAR, POINT, FloatArray, Greeks, option_greeks

_VOLATILITY_STEP = 5e-3  # of the volatility
_YEARS_STEP = 5e-3  # of the time to expiration
_RATE_STEP = 1e-4


class _Spots(NamedTuple):
    """What a known boundary gives."""

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    is_exercised: BoolArray


def american_greeks(  # noqa: PLR0917  # the usual order: S, K, T, r, q, sigma
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> Greeks:
    """Prices and Greeks of American options; inputs as for option_price, NaN as for american_price.

    Exactly option_greeks where early exercise is worth nothing. Where an option should be exercised now, it
    moves with its intrinsic value: delta is 1 or -1, the other Greeks are 0.
    """
    inputs = np.broadcast_arrays(is_call, spot, strike, years, rate, dividend_yield, volatility)
    kind, spots, *terms = (column.ravel() for column in inputs)
    contracts = as_contracts(kind, *terms)
    spots = spots.astype(np.float64)
    greeks = np.array(option_greeks(kind, spots, *terms)).reshape(len(Greeks._fields), -1)
    greeks[:, contracts.has_two_boundaries()] = np.nan
    is_solved = contracts.is_usable() & contracts.is_exercised_early() & (spots > 0) & np.isfinite(spots)
    solved = np.flatnonzero(is_solved)
    with np.errstate(all="ignore"):  # extremes
        for begin in range(0, solved.size, PAIRS):
            part = solved[begin : begin + PAIRS]
            greeks[:, part] = _greeks(contracts.take(part), spots[part])
    return Greeks(*greeks.reshape(len(Greeks._fields), *inputs[0].shape))


def _greeks(contracts: Contracts, spot: FloatArray) -> Greeks:
    _, _, years, rate, dividend_yield, volatility = contracts
    base = _at(contracts, spot)
    step = _VOLATILITY_STEP * volatility
    low, high = (_at(contracts._replace(volatility=volatility + way * step), spot) for way in (-1, 1))
    shorter, longer = (
        _at(contracts._replace(years=years * (1 + way * _YEARS_STEP)), spot) for way in (-1, 1)
    )
    growth = rate * base.price - (rate - dividend_yield) * spot * base.delta
    moving = {  # 0 if exercised; there a difference may reach across the boundary
        "theta": (growth - 0.5 * (volatility * spot) ** 2 * base.gamma) / DAYS_PER_YEAR,
        "vega": (high.price - low.price) / (2 * step) * POINT,
        "rho": _rate_slope(contracts, spot) * POINT,
        "vanna": (high.delta - low.delta) / (2 * step) * POINT,
        "volga": (high.price - 2 * base.price + low.price) / step**2 * POINT**2,
        "charm": (shorter.delta - longer.delta) / (2 * _YEARS_STEP * years) / DAYS_PER_YEAR,
    }
    held = {name: np.where(base.is_exercised, 0.0, greek) for name, greek in moving.items()}
    held["vega"] = np.maximum(held["vega"], 0.0)  # a difference of equal prices is rounding
    return Greeks(price=base.price, delta=base.delta, gamma=base.gamma, **held)


def _rate_slope(contracts: Contracts, spot: FloatArray) -> FloatArray:
    """Slope of the price in the rate, from both sides, from above alone at a rate of 0.

    The steps do not cross 0, where early exercise gains or loses its worth.
    """
    rate = contracts.rate
    step = np.where(rate == 0, _RATE_STEP, np.minimum(_RATE_STEP, 0.5 * np.abs(rate)))
    low, high = np.where(rate == 0, rate, rate - step), rate + step
    terms = [contracts._replace(rate=moved) for moved in (low, high)]
    less, more = (price_of(each, each.puts(), log_boundary(each.puts()), spot) for each in terms)
    slope: FloatArray = (more - less) / (high - low)
    return slope


def _at(contracts: Contracts, spot: FloatArray) -> _Spots:
    """From the equal put p of the log spot l: a put is K p, l = ln(S / K), a call is S p, l = ln(K / S)."""
    puts, log_spot = contracts.puts(), log_moneyness(contracts, spot)
    boundary = log_boundary(puts)
    price, slopes = price_of(contracts, puts, boundary, spot), put_slopes(puts, boundary, log_spot)
    is_call, strike, *_ = contracts
    bend = slopes.second - slopes.first
    delta = np.where(is_call, price / spot - slopes.first, strike / spot * slopes.first)
    gamma = np.where(is_call, bend / spot, strike / spot**2 * bend)
    is_exercised = log_spot <= boundary.now
    return _Spots(
        price=price,
        delta=np.where(is_exercised, np.where(is_call, 1.0, -1.0), np.clip(delta, ~is_call * -1.0, is_call)),
        gamma=np.where(is_exercised, 0.0, np.maximum(gamma, 0.0)),
        is_exercised=is_exercised,
    )
