"""Health checks, including during a database outage."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from fastapi.testclient import TestClient

from api.http.limits import POOL_WAIT
from tests.api.api_helpers import add_run, add_user, assert_problem, log_in
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
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


def test_an_outage_is_reported_and_recovers_without_a_restart(
    make_home: Callable[[], Path], serve: Callable[[Warehouse], TestClient]
) -> None:
    warehouse = open_warehouse(Settings(sigmasight_home=make_home()))
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
    make_home: Callable[[], Path], serve: Callable[[Warehouse], TestClient]
) -> None:
    warehouse = open_warehouse(Settings(sigmasight_home=make_home()))
    add_user(warehouse, "steady@example.com")
    client = serve(warehouse)
    headers = log_in(client, "steady@example.com")
    stop_warehouse(warehouse.settings)
    open_warehouse(warehouse.settings)
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 200
