"""Runs dbt's Python models inside dbt's own process, on Postgres.

dbt-postgres does not support Python models; dbt's extension points allow it: a plugin (dbt imports every
package named dbt_* and reads its ``plugins``) gives the adapter a submission helper, and the project's
materializations `mart` and `build_table` call it. A model reads its inputs as Arrow and returns a frame,
which is checked against the column types of the model's yml. A build table is filled with the frame; a mart
gets it with the publication id of the build.

A model with `batch_days` in its yml runs for that many calendar days at a time, on the rows of its
`batch_inputs` for those days, so that its memory does not grow with the length of the build window. The dates
of the first batch input decide which days are run. A batch goes on while that input has at most `batch_rows`
rows: a small warehouse needs few batches. A model with `scope: market` is skipped when the build
covers no date of the market facts.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from dbt.adapters.base.impl import PythonJobHelper
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.postgres.impl import PostgresAdapter
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError
from psycopg import sql

ARROW_TYPES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "double precision": pa.float64(),
    "double precision[]": pa.list_(pa.float64()),
    "integer": pa.int32(),
    "integer[]": pa.list_(pa.int32()),
    "text": pa.string(),
    "uuid": pa.string(),
}

PUBLICATION_COLUMNS = frozenset({"publication_id", "published_at", "superseded_at"})


class FrameError(DbtRuntimeError):
    """The frame that a Python model returned does not fit the columns of its yml."""


def frame_to_arrow(frame: pd.DataFrame, columns: dict[str, str], *, model: str) -> pa.Table:
    """The frame as an Arrow table with exactly the declared columns, in their order.

    columns: name -> Postgres type as in the model's yml. NaN and None become null, minus zero becomes zero.
    An infinite number, a missing, an extra or a mistyped column raises FrameError with the column's name.
    """
    missing = [name for name in columns if name not in frame.columns]
    extra = [str(name) for name in frame.columns if name not in columns]
    if missing or extra:
        raise FrameError(
            f"{model} returned a frame whose columns differ from its yml: "
            f"missing {missing or 'none'}, not declared {extra or 'none'}."
        )
    arrays = [_to_arrow(frame[name], name, data_type, model) for name, data_type in columns.items()]
    return pa.Table.from_arrays(arrays, names=list(columns))


def _to_arrow(column: pd.Series[Any], name: str, data_type: str, model: str) -> pa.Array:
    if data_type not in ARROW_TYPES:
        raise FrameError(
            f"{model}.{name} is declared as {data_type!r}; Python models support {', '.join(ARROW_TYPES)}."
        )
    try:
        array = pa.Array.from_pandas(column, type=ARROW_TYPES[data_type])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise FrameError(
            f"{model}.{name} is declared as {data_type} but the frame holds {column.dtype}: {error}"
        ) from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not data_type.startswith("double precision"):
        return array
    if pa.types.is_list(array.type):
        return pa.ListArray.from_arrays(
            array.offsets, _finite(array.values, name, model), mask=array.is_null()
        )
    return _finite(array, name, model)


def _finite(array: pa.Array, name: str, model: str) -> pa.Array:
    """Doubles with null for NaN. Raises FrameError for an infinite number."""
    array = pa.compute.if_else(pa.compute.is_nan(array), None, array)
    if pa.compute.any(pa.compute.is_inf(array)).as_py():
        raise FrameError(f"{model}.{name} holds an infinite number; an undefined value must be null.")
    return pa.compute.add(array, 0.0)  # minus zero becomes zero: readers would print its sign


class Window(NamedTuple):
    """The window of the current build, from its session settings (warehouse/sql/007_builds.sql)."""

    first_date: date
    from_date: date
    to_date: date
    publication_id: int

    @property
    def has_market_dates(self) -> bool:
        return self.from_date <= self.to_date


_IDLE: dict[str, list[Any]] = {}
"""Idle connections, kept because a new one reads all types of the server, which takes 50 ms."""


@contextmanager
def _reading(conninfo: str) -> Iterator[Any]:
    """A connection for one model, reused by the next one unless it failed."""
    idle = _IDLE.setdefault(conninfo, [])
    connection = idle.pop() if idle else adbc.connect(conninfo, autocommit=True)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    idle.append(connection)


def close_connections() -> None:
    """Close the idle connections at the end of a build."""
    for connection in chain.from_iterable(_IDLE.values()):
        connection.close()
    _IDLE.clear()


BUILD_WINDOW = """
select ops.build_first_date(), ops.build_from_date(), ops.build_to_date(), ops.build_publication_id()
"""

# Rows of builds that were never published.
SWEEP = """
delete from {} where publication_id = 0
or publication_id > (select coalesce(max(publications.publication_id), 0) from ops.publications)
"""


class InProcessPythonJob(PythonJobHelper):
    """Executes one compiled Python model and writes its frames."""

    def __init__(self, parsed_model: dict[str, Any], credential: Any) -> None:
        self.model = parsed_model
        self.credentials = credential

    def submit(self, compiled_code: str) -> int:
        """Run the model and write its frames; returns the number of rows written."""
        namespace: dict[str, Any] = {}
        code = compile(compiled_code, self.model["original_file_path"], "exec")
        exec(code, namespace)  # noqa: S102  # dbt passes models as compiled text
        with psycopg.connect(self._conninfo()) as connection, connection.cursor() as cursor:
            row = cursor.execute(BUILD_WINDOW).fetchone()
            assert row is not None  # noqa: S101 - a select without from answers one row
            return self._write(cursor, Window(*row), namespace)

    def _tables(self, window: Window, namespace: dict[str, Any]) -> Iterator[pa.Table]:
        """The model's results, batch by batch."""
        config = self.model["config"]
        if config.get("scope") == "market" and not window.has_market_dates:
            return
        first, last = window.first_date, window.to_date
        with _reading(self._conninfo()) as connection:
            inputs = _Inputs(connection, by_dates=frozenset(config.get("batch_inputs", ())))
            batches: Iterable[tuple[date, date]] = [(first, last)]
            if "batch_days" in config:
                days = namespace["dbtObj"](partial(inputs.days, (first, last))).ref(config["batch_inputs"][0])
                batches = _batches(days, config["batch_days"], config.get("batch_rows", 0), last=last)
            for batch in batches:
                frame = namespace["model"](namespace["dbtObj"](partial(inputs.read, batch)), connection)
                yield frame_to_arrow(frame, self._columns(), model=self.model["name"])

    def _columns(self) -> dict[str, str]:
        """Name -> type of the model's columns, without a mart's publication columns."""
        return {
            name: column["data_type"]
            for name, column in self.model["columns"].items()
            if name not in PUBLICATION_COLUMNS
        }

    def _conninfo(self) -> str:
        """The profile's connection, with its role and the build's settings, as one libpq string."""
        profile = self.credentials
        role = f"-c role={profile.role}" if profile.role else ""
        info = psycopg.conninfo.make_conninfo(
            "",
            host=profile.host,
            port=profile.port,
            user=profile.user,
            password=profile.password or None,
            dbname=profile.database,
            sslmode=profile.sslmode,
            # these replace the environment's options, so they must include them: they hold the build's
            # settings
            options=f"{os.environ.get('PGOPTIONS', '')} {role}".strip() or None,
            application_name="dbt python models",
        )
        return str(info)

    def _write(self, cursor: psycopg.Cursor[Any], window: Window, namespace: dict[str, Any]) -> int:
        """Replace the rows that are not published with the model's rows."""
        target = sql.Identifier(self.model["schema"], self.model["alias"])
        is_mart = self.model["config"]["materialized"] == "mart"
        cursor.execute(sql.SQL(SWEEP if is_mart else "truncate {}").format(target))
        names = (*(("publication_id",) if is_mart else ()), *self._columns())
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        written = 0
        with cursor.copy(
            sql.SQL("copy {} ({}) from stdin with (format csv)").format(target, columns)
        ) as copy:
            for table in self._tables(window, namespace):
                rows = table
                if is_mart:
                    marks = pa.repeat(pa.scalar(window.publication_id, pa.int64()), table.num_rows)
                    rows = table.add_column(0, "publication_id", marks)
                for batch in rows.to_batches(max_chunksize=65_536):
                    copy.write(_to_csv(batch))
                written += table.num_rows
        return written


