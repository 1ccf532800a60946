"""All writes to the raw tables: COPY into a temporary table, then insert the rows that differ.

A load is one transaction with one row in ops.loads. A failed load leaves only its row with the status failed.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.pq import TransactionStatus

from ingestion.errors import LoadFailedError, OpenTransactionError
from ingestion.raw.copying import copy_tables
from ingestion.raw.datasets import PRICES, Dataset
from ingestion.raw.rejections import Rejections
from warehouse.locks import LOAD_LOCK

logger = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]
Rows = pd.DataFrame | Iterable[pa.Table]

_MANY_ROWS = 10_000  # loads with at least this many new rows update the planner's statistics


@dataclass(frozen=True)
class LoadReport:
    """The result of one load, as in its row of ops.loads. notices: messages for the user."""

    load_id: int
    dataset: str
    source: str
    origin: str
    rows_read: int
    rows_new: int
    rows_rejected: int
    touched_from: date | None
    seconds: float
    notices: tuple[str, ...] = ()


def load_frame(
    connection: Connection,
    dataset: Dataset,
    frame: Rows,
    *,
    source: str,
    origin: str,
    rejected: Rejections | None = None,
) -> LoadReport:
    """Load one frame as one transaction.

    frame: columns named as in the dataset (missing ones are null; `source` is filled in), as a DataFrame or a
    stream of Arrow tables. rejected: rows that were left out. Raises LoadFailedError or OpenTransactionError;
    then only a row with the status 'failed' is written.
    """
    with load_transaction(connection, dataset.name, source=source, origin=origin) as load:
        return load.rows(dataset, frame, rejected=rejected)


@dataclass(frozen=True)
class Load:
    """An open load transaction; several datasets can be loaded atomically."""

    connection: Connection
    source: str
    origin: str

    def lock(self, *datasets: Dataset) -> None:
        """Let no other load write to these tables until the commit."""
        tables = sql.SQL(", ").join(map(_table, datasets))
        self._execute(sql.SQL("lock table {} in share row exclusive mode").format(tables))

    def rows(
        self,
        dataset: Dataset,
        frame: Rows,
        *,
        rejected: Rejections | None = None,
        notices: Iterable[str] = (),
    ) -> LoadReport:
        """Write the new rows of `frame`; the report's row in ops.loads becomes visible with them."""
        rejected = rejected if rejected is not None else Rejections()
        # one load per table at a time, or two loads could insert the same new row
        self.lock(dataset)
        load_id, started_at = self._open(dataset)
        rows_read, rows_new, touched_from = self._write(dataset, frame, load_id, started_at)
        if dataset.name == PRICES.name and rows_new:
            touched_from = self._with_end_of_simulation(touched_from)
        if rows_new >= _MANY_ROWS:
            self._execute(sql.SQL("analyze {}").format(_table(dataset)))
        rejected.write(self.connection, load_id)
        report = LoadReport(
            load_id=load_id,
            dataset=dataset.name,
            source=self.source,
            origin=self.origin,
            rows_read=rows_read + rejected.count,
            rows_new=rows_new,
            rows_rejected=rejected.count,
            touched_from=touched_from,
            seconds=0.0,
            notices=(*notices, *rejected.summary()),
        )
        return replace(report, seconds=self._close(report))

    def _open(self, dataset: Dataset) -> tuple[int, datetime]:
        row = self.connection.execute(
            "insert into ops.loads (source, dataset, origin, started_at, finished_at, status) "
            "select %s, %s, %s, instant, instant, 'succeeded' from ops.next_instant() as instant "
            "returning load_id, started_at",
            [self.source, dataset.name, self.origin],
        ).fetchone()
        assert row is not None  # noqa: S101 - an insert that returns always returns
        return row[0], row[1]

    def _write(
        self, dataset: Dataset, frame: Rows, load_id: int, loaded_at: datetime
    ) -> tuple[int, int, date | None]:
        """Rows read, rows written, and the earliest date they touch."""
        tables = _tables(dataset, frame, self.source)
        marks = {"load_id": load_id, "loaded_at": loaded_at.isoformat()}
        if dataset.is_bulk and self._is_empty(dataset):
            # no known rows to compare with: COPY straight into the table
            count = copy_tables(self.connection, _table(dataset), tables, marks)
            row = self.connection.execute(
                f"select min({dataset.touched_from}) from {dataset.table} as incoming"
            ).fetchone()
            return count, count, row[0] if row else None
        self._make_incoming(dataset)
        count = copy_tables(self.connection, sql.Identifier("incoming"), tables)
        if count >= _MANY_ROWS:
            self._execute(sql.SQL("analyze incoming"))
        row = self.connection.execute(dataset.insert_new_sql, marks).fetchone()
        self._execute(sql.SQL("drop table incoming"))
        assert row is not None  # noqa: S101 - an aggregate always answers one row
        return count, row[0], row[1]

    def _with_end_of_simulation(self, touched_from: date | None) -> date | None:
        """The first real prices replace the simulation, so touched_from then covers all simulated dates."""
        if self.source == "simulated":
            return touched_from
        row = self.connection.execute(
            "select least(%s::date, min(touched_from)) from ops.loads "
            "where source = 'simulated' and dataset = %s and not ops.has_real_prices(clock_timestamp())",
            [touched_from, PRICES.name],
        ).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always answers one row
        first: date | None = row[0]
        return first

    def _is_empty(self, dataset: Dataset) -> bool:
        row = self.connection.execute(f"select not exists (select from {dataset.table})").fetchone()
        return bool(row and row[0])

    def _make_incoming(self, dataset: Dataset) -> None:
        """Create a temporary table with the dataset's columns and the raw table's types."""
        self.connection.execute(
            f"create temporary table incoming on commit drop as "
            f"select {', '.join(dataset.columns)} from {dataset.table} with no data"
        )

    def _close(self, report: LoadReport) -> float:
        """Write the outcome and return the duration in seconds.

        It is the last statement before the commit, so that finished_at is as close to it as possible.
        """
        row = self.connection.execute(
            "update ops.loads set rows_read = %s, rows_new = %s, rows_rejected = %s, touched_from = %s, "
            "finished_at = ops.next_instant() where load_id = %s "
            "returning extract(epoch from finished_at - started_at)::float8",
            [report.rows_read, report.rows_new, report.rows_rejected, report.touched_from, report.load_id],
        ).fetchone()
        assert row is not None  # noqa: S101 - the row was inserted by this transaction
        return float(row[0])

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        self.connection.execute(statement)


