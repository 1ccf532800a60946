"""DATABASE_URL: PostgreSQL 16 over the network, with passwords and a user who is not a superuser."""

import dataclasses
import os
import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import psycopg2
import pytest

from warehouse.bootstrap import SQL_FOLDER
from warehouse.connections import (
    Warehouse,
    connect,
    open_warehouse,
    prepare_ai_database,
    stop_warehouse,
)
from warehouse.embedded_host import as_server_user, give_to_server_user, open_to_server_user, program
from warehouse.errors import BootstrapError, WarehouseError, WarehouseUnavailableError
from warehouse.settings import Settings, project_root
from warehouse.urls import make_url, url_parts

OLD_PROGRAMS = program("postgres").parent.parent.parent / "pginstall" / "bin"  # the wheel's PostgreSQL 16
FILES = sorted(SQL_FOLDER.glob("[0-9]*.sql"))
PASSWORD = "sw@rd/f%ish"
PASSWORDS = {f"{role}_password": f"{role}-{PASSWORD}" for role in ("analyst", "api", "auth", "ai")}
ADMIN = """
create role manager login createrole createdb password 'sw@rd/f%ish';
create role visitor login password 'sw@rd/f%ish';
create database warehouse owner manager;
create database prepared;
"""


class Server:
    """A running PostgreSQL 16 and its logins."""

    def __init__(self, port: int) -> None:
        self.address = {"host": "127.0.0.1", "port": str(port)}

    def url(self, user: str, dbname: str, password: str = PASSWORD) -> str:
        return make_url({**self.address, "user": user, "dbname": dbname, "password": password})


def run_old(name: str, *arguments: str, folder: Path, variables: Mapping[str, str] | None = None) -> None:
    options = as_server_user(folder)
    options["env"] = {**options["env"], **(variables or {})}
    subprocess.run([str(OLD_PROGRAMS / name), *arguments], check=True, stdout=subprocess.DEVNULL, **options)


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Path]) -> Iterator[Server]:
    folder = make_home()
    open_to_server_user(folder)
    give_to_server_user(folder)
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = folder / "password"
    secret.write_text(PASSWORD)
    authentication = ["--auth=scram-sha-256", f"--pwfile={secret}"]
    run_old(
        "initdb",
        "-D",
        str(data),
        "-U",
        "root_of_it",
        "--no-sync",
        "--encoding=UTF8",
        *authentication,
        folder=data,
    )
    settings = f"-h 127.0.0.1 -p {port} -k {folder} -F"
    run_old("pg_ctl", "start", "-w", "-D", str(data), "-l", str(data / "log"), "-o", settings, folder=data)
    running = Server(port)
    with psycopg.connect(running.url("root_of_it", "postgres"), autocommit=True) as connection:
        for statement in ADMIN.strip().splitlines():
            connection.execute(statement.encode())
    yield running
    run_old("pg_ctl", "stop", "-m", "immediate", "-D", str(data), folder=data)


def settings_with(server: Server, passwords: dict[str, str]) -> Settings:
    return Settings.model_validate({"database_url": server.url("manager", "warehouse"), **passwords})


@pytest.fixture(scope="module")
def given_warehouse(server: Server) -> Warehouse:
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


@pytest.mark.parametrize("role", ["analyst", "api", "auth"])
def test_the_readers_log_in_with_the_passwords_of_the_settings(given_warehouse: Warehouse, role: str) -> None:
    url = getattr(given_warehouse, f"{role}_url")
    with connect(url) as connection:
        assert connection.info.user == f"sigmasight_{role}"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from raw.prices")
    with pytest.raises(WarehouseUnavailableError, match="rejected the login"):
        connect(make_url({**url_parts(url), "password": "wrong"}))


def test_a_new_password_in_the_settings_is_set(server: Server, given_warehouse: Warehouse) -> None:
    changed = {**PASSWORDS, "api_password": "quite another"}
    again = open_warehouse(settings_with(server, changed))
    connect(again.api_url).close()
    with pytest.raises(WarehouseUnavailableError, match="API_PASSWORD"):
        connect(given_warehouse.api_url)
    open_warehouse(given_warehouse.settings)
    connect(given_warehouse.api_url).close()


def test_the_environment_makes_dbts_driver_act_as_the_writer(
    given_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = given_warehouse.dbt_environment()
    assert environment["SIGMASIGHT_DB_ROLE"] == "sigmasight_writer"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    connection = psycopg2.connect(
        host=os.environ["SIGMASIGHT_DB_HOST"],
        port=int(os.environ["SIGMASIGHT_DB_PORT"]),
        dbname=os.environ["SIGMASIGHT_DB_NAME"],
        user=os.environ["SIGMASIGHT_DB_USER"],
        password=os.environ["SIGMASIGHT_DB_PASSWORD"],
    )
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("sigmasight_writer",)
    connection.close()


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
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        url = make_url(
            {"host": "127.0.0.1", "port": str(port), "user": "u", "dbname": "d", "password": PASSWORD}
        )
        assert "check that the server runs" in failure(database_url=url)


def test_an_unknown_host_is_reported() -> None:
    assert "host is unknown" in failure(database_url="postgresql://u:secret@no-such-host.invalid/d")


def test_a_missing_database_is_reported(server: Server) -> None:
    message = failure(database_url=server.url("manager", "nowhere"))
    assert "nowhere" in message
    assert "createdb" in message


def test_a_wrong_password_is_reported(server: Server) -> None:
    message = failure(database_url=server.url("manager", "warehouse", password="not-the-password"))
    assert "rejected the login" in message
    assert "not-the-password" not in message


def test_the_error_for_a_user_who_cannot_create_roles_says_what_to_run(server: Server) -> None:
    message = failure(database_url=server.url("visitor", "prepared"))
    assert "001_roles.sql" in message
    assert "grant sigmasight_writer to visitor" in message


def test_prepared_roles_are_enough_for_a_user_without_createrole(
    server: Server, given_warehouse: Warehouse
) -> None:
    assert given_warehouse  # its fixture created the roles
    roles = project_root() / "warehouse" / "sql" / "001_roles.sql"
    with psycopg.connect(server.url("root_of_it", "prepared"), autocommit=True) as connection:
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
    server: Server, given_warehouse: Warehouse
) -> None:
    parts = url_parts(server.url("manager", "warehouse"))
    del parts["dbname"]
    again = open_warehouse(Settings(database_url=make_url(parts), warehouse_database="warehouse"))
    assert again.admin_url == given_warehouse.admin_url


def test_a_drivers_name_in_the_url_is_ignored(server: Server, given_warehouse: Warehouse) -> None:
    url = server.url("manager", "warehouse").replace("postgresql://", "postgresql+psycopg://")
    assert open_warehouse(Settings(database_url=url)).admin_url == given_warehouse.admin_url
