"""Valuations of private holdings, from a file (private_marks.csv) or one by one.

Columns of the file: portfolio_name, owner_email (optional if the name is unique), symbol,
mark_date, price (USD per unit, zero for a write-off). A second price of the same day corrects the first.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from ingestion.errors import InvalidEntryError, MalformedFileError
from ingestion.files.csv_reader import read_strictly
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.entries import Holder, Row, check_day, check_number, stored_entries, write_entry
from ingestion.portfolios.portfolios import Directory
from ingestion.raw.datasets import PRIVATE_MARKS
from ingestion.raw.loads import Connection, LoadReport, load_transaction

SOURCE = "files"
REQUIRED = ("portfolio_name", "symbol", "mark_date", "price")
OPTIONAL = ("owner_email",)

_PRIVATE = """
select distinct portfolio_id, symbol from raw.newest_positions where investment_class = 'PRIVATE'
"""


def load_private_marks(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of private marks, all of it or nothing.

    Raises MalformedFileError or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, PRIVATE_MARKS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(PRIVATE_MARKS, _read(connection, path, today or datetime.now(UTC).date()))


def add_mark(
    connection: Connection,
    holder: Holder,
    symbol: str,
    price: Decimal,
    day: date,
    *,
    today: date | None = None,
) -> LoadReport:
    """Mark a private holding at `price`, USD per unit, from that day on; corrects a mark of the same day.

    Raises InvalidEntryError.
    """
    symbol = holder.symbol(symbol)
    check_day(day, today or datetime.now(UTC).date(), "The day of the mark")
    check_number(price, "The price", smallest=Decimal(0))

    def make(_: object) -> Row:
        if (holder.key, symbol) not in _private_holdings(connection):
            raise InvalidEntryError(f"{symbol!r} {_PRICED_BY_THE_MARKET}")
        return _row(holder.key, symbol, day, price)

    return write_entry(connection, PRIVATE_MARKS, "marks add", make)


def remove_mark(connection: Connection, holder: Holder, symbol: str, day: date) -> LoadReport:
    """Remove the mark of a day, so that the previous one stays in force. Raises InvalidEntryError."""
    symbol = holder.symbol(symbol)

    def make(_: object) -> Row | None:
        rows = {
            row["mark_date"]: row["price"]
            for row in stored_entries(connection, PRIVATE_MARKS, holder)
            if row["symbol"] == symbol
        }
        if day not in rows:
            known = ", ".join(str(other) for other in sorted(rows)) or "no day"
            raise InvalidEntryError(f"{symbol} has no mark of {day}; it has marks of {known}.")
        return None if rows[day] is None else _row(holder.key, symbol, day, None)

    return write_entry(connection, PRIVATE_MARKS, "marks remove", make)


_PRICED_BY_THE_MARKET = "is priced by the market; only private holdings take marks."


def _private_holdings(connection: Connection) -> set[tuple[UUID, str]]:
    with connection.transaction():
        return {(row[0], str(row[1])) for row in connection.execute(_PRIVATE.encode())}


def _row(portfolio: UUID, symbol: str, day: date, price: Decimal | None) -> Row:
    return {"portfolio_id": str(portfolio), "symbol": symbol, "mark_date": day, "price": price}


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    rows: dict[tuple[Any, ...], Row] = {}
    lines: dict[tuple[Any, ...], int] = {}
    directory, private = Directory(connection), _private_holdings(connection)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio().portfolio_id
        symbol = cells.held_symbol("symbol", portfolio)
        if (portfolio, symbol) not in private:
            raise cells.fault("symbol", _PRICED_BY_THE_MARKET)
        day = cells.day("mark_date", today)
        price = cells.number("price")
        if price < 0:
            raise cells.fault("price", "is below zero; correct it.")
        key = (portfolio, symbol, day)
        if key in rows and rows[key]["price"] != price:
            raise MalformedFileError(
                path,
                f"the rows {lines[key]} and {record.line} give different marks of {symbol} on {day}; "
                "remove the wrong one.",
                row=record.line,
            )
        lines[key] = record.line
        rows[key] = _row(portfolio, symbol, day, price)
    return pd.DataFrame(list(rows.values()), dtype=object)
