"""Packed marts compared with the same rows in a table of rows: megabytes, writing a session, and reading.

    python -m tests.benchmarks.bench_packed --home FOLDER [--write]

FOLDER is a home with a published warehouse, such as one that bench_api built. The table of rows has the key
and the index of a mart that is not packed; it is made in a transaction that is rolled back.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from tests.benchmarks.comparison import best_of, once
from tests.benchmarks.report import made_by, write_readme
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

BEGIN, END = "<!-- packed: begin -->", "<!-- packed: end -->"
Connection = psycopg.Connection[Any]

MARTS = """
select relname::text, array_agg(attname::text order by attnum)
from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 3 and not attisdropped
where relnamespace = 'published'::regnamespace and relkind = 'r' and relname like 'packed%'
group by relname order by relname
"""
ROWS = """
create table published.bench_rows as select *, row_number() over () as place from published.{mart};
alter table published.bench_rows add primary key (portfolio_id, as_of_date, place, publication_id);
create index on published.bench_rows using brin (publication_id, as_of_date) with (pages_per_range = 32);
create table published.bench_session as select * from published.bench_rows where as_of_date = {last};
update published.bench_session set publication_id = publication_id + 1;
create table published.bench_packed (like published.{packed} including all);
analyze published.bench_rows
"""
PACK = "insert into published.bench_packed {select} from published.bench_session group by 1, 2, 3"
WRITE = "insert into published.bench_rows table published.bench_session"
ARRAYS = (
    "select attname::text from pg_attribute where attrelid = %s::regclass and atttypid = '_text'::regtype"
)
SIZE = "select pg_total_relation_size(%s::regclass)"
LAST = "select max(as_of_date), min(portfolio_id::text)::uuid from marts.fct_portfolio_snapshots"
READS = {
    "a portfolio and date": "portfolio_id = {portfolio} and as_of_date = {last}",
    "a portfolio's history": "portfolio_id = {portfolio}",
    "a date of all portfolios": "as_of_date = {last}",
}


class Measured(NamedTuple):
    """A mart packed and as rows, in this order: megabytes, seconds of writing a session and of each read."""

    mart: str
    rows: int
    size: tuple[float, float]
    writing: tuple[float, float]
    reading: list[tuple[float, float]]


def measure(connection: Connection) -> list[Measured]:
    """All packed marts."""
    return [_mart(connection, packed, columns) for packed, columns in connection.execute(MARTS).fetchall()]


def _mart(connection: Connection, packed: str, columns: list[str]) -> Measured:
    mart = packed.removeprefix("packed_")
    last, portfolio = connection.execute(LAST).fetchone() or (None, None)
    names = {
        "mart": sql.Identifier(mart),
        "packed": sql.Identifier(packed),
        "last": sql.Literal(last),
        "portfolio": sql.Literal(portfolio),
    }
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL(ROWS).format(**names))
        count = connection.execute("select count(*) from published.bench_rows").fetchone() or (0,)
        size = [_size(connection, name) for name in (f"published.{packed}", "published.bench_rows")]
        reading = [
            (_read(connection, mart, where, names), _read(connection, "bench_rows", where, names))
            for where in READS.values()
        ]
        pack = sql.SQL(PACK).format(select=_packing(connection, packed, columns))
        writing = once(lambda: connection.execute(pack)), once(lambda: connection.execute(WRITE))
    return Measured(mart, int(count[0]), (size[0], size[1]), writing, reading)


def _packing(connection: Connection, packed: str, columns: list[str]) -> sql.Composed:
    """The select that packs rows, with text in place of arrays."""
    rows = connection.execute(ARRAYS, [f"published.{packed.removeprefix('packed_')}"]).fetchall()
    arrays = {name for (name,) in rows}
    packs = [
        sql.SQL("array_agg({name}{text} order by place)").format(
            name=sql.Identifier(name), text=sql.SQL("::text" if name in arrays else "")
        )
        for name in columns
    ]
    return sql.SQL("select publication_id, portfolio_id, as_of_date, {}").format(sql.SQL(", ").join(packs))


def _size(connection: Connection, table: str) -> float:
    found = connection.execute(SIZE, [table]).fetchone() or (0,)
    return float(found[0]) / 1e6


def _read(connection: Connection, table: str, where: str, names: dict[str, sql.Composable]) -> float:
    query = sql.SQL("select * from published.{} where ").format(sql.Identifier(table))
    whole = query + sql.SQL(where).format(**names)
    return best_of(lambda: connection.execute(whole).fetchall())


def _markdown(found: list[Measured]) -> str:
    header = [
        "mart",
        "rows",
        "MB packed / rows",
        "writing a session, ms",
        *(f"reading {what}, ms" for what in READS),
    ]
    lines = [
        made_by("python -m tests.benchmarks.bench_packed --home FOLDER --write"),
        "",
        f"| {' | '.join(header)} |",
        f"| --- {'| ---: ' * (len(header) - 1)}|",
    ]
    for one in found:
        times = [_pair(*(1000 * seconds for seconds in pair)) for pair in (one.writing, *one.reading)]
        lines.append(f"| `{one.mart}` | {one.rows:,} | {_pair(*one.size)} | {' | '.join(times)} |")
    total = [sum(one.size[place] for one in found) for place in (0, 1)]
    lines.append(f"| together | {sum(one.rows for one in found):,} | {_pair(*total)} {'| ' * len(READS)}| |")
    return "\n".join(lines)


def _pair(packed: float, rows: float) -> str:
    return f"{packed:,.1f} / {rows:,.1f} ({packed / rows:.2f})"


def main() -> int:
    """Measure and print; 0 if the packed tables have at most a third of the bytes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_packed", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home with a published warehouse")
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    asked = parser.parse_args()
    warehouse: Warehouse = open_warehouse(Settings(sigmasight_home=asked.home))
    with warehouse.connect_writer() as connection:
        found = measure(connection)
    report = _markdown(found)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report + "\n", BEGIN, END)
    return 0 if 3 * sum(one.size[0] for one in found) <= sum(one.size[1] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
