"""The names of price sources.

`vendors` is the configured chain: for each dataset, vendors are tried in order. `yfinance` is Yahoo alone.
"""

from enum import StrEnum


class Source(StrEnum):
    """Where prices come from."""

    SIMULATED = "simulated"
    FILES = "files"
    YFINANCE = "yfinance"
    VENDORS = "vendors"
