"""Target prices: from a file and one by one, their effective dates, and invalid ones."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import InvalidEntryError, MalformedFileError
from ingestion.portfolios.entries import Holder, stored_entries
from ingestion.portfolios.target_prices import (
    TARGETS,
    current_targets,
    load_target_prices,
    remove_target_price,
    set_target_price,
)
from ingestion.raw.datasets import TARGET_PRICES
from ingestion.raw.loads import Connection

Write = Callable[[str, str], Path]
INCEPTION, TODAY = date(2025, 6, 30), date(2026, 2, 2)
HEADER = f"portfolio_name,symbol,{','.join(TARGETS)}"


@pytest.fixture
def holder(load_mine: Callable[[str], Holder]) -> Holder:
    return load_mine("AAPL,1,2,2025-06-30\nNFLX,-1,2,2025-06-30")


def targets(*values: int | None) -> dict[str, Decimal | None]:
    return {
        name: None if value is None else Decimal(value) for name, value in zip(TARGETS, values, strict=True)
    }


def in_force(connection: Connection, holder: Holder, day: date) -> dict[str, tuple[Any, ...]]:
    """Targets by symbol."""
    found = current_targets(connection, day, holder)
    return {key[1]: tuple(row[name] for name in TARGETS) for key, row in found.items()}


def test_a_file_without_dates_applies_since_inception_and_loads_once(
    connection: Connection, holder: Holder, write: Write
) -> None:
    path = write("target_prices.csv", f"{HEADER}\nMine,aapl,$230,255,170\nMine,NFLX,1250,,1500\n")
    report = load_target_prices(connection, path, today=TODAY)
    assert (report.rows_new, report.touched_from) == (2, INCEPTION)
    assert load_target_prices(connection, path, today=TODAY + timedelta(days=3)).rows_new == 0
    assert in_force(connection, holder, INCEPTION) == {"AAPL": (230, 255, 170), "NFLX": (1250, None, 1500)}
    assert {row["stated_on"] for row in stored_entries(connection, TARGET_PRICES)} == {TODAY}


def test_changed_targets_without_a_date_do_not_change_the_past(
    connection: Connection, holder: Holder, write: Write
) -> None:
    for eoy in (230, 240):
        path = write("target_prices.csv", f"{HEADER}\nMine,AAPL,{eoy},255,170\n")
        load_target_prices(connection, path, today=TODAY)
    assert in_force(connection, holder, TODAY - timedelta(days=1))["AAPL"] == (230, 255, 170)
    assert in_force(connection, holder, TODAY)["AAPL"] == (240, 255, 170)


def test_a_date_is_the_effective_date(connection: Connection, holder: Holder, write: Write) -> None:
    text = f"{HEADER},effective_date\nMine,AAPL,230,255,170,2025-09-01\n"
    load_target_prices(connection, write("target_prices.csv", text), today=TODAY)
    assert in_force(connection, holder, date(2025, 8, 31)) == {}
    assert in_force(connection, holder, date(2025, 9, 1)) == {"AAPL": (230, 255, 170)}
    (row,) = stored_entries(connection, TARGET_PRICES)
    assert row["stated_on"] == date(2025, 9, 1)


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{HEADER}\nMine,AAPL,,,\n", r"row 2: the row gives no target"),
        (f"{HEADER}\nMine,AAPL,0,255,170\n", r"row 2, target_price_eoy: '0' is not above zero"),
        (f"{HEADER}\nMine,AAPL,230,NaN,170\n", r"row 2, target_price_next_year: 'NaN' is not a number"),
        (f"{HEADER}\nMine,AAPL,230,255,Infinity\n", r"downside_target_price: 'Infinity' is not a number"),
        (f"{HEADER}\nMine,AAPL,1.1234567,,\n", r"more than 6 decimals"),
        (f"{HEADER}\nMine,TSLA,230,255,170\n", r"row 2, symbol: 'TSLA' is not a position of this portfolio"),
        (
            f"{HEADER}\nMine,AAPL,230,255,170\nMine,AAPL,231,255,170\n",
            r"rows 2 and 3 give different targets of AAPL",
        ),
        (
            f"{HEADER},effective_date\nMine,AAPL,230,255,170,2026-02-03\n",
            r"effective_date: '2026-02-03' lies in the future",
        ),
        ("portfolio_name,symbol\nMine,AAPL\n", r"has no column 'target_price_eoy'"),
    ],
)
def test_a_file_with_an_error_is_not_loaded_at_all(
    connection: Connection, write: Write, text: str, sentence: str
) -> None:
    path = write("target_prices.csv", text)
    with pytest.raises(MalformedFileError, match=sentence):
        load_target_prices(connection, path, today=TODAY)
    assert stored_entries(connection, TARGET_PRICES) == []


def test_setting_one_target_keeps_the_others(connection: Connection, holder: Holder) -> None:
    first = set_target_price(connection, holder, "AAPL", targets(230, None, 170), today=TODAY)
    assert first.touched_from == INCEPTION
    second = set_target_price(connection, holder, "AAPL", targets(240, 260, None), today=TODAY)
    assert second.touched_from == TODAY
    assert in_force(connection, holder, TODAY)["AAPL"] == (240, 260, 170)
    assert set_target_price(connection, holder, "AAPL", targets(240, None, None), today=TODAY).rows_new == 0


def test_an_ended_target_keeps_its_past(connection: Connection, holder: Holder) -> None:
    set_target_price(connection, holder, "AAPL", targets(230, 255, 170), today=TODAY)
    day = date(2025, 10, 1)
    assert remove_target_price(connection, holder, "AAPL", day=day, today=TODAY).touched_from == day
    assert remove_target_price(connection, holder, "AAPL", day=day, today=TODAY).rows_new == 0
    assert in_force(connection, holder, day - timedelta(days=1))["AAPL"] == (230, 255, 170)
    assert in_force(connection, holder, day) == {}


def test_an_invalid_target_is_refused(connection: Connection, holder: Holder) -> None:
    with pytest.raises(InvalidEntryError, match="No target was given"):
        set_target_price(connection, holder, "AAPL", targets(None, None, None), today=TODAY)
    with pytest.raises(InvalidEntryError, match=r"target_price_eoy -1 is below"):
        set_target_price(connection, holder, "AAPL", targets(-1, None, None), today=TODAY)
    with pytest.raises(
        InvalidEntryError, match=r"target_price_eoy .*,000 exceeds 1,000,000,000,000; correct"
    ):
        set_target_price(connection, holder, "AAPL", targets(10**30, None, None), today=TODAY)
    with pytest.raises(InvalidEntryError, match="AAPL of 'Mine' has no target price"):
        remove_target_price(connection, holder, "AAPL", today=TODAY)
