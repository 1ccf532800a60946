"""A week of nights one after the other, in which the world does what it does, with the API in use meanwhile.

    python -m tests.scale.week                          1,000 portfolios of 50, a year of prices
    python -m tests.scale.week --portfolios 20          smaller
    python -m tests.scale.week --write                  write the report into docs/scale.md

Prices come late or are corrected, shares are split, a lot is entered late. At the end all sessions of the
week are built once more in one build, which must not change a row. Exits with 1 if it does, if a request
failed, if a portfolio is withheld, or if the last night, as plain as the first, costs a quarter more time or
memory.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from ingestion.market.calendar import load_calendar
from ingestion.portfolios.users import add_user
from tests.benchmarks.bench_api import ENDPOINTS, OWNER, PASSWORD
from tests.benchmarks.builds import Build, run_build, run_nightly
from tests.benchmarks.cases import settle, stored_size
from tests.benchmarks.generate import benchmark_sessions, history_of, load_batches, make_market
from tests.benchmarks.measure import temporary_home
from tests.benchmarks.report import made_by, write_readme
from tests.scale.events import NIGHTS, WEEK, batches_of
from tests.soak.server import Server, serving
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings, project_root

A_YEAR, HELD = 252, 3
PAUSE = 0.1  # seconds between two requests, so that the night is not measured against a load test
MOST_GROWTH = 1.25
PAGE = project_root() / "docs" / "scale.md"
BEGIN, END = "<!-- week: begin -->", "<!-- week: end -->"
COST = "select rows_written, bytes_written from ops.publications order by publication_id desc limit 1"
RESTATED = """
select coalesce(sum(change_count), 0) from ops.restatement_counts
where publication_id = (select max(publication_id) from ops.publications)
"""
WITHHELD = "select count(*) from ops.quarantines where superseded_at is null"


@dataclass(frozen=True)
class Night:
    """A night, and the requests during it. size: bytes of all tables; latencies: ms; api_memory: MB."""

    event: str
    build: Build
    rows: int
    growth: int
    size: int
    restated: int
    withheld: int
    latencies: list[float]
    api_memory: float


@dataclass
class Reader:
    """Asks the API for the owner's portfolios, one request after the other, until it is stopped."""

    server: Server
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._read, args=[over])
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _read(self, over: threading.Event) -> None:
        with httpx.Client(base_url=self.server.url, timeout=60) as client:
            login = {"email": OWNER, "password": PASSWORD}
            token = client.post("/api/v1/auth/login", json=login).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            known = [one["id"] for one in client.get("/api/v1/data/portfolios").raise_for_status().json()]
            paths = [each.path.format(portfolio) for portfolio in known for each in ENDPOINTS]
            number = 0
            while not over.wait(PAUSE):
                self._ask(client, paths[number % len(paths)])
                number += 1

    def _ask(self, client: httpx.Client, path: str) -> None:
        begun = time.perf_counter()
        answer = client.get(path)
        self.latencies.append(1000 * (time.perf_counter() - begun))
        if answer.status_code != 200:
            self.failures.append(f"{path}: {answer.status_code} {answer.text[:200]}")

    def taken(self) -> list[float]:
        """The latencies since the last time."""
        found, self.latencies = self.latencies, []
        return found


