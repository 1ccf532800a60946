"""Open the warehouse, on the embedded server or on DATABASE_URL, and create its roles and tables.

warehouse = open_warehouse()
with warehouse.connect_writer() as connection: ...
"""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from warehouse.bootstrap import ONLY_CATALOG, Connection, Writer, bootstrap, lay_roles, set_password
from warehouse.embedded import EmbeddedServer, reload_embedded, server_lock, start_embedded, stop_embedded
from warehouse.embedded_host import DEFAULT_PORT
from warehouse.embedded_logins import (
    ADMINISTRATOR,
    are_closed,
    close,
    matches,
    open_unless_closed,
    role_password,
)
from warehouse.errors import BootstrapError, WarehouseUnavailableError
from warehouse.locks import BOOTSTRAP_LOCK
from warehouse.settings import Settings, get_settings, profiles_folder, project_root
from warehouse.urls import hide_secrets, libpq_environment, make_url, url_parts
from warehouse.vector_extension import create_vector

logger = logging.getLogger(__name__)

WRITER = "sigmasight_writer"
ANALYST = "sigmasight_analyst"
API = "sigmasight_api"
AUTH = "sigmasight_auth"
AI = "sigmasight_ai"
CHAT = "sigmasight_chat"
ROLES = (WRITER, ANALYST, API, AUTH, AI, CHAT)
# Errors of a server that will soon accept connections, and the seconds to keep retrying: a server that starts
# or recovers, and one that lost a child process and drops all connections, including new ones.
WAITED_FOR = {"the database system is": 60.0, "server closed the connection unexpectedly": 5.0}


@dataclass(frozen=True)
class Warehouse:
    """Where the warehouse is and how each role logs in. URLs are libpq URIs; they hold passwords."""

    settings: Settings
    writer_url: str = field(repr=False)
    analyst_url: str = field(repr=False)
    api_url: str = field(repr=False)
    auth_url: str = field(repr=False)
    ai_url: str = field(repr=False)
    chat_url: str = field(repr=False)
    admin_url: str = field(repr=False)
    is_embedded: bool
    analyst_network_url: str | None = field(repr=False, default=None)
    """For analysts' programs that know no unix socket; None unless the server listens on EMBEDDED_PORT."""

    def connect_writer(self, *, application_name: str = "sigmasight", autocommit: bool = False) -> Connection:
        """Connect as the role that may write everything. Raises WarehouseUnavailableError."""
        return connect(self.writer_url, application_name=application_name, autocommit=autocommit)

    def connect_analyst(
        self, *, application_name: str = "sigmasight", autocommit: bool = False
    ) -> Connection:
        """Connect as the role that reads every mart and writes nothing. Raises WarehouseUnavailableError."""
        return connect(self.analyst_url, application_name=application_name, autocommit=autocommit)

    def dbt_environment(self, *, is_reader: bool = False) -> dict[str, str]:
        """Return the environment variables for dbt: what profiles.yml reads, and where it is.

        is_reader: the login is the analyst's, with which dbt builds nothing and MetricFlow reads the marts.

        The rest of the URL (sslmode, ...) goes into libpq's own variables, which every driver in dbt's
        process reads; the role does not, because connections of other roles in that process read them too.
        """
        is_administrator = not (self.is_embedded or is_reader)
        url = self.analyst_url if is_reader else self.admin_url if is_administrator else self.writer_url
        parts = url_parts(url)
        return {
            "SIGMASIGHT_DB_HOST": parts.pop("host", ""),
            "SIGMASIGHT_DB_PORT": parts.pop("port", "5432"),
            "SIGMASIGHT_DB_NAME": parts.pop("dbname"),
            "SIGMASIGHT_DB_USER": parts.pop("user", ""),
            "SIGMASIGHT_DB_PASSWORD": parts.pop("password", ""),
            "SIGMASIGHT_DB_ROLE": WRITER if is_administrator else "",
            "DBT_PROFILES_DIR": str(profiles_folder()),
            "DBT_PROJECT_DIR": str(project_root() / "dbt_project"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **libpq_environment(parts),
        }


def open_warehouse(settings: Settings | None = None) -> Warehouse:
    """Start or reach the server, create what is missing, and return the URLs of the roles.

    settings: default from the environment. Raises SettingsError, EmbeddedServerError,
    WarehouseUnavailableError or BootstrapError.
    """
    settings = settings or get_settings()
    if settings.database_url is None:
        return _open_embedded(settings)
    return _open_given(settings, settings.database_url)


def reset_roles(warehouse: Warehouse) -> None:
    """Undo what roles changed of their own rights and settings. Raises BootstrapError."""
    with _as_administrator(warehouse.admin_url) as administrator:
        lay_roles(administrator)


def stop_warehouse(settings: Settings | None = None) -> bool:
    """Stop the embedded server. False when it was not running, or DATABASE_URL names another one."""
    settings = settings or get_settings()
    return settings.database_url is None and stop_embedded(settings.warehouse_folder)


def prepare_ai_database(warehouse: Warehouse) -> None:
    """Create the chat's database, owned by sigmasight_ai, with pgvector, unless it exists.

    Does nothing when AI_DATABASE_URL is set. Raises BootstrapError when the user of DATABASE_URL lacks the
    rights, and WarehouseUnavailableError.
    """
    if warehouse.settings.ai_database_url is not None:
        return
    database = url_parts(warehouse.ai_url)["dbname"]
    chat_url = make_url({**url_parts(warehouse.admin_url), "dbname": database})
    try:
        with _as_administrator(warehouse.admin_url) as connection:
            # two processes at once: PostgreSQL refuses to change the rights of one database twice at a time
            connection.execute("select pg_advisory_lock(%s)", [BOOTSTRAP_LOCK])
            is_new = not _database_exists(connection, database)
            if is_new:
                connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(AI)))
                _create_database(connection, database, owner=AI)
            if is_new or warehouse.is_embedded:  # older versions left it open to every role
                connection.execute(
                    sql.SQL("revoke all on database {} from public").format(sql.Identifier(database))
                )
        with _as_administrator(chat_url) as connection:
            create_vector(connection)
    except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
        raise BootstrapError(
            f"The chat's database {database} with the extension vector could not be created "
            f"({error.diag.message_primary}): let an administrator create it, owned by {AI}, "
            "or set AI_DATABASE_URL."
        ) from error


