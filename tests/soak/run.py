"""The soak test: full load on loopback for minutes, with publications and restarts of the database.

Checks: the values of every answer are those of the publication that it names; 503 occurs only while the
database is down; memory and connections do not grow; the server stops quickly and cleanly.
"""

import argparse
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from api.http.limits import AUTH_POOL_SIZE
from tests.api.republish import republish, take_back
from tests.soak.demonstration import demonstration
from tests.soak.load import SHIFT, Client, Findings, Outage
from tests.soak.server import Server, connections_of, serving
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.settings import Settings

CLIENTS = 8
PEOPLE = ("demo_individual@sigmasight.com", "demo_hnw@sigmasight.com", "demo_hedgefundstyle@sigmasight.com")
GROWTH_MB = 30.0
"""Memory that a server may add after the first third of the run: caches, the largest answers."""


@dataclass
class Sample:
    """A sample of the server: time, memory in MB, open files, connections to the database."""

    seconds: float
    memory_mb: float
    files: int
    connections: int


@dataclass
class Report:
    """The result. faults: empty if all checks pass."""

    minutes: float
    findings: Findings
    published: list[int] = field(default_factory=list)
    restarts: int = 0
    samples: list[Sample] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """The result as lines of text."""
        times = sorted(self.findings.seconds) or [0.0]
        answered = ", ".join(f"{count} x {kind}" for kind, count in sorted(self.findings.answers.items()))
        first, last = self.samples[0], self.samples[-1]
        return [
            f"{len(times)} requests in {self.minutes:.1f} minutes: {answered}",
            f"p50 {1000 * times[len(times) // 2]:.0f} ms, p99 {1000 * times[int(0.99 * len(times))]:.0f} ms",
            f"{len(self.published)} publications, {self.restarts} restarts of the database",
            f"memory {first.memory_mb:.0f} to {last.memory_mb:.0f} MB, files {first.files} to {last.files}",
            f"connections to the database at most {max(sample.connections for sample in self.samples)}",
            *(f"FAULT {fault}" for fault in self.faults or []),
        ]


def soak(warehouse: Warehouse, minutes: float, *, rounds: int, folder: Path) -> Report:
    """Load the API on this warehouse for `minutes`; each round publishes and restarts once."""
    report = Report(minutes, Findings())
    outages: list[Outage] = []
    over = threading.Event()
    try:
        with (
            serving(warehouse, folder, ACCESS_TOKEN_MINUTES="1", LOG_FORMAT="json") as server,
            ExitStack() as stack,
        ):
            clients = [
                Client(server.url, PEOPLE[number % len(PEOPLE)], report.findings, outages)
                for number in range(CLIENTS)
            ]
            for client in clients:
                stack.callback(client.close)
            threads = [threading.Thread(target=client.run, args=(over.is_set,)) for client in clients]
            for thread in threads:
                thread.start()
            for _ in range(rounds):
                _round(warehouse, server, report, 60 * minutes / rounds, outages)
            over.set()
            for thread in threads:
                thread.join()
            begun = time.monotonic()
            report.faults += [] if server.stops() else ["the server did not stop cleanly"]
            report.faults += [] if time.monotonic() - begun < 10 else ["the server was slow to stop"]
            report.faults += server.complaints()[:5]
    finally:
        over.set()
        _take_back(warehouse, report.published)
    report.faults += report.findings.wrong[:20] + _leaks(report)
    return report


def _round(
    warehouse: Warehouse, server: Server, report: Report, seconds: float, outages: list[Outage]
) -> None:
    """One round: wait a quarter of the time before each event, and half after the last."""
    _watch(warehouse, server, report, seconds / 4)
    with warehouse.connect_writer(autocommit=True) as connection:
        report.published.append(republish(connection, SHIFT))
    _watch(warehouse, server, report, seconds / 4)
    outages.append(Outage(begun=time.monotonic()))
    stop_warehouse(warehouse.settings)
    open_warehouse(warehouse.settings)
    outages[-1].ended = time.monotonic()
    report.restarts += 1
    _watch(warehouse, server, report, seconds / 2)


def _watch(warehouse: Warehouse, server: Server, report: Report, seconds: float) -> None:
    """Wait, sampling the server at most twice a second."""
    until = time.monotonic() + seconds
    while True:
        sample = Sample(time.monotonic(), server.memory_mb(), server.files(), connections_of(warehouse))
        report.samples.append(sample)
        if time.monotonic() >= until:
            return
        time.sleep(min(max(0.5, seconds / 20), max(0.0, until - time.monotonic())))


def _leaks(report: Report) -> list[str]:
    """What grew, compared with the server after a third of the time."""
    pool = Settings().api_pool_size
    settled, last = report.samples[len(report.samples) // 3], report.samples[-1]
    found = []
    if last.memory_mb > settled.memory_mb + GROWTH_MB:
        found.append(f"memory grew from {settled.memory_mb:.0f} to {last.memory_mb:.0f} MB")
    if last.files > settled.files + CLIENTS + pool:
        found.append(f"open files grew from {settled.files} to {last.files}")
    most = max(sample.connections for sample in report.samples)
    if most > pool + AUTH_POOL_SIZE:
        found.append(f"{most} connections to the database")
    return found


def _take_back(warehouse: Warehouse, published: list[int]) -> None:
    with psycopg.connect(open_warehouse(warehouse.settings).writer_url, autocommit=True) as connection:
        for number in reversed(published):
            take_back(connection, number)


def main() -> int:
    """Build a demonstration, run the soak test on it, print the result. 0 if all checks pass."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    parser.add_argument(
        "--rounds", type=int, default=None, help="publications and restarts (default: 1 in 2 minutes)"
    )
    chosen = parser.parse_args()
    rounds = chosen.rounds or max(1, int(chosen.minutes // 2))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sg-soak-", dir="/tmp")))
        warehouse = stack.enter_context(demonstration(Settings(sigmasight_home=folder)))
        report = soak(warehouse, chosen.minutes, rounds=rounds, folder=folder)
    print("\n".join(report.sentences()))  # noqa: T201 - a command
    return 1 if report.faults else 0
