"""The sources of prices, by name.

`vendors` is the chain of the settings: for each dataset one vendor after the other. `yfinance` is Yahoo
alone.
"""

from enum import StrEnum


class Source(StrEnum):
    """Where prices come from."""

    SIMULATED = "simulated"
    FILES = "files"
    YFINANCE = "yfinance"
    VENDORS = "vendors"
