"""Every setting, in one typed class.

Each is an environment variable: the field's name in capitals. None is needed.
"""

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.errors import SettingsError

Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,58}$")]


def project_root() -> Path:
    """Return the folder that holds pyproject.toml, else the current one (when installed without it)."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").exists() else Path.cwd()


def _in_capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _in_small_letters(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """Where the warehouse is, who may enter, and how the programs behave."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    # Where the warehouse is
    sigmasight_home: Path = Field(
        default_factory=project_root,
        description="Folder that holds .warehouse, the embedded server's files; default: the project's root.",
    )
    database_url: str | None = Field(
        default=None,
        repr=False,
        description=(
            "PostgreSQL 16 or later to use instead of the embedded server, as a libpq URI; its user must be "
            "able to create roles the first time."
        ),
    )
    warehouse_database: Name = Field(
        default="sigmasight",
        description="Name of the database on the embedded server, and where DATABASE_URL names none.",
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
            "The chat's own database; default: one beside the warehouse, of its name with _ai at the end, "
            "with the role sigmasight_ai."
        ),
    )
    analyst_password: SecretStr | None = Field(
        default=None,
        description="Password given to the role sigmasight_analyst on the server of DATABASE_URL.",
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

    # The API
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description=(
            "Signs login tokens, at least 32 characters; default: made once and kept in "
            "SIGMASIGHT_HOME/.warehouse/secret_key."
        ),
    )
    access_token_minutes: int = Field(default=60, gt=0, description="Minutes until a login token expires.")
    api_host: str = Field(default="127.0.0.1", description="Address on which `sigmasight serve` listens.")
    api_port: int = Field(
        default=8000, gt=0, lt=65536, description="Port on which `sigmasight serve` listens."
    )

    # All programs
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_in_capitals)] = Field(
        default="INFO", description="How much the programs say: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_in_small_letters)] = Field(
        default="text",
        description="text, or json: one JSON object a line in the log files and on standard error.",
    )

    # What is kept, and how long
    log_file_mb: int = Field(
        default=5, gt=0, description="Megabytes after which a log file is put aside and a new one begun."
    )
    log_files: int = Field(default=3, gt=0, description="How many files of each log are kept.")
    log_days: int = Field(
        default=90, gt=0, description="Days until a log file that is not written is removed."
    )
    rejected_days: int = Field(
        default=365,
        gt=0,
        description="Days until the records of failed loads and of rows left out are removed.",
    )
    run_days: int = Field(
        default=90,
        gt=0,
        description="Days until a run is removed from Prefect's own database (ops.runs keeps it).",
    )
    response_days: int = Field(
        default=0,
        ge=0,
        description="Days for which vendors' answers are kept as they came; 0 keeps none.",
    )

    @property
    def warehouse_folder(self) -> Path:
        """The folder of the embedded server and of the kept secret key."""
        return self.sigmasight_home.expanduser().resolve() / ".warehouse"

    def as_environment(self) -> dict[str, str]:
        """Return the settings that were given as variables for another program; they hold passwords."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in given.items()
            if value is not None
        }

    def signing_key(self) -> str:
        """Return SECRET_KEY, or the key kept in the warehouse folder, made at first use.

        Raises SettingsError when there is none and none can be kept.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        path = self.warehouse_folder / "secret_key"
        try:
            if not path.exists():
                _write_new_key(path)
            return path.read_text().strip()
        except OSError as error:
            raise SettingsError(
                f"The key that signs login tokens cannot be kept in {path} ({error.strerror}): "
                "set SECRET_KEY, or make the folder writable."
            ) from error


def _write_new_key(path: Path) -> None:
    """Make the key under a name of its own, then link it: of two processes the first wins, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"secret_key.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # the other process was first; its key is the key
    finally:
        draft.unlink()


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
