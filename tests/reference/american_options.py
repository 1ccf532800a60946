"""American options one at a time, for the references of marts.

By the kernel itself, which tests/python_models/options/american proves, with QuantLib among others. What
the references prove is which options are American, and on what terms and volatility they are priced.
"""

from functools import cache

import numpy as np

from python_models.options.american.inversion import american_implied_volatility
from python_models.options.american.pricing import Boundary, exercise_boundary, price_at
from python_models.options.american.sensitivities import american_greeks


@cache
def _boundary(*terms: float) -> Boundary:
    return exercise_boundary(*terms)


def american_price(is_call: bool, spot: float, *terms: float) -> float:
    """Price of one option; terms: strike, years, rate, dividend yield, volatility."""
    return float(price_at(_boundary(is_call, *terms), np.array([spot]))[0])


def american_greeks_of(is_call: bool, spot: float, *terms: float) -> dict[str, float]:
    """Greeks of one option, without its price."""
    found = american_greeks(is_call, spot, *terms)._asdict()
    return {name: float(greek) for name, greek in found.items() if name != "price"}


def american_volatility(is_call: bool, price: float, spot: float, *terms: float) -> float | None:
    """Implied volatility of one option, None without one; terms: strike, years, rate, dividend yield."""
    found = american_implied_volatility(is_call, price, spot, *terms)
    return float(found.volatility) if found.status == "ok" else None
