"""Reading dbt's results, and reporting failures."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flows.dbt.runner import _failure_sentences, build_session, read_results
from flows.pipeline.window import Window, build_settings
from warehouse.connections import Warehouse


def result(unique_id: str, status: str, **fields: Any) -> dict[str, Any]:
    return {
        "unique_id": unique_id,
        "status": status,
        "execution_time": 1.5,
        "message": None,
        "failures": None,
        **fields,
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "run_results.json"
    document = {
        "metadata": {"invocation_id": "an-id"},
        "results": [
            result("model.sigmasight.fct_prices", "success", execution_time=9.0),
            result("model.sigmasight.fct_prices", "error", message="Database Error\n  no such column"),
            result("model.sigmasight.fct_loads", "skipped"),
            result("test.sigmasight.grain_int_prices.abc123", "pass", failures=0),
            result("test.sigmasight.pnl_is_explained.def456", "fail", message="Got 3 results", failures=3),
            result("test.sigmasight.coverage.def457", "warn", failures=1),
            result("unit_test.sigmasight.fct_prices.gaps", "pass"),
        ],
    }
    path.write_text(json.dumps(document))
    return path


def test_report_counts_models_and_tests(results: Path) -> None:
    report = read_results(results, 12.0)
    assert report.invocation_id == "an-id"
    assert (report.models_built, report.tests_passed, report.tests_warned) == (1, 2, 1)
    assert report.seconds == 12.0
    assert [node.name for node in report.slowest(1)] == ["fct_prices"]


def test_rows_are_those_written_or_found(tmp_path: Path) -> None:
    path = tmp_path / "run_results.json"
    model, view = {"rows_affected": 12}, {"rows_affected": -1}
    document = {
        "metadata": {},
        "results": [
            result("model.sigmasight.a", "success", adapter_response=model),
            result("model.sigmasight.b", "success", adapter_response=view),
            result("model.sigmasight.c", "skipped", adapter_response={}),
            result("test.sigmasight.d", "pass", failures=0, adapter_response={"rows_affected": 1}),
        ],
    }
    path.write_text(json.dumps(document))
    assert [node.rows for node in read_results(path, 1.0).nodes] == [12, None, None, 0]


def test_failures_are_sentences(results: Path) -> None:
    report = read_results(results, 12.0)
    message = _failure_sentences(report.failed, "dbt's own message")
    assert message.splitlines()[:3] == [
        "The build failed at 2 nodes, and nothing was published:",
        "  The model fct_prices failed: Database Error no such column",
        "  The test pnl_is_explained found 3 failing rows.",
    ]


def test_a_build_that_did_not_start_reports_dbts_error() -> None:
    message = _failure_sentences([], "no profile")
    assert message == "dbt did not finish, and nothing was published: no profile"
    message = _failure_sentences([], "")
    assert message == "dbt did not finish, and nothing was published: it was interrupted"


def test_many_failures_are_counted(results: Path) -> None:
    failed = read_results(results, 1.0).failed * 10
    assert "… and 10 more" in _failure_sentences(failed, "")


def test_settings_of_a_window_are_exact() -> None:
    known_at = datetime(2026, 1, 30, 23, 59, 59, 123456, tzinfo=UTC)
    friday, monday = date(2026, 1, 30), date(2026, 2, 2)
    window = Window(friday, monday, monday, known_at, "new dates", market_from_date=monday)
    settings = build_settings(window, 7)
    assert settings == {
        "first_date": "2026-01-30",
        "from_date": "2026-02-02",
        "to_date": "2026-02-02",
        "known_at": "2026-01-30T23:59:59.123456+00:00",
        "publication_id": "7",
    }
    of_portfolios = replace(window, market_from_date=None, portfolios={uuid4(): friday})
    assert build_settings(of_portfolios, 7) == {**settings, "from_date": "2026-02-03"}


def test_connections_of_a_build_have_its_settings(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=12MB")
    ask = "select current_setting('work_mem'), ops.build_to_date()::text, ops.build_publication_id()"
    settings = {"to_date": "2026-02-02", "publication_id": "7"}
    with build_session(settings), warehouse.connect_writer() as connection:
        assert connection.execute(ask).fetchone() == ("12MB", "2026-02-02", 7)
    with warehouse.connect_writer() as connection:
        assert connection.execute(ask).fetchone() == ("12MB", "2100-01-01", 0)
