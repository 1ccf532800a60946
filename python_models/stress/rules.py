"""Names and parameters of the stress tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

VOLATILITY = "Volatility"  # a scenario's move of the VIX; no regressor
TOTAL, BEYOND_MARKET = "total", "beyond_market"


class StressConfig(NamedTuple):
    """Parameters of the stress tests.

    shrinkage: weight of the identity in the correlation of factors. vix_floor, vix_cap: levels that the VIX
    does not leave. fall_elasticity, rise_elasticity: of the VIX to a falling and a rising market.
    volatility_days, volatility_decay: a contract's volatility moves by the power
    (days / max(its days, days))^decay of the VIX's.
    """

    shrinkage: float
    vix_floor: float
    vix_cap: float
    fall_elasticity: float
    rise_elasticity: float
    volatility_days: float
    volatility_decay: float
