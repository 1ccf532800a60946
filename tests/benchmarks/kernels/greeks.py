"""Prices, Greeks and implied volatilities against mibian and, if it can be imported, py_vollib_vectorized.

The latter is not a dependency of the project: it is unmaintained, and works with numpy 2.4 and pandas 3.1
only with py_vollib 1.0.1 and py_lets_be_rational 1.0.1; with newer versions numba cannot compile its
formulas. Without it those comparisons are skipped, and the report prints ABSENT.

`python -m tests.benchmarks.kernels.greeks` prints the table.
"""

import importlib
import sys
from typing import Any

import mibian
import numpy as np
import numpy.typing as npt

from python_models.options.greeks import option_greeks, option_price
from python_models.options.implied_volatility import implied_volatility
from tests.benchmarks.comparison import Comparison, best_of, once

FloatArray = npt.NDArray[np.float64]
Options = tuple[npt.NDArray[np.bool_], FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]

MILLION, MANY, SAMPLE = 1_000_000, 100_000, 2_000
PEER = "py_vollib_vectorized"
ABSENT = f"{PEER} is not installed (or does not run here): left out."


def measure() -> list[Comparison]:
    """All comparisons; those with py_vollib_vectorized only if it runs."""
    comparisons = [_greeks_against_mibian(), _inversion_in_a_second()]
    peer = import_peer()
    if peer is not None:
        comparisons += [_greeks_against_peer(peer), _inversion_against_peer(peer)]
    return comparisons


def import_peer() -> Any | None:
    """py_vollib_vectorized with compiled functions; None if it is absent or fails to compile."""
    try:
        peer = importlib.import_module(PEER)
        _peer_prices(peer, _random_options(10))
    except Exception:  # noqa: BLE001  # any failure means there is no peer
        return None
    return peer


def _random_options(size: int) -> Options:
    """Options of a week to two years, within 20 % of the money."""
    rng = np.random.default_rng(42)
    spot = rng.uniform(20, 500, size)
    return (
        rng.random(size) < 0.5,
        spot,
        spot * rng.uniform(0.8, 1.2, size),
        rng.integers(7, 730, size) / 365,
        rng.uniform(0.0, 0.06, size),
        rng.uniform(0.0, 0.04, size),
        rng.uniform(0.10, 0.80, size),
    )


def _greeks_against_mibian() -> Comparison:
    options = _random_options(MILLION)
    seconds = best_of(lambda: option_greeks(*options))
    peer_seconds = once(lambda: _mibian(options)) * MILLION / SAMPLE
    return Comparison(
        "price and eight Greeks of 1,000,000 options",
        seconds,
        "mibian, price and Greeks of first order",
        peer_seconds,
        SAMPLE / MILLION,
        "at least 1000 times as fast",
        peer_seconds >= 1000 * seconds,
    )


def _mibian(options: Options) -> None:
    for row in range(SAMPLE):
        _, spot, strike, years, rate, dividend_yield, volatility = (column[row] for column in options)
        mibian.Me([spot, strike, 100 * rate, dividend_yield * spot, 365 * years], volatility=100 * volatility)


def _greeks_against_peer(peer: Any) -> Comparison:
    options = _random_options(MILLION)
    seconds = best_of(lambda: option_greeks(*options))
    peer_seconds = best_of(lambda: (_peer_prices(peer, options), _peer_greeks(peer, options)), times=2)
    return Comparison(
        "price and eight Greeks of 1,000,000 options",
        seconds,
        f"{PEER}, price and five Greeks",
        peer_seconds,
        1.0,
        "at least as fast",
        peer_seconds >= seconds,
    )


def _inversion_in_a_second() -> Comparison:
    options = _random_options(MANY)
    price = option_price(*options)
    seconds = best_of(lambda: implied_volatility(options[0], price, *options[1:-1]))
    peer_seconds = once(lambda: _mibian_inversions(options, price)) * MANY / (SAMPLE // 100)
    return Comparison(
        "implied volatility of 100,000 options",
        seconds,
        "mibian, to the cent",
        peer_seconds,
        SAMPLE // 100 / MANY,
        "under one second",
        seconds < 1,
    )


def _mibian_inversions(options: Options, price: FloatArray) -> None:
    """Bisection until the price agrees to the digits given."""
    for row in range(SAMPLE // 100):
        is_call, spot, strike, years, rate, dividend_yield, _ = (column[row] for column in options)
        side = "callPrice" if is_call else "putPrice"
        arguments = [spot, strike, 100 * rate, dividend_yield * spot, 365 * years]
        mibian.Me(arguments, **{side: round(float(price[row]), 2)})


def _inversion_against_peer(peer: Any) -> Comparison:
    options = _random_options(MANY)
    price = option_price(*options)
    seconds = best_of(lambda: implied_volatility(options[0], price, *options[1:-1]))
    peer_seconds = best_of(lambda: _peer_inversions(peer, options, price))
    return Comparison(
        "implied volatility of 100,000 options",
        seconds,
        PEER,
        peer_seconds,
        1.0,
        "at least as fast",
        peer_seconds >= seconds,
    )


def _flags(is_call: npt.NDArray[np.bool_]) -> npt.NDArray[np.str_]:
    return np.where(is_call, "c", "p")


def _peer_prices(peer: Any, options: Options) -> Any:
    is_call, spot, strike, years, rate, dividend_yield, volatility = options
    return peer.vectorized_black_scholes_merton(
        _flags(is_call), spot, strike, years, rate, volatility, dividend_yield, return_as="numpy"
    )


def _peer_greeks(peer: Any, options: Options) -> Any:
    is_call, spot, strike, years, rate, dividend_yield, volatility = options
    return peer.get_all_greeks(
        _flags(is_call),
        *(spot, strike, years, rate, volatility, dividend_yield),
        model="black_scholes_merton",
        return_as="dict",
    )


def _peer_inversions(peer: Any, options: Options, price: FloatArray) -> Any:
    is_call, spot, strike, years, rate, dividend_yield, _ = options
    return peer.vectorized_implied_volatility(
        *(price, spot, strike, years, rate, _flags(is_call)),
        q=dividend_yield,
        model="black_scholes_merton",
        return_as="numpy",
        on_error="ignore",
    )


if __name__ == "__main__":
    for found in measure():
        sys.stdout.write(
            f"{found.what}: {found.seconds:.3f} s; {found.peer}: {found.peer_seconds:.3f} s "
            f"({found.ratio:,.1f} times); {found.target}: {'yes' if found.is_met else 'NO'}\n"
        )
    if import_peer() is None:
        sys.stdout.write(ABSENT + "\n")
