"""The build window: which dates a build covers, and the instant up to which it reads loads.

known_at    taken while no load is uncommitted, so every load that finished before it is visible
to_date     the as-of date, or the last published date if that is later
market      facts without a portfolio, and with them every portfolio, are built from the earlier of: the date
            after the last published one; the earliest date touched by an unpublished load of prices, actions,
            rates or profiles. A first build, and one that an upgrade of the method requests, starts at the
            first date with data
portfolios  portfolios whose own data changed are built from the earliest date that their loads touch; this
            does not change other portfolios
withheld    portfolios for which tests fail are left out (flows/quarantine); they are built again by a window
            of their own (flows/quarantine/window.py), from the first date that they lack
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from flows.database import Connection, row, rows, value
from flows.errors import WindowError
from flows.pipeline.lock import lock_holder
from flows.quarantine.failures import Failure, Failures
from flows.quarantine.withheld import Withheld, read_withheld
from warehouse.locks import LOAD_LOCK
from warehouse.settings import Settings

PATIENCE = timedelta(minutes=10)
NEW_YORK = ZoneInfo("America/New_York")

SESSIONS = """
sessions as (
    select calendar_date as session from raw.newest_calendar_days where is_session
)
"""

SESSION_AT_OR_BEFORE = f"with {SESSIONS} select max(session) from sessions where session <= %s"

SESSION_AT_OR_AFTER = f"with {SESSIONS} select min(session) from sessions where session >= %s"

SESSION_AFTER = f"with {SESSIONS} select min(session) from sessions where session > %s"

LAST_PRICED_SESSION = f"""
with {SESSIONS}
select max(session) from sessions
where exists (select from raw.prices where price_date = session and loaded_at <= %s)
"""

# 15 minutes after the close for the closing auction's prices to arrive.
LAST_CLOSED_SESSION = """
select max(calendar_date) from raw.newest_calendar_days
where
    is_session
    and calendar_date between %(today)s::date - 30 and %(today)s
    and (
        calendar_date < %(today)s
        or %(time)s::time >= case when is_half_day then time '13:15' else time '16:15' end
    )
"""

# The first date with data: prices are facts of their own, even before any portfolio.
FIRST_DATE = """
select least(
    (select min(price_date) from raw.prices where loaded_at <= %(known_at)s),
    (select min(inception_date) from raw.portfolios where loaded_at <= %(known_at)s)
)
"""

LAST_PUBLISHED_DATE = "select max(as_of_date) from ops.publication_dates"

# status: a failed load changed nothing; touched_from null: nothing was new. A load that lists the portfolios
# it touched changes nothing else.
UNPUBLISHED_MARKET_LOADS = """
select count(*), min(touched_from)
from ops.loads
where
    status = 'succeeded' and touched_from is not null and finished_at <= %s
    and not exists (select from ops.publication_loads as published where published.load_id = loads.load_id)
    and not exists (select from ops.load_portfolios as touched where touched.load_id = loads.load_id)
"""

UNPUBLISHED_PORTFOLIO_LOADS = """
select touched.portfolio_id, min(touched.touched_from)
from ops.load_portfolios as touched
join ops.loads using (load_id)
where
    loads.status = 'succeeded' and loads.finished_at <= %s
    and not exists (select from ops.publication_loads as published where published.load_id = loads.load_id)
group by touched.portfolio_id
"""

# An upgrade that changes the method asks for all of history.
REQUESTED_REBUILDS = """
select string_agg(reason, '; ' order by rebuild_id) from ops.rebuilds
where publication_id is null and requested_at <= %s
"""

# Python models compute no market facts before the first portfolio.
FIRST_PORTFOLIO_DATE = "select min(as_of_date) from ops.portfolio_dates"

NEVER = date.max

LEAVE_OUT_OTHERS = """
insert into ops.build_exclusions (publication_id, portfolio_id)
select %s, portfolio_id from raw.newest_portfolios where portfolio_id <> all(%s)
"""

WITHHOLD = """
insert into ops.build_exclusions (publication_id, portfolio_id, from_date, tests, reason)
values (%s, %s, %s, %s, %s)
"""

# Nothing reads those of earlier builds; an audit has number 0.
FORGET_EXCLUSIONS = "delete from ops.build_exclusions where publication_id between 1 and %s"


@dataclass(frozen=True)
class Exclusion:
    """A withheld portfolio: the first session that it lacks, and the tests that fail for it."""

    from_date: date
    failure: Failure


@dataclass(frozen=True)
class Window:
    """What a build covers: sessions up to to_date, rows loaded up to known_at; reason: why, in words.

    from_date: the first session built for anything. market_from_date: the first session built for market
    facts and every portfolio; None if they are not built. portfolios: those built from an earlier session on.
    withheld: those left out, because tests fail for them. is_partial: all but `portfolios` are left out.
    """

    from_date: date
    to_date: date
    as_of: date
    known_at: datetime
    reason: str
    market_from_date: date | None = None
    portfolios: Mapping[UUID, date] = field(default_factory=dict)
    withheld: Mapping[UUID, Exclusion] = field(default_factory=dict)
    is_partial: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is built: the publication only withholds."""
        return self.market_from_date is None and not self.portfolios

    def __post_init__(self) -> None:
        if self.from_date > self.to_date:
            raise WindowError(f"The build would end ({self.to_date}) before it begins ({self.from_date}).")


