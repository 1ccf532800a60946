"""Statements of a portfolio, one after the other: what is new, closed, corrected or refused."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ingestion.errors import InvalidPortfolio, InvalidPositionsFile, StatementOrderError
from ingestion.portfolios.portfolios import PortfolioFields
from ingestion.raw.datasets import CORPORATE_ACTIONS, PRICES
from ingestion.raw.loads import Connection, LoadReport, load_frame
from ingestion.statements import load as loading
from ingestion.statements.load import load_positions, prepare_positions
from ingestion.statements.preview import preview
from ingestion.statements.shares import SharesAsOf
from warehouse.connections import Warehouse

Write = Callable[[str, str], Path]
Count = Callable[[str], int]

TODAY = date(2026, 2, 2)
HEADER = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
)
OWNER = "Jane@Example.com"


def load(
    connection: Connection,
    path: Path,
    *,
    statement: date,
    equity: Decimal | None = Decimal(1000),
    shares_as_of: SharesAsOf | None = None,
) -> LoadReport:
    _, positions = load_positions(
        connection,
        path,
        portfolio_name="Mine",
        owner_email=OWNER,
        equity=equity,
        statement_date=statement,
        today=TODAY,
        shares_as_of=shares_as_of,
    )
    return positions


def lots(connection: Connection) -> dict[str, tuple[Decimal, date | None, Decimal | None]]:
    rows = connection.execute(
        "select distinct on (position_id) symbol, quantity, exit_date, exit_price from raw.positions "
        "order by position_id, load_id desc"
    )
    return {row[0]: row[1:] for row in rows}


def parts(connection: Connection) -> list[tuple[str, Decimal, date | None, Decimal | None]]:
    """Every position: symbol, quantity, exit date and price; sold ones first."""
    rows = connection.execute(
        "select symbol, quantity, exit_date, exit_price from ("
        "  select distinct on (position_id) * from raw.positions order by position_id, load_id desc"
        ") as newest order by symbol, exit_date, quantity"
    )
    return [tuple(row) for row in rows]


def history(connection: Connection) -> dict[str, Decimal]:
    """Shares held at the close before the first exit of any position, by symbol."""
    rows = connection.execute(
        "select symbol, sum(quantity) from ("
        "  select distinct on (position_id) * from raw.positions order by position_id, load_id desc"
        ") as newest where exit_date is distinct from entry_date or exit_price is distinct from entry_price "
        "group by symbol"
    )
    return dict(rows.fetchall())


def test_a_new_portfolio_begins_with_its_earliest_entry(connection: Connection, write: Write) -> None:
    path = write("p.csv", HEADER + "AAPL,1,2,2025-06-30\nMSFT,1,2,2025-03-31\n")
    portfolio, positions = load_positions(
        connection, path, portfolio_name=" Mine ", owner_email=OWNER, equity=Decimal("99.50"), today=TODAY
    )
    assert portfolio.touched_from == positions.touched_from == date(2025, 3, 31)
    row = connection.execute(
        "select portfolio_name, owner_email, account_type, base_currency, initial_equity, inception_date "
        "from raw.portfolios"
    ).fetchone()
    assert row == ("Mine", "jane@example.com", "taxable", "USD", Decimal("99.5"), date(2025, 3, 31))


def test_the_same_statement_twice_writes_nothing(connection: Connection, write: Write, count: Count) -> None:
    path = write("p.csv", HEADER + "AAPL,1,2,2025-06-30\nAAPL250815P00200000,-2,5,2025-06-30\n")
    first = load(connection, path, statement=date(2025, 7, 31))
    again = load(connection, path, statement=date(2025, 8, 29), equity=None)
    assert (first.rows_new, again.rows_new) == (2, 0)
    assert count("raw.positions") == 2
    assert count("raw.portfolios") == 1


def test_a_lot_no_longer_listed_is_closed_at_the_statements_session(
    connection: Connection, write: Write
) -> None:
    load(
        connection,
        write("a.csv", HEADER + "AAPL,1,2,2025-06-30\nMSFT,3,2,2025-06-30\n"),
        statement=date(2025, 7, 1),
    )
    # 2025-08-03 is a Sunday
    report = load(connection, write("b.csv", HEADER + "MSFT,3,2,2025-06-30\n"), statement=date(2025, 8, 3))
    assert (report.rows_new, report.touched_from) == (1, date(2025, 8, 1))
    assert lots(connection) == {"AAPL": (1, date(2025, 8, 1), None), "MSFT": (3, None, None)}
    # later statements keep that exit
    report = load(connection, write("c.csv", HEADER + "MSFT,3,2,2025-06-30\n"), statement=date(2025, 9, 1))
    assert report.rows_new == 0


def test_a_statement_may_state_the_exit_of_a_lot(connection: Connection, write: Write) -> None:
    load(connection, write("a.csv", HEADER + "AAPL,1,2,2025-06-30\n"), statement=date(2025, 7, 1))
    text = HEADER + "AAPL,1,2,2025-06-30,,,,,,,2025-07-15,2.75\n"
    report = load(connection, write("b.csv", text), statement=date(2025, 8, 1))
    assert report.touched_from == date(2025, 7, 15)
    assert lots(connection) == {"AAPL": (1, date(2025, 7, 15), Decimal("2.75"))}


def test_a_changed_quantity_is_a_new_row_of_the_same_lot(
    connection: Connection, write: Write, count: Count
) -> None:
    load(connection, write("a.csv", HEADER + "AAPL,1,2,2025-06-30\n"), statement=date(2025, 7, 1))
    report = load(connection, write("b.csv", HEADER + "AAPL,5,2,2025-06-30\n"), statement=date(2025, 7, 1))
    assert (report.rows_new, report.touched_from) == (1, date(2025, 6, 30))
    assert lots(connection) == {"AAPL": (5, None, None)}
    assert count("raw.positions") == 2


def test_our_own_file_opens_at_its_statement_if_asked(connection: Connection, write: Write) -> None:
    path = write("p.csv", HEADER + "AAPL,1,2,2020-03-02\nMSFT,1,2,2020-03-02,,,,,,,2020-04-01,3\n")

    def opened(statement: date, *, asked: bool) -> tuple[list[str], object]:
        _, report = load_positions(
            connection,
            path,
            portfolio_name="Mine",
            owner_email=OWNER,
            equity=Decimal(1000),
            statement_date=statement,
            today=TODAY,
            performs_from_statement=asked,
        )
        read = "select opening_date, inception_date from raw.portfolios order by load_id desc limit 1"
        return list(report.notices), connection.execute(read).fetchone()

    june, july = date(2025, 6, 30), date(2025, 7, 31)
    assert opened(june, asked=False)[1] == (None, date(2020, 3, 2))
    with pytest.raises(StatementOrderError, match="first statement, which is of 2025-06-30"):
        opened(july, asked=True)
    assert opened(june, asked=True)[1] == (june, june)
    # later statements keep it, and the first one does when it is loaded again without the option
    assert opened(june, asked=False)[1] == (june, june)
    assert opened(july, asked=True)[1] == (june, june)


def test_the_preview_says_what_an_opening_does(connection: Connection, write: Write) -> None:
    text = "AAPL,1,2,2020-03-02\nMSFT,1,2,2020-03-02,,,,,,,2020-04-01,3\nTLT,1,2,2025-06-30\n"
    fields = PortfolioFields("Mine", OWNER, Decimal(1000), performs_from_statement=True)
    prepared = prepare_positions(
        connection, write("p.csv", HEADER + text), fields, statement_date=date(2025, 6, 30), today=TODAY
    )
    assert preview(connection, prepared).notices == (
        (
            "1 lot from before 2025-06-30: performance starts at its value of that day, and its cost "
            "counts for unrealized and realized gains."
        ),
        "1 lot sold or expired before 2025-06-30, where the portfolio opens: left out.",
    )


def test_a_back_dated_lot_moves_the_inception(connection: Connection, write: Write) -> None:
    load(connection, write("a.csv", HEADER + "AAPL,1,2,2025-06-30\n"), statement=date(2025, 7, 1))
    load(
        connection,
        write("b.csv", HEADER + "AAPL,1,2,2025-06-30\nMSFT,1,2,2025-05-30\n"),
        statement=date(2025, 8, 1),
    )
    row = connection.execute(
        "select inception_date, initial_equity from raw.portfolios order by load_id desc limit 1"
    ).fetchone()
    assert row == (date(2025, 5, 30), 1000)


def test_an_expired_option_is_not_closed_again(connection: Connection, write: Write) -> None:
    # Silent failure prevented: an option settled at intrinsic value, then "sold" weeks later
    load(
        connection,
        write("a.csv", HEADER + "AAPL250815P00200000,-2,5,2025-06-30\nMSFT,1,2,2025-06-30\n"),
        statement=date(2025, 7, 1),
    )
    report = load(connection, write("b.csv", HEADER + "MSFT,1,2,2025-06-30\n"), statement=date(2025, 9, 1))
    assert report.rows_new == 0


@pytest.mark.parametrize(
    ("listed", "kept"),
    [("-4890,133.9130", ["-489"]), ("-4889.5,133.9130", ["-489"]), ("-2000,133.9130", ["-289", "-200"])],
    ids=["same_lot", "fraction_paid_out", "partly_closed"],
)
def test_a_lot_listed_after_a_split_is_the_original_lot(
    connection: Connection, write: Write, listed: str, kept: list[str]
) -> None:
    # Silent failure prevented: ten times the shares at a tenth of the price, split once more by the warehouse
    first = write("a.csv", HEADER + "NFLX,-489,1339.13,2025-06-30\n")
    load(connection, first, statement=date(2025, 7, 1), equity=Decimal(10**6))
    split = pd.DataFrame([{"symbol": "NFLX", "ex_date": date(2025, 11, 17), "action": "split", "value": 10}])
    load_frame(connection, CORPORATE_ACTIONS, split, source="files", origin="test")
    path = write("b.csv", HEADER + f"NFLX,{listed},2025-06-30\n")
    report = load(connection, path, statement=date(2025, 12, 1), equity=None)
    assert [row[1] for row in parts(connection)] == [Decimal(quantity) for quantity in kept]
    assert any("before a split" in notice for notice in report.notices)


def split_of_ten(connection: Connection) -> None:
    split = pd.DataFrame([{"symbol": "NFLX", "ex_date": date(2025, 11, 17), "action": "split", "value": 10}])
    load_frame(connection, CORPORATE_ACTIONS, split, source="files", origin="test")


@pytest.mark.parametrize(
    ("listed", "kept"), [("20", ["2"]), ("10", ["1", "1"])], ids=["same_lot", "partly_closed"]
)
def test_a_contract_listed_after_a_split_is_the_original_contract(
    connection: Connection, write: Write, listed: str, kept: list[str]
) -> None:
    # Silent failure prevented: ten times the contracts at a tenth of the strike, split once more
    first = write("a.csv", HEADER + "NFLX261218C01100000,2,120,2025-10-01\n")
    load(connection, first, statement=date(2025, 10, 1), equity=Decimal(10**6))
    split_of_ten(connection)
    path = write("b.csv", HEADER + f"NFLX261218C00110000,{listed},12,2025-10-01\n")
    report = load(connection, path, statement=date(2025, 12, 1), equity=None)
    assert [row[:2] for row in parts(connection)] == [
        ("NFLX261218C01100000", Decimal(quantity)) for quantity in kept
    ]
    assert any("before a split" in notice for notice in report.notices)
    assert connection.execute("select distinct strike_price from raw.positions").fetchall() == [(1100,)]
    assert load(connection, path, statement=date(2025, 12, 1), equity=None).rows_new == 0


# --- new lots from before a split ------------------------------------------------------------------------

OCTOBER, DECEMBER = date(2025, 10, 1), date(2025, 12, 1)


def entered(connection: Connection) -> list[tuple[str, Decimal, Decimal]]:
    return connection.execute(
        "select distinct on (position_id) symbol, quantity, entry_price from raw.positions "
        "order by position_id, load_id desc"
    ).fetchall()


@pytest.fixture
def netflix(connection: Connection) -> None:
    """The close of one day, 1,170.90, and a split of ten for one after it."""
    split_of_ten(connection)
    close = {"symbol": "NFLX", "price_date": OCTOBER, "close": Decimal("1170.90")}
    load_frame(connection, PRICES, pd.DataFrame([close]), source="files", origin="test")


@pytest.mark.usefixtures("netflix")
@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        ("NFLX,100,1170.90", ("NFLX", 100, "1170.9")),
        ("NFLX,100,1000", ("NFLX", 100, "1000")),  # within 15 % of the close as traded
        ("NFLX,1000,117.09", ("NFLX", 100, "1170.9")),
        ("NFLX,-1005,100", ("NFLX", "-100.5", "1000")),
        ("NFLX261218C01100000,2,120", ("NFLX261218C01100000", 2, "120")),
        ("NFLX261218C00110000,20,12", ("NFLX261218C01100000", 2, "120")),
        ("NFLX261218P00110000,-20,8", ("NFLX261218P01100000", -2, "80")),
        ("NFLX261218P01100000,-2,80", ("NFLX261218P01100000", -2, "80")),
    ],
)
def test_a_price_tells_in_whose_shares_a_lot_from_before_a_split_is(
    connection: Connection, write: Write, listed: str, kept: tuple[str, Decimal, str]
) -> None:
    # Silent failure prevented: shares of today split once more, ten times the value
    path = write("a.csv", HEADER + f"{listed},2025-10-01\n")
    report = load(connection, path, statement=DECEMBER, equity=Decimal(10**6))
    symbol, quantity, price = kept
    assert entered(connection) == [(symbol, Decimal(quantity), Decimal(price))]
    is_converted = not listed.startswith(f"{symbol},{quantity},")
    assert any("before a split" in notice for notice in report.notices) == is_converted
    # the next statement, in either shares, lists the same lot
    assert load(connection, path, statement=date(2026, 1, 5), equity=None).rows_new == 0
    later = write("b.csv", HEADER + f"{symbol},{quantity},{price},2025-10-01\n")
    assert load(connection, later, statement=date(2026, 1, 6), equity=None).rows_new == 0


@pytest.mark.usefixtures("netflix")
@pytest.mark.parametrize(
    "listed",
    ["NFLX,100,500,2025-10-01", "NFLX,100,1170.90,2025-09-12", "NFLX261218P00090000,20,2,2025-10-01"],
    ids=["near_neither", "no_close", "option_possible_in_both"],
)
def test_a_lot_whose_shares_are_unknown_is_refused_until_they_are_stated(
    connection: Connection, write: Write, count: Count, listed: str
) -> None:
    path = write("a.csv", HEADER + "AAPL,1,2,2025-06-30\n" + listed + "\n")
    with pytest.raises(InvalidPositionsFile, match=r"row 3: .*--shares-as-of entry.*ERR_POS_025"):
        load(connection, path, statement=DECEMBER, equity=Decimal(10**6))
    assert count("raw.positions") == 0
    load(connection, path, statement=DECEMBER, equity=Decimal(10**6), shares_as_of="entry")
    (quantity,) = [row[1] for row in entered(connection) if row[0] != "AAPL"]
    assert quantity == Decimal(listed.split(",")[1])


@pytest.mark.usefixtures("netflix")
def test_stated_shares_decide_for_all_new_lots(connection: Connection, write: Write) -> None:
    path = write("a.csv", HEADER + "NFLX,1000,1170.90,2025-10-01\nNFLX,100,50,2025-12-01\n")
    load(connection, path, statement=DECEMBER, equity=Decimal(10**6), shares_as_of="statement")
    assert sorted(entered(connection)) == [("NFLX", 100, 50), ("NFLX", 100, 11709)]


@pytest.mark.usefixtures("netflix")
def test_a_lot_sold_before_the_split_is_as_it_was_bought(connection: Connection, write: Write) -> None:
    path = write("a.csv", HEADER + "NFLX,100,500,2025-10-01,,,,,,,2025-11-14,510\n")
    load(connection, path, statement=DECEMBER, equity=Decimal(10**6))
    assert entered(connection) == [("NFLX", 100, 500)]


@pytest.mark.usefixtures("netflix")
def test_an_entry_on_a_weekend_is_compared_with_the_close_before_it(
    connection: Connection, write: Write
) -> None:
    path = write("a.csv", HEADER + "NFLX,1000,117.09,2025-10-04\n")
    load(connection, path, statement=DECEMBER, equity=Decimal(10**6))
    assert entered(connection) == [("NFLX", 100, Decimal("1170.9"))]


@pytest.mark.usefixtures("netflix")
def test_two_rows_that_are_one_lot_in_the_same_shares_are_refused(
    connection: Connection, write: Write
) -> None:
    path = write("a.csv", HEADER + "NFLX,1000,117.09,2025-10-01\nNFLX,50,1170.90,2025-10-01\n")
    with pytest.raises(InvalidPositionsFile, match="ERR_POS_023"):
        load(connection, path, statement=DECEMBER, equity=Decimal(10**6))


# --- partial sales ---------------------------------------------------------------------------------------

JUNE, JULY, AUGUST = date(2025, 6, 30), date(2025, 7, 31), date(2025, 8, 29)
LOT = "AAPL,{},2,2025-06-02\n"
SOLD = "AAPL,{},2,2025-06-02,,,,,,,{},{}\n"


def test_a_smaller_short_was_bought_back(connection: Connection, write: Write) -> None:
    load(connection, write("a.csv", HEADER + LOT.format(-100)), statement=JUNE)
    report = load(connection, write("b.csv", HEADER + LOT.format(-60)), statement=JULY)
    [notice] = [one for one in report.notices if "lists that much less" in one]
    assert "40 were bought back by 2025-07-31" in notice
    assert notice.endswith("would set the date and price of the purchase.")


def test_a_smaller_quantity_later_splits_the_lot_into_parts(
    connection: Connection, write: Write, count: Count
) -> None:
    # Silent failure prevented: forty shares missing from the history, back to the entry
    load(connection, write("a.csv", HEADER + LOT.format(100)), statement=JUNE)
    lot = connection.execute("select position_id from raw.positions").fetchone()
    report = load(connection, write("b.csv", HEADER + LOT.format(60)), statement=JULY)
    assert parts(connection) == [("AAPL", 40, JULY, None), ("AAPL", 60, None, None)]
    assert history(connection) == {"AAPL": 100}
    assert any("40 were sold by 2025-07-31" in notice for notice in report.notices)
    kept = "select position_id from raw.positions where quantity = 60"
    assert connection.execute(kept).fetchone() == lot
    # loading it again changes nothing, and selling more divides the rest
    assert load(connection, write("b.csv", HEADER + LOT.format(60)), statement=JULY).rows_new == 0
    load(connection, write("c.csv", HEADER + LOT.format(25)), statement=AUGUST)
    assert parts(connection) == [
        ("AAPL", 40, JULY, None),
        ("AAPL", 35, AUGUST, None),
        ("AAPL", 25, None, None),
    ]
    # finally all of it is sold
    load(connection, write("d.csv", HEADER + "MSFT,1,2,2025-06-02\n"), statement=date(2025, 9, 30))
    assert [row[1:3] for row in parts(connection)][:3] == [
        (40, JULY),
        (35, AUGUST),
        (25, date(2025, 9, 30)),
    ]
    assert count("raw.positions") == 7


def test_a_partial_sale_of_a_short_keeps_its_sign(connection: Connection, write: Write) -> None:
    load(connection, write("a.csv", HEADER + LOT.format(-100)), statement=JUNE)
    load(connection, write("b.csv", HEADER + LOT.format(-60)), statement=JULY)
    assert parts(connection) == [("AAPL", -40, JULY, None), ("AAPL", -60, None, None)]


def test_a_file_may_state_sales_with_their_price(connection: Connection, write: Write) -> None:
    load(connection, write("a.csv", HEADER + LOT.format(100)), statement=JUNE)
    text = HEADER + LOT.format(60) + SOLD.format(30, "2025-07-15", "2.5")
    load(connection, write("b.csv", text), statement=JULY)
    stated = ("AAPL", 30, date(2025, 7, 15), Decimal("2.5"))
    assert parts(connection) == [stated, ("AAPL", 10, JULY, None), ("AAPL", 60, None, None)]
    # the next file repeats the stated sale, and states the one that was assumed
    text = HEADER + LOT.format(60) + SOLD.format(30, "2025-07-15", "2.5") + SOLD.format(10, "2025-07-30", 3)
    load(connection, write("c.csv", text), statement=AUGUST)
    live = [row for row in parts(connection) if row[2] != date(2025, 6, 2)]
    assert live == [stated, ("AAPL", 10, date(2025, 7, 30), 3), ("AAPL", 60, None, None)]
    assert history(connection) == {"AAPL": 100}


def test_a_restatement_is_a_correction_and_not_a_sale(connection: Connection, write: Write) -> None:
    load(connection, write("a.csv", HEADER + LOT.format(100)), statement=JUNE)
    load(connection, write("b.csv", HEADER + LOT.format(60)), statement=JULY)
    load(connection, write("c.csv", HEADER + LOT.format(80)), statement=JULY)
    assert parts(connection) == [("AAPL", 20, JULY, None), ("AAPL", 80, None, None)]
    # at the first statement's date: the quantity was wrong from the start
    load(connection, write("d.csv", HEADER + "MSFT,5,2,2025-06-02\n" + LOT.format(100)), statement=JULY)
    report = load(connection, write("e.csv", HEADER + "MSFT,3,2,2025-06-02\n"), statement=AUGUST)
    assert report.rows_new == 3
    load(connection, write("f.csv", HEADER + "MSFT,5,2,2025-06-02\n" + LOT.format(100)), statement=AUGUST)
    assert history(connection) == {"AAPL": 100, "MSFT": 5}
    assert [row for row in parts(connection) if row[2] is None] == [
        ("AAPL", 100, None, None),
        ("MSFT", 5, None, None),
    ]


def test_lots_that_only_the_replaced_statement_listed_are_withdrawn(
    connection: Connection, write: Write
) -> None:
    # Silent failure prevented: a symbol misspelt in the first upload stays in the history with its P&L
    load(connection, write("a.csv", HEADER + LOT.format(100) + "MSTF,1,2,2025-06-02\n"), statement=JUNE)
    report = load(
        connection, write("b.csv", HEADER + LOT.format(100) + "MSFT,1,2,2025-06-02\n"), statement=JUNE
    )
    entry = date(2025, 6, 2)
    assert lots(connection) == {
        "AAPL": (100, None, None),
        "MSFT": (1, None, None),
        "MSTF": (1, entry, 2),  # exits at its entry: no value on any day
    }
    assert any("withdrawn" in notice for notice in report.notices)


def test_a_statement_of_the_future_is_refused(connection: Connection, write: Write) -> None:
    with pytest.raises(StatementOrderError, match="lies in the future"):
        load(connection, write("a.csv", HEADER + LOT.format(1)), statement=date(2026, 2, 3))


def test_an_older_statement_that_differs_is_refused(
    connection: Connection, write: Write, count: Count
) -> None:
    # Silent failure prevented: last month's file loaded late, undoing this month's
    load(
        connection,
        write("a.csv", HEADER + "AAPL,1,2,2025-06-30\nMSFT,1,2,2025-06-30\n"),
        statement=date(2025, 8, 1),
    )
    older = write("b.csv", HEADER + "AAPL,1,2,2025-06-30\n")
    with pytest.raises(StatementOrderError, match=r"2025-08-01, and .* 2025-07-01 differs.*Only the newest"):
        load(connection, older, statement=date(2025, 7, 1))
    assert count("raw.positions") == 2
    same = write("c.csv", HEADER + "MSFT,1,2,2025-06-30\nAAPL,1,2,2025-06-30\n")
    assert load(connection, same, statement=date(2025, 7, 1)).rows_new == 0


def test_an_older_statement_is_the_same_after_a_part_was_sold(connection: Connection, write: Write) -> None:
    # Silent failure prevented: a file that is refused, because it differs from itself
    june, july = date(2025, 6, 30), date(2025, 7, 31)
    first = write("a.csv", HEADER + "AAPL,10,2,2025-06-30\nSPAXX,50,1,2025-06-30\n")
    load(connection, first, statement=june)
    load(connection, write("b.csv", HEADER + "AAPL,6,2,2025-06-30\nSPAXX,40,1,2025-06-30\n"), statement=july)
    known = lots(connection)
    again = load(connection, first, statement=june, equity=None)
    assert again.rows_new == 0
    assert f"The statement of {june} says what is known; the newest one is of {july}." in again.notices
    assert lots(connection) == known
    other = write("c.csv", HEADER + "AAPL,9,2,2025-06-30\nSPAXX,50,1,2025-06-30\n")
    with pytest.raises(StatementOrderError, match="Only the newest"):
        load(connection, other, statement=june)


def test_a_lot_entered_after_the_statement_is_an_error(connection: Connection, write: Write) -> None:
    path = write("a.csv", HEADER + "AAPL,1,2,2025-07-02\n")
    with pytest.raises(InvalidPositionsFile, match=r"lies after the statement of 2025-07-01.*ERR_POS_014"):
        load(connection, path, statement=date(2025, 7, 1))


def test_an_invalid_file_leaves_only_its_record(connection: Connection, write: Write, count: Count) -> None:
    path = write("a.csv", HEADER + "AAPL,1,2,2025-06-30\nMSFT,0,2,2025-06-30\n")
    with pytest.raises(InvalidPositionsFile):
        load(connection, path, statement=date(2025, 7, 1))
    assert count("raw.positions") == count("raw.portfolios") == 0
    record = connection.execute("select dataset, status, origin, error from ops.loads").fetchone()
    assert record is not None
    assert record[:3] == ("positions", "failed", str(path))
    assert "ERR_POS_006" in record[3]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"equity": ""}, ["ERR_PORT_004"]),
        ({"equity": Decimal(0)}, ["ERR_PORT_005"]),
        ({"equity": Decimal("NaN")}, ["ERR_PORT_005"]),
        ({"equity": Decimal(10) ** 13}, ["ERR_PORT_006"]),
        ({"equity": Decimal("1.99")}, ["ERR_PORT_006"]),
        ({"portfolio_name": " "}, ["ERR_PORT_002"]),
        ({"portfolio_name": "x" * 256}, ["ERR_PORT_003"]),
        ({"account_type": "savings"}, ["ERR_PORT_009"]),
        ({"owner_email": "jane"}, ["ERR_USER_002"]),
        ({"account_type": "savings", "equity": ""}, ["ERR_PORT_009", "ERR_PORT_004"]),
    ],
)
def test_a_portfolios_own_errors_are_reported_together(
    module_connection: Connection, write: Write, fields: dict[str, object], expected: list[str]
) -> None:
    path = write("a.csv", HEADER + "AAPL,100,2,2025-06-30\n")
    given_fields = {"portfolio_name": "Mine", "owner_email": OWNER, "equity": Decimal(200), **fields}
    with pytest.raises(InvalidPortfolio) as raised:
        load_positions(module_connection, path, today=TODAY, **given_fields)  # type: ignore[arg-type]
    assert [error.code for error in raised.value.errors] == expected
    for table in ("raw.positions", "raw.portfolios"):
        assert module_connection.execute(f"select count(*) from {table}").fetchone() == (0,)


def test_two_statements_loaded_at_once_count_one_after_the_other(
    connection: Connection, write: Write, empty_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Silent failure prevented: neither knows the lots of the other, and a lot that was sold stays open
    both_compared = threading.Barrier(2, timeout=1)
    prepare = loading._prepare

    def prepare_and_wait(*arguments: object) -> object:
        prepared = prepare(*arguments)  # type: ignore[arg-type]
        with suppress(threading.BrokenBarrierError):
            both_compared.wait()
        return prepared

    load(connection, write("0.csv", HEADER + "MSFT,5,9,2025-06-30\n"), statement=date(2025, 10, 31))
    monkeypatch.setattr(loading, "_prepare", prepare_and_wait)
    first = write("1.csv", HEADER + "MSFT,5,9,2025-06-30\nAAPL,10,9,2025-06-30\n")
    second = write("2.csv", HEADER + "MSFT,4,9,2025-06-30\n")  # if it is the first, the other one is refused

    def load_alone(path: Path, day: date) -> None:
        with empty_warehouse.connect_writer(autocommit=True) as own, suppress(StatementOrderError):
            load(own, path, statement=day)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(load_alone, (first, second), (date(2025, 11, 3), date(2025, 12, 1))))
    assert lots(connection).get("AAPL", (10, date(2025, 12, 1)))[1] == date(2025, 12, 1)
