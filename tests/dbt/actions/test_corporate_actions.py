"""Renames, mergers and special dividends on a small book with round prices.

TWIN has the prices of OLD and then of NEW, what OLD is called from the rename on. The first publication knows
only that; the other actions are loaded late, with a statement of Book that lists what became of its lots.
Late holds the same lots without another statement: it is built again from the first of these actions on.
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
from ingestion.statements.load import load_positions
from tests.dbt.selected_builds import Rows, build, read_rows
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # two builds

BEGIN, RENAMED, BOUGHT_OUT, MERGED, SPECIAL, CHECKED, LAST = (
    date(2025, 6, 2),
    date(2025, 6, 10),
    date(2025, 6, 12),
    date(2025, 6, 16),
    date(2025, 6, 18),
    date(2025, 6, 24),
    date(2025, 6, 30),
)
LAST_OF_GHOST = date(2025, 6, 4)
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
)
SELECTED = (
    "+fct_trades",
    "+fct_position_values",
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
GONE_CALL, GONE_PUT = "GONE250919C00020000", "GONE250919P00030000"
TARGET_CALL, BUYER_CALL = "TARGET250919C00040000", "BUYER250919C00080000"
PAYS_CALL, PAID_CALL = "PAYS250919C00090000", "PAYS250919C00087000"
CASH = "CASH_USD,{},1," + f"{BEGIN},PUBLIC,CASH,,,,,,\n"
# GONE and its options, cash of SHARED and MIXED, dividend of PAYS, and what is bought back of MIXED
PROCEEDS = 2500 + (1000 - 500) + (80 - 80) + 60 - 114
COMMON = f"TWIN,10,50,{BEGIN},,,,,,,,\nGHOST,7,12,{BEGIN},,,,,,,,\nPAYS,20,95,{BEGIN},,,,,,,,\n"
LOTS = (
    f"OLD,10,50,{BEGIN},,,,,,,,\n"
    f"GONE,100,20,{BEGIN},,,,,,,,\n"
    f"{GONE_CALL},2,6,{BEGIN},,,,,,,,\n"
    f"{GONE_PUT},-1,7,{BEGIN},,,,,,,,\n"
    f"TARGET,40,30,{BEGIN},,,,,,,,\n"
    f"MIXED,-8,30,{BEGIN},,,,,,,,\n"
    f"SHARED,8,40,{BEGIN},,,,,,,,\n"
    f"{TARGET_CALL},1,12,{BEGIN},,,,,,,,\n"
    f"{PAYS_CALL},1,15,{BEGIN},,,,,,,,\n"
)
COLUMNS = "symbol,ex_date,action,value,new_symbol,cash,cost_share\n"
RENAME = f"OLD,{RENAMED},rename,,NEW,,\n"
ACTIONS = (
    f"GONE,{BOUGHT_OUT},cash_merger,25,,,\n"
    f"TARGET,{MERGED},stock_merger,0.5,BUYER,,\n"
    f"MIXED,{MERGED},cash_and_stock_merger,0.25,BUYER,10,\n"
    f"SHARED,{MERGED},cash_and_stock_merger,0.25,BUYER,10,0.3\n"
    f"PAYS,{SPECIAL},special_dividend,3,,,\n"
)
# what became of the lots of LOTS, in the shares of CHECKED: half of the short lot is bought back at the close
BECAME = (
    f"NEW,10,50,{BEGIN},,,,,,,,\n"
    f"BUYER,20,60,{BEGIN},,,,,,,,\n"
    f"BUYER,-1,120,{BEGIN},,,,,,,,\n"
    f"BUYER,2,160,{BEGIN},,,,,,,,\n"
    f"{BUYER_CALL},0.5,24,{BEGIN},,,,,,,,\n"
    f"{PAID_CALL},1,15,{BEGIN},,,,,,,,\n"
)


def days() -> list[date]:
    return list(sessions(BEGIN, LAST).astype("datetime64[D]").astype(object))


def closes(number: int, day: date) -> dict[str, Decimal]:
    """BUYER rises by a dollar a session but on the session of the mergers; MIXED and SHARED are worth 35."""
    buyer = 100 + number - (day >= MERGED)
    twin = 50 + number
    prices: dict[str, Decimal | int] = {"TWIN": twin, "BUYER": buyer, "PAYS": 100 if day < SPECIAL else 97}
    prices["OLD" if day < RENAMED else "NEW"] = twin
    if day < BOUGHT_OUT:
        prices["GONE"] = 24
    if day < MERGED:
        prices |= {"TARGET": Decimal(buyer) / 2, "MIXED": 35, "SHARED": 35}
    if day <= LAST_OF_GHOST:
        prices["GHOST"] = 12
    return {symbol: Decimal(price) for symbol, price in prices.items()}


MARKET = {day: closes(number, day) for number, day in enumerate(days())}


def load(
    connection: psycopg.Connection[Any], folder: Path, text: str, day: date, name: str = "Book"
) -> list[str]:
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
    folder = tmp_path_factory.mktemp("actions")
    market, actions = folder / "market", folder / "actions"
    market.mkdir()
    actions.mkdir()
    lines = [f"{day},{symbol},{price}" for day, prices in MARKET.items() for symbol, price in prices.items()]
    (market / "prices.csv").write_text("\n".join(["date,symbol,close", *lines]) + "\n")
    (market / "corporate_actions.csv").write_text(COLUMNS + RENAME)
    (actions / "corporate_actions.csv").write_text(COLUMNS + ACTIONS)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        load_calendar(connection)
        load_folder(connection, market)
        load(connection, folder, LOTS + COMMON + CASH.format(1000), BEGIN)
        load(connection, folder, LOTS + COMMON, BEGIN, "Late")
    build(module_warehouse, selected=SELECTED, is_tested=True)
    with module_warehouse.connect_writer(autocommit=True) as connection:
        (report,) = load_folder(connection, actions)
        assert (report.rows_new, report.touched_from) == (5, BOUGHT_OUT)
        (again,) = load_folder(connection, actions)
        assert again.rows_new == 0
        notices = load(connection, folder, BECAME + COMMON + CASH.format(1000 + PROCEEDS), CHECKED)
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return module_warehouse, notices


@pytest.fixture
def book(built: tuple[Warehouse, list[str]]) -> Warehouse:
    return built[0]


@pytest.fixture
def read(book: Warehouse) -> Callable[..., Rows]:
    """Columns of a mart's rows, in the order of those columns."""

    def rows(mart: str, columns: str, where: str = "true", of: str = "Book") -> Rows:
        if mart not in {"fct_prices", "fct_data_quality", "dim_symbols"}:
            where = f"{where} and portfolio_id = {PORTFOLIO.format(of)}"
        return read_rows(book, f"select {columns} from marts.{mart} where {where} order by {columns}")

    return rows


