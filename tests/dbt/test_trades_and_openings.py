"""Opening balances, withdrawn lots and the list of trades, on small portfolios built with their identities.

"Opened" performs from its first statement, "Bought" holds the same lots from their entries. A second
publication follows corrections.
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
from ingestion.portfolios.capital_flows import add_flow
from ingestion.portfolios.entries import find_holder
from ingestion.statements.load import load_positions
from tests.dbt.selected_builds import Rows, build, read_rows
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # two builds

BEGIN, OPENING, SPLIT, EXPIRY, LAST = (
    date(2025, 6, 2),
    date(2025, 6, 16),
    date(2025, 6, 24),
    date(2025, 6, 20),
    date(2025, 6, 30),
)
NEXT, SALE, LONG_AGO = date(2025, 6, 17), date(2025, 6, 26), date(2025, 3, 3)
EQUITY = Decimal(50_000)
IDENTITIES = (
    "assert_trades_add_up_to_positions",
    "assert_trades_explain_cash",
    "assert_position_pnl_runs_without_gaps",
    "assert_equity_rolls_forward",
    "assert_snapshots_agree_with_positions_and_exposures",
)
SELECTED = (
    "+fct_trades",
    "+fct_position_values",
    "+dim_positions",
    "+dim_portfolios",
    *(f"+{name}" for name in IDENTITIES),
)
# the column with the cost of a lot
COSTS = {
    "dim_positions": "quantity * entry_price",
    "fct_position_values": "cost_basis",
    "fct_trades": "amount",
}
HEADER = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
)
CALL = "OLD250620C00090000"
LOTS = (
    f"OLD,100,40,{LONG_AGO},,,,,,,,\n"
    f"OLD,10,99,{OPENING},,,,,,,,\n"
    f"SHORT,-20,60,{LONG_AGO},,,,,,,,\n"
    f"SPLITS,10,30,{LONG_AGO},,,,,,,,\n"
    f"{CALL},2,5,{LONG_AGO},,,,,,,,\n"
)
GONE = f"GONE,5,10,{LONG_AGO},,,,,,,2025-06-11,20\n"
MISTAKE = f"OLD,7,41,{LONG_AGO},,,,,,,,\n"
# the day after: SHORT is bought back, 40 of the old shares are sold at a price, and the rest stays
SOLD = (
    f"OLD,60,40,{LONG_AGO},,,,,,,,\n"
    f"OLD,40,40,{LONG_AGO},,,,,,,{SALE},111\n"
    f"OLD,10,99,{OPENING},,,,,,,,\n"
    f"SPLITS,10,30,{LONG_AGO},,,,,,,,\n"
)


def write_market(folder: Path) -> None:
    """Round prices. OLD is 100 until the opening and rises by a dollar a session, and pays two dividends."""
    folder.mkdir()
    lines = []
    for number, day in enumerate(day.astype(object) for day in sessions(BEGIN, LAST).astype("datetime64[D]")):
        risen = max(number - 10, 0)
        prices = {"OLD": 100 + risen, "SHORT": 50, "SPLITS": 40 if day >= SPLIT else 80, "GONE": 20}
        lines += [f"{day},{symbol},{price}" for symbol, price in prices.items()]
    (folder / "prices.csv").write_text("\n".join(["date,symbol,close", *lines]) + "\n")
    (folder / "corporate_actions.csv").write_text(
        f"symbol,ex_date,action,value\nSPLITS,{SPLIT},split,2\nOLD,{OPENING},dividend,1\nOLD,{NEXT},dividend,1\n"
    )


def load(connection: psycopg.Connection[Any], folder: Path, name: str, text: str, day: date) -> list[str]:
    path = folder / f"{name}.csv"
    path.write_text(HEADER + text)
    _, report = load_positions(
        connection,
        path,
        portfolio_name=name,
        owner_email="jane@example.com",
        equity=EQUITY,
        statement_date=day,
        performs_from_statement=name == "Opened" and day == OPENING,
    )
    return list(report.notices)


@pytest.fixture(scope="module")
def first(module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The first publication, with a mistaken lot; the folder of files, and the notices of the opening."""
    folder = tmp_path_factory.mktemp("trades")
    write_market(folder / "market")
    with module_warehouse.connect_writer(autocommit=True) as connection:
        load_calendar(connection)
        load_folder(connection, folder / "market")
        notices = load(connection, folder, "Opened", LOTS + GONE + MISTAKE, OPENING)
        load(connection, folder, "Bought", LOTS + GONE + MISTAKE, OPENING)
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return folder, notices


@pytest.fixture(scope="module")
def opened(module_warehouse: Warehouse, first: tuple[Path, list[str]]) -> Warehouse:
    """After the second publication: the mistaken lot is withdrawn, and lots are sold."""
    folder, _ = first
    with module_warehouse.connect_writer(autocommit=True) as connection:
        for name in ("Opened", "Bought"):
            load(connection, folder, name, LOTS + GONE, OPENING)
            load(connection, folder, name, SOLD, SALE)
        add_flow(connection, find_holder(connection, "Opened", None), Decimal("250.75"), NEXT, notes="gift")
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return module_warehouse


