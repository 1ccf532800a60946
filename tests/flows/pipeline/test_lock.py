"""The build lock: one holder, named in the other's error; lost with its connection."""

import os
import re
from typing import Any

import psycopg
import pytest

from flows.errors import BuildLockedError, LockLostError
from flows.pipeline.lock import BuildLock, build_lock, lock_holder, process_name
from warehouse.connections import Warehouse

Connection = psycopg.Connection[Any]


def test_a_free_lock_has_no_holder(connection: Connection) -> None:
    assert lock_holder(connection) is None


def test_the_error_of_a_second_build_names_the_holder(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    with build_lock(calendar_warehouse, "nightly"):
        with (
            pytest.raises(BuildLockedError) as raised,
            build_lock(calendar_warehouse, "rebuild"),
        ):
            pass
        holder = lock_holder(connection)
    message = str(raised.value)
    assert re.search(
        rf"sigmasight nightly pid {os.getpid()} on \S+, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", message
    )
    assert "sigmasight status" in message
    assert holder is not None
    assert holder.name == process_name("nightly")
    assert lock_holder(connection) is None


def test_lock_is_free_after_an_error(calendar_warehouse: Warehouse, connection: Connection) -> None:
    with pytest.raises(ZeroDivisionError), build_lock(calendar_warehouse, "nightly"):
        _ = 1 / 0
    assert lock_holder(connection) is None


def test_other_databases_of_the_server_are_not_locked(
    calendar_warehouse: Warehouse, empty_warehouse: Warehouse
) -> None:
    with build_lock(calendar_warehouse, "nightly"), empty_warehouse.connect_writer() as elsewhere:
        assert lock_holder(elsewhere) is None


def test_uninterrupted_hold_is_confirmed(calendar_warehouse: Warehouse, connection: Connection) -> None:
    with build_lock(calendar_warehouse, "nightly") as lock:
        token = lock.hold()
        assert token == lock.hold()
        token.confirm(connection)


def test_interrupted_hold_cannot_publish(calendar_warehouse: Warehouse, connection: Connection) -> None:
    """During the interruption another build may have run and published."""
    with build_lock(calendar_warehouse, "nightly") as lock:
        token = lock.hold()
        connection.execute("select pg_terminate_backend(%s)", [token.backend_pid])
        renewed = lock.hold()
        assert renewed != token
        renewed.confirm(connection)
        with pytest.raises(LockLostError, match="nothing was published"):
            token.confirm(connection)


def test_interrupted_hold_is_not_renewed_during_another_build(
    calendar_warehouse: Warehouse, connection: Connection
) -> None:
    lock = BuildLock(calendar_warehouse, "nightly")
    connection.execute("select pg_terminate_backend(%s)", [lock.hold().backend_pid])
    with (
        build_lock(calendar_warehouse, "rebuild"),
        pytest.raises(BuildLockedError, match="sigmasight rebuild"),
    ):
        lock.hold()
    lock.release()


def test_long_host_names_keep_the_process_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "h" * 100)
    assert len(process_name("nightly")) == 63
    assert f"pid {os.getpid()} on hhh" in process_name("nightly")
