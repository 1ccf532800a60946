"""The server on which a run's warehouses are: the embedded one, or the one that the environment names.

SIGMASIGHT_TEST_DATABASE_URL: a server for tests alone, as `make test-server` sets it. Its login may create
databases and roles, and needs no other right. pgvector is in the database template1. The run gives passwords
of its own to the roles of SigmaSight, and removes the databases that it made.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse.settings import Settings
from warehouse.urls import make_url, url_parts

VARIABLE = "SIGMASIGHT_TEST_DATABASE_URL"
PREFIX = "sgtest_"
ROLES = ("analyst", "api", "auth", "ai", "chat")


def is_given() -> bool:
    return VARIABLE in os.environ


def database_name(name: str) -> str:
    """The database that a test calls `name`: on a server that is not ours, one that shows whose it is."""
    return name if not is_given() or name.startswith(PREFIX) else PREFIX + name


def settings_of(home: Path, name: str) -> Settings:
    """The settings of a warehouse in a database of this run's server, which is created if it is missing."""
    database = database_name(name)
    known: dict[str, Any] = {"sigmasight_home": home, "warehouse_database": database}
    if is_given():
        _create(database)
        # the same in all processes of a run
        secret = hashlib.sha256(os.environ[VARIABLE].encode()).hexdigest()
        known |= {f"{role}_password": f"{role}-{secret[:32]}" for role in ROLES}
        known |= {"database_url": _url(database), "secret_key": secret}
    return Settings.model_validate(known)


def remove_databases() -> None:
    """Remove the databases of this run, and those that a killed run left."""
    if not is_given():
        return
    with psycopg.connect(_url(), autocommit=True) as connection:
        found = connection.execute(
            "select datname from pg_database where datname ^@ %s and pg_has_role(datdba, 'usage')", [PREFIX]
        )
        for (name,) in found.fetchall():
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


def _create(database: str) -> None:
    with psycopg.connect(_url(), autocommit=True) as connection:
        known = connection.execute("select from pg_database where datname = %s", [database]).fetchone()
        if known is None:
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))


def _url(database: str = "postgres") -> str:
    return make_url({**url_parts(os.environ[VARIABLE]), "dbname": database})
