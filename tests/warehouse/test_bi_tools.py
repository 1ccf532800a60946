"""Every column of every mart through the drivers of BI tools: SQLAlchemy's reflection, and ODBC."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pgvector.sqlalchemy  # noqa: F401 - SQLAlchemy knows the type vector by it
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.sql.sqltypes import NullType

from warehouse.connections import Warehouse
from warehouse.urls import url_parts

pytestmark = pytest.mark.slow

COLUMNS = """
select
    table_name, column_name,
    case when data_type in ('ARRAY', 'USER-DEFINED') then udt_name else data_type end
from information_schema.columns where table_schema = 'marts' order by table_name, ordinal_position
"""
INSTANT = datetime(2025, 9, 12, 23, 36, 41, 104233, tzinfo=UTC)
ID = UUID("8f14e45f-ceea-467f-a9d1-7f5d1c0b2a33")
SAMPLES: dict[str, tuple[str, Any, Any]] = {
    "uuid": (f"'{ID}'", ID, str(ID).upper()),
    "text": ("'Zürich, \"a\" & 5 €'", 'Zürich, "a" & 5 €', 'Zürich, "a" & 5 €'),
    "date": ("'2025-09-12'", date(2025, 9, 12), date(2025, 9, 12)),
    "timestamp with time zone": (f"'{INSTANT.isoformat()}'", INSTANT, INSTANT.replace(tzinfo=None)),
    "integer": ("-7", -7, -7),
    "bigint": ("9007199254740993", 2**53 + 1, 2**53 + 1),
    "double precision": ("0.1", 0.1, 0.1),
    "numeric": ("-123524.0049", Decimal("-123524.0049"), Decimal("-123524.0049")),
    "boolean": ("true", True, True),
    "_text": ("'{a,b}'", ["a", "b"], "{a,b}"),
    "_int4": ("'{1,2}'", [1, 2], "{1,2}"),
    "vector": ("'[1,-2.5]'", [1.0, -2.5], "[1,-2.5]"),
}
"""PostgreSQL's types of the marts' columns: a value in SQL, by SQLAlchemy and by ODBC.

ODBC knows no time zone, and neither ids, lists nor vectors but as text; pyodbc writes ids in capitals.
"""

DRIVER = os.environ.get("SIGMASIGHT_TEST_ODBC_DRIVER", "/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so")
"""Debian's package odbc-postgresql."""


Types = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def types(demo: Warehouse) -> Types:
    """The type of each column by mart."""
    found: Types = {}
    with demo.connect_analyst() as connection:
        for mart, column, name in connection.execute(COLUMNS).fetchall():
            found.setdefault(mart, {})[column] = name
    return found


def engine_of(warehouse: Warehouse) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(warehouse.analyst_url)
    )


def test_every_type_is_known(types: Types) -> None:
    assert len(types) > 40
    assert {name for columns in types.values() for name in columns.values()} == SAMPLES.keys()


def test_sqlalchemy_reflects_every_column_with_its_type_and_comment(types: Types, demo: Warehouse) -> None:
    metadata, engine = sqlalchemy.MetaData(), engine_of(demo)
    metadata.reflect(engine, schema="marts", views=True)
    engine.dispose()
    assert {table.name for table in metadata.tables.values()} == types.keys()
    for table in metadata.tables.values():
        assert table.comment, table.name
        assert [column.name for column in table.columns] == [*types[table.name]]
        for column in table.columns:
            assert not isinstance(column.type, NullType), column
            assert column.comment, column
            assert "Unit: " in column.comment, column


@pytest.fixture(scope="module")
def sampled(module_warehouse: Warehouse) -> Warehouse:
    """A warehouse with a row of every type, and one of nulls."""
    columns = [f'"{name}" {name if name[0] != "_" else f"{name[1:]}[]"}' for name in SAMPLES]
    values = ", ".join(sample[0] for sample in SAMPLES.values())
    nulls = ", ".join("null" for _ in SAMPLES)
    with module_warehouse.connect_writer() as connection:
        connection.execute(f"create table marts.sampled (row_number integer, {', '.join(columns)})".encode())
        connection.execute(f"insert into marts.sampled values (1, {values}), (2, {nulls})".encode())
        connection.execute("grant select on marts.sampled to sigmasight_analyst")
    return module_warehouse


def test_sqlalchemy_reads_every_type(sampled: Warehouse) -> None:
    engine = engine_of(sampled)
    table = sqlalchemy.Table("sampled", sqlalchemy.MetaData(), schema="marts", autoload_with=engine)
    with engine.connect() as connection:
        full, empty = connection.execute(sqlalchemy.select(table).order_by(table.c.row_number)).fetchall()
    engine.dispose()
    assert [*full[1:]] == [sample[1] for sample in SAMPLES.values()]
    assert [*empty[1:]] == [None] * len(SAMPLES)


# --- ODBC -----------------------------------------------------------------------------------------


@contextmanager
def odbc(warehouse: Warehouse) -> Iterator[Any]:
    """An analyst's connection by ODBC, as Excel and Power BI make it."""
    pyodbc = pytest.importorskip("pyodbc", reason="pyodbc or unixODBC is not installed", exc_type=ImportError)
    if not Path(DRIVER).exists():
        pytest.skip(
            f"no ODBC driver in {DRIVER}: install odbc-postgresql, or set SIGMASIGHT_TEST_ODBC_DRIVER"
        )
    parts = url_parts(warehouse.analyst_url)
    login = {
        "Driver": DRIVER,
        "Servername": parts["host"],
        "Port": parts["port"],
        "Database": parts["dbname"],
        "Username": parts["user"],
        "Password": f"{{{parts['password']}}}",
        "BoolsAsChar": "0",
    }
    connection = pyodbc.connect(";".join(f"{key}={value}" for key, value in login.items()))
    try:
        yield connection
    finally:
        connection.close()


def test_odbc_lists_every_column(types: Types, demo: Warehouse) -> None:
    listed: dict[str, list[str]] = {}
    with odbc(demo) as connection:
        for row in connection.cursor().columns(schema="marts"):
            listed.setdefault(row.table_name, []).append(row.column_name)
            assert row.remarks is not None
    assert listed == {mart: [*columns] for mart, columns in types.items()}


def test_odbc_reads_every_type(sampled: Warehouse) -> None:
    with odbc(sampled) as connection:
        full, empty = connection.cursor().execute("select * from sampled order by row_number").fetchall()
    assert [*full[1:]] == [sample[2] for sample in SAMPLES.values()]
    assert [*empty[1:]] == [None] * len(SAMPLES)
