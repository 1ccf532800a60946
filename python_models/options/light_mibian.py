"""Import mibian without scipy.stats, of which it needs one distribution: this saves a second per build."""

import math
import sys
from types import ModuleType
from typing import Any

from scipy.special import ndtr

STATS = "scipy.stats"


class Normal:
    """The two functions of scipy.stats.norm that mibian calls, for one number each."""

    @staticmethod
    def cdf(x: float) -> float:
        """Probability below x standard deviations."""
        return float(ndtr(x))

    @staticmethod
    def pdf(x: float) -> float:
        """Density at x standard deviations."""
        return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def import_mibian() -> Any:
    """mibian, with a stub of scipy.stats unless that is already loaded."""
    if "mibian" not in sys.modules and STATS not in sys.modules:
        light: Any = ModuleType(STATS)
        light.norm = Normal
        sys.modules[STATS] = light
        try:
            import mibian  # noqa: PLC0415
        finally:
            del sys.modules[STATS]
        return mibian
    import mibian  # noqa: PLC0415

    return mibian
