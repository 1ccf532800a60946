"""Open the warehouse: the embedded server, or the one of DATABASE_URL, with its roles and tables laid down."""

import logging
import re
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict

from warehouse.bootstrap import bootstrap, set_password
from warehouse.embedded import EmbeddedServer, start_embedded, stop_embedded
from warehouse.errors import SettingsError, WarehouseUnavailableError
from warehouse.settings import Settings, get_settings, project_root

logger = logging.getLogger(__name__)

WRITER, ANALYST, API, AUTH, AI = (f"sigmasight_{name}" for name in ("writer", "analyst", "api", "auth", "ai"))
RECOVERY_SECONDS = 60.0


@dataclass(frozen=True)
class Warehouse:
    """Where the warehouse is and how each role logs in. URLs are libpq URIs; they hold passwords."""

    settings: Settings
    writer_url: str = field(repr=False)
    analyst_url: str = field(repr=False)
    api_url: str = field(repr=False)
    auth_url: str = field(repr=False)
    ai_url: str = field(repr=False)
    admin_url: str = field(repr=False)
    is_embedded: bool

    def connect_writer(
        self, *, application_name: str = "sigmasight", autocommit: bool = False
    ) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that may write everything (ingestion, flows). Raises WarehouseUnavailableError."""
        return connect(self.writer_url, application_name=application_name, autocommit=autocommit)

    def connect_analyst(
        self, *, application_name: str = "sigmasight", autocommit: bool = False
    ) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that reads every mart and writes nothing. Raises WarehouseUnavailableError."""
        return connect(self.analyst_url, application_name=application_name, autocommit=autocommit)

    def dbt_environment(self) -> dict[str, str]:
        """Environment variables for dbt (and prefect-dbt): what profiles.yml reads, and where it is."""
        parts = _parts(self.writer_url if self.is_embedded else self.admin_url)
        root = project_root()
        return {
            "SIGMASIGHT_DB_HOST": parts.pop("host", ""),
            "SIGMASIGHT_DB_PORT": parts.pop("port", "5432"),
            "SIGMASIGHT_DB_NAME": parts.pop("dbname"),
            "SIGMASIGHT_DB_USER": parts.pop("user", ""),
            "SIGMASIGHT_DB_PASSWORD": parts.pop("password", ""),
            "SIGMASIGHT_DB_ROLE": "" if self.is_embedded else WRITER,
            "DBT_PROFILES_DIR": str(root),
            "DBT_PROJECT_DIR": str(root / "dbt_project"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **_libpq_environment(parts),
        }


def open_warehouse(settings: Settings | None = None) -> Warehouse:
    """Start or reach the server, lay down what is missing, and say how to log in.

    settings: default from the environment. Raises EmbeddedServerError, WarehouseUnavailableError,
    BootstrapError or SettingsError.
    """
    settings = settings or get_settings()
    if settings.database_url is None:
        return _open_embedded(settings)
    return _open_given(settings, settings.database_url)


def stop_warehouse(settings: Settings | None = None) -> bool:
    """Stop the embedded server. False when it was not running, or another server is used."""
    settings = settings or get_settings()
    return settings.database_url is None and stop_embedded(settings.warehouse_folder)


def _open_embedded(settings: Settings) -> Warehouse:
    server = start_embedded(settings.warehouse_folder)
    database = settings.warehouse_database

    def url(user: str, name: str = database) -> str:
        return make_url({"user": user, "dbname": name, "host": str(server.socket_folder)})

    try:
        connection = connect(url("postgres"), autocommit=True)
    except WarehouseUnavailableError as error:
        if f'database "{database}" does not exist' not in str(error.__cause__):
            raise
        _create_database(url("postgres", "postgres"), database)
        connection = connect(url("postgres"), autocommit=True)
    with connection:
        bootstrap(connection)
    return Warehouse(
        settings=settings,
        writer_url=url(WRITER),
        analyst_url=settings.analyst_database_url or url(ANALYST),
        api_url=settings.api_database_url or url(API),
        auth_url=settings.auth_database_url or url(AUTH),
        ai_url=settings.ai_database_url or url(AI, f"{database}_ai"),
        admin_url=url("postgres"),
        is_embedded=True,
    )


def _open_given(settings: Settings, database_url: str) -> Warehouse:
    parts = _parts(database_url)
    parts.setdefault("dbname", settings.warehouse_database)

    def url(role: str, password: str | None, **changes: str) -> str:
        own = {key: value for key, value in parts.items() if key != "password"}
        return make_url({**own, "user": role, **({"password": password} if password else {}), **changes})

    secrets = {
        ANALYST: settings.analyst_password,
        API: settings.api_password,
        AUTH: settings.auth_password,
        AI: settings.ai_password,
    }
    passwords = {role: secret.get_secret_value() if secret else None for role, secret in secrets.items()}
    options = f"{parts.get('options', '')} -c role={WRITER}".strip()
    warehouse = Warehouse(
        settings=settings,
        writer_url=make_url({**parts, "options": options}),
        analyst_url=settings.analyst_database_url or url(ANALYST, passwords[ANALYST]),
        api_url=settings.api_database_url or url(API, passwords[API]),
        auth_url=settings.auth_database_url or url(AUTH, passwords[AUTH]),
        ai_url=settings.ai_database_url or url(AI, passwords[AI], dbname=f"{parts['dbname']}_ai"),
        admin_url=make_url(parts),
        is_embedded=False,
    )
    with connect(warehouse.admin_url, autocommit=True) as connection:
        bootstrap(connection)
        for role, password in passwords.items():
            if password is not None and not _logs_in(url(role, password)):
                set_password(connection, role, password)
    return warehouse


def _logs_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(admin_url: str, database: str) -> None:
    """Text sorts by code point wherever the machine stands: the builtin locale knows no country."""
    statement = sql.SQL(
        "create database {} template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8'"
    )
    with connect(admin_url, autocommit=True) as connection:
        try:
            connection.execute(statement.format(sql.Identifier(database)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            logger.debug("Another process made the database %s", database)


# --- connecting and saying why not -----------------------------------------------------------------------


def connect(
    url: str, *, application_name: str = "sigmasight", autocommit: bool = False
) -> psycopg.Connection[tuple[object, ...]]:
    """A connection, after waiting for a server that is just starting or recovering.

    Raises WarehouseUnavailableError with a sentence that says what to do and holds no password.
    """
    options = {"connect_timeout": 10, "keepalives_idle": 30}
    given = _parts(url)
    for key in given:
        options.pop(key, None)
    begun = time.monotonic()
    while True:
        try:
            return psycopg.connect(
                url,
                autocommit=autocommit,
                application_name=application_name,
                **options,  # type: ignore[arg-type]
            )
        except psycopg.OperationalError as error:
            waits = "the database system is" in str(error) or "not yet accepting connections" in str(error)
            if not waits or time.monotonic() - begun > RECOVERY_SECONDS:
                raise unavailable(error, url) from error
            time.sleep(0.2)


def unavailable(error: psycopg.Error, url: str) -> WarehouseUnavailableError:
    """The sentence for a connection that failed or was lost."""
    parts = _parts(url)
    said = " ".join(str(error).split())
    password = parts.get("password")
    if password:
        said = said.replace(password, "***")
    where = f"{parts.get('dbname', '')} on {parts.get('host', 'the local socket')}"
    return WarehouseUnavailableError(
        f"The database {where} cannot be reached: {_remedy(said, parts)} ({said})"
    )


def _remedy(said: str, parts: dict[str, str]) -> str:
    user, database = parts.get("user", ""), parts.get("dbname", "")
    if "does not exist" in said and "database" in said:
        return f"create it with `createdb {database}`, or correct the database's name in the URL."
    if "password" in said or "authentication" in said:
        return f"the server does not accept the password of {user}; correct it in the URL or in the settings."
    if "could not translate host name" in said:
        return "the host's name is not known; correct it in the URL."
    if parts.get("host", "").startswith("/"):
        return "the embedded server has stopped; run the command again, which starts it."
    return "check that the server runs, that DATABASE_URL is right and that the network lets you through."


def mask_url(url: str) -> str:
    """The URL with its password hidden, for messages and logs."""
    parts = _parts(url)
    return make_url({**parts, **({"password": "***"} if "password" in parts else {})}).replace(
        "%2A%2A%2A", "***"
    )


def make_url(parts: dict[str, str]) -> str:
    """A libpq URI from its parts (host, port, dbname, user, password and any other libpq keyword)."""
    rest = dict(parts)
    user, password, database = (quote(rest.pop(key, ""), safe="") for key in ("user", "password", "dbname"))
    credentials = user + (f":{password}" if password else "")
    return f"postgresql://{credentials}{'@' if credentials else ''}/{database}?{urlencode(rest, quote_via=quote)}"


def _parts(url: str) -> dict[str, str]:
    """The parts of a libpq URI or keyword string; a driver's name in the scheme is left out."""
    plain = re.sub(r"^postgres(?:ql)?\+\w+://", "postgresql://", url.strip())
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(plain).items() if value is not None}
    except psycopg.ProgrammingError:
        parts = {"host": "@"}
    if "@" in parts.get("host", ""):
        raise SettingsError(
            "DATABASE_URL (or another ..._DATABASE_URL) is no libpq URI of the form "
            "postgresql://user:password@host:5432/database: write special characters of a password as %XX (@ is %40)."
        ) from None
    return parts


def _libpq_environment(parts: dict[str, str]) -> dict[str, str]:
    """The other parts of a URL (sslmode, ...) as the variables that libpq itself reads, for dbt's driver."""
    names = {option.keyword.decode(): option.envvar for option in pq.Conninfo.get_defaults()}
    return {names[key].decode(): value for key, value in parts.items() if names.get(key)}  # type: ignore[union-attr]
