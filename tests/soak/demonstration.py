"""A demonstration for the soak test, on its own temporary server."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.soak.server import PROGRAM
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.settings import Settings


@contextmanager
def demonstration(settings: Settings) -> Iterator[Warehouse]:
    """Build it from the command line; the warehouse."""
    environment = {**os.environ, **settings.as_environment()}
    subprocess.run([PROGRAM, "demo"], env=environment, check=True)
    try:
        yield open_warehouse(settings)
    finally:
        stop_warehouse(settings)
