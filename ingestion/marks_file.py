"""The file of valuations of private holdings (private_marks.csv).

Columns: portfolio_name, owner_email (may be left out where the name is unique), symbol, mark_date, price (USD
per unit, zero for a write-off).
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ingestion.datasets import PRIVATE_MARKS
from ingestion.delimited import read_strictly
from ingestion.errors import MalformedFileError
from ingestion.loads import Connection, LoadReport, load_transaction
from ingestion.portfolio_files import PortfolioCells
from ingestion.portfolios import Directory

SOURCE = "files"
REQUIRED = ("portfolio_name", "symbol", "mark_date", "price")
OPTIONAL = ("owner_email",)


def load_private_marks(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of private marks, whole or not at all.

    Raises MalformedFileError or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, PRIVATE_MARKS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(PRIVATE_MARKS, _read(connection, path, today or datetime.now(UTC).date()))


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    lines: dict[tuple[Any, ...], int] = {}
    directory = Directory(connection)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio().portfolio_id
        symbol = cells.held_symbol("symbol", portfolio)
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
        rows[key] = {"portfolio_id": str(portfolio), "symbol": symbol, "mark_date": day, "price": price}
    return pd.DataFrame(list(rows.values()), dtype=object)
