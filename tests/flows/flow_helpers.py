"""Helpers for end-to-end tests: small data, the command line as a process, and all marts as rows."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar, sessions
from ingestion.statements.load import load_positions
from warehouse.connections import Warehouse
from warehouse.settings import project_root

ROOT = project_root()
SIGMASIGHT = Path(sys.executable).with_name("sigmasight")
PATIENCE_SECONDS = 600.0

SYMBOLS = {"SPY": 500.0, "AAPL": 200.0, "MSFT": 400.0, "TLT": 90.0}
FIRST_DATE, ENTRY_DATE = date(2025, 3, 3), date(2025, 6, 2)
LATE_DATE, LAST_DATE, NEW_DATE = date(2025, 7, 7), date(2025, 7, 10), date(2025, 7, 11)

POSITIONS = f"""\
Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,\
Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share
AAPL,100,200,{ENTRY_DATE},PUBLIC,STOCK,,,,,,
MSFT,-50,400,{ENTRY_DATE},PUBLIC,STOCK,,,,,,
TLT,200,90,{ENTRY_DATE},PUBLIC,ETF,,,,,{LATE_DATE},91
AAPL250815C00210000,2,6,{ENTRY_DATE},OPTIONS,CALL,AAPL,210,2025-08-15,CALL,,
MY_VC_FUND,1,50000,{ENTRY_DATE},PRIVATE,VENTURE_CAPITAL,,,,,,
"""

# Columns about the run itself, which differ between two runs with the same results.
OF_THE_RUN = (
    *("publication_id", "published_at", "superseded_at", "known_at", "dbt_invocation_id", "git_revision"),
    *("load_id", "started_at", "finished_at", "created_at", "updated_at"),
)


# --- small data ---------------------------------------------------------------------------------------------


def price_table() -> pd.DataFrame:
    """A seeded random walk of each symbol from FIRST_DATE to NEW_DATE: date, symbol, close."""
    days = sessions(FIRST_DATE, NEW_DATE)
    generator = np.random.default_rng(7)
    walks = {
        symbol: start * np.exp(np.cumsum(generator.normal(0, 0.01, len(days))))
        for symbol, start in SYMBOLS.items()
    }
    table = pd.DataFrame(walks, index=pd.Index(days, name="date")).round(4)
    return table.melt(ignore_index=False, var_name="symbol", value_name="close").reset_index()


def write_prices(folder: Path, table: pd.DataFrame) -> Path:
    """A folder with this table as its prices.csv."""
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "prices.csv", index=False)
    return folder


def load_history(warehouse: Warehouse, folder: Path) -> None:
    """The calendar, a portfolio and the prices up to LAST_DATE."""
    table = price_table()
    write_prices(folder, table[table["date"] <= np.datetime64(LAST_DATE)])
    positions = folder.parent / "positions.csv"
    positions.write_text(POSITIONS)
    with warehouse.connect_writer() as connection:
        load_calendar(connection)
        load_positions(
            connection,
            positions,
            portfolio_name="Test portfolio",
            owner_email="jane@example.com",
            equity=Decimal(100_000),
            statement_date=LAST_DATE,
        )
        load_folder(connection, folder)


def news(folder: Path) -> Path:
    """A folder with the prices of NEW_DATE and a late correction of one on LATE_DATE."""
    table = price_table()
    corrected = table[(table["date"] == np.datetime64(LATE_DATE)) & (table["symbol"] == "AAPL")].copy()
    corrected["close"] += 1
    return write_prices(folder, pd.concat([corrected, table[table["date"] == np.datetime64(NEW_DATE)]]))


# --- rows ---------------------------------------------------------------------------------------------------


def all_marts(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every row of every mart as text, without the columns about the run; sorted.

    Without the log of loads, which correctly shows that a killed run's file was read twice.
    """
    with warehouse.connect_analyst(autocommit=True) as connection:
        views = connection.execute(
            "select table_schema, table_name from information_schema.views"
            " where table_schema in ('marts', 'marts_history') and table_name <> 'fct_loads' order by 1, 2"
        ).fetchall()
        return {f"{schema}.{view}": _rows(connection, str(schema), str(view)) for schema, view in views}


def _rows(connection: psycopg.Connection[Any], schema: str, view: str) -> list[str]:
    query = sql.SQL(
        "select (to_jsonb(whole_row) - {}::text[])::text from {}.{} as whole_row order by 1"
    ).format(sql.Literal(list(OF_THE_RUN)), sql.Identifier(schema), sql.Identifier(view))
    return [row[0] for row in connection.execute(query)]


def one(warehouse: Warehouse, query: str, values: Any = None) -> Any:
    """The first value of the first row, None without one."""
    with warehouse.connect_writer(autocommit=True) as connection:
        row = connection.execute(query.encode(), values).fetchone()
    return row and row[0]


def last_run(warehouse: Warehouse) -> dict[str, Any]:
    """The newest row of ops.runs."""
    with warehouse.connect_writer(autocommit=True) as connection:
        cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
        row = cursor.execute("select * from ops.runs order by run_id desc limit 1").fetchone()
    assert row is not None
    return row


# --- runs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CommandLine:
    """The command line on one warehouse. prefect: Prefect's variables that name a server."""

    warehouse: Warehouse
    prefect: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        settings = self.warehouse.settings
        return {
            **os.environ,
            **settings.as_environment(),
            "SIGMASIGHT_HOME": str(settings.sigmasight_home),
            "WAREHOUSE_DATABASE": settings.warehouse_database,
            **self.prefect,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [SIGMASIGHT, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def succeed(self, *arguments: str) -> str:
        """Run a command that must succeed; its output."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def wait_until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition; fails the test on a timeout."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < PATIENCE_SECONDS, f"timed out waiting until {what}"
        time.sleep(0.05)


@dataclass
class Stopped:
    """A command that waits, and what it printed after it went on."""

    process: subprocess.Popen[str]
    output: str = ""


@contextmanager
def stopped_at(command: CommandLine, lock: str, *arguments: str) -> Iterator[Stopped]:
    """A command that waits for a lock held by the test, until the end of the body; then it runs to its end.

    lock: the statement that takes the lock. This stops a run at exactly one step, without hooks in the code
    under test.
    """
    with command.warehouse.connect_writer(application_name="barrier") as barrier:
        barrier.execute(lock.encode())
        process = command.start(*arguments)
        stopped = Stopped(process)
        try:
            wait_until(
                lambda: waits(command, barrier) or process.poll() is not None, f"the run waits for: {lock}"
            )
            assert process.poll() is None, process.communicate()
            yield stopped
        finally:
            barrier.rollback()
            if process.poll() is None:
                stopped.output, _ = process.communicate(timeout=PATIENCE_SECONDS)


def waits(command: CommandLine, barrier: psycopg.Connection[Any]) -> bool:
    """Whether a session waits for the barrier's session."""
    query = "select exists (select from pg_stat_activity where %s = any(pg_blocking_pids(pid)))"
    return bool(one(command.warehouse, query, [barrier.info.backend_pid]))


def kill_at(command: CommandLine, lock: str, *arguments: str) -> None:
    """Kill a command with SIGKILL while it waits for the lock."""
    with stopped_at(command, lock, *arguments) as stopped:
        stopped.process.send_signal(signal.SIGKILL)
        stopped.process.wait(60)
    assert stopped.process.returncode == -signal.SIGKILL
