"""Remove the rows of superseded publications, and give their space back; fct_restatements keeps what changed.

A row is removed when it has been superseded for SUPERSEDED_DAYS. What readers see now never is. An instant
from before the publication that superseded the newest of them can no longer be read: marts_at refuses it
(access.is_kept), instead of returning what is left.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from flows.database import Connection, rows, value
from flows.pipeline.publication_cost import published_tables, read_size

logger = logging.getLogger(__name__)

WORTH_REWRITING = 0.2  # share of a table's rows; below it, the space is left for the next builds
LOCK_TIMEOUT = "2s"  # readers queue behind a rewrite that waits
ATTEMPTS = 3

COLUMNS = """
select attname::text from pg_catalog.pg_attribute
where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""

KEY = """
select attribute.attname::text
from pg_catalog.pg_index as index
cross join lateral unnest(index.indkey) with ordinality as part (attnum, place)
join pg_catalog.pg_attribute as attribute
    on attribute.attrelid = index.indrelid and attribute.attnum = part.attnum
where index.indrelid = to_regclass(%s) and index.indisprimary
order by part.place
"""

# The publications of a date (and portfolio) that no reader has seen since the instant.
EXPIRED_DATES = """
create temporary table expired_dates on commit drop as
select as_of_date, publication_id from ops.publication_dates
where superseded_at < %(before)s
"""

EXPIRED_PORTFOLIO_DATES = """
create temporary table expired_portfolio_dates on commit drop as
select portfolio_id, as_of_date, publication_id from ops.portfolio_dates
where superseded_at < %(before)s
"""

# Facts without a portfolio are published with dates, or with the portfolios that need them: none may be kept.
EXPIRED_INPUTS = """
create temporary table expired_inputs on commit drop as
(
    select as_of_date, publication_id from expired_dates
    union
    select as_of_date, publication_id from expired_portfolio_dates
)
except
(
    select as_of_date, publication_id from ops.publication_dates
    where superseded_at is null or superseded_at >= %(before)s
    union
    select as_of_date, publication_id from ops.portfolio_dates
    where superseded_at is null or superseded_at >= %(before)s
)
"""

# A publication supersedes rows: from the last one before the instant on, all that readers saw is there.
KEPT_FROM = "select max(published_at) from ops.publications where published_at < %s"

FORGET = (
    "delete from ops.publication_dates where superseded_at < %(before)s",
    "delete from ops.portfolio_dates where superseded_at < %(before)s",
)

RECORD = "insert into ops.prunings (kept_from, rows_removed) values (%s, %s)"


@dataclass(frozen=True)
class Removed:
    """rows: removed, or to be removed. size: bytes given back to the disk."""

    rows: int = 0
    size: int = 0


def prune_superseded(connection: Connection, before: datetime, *, dry_run: bool = False) -> Removed:
    """Remove what was superseded before an instant, in one transaction, then rewrite the tables that shrank.

    Requires the build lock, and a connection in autocommit mode.
    """
    size = read_size(connection)
    with connection.transaction(force_rollback=dry_run):
        counts = _remove_expired(connection, before)
    total = sum(removed for removed, _ in counts.values())
    if dry_run or not total:
        return Removed(total)
    for name, (removed, left) in counts.items():
        if removed:
            _give_back(connection, name, share=removed / (removed + left))
    return Removed(total, max(0, size - read_size(connection)))


def _remove_expired(connection: Connection, before: datetime) -> dict[str, tuple[int, int]]:
    """Remove the expired rows of all tables, and record it; rows removed and left, by table."""
    for statement in (EXPIRED_DATES, EXPIRED_PORTFOLIO_DATES, EXPIRED_INPUTS):
        connection.execute(statement.encode(), {"before": before})
    counts = {
        table.as_string(connection): _remove(connection, table, before)
        for table in published_tables(connection)
    }
    for statement in FORGET:
        connection.execute(statement.encode(), {"before": before})
    total = sum(removed for removed, _ in counts.values())
    if total:
        connection.execute(RECORD.encode(), [value(connection, KEPT_FROM, [before]), total])
    return counts


def _remove(connection: Connection, table: sql.Identifier, before: datetime) -> tuple[int, int]:
    """Remove the expired rows of a table; how many, and how many are left (0 where none was removed)."""
    name = table.as_string(connection)
    columns = {column for (column,) in rows(connection, COLUMNS, [name])}
    if "is_removed" in columns:
        statement = _older_versions(table, [column for (column,) in rows(connection, KEY, [name])])
    elif "portfolio_id" in columns and "as_of_date" in columns:
        key = ("portfolio_id", "as_of_date", "publication_id")
        statement = _expired(table, "expired_portfolio_dates", key)
    elif "as_of_date" in columns:
        statement = _expired(table, "expired_inputs", ("as_of_date", "publication_id"))
    else:
        return 0, 0
    removed = connection.execute(statement, {"before": before}).rowcount
    if not removed:
        return 0, 0
    left = connection.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
    return removed, 0 if left is None else int(left[0])


def _expired(table: sql.Identifier, expired: str, key: tuple[str, ...]) -> sql.Composed:
    """Dated facts: the rows of expired publications of their date (and portfolio)."""
    same = sql.SQL(" and ").join(
        sql.SQL("facts.{0} = expired.{0}").format(sql.Identifier(column)) for column in key
    )
    return sql.SQL("delete from {} as facts using {} as expired where {}").format(
        table, sql.Identifier(expired), same
    )


def _older_versions(table: sql.Identifier, key: list[str]) -> sql.Composed:
    """Versioned rows: those that a later version of the same key has replaced before the instant."""
    same = sql.SQL(" and ").join(
        sql.SQL("newer.{0} = facts.{0}").format(sql.Identifier(column))
        for column in key
        if column != "publication_id"
    )
    return sql.SQL(
        "delete from {0} as facts using {0} as newer, ops.publications"
        " where {1} and newer.publication_id > facts.publication_id"
        " and publications.publication_id = newer.publication_id and publications.published_at < %(before)s"
    ).format(table, same)


def _give_back(connection: Connection, table: str, *, share: float) -> None:
    """Rewrite a table without its removed rows; readers of the table wait meanwhile.

    share: of its rows that were removed. The space of a table that stays in use is left to the next builds.
    """
    full = "full, " if share >= WORTH_REWRITING else ""
    connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'".encode())
    try:
        for _ in range(ATTEMPTS):
            try:
                connection.execute(f"vacuum ({full}analyze) {table}".encode())
            except psycopg.errors.LockNotAvailable:
                continue
            return
    finally:
        connection.execute(b"reset lock_timeout")
    logger.warning("The space of the rows removed from %s is not given back: the table stayed in use", table)
