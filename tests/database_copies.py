"""Warehouses as copies of others, each in its own database on the same server."""

import os

import psycopg
from psycopg import sql

from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

# The processes of a run share a server: the names of their databases must differ.
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "main")


def copy_of(base: Warehouse, name: str) -> Warehouse:
    """Copy a warehouse without connections, in a fraction of a second, for this process."""
    name = f"{name}_{PROCESS}"
    _drop_databases(base, name)
    template = sql.Identifier(base.settings.warehouse_database)
    with psycopg.connect(_server_url(base), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), template
            )
        )
    return open_warehouse(Settings(sigmasight_home=base.settings.sigmasight_home, warehouse_database=name))


def drop(copy: Warehouse) -> None:
    """Remove a copy, and the chat's database beside it."""
    _drop_databases(copy, copy.settings.warehouse_database)


def _drop_databases(on_server_of: Warehouse, name: str) -> None:
    with psycopg.connect(_server_url(on_server_of), autocommit=True) as connection:
        for database in (name, f"{name}_ai"):
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
            )


def _server_url(warehouse: Warehouse) -> str:
    return warehouse.admin_url.replace(f"/{warehouse.settings.warehouse_database}?", "/postgres?")
