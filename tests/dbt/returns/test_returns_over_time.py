"""Returns by period over two publications: a published example, a second implementation, properties, reasons.

"Index" and "Opened" hold SPY alone, "Saver" has flows, "Broke" loses more than it has, "Changed" has other
benchmarks, and "Textbook" is the example of the CFA Institute. A second publication adds sessions, and a flow
and a benchmark that are back-dated.
"""

import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar, sessions
from ingestion.portfolios.benchmarks import remove_benchmark, set_benchmark
from ingestion.portfolios.capital_flows import add_flow
from ingestion.portfolios.entries import Holder, find_holder
from ingestion.statements.load import load_positions
from tests.dbt.selected_builds import Rows, build, read_rows
from tests.reference.returns import ROWS, Facts, assert_equal_to_the_reference
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # two builds

MARKET, BEGIN, KNOWN, LAST = date(2024, 4, 29), date(2024, 5, 1), date(2025, 6, 27), date(2025, 7, 8)
A, B, C = date(2025, 6, 10), date(2025, 6, 11), date(2025, 6, 12)  # a Tuesday and the next days
GAP, CHANGE = date(2025, 2, 14), date(2025, 1, 2)
BACK_DATED = date(2025, 6, 14)  # a Saturday
OPENING = date(2024, 5, 6)  # the fourth session
HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
SELECTED = [
    *("+fct_returns_by_period", "+dim_benchmarks", "+dim_portfolios", "+dim_dates", "+assert_returns_chain"),
    *("+portfolio_returns", "+portfolio_months", "+portfolio_drawdowns"),
]
FLOWS = {"2024-06-03": 5_000, "2024-09-07": -3_000, "2025-01-31": 20_000, "2025-06-02": -24_000}


def days_until(last: date) -> list[date]:
    return [day.astype(object) for day in sessions(MARKET, last).astype("datetime64[D]")]


def paths() -> dict[str, list[float]]:
    """Closes by symbol, the same for every build."""
    count = len(days_until(LAST))
    steps = np.random.default_rng(7).normal(0.0004, 0.011, (4, count))
    levels = np.round(100 * np.cumprod(1 + steps, axis=1), 2)
    return dict(zip(("SPY", "AGG", "LONG", "GAPPY"), levels.tolist(), strict=True))


def close(symbol: str, day: date) -> float:
    return paths()[symbol][days_until(LAST).index(day)]


def write_market(folder: Path, last: date) -> None:
    folder.mkdir()
    text = ["date,symbol,close"]
    for number, day in enumerate(days_until(last)):
        closes = {symbol: path[number] for symbol, path in paths().items()}
        closes["TEXT"] = 200 if day <= A else 225 if day == B else 235
        closes["UP"] = 10 * 1.002**number
        text += [f"{day},{name},{close}" for name, close in closes.items() if (name, day) != ("GAPPY", GAP)]
    (folder / "prices.csv").write_text("\n".join(text) + "\n")
    (folder / "corporate_actions.csv").write_text(
        f"symbol,ex_date,action,value\nTEXT,{B},dividend,5\nTEXT,{C},dividend,5\n"
    )


def load_portfolios(connection: psycopg.Connection[Any], folder: Path) -> None:
    spy, long = close("SPY", BEGIN), close("LONG", BEGIN)
    lots = {
        "Index": (1_000 * spy, f"SPY,1000,{spy},{BEGIN}\n"),
        "Opened": (1_000 * close("SPY", OPENING), f"SPY,1000,50,{BEGIN}\n"),
        "Saver": (30_000, f"LONG,200,{long},{BEGIN}\n"),
        "Broke": (1_000, f"UP,-180,10,{BEGIN}\n"),
        "Changed": (20_000, f"LONG,50,{long},{BEGIN}\n"),
        "Textbook": (200, f"TEXT,1,200,{A}\nTEXT,1,225,{B}\n"),
    }
    for name, (equity, text) in lots.items():
        path = folder / f"{name}.csv"
        path.write_text(HEADER + text)
        load_positions(
            connection,
            path,
            portfolio_name=name,
            owner_email="jane@example.com",
            equity=Decimal(str(round(equity, 2))),
            statement_date=OPENING if name == "Opened" else KNOWN,
            performs_from_statement=name == "Opened",
        )
    for day, amount in FLOWS.items():
        add_flow(connection, holder(connection, "Saver"), Decimal(amount), date.fromisoformat(day))
    add_flow(connection, holder(connection, "Textbook"), Decimal(220), C)
    set_benchmark(connection, holder(connection, "Changed"), "AGG")
    set_benchmark(connection, holder(connection, "Changed"), "GAPPY", day=CHANGE)


