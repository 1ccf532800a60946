"""What the command line and the night start: reports of portfolios, written to files."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from api.http.errors import PortfolioNotFound
from api.marts.reader import SET_PUBLISHED_AT, Reading, make_read_only
from api.queries import load_query
from api.reports.build import read_report
from api.reports.errors import NotPublishedError
from api.reports.files import Written, folder_name, slugs_of, write_files
from api.reports.formats import Format, render_files
from warehouse.connections import Warehouse
from warehouse.errors import SigmaSightError, WarehouseUnavailableError
from warehouse.private_folders import refuse_foreign

__all__ = ["Format", "Reported", "Wanted", "Written", "write_report", "write_reports"]

NAMES = load_query("portfolio_names")


@dataclass(frozen=True)
class Wanted:
    """Which reports are written, and where. as_of: default the last published session.

    published_at: as published at this instant, default now. folder: holds a folder for each report. is_named:
    whether somebody chose it; another account knows the default one, and may have made it.
    """

    folder: Path
    formats: tuple[Format, ...] = tuple(Format)
    as_of: date | None = None
    published_at: datetime | None = None
    is_named: bool = True


@dataclass(frozen=True)
class Reported:
    """A report that was written, or the sentence of the error that prevented it."""

    portfolio_id: UUID
    written: Written | None = None
    error: str | None = None


def write_report(warehouse: Warehouse, portfolio_id: UUID, wanted: Wanted) -> Written:
    """Write the report of a portfolio. Raises SigmaSightError, OSError."""
    return asyncio.run(_write_one(warehouse, portfolio_id, wanted))


def write_reports(
    warehouse: Warehouse, portfolio_ids: Sequence[UUID] | None, wanted: Wanted
) -> list[Reported]:
    """Write the reports of these portfolios, or of all; one that fails stops no other.

    Raises WarehouseUnavailableError.
    """
    return asyncio.run(_write_all(warehouse, portfolio_ids, wanted))


async def _write_one(warehouse: Warehouse, portfolio_id: UUID, wanted: Wanted) -> Written:
    async with _connected(warehouse) as connection:
        return await _Writer(connection, wanted).write(portfolio_id)


async def _write_all(
    warehouse: Warehouse, portfolio_ids: Sequence[UUID] | None, wanted: Wanted
) -> list[Reported]:
    async with _connected(warehouse) as connection:
        writer = _Writer(connection, wanted)
        keys = list(await writer.slugs()) if portfolio_ids is None else portfolio_ids
        return [await writer.attempt(key) for key in keys]


@dataclass
class _Writer:
    """Reads and writes one report after the other on a connection."""

    connection: psycopg.AsyncConnection[Any]
    wanted: Wanted
    known: dict[UUID, str] = field(default_factory=dict)

    async def slugs(self) -> dict[UUID, str]:
        """The folders of all portfolios, read once."""
        if not self.known:
            async with self._reading() as reading:
                rows = await reading.all_rows(NAMES, {})
            self.known = slugs_of({row["portfolio_id"]: row["portfolio_name"] for row in rows})
        return self.known

    async def attempt(self, portfolio_id: UUID) -> Reported:
        """Write a report, or say why not."""
        try:
            return Reported(portfolio_id, await self.write(portfolio_id))
        except (SigmaSightError, psycopg.Error, OSError) as error:
            return Reported(portfolio_id, error=" ".join(str(error).split()))

    async def write(self, portfolio_id: UUID) -> Written:
        """Write a report. Raises SigmaSightError, OSError."""
        if not self.wanted.is_named:
            refuse_foreign(self.wanted.folder)
        async with self._reading() as reading:
            state = await reading.published_state(self.wanted.as_of, portfolio_id)
            try:
                report = await read_report(reading, portfolio_id, state)
            except PortfolioNotFound as error:
                raise NotPublishedError from error
        slug = (await self.slugs())[portfolio_id]
        files = render_files(report, self.wanted.formats)
        return write_files(self.wanted.folder / folder_name(slug, report.as_of_date), files)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reading]:
        async with self.connection.transaction():
            if self.wanted.published_at is not None:
                at = {"published_at": self.wanted.published_at}
                await self.connection.execute(SET_PUBLISHED_AT.text, at)
            yield Reading(self.connection, self.wanted.published_at)


@asynccontextmanager
async def _connected(warehouse: Warehouse) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection as the analyst, who sees every portfolio."""
    with _unavailable():
        connection = await psycopg.AsyncConnection[Any].connect(
            warehouse.analyst_url, application_name="sigmasight-report", prepare_threshold=0
        )
    async with connection:
        await make_read_only(connection)
        yield connection


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise WarehouseUnavailableError(
            f"The warehouse cannot be reached: {' '.join(str(error).split())}"
        ) from error
