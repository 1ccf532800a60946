"""Helpers of the tests of reports: the portfolios, and the files of their reports."""

from pathlib import Path
from uuid import UUID

from api.reports.command import Written
from warehouse.connections import Warehouse

Reports = dict[str, Written]


def portfolios(warehouse: Warehouse) -> dict[str, UUID]:
    """The portfolios by name."""
    with warehouse.connect_analyst() as connection:
        rows = connection.execute("select portfolio_name, portfolio_id from marts.dim_portfolios order by 1")
        return dict(rows.fetchall())


def read(written: Written, name: str) -> str:
    """The text of a file of a report."""
    return Path(written.folder, name).read_bytes().decode("utf-8")