PORTFOLIO = "(select portfolio_id from marts.dim_portfolios where portfolio_name = '{}')"
VALUES = (
    "as_of_date, is_open, quantity, price, price_flag, market_value, cost_basis, unrealized_pnl,"
    "realized_pnl, daily_pnl, cumulative_pnl, sector, dividends"
)


def test_a_statement_lists_what_became_of_known_lots(built: tuple[Warehouse, list[str]]) -> None:
    warehouse, notices = built
    kept = [notice.replace(" bought at", "").split(" are what became of ") for notice in notices]
    assert [pair for pair in kept if len(pair) == 2][:3] == [
        ["Row 2: 10 NEW at 50", "10 OLD 50, and kept as that."],
        ["Row 3: 20 BUYER at 60", "40 TARGET 30, and kept as that."],
        ["Row 4: -1 BUYER at 120", "-4 MIXED 30, and kept as that."],
    ]
    with warehouse.connect_writer(autocommit=True) as connection:
        assert connection.execute("select count(*) from raw.capital_flows").fetchone() == (0,)


def test_a_rename_changes_no_figure(read: Callable[..., Rows]) -> None:
    twin = read("fct_position_values", VALUES, "symbol = 'TWIN'")
    assert len(twin) == len(days())
    assert read("fct_position_values", VALUES, "symbol = 'NEW'") == twin
    prices = "as_of_date, close, daily_return, adjusted_close, previous_close"
    assert read("fct_prices", prices, "symbol = 'NEW'") == read("fct_prices", prices, "symbol = 'TWIN'")
    for mart in ("fct_position_values", "fct_prices", "fct_data_quality", "dim_positions", "dim_symbols"):
        assert read(mart, "symbol", "symbol = 'OLD'") == []
    (trade,) = read("fct_trades", "kind, as_of_date", "symbol = 'NEW'")
    assert trade == {"kind": "entry", "as_of_date": BEGIN}


