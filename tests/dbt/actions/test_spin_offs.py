"""Spin-offs on a small book with round prices, from the file to positions, P&L, gains, lots and returns.

ALPHA spins off four BETA a share and closes at 80 and 10: of a cost of 100 a share, 66.67 stay (an example of
spinoffprofiles.com). COP keeps 77.09 % of its cost, as its Form 8937 of 2012 says. Mirror is short what Book
is long. The first publication knows no spin-off; the actions are loaded late, with a statement of Book that
lists what is left. Late has none, and continues its window.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar, sessions
from ingestion.raw.ids import spun_off_id
from ingestion.statements.load import load_positions
from tests.dbt.selected_builds import Rows, build, read_rows
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # two builds

BEGIN, SPUN_OFF, CHECKED, LAST = date(2025, 6, 2), date(2025, 6, 10), date(2025, 6, 17), date(2025, 6, 20)
EQUITY = Decimal(100_000)
IDENTITIES = (
    "assert_trades_add_up_to_positions",
    "assert_trades_explain_cash",
    "assert_position_pnl_runs_without_gaps",
    "assert_equity_rolls_forward",
    "assert_snapshots_agree_with_positions_and_exposures",
    "assert_lot_methods_agree",
    "assert_realized_gains_follow_from_their_parts",
    "assert_specific_gains_are_published",
    "assert_spin_offs_keep_cost_and_value",
)
SELECTED = (
    "+fct_trades",
    "+fct_position_values",
    "+fct_portfolio_snapshots",
    "+fct_data_quality",
    "+fct_realized_gains",
    "+fct_tax_lots",
    "+dim_positions",
    "+dim_portfolios",
    *(f"+{name}" for name in IDENTITIES),
)
HEADER = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
)
CALL = "ALPHA250919C00090000"
COMMON = f"PURE,5,30,{BEGIN},,,,,,,,\nSILENT,6,50,{BEGIN},,,,,,,,\n"
LOTS = (
    f"ALPHA,10,100,{BEGIN},,,,,,,,\n"
    f"ALPHA,3,101.37,{BEGIN},,,,,,,,\n"
    f"COP,100,50,{BEGIN},,,,,,,,\n"
    f"{CALL},1,31,{BEGIN},,,,,,,,\n"
) + COMMON
SHORT = f"ALPHA,-10,100,{BEGIN},,,,,,,,\nCOP,-100,50,{BEGIN},,,,,,,,\n"
ACTIONS = (
    "symbol,ex_date,action,value,new_symbol,cash,cost_share\n"
    f"ALPHA,{SPUN_OFF},spin_off,4,BETA,,\n"
    f"COP,{SPUN_OFF},spin_off,0.5,PSX,,0.2291\n"
    f"SILENT,{SPUN_OFF},spin_off,1,UNHEARD,,0.5\n"
)
# of the lots of LOTS, with the costs of a broker: 15 of the 40 BETA were sold, and all of PSX
LEFT = (
    f"ALPHA,10,66.67,{BEGIN},,,,,,,,\n"
    f"ALPHA,3,67.58,{BEGIN},,,,,,,,\n"
    f"ALPHA,2,80,{SPUN_OFF},,,,,,,,\n"
    f"BETA,25,8.33,{BEGIN},,,,,,,,\n"
    f"BETA,12,8.45,{BEGIN},,,,,,,,\n"
    f"COP,100,38.545,{BEGIN},,,,,,,,\n"
    f"{CALL},1,31,{BEGIN},,,,,,,,\n"
) + COMMON


def days() -> list[date]:
    return list(sessions(BEGIN, LAST).astype("datetime64[D]").astype(object))


def closes(number: int, day: date) -> dict[str, Decimal]:
    """On the ex-date parent and child together are worth what the parent was worth the session before."""
    before = day < SPUN_OFF
    prices: dict[str, Decimal | int] = {
        "ALPHA": 120 if before else 80 + (days().index(day) - days().index(SPUN_OFF)),
        "COP": 70 if before else 54,
        "PURE": 30 + number,
        "SILENT": 60 if before else 40,
    }
    if not before:
        prices |= {"BETA": 10 if day == SPUN_OFF else 11, "PSX": 32}
    return {symbol: Decimal(price) for symbol, price in prices.items()}


MARKET = {day: closes(number, day) for number, day in enumerate(days())}


def load(connection: psycopg.Connection[Any], folder: Path, text: str, day: date, name: str) -> list[str]:
    path = folder / "book.csv"
    path.write_text(HEADER + text)
    _, report, *_ = load_positions(
        connection,
        path,
        portfolio_name=name,
        owner_email="jane@example.com",
        equity=EQUITY,
        statement_date=day,
    )
    return list(report.notices)


@pytest.fixture(scope="module")
def built(
    module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Warehouse, list[str]]:
    """After both publications; the notices of the second statement."""
    folder = tmp_path_factory.mktemp("spin_offs")
    market, actions = folder / "market", folder / "actions"
    market.mkdir()
    actions.mkdir()
    lines = [f"{day},{symbol},{price}" for day, prices in MARKET.items() for symbol, price in prices.items()]
    (market / "prices.csv").write_text("\n".join(["date,symbol,close", *lines]) + "\n")
    (actions / "corporate_actions.csv").write_text(ACTIONS)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        load_calendar(connection)
        load_folder(connection, market)
        for name, lots in (("Book", LOTS), ("Late", LOTS), ("Mirror", SHORT)):
            load(connection, folder, lots, BEGIN, name)
    build(module_warehouse, selected=SELECTED, is_tested=True)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        (report,) = load_folder(connection, actions)
        assert (report.rows_new, report.touched_from) == (3, SPUN_OFF)
        notices = load(connection, folder, LEFT, CHECKED, "Book")
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return module_warehouse, notices


@pytest.fixture
def read(built: tuple[Warehouse, list[str]]) -> Callable[..., Rows]:
    """Columns of a mart's rows, in the order of those columns."""

    def rows(mart: str, columns: str, where: str = "true", of: str | None = "Book") -> Rows:
        if of:
            name = f"select portfolio_id from marts.dim_portfolios where portfolio_name = '{of}'"
            where = f"{where} and portfolio_id = ({name})"
        order = "1" if " as " in columns else columns
        return read_rows(built[0], f"select {columns} from marts.{mart} where {where} order by {order}")

    return rows


