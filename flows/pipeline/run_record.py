"""The record of a run in ops.runs: its phase, progress, duration of each step, and outcome."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Literal

import psycopg
from psycopg.types.json import Jsonb

from flows.database import Connection, rows, value
from flows.dbt.runner import NodeResult
from flows.log_format import set_run_id
from flows.pipeline.lock import process_name
from warehouse.connections import Warehouse
from warehouse.errors import WarehouseUnavailableError

logger = logging.getLogger(__name__)

Status = Literal["succeeded", "nothing_new", "failed"]
RunKind = Literal["nightly", "rebuild", "onboard"]
"""Kinds of runs; each holds the build lock, so the holder knows that no other run is active."""

PERCENT_SECONDS = 0.5

NODE_COLUMNS = ("node_id", "name", "kind", "status", "seconds", "rows", "message")

# An earlier attempt may have left rows for the same nodes.
RECORD_NODES = """
with nodes as (
    select * from unnest(
        %s::text[], %s::text[], %s::text[], %s::text[], %s::double precision[], %s::bigint[], %s::text[]
    )
)
insert into ops.run_nodes (node_id, name, kind, status, seconds, rows, message, run_id)
select nodes.*, %s from nodes
on conflict (run_id, node_id) do update set
    status = excluded.status, seconds = excluded.seconds, rows = excluded.rows, message = excluded.message
"""


class RunRecord:
    """One row of ops.runs, written on a dedicated autocommit connection: each change is visible at once.

    Progress is best effort: the run continues when it cannot be written.
    """

    def __init__(self, warehouse: Warehouse, kind: RunKind) -> None:
        self._warehouse = warehouse
        self._kind = kind
        self._guard = threading.RLock()
        self._connection = self._connect()
        self._reported_at = 0.0
        self.warning: str | None = None
        """What an operator should know of a run that does not fail; recorded at its end."""
        self.run_id: int = value(
            self._connection,
            "insert into ops.runs (kind, status, host, pid) values (%s, 'running', %s, %s) returning run_id",
            [kind, socket.gethostname(), os.getpid()],
        )
        set_run_id(self.run_id)

    def phase(self, name: str, percent: int) -> None:
        """Record the phase (`loading`, `building`, …) and the progress, 0 to 100."""
        self._write("update ops.runs set phase = %s, percent = %s where run_id = %s", name, percent)

    def percent(self, percent: int) -> None:
        """Record the progress, at most twice a second."""
        if time.monotonic() - self._reported_at < PERCENT_SECONDS:
            return
        self._reported_at = time.monotonic()
        with suppress(psycopg.OperationalError, WarehouseUnavailableError):
            self._write("update ops.runs set percent = %s where run_id = %s", percent)

    def plan(self, *, as_of: date, from_date: date, publication_id: int) -> None:
        """Record the dates being built and the id of their publication."""
        self._write(
            "update ops.runs set as_of_date = %s, from_date = %s, publication_id = %s where run_id = %s",
            as_of,
            from_date,
            publication_id,
        )

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Record how long the body took, even when it fails."""
        begun = time.monotonic()
        try:
            yield
        finally:
            entry = {"step": name, "seconds": round(time.monotonic() - begun, 3)}
            with suppress(psycopg.OperationalError, WarehouseUnavailableError):
                self._write("update ops.runs set steps = steps || %s where run_id = %s", Jsonb([entry]))

    def nodes(self, nodes: Sequence[NodeResult]) -> None:
        """Record the result of each dbt node, replacing that of an earlier attempt."""
        columns = [[getattr(node, name) for node in nodes] for name in NODE_COLUMNS]
        with suppress(psycopg.OperationalError, WarehouseUnavailableError):
            self._write(RECORD_NODES, *columns)

    def finish(self, status: Status, error: str | None = None) -> None:
        """Close the record."""
        statement = (
            "update ops.runs set status = %s, error = %s, finished_at = clock_timestamp(),"
            " phase = case when %s then phase else 'done' end,"
            " percent = case when %s then percent else 100 end where run_id = %s"
        )
        failed = status == "failed"
        self._write(statement, status, error or self.warning, failed, failed)

    def warn(self, sentence: str) -> None:
        """Add a sentence to the record of a run that is closed and did not fail."""
        with suppress(psycopg.OperationalError, WarehouseUnavailableError):
            self._write(
                "update ops.runs set error = concat_ws(' ', error, %s::text) where run_id = %s", sentence
            )
        self._connection.close()

    def close(self) -> None:
        set_run_id(None)
        self._connection.close()

    def _connect(self) -> Connection:
        return self._warehouse.connect_writer(
            application_name=process_name(f"{self._kind} record"), autocommit=True
        )

    def _write(self, statement: str, *values: object) -> None:
        """Write, on a new connection if the old one broke. Raises WarehouseUnavailableError."""
        with self._guard:
            try:
                self._connection.execute(statement.encode(), [*values, self.run_id])
            except psycopg.OperationalError:
                self._connection = self._connect()
                self._connection.execute(statement.encode(), [*values, self.run_id])


def abandon_dead_runs(connection: Connection, this_run: int) -> list[int]:
    """Mark runs that a killed process left `running`; their ids. Requires the build lock."""
    abandoned = rows(
        connection,
        "update ops.runs set status = 'abandoned', finished_at = clock_timestamp(),"
        " error = 'The process ended without closing its record; nothing of it was published.'"
        " where status = 'running' and run_id <> %s returning run_id",
        [this_run],
    )
    return [run_id for (run_id,) in abandoned]
