"""How far a standby of the embedded server is behind during a night of the demonstration.

    python -m tests.scale.replica

Builds the demonstration in a temporary folder, starts a standby and corrects a price, which a night then
builds and publishes. Meanwhile, ten times a second, it asks how long what is committed takes until the
standby shows it.
"""

import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psycopg

from tests.conftest import THEN
from tests.flows.flow_helpers import SIGMASIGHT, CommandLine, one
from warehouse.connections import connect, open_warehouse, stop_warehouse
from warehouse.settings import Settings
from warehouse.standby import reader_urls, remove_standby, start_standby
from warehouse.urls import make_url, url_parts

CORRECTED = "2025-09-10"
PAUSE = 0.1  # seconds between two questions
STEP = 0.001
TEMPORARY = "/tmp"  # noqa: S108 - short, as in conftest

WRITTEN = "select pg_current_wal_flush_lsn()::text"
SHOWN = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
LAST_CLOSE = "select close from raw.prices where symbol = 'AAPL' and price_date = %s"


def main() -> None:
    """Print the lag in milliseconds, and what the night cost."""
    with tempfile.TemporaryDirectory(prefix="sg-replica-", dir=TEMPORARY) as name:
        home, folder = Path(name) / "home", Path(name) / "standby"
        warehouse = open_warehouse(Settings(sigmasight_home=home))
        command = CommandLine(warehouse)
        try:
            _run(command, "demo", "--until", str(THEN))
            close = one(warehouse, LAST_CLOSE, [CORRECTED])
            (home / "prices.csv").write_text(f"date,symbol,close\n{CORRECTED},AAPL,{close * 2}\n")
            start_standby(warehouse, folder)
            standby = url_parts(reader_urls(warehouse, folder).api)["host"].split(",")[0]
            lags: list[float] = []
            ended = threading.Event()
            urls = (warehouse.admin_url, make_url({**url_parts(warehouse.admin_url), "host": standby}))
            asking = threading.Thread(target=_ask, args=(*urls, lags, ended))
            asking.start()
            begun = time.monotonic()
            _run(command, "nightly", "--force", "--source", "files", "--prices", str(home))
            seconds = time.monotonic() - begun
            ended.set()
            asking.join()
            _print(np.array(lags) * 1000, seconds)
        finally:
            remove_standby(warehouse, folder)
            stop_warehouse(warehouse.settings)


def _run(command: CommandLine, *arguments: str) -> None:
    """Run a command, however long it takes."""
    subprocess.run([SIGMASIGHT, *arguments], env=command.environment, check=True, stdout=subprocess.DEVNULL)


def _ask(first: str, standby: str, lags: list[float], ended: threading.Event) -> None:
    """Collect how many seconds the standby takes to show what the first server has written."""
    with connect(first, autocommit=True) as writing, connect(standby, autocommit=True) as reading:
        while not ended.wait(PAUSE):
            written = writing.execute(WRITTEN).fetchone()
            begun = time.monotonic()
            while not _is_shown(reading, written):
                time.sleep(STEP)
            lags.append(time.monotonic() - begun)


def _is_shown(reading: psycopg.Connection[tuple[object, ...]], written: tuple[object, ...] | None) -> bool:
    row = reading.execute(SHOWN, written).fetchone()
    return row is not None and bool(row[0])


def _print(lags: np.ndarray, seconds: float) -> None:
    p50, p99 = np.percentile(lags, [50, 99])
    lag = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {lags.max():.0f} ms"
    print(f"{len(lags)} questions in a night of {seconds:.0f} s: {lag}")  # noqa: T201


if __name__ == "__main__":
    main()
