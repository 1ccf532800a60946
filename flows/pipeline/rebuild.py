"""Rebuild a past report from the data known then, in its own schema; compare it with what was published."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg import sql

from flows.console import console, end_progress, say, show_progress
from flows.database import Connection, rows, value
from flows.dbt.runner import run_plainly
from flows.environment import prepare_environment
from flows.errors import BuildError, UsageError
from flows.instants import parse_instant
from flows.pipeline.compare import compare_marts, print_comparison
from flows.pipeline.lock import process_name
from flows.pipeline.window import FIRST_DATE, session_at
from warehouse.connections import Warehouse

# stored as the comment of existing schemas, so its text cannot change
SCHEMA_MARK = "Made by `sigmasight rebuild --schema`; the next rebuild replaces it."

AT_THAT_TIME = """
select publications.publication_id, publications.known_at, publications.published_at,
    (select max(as_of_date) from ops.publication_dates
     where published_at <= %(at)s and (superseded_at is null or superseded_at > %(at)s))
from ops.publications where published_at <= %(at)s order by publication_id desc limit 1
"""

IS_REMOVED = "select exists (select from ops.prunings where kept_from > %s)"

FIRST_PUBLICATION = "select min(published_at) from ops.publications"

WITHHELD_THEN = """
select portfolio_id from ops.quarantines
where published_at <= %(at)s and (superseded_at is null or superseded_at > %(at)s)
"""

FORGET_LEFT_OUT = "delete from ops.build_exclusions where publication_id = %s"

LEAVE_OUT = """
insert into ops.build_exclusions (publication_id, portfolio_id) select %s, unnest(%s::uuid[])
on conflict do nothing
"""

SCHEMA_COMMENT = """
select obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace where nspname = %s
"""

AUDIT_PUBLICATION = 0
"""The publication id of an audit's rows; no publication has it."""


@dataclass(frozen=True)
class Visible:
    """What readers saw at an instant: the newest publication, its known_at, and the last date published."""

    publication_id: int
    known_at: datetime
    published_at: datetime
    last_date: date


def rebuild_as_known(
    warehouse: Warehouse, *, as_of: date | None, known_at: str, schema: str, compare: bool
) -> None:
    """Build all dates up to `as_of` into `schema`, from the data of the publication visible at `known_at`.

    known_at: an ISO time, UTC without a zone. compare: print how many rows of each mart equal the published
    ones. Raises UsageError, or BuildError (also for rows that differ).
    """
    at = parse_instant(known_at)
    with warehouse.connect_writer(application_name=process_name("rebuild"), autocommit=True) as connection:
        visible = visible_at(connection, at)
        if compare and value(connection, IS_REMOVED, [at]):
            raise UsageError(
                f"What was published by {at:%Y-%m-%d %H:%M:%S} UTC is no longer kept (SUPERSEDED_DAYS), so "
                "there is nothing to compare with: leave --compare out."
            )
        to_date = (
            visible.last_date if as_of is None else min(session_at(connection, as_of), visible.last_date)
        )
        first = session_at(connection, value(connection, FIRST_DATE, {"known_at": visible.known_at}))
        make_schemas(connection, schema)
        withheld = [portfolio_id for (portfolio_id,) in rows(connection, WITHHELD_THEN, {"at": at})]
        say(
            "planned",
            f"{first} to {to_date} into {schema}, as known at {visible.known_at:%Y-%m-%d %H:%M:%S} UTC by "
            f"publication {visible.publication_id}, the one visible then",
        )
        with left_out(connection, withheld):
            _build(warehouse, schema, first, to_date, visible.known_at)
        if compare:
            whole = to_date == visible.last_date
            results = compare_marts(
                connection, schema=schema, at=at, to_date=to_date, with_dimensions=whole, without=withheld
            )
            print_comparison(console(), results)
            if not all(result.is_equal for result in results):
                raise BuildError(
                    f"The rebuilt marts in {schema} differ from what was published then, see above."
                )


def visible_at(connection: Connection, at: datetime) -> Visible:
    """What readers saw at an instant. Raises UsageError when nothing was published by then."""
    found = rows(connection, AT_THAT_TIME, {"at": at})
    if not found:
        first = value(connection, FIRST_PUBLICATION)
        since = (
            f"the first publication was at {first:%Y-%m-%d %H:%M:%S} UTC" if first else "nothing is published"
        )
        raise UsageError(f"Nothing was published by {at:%Y-%m-%d %H:%M:%S} UTC: {since}.")
    return Visible(*found[0])


@contextmanager
def left_out(connection: Connection, portfolio_ids: Sequence[UUID]) -> Iterator[None]:
    """Let the audit leave out portfolios that were withheld: their figures were of an earlier publication."""
    connection.execute(LEAVE_OUT.encode(), [AUDIT_PUBLICATION, list(portfolio_ids)])
    try:
        yield
    finally:
        connection.execute(FORGET_LEFT_OUT.encode(), [AUDIT_PUBLICATION])


def make_schemas(connection: Connection, schema: str) -> None:
    """Create an empty schema that analysts can read, and one for its intermediate layers.

    Raises UsageError for a schema that no rebuild created, and for a name that would need quotes.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,50}", schema):
        raise UsageError(f"{schema!r} is not a valid schema name: use a-z, 0-9 and _, such as audit.")
    names = (schema, f"{schema}_layers")
    for name in names:
        comments = rows(connection, SCHEMA_COMMENT, [name])
        if comments and comments[0][0] != SCHEMA_MARK:
            raise UsageError(
                f"The schema {name} was not created by a rebuild: choose another, such as audit."
            )
    for name in names:
        _make_schema(connection, name)


def _make_schema(connection: Connection, schema: str) -> None:
    name = sql.Identifier(schema)
    with connection.transaction():
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(name))
        connection.execute(sql.SQL("create schema {}").format(name))
        connection.execute(sql.SQL("comment on schema {} is {}").format(name, sql.Literal(SCHEMA_MARK)))
        connection.execute(sql.SQL("grant usage on schema {} to sigmasight_analyst").format(name))


def _build(warehouse: Warehouse, schema: str, first: date, to_date: date, known_at: datetime) -> None:
    prepare_environment(warehouse)
    settings = {
        "first_date": first.isoformat(),
        "from_date": first.isoformat(),
        "to_date": to_date.isoformat(),
        "known_at": known_at.isoformat(timespec="microseconds"),
        "publication_id": str(AUDIT_PUBLICATION),
    }
    report = run_plainly(
        warehouse,
        "build",
        settings=settings,
        variables={"audit_schema": schema},
        target=f"dbt_{schema}",
        options=("--exclude-resource-type", "exposure"),
        on_progress=show_progress,
    )
    end_progress()
    say("built", report.counts, report.seconds)
