"""Implied volatility of American options: the volatility at which american_price returns a price."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from python_models.options.american.boundary import log_boundary
from python_models.options.american.pricing import as_contracts, log_moneyness, price_of
from python_models.options.american.puts import BoolArray, Contracts, Puts
from python_models.options.greeks import POINT, FloatArray, option_greeks
from python_models.options.implied_volatility import (
    PRICE_TOLERANCE,
    ROUNDING,
    STATUSES,
    CodeArray,
    ImpliedVolatility,
    implied_volatility,
)

TWO_BOUNDARIES = "two_boundaries"

_PRECISION = 0.01 * PRICE_TOLERANCE  # of the spot, at which the iteration stops
_MOST_STEPS = 80
_FIRST_GUESS = 1.0  # where the European price never reaches the price


class _Bracket(NamedTuple):
    """A volatility, its price error, and the closest volatilities known to be too low and too high."""

    at: FloatArray
    error: FloatArray
    floor: FloatArray
    ceiling: FloatArray


def american_implied_volatility(  # noqa: PLR0917  # the usual order: price, S, K, T, r, q
    is_call: npt.ArrayLike,
    price: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
) -> ImpliedVolatility:
    """The volatility at which american_price returns the price, within 1e-8 of the underlying's price.

    Arguments and statuses as for implied_volatility, which answers where early exercise is worth nothing. The
    bounds are those of American options: the price without volatility, with exercise at the best time, and
    the spot (call) or the strike (put). `two_boundaries`: exercise is best between two, see american_price.
    """
    inputs = np.broadcast_arrays(is_call, price, spot, strike, years, rate, dividend_yield)
    kind, *numbers = (column.ravel() for column in inputs)
    prices, spots, *terms = (number.astype(np.float64) for number in numbers)
    european = implied_volatility(kind, prices, spots, *terms)
    volatility, status = european.volatility.copy(), european.status.copy()
    contracts = as_contracts(kind, *terms, np.ones(spots.size))
    is_valid = (status != "no_quote") & (status != "bad_input")
    is_double = is_valid & contracts.has_two_boundaries()
    volatility[is_double], status[is_double] = np.nan, TWO_BOUNDARIES
    rows = np.flatnonzero(is_valid & contracts.is_exercised_early())
    with np.errstate(all="ignore"):  # extremes
        volatility[rows], code = _invert(contracts.take(rows), prices[rows], spots[rows], volatility[rows])
    status[rows] = np.array(STATUSES, dtype=object)[code]
    shape = inputs[0].shape
    return ImpliedVolatility(volatility.reshape(shape), status.reshape(shape))


def _invert(
    contracts: Contracts, price: FloatArray, spot: FloatArray, european: FloatArray
) -> tuple[FloatArray, CodeArray]:
    """Volatilities, and statuses by their index in STATUSES; european: the European volatility or NaN."""
    code = _status_code(contracts, price, spot)
    solvable = np.flatnonzero(code == 0)
    volatility = np.full(price.shape, np.nan)
    terms = contracts.take(solvable), price[solvable], spot[solvable]
    found, error = _solve(*terms, european[solvable])
    is_found = np.abs(error) < PRICE_TOLERANCE * spot[solvable]
    volatility[solvable] = np.where(is_found, found, np.nan)
    code[solvable[~is_found]] = STATUSES.index("no_convergence")
    return volatility, code


def _status_code(contracts: Contracts, price: FloatArray, spot: FloatArray) -> CodeArray:
    unit = np.where(contracts.is_call, spot, contracts.strike)
    least = unit * _least(contracts.puts(), np.exp(log_moneyness(contracts, spot)))
    resolution = np.where(least > 0, ROUNDING * (spot + contracts.strike), 0.0)
    conditions = {
        "below_intrinsic": price < least - resolution,
        "no_time_value": price <= least + resolution,
        "above_maximum": price >= unit * (1 - ROUNDING),
    }
    codes = [STATUSES.index(name) for name in conditions]
    return np.select(list(conditions.values()), codes, default=0)


def _least(puts: Puts, spot: FloatArray) -> FloatArray:
    """The price of puts without volatility: the best of exercise now, at expiration, and in between."""
    rate, dividend_yield, _ = puts
    best = np.log(dividend_yield * spot / rate) / (dividend_yield - rate)
    times = np.stack([np.zeros_like(best), np.ones_like(best), np.clip(np.nan_to_num(best), 0.0, 1.0)])
    values = np.exp(-rate * times) - spot * np.exp(-dividend_yield * times)
    least: FloatArray = np.maximum(values.max(axis=0), 0.0)
    return least


def _solve(
    contracts: Contracts, price: FloatArray, spot: FloatArray, european: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Volatility and price error, by the secant method in a bracket, from the European volatility.

    That is never too low, as the American price is not below the European one; the first step is Newton's
    with the European vega. An option leaves the iteration on its own, so options are independent.
    """
    start = np.where(np.isfinite(european), european, _FIRST_GUESS)
    known = _Bracket(
        start, _error(contracts, price, spot, start), np.zeros_like(start), np.full_like(start, np.inf)
    )
    vega = option_greeks(contracts.is_call, spot, *contracts[1:5], start).vega / POINT
    volatility, error = start.copy(), known.error.copy()
    active, slope = np.arange(start.size), vega
    for _ in range(_MOST_STEPS):
        going = np.abs(error[active]) > _PRECISION * spot[active]
        if not going.any():
            break
        active, slope = active[going], slope[going]
        known = _narrowed(_Bracket(*(column[going] for column in known)))
        following = _next(known, slope)
        terms = contracts.take(active), price[active], spot[active]
        missed = _error(*terms, following)
        slope = (missed - known.error) / (following - known.at)
        known = known._replace(at=following, error=missed)
        volatility[active], error[active] = following, missed
    return volatility, error


def _narrowed(known: _Bracket) -> _Bracket:
    is_high = known.error > 0
    return known._replace(
        floor=np.where(is_high, known.floor, known.at), ceiling=np.where(is_high, known.at, known.ceiling)
    )


def _next(known: _Bracket, slope: FloatArray) -> FloatArray:
    """The secant's root if it is inside the bracket, else its middle; twice the volatility if it is open."""
    following = known.at - known.error / slope
    is_inside: BoolArray = (following > known.floor) & (following < known.ceiling)
    middle = np.where(np.isfinite(known.ceiling), 0.5 * (known.floor + known.ceiling), 2 * known.at)
    return np.where(is_inside, following, middle)


def _error(contracts: Contracts, price: FloatArray, spot: FloatArray, volatility: FloatArray) -> FloatArray:
    terms = contracts._replace(volatility=volatility)
    return price_of(terms, terms.puts(), log_boundary(terms.puts()), spot) - price
