"""The file of position tags (tags.csv).

Columns: portfolio_name, owner_email (may be left out where the name is unique), symbol, tag, effective_date
(default: the portfolio's inception), is_assigned (default yes; no takes the tag away from that date on).
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ingestion.datasets import POSITION_TAGS
from ingestion.delimited import read_strictly
from ingestion.loads import Connection, LoadReport, load_transaction
from ingestion.portfolio_files import PortfolioCells
from ingestion.portfolios import Directory

SOURCE = "files"
REQUIRED = ("portfolio_name", "symbol", "tag")
OPTIONAL = ("owner_email", "effective_date", "is_assigned")
LONGEST_TAG = 100

_YES = frozenset({"", "yes", "true", "t", "1"})
_NO = frozenset({"no", "false", "f", "0"})


def load_tags(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of tags, whole or not at all.

    Raises MalformedFileError or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, POSITION_TAGS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(POSITION_TAGS, _read(connection, path, today or datetime.now(UTC).date()))


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    directory = Directory(connection)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio()
        symbol = cells.held_symbol("symbol", portfolio.portfolio_id)
        tag = cells.text("tag")
        if len(tag) > LONGEST_TAG:
            raise cells.fault("tag", f"has {len(tag)} characters; at most {LONGEST_TAG} are allowed.")
        stated = record["effective_date"]
        day = cells.day("effective_date", today) if stated else portfolio.inception_date
        assigned = record["is_assigned"].lower()
        if assigned not in _YES | _NO:
            raise cells.fault("is_assigned", "is neither yes nor no; write one of them.")
        rows[portfolio.portfolio_id, symbol, tag, day] = {
            "portfolio_id": str(portfolio.portfolio_id),
            "symbol": symbol,
            "tag": tag,
            "effective_date": day,
            "is_assigned": assigned in _YES,
        }
    return pd.DataFrame(list(rows.values()), dtype=object)
