"""What readers get while a backup replaces the warehouse: the state before, a refusal, or the one after."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import Connection

from api.app import create_app
from api.auth.users import User
from api.marts.reader import make_pool
from flows.maintenance.backup import GATE, restore_backup, write_backup
from ingestion.portfolios.users import add_user, find_user
from tests.claims import USER_BY_EMAIL, claim, user_of
from tests.flows.flow_helpers import CommandLine, one, wait_until
from warehouse.connections import Warehouse
from warehouse.locks import BOOTSTRAP_LOCK

pytestmark = [pytest.mark.slow, pytest.mark.long]  # a restore for each test

EMAIL, PASSWORD = "jane@example.com", "Long-enough-1"
PORTFOLIO = "data/portfolio/{}/complete"
PATHS = ("data/portfolios", PORTFOLIO, "data/factors", "auth/me", "analytics/portfolio/{}/overview")
IS_WAITED_FOR = """
select exists (select from pg_catalog.pg_locks where not granted and relation = '{}'::regclass)
"""
COUNT = b"select count(*) from marts.fct_position_values"


@pytest.fixture
def warehouse(copied: CommandLine) -> Warehouse:
    """A published warehouse with a user."""
    with copied.warehouse.connect_writer() as connection:
        if find_user(connection, EMAIL) is None:
            add_user(connection, EMAIL, "Jane Doe", PASSWORD)
    return copied.warehouse


@pytest.fixture
def backup(warehouse: Warehouse, tmp_path: Path) -> Path:
    path = tmp_path / "now.backup"
    write_backup(warehouse, path)
    return path


@pytest.fixture
def client(warehouse: Warehouse) -> Iterator[TestClient]:
    with TestClient(create_app(warehouse.settings), raise_server_exceptions=False) as served:
        yield served


@contextmanager
def restoring(
    warehouse: Warehouse, backup: Path, url: str, hold: Callable[[Connection[Any]], object]
) -> Iterator[Connection[Any]]:
    """Restore in a thread during the body, held up by the locks of a connection; it ends without an error."""
    with psycopg.connect(url) as holding, ThreadPoolExecutor(1) as threads:
        hold(holding)
        restore = threads.submit(restore_backup, warehouse, backup, replace=True)
        try:
            yield holding
        finally:
            holding.close()
        restore.result()


def claim_in_snapshot(connection: Connection[Any], user: User) -> None:
    """Begin as a request does."""
    connection.execute("set transaction isolation level repeatable read")
    claim(connection, user)


def log_in(client: TestClient) -> Any:
    client.cookies.clear()
    return client.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})


class Asking:
    """A user who asks for PATHS; their portfolio is looked up first."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {log_in(client).json()['access_token']}"}
        (portfolio,) = self.get("data/portfolios").json()
        self.urls = [path.format(portfolio["id"]) for path in PATHS]

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=self.headers)

    def all_paths(self) -> list[Any]:
        """All of PATHS at once."""
        with ThreadPoolExecutor(len(self.urls)) as threads:
            return list(threads.map(self.get, self.urls))

    def call_a_tool(self) -> Any:
        """One call over the Model Context Protocol."""
        call = {"name": "portfolio", "arguments": {}}
        headers = {"Accept": "application/json, text/event-stream", **self.headers}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        return self.client.post("/mcp", json=message, headers=headers)


def test_in_the_middle_of_a_restore_every_answer_is_503_with_retry_after(
    warehouse: Warehouse, backup: Path, client: TestClient
) -> None:
    asking = Asking(client)
    before = [answer.json() for answer in asking.all_paths()]
    lock = b"lock table raw.prices in access share mode"  # dropped after marts and ops
    with restoring(warehouse, backup, warehouse.writer_url, lambda holding: holding.execute(lock)):
        wait_until(lambda: one(warehouse, IS_WAITED_FOR.format("raw.prices")), "the restore waits")
        answers = [*asking.all_paths(), log_in(client), client.get("/api/v1/health/ready")]
        # the look-up of the user is cached for a few seconds
        wait_until(lambda: asking.call_a_tool().status_code != 400, "the user is looked up again")
        tool, metrics = asking.call_a_tool(), client.get("/metrics")
    for answer in [*answers, tool]:
        assert (answer.status_code, answer.json().get("code")) == (503, "warehouse_unavailable"), answer.text
        assert int(answer.headers["retry-after"]) > 0
    assert (metrics.status_code, "sigmasight_ready 0.0" in metrics.text) == (200, True)
    assert [answer.json() for answer in Asking(client).all_paths()] == before


def test_what_is_restored_is_readable_from_the_moment_it_is_there(
    warehouse: Warehouse, backup: Path, client: TestClient
) -> None:
    # the grants and functions of this version come with the data, not after it
    before = [answer.json() for answer in Asking(client).all_paths()]
    schema = one(warehouse, "select 'ops'::regnamespace::oid")
    lock = f"select pg_advisory_lock({BOOTSTRAP_LOCK})".encode()
    with restoring(warehouse, backup, warehouse.writer_url, lambda holding: holding.execute(lock)):
        wait_until(lambda: one(warehouse, "select 'ops'::regnamespace::oid") != schema, "it is restored")
        assert [answer.json() for answer in Asking(client).all_paths()] == before


def test_a_request_that_has_begun_is_answered_from_before(warehouse: Warehouse, backup: Path) -> None:
    user = user_of(warehouse, EMAIL)
    rows = one(warehouse, COUNT.decode())
    with restoring(warehouse, backup, warehouse.api_url, lambda api: claim_in_snapshot(api, user)) as api:
        wait_until(lambda: one(warehouse, IS_WAITED_FOR.format(GATE)), "the restore waits")
        assert api.execute(COUNT).fetchone() == (rows,)


def test_a_snapshot_from_before_is_refused_and_not_empty(warehouse: Warehouse, backup: Path) -> None:
    user = user_of(warehouse, EMAIL)
    with psycopg.connect(warehouse.api_url) as api:
        api.execute("set transaction isolation level repeatable read")
        api.execute("select")
        restore_backup(warehouse, backup, replace=True)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="the proof is not valid"):
            claim(api, user)


def test_a_look_up_sees_what_was_restored_since_its_transaction_began(
    warehouse: Warehouse, backup: Path
) -> None:
    # Silent failure prevented: in a snapshot from before, the new table of users is empty, and a login is 401
    async def found() -> Any:
        pool = make_pool(warehouse.auth_url, warehouse.settings, name="auth", size=1, are_snapshots=False)
        async with pool, pool.connection() as connection:
            await connection.execute("select")
            await asyncio.to_thread(restore_backup, warehouse, backup, replace=True)
            return await (await connection.execute(USER_BY_EMAIL.text, {"email": EMAIL})).fetchone()

    assert asyncio.run(found()) is not None
