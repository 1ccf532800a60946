"""What-ifs of 50 positions and 10 trades over HTTP, compared with the same SQL without the API.

    python -m tests.benchmarks.bench_what_if --home FOLDER [--seconds 20] [--write]

FOLDER is the home of a warehouse that bench_api built (its --home). One loopback connection sends
requests without pause to `sigmasight serve`, each for another portfolio of one owner; then a bare psycopg
pool runs the statements of the same requests.
"""

import argparse
import asyncio
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from api.auth.claims import CLAIM_USER, claim_of
from api.marts.reader import PUBLISHED_STATE
from api.queries import load_query
from tests.benchmarks.bench_api import (
    COMMON,
    ENOUGH,
    FASTEST,
    PORTFOLIO,
    Ask,
    Client,
    Load,
    bare_pool,
    log_in,
    measure,
    owned,
    serving,
)
from tests.benchmarks.report import made_by, write_readme
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

BEGIN, END = "<!-- what-if: begin -->", "<!-- what-if: end -->"
TRADES = 10


def trades_of(warehouse: Warehouse, portfolios: Sequence[str], last_date: str) -> list[dict[str, object]]:
    """Ten trades in symbols that the portfolios hold, half of them sales."""
    with psycopg.connect(warehouse.analyst_url) as connection:
        rows = connection.execute(
            """select symbol from marts.fct_position_values
            where portfolio_id = any(%s::uuid[]) and as_of_date = %s and is_open
                and investment_class = 'PUBLIC'
            group by symbol order by md5(symbol) limit %s""",
            (portfolios, last_date, TRADES),
        ).fetchall()
    return [{"symbol": row[0], "quantity": 100 if place % 2 else -100} for place, row in enumerate(rows)]


class Poster(Client):
    """A client that posts JSON."""

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Send the body and read the whole answer. Raises AssertionError unless it is 200."""
        given = {**headers, "Host": "127.0.0.1", "Content-Type": "application/json"}
        lines = [f"{name}: {value}" for name, value in {**given, "Content-Length": str(len(body))}.items()]
        self._writer.write("\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        lengths = [int(line.split(": ")[1]) for line in head if line.startswith("content-length: ")]
        answer = await self._reader.readexactly(lengths[0])
        assert head[0].split()[1] == "200", answer


async def run(warehouse: Warehouse, port: int, seconds: float) -> tuple[Load, Load]:
    """Measure the API, and its SQL alone."""
    owner, portfolios, last_date = owned(warehouse)
    trades = trades_of(warehouse, portfolios, last_date)
    body = json.dumps({"trades": trades}).encode()
    headers = {"Authorization": f"Bearer {log_in(port)}"}
    client = Poster(*await asyncio.open_connection("127.0.0.1", port))
    api = await measure([_requests(client, portfolios, headers, body)], seconds)
    client.close()
    given = {
        **COMMON, "as_of_date": last_date, "published_at": last_date, "user_id": owner.user_id,
        "trades": json.dumps(trades), "cash": "absorb",
    }  # fmt: skip
    text, turn = load_query("analytics_what_if").text, itertools.cycle(portfolios)
    async with bare_pool(warehouse.api_url) as pool:

        async def ask() -> None:
            async with pool.connection() as connection, connection.transaction():
                portfolio_id = next(turn)
                await connection.execute(CLAIM_USER.text, claim_of(owner, connection.info.backend_pid))
                state = {"as_of_date": None, "portfolio_id": portfolio_id}
                await connection.execute(PUBLISHED_STATE.text, state)
                cursor = await connection.execute(text, {**given, "portfolio_id": portfolio_id})
                row = await cursor.fetchone()
                assert row is not None
                assert row[1] is None, row[1]

        return api, await measure([ask], seconds)


def _requests(client: Poster, portfolios: Sequence[str], headers: dict[str, str], body: bytes) -> Ask:
    turn = itertools.cycle(f"{PORTFOLIO.format(portfolio_id)}/what-if" for portfolio_id in portfolios)

    async def ask() -> None:
        await client.post(next(turn), headers, body)

    return ask


def _cells(load: Load) -> str:
    return f"{load.per_second:.0f} | {load.p50:.1f} | {load.p99:.1f}"


def main() -> int:
    """Measure and print; 0 when both targets are met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_what_if", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home that bench_api built")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    asked = parser.parse_args()
    warehouse = open_warehouse(Settings(sigmasight_home=asked.home))
    with serving(warehouse) as port:
        api, sql = asyncio.run(run(warehouse, port, asked.seconds))
    share = api.per_second / sql.per_second
    is_met = api.p99 <= FASTEST and share >= ENOUGH
    target = f"p99 {FASTEST:.0f} ms, {ENOUGH:.0%} of the bare SQL"
    lines = [
        made_by("python -m tests.benchmarks.bench_what_if --home FOLDER --write"),
        "",
        "| 50 positions, 10 trades | requests/s | p50 ms | p99 ms | of SQL | target | met |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
        f"| API | {_cells(api)} | {share:.0%} | {target} | {'yes' if is_met else 'no'} |",
        f"| bare SQL | {_cells(sql)} | | | |",
    ]
    report = "\n".join(lines)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report + "\n", BEGIN, END)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
