"""The cost of hashing a password: next to none in tests, which log in a thousand times.

argon2 takes a tenth of a second of a core, by design. A hash states its cost, so that other processes verify
the hashes of tests as fast.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pwdlib.hashers.argon2 import Argon2Hasher

from ingestion.demo.demo import DEMO_PASSWORD
from ingestion.portfolios import users
from warehouse.connections import Warehouse

REAL = Argon2Hasher.__init__.__defaults__
CHEAP = (1, 8, 1)
"""Passes, KiB of memory, and threads."""


def hash_cheaply() -> None:
    """Let new hashers of this process cost next to nothing."""
    assert REAL is not None
    Argon2Hasher.__init__.__defaults__ = (*CHEAP, *REAL[len(CHEAP) :])
    users._hasher.cache_clear()


@contextmanager
def real_cost() -> Iterator[None]:
    """Hash as in production."""
    Argon2Hasher.__init__.__defaults__ = REAL
    users._hasher.cache_clear()
    try:
        yield
    finally:
        hash_cheaply()


def hash_demo_users_cheaply(warehouse: Warehouse) -> None:
    """Replace the hashes of users whom a process of its own created."""
    with warehouse.connect_writer() as connection:
        connection.execute("update ops.users set password_hash = %s", [users.hash_password(DEMO_PASSWORD)])
