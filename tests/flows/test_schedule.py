"""The schedule: the deployment that `sigmasight schedule` serves, as Prefect's server knows it."""

import json
import signal
import urllib.error
import urllib.request
from typing import Any

import pytest
from flow_helpers import NEW_DATE, CommandLine, last_run, one, wait_until

pytestmark = pytest.mark.slow


def deployment(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"{url}/deployments/name/nightly/nightly", timeout=60) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, TimeoutError):
        return None


def state(url: str, run_id: str) -> str:
    with urllib.request.urlopen(f"{url}/flow_runs/{run_id}", timeout=60) as answer:  # noqa: S310
        return str(json.load(answer)["state_type"])


def start_run(url: str, served: dict[str, Any]) -> str:
    """Ask for a run now, as the scheduler does at its time; its id."""
    body = json.dumps(
        {"parameters": {"source": None, "force": True}, "state": {"type": "SCHEDULED"}}
    ).encode()
    address = f"{url}/deployments/{served['id']}/create_flow_run"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 - as above
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return str(json.load(answer)["id"])


def test_schedule_serves_the_nightly_flow_on_weekdays_after_the_close(
    nightly_copy: CommandLine, prefect_url: str
) -> None:
    warehouse = nightly_copy.warehouse
    process = nightly_copy.start("schedule", "--source", "yfinance")
    try:
        wait_until(lambda: deployment(prefect_url) or process.poll() is not None, "the deployment is served")
        served = deployment(prefect_url)
        assert served is not None, process.communicate()
        run_id = start_run(prefect_url, served)
        wait_until(lambda: state(prefect_url, run_id) in {"COMPLETED", "FAILED", "CRASHED"}, "the run ends")
        assert one(warehouse, "select max(as_of_date) from ops.publication_dates") == NEW_DATE
        assert last_run(warehouse)["status"] == "succeeded"
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert "23:30 UTC on weekdays" in out
    (schedule,) = served["schedules"]
    assert schedule["schedule"]["cron"] == "30 23 * * 1-5"
    assert schedule["schedule"]["timezone"] == "UTC"
    assert served["parameters"] == {"source": "yfinance", "prices": None}
    assert served["entrypoint"] == "flows.nightly.nightly"
