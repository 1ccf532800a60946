"""The data of `sigmasight status`, for one screen or one JSON document.

publication · version of the code · current and recent runs · freshness of each dataset · what is missing ·
what the next run does

Reads tables only: no vendor is queried and nothing is written.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from flows.database import Connection, row, rows, value
from flows.errors import WindowError
from flows.pipeline.layout import read_version
from flows.pipeline.lock import lock_holder, process_name
from flows.pipeline.window import last_closed_session_in_calendar, plan_window
from flows.prefect.schedule import next_start
from flows.quarantine.withheld import Withheld, read_withheld
from warehouse.connections import Warehouse
from warehouse.nights import NIGHT_START

FAILURE_DAYS = 7

RECENT_SESSIONS = 60
"""How far back to search a large table for a source's newest date, one date at a time by its index."""

HOLDINGS = """
select
    (select count(distinct portfolio_id) from raw.portfolios) as portfolios,
    (select count(*) from ops.users where is_active) as users,
    pg_database_size(current_database()) as bytes
"""

LAST_PUBLICATION = """
select publication_id, published_at, known_at, tests_passed, tests_warned, git_revision,
    rows_written, bytes_written,
    (select min(as_of_date) from ops.publication_dates) as first_date,
    (select max(as_of_date) from ops.publication_dates) as last_date
from ops.publications order by publication_id desc limit 1
"""

LAST_RUNS = """
select run_id, kind, status, phase, percent, started_at, finished_at, error
from ops.runs order by run_id desc limit 3
"""

WAITING_LOADS = """
select count(*), min(touched_from) from ops.loads
where
    status = 'succeeded' and touched_from is not null
    and not exists (select from ops.publication_loads as published where published.load_id = loads.load_id)
"""

# Datasets that a source delivers regularly; portfolio files are loaded only when they change.
LOADED = """
select dataset, source, max(finished_at)
from ops.loads
where
    status = 'succeeded'
    and dataset in ('prices', 'option_quotes', 'treasury_rates', 'corporate_actions', 'company_profiles')
group by dataset, source
having sum(rows_new) > 0
order by dataset, source
"""

NEWEST = {
    "treasury_rates": "select max(rate_date) from raw.treasury_rates where source = %(source)s",
    "corporate_actions": """
        select max(ex_date) from raw.corporate_actions where source = %(source)s and ex_date <= %(last)s""",
    "company_profiles": "select max(profile_date) from raw.company_profiles where source = %(source)s",
}

# exists() stops at the first row of the source for a date.
NEWEST_IN_BULK = """
select session from unnest(%(sessions)s::date[]) as session
where exists (select from {table} as bulk where bulk.{column} = session and bulk.source = %(source)s)
order by session desc limit 1
"""
BULK = {"prices": ("raw.prices", "price_date"), "option_quotes": ("raw.option_quotes", "quote_date")}

SESSIONS_BETWEEN = """
select calendar_date from raw.newest_calendar_days
where is_session and calendar_date between %s and %s order by calendar_date
"""

OVERDUE_SESSIONS = "select ops.overdue_sessions(%s, %s, %s)"

UNPUBLISHED_SESSIONS = "select ops.unpublished_sessions()"

SESSIONS_WITHOUT_PRICE = f"""
select session from ({SESSIONS_BETWEEN.replace("calendar_date", "calendar_date as session", 1)})
    as sessions
where not exists (select from raw.prices where price_date = session)
"""

FAILED_LOADS = """
select dataset, source, count(*), max(finished_at),
    (array_agg(error order by load_id desc))[1] as error,
    exists (
        select from ops.loads as later
        where
            later.status = 'succeeded' and later.dataset = loads.dataset and later.source = loads.source
            and later.load_id > max(loads.load_id)
    ) as is_mended
from ops.loads
where status = 'failed' and finished_at > now() - make_interval(days => %s)
group by dataset, source
order by max(finished_at) desc
"""

# The newest price of each symbol that needs one; null without any.
PRICED = """
select symbol, (select max(price_date) from raw.prices where prices.symbol = needed.symbol) as priced
from unnest(%s::text[]) as needed (symbol)
order by symbol
"""


