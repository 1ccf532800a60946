"""One run of a dbt Python model: its inputs read, its code executed, its frames checked and written.

A model reads its inputs as Arrow and returns a frame, which is checked against the column types of the
model's yml. A build table is filled with the frame; a mart gets it with the publication id of the build.

A model with `batch_days` in its yml runs for that many calendar days at a time, on the rows of its
`batch_inputs` for those days, so that its memory does not grow with the length of the build window. The dates
of the first batch input decide which days are run. A batch goes on while that input has at most `batch_rows`
rows: a small warehouse needs few batches. A model with `scope: market` is skipped when the build
covers no date of the market facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import psycopg
import pyarrow as pa
from psycopg import sql
from threadpoolctl import threadpool_limits

from python_models.runtime.frames import frame_to_arrow, to_csv
from python_models.runtime.inputs import Inputs, batches_of, reading

PUBLICATION_COLUMNS = frozenset({"publication_id", "published_at", "superseded_at"})


class PythonModel(NamedTuple):
    """What a run needs of a dbt model: plain values, so that another process can run it.

    columns: name -> PostgreSQL type, without a mart's publication columns. config: as in the model's yml.
    code: compiled by dbt.
    """

    name: str
    path: str
    schema: str
    table: str
    columns: dict[str, str]
    config: dict[str, Any]
    code: str

    @classmethod
    def of(cls, parsed: dict[str, Any], code: str) -> PythonModel:
        """The model that dbt parsed, with its compiled code."""
        columns = {
            name: column["data_type"]
            for name, column in parsed["columns"].items()
            if name not in PUBLICATION_COLUMNS
        }
        kept = ("materialized", "scope", "batch_days", "batch_rows", "batch_inputs")
        config = {key: parsed["config"][key] for key in kept if key in parsed["config"]}
        return cls(
            name=parsed["name"],
            path=parsed["original_file_path"],
            schema=parsed["schema"],
            table=parsed["alias"],
            columns=columns,
            config=config,
            code=code,
        )

    @property
    def is_mart(self) -> bool:
        return bool(self.config["materialized"] == "mart")


class Window(NamedTuple):
    """The window of the current build, from its session settings (warehouse/sql/007_builds.sql)."""

    first_date: date
    from_date: date
    to_date: date
    publication_id: int

    @property
    def has_market_dates(self) -> bool:
        return self.from_date <= self.to_date


BUILD_WINDOW = """
select ops.build_first_date(), ops.build_from_date(), ops.build_to_date(), ops.build_publication_id()
"""

# Rows of builds that were never published.
SWEEP = """
delete from {} where publication_id = 0
or publication_id > (select coalesce(max(publications.publication_id), 0) from ops.publications)
"""


def run_model(model: PythonModel, conninfo: str) -> int:
    """Run the model and write its frames; returns the number of rows written.

    conninfo: libpq's string, with the build's settings. Raises FrameError, and what the model raises.
    """
    namespace: dict[str, Any] = {}
    code = compile(model.code, model.path, "exec")
    exec(code, namespace)  # noqa: S102  # dbt passes models as compiled text
    # Matrices are small: threads that share one wait for each other, many times as long where cores are busy.
    threadpool_limits(1, user_api="blas")
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        row = cursor.execute(BUILD_WINDOW).fetchone()
        assert row is not None  # noqa: S101 - a select without from answers one row
        window = Window(*row)
        return _write(cursor, model, window, _tables(model, window, namespace, conninfo))


def _tables(
    model: PythonModel, window: Window, namespace: dict[str, Any], conninfo: str
) -> Iterator[pa.Table]:
    """The model's results, batch by batch."""
    config = model.config
    if config.get("scope") == "market" and not window.has_market_dates:
        return
    first, last = window.first_date, window.to_date
    with reading(conninfo) as connection:
        inputs = Inputs(connection, by_dates=frozenset(config.get("batch_inputs", ())))
        batches: Iterable[tuple[date, date]] = [(first, last)]
        if "batch_days" in config:
            days = namespace["dbtObj"](partial(inputs.days, (first, last))).ref(config["batch_inputs"][0])
            batches = batches_of(days, config["batch_days"], config.get("batch_rows", 0), last=last)
        for batch in batches:
            frame = namespace["model"](namespace["dbtObj"](partial(inputs.read, batch)), connection)
            yield frame_to_arrow(frame, model.columns, model=model.name)


def _write(
    cursor: psycopg.Cursor[Any], model: PythonModel, window: Window, tables: Iterable[pa.Table]
) -> int:
    """Replace the rows that are not published with the model's rows."""
    target = sql.Identifier(model.schema, model.table)
    cursor.execute(sql.SQL(SWEEP if model.is_mart else "truncate {}").format(target))
    names = (*(("publication_id",) if model.is_mart else ()), *model.columns)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    written = 0
    with cursor.copy(sql.SQL("copy {} ({}) from stdin with (format csv)").format(target, columns)) as copy:
        for table in tables:
            rows = table
            if model.is_mart:
                marks = pa.repeat(pa.scalar(window.publication_id, pa.int64()), table.num_rows)
                rows = table.add_column(0, "publication_id", marks)
            for batch in rows.to_batches(max_chunksize=65_536):
                copy.write(to_csv(batch))
            written += table.num_rows
    return written
