"""Single flows, marks and removals: corrections and removals are new rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.errors import InvalidEntryError, MalformedFileError
from ingestion.portfolios.capital_flows import (
    add_flow,
    correct_flow,
    equal_flows,
    load_capital_flows,
    remove_flow,
)
from ingestion.portfolios.entries import Holder, stored_entries
from ingestion.portfolios.private_marks import add_mark, load_private_marks, remove_mark
from ingestion.portfolios.removal import list_portfolios, remove_portfolio, restore_portfolio
from ingestion.raw.datasets import CAPITAL_FLOWS, PORTFOLIOS, PRIVATE_MARKS
from ingestion.raw.loads import Connection
from tests.claims import claim, user_of
from warehouse.connections import Warehouse

Write = Callable[[str, str], Path]
INCEPTION, DAY, TODAY = date(2025, 6, 30), date(2025, 9, 30), date(2026, 2, 2)
POSITIONS = "AAPL,1,2,2025-06-30\nHOME_EQUITY,1,2,2025-06-30"


@pytest.fixture
def holder(load_mine: Callable[[str], Holder]) -> Holder:
    return load_mine(POSITIONS)


def flows(connection: Connection) -> list[tuple[date, Decimal]]:
    rows = stored_entries(connection, CAPITAL_FLOWS)
    return sorted((row["flow_date"], row["amount"]) for row in rows)


# --- flows -------------------------------------------------------------------------------------------------


def test_equal_flows_of_a_day_are_two_flows(connection: Connection, holder: Holder) -> None:
    for _ in range(2):
        assert add_flow(connection, holder, Decimal("10.5"), DAY, today=TODAY).touched_from == DAY
    assert flows(connection) == [(DAY, Decimal("10.5"))] * 2


def test_an_equal_flow_is_named(connection: Connection, holder: Holder) -> None:
    # Silent failure prevented: a withdrawal that is added twice, and leaves the portfolio twice
    amount = Decimal("10.5")
    assert equal_flows(connection, holder, amount, DAY) == []
    add_flow(connection, holder, amount, DAY, notes="rent", today=TODAY)
    [key] = equal_flows(connection, holder, amount, DAY)
    assert equal_flows(connection, holder, -amount, DAY) == []
    remove_flow(connection, key)
    assert equal_flows(connection, holder, amount, DAY) == []


def test_a_flow_is_corrected_and_removed_by_its_id(connection: Connection, holder: Holder) -> None:
    add_flow(connection, holder, Decimal(10), DAY, notes="bonus", today=TODAY)
    flow = str(stored_entries(connection, CAPITAL_FLOWS)[0]["flow_id"])
    earlier = date(2025, 9, 1)
    report = correct_flow(connection, flow[:8], amount=Decimal(-12), day=earlier, today=TODAY)
    assert report.touched_from == earlier
    assert flows(connection) == [(earlier, -12)]
    assert remove_flow(connection, flow).touched_from == earlier
    assert remove_flow(connection, flow).rows_new == 0
    assert flows(connection) == [(earlier, 0)]
    history = stored_entries(connection, CAPITAL_FLOWS, history=True)
    assert [(row["amount"], row["notes"]) for row in history] == [(0, "bonus"), (-12, "bonus"), (10, "bonus")]


def test_a_flow_added_by_hand_has_the_key_of_the_same_flow_in_a_file(
    connection: Connection, holder: Holder, write: Write
) -> None:
    add_flow(connection, holder, Decimal(10), DAY, notes="bonus", today=TODAY)
    path = write("flows.csv", f"portfolio_name,flow_date,amount,notes\nMine,{DAY},10,bonus\n")
    assert load_capital_flows(connection, path, today=TODAY).rows_new == 0


@pytest.mark.parametrize("flow", ["", "zz", "00000000"])
def test_an_unknown_id_is_refused(connection: Connection, holder: Holder, flow: str) -> None:
    add_flow(connection, holder, Decimal(10), DAY, today=TODAY)
    expected = r"No capital flow begins with .*`sigmasight capital-flows list`"
    with pytest.raises(InvalidEntryError, match=expected):
        remove_flow(connection, flow)


@pytest.mark.parametrize("amount", ["0", "NaN", "Infinity", "0.0000001"])
def test_an_invalid_amount_is_refused(connection: Connection, holder: Holder, amount: str) -> None:
    with pytest.raises(InvalidEntryError, match="The amount"):
        add_flow(connection, holder, Decimal(amount), DAY, today=TODAY)
    assert flows(connection) == []


def test_a_flow_before_the_first_session_is_refused(connection: Connection, holder: Holder) -> None:
    early = date(2025, 6, 27)
    with pytest.raises(InvalidEntryError, match=r"flow 2025-06-27 lies before .* first session, 2025-06-30"):
        add_flow(connection, holder, Decimal(10), early, today=TODAY)
    add_flow(connection, holder, Decimal(10), INCEPTION, today=TODAY)
    flow = str(stored_entries(connection, CAPITAL_FLOWS)[0]["flow_id"])
    with pytest.raises(InvalidEntryError, match="before the portfolio's first session"):
        correct_flow(connection, flow, day=early, today=TODAY)
    assert flows(connection) == [(INCEPTION, Decimal(10))]


def test_flows_added_concurrently_are_all_kept(
    connection: Connection, holder: Holder, empty_warehouse: Warehouse
) -> None:
    # Silent failure prevented: two flows get the same ordinal, and the second corrects the first
    def add(_: int) -> None:
        with empty_warehouse.connect_writer(autocommit=True) as own:
            add_flow(own, holder, Decimal(10), DAY, today=TODAY)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(8)))
    assert flows(connection) == [(DAY, Decimal(10))] * 8


# --- marks -------------------------------------------------------------------------------------------------


def test_a_removed_mark_is_not_a_mark_of_zero(connection: Connection, holder: Holder) -> None:
    add_mark(connection, holder, "home_equity", Decimal(3), DAY, today=TODAY)
    add_mark(connection, holder, "HOME_EQUITY", Decimal(4), DAY, today=TODAY)
    assert remove_mark(connection, holder, "HOME_EQUITY", DAY).touched_from == DAY
    assert remove_mark(connection, holder, "HOME_EQUITY", DAY).rows_new == 0
    history = stored_entries(connection, PRIVATE_MARKS, history=True)
    assert [row["price"] for row in history] == [None, 4, 3]
    with pytest.raises(InvalidEntryError, match=f"no mark of 2025-09-29; it has marks of {DAY}"):
        remove_mark(connection, holder, "HOME_EQUITY", date(2025, 9, 29))


def test_only_private_holdings_take_marks(connection: Connection, holder: Holder, write: Write) -> None:
    with pytest.raises(InvalidEntryError, match="'AAPL' is priced by the market"):
        add_mark(connection, holder, "AAPL", Decimal(3), DAY, today=TODAY)
    path = write("marks.csv", f"portfolio_name,symbol,mark_date,price\nMine,AAPL,{DAY},3\n")
    with pytest.raises(MalformedFileError, match="row 2, symbol: 'AAPL' is priced by the market"):
        load_private_marks(connection, path, today=TODAY)


# --- removal -----------------------------------------------------------------------------------------------


def test_removing_a_portfolio_changes_numbers_from_that_day_only(
    connection: Connection, holder: Holder
) -> None:
    report = remove_portfolio(connection, holder, day=DAY, today=TODAY)
    assert (report.rows_new, report.touched_from) == (1, DAY)
    assert remove_portfolio(connection, holder, day=DAY, today=TODAY).rows_new == 0
    earlier = date(2025, 8, 1)
    assert remove_portfolio(connection, holder, day=earlier, today=TODAY).touched_from == earlier
    assert restore_portfolio(connection, holder).touched_from == earlier
    (row,) = list_portfolios(connection, today=TODAY)
    assert (row["removed_on"], row["open_positions"]) == (None, 2)
    assert [row["removed_on"] for row in stored_entries(connection, PORTFOLIOS, history=True)] == [
        *(None, earlier, DAY, None),
    ]


def test_a_new_statement_restores_a_removed_portfolio(
    connection: Connection, holder: Holder, load_mine: Callable[[str], Holder]
) -> None:
    remove_portfolio(connection, holder, day=DAY, today=TODAY)
    load_mine(POSITIONS)
    (row,) = stored_entries(connection, PORTFOLIOS)
    assert row["removed_on"] is None


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (date(2025, 6, 29), r"begins on 2025-06-30, after 2025-06-29"),
        (date(2026, 2, 3), r"2026-02-03 lies in the future"),
    ],
)
def test_a_removal_outside_the_portfolios_life_is_refused(
    connection: Connection, holder: Holder, day: date, sentence: str
) -> None:
    with pytest.raises(InvalidEntryError, match=sentence):
        remove_portfolio(connection, holder, day=day, today=TODAY)
    with pytest.raises(InvalidEntryError, match="'Mine' is not removed"):
        restore_portfolio(connection, holder)


def test_the_owner_can_still_read_a_removed_portfolio(
    connection: Connection, holder: Holder, empty_warehouse: Warehouse
) -> None:
    """Its history stays readable: the row filter checks the owner, not whether the portfolio is removed."""
    connection.execute(
        "insert into ops.users (email, full_name, password_hash) values ('jane@example.com', 'Jane', 'x')"
    )
    remove_portfolio(connection, holder, day=DAY, today=TODAY)
    user = user_of(empty_warehouse, "jane@example.com")
    with connection.transaction():
        claim(connection, user)
        rows = connection.execute("select * from access.readable_portfolio_ids()").fetchall()
    assert rows == [(holder.key,)]


def test_a_removal_before_the_inception_names_the_first_day_that_is_possible(
    connection: Connection, holder: Holder
) -> None:
    with pytest.raises(InvalidEntryError, match="give 2025-06-30 or a later day"):
        remove_portfolio(connection, holder, day=date(2025, 6, 29), today=TODAY)
    assert remove_portfolio(connection, holder, day=INCEPTION, today=TODAY).rows_new == 1
