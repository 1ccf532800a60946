"""The API under load, compared with the same SQL without the API, and with 304 answers.

    python -m tests.benchmarks.bench_api                       1,000 portfolios, 60 sessions
    python -m tests.benchmarks.bench_api --portfolios 100      a smaller warehouse
    python -m tests.benchmarks.bench_api --home FOLDER         keep the warehouse for the next time
    python -m tests.benchmarks.bench_api --write               write the table into README.md

`sigmasight serve` with one worker; eight loopback connections that each send the next request after the
answer, each request for another portfolio of one owner. The peers run in the same minutes with as many
connections: (a) a bare psycopg pool that runs the statements of each request in a transaction; (b) the same
requests with If-None-Match.
"""

import argparse
import asyncio
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from api.auth.claims import CLAIM_USER, claim_of
from api.auth.users import User
from api.marts.answers import COVERAGE_RULES, SIMULATED_NOTICE, TAG_COLORS
from api.marts.reader import PUBLISHED_STATE
from api.queries import load_query
from ingestion.portfolios.users import add_user
from tests.benchmarks.builds import run_nightly
from tests.benchmarks.cases import Case, run_load, settle
from tests.benchmarks.measure import SIGMASIGHT, temporary_home
from tests.benchmarks.report import made_by, write_readme
from tests.claims import user_of
from tests.soak.server import NO_RATES
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

CONNECTIONS = 8
OWNER, PASSWORD = "owner000@benchmark.example", "Twelve-benches-in-1-row"
BEGIN, END = "<!-- api: begin -->", "<!-- api: end -->"
WARM_UP_SECONDS = 0.5
STARTED_WITHIN = 60.0
FASTEST, SLOWEST_ALLOWED, ENOUGH = 50.0, 200.0, 0.6

PORTFOLIO = "/api/v1/analytics/portfolio/{}"
COMMON = {
    "requested_date": None, "simulated_notice": SIMULATED_NOTICE, **COVERAGE_RULES, "tag_colors": TAG_COLORS,
    "position_ids": None, "include_closed": False, "include_holdings": True, "include_position_tags": True,
    "include_timeseries": True, "include_attrib": True, "max_positions": 1000, "max_days": 252,
    "limit": 1000, "offset": 0, "schema_version": "1.0", "scenarios": None, "impact_type": "correlated",
    "is_single": False, "from_date": None, "to_date": None, "max_drawdowns": 20, "include_series": True,
}  # fmt: skip


@dataclass(frozen=True)
class Endpoint:
    """A path (with a placeholder for the portfolio), its statement, and the p99 limit in ms."""

    name: str
    path: str
    query: str
    most_ms: float = FASTEST
    max_symbols: int = 10


