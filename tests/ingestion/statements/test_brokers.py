"""Brokers' position downloads: read unedited; missing fields come from options and are reported."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ingestion.errors import InvalidPositionsFile
from ingestion.raw.datasets import CORPORATE_ACTIONS, OPTION_QUOTES, PRICES
from ingestion.raw.loads import Connection, load_frame
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.brokers.notation import amount, day, option_symbol
from ingestion.statements.load import load_positions, read_positions_file
from tests.ingestion.statements.broker_lots import (
    DAY,
    ENTRY,
    FILES,
    PUT,
    SCHWAB,
    TODAY,
    errors,
    read,
    row,
    short,
)

Write = Callable[[str, str], Path]


FIDELITY = FILES / "Portfolio_Positions_Sep-02-2025.csv"
PARTED = {FILES / "PortfolioDownload.csv": "CASH,,,,,,,,,8,000.00\n"}  # it writes no commas of its own


def refused(path: Path, **terms: object) -> list[tuple[str, int | None, str | None]]:
    return [(error.code, error.row, error.field) for error in errors(path, **terms)]


# --- each layout -----------------------------------------------------------------------------------------


def test_fidelity() -> None:
    statement = read(FIDELITY, entry_date=ENTRY, prices={"nocost": Decimal("11.5")})
    assert statement.as_of == DAY
    assert [short(lot) for lot in statement.lots] == [
        row("SPAXX", "12069.43", "1", DAY, "CASH"),
        row("AAPL", "150", "206.6267"),  # cash and margin: 20,494 + 10,500 over 150 shares
        row("BRK-B", "2.543", "485.7688"),
        row("FXAIX", "80.5", "215.3001", subtype="MUTUAL_FUND"),
        row(PUT, "-3", "15", subtype="PUT"),  # 4,500 for three contracts: 15 a share
        row("NOCOST", "10", "11.5"),
    ]
    assert any("AAPL was added to row 3" in notice for notice in statement.notices)
    assert "5 of 6 rows: entry date 2025-01-02, by --entry-date." in statement.notices


def test_schwab() -> None:
    statement = read(SCHWAB, entry_date=ENTRY)
    assert statement.as_of == DAY
    assert statement.notices[0] == f"This is a position download of Schwab of {DAY}."
    later = read_positions_file(SCHWAB, today=TODAY, statement_date=TODAY, terms=EntryTerms(entry_date=ENTRY))
    assert later.notices[0] == f"This is a position download of Schwab of {TODAY}; its own date is {DAY}."
    assert [short(lot) for lot in statement.lots] == [
        row("SCHB", "1100", "23.7", subtype="ETF"),
        row("TSLA", "-50", "317.66", subtype="STOCK"),
        row("BRK-B", "10", "485.77", subtype="STOCK"),
        row(PUT, "2", "15.0066", subtype="PUT"),
        row("SWVXX", "5000", "1", DAY, "CASH"),
        row("CASH_USD", "11301.37", "1", DAY, "CASH"),
    ]


def test_vanguard_has_no_cost_and_no_date() -> None:
    path = FILES / "OfxDownload.csv"
    assert refused(path, entry_date=ENTRY) == [
        ("ERR_POS_008", line, "Entry Price Per Share") for line in (2, 3, 4)
    ]
    statement = read_positions_file(path, today=TODAY, statement_date=DAY, terms=EntryTerms(at_market=True))
    assert [short(lot) for lot in statement.lots] == [
        row("VTI", "50.125", "317.1", DAY),
        row("VFIAX", "20.5", "591.22", DAY, "MUTUAL_FUND"),
        row("91282CMM0", "5000", "1.0012", DAY),
        row("VMFXX", "1234.56", "1", DAY, "CASH"),
    ]
    assert statement.notices[0] == (
        f"This is a position download of Vanguard, which has no date: it is taken as of {DAY}; "
        "--statement-date gives another."
    )
    assert "The table of transactions was left out." in statement.notices
    assert "Row 6: VXXXX has a quantity of 0 and was left out." in statement.notices


def test_interactive_brokers_activity_statement() -> None:
    statement = read(FILES / "ib_activity.csv", entry_date=ENTRY)
    assert statement.as_of == DAY
    assert [short(lot) for lot in statement.lots] == [
        row("AAPL", "100", "204.9412"),
        row("BRK-B", "10", "485.77"),
        row("GOOG", "-50", "176.3"),
        row(PUT, "5", "15.0066", subtype="PUT"),
        row("QQQ270115C00600000", "-2", "40.5", subtype="CALL"),
        row("CASH_USD", "43419.25", "1", DAY, "CASH"),  # of the Cash Report
    ]


def test_interactive_brokers_lots_have_their_own_dates() -> None:
    lots = [row("MSFT", "25", "497.41", date(2025, 6, 30)), row("MSFT", "15", "478.3367", date(2025, 5, 12))]
    statement = read(FILES / "ib_activity_lots.csv")
    assert statement.as_of == DAY
    assert [short(lot) for lot in statement.lots] == [
        *lots,
        row(PUT, "5", "15.0066", date(2025, 7, 8), "PUT"),
    ]
    flex = read(FILES / "ib_flex.csv", entry_date=ENTRY)
    assert flex.as_of == DAY
    assert [short(lot) for lot in flex.lots] == [*lots, row(PUT, "5", "15.0066", subtype="PUT")]


def test_one_of_several_accounts_is_chosen() -> None:
    path = FILES / "schwab_all_accounts.csv"
    assert refused(path, entry_date=ENTRY) == [("ERR_PORT_008", None, "Account")]
    assert refused(path, entry_date=ENTRY, account="Joint") == [("ERR_PORT_008", None, "Account")]
    roth = read(path, entry_date=ENTRY, account="...456")
    assert [short(lot) for lot in roth.lots] == [
        row("VTI", "10", "301.55", subtype="ETF"),
        row("CASH_USD", "500", "1", DAY, "CASH"),
    ]
    assert len(read(FILES / "fidelity_accounts.csv", entry_date=ENTRY, account="roth ira").lots) == 1


def test_errors_name_the_option_for_what_a_download_lacks() -> None:
    with pytest.raises(InvalidPositionsFile, match=r"give --entry-date DATE, or --entry-at-market"):
        read(SCHWAB)
    with pytest.raises(InvalidPositionsFile, match=r"--entry-price SYMBOL=PRICE"):
        read(FIDELITY, entry_date=ENTRY)
    at_market = {lot.symbol: short(lot) for lot in read(SCHWAB, at_market=True).lots}
    assert at_market["TSLA"] == row("TSLA", "-50", "329.36", DAY, "STOCK")
    assert at_market[PUT] == row(PUT, "2", "14.2", DAY, "PUT")


def test_an_unsupported_holding_is_an_error(write: Write) -> None:
    # Silent failure prevented: a portfolio without the value of skipped rows
    text = (FILES / "ib_activity.csv").read_text()
    path = write("foreign.csv", text.replace("Stocks,USD,GOOG", "Stocks,EUR,SAP"))
    assert refused(path, entry_date=ENTRY) == [("ERR_PORT_008", 14, "Currency")]
    path = write("futures.csv", text.replace("Stocks,USD,GOOG", "Futures,USD,ESZ5"))
    assert refused(path, entry_date=ENTRY) == [("ERR_POS_016", 14, "Investment Class")]
    path = write("mini.csv", text.replace("AAPL 15JAN27 200 P,5,100", "AAPL 15JAN27 200 P,5,10"))
    assert refused(path, entry_date=ENTRY)[0] == ("ERR_POS_016", 16, "Investment Class")


@pytest.mark.parametrize(
    "path", [FIDELITY, SCHWAB, FILES / "PortfolioDownload.csv"], ids=lambda path: path.stem
)
def test_a_comma_that_parts_a_number_is_an_error(write: Write, path: Path) -> None:
    # Silent failure prevented: cash of 20,000 dollars without quotes read as 20
    bare = re.sub(r'"(-?\$?\d[\d,.]*)"', r"\1", path.read_text(encoding="utf-8-sig"))
    with pytest.raises(InvalidPositionsFile, match=r"such as 20,000\.00 in two of them.*ERR_CSV_006"):
        read(write("bare.csv", bare + PARTED.get(path, "")), entry_date=ENTRY)


def test_a_download_with_an_impossible_date_needs_statement_date(write: Write) -> None:
    path = write("p.csv", (FILES / "ib_flex.csv").read_text().replace("2025-09-02", "2999-09-02"))
    assert refused(path, entry_date=ENTRY) == [("ERR_PORT_008", None, None)]
    statement = read_positions_file(path, today=TODAY, statement_date=DAY, terms=EntryTerms(entry_date=ENTRY))
    assert len(statement.lots) == 3


def test_our_own_file_is_never_read_as_a_download(write: Write) -> None:
    header = "Symbol,Description,Quantity,Market Value,Last Price,Current Value,Entry Date\n"
    assert refused(write("p.csv", header + "A,b,1,2,3,4,2025-01-02\n")) == [
        ("ERR_CSV_004", 1, "Entry Price Per Share")
    ]


# --- one download after the other ------------------------------------------------------------------------


def load(connection: Connection, path: Path, *, when: date, **terms: object) -> list[str]:
    report = load_positions(
        connection,
        path,
        portfolio_name="Mine",
        owner_email="jane@example.com",
        equity=Decimal(10**6),
        statement_date=when,
        today=TODAY,
        terms=EntryTerms(**terms),  # type: ignore[arg-type]
    )[1]
    return list(report.notices)


def known(connection: Connection) -> list[tuple[str, Decimal, Decimal, date, date | None]]:
    rows = connection.execute(
        "select distinct on (position_id) symbol, quantity, entry_price, entry_date, exit_date "
        "from raw.positions order by position_id, load_id desc"
    )
    return sorted(tuple(row) for row in rows if row[0] != "CASH_USD")


SCHWAB_HEADER = '"Symbol","Description","Quantity","Price","Market Value","Cost Basis"\n'


def test_monthly_downloads_do_not_repeat_purchases(connection: Connection, write: Write) -> None:
    # Silent failure prevented: an average cost that changes each month closes the lot and buys it again with
    # the same entry date, so that the past holds both
    june, july = date(2025, 6, 30), date(2025, 7, 31)
    first = SCHWAB_HEADER + "VTI,x,10,300,3000,2900\nMSFT,x,40,490,19600,19600\n"
    load(connection, write("june.csv", first), when=june, entry_date=ENTRY)
    second = SCHWAB_HEADER + "VTI,x,15,310,4650,4500\nMSFT,x,25,500,12500,12250\n"
    notices = load(connection, write("july.csv", second), when=july, entry_date=date(2025, 7, 15))
    assert known(connection) == [
        ("MSFT", 15, 490, ENTRY, july),
        ("MSFT", 25, 490, ENTRY, None),
        ("VTI", 5, 320, date(2025, 7, 15), None),  # 4,500 less the 2,900 of the ten known shares
        ("VTI", 10, 290, ENTRY, None),
    ]
    assert any("known lots" in notice for notice in notices)
    # the same download again needs no entry date: nothing is new
    load(connection, write("august.csv", second), when=date(2025, 8, 29))
    assert len(known(connection)) == 4


def test_a_sale_reduces_the_oldest_lot_first(connection: Connection, write: Write) -> None:
    june, july = date(2025, 6, 30), date(2025, 7, 31)
    lots = (
        "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
        "VTI,10,290,2025-01-02\nVTI,5,320,2025-05-15\nVTI,5,310,2025-06-02\n"
    )
    load(connection, write("june.csv", lots), when=june)
    notices = load(connection, write("july.csv", SCHWAB_HEADER + "VTI,x,8,300,2400,2500\n"), when=july)
    [notice] = [one for one in notices if "lists that much less" in one]
    assert notice.endswith("because the statement lists that much less.")  # a download has no Exit Date
    assert known(connection) == [
        ("VTI", 2, 320, date(2025, 5, 15), july),
        ("VTI", 3, 320, date(2025, 5, 15), None),
        ("VTI", 5, 310, date(2025, 6, 2), None),
        ("VTI", 10, 290, ENTRY, july),
    ]


def test_shares_of_a_split_are_the_lots_that_were_bought(connection: Connection, write: Write) -> None:
    load(
        connection,
        write("june.csv", SCHWAB_HEADER + "NFLX,x,-48,1300,-62400,64278\n"),
        when=date(2025, 6, 30),
        entry_date=ENTRY,
    )
    split = pd.DataFrame([{"symbol": "NFLX", "ex_date": date(2025, 11, 17), "action": "split", "value": 10}])
    load_frame(connection, CORPORATE_ACTIONS, split, source="files", origin="test")
    load(
        connection, write("dec.csv", SCHWAB_HEADER + "NFLX,x,-480,110,-52800,64278\n"), when=date(2025, 12, 1)
    )
    assert known(connection) == [("NFLX", -48, Decimal("1339.125"), ENTRY, None)]
    load(
        connection, write("jan.csv", SCHWAB_HEADER + "NFLX,x,-180,110,-52800,64278\n"), when=date(2026, 1, 5)
    )
    assert known(connection) == [
        ("NFLX", -30, Decimal("1339.125"), ENTRY, date(2026, 1, 5)),
        ("NFLX", -18, Decimal("1339.125"), ENTRY, None),
    ]


def test_contracts_of_a_split_are_the_lots_that_were_bought(connection: Connection, write: Write) -> None:
    before, after = (
        "NFLX 12/18/2026 1100.00 C,x,3,125,37500,36000\n",
        "NFLX 12/18/2026 110.00 C,x,{},14,1,{}\n",
    )
    load(connection, write("june.csv", SCHWAB_HEADER + before), when=date(2025, 6, 30), entry_date=ENTRY)
    split = pd.DataFrame([{"symbol": "NFLX", "ex_date": date(2025, 11, 17), "action": "split", "value": 10}])
    load_frame(connection, CORPORATE_ACTIONS, split, source="files", origin="test")
    load(connection, write("dec.csv", SCHWAB_HEADER + after.format(30, 36000)), when=date(2025, 12, 1))
    contract = "NFLX261218C01100000"
    assert known(connection) == [(contract, 3, 120, ENTRY, None)]
    load(connection, write("jan.csv", SCHWAB_HEADER + after.format(20, 24000)), when=date(2026, 1, 5))
    assert known(connection) == [
        (contract, 1, 120, ENTRY, date(2026, 1, 5)),
        (contract, 2, 120, ENTRY, None),
    ]


def test_a_portfolio_opens_with_its_first_download(connection: Connection, write: Write) -> None:
    # Silent failure prevented: a first day's return of the gain of years, from cost to market
    july, saturday = date(2025, 7, 31), date(2025, 6, 28)
    notices = load(
        connection,
        write("june.csv", SCHWAB_HEADER + "VTI,x,10,300,3000,2900\n"),
        when=saturday,
        entry_date=ENTRY,
    )
    opening = "select opening_date, inception_date from raw.portfolios order by load_id desc limit 1"
    assert connection.execute(opening).fetchone() == (date(2025, 6, 27), date(2025, 6, 27))
    assert any("performance starts at its value of that day" in notice for notice in notices)
    touched = "select distinct touched_from from ops.load_portfolios"
    assert connection.execute(touched).fetchall() == [(date(2025, 6, 27),)]
    later = SCHWAB_HEADER + "VTI,x,10,310,3100,2900\nMSFT,x,1,500,500,400\n"
    notices = load(connection, write("july.csv", later), when=july, entry_date=ENTRY)
    assert connection.execute(opening).fetchone() == (date(2025, 6, 27), date(2025, 6, 27))
    assert "1 lot from before 2025-06-27: performance starts" in " ".join(notices)
    # a lot that a correction withdraws changes nothing before the opening either
    corrected = later.replace("MSFT,x,1,500,500,400", "MSFT,x,1,500,500,420")
    load(connection, write("again.csv", corrected), when=july, entry_date=ENTRY)
    assert connection.execute("select min(touched_from) from ops.load_portfolios").fetchone() == (
        date(2025, 6, 27),
    )


# --- a download against the known splits and prices -------------------------------------------------------

DECEMBER = date(2025, 12, 1)
CALL = "NFLX 12/18/2026 110.00 C,x,20,{},1,24000\n"


@pytest.fixture
def netflix(connection: Connection) -> None:
    """A split of ten for one, a close of 110 and a quote of 14 after it."""
    split = pd.DataFrame([{"symbol": "NFLX", "ex_date": date(2025, 11, 17), "action": "split", "value": 10}])
    close = pd.DataFrame([{"symbol": "NFLX", "price_date": DECEMBER, "close": 110}])
    contract = {"symbol": "NFLX261218C00110000", "underlying_symbol": "NFLX", "option_type": "CALL"}
    terms = {"expiration_date": date(2026, 12, 18), "strike_price": 110}
    quote = pd.DataFrame([{**contract, **terms, "quote_date": DECEMBER, "bid": 13.5, "ask": 14.5}])
    for dataset, frame in ((CORPORATE_ACTIONS, split), (PRICES, close), (OPTION_QUOTES, quote)):
        load_frame(connection, dataset, frame, source="files", origin="test")


@pytest.mark.usefixtures("netflix")
def test_a_download_is_in_the_shares_of_its_date(connection: Connection, write: Write) -> None:
    # Silent failure prevented: shares of the download's date, dated before a split, split once more
    text = SCHWAB_HEADER + "NFLX,x,1005,110.5,1,117585\n" + CALL.format(14.3)
    load(connection, write("dec.csv", text), when=DECEMBER, entry_date=ENTRY)
    assert known(connection) == [
        ("NFLX", Decimal("100.5"), 1170, ENTRY, None),
        ("NFLX261218C01100000", 2, 120, ENTRY, None),
    ]
    # the next download: the known lots, and what was bought since
    text = SCHWAB_HEADER + "NFLX,x,1015,111,1,118685\n"
    load(connection, write("jan.csv", text), when=date(2026, 1, 5), entry_date=DECEMBER)
    assert [lot[:3] for lot in known(connection) if lot[0] == "NFLX"] == [
        ("NFLX", 10, 110),
        ("NFLX", Decimal("100.5"), 1170),
    ]


@pytest.mark.usefixtures("netflix")
@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("NFLX,x,1000,112,1,117000\n", r"1000 NFLX at 112,000.00 USD.*110,000.00.*-1.8 %"),
        ("NFLX,x,100,1100,1,117000\n", r"100 NFLX at 110,000.00 USD.*11,000.00.*-90.0 %"),
        (CALL.format(12), r"at 24,000.00 USD.*28,000.00.*16.7 %"),
    ],
    ids=["other_price", "before_the_split", "option"],
)
def test_a_download_that_contradicts_the_known_prices_is_refused(
    connection: Connection, write: Write, row: str, values: str
) -> None:
    with pytest.raises(InvalidPositionsFile, match=rf"row 2: .*{values}.*ERR_PORT_008"):
        load(connection, write("dec.csv", SCHWAB_HEADER + row), when=DECEMBER, entry_date=ENTRY)
    assert known(connection) == []


# --- notations -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("-AAPL270115P200", PUT),
        (" -AAPL270115P200", PUT),
        ("-AAPL270115P202.5", "AAPL270115P00202500"),
        ("AAPL 01/15/2027 200.00 P", PUT),
        ("AAPL 15JAN27 200 P", PUT),
        ("AAPL  270115P00200000", PUT),
        ("AAPL JAN 15 2027 $200 PUT", PUT),
        ("BRKB 15JAN27 400 C", "BRKB270115C00400000"),
        ("AAPL", None),
        ("AAPL 45JAN27 200 P", None),
        ("T 4.25 02/15/35", None),
    ],
)
def test_option_notations(text: str, symbol: str | None) -> None:
    assert option_symbol(text) == symbol


@pytest.mark.parametrize(
    ("text", "number"),
    [("$1,234.50", "1234.50"), ("+$12.40", "12.40"), ("-$5", "-5"), ("($5.00)", "-5"), ("--", None),
     ("n/a", None), ("", None), ("NaN", None), ("1e999", None)],
)  # fmt: skip
def test_amounts(text: str, number: str | None) -> None:
    assert amount(text) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    "text",
    ["2025-09-02", "2025/09/02", "09/02/2025", "Sep-02-2025", "September 2, 2025", "2025-09-02, 15:39:46",
     "2025-09-02;153946", "20250902"],
)  # fmt: skip
def test_days(text: str) -> None:
    assert day(text) == DAY
