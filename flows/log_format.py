"""How a line of a log looks: text or one JSON object (LOG_FORMAT), and never a secret of the settings in it.

time        UTC, ISO 8601
level, logger, message, process
run_id      of ops.runs, while a run is under way
error       the traceback, where there is one
and the fields of a request, in the lines of the API's access log
"""

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.urls import url_parts

TEXT = "%(asctime)s %(process)d %(levelname)-7s %(name)s: %(message)s"
SHORTEST_SECRET = 4  # a shorter one would blot out half of every line


class _Run:
    """The run that this process is busy with, by its number in ops.runs."""

    number: int | None = None


def set_run_id(number: int | None) -> None:
    """Say which run the lines from now on belong to."""
    _Run.number = number


def log_formatter(settings: Settings, text: logging.Formatter | None = None) -> logging.Formatter:
    """The formatter that the settings ask for. text: how a line of text looks; default TEXT."""
    chosen = JsonFormatter() if settings.log_format == "json" else text or logging.Formatter(TEXT)
    return HidingFormatter(chosen, secrets_of(settings))


def server_logging(settings: Settings) -> dict[str, Any]:
    """What logging.config takes for a server: each line on standard error, as the settings ask for."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "flows.log_format.log_formatter", "settings": settings}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": settings.log_level},
    }


class JsonFormatter(logging.Formatter):
    """A line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage().strip(),
            "process": record.process,
        }
        if _Run.number is not None:
            line["run_id"] = _Run.number
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class HidingFormatter(logging.Formatter):
    """Another formatter's lines with *** for each secret."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        longest_first = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def format(self, record: logging.LogRecord) -> str:
        line = self._inner.format(record)
        return line if self._secrets is None else self._secrets.sub("***", line)


def secrets_of(settings: Settings) -> set[str]:
    """Every password and key of the settings, as it is and as it stands in a URL or in JSON."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.add(value.get_secret_value())
        elif name.endswith("database_url") and value is not None:
            found.update(_passwords(value))
    written = {
        form for secret in found for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
    }
    return {secret for secret in written if len(secret) >= SHORTEST_SECRET}


def _passwords(url: str) -> set[str]:
    try:
        parts = url_parts(url)
    except SettingsError:
        return set()  # opening the warehouse says so
    return {parts[key] for key in ("password", "sslpassword") if parts.get(key)}
