"""Lay down roles, schemas and tables: the numbered files of warehouse/sql, each once per content.

Every file can run again; a file runs when its content is not the one recorded in ops.schema_files, in one
transaction with its record. The first file makes the roles and runs as the administrator; the others run
as sigmasight_writer, which therefore owns everything.
"""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.errors import BootstrapError
from warehouse.locks import BOOTSTRAP_LOCK

logger = logging.getLogger(__name__)

SQL_FOLDER = Path(__file__).parent / "sql"
ROLES_FILE = "001_roles.sql"
OLDEST_SERVER = 160000
ATTEMPTS = 5

# Made here and not by a numbered file: it must be there to record the first one.
RECORD_TABLE = """
create schema if not exists ops;
create table if not exists ops.schema_files (
    file_name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""

# Roles belong to the server and grants on a database are not copied with it: a restored or copied
# database says that the file was applied where it was not.
ROLES_STAND = """
select
    count(*) = 5
    and coalesce(bool_and(pg_has_role(current_user, oid, 'set')) filter (where rolname = 'sigmasight_writer'), false)
    and coalesce(
        bool_and(has_database_privilege(oid, current_database(), 'create')) filter (where rolname = 'sigmasight_writer'),
        false
    )
from pg_catalog.pg_roles
where rolname in (
    'sigmasight_writer', 'sigmasight_analyst', 'sigmasight_api', 'sigmasight_auth', 'sigmasight_ai'
)
"""


def bootstrap(connection: psycopg.Connection, folder: Path = SQL_FOLDER) -> list[str]:
    """Apply the files of `folder` that are new or changed; names of those applied.

    connection: of the administrator, in autocommit mode. Raises BootstrapError.
    """
    if connection.info.server_version < OLDEST_SERVER:
        raise BootstrapError(
            f"The server of DATABASE_URL is PostgreSQL {connection.info.server_version // 10000}: "
            "SigmaSight needs PostgreSQL 16 or later."
        )
    files = {path.name: path.read_text() for path in sorted(folder.glob("[0-9]*.sql"))}
    if not _pending(connection, files):
        return []
    connection.execute("select pg_advisory_lock(%s)", [BOOTSTRAP_LOCK])
    try:
        pending = _pending(connection, files)
        for name in pending:
            _apply(connection, name, files[name])
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", [BOOTSTRAP_LOCK])
    return pending


def _pending(connection: psycopg.Connection, files: Mapping[str, str]) -> list[str]:
    """Names of the files to apply, in order."""
    row = connection.execute(ROLES_STAND).fetchone()
    if row is None or not row[0]:
        return list(files)
    with connection.transaction():
        connection.execute("set local role sigmasight_writer")
        row = connection.execute("select to_regclass('ops.schema_files') is not null").fetchone()
        if row is None or not row[0]:
            return list(files)
        known = dict(connection.execute("select file_name, sha256 from ops.schema_files").fetchall())
    return [name for name, text in files.items() if known.get(name) != _digest(text)]


def _apply(connection: psycopg.Connection, name: str, text: str) -> None:
    """Run one file and record it, in one transaction."""
    logger.debug("Applying %s", name)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with connection.transaction():
                if name != ROLES_FILE:
                    connection.execute("set local role sigmasight_writer")
                connection.execute(text.encode())
                connection.execute("set local role sigmasight_writer")
                connection.execute(RECORD_TABLE)
                connection.execute(
                    "insert into ops.schema_files (file_name, sha256) values (%s, %s) "
                    "on conflict (file_name) do update set sha256 = excluded.sha256, applied_at = now()",
                    [name, _digest(text)],
                )
        except psycopg.errors.InsufficientPrivilege as error:
            raise BootstrapError(_not_allowed(connection, name, error)) from error
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if attempt < ATTEMPTS and _is_race(error):
                continue
            raise BootstrapError(f"The file {SQL_FOLDER / name} could not be applied: {error}") from error
        else:
            return


def _is_race(error: psycopg.Error) -> bool:
    """Roles are shared by the server's databases, and the lock is not: two bootstraps can meet there."""
    return isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.DuplicateObject) or (
        "tuple concurrently" in str(error)
    )


def _not_allowed(connection: psycopg.Connection, name: str, error: psycopg.Error) -> str:
    user, database = connection.info.user, connection.info.dbname
    return (
        f"The user {user} may not do what {name} needs on the database {database} ({error.diag.message_primary}): "
        f"let an administrator of the server run {SQL_FOLDER / ROLES_FILE} in that database and then "
        f"`grant sigmasight_writer to {user}`, or name a user in DATABASE_URL who owns the database and may create "
        "roles (`alter role ... createrole`)."
    )


def set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    """Give `role` this password; only its SCRAM hash leaves this process."""
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(hashed)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
