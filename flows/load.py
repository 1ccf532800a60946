"""Bring in what a source has: the first step of a night. Each load is one transaction of its own."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from flows.console import say
from flows.database import Connection, value
from flows.errors import UsageError
from flows.lock import process_name
from flows.source import Source
from flows.window import today
from ingestion.loads import LoadReport
from warehouse.connections import Warehouse

CALENDAR_AHEAD = timedelta(days=200)


def load_source(warehouse: Warehouse, source: Source, prices: Path | None) -> list[LoadReport]:
    """Load what the source has: its reports, one per dataset.

    prices: the folder of the files; needed for `files` and for nothing else. Raises UsageError and what the
    loads raise; loads that were done stay done.
    """
    if (source is Source.FILES) != (prices is not None):
        raise UsageError(
            "`--source files` and `--prices FOLDER` belong together: the folder holds prices.csv or "
            "prices.parquet."
        )
    with warehouse.connect_writer(application_name=process_name(f"load {source}")) as connection:
        return list(_load(connection, source, prices))


def _load(connection: Connection, source: Source, prices: Path | None) -> list[LoadReport]:
    # each source's libraries are imported when it is used: pandas alone is half a second
    if source is Source.SIMULATED:
        from ingestion.simulated import load_simulated  # noqa: PLC0415

        return load_simulated(connection)
    if source is Source.FILES and prices is not None:
        from ingestion.files import load_folder  # noqa: PLC0415

        return load_folder(connection, prices)
    from ingestion.yahoo import load_yahoo  # noqa: PLC0415

    return load_yahoo(connection)


def load_calendar_if_short(warehouse: Warehouse) -> list[LoadReport]:
    """Load the NYSE calendar when it does not reach half a year ahead."""
    with warehouse.connect_writer(application_name=process_name("load calendar")) as connection:
        last: date | None = value(connection, "select max(calendar_date) from raw.calendar_days")
        connection.rollback()
        if last is not None and last > today() + CALENDAR_AHEAD:
            return []
        from ingestion.calendar import load_calendar  # noqa: PLC0415 - as above

        return [load_calendar(connection)]


def say_loads(reports: Iterable[LoadReport]) -> None:
    """A line of progress for each load, and its notices."""
    for report in reports:
        rejected = f", {report.rows_rejected:,} rejected" if report.rows_rejected else ""
        touched = f", touching {report.touched_from} on" if report.touched_from else ""
        say(
            "loaded",
            f"{report.dataset} from {report.source}: {report.rows_read:,} rows read, "
            f"{report.rows_new:,} new{rejected}{touched}",
            report.seconds,
        )
        for notice in report.notices:
            say("", notice)