def on(day: date, symbol: str) -> str:
    return f"as_of_date = '{day}' and symbol = '{symbol}'"


def test_the_cost_is_divided_by_the_closes_or_as_stated(read: Callable[..., Rows]) -> None:
    costs = "cost_basis, quantity"
    assert [tuple(row.values()) for row in read("fct_position_values", costs, on(SPUN_OFF, "BETA"))] == [
        (Decimal("101.37"), 12),
        (Decimal("125.00"), 15),
        (Decimal("208.33"), 25),
    ]
    assert [tuple(row.values()) for row in read("fct_position_values", costs, on(SPUN_OFF, "ALPHA"))] == [
        (160, 2),
        (Decimal("202.74"), 3),
        (Decimal("666.67"), 10),
    ]
    (psx,) = read("fct_position_values", costs, on(SPUN_OFF, "PSX"))
    assert tuple(psx.values()) == (Decimal("1145.50"), 50)
    told = "spun_off_from, spun_off_on, spun_off_cost_share_by, round(spun_off_cost_share, 4) as share"
    for symbol, expected in (
        ("BETA", ("ALPHA", SPUN_OFF, "closes", Decimal("0.3333"))),
        ("PSX", ("COP", SPUN_OFF, "stated", Decimal("0.2291"))),
    ):
        assert {tuple(row.values()) for row in read("dim_positions", told, f"symbol = '{symbol}'")} == {
            expected
        }


@pytest.mark.parametrize("name", ["Late", "Mirror"])
def test_nothing_is_earned_on_the_ex_date(read: Callable[..., Rows], name: str) -> None:
    """Both companies are worth what one was worth: no P&L of any of the lots, nor of the portfolio."""
    where = f"as_of_date = '{SPUN_OFF}' and symbol in ('ALPHA', 'BETA', 'COP', 'PSX')"
    rows = read("fct_position_values", "daily_pnl, realized_pnl", where, name)
    assert {tuple(row.values()) for row in rows} == {(0, 0)}
    before, after = (
        sum(
            row["market_value"]
            for row in read(
                "fct_position_values",
                "position_id, market_value",
                f"as_of_date = '{day}' and symbol in ('ALPHA', 'BETA', 'COP', 'PSX')",
                name,
            )
        )
        for day in (days()[days().index(SPUN_OFF) - 1], SPUN_OFF)
    )
    assert before == after


