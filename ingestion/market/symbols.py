"""Symbols: normalization, which are cash, and which need prices."""

import re
from datetime import date

from ingestion.raw.loads import Connection
from warehouse.method import cash_symbols, factors, method_variables, sector_proxies

ALWAYS_PRICED = frozenset({"SIZE", "VLUE", "VIX"})
"""Priced although no factor names them: stress and carried volatilities start from the VIX."""

DEFAULT_BENCHMARK: str = method_variables()["default_benchmark"]
"""What portfolios without a benchmark of their own are compared with."""

CASH_SYMBOLS = cash_symbols()
"""Cash and the money-market funds that brokers sweep it into: PUBLIC/CASH, always 1 USD, no price needed."""

LONGEST_SYMBOL = 100
VALID_SYMBOL = re.compile(r"[A-Z0-9.\-_/^=]+")

_YIELD_SERIES = re.compile(r"DGS\d")
_SHARE_CLASS = re.compile(r"([A-Z]{1,5})[./]([A-Z])")
_EXCHANGE_SUFFIXES = frozenset("FLV")  # not share classes: .F Frankfurt, .L London, .V TSX Venture

_SYMBOLS_TO_PRICE = """
with known as (
    select coalesce(underlying_symbol, symbol) as symbol, entry_date from raw.newest_positions
    where
        investment_class = 'OPTIONS'
        or (investment_class = 'PUBLIC' and investment_subtype is distinct from 'CASH')
),
names as (select * from ops.symbol_names(clock_timestamp()))
-- a vendor knows a renamed company under its new symbol only
select coalesce(
    (
        select names.current_symbol from names
        where names.symbol = known.symbol and known.entry_date < names.valid_before
        order by names.valid_before
        limit 1
    ),
    known.symbol
)
from known
union
select successors.successor
from ops.successor_symbols() as successors
where
    successors.symbol in (select known.symbol from known)
    and successors.successor not in (select names.symbol from names where names.valid_before < 'infinity')
"""

_BENCHMARKS = "select distinct symbol from raw.benchmarks where symbol is not null"


_LAST_NEEDED = """
with ends as (
    select
        coalesce(underlying_symbol, symbol) as symbol,
        coalesce(
            least(
                exit_date,
                expiration_date,
                (
                    select min(actions.ex_date) from raw.corporate_actions as actions
                    where
                        actions.symbol = coalesce(positions.underlying_symbol, positions.symbol)
                        and actions.ex_date > positions.entry_date
                        and actions.action in ('cash_merger', 'stock_merger', 'cash_and_stock_merger')
                        and actions.value is not null
                )
            ),
            'infinity'
        ) as ended_on
    from raw.newest_positions as positions
)
select symbol, max(ended_on) from ends group by symbol having bool_and(ended_on < %s)
"""

# The factors' symbols in the last build of the seed; yield series are not symbols.
_FACTOR_SYMBOLS = """
select distinct symbols.symbol
from staging.factors
cross join lateral (values (proxy_symbol), (long_symbol), (short_symbol)) as symbols (symbol)
where symbols.symbol is not null and symbols.symbol !~ '^DGS[0-9]'
"""


def normalize_symbol(text: str) -> str:
    """The normalized symbol: upper case, share classes with a dash.

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


def is_cash(symbol: str) -> bool:
    """Whether the symbol is cash or a known money-market fund, worth 1 USD."""
    return symbol in CASH_SYMBOLS or symbol.startswith("CASH_")


def last_needed(connection: Connection, today: date) -> dict[str, date]:
    """The symbols that are no longer held, each with the day on which its last lot ended."""
    with connection.transaction():
        ended: dict[str, date] = dict(connection.execute(_LAST_NEEDED, [today]).fetchall())
        always = _proxies(connection) | _benchmarks(connection)
    return {symbol: day for symbol, day in ended.items() if symbol not in always}


def symbols_to_price(connection: Connection) -> list[str]:
    """Symbols that need prices, sorted: public holdings without cash, underlyings, proxies, benchmarks.

    Closed positions are included: their history is part of the portfolio's.
    """
    with connection.transaction():
        needed = {str(row[0]) for row in connection.execute(_SYMBOLS_TO_PRICE)}
        needed |= _proxies(connection) | _benchmarks(connection)
    return sorted(symbol for symbol in needed if not is_cash(symbol))


def factor_etfs() -> frozenset[str]:
    """The ETFs of the factors in the project's seed, and ALWAYS_PRICED."""
    names = {row[column] for row in factors() for column in ("proxy_symbol", "long_symbol", "short_symbol")}
    return ALWAYS_PRICED | {name for name in names if name and not _YIELD_SERIES.match(name)}


def _proxies(connection: Connection) -> frozenset[str]:
    """The ETFs of the factors in the seed and in its last build; runs inside the caller's transaction."""
    row = connection.execute("select to_regclass('staging.factors') is not null").fetchone()
    if row is None or not row[0]:
        return factor_etfs()
    return factor_etfs() | {str(row[0]) for row in connection.execute(_FACTOR_SYMBOLS)}


def _benchmarks(connection: Connection) -> frozenset[str]:
    """What portfolios are or were compared with, by sector too; runs inside the caller's transaction."""
    named = {str(row[0]) for row in connection.execute(_BENCHMARKS)}
    return sector_proxies() | {DEFAULT_BENCHMARK} | named
