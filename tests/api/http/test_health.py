"""Health checks, including during a database outage."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple
from uuid import UUID

import psutil
import pytest
from fastapi.testclient import TestClient

from api import embedded_watch
from api.http.limits import POOL_WAIT
from flows.pipeline.lock import build_lock
from flows.summaries.status import read_status
from flows.summaries.status_check import check_status
from flows.summaries.status_lines import status_lines
from tests.api.api_helpers import add_run, add_user, assert_problem, log_in
from tests.conftest import THEN
from warehouse.bootstrap import Connection
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.embedded import running_embedded
from warehouse.settings import Settings

pytestmark = pytest.mark.slow

HEALTH = "/api/v1/health"
NOT_PUBLISHED = (date(2025, 9, 15), date(2025, 9, 16))


class Late(NamedTuple):
    """A warehouse with prices that are not published, its API, and a connection that may change it."""

    warehouse: Warehouse
    client: TestClient
    writer: Connection


def sample(client: TestClient, name: str) -> float:
    """The value of a metric without labels."""
    (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith(f"{name} "))
    return float(line.split()[1])


def test_a_warehouse_without_a_build_is_live_but_not_ready(empty_api: TestClient) -> None:
    body = empty_api.get(HEALTH).json()
    assert (body["status"], body["live"], body["ready"]) == ("unavailable", True, False)
    assert body["warehouse_reachable"] is True
    assert (body["last_publication"], body["last_build"]) == (None, None)
    assert "sigmasight nightly" in body["message"]
    assert empty_api.get(f"{HEALTH}/live").json() == {"live": True}
    assert_problem(empty_api.get(f"{HEALTH}/ready"), 503, "nothing_published")


def test_portfolio_paths_say_that_nothing_is_published(
    empty_api: TestClient, module_warehouse: Warehouse
) -> None:
    add_user(module_warehouse, "early@example.com")
    headers = log_in(empty_api, "early@example.com")
    body = assert_problem(empty_api.get("/api/v1/data/portfolios", headers=headers), 503, "nothing_published")
    assert "sigmasight nightly" in body["detail"]


def test_health_reports_the_outcome_of_the_last_build(
    empty_warehouse: Warehouse, serve: Callable[[Warehouse], TestClient]
) -> None:
    client = serve(empty_warehouse)
    add_run(empty_warehouse, status="succeeded")
    add_run(empty_warehouse, status="failed", phase="testing")
    build = client.get(HEALTH).json()["last_build"]
    assert (build["kind"], build["status"], build["phase"], build["percent"]) == (
        "nightly",
        "failed",
        "testing",
        40,
    )
    assert build["finished_at"].endswith("Z")


# --- sessions that are not published ------------------------------------------------------------------------


@pytest.fixture
def late(demo: Warehouse, serve: Callable[[Warehouse], TestClient]) -> Iterator[Late]:
    """The demo with prices of two sessions after the last published one."""
    with demo.connect_writer(autocommit=True) as writer:
        for day in NOT_PUBLISHED:
            writer.execute(
                "insert into raw.prices (load_id, loaded_at, source, symbol, price_date, close)"
                " select max(load_id), now(), 'test', 'SPY', %s, 1 from ops.loads",
                [day],
            )
        yield Late(demo, serve(demo), writer)
        writer.execute("delete from raw.prices where source = 'test'")
        writer.execute("truncate ops.incidents, ops.incident_messages")


def test_health_degrades_and_counts_sessions_that_are_not_published(late: Late) -> None:
    body = late.client.get(HEALTH).json()
    assert (body["status"], body["ready"], body["unpublished_sessions"]) == ("degraded", True, 2)
    assert body["message"] == (
        f"The numbers of {THEN} are published. 2 sessions with prices are not published."
    )
    assert late.client.get(f"{HEALTH}/ready").json()["status"] == "degraded"
    status = read_status(late.warehouse)
    assert status.unpublished_sessions == NOT_PUBLISHED
    sentence = "2 sessions with prices are not published: 2025-09-15, 2025-09-16"
    assert sentence in check_status(status).line(THEN)
    assert ("missing", sentence) in status_lines(status)
    assert sample(late.client, "sigmasight_unpublished_sessions") == 2
    late.writer.execute("delete from raw.prices where source = 'test' and price_date > '2025-09-15'")
    assert "1 session with prices is not published." in late.client.get(HEALTH).json()["message"]
    late.writer.execute("delete from raw.prices where source = 'test'")
    body = late.client.get(HEALTH).json()
    assert (body["status"], body["unpublished_sessions"]) == ("ok", 0)
    assert body["message"] == f"The numbers of {THEN} are published."


def test_health_does_not_degrade_while_a_build_publishes_them(late: Late) -> None:
    with build_lock(late.warehouse, "nightly"):
        body = late.client.get(HEALTH).json()
        assert (body["status"], body["unpublished_sessions"]) == ("ok", 2)
        assert "a build is running" in body["message"]
        assert sample(late.client, "sigmasight_build_in_progress") == 1
        assert "with prices" not in check_status(read_status(late.warehouse)).line(THEN)
    assert late.client.get(HEALTH).json()["status"] == "degraded"
    assert sample(late.client, "sigmasight_build_in_progress") == 0


def test_metrics_show_the_state_of_nights_and_incidents_without_user_data(late: Late) -> None:
    late.writer.execute(
        "insert into ops.incidents (kind, subject, severity, summary) values"
        " ('coverage_low', 'one', 'warning', 'Growth of ann@example.com'),"
        " ('coverage_low', 'two', 'warning', 'Income'), ('night_failed', '', 'critical', 'It failed.'),"
        " ('suspect_move', 'AAPL', 'warning', 'AAPL')"
    )
    late.writer.execute("update ops.incidents set resolved_at = now() where kind = 'suspect_move'")
    late.writer.execute(
        "insert into ops.incident_messages (incident_id, channel, event, failures)"
        " select min(incident_id), 'email', 'opened', 2 from ops.incidents"
    )
    text = late.client.get("/metrics").text
    assert 'sigmasight_open_incidents{kind="coverage_low",severity="warning"} 2.0' in text
    assert 'sigmasight_open_incidents{kind="night_failed",severity="critical"} 1.0' in text
    assert "ann@example.com" not in text
    assert "AAPL" not in text
    assert "suspect_move" not in text
    values = {
        name: sample(late.client, f"sigmasight_{name}")
        for name in ("warehouse_up", "ready", "last_run_failed", "undelivered_alarm_messages")
    }
    assert values == {
        "warehouse_up": 1,
        "ready": 1,
        "last_run_failed": 0,
        "undelivered_alarm_messages": 1,
    }
    assert sample(late.client, "sigmasight_overdue_sessions") > 200  # of the demo, which ended long ago
    published = sample(late.client, "sigmasight_last_published_session_timestamp_seconds")
    assert datetime.fromtimestamp(published, UTC).date() == THEN


@pytest.fixture
def check_seconds(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let the API look after its server often."""
    monkeypatch.setattr(embedded_watch, "CHECK_SECONDS", 0.3)
    return 0.3