def test_what_was_published_before_is_superseded(book: Warehouse) -> None:
    """Only from the first late action on: the days before were not built again."""
    history = "select as_of_date, superseded_at from marts_history.fct_position_values where symbol = 'GONE'"
    rows = read_rows(book, f"{history} and portfolio_id = {PORTFOLIO.format('Late')}")
    superseded = {row["as_of_date"] for row in rows if row["superseded_at"]}
    assert superseded == {day for day in days() if day >= BOUGHT_OUT}
    assert len(rows) == len(days()) + 1


def test_figures_that_continue_a_window_equal_those_of_all_days(read: Callable[..., Rows]) -> None:
    where = "symbol not like 'CASH%' and position_type <> 'SHORT'"
    late = read("fct_position_values", f"symbol, {VALUES}", where, of="Late")
    assert late == read("fct_position_values", f"symbol, {VALUES}", where)
    assert len({row["symbol"] for row in late}) == 12


def test_a_merger_for_cash_ends_the_lot_and_its_options(read: Callable[..., Rows]) -> None:
    columns = "symbol, kind, as_of_date, quantity, price, amount, realized_pnl"
    trades = read("fct_trades", columns, "symbol like 'GONE%' and kind <> 'entry'")
    assert [tuple(row.values()) for row in trades] == [
        ("GONE", "merger", BOUGHT_OUT, -100, 25, 2500, 500),
        (GONE_CALL, "merger", BOUGHT_OUT, -2, 5, 1000, 1000 - 1200),
        (GONE_PUT, "merger", BOUGHT_OUT, 1, 5, -500, 700 - 500),
    ]
    (last,) = read(
        "fct_position_values",
        "market_value, daily_pnl, price_source, price_flag",
        f"symbol = 'GONE' and as_of_date = '{BOUGHT_OUT}'",
    )
    assert tuple(last.values()) == (0, 100, "merger", None)
    assert read("fct_position_values", "symbol", f"symbol like 'GONE%' and as_of_date > '{BOUGHT_OUT}'") == []


def test_a_merger_at_the_market_ratio_has_no_pnl(read: Callable[..., Rows]) -> None:
    columns = "quantity, market_value, cost_basis, daily_pnl, realized_pnl"
    (day,) = read(
        "fct_position_values", columns, f"symbol = 'BUYER' and quantity = 20 and as_of_date = '{MERGED}'"
    )
    assert tuple(day.values()) == (20, 2180, 1200, 0, 0)
    (lot,) = read("dim_positions", "symbol, entry_date, quantity, entry_price", "quantity = 40")
    assert tuple(lot.values()) == ("BUYER", BEGIN, 40, 30)


def test_the_cash_of_a_merger_takes_cost_first_or_as_stated(read: Callable[..., Rows]) -> None:
    columns = "quantity, amount, realized_pnl"
    trades = read("fct_trades", columns, "symbol = 'BUYER' and kind = 'merger' and amount <> 0")
    # 8 shares of MIXED, short in two parts, pay 10 each: cost 240 - 80; SHARED gets 80, 30 % of 320 is cost
    assert [tuple(row.values()) for row in trades] == [(-6, 80, 80 - 96), (3, -40, 0), (3, -40, 0)]
    costs = read("fct_position_values", "cost_basis", f"symbol = 'BUYER' and as_of_date = '{MERGED}'")
    assert [row["cost_basis"] for row in costs] == [-80, -80, 224, 1200]
    (bought_back,) = read("fct_trades", "quantity, price, amount", "kind = 'partial_exit'")
    assert tuple(bought_back.values()) == (1, 114, -114)


