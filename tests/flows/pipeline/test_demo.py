"""The demo, run by a new user on an empty warehouse, and run again."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.flow_helpers import CommandLine, one
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow


def test_demo_builds_publishes_and_sums_up(demo_run: Any) -> None:
    output = demo_run.output
    assert re.search(r"loaded +prices \(simulated\): [\d,]+ rows read, [\d,]+ new", output)
    assert re.search(r"built +\d+ models, \d+ tests passed", output)
    assert "published  publication 1: 2024-01-02 to 2025-09-12" in output
    assert len(re.findall(r"^  Demo .*: ", output, re.MULTILINE)) == 5
    assert "THE PRICES ARE SIMULATED" in output
    assert "demo_hnw@sigmasight.com" in output


def test_running_the_demo_again_publishes_nothing(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse]
) -> None:
    warehouse = copy_warehouse(demo)
    again = CommandLine(warehouse).succeed("demo")
    assert re.search(r"prices \(simulated\): [\d,]+ rows read, 0 new", again)
    assert "nothing has changed since the last publication" in again
    assert one(warehouse, "select count(*) from ops.publications") == 1
    assert one(warehouse, "select count(*) from ops.users") == 4
