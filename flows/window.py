"""The build window: which dates a build covers, and up to which instant it knows what was loaded.

known_at    fixed while no load is uncommitted, so every load that says it finished before it is visible
to_date     the as-of date, or the last published date if that is later
from_date   the earliest of: the date after the last published one; the earliest date that a load not yet
            published touches; the start of a build that was never published, whose rows may be half replaced.
            For the first build: the first date of all
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from flows.database import Connection, row, value
from flows.errors import WindowError
from flows.lock import lock_holder
from warehouse.locks import LOAD_LOCK

PATIENCE = timedelta(minutes=10)
NEW_YORK = ZoneInfo("America/New_York")

SESSIONS = """
sessions as (
    select calendar_date as session
    from (
        select distinct on (calendar_date) calendar_date, is_session
        from raw.calendar_days order by calendar_date, load_id desc
    ) as newest
    where is_session
)
"""

SESSION_AT_OR_BEFORE = f"with {SESSIONS} select max(session) from sessions where session <= %s"

SESSION_AFTER = f"with {SESSIONS} select min(session) from sessions where session > %s"

LAST_PRICED_SESSION = f"""
with {SESSIONS}
select max(session) from sessions
where exists (select from raw.prices where price_date = session and loaded_at <= %s)
"""

# A quarter of an hour for the closing auction's prices to arrive.
LAST_CLOSED_SESSION = """
select max(calendar_date) from (
    select distinct on (calendar_date) calendar_date, is_session, is_half_day
    from raw.calendar_days
    where calendar_date between %(today)s::date - 30 and %(today)s
    order by calendar_date, load_id desc
) as newest
where
    is_session
    and (
        calendar_date < %(today)s
        or %(time)s::time >= case when is_half_day then time '13:15' else time '16:15' end
    )
"""

# The first date that has anything to show: prices are facts of their own, before any portfolio.
FIRST_DATE = """
select least(
    (select min(price_date) from raw.prices where loaded_at <= %(known_at)s),
    (select min(inception_date) from raw.portfolios where loaded_at <= %(known_at)s)
)
"""

LAST_PUBLISHED_DATE = "select max(as_of_date) from ops.publication_dates"

# status: a failed load touched nothing; touched_from null: it brought nothing new.
UNPUBLISHED_LOADS = """
select count(*), min(touched_from)
from ops.loads
where
    status = 'succeeded' and touched_from is not null and finished_at <= %s
    and not exists (select from ops.publication_loads as published where published.load_id = loads.load_id)
"""

# A build that failed or was killed may have replaced rows that the next one would continue from.
UNPUBLISHED_BUILDS = """
select min(from_date) from ops.runs
where publication_id > (select coalesce(max(publication_id), 0) from ops.publications)
"""


@dataclass(frozen=True)
class Window:
    """What a build covers: sessions from_date to to_date, rows loaded up to known_at; reason says why."""

    from_date: date
    to_date: date
    as_of: date
    known_at: datetime
    reason: str

    def __post_init__(self) -> None:
        if self.from_date > self.to_date:
            raise WindowError(f"The build would end ({self.to_date}) before it begins ({self.from_date}).")


def fix_known_at(connection: Connection, *, patience: timedelta = PATIENCE) -> datetime:
    """The instant up to which loads count: taken while none is under way, so waits for those that are.

    Raises WindowError when one takes longer than `patience`.
    """
    try:
        with connection.transaction():
            connection.execute(
                "select set_config('lock_timeout', %s, true)", [f"{patience.total_seconds()}s"]
            )
            connection.execute("select pg_advisory_xact_lock(%s)", [LOAD_LOCK])
            known_at: datetime = value(connection, "select clock_timestamp()")
    except psycopg.errors.LockNotAvailable as error:
        raise WindowError(
            f"A load is still under way after {patience} ({lock_holder(connection, LOAD_LOCK)}): run the "
            "command again when it is done, or end that process."
        ) from error
    return known_at


def plan_window(
    connection: Connection, *, known_at: datetime, as_of: date | None = None, from_date: date | None = None
) -> Window | None:
    """The window to build, or None when nothing new was loaded since the last publication.

    as_of: a date, taken as the last session on or before it; default the last session with a price.
    from_date: build at least from this date, also when nothing is new. Raises WindowError.
    """
    first = value(connection, FIRST_DATE, {"known_at": known_at})
    if first is None:
        return None
    last_published = value(connection, LAST_PUBLISHED_DATE)
    as_of = resolve_as_of(connection, as_of, known_at)
    to_date = max(as_of, last_published or as_of)
    if first > to_date:
        raise WindowError(f"There is nothing to report as of {as_of}: the first date with data is {first}.")
    starts = dict(_starts(connection, known_at, first, last_published, from_date))
    reason, start = min(starts.items(), key=lambda item: item[1], default=("", date.max))
    if start > to_date:
        return None
    return Window(max(start, session_at(connection, first)), to_date, as_of, known_at, reason)


def _starts(
    connection: Connection, known_at: datetime, first: date, last_published: date | None, asked: date | None
) -> Iterable[tuple[str, date]]:
    """The dates from which something is to be built, by the reason why; each a session."""
    if last_published is None:
        yield "first build", session_at(connection, first)
        return
    following = value(connection, SESSION_AFTER, [last_published])
    if following is not None:
        yield "new dates", following
    loads, touched = row(connection, UNPUBLISHED_LOADS, [known_at])
    if touched is not None:
        noun = "load changes" if loads == 1 else "loads change"
        yield f"{loads} {noun} numbers from {touched} on", session_at(connection, max(touched, first))
    unpublished = value(connection, UNPUBLISHED_BUILDS)
    if unpublished is not None:
        yield "an earlier build was not published", unpublished
    if asked is not None:
        yield f"asked for from {max(asked, first)} on", session_at(connection, max(asked, first))


def resolve_as_of(connection: Connection, asked: date | None, known_at: datetime) -> date:
    """The as-of date: the last session on or before `asked`; default the last session that has a price.

    Without any price (private holdings only), the last session up to today.
    Raises WindowError for a date that no price reaches: every value on it would be stale.
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
    """The last NYSE session on or before `day`, else the first session of all. Raises WindowError."""
    session: date | None = value(connection, SESSION_AT_OR_BEFORE, [day])
    session = session or value(connection, SESSION_AFTER, [day])
    if session is None:
        raise WindowError("The calendar of sessions is not loaded: run `sigmasight load calendar`.")
    return session


def is_session(connection: Connection, day: date) -> bool:
    """Whether the NYSE trades on `day`."""
    return session_at(connection, day) == day


def today() -> date:
    """The date in New York, where sessions are dated."""
    return datetime.now(NEW_YORK).date()


def last_closed_session(connection: Connection, now: datetime | None = None) -> date | None:
    """The last session that is over, at the instant `now` (with a zone); None without a calendar."""
    in_new_york = (now or datetime.now(NEW_YORK)).astimezone(NEW_YORK)
    asked = {"today": in_new_york.date(), "time": in_new_york.time()}
    session: date | None = value(connection, LAST_CLOSED_SESSION, asked)
    return session


def next_publication_id(connection: Connection) -> int:
    """A number of its own for each build; the published rows of an unpublished one are swept by the next."""
    return int(value(connection, "select nextval('ops.publication_ids')"))
