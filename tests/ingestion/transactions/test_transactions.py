"""Transactions: brokers' exports and our own file, what is refused, and files that overlap or correct."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.errors import MalformedFileError
from ingestion.portfolios.entries import Holder, stored_entries
from ingestion.raw.datasets import TRANSACTIONS
from ingestion.raw.loads import Connection
from ingestion.transactions.brokers import recognize
from ingestion.transactions.load import left_out, load_transactions

Write = Callable[[str, str], Path]
FILES = Path(__file__).parent / "broker_files"
EXPORTS = {
    "schwab_transactions.csv": "Schwab",
    "fidelity_history.csv": "Fidelity",
    "ib_activity_trades.csv": "Interactive Brokers",
}
SCHWAB = FILES / "schwab_transactions.csv"
TODAY = date(2026, 2, 2)
CALL = "AAPL251017C00240000"
HEADER = "portfolio_name,date,kind,symbol,quantity,price,fees,amount,acquired\n"


@pytest.fixture
def holder(load_mine: Callable[[str], Holder]) -> Holder:
    return load_mine("AAPL,1,2,2025-06-30")


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_are_recognized_from_their_header(name: str) -> None:
    export = recognize((FILES / name).read_text("utf-8"))
    assert export is not None
    assert export.broker == EXPORTS[name]
    trades = {
        (one.day, one.kind, one.symbol, one.quantity, one.price, one.fees)
        for one in export.transactions
        if one.kind in {"buy", "sell"} and one.symbol != "VTI"
    }
    assert trades == {
        (date(2025, 7, 1), "buy", "AAPL", Decimal(100), Decimal("205.50"), Decimal(0)),
        (date(2025, 9, 15), "sell", "AAPL", Decimal(40), Decimal(230), Decimal("0.12")),
        (date(2025, 9, 10), "sell", CALL, Decimal(1), Decimal("3.10"), Decimal("0.66")),
    }
    others = {(one.kind, one.amount or one.fees) for one in export.transactions if one.quantity is None}
    assert others == {("dividend", Decimal(26)), ("fee", Decimal("1.25"))}


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEADER, "Symbol,Quantity\nAAPL,1\n"])
def test_other_files_are_no_exports(text: str) -> None:
    assert recognize(text) is None


def test_what_is_left_out_is_said() -> None:
    assert (
        left_out(FILES / "schwab_transactions.csv") == "Left out of the Schwab export: 1 moneylink transfer."
    )
    assert left_out(FILES / "ib_activity_trades.csv") == (
        "Left out of the Interactive Brokers export: 1 trades in EUR."
    )


def test_a_comma_that_parts_a_number_is_an_error(write: Write) -> None:
    # Silent failure prevented: a sale of 1,000 shares counted as one
    path = write("schwab.csv", SCHWAB.read_text("utf-8").replace('"40"', "1,000"))
    with pytest.raises(MalformedFileError, match=r"such as 20,000\.00 in two of them"):
        left_out(path)


def test_an_export_is_loaded_once_into_the_portfolio_that_is_named(
    connection: Connection, holder: Holder
) -> None:
    path = FILES / "schwab_transactions.csv"
    with pytest.raises(MalformedFileError, match="does not name its portfolio; give it with --portfolio"):
        load_transactions(connection, path, today=TODAY)
    assert load_transactions(connection, path, portfolio_name="mine", today=TODAY).rows_new == 6
    assert load_transactions(connection, path, portfolio_name="mine", today=TODAY).rows_new == 0
    assert len(stored_entries(connection, TRANSACTIONS, holder)) == 6


def test_the_accounts_of_an_export_are_not_mixed(
    connection: Connection, holder: Holder, write: Write
) -> None:
    # Silent failure prevented: the purchases of another account in the gains of this one
    rows = [
        "Run Date,Account,Account Number,Action,Symbol,Quantity,Price ($),Amount ($)",
        "07/01/2025,Individual,Z123,YOU BOUGHT APPLE INC (AAPL) (Cash),AAPL,10,200,-2000",
        "07/02/2025,Roth IRA,Z999,YOU BOUGHT APPLE INC (AAPL) (Cash),AAPL,7,201,-1407",
        "07/02/2025,Roth IRA,Z999,Electronic Funds Transfer Received (Cash), ,,,500",
    ]
    path = write("history.csv", "\n".join(rows))
    for account in (None, "401k", "Z"):
        with pytest.raises(MalformedFileError, match=r"lists 2 accounts \(Z123 Individual, Z999 Roth IRA\)"):
            load_transactions(connection, path, portfolio_name="mine", account=account, today=TODAY)
    alone = write("alone.csv", "\n".join(rows[:2]))
    for other, said in ((alone, "is of Z123 Individual, not of roth"), (SCHWAB, "names no account")):
        with pytest.raises(MalformedFileError, match=said):
            load_transactions(connection, other, portfolio_name="mine", account="roth", today=TODAY)
    load_transactions(connection, path, portfolio_name="mine", account="individual", today=TODAY)
    assert [row["quantity"] for row in stored_entries(connection, TRANSACTIONS, holder)] == [10]
    assert left_out(path, "Z123") is None
    assert left_out(path, "roth") == "Left out of the Fidelity export: 1 electronic funds."


def test_a_file_replaces_what_is_known_of_its_days(
    connection: Connection, holder: Holder, write: Write
) -> None:
    rows = [
        "Mine,2025-07-01,buy,AAPL,10,200,,,",
        "Mine,2025-07-02,buy,AAPL,5,201,,,",
        "Mine,2025-08-01,fee,,,,2,,",
    ]
    load_transactions(connection, write("a.csv", HEADER + "\n".join(rows)), today=TODAY)
    rows[1] = "Mine,2025-07-02,buy,AAPL,5,202,,,"
    report = load_transactions(connection, write("b.csv", HEADER + "\n".join(rows[:2])), today=TODAY)
    assert report.rows_new == 2  # the corrected row, and the one that withdraws the wrong one
    kept = [row for row in stored_entries(connection, TRANSACTIONS, holder) if not row["is_withdrawn"]]
    assert {(row["kind"], row["price"]) for row in kept} == {("buy", 200), ("buy", 202), ("fee", None)}


def test_equal_transactions_of_a_day_are_different_ones(
    connection: Connection, holder: Holder, write: Write
) -> None:
    row = "Mine,2025-07-01,buy,AAPL,10,200,,,\n"
    report = load_transactions(connection, write("a.csv", HEADER + row + row), today=TODAY)
    assert report.rows_new == len(stored_entries(connection, TRANSACTIONS, holder)) == 2


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            "Mine,2025-07-01,gift,AAPL,1,2,,,",
            "row 2, kind: 'gift' is not a kind of transaction",
        ),
        (
            "Mine,2025-07-01,buy,AAPL,-1,2,,,",
            "row 2, quantity: '-1' is not above zero; the kind buy",
        ),
        ("Mine,2025-07-01,sell,AAPL,1,,,,", "row 2, price: '' is missing or negative"),
        ("Mine,2025-07-01,buy,,1,2,,,", "row 2, symbol: '' is missing; a buy has a symbol"),
        ("Mine,2025-07-01,buy,A B,1,2,,,", "row 2, symbol: 'A B' is not a symbol"),
        ("Mine,2025-07-01,dividend,AAPL,,,,,", "row 2, amount: '' is missing or zero"),
        ("Mine,2025-07-01,fee,,,,,,", "row 2, fees: '' are missing or negative"),
        ("Mine,2025-07-01,transfer,AAPL,5,,,,", "row 2, price: '' is missing or negative; write the cost"),
        ("Mine,2025-07-01,transfer,AAPL,5,1,,,2025-08-01", "lies after the day of the transfer"),
        ("Mine,2027-07-01,buy,AAPL,1,2,,,", "lies in the future"),
        ("Mine,2025-07-01,buy,AAPL,x,2,,,", "row 2, quantity: 'x' is not a number"),
        (
            "Mine,2025-07-01,buy,AAPL,1e29,2,,,",
            "row 2, quantity: '1e29' exceeds 1,000,000,000,000; correct it",
        ),
    ],
)
def test_a_wrong_row_is_refused_with_the_whole_file(
    connection: Connection, write: Write, row: str, sentence: str
) -> None:
    good = "Mine,2025-06-30,buy,AAPL,1,2,,,\n"
    with pytest.raises(MalformedFileError, match=sentence):
        load_transactions(connection, write("a.csv", HEADER + row + "\n" + good), today=TODAY)
    assert stored_entries(connection, TRANSACTIONS) == []
