"""Environment variables for dbt and Prefect, set once per process before either is imported."""

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from flows.log_format import log_formatter
from warehouse.connections import Warehouse
from warehouse.private_folders import make_private, make_warehouse
from warehouse.settings import Settings, get_settings

MEGABYTE = 1_000_000
LOGGING_CONFIGURATION = Path(__file__).parent / "prefect" / "logging.yml"


def dbt_target(settings: Settings, name: str = "dbt") -> Path:
    """The folder of dbt's artifacts (manifest, run results, compiled SQL)."""
    return settings.warehouse_folder / name


def log_folder(settings: Settings) -> Path:
    """The folder of the log files, made if it is missing. Raises ForeignFolderError."""
    folder = settings.warehouse_folder / "logs"
    make_warehouse(settings.warehouse_folder)
    make_private(folder)
    return folder


def is_prefect_named() -> bool:
    """Whether the user names a Prefect server, which then runs flows and keeps their history."""
    return bool(os.environ.get("PREFECT_API_URL"))


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Variables that keep Prefect local: its files next to the embedded server's, no telemetry, less logging.

    A PREFECT_HOME that is set is respected.
    """
    chosen = {
        "PREFECT_HOME": str(settings.warehouse_folder / "prefect"),
        "PREFECT_LOGGING_SETTINGS_PATH": str(LOGGING_CONFIGURATION),
        # the first request waits for the server to start, which takes a minute on a busy machine
        "PREFECT_API_REQUEST_TIMEOUT": "300",
    }
    return {
        **{name: os.environ.get(name, value) for name, value in chosen.items()},
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def prefect_database(settings: Settings) -> Path:
    """The database of the schedule's Prefect server."""
    return Path(prefect_environment(settings)["PREFECT_HOME"]) / "prefect.db"


def rotating_file(settings: Settings, path: Path) -> logging.Handler:
    """A rotating log file, with size and number of parts from the settings."""
    return RotatingFileHandler(
        path, maxBytes=settings.log_file_mb * MEGABYTE, backupCount=settings.log_files - 1, delay=True
    )


def prefect_log_handler() -> logging.Handler:
    """The file of Prefect's log; named in prefect/logging.yml."""
    settings = get_settings()
    return rotating_file(settings, log_folder(settings) / "prefect.log")


def prefect_log_formatter(**formats: Any) -> logging.Formatter:
    """The formatter of Prefect's log, named in prefect/logging.yml. formats: for PrefectFormatter."""
    from prefect.logging.formatters import PrefectFormatter  # noqa: PLC0415 - called by Prefect

    return log_formatter(get_settings(), PrefectFormatter(**formats))


def prepare_environment(warehouse: Warehouse) -> None:
    """Set the environment of dbt and Prefect (connection, folders, no telemetry) before importing them.

    The processes that they start import nothing from the working directory, which may be a folder of others.
    """
    settings = warehouse.settings
    make_private(dbt_target(settings))
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ.update(settings.as_environment())
    os.environ.update(warehouse.dbt_environment())
    os.environ.update(prefect_environment(settings))
    os.environ["DBT_LOG_PATH"] = str(log_folder(settings))
    os.environ["DBT_LOG_FORMAT_FILE"] = "json" if settings.log_format == "json" else "debug"
    os.environ["DBT_LOG_FILE_MAX_BYTES"] = str(settings.log_file_mb * MEGABYTE)
    os.environ["DBT_TARGET_PATH"] = str(dbt_target(settings))
