"""Files with one value per portfolio and effective date, such as its benchmark.

Columns: portfolio_name, owner_email (optional if the name is unique), one with the value, effective_date.
Without a date, a portfolio's first value is in force from its inception, a later one from today.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ingestion.errors import MalformedFileError
from ingestion.files.csv_reader import read_strictly
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.entries import Row, in_force, stored_entries
from ingestion.portfolios.portfolios import Directory, Portfolio
from ingestion.raw.datasets import Dataset
from ingestion.raw.loads import Connection

OPTIONAL = ("owner_email", "effective_date")


class DatedFile(NamedTuple):
    """dataset: what is read. column: of the value in the file; field: in the dataset. plural: its name.

    value: reads it from the cells of a row; None is the default.
    """

    dataset: Dataset
    column: str
    field: str
    plural: str
    value: Callable[[PortfolioCells], str | None]


def read_dated_file(connection: Connection, path: Path, today: date, file: DatedFile) -> pd.DataFrame:
    """The rows of the file. Raises MalformedFileError, or UnknownPortfolioError naming those known."""
    rows: dict[tuple[Any, ...], Row] = {}
    lines: dict[tuple[Any, ...], int] = {}
    directory = Directory(connection)
    known: dict[Any, list[Row]] = {}
    for row in stored_entries(connection, file.dataset):
        known.setdefault(row["portfolio_id"], []).append(row)
    for record in read_strictly(path, ("portfolio_name", file.column), OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio()
        new = {file.field: file.value(cells)}
        stated = cells.day("effective_date", today) if record["effective_date"] else None
        since = stated or _first_day(portfolio, known.get(portfolio.portfolio_id, []), new, today)
        key = (portfolio.portfolio_id, since)
        if key in rows and rows[key][file.field] != new[file.field]:
            raise MalformedFileError(
                path,
                f"the rows {lines[key]} and {record.line} give different {file.plural} of "
                f"{portfolio.portfolio_name} from {since} on; remove the wrong one.",
                row=record.line,
            )
        lines[key] = record.line
        rows[key] = {"portfolio_id": str(key[0]), "effective_date": since, **new}
    return pd.DataFrame(list(rows.values()), columns=list(file.dataset.columns), dtype=object)


def _first_day(portfolio: Portfolio, known: list[Row], new: Row, today: date) -> date:
    """The effective date of a value without one; an unchanged value keeps its date."""
    if not known:
        return portfolio.inception_date
    current = in_force(known, ("portfolio_id",), today).get((known[0]["portfolio_id"],))
    if current is not None and new.items() <= current.items():
        day: date = current["effective_date"]
        return day
    return today