# --- the embedded server --------------------------------------------------------------------------


def _open_embedded(settings: Settings) -> Warehouse:
    try:
        warehouse = _embedded_warehouse(settings)
        _prepare(warehouse)
    except _ServerGoneError:  # it was being stopped: the second start waits until it has
        warehouse = _embedded_warehouse(settings)
        _prepare(warehouse)
    return warehouse


def _prepare(warehouse: Warehouse) -> None:
    """Close the logins, create the database if it is missing, then its roles, schemas and tables."""
    _close_logins(warehouse)
    try:
        _lay_down(warehouse)
    except _DatabaseMissingError:
        parts = url_parts(warehouse.admin_url)
        with _connected(make_url({**parts, "dbname": "postgres"})) as connection:
            _create_database(connection, parts["dbname"])
        _lay_down(warehouse)


def _embedded_warehouse(settings: Settings) -> Warehouse:
    """Start the server and return its URLs."""
    server = start_embedded(settings.warehouse_folder, settings.embedded_port)
    database = settings.warehouse_database
    address = {"host": str(server.socket_folder), "port": str(DEFAULT_PORT)}

    def url(user: str, dbname: str = database) -> str:
        password = _embedded_password(settings, user)
        return make_url({"user": user, "password": password, "dbname": dbname, **address})

    return Warehouse(
        settings=settings,
        writer_url=url(WRITER),
        analyst_url=settings.analyst_database_url or url(ANALYST),
        api_url=settings.api_database_url or url(API),
        auth_url=settings.auth_database_url or url(AUTH),
        ai_url=settings.ai_database_url or url(AI, f"{database}_ai"),
        chat_url=settings.chat_database_url or url(CHAT),
        admin_url=url(ADMINISTRATOR),
        is_embedded=True,
        analyst_network_url=_network_url(settings, server),
    )


def _embedded_password(settings: Settings, role: str) -> str:
    """The role's password; that of the analysts can be chosen."""
    if role == ANALYST:
        return settings.embedded_password()
    return role_password(settings.warehouse_folder, role)