@dataclass(frozen=True)
class Publication:
    """The current publication. Dates are sessions; test counts are of its build.

    rows_written, bytes_written: what it added to the published tables; null if it was not measured.
    """

    publication_id: int
    published_at: datetime
    known_at: datetime
    tests_passed: int
    tests_warned: int
    git_revision: str | None
    rows_written: int | None
    bytes_written: int | None
    first_date: date
    last_date: date


@dataclass(frozen=True)
class Run:
    """A run of a flow; percent 0 to 100. An unfinished run without a lock holder was killed."""

    run_id: int
    kind: str
    status: str
    phase: str
    percent: int
    started_at: datetime
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True)
class Freshness:
    """The freshness of a source's data.

    age_sessions: sessions closed since newest_date; both are null beyond RECENT_SESSIONS.
    """

    dataset: str
    source: str
    newest_date: date | None
    age_sessions: int | None
    loaded_at: datetime


@dataclass(frozen=True)
class FailedLoads:
    """Failed loads of a dataset from a source in the last week; is_mended: a later one succeeded."""

    dataset: str
    source: str
    count: int
    last_at: datetime
    error: str
    is_mended: bool


@dataclass(frozen=True)
class Next:
    """What the next run would build from the current loads, and when the schedule would start it."""

    from_date: date | None
    to_date: date | None
    reason: str
    scheduled_at: datetime | None


@dataclass(frozen=True)
class Code:
    """The version of the code next to the warehouse's. command: to run; message: why. Null if they agree."""

    layout: int
    newest_layout: int
    models_changed: bool
    command: str | None
    message: str | None