def test_gains_and_lots_follow_mergers(read: Callable[..., Rows]) -> None:
    """By specific lots; the cash of a merger into shares is the same under every method."""
    gains = "symbol, kind, quantity, proceeds, basis, gain"
    found = read("fct_realized_gains", gains, "method = 'specific' and kind = 'merger'")
    assert [tuple(row.values()) for row in found] == [
        ("GONE", "merger", 100, 2500, 2000, 500),
        (GONE_CALL, "merger", 2, 1000, 1200, -200),
        (GONE_PUT, "merger", 1, 700, 500, 200),
        ("MIXED", "merger", 0, 40, 40, 0),
        ("MIXED", "merger", 0, 40, 40, 0),
        ("SHARED", "merger", 0, 80, 96, -16),
    ]
    merged = read("fct_realized_gains", "method, lot_method, term", "kind = 'merger' and symbol = 'SHARED'")
    assert len(merged) == 6
    open_lots = read("fct_tax_lots", "symbol, quantity, cost_basis, acquired_on", "method = 'fifo'")
    assert [tuple(row.values()) for row in open_lots if row["symbol"] == "BUYER"] == [
        ("BUYER", -1, -80, BEGIN),
        ("BUYER", 2, 224, BEGIN),
        ("BUYER", 20, 1200, BEGIN),
    ]


def test_contracts_follow_their_underlying(read: Callable[..., Rows]) -> None:
    """Half a contract at 80 on BUYER is one at 40 on TARGET: only a day passes, or a weekend."""
    columns = "quantity, daily_pnl"
    (merged,) = read("fct_position_values", columns, f"symbol = '{TARGET_CALL}' and as_of_date = '{MERGED}'")
    assert merged["quantity"] == Decimal("0.5")
    assert -10 < merged["daily_pnl"] < 0
    # the share falls by 3, and so does the strike: no loss of 300
    (special,) = read("fct_position_values", columns, f"symbol = '{PAYS_CALL}' and as_of_date = '{SPECIAL}'")
    assert special["quantity"] == 1
    assert -40 < special["daily_pnl"] < 0


def test_a_special_dividend_is_part_of_the_return(read: Callable[..., Rows]) -> None:
    (day,) = read(
        "fct_position_values", "daily_pnl, dividends", f"symbol = 'PAYS' and as_of_date = '{SPECIAL}'"
    )
    assert tuple(day.values()) == (0, 60)
    (price,) = read("fct_prices", "daily_return, dividend", f"symbol = 'PAYS' and as_of_date = '{SPECIAL}'")
    assert tuple(price.values()) == (0, 3)


def test_a_symbol_without_prices_is_flagged_unless_an_action_tells(read: Callable[..., Rows]) -> None:
    flags = read("fct_position_values", "as_of_date, price_flag", "symbol = 'GHOST'")
    ages = [days().index(row["as_of_date"]) - days().index(LAST_OF_GHOST) for row in flags]
    assert [row["price_flag"] for row in flags] == [
        None if age <= 0 else "stale_price" if age <= 5 else "missing_price" if age <= 10 else "dead_symbol"
        for age in ages
    ]
    newest = read("fct_data_quality", "symbol, flag", f"as_of_date = '{LAST}' and flag <> 'limited_history'")
    assert [tuple(row.values()) for row in newest] == [("GHOST", "dead_symbol")]


def test_shares_against_a_second_computation(read: Callable[..., Rows]) -> None:
    """Values and P&L of the merged lots by day, from prices and the terms of the mergers alone."""
    columns = "as_of_date, market_value, daily_pnl, cumulative_pnl"
    for held, ratio, cash, old, entry in (
        (40, Decimal("0.5"), 0, "TARGET", 30),
        (8, Decimal("0.25"), 10, "SHARED", 40),
    ):
        expected, before, total = [], Decimal(held * entry), Decimal(0)
        for day, prices in MARKET.items():
            value = held * (prices[old] if day < MERGED else ratio * prices["BUYER"])
            pnl = value - before + (held * cash if day == MERGED else 0)
            total += pnl
            expected.append((day, value, pnl, total))
            before = value
        lot = (
            f"(select position_id from marts.dim_positions where quantity = {held} and entry_price = {entry})"
        )
        rows = read("fct_position_values", columns, f"position_id in {lot}")
        assert [tuple(row.values()) for row in rows] == expected
