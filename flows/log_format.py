"""The format of log lines: text or one JSON object (LOG_FORMAT), with secrets of the settings masked.

time        UTC, ISO 8601
level, logger, message, process
run_id      of ops.runs, during a run
error       the traceback, if any
and the fields of a request, in the API's access log
"""

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.urls import url_parts

TEXT = "%(asctime)s %(process)d %(levelname)-7s %(name)s: %(message)s"
SHORTEST_SECRET = 4  # masking shorter ones would mask ordinary text
SHORTEST_KEY_IN_URL = 12  # as a path such as /api/v1 is


_CONTROLS = {
    number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160)) if chr(number) not in "\n\t"
}

_CONTROLS_IN_JSON = {number: f"\\u{number:04x}" for number in range(127, 160)}  # json escapes those below 32


def visible(text: str) -> str:
    r"""The text with control characters written as \x1b and its like, so that none acts on a terminal."""
    return text.translate(_CONTROLS)


def json_text(value: object) -> str:
    """The value as indented JSON for a terminal: the characters of all scripts, but none that commands it."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).translate(_CONTROLS_IN_JSON)


class LineFormatter(logging.Formatter):
    """A line of text; what a message or traceback continues below it is indented."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record)).replace("\n", "\n    ")


class _Run:
    """The current run of this process, by its id in ops.runs."""

    number: int | None = None


def set_run_id(number: int | None) -> None:
    """Set the run id of the log lines from now on."""
    _Run.number = number


def log_formatter(settings: Settings, text: logging.Formatter | None = None) -> logging.Formatter:
    """The formatter for the settings' log format. text: the formatter for text; default TEXT."""
    chosen = JsonFormatter() if settings.log_format == "json" else text or LineFormatter(TEXT)
    return HidingFormatter(chosen, secrets_of(settings))


def server_logging(settings: Settings) -> dict[str, Any]:
    """The logging configuration of a server: all lines to standard error, in the settings' format."""
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
        return json.dumps(line, ensure_ascii=False).translate(_CONTROLS_IN_JSON)


class HidingFormatter(logging.Formatter):
    """Masks each secret as *** in the lines of another formatter."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = _any_of(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line = self._inner.format(record)
        return line if self._secrets is None else self._secrets.sub("***", line)


def hide_secrets(text: str, settings: Settings) -> str:
    """The text with each password and key of the settings masked as ***."""
    secrets = _any_of(secrets_of(settings))
    return text if secrets is None else secrets.sub("***", text)


def _any_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(secrets, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def secrets_of(settings: Settings) -> set[str]:
    """Every password and key of the settings, as it is and as written in a URL or in JSON."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.add(value.get_secret_value())
            if name.endswith("_url"):
                found.update(_keys_in(value.get_secret_value()))
        elif name.endswith("database_url") and value is not None:
            found.update(_passwords(value))
    written = {
        form
        for secret in found
        for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], visible(secret))
    }
    return {secret for secret in written if len(secret) >= SHORTEST_SECRET}


def _keys_in(url: str) -> set[str]:
    """The parts of a webhook's URL that let anybody post to it."""
    parts = urlsplit(url)
    return {part for part in (parts.path, parts.query) if len(part) >= SHORTEST_KEY_IN_URL}


def _passwords(url: str) -> set[str]:
    try:
        parts = url_parts(url)
    except SettingsError:
        return set()  # opening the warehouse reports the error
    return {parts[key] for key in ("password", "sslpassword") if parts.get(key)}
