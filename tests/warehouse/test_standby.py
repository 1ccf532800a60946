"""A standby of the embedded server: it follows, it takes no writes, and its readers survive its end."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.flows.in_process import invoke
from tests.servers.own_server import free_port
from warehouse.connections import Warehouse, connect, open_warehouse, stop_warehouse
from warehouse.embedded import running_embedded
from warehouse.embedded_host import program
from warehouse.errors import EmbeddedServerError, ForeignFolderError, WarehouseUnavailableError
from warehouse.settings import Settings
from warehouse.standby import DRAFT, ReaderUrls, reader_urls, remove_standby, start_standby, stop_standby
from warehouse.urls import make_url, url_parts

PATIENCE = 30.0


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def first(make_home: Callable[[], Path]) -> Iterator[Warehouse]:
    """The first server, with a table that every role may read."""
    warehouse = open_warehouse(Settings(sigmasight_home=make_home()))
    with warehouse.connect_writer() as connection:
        connection.execute("create table marts.kept as select 1 as answer")
        connection.execute("grant select on marts.kept to sigmasight_analyst, sigmasight_api")
    yield warehouse
    stop_warehouse(warehouse.settings)


@pytest.fixture
def folder(first: Warehouse, make_home: Callable[[], Path]) -> Iterator[Path]:
    """The folder of a running standby."""
    folder = make_home() / "standby"
    start_standby(first, folder)
    yield folder
    remove_standby(first, folder)
    assert not folder.exists()
    assert slots(first) == []


def slots(warehouse: Warehouse) -> list[Any]:
    with connect(warehouse.admin_url) as connection:
        return connection.execute("select slot_name from pg_replication_slots").fetchall()


def write(warehouse: Warehouse, statement: str) -> None:
    with warehouse.connect_writer() as connection:
        connection.execute(statement.encode())


def seen(url: str) -> tuple[bool, int]:
    """Whether a standby answers, and what it shows."""
    with connect(url) as connection:
        row = connection.execute("select pg_is_in_recovery(), max(answer) from marts.kept").fetchone()
    assert row is not None
    return bool(row[0]), int(row[1])


def wait_for(url: str, expected: tuple[bool, int]) -> None:
    begun = time.monotonic()
    while (found := seen(url)) != expected:
        assert time.monotonic() - begun < PATIENCE, found
        time.sleep(0.05)


def urls(first: Warehouse, folder: Path) -> ReaderUrls:
    return reader_urls(first, folder)


def test_it_follows_and_takes_no_writes(first: Warehouse, folder: Path) -> None:
    readers = urls(first, folder)
    write(first, "insert into marts.kept values (2)")
    for url in (readers.api, readers.analyst):
        wait_for(url, (True, 2))
    with connect(readers.analyst) as connection, pytest.raises(psycopg.errors.FeatureNotSupported):
        connection.execute("set transaction read write")
    with pytest.raises(psycopg.errors.UndefinedTable), connect(readers.chat) as connection:
        connection.execute("select from marts.absent")


def test_what_is_committed_at_once_is_seen_at_once(first: Warehouse, folder: Path) -> None:
    """A publication is one commit: no reader of the standby sees a part of it."""
    write(first, "create table marts.pair as select 1 as a union all select 1")
    write(first, "grant select on marts.pair to sigmasight_analyst")
    readers = urls(first, folder)
    write(first, "insert into marts.kept values (3)")
    wait_for(readers.analyst, (True, 3))
    found = set()
    with connect(readers.analyst, autocommit=True) as connection, connect(first.writer_url) as writer:
        for number in range(2, 52):
            for row in ("(select ctid from marts.pair limit 1)", "(select max(ctid) from marts.pair)"):
                writer.execute(f"update marts.pair set a = {number} where ctid = {row}".encode())
            writer.execute(f"update marts.pair set a = {number}".encode())
            writer.commit()
            found |= set(connection.execute("select min(a), max(a) from marts.pair").fetchall())
    assert found
    assert all(low == high for low, high in found)
    write(first, "drop table marts.pair")


def test_readers_go_on_at_the_first_server(first: Warehouse, folder: Path) -> None:
    readers = urls(first, folder)
    write(first, "insert into marts.kept values (4)")
    wait_for(readers.api, (True, 4))
    assert stop_standby(folder)
    assert seen(readers.api) == (False, 4)
    write(first, "insert into marts.kept values (5)")
    assert seen(readers.analyst) == (False, 5)
    start_standby(first, folder)  # catches up with what it missed
    wait_for(readers.api, (True, 5))


def test_it_survives_a_restart_of_the_first_server(first: Warehouse, folder: Path) -> None:
    readers = urls(first, folder)
    stop_warehouse(first.settings)
    assert seen(readers.analyst)[0] is True
    open_warehouse(first.settings)
    write(first, "insert into marts.kept values (6)")
    wait_for(readers.analyst, (True, 6))


def test_its_secrets_are_private(folder: Path) -> None:
    for name in ("postgresql.auto.conf", "login_secret", "pg_hba.conf"):
        assert (folder / "pgdata" / name).stat().st_mode & 0o077 == 0, name


def test_a_mistaken_folder_is_refused(first: Warehouse, make_home: Callable[[], Path]) -> None:
    with pytest.raises(EmbeddedServerError, match="is the warehouse itself"):
        start_standby(first, first.settings.warehouse_folder)
    other = open_warehouse(Settings(sigmasight_home=make_home()))
    for act in (
        lambda: start_standby(first, other.settings.warehouse_folder),
        lambda: stop_standby(other.settings.warehouse_folder),
        lambda: remove_standby(first, other.settings.warehouse_folder),
    ):
        with pytest.raises(EmbeddedServerError, match="is no standby"):
            act()
    assert running_embedded(other.settings.warehouse_folder)
    with pytest.raises(EmbeddedServerError, match="replica start"):
        reader_urls(first, make_home())


def test_what_it_did_not_make_is_not_removed(first: Warehouse, tmp_path: Path) -> None:
    data = tmp_path / "pgdata"
    data.mkdir()
    for path in (data / "notes.txt", tmp_path / "lock", tmp_path / "stopped"):
        path.write_text("kept")
    with pytest.raises(EmbeddedServerError, match="is no standby"):
        remove_standby(first, tmp_path)
    (data / "PG_VERSION").write_text("18")
    (data / "standby.signal").touch()  # of a server of somebody else
    (data / "postgresql.auto.conf").write_text("primary_slot_name = 'other'\n")
    for act in (lambda: remove_standby(first, tmp_path), lambda: stop_standby(tmp_path)):
        with pytest.raises(EmbeddedServerError, match="is no standby"):
            act()
    data.rename(tmp_path / "pgdata.new")  # as whoever upgrades a server may call it
    remove_standby(first, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "pgdata.new", "stopped"]


def test_a_removal_that_was_killed_goes_on(first: Warehouse, tmp_path: Path) -> None:
    folder = tmp_path / "standby"
    (folder / DRAFT / "base").mkdir(parents=True)
    (folder / "lock").touch()
    remove_standby(first, folder)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(first: Warehouse, tmp_path: Path) -> None:
    planted = tmp_path / "standby"
    planted.mkdir()
    os.chown(planted, 12_345, -1)
    acts: tuple[Callable[[], object], ...] = (
        lambda: start_standby(first, planted),
        lambda: reader_urls(first, planted),  # passwords, and where to send them
        lambda: stop_standby(planted),
        lambda: remove_standby(first, planted),
    )
    for act in acts:
        with pytest.raises(ForeignFolderError):
            act()
    assert list(planted.iterdir()) == []


def test_a_standby_that_fell_too_far_behind_is_refused(first: Warehouse, folder: Path) -> None:
    stop_standby(folder)
    with connect(first.admin_url, autocommit=True) as connection:
        connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    with pytest.raises(EmbeddedServerError, match="fell behind"):
        start_standby(first, folder)


def test_the_urls_name_the_standby_first(first: Warehouse, folder: Path) -> None:
    parts = url_parts(urls(first, folder).api)
    assert parts["host"].split(",")[1] == url_parts(first.admin_url)["host"]
    assert parts["target_session_attrs"] == "prefer-standby"
    assert parts["user"] == "sigmasight_api"


def test_the_commands(first: Warehouse, make_home: Callable[[], Path]) -> None:
    folder, variables = make_home() / "it's a standby", first.settings.as_environment()

    def run(*arguments: str) -> str:
        done = invoke(["replica", *arguments], variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        assert "The standby follows" in run("start", str(folder), "--port", str(free_port()))
        script = f"{run('env', str(folder))}\n'{program('psql')}' -Atc 'select pg_is_in_recovery()' "
        for name in ("API_DATABASE_URL", "ANALYST_DATABASE_URL", "CHAT_DATABASE_URL"):
            shell = ["/bin/sh", "-c", f'{script} "${name}"']
            assert subprocess.run(shell, capture_output=True, text=True, check=True).stdout == "t\n"
        assert first.settings.signing_key() in run("env", str(folder))
        assert run("stop", str(folder)) == "The standby is stopped.\n"
        assert run("stop", str(folder)) == "The standby was not running.\n"
    finally:
        assert run("remove", str(folder)) == "The standby is removed.\n"
    assert slots(first) == []


def test_analysts_programs_reach_it_on_its_port(first: Warehouse, make_home: Callable[[], Path]) -> None:
    folder, port = make_home() / "standby", free_port()
    start_standby(first, folder, port)
    try:
        parts = {**url_parts(first.analyst_url), "host": "127.0.0.1", "port": str(port)}
        assert seen(make_url(parts))[0] is True
        with pytest.raises(WarehouseUnavailableError, match=r"pg_hba\.conf"):
            connect(make_url({**url_parts(first.api_url), "host": "127.0.0.1", "port": str(port)}))
    finally:
        remove_standby(first, folder)
