"""DATABASE_URL: PostgreSQL 16 over the network, with passwords and a user who is not a superuser."""

import dataclasses
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import psycopg2
import pytest

from flows.errors import LockLostError
from flows.pipeline.lock import build_lock, lock_holder, process_name
from tests.servers.own_server import (
    OLDEST,
    PASSWORD,
    PASSWORDS,
    SUPERUSER,
    OwnServer,
    free_port,
    own_server,
)
from warehouse.bootstrap import SQL_FOLDER
from warehouse.connections import (
    Warehouse,
    connect,
    open_warehouse,
    prepare_ai_database,
    stop_warehouse,
)
from warehouse.errors import BootstrapError, WarehouseError, WarehouseUnavailableError
from warehouse.settings import Settings, project_root
from warehouse.urls import make_url, url_parts

FILES = sorted(SQL_FOLDER.glob("[0-9]*.sql"))
ADMIN = (
    f"create role manager login createrole createdb password '{PASSWORD}'",
    f"create role visitor login password '{PASSWORD}'",
    "create database warehouse owner manager",
    "create database prepared",
    "create database plain owner manager template template0",
)


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Path]) -> Iterator[OwnServer]:
    with own_server(make_home(), OLDEST) as running:
        running.run(*ADMIN)
        yield running


def settings_with(server: OwnServer, passwords: dict[str, str]) -> Settings:
    return Settings.model_validate({"database_url": server.url("manager", "warehouse"), **passwords})


@pytest.fixture(scope="module")
def given_warehouse(server: OwnServer) -> Warehouse:
    return open_warehouse(settings_with(server, PASSWORDS))


def test_everything_is_created_and_owned_by_the_writer(given_warehouse: Warehouse) -> None:
    assert not given_warehouse.is_embedded
    with given_warehouse.connect_writer() as connection:
        assert connection.execute("select current_user, session_user").fetchone() == (
            "sigmasight_writer",
            "manager",
        )
        assert connection.execute("select count(*) from ops.schema_files").fetchone() == (len(FILES),)
        assert connection.execute("show timezone").fetchone() == ("UTC",)
        owner = connection.execute(
            "select relowner::regrole::text from pg_class where oid = 'raw.prices'::regclass"
        )
        assert owner.fetchone() == ("sigmasight_writer",)


def test_opening_again_applies_nothing_and_stops_nothing(given_warehouse: Warehouse) -> None:
    assert open_warehouse(given_warehouse.settings) == given_warehouse
    assert not stop_warehouse(given_warehouse.settings)


def test_the_build_lock_is_proved_to_a_role_that_sees_no_activity(given_warehouse: Warehouse) -> None:
    """PostgreSQL hides backend_start from the writer, which is not a member of the role that logged in."""
    began = datetime.now(UTC)
    with (
        build_lock(given_warehouse, "nightly") as lock,
        given_warehouse.connect_writer(autocommit=True) as elsewhere,
    ):
        token = lock.hold()
        token.confirm(elsewhere)
        holder = lock_holder(elsewhere)
        assert holder is not None
        assert holder.name == process_name("nightly")
        assert holder.since is not None
        assert abs(holder.since - began) < timedelta(minutes=1)
        with connect(given_warehouse.admin_url) as login:
            login.execute("select pg_terminate_backend(%s)", [token.backend_pid])
        lock.hold().confirm(elsewhere)
        with pytest.raises(LockLostError, match="nothing was published"):
            token.confirm(elsewhere)


@pytest.mark.parametrize("role", ["analyst", "api", "auth"])
def test_the_readers_log_in_with_the_passwords_of_the_settings(given_warehouse: Warehouse, role: str) -> None:
    url = getattr(given_warehouse, f"{role}_url")
    with connect(url) as connection:
        assert connection.info.user == f"sigmasight_{role}"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from raw.prices")
    with pytest.raises(WarehouseUnavailableError, match="rejected the login"):
        connect(make_url({**url_parts(url), "password": "wrong"}))


def test_a_new_password_in_the_settings_is_set(server: OwnServer, given_warehouse: Warehouse) -> None:
    changed = {**PASSWORDS, "api_password": "quite another"}
    again = open_warehouse(settings_with(server, changed))
    connect(again.api_url).close()
    with pytest.raises(WarehouseUnavailableError, match="API_PASSWORD"):
        connect(given_warehouse.api_url)
    open_warehouse(given_warehouse.settings)
    connect(given_warehouse.api_url).close()


