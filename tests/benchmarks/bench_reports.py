"""Reports of all portfolios in HTML, compared with the same SQL without a report.

    python -m tests.benchmarks.bench_reports                     1,000 portfolios, 60 sessions
    python -m tests.benchmarks.bench_reports --portfolios 20     a smaller warehouse, scaled to 1,000
    python -m tests.benchmarks.bench_reports --home FOLDER       keep the warehouse for the next time
    python -m tests.benchmarks.bench_reports --write             write the table into README.md

As `sigmasight nightly` does with REPORT_PORTFOLIOS=all: one process, one connection, one report after the
other. The peer runs the statements of each report on such a connection, and fetches their rows.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from api.marts.answers import COVERAGE_RULES, SIMULATED_NOTICE
from api.marts.reader import make_read_only
from api.reports.build import HEAD, MATRIX_SYMBOLS, QUERIES, WORST_DRAWDOWNS
from api.reports.command import Format, Wanted, write_reports
from tests.benchmarks.bench_api import build, is_built
from tests.benchmarks.cases import Case
from tests.benchmarks.measure import temporary_home
from tests.benchmarks.report import made_by, write_readme
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

ALL, MOST_SECONDS = 1000, 300.0
BEGIN, END = "<!-- reports: begin -->", "<!-- reports: end -->"
STATE = "select max(as_of_date), max(published_at) from marts_history.fct_portfolio_snapshots"
PORTFOLIOS = "select portfolio_id from marts.dim_portfolios order by portfolio_id"


@dataclass(frozen=True)
class Measured:
    """Seconds a report in each format, with the number of reports; and those of the statements alone."""

    seconds: dict[str, float]
    reports: dict[str, int]
    sql: float

    def scaled(self, name: str) -> float:
        """Seconds for 1,000 portfolios."""
        return self.seconds[name] * ALL

    @property
    def is_met(self) -> bool:
        """Whether 1,000 reports in HTML take less than five minutes."""
        return self.scaled("html") < MOST_SECONDS


def measure(warehouse: Warehouse, sample: int) -> Measured:
    """Write reports of all portfolios in HTML and of some in other formats; run the statements of all."""
    with psycopg.connect(warehouse.analyst_url) as connection:
        keys = [row[0] for row in connection.execute(PORTFOLIOS)]
        state = connection.execute(STATE).fetchone()
    assert state is not None
    write(warehouse, keys[:3], Format.HTML)  # the server's cache, and modules
    chosen = {each: keys if each is Format.HTML else keys[:sample] for each in Format}
    seconds = {
        each.value: _timed(partial(write, warehouse, chosen[each], each)) / len(chosen[each])
        for each in Format
    }
    sql = _timed(lambda: asyncio.run(_run_sql(warehouse, keys, state))) / len(keys)
    return Measured(seconds, {each.value: len(chosen[each]) for each in Format}, sql)


def write(warehouse: Warehouse, keys: Sequence[UUID], wanted: Format) -> None:
    """Write the reports in this format."""
    with tempfile.TemporaryDirectory() as folder:
        done = write_reports(warehouse, keys, Wanted(Path(folder), (wanted,)))
    assert [each.error for each in done if each.error] == []


def _timed(body: Callable[[], None]) -> float:
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


async def _run_sql(warehouse: Warehouse, keys: Sequence[UUID], state: tuple[Any, ...]) -> None:
    common = {
        "as_of_date": state[0],
        "published_at": state[1],
        "simulated_notice": SIMULATED_NOTICE,
        "matrix_symbols": MATRIX_SYMBOLS,
        "worst_drawdowns": WORST_DRAWDOWNS,
        **COVERAGE_RULES,
    }
    connecting = psycopg.AsyncConnection[Any].connect(warehouse.analyst_url, prepare_threshold=0)
    async with await connecting as connection:
        await make_read_only(connection)
        for key in keys:
            async with connection.transaction():
                for query in (HEAD, *QUERIES):
                    cursor = await connection.execute(query.text, {"portfolio_id": key, **common})
                    await cursor.fetchall()


def markdown(command: str, case: Case, measured: Measured) -> str:
    """The table, and whether the target was met."""
    lines = [
        f"{made_by(command)} {case.portfolios:,} portfolios of 50 positions, {case.sessions} sessions.",
        "",
        f"| format | reports | ms a report | {ALL:,} reports, s | of the bare SQL |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {name} | {measured.reports[name]:,} | {1000 * seconds:.0f} | {measured.scaled(name):,.0f} | "
            f"{seconds / measured.sql:.1f}x |"
            for name, seconds in measured.seconds.items()
        ),
        "",
        f"1,000 reports in HTML in {MOST_SECONDS:.0f} s: {'met' if measured.is_met else 'missed'}.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, measure and print; 0 when the target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_reports", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=ALL)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--sample", type=int, default=100, help="reports in each format other than HTML")
    parser.add_argument("--home", type=Path, help="keep the warehouse there, and reuse it if it exists")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    asked = parser.parse_args(arguments)
    case = Case(asked.portfolios, asked.sessions)
    with nullcontext(asked.home) if asked.home else temporary_home() as home:
        warehouse = open_warehouse(Settings(sigmasight_home=home))
        if not is_built(warehouse):
            build(warehouse, case)
        measured = measure(warehouse, asked.sample)
    given = ["FOLDER" if text == str(asked.home) else text for text in arguments or sys.argv[1:]]
    report = markdown(" ".join(["python -m tests.benchmarks.bench_reports", *given]), case, measured)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report, BEGIN, END)
    return 0 if measured.is_met else 1


if __name__ == "__main__":
    sys.exit(main())
