"""All settings, in one typed class.

Each is an environment variable named like the field, in capitals. All are optional.
"""

import os
import re
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_dir
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import NoDecode, SettingsConfigDict

from warehouse.alarm_settings import AlarmSettings
from warehouse.chat_settings import ChatSettings
from warehouse.errors import SettingsError
from warehouse.kept_secrets import kept_secret

SHORTEST_KEY = 32  # characters

Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,58}$")]


def _names(known: tuple[str, ...], order: str = " in the order of the requests") -> BeforeValidator:
    """Read `yfinance, fmp` as a tuple; every name must be known, and none may be repeated.

    order: what the error says of their order.
    """

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
        wrong = [name for name in names if name not in known]
        if wrong or not names or len(set(names)) < len(names):
            raise ValueError(
                f"write some of {', '.join(known)}{order}, separated by commas"
                + (f"; {wrong[0]!r} is unknown" if wrong else "")
            )
        return names

    return BeforeValidator(read)


PriceSources = Annotated[tuple[str, ...], NoDecode, _names(("yfinance", "fmp", "polygon"))]
ProfileSources = Annotated[tuple[str, ...], NoDecode, _names(("yfinance", "fmp"))]
RateSources = Annotated[tuple[str, ...], NoDecode, _names(("fred", "yfinance"))]
OptionSources = Annotated[tuple[str, ...], NoDecode, _names(("polygon",))]
PerMinute = Annotated[float, Field(gt=0, le=60_000)]


ALL_PORTFOLIOS = "all"


def _portfolio_names(value: object) -> object:
    """Read `Growth, Income` as a tuple of names; `all` stands alone."""
    if not isinstance(value, str):
        return value
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if ALL_PORTFOLIOS in names and len(names) > 1:
        raise ValueError(f"write names separated by commas, or {ALL_PORTFOLIOS} alone")
    return names


PortfolioNames = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_portfolio_names)]
REPORT_FORMATS = ("md", "json", "csv", "html", "pdf")
ReportFormats = Annotated[tuple[str, ...], NoDecode, _names(REPORT_FORMATS, order="")]


def _origins(value: object) -> object:
    """Read `https://a.example, http://localhost:3000` as a tuple of origins (scheme, host, optional port)."""
    if not isinstance(value, str):
        return value
    origins = tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
    wrong = [origin for origin in origins if not re.fullmatch(r"https?://[^\s/*?#@]+", origin)]
    if wrong:
        raise ValueError(
            "write origins such as https://risk.example.com or http://localhost:3000, separated by commas; "
            f"{wrong[0]!r} is not an origin"
        )
    return origins


def _networks(value: object) -> object:
    """Read `127.0.0.1, 10.0.0.0/8` as a tuple of addresses and networks."""
    if not isinstance(value, str):
        return value
    networks = tuple(network.strip() for network in value.split(",") if network.strip())
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(
                "write addresses or networks such as 127.0.0.1 or 10.0.0.0/8, separated by commas; "
                f"{network!r} is neither"
            ) from error
    return networks


Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]


Place = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
"""A path that stays the same when the working directory changes."""


def project_root() -> Path:
    """Return the folder that holds the packages and dbt_project: the checkout, or site-packages."""
    return Path(__file__).resolve().parent.parent


def is_checkout() -> bool:
    """Whether the code runs from a checkout, not from an installed wheel."""
    return (project_root() / "pyproject.toml").is_file()


def profiles_folder() -> Path:
    """Return the folder of profiles.yml: the wheel carries it inside dbt_project."""
    return project_root() if is_checkout() else project_root() / "dbt_project"


def default_home() -> Path:
    """Return where data is kept by default: in the checkout, or in the user's data folder without one."""
    return project_root() if is_checkout() else Path(user_data_dir("sigmasight", appauthor=False))


