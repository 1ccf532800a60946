"""What `sigmasight status` tells: the publication readers see, what runs now, what waits to be built."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flows.database import Connection, row, rows
from flows.lock import lock_holder, process_name
from warehouse.connections import Warehouse

LONGEST_ERROR = 300

LAST_PUBLICATION = """
select publication_id, published_at, known_at, tests_passed, tests_warned, git_revision,
    (select max(as_of_date) from ops.publication_dates) as last_date,
    (select min(as_of_date) from ops.publication_dates) as first_date
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

HOLDINGS = """
select
    (select count(distinct portfolio_id) from raw.portfolios),
    (select count(*) from ops.users where is_active),
    (select string_agg(distinct source, ', ' order by source) from ops.loads
     where dataset = 'prices' and status = 'succeeded' and rows_new > 0),
    pg_size_pretty(pg_database_size(current_database()))
"""


def status_lines(warehouse: Warehouse) -> Iterator[tuple[str, str]]:
    """Label and text of each line."""
    name = process_name("status")
    with warehouse.connect_writer(application_name=name, autocommit=True) as connection:
        yield "warehouse", _where(warehouse, connection)
        yield "published", _published(connection)
        holder = lock_holder(connection)
        if holder is not None:
            yield "running", str(holder)
        yield from _runs(connection, is_building=holder is not None)
        yield "waiting", _waiting(connection)


def _where(warehouse: Warehouse, connection: Connection) -> str:
    portfolios, users, sources, size = row(connection, HOLDINGS)
    if warehouse.is_embedded:
        place = f"embedded server in {warehouse.settings.warehouse_folder}"
    else:
        place = f"{connection.info.dbname} on {connection.info.host}"
    prices = f"prices: {sources}" if sources else "no prices yet"
    return f"{place}; {size}; {portfolios} portfolios, {users} users, {prices}"


def _published(connection: Connection) -> str:
    found = rows(connection, LAST_PUBLICATION)
    if not found:
        return "nothing yet: load something, then `sigmasight nightly`"
    number, at, known, passed, warned, revision, last, first = found[0]
    warnings = f", {warned} with warnings" if warned else ""
    code = f", code {revision}" if revision else ""
    return (
        f"{first} to {last}; last publication {number} at {_utc(at)}, data as known at {_utc(known)}, "
        f"{passed} tests passed{warnings}{code}"
    )


def _runs(connection: Connection, *, is_building: bool) -> Iterator[tuple[str, str]]:
    for number, kind, status, phase, percent, started, finished, error in rows(connection, LAST_RUNS):
        if finished is None and not is_building:
            text = f"{kind} run {number} ended in the middle of {phase}: the next run starts over"
        elif finished is None:
            text = f"{kind} run {number} {phase}, {percent} %, since {_utc(started)}"
        else:
            seconds = (finished - started).total_seconds()
            text = f"{kind} run {number} {status.replace('_', ' ')} at {_utc(finished)} after {seconds:.0f} s"
        yield "run", text + (f": {' '.join(str(error).split())[:LONGEST_ERROR]}" if error else "")


def _waiting(connection: Connection) -> str:
    count, touched = row(connection, WAITING_LOADS)
    if not count:
        return "no load waits to be built"
    return f"{count} loads wait to be built, touching {touched} on: `sigmasight nightly`"


def _utc(instant: Any) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if isinstance(instant, datetime) else "?"
