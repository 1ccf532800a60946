"""Write .env.example and settings.env.example from the settings that the code reads.

python deploy/examples.py

Secrets are in the first, for compose.yaml, which gives each container those that it names; everything else is
in the second, which every container gets. No secret has a value.
"""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from warehouse.settings import Settings, as_text

FOLDER = Path(__file__).resolve().parent
SECRETS, REST = FOLDER / ".env.example", FOLDER / "settings.env.example"

REQUIRED = {
    "POSTGRES_PASSWORD": "Password of the database server's superuser; only its first start reads it.",
    "WAREHOUSE_PASSWORD": "Password of the role sigmasight, which owns the warehouse's database.",
    **dict.fromkeys(
        (
            *("ANALYST_PASSWORD", "API_PASSWORD", "AUTH_PASSWORD", "AI_PASSWORD", "CHAT_PASSWORD"),
            *("SECRET_KEY", "BACKUP_KEY"),
        ),
        "",
    ),
}
"""What compose.yaml refuses to start without, and what the variables mean that are no settings."""

CHOICES = {
    "SIGMASIGHT_IMAGE": ("localhost/sigmasight", "Name and tag of the image, built here or pulled."),
    "PUBLISHED_ADDRESS": ("127.0.0.1", "Address of this machine on which the API is published: for a proxy."),
    "PUBLISHED_PORT": ("8000", "Port of this machine on which the API is published."),
}

FIXED = (
    "sigmasight_home",
    "embedded_port",
    "warehouse_database",
    "dbt_manifest",
    "api_host",
    "api_port",
    "port",
)
"""Settings that the image or compose.yaml decides."""

HEAD_OF_SECRETS = """\
# What deploy/compose.yaml reads, as secrets and choices of the operator: copy it to deploy/.env (mode 600).
# No container gets the file; each gets the variables that compose.yaml names for it.
# Written by `python deploy/examples.py`.

# --- Required. Generate each with `openssl rand -hex 24`: passwords become parts of URLs.
"""
HEAD_OF_CHOICES = "\n# --- The image and the port.\n"
HEAD_OF_OPTIONS = "\n# --- Optional: without it, what it is for is off.\n"
HEAD_OF_URLS = (
    "\n# --- Made from the passwords by compose.yaml; set them where a server of your own is used.\n"
)
HEAD_OF_REST = """\
# Settings that are no secrets, with their defaults: copy it to deploy/settings.env, change what you need.
# Every container gets it. Passwords and keys belong in deploy/.env.
# Written by `python deploy/examples.py`.

"""
HEAD_OF_FIXED = "\n# --- Decided by the image and by compose.yaml: leave them.\n"


def is_secret(name: str, field: FieldInfo) -> bool:
    """Whether a setting may hold a password or a key."""
    return name.endswith("database_url") or SecretStr in getattr(field.annotation, "__args__", ())


def secrets_text() -> str:
    """The text of .env.example."""
    fields = Settings.model_fields
    secrets = [name for name, field in fields.items() if is_secret(name, field)]
    optional = [name for name in secrets if name.upper() not in REQUIRED]
    urls = [name for name in optional if name.endswith("database_url")]
    return "".join(
        [
            HEAD_OF_SECRETS,
            *(
                _entry(name, "", text or str(fields[name.lower()].description))
                for name, text in REQUIRED.items()
            ),
            HEAD_OF_CHOICES,
            *(_entry(name, value, text, is_set=False) for name, (value, text) in CHOICES.items()),
            HEAD_OF_OPTIONS,
            *(_setting(name) for name in optional if name not in urls),
            HEAD_OF_URLS,
            *(_setting(name) for name in urls),
        ]
    )


def settings_text() -> str:
    """The text of settings.env.example."""
    open_ones = [name for name, field in Settings.model_fields.items() if not is_secret(name, field)]
    return "".join(
        [
            HEAD_OF_REST,
            *(_setting(name) for name in open_ones if name not in FIXED),
            HEAD_OF_FIXED,
            *(_setting(name) for name in FIXED),
        ]
    )


def _setting(name: str) -> str:
    field = Settings.model_fields[name]
    default = "" if field.default_factory or field.default in {None, ()} else as_text(field.default)
    return _entry(name.upper(), default, str(field.description), is_set=False)


def _entry(name: str, value: str, text: str, *, is_set: bool = True) -> str:
    return f"# {text}\n{'' if is_set else '# '}{name}={value}\n"


if __name__ == "__main__":
    SECRETS.write_text(secrets_text())
    REST.write_text(settings_text())
