"""Prices of American options with continuous rates and dividend yield, and their boundary for many spots.

Andersen, Lake and Offengenden, High-Performance American Option Pricing, Journal of Computational Finance 20
(2016). The exercise boundary depends on the contract, its rates and volatility, not on the spot: it is solved
once, and each spot costs one integral. Against solutions of high precision the largest error is 1e-5 of the
strike (2e-5 at volatilities below 8 %), the usual one 1e-7. Discrete dividends are outside the method.
"""

from __future__ import annotations

from typing import NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt

from python_models.options.american.boundary import LogBoundary, log_boundary
from python_models.options.american.premium import held_value
from python_models.options.american.puts import Contracts, IntArray, Puts
from python_models.options.greeks import CHUNK, FloatArray, option_price

PAIRS = 4096  # of contract and spot at a time, so that intermediate arrays stay in the CPU cache


EUROPEAN, UNKNOWN = -1, -2


class Boundary(NamedTuple):
    """Contracts with their exercise boundary, for price_at.

    rows: the place of each contract in puts and log_boundary; EUROPEAN where early exercise is worth nothing;
    UNKNOWN where an input is unusable, or exercise is best between two boundaries.
    """

    contracts: Contracts
    puts: Puts
    log_boundary: LogBoundary
    rows: IntArray

    def take(self, contracts: IntArray) -> Self:
        """The contracts at these places, with the boundaries of all."""
        return self._replace(contracts=self.contracts.take(contracts), rows=self.rows[contracts])


def american_price(  # noqa: PLR0917  # the usual order: S, K, T, r, q, sigma
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> FloatArray:
    """Price of American options, USD per share; inputs and NaN as for option_price.

    Exactly option_price where early exercise is worth nothing: calls without dividends, puts without interest
    (see Contracts.is_exercised_early). NaN too where exercise is best between two boundaries: for puts with
    q < r < 0, for calls with r < q < 0.
    """
    inputs = np.broadcast_arrays(is_call, spot, strike, years, rate, dividend_yield, volatility)
    is_call, spot, *terms = (column.ravel() for column in inputs)
    price = np.empty(spot.size)
    for begin in range(0, spot.size, CHUNK):
        part = slice(begin, begin + CHUNK)
        solved = exercise_boundary(is_call[part], *(term[part] for term in terms))
        price[part] = price_at(solved, spot[part])
    return price.reshape(inputs[0].shape)


def exercise_boundary(  # noqa: PLR0917  # the usual order: K, T, r, q, sigma
    is_call: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> Boundary:
    """The boundary of contracts, for price_at; arrays that broadcast to shape (n_contracts,)."""
    contracts = as_contracts(is_call, strike, years, rate, dividend_yield, volatility)
    is_known = contracts.is_usable() & ~contracts.has_two_boundaries()
    is_solved = is_known & contracts.is_exercised_early()
    rows = np.where(is_known, EUROPEAN, UNKNOWN)
    rows[is_solved] = np.arange(is_solved.sum())
    puts = contracts.take(np.flatnonzero(is_solved)).puts()
    return Boundary(contracts, puts, log_boundary(puts), rows)


def price_at(boundary: Boundary, spots: npt.ArrayLike) -> FloatArray:
    """Prices of the boundary's contracts at spots of shape (..., n_contracts), USD per share.

    At a spot of 0 a call is worth 0 and a put its strike (its discounted strike where early exercise is worth
    nothing); a negative or unknown spot gives NaN.
    """
    spots = np.asarray(spots, dtype=np.float64)
    shape = np.broadcast_shapes(spots.shape, boundary.rows.shape)
    spot = np.broadcast_to(spots, shape).ravel()
    contract = np.broadcast_to(np.arange(boundary.rows.size), shape).ravel()
    price = np.empty(spot.size)
    with np.errstate(all="ignore"):  # values outside the formula's domain become NaN
        for begin in range(0, spot.size, PAIRS):
            part = slice(begin, begin + PAIRS)
            price[part] = _prices(boundary.take(contract[part]), spot[part])
    return price.reshape(shape)


def as_contracts(is_call: npt.ArrayLike, *numbers: npt.ArrayLike) -> Contracts:
    """Broadcast columns, of shape (n_contracts,), as contracts."""
    kind, *others = np.atleast_1d(*np.broadcast_arrays(is_call, *numbers))
    return Contracts(kind.astype(np.bool_), *(cast(FloatArray, n.astype(np.float64)) for n in others))


def log_moneyness(contracts: Contracts, spot: FloatArray) -> FloatArray:
    """Log of the spot of the equal puts on a strike of 1."""
    sign = np.where(contracts.is_call, -1.0, 1.0)
    return sign * np.log(spot / contracts.strike)


def price_of(contracts: Contracts, puts: Puts, boundary: LogBoundary, spot: FloatArray) -> FloatArray:
    """Price of contracts with the boundary of their equal puts, one spot each; not below intrinsic value."""
    is_call, strike, *_ = contracts
    held = np.where(is_call, spot, strike) * held_value(puts, boundary, log_moneyness(contracts, spot))
    return np.maximum(held, np.where(is_call, spot - strike, strike - spot))


def _prices(boundary: Boundary, spot: FloatArray) -> FloatArray:
    contracts, rows = boundary.contracts, boundary.rows
    price = np.full(spot.size, np.nan)
    solved, european = np.flatnonzero(rows >= 0), np.flatnonzero(rows == EUROPEAN)
    price[solved] = _solved_prices(boundary.take(solved), spot[solved])
    terms = contracts.take(european)
    price[european] = option_price(terms.is_call, spot[european], *terms[1:])
    worthless = np.flatnonzero((spot == 0) & (rows != UNKNOWN))
    price[worthless] = _prices_at_zero(boundary.take(worthless))
    return price


def _solved_prices(boundary: Boundary, spot: FloatArray) -> FloatArray:
    contracts, rows = boundary.contracts, boundary.rows
    return price_of(contracts, boundary.puts.take(rows), boundary.log_boundary.take(rows), spot)


def _prices_at_zero(boundary: Boundary) -> FloatArray:
    _, strike, years, rate, *_ = contracts = boundary.contracts
    put = np.where(boundary.rows == EUROPEAN, strike * np.exp(-rate * years), strike)
    return np.where(contracts.is_call, 0.0, put)
