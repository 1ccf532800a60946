"""Which errors are transient and retried: a lost connection, a vendor's outage."""

import re
from typing import Any

import psycopg

from flows.errors import BuildError
from ingestion.errors import LoadFailedError, SourceUnavailableError
from warehouse.errors import WarehouseUnavailableError

RETRIES = 3
FIRST_DELAY_SECONDS = 2.0
SLOW_DELAYS_SECONDS = (60.0, 120.0, 240.0)

# Operational errors that a retry does not fix.
PERMANENT = (
    psycopg.errors.DiskFull,
    psycopg.errors.InvalidAuthorizationSpecification,
    psycopg.errors.InvalidPassword,
    psycopg.errors.QueryCanceled,
    psycopg.errors.UndefinedFile,
)
PERMANENT_WORDS = re.compile(r"password|authentication|does not exist|No space left", re.IGNORECASE)

# dbt passes on only the driver's message
LOST_CONNECTION = re.compile(
    r"server closed the connection|connection (to server .* failed|refused|already closed|reset)"
    r"|could not connect|terminating connection|the database system is|deadlock detected"
    r"|SSL connection has been closed",
    re.IGNORECASE,
)


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed."""
    if isinstance(error, PERMANENT):
        return False
    if isinstance(error, LoadFailedError):
        return error.__cause__ is not None and is_transient(error.__cause__)
    if isinstance(error, WarehouseUnavailableError | psycopg.OperationalError):
        return not PERMANENT_WORDS.search(str(error))
    if isinstance(error, BuildError):
        return bool(LOST_CONNECTION.search(str(error)))
    return isinstance(error, SourceUnavailableError | ConnectionError | TimeoutError)


def should_retry(_task: Any, _task_run: Any, state: Any) -> bool:
    """Whether Prefect retries a failed task."""
    try:
        state.result()
    except Exception as error:  # noqa: BLE001 - any error of the task
        return is_transient(error)
    return False


def delays() -> list[float]:
    """Seconds to wait before each retry: 2, 4, 8."""
    return [FIRST_DELAY_SECONDS * 2**attempt for attempt in range(RETRIES)]


def scheduled_delays() -> list[float]:
    """Seconds to wait before each retry of a run on a schedule, then also 60, 120, 240."""
    return [*delays(), *SLOW_DELAYS_SECONDS]
