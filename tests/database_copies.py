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
    template = sql.Identifier(base.settings.warehouse_database)
    with psycopg.connect(_server_url(base), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), template))
    return open_warehouse(Settings(sigmasight_home=base.settings.sigmasight_home, warehouse_database=name))


def drop(copy: Warehouse) -> None:
    """Remove a copy."""
    name = sql.Identifier(copy.settings.warehouse_database)
    with psycopg.connect(_server_url(copy), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))


def _server_url(warehouse: Warehouse) -> str:
    return warehouse.admin_url.replace(f"/{warehouse.settings.warehouse_database}?", "/postgres?")
