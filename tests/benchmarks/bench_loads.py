"""`python -m tests.benchmarks.bench_loads [--write]`: prices of 5,000 symbols from files, against bare COPY.

Each load is `sigmasight load prices FOLDER`, a process measured from outside, on its own database. The peer
is psql: COPY of the same rows from a CSV file into a table with the same columns, constraints and indexes
(and, to show the cost of those, into one without).
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from ingestion.market.calendar import last_closed_session, sessions
from tests.benchmarks.measure import SIGMASIGHT, Finished, run_process, temporary_home
from tests.benchmarks.report import made_by, write_readme
from warehouse.connections import Warehouse, open_warehouse
from warehouse.embedded_host import program
from warehouse.settings import Settings

BEGIN, END = "<!-- loads: begin -->", "<!-- loads: end -->"
COMMAND = "python -m tests.benchmarks.bench_loads --write"

SYMBOLS, SESSIONS = 5_000, 1_260
MOST_SECONDS, MOST_TIMES, MOST_MEMORY_MB, MOST_NIGHTLY_SECONDS = 60.0, 2.0, 1000.0, 3.0


@dataclass(frozen=True)
class Line:
    """One measured process. target: its limit; is_met None for a peer without a target."""

    what: str
    rows: int
    done: Finished
    target: str = ""
    is_met: bool | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_loads", description=__doc__)
    parser.add_argument("--symbols", type=int, default=SYMBOLS)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    asked = parser.parse_args(arguments)
    lines = measure(asked.symbols, asked.sessions)
    report = markdown(lines)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report, BEGIN, END)
    return 0 if all(line.is_met is not False for line in lines) else 1


@dataclass(frozen=True)
class Files:
    """Folders of price files, and the number of rows of the first two and of the last."""

    in_parquet: Path
    in_csv: Path
    nightly: Path
    rows: int
    rows_of_a_night: int


def measure(symbols: int, count: int) -> list[Line]:
    """The loads and their peers, one after the other, in one embedded server."""
    with temporary_home() as home:
        # in a separate process: a forked child's peak memory includes that of its parent at the fork
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as aside:
            files = aside.submit(write_files, home, symbols, count).result()
        return _measure(home, files)


def write_files(folder: Path, symbols: int, count: int) -> Files:
    """A history of `count` sessions in Parquet and in CSV, and one more session."""
    days = sessions(end=last_closed_session())[-count - 1 :]
    table = make_prices(symbols, days)
    files = Files(folder / "parquet", folder / "csv", folder / "nightly", symbols * count, symbols)
    for place in (files.in_parquet, files.in_csv, files.nightly):
        place.mkdir()
    is_new = pc.equal(table["date"], pa.scalar(days[-1].item()))
    history = table.filter(pc.invert(is_new))
    parquet.write_table(history, files.in_parquet / "prices.parquet")
    arrow_csv.write_csv(history, files.in_csv / "prices.csv")
    parquet.write_table(table.filter(is_new), files.nightly / "prices.parquet")
    return files


def _measure(home: Path, files: Files) -> list[Line]:
    first, second = (
        open_warehouse(Settings(sigmasight_home=home, warehouse_database=name)) for name in ("one", "other")
    )
    by_parquet = _load(first, files.in_parquet)
    by_csv = _load(second, files.in_csv)
    shutil.rmtree(files.in_csv)  # free disk space: the peer's file is as large
    exported = _export(first, home / "rows.csv")
    indexed = _bare_copy(first, exported, "including all")
    plain = _bare_copy(first, exported, "")
    exported.unlink()
    night = _load(first, files.nightly)
    _check(first, files.rows + files.rows_of_a_night)
    _check(second, files.rows)
    return [
        _bulk("`sigmasight load prices`, Parquet", files.rows, by_parquet, indexed.seconds),
        _bulk("`sigmasight load prices`, CSV", files.rows, by_csv, indexed.seconds),
        Line("bare COPY into the same table (psql)", files.rows, indexed),
        Line("bare COPY into a table without constraints and indexes (psql)", files.rows, plain),
        Line(
            f"`sigmasight load prices`, one more session into those {files.rows:,}",
            files.rows_of_a_night,
            night,
            f"under {MOST_NIGHTLY_SECONDS:.0f} s",
            night.seconds < MOST_NIGHTLY_SECONDS,
        ),
    ]


def _bulk(what: str, rows: int, done: Finished, peer_seconds: float) -> Line:
    times = done.seconds / peer_seconds
    return Line(
        what,
        rows,
        done,
        f"under {MOST_SECONDS:.0f} s, {MOST_TIMES:.0f} times the bare COPY ({times:.2f}) and 1 GB",
        done.seconds < MOST_SECONDS and times <= MOST_TIMES and done.peak_memory_mb < MOST_MEMORY_MB,
    )


def make_prices(symbols: int, days: np.ndarray) -> pa.Table:
    """A seeded random walk for each symbol, with adjusted closes and volumes, by symbol and date."""
    generator = np.random.default_rng(5)
    rows = symbols * len(days)
    walk = np.cumsum(generator.normal(0, 0.01, (symbols, len(days))), axis=1)
    close = np.round(50 * np.exp(walk), 4).ravel()
    names = pa.array([f"S{number:05}" for number in range(symbols)])
    codes = pa.array(np.repeat(np.arange(symbols, dtype=np.int32), len(days)))
    return pa.table(
        {
            "date": np.tile(days, symbols),
            "symbol": pa.DictionaryArray.from_arrays(codes, names),
            "open": np.round(close * 1.001, 4),
            "high": np.round(close * 1.01, 4),
            "low": np.round(close * 0.99, 4),
            "close": close,
            "adj_close": np.round(close * 0.97, 4),
            "volume": generator.integers(1_000, 10_000_000, rows),
        }
    )


def _load(warehouse: Warehouse, folder: Path) -> Finished:
    _settle(warehouse)
    return run_process(
        [SIGMASIGHT, "load", "prices", folder],
        home=warehouse.settings.sigmasight_home,
        WAREHOUSE_DATABASE=warehouse.settings.warehouse_database,
    )


def _export(warehouse: Warehouse, path: Path) -> Path:
    """The rows that the load wrote, as CSV."""
    _psql(warehouse, f"\\copy raw.prices to '{path}' (format csv)")
    return path


def _bare_copy(warehouse: Warehouse, path: Path, like: str) -> Finished:
    """COPY the file into a copy of the table raw.prices."""
    with psycopg.connect(warehouse.writer_url, autocommit=True) as connection:
        connection.execute("drop table if exists raw.twin")
        connection.execute(f"create table raw.twin (like raw.prices {like})".encode())
    _settle(warehouse)
    done = _psql(warehouse, f"\\copy raw.twin from '{path}' (format csv)")
    with psycopg.connect(warehouse.writer_url, autocommit=True) as connection:
        connection.execute("drop table raw.twin")
    return done


def _psql(warehouse: Warehouse, command: str) -> Finished:
    return run_process(
        [program("psql"), "--no-psqlrc", "--quiet", "--command", command, warehouse.writer_url],
        home=warehouse.settings.sigmasight_home,
    )


def _settle(warehouse: Warehouse) -> None:
    """Write a checkpoint, so that each step starts from the same state."""
    with psycopg.connect(warehouse.admin_url, autocommit=True) as connection:
        connection.execute("checkpoint")


def _check(warehouse: Warehouse, rows: int) -> None:
    with psycopg.connect(warehouse.writer_url) as connection:
        found = connection.execute("select count(*) from raw.prices").fetchone()
    assert found == (rows,), found


def markdown(lines: Sequence[Line]) -> str:
    """The measurements as a table."""
    table = [
        made_by(COMMAND),
        "",
        "| what | rows | seconds | rows per second | peak memory of the process | target | met |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    words = {True: "yes", False: "no", None: ""}
    for line in lines:
        memory = f"{line.done.peak_memory_mb:,.0f} MB" if line.target else ""
        table.append(
            f"| {line.what} | {line.rows:,} | {line.done.seconds:.1f} | {line.rows / line.done.seconds:,.0f} "
            f"| {memory} | {line.target} | {words[line.is_met]} |"
        )
    return "\n".join(table) + "\n"


if __name__ == "__main__":
    sys.exit(main())
