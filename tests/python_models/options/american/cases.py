"""Random American options."""

import numpy as np

from python_models.options.american.puts import Contracts
from python_models.options.greeks import FloatArray


def random_contracts(size: int, *, seed: int = 1) -> tuple[Contracts, FloatArray]:
    """Contracts of a week to two and a half years, a third without dividends, and spots within 40 %."""
    rng = np.random.default_rng(seed)
    strike = rng.uniform(5, 600, size)
    contracts = Contracts(
        is_call=rng.random(size) < 0.5,
        strike=strike,
        years=rng.uniform(0.02, 2.5, size),
        rate=rng.uniform(0.002, 0.1, size),
        dividend_yield=rng.uniform(0, 0.1, size) * (rng.random(size) > 1 / 3),
        volatility=rng.uniform(0.08, 0.8, size),
    )
    return contracts, strike * rng.uniform(0.6, 1.4, size)
