"""Load the data of a source: the first step of a nightly run. Each load is its own transaction."""

import logging
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from flows.console import say
from flows.database import Connection, value
from flows.errors import UsageError
from flows.pipeline.lock import process_name
from flows.pipeline.window import last_closed_session_in_calendar, today
from flows.source import Source
from flows.wording import many
from ingestion.errors import SourceUnavailableError
from warehouse.connections import Warehouse
from warehouse.settings import Settings

if TYPE_CHECKING:
    from ingestion.raw.loads import LoadReport

logger = logging.getLogger(__name__)

CALENDAR_AHEAD = timedelta(days=200)


def load_source(
    warehouse: Warehouse,
    source: Source,
    prices: Path | None,
    *,
    symbols: Sequence[str] | None = None,
    must_answer: bool = False,
    until: date | None = None,
    held_from: date | None = None,
) -> "list[LoadReport]":
    """Load what the source has; the reports, one per dataset.

    prices: the folder of the files; required for `files` only. symbols: vendors are queried for prices and
    profiles of these alone; files and the simulation load everything. must_answer: raise
    SourceUnavailableError when no vendor returned a price. Otherwise that is a warning and a recorded failed
    load, and the nightly run continues: the vendors were retried already, and the next run requests what is
    missing. until: the last session of the simulation, if not all of it. held_from: the first entry of the
    symbols, if no loaded position has them yet. Raises UsageError and the errors of the loads; completed
    loads are kept.
    """
    if (source is Source.FILES) != (prices is not None):
        raise UsageError(
            "`--source files` and `--prices FOLDER` belong together: the folder holds prices.csv or "
            "prices.parquet."
        )
    with warehouse.connect_writer(application_name=process_name(f"load {source}")) as connection:
        try:
            if source is Source.SIMULATED:
                return _simulate(connection, until)
            if source is Source.FILES and prices is not None:
                from ingestion.files.folder import load_folder  # noqa: PLC0415 - see _load_vendors

                return load_folder(connection, prices)
            return _load_vendors(connection, source, warehouse.settings, symbols, held_from)
        except SourceUnavailableError as error:
            if must_answer:
                say_loads(error.reports)
                raise
            logger.warning("%s The prices loaded so far are kept; the next run tries again.", error)
            return list(error.reports)


def _load_vendors(
    connection: Connection,
    source: Source,
    settings: Settings,
    symbols: Sequence[str] | None,
    held_from: date | None,
) -> "list[LoadReport]":
    # a source's libraries are imported when it is used: pandas alone takes half a second
    from ingestion.vendors.load import load_symbols, load_vendors  # noqa: PLC0415
    from ingestion.vendors.registry import make_vendors  # noqa: PLC0415

    vendors = make_vendors(settings, only=source.value if source is Source.YFINANCE else None)
    if symbols is not None:
        reports = load_symbols(connection, vendors, symbols, held_from=held_from)
    else:
        reports = load_vendors(connection, vendors)
    for notice in () if reports else vendors.notices:  # else they are with the first report
        say("skipped", notice)
    return reports


def _simulate(connection: Connection, until: date | None) -> "list[LoadReport]":
    from ingestion.demo.simulated import LAST_DATE, load_simulated  # noqa: PLC0415 - as above

    return load_simulated(connection, until=until or LAST_DATE)


def gave_nothing(warehouse: Warehouse, reports: "Sequence[LoadReport]") -> str | None:
    """Why a source that was asked for prices gave none, None if it gave some or all is there.

    Known prices count as given. When every symbol with a gap is one that the source does not know, it gave
    nothing only if the last closed session has no price of any symbol.
    """
    of_prices = [report for report in reports if report.dataset == "prices"]
    if not of_prices or any(report.rows_read > report.rows_rejected for report in of_prices):
        return None
    with warehouse.connect_writer(application_name=process_name("load"), autocommit=True) as connection:
        last = last_closed_session_in_calendar(connection)
        if value(connection, "select exists (select from raw.prices where price_date >= %s)", [last]):
            return None
    asked = ", ".join(dict.fromkeys(report.source for report in of_prices))
    return f"no usable price came from {asked}, and {last}, the last closed session, has none."


def load_calendar_if_short(warehouse: Warehouse) -> "list[LoadReport]":
    """Load the NYSE calendar when it ends less than 200 days ahead."""
    with warehouse.connect_writer(application_name=process_name("load calendar")) as connection:
        last: date | None = value(connection, "select max(calendar_date) from raw.calendar_days")
        connection.rollback()
        if last is not None and last > today() + CALENDAR_AHEAD:
            return []
        from ingestion.market.calendar import load_calendar  # noqa: PLC0415 - as above

        return [load_calendar(connection)]


def say_loads(reports: "Iterable[LoadReport]") -> None:
    """Print a line of progress for each dataset of each source, and the notices of its loads."""
    groups: dict[tuple[str, str], list[LoadReport]] = {}
    for report in reports:
        groups.setdefault((report.dataset, report.source), []).append(report)
    for (dataset, source), group in groups.items():
        say("loaded", f"{dataset} ({source}): {_counts(group)}", sum(report.seconds for report in group))
        for notice in dict.fromkeys(notice for report in group for notice in report.notices):
            say("", notice)


def _counts(group: "list[LoadReport]") -> str:
    read, new, rejected = (
        sum(getattr(report, name) for report in group) for name in ("rows_read", "rows_new", "rows_rejected")
    )
    touched = min((report.touched_from for report in group if report.touched_from), default=None)
    return (
        f"{many(read, 'row')} read, {new:,} new"
        + (f", {rejected:,} rejected" if rejected else "")
        + (f", from {touched} on" if touched else "")
    )
