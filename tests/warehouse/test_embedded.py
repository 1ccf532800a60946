"""The embedded server: started, reused, stopped, and started again after each kind of failure."""

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from pydantic import SecretStr

from tests.servers.own_server import free_port
from warehouse import embedded
from warehouse.connections import Warehouse, connect, open_warehouse, stop_warehouse
from warehouse.embedded import restart_embedded, running_embedded, start_embedded, stop_embedded
from warehouse.embedded_host import (
    HINTS,
    SOCKET_NAME,
    as_server_user,
    failure,
    program,
    server_account,
)
from warehouse.errors import EmbeddedServerError, WarehouseError, WarehouseUnavailableError
from warehouse.settings import Settings
from warehouse.urls import make_url, url_parts

pytestmark = pytest.mark.slow

OPEN = "from warehouse.connections import open_warehouse; open_warehouse()"


@pytest.fixture
def home(make_home: Callable[[], Path]) -> Iterator[Path]:
    folder = make_home()
    yield folder
    server = running_embedded(folder / ".warehouse")
    if server is not None:
        kill(psutil.Process(server.pid))  # its data is not needed: do not wait for a checkpoint


@pytest.fixture(scope="module")
def prepared(make_home: Callable[[], Path]) -> Path:
    """Create a warehouse with a committed row and stop its server: copying it is faster than creating it."""
    warehouse = open_warehouse(Settings(sigmasight_home=make_home()))
    write(warehouse, "create table raw.kept as select 42 as answer")
    stop_warehouse(warehouse.settings)
    return warehouse.settings.warehouse_folder


@pytest.fixture
def opened(home: Path, prepared: Path) -> Warehouse:
    """Open a warehouse that has a committed row."""
    subprocess.run(["/bin/cp", "-a", str(prepared), str(home)], check=True)
    return open_warehouse(Settings(sigmasight_home=home))


@pytest.fixture(scope="module")
def running(make_home: Callable[[], Path]) -> Warehouse:
    """Open a warehouse with the default settings, shared by the tests that break nothing."""
    warehouse = open_warehouse(Settings(sigmasight_home=make_home()))
    write(warehouse, "create table raw.kept as select 42 as answer")
    return warehouse


def write(warehouse: Warehouse, statement: str) -> None:
    with warehouse.connect_writer() as connection:
        connection.execute(statement.encode())


def answer(warehouse: Warehouse) -> object:
    with warehouse.connect_writer() as connection:
        return connection.execute("select answer from raw.kept").fetchall()[0][0]


def postmaster(warehouse: Warehouse) -> psutil.Process:
    server = running_embedded(warehouse.settings.warehouse_folder)
    assert server is not None
    return psutil.Process(server.pid)


def kill(process: psutil.Process) -> None:
    process.kill()
    process.wait(60)


def data_folder(home: Path) -> Path:
    return home / ".warehouse" / "pgdata"


# --- the normal case ------------------------------------------------------------------------------


def test_the_second_opening_reuses_the_server(running: Warehouse) -> None:
    before = postmaster(running).pid
    again = open_warehouse(running.settings)
    assert postmaster(again).pid == before
    assert again == running


def test_the_server_outlives_the_process_that_started_it(home: Path) -> None:
    environment = {**os.environ, "SIGMASIGHT_HOME": str(home)}
    subprocess.run([sys.executable, "-c", OPEN], env=environment, check=True)
    assert running_embedded(home / ".warehouse") is not None


@pytest.mark.long
def test_the_server_outlives_a_killed_terminal(home: Path) -> None:
    environment = {**os.environ, "SIGMASIGHT_HOME": str(home)}
    lingering = f"{OPEN}; print('open', flush=True); import time; time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", lingering], env=environment, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert running_embedded(home / ".warehouse") is not None


