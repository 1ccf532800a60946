"""Backup and restore of the warehouse: pg_dump's custom format, restored in one transaction.

A backup holds every schema of the warehouse, with rows, grants and functions: raw and ops data, publications,
the marts of all dates, users with their password hashes. Roles belong to the server: the first command on it
creates them, as for every new warehouse. The chat's own database is not included.

A backup ends with a signature of the key of its home: see signature. A restore runs what is in the file, so
it refuses another file unless it is told to trust it. It runs as the writer, never as a superuser. At its end
the grants of the file are revoked (see restored_grants), and the numbered SQL (schemas, functions, filters,
grants) is laid down again. Afterwards, of a file that is only trusted, also the views of the readers.

A restore drops and recreates those schemas in one transaction: other processes see the warehouse either as it
was before or as in the backup, and a restore that fails or is killed changes nothing. It locks GATE first,
which every request of the API reads before anything else: requests that have begun are answered from before,
and later ones wait for a second and are refused until the restore ends. None reads new tables in an old
snapshot, where they are empty.
"""

import fcntl
import logging
import os
import re
import secrets
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from glob import escape
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from flows.console import end_progress, show_work
from flows.database import Connection, row, rows, value
from flows.dbt.manifest_cache import FORGET
from flows.errors import BackupError
from flows.maintenance.restored_grants import REVOKE_GRANTS
from flows.maintenance.signature import ReadBackup, backup_key, read_backup, sign
from flows.pipeline.layout import read_version
from flows.pipeline.lock import build_lock, process_name
from flows.pipeline.reader_views import make_views
from flows.wording import many
from warehouse.bootstrap import writers_sql
from warehouse.connections import WRITER, Warehouse, open_warehouse
from warehouse.embedded_host import client_program
from warehouse.locks import LOAD_LOCK
from warehouse.urls import hide_secrets, libpq_environment, url_parts

logger = logging.getLogger(__name__)

SCHEMAS = """
select nspname from pg_catalog.pg_namespace
where nspowner = (select oid from pg_catalog.pg_roles where rolname = %s)
order by nspname
"""

IS_EMPTY = """
select
    not exists (select from ops.loads) and not exists (select from ops.users)
    and not exists (select from ops.publications)
"""

HOLDS = """
select
    (select count(*) from ops.publications),
    (select max(as_of_date) from ops.publication_dates),
    (select count(*) from ops.loads where status = 'succeeded'),
    (select count(*) from ops.users)
"""

TABLE_SIZES = """
select nspname || '.' || relname, pg_catalog.pg_table_size(pg_class.oid)
from pg_catalog.pg_class
join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
where relkind = 'r' and relpersistence = 'p' and nspname = any(%s)
"""

GATE = "ops.claim_keys"
"""Read by access.claim, which begins every transaction for a user, and by every look-up of a user."""

PATIENCE = "10min"  # for a load or a reader to end
LIMITS = f"set lock_timeout = '{PATIENCE}'; set client_min_messages = warning;\n"

# The file's record of its numbered SQL is dropped: another version, or another hand, may have written it
ENDING = f"\nreset all;\n{LIMITS}{REVOKE_GRANTS}\ndrop table if exists ops.schema_files;\n"

# Of the marts whose views need not be laid again, as their comments say
FORGET_DEFINITIONS = """
do $$
declare
    mart record;
begin
    for mart in
        select oid::regclass as name, case relkind when 'v' then 'view' else 'table' end as kind
        from pg_catalog.pg_class
        where relnamespace = to_regnamespace('published') and relkind in ('r', 'p', 'v')
    loop
        execute format('comment on %s %s is null', mart.kind, mart.name);
    end loop;
end
$$
"""

# Its option --single-transaction commits also when the input ends early, because this process was killed
PSQL = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--no-password", "--file=-")

PRIVATE_FILE = 0o600  # it holds password hashes
LINES_SHOWN = 6
NO_TLS = re.compile("SSL support is not compiled in|, no encryption")
OLDEST_WITH_TRANSACTION_TIMEOUT = 170000
TRANSACTION_TIMEOUT = re.compile(rb"^SET transaction_timeout = 0;\n", re.MULTILINE)
BLOCK = 1 << 20


@dataclass(frozen=True)
class Holdings:
    """Counts of what a warehouse holds; last_date: the newest published date."""

    publications: int
    last_date: date | None
    loads: int
    users: int

    def sentence(self) -> str:
        published = f"{many(self.publications, 'publication')} up to {self.last_date}"
        parts = [many(self.loads, "load"), published if self.last_date else "nothing published"]
        return ", ".join([*parts, many(self.users, "user")])


