"""Which errors are retried; see test_engine.py and test_schedule.py for the retries."""

from pathlib import Path

import psycopg
import pytest

from flows.errors import BuildError, LockLostError, WindowError
from flows.pipeline.transient import delays, is_transient, scheduled_delays
from ingestion.errors import LoadFailedError, MalformedFileError, SourceUnavailableError
from warehouse.errors import SettingsError, WarehouseUnavailableError


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.errors.AdminShutdown("terminating connection due to administrator command"),
        psycopg.errors.DeadlockDetected("deadlock detected"),
        WarehouseUnavailableError("The database cannot be reached: connection refused"),
        SourceUnavailableError("yfinance gave no answer"),
        caused(LoadFailedError("prices: lost"), psycopg.OperationalError("connection reset")),
        ConnectionResetError(),
        TimeoutError(),
        BuildError("The model fct_prices failed: Database Error server closed the connection unexpectedly"),
        BuildError('dbt stopped: connection to server on socket "/x/.s.PGSQL.5432" failed: No such file'),
    ],
    ids=lambda error: type(error).__name__,
)
def test_transient(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.DiskFull("could not extend file: No space left on device"),
        psycopg.errors.QueryCanceled("canceling statement due to statement timeout"),
        psycopg.OperationalError('FATAL: password authentication failed for user "x"'),
        WarehouseUnavailableError('FATAL: database "x" does not exist'),
        psycopg.errors.UniqueViolation("duplicate key"),
        caused(LoadFailedError("prices: twice"), psycopg.errors.UniqueViolation("duplicate key")),
        LoadFailedError("prices: no cause"),
        MalformedFileError(Path("prices.csv"), "A price is negative."),
        BuildError("The test assert_pnl found 3 failing rows."),
        LockLostError("the lock is lost"),
        WindowError("no price"),
        SettingsError("a setting"),
        ValueError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_permanent(error: Exception) -> None:
    assert not is_transient(error)


def test_delays_double() -> None:
    assert delays() == [2, 4, 8]


def test_a_run_on_a_schedule_also_waits_for_minutes() -> None:
    assert scheduled_delays() == [2, 4, 8, 60, 120, 240]