def _network_url(settings: Settings, server: EmbeddedServer) -> str | None:
    """The analysts' URL on EMBEDDED_PORT; None without that setting, or while the server has it not open."""
    if settings.embedded_port is None:
        return None
    if server.network_port != settings.embedded_port:
        logger.warning(
            "EMBEDDED_PORT is %d, but the embedded server was started without it: run `sigmasight stop`, and "
            "the next command starts it with that port",
            settings.embedded_port,
        )
        return None
    login = {"user": ANALYST, "password": settings.embedded_password(), "dbname": settings.warehouse_database}
    return make_url({**login, "host": "127.0.0.1", "port": str(server.network_port)})


def _lay_down(warehouse: Warehouse) -> None:
    """Create roles, schemas and tables, and give the embedded server's roles their passwords."""
    with _as_administrator(warehouse.admin_url) as administrator:

        def open_writer() -> Writer:
            if warehouse.is_embedded:
                _set_passwords(warehouse.settings, administrator)
            return _connected(warehouse.writer_url)

        bootstrap(administrator, open_writer)


def _close_logins(warehouse: Warehouse) -> None:
    """Give the administrator the password, then let nobody in without one; nothing where that was done."""
    folder = warehouse.settings.warehouse_folder
    if are_closed(folder):
        return
    url = make_url({**url_parts(warehouse.admin_url), "dbname": "postgres"})
    with server_lock(folder):
        if are_closed(folder):  # another process was first
            return
        open_unless_closed(folder)
        reload_embedded(folder)
        with _as_administrator(url) as connection:
            set_password(connection, ADMINISTRATOR, url_parts(url)["password"])
        close(folder)
        reload_embedded(folder)


def _set_passwords(settings: Settings, administrator: Connection) -> None:
    """Give each role of the embedded server its password, where it has another one or none."""
    found = administrator.execute(
        "select rolname, rolpassword from pg_catalog.pg_authid where rolname = any(%s)", [list(ROLES)]
    )
    for role, verifier in found.fetchall():
        password = _embedded_password(settings, role)
        if not matches(password, verifier):
            if verifier is not None:
                logger.warning("the role %s had another password: it has that of this warehouse again", role)
            with server_lock(settings.warehouse_folder):
                set_password(administrator, role, password)


def _database_exists(connection: Connection, database: str) -> bool:
    found = connection.execute("select from pg_catalog.pg_database where datname = %s", [database])
    return found.fetchone() is not None


def _create_database(connection: Connection, database: str, *, owner: str | None = None) -> None:
    """Create a database whose text sorts by code point on every machine.

    PostgreSQL 17 and later have a builtin locale for that; older versions use C.
    """
    locale = "locale_provider builtin builtin_locale 'C.UTF-8'"
    if connection.info.server_version < 170000:  # noqa: PLR2004 - PostgreSQL 17
        locale = "lc_collate 'C'"
    statement = "create database {} template template0 encoding 'UTF8' " + locale
    parts = [sql.Identifier(database)]
    if owner is not None:
        statement += " owner {}"
        parts.append(sql.Identifier(owner))
    try:
        connection.execute(sql.SQL(statement).format(*parts))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        logger.debug("Another process created the database %s at the same time", database)


# --- the server of DATABASE_URL -------------------------------------------------------------------


def _open_given(settings: Settings, database_url: str) -> Warehouse:
    admin = {"dbname": settings.warehouse_database, **url_parts(database_url)}
    as_writer = f"{admin.get('options', '')} -c role={WRITER}".strip()
    passwords = {
        role: secret.get_secret_value() if secret is not None else None
        for role, secret in (
            (ANALYST, settings.analyst_password),
            (API, settings.api_password),
            (AUTH, settings.auth_password),
            (AI, settings.ai_password),
            (CHAT, settings.chat_password),
        )
    }

    def url(role: str, dbname: str = admin["dbname"]) -> str:
        own = {"user": role, "dbname": dbname, "password": passwords[role] or ""}
        return make_url({**admin, **own})

    warehouse = Warehouse(
        settings=settings,
        writer_url=make_url({**admin, "options": as_writer}),
        analyst_url=settings.analyst_database_url or url(ANALYST),
        api_url=settings.api_database_url or url(API),
        auth_url=settings.auth_database_url or url(AUTH),
        ai_url=settings.ai_database_url or url(AI, f"{admin['dbname']}_ai"),
        chat_url=settings.chat_database_url or url(CHAT),
        admin_url=make_url(admin),
        is_embedded=False,
    )
    _lay_down(warehouse)
    with _as_administrator(warehouse.admin_url) as connection:
        for role, password in passwords.items():
            if password is not None and not _logs_in(url(role, admin["dbname"])):
                set_password(connection, role, password)
    return warehouse


