"""The limits of the API, by name. A response that was cut says so (`truncated`)."""

from datetime import timedelta
from typing import Final

MAX_POSITIONS: Final = 1000
"""Positions in one response; lists with an offset return further ones."""

MAX_DAYS: Final = 252
"""Sessions in a portfolio's time series, and the window of its attribution."""

SERIES_DAYS: Final = 63
"""Sessions in the series of each of several portfolios: a quarter."""

MAX_SYMBOLS: Final = 10
"""Contributors, and detractors, in an attribution."""

MAX_DRAWDOWNS: Final = 20
"""Drawdowns in one response: the deepest."""

MAX_PORTFOLIOS: Final = 1000
"""Portfolios in one list."""

MAX_ROWS: Final = 1000
"""Rows in one page of any other list."""

MAX_QUOTES: Final = 100
"""Symbols in one list of quotes or profiles."""

MAX_LOOKBACK_DAYS: Final = 1830
"""Calendar days of prices in one response: five years."""

DEFAULT_LOOKBACK_DAYS: Final = 150
"""Calendar days of prices if the request does not set them."""

MAX_PASSWORD_LENGTH: Final = 1024
"""Longer passwords are refused before they are hashed: hashing costs time in proportion."""

GZIP_FROM_BYTES: Final = 1024
"""Smaller responses are not compressed: that would save no packet."""

MAX_PUBLICATIONS: Final = 500
"""Publications, or runs of flows, in one list."""

MAX_RESTATEMENTS: Final = 5000
"""Restated figures in one list."""

CONCURRENT_LOGINS: Final = 2
"""Passwords verified at the same time: each verification takes 64 MB and a core for some 50 ms."""

AUTH_POOL_SIZE: Final = 2
"""Connections for looking users up."""

POOL_WAIT: Final = timedelta(seconds=2)
"""How long connecting may take before a request fails with warehouse_unavailable."""

CHAT_STORE_POOL_SIZE: Final = 8
"""Connections for the chat's own database."""

CHAT_POOL_WAIT: Final = timedelta(seconds=20)
"""How long a request waits its turn while others use all connections of a pool of the chat."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""Methods that change nothing: they accept the access token as a cookie."""

PREFIX: Final = "/api/v1"
"""Of all paths."""

ACCESS_COOKIE: Final = "sigmasight_access"
"""The cookie in which login sets the access token."""

CLOCK_LEEWAY: Final = timedelta(seconds=5)
"""How far ahead the clock of another API process, which issued a token, may be."""

USER_CACHE: Final = timedelta(seconds=5)
"""How long a user's row is cached: a deactivated user loses access within this time."""

SCHEMA_VERSION: Final = "1.0"
"""Version of the response fields. Fields may be added within a version; clients ignore unknown ones."""

MAX_MATRIX_SYMBOLS: Final = 100
"""Symbols in a correlation matrix: ten thousand numbers."""

DEFAULT_MATRIX_SYMBOLS: Final = 25
"""Symbols in a correlation matrix if the request does not set a number."""

CONCURRENT_REPORTS: Final = 2
"""Reports rendered at the same time: each keeps a core for some tens of milliseconds."""

RECORD_WAIT: Final = timedelta(seconds=60)
"""For which a user's request for their chat's record waits for the one before, until that one is sent."""

MAX_SELECTED: Final = 200
"""Ids or symbols in one parameter."""
