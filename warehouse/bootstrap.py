"""Create roles, schemas and tables by running the numbered files of warehouse/sql.

Every file is idempotent. A file runs when its hash differs from the one recorded in ops.schema_files; the
file and its record are one transaction. The first file creates the roles and runs as the administrator. The
others run as sigmasight_writer, which therefore owns everything, over a connection of its own: what the
database holds (views, triggers, functions of a restored backup) may run then, and must not run in the
administrator's session.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from warehouse.errors import BootstrapError
from warehouse.locks import BOOTSTRAP_LOCK
from warehouse.vector_extension import require_vector

logger = logging.getLogger(__name__)

SQL_FOLDER = Path(__file__).parent / "sql"
ROLES_FILE = "001_roles.sql"
OLDEST_SERVER = 16
ATTEMPTS = 5

# Created here and not by a numbered file, because it must exist before the first file is recorded.
RECORD_TABLE = """
create schema if not exists ops;
create table if not exists ops.schema_files (
    file_name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""

# Roles belong to the server, and grants on a database are not copied with it. In a restored or copied
# database the record therefore claims that the roles file was applied although it was not.
STATE = """
with ours as (
    select
        rolname,
        pg_has_role(current_user, oid, 'set') as is_held,
        has_database_privilege(oid, current_database(), 'create') as can_create
    from pg_catalog.pg_roles
    where rolname in (
        'sigmasight_writer', 'sigmasight_analyst', 'sigmasight_api', 'sigmasight_auth', 'sigmasight_ai',
        'sigmasight_chat'
    )
)

select
    (select count(*) = 6 from ours)
    and exists (select from ours where rolname = 'sigmasight_writer' and is_held and can_create),
    rolsuper or rolcreaterole
from pg_catalog.pg_roles
where rolname = current_user
"""

ONLY_CATALOG = "set search_path = pg_catalog"
"""Of the administrator's sessions."""

Connection = psycopg.Connection[TupleRow]
Writer = AbstractContextManager[Connection]


def bootstrap(
    administrator: Connection, open_writer: Callable[[], Writer], folder: Path = SQL_FOLDER
) -> list[str]:
    """Apply the files of `folder` that are new or changed, and return their names.

    administrator: in autocommit mode. open_writer: opens a connection of the writer, in autocommit mode, once
    the role exists. Raises BootstrapError.
    """
    _check_server(administrator)
    files = {path.name: path.read_text() for path in sorted(folder.glob("[0-9]*.sql"))}
    are_new = _create_roles(administrator, files[ROLES_FILE])
    require_vector(administrator)
    with open_writer() as writer:
        if not _pending(administrator, writer, files, are_new=are_new):
            return []
        with _lock(administrator):
            # another process may have applied them
            pending = _pending(administrator, writer, files, are_new=are_new)
            for name in pending:
                if name != ROLES_FILE:
                    _apply(writer, name, files[name])
                    continue
                if not are_new:
                    _in_transaction(administrator, name, lambda: _run(administrator, files[ROLES_FILE]))
                _in_transaction(writer, name, lambda: _record(writer, ROLES_FILE, files[ROLES_FILE]))
        return pending


def writers_sql(folder: Path = SQL_FOLDER) -> bytes:
    """What `bootstrap` runs as the writer, with the records, as one script for a transaction of psql."""
    files = {path.name: path.read_text() for path in sorted(folder.glob("[0-9]*.sql"))}
    script = [RECORD_TABLE.encode() + b";\n"]
    for name, text in files.items():
        if name != ROLES_FILE:
            script += [text.encode(), b"\n", _recorded(name, text).as_bytes(), b";\n"]
    return b"".join(script)


def lay_roles(administrator: Connection) -> None:
    """Give the roles their rights and settings again, where the administrator may; raises BootstrapError."""
    if not _state(administrator)[1]:
        logger.info("%s is left to the server's administrator", ROLES_FILE)
        return
    text = (SQL_FOLDER / ROLES_FILE).read_text()
    with _lock(administrator):
        _in_transaction(administrator, ROLES_FILE, lambda: _run(administrator, text))


def _check_server(connection: Connection) -> None:
    version = connection.info.server_version // 10000
    if version < OLDEST_SERVER:
        raise BootstrapError(
            f"The server of DATABASE_URL is PostgreSQL {version}: SigmaSight needs PostgreSQL "
            f"{OLDEST_SERVER} or later. Unset DATABASE_URL to use the embedded server."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise BootstrapError(
            f"The database {connection.info.dbname} has the encoding {encoding}: create one with "
            f"`create database ... template template0 encoding 'UTF8'` and name it in DATABASE_URL."
        )


def _create_roles(administrator: Connection, text: str) -> bool:
    """Create the roles, unless they exist with their rights in this database; whether that was needed."""
    if _state(administrator)[0]:
        return False
    with _lock(administrator):
        _in_transaction(administrator, ROLES_FILE, lambda: _run(administrator, text))
    return True


def _state(administrator: Connection) -> tuple[bool, bool]:
    """Whether the roles exist with their rights, and whether the administrator may create roles."""
    row = administrator.execute(STATE).fetchone()
    return (row[0], row[1]) if row is not None else (False, False)


def _pending(
    administrator: Connection, writer: Connection, files: Mapping[str, str], *, are_new: bool
) -> list[str]:
    """Return the names of the files to apply, in order. are_new: the roles, in this database."""
    if are_new:
        return list(files)
    known = _applied(writer)
    changed = [name for name, text in files.items() if known.get(name) != _digest(text)]
    if ROLES_FILE in changed and not _state(administrator)[1]:
        logger.info("%s is left to the server's administrator; the roles exist", ROLES_FILE)
        changed.remove(ROLES_FILE)
    return changed


def _applied(writer: Connection) -> dict[str, str]:
    """Return the digests of the applied files by name."""
    row = writer.execute("select to_regclass('ops.schema_files') is not null").fetchone()
    if row is None or not row[0]:
        return {}
    return dict(writer.execute("select file_name, sha256 from ops.schema_files").fetchall())


def _apply(writer: Connection, name: str, text: str) -> None:
    """Run one file and record it, in one transaction."""
    logger.debug("Applying %s", name)

    def run() -> None:
        _run(writer, text)
        _record(writer, name, text)

    _in_transaction(writer, name, run)


def _in_transaction(connection: Connection, name: str, run: Callable[[], None]) -> None:
    """Do what the file needs, again after a collision with another bootstrap."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with connection.transaction():
                run()
        except psycopg.errors.InsufficientPrivilege as error:
            raise BootstrapError(_not_allowed(connection, name, error)) from error
        except psycopg.OperationalError:
            raise  # the connection or the server failed, not the file
        except psycopg.Error as error:
            if attempt == ATTEMPTS or not _is_race(error):
                raise BootstrapError(
                    f"The file {SQL_FOLDER / name} could not be applied to the database "
                    f"{connection.info.dbname}: {error}"
                ) from error
            time.sleep(0.1 * attempt)
        else:
            return


def _run(connection: Connection, text: str) -> None:
    connection.execute(text.encode())


def _record(writer: Connection, name: str, text: str) -> None:
    writer.execute(RECORD_TABLE.encode())
    writer.execute(_recorded(name, text))


def _recorded(name: str, text: str) -> sql.Composed:
    return sql.SQL(
        "insert into ops.schema_files (file_name, sha256) values ({}, {}) "
        "on conflict (file_name) do update set sha256 = excluded.sha256, applied_at = now()"
    ).format(sql.Literal(name), sql.Literal(_digest(text)))


def _is_race(error: psycopg.Error) -> bool:
    """Whether two bootstraps collided: databases of a server share its roles, but not the lock."""
    already_made = isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.DuplicateObject)
    return already_made or "tuple concurrently" in str(error)


def _not_allowed(connection: Connection, name: str, error: psycopg.Error) -> str:
    user, database = connection.info.user, connection.info.dbname
    return (
        f"The user {user} lacks the rights that {name} needs in the database {database} "
        f"({error.diag.message_primary}): name a user in DATABASE_URL who owns the database and may create "
        f"roles, or let an administrator run {SQL_FOLDER / ROLES_FILE} in it and "
        f"`grant sigmasight_writer to {user}`."
    )


@contextmanager
def _lock(connection: Connection) -> Iterator[None]:
    connection.execute("select pg_advisory_lock(%s)", [BOOTSTRAP_LOCK])
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", [BOOTSTRAP_LOCK])


def set_password(connection: Connection, role: str, password: str) -> None:
    """Set the password of `role`, again after a collision with another bootstrap. Raises BootstrapError.

    Only its SCRAM hash leaves this process.
    """
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(hashed))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege as error:
            raise BootstrapError(
                f"The user {connection.info.user} may not set the password of {role} "
                f"({error.diag.message_primary}): let an administrator set it, with the value in your "
                "settings."
            ) from error
        except psycopg.errors.InternalError_ as error:
            if attempt == ATTEMPTS or not _is_race(error):
                raise
            time.sleep(0.1 * attempt)
        else:
            return


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
