"""Files about portfolios: capital flows, private marks and tags."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from flows.cli.entries import named_apart
from ingestion.errors import MalformedFileError, UnknownPortfolioError
from ingestion.portfolios.capital_flows import load_capital_flows
from ingestion.portfolios.entries import stored_entries
from ingestion.portfolios.private_marks import load_private_marks
from ingestion.portfolios.tags import load_tags
from ingestion.raw.datasets import CAPITAL_FLOWS
from ingestion.raw.loads import Connection
from ingestion.statements.load import load_positions

Write = Callable[[str, str], Path]
Count = Callable[[str], int]
TODAY = date(2026, 2, 2)


@pytest.fixture(autouse=True)
def portfolios(connection: Connection, write: Write) -> None:
    path = write(
        "p.csv",
        "Symbol,Quantity,Entry Price Per Share,Entry Date\nAAPL,1,2,2025-06-30\nHOME_EQUITY,1,2,2025-06-30\n",
    )
    for name, owner in [
        ("Mine", "jane@example.com"),
        ("Ours", "jane@example.com"),
        ("Ours", "joe@example.com"),
    ]:
        load_positions(
            connection, path, portfolio_name=name, owner_email=owner, equity=Decimal(100), today=TODAY
        )


def test_flows_load_once_and_equal_ones_stay_separate(connection: Connection, write: Write) -> None:
    # Silent failure prevented: two equal contributions of a day counted as one
    path = write(
        "capital_flows.csv",
        "portfolio_name,owner_email,flow_date,amount,notes\n"
        'Mine,,2025-07-01,"1,000.50",bonus\n'
        'Mine,,2025-07-01,"1,000.50",bonus\n'
        "Ours,Joe@example.com,2025-07-02,-250,\n",
    )
    assert load_capital_flows(connection, path, today=TODAY).rows_new == 3
    assert load_capital_flows(connection, path, today=TODAY).rows_new == 0
    rows = connection.execute("select amount, notes from raw.capital_flows order by amount").fetchall()
    assert rows == [(-250, None), (Decimal("1000.5"), "bonus"), (Decimal("1000.5"), "bonus")]


def test_a_changed_amount_is_a_correction(connection: Connection, write: Write) -> None:
    for amount, new in [(100, 1), (120, 1), (0, 1)]:
        text = f"portfolio_name,flow_date,amount\nMine,2025-07-01,{amount}\n"
        report = load_capital_flows(connection, write("capital_flows.csv", text), today=TODAY)
        assert (report.rows_new, report.touched_from) == (new, date(2025, 7, 1))
    assert connection.execute("select count(distinct flow_id) from raw.capital_flows").fetchone() == (1,)


def test_marks_load_once(connection: Connection, write: Write) -> None:
    text = (
        "portfolio_name,symbol,mark_date,price\n"
        "Mine,home_equity,2025-09-30,$2.50\nMine,HOME_EQUITY,2025-12-31,0\n"
    )
    path = write("private_marks.csv", text)
    assert load_private_marks(connection, path, today=TODAY).rows_new == 2
    assert load_private_marks(connection, path, today=TODAY).rows_new == 0
    row = connection.execute("select symbol, price from raw.private_marks where price > 0").fetchone()
    assert row == ("HOME_EQUITY", Decimal("2.5"))


def test_tags_begin_with_the_portfolio_and_can_be_removed(connection: Connection, write: Write) -> None:
    text = (
        "portfolio_name,symbol,tag,effective_date,is_assigned\n"
        "Mine,AAPL,Tech Growth,,\nMine,AAPL,Tech Growth,2025-08-01,no\nMine,AAPL,Core,2025-08-01,yes\n"
    )
    path = write("tags.csv", text)
    assert load_tags(connection, path, today=TODAY).rows_new == 3
    assert load_tags(connection, path, today=TODAY).rows_new == 0
    rows = connection.execute("select tag, effective_date, is_assigned from raw.position_tags order by 2, 1")
    assert rows.fetchall() == [
        ("Tech Growth", date(2025, 6, 30), True),
        ("Core", date(2025, 8, 1), True),
        ("Tech Growth", date(2025, 8, 1), False),
    ]


FAULTS = {
    "missing_column": ("portfolio_name,flow_date\nMine,2025-07-01\n", r"has no column 'amount'"),
    "unknown_column": (
        "portfolio_name,flow_date,amount,currency\nMine,2025-07-01,5,USD\n",
        r"has an unknown column 'currency'.*rename or remove it",
    ),
    "empty_cell": (
        "portfolio_name,flow_date,amount\nMine,2025-07-01,\n",
        r"row 2, amount: the cell is empty",
    ),
    "text": (
        "portfolio_name,flow_date,amount\nMine,2025-07-01,much\n",
        r"row 2, amount: 'much' is not a number",
    ),
    "nan": (
        "portfolio_name,flow_date,amount\nMine,2025-07-01,NaN\n",
        r"row 2, amount: 'NaN' is not a number",
    ),
    "decimals": (
        "portfolio_name,flow_date,amount\nMine,2025-07-01,1.1234567\n",
        r"row 2, amount: .* has more than 6 decimals",
    ),
    "too_large": (
        "portfolio_name,flow_date,amount\nMine,2025-07-01,1e30\n",
        r"row 2, amount: '1e30' exceeds 1,000,000,000,000; correct it",
    ),
    "future": (
        "portfolio_name,flow_date,amount\nMine,2026-07-01,5\n",
        r"row 2, flow_date: '2026-07-01' lies in the future",
    ),
    "date": ("portfolio_name,flow_date,amount\nMine,July,5\n", r"row 2, flow_date: 'July' is not a date"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_in_flows_names_row_and_remedy(
    connection: Connection, write: Write, count: Count, fault: str
) -> None:
    text, message = FAULTS[fault]
    with pytest.raises(MalformedFileError, match=message):
        load_capital_flows(connection, write("capital_flows.csv", text), today=TODAY)
    assert count("raw.capital_flows") == 0
    assert count("ops.loads where status = 'failed'") == 1


def test_a_flow_before_the_first_session_names_row_and_date(
    connection: Connection, write: Write, count: Count
) -> None:
    # Silent failure prevented: money that never reaches equity
    text = "portfolio_name,flow_date,amount\nMine,{},5\nMine,{},{}\n"
    early = write("capital_flows.csv", text.format("2025-06-30", "2025-06-27", 7))
    expected = r"row 3, flow_date: '2025-06-27' lies before the portfolio's first session, 2025-06-30"
    with pytest.raises(MalformedFileError, match=expected):
        load_capital_flows(connection, early, today=TODAY)
    assert count("raw.capital_flows") == 0
    # a weekend before it counts on the first session; a removed flow counts nowhere
    allowed = write("capital_flows.csv", text.format("2025-06-28", "2025-06-27", 0))
    assert load_capital_flows(connection, allowed, today=TODAY).rows_new == 2


def test_an_unknown_portfolio_names_the_known_ones(connection: Connection, write: Write) -> None:
    path = write("capital_flows.csv", "portfolio_name,flow_date,amount\nOther,2025-07-01,5\n")
    with pytest.raises(
        UnknownPortfolioError, match=r"row 2: There is no portfolio 'Other'; known portfolios: 'Mine' of jane"
    ):
        load_capital_flows(connection, path, today=TODAY)


def test_a_name_that_two_users_have_needs_its_owner(connection: Connection, write: Write) -> None:
    # Silent failure prevented: money booked into another user's portfolio
    path = write("capital_flows.csv", "portfolio_name,flow_date,amount\nOurs,2025-07-01,5\n")
    with pytest.raises(
        UnknownPortfolioError, match=r"jane@example\.com, joe@example\.com.*fill in owner_email"
    ):
        load_capital_flows(connection, path, today=TODAY)


def test_a_name_that_two_users_have_is_listed_with_its_owner(connection: Connection, write: Write) -> None:
    # Silent failure prevented: another user's flow taken for one's own, and removed
    rows = (
        "portfolio_name,owner_email,flow_date,amount\nOurs,joe@example.com,2025-07-01,5\nMine,,2025-07-01,5\n"
    )
    load_capital_flows(connection, write("capital_flows.csv", rows), today=TODAY)
    listed = named_apart(stored_entries(connection, CAPITAL_FLOWS))
    assert sorted(row["portfolio_name"] for row in listed) == ["Mine", "Ours of joe@example.com"]


def test_a_symbol_the_portfolio_never_held_is_an_error(connection: Connection, write: Write) -> None:
    path = write("tags.csv", "portfolio_name,symbol,tag\nMine,MSFT,Core\n")
    with pytest.raises(
        MalformedFileError, match=r"row 2, symbol: 'MSFT' is not a position .* has AAPL, HOME_EQUITY"
    ):
        load_tags(connection, path, today=TODAY)


def test_marks_that_contradict_each_other_name_both_rows(connection: Connection, write: Write) -> None:
    text = "portfolio_name,symbol,mark_date,price\n" + "".join(
        f"Mine,HOME_EQUITY,2025-09-30,{n}\n" for n in (1, 2)
    )
    with pytest.raises(MalformedFileError, match="the rows 2 and 3 give different marks of HOME_EQUITY"):
        load_private_marks(connection, write("private_marks.csv", text), today=TODAY)


def test_a_negative_mark_is_an_error(connection: Connection, write: Write) -> None:
    path = write(
        "private_marks.csv", "portfolio_name,symbol,mark_date,price\nMine,HOME_EQUITY,2025-09-30,-1\n"
    )
    with pytest.raises(MalformedFileError, match="row 2, price: '-1' is below zero"):
        load_private_marks(connection, path, today=TODAY)
