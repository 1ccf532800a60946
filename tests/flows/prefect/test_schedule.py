"""The schedule and its Prefect server: the flow is served, steps are recorded, access needs the secret."""

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from flows.prefect.server import read_secret, secret_file, start_scheduling_server, stop_server
from tests.flows.alarms.receivers import Hook, listening
from tests.flows.flow_helpers import NEW_DATE, CommandLine, last_run, one, wait_until
from tests.flows.prefect.prefect_api import ENDED, PrefectServer, authorization, open_url
from warehouse.connections import Warehouse
from warehouse.settings import Settings

pytestmark = pytest.mark.slow

PREFECT = Path(sys.executable).with_name("prefect")
FOREIGN = "http://evil.example"


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook that hears what is reported."""
    with listening() as hook:
        yield hook


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Path]) -> Iterator[PrefectServer]:
    before = dict(os.environ)
    settings = Settings(sigmasight_home=make_home())
    os.environ["PREFECT_HOME"] = str(settings.warehouse_folder / "prefect")
    start_scheduling_server(settings, port=0)
    url = os.environ["PREFECT_API_URL"]
    os.environ.clear()
    os.environ.update(before)
    yield PrefectServer(settings, url)
    stop_server()


# --- authorization ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/deployments/filter"),
        ("PATCH", "/deployments/8b1f8bd4-6f3c-4b0c-9d0c-111111111111"),
        ("POST", "/deployments/8b1f8bd4-6f3c-4b0c-9d0c-111111111111/create_flow_run"),
        ("POST", "/deployments/"),
        ("GET", "/admin/settings"),
        ("GET", "/csrf-token?client=x"),
    ],
)
@pytest.mark.parametrize("secret", [None, "sigmasight:guessed", ""])
def test_a_request_without_the_secret_gets_401(
    server: PrefectServer, method: str, path: str, secret: str | None
) -> None:
    headers = server.token() | ({} if secret is None else authorization(secret))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        open_url(f"{server.url}{path}", None if method == "GET" else {}, headers, method)


def is_let_in(server: PrefectServer, path: str, secret: str | None) -> bool:
    """Whether a stream opens with this secret; None: without the subprotocol that asks for one."""
    url = f"ws{server.url.removeprefix('http')}{path}"
    subprotocols = None if secret is None else [Subprotocol("prefect")]
    try:
        with connect(url, subprotocols=subprotocols) as stream:
            stream.send(json.dumps({"type": "auth", "token": secret}))
            return bool(json.loads(stream.recv(timeout=60))["type"] == "auth_success")
    except (InvalidStatus, ConnectionClosed):
        return False


@pytest.mark.parametrize("path", ["/events/in", "/events/out", "/logs/out"])
def test_a_stream_without_the_secret_is_closed(server: PrefectServer, path: str) -> None:
    assert [is_let_in(server, path, secret) for secret in (None, "", "sigmasight:guessed")] == [False] * 3
    assert is_let_in(server, path, read_secret(server.settings))


def test_the_server_listens_on_loopback_only(server: PrefectServer) -> None:
    port = int(server.url.removesuffix("/api").rpartition(":")[2])
    listening = [
        connection.laddr
        for process in psutil.Process().children(recursive=True)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert port in {address.port for address in listening}
    assert {address.ip for address in listening if address.port == port} == {"127.0.0.1"}


def test_a_page_of_another_origin_is_refused(server: PrefectServer) -> None:
    preflight = {"Origin": FOREIGN, "Access-Control-Request-Method": "PATCH"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        open_url(f"{server.url}/deployments/filter", None, preflight, "OPTIONS")
    assert refused.value.headers["Access-Control-Allow-Origin"] is None
    # a form on another page sends the browser's credentials, but has no token
    with pytest.raises(urllib.error.HTTPError, match="403"):
        open_url(f"{server.url}/deployments/filter", {}, authorization(read_secret(server.settings)))


def test_the_secret_is_random_persistent_and_private(
    tmp_path: Path,
) -> None:
    one_home, other_home = (Settings(sigmasight_home=tmp_path / name) for name in ("one", "other"))
    before = os.umask(0)
    try:
        secret = read_secret(one_home)
    finally:
        os.umask(before)
    assert read_secret(one_home) == secret
    assert read_secret(other_home) != secret
    assert len(secret) > 40
    assert stat.S_IMODE(secret_file(one_home).stat().st_mode) == 0o600


# --- the flow -----------------------------------------------------------------------------------------------


def test_the_scheduler_plans_the_runs_of_a_schedule(server: PrefectServer) -> None:
    """Nobody asks for these runs: where the scheduler fails, a deployment is served and no night begins."""
    flow = server.ask("/flows/", {"name": "planned"})
    schedule = {"schedule": {"cron": "30 23 * * 1-5", "timezone": "UTC"}, "active": True}
    body = {
        "name": "planned",
        "flow_id": flow["id"],
        "schedules": [schedule],
        "enforce_parameter_schema": False,
    }
    deployment = server.ask("/deployments/", body)
    asked = {"deployments": {"id": {"any_": [deployment["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}
    wait_until(lambda: server.ask("/flow_runs/filter", asked), "runs are planned")
    first = server.ask("/flow_runs/filter", asked)[0]
    assert (first["state_type"], first["auto_scheduled"]) == ("SCHEDULED", True)
    assert first["expected_start_time"][11:16] == "23:30"


@pytest.mark.long
def test_schedule_serves_the_nightly_flow_on_weekdays_after_the_close(
    nightly_copy: CommandLine, server: PrefectServer, hook: Hook, tmp_path: Path
) -> None:
    warehouse = nightly_copy.warehouse
    (tmp_path / "runner_storage").touch()  # of another account, where Prefect keeps its temporary files
    variables = {**server.variables, "ALARM_WEBHOOK_URL": hook.url, "TMPDIR": str(tmp_path)}
    process = CommandLine(warehouse, variables).start("schedule", "--source", "yfinance")
    try:
        wait_until(lambda: server.deployment() or process.poll() is not None, "the deployment is served")
        served = server.deployment()
        assert served is not None, process.communicate()
        wait_until(lambda: "night_overdue" in hook.kinds(), "what is wrong is reported, though no run began")
        server.leave_pending(served)
        run_id = server.start_run(served)
        wait_until(lambda: server.ask(f"/flow_runs/{run_id}")["state_type"] in ENDED, "the run ends")
        assert one(warehouse, "select max(as_of_date) from ops.publication_dates") == NEW_DATE
        assert last_run(warehouse)["status"] == "succeeded"
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert hook.kinds().count("night_overdue") == 1
    log = warehouse.settings.warehouse_folder / "logs" / "sigmasight.log"
    assert "has no time limit" not in log.read_text()  # the flow runs in the main thread of its process
    assert "23:30 UTC on weekdays" in out
    (schedule,) = served["schedules"]
    assert schedule["schedule"]["cron"] == "30 23 * * 1-5"
    assert schedule["schedule"]["timezone"] == "UTC"
    assert served["parameters"] == {"source": "yfinance", "prices": None}
    assert served["entrypoint"] == "flows.prefect.nightly.nightly"
    check_records(server, run_id, warehouse)


def check_records(server: PrefectServer, run_id: str, warehouse: Warehouse) -> None:
    """Each step is a task run, and the build's nodes are one artifact, equal to ops.run_nodes."""
    of_the_run = {"flow_runs": {"id": {"any_": [run_id]}}}
    wait_until(lambda: len(server.ask("/task_runs/filter", of_the_run)) == 2, "the steps are recorded")
    steps = {step["name"]: step["state_type"] for step in server.ask("/task_runs/filter", of_the_run)}
    assert steps == {"build": "COMPLETED", "publish": "COMPLETED"}
    (artifact,) = server.ask("/artifacts/filter", of_the_run)
    nodes = json.loads(artifact["data"])
    assert {"fct_prices", "fct_symbol_factor_betas"} <= {node["node"] for node in nodes}
    assert len(nodes) == one(
        warehouse, "select count(*) from ops.run_nodes where run_id = (select max(run_id) from ops.runs)"
    )


