"""How portfolios relieve tax lots, from a file (lot_methods.csv), with its history.

Columns: portfolio_name, owner_email (optional if the name is unique), method (fifo, lifo, hifo, average or
specific; empty: fifo, the default), effective_date. Without a date, a portfolio's first method is in force
from its inception, a later one from today.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ingestion.errors import MalformedFileError
from ingestion.files.csv_reader import read_strictly
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.entries import Row, in_force, stored_entries
from ingestion.portfolios.portfolios import Directory, Portfolio
from ingestion.raw.datasets import LOT_METHODS
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.wording import joined

SOURCE = "files"
METHODS = ("fifo", "lifo", "hifo", "average", "specific")
REQUIRED = ("portfolio_name", "method")
OPTIONAL = ("owner_email", "effective_date")


def load_lot_methods(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of lot methods, all of it or nothing.

    Raises MalformedFileError, or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, LOT_METHODS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(LOT_METHODS, _read(connection, path, today or datetime.now(UTC).date()))


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    rows: dict[tuple[Any, ...], Row] = {}
    lines: dict[tuple[Any, ...], int] = {}
    directory = Directory(connection)
    known: dict[Any, list[Row]] = {}
    for row in stored_entries(connection, LOT_METHODS):
        known.setdefault(row["portfolio_id"], []).append(row)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio()
        method = _method(cells)
        stated = cells.day("effective_date", today) if record["effective_date"] else None
        since = stated or _first_day(portfolio, known.get(portfolio.portfolio_id, []), method, today)
        key = (portfolio.portfolio_id, since)
        if key in rows and rows[key]["lot_method"] != method:
            raise MalformedFileError(
                path,
                f"the rows {lines[key]} and {record.line} give different methods of "
                f"{portfolio.portfolio_name} from {since} on; remove the wrong one.",
                row=record.line,
            )
        lines[key] = record.line
        rows[key] = {"portfolio_id": str(key[0]), "effective_date": since, "lot_method": method}
    return pd.DataFrame(list(rows.values()), columns=list(LOT_METHODS.columns), dtype=object)


def _method(cells: PortfolioCells) -> str | None:
    method = cells.record["method"].strip().lower()
    if method and method not in METHODS:
        raise cells.fault("method", f"is not a lot method; write one of {joined(METHODS)}.")
    return method or None


def _first_day(portfolio: Portfolio, known: list[Row], method: str | None, today: date) -> date:
    """The effective date of a method without one; an unchanged method keeps its date."""
    if not known:
        return portfolio.inception_date
    current = in_force(known, ("portfolio_id",), today).get((known[0]["portfolio_id"],))
    if current is not None and current["lot_method"] == method:
        day: date = current["effective_date"]
        return day
    return today