def fix_known_at(connection: Connection, *, patience: timedelta = PATIENCE) -> datetime:
    """The instant up to which loads count. Waits for loads in progress, so that none is cut in two.

    Raises WindowError when a load takes longer than `patience`.
    """
    try:
        with connection.transaction():
            connection.execute(
                "select set_config('lock_timeout', %s, true)", [f"{patience.total_seconds()}s"]
            )
            connection.execute("select pg_advisory_xact_lock(%s)", [LOAD_LOCK])
            known_at: datetime = value(connection, "select ops.next_instant()")
    except psycopg.errors.LockNotAvailable as error:
        raise WindowError(
            f"A load is still running after {patience} ({lock_holder(connection, LOAD_LOCK)}): run the "
            "command again when it is done, or stop that process."
        ) from error
    return known_at


def plan_window(
    connection: Connection,
    *,
    known_at: datetime,
    as_of: date | None = None,
    from_date: date | None = None,
    failures: Failures = MappingProxyType({}),
) -> Window | None:
    """The window to build, or None when nothing new was loaded since the last publication.

    as_of: a date, taken as the last session on or before it; default the last session with a price.
    from_date: build at least from this date, even when nothing is new. failures: of an earlier attempt; these
    portfolios are left out, and so are those withheld already. Raises WindowError.
    """
    first = value(connection, FIRST_DATE, {"known_at": known_at})
    if first is None:
        return None
    last_published = value(connection, LAST_PUBLISHED_DATE)
    as_of = resolve_as_of(connection, as_of, known_at)
    to_date = max(as_of, last_published or as_of)
    if first > to_date:
        raise WindowError(f"There is nothing to report as of {as_of}: the first date with data is {first}.")
    first = session_at_or_after(connection, first)
    starts = dict(market_starts(connection, known_at, first, last_published, from_date))
    portfolios = portfolio_starts(connection, known_at, first) if last_published else {}
    withheld = read_withheld(connection)
    early = before_first_portfolio(connection, portfolios.values(), withheld)
    if early is not None:
        starts["the first portfolio begins earlier"] = early
    market_from = min(starts.values(), default=NEVER)
    reason = "; ".join(words for words, start in starts.items() if start == market_from)
    out = {each.portfolio_id: each.failure for each in withheld} | dict(failures)
    changed = {
        key: start
        for key, start in portfolios.items()
        if start < market_from and start <= to_date and key not in out
    }
    if market_from > to_date:
        reason, market_from = "", NEVER
    if changed:
        reason = "; ".join(filter(None, [reason, portfolio_reason(changed)]))
    elif market_from == NEVER and not failures:
        return None
    return Window(
        from_date=min(market_from, to_date, *changed.values()),
        to_date=to_date,
        as_of=as_of,
        known_at=known_at,
        reason=reason or portfolio_reason({}),
        market_from_date=None if market_from == NEVER else market_from,
        portfolios=changed,
        withheld=exclusions(out, portfolios, withheld, min(market_from, to_date)),
    )


def before_first_portfolio(
    connection: Connection, starts: Iterable[date], withheld: Sequence[Withheld]
) -> date | None:
    """The first of these sessions, if the market facts do not reach back to it; None if they do."""
    known = value(connection, FIRST_PORTFOLIO_DATE) or NEVER
    reached = min([known, *(each.from_date for each in withheld)])
    return min((start for start in starts if start < reached), default=None)


def exclusions(
    failures: Failures, starts: Mapping[UUID, date], withheld: Sequence[Withheld], latest: date
) -> dict[UUID, Exclusion]:
    """What is withheld, each from the first session that it lacks; latest: from which all are built."""
    known = {each.portfolio_id: each.from_date for each in withheld}
    return {
        key: Exclusion(min(starts.get(key, latest), known.get(key, latest), latest), failure)
        for key, failure in failures.items()
    }