def _logs_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


# --- connecting, and explaining failures ----------------------------------------------------------


class _DatabaseMissingError(WarehouseUnavailableError):
    """The server answers, but the database does not exist."""


class _ServerGoneError(WarehouseUnavailableError):
    """No server answers."""


def connect(url: str, *, application_name: str = "sigmasight", autocommit: bool = False) -> Connection:
    """Connect, after waiting up to a minute for a server that is starting or recovering.

    Raises WarehouseUnavailableError; its message says what to do and holds no password.
    """
    options = {"connect_timeout": "10", "keepalives_idle": "30", **url_parts(url)}
    options["application_name"] = application_name
    begun = time.monotonic()
    while True:
        try:
            return psycopg.connect(make_url(options), autocommit=autocommit)
        except psycopg.OperationalError as error:
            patience = max(
                (seconds for pattern, seconds in WAITED_FOR.items() if pattern in str(error)), default=0.0
            )
            if time.monotonic() - begun >= patience:
                raise unavailable(error, url) from error
            time.sleep(0.2)


@contextmanager
def _as_administrator(url: str) -> Iterator[Connection]:
    """Connect as _connected does, to look names up in pg_catalog only.

    Otherwise a schema of the administrator's own name, which the writer or a restored backup made, could hold
    functions that PostgreSQL prefers to its own.
    """
    with _connected(url) as connection:
        connection.execute(ONLY_CATALOG)
        yield connection


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Connect in autocommit mode; raise WarehouseUnavailableError when the connection is lost."""
    try:
        with connect(url, autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise unavailable(error, url) from error


# Pattern in the message of libpq or the server, the exception for it, and the remedy.
DIAGNOSES: Sequence[tuple[str, type[WarehouseUnavailableError], str]] = (
    (
        r'database "[^"]*" does not exist',
        _DatabaseMissingError,
        "create it with `createdb`, or correct its name in DATABASE_URL.",
    ),
    (
        r'role "[^"]*" does not exist',
        WarehouseUnavailableError,
        "the server has no such user; correct the name in the URL.",
    ),
    (
        'permission denied for database "',
        WarehouseUnavailableError,
        "the role may not connect to this database; name another one, or let its owner grant the right.",
    ),
    (
        "password|authentication|pg_hba",
        WarehouseUnavailableError,
        (
            "the server rejected the login; correct the password in the URL or in the settings "
            "(ANALYST_PASSWORD, API_PASSWORD, AUTH_PASSWORD, AI_PASSWORD, CHAT_PASSWORD), or the server's "
            "pg_hba.conf."
        ),
    ),
    (
        "translate host name|resolve host",
        WarehouseUnavailableError,
        "the host is unknown; correct its name in the URL.",
    ),
    (
        "No space left on device|free disk space",
        WarehouseUnavailableError,
        "its disk is full; free some space and run the command again.",
    ),
    (
        "too many|remaining connection slots",
        WarehouseUnavailableError,
        "it has too many connections; close some of the programs that use it.",
    ),
    (
        "server on socket|terminat|server closed the connection",
        _ServerGoneError,
        (
            "its server has stopped; run the command again to start the embedded server, or start your own "
            "server."
        ),
    ),
    (
        "",
        WarehouseUnavailableError,
        "check that the server runs, that the URL is correct and that the network allows the connection.",
    ),
)


def unavailable(error: psycopg.Error, url: str) -> WarehouseUnavailableError:
    """Return the error to raise for a connection that failed or was lost; it holds no password."""
    parts = url_parts(url)
    message = hide_secrets(" ".join(str(error).split()), parts)
    kind, remedy = next((kind, remedy) for sign, kind, remedy in DIAGNOSES if re.search(sign, message))
    where = f"{parts.get('dbname', '')} on {parts.get('host', 'the local socket')}"
    user = parts.get("user", "the default user")
    return kind(f"The database {where} cannot be used as {user}: {remedy} ({message})")
