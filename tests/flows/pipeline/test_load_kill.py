"""kill -9 in the middle of a load, twice in a row: no partial load, and the third ends as if undisturbed.

Each load runs in its own process, which waits for a lock held by the test and is killed there. No build is
needed: the raw tables are the state.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar
from ingestion.portfolios.tags import load_tags
from ingestion.statements.load import load_positions
from tests.flows.flow_helpers import LAST_DATE, POSITIONS, one, price_table, wait_until, write_prices
from warehouse.connections import Warehouse

# the server imports everything once, and each process to kill is forked from it
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["ingestion.files.folder", "ingestion.statements.load"])

OF_THE_LOAD = ["load_id", "loaded_at", "started_at", "finished_at"]


def write_files(folder: Path) -> Path:
    """A folder with one file of each kind, and next to it a statement and tags."""
    write_prices(folder, price_table().head(400))
    (folder / "corporate_actions.csv").write_text("symbol,ex_date,action,value\nAAPL,2025-07-08,split,2\n")
    (folder / "rates.csv").write_text("date,series,value\n2025-07-08,DGS10,4.25\n")
    (folder / "capital_flows.csv").write_text("portfolio_name,flow_date,amount\nMine,2025-07-01,100\n")
    (folder / "private_marks.csv").write_text(
        "portfolio_name,symbol,mark_date,price\nMine,MY_VC_FUND,2025-07-01,51000\n"
    )
    (folder.parent / "statement.csv").write_text(POSITIONS)
    (folder.parent / "tags.csv").write_text("portfolio_name,symbol,tag\nMine,AAPL,growth\n")
    return folder


def statement(warehouse: Warehouse, folder: Path) -> None:
    with warehouse.connect_writer() as connection:
        load_positions(
            connection,
            folder.parent / "statement.csv",
            portfolio_name="Mine",
            owner_email="jane@example.com",
            equity=Decimal(100_000),
            statement_date=LAST_DATE,
        )


def files(warehouse: Warehouse, folder: Path) -> None:
    with warehouse.connect_writer() as connection:
        load_folder(connection, folder)


def tags(warehouse: Warehouse, folder: Path) -> None:
    with warehouse.connect_writer() as connection:
        load_tags(connection, folder.parent / "tags.csv")


# In the order in which a user runs them, each with the table whose lock stops the load at that step.
STEPS: list[tuple[Callable[[Warehouse, Path], None], str]] = [
    (statement, "raw.portfolios"),
    (statement, "raw.positions"),
    (files, "raw.corporate_actions"),
    (files, "raw.prices"),
    (files, "raw.capital_flows"),
    (files, "raw.private_marks"),
    (tags, "raw.position_tags"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "files")


@pytest.fixture(scope="module")
def undisturbed(
    copy_warehouse: Callable[..., Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, list[str]]]:
    warehouse = copy_warehouse()
    folder = write_files(tmp_path_factory.mktemp("undisturbed") / "files")
    with warehouse.connect_writer() as connection:
        load_calendar(connection)
    for load in (statement, files, tags):
        load(warehouse, folder)
    return state(warehouse)


def state(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every row of raw and of the record of loads, without times and load ids."""
    with warehouse.connect_writer(autocommit=True) as connection:
        names = connection.execute(
            "select schemaname || '.' || tablename from pg_tables "
            "where schemaname = 'raw' or tablename in ('loads', 'rejected_rows') order by 1"
        ).fetchall()
        return {name: _rows(connection, name) for (name,) in names if name != "raw.calendar_days"}


def _rows(connection: psycopg.Connection[tuple[object, ...]], table: str) -> list[str]:
    query = f"select (to_jsonb(t) - %s::text[] - 'origin')::text from {table} as t order by 1"
    return [str(row[0]) for row in connection.execute(query.encode(), [OF_THE_LOAD])]


def kill(warehouse: Warehouse, load: Callable[[Warehouse, Path], None], folder: Path, table: str) -> None:
    """Run the load in its own process, and kill it while it waits for the table."""
    blocked = "select exists (select from pg_stat_activity where %s = any(pg_blocking_pids(pid)))"
    with warehouse.connect_writer(application_name="barrier") as barrier:
        barrier.execute(f"lock table {table}".encode())
        process = PROCESSES.Process(target=load, args=(warehouse, folder))
        process.start()
        wait_until(
            lambda: one(warehouse, blocked, [barrier.info.backend_pid]) or not process.is_alive(), table
        )
        assert process.is_alive(), f"the load did not wait for {table}"
        process.kill()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        barrier.rollback()
    ended = (
        "select not exists (select from pg_stat_activity where datname = current_database() "
        "and state <> 'idle' and pid <> pg_backend_pid() and backend_type = 'client backend')"
    )
    wait_until(lambda: one(warehouse, ended), "the server has ended the killed load")


@pytest.mark.long
def test_a_load_killed_twice_at_each_step_ends_as_if_undisturbed(
    empty_warehouse: Warehouse, undisturbed: dict[str, list[str]], folder: Path
) -> None:
    with empty_warehouse.connect_writer() as connection:
        load_calendar(connection)
    for number, (load, table) in enumerate(STEPS):
        before = state(empty_warehouse)[table]
        for _ in range(2):
            kill(empty_warehouse, load, folder, table)
            assert state(empty_warehouse)[table] == before
        is_last_of_its_load = number + 1 == len(STEPS) or STEPS[number + 1][0] is not load
        if is_last_of_its_load:
            load(empty_warehouse, folder)
    after = state(empty_warehouse)
    raw = [table for table in undisturbed if table.startswith("raw.")]
    assert {table: after[table] for table in raw} == {table: undisturbed[table] for table in raw}
    assert after["ops.rejected_rows"] == undisturbed["ops.rejected_rows"]
    # files loaded before the kill are kept: the next run reads them and finds nothing new
    new = [row for row in after["ops.loads"] if '"rows_new": 0' not in row]
    assert new == undisturbed["ops.loads"]
