"""Apply the numbered files of api/chat/store/sql to the chat's database, each once and in order of its name.

A file and its record in chat.migrations are one transaction, and one process at a time migrates. An applied
file stays as it is: a change of a table is a new file.
"""

import logging
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import psycopg

from warehouse.bootstrap import Connection
from warehouse.connections import connect
from warehouse.errors import BootstrapError

SQL_FOLDER = Path(__file__).parent / "sql"
MIGRATION_LOCK = 0x51_67_6D_43_68_61_74  # of the chat's database: locks belong to a database

RECORD_TABLE = """
create schema if not exists chat;
create table if not exists chat.migrations (
    file_name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""
NOT_ALLOWED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
VECTOR = "select exists (select from pg_catalog.pg_extension where extname = 'vector')"

logger = logging.getLogger(__name__)


def migrate(url: str, folder: Path = SQL_FOLDER) -> list[str]:
    """Apply the new files of `folder` to the chat's database, and return their names.

    url: of a role that may create schemas in it. Raises BootstrapError when an applied file was changed or
    is missing here, when the role lacks rights, or when a file fails; and WarehouseUnavailableError.
    """
    files = {path.name: path.read_text() for path in sorted(folder.glob("[0-9]*.sql"))}
    with connect(url, application_name="sigmasight-chat-migrations", autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            return _migrate(connection, files)
        except NOT_ALLOWED as error:
            raise BootstrapError(
                f"The role {connection.info.user} cannot create the chat's tables in the database "
                f"{connection.info.dbname} ({error.diag.message_primary}): make it the owner of the "
                "database, or name another one in AI_DATABASE_URL."
            ) from error


def _migrate(connection: Connection, files: Mapping[str, str]) -> list[str]:
    _create_vector(connection)
    connection.execute(RECORD_TABLE.encode())
    applied: dict[str, str] = dict(
        connection.execute("select file_name, sha256 from chat.migrations").fetchall()
    )
    _check_applied(connection, files, applied)
    pending = [name for name in files if name not in applied]
    for name in pending:
        _apply(connection, name, files[name])
    return pending


def _create_vector(connection: Connection) -> None:
    """Create the extension for searches by meaning, unless prepare_ai_database has."""
    row = connection.execute(VECTOR).fetchone()
    if row is not None and row[0]:
        return
    try:
        connection.execute("create extension if not exists vector")
    except psycopg.Error as error:
        raise BootstrapError(
            f"The chat's database {connection.info.dbname} needs the extension vector "
            f"({error.diag.message_primary}): let an administrator run `create extension vector` in it."
        ) from error


def _check_applied(connection: Connection, files: Mapping[str, str], applied: Mapping[str, str]) -> None:
    for name, digest in applied.items():
        if name not in files:
            raise BootstrapError(
                f"The chat's database {connection.info.dbname} was migrated by a newer version of SigmaSight "
                f"(its file {name} is unknown here): install that version."
            )
        if digest != _digest(files[name]):
            raise BootstrapError(
                f"The migration {name} was changed after it was applied to the chat's database "
                f"{connection.info.dbname}: restore the file, and write the change as a new one."
            )


def _apply(connection: Connection, name: str, text: str) -> None:
    logger.info("Applying %s to the chat's database", name)
    try:
        with connection.transaction():
            connection.execute(text.encode())
            connection.execute(
                "insert into chat.migrations (file_name, sha256) values (%s, %s)", [name, _digest(text)]
            )
    except (psycopg.OperationalError, *NOT_ALLOWED):
        raise
    except psycopg.Error as error:
        raise BootstrapError(
            f"The migration {name} could not be applied to the chat's database "
            f"{connection.info.dbname}: {error}"
        ) from error


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
