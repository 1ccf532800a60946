"""Retention: what the nightly run and `sigmasight cleanup` remove, and after how long.

vendors' answers   RESPONSE_DAYS   .warehouse/responses
log files          LOG_DAYS        .warehouse/logs, by last write
failed loads,
rejected rows,
ended incidents    REJECTED_DAYS   ops.loads of status failed, ops.rejected_rows, ops.incidents
Prefect's runs     RUN_DAYS        the database of the schedule's own server
expired sessions   SESSION_DAYS    ops.sessions, by their end
folders of dbt     a week          artifacts of audits and of killed runs

superseded
publications       SUPERSEDED_DAYS published tables, by the time at which a row was superseded; default: kept

What readers see now is never removed: raw rows, successful loads, publications in force and marts are kept.
"""

import logging
import shutil
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from flows.database import Connection, value
from flows.environment import log_folder, prefect_database
from flows.maintenance.superseded import prune_superseded
from flows.pipeline.lock import build_lock, process_name
from ingestion.vendors.responses import old_responses
from warehouse.connections import Warehouse
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400
LEFTOVER_DAYS = 7
BUSY_SECONDS = 5.0
WORTH_A_VACUUM = 10_000  # rows; giving the space back rewrites the file

OLD_REJECTED = """
select count(*) from ops.rejected_rows
where load_id in (select load_id from ops.loads where finished_at < now() - make_interval(days => %s))
"""

REMOVE_REJECTED = """
delete from ops.rejected_rows
where load_id in (select load_id from ops.loads where finished_at < now() - make_interval(days => %s))
"""

OLD_FAILED = """
select count(*) from ops.loads where status = 'failed' and finished_at < now() - make_interval(days => %s)
"""

REMOVE_FAILED = """
delete from ops.loads where status = 'failed' and finished_at < now() - make_interval(days => %s)
"""

_ENDED = "from ops.incidents where resolved_at < now() - make_interval(days => %s)"
ENDED_INCIDENTS = f"select count(*) {_ENDED}"
REMOVE_INCIDENTS = f"delete {_ENDED}"

EXPIRED_SESSIONS = "select count(*) from ops.sessions where expires_at < now()"

REMOVE_SESSIONS = "delete from ops.sessions where expires_at < now()"

# Prefect's SQLite schema. States are deleted by cascade with their flow run; logs have no foreign key.
_OLD = "coalesce(end_time, expected_start_time, created) < ?"
OLD_RUNS = f"select count(*) from flow_run where {_OLD}"
REMOVE_RUNS = (
    *(
        f"delete from {table} where flow_run_id in (select id from flow_run where {_OLD})"
        for table in ("log", "artifact", "task_run")
    ),
    f"delete from flow_run where {_OLD}",
)


def clean_up(warehouse: Warehouse, *, dry_run: bool = False, now: datetime | None = None) -> dict[str, int]:
    """Remove what is too old; the counts by kind, removed or to be removed.

    now: with a zone; default the present. Raises WarehouseUnavailableError.
    """
    settings, now = warehouse.settings, now or datetime.now(UTC)
    files = {
        "days of vendors' answers": old_responses(settings, now.date()),
        "log files": old_logs(settings, now),
        "folders of dbt": old_dbt_folders(settings, now),
    }
    counts = {what: len(paths) for what, paths in files.items()}
    if not dry_run:
        for paths in files.values():
            _remove(paths)
    with warehouse.connect_writer(application_name=process_name("cleanup")) as connection:
        counts |= _clean_records(connection, settings.rejected_days, dry_run=dry_run)
    database = prefect_database(settings)
    counts |= _prune(warehouse, now, dry_run=dry_run)
    counts["runs in Prefect's database"] = clean_prefect(
        database, now - timedelta(days=settings.run_days), dry_run=dry_run
    )
    return counts


def clean_up_quietly(warehouse: Warehouse) -> None:
    """clean_up at the end of a nightly run: an error is logged as a warning and does not fail the run."""
    try:
        removed = clean_up(warehouse)
    except (SigmaSightError, psycopg.Error, OSError) as error:
        logger.warning("Old files and records could not be removed: %s", error)
        return
    logger.info("Removed %s", ", ".join(f"{count} {what}" for what, count in removed.items()))


def old_logs(settings: Settings, now: datetime) -> list[Path]:
    """Log files, including rotated ones, without a write for LOG_DAYS."""
    return _older(log_folder(settings).glob("*.log*"), settings.log_days, now)


def old_dbt_folders(settings: Settings, now: datetime) -> list[Path]:
    """Artifacts of audits (dbt_<schema>) and of killed runs; those of the last build are kept."""
    kept = {"dbt", "dbt_verify"}
    folders = (path for path in settings.warehouse_folder.glob("dbt_*") if path.name not in kept)
    return _older(folders, LEFTOVER_DAYS, now)


def _prune(warehouse: Warehouse, now: datetime, *, dry_run: bool) -> dict[str, int]:
    """Remove the rows of superseded publications, if the settings say so; the counts."""
    days = warehouse.settings.superseded_days
    if days is None:
        return {}
    before = now - timedelta(days=days)
    name = process_name("cleanup")
    with (
        build_lock(warehouse, "cleanup"),
        warehouse.connect_writer(application_name=name, autocommit=True) as connection,
    ):
        removed = prune_superseded(connection, before, dry_run=dry_run)
    given_back = {} if dry_run else {"MB of the disk": round(removed.size / 1e6)}
    return {"rows of superseded publications": removed.rows, **given_back}


def _older(paths: Iterable[Path], days: int, now: datetime) -> list[Path]:
    oldest = now.timestamp() - days * DAY_SECONDS
    return sorted(path for path in paths if path.stat().st_mtime < oldest)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _clean_records(connection: Connection, days: int, *, dry_run: bool) -> dict[str, int]:
    """Remove records of rejected rows, failed loads and incidents; expired sessions. The caller commits."""
    counts = {
        "records of rejected rows": int(value(connection, OLD_REJECTED, [days])),
        "records of failed loads": int(value(connection, OLD_FAILED, [days])),
        "records of ended incidents": int(value(connection, ENDED_INCIDENTS, [days])),
        "expired sessions": int(value(connection, EXPIRED_SESSIONS)),
    }
    if not dry_run:
        connection.execute(REMOVE_REJECTED.encode(), [days])
        connection.execute(REMOVE_FAILED.encode(), [days])
        connection.execute(REMOVE_INCIDENTS.encode(), [days])
        connection.execute(REMOVE_SESSIONS.encode())
    return counts


def clean_prefect(database: Path, before: datetime, *, dry_run: bool = False) -> int:
    """Remove runs that ended before `before` from the database of Prefect's own server; the count.

    A database that is busy or has the schema of another Prefect version is left alone.
    """
    if not database.exists():
        return 0
    # Prefect stores timestamps as UTC without a zone
    instant = before.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
            count = int(connection.execute(OLD_RUNS, [instant]).fetchone()[0])
            if count and not dry_run:
                _remove_runs(connection, instant)
    except sqlite3.Error as error:
        logger.info("Prefect's database %s was not cleaned: %s", database, error)
        return 0
    return count


def _remove_runs(connection: sqlite3.Connection, instant: str) -> None:
    begun = time.monotonic()
    connection.execute("pragma foreign_keys = on")
    before = connection.total_changes
    with connection:
        for statement in REMOVE_RUNS:
            connection.execute(statement, [instant])
    if connection.total_changes - before > WORTH_A_VACUUM:
        connection.execute("vacuum")
    logger.debug("Old runs removed in %.1f s", time.monotonic() - begun)