@pytest.fixture(scope="module")
def own_settings(make_home: Callable[[], Path]) -> Settings:
    return Settings(sigmasight_home=make_home())


@pytest.fixture
def own_warehouse(own_settings: Settings) -> Warehouse:
    """A warehouse on a server that tests may stop: it runs when the next one begins."""
    return open_warehouse(own_settings)


def test_an_outage_is_reported_and_recovers_without_a_restart(
    own_warehouse: Warehouse, serve: Callable[[Warehouse], TestClient]
) -> None:
    warehouse = own_warehouse
    add_user(warehouse, "patient@example.com")
    client = serve(warehouse)
    headers = log_in(client, "patient@example.com")

    stop_warehouse(warehouse.settings)
    begun = perf_counter()
    body = client.get(HEALTH).json()
    assert perf_counter() - begun < 10 * POOL_WAIT.total_seconds()
    assert (body["live"], body["ready"], body["warehouse_reachable"]) == (True, False, False)
    assert body["unpublished_sessions"] is None
    metrics = client.get("/metrics").text
    assert "sigmasight_warehouse_up 0.0" in metrics
    assert "sigmasight_unpublished_sessions " not in metrics  # unknown is not 0
    response = client.get("/api/v1/data/portfolios", headers=headers)
    assert_problem(response, 503, "warehouse_unavailable")
    assert response.headers["retry-after"] == "5"
    login = {"email": "patient@example.com", "password": "wrong"}
    assert_problem(client.post("/api/v1/auth/login", json=login), 503, "warehouse_unavailable")
    assert_problem(client.get(f"{HEALTH}/ready"), 503, "warehouse_unavailable")

    open_warehouse(warehouse.settings)
    assert client.get(HEALTH).json()["warehouse_reachable"] is True
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 200


