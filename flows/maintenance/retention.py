"""What is kept no longer than the settings say, and removed by each night and by `sigmasight cleanup`.

vendors' answers   RESPONSE_DAYS   .warehouse/responses
log files          LOG_DAYS        .warehouse/logs, those that nothing has written to since
failed loads,
rows left out      REJECTED_DAYS   ops.loads of status failed, ops.rejected_rows
Prefect's runs     RUN_DAYS        the database of the schedule's own server
folders of dbt     a week          of audits and of killed runs

Data are never removed: raw rows, successful loads, publications (superseded ones too) and marts stay.
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
from flows.environment import log_folder
from flows.pipeline.lock import process_name
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

# SQLite, as Prefect lays it out. States and task runs go with their flow run; logs name it without a key.
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
    """Remove what is too old; how many of what went, or would go.

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
    database = settings.warehouse_folder / "prefect" / "prefect.db"
    counts["runs in Prefect's database"] = clean_prefect(
        database, now - timedelta(days=settings.run_days), dry_run=dry_run
    )
    return counts


def clean_up_quietly(warehouse: Warehouse) -> None:
    """As clean_up, at the end of a night: what cannot be removed is a warning in the log, and no failure."""
    try:
        removed = clean_up(warehouse)
    except (SigmaSightError, psycopg.Error, OSError) as error:
        logger.warning("What is too old could not be removed: %s", error)
        return
    logger.info("Removed %s", ", ".join(f"{count} {what}" for what, count in removed.items()))


def old_logs(settings: Settings, now: datetime) -> list[Path]:
    """Log files, parts of rotated ones too, that nothing has written to for LOG_DAYS."""
    return _older(log_folder(settings).glob("*.log*"), settings.log_days, now)


def old_dbt_folders(settings: Settings, now: datetime) -> list[Path]:
    """Artifacts of audits (dbt_<schema>) and of killed runs; those of the last build stay."""
    kept = {"dbt", "dbt_verify"}
    folders = (path for path in settings.warehouse_folder.glob("dbt_*") if path.name not in kept)
    return _older(folders, LEFTOVER_DAYS, now)


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
    """Records of rows left out and of failed loads. The caller's connection commits."""
    counts = {
        "records of rows left out": int(value(connection, OLD_REJECTED, [days])),
        "records of failed loads": int(value(connection, OLD_FAILED, [days])),
    }
    if not dry_run:
        connection.execute(REMOVE_REJECTED.encode(), [days])
        connection.execute(REMOVE_FAILED.encode(), [days])
    return counts


def clean_prefect(database: Path, before: datetime, *, dry_run: bool = False) -> int:
    """Remove the runs that ended before an instant from the database of Prefect's own server; how many.

    A database that is busy or that another version of Prefect laid out otherwise is left alone.
    """
    if not database.exists():
        return 0
    # as Prefect writes instants: UTC without a zone
    instant = before.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    try:
        with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
            count = int(connection.execute(OLD_RUNS, [instant]).fetchone()[0])
            if count and not dry_run:
                _remove_runs(connection, instant)
    except sqlite3.Error as error:
        logger.info("Prefect's database %s is left as it is: %s", database, error)
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
