"""The schedule: the deployment that `sigmasight schedule` serves, as Prefect's server knows it."""

import json
import signal
import urllib.error
import urllib.request
from typing import Any

import pytest
from flow_helpers import CommandLine, wait_until

from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow


def deployment(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"{url}/deployments/name/nightly/nightly", timeout=60) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, TimeoutError):
        return None


def test_schedule_serves_the_nightly_flow_on_weekdays_after_the_close(
    calendar_warehouse: Warehouse, prefect_url: str
) -> None:
    process = CommandLine(calendar_warehouse, prefect_url).start("schedule", "--source", "simulated")
    try:
        wait_until(lambda: deployment(prefect_url) or process.poll() is not None, "the deployment is served")
        served = deployment(prefect_url)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert served is not None, out + err
    assert "Traceback" not in err
    assert "23:30 UTC on weekdays" in out
    (schedule,) = served["schedules"]
    assert schedule["schedule"]["cron"] == "30 23 * * 1-5"
    assert schedule["schedule"]["timezone"] == "UTC"
    assert served["parameters"] == {"source": "simulated", "prices": None}
    assert served["entrypoint"] == "flows.nightly.nightly"
