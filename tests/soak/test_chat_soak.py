"""A short soak test of the chat; the full one is `python -m tests.soak.chat --minutes 10`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.demo.demo import create_demo_users
from tests.soak.chat import soak_chat
from warehouse.connections import Warehouse


@pytest.mark.slow
@pytest.mark.long
def test_no_stream_hangs_and_no_record_is_half_written_through_restarts(
    demo: Warehouse, move_to_own_server: Callable[[Warehouse], Warehouse], tmp_path: Path
) -> None:
    own = move_to_own_server(demo)  # its server is stopped and started
    with own.connect_writer() as connection:
        create_demo_users(connection)
    findings = soak_chat(own, 0.5, rounds=1, folder=tmp_path)
    assert not findings.faults, "\n".join(findings.sentences())
    assert findings.endings["done"] > 10
    assert findings.endings["left"] > 0