def _batches(
    days: Iterable[tuple[date, int]], length: int, enough: int, *, last: date
) -> Iterator[tuple[date, date]]:
    """First and last dates of batches that cover all the days, each given with its number of rows.

    A batch has at most `length` calendar days, or more while it has at most `enough` rows.
    """
    start, end, count = None, date.min, 0
    for day, rows in days:
        if start is not None and (day <= end or count + rows <= enough):
            end, count = max(end, day), count + rows
            continue
        if start is not None:
            yield start, end
        start, end, count = day, min(day + timedelta(days=length - 1), last), rows
    if start is not None:
        yield start, end


class _Inputs:
    """A model's inputs: rows of the batch for the relations in by_dates, all rows (cached) for the others."""

    def __init__(self, connection: Any, *, by_dates: frozenset[str]) -> None:
        self._connection = connection
        self._by_dates = by_dates
        self._whole: dict[str, pd.DataFrame] = {}

    def read(self, dates: tuple[date, date], relation: str) -> pd.DataFrame:
        """Rows of a relation; dates: the first and the last of the batch, both included."""
        if relation.rpartition(".")[2].strip('"') in self._by_dates:
            return self._query(
                f"select * from {relation} where as_of_date between date '{dates[0]}' and date '{dates[1]}'"
            )
        if relation not in self._whole:
            self._whole[relation] = self._query(f"select * from {relation}")
        return self._whole[relation].copy(deep=False)  # copy on write: a model may change its copy

    def days(self, window: tuple[date, date], relation: str) -> list[tuple[date, int]]:
        """The dates in the window on which a relation has rows, in order, with the number of rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"select as_of_date, count(*) from {relation}"
                f" where as_of_date between date '{window[0]}' and date '{window[1]}' group by 1 order by 1"
            )
            return [(day, rows) for day, rows in cursor.fetchall()]

    def _query(self, query: str) -> pd.DataFrame:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            table = cursor.fetch_arrow_table()
        frame: pd.DataFrame = _with_text_ids(table).to_pandas(date_as_object=False)
        return frame


def _with_text_ids(table: pa.Table) -> pa.Table:
    """The table with uuids as text. Each distinct uuid is converted once."""
    for position, field in enumerate(table.schema):
        if field.type == pa.uuid():
            coded = (
                pa.chunked_array(
                    [chunk.storage for chunk in table[position].chunks], type=field.type.storage_type
                )
                .combine_chunks()
                .dictionary_encode()
            )
            names = pa.array([str(UUID(bytes=value)) for value in coded.dictionary.to_pylist()], pa.string())
            table = table.set_column(position, field.name, names.take(coded.indices))
    return table


def _to_csv(batch: pa.RecordBatch) -> bytes:
    """CSV with quoted strings and unquoted nulls, which COPY reads back exactly."""
    buffer = io.BytesIO()
    for position, field in enumerate(batch.schema):
        if pa.types.is_list(field.type):
            batch = batch.set_column(position, field.name, _array_literals(batch.column(position)))
    pa_csv.write_csv(batch, buffer, pa_csv.WriteOptions(include_header=False))
    return buffer.getvalue()


def _array_literals(arrays: pa.ListArray) -> pa.Array:
    """Arrays of numbers as PostgreSQL literals: {0.5,NULL}."""
    texts = pa.compute.fill_null(arrays.flatten().cast(pa.string()), "NULL")
    starts = pa.compute.subtract(arrays.offsets, arrays.offsets[0])
    joined = pa.compute.binary_join(pa.ListArray.from_arrays(starts, texts), ",")
    return pa.compute.binary_join_element_wise("{", joined, "}", "")


def _response(rows: int) -> AdapterResponse:
    return AdapterResponse(_message=f"INSERT {rows}", rows_affected=rows, code="INSERT")


class PythonModelsPlugin(dbtPlugin):
    """Enables Python models in the Postgres adapter; adds no nodes and no artifacts to dbt."""

    def initialize(self) -> None:
        """Set the three members through which BaseAdapter.submit_python_job finds its helper."""
        members: dict[str, object] = {
            "python_submission_helpers": {"in_process": InProcessPythonJob},
            "default_python_submission_method": "in_process",
            "generate_python_submission_response": staticmethod(_response),
        }
        for name, member in members.items():
            setattr(PostgresAdapter, name, member)
