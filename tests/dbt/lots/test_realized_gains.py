"""Realized gains and open lots of one small book, built with their identities. Its numbers are by hand."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from api.marts.answers import COVERAGE_RULES
from api.queries import load_query
from api.schemas.performance.realized_gains import Income, RealizedGains, Trades
from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar, sessions
from ingestion.portfolios.lot_methods import load_lot_methods
from ingestion.statements.load import load_positions
from ingestion.transactions.load import load_transactions
from python_models.lots.tables import lot_relief
from tests.dbt.selected_builds import Rows, build, read_rows
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

BEGIN, LAST, SPLIT, CHANGED = date(2024, 6, 14), date(2025, 7, 3), date(2025, 6, 24), date(2025, 6, 18)
SELECTED = (
    *("+fct_realized_gains", "+fct_tax_lots", "+dim_portfolios", "+fct_position_values"),
    *("+fct_transactions", "+fct_transaction_checks", "+fct_trades", "+fct_publications", "+fct_quarantine"),
    *(f"+assert_{name}" for name in ("lot_methods_agree", "specific_gains_are_published")),
    "+assert_realized_gains_follow_from_their_parts",
)
HEADER = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
)
CALL = "TWO250620C00100000"
LOTS = (
    "TWO,10,100,2025-06-02,,,,,,,,\n"
    "TWO,10,120,2025-06-09,,,,,,,2025-06-16,130\n"
    "TWO,10,110,2025-06-17,,,,,,,2025-06-18,130\n"
    "SPLITS,100,30,2025-06-02,,,,,,,,\n"
    "SPLITS,30,11,2025-06-25,,,,,,,2025-06-30,12\n"
    "WASH,100,10,2025-06-02,,,,,,,2025-06-16,7.5\n"
    "WASH,100,8,2025-06-20,,,,,,,,\n"
    "SHORT,-20,60,2025-06-02,,,,,,,2025-06-18,50\n"
    "YEAR,1,50,2024-06-17,,,,,,,2025-06-17,55\n"
    "YEAR,1,51,2024-06-17,,,,,,,2025-06-18,55\n"
    "YEAR,1,50,2025-02-28,,,,,,,,\n"
    "GUESS,5,20,2024-06-17,,,,,,,2025-06-27,22\n"
    "KEPT,7,40,2025-06-03,,,,,,,,\n"
    f"{CALL},2,5,2025-06-02,,,,,,,,\n"
    "CASH_USD,5000,1,2025-06-02,PUBLIC,CASH,,,,,,\n"
)
# from 2025-06-09 on TWO is traded for "Traded", which has the same statement
TRANSACTIONS = (
    "portfolio_name,date,kind,symbol,quantity,price,fees,amount\n"
    "Traded,2025-06-09,buy,TWO,10,120,2,\n"
    "Traded,2025-06-16,sell,TWO,10,130,1,\n"
    "Traded,2025-06-30,sell,SPLITS,60,12,,\n"
    f"Traded,2025-06-10,sell,{CALL},1,12,,\n"
    "Traded,2025-06-20,transfer,YEAR,3,40,,\n"
    "Traded,2025-06-23,transfer,YEAR,-1,,,\n"
    "Traded,2025-06-27,sell,YEAR,2,55,,\n"
    "Traded,2025-06-27,fee,,,,3.5,\n"
    "Traded,2025-06-27,dividend,TWO,,,,4\n"
)
STEPS = {
    "TWO": ((BEGIN, 100), (date(2025, 6, 9), 120), (date(2025, 6, 16), 130), (date(2025, 6, 17), 110)),
    "SPLITS": ((BEGIN, 30), (SPLIT, 10), (date(2025, 6, 25), 11), (date(2025, 6, 30), 12)),
    "WASH": ((BEGIN, 10), (date(2025, 6, 16), 7.5), (date(2025, 6, 20), 8)),
    "SHORT": ((BEGIN, 60), (date(2025, 6, 18), 50)),
    "YEAR": ((BEGIN, 50), (date(2025, 6, 17), 55)),
    "GUESS": ((BEGIN, 20), (date(2025, 6, 27), 22)),
    "KEPT": ((BEGIN, 40),),
}


def _market(folder: Path) -> None:
    folder.mkdir()
    lines = ["date,symbol,close"]
    for day in (day.astype(object) for day in sessions(BEGIN, LAST).astype("datetime64[D]")):
        for symbol, steps in STEPS.items():
            lines.append(f"{day},{symbol},{[price for since, price in steps if since <= day][-1]}")
    (folder / "prices.csv").write_text("\n".join(lines) + "\n")
    (folder / "corporate_actions.csv").write_text(f"symbol,ex_date,action,value\nSPLITS,{SPLIT},split,3\n")


@pytest.fixture(scope="module")
def book(module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Portfolios with the same statement: "Mine", "Changed" with hifo from 2025-06-18 on, and "Traded"."""
    folder = tmp_path_factory.mktemp("lots")
    _market(folder / "market")
    statement, methods, trades = (folder / f"{name}.csv" for name in ("statement", "methods", "transactions"))
    statement.write_text(HEADER + LOTS)
    trades.write_text(TRANSACTIONS)
    methods.write_text(f"portfolio_name,method,effective_date\nChanged,hifo,{CHANGED}\n")
    with module_warehouse.connect_writer(autocommit=True) as connection:
        load_calendar(connection)
        load_folder(connection, folder / "market")
        for name in ("Mine", "Changed", "Traded"):
            load_positions(
                connection,
                statement,
                portfolio_name=name,
                owner_email="jane@example.com",
                equity=Decimal(50_000),
                statement_date=LAST,
            )
        load_lot_methods(connection, methods)
        load_transactions(connection, trades)
        # as of a download, which does not know when a lot was bought
        connection.execute("update raw.positions set is_entry_assumed = true where symbol = 'GUESS'")
    build(module_warehouse, selected=SELECTED, is_tested=True)
    return module_warehouse