@contextmanager
def load_transaction(
    connection: Connection, dataset_name: str, *, source: str, origin: str
) -> Iterator[Load]:
    """A transaction for one or more loads of one origin: all or nothing is written.

    dataset_name: the dataset of the record of a failure. The load lock is taken first and held until the
    commit. Raises OpenTransactionError, or LoadFailedError for errors of the database.
    """
    with recorded_failure(connection, dataset_name, source=source, origin=origin):
        if connection.info.transaction_status != TransactionStatus.IDLE:
            raise OpenTransactionError(
                "A load needs its own transaction: commit or roll back the open one on this connection."
            )
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock_shared(%s)", [LOAD_LOCK])
            yield Load(connection, source, origin)


@contextmanager
def recorded_failure(
    connection: Connection, dataset_name: str, *, source: str, origin: str
) -> Iterator[None]:
    """Record any exception inside as a failed load; turn the database's errors into LoadFailedError."""
    try:
        yield
    except psycopg.Error as error:
        failure = LoadFailedError(_sentence(error, dataset_name, origin))
        _record_failure(connection, dataset_name, source, origin, str(failure))
        raise failure from error
    except Exception as error:
        _record_failure(connection, dataset_name, source, origin, str(error) or repr(error))
        raise


def _record_failure(connection: Connection, dataset_name: str, source: str, origin: str, error: str) -> None:
    if getattr(connection, "closed", False) or connection.info.transaction_status != TransactionStatus.IDLE:
        logger.warning("The failed load of %s from %s could not be recorded", dataset_name, origin)
        return
    try:
        with connection.transaction():
            connection.execute(
                "insert into ops.loads (source, dataset, origin, started_at, finished_at, status, error) "
                "values (%s, %s, %s, now(), clock_timestamp(), 'failed', %s)",
                [source, dataset_name, origin, error[:10_000]],
            )
    except psycopg.Error as failure:
        # keep the first error; only its record is lost
        logger.warning("The failed load of %s could not be recorded: %s", dataset_name, failure)


def _sentence(error: psycopg.Error, dataset_name: str, origin: str) -> str:
    message = ": ".join(
        filter(None, [error.diag.message_primary or str(error).strip(), error.diag.message_detail])
    )
    if isinstance(error, psycopg.errors.UniqueViolation):
        remedy = "two rows have the same key; leave one of them."
    elif isinstance(error, psycopg.errors.DiskFull):
        remedy = "the disk of the database is full; free some space and load again."
    elif isinstance(error, psycopg.OperationalError):
        remedy = "the connection to the database was lost; load again when it is back."
    else:
        remedy = "correct what the database reports and load again."
    return f"{dataset_name} from {origin}: {remedy} Nothing was loaded. (The database says: {message})"


def _tables(dataset: Dataset, frame: Rows, source: str) -> Iterator[pa.Table]:
    """Arrow tables with the dataset's columns; at least one, possibly empty."""
    parts = frame
    if isinstance(frame, pd.DataFrame):
        parts = [] if frame.empty else [_from_pandas(dataset, frame)]
    empty = True
    for part in parts:
        empty = False
        yield _complete(dataset, part, source)
    if empty:
        yield _complete(dataset, pa.table({dataset.keys[0]: pa.nulls(0)}), source)


def _from_pandas(dataset: Dataset, frame: pd.DataFrame) -> pa.Table:
    present = [name for name in dataset.columns if name in frame.columns]
    return pa.Table.from_pandas(frame[present], preserve_index=False)


def _complete(dataset: Dataset, table: pa.Table, source: str) -> pa.Table:
    """The table's columns that the dataset has, in types that COPY reads, and the source."""
    columns: dict[str, Any] = {}
    for name in dataset.columns:
        if name == "source":
            columns[name] = pa.repeat(source, table.num_rows)
        elif name in table.column_names:
            columns[name] = _readable(table[name])
    return pa.table(columns)


def _readable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_timestamp(column.type):  # pandas has no date type; all these columns are dates
        return column.cast(pa.date32())
    return column


def _table(dataset: Dataset) -> sql.Identifier:
    return sql.Identifier(*dataset.table.split("."))