@pytest.mark.long
def test_a_flow_deployed_to_a_work_pool_is_run_by_its_worker(
    command: CommandLine, server: PrefectServer
) -> None:
    # nothing is new in this warehouse, so the worker's run ends at once
    named = CommandLine(command.warehouse, server.variables)
    runs = one(command.warehouse, "select count(*) from ops.runs")
    output = named.succeed("schedule", "--source", "yfinance", "--work-pool", "nights")
    assert "The work pool nights is created, of type process." in output
    assert "prefect worker start --pool nights" in output
    deployed = server.deployment()
    assert deployed is not None
    assert deployed["work_pool_name"] == "nights"
    assert deployed["job_variables"]["env"]["WAREHOUSE_DATABASE"] == one(
        command.warehouse, "select current_database()"
    )
    server.start_run(deployed)
    # without the settings, which come with the deployment
    foreign = {name.upper() for name in Settings.model_fields}
    environment = {name: text for name, text in named.environment.items() if name not in foreign}
    worker = subprocess.run(
        [PREFECT, "worker", "start", "--pool", "nights", "--run-once"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert worker.returncode == 0, worker.stdout + worker.stderr
    assert one(command.warehouse, "select count(*) from ops.runs") == runs + 1, worker.stdout + worker.stderr
    assert last_run(command.warehouse)["status"] == "nothing_new"


def test_a_work_pool_without_a_server_is_refused(command: CommandLine) -> None:
    done = command.run("schedule", "--work-pool", "nights")
    assert done.returncode == 1
    assert "name it in PREFECT_API_URL" in done.stderr


@pytest.mark.long
def test_a_command_runs_as_a_flow_if_a_server_is_named(command: CommandLine, server: PrefectServer) -> None:
    def steps() -> int:
        named = {"task_runs": {"name": {"any_": ["build"]}, "state": {"type": {"any_": ["COMPLETED"]}}}}
        return int(server.ask("/task_runs/count", named))

    before = steps()
    output = CommandLine(command.warehouse, server.variables).succeed("nightly", "--force")
    assert "nothing has changed since the last publication" in output
    wait_until(lambda: steps() == before + 1, "the step is recorded")


def test_an_unreachable_named_server_is_reported(command: CommandLine) -> None:
    nowhere = {"PREFECT_API_URL": "http://127.0.0.1:1/api"}
    done = CommandLine(command.warehouse, nowhere).run("nightly", "--force")
    assert done.returncode == 1
    assert "The Prefect server at http://127.0.0.1:1/api cannot be reached" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


# Fails twice with a transient error, then with a permanent one.
FAILS_THREE_TIMES = """
from flows.pipeline import transient
transient.FIRST_DELAY_SECONDS = 0.01
from flows.prefect.engine import PrefectEngine
from prefect import flow

attempts = []

def body():
    attempts.append(1)
    raise ConnectionError("lost") if len(attempts) < 3 else ValueError("permanent")

@flow
def run():
    PrefectEngine().step("fails", body)

try:
    run()
except ValueError as error:
    print(len(attempts), error)
"""


def test_prefect_retries_only_transient_errors(server: PrefectServer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAILS_THREE_TIMES],
        env={**os.environ, **server.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "3 permanent", done.stdout + done.stderr
