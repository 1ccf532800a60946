"""`python -m tests.benchmarks.bench_positions`: 10,000 positions against pandas and a bare COPY.

The peer reads the same file with pandas and copies the same rows into a table of the same columns, without
any validation or comparison with earlier loads.
"""

import argparse
import io
import random
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from ingestion.raw.loads import Connection, LoadReport
from ingestion.statements.columns import COLUMNS
from ingestion.statements.load import load_positions
from tests.benchmarks.comparison import Comparison, once
from tests.benchmarks.measure import temporary_home
from tests.benchmarks.report import made_by, write_readme
from warehouse.connections import open_warehouse
from warehouse.settings import Settings

ROWS = 10_000
MOST_SECONDS = 5.0
TODAY, JUNE, JULY = date(2026, 2, 2), date(2025, 6, 30), date(2025, 7, 31)
PEER = "pandas.read_csv and COPY of the same rows, unchecked"
BEGIN, END = "<!-- positions: begin -->", "<!-- positions: end -->"


def measure() -> list[Comparison]:
    """Three statements of one portfolio: all lots new, the same again, and a tenth of lots sold (partly)."""
    with temporary_home() as home, _connection(home) as connection:
        june, july = home / "june.csv", home / "july.csv"
        june.write_text(_statement(sold=False))
        july.write_text(_statement(sold=True))
        peer_seconds = min(once(lambda: _peer(connection, june)) for _ in range(3))
        found = []
        for what, path, as_of in (
            ("validated and loaded, all lots new", june, JUNE),
            ("loaded again, nothing new", june, JUNE),
            ("as the next statement: 500 lots gone, 500 sold in part", july, JULY),
        ):
            seconds = once(lambda path=path, as_of=as_of: _load(connection, path, as_of))  # type: ignore[misc]
            found.append(_comparison(what, seconds, peer_seconds))
    return found


def _comparison(what: str, seconds: float, peer_seconds: float) -> Comparison:
    return Comparison(
        what=f"{ROWS:,} rows {what}",
        seconds=seconds,
        peer=PEER,
        peer_seconds=peer_seconds,
        peer_share=1.0,
        target=f"under {MOST_SECONDS:.0f} s",
        is_met=seconds < MOST_SECONDS,
    )


def _load(connection: Connection, path: Path, as_of: date) -> list[LoadReport]:
    return load_positions(
        connection,
        path,
        portfolio_name="Large",
        owner_email="jane@example.com",
        equity="10,000,000,000",
        statement_date=as_of,
        today=TODAY,
    )


def _statement(*, sold: bool) -> str:
    """Nine stocks per option, every tenth short; if sold, a twentieth of lots gone and a twentieth halved."""
    draw, lines = random.Random(7), [",".join(COLUMNS.values())]
    for number in range(ROWS):
        quantity = draw.randrange(2, 1000, 2) * (-1 if number % 10 == 1 else 1)
        entry = date(2023, 1, 3) + timedelta(days=draw.randrange(800))
        price = draw.randrange(10_000, 5_000_000) / 10_000
        symbol = f"S{number % 3000:04}" if number % 10 else f"S{number % 3000:04}270115C{number + 1:08}"
        kind = "PUBLIC,STOCK" if number % 10 else "OPTIONS,CALL"
        if sold and number % 20 == 3:
            continue
        quantity = quantity // 2 if sold and number % 20 == 7 else quantity
        lines.append(f"{symbol},{quantity},{price:.4f},{entry},{kind},,,,,,")
    return "\n".join(lines) + "\n"


def _peer(connection: Connection, path: Path) -> None:
    """Read the file and copy it into a temporary table."""
    frame = pd.read_csv(path)
    frame.insert(0, "id", [f"{number:032x}" for number in range(len(frame))])
    block = io.StringIO()
    frame.to_csv(block, index=False, header=False)
    with connection.transaction():
        columns = ", ".join(_PEER_COLUMNS)
        connection.execute(f"create temporary table peer as select {columns} from raw.positions with no data")
        with connection.cursor() as cursor, cursor.copy("copy peer from stdin (format csv)") as copy:
            copy.write(block.getvalue())
        connection.execute("drop table peer")


_PEER_COLUMNS = (
    *("position_id", "symbol", "quantity", "entry_price", "entry_date", "investment_class"),
    *("investment_subtype", "underlying_symbol", "strike_price", "expiration_date", "option_type"),
    *("exit_date", "exit_price"),
)


def _connection(home: Path) -> Connection:
    """A writer connection to a new embedded server."""
    warehouse = open_warehouse(Settings(sigmasight_home=home))
    return warehouse.connect_writer(application_name="benchmark", autocommit=True)


def _markdown(found: Sequence[Comparison]) -> str:
    """The comparisons as a table."""
    lines = [
        made_by("python -m tests.benchmarks.bench_positions --write"),
        "",
        f"| work | seconds | {PEER}, seconds | times the peer's | target | met |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    lines += [
        f"| {each.what} | {each.seconds:.2f} | {each.peer_seconds:.2f} | {1 / each.ratio:.0f} "
        f"| {each.target} | {'yes' if each.is_met else 'no'} |"
        for each in found
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_positions", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    asked = parser.parse_args(arguments)
    found = measure()
    report = _markdown(found)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report, BEGIN, END)
    return 0 if all(comparison.is_met for comparison in found) else 1


if __name__ == "__main__":
    sys.exit(main())
