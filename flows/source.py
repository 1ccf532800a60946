"""The sources of prices, by name."""

from enum import StrEnum


class Source(StrEnum):
    """Where prices come from."""

    SIMULATED = "simulated"
    FILES = "files"
    YFINANCE = "yfinance"
