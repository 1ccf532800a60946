"""Single entries of a portfolio (a tag, a target, a flow, a mark): like the rows of the files, one at a time.

Nothing is overwritten: corrections and removals are new rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd

from ingestion.errors import InvalidEntryError
from ingestion.files.csv_reader import LARGEST_ENTRY, decimals
from ingestion.market.symbols import normalize_symbol
from ingestion.portfolios.cells import LARGEST_SCALE, known_symbols
from ingestion.portfolios.portfolios import Directory, Portfolio
from ingestion.raw.datasets import Dataset
from ingestion.raw.loads import Connection, Load, LoadReport, load_transaction

SOURCE = "command_line"

Row = dict[str, Any]

_STORED = """
with portfolios as (
    select *, count(*) over (partition by lower(portfolio_name)) > 1 as is_shared_name
    from raw.newest_portfolios
)
select
    {distinct} portfolios.portfolio_name, portfolios.owner_email, {columns}, entries.loaded_at,
    portfolios.is_shared_name
from {table} as entries
join portfolios using (portfolio_id)
where %(portfolio)s::uuid is null or portfolio_id = %(portfolio)s::uuid
order by {keys}, entries.load_id desc
"""


@dataclass(frozen=True)
class Holder:
    """The portfolio of an entry, and the symbols that it holds or held."""

    portfolio: Portfolio
    symbols: frozenset[str]

    @property
    def key(self) -> UUID:
        """Key of the portfolio."""
        return self.portfolio.portfolio_id

    def symbol(self, text: str) -> str:
        """A symbol that the portfolio holds or held. Raises InvalidEntryError."""
        symbol = normalize_symbol(text)
        if symbol not in self.symbols:
            raise InvalidEntryError(
                f"{symbol!r} is not a position of {self.portfolio.portfolio_name!r}, which has "
                f"{known_symbols(self.symbols)}; correct it."
            )
        return symbol


def find_holder_if_named(
    connection: Connection, portfolio_name: str | None, owner_email: str | None
) -> Holder | None:
    """Like find_holder; None, meaning all portfolios, if no name is given."""
    return None if portfolio_name is None else find_holder(connection, portfolio_name, owner_email)


def find_holder(connection: Connection, portfolio_name: str, owner_email: str | None) -> Holder:
    """The portfolio of this name. Raises UnknownPortfolioError naming the known ones."""
    with connection.transaction():
        directory = Directory(connection)
        portfolio = directory.find(portfolio_name, owner_email)
        return Holder(portfolio, directory.symbols(portfolio.portfolio_id))


def write_entry(
    connection: Connection, dataset: Dataset, origin: str, make: Callable[[Load], Row | None]
) -> LoadReport:
    """Store one entry, in a load of its own.

    make: returns the row, or None to store nothing. It runs while the table is locked against other writers,
    so that what it looks up stays true. Raises InvalidEntryError, LoadFailedError.
    """
    with load_transaction(connection, dataset.name, source=SOURCE, origin=origin) as load:
        load.lock(dataset)
        row = make(load)
        frame = pd.DataFrame([] if row is None else [row], columns=list(dataset.columns), dtype=object)
        return load.rows(dataset, frame)


def stored_entries(
    connection: Connection, dataset: Dataset, holder: Holder | None = None, *, history: bool = False
) -> list[Row]:
    """The rows of a table about portfolios, each with portfolio_name, owner_email and loaded_at.

    is_shared_name: another owner has a portfolio of the name. holder: None for all portfolios. history: all
    versions, newest first within each key; otherwise only the newest.
    """
    keys = ", ".join(f"entries.{key}" for key in dataset.keys)
    query = _STORED.format(
        distinct="" if history else f"distinct on ({keys})",
        columns=", ".join(f"entries.{name}" for name in dataset.columns),
        table=dataset.table,
        keys=keys,
    )
    with connection.transaction():
        cursor = connection.execute(query.encode(), {"portfolio": holder and holder.key})
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def in_force(rows: Sequence[Row], subject: Sequence[str], day: date) -> dict[tuple[Any, ...], Row]:
    """The rows in force on `day`; a row is in force from its effective_date until the next one's.

    subject: the columns that identify what a row is about; the key of the result.
    """
    past = [row for row in rows if row["effective_date"] <= day]
    past.sort(key=lambda row: row["effective_date"])
    return {tuple(row[name] for name in subject): row for row in past}


def check_day(day: date, today: date, what: str) -> date:
    """The day, if it is not in the future. Raises InvalidEntryError."""
    if day > today:
        raise InvalidEntryError(f"{what} {day} lies in the future; give a day up to {today}.")
    return day


def check_number(number: Decimal, what: str, *, smallest: Decimal | None = None) -> Decimal:
    """The number, if it is at most LARGEST_ENTRY and has at most six decimals. Raises InvalidEntryError."""
    if not number.is_finite():
        raise InvalidEntryError(f"{what} {number} is not a number; write it like 1234.56.")
    if decimals(number) > LARGEST_SCALE:
        raise InvalidEntryError(f"{what} {number} has more than {LARGEST_SCALE} decimals; round it.")
    if smallest is not None and number < smallest:
        raise InvalidEntryError(f"{what} {number} is below {smallest}; correct it.")
    if abs(number) > LARGEST_ENTRY:
        raise InvalidEntryError(f"{what} {number:,f} exceeds {LARGEST_ENTRY:,}; correct it.")
    return number


def one_of(rows: Mapping[str, Row], prefix: str, what: str) -> Row:
    """The row whose id begins with `prefix`. Raises InvalidEntryError if none or several match."""
    found = [row for key, row in rows.items() if prefix and key.startswith(prefix.lower())]
    if len(found) == 1:
        return found[0]
    count = "No" if not found else f"{len(found)}"
    verb = "begins" if not found else "begin"
    command = what.replace(" ", "-") + "s list"
    raise InvalidEntryError(
        f"{count} {what} {verb} with {prefix!r}; give the id that `sigmasight {command}` shows."
    )
