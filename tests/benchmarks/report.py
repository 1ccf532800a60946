"""The measurements as Markdown: one column per size, the slowest nodes, and the targets."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import psutil

from tests.benchmarks.builds import Build
from tests.benchmarks.cases import Demonstration, Measured
from tests.benchmarks.measure import BenchmarkError
from warehouse.embedded_host import POSTGRES_VERSION

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
BEGIN_DEMONSTRATION, END_DEMONSTRATION = "<!-- demonstration: begin -->", "<!-- demonstration: end -->"

POSITIONS_EACH = 50
MOST_SECONDS, MOST_TIMES_THE_FLOOR, MOST_MEMORY_MB = 60.0, 2.0, 1500.0
MOST_DEMO_SECONDS, MOST_NOTHING_NEW_SECONDS = 60.0, 20.0
MOST_PYTHON_SECONDS, MOST_SQL_SECONDS = 2.0, 1.0
MOST_COUNT_SECONDS = 1.0
NODES_SHOWN = 6
DEMONSTRATION_NODES_SHOWN = 20


@dataclass(frozen=True)
class Results:
    """A complete run of the benchmark; demonstration is None if it was left out."""

    command: str
    measured: tuple[Measured, ...]
    demonstration: Demonstration | None
    seconds: float


@dataclass(frozen=True)
class Target:
    """A target, what was measured, and whether the target is met."""

    text: str
    figure: str
    is_met: bool


def markdown(results: Results) -> str:
    """The report of all sizes."""
    parts = [_made_in(results), _figures(results.measured), _longest(results.measured[-1])]
    if targets := case_targets(results.measured):
        parts.append(_targets(targets))
    return "\n\n".join(parts) + "\n"


def demonstration_markdown(results: Results, demonstration: Demonstration) -> str:
    """The report of the demonstration, with the nodes of its last date."""
    increment = demonstration.increment
    rebuilt = (
        f"Rebuilding the last date took {increment.command.seconds:.1f} s, of which models and tests "
        f"{increment.nodes_wall_seconds:.1f} s: {len(increment.nodes)} nodes, up to four at a time, which "
        "wait for each other. The slowest nodes:"
    )
    targets = _targets(demonstration_targets(demonstration))
    return "\n\n".join([_made_in(results), targets, rebuilt, _demonstration_nodes(increment)]) + "\n"


def _made_in(results: Results) -> str:
    return made_by(results.command) + f" It took {results.seconds / 60:.0f} minutes."


def write_readme(report: str, begin: str = BEGIN, end: str = END, *, page: Path = README) -> None:
    """Write the report between the marks in the README, or in another page.

    Raises BenchmarkError if they are missing.
    """
    text = page.read_text()
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise BenchmarkError(f"{page.name} has no lines `{begin}` and `{end}` for the results.")
    page.write_text(f"{before}{begin}\n{report}{end}{after}")


def made_by(command: str) -> str:
    """The date, command, machine and versions of a run."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 1024**3
    names = ("dbt-core", "dbt-postgres", "prefect", "pandas", "numpy", "scipy")
    parts = [f"{name} {version(name)}" for name in names]
    programs = ", ".join([f"Python {platform.python_version()}", f"PostgreSQL {POSTGRES_VERSION}", *parts])
    return (
        f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}`, "
        f"on {cores} cores and {memory:.0f} GB of memory; {programs}."
    )


# --- the table -------------------------------------------------------------------------------------


def _figures(measured: Sequence[Measured]) -> str:
    """One row per measurement."""
    rows: list[tuple[str, Callable[[Measured], str]]] = [
        ("**Size**", lambda _: ""),
        ("positions", lambda m: f"{m.case.portfolios * POSITIONS_EACH:,}"),
        ("sessions of prices", lambda m: f"{m.case.sessions:,}"),
        ("sessions of positions", lambda m: f"{m.case.held or m.case.sessions:,}"),
        ("**Load** of the history: rows", lambda m: f"{m.load.rows:,}"),
        ("seconds", lambda m: f"{m.load.seconds:.1f}"),
        ("rows per second", lambda m: _rate(m.load.rows, m.load.seconds)),
        ("peak memory of our process", lambda m: _memory(m.load.process.peak_memory_mb)),
        ("**History build**, the whole command: seconds", lambda m: f"{m.history.command.seconds:.1f}"),
        ("rows written", lambda m: f"{m.history.rows:,}"),
        ("rows per second", lambda m: _rate(m.history.rows, m.history.command.seconds)),
        ("peak memory of our process", lambda m: _memory(m.history.command.peak_memory_mb)),
        ("tables afterwards", lambda m: f"{m.size / 1e6:,.0f} MB"),
        ("**One more date**: load, rows", lambda m: f"{m.next_load.rows:,}"),
        ("load, seconds", lambda m: f"{m.next_load.seconds:.2f}"),
        ("load, rows per second", lambda m: _rate(m.next_load.rows, m.next_load.seconds)),
        ("build, the whole command: seconds", lambda m: f"{m.increment.command.seconds:.1f}"),
        ("… of which models and tests (the SQL part)", lambda m: f"{m.increment.nodes_wall_seconds:.1f}"),
        ("rows written", lambda m: f"{m.increment.rows:,}"),
        ("rows per second", lambda m: _rate(m.increment.rows, m.increment.command.seconds)),
        ("peak memory of our process", lambda m: _memory(m.increment.command.peak_memory_mb)),
        ("tables grow by", lambda m: f"{m.growth / 1e6:,.1f} MB"),
        ("**Floor** of that date, psql alone: seconds", lambda m: f"{m.floor.wall:.1f}"),
        ("… of which models", lambda m: f"{m.floor.models:.1f}"),
        ("… of which tests", lambda m: f"{m.floor.tests:.1f}"),
        ("**SQL part / floor**", lambda m: f"{sql_ratio(m):.2f}"),
        ("seconds of dbt's nodes added up / floor", lambda m: f"{added_ratio(m):.2f}"),
        ("whole command / floor", lambda m: f"{m.increment.command.seconds / m.floor.wall:.2f}"),
        ("**Correlation pairs** of that date: rows", lambda m: f"{m.pairs.rows:,}"),
        ("counted by an analyst, seconds", lambda m: f"{m.pairs.seconds:.2f}"),
        (
            "**A lot entered five sessions late**: build, seconds",
            lambda m: f"{m.late_lot.command.seconds:.1f}",
        ),
        ("rows written", lambda m: f"{m.late_lot.rows:,}"),
        ("tables grow by", lambda m: f"{m.late_growth / 1e6:,.1f} MB"),
        ("**The last date built again**: seconds", lambda m: f"{m.rebuilt.command.seconds:.1f}"),
    ]
    header = ["", *(f"{m.case.portfolios:,} portfolios" for m in measured)]
    body = [[name, *(figure(m) for m in measured)] for name, figure in rows]
    return _table(header, body)


def sql_ratio(measured: Measured) -> float:
    """Seconds from dbt's first node to its last, divided by those of psql."""
    return measured.increment.nodes_wall_seconds / measured.floor.wall


def added_ratio(measured: Measured) -> float:
    """Total seconds of dbt's nodes without Python models, divided by those of psql."""
    seconds = sum(node.seconds for node in measured.increment.nodes if not node.is_python)
    return seconds / measured.floor.wall


def _longest(measured: Measured) -> str:
    """The slowest nodes with the most portfolios."""
    history, increment = measured.history, measured.increment
    alone = {name: f", {seconds:.1f} s by psql" for name, seconds in measured.floor.by_node.items()}
    return (
        f"The slowest nodes with {measured.case.portfolios:,} portfolios (up to four run at a time, so each "
        f"waits for the others):\n\n"
        f"- history: {_nodes(history, {})}\n"
        f"- one more date: {_nodes(increment, alone)}"
    )


def _nodes(build: Build, remarks: dict[str, str]) -> str:
    return ", ".join(
        f"`{node.name}` {node.seconds:.1f} s" + (f" ({node.rows:,} rows{remarks.get(node.name, '')})")
        for node in build.slowest(NODES_SHOWN)
    )


# --- the targets -----------------------------------------------------------------------------------


def list_targets(results: Results) -> list[Target]:
    """The targets that this run measures."""
    demonstration = results.demonstration
    of_demonstration = [] if demonstration is None else demonstration_targets(demonstration)
    return case_targets(results.measured) + of_demonstration


def case_targets(measured: Sequence[Measured]) -> list[Target]:
    """The targets of the sizes measured."""
    targets: list[Target] = []
    largest = max(measured, key=lambda m: m.case.portfolios, default=None)
    if largest is not None and largest.case.portfolios >= 1000:
        seconds = largest.increment.command.seconds
        targets += [
            Target(
                f"one more date for 1,000 portfolios under {MOST_SECONDS:.0f} s",
                f"{seconds:.1f} s",
                seconds < MOST_SECONDS,
            ),
            Target(
                f"its SQL part within {MOST_TIMES_THE_FLOOR:.0f} times the floor",
                f"{sql_ratio(largest):.2f} times",
                sql_ratio(largest) <= MOST_TIMES_THE_FLOOR,
            ),
            Target(
                f"its correlation pairs counted under {MOST_COUNT_SECONDS:.0f} s",
                f"{largest.pairs.seconds:.2f} s",
                largest.pairs.seconds < MOST_COUNT_SECONDS,
            ),
        ]
    targets += _growth_targets(measured)
    if measured:
        peak = max(max(_peaks(m)) for m in measured)
        targets.append(
            Target(
                f"our process under {MOST_MEMORY_MB / 1000:.1f} GB",
                f"{_memory(peak)} at most",
                peak < MOST_MEMORY_MB,
            )
        )
    return targets


def _growth_targets(measured: Sequence[Measured]) -> list[Target]:
    """Targets for each size compared with the next: the increment grows at most linearly."""
    targets = []
    for small, large in pairwise(measured):
        times = large.case.portfolios / small.case.portfolios
        whole = large.increment.command.seconds / small.increment.command.seconds
        of_sql = large.increment.nodes_wall_seconds / small.increment.nodes_wall_seconds
        text = (
            f"one more date for {large.case.portfolios:,} portfolios at most {times:g} times as long as for "
            f"{small.case.portfolios:,}"
        )
        figure = f"{whole:.2f} times (SQL part {of_sql:.2f} times)"
        targets.append(Target(text, figure, max(whole, of_sql) <= times))
    return targets


def _peaks(measured: Measured) -> tuple[float, ...]:
    loads = (measured.load.process, measured.next_load.process)
    builds = (measured.history.command, measured.increment.command)
    return tuple(process.peak_memory_mb for process in (*loads, *builds))


def demonstration_targets(demonstration: Demonstration) -> list[Target]:
    """The targets of the demonstration."""
    demo, nothing_new = demonstration.demo.seconds, demonstration.nothing_new.seconds
    models = [node for node in demonstration.increment.nodes if node.is_model]
    return [
        _seconds(
            f"`sigmasight demo` in an empty folder under {MOST_DEMO_SECONDS:.0f} s", demo, MOST_DEMO_SECONDS
        ),
        _seconds(
            f"`sigmasight nightly` with nothing new under {MOST_NOTHING_NEW_SECONDS:.0f} s",
            nothing_new,
            MOST_NOTHING_NEW_SECONDS,
        ),
        _seconds(
            f"no Python model of one date above {MOST_PYTHON_SECONDS:.0f} s",
            max(node.seconds for node in models if node.is_python),
            MOST_PYTHON_SECONDS,
        ),
        _seconds(
            f"no SQL model of one date above {MOST_SQL_SECONDS:.0f} s",
            max(node.seconds for node in models if not node.is_python),
            MOST_SQL_SECONDS,
        ),
    ]


def _seconds(text: str, seconds: float, most: float) -> Target:
    return Target(text, f"{seconds:.1f} s", seconds < most)


def _demonstration_nodes(build: Build) -> str:
    body = [
        [f"`{node.name}`", "Python" if node.is_python else "SQL", f"{node.seconds:.2f}", f"{node.rows:,}"]
        for node in build.slowest(DEMONSTRATION_NODES_SHOWN)
    ]
    return _table(["node", "", "seconds", "rows"], body)


def _targets(targets: Sequence[Target]) -> str:
    body = [[target.text, target.figure, "yes" if target.is_met else "**no**"] for target in targets]
    return _table(["target", "measured", "met"], body)


# --- Markdown --------------------------------------------------------------------------------------


def _table(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *body))


def _rate(rows: int, seconds: float) -> str:
    return f"{rows / seconds:,.0f}" if seconds > 0 else ""


def _memory(megabytes: float) -> str:
    return f"{megabytes:,.0f} MB"