def _in_capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _in_small_letters(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(ChatSettings, AlarmSettings):
    """Where the warehouse is, how each role logs in, and how the programs behave."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    # Where the warehouse is
    sigmasight_home: Place = Field(
        default_factory=default_home,
        description="Folder that holds .warehouse, the embedded server's files; default: the project's root.",
    )
    database_url: str | None = Field(
        default=None,
        repr=False,
        description=(
            "PostgreSQL 16 or later with pgvector to use instead of the embedded server, as a libpq URI; its "
            "user must be able to create roles the first time."
        ),
    )
    warehouse_database: Name = Field(
        default="sigmasight",
        description="Name of the database on the embedded server, and on DATABASE_URL if that names none.",
    )
    embedded_port: int | None = Field(
        default=None,
        ge=1024,
        le=65535,
        description=(
            "Port of 127.0.0.1 on which the embedded server listens too, for analysts' programs, with a "
            "password; default: none, a unix socket only."
        ),
    )
    analyst_database_url: str | None = Field(
        default=None,
        repr=False,
        description="How analysts log in; default: DATABASE_URL with the role sigmasight_analyst.",
    )
    api_database_url: str | None = Field(
        default=None,
        repr=False,
        description="How the API logs in; default: DATABASE_URL with the role sigmasight_api.",
    )
    auth_database_url: str | None = Field(
        default=None,
        repr=False,
        description="How the API checks logins; default: DATABASE_URL with the role sigmasight_auth.",
    )
    ai_database_url: str | None = Field(
        default=None,
        repr=False,
        description=(
            "The chat's own database; default: a second database on the same server, named like the "
            "warehouse with _ai appended, with the role sigmasight_ai."
        ),
    )
    analyst_password: SecretStr | None = Field(
        default=None,
        description=(
            "Password given to the role sigmasight_analyst on the server of DATABASE_URL or on "
            "EMBEDDED_PORT, for which one is generated and kept in "
            "SIGMASIGHT_HOME/.warehouse/analyst_password otherwise."
        ),
    )
    api_password: SecretStr | None = Field(
        default=None, description="Password given to the role sigmasight_api on the server of DATABASE_URL."
    )
    auth_password: SecretStr | None = Field(
        default=None, description="Password given to the role sigmasight_auth on the server of DATABASE_URL."
    )
    ai_password: SecretStr | None = Field(
        default=None, description="Password given to the role sigmasight_ai on the server of DATABASE_URL."
    )

    # Backups
    backup_key: SecretStr | None = Field(
        default=None,
        min_length=SHORTEST_KEY,
        description=(
            "Signs backups, at least 32 characters; homes that exchange backups need the same. Default: "
            "generated once and kept in SIGMASIGHT_HOME/.warehouse/backup_key."
        ),
    )

    postgres_programs: Place | None = Field(
        default=None,
        description=(
            "Folder of psql, pg_dump and pg_restore to use instead of those that come with SigmaSight, which "
            "are version 18 and know no TLS."
        ),
    )

    # Builds
    model_processes: int = Field(
        default_factory=lambda: min(4, os.cpu_count() or 1),
        ge=1,
        le=64,
        description=(
            "Processes in which the Python models of a build over 30 days or more run; 1: in the build's own "
            "process; default: one for each core, at most 4."
        ),
    )

    dask_scheduler: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Address of a Dask scheduler, such as tls://scheduler:8786, over whose workers large Python "
            "models are split; local: over MODEL_PROCESSES processes of this machine; default: they "
            "are not split."
        ),
    )

    dask_symbols: int = Field(
        default=2_000,
        ge=1,
        description="With DASK_SCHEDULER, a model of more symbols is split into parts of at most so many.",
    )
    dask_contracts: int = Field(
        default=10_000,
        ge=1,
        description=(
            "With DASK_SCHEDULER, a model of more options, each counted once for each session, is split into "
            "parts of at most so many."
        ),
    )

    # The API
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=SHORTEST_KEY,
        description=(
            "Signs login tokens, at least 32 characters; required with a server of your own, else generated "
            "once and kept in SIGMASIGHT_HOME/.warehouse/secret_key."
        ),
    )
    access_token_minutes: int = Field(
        default=15, gt=0, le=1440, description="Minutes until an access token expires."
    )
    session_days: int = Field(
        default=30, gt=0, le=365, description="Days until a session ends and the user must log in again."
    )
    login_attempts_per_address: int = Field(
        default=100, gt=0, description="Login attempts allowed per address in 15 minutes."
    )
    login_attempts_per_account: int = Field(
        default=10,
        gt=0,
        description="Failed logins of an account from one address before each further one must wait longer.",
    )
    login_wait_seconds: int = Field(
        default=900,
        gt=0,
        le=86_400,
        description=(
            "Longest wait between failed logins of an account from one address, in seconds; it begins with 5 "
            "and doubles."
        ),
    )
    api_header_bytes: int = Field(
        default=65_536,
        ge=8192,
        description="Bytes of the headers and the URL of a request, together; larger ones are refused.",
    )
    api_header_seconds: float = Field(
        default=10.0, gt=0, le=600, description="Seconds in which the headers of a request must arrive."
    )
    api_body_seconds: float = Field(
        default=30.0, gt=0, le=600, description="Seconds in which the body of a request must arrive."
    )
    api_send_seconds: float = Field(
        default=30.0,
        gt=0,
        le=600,
        description="Seconds in which a client must take each further 16 kB of its answer, or lose it.",
    )
    api_connections: int = Field(
        default=500,
        gt=0,
        description=(
            "Connections of clients at the same time, at most; keep it a few hundred below the limit of open "
            "files."
        ),
    )
    api_requests_per_minute: int = Field(
        default=1200,
        gt=0,
        le=1_000_000,
        description="Requests of a user in a minute, per process; further ones are refused.",
    )
    api_anonymous_requests_per_minute: int = Field(
        default=1200,
        gt=0,
        le=1_000_000,
        description="Requests without a login from an address in a minute, per process.",
    )
    api_requests_at_once: int = Field(
        default=50,
        gt=0,
        le=10_000,
        description="Requests of a user, or of an address without a login, at the same time.",
    )
    api_body_bytes: int = Field(
        default=65_536,
        ge=16_384,
        le=10_000_000,
        description="Bytes of the body of a request; larger ones are refused.",
    )
    what_if_trades: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="Trades of a what-if, at most; more are refused.",
    )
    api_pool_size: int = Field(
        default=8,
        ge=2,
        le=200,
        description="Connections of the API to the marts; a user's requests take at most half of them.",
    )
    api_wait_seconds: float = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Seconds for which a request waits its turn while all these connections are in use.",
    )
    api_statement_seconds: float = Field(
        default=10.0, gt=0, le=600, description="Seconds that a statement of the API may run."
    )
    trusted_proxies: Networks = Field(
        default=(),
        description=(
            "Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, such "
            "as 127.0.0.1, separated by commas; default: none."
        ),
    )
    api_cors_origins: Origins = Field(
        default=(),
        description=(
            "Origins whose pages may call the API from a browser, such as https://risk.example.com; default: "
            "only its own."
        ),
    )
    dbt_manifest: Place | None = Field(
        default=None,
        description=(
            "The manifest.json that /lineage reads; default: SIGMASIGHT_HOME/.warehouse/dbt/manifest.json, "
            "where builds write it."
        ),
    )
    api_host: str = Field(default="127.0.0.1", description="Address on which `sigmasight serve` listens.")
    api_port: int = Field(
        default=8000, gt=0, lt=65536, description="Port on which `sigmasight serve` listens."
    )
    port: int | None = Field(
        default=None,
        gt=0,
        lt=65536,
        description=(
            "Port on which `sigmasight serve` listens where API_PORT is not set; platforms that run "
            "containers assign it."
        ),
    )

    # Statements: what is confirmed before it is loaded
    statement_price_percent: Decimal = Field(
        default=Decimal(15),
        gt=0,
        description="A price further than this from that day's close, in percent, is confirmed.",
    )
    statement_position_to_equity: Decimal = Field(
        default=Decimal(2),
        gt=0,
        description="A position that costs more than this many times the equity is confirmed.",
    )
    statement_gross_to_equity: Decimal = Field(
        default=Decimal(5),
        gt=0,
        description="Positions that together cost more than this many times the equity are confirmed.",
    )
    statement_changed_symbols_percent: Decimal = Field(
        default=Decimal(50),
        gt=0,
        description=(
            "A statement is confirmed if more than this percentage of its and the last one's symbols are not "
            "in both."
        ),
    )
    statement_equity_gap_percent: Decimal = Field(
        default=Decimal(2),
        gt=0,
        description="Our equity further than this from a broker's total, in percent of that, is confirmed.",
    )

    # Vendors of market data
    fmp_api_key: SecretStr | None = Field(
        default=None, description="Key of Financial Modeling Prep; without it fmp is skipped."
    )
    polygon_api_key: SecretStr | None = Field(
        default=None, description="Key of Polygon; without it polygon is skipped."
    )
    fred_api_key: SecretStr | None = Field(
        default=None, description="Key of FRED; without it fred is skipped."
    )
    price_sources: PriceSources = Field(
        default=("yfinance", "fmp"),
        description=(
            "Vendors asked for prices, splits and dividends, in order; choose from: yfinance, fmp, polygon."
        ),
    )
    profile_sources: ProfileSources = Field(
        default=("yfinance", "fmp"),
        description="Vendors asked for company and fund profiles, in order; choose from: yfinance, fmp.",
    )
    rate_sources: RateSources = Field(
        default=("fred", "yfinance"),
        description="Vendors asked for Treasury yields, in order; choose from: fred, yfinance.",
    )
    option_sources: OptionSources = Field(
        default=("polygon",), description="Vendors asked for option quotes, in order; choose from: polygon."
    )
    yahoo_requests_per_minute: PerMinute = Field(
        default=300, description="Requests a minute to Yahoo Finance, at most."
    )
    fmp_requests_per_minute: PerMinute = Field(
        default=240, description="Requests a minute to Financial Modeling Prep, at most."
    )
    polygon_requests_per_minute: PerMinute = Field(
        default=5, description="Requests a minute to Polygon, at most; 5 is its free plan."
    )
    fred_requests_per_minute: PerMinute = Field(
        default=100, description="Requests a minute to FRED, at most."
    )
    vendor_timeout_seconds: float = Field(
        default=20.0, gt=0, le=600, description="Timeout of a vendor's response, in seconds."
    )
    vendor_attempts: int = Field(
        default=4, gt=0, le=20, description="Attempts per request while a vendor is down."
    )
    vendor_first_pause_seconds: float = Field(
        default=2.0,
        ge=0,
        le=60,
        description="Seconds before the second attempt; each further pause is twice as long.",
    )
    yahoo_url: str | None = Field(
        default=None,
        description="URL to use instead of Yahoo Finance's own hosts, such as a caching proxy.",
    )
    fmp_url: str = Field(
        default="https://financialmodelingprep.com/stable",
        description="Base URL of Financial Modeling Prep.",
    )
    polygon_url: str = Field(default="https://api.polygon.io", description="Base URL of Polygon.")
    fred_url: str = Field(default="https://api.stlouisfed.org/fred", description="Base URL of FRED.")

    # Reports
    report_portfolios: PortfolioNames = Field(
        default=(),
        description=(
            "Portfolios whose reports `sigmasight nightly` writes, separated by commas, or all; "
            "default: none."
        ),
    )
    report_folder: Place | None = Field(
        default=None,
        description="Folder of the reports of a night; default: SIGMASIGHT_HOME/reports.",
    )
    report_formats: ReportFormats = Field(
        default=("md", "json", "csv", "html"),
        description="Formats of the reports of a night; choose from: md, json, csv, html, pdf.",
    )

    # All programs
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_in_capitals)] = Field(
        default="INFO", description="Log level of all programs: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_in_small_letters)] = Field(
        default="text",
        description="text, or json: one JSON object per line in the log files and on standard error.",
    )

    # Restatements
    restated_usd: float = Field(
        default=1.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "Smallest change of a published amount, in USD, that fct_restatements lists; "
            "fct_restatement_summary counts smaller ones too."
        ),
    )
    restated_share: float = Field(
        default=0.0001,
        ge=0,
        allow_inf_nan=False,
        description="The same for every other figure, as a share of the larger value.",
    )

    # Retention
    log_file_mb: int = Field(default=5, gt=0, description="Megabytes after which a log file is rotated.")
    log_files: int = Field(default=3, gt=0, description="How many files of each log are kept.")
    log_days: int = Field(default=90, gt=0, description="Days without a write until a log file is removed.")
    rejected_days: int = Field(
        default=365,
        gt=0,
        description="Days until the records of failed loads, rejected rows and ended incidents are removed.",
    )
    run_days: int = Field(
        default=90,
        gt=0,
        description="Days until a run is removed from Prefect's own database (ops.runs keeps it).",
    )
    response_days: int = Field(
        default=0,
        ge=0,
        description="Days for which vendors' raw responses are kept; 0 keeps none.",
    )

    superseded_days: int | None = Field(
        default=None,
        gt=0,
        description=(
            "Days until the rows of superseded publications are removed; default: they are kept. "
            "fct_restatements keeps what changed."
        ),
    )

    @property
    def serving_port(self) -> int:
        """The port of `sigmasight serve`: API_PORT, else PORT, else the default."""
        return self.port if self.port and "api_port" not in self.model_fields_set else self.api_port

    @property
    def are_readers_given(self) -> bool:
        """Whether the API has its own logins: it then needs no other rights, and creates nothing."""
        return bool(self.api_database_url and self.auth_database_url)

    @property
    def warehouse_folder(self) -> Path:
        """The folder of the embedded server and of the generated secret key."""
        return self.sigmasight_home.resolve() / ".warehouse"

    @property
    def reports_folder(self) -> Path:
        """The folder of the reports of a night."""
        return self.report_folder or self.sigmasight_home.resolve() / "reports"

    @property
    def manifest_path(self) -> Path:
        """Where dbt's manifest is."""
        return self.dbt_manifest or self.warehouse_folder / "dbt" / "manifest.json"

    def as_environment(self) -> dict[str, str]:
        """Return the settings that were set as variables for another program; they may hold passwords."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name.upper(): as_text(value) for name, value in given.items() if value is not None}

    def signing_key(self) -> str:
        """Return SECRET_KEY, or the key in the warehouse folder, which is generated at first use.

        Raises SettingsError when there is no key and none can be stored, or the warehouse is not the embedded
        one: a separate key per process, or one in a temporary folder, would silently end sessions.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        if self.database_url or self.api_database_url:
            raise SettingsError(
                "SECRET_KEY is not set: with a server of your own the API needs a key of at least 32 "
                "characters to sign login tokens; generate one with `openssl rand -base64 48` and set it for "
                "every process."
            )
        return self.kept_signing_key()

    def kept_signing_key(self) -> str:
        """The key in the warehouse folder, which is generated at first use. Raises SettingsError."""
        return kept_secret(
            self.warehouse_folder / "secret_key",
            "The key that signs login tokens",
            shortest=SHORTEST_KEY,
            remedy="set SECRET_KEY",
        )

    @property
    def backup_key_file(self) -> Path:
        """Where the key that signs backups is kept unless BACKUP_KEY is set."""
        return self.warehouse_folder / "backup_key"

    @property
    def embedded_password_file(self) -> Path:
        """Where the analysts' password for EMBEDDED_PORT is kept unless ANALYST_PASSWORD is set."""
        return self.warehouse_folder / "analyst_password"

    def embedded_password(self) -> str:
        """Return ANALYST_PASSWORD, or the one in the warehouse folder, which is generated at first use.

        Raises SettingsError when it cannot be stored.
        """
        if self.analyst_password is not None:
            return self.analyst_password.get_secret_value()
        return kept_secret(
            self.embedded_password_file,
            "The analysts' password",
            shortest=SHORTEST_KEY,
            remedy="set ANALYST_PASSWORD",
        )


def as_text(value: object) -> str:
    """A setting's value as text for its environment variable."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def get_settings() -> Settings:
    """Read the settings from the environment. Raises SettingsError naming each unusable variable."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors()
        )
        raise SettingsError(
            f"A setting cannot be used ({faults}): correct or unset the environment variable."
        ) from None