@pytest.fixture
def read(opened: Warehouse) -> Callable[..., Rows]:
    """Columns of a mart's rows of a portfolio, in the order of those columns."""

    def rows(mart: str, columns: str, *, of: str = "Opened", where: str = "true") -> Rows:
        return read_rows(
            opened,
            f"select {columns} from marts.{mart} inner join marts.dim_portfolios using (portfolio_id) "
            f"where portfolio_name = '{of}' and {where} order by {columns}",
        )

    return rows


def test_the_user_is_told_what_an_opening_does(first: tuple[Path, list[str]]) -> None:
    _, notices = first
    assert [notice for notice in notices if str(OPENING) in notice] == [
        (
            "5 lots from before 2025-06-16: performance starts at their value of that day, and their cost "
            "counts for unrealized and realized gains."
        ),
        "1 lot sold or expired before 2025-06-16, where the portfolio opens: left out.",
    ]


def test_older_lots_have_no_return_on_the_opening_day(read: Callable[..., Rows]) -> None:
    (day, *_) = read("fct_portfolio_snapshots", "as_of_date, daily_pnl, equity, unrealized_at_opening")
    # the lot of the day was bought at 99 and closes at 100
    assert day == {
        "as_of_date": OPENING,
        "daily_pnl": 10,
        "equity": EQUITY + 10,
        # (100 - 40) 100 - (50 - 60) 20 + (80 - 30) 10 + (10 - 5) 2 x 100
        "unrealized_at_opening": 6000 + 200 + 500 + 1000,
    }
    (row,) = read(
        "fct_position_values",
        "market_value, cost_basis, opening_value, unrealized_pnl, unrealized_at_opening, daily_pnl, "
        "dividends",
        where=f"symbol = 'OLD' and cost_basis = 2400 and as_of_date = '{OPENING}'",
    )
    assert tuple(row.values()) == (6000, 2400, 6000, 3600, 3600, 0, 0)


def test_gains_of_an_opened_lot_are_against_its_cost(read: Callable[..., Rows]) -> None:
    (row,) = read(
        "fct_position_values",
        "realized_pnl, cumulative_dividends, cumulative_pnl",
        where="symbol = 'OLD' and cost_basis = 1600 and not is_open",
    )
    # 40 shares from 100 to 111, and the dividend of the day after the opening
    assert tuple(row.values()) == (40 * (111 - 40), 40, 40 * 11 + 40)


def test_a_portfolio_that_is_not_opened_performs_from_its_entries(read: Callable[..., Rows]) -> None:
    (day, *_) = read("fct_portfolio_snapshots", "as_of_date, unrealized_at_opening", of="Bought")
    assert day == {"as_of_date": LONG_AGO, "unrealized_at_opening": 0}


def test_what_was_sold_before_the_opening_is_not_part_of_it(read: Callable[..., Rows]) -> None:
    assert read("dim_positions", "symbol", where="symbol = 'GONE'") == []
    assert len(read("dim_positions", "symbol", of="Bought", where="symbol = 'GONE'")) == 1


@pytest.mark.parametrize("name", ["Opened", "Bought"])
def test_a_withdrawn_lot_is_in_no_mart(read: Callable[..., Rows], name: str) -> None:
    for mart, column in COSTS.items():
        assert read(mart, column, of=name, where="symbol = 'OLD'")
        assert read(mart, column, of=name, where=f"abs({column}) = 7 * 41") == []
    assert read("dim_positions", "symbol", of=name, where="exit_date = entry_date") == []


def test_trades_of_an_opened_portfolio(read: Callable[..., Rows]) -> None:
    rows = read("fct_trades", "symbol, as_of_date, kind, trade_date, quantity, price, amount, realized_pnl")
    assert [tuple(row.values()) for row in rows] == [
        ("OLD", OPENING, "entry", OPENING, 10, 99, -990, 0),
        ("OLD", OPENING, "opening", LONG_AGO, 40, 100, -4000, 0),
        ("OLD", OPENING, "opening", LONG_AGO, 60, 100, -6000, 0),
        ("OLD", SALE, "partial_exit", SALE, -40, 111, 4440, 2840),
        (CALL, OPENING, "opening", LONG_AGO, 2, 10, -2000, 0),
        (CALL, EXPIRY, "expiry", EXPIRY, -2, 13, 2600, 1600),
        ("SHORT", OPENING, "opening", LONG_AGO, -20, 50, 1000, 0),
        ("SHORT", SALE, "exit", SALE, 20, 50, -1000, 200),
        ("SPLITS", OPENING, "opening", LONG_AGO, 10, 80, -800, 0),
        ("SPLITS", SPLIT, "split", SPLIT, 10, None, 0, 0),
    ]


def test_trades_at_an_earlier_instant_and_in_history(opened: Warehouse) -> None:
    (row,) = read_rows(opened, "select min(published_at) as instant from marts_history.fct_trades")
    counts = """select count(*) filter (where kind = 'partial_exit') as sales,
        count(*) filter (where amount = -7 * 100) as mistakes from marts_at.fct_trades"""
    with opened.connect_analyst(autocommit=True) as connection:
        connection.execute("select set_config('sigmasight.published_at', %s, false)", [str(row["instant"])])
        assert connection.execute(counts.encode()).fetchone() == (0, 1)
    superseded = "select distinct kind from marts_history.fct_trades where superseded_at is not null"
    kinds = {row["kind"] for row in read_rows(opened, superseded)}
    assert kinds == {"opening", "entry", "split", "exit", "expiry"}
