"""The build lock: two builds never run at once.

A dedicated connection holds it, so killing the process releases it.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import psycopg

from flows.database import Connection, row, rows, value
from flows.errors import BuildLockedError, LockLostError
from flows.pipeline.layout import check_layout
from warehouse.connections import Warehouse
from warehouse.locks import BUILD_LOCK

LONGEST_APPLICATION_NAME = 63  # bytes; PostgreSQL cuts off the rest

# The lock and the mark of one hold are advisory locks of the same session. pg_locks shows them with the
# process to every role that may read it; pg_stat_activity hides backend_start from the writer after SET ROLE.
LOCKS = """
with locks as (
    select pid, classid, objid
    from pg_catalog.pg_locks
    where
        locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_catalog.pg_database where datname = current_database())
),

held as (
    select pid from locks where classid = 0 and objid = %(lock)s::bigint::oid
),

marks as (
    select pid, classid, objid from locks where classid <> 0
)
"""

HOLDER = f"""
{LOCKS}
select activity.application_name, coalesce(to_timestamp(marks.classid::bigint), activity.backend_start)
from held
join pg_catalog.pg_stat_activity as activity on activity.pid = held.pid
left join marks on marks.pid = held.pid
"""

IS_HELD_BY = f"""
{LOCKS}
select exists (
    select from held
    join marks on marks.pid = held.pid
    where
        held.pid = %(backend_pid)s
        and marks.classid = %(second)s::bigint::oid and marks.objid = %(number)s::bigint::oid
)
"""

THIS_PROCESS = "select pg_backend_pid(), extract(epoch from clock_timestamp())::bigint"
MARK = "select pg_advisory_lock((%s::bigint << 32) | %s::bigint)"


@dataclass(frozen=True)
class Holder:
    """The holder of the lock; its name has the command, the process id and the host."""

    name: str
    since: datetime | None

    def __str__(self) -> str:
        since = "" if self.since is None else f", since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.name}{since}"


@dataclass(frozen=True)
class LockToken:
    """One uninterrupted hold of the lock, marked by a second advisory lock of the same session.

    backend_pid: the process of the session. second, number: the mark's key, which no later session repeats:
    seconds since 1970 by the server's clock when the lock was acquired, and 32 random bits.
    """

    backend_pid: int
    second: int
    number: int

    def confirm(self, connection: Connection) -> None:
        """Raise LockLostError unless the lock was held without interruption; runs on another connection."""
        if not value(connection, IS_HELD_BY, {"lock": BUILD_LOCK, **asdict(self)}):
            raise LockLostError(
                "The connection that held the build lock broke, so another build may have run: "
                "nothing was published. Run the command again."
            )


class BuildLock:
    """The build lock, on a dedicated connection. purpose: the command, shown to other users."""

    def __init__(self, warehouse: Warehouse, purpose: str) -> None:
        self._warehouse = warehouse
        self._name = process_name(purpose)
        self._connection: Connection | None = None
        self._token: LockToken | None = None

    def hold(self) -> LockToken:
        """Acquire the lock, or keep it; acquire it again after a server restart.

        Raises BuildLockedError, naming the holder, when another build has it.
        """
        if self._connection is not None and self._token is not None:
            with suppress(psycopg.OperationalError):
                self._connection.execute("select")
                return self._token
        self.release()
        self._connection = self._warehouse.connect_writer(application_name=self._name, autocommit=True)
        if not value(self._connection, "select pg_try_advisory_lock(%s)", [BUILD_LOCK]):
            raise locked_error(lock_holder(self._connection))
        self._token = _mark(self._connection)
        return self._token

    def check_layout(self) -> None:
        """Raise OldLayoutError for a warehouse with an older layout."""
        if self._connection is not None:
            check_layout(self._connection)

    def release(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.OperationalError):
                # explicitly: the server notices a closed connection only a moment later
                value(self._connection, "select pg_advisory_unlock_all()")
            self._connection.close()
            self._connection = self._token = None


def _mark(connection: Connection) -> LockToken:
    """Mark the hold of this session with a key of its own."""
    backend_pid, second = row(connection, THIS_PROCESS)
    token = LockToken(backend_pid, second, secrets.randbits(32))
    connection.execute(MARK, [token.second, token.number])
    return token


def process_name(purpose: str) -> str:
    """The name of this process in pg_stat_activity: `sigmasight nightly pid 123 on host`."""
    return f"sigmasight {purpose} pid {os.getpid()} on {socket.gethostname()}"[:LONGEST_APPLICATION_NAME]


def lock_holder(connection: Connection, lock: int = BUILD_LOCK) -> Holder | None:
    """The current holder of the lock (one of them, if it is shared), or None."""
    found = rows(connection, HOLDER, {"lock": lock})
    return Holder(*found[0]) if found else None


@contextmanager
def build_lock(warehouse: Warehouse, purpose: str, *, any_layout: bool = False) -> Iterator[BuildLock]:
    """Hold the build lock for the body. Raises BuildLockedError naming the holder if another has it.

    Raises OldLayoutError for a warehouse with an older layout, unless any_layout.
    """
    lock = BuildLock(warehouse, purpose)
    try:
        lock.hold()
        if not any_layout:
            lock.check_layout()
        yield lock
    finally:
        lock.release()


def locked_error(holder: Holder | None) -> BuildLockedError:
    who = "just ended" if holder is None else str(holder)
    return BuildLockedError(
        f"Another build is running ({who}), and only one can run at a time: wait for it to finish "
        "(`sigmasight status` shows its progress), or stop that process and run the command again."
    )
