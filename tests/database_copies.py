"""Warehouses as copies of others, each in its own database on the same server."""

import os

import psycopg
from psycopg import sql
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from tests.servers.given_server import database_name, is_given, settings_of
from warehouse.connections import Warehouse, open_warehouse
from warehouse.urls import make_url, url_parts

# The processes of a run share a server: the names of their databases must differ.
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "main")

# The server waits five seconds for sessions of the template to end: too few on a busy machine.
WHEN_FREE = Retrying(
    retry=retry_if_exception_type(psycopg.errors.ObjectInUse), stop=stop_after_attempt(12), reraise=True
)


def copy_of(base: Warehouse, name: str) -> Warehouse:
    """Copy a warehouse without connections, in a fraction of a second, for this process."""
    name = database_name(f"{name}_{PROCESS}")
    _drop_databases(base, name)
    template = sql.Identifier(base.settings.warehouse_database)
    statement = sql.SQL("create database {} template {} strategy file_copy").format(
        sql.Identifier(name), template
    )
    with psycopg.connect(_server_url(base), autocommit=True) as connection:
        WHEN_FREE(connection.execute, statement)
    return open_warehouse(settings_of(base.settings.sigmasight_home, name))


def drop(copy: Warehouse) -> None:
    """Remove a copy, and the chat's database beside it."""
    _drop_databases(copy, copy.settings.warehouse_database)


def _drop_databases(on_server_of: Warehouse, name: str) -> None:
    with psycopg.connect(_server_url(on_server_of), autocommit=True) as connection:
        for database in (name, f"{name}_ai"):
            try:
                connection.execute(
                    sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
                )
            except psycopg.errors.InsufficientPrivilege:
                if not is_given():  # there, its login may not end sessions of other roles: the run's end will
                    raise


def _server_url(warehouse: Warehouse) -> str:
    return make_url({**url_parts(warehouse.admin_url), "dbname": "postgres"})
