"""Benchmarks of portfolios: from a file and one by one, their effective dates, and invalid ones."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingestion.errors import InvalidEntryError, MalformedFileError
from ingestion.market.symbols import last_needed, symbols_to_price
from ingestion.portfolios.benchmarks import (
    current_benchmarks,
    load_benchmarks,
    remove_benchmark,
    set_benchmark,
)
from ingestion.portfolios.entries import Holder, stored_entries
from ingestion.raw.datasets import BENCHMARKS
from ingestion.raw.loads import Connection

Write = Callable[[str, str], Path]
INCEPTION, LATER, TODAY = date(2025, 6, 30), date(2025, 9, 30), date(2026, 2, 2)


@pytest.fixture
def holder(load_mine: Callable[[str], Holder]) -> Holder:
    return load_mine("AAPL,1,2,2025-06-30")


def in_force(connection: Connection, holder: Holder, day: date) -> str | None:
    """The symbol; None for the default."""
    row = current_benchmarks(connection, day, holder).get((holder.key,))
    return row and row["symbol"]


def test_the_first_benchmark_applies_since_inception_and_a_later_one_from_today(
    connection: Connection, holder: Holder
) -> None:
    assert set_benchmark(connection, holder, "agg", today=TODAY).touched_from == INCEPTION
    assert set_benchmark(connection, holder, "brk.b", today=TODAY).touched_from == TODAY
    assert set_benchmark(connection, holder, "BRK-B", today=TODAY).rows_new == 0
    assert in_force(connection, holder, INCEPTION - timedelta(days=1)) is None
    assert in_force(connection, holder, TODAY - timedelta(days=1)) == "AGG"
    assert in_force(connection, holder, TODAY) == "BRK-B"


def test_a_removed_benchmark_is_kept_for_earlier_days(connection: Connection, holder: Holder) -> None:
    with pytest.raises(InvalidEntryError, match="has no benchmark of its own; it is compared with SPY"):
        remove_benchmark(connection, holder, today=TODAY)
    set_benchmark(connection, holder, "AGG", today=TODAY)
    assert remove_benchmark(connection, holder, day=LATER, today=TODAY).touched_from == LATER
    assert remove_benchmark(connection, holder, today=TODAY).rows_new == 0
    assert in_force(connection, holder, LATER - timedelta(days=1)) == "AGG"
    assert in_force(connection, holder, TODAY) is None


def test_a_file_loads_once_and_an_empty_symbol_is_the_default(
    connection: Connection, holder: Holder, write: Write
) -> None:
    header = "portfolio_name,symbol,effective_date"
    path = write("benchmarks.csv", f"{header}\nMine,agg,2025-07-01\nmine,,2025-09-30\n")
    report = load_benchmarks(connection, path, today=TODAY)
    assert (report.rows_new, report.touched_from) == (2, date(2025, 7, 1))
    assert load_benchmarks(connection, path, today=TODAY).rows_new == 0
    assert in_force(connection, holder, date(2025, 8, 1)) == "AGG"
    assert in_force(connection, holder, LATER) is None


def test_a_file_without_dates_does_not_change_the_past(
    connection: Connection, holder: Holder, write: Write
) -> None:
    for symbol in ("AGG", "AGG", "VT"):
        path = write("benchmarks.csv", f"portfolio_name,symbol\nMine,{symbol}\n")
        load_benchmarks(connection, path, today=TODAY)
    rows = stored_entries(connection, BENCHMARKS, holder)
    assert [(row["effective_date"], row["symbol"]) for row in rows] == [(INCEPTION, "AGG"), (TODAY, "VT")]


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("portfolio_name,symbol\nMine,CASH_USD\n", r"row 2, symbol: 'CASH_USD' is cash, which has no return"),
        ("portfolio_name,symbol\nMine,AAPL250815P00200000\n", r"is an option; give a symbol with a price"),
        ("portfolio_name,symbol\nMine,S P Y\n", r"'S P Y' is not a symbol"),
        ("portfolio_name,symbol\nMine,AGG\nMine,VT\n", r"rows 2 and 3 give different benchmarks of Mine"),
        ("portfolio_name,symbol,effective_date\nMine,AGG,2026-02-03\n", r"lies in the future"),
        ("portfolio_name\nMine\n", r"symbol"),
    ],
)
def test_a_wrong_file_is_refused_as_a_whole(
    connection: Connection, write: Write, text: str, sentence: str
) -> None:
    with pytest.raises(MalformedFileError, match=sentence):
        load_benchmarks(connection, write("benchmarks.csv", text), today=TODAY)
    assert stored_entries(connection, BENCHMARKS) == []


def test_wrong_entries_are_refused(connection: Connection, holder: Holder) -> None:
    with pytest.raises(InvalidEntryError, match="'CASH' is cash"):
        set_benchmark(connection, holder, "cash", today=TODAY)
    with pytest.raises(InvalidEntryError, match="lies in the future"):
        set_benchmark(connection, holder, "AGG", day=TODAY + timedelta(days=1), today=TODAY)


def test_the_prices_of_a_benchmark_are_downloaded_even_if_it_is_no_longer_held(
    connection: Connection, load_mine: Callable[[str], Holder]
) -> None:
    assert "SPY" in symbols_to_price(connection)
    holder = load_mine("AGG,1,2,2025-06-30")
    connection.execute("update raw.positions set exit_date = '2025-09-01'")
    assert set(last_needed(connection, TODAY)) == {"AGG"}
    for symbol in ("AGG", "VT"):
        set_benchmark(connection, holder, symbol, today=TODAY)
    assert {"AGG", "VT"} <= set(symbols_to_price(connection))
    assert last_needed(connection, TODAY) == {}