Gains = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def gains(book: Warehouse) -> Gains:
    """Columns of the gains of a symbol, by day."""

    def rows(
        columns: str, symbol: str, *, method: str = "portfolio", of: str = "Mine"
    ) -> list[tuple[object, ...]]:
        found = _read(
            book,
            f"select {columns} from marts.fct_realized_gains join marts.dim_portfolios using (portfolio_id) "
            f"where portfolio_name = '{of}' and symbol = '{symbol}' and method = '{method}' "
            "order by disposed_on, acquired_on, part",
        )
        return [tuple(row.values()) for row in found]

    return rows


def _read(book: Warehouse, statement: str) -> Rows:
    return read_rows(book, statement)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("fifo", [300, 100]),
        ("lifo", [100, 200]),
        ("hifo", [100, 200]),
        ("average", [200, 200]),
        ("specific", [100, 200]),
    ],
)
def test_gains_of_each_method(gains: Gains, method: str, expected: list[int]) -> None:
    """10 at 100 and 10 at 120, of which 10 are sold at 130; then 10 at 110, and 10 are sold at 130."""
    assert gains("gain", "TWO", method=method) == [(value,) for value in expected]


def test_a_changed_method_applies_from_its_day_on(gains: Gains) -> None:
    """The first sale is by fifo, 100; then 120 and 110 are open, and the highest cost is sold."""
    assert gains("lot_method, basis", "TWO", of="Changed") == [("fifo", 1000), ("hifo", 1200)]
    assert gains("lot_method, basis", "TWO") == [("fifo", 1000), ("fifo", 1200)]


def test_a_split_moves_no_cost(gains: Gains, book: Warehouse) -> None:
    """30 of the 300 shares that 100 became: a tenth of 3,000."""
    assert gains("quantity, basis, proceeds, gain", "SPLITS") == [(30, 300, 360, 60)]
    left = _read(
        book,
        "select method, quantity, cost_basis from marts.fct_tax_lots join marts.dim_portfolios "
        "using (portfolio_id) where portfolio_name = 'Mine' and symbol = 'SPLITS' "
        "and method in ('fifo', 'average', 'specific') order by method, cost_basis",
    )
    assert [tuple(row.values()) for row in left] == [
        # 3,330 for 330 shares before the sale, of which 300 are left
        ("average", 30, Decimal("302.73")),
        ("average", 270, Decimal("2724.54")),
        ("fifo", 30, 330),
        ("fifo", 270, 2700),
        ("specific", 300, 3000),
    ]


