"""Plan the start date of each symbol's request: the missing sessions, and a few known ones.

A new symbol needs two years before the first portfolio begins, at least one year, and the window of stressed
value at risk. A known symbol is
requested from five sessions before its last one, so that corrections are noticed, or from its first inner
gap.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ingestion.market.calendar import DaysArray, sessions
from ingestion.raw.loads import Connection
from warehouse.method import stressed_window

HISTORY_BEFORE_INCEPTION = timedelta(days=760)  # two years of sessions for the longest windows
SHORTEST_HISTORY = timedelta(days=365)
SLACK = timedelta(days=30)  # a history that begins this late still counts as complete
OVERLAP_SESSIONS = 5
RECENT_SESSIONS = (
    30  # gaps in these are requested from the next source, older ones from the first source only
)

_COVERAGE = """
with sessions as (
    select price_date, ordinal from unnest(%(sessions)s::date[]) with ordinality as days (price_date, ordinal)
),
known as (
    select distinct prices.symbol, prices.price_date, sessions.ordinal
    from raw.prices as prices
    inner join sessions on prices.price_date = sessions.price_date
    where prices.source <> 'simulated' and prices.symbol = any(%(symbols)s)
),
neighbours as (
    select
        symbol,
        price_date,
        ordinal,
        lag(ordinal) over (partition by symbol order by ordinal) as ordinal_before
    from known
)
select
    symbol,
    min(price_date),
    max(price_date),
    min(ordinal_before) filter (where ordinal > ordinal_before + 1)::int
from neighbours
group by symbol
"""

_FIRST_DATES = """
select symbols.symbol, earliest.price_date
from unnest(%s::text[]) as symbols (symbol)
cross join lateral (
    select prices.price_date
    from raw.prices as prices
    where prices.symbol = symbols.symbol and prices.source <> 'simulated'
    order by prices.price_date
    limit 1
) as earliest
"""

_FIRST_TRADES = """
select symbol, min((details ->> 'first_trade_date')::date)
from raw.company_profiles
where symbol = any(%s) and details ->> 'first_trade_date' ~ '^\\d{4}-\\d{2}-\\d{2}$'
group by symbol
"""


@dataclass(frozen=True)
class Coverage:
    """The known sessions of a symbol: the first, the last, and the first missing one in between."""

    first: date
    last: date
    gap: date | None


def plan_requests(
    connection: Connection,
    symbols: Sequence[str],
    *,
    start: date | None,
    last: date,
    until: Mapping[str, date] | None = None,
) -> dict[str, date]:
    """The start date of each symbol's request.

    start: the same date for all symbols; None to request what is missing up to `last`.
    until: the last day on which a symbol was held; a symbol that is known up to that day is not requested.
    """
    if start is not None:
        return dict.fromkeys(symbols, start)
    with connection.transaction():
        first_trades: dict[str, date] = dict(connection.execute(_FIRST_TRADES, [list(symbols)]).fetchall())
    needed = history_begins(connection, last)
    known = coverage(connection, symbols, needed, last)
    starts = {
        symbol: _start(known.get(symbol), max(needed, first_trades.get(symbol, needed)), last)
        for symbol in symbols
    }
    ended = {symbol for symbol, day in (until or {}).items() if symbol in known and known[symbol].last >= day}
    return {
        symbol: begin
        for symbol, begin in starts.items()
        if symbol not in ended or begin < sessions_before(known[symbol].last, OVERLAP_SESSIONS)
    }


def history_begins(connection: Connection, last: date) -> date:
    """The first date that is needed: two years before the first portfolio begins, at least one year ago.

    The stressed window needs its sessions, and a close before them.
    """
    with connection.transaction():
        row = connection.execute("select min(inception_date) from raw.portfolios").fetchone()
    needed = [last - SHORTEST_HISTORY]
    if row is not None and row[0] is not None:
        needed.append(row[0] - HISTORY_BEFORE_INCEPTION)
        needed.append(sessions_before(stressed_window()[0], 1))
    return min(needed)


def _start(known: Coverage | None, needed: date, last: date) -> date:
    if known is None or known.first > needed + SLACK:
        return min(needed, last)
    overlap = sessions_before(min(known.last, last), OVERLAP_SESSIONS)
    return min(overlap, sessions_before(known.gap, 1)) if known.gap else overlap


def coverage(
    connection: Connection, symbols: Collection[str], first: date, last: date
) -> dict[str, Coverage]:
    """What is known of each symbol from `first` to `last`; symbols without rows are omitted."""
    days = [day.item() for day in sessions(first, last)]
    with connection.transaction():
        rows = connection.execute(_COVERAGE, {"sessions": days, "symbols": list(symbols)}).fetchall()
    # the one-based ordinal of the session before the gap is the zero-based index of the gap
    return {
        symbol: Coverage(begins, ends, None if before is None else days[before])
        for symbol, begins, ends, before in rows
    }


def still_lacking(
    connection: Connection, asked: Mapping[str, date], unanswered: Collection[str], last: date
) -> dict[str, date]:
    """The requests for the next source: symbol and start date.

    asked: the start date of each symbol's request. unanswered: symbols without an answer. A symbol with no
    known rows, or whose earlier history was requested and not given, is requested in full. Otherwise only
    missing sessions among the last RECENT_SESSIONS are requested.
    """
    recent = sessions_before(last, RECENT_SESSIONS - 1)
    with connection.transaction():
        known: dict[str, date] = dict(connection.execute(_FIRST_DATES, [list(asked)]).fetchall())
    fresh = coverage(connection, asked, recent, last)
    lacking = {}
    for symbol, start in asked.items():
        begins = known.get(symbol)
        if begins is None or (symbol in unanswered and start < begins - SLACK):
            lacking[symbol] = start
            continue
        missing = _first_missing(begins, fresh.get(symbol), max(start, recent), last)
        if missing is not None:
            lacking[symbol] = sessions_before(missing, OVERLAP_SESSIONS)
    return lacking


def _first_day(days: DaysArray) -> date | None:
    day: date | None = days[0].item() if len(days) else None
    return day


def _first_missing(begins: date, fresh: Coverage | None, first: date, last: date) -> date | None:
    """The first missing session from `first` to `last`, after the start of the symbol's history."""
    if fresh is None:
        return _first_day(sessions(max(first, begins), last))
    before = _first_day(sessions(first, fresh.first - timedelta(days=1)))
    if begins < fresh.first and before is not None:
        return before
    if fresh.gap is not None and fresh.gap >= first:
        return fresh.gap
    return _first_day(sessions(fresh.last + timedelta(days=1), last))


def sessions_before(day: date, count: int) -> date:
    """The session `count` sessions before the last one up to `day`."""
    days: DaysArray = sessions()
    place = int(np.searchsorted(days, np.datetime64(day, "D"), side="right")) - 1
    found: date = days[max(place - count, 0)].item()
    return found