def test_a_short_is_the_mirror_of_a_long(read: Callable[..., Rows]) -> None:
    columns = "symbol, as_of_date, quantity, market_value, cost_basis, daily_pnl, cumulative_pnl"
    bought = "symbol in ('ALPHA', 'BETA', 'COP', 'PSX') and abs(quantity) in (10, 40, 50, 100)"
    longs = read("fct_position_values", columns, bought, "Late")
    shorts = read("fct_position_values", columns, bought, "Mirror")
    assert len(longs) == 2 * len(days()) + 2 * sum(day >= SPUN_OFF for day in days())
    assert sorted(
        (row["symbol"], row["as_of_date"], *(-value for value in list(row.values())[2:])) for row in shorts
    ) == sorted(tuple(row.values()) for row in longs)


def test_lots_against_a_second_computation(read: Callable[..., Rows]) -> None:
    """Values, P&L and running P&L of parent and child by day, from prices and terms alone."""
    share = Decimal(40) / 120
    child_cost = round(1000 * share, 2)
    parent, child = [], []
    previous, total = Decimal(1000), Decimal(0)
    for day, prices in MARKET.items():
        value = 10 * prices["ALPHA"]
        received = 40 * prices["BETA"] if day == SPUN_OFF else Decimal(0)
        total += value + received - previous
        cost = 1000 - (child_cost if day >= SPUN_OFF else 0)
        parent.append((day, value, value + received - previous, value - cost, total))
        previous = value
    at_start = previous_child = 40 * MARKET[SPUN_OFF]["BETA"]
    for day, prices in MARKET.items():
        if day >= SPUN_OFF:
            value = 40 * prices["BETA"]
            child.append((day, value, value - previous_child, value - child_cost, value - at_start))
            previous_child = value
    columns = "as_of_date, market_value, daily_pnl, unrealized_pnl, cumulative_pnl"
    for symbol, quantity, expected in (("ALPHA", 10, parent), ("BETA", 40, child)):
        rows = read("fct_position_values", columns, f"symbol = '{symbol}' and quantity = {quantity}", "Late")
        assert [tuple(row.values()) for row in rows] == expected


def test_what_is_realized_and_open_adds_up_with_and_without_a_sale(read: Callable[..., Rows]) -> None:
    """Realized plus unrealized gains are proceeds and values less the cost before the spin-off."""
    bought = 10 * 100 + round(3 * Decimal("101.37"), 2)
    last = MARKET[LAST]
    for of, proceeds, held in (("Late", Decimal(0), 52), ("Book", 15 * Decimal(11), 37)):
        lots = f"as_of_date = '{LAST}' and symbol in ('ALPHA', 'BETA')"
        (sums,) = read(
            "fct_position_values",
            "sum(unrealized_pnl) as unrealized",
            f"{lots} and not (symbol = 'ALPHA' and quantity = 2)",
            of,
        )
        gains = read("fct_realized_gains", "gain", "method = 'specific' and symbol = 'BETA'", of)
        realized = sum((row["gain"] for row in gains), Decimal(0))
        assert realized + sums["unrealized"] == proceeds + 13 * last["ALPHA"] + held * last["BETA"] - bought


def test_a_statement_keeps_sells_or_closes_what_was_received(
    built: tuple[Warehouse, list[str]], read: Callable[..., Rows]
) -> None:
    notices = "\n".join(built[1])
    assert f"25 BETA were received in the spin-off of {SPUN_OFF} by shares bought on {BEGIN}" in notices
    trades = read(
        "fct_trades", "symbol, kind, as_of_date, quantity, price, amount", "symbol in ('BETA', 'PSX')"
    )
    assert [tuple(row.values()) for row in trades] == [
        ("BETA", "partial_exit", CHECKED, -15, 11, 165),
        ("BETA", "spin_off", SPUN_OFF, 12, 10, -120),
        ("BETA", "spin_off", SPUN_OFF, 15, 10, -150),
        ("BETA", "spin_off", SPUN_OFF, 25, 10, -250),
        ("PSX", "exit", CHECKED, -50, 32, 1600),
        ("PSX", "spin_off", SPUN_OFF, 50, 32, -1600),
    ]
    received = read("fct_trades", "quantity, amount", "symbol in ('ALPHA', 'COP') and kind = 'spin_off'")
    assert [tuple(row.values()) for row in received] == [(0, 120), (0, 400), (0, 1600)]