def test_no_request_fails_after_a_database_restart(
    own_warehouse: Warehouse, serve: Callable[[Warehouse], TestClient]
) -> None:
    add_user(own_warehouse, "steady@example.com")
    client = serve(own_warehouse)
    headers = log_in(client, "steady@example.com")
    stop_warehouse(own_warehouse.settings)
    open_warehouse(own_warehouse.settings)
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 200


def test_a_killed_database_is_started_again_and_a_stopped_one_is_not(
    own_warehouse: Warehouse, serve: Callable[[Warehouse], TestClient], check_seconds: float
) -> None:
    add_user(own_warehouse, "lucky@example.com")
    client = serve(own_warehouse)
    headers = log_in(client, "lucky@example.com")
    folder = own_warehouse.settings.warehouse_folder
    server = running_embedded(folder)
    assert server is not None
    killed = psutil.Process(server.pid)
    killed.kill()
    killed.wait(60)

    begun = perf_counter()
    while not client.get(HEALTH).json()["warehouse_reachable"]:
        assert perf_counter() - begun < 60
        sleep(0.2)
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 200

    stop_warehouse(own_warehouse.settings)
    sleep(4 * check_seconds)
    assert running_embedded(folder) is None


NEED_NO_DATABASE = {"/api/v1/health", "/api/v1/health/live", "/api/v1/onboarding/csv-template"}


def test_no_path_fails_without_a_reason_while_the_database_is_away(
    own_warehouse: Warehouse, serve: Callable[[Warehouse], TestClient]
) -> None:
    add_user(own_warehouse, "curious@example.com")
    client = serve(own_warehouse)
    headers = log_in(client, "curious@example.com")
    document = client.get("/api/v1/openapi.json").json()
    calls = [
        (method, re.sub(r"\{[^}]*\}", str(UUID(int=1)), path))
        for path, methods in document["paths"].items()
        for method in methods
        if path not in NEED_NO_DATABASE
    ]

    def call(method: str, path: str) -> tuple[int, str]:
        response = client.request(method, path, headers=headers)
        return response.status_code, str(response.json().get("code", ""))

    stop_warehouse(own_warehouse.settings)
    with ThreadPoolExecutor(len(calls)) as threads:  # each waits for a connection
        answers = dict(zip(calls, threads.map(call, *zip(*calls, strict=True)), strict=True))
    reasons = {(503, "warehouse_unavailable"), (422, "invalid_request")}
    assert {which: answer for which, answer in answers.items() if answer not in reasons} == {}
    # a request without its body or a required parameter is refused before the database is asked
    refused = {which for which, answer in answers.items() if answer[0] == 422}
    assert {method for method, _ in refused if method in {"post", "put", "patch"}}
    assert len(refused) < 15
