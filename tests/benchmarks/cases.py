"""One size of the benchmark, from an empty warehouse to one more date, and the demonstration."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from psycopg import sql

from tests.benchmarks.builds import Build, run_build, run_nightly
from tests.benchmarks.floor import (
    Floor,
    administrator,
    check_equal,
    keep_state,
    run_floor,
    swap_in_built_state,
    swap_in_kept_state,
    write_script,
)
from tests.benchmarks.measure import SIGMASIGHT, Finished, run_process, temporary_home
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.settings import Settings

Say = Callable[[str], None]

STORED_SIZE = """
select sum(pg_total_relation_size(oid)) from pg_catalog.pg_class where relkind = 'r' and relpersistence = 'p'
"""

LAST_DATE = "select max(as_of_date) from ops.publication_dates"


@dataclass(frozen=True)
class Case:
    """The number of portfolios of fifty positions, and of sessions of history.

    held: the sessions for which positions are held at the end; None: all.
    """

    portfolios: int
    sessions: int
    held: int | None = None


@dataclass(frozen=True)
class Load:
    """A run of the generator. rows, seconds: of the loads only; the process also generates the rows."""

    rows: int
    seconds: float
    process: Finished


@dataclass(frozen=True)
class Count:
    """A count of rows, and how long it took."""

    rows: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """All measurements of a case. Sizes in bytes, without the tables that each build refills.

    pairs: a count of the last date's correlation pairs. late_lot: the build after one lot of one portfolio
    was entered five sessions late. rebuilt: the rebuild of the last date.
    """

    case: Case
    load: Load
    history: Build
    size: int
    next_load: Load
    increment: Build
    growth: int
    floor: Floor
    pairs: Count
    late_lot: Build
    late_growth: int
    rebuilt: Build


@dataclass(frozen=True)
class Demonstration:
    """`sigmasight demo` in an empty folder, a nightly run with nothing new, a rebuild of the last date."""

    demo: Finished
    nothing_new: Finished
    increment: Build


def measure_case(case: Case, say: Say) -> Measured:
    """Load and build the history, then one more date, then its floor. Raises BenchmarkError."""
    with temporary_home() as home:
        warehouse = open_warehouse(Settings(sigmasight_home=home))
        load = run_load(warehouse, case)
        say(f"{load.rows:,} rows loaded in {load.seconds:.1f} s")
        history = run_nightly(warehouse)
        say(f"history built in {history.command.seconds:.1f} s")
        size = settle(warehouse)
        next_load = run_load(warehouse, case, "--next-date")
        keep_state(warehouse)
        increment = measure_increment(warehouse)
        growth = stored_size(warehouse) - size
        say(f"one more date built in {increment.command.seconds:.1f} s")
        floor = measure_floor(warehouse, increment)
        say(f"its statements run by psql in {floor.wall:.1f} s")
        pairs = measure_count(warehouse, "fct_correlation_pairs")
        say(f"{pairs.rows:,} correlation pairs counted in {pairs.seconds:.2f} s")
        late_lot, late_growth = measure_late_lot(warehouse, case)
        say(f"a lot entered late built in {late_lot.command.seconds:.1f} s")
        rebuilt = run_build(warehouse, "rebuild", "--from", last_date(warehouse).isoformat())
        say(f"the last date built again in {rebuilt.command.seconds:.1f} s")
    return Measured(
        case, load, history, size, next_load, increment, growth, floor, pairs, late_lot, late_growth, rebuilt
    )


def run_load(warehouse: Warehouse, case: Case, *options: str) -> Load:
    """Generate and load in a separate process."""
    command = [sys.executable, "-m", "tests.benchmarks.generate", *options]
    sizes = ["--portfolios", str(case.portfolios), "--sessions", str(case.sessions)]
    held = [] if case.held is None else ["--held", str(case.held)]
    done = run_process([*command, *sizes, *held], home=warehouse.settings.sigmasight_home)
    said = json.loads(done.output.splitlines()[-1])
    return Load(said["rows"], said["seconds"], done)


def measure_increment(warehouse: Warehouse) -> Build:
    """Build what is new on a restarted server, so that its cache is empty."""
    restart(warehouse)
    return run_nightly(warehouse)


def measure_floor(warehouse: Warehouse, increment: Build) -> Floor:
    """Measure the floor of the increment on the state before it; the built state is restored afterwards."""
    day = last_date(warehouse)
    script = write_script(warehouse, increment.nodes, warehouse.settings.warehouse_folder)
    swap_in_kept_state(warehouse)
    restart(warehouse)
    floor = run_floor(warehouse, increment.nodes, script)
    check_equal(warehouse, day)
    swap_in_built_state(warehouse)
    return floor


def measure_count(warehouse: Warehouse, mart: str) -> Count:
    """Count a mart's rows of the last date as an analyst, when they are in the server's cache."""
    statement = sql.SQL("select count(*) from {} where as_of_date = %s").format(sql.Identifier(mart))
    day = last_date(warehouse)
    with warehouse.connect_analyst(autocommit=True) as connection:
        connection.execute(statement, [day])
        begun = time.monotonic()
        rows = int(connection.execute(statement, [day]).fetchall()[0][0])
        return Count(rows, time.monotonic() - begun)


def measure_late_lot(warehouse: Warehouse, case: Case) -> tuple[Build, int]:
    """Build what a lot entered late changes; the build, and the growth of the tables in bytes."""
    before = settle(warehouse)
    run_load(warehouse, case, "--late-lot")
    build = run_nightly(warehouse)
    return build, stored_size(warehouse) - before


def last_date(warehouse: Warehouse) -> date:
    """The last published session."""
    with warehouse.connect_writer() as connection:
        day: date = connection.execute(LAST_DATE).fetchall()[0][0]
    return day


def settle(warehouse: Warehouse) -> int:
    """Run the maintenance that the server would do between two nightly runs; the stored size in bytes."""
    with administrator(warehouse, warehouse.settings.warehouse_database) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    return stored_size(warehouse)


def restart(warehouse: Warehouse) -> None:
    """Stop the server, which writes a checkpoint, and start it again."""
    stop_warehouse(warehouse.settings)
    open_warehouse(warehouse.settings)


def stored_size(warehouse: Warehouse) -> int:
    """Bytes on disk of all tables except those that each build empties (they are unlogged)."""
    with warehouse.connect_writer() as connection:
        return int(connection.execute(STORED_SIZE).fetchall()[0][0])


def measure_demonstration() -> Demonstration:
    """The demonstration as a new user runs it, and nightly runs after it. Raises BenchmarkError."""
    with temporary_home() as home:
        demo = run_process([SIGMASIGHT, "demo"], home=home)
        nothing_new = run_process([SIGMASIGHT, "nightly", "--force"], home=home)
        warehouse = open_warehouse(Settings(sigmasight_home=home))
        increment = run_build(warehouse, "rebuild", "--from", last_date(warehouse).isoformat())
    return Demonstration(demo, nothing_new, increment)
