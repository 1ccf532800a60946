"""A warehouse that is emptied after each test: in a tenth of the time that a new copy takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from tests.database_copies import drop
from warehouse.connections import Warehouse

TABLES = """
select schemaname, tablename from pg_tables where schemaname in ('raw', 'ops') order by 1, 2
"""
SEQUENCES = """
select schemaname, sequencename from pg_sequences where schemaname in ('raw', 'ops') order by 1, 2
"""
OBJECTS = """
select
    (select md5(string_agg(concat_ws(' ', oid, relname, relacl, relowner), ',' order by oid))
        from pg_class where oid > 16383 and relpersistence = 'p' and relkind <> 't'),
    (select md5(string_agg(concat_ws(' ', oid, xmin), ',' order by oid)) from pg_proc where oid > 16383),
    (select md5(string_agg(concat_ws(' ', oid, xmin), ',' order by oid)) from pg_trigger where oid > 16383),
    (select md5(string_agg(concat_ws(' ', oid, xmin), ',' order by oid)) from pg_constraint
        where oid > 16383),
    (select md5(string_agg(concat_ws(' ', oid, nspname, nspacl), ',' order by oid)) from pg_namespace
        where oid > 16383 and nspname !~ '^pg_(toast_)?temp'),
    (select md5(string_agg(concat_ws(' ', attrelid, attname, atttypid), ',' order by attrelid, attnum))
        from pg_attribute where attrelid > 16383 and attnum > 0
            and attrelid in (select oid from pg_class where relpersistence = 'p'))
"""
CLOSE_OTHERS = """
select pg_terminate_backend(pid, 60000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
Table = tuple[str, str]
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Contents:
    """What a new warehouse has: objects of its schemas, rows, and the state of sequences."""

    objects: Any
    rows: dict[Table, str]
    sequences: dict[Table, tuple[int, bool]]


class ReusedWarehouse:
    """One database, given to one test after the other."""

    def __init__(self, copy: Callable[[], Warehouse]) -> None:
        self._copy = copy
        self._warehouse: Warehouse | None = None
        self._new: Contents | None = None

    def take(self) -> Warehouse:
        """The database, as new."""
        if self._warehouse is None:
            self._warehouse = self._copy()
            with psycopg.connect(self._warehouse.admin_url) as connection:
                self._new = _contents(connection)
        return self._warehouse

    def give_back(self) -> None:
        """Remove what a test added; remove the database if the test changed more than rows."""
        assert self._warehouse is not None
        assert self._new is not None
        if not _empty(self._warehouse, self._new):
            drop(self._warehouse)
            self._warehouse = None


def _empty(warehouse: Warehouse, new: Contents) -> bool:
    """Remove what was added since the warehouse was new; whether it is as new again."""
    with psycopg.connect(warehouse.admin_url) as connection:
        connection.execute(CLOSE_OTHERS)
        filled = [table for table in _filled(connection) if table not in new.rows]
        if filled:
            tables = sql.SQL(", ").join(sql.Identifier(*table) for table in filled)
            connection.execute(sql.SQL("truncate {} cascade").format(tables))
        for name, state in new.sequences.items():
            connection.execute("select setval(%s::regclass, %s, %s)", [_quoted(name), *state])
        return _contents(connection) == new


def _contents(connection: Connection) -> Contents:
    return Contents(
        objects=connection.execute(OBJECTS).fetchone(),
        rows={table: _digest(connection, table) for table in _filled(connection)},
        sequences={name: _state(connection, name) for name in _names(connection, SEQUENCES)},
    )


def _names(connection: Connection, query: str) -> list[Table]:
    return [(str(schema), str(name)) for schema, name in connection.execute(query.encode())]


def _filled(connection: Connection) -> list[Table]:
    """The tables with rows."""
    tables = _names(connection, TABLES)
    exist = [sql.SQL("exists (select from {})").format(sql.Identifier(*table)) for table in tables]
    row = connection.execute(sql.SQL("select {}").format(sql.SQL(", ").join(exist))).fetchone()
    assert row is not None
    return [table for table, has_rows in zip(tables, row, strict=True) if has_rows]


def _digest(connection: Connection, table: Table) -> str:
    query = sql.SQL("select md5(string_agg(t::text, ',' order by t::text)) from {} as t")
    row = connection.execute(query.format(sql.Identifier(*table))).fetchone()
    assert row is not None
    return str(row[0])


def _state(connection: Connection, name: Table) -> tuple[int, bool]:
    query = sql.SQL("select last_value, is_called from {}").format(sql.Identifier(*name))
    last_value, is_called = connection.execute(query).fetchall()[0]
    return int(last_value), bool(is_called)


def _quoted(name: Table) -> str:
    return ".".join(f'"{part}"' for part in name)
