"""American options against QuantLib's engine of the same method (QdFp), at its fast scheme.

`python -m tests.benchmarks.kernels` prints the table.
"""

import numpy as np

from python_models.options.american.pricing import american_price, exercise_boundary, price_at
from python_models.options.american.puts import Contracts
from python_models.panel import FloatArray
from tests.benchmarks.comparison import Comparison, best_of, once
from tests.python_models.options.american.cases import random_contracts
from tests.python_models.options.american.peer import quantlib_options, quantlib_prices

MANY, SAMPLE, CHECKED = 100_000, 2_000, 200
CONTRACTS, SPOTS = 5_000, 300


def measure() -> list[Comparison]:
    """All comparisons."""
    return [*_one_spot_each(), _many_spots()]


def _one_spot_each() -> list[Comparison]:
    """With and without the time in which QuantLib's objects are made of the numbers."""
    contracts, spots = random_contracts(MANY)
    seconds = best_of(lambda: american_price(contracts.is_call, spots, *contracts[1:]), times=3)
    error = _largest_error(contracts.take(np.arange(CHECKED)), spots[:CHECKED])
    accuracy = f"largest error ({error:.0e} of the strike) below 1e-4"
    rows = (
        (_peer_seconds(is_made=False), 3, f"under 2 s, {accuracy}", seconds < 2 and error < 1e-4),
        (_peer_seconds(is_made=True), 2, "without making its objects", True),
    )
    return [
        Comparison(
            "price of 100,000 American options",
            seconds,
            "QuantLib QdFp fast",
            peer * MANY,
            SAMPLE / MANY,
            f"at least {times} times as fast, {claim}",
            peer * MANY >= times * seconds and is_met,
        )
        for peer, times, claim, is_met in rows
    ]


def _many_spots() -> Comparison:
    contracts, spots = random_contracts(CONTRACTS)
    moved = spots * np.exp(0.02 * np.random.default_rng(2).standard_normal((SPOTS, CONTRACTS)))
    seconds = best_of(lambda: price_at(exercise_boundary(*contracts), moved), times=1)
    peer_seconds = _peer_seconds(is_made=True) * moved.size
    return Comparison(
        "price of 5,000 American options at 300 spots each",
        seconds,
        "QuantLib QdFp fast",
        peer_seconds,
        SAMPLE / moved.size,
        "at least 10 times as fast, without making its objects",
        peer_seconds >= 10 * seconds,
    )


def _peer_seconds(*, is_made: bool) -> float:
    """QuantLib's for one option; is_made: of which the objects exist."""
    contracts, spots = random_contracts(SAMPLE)
    options = quantlib_options(contracts, spots.tolist(), "fast")
    if is_made:
        return once(lambda: [option.NPV() for option in options]) / SAMPLE
    return once(lambda: quantlib_prices(contracts, spots.tolist(), "fast")) / SAMPLE


def _largest_error(contracts: Contracts, spots: FloatArray) -> float:
    prices = american_price(contracts.is_call, spots, *contracts[1:])
    errors = np.abs(prices - quantlib_prices(contracts, spots.tolist(), "high")) / contracts.strike
    return float(errors.max())