ENDPOINTS = (
    Endpoint("overview", f"{PORTFOLIO}/overview", "portfolio_overview"),
    Endpoint("complete", "/api/v1/data/portfolio/{}/complete", "portfolio_complete", SLOWEST_ALLOWED),
    Endpoint(
        "positions/details", "/api/v1/data/positions/details?portfolio_id={}", "positions_details"
    ),
    Endpoint("factor-exposures", f"{PORTFOLIO}/factor-exposures", "analytics_factor_exposures"),
    Endpoint("returns", f"{PORTFOLIO}/returns?include_series=true", "analytics_returns", SLOWEST_ALLOWED),
    Endpoint("stress-test", f"{PORTFOLIO}/stress-test", "analytics_stress_test"),
    Endpoint(
        "correlation-matrix", f"{PORTFOLIO}/correlation-matrix", "analytics_correlation_matrix",
        SLOWEST_ALLOWED, max_symbols=25,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Load:
    """Results of a load test: requests per second, and latencies in ms."""

    per_second: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Measured:
    """An endpoint and its peers."""

    endpoint: Endpoint
    api: Load
    sql: Load
    unchanged: Load

    @property
    def share(self) -> float:
        """Throughput of the API divided by that of its SQL alone."""
        return self.api.per_second / self.sql.per_second

    @property
    def is_met(self) -> bool:
        """Whether both targets are met: p99, and the share of the bare SQL's throughput."""
        return self.api.p99 <= self.endpoint.most_ms and self.share >= ENOUGH


# --- load ------------------------------------------------------------------------------------------

Ask = Callable[[], Awaitable[None]]


async def measure(workers: Sequence[Ask], seconds: float) -> Load:
    """Run the workers in a loop, after a warm-up that is not counted."""
    await _for(workers, WARM_UP_SECONDS)
    begun = time.perf_counter()
    latencies = await _for(workers, seconds)
    elapsed = time.perf_counter() - begun
    p50, p99 = np.percentile(np.array(latencies) * 1000, [50, 99])
    return Load(len(latencies) / elapsed, float(p50), float(p99))


async def _for(workers: Sequence[Ask], seconds: float) -> list[float]:
    end = time.perf_counter() + seconds

    async def work(ask: Ask) -> list[float]:
        latencies = []
        while (begun := time.perf_counter()) < end:
            await ask()
            latencies.append(time.perf_counter() - begun)
        return latencies

    found = await asyncio.gather(*(work(ask) for ask in workers))
    return [latency for latencies in found for latency in latencies]


class Client:
    """One keep-alive connection with minimal HTTP, so that the server is measured and not the client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> "Client":
        """Open the connection."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def get(self, path: str, headers: dict[str, str], *, expected: int) -> dict[str, str]:
        """Send a request and read the whole answer; its headers. Raises AssertionError on another status."""
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: 127.0.0.1",
            *(f"{key}: {value}" for key, value in headers.items()),
        ]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        received = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        await self._reader.readexactly(int(received.get("content-length", 0)))
        assert head[0].split()[1] == str(expected), f"{path}: {head[0]}"
        return received

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def measure_endpoint(
    endpoint: Endpoint, warehouse: Warehouse, port: int, token: str, seconds: float
) -> Measured:
    """Measure the API, its SQL alone, and its 304, one after the other."""
    owner, portfolios, last_date = owned(warehouse)
    paths = [endpoint.path.format(portfolio_id) for portfolio_id in portfolios]
    headers = {"Authorization": f"Bearer {token}"}
    clients = [await Client.connect(port) for _ in range(CONNECTIONS)]
    etags = {path: (await clients[0].get(path, headers, expected=200))["etag"] for path in paths}
    api = await measure([_requests(client, paths, headers) for client in clients], seconds)
    unchanged = await measure([_requests(client, paths, headers, etags) for client in clients], seconds)
    for client in clients:
        client.close()
    async with bare_pool(warehouse.api_url) as pool:
        ask = _statements(pool, endpoint, owner, portfolios, last_date)
        sql = await measure([ask] * CONNECTIONS, seconds)
    return Measured(endpoint, api, sql, unchanged)


def bare_pool(url: str) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """A plain psycopg pool with what the statements need: the search path, and prepared plans."""

    async def configure(connection: AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)
        await connection.execute("set search_path = marts")
        await connection.execute("set plan_cache_mode = force_generic_plan")
        await connection.set_autocommit(False)

    options = {"prepare_threshold": 0}
    return AsyncConnectionPool(
        url, min_size=CONNECTIONS, max_size=CONNECTIONS, open=False, configure=configure, kwargs=options
    )


def _requests(
    client: Client, paths: Sequence[str], headers: dict[str, str], etags: dict[str, str] | None = None
) -> Ask:
    turn = itertools.cycle(paths)

    async def ask() -> None:
        path = next(turn)
        known = {} if etags is None else {"If-None-Match": etags[path]}
        await client.get(path, {**headers, **known}, expected=200 if etags is None else 304)

    return ask


def _statements(
    pool: AsyncConnectionPool[AsyncConnection[Any]],
    endpoint: Endpoint,
    owner: User,
    portfolios: Sequence[str],
    last_date: str,
) -> Ask:
    """The statements that the API sends to the database for one request."""
    text = load_query(endpoint.query).text
    turn = itertools.cycle(portfolios)
    given = {**COMMON, "max_symbols": endpoint.max_symbols, "as_of_date": last_date,
             "published_at": last_date, "user_id": owner.user_id}  # fmt: skip

    async def ask() -> None:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(CLAIM_USER.text, claim_of(owner, connection.info.backend_pid))
            portfolio_id = next(turn)
            state = {"as_of_date": None, "portfolio_id": portfolio_id}
            await connection.execute(PUBLISHED_STATE.text, state)
            cursor = await connection.execute(text, {**given, "portfolio_id": portfolio_id})
            row = await cursor.fetchone()
            assert row is not None
            assert row[0]

    return ask


# --- the warehouse and the server ------------------------------------------------------------------


def owned(warehouse: Warehouse, owner: str = OWNER) -> tuple[User, list[str], str]:
    """The owner, their portfolios, and the last published session."""
    with psycopg.connect(warehouse.analyst_url) as connection:
        portfolios = connection.execute(
            "select portfolio_id::text from marts.dim_portfolios where owner_email = %s", (owner,)
        ).fetchall()
        last = connection.execute("select max(to_date)::text from marts.fct_publications").fetchone()
    assert last is not None
    return user_of(warehouse, owner), [str(row[0]) for row in portfolios], str(last[0])


@contextmanager
def serving(warehouse: Warehouse) -> Iterator[int]:
    """Run `sigmasight serve` on a free port, until the end of the context; the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    environment = {
        **_environment(),
        **warehouse.settings.as_environment(),
        **NO_RATES,
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([SIGMASIGHT, "serve", "--port", str(port)], env=environment)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/v1/health/live")
        yield port
    finally:
        process.terminate()
        process.wait()


def _environment() -> dict[str, str]:
    foreign = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in foreign}


def _wait_for(url: str) -> None:
    end = time.monotonic() + STARTED_WITHIN
    while True:
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


def log_in(port: int, owner: str = OWNER, password: str = PASSWORD) -> str:
    """Log in as the owner; the access token."""
    answer = httpx.post(
        f"http://127.0.0.1:{port}/api/v1/auth/login", json={"email": owner, "password": password}
    )
    return str(answer.raise_for_status().json()["access_token"])


def is_built(warehouse: Warehouse) -> bool:
    """Whether this warehouse has been built before."""
    with warehouse.connect_writer() as connection:
        return connection.execute("select from ops.publications").rowcount > 0


def build(warehouse: Warehouse, case: Case) -> None:
    """Load and build the case, with a user who owns the first ten portfolios."""
    run_load(warehouse, case)
    with warehouse.connect_writer() as connection:
        add_user(connection, OWNER, "An Owner", PASSWORD)
    run_nightly(warehouse)
    settle(warehouse)


# --- report ----------------------------------------------------------------------------------------


def markdown(command: str, case: Case, measured: Sequence[Measured]) -> str:
    """The table, and which targets were missed."""
    lines = [
        made_by(command) + f" {case.portfolios:,} portfolios of 50 positions, {case.sessions} sessions, "
        f"{CONNECTIONS} connections, one worker.",
        "",
        "| endpoint | requests/s | p50 ms | p99 ms | target | SQL/s | p50 | p99 | of SQL | 304/s | p99 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in measured:
        api, sql, unchanged = one.api, one.sql, one.unchanged
        lines.append(
            f"| {one.endpoint.name} | {api.per_second:,.0f} | {api.p50:.1f} | {api.p99:.1f} | "
            f"{one.endpoint.most_ms:.0f} | {sql.per_second:,.0f} | {sql.p50:.1f} | {sql.p99:.1f} | "
            f"{one.share:.0%} | {unchanged.per_second:,.0f} | {unchanged.p99:.1f} |"
        )
    missed = [one.endpoint.name for one in measured if not one.is_met]
    lines += ["", f"Targets (p99, {ENOUGH:.0%} of the bare SQL) missed by: {', '.join(missed) or 'none'}."]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, measure and print; 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_api", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each figure")
    parser.add_argument("--home", type=Path, help="keep the warehouse there, and reuse it if it exists")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    asked = parser.parse_args(arguments)
    case = Case(asked.portfolios, asked.sessions)
    with nullcontext(asked.home) if asked.home else temporary_home() as home:
        warehouse = open_warehouse(Settings(sigmasight_home=home))
        if not is_built(warehouse):
            build(warehouse, case)
        with serving(warehouse) as port:
            token = log_in(port)
            measured = [
                asyncio.run(measure_endpoint(endpoint, warehouse, port, token, asked.seconds))
                for endpoint in ENDPOINTS
            ]
    given = ["FOLDER" if text == str(asked.home) else text for text in arguments or sys.argv[1:]]
    report = markdown(" ".join(["python -m tests.benchmarks.bench_api", *given]), case, measured)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report, BEGIN, END)
    return 0 if all(one.is_met for one in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
