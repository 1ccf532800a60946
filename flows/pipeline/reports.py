"""The last step of a night: the reports of the portfolios that REPORT_PORTFOLIOS names."""

import time
from collections.abc import Sequence
from uuid import UUID

from api.reports.command import Format, Reported, Wanted, write_reports
from flows.console import say
from flows.errors import ReportsFailedError
from flows.pipeline.lock import process_name
from warehouse.connections import Warehouse
from warehouse.settings import ALL_PORTFOLIOS

PORTFOLIOS = (
    "select portfolio_id, portfolio_name from marts.dim_portfolios order by portfolio_name, portfolio_id"
)


def write_night_reports(warehouse: Warehouse) -> None:
    """Write the reports of the last published session; one that fails stops no other.

    Raises ReportsFailedError, after all others are written.
    """
    started = time.monotonic()
    names, unknown = _wanted(warehouse)
    settings = warehouse.settings
    wanted = Wanted(
        settings.reports_folder,
        tuple(map(Format, settings.report_formats)),
        is_named=settings.report_folder is not None,
    )
    reported = write_reports(warehouse, list(names), wanted)
    written = sum(each.written is not None for each in reported)
    say("reports", f"{written} of {len(names) + len(unknown)} in {wanted.folder}", time.monotonic() - started)
    failed = [
        *(f"{name}: no published portfolio has this name" for name in unknown),
        *_failed(reported, names),
    ]
    if failed:
        raise ReportsFailedError(failed)


def _wanted(warehouse: Warehouse) -> tuple[dict[UUID, str], list[str]]:
    """The names of the portfolios by id, and the names in the setting that no portfolio has."""
    with warehouse.connect_analyst(application_name=process_name("reports")) as connection:
        known: dict[UUID, str] = dict(connection.execute(PORTFOLIOS).fetchall())
    asked = warehouse.settings.report_portfolios
    if asked == (ALL_PORTFOLIOS,):
        return known, []
    keys = {name.casefold() for name in asked}
    found = {key: name for key, name in known.items() if name.casefold() in keys}
    existing = {name.casefold() for name in found.values()}
    return found, [name for name in asked if name.casefold() not in existing]


def _failed(reported: Sequence[Reported], names: dict[UUID, str]) -> list[str]:
    return [f"{names[each.portfolio_id]}: {each.error}" for each in reported if each.error is not None]
