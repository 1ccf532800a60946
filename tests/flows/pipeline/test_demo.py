"""The demo, as a newcomer runs it: nothing there before, and again afterwards."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.flow_helpers import CommandLine, one
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow


def test_demo_builds_publishes_and_sums_up(demo_run: Any) -> None:
    said = demo_run.said
    assert re.search(r"loaded +prices \(simulated\): [\d,]+ rows read, [\d,]+ new", said)
    assert re.search(r"built +\d+ models, \d+ tests passed", said)
    assert "published  publication 1: 2024-01-02 to 2025-09-12" in said
    assert len(re.findall(r"^  Demo .*: ", said, re.MULTILINE)) == 5
    assert "THE PRICES ARE SIMULATED" in said
    assert "demo_hnw@sigmasight.com" in said


def test_the_demo_again_publishes_nothing(demo: Warehouse, copy_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = copy_warehouse(demo)
    again = CommandLine(warehouse).succeed("demo")
    assert re.search(r"prices \(simulated\): [\d,]+ rows read, 0 new", again)
    assert "no number can have changed since the last publication" in again
    assert one(warehouse, "select count(*) from ops.publications") == 1
    assert one(warehouse, "select count(*) from ops.users") == 4