def test_wash_sales_stand_beside_the_gain(gains: Gains, book: Warehouse) -> None:
    columns = "gain, wash_disallowed, gain_after_wash_sales"
    assert gains(columns, "WASH") == [(-250, 250, 0)]
    (left,) = _read(
        book,
        "select cost_basis, basis_adjustment from marts.fct_tax_lots join marts.dim_portfolios "
        "using (portfolio_id) where portfolio_name = 'Mine' and symbol = 'WASH' and method = 'portfolio'",
    )
    assert tuple(left.values()) == (800, 250)


def test_terms(gains: Gains) -> None:
    """A year to the day is short-term, and every short is."""
    columns = "acquired_on, disposed_on, holding_days, term"
    assert gains(columns, "YEAR") == [
        (date(2024, 6, 17), date(2025, 6, 17), 365, "short"),
        (date(2024, 6, 17), date(2025, 6, 18), 366, "long"),
    ]
    assert gains("proceeds, basis, gain, term, position_type", "SHORT") == [
        (1200, 1000, 200, "short", "SHORT")
    ]


def test_an_assumed_day_has_no_term(gains: Gains) -> None:
    columns = "gain, holding_days, term, term_null_reason, term_after_wash_sales"
    assert gains(columns, "GUESS") == [(10, None, None, "acquisition_date_assumed", None)]


def test_transactions_relieve_the_lots_before_them_first(gains: Gains) -> None:
    """The first lot is that of the statement; fees add to the cost and lower the proceeds."""
    columns = "disposed_on, basis, proceeds, gain"
    assert gains(columns, "TWO", of="Traded") == [(date(2025, 6, 16), 1000, 1299, 299)]
    assert gains(columns, "TWO", of="Traded", method="lifo") == [(date(2025, 6, 16), 1202, 1299, 97)]
    assert gains(columns, "SPLITS", of="Traded") == [(date(2025, 6, 30), 600, 720, 120)]
    # the contract that is left expires at the value that the statement's has
    assert gains("kind, quantity, gain", CALL, of="Traded") == [("exit", 1, 700), ("expiry", 1, 500)]
    # without transactions the statement is what counts
    assert gains("gain", "WASH", of="Traded") == [(-250,)]


def test_what_is_transferred_realizes_nothing_and_may_have_no_term(gains: Gains) -> None:
    """After the sales of the statement the oldest share goes out, and two that came in are sold."""
    columns = "disposed_on, basis, gain, term"
    assert gains(columns, "YEAR", of="Traded")[2:] == [(date(2025, 6, 27), 80, 30, None)]


def test_transactions_are_compared_with_statements(book: Warehouse) -> None:
    found = _read(book, "select * from marts.fct_transaction_checks order by symbol")
    compared = {
        row["symbol"]: (row["quantity_by_transactions"], row["quantity_by_statements"], row["is_equal"])
        for row in found
    }
    assert compared == {
        "TWO": (10, 10, True),
        "SPLITS": (270, 300, False),
        CALL: (0, 0, True),
        "YEAR": (1, 1, True),
    }
    kinds = _read(
        book, "select kind, sum(fees) as fees, sum(amount) as amount from marts.fct_transactions group by 1"
    )
    assert {row["kind"]: (row["fees"], row["amount"]) for row in kinds}["fee"] == (Decimal("3.50"), None)


