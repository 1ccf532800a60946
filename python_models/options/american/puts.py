"""Every American option as a put on a strike of 1 over a term of 1, the one case that is solved.

Prices are proportional to the strike, time only counts times a rate or a variance, and a call equals a put
with the roles of asset and cash exchanged, C(S, K, r, q) = P(K, S, q, r): McDonald and Schroder, A Parity
Result for American Options, Journal of Computational Finance 1 (1998).
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from python_models.options.greeks import FloatArray

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

_LEAST_RATE = 1e-12  # over the term, in the place of 0: the equations divide by it


class Puts(NamedTuple):
    """rate, dividend_yield: of the term, decimals. deviation: volatility times the root of the term."""

    rate: FloatArray
    dividend_yield: FloatArray
    deviation: FloatArray

    @property
    def drift(self) -> FloatArray:
        """Of the log spot, in deviations."""
        return (self.rate - self.dividend_yield) / self.deviation - 0.5 * self.deviation

    @property
    def log_start(self) -> FloatArray:
        """Log of the boundary at expiration, min(1, r / q): below it the interest outweighs the dividends."""
        is_lower = self.dividend_yield > self.rate
        return np.where(is_lower, np.log(self.rate / np.where(is_lower, self.dividend_yield, 1.0)), 0.0)

    def take(self, rows: IntArray | slice) -> Self:
        """The puts at these places."""
        return type(self)(*(column[rows] for column in self))


class Contracts(NamedTuple):
    """Options without their spot, in the units of option_price; arrays of one shape (n_contracts,)."""

    is_call: BoolArray
    strike: FloatArray
    years: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray
    volatility: FloatArray

    def take(self, rows: IntArray | slice) -> Contracts:
        """The contracts at these places."""
        is_call, *numbers = self
        return Contracts(is_call[rows], *(number[rows] for number in numbers))

    def puts(self) -> Puts:
        """The equal puts."""
        rate = np.where(self.is_call, self.dividend_yield, self.rate)
        dividend_yield = np.where(self.is_call, self.rate, self.dividend_yield)
        deviation = self.volatility * np.sqrt(self.years)
        return Puts(np.maximum(rate * self.years, _LEAST_RATE), dividend_yield * self.years, deviation)

    def is_usable(self) -> BoolArray:
        """Whether all terms are finite, and strike, years and volatility positive."""
        positive = np.minimum(np.minimum(self.strike, self.years), self.volatility) > 0
        usable: BoolArray = positive & np.isfinite(
            self.strike + self.years + self.volatility + self.rate + self.dividend_yield
        )
        return usable

    def is_exercised_early(self) -> BoolArray:
        """Whether there is one boundary, beyond which exercise before expiration is best.

        A put is exercised for the interest on its strike, and a call for the dividends: without them, and
        without a negative rate on the other side, the European price is the American one.
        """
        gain, cost = self._sides()
        is_worth: BoolArray = (gain > 0) | ((gain == 0) & (cost < 0))
        return is_worth

    def has_two_boundaries(self) -> BoolArray:
        """Whether exercise is best between two boundaries, which no function here solves.

        For a put where q < r < 0, for a call where r < q < 0 (Andersen and Lake, Fast American Option
        Pricing: The Double-Boundary Case, Wilmott 2021).
        """
        gain, cost = self._sides()
        is_between: BoolArray = (gain < 0) & (cost < gain)
        return is_between

    def _sides(self) -> tuple[FloatArray, FloatArray]:
        """The rate that exercise earns, and the rate that it gives up."""
        return (
            np.where(self.is_call, self.dividend_yield, self.rate),
            np.where(self.is_call, self.rate, self.dividend_yield),
        )