def test_the_server_gets_none_of_the_keys_of_the_command_that_starts_it(
    opened: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_warehouse(opened.settings)
    for name in ("OPENAI_API_KEY", "BACKUP_KEY", "DATABASE_URL", "PGPASSWORD"):
        monkeypatch.setenv(name, "a-key-of-the-command-that-starts-the-server")
    server = start_embedded(opened.settings.warehouse_folder)
    environment = psutil.Process(server.pid).environ()
    assert "PATH" in environment
    assert "a-key-of-the-command-that-starts-the-server" not in environment.values()


def test_stopping_keeps_the_data_and_stops_once(opened: Warehouse) -> None:
    assert stop_warehouse(opened.settings)
    assert not stop_warehouse(opened.settings)
    assert running_embedded(opened.settings.warehouse_folder) is None
    assert answer(open_warehouse(opened.settings)) == 42


def test_stopping_a_server_that_never_existed_does_nothing(tmp_path: Path) -> None:
    assert not stop_embedded(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_is_in_force_and_no_port_is_open(running: Warehouse) -> None:
    with running.connect_writer() as connection:
        rows = connection.execute("select name, setting from pg_settings").fetchall()
    found: dict[str, str] = dict(rows)
    assert found["listen_addresses"] == ""
    assert found["jit"] == "off"
    assert found["TimeZone"] == "UTC"
    assert found["work_mem"] == "65536"
    assert found["fsync"] == "on"
    assert not [
        connected for connected in postmaster(running).net_connections("inet") if connected.status == "LISTEN"
    ]


def test_a_port_is_open_on_loopback_to_analysts_with_the_password(opened: Warehouse) -> None:
    port = free_port()
    with_port = opened.settings.model_copy(update={"embedded_port": port})
    assert open_warehouse(with_port).analyst_network_url is None  # it runs without
    stop_warehouse(opened.settings)
    warehouse = open_warehouse(with_port)
    assert answer(warehouse) == 42

    url = warehouse.analyst_network_url
    assert url is not None
    with connect(url) as analyst:
        assert analyst.info.host == "127.0.0.1"
        assert analyst.execute("show search_path").fetchone() == ("marts, udf, public",)
    log = data_folder(opened.settings.sigmasight_home) / "log"
    assert "authentication failed" not in log.read_text()
    password = with_port.embedded_password_file
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    for part in ({"password": "guessed"}, {"user": "postgres"}, {"user": "sigmasight_writer"}):
        with pytest.raises(WarehouseUnavailableError, match="rejected the login"):
            connect(make_url({**url_parts(url), **part}))
    listening = [
        found.laddr for found in postmaster(warehouse).net_connections("inet") if found.status == "LISTEN"
    ]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", port)]

    kill(postmaster(warehouse))
    assert restart_embedded(warehouse.settings.warehouse_folder, port) is not None
    chosen = with_port.model_copy(update={"analyst_password": SecretStr("chosen by hand")})
    connect(open_warehouse(chosen).analyst_network_url or "").close()
    stop_warehouse(opened.settings)
    assert answer(open_warehouse(opened.settings)) == 42
    assert not postmaster(opened).net_connections("inet")


def test_programs_started_before_the_port_changed_reach_the_server(opened: Warehouse) -> None:
    ports = (free_port(), free_port(), None)
    for port in ports:
        stop_warehouse(opened.settings)
        assert not (data_folder(opened.settings.sigmasight_home) / SOCKET_NAME).is_symlink()
        moved = open_warehouse(opened.settings.model_copy(update={"embedded_port": port}))
        assert answer(opened) == 42
        assert moved.api_url == opened.api_url
        kill(postmaster(moved))
        assert restart_embedded(moved.settings.warehouse_folder, port) is not None
        assert answer(opened) == 42


def test_text_sorts_the_same_on_every_machine(running: Warehouse) -> None:
    with running.connect_writer() as connection:
        rows = connection.execute(
            "select s from unnest(array['b', 'A', 'a', 'B', 'é']) as s order by s"
        ).fetchall()
    assert [row[0] for row in rows] == ["A", "B", "a", "b", "é"]


def test_only_the_owner_reaches_the_socket(running: Warehouse) -> None:
    account = server_account()
    data = data_folder(running.settings.sigmasight_home)
    socket = (data / SOCKET_NAME).stat()
    assert stat.S_IMODE(socket.st_mode) == 0o700
    assert socket.st_uid == (os.geteuid() if account is None else account.pw_uid)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    folder = data.parent.stat()
    assert stat.S_IMODE(folder.st_mode) == (0o700 if account is None else 0o710)
    assert account is None or folder.st_gid == account.pw_gid
    for name in ("pg_hba.conf", "sigmasight.conf", "log"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600


# --- several processes ----------------------------------------------------------------------------


def _open_in_a_process(home: str, database: str) -> int:
    warehouse = open_warehouse(Settings(sigmasight_home=Path(home), warehouse_database=database))
    with warehouse.connect_writer() as connection:
        connection.execute("select from ops.loads")
    return postmaster(warehouse).pid


def test_processes_that_open_concurrently_share_one_server(home: Path) -> None:
    work = [(str(home), "one"), (str(home), "one"), (str(home), "two")] * 2
    with multiprocessing.get_context("spawn").Pool(len(work)) as pool:
        pids = pool.starmap(_open_in_a_process, work)
    assert len(set(pids)) == 1


@pytest.mark.parametrize(
    "seconds", [pytest.param(each, marks=pytest.mark.long) for each in (0.25, 0.75, 1.0, 1.25)] + [0.5]
)
def test_a_start_killed_at_any_moment_does_not_block_the_next(home: Path, seconds: float) -> None:
    environment = {**os.environ, "SIGMASIGHT_HOME": str(home)}
    process = subprocess.Popen([sys.executable, "-c", OPEN], env=environment, start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with open_warehouse(Settings(sigmasight_home=home)).connect_writer() as connection:
        assert connection.execute("select count(*) from ops.loads").fetchone() == (0,)


# --- after a crash --------------------------------------------------------------------------------


def test_a_copy_of_others_beside_the_server_is_kept(home: Path) -> None:
    # as whoever upgrades a server may call it, before it takes its place
    copy = home / ".warehouse" / "pgdata.new" / "base"
    copy.mkdir(parents=True)
    start_embedded(home / ".warehouse")
    assert copy.is_dir()


def test_a_killed_server_recovers_with_what_was_committed(opened: Warehouse) -> None:
    connection = opened.connect_writer()
    connection.execute("update raw.kept set answer = 0")
    kill(postmaster(opened))
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")
    connection.close()
    assert answer(open_warehouse(opened.settings)) == 42


def test_a_restart_is_of_a_killed_server_only(opened: Warehouse, tmp_path: Path) -> None:
    folder = opened.settings.warehouse_folder
    assert restart_embedded(folder) is None  # it runs
    kill(postmaster(opened))
    restarted = restart_embedded(folder)
    assert restarted == running_embedded(folder)
    assert restarted is not None
    stop_warehouse(opened.settings)
    assert restart_embedded(folder) is None
    assert restart_embedded(tmp_path / "never") is None
    assert not (tmp_path / "never").exists()
    kill(postmaster(open_warehouse(opened.settings)))
    assert restart_embedded(folder) is not None  # a start by a command ends the stop


@pytest.mark.long
def test_a_statement_that_outlives_the_killed_server_is_ended(opened: Warehouse) -> None:
    connection = opened.connect_writer(autocommit=True)
    backend = psutil.Process(connection.info.backend_pid)

    def compute() -> None:
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select count(*) from generate_series(1, 100000000000)")

    thread = threading.Thread(target=compute)
    thread.start()
    while backend.cpu_times().user < 0.2:
        time.sleep(0.05)
    kill(postmaster(opened))
    assert backend.is_running()
    assert answer(open_warehouse(opened.settings)) == 42
    thread.join(timeout=60)
    connection.close()
    assert not backend.is_running()


def test_connecting_waits_for_a_server_that_recovers_from_a_killed_child(opened: Warehouse) -> None:
    victim = opened.connect_writer()
    psutil.Process(victim.info.backend_pid).kill()
    deadline = time.monotonic() + 30
    while True:
        try:
            assert answer(open_warehouse(opened.settings)) == 42
            break
        except psycopg.OperationalError:
            # accepted just before the server noticed the crash, then dropped with all other connections
            assert time.monotonic() < deadline
    victim.close()


def test_a_connection_dropped_during_a_server_reset_is_retried(
    opened: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that lost a child drops new connections too, and accepts them a moment later."""
    connect = psycopg.connect
    said = ["server closed the connection unexpectedly"] * 3 + ["the database system is in recovery mode"]

    def dropped_at_first(*args: Any, **options: Any) -> Any:
        if said:
            raise psycopg.OperationalError(said.pop(0))
        return connect(*args, **options)

    monkeypatch.setattr(psycopg, "connect", dropped_at_first)
    assert answer(open_warehouse(opened.settings)) == 42
    assert said == []


def test_a_lock_file_naming_another_program_does_not_count_as_a_server(opened: Warehouse) -> None:
    data = data_folder(opened.settings.sigmasight_home)
    left = (data / "postmaster.pid").read_text().splitlines()
    socket_lock = (data / f"{SOCKET_NAME}.lock").read_text().splitlines()
    stop_warehouse(opened.settings)
    with subprocess.Popen(["/bin/sleep", "60"], **as_server_user(data)) as other:
        (data / "postmaster.pid").write_text("\n".join([str(other.pid), *left[1:]]) + "\n")
        (data / f"{SOCKET_NAME}.lock").write_text("\n".join([str(other.pid), *socket_lock[1:]]) + "\n")
        assert running_embedded(opened.settings.warehouse_folder) is None
        assert answer(open_warehouse(opened.settings)) == 42
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_a_broken_lock_file_does_not_block_a_start(opened: Warehouse, content: str) -> None:
    stop_warehouse(opened.settings)
    (data_folder(opened.settings.sigmasight_home) / "postmaster.pid").write_text(content)
    assert answer(open_warehouse(opened.settings)) == 42


def test_a_starting_server_is_waited_for(opened: Warehouse) -> None:
    path = data_folder(opened.settings.sigmasight_home) / "postmaster.pid"
    ready = path.read_text()
    path.write_text(ready.replace("ready", "starting"))
    timer = threading.Timer(0.3, path.write_text, [ready])
    begun = time.perf_counter()
    timer.start()
    assert answer(open_warehouse(opened.settings)) == 42
    assert time.perf_counter() - begun > 0.25


def test_a_recovery_longer_than_the_timeout_is_reported_with_the_log(
    opened: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PATIENCE_SECONDS", 0.2)
    path = data_folder(opened.settings.sigmasight_home) / "postmaster.pid"
    ready = path.read_text()
    path.write_text(ready.replace("ready", "starting"))
    with pytest.raises(EmbeddedServerError, match="continues in the background") as caught:
        open_warehouse(opened.settings)
    assert "ready to accept connections" in str(caught.value)
    path.write_text(ready)


def test_a_server_whose_socket_was_deleted_is_started_again(opened: Warehouse) -> None:
    before = postmaster(opened).pid
    (data_folder(opened.settings.sigmasight_home) / SOCKET_NAME).unlink()
    again = open_warehouse(opened.settings)
    assert answer(again) == 42
    assert postmaster(again).pid != before


def test_a_lost_server_is_reported_with_a_remedy(opened: Warehouse) -> None:
    stop_warehouse(opened.settings)
    with pytest.raises(WarehouseUnavailableError, match="run the command again"):
        opened.connect_writer()


# --- where the folder is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["with space and 'quote' and ü", pytest.param("long-" * 30, marks=pytest.mark.long)]
)
def test_any_folder_name_works(home: Path, name: str) -> None:
    warehouse = open_warehouse(Settings(sigmasight_home=home / name))
    write(warehouse, "create table raw.kept as select 42 as answer")
    assert answer(warehouse) == 42
    assert stop_warehouse(warehouse.settings)


@pytest.mark.long
def test_the_socket_folder_of_a_long_path_is_private(home: Path) -> None:
    server = start_embedded(home / ("long-" * 30) / ".warehouse")
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    assert server.socket_folder != server.data
    assert stop_embedded(server.data.parent)
    assert not server.socket_folder.exists()


@pytest.mark.long
def test_the_running_server_is_found_through_a_link(opened: Warehouse, tmp_path: Path) -> None:
    (tmp_path / ".warehouse").mkdir()
    (tmp_path / ".warehouse" / "pgdata").symlink_to(data_folder(opened.settings.sigmasight_home))
    again = open_warehouse(Settings(sigmasight_home=tmp_path))
    assert postmaster(again) == postmaster(opened)
    assert answer(again) == 42


def test_a_folder_moved_under_the_running_server_is_found(opened: Warehouse) -> None:
    before = postmaster(opened).pid
    moved = opened.settings.sigmasight_home / "moved"
    moved.mkdir(mode=0o755)
    (opened.settings.sigmasight_home / ".warehouse").rename(moved / ".warehouse")
    again = open_warehouse(Settings(sigmasight_home=moved))
    assert postmaster(again).pid == before
    assert answer(again) == 42
    assert stop_warehouse(again.settings)


# --- when it cannot start -------------------------------------------------------------------------


def test_a_failed_start_shows_the_servers_last_log_lines(opened: Warehouse) -> None:
    stop_warehouse(opened.settings)
    configuration = data_folder(opened.settings.sigmasight_home) / "postgresql.conf"
    sound = configuration.read_text()
    configuration.write_text(sound + "\nnonsense_setting = 1\n")
    with pytest.raises(EmbeddedServerError, match="nonsense_setting"):
        open_warehouse(opened.settings)
    configuration.write_text(sound)
    assert answer(open_warehouse(opened.settings)) == 42


def test_a_home_that_is_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match="set SIGMASIGHT_HOME to a folder"):
        open_warehouse(Settings(sigmasight_home=tmp_path / "file"))


def test_other_files_in_the_data_folder_are_left_alone(home: Path) -> None:
    data_folder(home).mkdir(parents=True)
    (data_folder(home) / "thesis.txt").write_text("precious")
    with pytest.raises(EmbeddedServerError, match="holds other files"):
        open_warehouse(Settings(sigmasight_home=home))
    assert (data_folder(home) / "thesis.txt").read_text() == "precious"


def test_files_of_another_version_are_left_alone(home: Path) -> None:
    data_folder(home).mkdir(parents=True)
    (data_folder(home) / "PG_VERSION").write_text("13\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 13"):
        open_warehouse(Settings(sigmasight_home=home))


def test_damaged_files_are_reported(opened: Warehouse) -> None:
    kill(postmaster(opened))
    data = data_folder(opened.settings.sigmasight_home)
    for segment in (data / "pg_wal").glob("0*"):
        segment.write_bytes(b"\0" * segment.stat().st_size)
    with pytest.raises(EmbeddedServerError, match="Its files are damaged"):
        open_warehouse(opened.settings)


@pytest.mark.parametrize(("said", "advice"), HINTS.items())
def test_known_failures_come_with_a_remedy(said: str, advice: str) -> None:
    message = str(failure(Path("/srv/pgdata"), f"FATAL: could not write: {said}"))
    assert "/srv/pgdata" in message
    assert advice in message
    assert said in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk to fill")
@pytest.mark.parametrize(
    "megabytes",
    [12, pytest.param(1, marks=pytest.mark.long), pytest.param(40, marks=pytest.mark.long)],
)
def test_a_full_disk_is_reported_and_leaves_nothing_behind(home: Path, megabytes: int) -> None:
    subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(home)], check=True
    )
    try:
        with pytest.raises(WarehouseError, match="disk is full"):
            open_warehouse(Settings(sigmasight_home=home))
        subprocess.run(["/bin/mount", "-o", "remount,size=500m", str(home)], check=True)
        with open_warehouse(Settings(sigmasight_home=home)).connect_writer() as connection:
            assert connection.execute("select count(*) from ops.loads").fetchone() == (0,)
    finally:
        stop_embedded(home / ".warehouse")
        subprocess.run(["/bin/umount", str(home)], check=True)


def test_programs_of_the_server_are_found() -> None:
    said = subprocess.run([str(program("psql")), "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("psql (PostgreSQL) 18")


def test_psql_reaches_the_warehouse_by_its_url(running: Warehouse) -> None:
    said = subprocess.run(
        [str(program("psql")), "-Atc", "select answer from raw.kept", running.writer_url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "42\n"
    assert connect(running.analyst_url).info.user == "sigmasight_analyst"
