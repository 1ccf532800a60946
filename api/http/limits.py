"""The limits of the API's answers, by name. What was cut says so in the answer (`truncated`)."""

from datetime import timedelta
from typing import Final

MAX_POSITIONS: Final = 1000
"""Positions in one answer; further ones with offset where a list takes it."""

MAX_DAYS: Final = 252
"""Sessions in a portfolio's time series, and the window of its attribution."""

MAX_SYMBOLS: Final = 10
"""Contributors, and detractors, that an attribution names."""

MAX_PORTFOLIOS: Final = 1000
"""Portfolios in one list."""

MAX_ROWS: Final = 1000
"""Rows in one page of any other list."""

MAX_QUOTES: Final = 100
"""Symbols in one list of quotes or profiles."""

MAX_LOOKBACK_DAYS: Final = 1830
"""Calendar days of prices in one answer: five years."""

DEFAULT_LOOKBACK_DAYS: Final = 150
"""Calendar days of prices when the request names none."""

MAX_PASSWORD_LENGTH: Final = 1024
"""Longer passwords are refused before they are hashed: hashing costs time in proportion."""

MAX_BODY_BYTES: Final = 65_536
"""Of a request: a login takes some hundred."""

GZIP_FROM_BYTES: Final = 1024
"""Smaller answers are sent as they are: packing them saves no packet."""

MAX_PUBLICATIONS: Final = 500
"""Publications, or runs of flows, in one list."""

MAX_RESTATEMENTS: Final = 5000
"""Restated figures in one list."""

CONCURRENT_LOGINS: Final = 2
"""Passwords verified at the same time: each verification takes 64 MB and a core for some 50 ms."""

POOL_SIZE: Final = 8
"""Connections for reading the marts."""

AUTH_POOL_SIZE: Final = 2
"""Connections for looking users up."""

POOL_WAIT: Final = timedelta(seconds=2)
"""A request waits this long for a connection before it is told that the warehouse is away."""

USER_CACHE: Final = timedelta(seconds=5)
"""A user's row is believed this long: so soon does a deactivated user lose access."""

SCHEMA_VERSION: Final = "1.0"
"""Version of the answers' fields. Fields may be added within it; clients ignore those they do not know."""

MAX_MATRIX_SYMBOLS: Final = 100
"""Symbols in a correlation matrix: ten thousand numbers."""

DEFAULT_MATRIX_SYMBOLS: Final = 25
"""Symbols in a correlation matrix when the request names no number."""

MAX_SELECTED: Final = 200
"""Ids or symbols in one parameter."""