@dataclass(frozen=True)
class Backup:
    """A backup that was written or restored. size: bytes of the file."""

    path: Path
    size: int
    seconds: float
    holds: Holdings


def write_backup(warehouse: Warehouse, path: Path, *, overwrite: bool = False) -> Backup:
    """Write a snapshot of the warehouse to `path`, which appears only when it is complete.

    Loads and builds can continue: uncommitted changes are not included. Raises BackupError.
    """
    path = path.expanduser().absolute()
    if path.exists() and not overwrite:
        raise BackupError(f"{path} exists: name another file, or add --overwrite.")
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}: create it, or name another file.")
    begun = time.monotonic()
    with _connected(warehouse, "backup") as connection:
        schemas = [name for (name,) in rows(connection, SCHEMAS, [WRITER])]
        holds = Holdings(*row(connection, HOLDS))
        sizes = dict(rows(connection, TABLE_SIZES, [schemas]))
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    key = backup_key(warehouse.settings)
    _remove_left(path)
    try:
        with _private(draft) as file:  # the same file until it is signed, whatever the name then means
            _dump(warehouse, schemas, file, DumpProgress(sizes))
            _check_complete(warehouse, read_backup(file, key), path)
            sign(file, key)
            os.fsync(file.fileno())  # before it takes the place of an earlier backup
            draft.replace(path)
            if not os.path.samestat(os.fstat(file.fileno()), path.lstat()):
                raise BackupError(
                    f"Another program replaced the backup while it was written, and {path} is not it: write "
                    "it to a folder in which nobody else may write."
                )
    except OSError as error:
        raise BackupError(f"The backup could not be written to {path}: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
        end_progress()
    return Backup(path, path.stat().st_size, time.monotonic() - begun, holds)


def restore_backup(warehouse: Warehouse, path: Path, *, replace: bool = False, trust: bool = False) -> Backup:
    """Replace the contents of the warehouse with the backup, in one transaction.

    replace: also when it is not empty. trust: also a file without the signature of this home's key. Raises
    BackupError, or BuildLockedError while a build runs.
    """
    path = path.expanduser().absolute()
    if not path.is_file():
        raise BackupError(f"There is no file {path}: check the name and the folder.")
    begun = time.monotonic()
    with path.open("rb") as file:
        backup = read_backup(file, backup_key(warehouse.settings))
        if not (backup.is_signed or trust):
            raise BackupError(_not_ours(path, warehouse))
        _check_complete(warehouse, backup, path)
        holds = _replace(warehouse, backup, replace=replace)
    end_progress()
    open_warehouse(warehouse.settings)  # gives the roles their rights, if the record of that was lost
    if not backup.is_signed:
        _lay_views(warehouse)
    return Backup(path, path.stat().st_size, time.monotonic() - begun, holds)


def _replace(warehouse: Warehouse, backup: ReadBackup, *, replace: bool) -> Holdings:
    """Replace the contents of the warehouse with the backup; what it holds then."""
    with build_lock(warehouse, "restore"), _connected(warehouse, "restore") as connection:
        if not (replace or value(connection, IS_EMPTY)):
            held = Holdings(*row(connection, HOLDS))
            raise BackupError(
                f"This warehouse is not empty ({held.sentence()}): add --replace to overwrite it with the "
                "backup, or restore into another one (SIGMASIGHT_HOME, WAREHOUSE_DATABASE)."
            )
        schemas = [name for (name,) in rows(connection, SCHEMAS, [WRITER])]
        _restore(warehouse, backup, schemas, connection.info.server_version)
    # as the writer: tables of the file may be views that call its functions
    with warehouse.connect_writer(application_name=process_name("restore"), autocommit=True) as connection:
        connection.execute("analyze")
        return Holdings(*row(connection, HOLDS))


def _lay_views(warehouse: Warehouse) -> None:
    """Lay the readers' views down again; of an older layout, the upgrade does."""
    with (
        build_lock(warehouse, "restore", any_layout=True),
        warehouse.connect_writer(application_name=process_name("restore")) as connection,
    ):
        connection.execute(FORGET)
        connection.execute(FORGET_DEFINITIONS)
        state = read_version(connection)
        connection.commit()
        if state.is_published and state.layout == state.newest_layout:
            make_views(warehouse, connection)


def _not_ours(path: Path, warehouse: Warehouse) -> str:
    settings = warehouse.settings
    where = "BACKUP_KEY" if settings.backup_key else str(settings.backup_key_file)
    return (
        f"{path} is not signed with the key of this home ({where}): another home wrote it, or it was changed "
        "since. A restore runs what is in the file. To move a backup to another home, set BACKUP_KEY there "
        "to the key of the home that wrote it; if you know where the file comes from, add --trust."
    )


# --- dump ------------------------------------------------------------------------------------------------


@dataclass
class DumpProgress:
    """How far a dump is, by the sizes of its tables in bytes."""

    sizes: Mapping[str, int]
    table: str | None = None
    done: int = 0

    def read(self, line: str) -> bool:
        """Take a line of pg_dump's messages; whether it names the next table."""
        found = re.search(r'dumping contents of table "([^"]+)"', line)
        if found is None:
            return False
        self.done += self.sizes.get(self.table or "", 0)
        self.table = found[1]
        return True

    def text(self, written: int) -> str:
        """The progress in words. written: bytes of the file so far."""
        share = self.done / max(1, sum(self.sizes.values()))
        return f"writing {self.table}: {share:.0%}, {written / 1e6:,.0f} MB so far"


def _private(draft: Path) -> IO[bytes]:
    """Make a file that only this account can read, locked while this process or its pg_dump writes it."""
    file = os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w+b")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _remove_left(path: Path) -> None:
    """Remove the drafts of backups of this name that were killed: nobody else would."""
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError), open(left, "rb", opener=_without_following) as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises while it is written
                left.unlink()
                logger.info("removed %s, which a backup that was killed had left", left)


