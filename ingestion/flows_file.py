"""The file of capital flows: contributions and withdrawals of portfolios (capital_flows.csv).

Columns: portfolio_name, owner_email (may be left out where the name is unique), flow_date, amount (USD,
negative for a withdrawal), notes. A flow is told from others by its day, its notes and, among equal ones, its
order in the file; a changed amount corrects it, and an amount of 0 takes it back.
"""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from ingestion.datasets import CAPITAL_FLOWS
from ingestion.delimited import read_strictly
from ingestion.ids import flow_id
from ingestion.loads import Connection, LoadReport, load_transaction
from ingestion.portfolio_files import PortfolioCells
from ingestion.portfolios import Directory

SOURCE = "files"
REQUIRED = ("portfolio_name", "flow_date", "amount")
OPTIONAL = ("owner_email", "notes")


def load_capital_flows(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of capital flows, whole or not at all.

    Raises MalformedFileError or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, CAPITAL_FLOWS.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(CAPITAL_FLOWS, _read(connection, path, today or datetime.now(UTC).date()))


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    counts: Counter[tuple[UUID, date, str]] = Counter()
    rows: list[dict[str, Any]] = []
    directory = Directory(connection)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio, day = cells.portfolio().portfolio_id, cells.day("flow_date", today)
        amount: Decimal = cells.number("amount")
        counts[portfolio, day, record["notes"]] += 1
        ordinal = counts[portfolio, day, record["notes"]]
        rows.append(
            {
                "flow_id": str(flow_id(portfolio, day, record["notes"], ordinal)),
                "portfolio_id": str(portfolio),
                "flow_date": day,
                "amount": amount,
                "notes": record["notes"] or None,
            }
        )
    return pd.DataFrame(rows, dtype=object)
