"""mibian gives the same results with the stub as with scipy.stats."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from python_models.options.light_mibian import Normal

PROGRAM = """
import sys
from python_models.options.light_mibian import import_mibian
if {first}: import scipy.stats
option = import_mibian().Me([200, 190, 4, 1.0, 46], volatility=31)
print("scipy.stats" in sys.modules)
print(option.callPrice.hex(), option.putPrice.hex(), option.callDelta.hex(), option.putDelta.hex())
import scipy.stats
assert scipy.stats.norm.ppf(0.5) == 0
"""


@pytest.mark.parametrize("x", [-40.0, -8.3, -1.0, -1e-9, 0.0, 0.31, 2.0, 9.0, 40.0])
def test_the_distribution_equals_scipys(x: float) -> None:
    assert Normal.cdf(x) == stats.norm.cdf(x)
    assert Normal.pdf(x) == pytest.approx(stats.norm.pdf(x), rel=4 * np.finfo(float).eps)


def test_prices_are_the_same_and_scipy_is_restored() -> None:
    def run(*, first: bool) -> list[str]:
        program = PROGRAM.format(first=first)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    light, whole = run(first=False), run(first=True)
    assert (light[0], whole[0]) == ("False", "True")
    assert light[1] == whole[1]
