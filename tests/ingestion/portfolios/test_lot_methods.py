"""Lot methods of portfolios: from a file, their effective dates, and invalid ones."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ingestion.errors import MalformedFileError
from ingestion.portfolios.entries import Holder, stored_entries
from ingestion.portfolios.lot_methods import METHODS, load_lot_methods
from ingestion.raw.datasets import LOT_METHODS
from ingestion.raw.loads import Connection
from python_models.lots import relief

Write = Callable[[str, str], Path]
INCEPTION, TODAY = date(2025, 6, 30), date(2026, 2, 2)


@pytest.fixture
def holder(load_mine: Callable[[str], Holder]) -> Holder:
    return load_mine("AAPL,1,2,2025-06-30")


def test_a_file_loads_once_and_an_empty_method_is_the_default(
    connection: Connection, holder: Holder, write: Write
) -> None:
    header = "portfolio_name,method,effective_date"
    path = write("lot_methods.csv", f"{header}\nMine,HIFO,2025-07-01\nmine,,2025-09-30\n")
    report = load_lot_methods(connection, path, today=TODAY)
    assert (report.rows_new, report.touched_from) == (2, date(2025, 7, 1))
    assert load_lot_methods(connection, path, today=TODAY).rows_new == 0
    rows = stored_entries(connection, LOT_METHODS, holder)
    assert [row["lot_method"] for row in rows] == ["hifo", None]


def test_a_file_without_dates_does_not_change_the_past(
    connection: Connection, holder: Holder, write: Write
) -> None:
    for method in ("lifo", "lifo", "average"):
        load_lot_methods(
            connection, write("lot_methods.csv", f"portfolio_name,method\nMine,{method}\n"), today=TODAY
        )
    rows = stored_entries(connection, LOT_METHODS, holder)
    assert [(row["effective_date"], row["lot_method"]) for row in rows] == [
        (INCEPTION, "lifo"),
        (TODAY, "average"),
    ]


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("Mine,oldest,", "'oldest' is not a lot method; write one of fifo, lifo, hifo, average, specific"),
        ("Mine,fifo,2027-01-01", "lies in the future"),
        ("Mine,fifo,2025-07-01\nMine,lifo,2025-07-01", "the rows 2 and 3 give different methods of Mine"),
    ],
)
def test_what_cannot_be_a_method_is_refused(
    connection: Connection, write: Write, rows: str, message: str
) -> None:
    path = write("lot_methods.csv", f"portfolio_name,method,effective_date\n{rows}\n")
    with pytest.raises(MalformedFileError, match=message):
        load_lot_methods(connection, path, today=TODAY)


def test_the_methods_are_those_of_the_kernel() -> None:
    assert METHODS == relief.METHODS
