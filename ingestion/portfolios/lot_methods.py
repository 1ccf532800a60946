"""How portfolios relieve tax lots, from a file (lot_methods.csv), with its history.

Columns: portfolio_name, owner_email (optional if the name is unique), method (fifo, lifo, hifo, average or
specific; empty: fifo, the default), effective_date. Without a date, a portfolio's first method is in force
from its inception, a later one from today.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.dated_files import DatedFile, read_dated_file
from ingestion.raw.datasets import LOT_METHODS
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.wording import joined

SOURCE = "files"
METHODS = ("fifo", "lifo", "hifo", "average", "specific")


def load_lot_methods(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of lot methods, all of it or nothing.

    Raises MalformedFileError, or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, LOT_METHODS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(
            LOT_METHODS, read_dated_file(connection, path, today or datetime.now(UTC).date(), _FILE)
        )


def _method(cells: PortfolioCells) -> str | None:
    method = cells.record["method"].strip().lower()
    if method and method not in METHODS:
        raise cells.fault("method", f"is not a lot method; write one of {joined(METHODS)}.")
    return method or None


_FILE = DatedFile(LOT_METHODS, "method", "lot_method", "methods", _method)