@dataclass(frozen=True)
class Status:
    """The status. missing_sessions: closed but not published; sessions_without_price: gaps in prices.

    overdue_sessions: missing ones that the schedule should have published by now. unpublished_sessions:
    those after the last published one that have prices. withheld: portfolios that show an earlier
    publication, because checks fail for them.
    """

    place: str
    size_bytes: int
    code: Code
    portfolios: int
    users: int
    publication: Publication | None
    running: str | None
    runs: tuple[Run, ...]
    last_closed_session: date | None
    missing_sessions: tuple[date, ...]
    overdue_sessions: tuple[date, ...]
    unpublished_sessions: tuple[date, ...]
    sessions_without_price: tuple[date, ...]
    freshness: tuple[Freshness, ...]
    failed_loads: tuple[FailedLoads, ...]
    symbols_needed: int
    symbols_without_prices: tuple[str, ...]
    symbols_not_current: tuple[str, ...]
    waiting_loads: int
    waiting_from: date | None
    next_run: Next
    withheld: tuple[Withheld, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The status as JSON values; dates and times in ISO format."""
        return {name: _plain(field) for name, field in asdict(self).items()}


def read_status(warehouse: Warehouse, now: datetime | None = None) -> Status:
    """Read the status. now: with a zone; default the present."""
    now = now or datetime.now(UTC)
    name = process_name("status")
    with warehouse.connect_writer(application_name=name, autocommit=True) as connection:
        portfolios, users, size = row(connection, HOLDINGS)
        published = rows(connection, LAST_PUBLICATION)
        publication = Publication(*published[0]) if published else None
        holder = lock_holder(connection)
        last = last_closed_session_in_calendar(connection, now)
        waiting, waiting_from = row(connection, WAITING_LOADS)
        asked = [now, NIGHT_START, warehouse.settings.may_take]
        needed, unpriced, not_current = _symbols(connection, last)
        return Status(
            place=_place(warehouse, connection),
            size_bytes=size,
            code=_code(connection),
            portfolios=portfolios,
            users=users,
            publication=publication,
            running=None if holder is None else str(holder),
            runs=tuple(Run(*found) for found in rows(connection, LAST_RUNS)),
            last_closed_session=last,
            missing_sessions=_missing(connection, publication, last),
            overdue_sessions=tuple(day for (day,) in rows(connection, OVERDUE_SESSIONS, asked)),
            unpublished_sessions=tuple(day for (day,) in rows(connection, UNPUBLISHED_SESSIONS)),
            sessions_without_price=_without_price(connection, last),
            freshness=tuple(_freshness(connection, last)),
            failed_loads=tuple(
                FailedLoads(*found) for found in rows(connection, FAILED_LOADS, [FAILURE_DAYS])
            ),
            symbols_needed=needed,
            symbols_without_prices=unpriced,
            symbols_not_current=not_current,
            waiting_loads=waiting,
            waiting_from=waiting_from,
            next_run=_next(connection, now),
            withheld=tuple(read_withheld(connection)),
        )


def _place(warehouse: Warehouse, connection: Connection) -> str:
    if warehouse.is_embedded:
        return f"embedded server in {warehouse.settings.warehouse_folder}"
    return f"{connection.info.dbname} on {connection.info.host}"


def _code(connection: Connection) -> Code:
    state = read_version(connection)
    return Code(state.layout, state.newest_layout, state.models_changed, state.command, state.sentence)


def _missing(connection: Connection, publication: Publication | None, last: date | None) -> tuple[date, ...]:
    """Closed sessions after the last published one."""
    if publication is None or last is None:
        return ()
    found = rows(connection, SESSIONS_BETWEEN, [publication.last_date, last])
    return tuple(session for (session,) in found if session > publication.last_date)


def _without_price(connection: Connection, last: date | None) -> tuple[date, ...]:
    """Sessions between the first and the last price that have no price at all."""
    first, newest = row(connection, "select min(price_date), max(price_date) from raw.prices")
    if first is None or last is None:
        return ()
    return tuple(session for (session,) in rows(connection, SESSIONS_WITHOUT_PRICE, [first, newest]))


def _freshness(connection: Connection, last: date | None) -> Iterator[Freshness]:
    if last is None:
        return
    sessions = [
        session for (session,) in rows(connection, SESSIONS_BETWEEN, [date(last.year - 1, 1, 1), last])
    ]
    loaded = rows(connection, LOADED)
    for dataset, source, loaded_at in loaded:
        asked = {"source": source, "last": last, "sessions": sessions[-RECENT_SESSIONS:]}
        if dataset not in BULK:
            newest = value(connection, NEWEST[dataset], asked)
        elif sum(dataset == each for each, *_ in loaded) == 1:  # the only source of this dataset
            newest = value(connection, "select max({1}) from {0}".format(*BULK[dataset]))
        else:
            table, column = BULK[dataset]
            found = rows(connection, NEWEST_IN_BULK.format(table=table, column=column), asked)
            newest = found[0][0] if found else None
        age = None if newest is None else sum(newest < session for session in sessions)
        yield Freshness(dataset, source, newest, age, loaded_at)


def _symbols(connection: Connection, last: date | None) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """How many symbols need prices; those without any; those without one on the last priced session."""
    from ingestion.market.symbols import symbols_to_price  # noqa: PLC0415 - half a second of imports

    found = rows(connection, PRICED, [symbols_to_price(connection)]) if last else []
    newest = max((priced for _, priced in found if priced), default=None)
    unpriced = tuple(symbol for symbol, priced in found if priced is None)
    behind = tuple(symbol for symbol, priced in found if priced is not None and priced < newest)
    return len(found), unpriced, behind


def _next(connection: Connection, now: datetime) -> Next:
    """The window that the next run would plan if nothing else is loaded."""
    at = next_start(connection, now)
    try:
        window = plan_window(connection, known_at=value(connection, "select clock_timestamp()"))
    except WindowError as error:
        return Next(None, None, str(error), at)
    if window is None:
        is_empty = value(connection, "select not exists (select from ops.publications)")
        reason = "nothing is loaded" if is_empty else "all loaded data is published"
        withheld = read_withheld(connection)
        if withheld:
            reason += ", except that withheld portfolios are built again"
        return Next(None, None, reason, at)
    return Next(window.from_date, window.to_date, window.reason, at)


def _plain(field: Any) -> Any:
    """A value as JSON types."""
    if isinstance(field, dict):
        return {name: _plain(each) for name, each in field.items()}
    if isinstance(field, list | tuple):
        return [_plain(each) for each in field]
    if isinstance(field, UUID):
        return str(field)
    return field.isoformat() if isinstance(field, date) else field
