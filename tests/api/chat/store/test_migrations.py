"""The chat's database: each migration once, in order, by one process at a time."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from api.chat.store.migrations import SQL_FOLDER, migrate
from tests.api.chat.store.store_helpers import chat_url_of_admin
from warehouse.connections import Warehouse, prepare_ai_database
from warehouse.errors import BootstrapError, WarehouseUnavailableError
from warehouse.urls import make_url, url_parts

NAMES = sorted(path.name for path in SQL_FOLDER.glob("*.sql"))


@pytest.fixture
def url(empty_warehouse: Warehouse) -> str:
    """A new database of the chat."""
    prepare_ai_database(empty_warehouse)
    return empty_warehouse.ai_url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations."""
    return Path(shutil.copytree(SQL_FOLDER, tmp_path / "sql"))


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {
            name
            for (name,) in connection.execute(
                "select tablename from pg_tables where schemaname = 'chat'"
            ).fetchall()
        }


def test_each_migration_is_applied_once_and_in_order(url: str) -> None:
    assert migrate(url) == NAMES
    assert migrate(url) == []
    with psycopg.connect(url) as connection:
        recorded = connection.execute(
            "select file_name from chat.migrations order by applied_at, file_name"
        ).fetchall()
    assert [name for (name,) in recorded] == NAMES


def test_processes_that_start_together_migrate_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        applied = list(pool.map(lambda _: migrate(url), range(6)))
    assert sorted(applied, key=len) == [*[[]] * 5, NAMES]


def test_a_new_file_is_applied_whatever_its_number(url: str, folder: Path) -> None:
    migrate(url, folder)
    (folder / "000_earlier.sql").write_text("create table chat.earlier (a integer);")
    (folder / "900_later.sql").write_text("create table chat.later (a integer);")
    assert migrate(url, folder) == ["000_earlier.sql", "900_later.sql"]


def test_an_applied_file_that_was_edited_is_an_error(url: str, folder: Path) -> None:
    migrate(url, folder)
    with (folder / NAMES[0]).open("a") as file:
        file.write("-- a comment\n")
    with pytest.raises(BootstrapError, match=f"{NAMES[0]} was changed after it was applied"):
        migrate(url, folder)


def test_a_database_of_a_newer_version_is_an_error(url: str, folder: Path) -> None:
    (folder / "900_later.sql").write_text("create table chat.later (a integer);")
    migrate(url, folder)
    with pytest.raises(BootstrapError, match=r"newer version.*900_later\.sql"):
        migrate(url)


def test_a_file_that_fails_leaves_nothing_of_itself(url: str, folder: Path) -> None:
    (folder / "900_broken.sql").write_text("create table chat.half (a integer); select 1 / 0;")
    with pytest.raises(BootstrapError, match=r"900_broken\.sql could not be applied.*division by zero"):
        migrate(url, folder)
    assert "half" not in tables(url)
    assert "conversations" in tables(url)
    (folder / "900_broken.sql").write_text("create table chat.whole (a integer);")
    assert migrate(url, folder) == ["900_broken.sql"]


def test_a_role_without_rights_is_told_what_is_missing(empty_warehouse: Warehouse, url: str) -> None:
    database = url_parts(url)["dbname"]
    of_a_reader = make_url({**url_parts(empty_warehouse.analyst_url), "dbname": database})
    with pytest.raises(WarehouseUnavailableError, match="the role may not connect to this database"):
        migrate(of_a_reader)
    with psycopg.connect(chat_url_of_admin(empty_warehouse), autocommit=True) as connection:
        connection.execute(
            sql.SQL("grant connect on database {} to sigmasight_analyst").format(sql.Identifier(database))
        )
    with pytest.raises(BootstrapError, match="make it the owner of the database"):
        migrate(of_a_reader)


def test_a_database_without_the_extension_is_told_so(empty_warehouse: Warehouse, url: str) -> None:
    with psycopg.connect(chat_url_of_admin(empty_warehouse), autocommit=True) as connection:
        connection.execute("drop extension vector")
        trusted = connection.execute(
            "select bool_or(trusted) from pg_available_extension_versions where name = 'vector'"
        ).fetchone()
    if trusted == (True,):
        assert migrate(url) == NAMES  # the owner of the database may create it
    else:
        with pytest.raises(BootstrapError, match="needs the extension vector"):
            migrate(url)