def simulate(portfolios: int) -> tuple[list[Night], int, list[str]]:
    """The nights, the rows that a build of the whole week changes, and the requests that failed."""
    days = benchmark_sessions(A_YEAR + WEEK)
    market = make_market(days)
    with temporary_home() as home, tempfile.TemporaryDirectory() as folder:
        warehouse = open_warehouse(Settings(sigmasight_home=home))
        with warehouse.connect_writer() as connection:
            add_user(connection, OWNER, "An Owner", PASSWORD)
            load_calendar(connection)
            load_batches(connection, history_of(market, portfolios, days[:A_YEAR], HELD))
        run_nightly(warehouse)
        settle(warehouse)
        with serving(warehouse, Path(folder)) as server:
            reader = Reader(server)
            with reader.reading():
                nights = []
                for number, event in enumerate(NIGHTS):
                    with warehouse.connect_writer() as connection:
                        load_batches(connection, batches_of(event, market, days, A_YEAR + number))
                    nights.append(_night(warehouse, event, reader))
                    print(_row(len(nights), nights[-1]), file=sys.stderr, flush=True)  # noqa: T201
                run_build(warehouse, "rebuild", "--from", str(days[A_YEAR]))
        with warehouse.connect_writer() as connection:
            (changed,) = connection.execute(RESTATED).fetchone() or (0,)
    return nights, int(changed), reader.failures


def _night(warehouse: Warehouse, event: str, reader: Reader) -> Night:
    reader.taken()
    build = run_nightly(warehouse)
    latencies = reader.taken()
    with warehouse.connect_writer() as connection:
        rows, growth = connection.execute(COST).fetchone() or (0, 0)
        (restated,) = connection.execute(RESTATED).fetchone() or (0,)
        (withheld,) = connection.execute(WITHHELD).fetchone() or (0,)
    size, memory = stored_size(warehouse), reader.server.memory_mb()
    return Night(event, build, rows, growth, size, int(restated), withheld, latencies, memory)


def faults_of(nights: list[Night], changed: int, failures: list[str]) -> list[str]:
    """What a week must not show: see the module's text."""
    first, last = nights[0], nights[-1]
    grown = {
        "seconds": (first.build.command.seconds, last.build.command.seconds),
        "memory of the night": (first.build.command.peak_memory_mb, last.build.command.peak_memory_mb),
        "memory of the API": (first.api_memory, last.api_memory),
    }
    found = [
        f"{name}: {a:.0f}, a week later {b:.0f}" for name, (a, b) in grown.items() if b > MOST_GROWTH * a
    ]
    found += [f"{changed:,} values differ when the week is built in one build"] if changed else []
    found += [f"{night.withheld} portfolios withheld: {night.event}" for night in nights if night.withheld]
    return [*found, *failures[:5]]


def report(nights: list[Night], faults: list[str], command: str) -> str:
    """A row for each night, and what is wrong."""
    head = ["night", "what comes", "seconds", "rows", "MB more", "tables, MB", "values restated",
            "memory of the night, MB", "requests", "p50, ms", "p99, ms", "memory of the API, MB"]  # fmt: skip
    rows = [_row(number, night) for number, night in enumerate(nights, 1)]
    verdict = "; ".join(faults) or "no request failed, and the week built in one build has the same rows"
    table = [f"| {' | '.join(head)} |", "| ---: | --- |" + " ---: |" * (len(head) - 2), *rows]
    return "\n".join([made_by(command), "", *table, "", verdict[0].upper() + verdict[1:] + ".", ""])


def _row(number: int, night: Night) -> str:
    p50, p99 = np.percentile(night.latencies or [0.0], [50, 99])
    command = night.build.command
    cells = [number, night.event, f"{command.seconds:.1f}", f"{night.rows:,}", f"{night.growth / 1e6:.0f}",
             f"{night.size / 1e6:,.0f}", f"{night.restated:,}", f"{command.peak_memory_mb:.0f}",
             f"{len(night.latencies):,}", f"{p50:.0f}", f"{p99:.0f}", f"{night.api_memory:.0f}"]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    """Simulate and print; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale.week", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="put the report into docs/scale.md")
    asked = parser.parse_args()
    nights, changed, failures = simulate(asked.portfolios)
    faults = faults_of(nights, changed, failures)
    given = [argument for argument in sys.argv[1:] if argument != "--write"]
    text = report(nights, faults, " ".join(["python -m tests.scale.week", *given]))
    print(text)  # noqa: T201 - a command
    if asked.write:
        write_readme(text, BEGIN, END, page=PAGE)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
