"""Run records: the contents of ops.runs during a run, and after it ended or was killed."""

from typing import Any

import psycopg
import pytest

from flows.dbt.runner import NodeResult
from flows.pipeline.lock import build_lock
from flows.pipeline.run_record import RunRecord, abandon_dead_runs
from flows.summaries.status import read_status
from flows.summaries.status_lines import status_lines
from warehouse.connections import Warehouse

Connection = psycopg.Connection[Any]


def read(connection: Connection, run: RunRecord) -> dict[str, Any]:
    cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
    row = cursor.execute("select * from ops.runs where run_id = %s", [run.run_id]).fetchone()
    assert row is not None
    return row


def test_a_run_is_visible_while_it_runs(calendar_warehouse: Warehouse, connection: Connection) -> None:
    run = RunRecord(calendar_warehouse, "nightly")
    run.phase("building", 20)
    with run.step("load"):
        pass
    row = read(connection, run)
    assert (row["kind"], row["status"], row["phase"], row["percent"]) == (
        "nightly",
        "running",
        "building",
        20,
    )
    assert [step["step"] for step in row["steps"]] == ["load"]
    assert row["steps"][0]["seconds"] < 1
    assert row["pid"]
    assert row["host"]
    run.finish("succeeded")
    row = read(connection, run)
    assert (row["status"], row["phase"], row["percent"], row["error"]) == ("succeeded", "done", 100, None)
    assert row["finished_at"] >= row["started_at"]
    run.close()


def test_the_nodes_of_a_retry_replace_those_of_the_first_attempt(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    def node(name: str, status: str, rows: int | None) -> NodeResult:
        return NodeResult(f"model.sigmasight.{name}", name, "model", status, 0.5, "INSERT", 0, rows)

    run = RunRecord(calendar_warehouse, "nightly")
    run.nodes([node("int_prices", "success", 3), node("int_rates", "error", None)])
    run.nodes([node("int_prices", "success", 4), node("int_rates", "success", 2)])
    run.close()
    found = connection.execute(
        "select name, kind, status, seconds, rows, message from ops.run_nodes where run_id = %s order by 1",
        [run.run_id],
    ).fetchall()
    assert found == [
        ("int_prices", "model", "success", 0.5, 4, "INSERT"),
        ("int_rates", "model", "success", 0.5, 2, "INSERT"),
    ]


def test_a_failed_run_keeps_its_phase_and_error(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    run = RunRecord(calendar_warehouse, "nightly")
    run.phase("building", 42)
    with pytest.raises(ZeroDivisionError), run.step("build"):
        _ = 1 / 0
    run.finish("failed", "division by zero")
    row = read(connection, run)
    assert (row["status"], row["phase"], row["percent"]) == ("failed", "building", 42)
    assert row["error"] == "division by zero"
    assert row["steps"][0]["step"] == "build"
    run.close()


def test_the_percentage_is_written_at_most_twice_a_second(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    run = RunRecord(calendar_warehouse, "nightly")
    run.percent(30)
    run.percent(31)
    assert read(connection, run)["percent"] == 30
    run.close()


def test_runs_of_killed_processes_are_abandoned(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    killed, done, living = (RunRecord(calendar_warehouse, "nightly") for _ in range(3))
    done.finish("nothing_new")
    assert abandon_dead_runs(connection, living.run_id) == [killed.run_id]
    assert read(connection, killed)["status"] == "abandoned"
    assert read(connection, killed)["finished_at"] is not None
    assert read(connection, done)["status"] == "nothing_new"
    assert read(connection, living)["status"] == "running"
    for run in (killed, done, living):
        run.close()


def test_a_broken_connection_does_not_stop_the_record(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    run = RunRecord(calendar_warehouse, "nightly")
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name like 'sigmasight nightly record%' and datname = current_database()"
    )
    run.percent(50)
    run.finish("failed", "the server restarted")
    assert read(connection, run)["status"] == "failed"
    run.close()


def test_status_distinguishes_a_running_run_from_a_dead_one(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    run = RunRecord(calendar_warehouse, "nightly")
    run.phase("building", 40)
    with build_lock(calendar_warehouse, "nightly"):
        line = dict(status_lines(read_status(calendar_warehouse)))["run"]
        assert f"nightly run {run.run_id} building, 40 %" in line
    run.close()
    line = dict(status_lines(read_status(calendar_warehouse)))["run"]
    assert line == f"nightly run {run.run_id} died during building: the next run starts over"
    assert read(connection, run)["status"] == "running"
