"""Health checks, including during a database outage."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter, sleep
from uuid import UUID

import psutil
import pytest
from fastapi.testclient import TestClient

from api.embedded_watch import CHECK_SECONDS
from api.http.limits import POOL_WAIT
from tests.api.api_helpers import add_run, add_user, assert_problem, log_in
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.embedded import running_embedded
from warehouse.settings import Settings

HEALTH = "/api/v1/health"


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
    assert perf_counter() - begun < POOL_WAIT.total_seconds() + 2
    assert (body["live"], body["ready"], body["warehouse_reachable"]) == (True, False, False)
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
    own_warehouse: Warehouse, serve: Callable[[Warehouse], TestClient]
) -> None:
    add_user(own_warehouse, "lucky@example.com")
    client = serve(own_warehouse)
    headers = log_in(client, "lucky@example.com")
    folder = own_warehouse.settings.warehouse_folder
    server = running_embedded(folder)
    assert server is not None
    killed = psutil.Process(server.pid)
    killed.kill()
    psutil.wait_procs([killed], timeout=5)

    begun = perf_counter()
    while not client.get(HEALTH).json()["warehouse_reachable"]:
        assert perf_counter() - begun < 60
        sleep(0.2)
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 200

    stop_warehouse(own_warehouse.settings)
    sleep(2 * CHECK_SECONDS)
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
