"""The demo, as a newcomer runs it: nothing there before, and again afterwards."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flow_helpers import SIGMASIGHT, one

from warehouse.connections import open_warehouse
from warehouse.settings import Settings

pytestmark = pytest.mark.slow


def test_demo_builds_publishes_and_sums_up(make_home: Callable[[], Path]) -> None:
    home = make_home()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}

    def demo() -> str:
        return subprocess.run(
            [SIGMASIGHT, "demo"],
            capture_output=True,
            text=True,
            check=True,
            env={**environment, "SIGMASIGHT_HOME": str(home)},
        ).stdout

    said = demo()
    assert re.search(r"loaded +prices \(simulated\): [\d,]+ rows read, [\d,]+ new", said)
    assert re.search(r"built +\d+ models, \d+ tests passed", said)
    assert "published  publication 1: 2024-01-02 to 2025-09-12" in said
    assert len(re.findall(r"^  Demo .*: ", said, re.MULTILINE)) == 5
    assert "THE PRICES ARE SIMULATED" in said
    assert "demo_hnw@sigmasight.com" in said

    again = demo()
    assert re.search(r"prices \(simulated\): [\d,]+ rows read, 0 new", again)
    assert "no number can have changed since the last publication" in again
    warehouse = open_warehouse(Settings(sigmasight_home=home))
    assert one(warehouse, "select count(*) from ops.publications") == 1
    assert one(warehouse, "select count(*) from ops.users") == 4
    assert (home / ".warehouse" / "prefect" / "prefect.db").exists()