def holder(connection: psycopg.Connection[Any], name: str) -> Holder:
    return find_holder(connection, name, None)


@pytest.fixture(scope="module")
def first(module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows]:
    """The first publication: the folder of files, and its rows."""
    folder = tmp_path_factory.mktemp("returns")
    write_market(folder / "before", KNOWN)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        load_calendar(connection)
        load_folder(connection, folder / "before")
        load_portfolios(connection, folder)
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return folder, read_rows(module_warehouse, ROWS)


@pytest.fixture(scope="module")
def built(module_warehouse: Warehouse, first: tuple[Path, Rows]) -> Warehouse:
    """After the second publication, which continues from the first."""
    folder, _ = first
    write_market(folder / "after", LAST)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        load_folder(connection, folder / "after")
        add_flow(connection, holder(connection, "Saver"), Decimal(1_234), BACK_DATED)
        remove_benchmark(connection, holder(connection, "Changed"), day=date(2025, 6, 20))
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return module_warehouse


def row(warehouse: Warehouse, name: str, day: date, period: str) -> dict[str, Any]:
    (found,) = read_rows(
        warehouse,
        "select returns.* from marts.fct_returns_by_period as returns "
        "join marts.dim_portfolios using (portfolio_id) "
        f"where portfolio_name = '{name}' and as_of_date = '{day}' and period = '{period}'",
    )
    return found


def call(warehouse: Warehouse, function: str, name: str, first: date | None, last: date | None) -> Rows:
    ends = ", ".join("null" if day is None else f"'{day}'" for day in (first, last))
    of = f"(select portfolio_id from marts.dim_portfolios where portfolio_name = '{name}')"
    return read_rows(warehouse, f"select * from udf.{function}({of}, {ends}) order by 1")


# --- published examples ------------------------------------------------------------------------------------


def test_the_textbook_portfolio_earns_what_the_textbook_says(built: Warehouse) -> None:
    """CFA Institute, Quantitative Investment Analysis: 15 % and 6.67 %, so 10.76 %; money-weighted 9.39 %.

    The second share is bought at the close of the first period, without its dividend, which is withdrawn.
    """
    (found,) = call(built, "portfolio_returns", "Textbook", B, C)
    assert found["time_weighted"] == pytest.approx(1.15 * (480 / 450) - 1, abs=1e-12)
    assert math.sqrt(1 + found["time_weighted"]) - 1 == pytest.approx(0.1076, abs=1e-4)
    assert math.sqrt(1 + found["money_weighted_period"]) - 1 == pytest.approx(0.0939, abs=5e-5)
    assert row(built, "Textbook", B, "1D")["time_weighted"] == pytest.approx(0.15)


# --- the second implementation -----------------------------------------------------------------------------


def test_every_period_equals_the_second_implementation(built: Warehouse) -> None:
    assert_equal_to_the_reference(Facts(built))


# --- properties --------------------------------------------------------------------------------------------


def test_spy_has_no_excess_over_itself(built: Warehouse) -> None:
    """From the close of the entry on; an opening balance performs from there, with its benchmark."""
    for found in read_rows(built, ROWS):
        is_after_entry = found["from_date"] and found["from_date"] > BEGIN
        if found["portfolio_name"] == "Opened" or (found["portfolio_name"] == "Index" and is_after_entry):
            assert (found["excess"] is None) == (found["from_date"] is None)
            assert found["excess"] is None or abs(found["excess"]) < 1e-6


def test_nothing_later_is_known(first: tuple[Path, Rows], built: Warehouse) -> None:
    """Later sessions change no row; a back-dated flow or benchmark changes those from it on."""
    now = {
        (found["portfolio_name"], found["as_of_date"], found["period"]): found
        for found in read_rows(built, ROWS)
    }
    since = {"Saver": date(2025, 6, 16), "Changed": date(2025, 6, 20)}
    changed = set()
    for found in first[1]:
        key = (found["portfolio_name"], found["as_of_date"], found["period"])
        if found["as_of_date"] < since.get(found["portfolio_name"], date.max):
            assert now[key] == found
        elif now[key] != found:
            changed.add(found["portfolio_name"])
    assert changed == {"Saver", "Changed"}


