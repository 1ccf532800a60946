"""The logins of the embedded server: a process that reaches the socket is no role whose password it lacks."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

from tests.flows.in_process import invoke
from warehouse import embedded_logins
from warehouse.connections import (
    ROLES,
    Warehouse,
    connect,
    open_warehouse,
    prepare_ai_database,
    stop_warehouse,
)
from warehouse.embedded import reload_embedded
from warehouse.embedded_host import program
from warehouse.embedded_logins import ADMINISTRATOR, are_closed, matches
from warehouse.errors import WarehouseUnavailableError
from warehouse.settings import Settings
from warehouse.urls import make_url, url_parts

EVERY_ROLE = (ADMINISTRATOR, *ROLES)


@pytest.fixture(scope="module")
def settings(make_home: Callable[[], Path]) -> Iterator[Settings]:
    settings = Settings(sigmasight_home=make_home())
    yield settings
    stop_warehouse(settings)


@pytest.fixture
def opened(settings: Settings) -> Warehouse:
    return open_warehouse(settings)


def urls(warehouse: Warehouse) -> dict[str, str]:
    """The URL of every role."""
    found = (
        warehouse.admin_url,
        warehouse.writer_url,
        warehouse.analyst_url,
        warehouse.api_url,
        warehouse.auth_url,
        warehouse.chat_url,
        warehouse.ai_url,
    )
    return {url_parts(url)["user"]: url for url in found}


def psql(url: str, user: str, password: str | None) -> subprocess.CompletedProcess[str]:
    """Run psql with a URL's host and database, as another role."""
    parts = {**url_parts(url), "user": user, "dbname": "postgres" if user == ADMINISTRATOR else "sigmasight"}
    parts.pop("password")
    return subprocess.run(
        [str(program("psql")), "--no-password", "-Atc", "select current_user", make_url(parts)],
        env={**os.environ, **({} if password is None else {"PGPASSWORD": password})},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_psql_from_the_apis_process_is_no_other_role(opened: Warehouse, role: str) -> None:
    # Silent failure prevented: a process that reaches the socket becomes the superuser by naming it
    assert urls(opened).keys() == {*EVERY_ROLE}
    known = url_parts(opened.api_url)["password"]
    without = psql(opened.api_url, role, None)
    assert (without.returncode, without.stdout) == (2, "")
    assert "no password supplied" in without.stderr
    with_the_apis = psql(opened.api_url, role, known)
    if role == "sigmasight_api":
        assert with_the_apis.stdout == f"{role}\n"
    else:
        assert (with_the_apis.returncode, with_the_apis.stdout) == (2, "")
        assert f'password authentication failed for user "{role}"' in with_the_apis.stderr


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_no_role_connects_to_the_servers_own_databases(opened: Warehouse, role: str, database: str) -> None:
    # Silent failure prevented: there every role could lock, write, and see and end sessions
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects connection"):
        psycopg.connect(make_url({**url_parts(urls(opened)[role]), "dbname": database}))


def test_the_chats_database_is_for_its_role(opened: Warehouse) -> None:
    prepare_ai_database(opened)
    connect(opened.ai_url).close()
    database = url_parts(opened.ai_url)["dbname"]
    with psycopg.connect(opened.admin_url, autocommit=True) as administrator:  # as older versions left it
        administrator.execute(sql.SQL("grant all on database {} to public").format(sql.Identifier(database)))
    prepare_ai_database(opened)
    for url in (opened.api_url, opened.chat_url, opened.auth_url, opened.analyst_url):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(make_url({**url_parts(url), "dbname": database}))


def test_every_role_logs_in_with_its_own_password(opened: Warehouse) -> None:
    passwords = {role: url_parts(url)["password"] for role, url in urls(opened).items()}
    assert len(set(passwords.values())) == len(EVERY_ROLE)
    for role, password in passwords.items():
        assert psql(opened.api_url, role, password).stdout == f"{role}\n"


def test_a_server_of_an_older_version_is_closed_while_it_runs(opened: Warehouse) -> None:
    folder = opened.settings.warehouse_folder
    with connect(opened.admin_url, autocommit=True) as before:
        for role in EVERY_ROLE:
            before.execute(f"alter role {role} password null".encode())
        (folder / "pgdata" / "pg_hba.conf").write_text("local all all trust\n")
        reload_embedded(folder)
        assert psql(opened.api_url, ADMINISTRATOR, None).stdout == "postgres\n"
        again = open_warehouse(opened.settings)
        assert again == opened
        assert before.execute("select 1").fetchone() == (1,)  # the server was not restarted
    assert are_closed(folder)
    assert psql(opened.api_url, ADMINISTRATOR, None).returncode == 2
    for url in urls(again).values():
        if "_ai?" not in url:  # the chat's database is made by its first use
            connect(url).close()


@pytest.mark.parametrize("is_running", [True, False])
def test_a_lost_secret_is_replaced(opened: Warehouse, *, is_running: bool) -> None:
    (opened.settings.warehouse_folder / "pgdata" / "login_secret").unlink()
    if not is_running:
        stop_warehouse(opened.settings)
    again = open_warehouse(opened.settings)
    assert again.writer_url != opened.writer_url
    again.connect_writer().close()
    with pytest.raises(WarehouseUnavailableError, match="rejected the login"):
        connect(opened.writer_url)
    assert psql(again.api_url, ADMINISTRATOR, None).returncode == 2


def test_a_kill_between_the_password_and_the_logins_is_made_good(
    opened: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = opened.settings.warehouse_folder
    (folder / "pgdata" / "login_secret").unlink()

    def die(_: Path) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("warehouse.connections.close", die)
        with pytest.raises(KeyboardInterrupt):
            open_warehouse(opened.settings)
    assert not are_closed(folder)
    open_warehouse(opened.settings).connect_writer().close()
    assert are_closed(folder)


def test_commands_print_the_url_of_each_role(opened: Warehouse) -> None:
    environment = opened.settings.as_environment()
    for name, role in (("analyst", "sigmasight_analyst"), ("administrator", "postgres")):
        url = invoke(["connection", "--url", "--as", name], environment).stdout.strip()
        with psycopg.connect(url) as connection:
            assert connection.info.user == role


def test_a_verifier_is_that_of_one_password(opened: Warehouse) -> None:
    with connect(opened.admin_url) as connection:
        for password in ("plain", "p'ä$s :x", "x" * 200):
            verifier = connection.pgconn.encrypt_password(password.encode(), b"role", b"scram-sha-256")
            assert matches(password, verifier.decode())
            assert not matches(password + "y", verifier.decode())
    assert not matches("plain", None)
    assert not matches("plain", "md5" + "0" * 32)


def test_the_digest_in_the_logins_is_not_the_secret(opened: Warehouse) -> None:
    data = opened.settings.warehouse_folder / "pgdata"
    assert embedded_logins._secret(data.parent).decode() not in (data / "pg_hba.conf").read_text()
