"""Symbols: how they are written, which are cash, which need prices."""

import re
from datetime import date

from ingestion.raw.loads import Connection

FACTOR_ETFS = ("SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "SIZE", "VLUE", "USMV", "TLT")
"""The proxies of the market, style and rate factors, until the first build knows the table of factors."""

CASH_SYMBOLS = frozenset(
    {
        *("CASH", "CASH_USD", "USD"),
        *("SPAXX", "FDRXX", "FZFXX", "SPRXX", "FDLXX", "FZDXX"),  # Fidelity
        *("VMFXX", "VMRXX", "VUSXX"),  # Vanguard
        *("SWVXX", "SNVXX", "SNOXX", "SNSXX", "SWGXX"),  # Schwab
        *("TTTXX", "TIMXX", "GVMXX", "BDSXX", "MJLXX"),
    }
)
"""Cash and the money market funds that brokers sweep it into: PUBLIC/CASH, worth 1 USD, never priced."""

LONGEST_SYMBOL = 100
VALID_SYMBOL = re.compile(r"[A-Z0-9.\-_/^=]+")

_SHARE_CLASS = re.compile(r"([A-Z]{1,5})[./]([A-Z])")
_EXCHANGE_SUFFIXES = frozenset("FLV")  # .F Frankfurt, .L London, .V TSX Venture are no share classes

_SYMBOLS_TO_PRICE = """
with known as (
    select symbol, underlying_symbol, investment_class, investment_subtype from raw.newest_positions
)
select symbol from known where investment_class = 'PUBLIC' and investment_subtype is distinct from 'CASH'
union
select underlying_symbol from known where investment_class = 'OPTIONS'
"""


_LAST_NEEDED = """
with ends as (
    select
        coalesce(underlying_symbol, symbol) as symbol,
        coalesce(least(exit_date, expiration_date), 'infinity') as ended_on
    from raw.newest_positions
)
select symbol, max(ended_on) from ends group by symbol having bool_and(ended_on < %s)
"""

# What factors stand on, in the table of factors as it was last built; a yield series is no symbol.
_FACTOR_SYMBOLS = """
select distinct symbols.symbol
from staging.factors
cross join lateral (values (proxy_symbol), (long_symbol), (short_symbol)) as symbols (symbol)
where symbols.symbol is not null and symbols.symbol !~ '^DGS[0-9]'
"""


def normalize_symbol(text: str) -> str:
    """The one way we write a symbol: upper case, share classes with a dash.

    >>> normalize_symbol(" brk.b ")
    'BRK-B'
    >>> normalize_symbol("VOD.L")
    'VOD.L'
    """
    symbol = text.strip().upper()
    match = _SHARE_CLASS.fullmatch(symbol)
    if match is None or (symbol[-2] == "." and match[2] in _EXCHANGE_SUFFIXES):
        return symbol
    return f"{match[1]}-{match[2]}"


def last_needed(connection: Connection, today: date) -> dict[str, date]:
    """The symbols that were held and are no more, and the day on which the last lot ended."""
    with connection.transaction():
        ended: dict[str, date] = dict(connection.execute(_LAST_NEEDED, [today]).fetchall())
        proxies = _proxies(connection)
    return {symbol: day for symbol, day in ended.items() if symbol not in proxies}


def symbols_to_price(connection: Connection) -> list[str]:
    """Symbols that need prices, sorted: public holdings without cash, underlyings of options, proxies.

    Closed positions count too: their history is part of the portfolio's.
    """
    with connection.transaction():
        needed = {str(row[0]) for row in connection.execute(_SYMBOLS_TO_PRICE)} | _proxies(connection)
    return sorted(needed - CASH_SYMBOLS)


def _proxies(connection: Connection) -> set[str]:
    """The symbols that factors stand on; inside the caller's transaction."""
    row = connection.execute("select to_regclass('staging.factors') is not null").fetchone()
    if row is None or not row[0]:
        return set(FACTOR_ETFS)
    return set(FACTOR_ETFS) | {str(row[0]) for row in connection.execute(_FACTOR_SYMBOLS)}