def _without_following(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _dump(warehouse: Warehouse, schemas: list[str], file: IO[bytes], progress: DumpProgress) -> None:
    """Run pg_dump into an open file: by its number, since to its standard output it does not go back."""
    named = [f'--schema="{schema}"' for schema in schemas]
    # a restore must not revive sessions that were logged out since
    named.append("--exclude-table-data=ops.sessions")
    command = ["--format=custom", "--verbose", "--no-password", *named, f"--file=/dev/fd/{file.fileno()}"]

    def on_line(line: str) -> None:
        if progress.read(line):
            show_work(progress.text(os.fstat(file.fileno()).st_size))

    errors = _run_watched(warehouse, "pg_dump", command, on_line, file.fileno())
    if errors is not None:
        raise BackupError(_why("The backup failed", errors, warehouse))


def _check_complete(warehouse: Warehouse, backup: ReadBackup, path: Path) -> None:
    """Raise BackupError unless pg_restore can read the file's list of contents, raw data among them."""
    with tempfile.TemporaryFile() as read_errors:
        with _pg_restore(warehouse, "--list", errors=read_errors) as reading, _fed(reading, backup):
            assert reading.stdout is not None  # noqa: S101 - a pipe
            listed = reading.stdout.read()
        if reading.returncode != 0 or not re.search(rb"TABLE DATA raw prices\b", listed):
            errors = " ".join(_read(read_errors).split()) or "it holds no raw.prices"
            raise BackupError(f"{path} is not a readable backup of a warehouse: {errors}.")


# --- restore ---------------------------------------------------------------------------------------------


def _pg_restore(warehouse: Warehouse, *arguments: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start pg_restore, which reads a backup from a pipe and writes to another."""
    return subprocess.Popen(
        [_program(warehouse, "pg_restore"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
    )


@contextmanager
def _fed(reading: subprocess.Popen[bytes], backup: ReadBackup) -> Iterator[None]:
    """Give the backup to a program while the context lasts. Raises BackupError when it changed meanwhile."""
    failures: list[BackupError] = []

    def feed() -> None:
        assert reading.stdin is not None  # noqa: S101 - a pipe
        try:
            with reading.stdin as target:
                for block in backup.blocks():
                    target.write(block)
        except BrokenPipeError:
            pass  # it has read what it needs, or says why it failed
        except BackupError as error:
            reading.kill()
            failures.append(error)

    feeding = threading.Thread(target=feed, daemon=True)
    feeding.start()
    try:
        yield
    except BaseException:
        reading.kill()
        raise
    finally:
        feeding.join()
    if failures:
        raise failures[0]


def _restore(warehouse: Warehouse, backup: ReadBackup, schemas: list[str], version: int) -> None:
    """Drop the schemas and pipe pg_restore's SQL into psql, as one transaction of the writer."""
    with tempfile.TemporaryFile() as psql_errors, tempfile.TemporaryFile() as read_errors:
        writing = subprocess.Popen(
            [_program(warehouse, "psql"), *PSQL],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=psql_errors,
            env=_environment(warehouse.writer_url, "restore"),
        )
        reading = _pg_restore(warehouse, "--file=-", errors=read_errors)
        assert writing.stdin is not None  # noqa: S101 - a pipe
        try:
            with _fed(reading, backup):
                whole = _feed(writing.stdin, reading, opening(schemas), version)
        finally:
            for process in (reading, writing):
                process.wait()
        if writing.returncode != 0 or not whole:
            raise BackupError(
                _why(
                    "The restore failed, and nothing was changed",
                    _read(psql_errors) or _read(read_errors),
                    warehouse,
                )
            )


def opening(schemas: list[str]) -> bytes:
    """The SQL before the backup's own: wait for loads and readers to finish, then drop the schemas."""
    names = [sql.SQL("drop schema {} cascade;\n").format(sql.Identifier(schema)) for schema in schemas]
    head = (
        f"{LIMITS}begin;\nselect pg_advisory_xact_lock({LOAD_LOCK});\n"
        f"lock table {GATE} in access exclusive mode;\n"
    )
    return head.encode() + b"".join(name.as_bytes() for name in names)


def _feed(target: IO[bytes], reading: subprocess.Popen[bytes], begun: bytes, version: int) -> bool:
    """Pipe all SQL to psql; whether it is complete: a truncated file is not committed."""
    assert reading.stdout is not None  # noqa: S101 - a pipe
    done = 0
    try:
        target.write(begun)
        while block := reading.stdout.read(BLOCK):
            if done == 0 and version < OLDEST_WITH_TRANSACTION_TIMEOUT:
                block = TRANSACTION_TIMEOUT.sub(b"", block)
            target.write(block)
            done += len(block)
            show_work(f"restoring, {done / 1e6:,.0f} MB of SQL so far")
        whole = reading.wait() == 0
        if not whole:
            target.write(
                b"\n\\.\n\nselect 1 / 0;\n"
            )  # ends a COPY in progress, and fails: nothing is committed
        target.write(ENDING.encode() + writers_sql() + b"commit;\n")
        target.close()
    except BrokenPipeError:  # psql failed and reports why
        reading.kill()
        return False
    return whole


# --- programs --------------------------------------------------------------------------------------------


def _run_watched(
    warehouse: Warehouse, name: str, arguments: list[str], on_line: Callable[[str], None], inherited: int
) -> str | None:
    """Run a PostgreSQL program, passing each line of stderr to `on_line`; the last lines if it failed.

    inherited: a file that it has open too.
    """
    process = subprocess.Popen(
        [_program(warehouse, name), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[inherited],
        text=True,
        errors="replace",
        env=_environment(warehouse.writer_url, "backup"),
    )
    assert process.stderr is not None  # noqa: S101 - a pipe
    lines = []
    with process:
        try:
            for line in process.stderr:
                lines.append(line)
                on_line(line)
        except BaseException:
            process.kill()
            raise
    return None if process.returncode == 0 else _reason(name, process.returncode, lines)


def _reason(name: str, code: int, lines: Sequence[str]) -> str:
    """Why a program failed: its errors, without what it says of its progress."""
    progress = re.compile(rf"{name}: (?!error|detail|hint|warning)")
    errors = [line for line in lines if not progress.match(line)]
    if code < 0:
        errors.append(
            f"{name} was ended by {signal.Signals(-code).name}, such as for a limit of memory or of files"
        )
    return "".join((errors or lines)[-LINES_SHOWN:])


def _program(warehouse: Warehouse, name: str) -> str:
    return str(client_program(name, warehouse.settings.postgres_programs))


def _environment(url: str, purpose: str) -> dict[str, str]:
    """The connection for the programs, so that no password is on a command line."""
    found = libpq_environment(url_parts(url))
    return {**os.environ, **found, "PGAPPNAME": process_name(purpose), "LC_ALL": "C"}


@contextmanager
def _connected(warehouse: Warehouse, purpose: str) -> Iterator[Connection]:
    """A connection as the writer: what a restored file holds may run in it."""
    name = process_name(purpose)
    try:
        with warehouse.connect_writer(application_name=name, autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise BackupError(f"The database connection broke: {' '.join(str(error).split())}.") from error


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return "\n".join(file.read().decode(errors="replace").splitlines()[:LINES_SHOWN])


def _why(what: str, errors: str, warehouse: Warehouse) -> str:
    """A sentence from a program's error output, without passwords."""
    text = hide_secrets(" ".join(errors.split()), url_parts(warehouse.admin_url))
    if "server version mismatch" in text:
        return (
            f"{what}: the server of DATABASE_URL is newer than the programs that come with SigmaSight; name "
            f"the folder of its own in POSTGRES_PROGRAMS. ({text})"
        )
    if NO_TLS.search(text):
        return (
            f"{what}: the server asks for an encrypted connection, which the programs that come with "
            f"SigmaSight do not know; name the folder of others in POSTGRES_PROGRAMS. ({text})"
        )
    if "No space left" in text:
        return f"{what}: the disk is full; free some space and run the command again. ({text})"
    return f"{what}: {text}"