def _answer(book: Warehouse, query: str, **parameters: object) -> dict[str, Any]:
    """The API's answer about "Traded", by its statement."""
    (portfolio,) = _read(
        book, "select portfolio_id from marts.dim_portfolios where portfolio_name = 'Traded'"
    )
    asked = {
        "as_of_date": LAST,
        "year": None,
        "simulated_notice": "",
        **COVERAGE_RULES,
        **portfolio,
        **parameters,
    }
    with psycopg.connect(book.analyst_url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("set search_path = marts")
        row = connection.execute(load_query(query).text, asked).fetchone()
    assert row is not None
    answer: dict[str, Any] = json.loads(row[0])
    return answer


def test_answers_show_fees_and_what_disagrees(book: Warehouse) -> None:
    page = {"method": "portfolio", "wash_sales": True, "limit": 100, "offset": 0}
    answer = RealizedGains.model_validate(_answer(book, "realized_gains", **page))
    assert [(one.symbol, one.quantity_by_transactions) for one in answer.unequal_quantities] == [
        ("SPLITS", 270)
    ]
    assert answer.totals.unknown_term == 40  # GUESS, and what was transferred in
    assert answer.totals.total == sum(lot.gain_after_wash_sales for lot in answer.lots)
    assert answer.totals.wash_disallowed == 250
    assert {lot.term for lot in answer.open_lots or [] if lot.symbol == "YEAR"} == {None}
    income = Income.model_validate(_answer(book, "income"))
    assert (income.fees, income.fees_null_reason, income.dividends) == (6.5, None, 0)
    assert Income.model_validate(_answer(book, "income", year=2024)).fees == 0
    trades = Trades.model_validate(_answer(book, "trades", limit=100, offset=0))
    assert trades.total == len(trades.trades) > len(answer.lots)


def test_an_option_settles_at_its_intrinsic_value(gains: Gains) -> None:
    columns = "kind, quantity, proceeds, basis, gain, disposed_on"
    assert gains(columns, CALL) == [("expiry", 2, 2000, 1000, 1000, date(2025, 6, 20))]


def test_realized_and_unrealized_gains_add_up_under_every_method(book: Warehouse) -> None:
    """From the marts alone. What is transferred out takes its cost along, which depends on the method."""
    totals = _read(
        book,
        """with gains as (
            select portfolio_id, method, sum(gain) as realized from marts.fct_realized_gains group by 1, 2
        ), lots as (
            select portfolio_id, method, sum(cost_basis) as cost from marts.fct_tax_lots group by 1, 2
        )
        select distinct portfolio_name, realized - cost as total
        from gains join lots using (portfolio_id, method) join marts.dim_portfolios using (portfolio_id)
        where portfolio_name <> 'Traded'""",
    )
    assert len(totals) == 2
    published = _read(
        book,
        f"""select distinct sum(
            realized_pnl - case when as_of_date = '{LAST}' and is_open then cost_basis else 0 end
        ) as total
        from marts.fct_position_values
        where symbol <> 'CASH_USD' group by portfolio_id""",
    )
    assert [row["total"] for row in published] == [totals[0]["total"]]


def test_cash_is_no_lot(book: Warehouse) -> None:
    assert _read(book, "select from marts.fct_tax_lots where symbol = 'CASH_USD'") == []


def test_whole_lots_are_what_the_kernel_leaves_open(book: Warehouse) -> None:
    """They take no kernel: a lot that is alone in an instrument of which nothing was disposed."""
    with book.connect_writer() as connection:

        def frame(table: str, day: str) -> pd.DataFrame:
            found = connection.execute(f"select * from {table}".encode())
            names = [column.name for column in found.description or ()]
            read = pd.DataFrame(found.fetchall(), columns=names)
            keys = {name: read[name].astype(str) for name in names if name.endswith("portfolio_id")}
            return read.assign(**keys, **{day: pd.to_datetime(read[day])})

        lots = frame("intermediate.int_tax_lots", "acquired_on")
        disposals = frame("intermediate.int_lot_disposals", "disposed_on")
        methods = frame("staging.stg_raw__lot_methods", "effective_date")
        published = frame("marts.fct_tax_lots", "acquired_on")
    disposals["lot_id"] = [None if key is None else str(key) for key in disposals["lot_id"]]
    lots["lot_id"] = lots["lot_id"].astype(str)
    assert set(lots["symbol"][lots["is_whole"]]) == {"KEPT"}
    kernel = lot_relief(lots, disposals, methods)
    left = kernel[kernel["disposal_id"].isna()]
    assert {
        (row.method, row.lot_id): (row.lot_method, int(row.opening), int(row.basis_adjustment))
        for row in left.itertuples()
    } == {
        (row.method, str(row.lot_id)): (
            row.lot_method, abs(int(100 * row.cost_basis)), int(100 * row.basis_adjustment)
        )
        for row in published.itertuples()
    }  # fmt: skip
