"""Limits on requests: a minute and at the same time, per user and per address; and what they do to others."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from api.app import create_app
from api.http.rates import Rate
from api.http.request_limits import RequestLimits
from tests.api.api_helpers import add_user, assert_problem, log_in, log_in_demo
from warehouse.connections import Warehouse
from warehouse.settings import Settings

ME = "/api/v1/auth/me"
LIVE = "/api/v1/health/live"
TEMPLATE = "/api/v1/onboarding/csv-template"
LIMITS = (
    "api_requests_per_minute",
    "api_anonymous_requests_per_minute",
    "api_requests_at_once",
    "api_body_bytes",
    "api_pool_size",
    "api_wait_seconds",
    "api_statement_seconds",
)


@pytest.fixture(scope="module", autouse=True)
def _people(module_warehouse: Warehouse) -> None:
    for name in ("ann", "bob", "eve"):
        add_user(module_warehouse, f"{name}@example.com")


@contextmanager
def limited(warehouse: Warehouse, **limits: Any) -> Iterator[TestClient]:
    """Serve the warehouse with these limits."""
    app = create_app(warehouse.settings.model_copy(update=limits))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_the_limits_protect_by_default() -> None:
    defaults = {name: Settings.model_fields[name].default for name in LIMITS}
    assert defaults == dict(zip(LIMITS, (1200, 1200, 50, 65_536, 8, 10.0, 10.0), strict=True))


# --- a minute -----------------------------------------------------------------------------------------------


def test_requests_of_a_user_beyond_the_limit_wait_and_others_do_not(module_warehouse: Warehouse) -> None:
    with limited(module_warehouse, api_requests_per_minute=5) as client:
        ann, bob = (log_in(client, f"{name}@example.com") for name in ("ann", "bob"))
        again = log_in(client, "ann@example.com")  # another session of the same user
        for headers in (ann, again, ann, again, ann):
            assert client.get(ME, headers=headers).status_code == 200
        for headers in (ann, again):
            response = client.get(ME, headers=headers)
            problem = assert_problem(response, 429, "request_limit_reached")
            assert 1 <= int(response.headers["retry-after"]) == problem["retry_after"] <= 60
            assert "5 requests a minute" in problem["detail"]
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["cache-control"] == "no-store"
        assert client.get(ME, headers=bob).status_code == 200
        assert client.get(LIVE).status_code == 200


def test_every_path_counts(module_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    # a busy machine takes longer than a minute for all of them
    monkeypatch.setattr("api.http.request_limits.Rate", partial(Rate, window=3600.0))
    with limited(module_warehouse, api_requests_per_minute=3) as client:
        headers = log_in(client, "ann@example.com")
        paths = client.get("/api/v1/openapi.json").json()["paths"]
        for path in ("/api/v1/no/such/path", ME, "/"):
            client.get(path, headers=headers)
        for path, methods in paths.items():
            if "/health" not in path:
                for method in methods:
                    url = path.replace("{", "").replace("}", "")
                    answer = client.request(method, url, headers=headers)
                    assert (answer.status_code, path) == (429, path)
        answer = client.post("/mcp", headers=headers, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert answer.status_code == 429


def test_a_link_with_the_cookie_counts_for_its_user(module_warehouse: Warehouse) -> None:
    with limited(module_warehouse, api_requests_per_minute=2) as client:
        headers = log_in(client, "eve@example.com")
        client.cookies.set("sigmasight_access", headers["Authorization"].removeprefix("Bearer "))
        assert [client.get(ME).status_code for _ in range(3)] == [200, 200, 429]
        client.cookies.clear()
        assert client.get(ME, headers=headers).status_code == 429


@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c"])
def test_requests_without_a_login_count_for_the_address(
    module_warehouse: Warehouse, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with limited(module_warehouse, api_anonymous_requests_per_minute=3) as client:
        ann = log_in(client, "ann@example.com")
        assert [client.get(ME, headers=headers).status_code for _ in range(3)] == [401, 401, 429]
        problem = assert_problem(client.get(TEMPLATE), 429, "request_limit_reached")
        assert "Without a login" in problem["detail"]
        assert client.get(ME, headers=ann).status_code == 200
        # a flood does not make the server look dead, nor the page disappear from the screen
        for path in (LIVE, "/metrics", "/assets/none/none.js"):
            assert client.get(path).status_code in {200, 404}
        assert [client.get(LIVE).status_code for _ in range(2)] == [200, 429]


def test_who_holds_a_token_of_an_ended_session_does_not_use_up_its_users_requests(
    module_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.auth.users.USER_CACHE", timedelta(hours=1))
    with limited(module_warehouse, api_requests_per_minute=4, api_anonymous_requests_per_minute=20) as client:
        stolen, own = (log_in(client, "bob@example.com") for _ in range(2))
        assert client.post("/api/v1/auth/logout", headers=stolen).status_code == 200
        assert [client.get(ME, headers=stolen).status_code for _ in range(10)] == [401] * 10
        assert client.get(ME, headers=own).status_code == 200


def test_the_address_is_that_which_the_server_names(module_warehouse: Warehouse) -> None:
    # X-Forwarded-For is believed by uvicorn, from TRUSTED_PROXIES only, before the application sees the scope
    app = create_app(module_warehouse.settings.model_copy(update={"api_anonymous_requests_per_minute": 1}))

    def statuses(*addresses: str) -> list[int]:
        headers = {"X-Forwarded-For": str(uuid4())}
        return [
            TestClient(app, client=(address, 1)).get(TEMPLATE, headers=headers).status_code
            for address in addresses
        ]

    assert statuses("192.0.2.1", "192.0.2.1", "192.0.2.2") == [200, 429, 200]
    assert statuses("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1") == [200, 429, 200]


def test_an_assistant_over_mcp_is_told_the_sentence(module_warehouse: Warehouse) -> None:
    with limited(module_warehouse, api_requests_per_minute=1) as client:
        headers = log_in(client, "ann@example.com")
        client.get(ME, headers=headers)
        answer = client.post("/mcp", headers=headers, json={"jsonrpc": "2.0", "id": 7, "method": "ping"})
        body = answer.json()
        assert (answer.status_code, body["jsonrpc"], body["id"]) == (429, "2.0", None)
        assert "1 requests a minute; try again in" in body["error"]["message"]
        assert body["error"]["data"]["code"] == "request_limit_reached"
        assert int(answer.headers["retry-after"]) == body["error"]["data"]["retry_after"]


# --- at the same time ---------------------------------------------------------------------------------------


def test_requests_at_the_same_time_are_bounded_and_places_come_back_after_errors() -> None:
    leave = asyncio.Event()
    statuses: list[int] = []

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await leave.wait()
        raise ValueError("what the application does not expect")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def run() -> None:
        settings = Settings().model_copy(update={"api_requests_at_once": 3})
        limits = RequestLimits(app, settings=settings)
        state = type("App", (), {"state": object()})()
        scope = {
            "type": "http", "method": "GET", "path": "/x", "headers": [], "client": ("192.0.2.1", 1),
            "app": state,
        }  # fmt: skip
        for _ in range(3):  # rounds
            leave.clear()
            tasks = [asyncio.create_task(limits({**scope}, receive, send)) for _ in range(3)]
            await asyncio.sleep(0.01)  # they have begun
            await limits({**scope}, receive, send)
            tasks[0].cancel()
            leave.set()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert Counter(map(type, outcomes)) == {ValueError: 2, asyncio.CancelledError: 1}

    asyncio.run(run())
    assert statuses == [429, 429, 429]


@contextmanager
def slow_mart(warehouse: Warehouse) -> Iterator[Callable[[], None]]:
    """Hold a mart that lists of portfolios read and those of publications do not; what lets it go."""
    ready, over = threading.Event(), threading.Event()

    def hold() -> None:
        with psycopg.connect(warehouse.admin_url) as connection:
            connection.execute("lock table marts.fct_portfolio_snapshots in access exclusive mode")
            ready.set()
            over.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(10)
    try:
        yield over.set
    finally:
        over.set()
        thread.join()


def connections_in_use(warehouse: Warehouse, client: TestClient) -> int:
    """Connections of the API that run a statement."""
    assert client
    statement = sql.SQL(
        "select count(*) from pg_stat_activity where application_name = 'sigmasight-api' and state = 'active'"
        " and datname = {}"
    )
    with psycopg.connect(warehouse.admin_url) as connection:
        row = connection.execute(statement.format(sql.Literal(warehouse.settings.warehouse_database)))
        found = row.fetchone()
    return 0 if found is None else int(found[0])


def test_one_user_cannot_take_all_connections(demo: Warehouse) -> None:
    with limited(demo, api_pool_size=4, api_wait_seconds=600) as client:
        one = log_in_demo(client, "demo_hedgefundstyle@sigmasight.com")
        other = log_in_demo(client, "demo_familyoffice@sigmasight.com")
        with slow_mart(demo) as let_go, ThreadPoolExecutor(20) as threads:
            waiting = [threads.submit(one.get, "data/portfolios") for _ in range(20)]
            for _ in range(400):
                if connections_in_use(demo, client) >= 2:
                    break
                time.sleep(0.05)
            time.sleep(0.3)
            assert connections_in_use(demo, client) == 2
            # a statement that does not need the table is answered while the others wait
            assert other.get("publications").status_code == 200
            assert connections_in_use(demo, client) == 2
            let_go()
            assert [answer.result().status_code for answer in waiting] == [200] * 20


def test_who_waits_too_long_for_their_turn_is_told_to_send_less(demo: Warehouse) -> None:
    with limited(demo, api_pool_size=2, api_wait_seconds=0.3, api_statement_seconds=2) as client:
        one = log_in_demo(client, "demo_hedgefundstyle@sigmasight.com")
        with slow_mart(demo), ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda _: one.get("data/portfolios"), range(3)))
        codes = Counter((answer.status_code, answer.json()["code"]) for answer in answers)
        assert codes == {(503, "query_timed_out"): 1, (429, "request_limit_reached"): 2}
        late = next(answer for answer in answers if answer.status_code == 429)
        assert late.headers["retry-after"] == "1"


# --- a crowd ------------------------------------------------------------------------------------------------


PEOPLE = (
    "demo_individual@sigmasight.com",
    "demo_hnw@sigmasight.com",
    "demo_hedgefundstyle@sigmasight.com",
    "demo_familyoffice@sigmasight.com",
)


def test_two_hundred_clients_are_all_answered(demo: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    # on a busy machine connections and the statements of the other tests take long, too
    monkeypatch.setattr("api.marts.reader.POOL_WAIT", timedelta(minutes=10))
    with limited(demo, api_wait_seconds=600, api_statement_seconds=600) as client:
        people = [log_in_demo(client, email) for email in PEOPLE]

        def ask(number: int) -> list[tuple[int, str]]:
            person = people[number % len(people)]
            path = f"analytics/portfolio/{person.portfolio_id}/overview"
            answers = [person.get(path) for _ in range(3)]
            return [
                (
                    each.status_code,
                    "own" if person.portfolio_id in each.text else each.json().get("code", "other"),
                )
                for each in answers
            ]

        with ThreadPoolExecutor(200) as threads:
            answers = [answer for three in threads.map(ask, range(200)) for answer in three]
    assert Counter(answers) == {(200, "own"): 600}
