"""A Prefect server, two workers and the warehouse, each a process of its own: the night runs once."""

import os
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from flows.prefect.server import read_secret
from tests.flows.flow_helpers import NEW_DATE, CommandLine, one, wait_until, waits
from tests.flows.prefect.prefect_api import ENDED, PrefectServer
from warehouse.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.long]  # several builds, and a server

PREFECT = Path(sys.executable).with_name("prefect")
POOL = "nights"

# Stops a run after its build and before its publication.
BEFORE_PUBLICATION = "lock table ops.publications in share mode"


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Path]) -> Iterator[PrefectServer]:
    """`prefect server start`, closed as docs/operations.md says."""
    settings = Settings(sigmasight_home=make_home())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = PrefectServer(settings, f"http://127.0.0.1:{port}/api")
    environment = {
        **os.environ,
        **server.variables,
        "PREFECT_SERVER_API_AUTH_STRING": read_secret(settings),
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    with running("server", "start", "--port", str(port), environment=environment) as process:
        wait_until(lambda: answers(server) or process.poll() is not None, "the server answers")
        assert process.poll() is None
        yield server


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
    return deployed


def state(server: PrefectServer, run: str) -> str:
    """Type and name of a run's state."""
    answer = server.ask(f"/flow_runs/{run}")
    return f"{answer['state_type']} {answer['state_name']}"


def await_end(server: PrefectServer, run: str) -> str:
    wait_until(lambda: server.ask(f"/flow_runs/{run}")["state_type"] in ENDED, f"the run {run} ends")
    return state(server, run)


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
