"""The checks of a running schedule: without any run, with a server that is stopped or does not start."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from flows.alarms.unreachable import KIND
from flows.alarms.watcher import alarms_watched, check_once
from tests.flows.alarms.receivers import Hook, wait_for
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.embedded import running_embedded
from warehouse.settings import Settings


def reporting(warehouse: Warehouse, hook: Hook, *, check_minutes: float = 15.0) -> Warehouse:
    changes = {"alarm_webhook_url": SecretStr(hook.url), "alarm_check_minutes": check_minutes}
    return replace(warehouse, settings=warehouse.settings.model_copy(update=changes))


def test_a_schedule_reports_what_happens_while_nothing_runs(module_warehouse: Warehouse, hook: Hook) -> None:
    warehouse = reporting(module_warehouse, hook, check_minutes=0.2 / 60)
    with warehouse.connect_writer(autocommit=True) as connection, alarms_watched(warehouse):
        connection.execute(
            "insert into ops.runs (kind, status, started_at) values ('nightly', 'running', now())"
        )
        wait_for(lambda: hook.kinds() == ["night_failed"])  # it holds no lock: it was killed
        connection.execute("update ops.runs set status = 'succeeded', finished_at = now()")
        wait_for(lambda: hook.kinds("resolved") == ["night_failed"])
    assert len(hook.bodies) == 2


@pytest.fixture(scope="module")
def home(make_home: Callable[[], Path]) -> Path:
    return make_home()


@pytest.fixture
def alone(home: Path, hook: Hook) -> Warehouse:
    """A warehouse on a server of its own."""
    return reporting(open_warehouse(Settings(sigmasight_home=home)), hook)


def test_a_server_that_a_user_stopped_is_left_alone(alone: Warehouse, hook: Hook) -> None:
    stop_warehouse(alone.settings)
    check_once(alone)
    assert running_embedded(alone.settings.warehouse_folder) is None
    assert hook.bodies == []


def test_a_server_that_was_killed_is_started_and_one_that_does_not_start_is_reported(
    alone: Warehouse, hook: Hook
) -> None:
    folder = alone.settings.warehouse_folder
    server = running_embedded(folder)
    assert server is not None
    kill(server.pid)
    version = folder / "pgdata" / "PG_VERSION"
    written = version.read_text()
    version.write_text("12\n")
    for _ in range(2):
        check_once(alone)
    assert hook.kinds() == [KIND]
    version.write_text(written)
    check_once(alone)
    assert running_embedded(folder) is not None
    assert hook.kinds("resolved") == [KIND]


def kill(pid: int) -> None:
    killed = psutil.Process(pid)
    killed.kill()
    killed.wait(60)
