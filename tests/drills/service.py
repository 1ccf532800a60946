"""The API of a drill, as a service manager runs it: started again on the same port when it was killed."""

import os
import subprocess
import time
from pathlib import Path
from typing import Self

import httpx

from tests.flows.flow_helpers import SIGMASIGHT
from tests.servers.own_server import free_port
from warehouse.connections import Warehouse

START_SECONDS = 300.0
LIMITS_OFF = {"LOGIN_ATTEMPTS_PER_ADDRESS": "1000000", "API_REQUESTS_PER_MINUTE": "1000000"}


class Service:
    """`sigmasight serve` on a warehouse. is_down: whether a drill has killed it and it is not back yet."""

    def __init__(self, warehouse: Warehouse, folder: Path, **variables: str) -> None:
        self._environment = {**os.environ, **warehouse.settings.as_environment(), **LIMITS_OFF, **variables}
        self._log = folder / f"api-{warehouse.settings.warehouse_database}.log"
        self._port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.is_down = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers. Raises RuntimeError."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [SIGMASIGHT, "serve", "--port", str(self._port)],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            if self._is_live():
                self.is_down = False
                return
            time.sleep(0.1)
        raise RuntimeError(f"the API did not start: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """End it without notice."""
        self.is_down = True
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _is_live(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v1/health/live").status_code == 200
        except httpx.TransportError:
            return False
