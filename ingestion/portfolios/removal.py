"""Remove and restore portfolios; their history stays, in raw and as published."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from ingestion.errors import InvalidEntryError
from ingestion.portfolios.entries import Holder, Row, check_day, stored_entries, write_entry
from ingestion.raw.datasets import PORTFOLIOS
from ingestion.raw.loads import Connection, LoadReport

_OPEN_POSITIONS = """
select portfolio_id, count(*) filter (where coalesce(least(exit_date, expiration_date), 'infinity') > %s)
from raw.newest_positions
group by portfolio_id
"""


def remove_portfolio(
    connection: Connection, holder: Holder, *, day: date | None = None, today: date | None = None
) -> LoadReport:
    """Remove a portfolio from `day` on (default: today): it has no rows in facts from that day.

    Removing it again with another day corrects the day. Raises InvalidEntryError for a day in the future or
    before its inception.
    """
    today = today or datetime.now(UTC).date()
    day = check_day(day or today, today, "The day of the removal")
    inception = holder.portfolio.inception_date
    if day < inception:
        raise InvalidEntryError(
            f"{holder.portfolio.portfolio_name!r} begins on {inception}, after {day}; "
            f"give {inception} or a later day."
        )
    return write_entry(
        connection,
        PORTFOLIOS,
        "portfolios remove",
        lambda _: {**_newest(connection, holder), "removed_on": day},
    )


def restore_portfolio(connection: Connection, holder: Holder) -> LoadReport:
    """Restore a removed portfolio, without a gap; loading one of its statements does so too.

    Raises InvalidEntryError if it is not removed.
    """

    def make(_: object) -> Row:
        newest = _newest(connection, holder)
        if newest["removed_on"] is None:
            raise InvalidEntryError(f"{holder.portfolio.portfolio_name!r} is not removed.")
        return {**newest, "removed_on": None}

    return write_entry(connection, PORTFOLIOS, "portfolios restore", make)


def list_portfolios(connection: Connection, *, history: bool = False, today: date | None = None) -> list[Row]:
    """The newest row of each portfolio, or every version, with the number of positions open today."""
    with connection.transaction():
        counted: Mapping[Any, int] = dict(
            connection.execute(_OPEN_POSITIONS.encode(), [today or datetime.now(UTC).date()]).fetchall()
        )
    rows = stored_entries(connection, PORTFOLIOS, history=history)
    rows.sort(key=lambda row: row["portfolio_name"])
    return [{**row, "open_positions": counted.get(row["portfolio_id"], 0)} for row in rows]


def _newest(connection: Connection, holder: Holder) -> Row:
    (row,) = stored_entries(connection, PORTFOLIOS, holder)
    return {**{name: row[name] for name in PORTFOLIOS.columns}, "portfolio_id": str(holder.key)}
