"""A server that speaks TLS only, whose certificate every connection checks: sslmode=verify-full."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import adbc_driver_postgresql.dbapi as adbc
import psycopg2
import pytest

from flows.errors import BackupError
from flows.maintenance.backup import restore_backup, write_backup
from tests.servers.own_server import OLDEST, PASSWORD, PASSWORDS, own_server
from tests.servers.tls_front import make_certificate, tls_front
from warehouse.connections import Warehouse, connect, open_warehouse
from warehouse.embedded_host import program
from warehouse.errors import SettingsError, WarehouseUnavailableError
from warehouse.settings import Settings
from warehouse.urls import make_url, url_parts

CLIENT_PROGRAMS = ("psql", "pg_dump", "pg_restore")


class Guarded(NamedTuple):
    """A warehouse behind TLS; port: of the server itself, which speaks none."""

    warehouse: Warehouse
    port: int
    folder: Path

    def url(self, **parts: str) -> str:
        return make_url({**url_parts(self.warehouse.admin_url), **parts})


@pytest.fixture(scope="module")
def guarded(make_home: Callable[[], Path]) -> Iterator[Guarded]:
    home, folder = make_home(), make_home()
    with own_server(folder, OLDEST) as server:
        server.run(
            f"create role manager login createrole createdb password '{PASSWORD}'",
            "create database warehouse owner manager",
        )
        certificate = make_certificate(folder, "127.0.0.1")
        with tls_front(server.port, certificate) as port:
            checked = {"sslmode": "verify-full", "sslrootcert": str(certificate.certificate)}
            url = make_url({**url_parts(server.url("manager", "warehouse")), **checked, "port": str(port)})
            known = {"sigmasight_home": home, "database_url": url, **PASSWORDS}
            yield Guarded(open_warehouse(Settings.model_validate(known)), server.port, folder)


@pytest.mark.parametrize("role", ["writer", "analyst", "api", "auth"])
def test_every_role_connects_with_the_certificate_checked(guarded: Guarded, role: str) -> None:
    url = getattr(guarded.warehouse, f"{role}_url")
    assert url_parts(url)["sslmode"] == "verify-full"
    with connect(url) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("select 1").fetchone() == (1,)


def test_the_other_drivers_check_it_too(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are run with psycopg2 and read with ADBC: both take what libpq's variables say."""
    for name, value in guarded.warehouse.dbt_environment().items():
        monkeypatch.setenv(name, value)
    assert os.environ["PGSSLMODE"] == "verify-full"
    with psycopg2.connect(
        host=os.environ["SIGMASIGHT_DB_HOST"],
        port=int(os.environ["SIGMASIGHT_DB_PORT"]),
        dbname=os.environ["SIGMASIGHT_DB_NAME"],
        user=os.environ["SIGMASIGHT_DB_USER"],
        password=os.environ["SIGMASIGHT_DB_PASSWORD"],
    ) as connection:
        assert connection.info.ssl_in_use
    with adbc.connect(guarded.warehouse.writer_url) as reading, reading.cursor() as cursor:
        cursor.execute("select 1 as one")
        assert cursor.fetch_arrow_table().to_pylist() == [{"one": 1}]


def test_another_certificate_is_refused(guarded: Guarded, tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "127.0.0.1")
    with pytest.raises(WarehouseUnavailableError, match="certificate verify failed"):
        connect(guarded.url(sslrootcert=str(other.certificate)))


def test_a_certificate_of_another_name_is_refused(guarded: Guarded) -> None:
    with pytest.raises(WarehouseUnavailableError, match="does not match host name"):
        connect(guarded.url(host="localhost", hostaddr="127.0.0.1"))


def test_nothing_is_sent_without_encryption(guarded: Guarded) -> None:
    with pytest.raises(WarehouseUnavailableError):
        connect(guarded.url(sslmode="disable"))


def test_a_backup_needs_programs_that_know_tls(guarded: Guarded, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="POSTGRES_PROGRAMS"):
        write_backup(guarded.warehouse, tmp_path / "risk.backup")
    with_others = open_warehouse(
        guarded.warehouse.settings.model_copy(update={"postgres_programs": programs(guarded, tmp_path)})
    )
    write_backup(with_others, tmp_path / "risk.backup")
    assert restore_backup(with_others, tmp_path / "risk.backup", replace=True).holds.loads == 0


def programs(guarded: Guarded, folder: Path) -> Path:
    """Stand-ins for programs that know TLS: those of the wheel, at the server's own port."""
    for name in CLIENT_PROGRAMS:
        path = folder / name
        path.write_text(
            f'#!/bin/sh\nunset PGSSLMODE PGSSLROOTCERT\nPGPORT={guarded.port} exec {program(name)} "$@"\n'
        )
        path.chmod(0o755)
    return folder


def test_a_folder_without_the_programs_is_reported(guarded: Guarded, tmp_path: Path) -> None:
    settings = guarded.warehouse.settings.model_copy(update={"postgres_programs": tmp_path})
    with pytest.raises(SettingsError, match="has no program pg_dump"):
        write_backup(open_warehouse(settings), tmp_path / "risk.backup")


def test_psql_is_that_of_the_setting(guarded: Guarded, tmp_path: Path) -> None:
    settings = guarded.warehouse.settings.as_environment()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("sigmasight")), "psql", "-Atc", "select current_user"],
        env={**os.environ, **settings, "POSTGRES_PROGRAMS": str(programs(guarded, tmp_path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "sigmasight_analyst\n", done.stderr
