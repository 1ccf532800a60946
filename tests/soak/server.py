"""The API as a separate process, started by `sigmasight serve`, and its resource usage."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg

from warehouse.connections import Warehouse

PROGRAM = Path(sys.executable).with_name("sigmasight")
START_SECONDS = 60.0
STOP_SECONDS = 30.0
NO_RATES = {"API_REQUESTS_PER_MINUTE": "1000000", "API_ANONYMOUS_REQUESTS_PER_MINUTE": "1000000"}
"""Load tests send as fast as they can."""
CONNECTIONS = "select count(*) from pg_stat_activity where application_name ~ '^sigmasight-(api|auth)$'"


@dataclass(frozen=True)
class Server:
    """A running API. log: its log file."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def memory_mb(self) -> float:
        """Resident memory in megabytes."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def files(self) -> int:
        """Open files and sockets."""
        return int(psutil.Process(self.process.pid).num_fds())

    def stops(self) -> bool:
        """Stop it as a service manager does; whether it shut down cleanly."""
        self.process.terminate()
        code = self.process.wait(STOP_SECONDS)
        return code in {0, -signal.SIGTERM} and "Application shutdown complete" in self.log.read_text()

    def complaints(self) -> list[str]:
        """Lines of its log that report an internal error."""
        return [
            line
            for line in self.log.read_text().splitlines()
            if re.search('"level": "(ERROR|CRITICAL)"|Traceback', line)
        ]


@contextmanager
def serving(warehouse: Warehouse, folder: Path, **settings: str) -> Iterator[Server]:
    """Serve the warehouse on a free loopback port for the duration of the context."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "api.log"
    environment = {**os.environ, **warehouse.settings.as_environment(), **NO_RATES, **settings}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--port", str(port)], env=environment, stdout=file, stderr=file
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait(server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/api/v1/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the API did not start: {server.log.read_text()}")


def connections_of(warehouse: Warehouse) -> int:
    """The number of connections that the API has to the database server."""
    with psycopg.connect(warehouse.admin_url) as connection:
        row = connection.execute(CONNECTIONS).fetchone()
    return int(row[0]) if row else 0
