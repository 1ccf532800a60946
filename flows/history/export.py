"""Export the dated marts, as readers see them, to Parquet files of a mart and month.

Each month is read in one transaction, so that its marts agree with each other, and its files appear together
when all of them are complete. A month is read again when a publication has covered it since, and all months
when the definitions of the marts have changed.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import pyarrow.parquet as pq

from flows.console import end_progress, say, show_work
from flows.errors import HistoryError
from flows.history.arrow_types import arrow_type, convert, expression
from flows.history.folder import (
    Column,
    Manifest,
    Mart,
    MonthFile,
    digest,
    draft_of,
    open_private,
    opened_for_export,
    sync,
    take_drafts,
    write_manifest,
)
from flows.wording import many
from warehouse.connections import Warehouse
from warehouse.private_folders import make_private

OF_NEWEST = frozenset({"fct_position_stress", "fct_prices"})
"""Marts whose rows of old months depend on the newest publication: results that are kept of the last session
alone, and adjusted closes, which are chained back from the newest close."""

DATED = """
select relname::text, attname::text, quote_ident(attname), format_type(atttypid, atttypmod)
from pg_catalog.pg_class
join pg_catalog.pg_attribute on attrelid = pg_class.oid
where
    relnamespace = 'marts'::regnamespace and relkind = 'v' and relname like 'fct\\_%'
    and attnum > 0 and not attisdropped
order by relname, attnum
"""
DATE = "as_of_date"

DEFINITION = """
select md5(string_agg(schemaname || '.' || viewname || ' ' || definition, ';' order by schemaname, viewname))
from pg_catalog.pg_views where schemaname in ('marts', 'published')
"""

MONTHS = """
select
    to_char(month, 'YYYY-MM'), month::date, (month + interval '1 month')::date,
    newest.publication_id, newest.published_at::text
from
    (select min(from_date) as first_date, max(to_date) as last_date from marts.fct_publications) as published,
    generate_series(date_trunc('month', first_date::timestamp), last_date::timestamp, '1 month') as month,
    lateral (
        select publication_id, published_at from marts.fct_publications
        where from_date < month + interval '1 month' and to_date >= month
        order by publication_id desc limit 1
    ) as newest
order by month
"""

SNAPSHOT = (
    "set transaction isolation level repeatable read, read only",
    "set local statement_timeout = 0",  # a month may take long
    "set local timezone = 'UTC'",
)


@dataclass(frozen=True)
class Month:
    """A month (YYYY-MM), its first day, that of the next one, and the publication that covered it last."""

    name: str
    first: date
    after: date
    publication: int
    published_at: str


@dataclass(frozen=True)
class Exported:
    """What an export did. files and rows: written; unchanged: files that were current."""

    files: int
    rows: int
    bytes: int
    unchanged: int
    marts: int
    months: int
    seconds: float


def export_history(
    warehouse: Warehouse, folder: Path, *, before: date | None = None, marts: Sequence[str] = ()
) -> Exported:
    """Write what the folder lacks or has from an earlier publication. Raises HistoryError.

    before: the first day of the first month to leave out; marts: default all that are dated. Months that the
    folder has of these marts are kept current, whatever `before` says.
    """
    began = time.perf_counter()
    with opened_for_export(folder) as manifest, _connected(warehouse) as connection:
        with _snapshot(connection) as cursor:
            months = [Month(*found) for found in _rows(cursor, MONTHS)]
            chosen = _chosen(_dated_marts(cursor), marts)
        if not months:
            raise HistoryError("Nothing is published yet: run `sigmasight nightly` first.")
        export = _Export(folder, manifest, chosen, before)
        written: list[MonthFile] = []
        for month in months:
            with _snapshot(connection) as cursor:
                written += export.month(cursor, month)
        end_progress()
    held = sum(len(manifest[mart].months) for mart in chosen if mart in manifest)
    return Exported(
        files=len(written),
        rows=sum(entry.rows for entry in written),
        bytes=sum(entry.bytes for entry in written),
        unchanged=held - len(written),
        marts=len(chosen),
        months=len({month for mart in chosen if mart in manifest for month in manifest[mart].months}),
        seconds=time.perf_counter() - began,
    )


def dated_marts(warehouse: Warehouse) -> list[str]:
    """The names of the marts that have a date in each row."""
    with _connected(warehouse) as connection, _snapshot(connection) as cursor:
        return list(_dated_marts(cursor))


def _chosen(dated: dict[str, list[tuple[str, Column]]], names: Sequence[str]) -> list[str]:
    if unknown := [name for name in names if name not in dated]:
        raise HistoryError(f"{unknown[0]} is no dated mart. The dated marts are {', '.join(dated)}.")
    return [name for name in dated if not names or name in names]


def _dated_marts(cursor: Any) -> dict[str, list[tuple[str, Column]]]:
    """Each dated mart with its columns; before each column the SQL that reads it."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for mart, name, quoted, type_name in _rows(cursor, DATED):
        found.setdefault(mart, []).append((name, quoted, type_name))
    return {
        mart: [
            (expression(quoted, type_name), Column(name, type_name, str(arrow_type(mart, name, type_name))))
            for name, quoted, type_name in columns
        ]
        for mart, columns in found.items()
        if any(name == DATE for name, _, _ in columns)
    }