def market_starts(
    connection: Connection, known_at: datetime, first: date, last_published: date | None, asked: date | None
) -> Iterable[tuple[str, date]]:
    """The sessions from which market facts and all portfolios must be built, each with its reason."""
    if last_published is None:
        yield "first build", first
        return
    following = value(connection, SESSION_AFTER, [last_published])
    if following is not None:
        yield "new dates", following
    loads, touched = row(connection, UNPUBLISHED_MARKET_LOADS, [known_at])
    if touched is not None:
        noun = "load changes" if loads == 1 else "loads change"
        start = session_at_or_after(connection, max(touched, first))
        yield f"{loads} {noun} numbers from {touched} on", start
    requested = value(connection, REQUESTED_REBUILDS, [known_at])
    if requested is not None:
        yield requested, first
    if asked is not None:
        start = session_at_or_after(connection, max(asked, first))
        yield f"asked for from {max(asked, first)} on", start


def portfolio_starts(connection: Connection, known_at: datetime, first: date) -> dict[UUID, date]:
    """Portfolios whose own data changed, each with the first session affected."""
    return {
        portfolio_id: session_at_or_after(connection, max(touched, first))
        for portfolio_id, touched in rows(connection, UNPUBLISHED_PORTFOLIO_LOADS, [known_at])
    }


def portfolio_reason(changed: Mapping[UUID, date]) -> str:
    """Without their number, or that some are withheld: every user reads it as the publication's cause."""
    begins = f" from {min(changed.values())} on" if changed else ""
    return f"data of portfolios changed{begins}"


def resolve_as_of(connection: Connection, asked: date | None, known_at: datetime) -> date:
    """The as-of date: the last session on or before `asked`; default the last session that has a price.

    Without any price (private holdings only), the last session up to today.
    Raises WindowError for a date after the last price: every value on it would be stale.
    """
    last: date = value(connection, LAST_PRICED_SESSION, [known_at]) or session_at(connection, today())
    if asked is None:
        return last
    session = session_at(connection, asked)
    if session > last:
        raise WindowError(
            f"No price is loaded for {asked}: the last session with prices is {last}. Load newer prices "
            "first, or leave --as-of out."
        )
    return session


def session_at(connection: Connection, day: date) -> date:
    """The last NYSE session on or before `day`, else the first session after it. Raises WindowError."""
    session: date | None = value(connection, SESSION_AT_OR_BEFORE, [day])
    session = session or value(connection, SESSION_AFTER, [day])
    if session is None:
        raise WindowError("The NYSE calendar is not loaded: run `sigmasight load calendar`.")
    return session


def session_at_or_after(connection: Connection, day: date) -> date:
    """The first NYSE session on or after `day`; NEVER past the end of the calendar."""
    session: date | None = value(connection, SESSION_AT_OR_AFTER, [day])
    return session or NEVER


def is_session(connection: Connection, day: date) -> bool:
    """Whether the NYSE trades on `day`."""
    return session_at(connection, day) == day


def today() -> date:
    """The date in New York."""
    return datetime.now(NEW_YORK).date()


def last_closed_session_in_calendar(connection: Connection, now: datetime | None = None) -> date | None:
    """The last closed session of the stored calendar at `now` (with a zone); None without a calendar.

    ingestion.market.calendar.last_closed_session uses the calendar library instead, a slow import.
    """
    in_new_york = (now or datetime.now(NEW_YORK)).astimezone(NEW_YORK)
    asked = {"today": in_new_york.date(), "time": in_new_york.time()}
    session: date | None = value(connection, LAST_CLOSED_SESSION, asked)
    return session


def begin_publication(connection: Connection, window: Window) -> int:
    """A new publication id, with the records of portfolios built from earlier dates and of those left out."""
    publication_id = int(value(connection, "select nextval('ops.publication_ids')"))
    connection.execute(FORGET_EXCLUSIONS.encode(), [publication_id])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.build_portfolios (publication_id, portfolio_id, from_date) values (%s, %s, %s)",
            [(publication_id, portfolio_id, start) for portfolio_id, start in window.portfolios.items()],
        )
        cursor.executemany(
            WITHHOLD.encode(),
            [
                (publication_id, key, each.from_date, list(each.failure.tests), each.failure.reason)
                for key, each in window.withheld.items()
            ],
        )
        if window.is_partial:
            kept = [*window.portfolios, *window.withheld]
            cursor.execute(LEAVE_OUT_OTHERS.encode(), [publication_id, kept])
    return publication_id


def restatement_settings(settings: Settings) -> dict[str, str]:
    """The smallest changes that the build lists (warehouse/sql/007_builds.sql), by name."""
    return {"restated_usd": str(settings.restated_usd), "restated_share": str(settings.restated_share)}


def build_settings(window: Window, publication_id: int) -> dict[str, str]:
    """The settings of the build that models read (warehouse/sql/007_builds.sql), by name."""
    return {
        "first_date": window.from_date.isoformat(),
        "from_date": (window.market_from_date or window.to_date + timedelta(days=1)).isoformat(),
        "to_date": window.to_date.isoformat(),
        "known_at": window.known_at.isoformat(timespec="microseconds"),
        "publication_id": str(publication_id),
    }