def test_the_environment_of_dbt_names_the_writer_and_leaves_other_logins_alone(
    given_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role in libpq's own variables would be asked of every connection of dbt's process."""
    environment = given_warehouse.dbt_environment()
    assert environment["SIGMASIGHT_DB_ROLE"] == "sigmasight_writer"
    assert "PGOPTIONS" not in environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    dbts = psycopg2.connect(
        host=os.environ["SIGMASIGHT_DB_HOST"],
        port=int(os.environ["SIGMASIGHT_DB_PORT"]),
        dbname=os.environ["SIGMASIGHT_DB_NAME"],
        user=os.environ["SIGMASIGHT_DB_USER"],
        password=os.environ["SIGMASIGHT_DB_PASSWORD"],
    )
    with dbts.cursor() as cursor:
        cursor.execute(f"set role {os.environ['SIGMASIGHT_DB_ROLE']}")  # as dbt does with the profile's role
        cursor.execute("select current_user from ops.loads right join (select) as nothing on true")
        assert cursor.fetchall()[0] == ("sigmasight_writer",)
    dbts.close()
    with given_warehouse.connect_analyst() as analyst:
        assert analyst.execute("select current_user").fetchone() == ("sigmasight_analyst",)


def test_the_chats_database_needs_an_administrator_for_its_extension(given_warehouse: Warehouse) -> None:
    with pytest.raises(BootstrapError, match="AI_DATABASE_URL"):
        prepare_ai_database(given_warehouse)
    elsewhere = Settings(ai_database_url="postgresql:///elsewhere")
    prepare_ai_database(dataclasses.replace(given_warehouse, settings=elsewhere))


# --- mistakes in the URL --------------------------------------------------------------------------


def failure(**settings: str) -> str:
    """Return the error message, which must not contain the password."""
    with pytest.raises(WarehouseError) as caught:
        open_warehouse(Settings.model_validate(settings))
    message = str(caught.value)
    assert PASSWORD not in message
    assert "sw%40rd" not in message
    return message


def test_a_missing_server_is_reported() -> None:
    address = {"host": "127.0.0.1", "port": str(free_port())}
    url = make_url({**address, "user": "u", "dbname": "d", "password": PASSWORD})
    assert "check that the server runs" in failure(database_url=url)


def test_an_unknown_host_is_reported() -> None:
    assert "host is unknown" in failure(database_url="postgresql://u:secret@no-such-host.invalid/d")


def test_a_missing_database_is_reported(server: OwnServer) -> None:
    message = failure(database_url=server.url("manager", "nowhere"))
    assert "nowhere" in message
    assert "createdb" in message


def test_a_wrong_password_is_reported(server: OwnServer) -> None:
    message = failure(database_url=server.url("manager", "warehouse", password="not-the-password"))
    assert "rejected the login" in message
    assert "not-the-password" not in message


def test_the_error_for_a_user_who_cannot_create_roles_says_what_to_run(server: OwnServer) -> None:
    message = failure(database_url=server.url("visitor", "prepared"))
    assert "001_roles.sql" in message
    assert "grant sigmasight_writer to visitor" in message


def test_without_pgvector_the_error_says_what_an_administrator_runs(
    server: OwnServer, given_warehouse: Warehouse
) -> None:
    assert given_warehouse  # its fixture created the roles
    message = failure(database_url=server.url("manager", "plain"))
    assert "The database plain needs the extension vector (pgvector)" in message
    assert "`create extension vector schema public`" in message
    server.run("create schema elsewhere", "create extension vector schema elsewhere", database="plain")
    assert "in the schema public" in failure(database_url=server.url("manager", "plain"))
    server.run("alter extension vector set schema public", database="plain")
    assert open_warehouse(Settings(database_url=server.url("manager", "plain")))


def test_prepared_roles_are_enough_for_a_user_without_createrole(
    server: OwnServer, given_warehouse: Warehouse
) -> None:
    assert given_warehouse  # its fixture created the roles
    roles = project_root() / "warehouse" / "sql" / "001_roles.sql"
    with psycopg.connect(server.url(SUPERUSER, "prepared"), autocommit=True) as connection:
        connection.execute(roles.read_bytes())
        connection.execute("grant sigmasight_writer to visitor")
    opened = open_warehouse(Settings(database_url=server.url("visitor", "prepared")))
    with opened.connect_writer() as connection:
        assert connection.execute("select count(*) from ops.schema_files").fetchone() == (len(FILES) - 1,)
        assert connection.execute("select count(*) from ops.loads").fetchone() == (0,)
    assert open_warehouse(opened.settings) == opened
    message = failure(database_url=server.url("visitor", "prepared"), api_password=secrets.token_hex())
    assert "may not set the password of sigmasight_api" in message


def test_a_url_without_a_database_uses_the_one_of_the_settings(
    server: OwnServer, given_warehouse: Warehouse
) -> None:
    parts = url_parts(server.url("manager", "warehouse"))
    del parts["dbname"]
    again = open_warehouse(Settings(database_url=make_url(parts), warehouse_database="warehouse"))
    assert again.admin_url == given_warehouse.admin_url


def test_a_drivers_name_in_the_url_is_ignored(server: OwnServer, given_warehouse: Warehouse) -> None:
    url = server.url("manager", "warehouse").replace("postgresql://", "postgresql+psycopg://")
    assert open_warehouse(Settings(database_url=url)).admin_url == given_warehouse.admin_url
