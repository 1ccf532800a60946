"""The API on a standby: how far it is behind, and what happens when the standby ends."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.api_helpers import add_user, assert_problem, log_in
from warehouse.connections import Warehouse, connect, open_warehouse, stop_warehouse
from warehouse.settings import Settings
from warehouse.standby import reader_urls, remove_standby, start_standby, stop_standby
from warehouse.urls import make_url, url_parts

pytestmark = pytest.mark.slow

HEALTH = "/api/v1/health"
EMAIL = "ann@example.org"
PATIENCE = 60.0
NO_REPLICA = {"is_replica": False, "lag_seconds": None, "lag_bytes": None, "null_reason": "no_replica"}


class Followed(NamedTuple):
    """A warehouse, the folder of its standby, and the API that reads there."""

    first: Warehouse
    folder: Path
    client: TestClient

    def replica(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(HEALTH).json()["replica"]
        return found

    def wait_for(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        begun = time.monotonic()
        while not condition(found := self.replica()):
            assert time.monotonic() - begun < PATIENCE, found
            time.sleep(0.1)
        return found

    def on_standby(self, statement: str) -> None:
        standby = url_parts(reader_urls(self.first, self.folder).api)["host"].split(",")[0]
        url = make_url({**url_parts(self.first.admin_url), "host": standby})
        with connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def followed(make_home: Callable[[], Path]) -> Iterator[Followed]:
    home, folder = make_home(), make_home() / "standby"
    first = open_warehouse(Settings(sigmasight_home=home))
    start_standby(first, folder)
    urls = reader_urls(first, folder)
    settings = Settings.model_validate(
        {
            "sigmasight_home": home,
            "api_database_url": urls.api,
            "chat_database_url": urls.chat,
            "secret_key": "k" * 48,
        }
    )
    add_user(first, EMAIL)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield Followed(first, folder, client)
    remove_standby(first, folder)
    stop_warehouse(first.settings)


def write(warehouse: Warehouse) -> None:
    with warehouse.connect_writer() as connection:
        connection.execute("create table if not exists raw.written (at timestamptz)")
        connection.execute("insert into raw.written values (now())")


def test_without_a_standby_the_reason_is_said(empty_api: TestClient) -> None:
    assert empty_api.get(HEALTH).json()["replica"] == NO_REPLICA
    metrics = empty_api.get("/metrics").text
    assert "\nsigmasight_reads_replica 0.0\n" in metrics
    assert "\nsigmasight_replica_lag_seconds " not in metrics


def test_the_lag_is_zero_when_all_is_shown(followed: Followed) -> None:
    write(followed.first)
    found = followed.wait_for(lambda replica: replica["lag_seconds"] == 0)
    assert found == {"is_replica": True, "lag_seconds": 0, "lag_bytes": 0, "null_reason": None}
    metrics = followed.client.get("/metrics").text
    assert "\nsigmasight_reads_replica 1.0\n" in metrics
    assert "\nsigmasight_replica_lag_seconds " in metrics


def test_the_lag_grows_while_nothing_is_replayed(followed: Followed) -> None:
    followed.on_standby("select pg_wal_replay_pause()")
    try:
        write(followed.first)
        behind = followed.wait_for(lambda replica: (replica["lag_seconds"] or 0) > 0.2)
        assert behind["lag_bytes"] > 0
        later = followed.wait_for(lambda replica: replica["lag_seconds"] > behind["lag_seconds"] + 0.2)
        assert later["lag_bytes"] >= behind["lag_bytes"]
    finally:
        followed.on_standby("select pg_wal_replay_resume()")
    followed.wait_for(lambda replica: replica["lag_seconds"] == 0)


def test_logins_are_written_to_the_first_server(followed: Followed) -> None:
    assert log_in(followed.client, EMAIL)
    with connect(followed.first.writer_url) as connection:
        assert connection.execute("select count(*) > 0 from ops.sessions").fetchone() == (True,)


def test_reads_go_on_when_the_standby_ends(followed: Followed) -> None:
    headers = log_in(followed.client, EMAIL)
    assert followed.replica()["is_replica"] is True
    stop_standby(followed.folder)
    followed.wait_for(lambda replica: replica == NO_REPLICA)
    answer = followed.client.get("/api/v1/data/portfolios", headers=headers)
    assert_problem(answer, 503, "nothing_published")  # by the first server: nothing is, yet
    start_standby(followed.first, followed.folder)