# --- a month --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Export:
    """What the months of an export have in common."""

    folder: Path
    manifest: Manifest
    chosen: list[str]
    before: date | None

    def month(self, cursor: Any, month: Month) -> list[MonthFile]:
        """Write the marts of a month that are not current; what was written."""
        columns = _dated_marts(cursor)
        written = {
            mart: _write(cursor, draft_of(self.folder, mart, month.name), month, columns[mart], state)
            for mart, state in self._outdated(cursor, month)
        }
        if written:
            take_drafts(self.folder, month.name, list(written))
            for mart, entry in written.items():
                exported = self.manifest.setdefault(mart, Mart([], {}))
                exported.columns = [column for _, column in columns[mart]]
                exported.months[month.name] = entry
            write_manifest(self.folder, self.manifest)
            rows = sum(entry.rows for entry in written.values())
            say("exported", f"{month.name}: {many(len(written), 'mart')}, {many(rows, 'row')}")
        return list(written.values())

    def _outdated(self, cursor: Any, month: Month) -> Iterator[tuple[str, tuple[int, str, str]]]:
        """The marts whose file is missing or of another state, with the state that they have now."""
        months = [Month(*found) for found in _rows(cursor, MONTHS)]
        newest = max(months, key=lambda one: one.publication)
        own = next(one for one in months if one.name == month.name)
        ((definition,),) = _rows(cursor, DEFINITION)
        for mart in self.chosen:
            held = self.manifest[mart].months.get(month.name) if mart in self.manifest else None
            seen = newest if mart in OF_NEWEST else own
            state = (seen.publication, seen.published_at, definition)
            is_wanted = held is not None or self.before is None or month.first < self.before
            if is_wanted and (held is None or held.state != state):
                show_work(f"exporting {month.name} of {mart}")
                yield mart, state


def _write(
    cursor: Any, draft: Path, month: Month, columns: list[tuple[str, Column]], state: tuple[int, str, str]
) -> MonthFile:
    """Write the draft of a mart's month, in batches."""
    mart = draft.parent.name
    schema = pa.schema([(column.name, arrow_type(mart, column.name, column.type)) for _, column in columns])
    make_private(draft.parent)
    cursor.execute(
        f"select {', '.join(sql for sql, _ in columns)} from marts.{mart}"
        f" where {DATE} >= date '{month.first}' and {DATE} < date '{month.after}'"
    )
    rows = 0
    with open_private(draft) as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in cursor.fetch_record_batch():
                writer.write_batch(convert(mart, batch, schema))
                rows += batch.num_rows
        sync(file)
    return MonthFile(rows, draft.stat().st_size, digest(draft), *state)


# --- the connection -------------------------------------------------------------------------------


@contextmanager
def _connected(warehouse: Warehouse) -> Iterator[Any]:
    """A connection as the analyst, whose errors are sentences."""
    try:
        with adbc.connect(warehouse.analyst_url) as connection:
            yield connection
    except adbc.Error as error:
        raise HistoryError(f"The marts could not be read: {' '.join(str(error).split())}.") from error


@contextmanager
def _snapshot(connection: Any) -> Iterator[Any]:
    """A cursor whose statements see the warehouse at one instant."""
    with connection.cursor() as cursor:
        for statement in SNAPSHOT:
            cursor.execute(statement)
        yield cursor
    connection.rollback()


def _rows(cursor: Any, query: str) -> list[tuple[Any, ...]]:
    cursor.execute(query)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
