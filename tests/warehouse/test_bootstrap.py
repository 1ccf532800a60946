"""The numbered SQL files: applied once per content, each in one transaction, owned by the writer."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from warehouse import bootstrap as module
from warehouse.bootstrap import SQL_FOLDER, Connection, bootstrap
from warehouse.connections import Warehouse, connect, open_warehouse, prepare_ai_database
from warehouse.embedded_logins import role_password
from warehouse.errors import BootstrapError
from warehouse.settings import Settings
from warehouse.urls import make_url, url_parts

FILES = [path.name for path in sorted(SQL_FOLDER.glob("[0-9]*.sql"))]

SCHEMA = (
    """
    select
        c.oid::regclass::text, relkind, relowner::regrole::text, relacl::text, attname,
        atttypid::regtype::text
    from pg_class as c
    join pg_namespace as n on n.oid = relnamespace
    left join pg_attribute as a on attrelid = c.oid and attnum > 0
    where nspname !~ '^(pg_|information_schema)'
    order by 1, 5
    """,
    "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint order by 1, 2",
    """
    select oid::regprocedure::text, proowner::regrole::text, proacl::text from pg_proc
    where proacl is not null or pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
    order by 1
    """,
    "select nspname, nspowner::regrole::text, nspacl::text from pg_namespace order by 1",
    """
    select rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolconfig::text
    from pg_roles
    order by 1
    """,
)


@pytest.fixture
def admin(empty_warehouse: Warehouse) -> Iterator[Connection]:
    with connect(empty_warehouse.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def sql_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SQL_FOLDER, tmp_path / "sql"))


def laid_down(connection: Connection, folder: Path = SQL_FOLDER) -> list[str]:
    """The files that a bootstrap of this database applied."""

    def writer() -> Connection:
        parts = conninfo_to_dict(connection.info.dsn)
        password = role_password(Path(str(parts["host"])).parent, "sigmasight_writer")
        return psycopg.connect(
            connection.info.dsn, user="sigmasight_writer", password=password, autocommit=True
        )

    return bootstrap(connection, writer, folder)


def schema(connection: Connection) -> list[object]:
    """Everything that the files create: relations with columns, constraints, functions, grants, owners."""
    return [row for statement in SCHEMA for row in connection.execute(statement.encode()).fetchall()]


def test_a_second_bootstrap_applies_nothing(admin: Connection) -> None:
    assert laid_down(admin) == []


def test_every_file_may_run_again_and_changes_nothing(admin: Connection) -> None:
    admin.execute("insert into ops.users (email, full_name, password_hash) values ('a@b.c', 'A', 'x')")
    before = schema(admin)
    admin.execute("delete from ops.schema_files")
    assert laid_down(admin) == FILES
    assert schema(admin) == before
    assert admin.execute("select count(*) from ops.users").fetchone() == (1,)


def test_only_a_changed_file_runs_again(admin: Connection, sql_folder: Path) -> None:
    with (sql_folder / "004_raw.sql").open("a") as file:
        file.write("\nalter table raw.prices add column if not exists note text;\n")
    assert laid_down(admin, sql_folder) == ["004_raw.sql"]
    assert laid_down(admin, sql_folder) == []
    assert admin.execute("select count(note) from raw.prices").fetchone() == (0,)


def test_a_new_file_runs_after_the_others(admin: Connection, sql_folder: Path) -> None:
    (sql_folder / "900_more.sql").write_text("create table if not exists raw.more (a integer);")
    assert laid_down(admin, sql_folder) == ["900_more.sql"]


def test_a_file_that_fails_leaves_nothing_and_is_named(admin: Connection, sql_folder: Path) -> None:
    (sql_folder / "900_half.sql").write_text("create table raw.half (a integer);\nselect 1 / 0;")
    (sql_folder / "901_later.sql").write_text("create table raw.later (a integer);")
    with pytest.raises(BootstrapError, match=r"900_half[.]sql.*division by zero"):
        laid_down(admin, sql_folder)
    assert admin.execute("select to_regclass('raw.half'), to_regclass('raw.later')").fetchone() == (
        None,
        None,
    )


def test_the_writer_owns_everything(admin: Connection) -> None:
    owners = admin.execute(
        "select distinct relowner::regrole::text from pg_class join pg_namespace n on n.oid = relnamespace "
        "where nspname !~ '^(pg_|information_schema)' "
        "union select nspowner::regrole::text from pg_namespace "
        "where nspname in ('raw', 'ops', 'access', 'staging', 'intermediate', 'published', 'marts', 'udf')"
    ).fetchall()
    assert owners == [("sigmasight_writer",)]


def test_a_copied_database_gets_its_grants_again(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        connection.execute("create schema audit")
        connection.execute("create temporary table scratch (a integer)")
        assert connection.execute("select to_regnamespace('audit') is not null").fetchone() == (True,)


def test_lost_rights_of_the_roles_are_granted_again(admin: Connection, empty_warehouse: Warehouse) -> None:
    admin.execute(f"revoke create on database {admin.info.dbname} from sigmasight_writer")
    assert module.ROLES_FILE in laid_down(admin)
    with empty_warehouse.connect_writer() as connection:
        connection.execute("create schema audit")


def test_a_schema_of_the_administrators_name_gives_no_functions_to_its_sessions(
    empty_warehouse: Warehouse,
) -> None:
    with empty_warehouse.connect_writer() as writer:
        writer.execute("create table ops.seen (role name); grant all on ops.seen to public")
        writer.execute("create schema postgres; grant usage on schema ops to public")
        writer.execute("""
            create function postgres.format(text, name) returns text language plpgsql as $$
            begin
                insert into ops.seen values (current_user);
                return pg_catalog.format($1, $2);
            end
            $$
            """)
        writer.execute("update ops.schema_files set sha256 = 'changed'")
    open_warehouse(empty_warehouse.settings)
    with empty_warehouse.connect_writer() as writer:
        assert writer.execute("select role from ops.seen").fetchall() == []
        assert writer.execute("select from ops.schema_files where sha256 = 'changed'").fetchall() == []


def test_an_older_server_is_refused(admin: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OLDEST_SERVER", 99)
    with pytest.raises(BootstrapError, match="needs PostgreSQL 99 or later"):
        laid_down(admin)


def test_two_databases_of_one_server_are_independent(
    warehouse: Warehouse, empty_warehouse: Warehouse
) -> None:
    with empty_warehouse.connect_writer() as connection:
        connection.execute("create table raw.only_here (a integer)")
    with warehouse.connect_writer() as connection:
        assert connection.execute("select to_regclass('raw.only_here')").fetchone() == (None,)


def test_the_chats_database_is_created_once_and_owned_by_its_role(warehouse: Warehouse) -> None:
    prepare_ai_database(warehouse)
    prepare_ai_database(warehouse)
    with connect(warehouse.ai_url) as connection:
        connection.execute("create schema chat")
        connection.execute("create table chat.memories (embedding vector(3))")
        assert connection.info.dbname == f"{warehouse.settings.warehouse_database}_ai"


def test_a_warehouse_of_another_name_is_created_on_the_same_server(warehouse: Warehouse) -> None:
    home = warehouse.settings.sigmasight_home
    other = open_warehouse(Settings(sigmasight_home=home, warehouse_database="another_name"))
    with other.connect_writer() as connection:
        assert connection.info.dbname == "another_name"
        assert connection.execute("select count(*) from ops.loads").fetchone() == (0,)
    with connect(warehouse.admin_url, autocommit=True) as connection:
        connection.execute("drop database another_name with (force)")


def test_a_database_that_cannot_hold_all_text_is_refused(warehouse: Warehouse) -> None:
    with connect(warehouse.admin_url, autocommit=True) as connection:
        connection.execute("create database narrow template template0 encoding 'SQL_ASCII' locale 'C'")
        narrow = make_url({**url_parts(warehouse.admin_url), "dbname": "narrow"})
        with connect(narrow, autocommit=True) as other, pytest.raises(BootstrapError, match="UTF8"):
            laid_down(other)
        connection.execute("drop database narrow")
