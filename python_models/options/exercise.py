"""Prices, Greeks and implied volatilities of options, American or European each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.options.american.inversion import american_implied_volatility
from python_models.options.american.pricing import american_price, as_contracts, exercise_boundary, price_at
from python_models.options.american.sensitivities import american_greeks
from python_models.options.greeks import FloatArray, Greeks, option_greeks, option_price
from python_models.options.implied_volatility import ImpliedVolatility, implied_volatility

BoolArray = npt.NDArray[np.bool_]

AMERICAN, EUROPEAN = "AMERICAN", "EUROPEAN"


class Terms(NamedTuple):
    """Options without a volatility, one value each, in the units of option_price."""

    is_call: BoolArray
    spot: FloatArray
    strike: FloatArray
    years: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray

    def take(self, rows: npt.NDArray[np.intp]) -> Terms:
        """The options at these places."""
        is_call, *numbers = self
        return Terms(is_call[rows], *(number[rows] for number in numbers))


def is_american(exercise: pd.Series) -> BoolArray:
    """Whether each option may be exercised before expiration. Raises ValueError for an unknown exercise."""
    unknown = exercise[~exercise.isin([AMERICAN, EUROPEAN])]
    if not unknown.empty:
        raise ValueError(f"`exercise` must be {AMERICAN} or {EUROPEAN}, got {unknown.iloc[0]!r}.")
    return (exercise == AMERICAN).to_numpy(dtype=np.bool_)


def priced_as_european(american: BoolArray, terms: Terms) -> BoolArray:
    """Whether the price is the European one: by its exercise, or as early exercise is worth nothing."""
    contracts = as_contracts(terms.is_call, *terms[2:], np.ones(terms.strike.shape))
    never: BoolArray = ~contracts.is_exercised_early() & ~contracts.has_two_boundaries()
    return ~american | never


def has_two_boundaries(american: BoolArray, terms: Terms) -> BoolArray:
    """Whether the price is unknown, as early exercise is best between two boundaries."""
    contracts = as_contracts(terms.is_call, *terms[2:], np.ones(terms.strike.shape))
    return american & contracts.has_two_boundaries()


def option_values(american: BoolArray, terms: Terms, volatility: FloatArray) -> Greeks:
    """Prices and Greeks, NaN where unknown."""
    greeks = np.array(option_greeks(*terms, volatility))
    rows = np.flatnonzero(american)
    greeks[:, rows] = american_greeks(*terms.take(rows), volatility[rows])
    return Greeks(*greeks)


def implied_volatilities(american: BoolArray, terms: Terms, price: FloatArray) -> ImpliedVolatility:
    """Volatilities behind prices, and statuses."""
    is_call, *numbers = terms
    found = implied_volatility(is_call, price, *numbers)
    rows = np.flatnonzero(american)
    is_call, *numbers = terms.take(rows)
    found.volatility[rows], found.status[rows] = american_implied_volatility(is_call, price[rows], *numbers)
    return found


def prices_at(american: BoolArray, terms: Terms, volatility: FloatArray, spots: FloatArray) -> FloatArray:
    """Prices at other spots, shape (n_scenarios, n_options); the terms' own do not matter.

    volatility: shape (n_options,), or that of the spots, one for each scenario. Where it is the same in all,
    an exercise boundary is solved once per option. At a spot of 0 an option has its limit: a call 0, a put
    its strike, or its discounted strike if it is European.
    """
    is_call, _, strike, years, rate, _ = terms
    limit = np.where(is_call, 0.0, strike * np.exp(-rate * years))
    european = option_price(is_call, spots, *terms[2:], volatility)
    prices = np.where(spots == 0, limit, european)
    rows = np.flatnonzero(american)
    if rows.size:
        is_call, _, *others = terms.take(rows)
        others.append(volatility[..., rows])
        if volatility.ndim == 1:
            prices[:, rows] = price_at(exercise_boundary(is_call, *others), spots[:, rows])
        else:
            prices[:, rows] = american_price(is_call, spots[:, rows], *others)
    return prices
