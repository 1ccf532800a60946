"""A Prefect server, workers and the warehouse, each a process of its own: the night runs once, or again."""

import os
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from flows.prefect.lost_workers import ALIVE, BEGINS, LOST_SECONDS
from flows.prefect.server import read_secret
from tests.flows.flow_helpers import NEW_DATE, CommandLine, one, wait_until, waits
from tests.flows.prefect.prefect_api import ENDED, PrefectServer
from warehouse.locks import LOAD_LOCK
from warehouse.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.long]  # waits until Prefect misses the heartbeats of a killed run

PREFECT = Path(sys.executable).with_name("prefect")
POOL = "nights"

BUSY = timedelta(seconds=90)  # what a busy machine may take longer

# Where a run waits: before it plans its window, or after its build and before its publication.
BEFORE_PLAN = f"select pg_advisory_xact_lock_shared({LOAD_LOCK})"
BEFORE_PUBLICATION = "lock table ops.publications in share mode"


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Path]) -> Iterator[PrefectServer]:
    """The server of this module's tests."""
    server = new_server(make_home())
    with serving(server):
        yield server


def new_server(home: Path) -> PrefectServer:
    """A server on a free port, which `serving` runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return PrefectServer(Settings(sigmasight_home=home), f"http://127.0.0.1:{free.getsockname()[1]}/api")


@contextmanager
def serving(server: PrefectServer) -> Iterator[None]:
    """`prefect server start` during the body, closed as docs/operations.md says; killed at its end."""
    origin = server.url.removesuffix("/api")
    environment = {
        **os.environ,
        **server.variables,
        "PREFECT_SERVER_API_AUTH_STRING": read_secret(server.settings),
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": origin,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    port = origin.rpartition(":")[2]
    with running("server", "start", "--port", port, environment=environment) as process:
        wait_until(lambda: answers(server) or process.poll() is not None, "the server answers")
        assert process.poll() is None
        yield


def answers(server: PrefectServer) -> bool:
    try:
        return bool(server.ask("/health"))
    except urllib.error.URLError:
        return False


@contextmanager
def running(*arguments: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command of Prefect during the body; killed at its end, with what it started."""
    process = subprocess.Popen(
        [PREFECT, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        kill_with_children(process)


def kill_with_children(process: subprocess.Popen[bytes]) -> None:
    """Kill -9 of a process and of all that it started, as when its machine goes off."""
    if process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for child in family:
            if child.is_running():
                child.kill()
        process.wait(60)


def worker(command: CommandLine, name: str) -> Any:
    """A worker without the settings of the warehouse, which come with the deployment."""
    settings = {name.upper() for name in Settings.model_fields}
    environment = {key: text for key, text in command.environment.items() if key not in settings}
    return running("worker", "start", "--pool", POOL, "--name", name, environment=environment)


@contextmanager
def held(command: CommandLine, lock: str) -> Iterator[psycopg.Connection[Any]]:
    """Runs wait for this lock, until the connection is rolled back."""
    with command.warehouse.connect_writer(application_name="barrier") as barrier:
        barrier.execute(lock.encode())
        yield barrier
        barrier.rollback()


def deploy(command: CommandLine, server: PrefectServer) -> dict[str, Any]:
    """The deployment that `sigmasight schedule --work-pool` registers; it is the same each time."""
    command.succeed("schedule", "--source", "yfinance", "--work-pool", POOL)
    deployed = server.deployment()
    assert deployed is not None
    (schedule,) = deployed["schedules"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("30 23 * * 1-5", "UTC")
    assert len(server.ask("/automations/filter", {})) == 2
    return deployed


def state(server: PrefectServer, run: str) -> str:
    """Type and name of a run's state."""
    answer = server.ask(f"/flow_runs/{run}")
    return f"{answer['state_type']} {answer['state_name']}"


def await_end(server: PrefectServer, run: str) -> str:
    wait_until(lambda: server.ask(f"/flow_runs/{run}")["state_type"] in ENDED, f"the run {run} ends")
    return state(server, run)


def assert_found_lost(server: PrefectServer, run: str) -> None:
    """The server marks the run as crashed, LOST_SECONDS after its last heartbeat."""
    assert await_end(server, run) == "CRASHED Crashed"
    crashed = server.ask(f"/flow_runs/{run}")["state"]
    assert "Its worker is gone" in crashed["message"]
    silence = datetime.fromisoformat(crashed["timestamp"]) - max(signs(server, run, ALIVE))
    assert timedelta(0) <= silence - timedelta(seconds=LOST_SECONDS) < BUSY


def signs(server: PrefectServer, run: str, sign: str) -> list[datetime]:
    """When such events of a run occurred, which the server has stored."""
    wanted = {"event": {"name": [sign]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}
    found = server.ask("/events/filter", {"filter": wanted})
    return [datetime.fromisoformat(event["occurred"]) for event in found["events"]]


def taken_slots(server: PrefectServer) -> int:
    deployed = server.deployment()
    assert deployed is not None
    return int(deployed["global_concurrency_limit"]["active_slots"])


def runs(command: CommandLine) -> list[str]:
    """The status of each run that the warehouse has recorded, the oldest first."""
    found: list[str] = one(command.warehouse, "select array_agg(status order by run_id) from ops.runs")
    return found


def published(command: CommandLine) -> int:
    return int(one(command.warehouse, "select count(*) from ops.publications"))


def test_two_workers_run_a_night_once(nightly_copy: CommandLine, server: PrefectServer) -> None:
    # Silent failure prevented: two builds of one night, each of which publishes
    command = CommandLine(nightly_copy.warehouse, server.variables)
    before = runs(command)
    deployed = deploy(command, server)
    with held(command, BEFORE_PUBLICATION) as barrier, worker(command, "one"), worker(command, "two"):
        first = server.start_run(deployed)
        wait_until(lambda: waits(command, barrier), "a worker runs the night")
        second = server.start_run(deployed)
        wait_until(
            lambda: state(server, second) == "SCHEDULED AwaitingConcurrencySlot", "the other one waits"
        )
        # started without Prefect, only the build lock stands in its way
        refused = nightly_copy.run("nightly", "--force")
        assert refused.returncode == 1
        assert "Another build is running" in refused.stderr
        assert published(command) == 1
        barrier.rollback()
        assert [await_end(server, run) for run in (first, second)] == ["COMPLETED Completed"] * 2
    assert runs(command) == [*before, "succeeded", "nothing_new"]
    assert published(command) == 2
    assert one(command.warehouse, "select max(as_of_date) from ops.publication_dates") == NEW_DATE


def test_a_night_without_its_worker_is_crashed_and_the_next_publishes(
    nightly_copy: CommandLine, server: PrefectServer
) -> None:
    # Silent failure prevented: a night that stays `Running` for ever, as if it were at work
    command = CommandLine(nightly_copy.warehouse, server.variables)
    before = runs(command)
    deployed = deploy(command, server)
    with held(command, BEFORE_PUBLICATION) as barrier, worker(command, "one") as process:
        lost = server.start_run(deployed)
        wait_until(lambda: waits(command, barrier), "the worker runs the night")
        wait_until(lambda: signs(server, lost, ALIVE), "the server hears of it")
        following = server.start_run(deployed)
        with worker(command, "two"):
            wait_until(
                lambda: state(server, following) == "SCHEDULED AwaitingConcurrencySlot", "the next one waits"
            )
        kill_with_children(process)
        assert state(server, lost) == "RUNNING Running"
    assert "died during" in command.run("status", "--check").stdout
    assert "CRITICAL night_failed" in command.run("alarms", "check").stdout
    assert_found_lost(server, lost)
    with worker(command, "two"):
        assert await_end(server, following) == "COMPLETED Completed"
    assert runs(command) == [*before, "abandoned", "succeeded"]
    assert published(command) == 2
    assert one(command.warehouse, "select max(as_of_date) from ops.publication_dates") == NEW_DATE


def test_a_run_without_its_process_is_crashed_by_its_worker(
    copied: CommandLine, server: PrefectServer
) -> None:
    command = CommandLine(copied.warehouse, server.variables)
    before = runs(command)
    deployed = deploy(command, server)
    with worker(command, "one") as process:
        with held(command, BEFORE_PLAN) as barrier:
            run = server.start_run(deployed)
            wait_until(lambda: waits(command, barrier), "the worker runs the night")
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            assert await_end(server, run) == "CRASHED Crashed"
        assert await_end(server, server.start_run(deployed)) == "COMPLETED Completed"
    assert runs(command) == [*before, "abandoned", "nothing_new"]


def test_a_run_that_never_begins_is_crashed_though_the_server_is_killed_too(
    copied: CommandLine, make_home: Callable[[], Path]
) -> None:
    # Silent failure prevented: a restarted server keeps the slot of a lost run, and no later night begins
    server = new_server(make_home())
    command = CommandLine(copied.warehouse, server.variables)
    with serving(server):
        deployed = deploy(command, server)
        lost = server.leave_pending(deployed)
        wait_until(lambda: signs(server, lost, BEGINS), "the server has stored it")
        assert taken_slots(server) == 1
    with serving(server), worker(command, "two"):
        following = server.start_run(deployed)
        assert await_end(server, lost) == "CRASHED Crashed"
        assert await_end(server, following) == "COMPLETED Completed"
        assert taken_slots(server) == 0