def test_sub_periods_chain(built: Warehouse) -> None:
    """Months chain to the whole; so do two ranges that meet."""
    for name in ("Saver", "Index"):
        (whole,) = call(built, "portfolio_returns", name, None, None)
        for figure in ("time_weighted", "benchmark"):
            months = [month[figure] for month in call(built, "portfolio_months", name, None, None)]
            assert np.prod(1 + np.array(months)) - 1 == pytest.approx(whole[figure], abs=1e-9)
            (before,) = call(built, "portfolio_returns", name, None, GAP)
            (after,) = call(built, "portfolio_returns", name, date(2025, 2, 15), None)
            assert (1 + before[figure]) * (1 + after[figure]) - 1 == pytest.approx(whole[figure], abs=1e-9)


def test_functions_equal_the_mart(built: Warehouse) -> None:
    for name, period in (("Saver", "ITD"), ("Saver", "YTD"), ("Saver", "1Y"), ("Changed", "QTD")):
        mart = row(built, name, LAST, period)
        (found,) = call(built, "portfolio_returns", name, mart["from_date"], LAST)
        assert {key: found[key] for key in found if key in mart} == {
            key: pytest.approx(mart[key], abs=1e-9) if isinstance(mart[key], float) else mart[key]
            for key in found
            if key in mart
        }


def test_drawdowns_equal_a_loop(built: Warehouse) -> None:
    days = read_rows(
        built,
        "select as_of_date, twr_index from marts.fct_portfolio_snapshots join marts.dim_portfolios "
        "using (portfolio_id) where portfolio_name = 'Index' order by 1",
    )
    expected, peak, trough = [], (date(2024, 4, 30), 1.0, 0), None
    for number, day in enumerate(days, 1):
        if day["twr_index"] >= peak[1]:
            if trough:
                expected.append(
                    (peak[0], trough[0], day["as_of_date"], trough[1] / peak[1] - 1, number - peak[2])
                )
            peak, trough = (day["as_of_date"], day["twr_index"], number), None
        elif trough is None or day["twr_index"] < trough[1]:
            trough = (day["as_of_date"], day["twr_index"])
    if trough:
        expected.append((peak[0], trough[0], None, trough[1] / peak[1] - 1, len(days) - peak[2]))
    found = [tuple(fall.values()) for fall in call(built, "portfolio_drawdowns", "Index", None, None)]
    assert [fall[:3] + fall[4:] for fall in found] == [fall[:3] + fall[4:] for fall in expected]
    assert [fall[3] for fall in found] == pytest.approx([fall[3] for fall in expected], abs=1e-12)


# --- reasons -----------------------------------------------------------------------------------------------


def test_a_benchmark_without_a_return_is_null_with_its_coverage(built: Warehouse) -> None:
    whole, month = row(built, "Changed", LAST, "ITD"), row(built, "Changed", LAST, "MTD")
    assert (whole["benchmark"], whole["benchmark_null_reason"]) == (None, "benchmark_returns_missing")
    # the gap has no return, and neither has the session after it
    assert whole["coverage"] == pytest.approx(1 - 2 / whole["sessions"])
    assert (month["benchmark_symbol"], month["coverage"]) == ("SPY", 1)
    periods = read_rows(
        built,
        "select symbol, valid_from, valid_to, is_default from marts.dim_benchmarks "
        "join marts.dim_portfolios using (portfolio_id) where portfolio_name = 'Changed' order by valid_from",
    )
    assert [tuple(period.values()) for period in periods] == [
        ("AGG", BEGIN, date(2025, 1, 1), False),
        ("GAPPY", CHANGE, date(2025, 6, 19), False),
        ("SPY", date(2025, 6, 20), None, True),
    ]


def test_a_broken_chain_has_a_reason(built: Warehouse) -> None:
    found = row(built, "Broke", LAST, "ITD")
    assert (found["time_weighted"], found["time_weighted_null_reason"]) == (None, "return_chain_broken")
    assert (found["money_weighted"], found["money_weighted_null_reason"]) == (None, "equity_not_positive")
    assert found["excess"] is None
    assert found["benchmark"] is not None


def test_only_a_year_or_more_is_annualized(built: Warehouse) -> None:
    year, whole, month = (row(built, "Saver", LAST, period) for period in ("1Y", "ITD", "MTD"))
    assert month["time_weighted_annualized"] is None
    for found in (year, whole):
        days = (LAST - found["base_date"]).days
        assert found["time_weighted_annualized"] == pytest.approx(
            (1 + found["time_weighted"]) ** (365 / days) - 1
        )
        assert found["money_weighted"] == pytest.approx(
            (1 + found["money_weighted_period"]) ** (365 / days) - 1
        )
