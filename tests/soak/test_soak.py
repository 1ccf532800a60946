"""A short soak test; the full one is `python -m tests.soak --minutes 10`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.demo.demo import create_demo_users
from tests.soak.run import soak
from warehouse.connections import Warehouse


@pytest.mark.slow
@pytest.mark.long
def test_answers_are_correct_under_load_with_publications_and_database_restarts(
    demo: Warehouse, move_to_own_server: Callable[[Warehouse], Warehouse], tmp_path: Path
) -> None:
    own = move_to_own_server(demo)  # its server is stopped and started
    with own.connect_writer() as connection:
        create_demo_users(connection)
    report = soak(own, 0.25, rounds=1, folder=tmp_path)
    assert not report.faults, "\n".join(report.sentences())
    assert report.findings.answers["200"] > 100
    assert report.findings.answers["304"] > 0
    assert (len(report.published), report.restarts) == (1, 1)
