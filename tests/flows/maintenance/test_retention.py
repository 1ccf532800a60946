"""Retention removes only what is old: files by age, Prefect's runs with their dependent rows."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.environment import log_folder
from flows.maintenance.retention import clean_prefect, old_dbt_folders, old_logs
from ingestion.vendors.responses import keep_response, old_responses
from warehouse.settings import Settings

NOW = datetime(2026, 1, 30, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(sigmasight_home=tmp_path, log_days=30, response_days=7)


def aged(path: Path, days: int) -> Path:
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))
    return path


def test_logs_are_old_by_their_last_write(settings: Settings) -> None:
    folder = log_folder(settings)
    for name, days in (("sigmasight.log", 1), ("sigmasight.log.1", 31), ("dbt.log.2", 29)):
        (folder / name).write_text("x")
        aged(folder / name, days)
    assert [path.name for path in old_logs(settings, NOW)] == ["sigmasight.log.1"]


def test_artifacts_of_audits_expire_after_a_week_and_those_of_builds_never(settings: Settings) -> None:
    for name, days in (("dbt", 400), ("dbt_verify", 400), ("dbt_audit", 8), ("dbt_recent", 6)):
        folder = settings.warehouse_folder / name
        folder.mkdir(parents=True)
        aged(folder, days)
    assert [path.name for path in old_dbt_folders(settings, NOW)] == ["dbt_audit"]


def test_answers_are_kept_unchanged_for_the_configured_days(settings: Settings) -> None:
    import gzip  # noqa: PLC0415 - only used here

    path = keep_response("fmp", "prices AAPL/../x", b'{"a": 1}', settings=settings, now=NOW)
    assert path is not None
    assert gzip.decompress(path.read_bytes()) == b'{"a": 1}'
    assert path.parent == settings.warehouse_folder / "responses" / "fmp" / "2026-01-30"
    keep_response("fmp", "prices AAPL", "x", settings=settings, now=NOW - timedelta(days=7))
    keep_response("fmp", "prices AAPL", "x", settings=settings, now=NOW - timedelta(days=8))
    assert [folder.name for folder in old_responses(settings, NOW.date())] == ["2026-01-22"]


def test_no_answer_is_kept_by_default(tmp_path: Path) -> None:
    settings = Settings(sigmasight_home=tmp_path)
    assert keep_response("fmp", "prices", b"x", settings=settings) is None
    assert not settings.warehouse_folder.exists()


def test_an_answer_that_cannot_be_written_is_not_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".warehouse").write_text("a file where a folder belongs")
    settings = Settings(sigmasight_home=tmp_path, response_days=1)
    assert keep_response("fmp", "prices", b"x", settings=settings) is None
    assert "could not be stored" in caplog.text


def test_old_runs_are_removed_from_prefects_database(tmp_path: Path) -> None:
    database = tmp_path / "prefect.db"
    with sqlite3.connect(database) as connection:
        connection.executescript(
            """
            create table flow_run (id text, end_time text, expected_start_time text, created text);
            create table task_run (id text primary key, flow_run_id text);
            create table log (id text primary key, flow_run_id text);
            create table artifact (id text primary key, flow_run_id text);
            insert into flow_run values
                ('old', '2025-10-01 00:00:00.000000', null, '2025-10-01 00:00:00.000000'),
                ('killed', null, null, '2025-10-01 00:00:00.000000'),
                ('new', '2026-01-29 00:00:00.000000', null, '2026-01-29 00:00:00.000000');
            insert into task_run select 'task of ' || id, id from flow_run;
            insert into log select 'log of ' || id, id from flow_run;
            """
        )
    before = NOW - timedelta(days=90)
    assert clean_prefect(database, before, dry_run=True) == 2
    assert clean_prefect(database, before) == 2
    with sqlite3.connect(database) as connection:
        left = [connection.execute(f"select * from {table}").fetchall() for table in ("flow_run", "log")]
        assert [len(rows) for rows in left] == [1, 1]
        assert connection.execute("select id from task_run").fetchall() == [("task of new",)]
    assert clean_prefect(database, before) == 0


def test_a_database_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_text("not a database, but longer than sixteen bytes")
    assert clean_prefect(tmp_path / "prefect.db", NOW) == 0
    assert clean_prefect(tmp_path / "nothing.db", NOW) == 0
