"""The floor of a build: the statements that dbt sent to the server, replayed by psql.

They run on a copy of the database from before the build, sequentially in the order in which dbt finished
them, and in dbt's transactions. For a Python model, its rows are copied.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.benchmarks.builds import WRITTEN, Node
from tests.benchmarks.measure import BenchmarkError, run_process
from warehouse.connections import Warehouse
from warehouse.embedded_host import program
from warehouse.urls import make_url, url_parts

COPY = "sigmasight_before"
BUILT = "sigmasight_built"

DATED_TABLES = """
select columns.table_schema, columns.table_name
from information_schema.columns
join information_schema.tables using (table_schema, table_name)
where
    columns.table_schema in ('intermediate', 'published')
    and columns.column_name = 'as_of_date' and tables.table_type = 'BASE TABLE'
order by 1, 2
"""

LAST_PUBLICATION = """
select from_date, to_date, known_at, publication_id from ops.publications order by publication_id desc limit 1
"""

CHECKSUM = (
    "select count(*), sum(hashtextextended({table}::text, 0)) from {schema}.{table} where as_of_date = {day}"
)

_MARK = "node "
_TIME = re.compile(r"Time: ([0-9.]+) ms")


@dataclass(frozen=True)
class Floor:
    """Seconds of psql. wall: of the whole process. models, tests: of their statements."""

    wall: float
    models: float
    tests: float
    by_node: dict[str, float]


def keep_state(warehouse: Warehouse) -> None:
    """Copy the warehouse's database, file by file. It must have no other connections."""
    with administrator(warehouse) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(COPY), sql.Identifier(warehouse.settings.warehouse_database)
            )
        )


def swap_in_kept_state(warehouse: Warehouse) -> None:
    """Give the copy the warehouse's name, which dbt's statements contain, and rename the built database."""
    name = warehouse.settings.warehouse_database
    with administrator(warehouse) as connection:
        for old, new in ((name, BUILT), (COPY, name)):
            connection.execute(
                sql.SQL("alter database {} rename to {}").format(sql.Identifier(old), sql.Identifier(new))
            )


def swap_in_built_state(warehouse: Warehouse) -> None:
    """Give the built database its name back, and drop the copy. There must be no other connections."""
    name = sql.Identifier(warehouse.settings.warehouse_database)
    with administrator(warehouse) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(name))
        connection.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(BUILT), name))


def write_script(warehouse: Warehouse, nodes: Sequence[Node], folder: Path) -> Path:
    """The script for psql. Call it while the built database still has its name, because it is read."""
    lines = ["\\set ON_ERROR_STOP on", "\\o /dev/null", *_settings(warehouse), "\\timing on"]
    for node in nodes:
        if node.materialized == "seed":  # one row, and its file is not SQL
            continue
        lines += [f"\\echo {_MARK}{node.name}", *_statements(warehouse, node, folder)]
    script = folder / "floor.sql"
    script.write_text("\n".join(lines) + "\n")
    return script


def _settings(warehouse: Warehouse) -> Iterator[str]:
    """The settings of the last build (see flows.pipeline.window.build_settings), for psql."""
    with warehouse.connect_writer() as connection:
        first, last, known_at, number = connection.execute(LAST_PUBLICATION).fetchall()[0]
    settings = {"first_date": first, "from_date": first, "to_date": last}
    settings |= {"known_at": known_at.isoformat(), "publication_id": number}
    for name, value in settings.items():
        yield f"set sigmasight.{name} = '{value}';"


def _statements(warehouse: Warehouse, node: Node, folder: Path) -> Iterator[str]:
    """The statements that dbt runs for a node, including analyze after a model that wrote rows."""
    yield "begin;"
    if node.is_python:
        yield from _rows_of_python_model(warehouse, node, folder)
    else:
        yield node.file.read_text().rstrip().rstrip(";") + "\n;"
    yield "commit;"
    if node.materialized in WRITTEN and node.rows > 0:
        yield f"analyze {node.relation};"


def _rows_of_python_model(warehouse: Warehouse, node: Node, folder: Path) -> Iterator[str]:
    """Export the model's rows from the built database; the statements that copy them in."""
    rows = folder / f"{node.name}.csv"
    table = node.relation.split(".", 1)[1]  # \\copy does not accept three-part names
    with warehouse.connect_writer() as connection, connection.cursor() as cursor:
        newest = f"select * from {table}"
        if node.materialized == "mart":
            newest += f" where publication_id = (select max(publication_id) from {table})"
        with cursor.copy(sql.SQL("copy ({}) to stdout (format csv)").format(sql.SQL(newest))) as copy:
            rows.write_bytes(b"".join(copy))
    if node.materialized == "build_table":
        yield f"truncate {table};"
    yield f"\\copy {table} from '{rows}' (format csv)"


def run_floor(warehouse: Warehouse, nodes: Sequence[Node], script: Path) -> Floor:
    """Run the script on the database with the warehouse's name. Raises BenchmarkError."""
    command: list[str | Path] = [program("psql"), "--no-psqlrc", "--quiet", "--file", script]
    done = run_process([*command, warehouse.writer_url], home=warehouse.settings.sigmasight_home)
    by_node = _seconds_by_node(done.output)
    tests = sum(by_node[node.name] for node in nodes if node.is_test)
    return Floor(done.seconds, sum(by_node.values()) - tests, tests, by_node)


def _seconds_by_node(output: str) -> dict[str, float]:
    """Total time of the statements by node, from the node names that the script echoes."""
    seconds: dict[str, float] = {}
    node = ""
    for line in output.splitlines():
        if line.startswith(_MARK):
            node = line.removeprefix(_MARK)
            seconds[node] = 0.0
        elif found := _TIME.match(line):
            seconds[node] += float(found[1]) / 1000
    return seconds


def check_equal(warehouse: Warehouse, day: date) -> int:
    """Compare the rows of the date in every table with those that dbt wrote; the number of rows.

    Raises BenchmarkError naming the tables that differ, because then psql did not do the same work.
    """
    built = replace(warehouse, writer_url=make_url({**url_parts(warehouse.writer_url), "dbname": BUILT}))
    expected, found = _checksums(built, day), _checksums(warehouse, day)
    different = sorted(
        table for table in expected.keys() | found.keys() if expected.get(table) != found.get(table)
    )
    if different:
        raise BenchmarkError(f"psql and dbt wrote different rows into {', '.join(different)}.")
    return sum(count for count, _ in found.values())


def _checksums(warehouse: Warehouse, day: date) -> dict[str, tuple[int, Any]]:
    """Count and sum of hashes of the rows of a date, by table."""
    with warehouse.connect_writer() as connection:
        tables = connection.execute(DATED_TABLES).fetchall()
        return {
            f"{schema}.{table}": connection.execute(
                sql.SQL(CHECKSUM).format(
                    schema=sql.Identifier(schema), table=sql.Identifier(table), day=sql.Literal(day)
                )
            ).fetchall()[0]
            for schema, table in tables
        }


@contextmanager
def administrator(warehouse: Warehouse, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
    """A superuser connection to a database of the server."""
    url = make_url({**url_parts(warehouse.admin_url), "dbname": database})
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