def test_gains_and_open_lots_keep_the_day_of_the_purchase(read: Callable[..., Rows]) -> None:
    gains = read(
        "fct_realized_gains",
        "symbol, quantity, proceeds, basis, gain, acquired_on",
        "method = 'specific' and symbol in ('BETA', 'PSX')",
    )
    assert [tuple(row.values()) for row in gains] == [
        ("BETA", 15, 165, 125, 40, BEGIN),
        ("PSX", 50, 1600, Decimal("1145.50"), Decimal("454.50"), BEGIN),
    ]
    lots = read(
        "fct_tax_lots", "symbol, quantity, cost_basis, acquired_on", "method = 'specific' and symbol = 'BETA'"
    )
    assert [tuple(row.values()) for row in lots] == [
        ("BETA", 12, Decimal("101.37"), BEGIN),
        ("BETA", 25, Decimal("208.33"), BEGIN),
    ]


def test_the_parents_return_counts_what_was_spun_off(read: Callable[..., Rows]) -> None:
    columns = "symbol, daily_return, is_suspect"
    rows = read("fct_prices", columns, f"as_of_date = '{SPUN_OFF}'", of=None)
    returns = {row["symbol"]: row["daily_return"] for row in rows}
    assert (returns["ALPHA"], returns["COP"]) == (0, 0)
    assert returns["BETA"] is None  # its history begins
    assert returns["SILENT"] is None  # not -1/3
    (second,) = read("fct_prices", "daily_return", on(days()[days().index(SPUN_OFF) + 1], "BETA"), of=None)
    assert second["daily_return"] == pytest.approx(0.1)


def test_without_a_price_nothing_arrives_and_it_is_said(read: Callable[..., Rows]) -> None:
    assert read("fct_position_values", "symbol", "symbol = 'UNHEARD'") == []
    (silent,) = read("fct_position_values", "cost_basis", on(LAST, "SILENT"))
    assert silent["cost_basis"] == 300
    flags = read("fct_data_quality", "as_of_date, flag", "symbol = 'SILENT'", of=None)
    assert {row["as_of_date"] for row in flags if row["flag"] == "spin_off_unpriced"} == {
        day for day in days() if day >= SPUN_OFF
    }


def test_a_contract_on_the_parent_is_flagged_and_worth_what_it_delivers(read: Callable[..., Rows]) -> None:
    columns = "market_value, price_flag, delta_adjusted_exposure, delta_adjusted_null_reason"
    (call,) = read("fct_position_values", columns, on(SPUN_OFF, CALL))
    assert tuple(call.values()) == (
        100 * (80 + 4 * 10 - 90),
        "adjusted_deliverable",
        None,
        "adjusted_deliverable",
    )


def test_a_portfolio_that_continues_equals_one_that_starts(
    built: tuple[Warehouse, list[str]], read: Callable[..., Rows]
) -> None:
    """Only days from the ex-date on are built again, and the key of a lot is the same in both languages."""
    history = "select as_of_date from marts_history.fct_position_values where symbol = 'ALPHA'"
    where = "and superseded_at is not null and portfolio_id = (select portfolio_id from marts.dim_portfolios"
    rows = read_rows(built[0], f"{history} {where} where portfolio_name = 'Late')")
    assert {row["as_of_date"] for row in rows} == {day for day in days() if day >= SPUN_OFF}
    (portfolio,) = read("dim_portfolios", "portfolio_id")
    key = spun_off_id(portfolio["portfolio_id"], "BETA", BEGIN, Decimal(100), sign=1, ex_date=SPUN_OFF)
    (kept,) = read("dim_positions", "position_id", "symbol = 'BETA' and quantity = 25")
    assert kept["position_id"] == key
