"""Equity that follows from a statement, the broker's totals against ours, and movements of cash."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.cli.confirm import thresholds as thresholds_of
from ingestion.errors import InvalidPortfolio
from ingestion.portfolios.capital_flows import (
    add_flow,
    counted_by_statement,
    load_capital_flows,
    remove_flow,
)
from ingestion.portfolios.entries import find_holder
from ingestion.portfolios.portfolios import PortfolioFields
from ingestion.raw.datasets import CORPORATE_ACTIONS, OPTION_QUOTES, PRICES
from ingestion.raw.loads import Connection, LoadReport, load_frame
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.checks import questions
from ingestion.statements.load import PreparedStatement, load_positions, prepare_positions
from ingestion.statements.money.account import Reconciliation
from ingestion.statements.money.cash_flow import cash_flow
from ingestion.statements.money.cash_lots import with_cash_movements
from ingestion.statements.preview import preview
from ingestion.statements.rows import Lot
from tests.ingestion.statements.broker_lots import ENTRY, FILES, SCHWAB, TODAY
from warehouse.settings import Settings

Write = Callable[[str, str], Path]

HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
ROBINHOOD = "Instrument,Quantity,Average Cost\n"
SOLD = HEADER.strip() + ",Exit Date,Exit Price Per Share\n"
JUNE, JULY, AUGUST = date(2025, 6, 30), date(2025, 7, 31), date(2025, 8, 29)
SEPTEMBER = date(2025, 9, 5)
OWNER: dict[str, Any] = {"portfolio_name": "Mine", "owner_email": "jane@example.com"}


@pytest.fixture
def load(connection: Connection, write: Write) -> Callable[..., list[LoadReport]]:
    """Load rows of our columns as the statement of a day."""

    def load_rows(rows: str, day: date, **fields: Any) -> list[LoadReport]:
        path = write("mine.csv", HEADER + rows)
        return load_positions(connection, path, **OWNER, statement_date=day, today=TODAY, **fields)

    return load_rows


def prepared(connection: Connection, path: Path, **fields: Any) -> PreparedStatement:
    terms = EntryTerms(entry_date=ENTRY)
    return prepare_positions(
        connection, path, PortfolioFields("Mine", "jane@example.com", **fields), today=TODAY, terms=terms
    )


def equity(connection: Connection) -> Any:
    return connection.execute("select initial_equity from raw.portfolios order by load_id desc").fetchone()


def cash(connection: Connection) -> list[tuple[Any, ...]]:
    """Quantity, entry and exit date of each lot of cash."""
    return connection.execute(
        "select quantity, entry_date, exit_date from ("
        "  select distinct on (position_id) * from raw.positions order by position_id, load_id desc"
        ") as newest where investment_subtype = 'CASH' order by entry_date, exit_date"
    ).fetchall()


def flows(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select amount, flow_date from raw.newest_capital_flows where amount <> 0 order by flow_date"
    ).fetchall()


def price(connection: Connection, symbol: str, day: date, close: str) -> None:
    frame = pd.DataFrame([{"symbol": symbol, "price_date": day, "close": Decimal(close)}])
    load_frame(connection, PRICES, frame, source="files", origin="test")


# --- equity ------------------------------------------------------------------------------------------------


def test_a_files_equity_is_the_cost_of_its_lots(connection: Connection, load: Any) -> None:
    # a short and a contract: 2,050 - 300 + 2 x 100 x 5 + 1,000 of cash
    rows = "AAPL,10,205,2025-06-30\nMSFT,-1,300,2025-06-30\nAAPL270115C00250000,2,5,2025-06-30\n"
    reports = load(rows + "SPAXX,1000,1,2025-06-30\n", JUNE)
    assert equity(connection) == (Decimal(3750),)
    assert "starts with an equity of 3,750.00, the cost of the lots at entry" in " ".join(reports[1].notices)


def test_a_corrected_first_file_starts_with_its_own_cost(connection: Connection, load: Any) -> None:
    # Silent failure prevented: shares that were added to the file, paid with cash that nobody owes
    load("AAPL,10,205,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE)
    reports = load("AAPL,11,205,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE)
    assert equity(connection) == (Decimal(3255),)
    assert "starts with an equity of 3,255.00, the cost of the lots at entry" in " ".join(reports[1].notices)
    load("AAPL,11,205,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE, equity=Decimal(4000))
    load("AAPL,12,205,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE)
    assert equity(connection) == (Decimal(4000),)  # it was given
    load("AAPL,14,205,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JULY)
    assert equity(connection) == (Decimal(4000),)  # of a later statement


def test_what_lots_brought_is_not_counted_again_in_the_cash_of_the_first_file(
    connection: Connection, write: Write
) -> None:
    # Silent failure prevented: 20,000 paid in as a start of 25,310, since the proceeds of a sale and a
    # dividend counted in the cash of the day, and again as gains
    dividend = {"symbol": "AAPL", "ex_date": date(2025, 7, 15), "action": "dividend", "value": Decimal(1)}
    load_frame(connection, CORPORATE_ACTIONS, pd.DataFrame([dividend]), source="files", origin="test")
    lots = "AAPL,10,205,2025-06-30,,\nMSFT,10,490,2025-06-30,2025-07-10,530\n"
    # 20,000 - 2,050 - 4,900 + 5,300 + 10
    path = write("first.csv", SOLD + lots + "SPAXX,18360,1,2025-07-31,,\n")
    for _ in range(2):
        reports = load_positions(connection, path, **OWNER, statement_date=JULY, today=TODAY)
        assert equity(connection) == (Decimal(20000),)
        assert (
            "starts with an equity of 20,000.00, the cost of the lots at entry, less 5,310.00 that sales, "
            "expiries and dividends brought until 2025-07-31, as the cash shows; --equity sets another."
        ) in " ".join(reports[1].notices)
    # corrected: two more shares of AAPL, with 410 less of cash and 2 of dividends more
    path = write("first.csv", SOLD + lots.replace("AAPL,10", "AAPL,12") + "SPAXX,17952,1,2025-07-31,,\n")
    load_positions(connection, path, **OWNER, statement_date=JULY, today=TODAY)
    assert equity(connection) == (Decimal(20000),)
    # without cash, what was sold is nowhere else
    path = write("first.csv", SOLD + lots)
    load_positions(connection, path, **OWNER, statement_date=JULY, today=TODAY)
    assert equity(connection) == (Decimal(6950),)


def test_a_downloads_equity_is_the_value_of_its_positions_and_cash(connection: Connection) -> None:
    load_positions(connection, SCHWAB, **OWNER, today=TODAY, terms=EntryTerms(entry_date=ENTRY))
    assert equity(connection) == (Decimal("34814.37"),)  # its own total


def test_what_is_bought_on_the_day_of_a_download_gains_once(connection: Connection, write: Write) -> None:
    # Silent failure prevented: the gain of the first day in the equity, and again as its P&L
    price(connection, "VTI", JUNE, "305")
    path = write(
        "june.csv", "Symbol,Description,Quantity,Price,Market Value,Cost Basis\nVTI,x,10,305,3050,2900\n"
    )
    starts = {}
    for day in (JUNE, ENTRY):
        terms = EntryTerms(entry_date=day, prices={"VTI": Decimal(300)})
        fields = PortfolioFields("Mine", "jane@example.com")
        found = prepare_positions(connection, path, fields, terms=terms, statement_date=JUNE, today=TODAY)
        starts[day] = found.portfolio.initial_equity
        assert found.reconciliation is not None
        assert found.reconciliation.ours == 3050
    assert starts == {JUNE: 3000, ENTRY: 3050}


def test_cash_of_interactive_brokers_counts(connection: Connection) -> None:
    found = prepared(connection, FILES / "ib_activity.csv")
    # 22,972 + 4,971 - 10,567.50 + 7,100 - 8,220 + 43,419.25
    assert found.portfolio.initial_equity == Decimal("59674.75")


def test_positions_that_add_up_to_nothing_ask_for_an_equity(connection: Connection, load: Any) -> None:
    with pytest.raises(InvalidPortfolio, match=r"add up to -50\.00 USD.*--equity.*ERR_PORT_004"):
        load("AAPL,1,200,2025-06-30\nMSFT,-1,250,2025-06-30\n", JUNE)
    assert equity(connection) is None


# --- the broker's totals -----------------------------------------------------------------------------------


def test_the_brokers_total_is_compared_with_ours_by_position(connection: Connection) -> None:
    put = {
        "symbol": "AAPL270115P00200000",
        "quote_date": date(2025, 9, 2),
        "underlying_symbol": "AAPL",
        "expiration_date": date(2027, 1, 15),
        "option_type": "PUT",
        "strike_price": 200,
        "last": Decimal("13.80"),
    }
    load_frame(connection, OPTION_QUOTES, pd.DataFrame([put]), source="files", origin="test")
    found = prepared(connection, SCHWAB)
    assert found.reconciliation is not None
    assert found.reconciliation.sentence == (
        "Your broker says 34,814.37; we say 34,734.37: AAPL put 2,840.00 there, 2,760.00 here."
    )
    given = prepared(connection, SCHWAB, equity=Decimal(50_000)).reconciliation
    assert given is not None
    assert given.sentence.startswith("Your broker says 34,814.37; we say 50,000.00: AAPL put")
    assert round(given.gap, 3) == Decimal("0.436")


def test_totals_that_differ_by_cents_are_both_said() -> None:
    # Silent failure prevented: a broker quoted with our cents
    exact, near = (
        Reconciliation(Decimal("102864.00"), Decimal(ours), (), Decimal(0), Decimal(0))
        for ours in (102864, "102864.30")
    )
    assert exact.sentence == "Your broker and we both say 102,864.00."
    assert near.sentence == "Your broker says 102,864.00; we say 102,864.30, the same to the dollar."


def test_what_the_brokers_total_has_beyond_its_rows_is_named(connection: Connection, write: Write) -> None:
    text = SCHWAB.read_text().replace("$34,814.37", "$35,000.00")
    found = prepared(connection, write("more.csv", text)).reconciliation
    assert found is not None
    assert found.sentence.endswith("185.63 of the broker's total is in none of its rows.")
    own = prepared(connection, write("own.csv", HEADER + "AAPL,1,200,2025-06-30\n"))
    assert own.reconciliation is None


@pytest.mark.parametrize(("balance", "expected"), [(1000, (0, 2100)), (3095, (0, 5)), (3500, (400, 0))])
def test_what_the_balance_of_cash_does_not_show_stays_beside_it(
    connection: Connection, load: Any, write: Write, balance: int, expected: tuple[int, int]
) -> None:
    # Silent failure prevented: a total compared without what the equity has beside the rows
    price(connection, "AAPL", JULY, "210")
    load("AAPL,10,205,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE)
    path = write("july.csv", HEADER + f"SPAXX,{balance},1,2025-06-30\n")
    fields = PortfolioFields("Mine", "jane@example.com")
    found = prepare_positions(connection, path, fields, statement_date=JULY, today=TODAY)
    key, after = found.portfolio.portfolio_id, [change.row for change in found.rows.changes]
    own, beside, _ = cash_flow(connection, key, found.before, after, JULY)
    assert beside is not None
    assert (int(sum(flow.amount for flow in own)), int(beside)) == expected


def test_a_total_is_not_compared_where_ours_is_not_known(connection: Connection, write: Write) -> None:
    # Silent failure prevented: "we both say", of the broker's own marks
    july = write("july.csv", SCHWAB.read_text().replace("2025/09/02", "2025/09/12"))
    load_positions(connection, SCHWAB, **OWNER, today=TODAY, terms=EntryTerms(entry_date=ENTRY))
    later = prepared(connection, july)
    assert later.reconciliation is None
    assert "an earlier statement is loaded and not built yet" in later.notices[-1]
    rows = [row for row in july.read_text().splitlines() if "SCHB" not in row]
    sold = prepared(connection, write("sold.csv", "\n".join(rows)))
    assert "not compared with ours: a price of what was sold since is not known." in sold.notices[-1]


# --- movements of cash -------------------------------------------------------------------------------------


def test_raising_a_cash_lot_is_a_contribution_of_the_statements_date(
    connection: Connection, load: Any
) -> None:
    # Silent failure prevented: the raised lot changed every day back to its entry, and equity none
    load("AAPL,10,205,2025-06-30\nSPAXX,15000,1,2025-06-30\n", JUNE)
    raised = "AAPL,10,205,2025-06-30\nSPAXX,20000,1,2025-06-30\n"
    _, positions, flow = load(raised, JULY)
    assert cash(connection) == [(15000, JUNE, None), (5000, JULY, None)]
    assert flows(connection) == [(5000, JULY)]
    assert positions.touched_from == flow.touched_from == JULY
    assert "a contribution of 5,000.00 on 2025-07-31" in " ".join(positions.notices)
    # the same statement again, and the next one with the same balance, change nothing
    assert [report.rows_new for report in load(raised, JULY)] == [0, 0]
    assert [report.rows_new for report in load(raised, AUGUST)] == [0, 0]


def test_a_corrected_statement_corrects_its_contribution(connection: Connection, load: Any) -> None:
    load("AAPL,10,205,2025-06-30\nSPAXX,15000,1,2025-06-30\n", JUNE)
    load("AAPL,10,205,2025-06-30\nSPAXX,20000,1,2025-06-30\n", JULY)
    load("AAPL,10,205,2025-06-30\nSPAXX,17000,1,2025-06-30\n", JULY)
    assert flows(connection) == [(2000, JULY)]
    load("AAPL,10,205,2025-06-30\nSPAXX,15000,1,2025-06-30\n", JULY)
    assert flows(connection) == []


def test_lowering_cash_takes_the_latest_lots_and_is_a_withdrawal(connection: Connection, load: Any) -> None:
    load("SPAXX,15000,1,2025-06-30\nAAPL,10,205,2025-06-30\n", JUNE)
    load("SPAXX,20000,1,2025-06-30\nAAPL,10,205,2025-06-30\n", JULY)
    load("SPAXX,13000,1,2025-06-30\nAAPL,10,205,2025-06-30\n", AUGUST)
    assert cash(connection) == [(2000, JUNE, AUGUST), (13000, JUNE, None), (5000, JULY, AUGUST)]
    assert flows(connection) == [(5000, JULY), (-7000, AUGUST)]


def test_cash_under_another_symbol_changes_no_day_before_the_statement(
    connection: Connection, load: Any
) -> None:
    # Silent failure prevented: the balance under both symbols on every day since the entry of the new row
    load("AAPL,10,205,2025-06-30\nCASH_USD,15000,1,2025-06-30\n", JUNE)
    rows = (
        "AAPL,10,205,2025-06-30\nSPAXX,9000,1,2025-06-30\nVMFXX,4000,1,2025-06-30\nVMFXX,2000,1,2025-06-01\n"
    )
    (_, positions) = load(rows, JULY)
    assert positions.touched_from == JULY
    assert cash(connection) == [(15000, JUNE, JULY), (9000, JULY, None), (6000, JULY, None)]
    assert load(rows, JULY)[1].rows_new == load(rows, AUGUST)[1].rows_new == 0
    # nor does cash that a statement left out
    load("AAPL,10,205,2025-06-30\nCASH_USD,15000,1,2025-06-30\n", AUGUST)
    assert cash(connection)[0] == (15000, JUNE, JULY)
    assert flows(connection) == []


def test_sales_purchases_dividends_and_known_flows_explain_cash(connection: Connection, load: Any) -> None:
    load("AAPL,10,205,2025-06-30\nMSFT,10,490,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE)
    price(connection, "MSFT", JULY, "530")
    dividend = {"symbol": "AAPL", "ex_date": date(2025, 7, 15), "action": "dividend", "value": Decimal(1)}
    load_frame(connection, CORPORATE_ACTIONS, pd.DataFrame([dividend]), source="files", origin="test")
    add_flow(connection, find_holder(connection, "Mine", None), Decimal(500), date(2025, 7, 10), today=TODAY)
    # MSFT is sold for 5,300, VTI bought for 3,000, 10 of dividends, 500 paid in: 1,000 become 3,810
    rows = "AAPL,10,205,2025-06-30\nVTI,10,300,2025-07-08\n"
    load(rows + "SPAXX,3810,1,2025-06-30\n", JULY)
    assert flows(connection) == [(500, date(2025, 7, 10))]
    assert cash(connection) == [(1000, JUNE, None), (2810, JULY, None)]
    # another 30, less than 1 % of the trades, is no flow, and is said
    [small] = [one for one in load(rows + "SPAXX,3840,1,2025-06-30\n", JULY)[1].notices if "Cash" in one]
    assert flows(connection) == [(500, date(2025, 7, 10))]
    assert "trades, dividends and known flows explain 2,810.00: the other 30.00 is small" in small
    assert "where it alone puts our equity 30.00 below the statement's" in small
    # another 4,000 came in with the same trades
    notices = load(rows + "SPAXX,7810,1,2025-06-30\n", JULY)[1].notices
    assert flows(connection) == [(500, date(2025, 7, 10)), (4000, JULY)]
    assert "trades, dividends and known flows explain 2,810.00" in " ".join(notices)


def test_a_dividend_goes_to_who_held_the_share_on_its_ex_date(
    connection: Connection, load: Any, write: Write
) -> None:
    # Silent failure prevented: the dividend of a lot that was sold before is a withdrawal, that of one bought
    # since a contribution
    load("AAPL,10,205,2025-06-30\nMSFT,10,490,2025-06-30\nSPAXX,5000,1,2025-06-30\n", JUNE)
    dividends = [
        {"symbol": symbol, "ex_date": date(2025, 7, 15), "action": "dividend", "value": Decimal(value)}
        for symbol, value in (("AAPL", 30), ("VTI", 20))
    ]
    load_frame(connection, CORPORATE_ACTIONS, pd.DataFrame(dividends), source="files", origin="test")
    # 2,100 for AAPL, 3,000 paid for VTI and 200 of its dividends: 5,000 become 4,300
    rows = (
        f"{HEADER.strip()},Exit Date,Exit Price Per Share\nAAPL,10,205,2025-06-30,2025-07-10,210\n"
        "MSFT,10,490,2025-06-30,,\nVTI,10,300,2025-07-08,,\nSPAXX,4300,1,2025-06-30,,\n"
    )
    july = write("july.csv", rows)
    notices = load_positions(connection, july, **OWNER, statement_date=JULY, today=TODAY)[1].notices
    assert flows(connection) == []
    assert not [notice for notice in notices if notice.startswith("Cash")]


def test_a_sale_whose_day_and_price_are_told_later_is_the_same_sale(
    connection: Connection, load: Any, write: Write
) -> None:
    # Silent failure prevented: its proceeds are explained twice, and the second time are a withdrawal
    load("AAPL,10,205,2025-06-30\nMSFT,10,490,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE)
    price(connection, "AAPL", JULY, "210")
    load("MSFT,10,490,2025-06-30\nSPAXX,3080,1,2025-06-30\n", JULY)
    assert flows(connection) == []
    rows = (
        f"{HEADER.strip()},Exit Date,Exit Price Per Share\nAAPL,10,205,2025-06-30,2025-07-10,208\n"
        "MSFT,10,490,2025-06-30,,\nVTI,10,300,2025-08-08,,\nSPAXX,80,1,2025-06-30,,\n"
    )
    august = write("august.csv", rows)
    load_positions(connection, august, **OWNER, statement_date=AUGUST, today=TODAY)
    assert flows(connection) == []


def test_a_sale_from_before_the_last_statement_explains_no_cash_since(
    connection: Connection, load: Any, write: Write
) -> None:
    # Silent failure prevented: a lot that was bought and sold before is listed for its gain, and a withdrawal
    load("AAPL,10,205,2025-06-20\nSPAXX,5000,1,2025-06-20\n", JUNE)
    rows = (
        f"{HEADER.strip()},Exit Date,Exit Price Per Share\nMSFT,10,490,2025-06-10,2025-06-20,500\n"
        "AAPL,10,205,2025-06-20,,\nVTI,10,300,2025-07-08,,\nSPAXX,2000,1,2025-06-20,,\n"
    )
    july = write("july.csv", rows)
    load_positions(connection, july, **OWNER, statement_date=JULY, today=TODAY)
    assert flows(connection) == []


def test_a_balance_that_trades_should_have_changed_is_named(connection: Connection, load: Any) -> None:
    # Silent failure prevented: shares that were paid in cash, which is still listed in full
    load("AAPL,10,205,2025-06-30\nSPAXX,15000,1,2025-06-30\n", JUNE)
    held = "AAPL,10,205,2025-06-30\nSPAXX,15000,1,2025-06-30\n"
    (_, positions) = load(held + "MSFT,10,500,2025-07-15\n", JULY)
    [notice] = [
        notice for notice in positions.notices if notice.startswith("Cash is 15,000.00 as before, while")
    ]
    assert "since 2025-06-30 cost 5,000.00: it is kept beside the balance." in notice
    assert flows(connection) == []
    (_, again) = load(held + "MSFT,10,500,2025-07-15\n", AUGUST)
    assert not any(notice.startswith("Cash is") for notice in again.notices)


def test_a_lot_that_was_larger_than_stated_is_paid_out_of_the_cash(connection: Connection, load: Any) -> None:
    # Silent failure prevented: it is corrected from its entry on and paid there, and is a withdrawal, too
    load("AAPL,10,205,2025-06-20\nSPAXX,7950,1,2025-06-20\n", JUNE)
    notices = load("AAPL,15,205,2025-06-20\nSPAXX,6925,1,2025-06-20\n", JULY)[1].notices
    assert flows(connection) == []
    assert not [one for one in notices if one.startswith("Cash")]


def test_a_lot_that_a_statement_forgot_takes_its_sale_back_with_the_next(
    connection: Connection, load: Any
) -> None:
    # Silent failure prevented: what its sale did not bring is a withdrawal for good
    held = "AAPL,10,205,2025-06-20\nMSFT,10,490,2025-06-20\n"
    load(f"{held}SPAXX,1000,1,2025-06-20\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    load("AAPL,10,205,2025-06-20\nSPAXX,10000,1,2025-06-20\n", JULY)  # 9,000 paid in
    for _ in range(2):
        (_, positions, *_) = load(f"{held}SPAXX,10500,1,2025-06-20\n", AUGUST)  # and 500
        assert flows(connection) == [(9000, JULY), (500, AUGUST)]
    assert not [one for one in positions.notices if "told otherwise" in one]
    # forgotten again by a corrected version
    load("AAPL,10,205,2025-06-20\nSPAXX,10500,1,2025-06-20\n", AUGUST)
    assert flows(connection) == [(9000 - 5000, JULY), (500, AUGUST)]


def test_a_forgotten_lot_takes_its_sale_back_where_the_flow_was_removed(
    connection: Connection, load: Any
) -> None:
    # Silent failure prevented: a withdrawal that was none is removed as advised, and comes as a contribution
    held = "AAPL,10,205,2025-06-20\nMSFT,10,490,2025-06-20\n"
    load(f"{held}SPAXX,1000,1,2025-06-20\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    load("AAPL,10,205,2025-06-20\nSPAXX,1500,1,2025-06-20\n", JULY)
    [(key,)] = connection.execute("select flow_id::text from raw.capital_flows").fetchall()
    remove_flow(connection, key)
    notices = load(f"{held}SPAXX,1575,1,2025-06-20\n", AUGUST)[1].notices
    assert flows(connection) == [(500, JULY), (75, AUGUST)]
    assert (
        "Trades that the statement of 2025-07-31 counted are told otherwise now: by its change of cash it "
        "has a contribution of 500.00, where it had no flow."
    ) in notices


def test_a_sale_told_later_at_another_price_takes_its_flow_back(
    connection: Connection, load: Any, write: Write
) -> None:
    # Silent failure prevented: what it brought more is a contribution until it is told, then a withdrawal
    load("AAPL,10,205,2025-06-20\nMSFT,10,490,2025-06-20\nSPAXX,1000,1,2025-06-20\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    load("AAPL,10,205,2025-06-20\nSPAXX,6200,1,2025-06-20\n", JULY)
    assert flows(connection) == [(200, JULY)]
    rows = SOLD + "AAPL,10,205,2025-06-20,,\nMSFT,10,490,2025-06-20,2025-07-10,520\n"
    for balance, day in (("6230", AUGUST), ("6250", SEPTEMBER)):
        path = write("told.csv", f"{rows}SPAXX,{balance},1,2025-06-20,,\n")
        load_positions(connection, path, **OWNER, statement_date=day, today=TODAY)
    assert flows(connection) == [(30, AUGUST), (20, SEPTEMBER)]


@pytest.mark.parametrize(
    ("july", "august", "in_july"),
    [
        ("SPAXX,7050,1", "SPAXX,7000,1", [(-2950, JULY)]),  # July's cash has paid for the lot it forgot
        ("SPAXX,10100,1", "SPAXX,7000,1", [(100, JULY)]),  # July's file is older than the purchase
    ],
)
def test_a_purchase_told_later_counts_where_the_cash_shows_it(
    connection: Connection, load: Any, july: str, august: str, in_july: list[Any]
) -> None:
    # Silent failure prevented: a withdrawal of what a forgotten lot cost, and the cost of the lot
    load("AAPL,10,205,2025-06-30\nSPAXX,10000,1,2025-06-30\n", JUNE)
    load(f"AAPL,10,205,2025-06-30\n{july},2025-06-30\n", JULY)
    assert flows(connection) == in_july
    bought = "AAPL,10,205,2025-06-30\nMSFT,6,500,2025-07-15\n"
    load(f"{bought}{august},2025-06-30\n", AUGUST)
    assert [flow for flow in flows(connection) if abs(flow[0]) >= 200] == []
    load(f"{bought}SPAXX,9000,1,2025-06-30\n", SEPTEMBER)
    assert sum(amount for amount, _ in flows(connection)) == 9000 + 3000 - 10000


@pytest.mark.parametrize("is_in_july", [True, False])
def test_a_sale_told_later_counts_where_the_cash_shows_it(
    connection: Connection, load: Any, write: Write, *, is_in_july: bool
) -> None:
    # Silent failure prevented: a contribution in the month of the sale, and a withdrawal in the next
    load("AAPL,10,205,2025-06-20\nSPAXX,1000,1,2025-06-20\n", JUNE)
    balance = 3400 if is_in_july else 1300  # with 300 paid in
    load(f"AAPL,10,205,2025-06-20\nSPAXX,{balance},1,2025-06-20\n", JULY)
    path = write("told.csv", SOLD + "AAPL,10,205,2025-06-20,2025-07-28,210\nSPAXX,3390,1,2025-06-20,,\n")
    load_positions(connection, path, **OWNER, statement_date=AUGUST, today=TODAY)
    assert flows(connection) == [(300, JULY), (-10, AUGUST)][: 1 + is_in_july]


def test_a_purchase_told_later_is_paid_where_one_change_is_explained(
    connection: Connection, load: Any
) -> None:
    # Silent failure prevented: beside what was paid in, its cost is a contribution in July
    load("AAPL,10,205,2025-06-30\nSPAXX,10000,1,2025-06-30\n", JUNE)
    load("AAPL,10,205,2025-06-30\nSPAXX,10100,1,2025-06-30\n", JULY)
    load("AAPL,10,205,2025-06-30\nMSFT,6,500,2025-07-15\nSPAXX,29100,1,2025-06-30\n", AUGUST)
    assert flows(connection) == [(100, JULY), (22_000, AUGUST)]


def test_a_trade_that_a_known_flow_moves_corrects_the_statement_before(
    connection: Connection, load: Any, write: Write
) -> None:
    # Silent failure prevented: the sale counts in July's flow and beside August's for good
    load("AAPL,10,205,2025-06-20\nSPAXX,1000,1,2025-06-20\n", JUNE)
    load("AAPL,10,205,2025-06-20\nSPAXX,25100,1,2025-06-20\n", JULY)  # 22,000 paid in
    path = write("told.csv", SOLD + "AAPL,10,205,2025-06-20,2025-07-28,210\nSPAXX,40100,1,2025-06-20,,\n")
    load_positions(connection, path, **OWNER, statement_date=AUGUST, today=TODAY)
    own_day = date(2025, 8, 11)
    add_flow(connection, find_holder(connection, "Mine", None), Decimal(15_000), own_day, today=TODAY)
    for _ in range(2):
        load_positions(connection, path, **OWNER, statement_date=AUGUST, today=TODAY)
        assert flows(connection) == [(22_000, JULY), (15_000, own_day)]


def test_a_statement_loaded_twice_has_the_same_flow(connection: Connection, load: Any) -> None:
    # Silent failure prevented: 698 the first time, with the 2 that July leaves open, and 700 the second
    held = "AAPL,10,205,2025-06-20\nMSFT,10,490,2025-06-20\n"
    bought = "VTI,4,300,2025-07-08\n"
    load(f"{held}SPAXX,10000,1,2025-06-20\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    load(f"AAPL,10,205,2025-06-20\n{bought}SPAXX,8798,1,2025-06-20\n", JULY)
    for _ in range(2):
        load(f"{held}{bought}SPAXX,9498,1,2025-06-20\n", AUGUST)
        assert flows(connection) == [(700, AUGUST)]


def test_what_is_paid_in_while_cash_is_left_out_is_a_flow(connection: Connection, load: Any) -> None:
    # Silent failure prevented: it is in no flow and no notice, and missing in the equity
    load("AAPL,10,205,2025-06-30\nSPAXX,3000,1,2025-06-30\n", JUNE)
    load("AAPL,10,205,2025-06-30\nVTI,4,300,2025-07-08\n", JULY)
    load("AAPL,10,205,2025-06-30\nVTI,4,300,2025-07-08\n", AUGUST)
    rows = "AAPL,10,205,2025-06-30\nVTI,4,300,2025-07-08\nSPAXX,3800,1,2025-06-30\n"
    [notice] = load(rows, SEPTEMBER)[1].notices
    assert notice.startswith("Cash changed from 3,000.00 to 3,800.00, of which trades, dividends and known ")
    assert flows(connection) == [(2000, SEPTEMBER)]


def test_a_balance_of_a_corrected_statement_is_not_called_sold(load: Any) -> None:
    load("AAPL,10,205,2025-06-30\nSPAXX,3000,1,2025-06-30\n", JUNE)
    load("AAPL,10,205,2025-06-30\nSPAXX,5000,1,2025-06-30\n", JULY)
    notices = load("AAPL,10,205,2025-06-30\nSPAXX,3000,1,2025-06-30\n", JULY)[1].notices
    assert notices == (
        "The contribution of 2,000.00 on 2025-07-31 is taken back: this statement has none now.",
    )


def test_a_lot_that_grows_between_two_statements_is_paid_then(connection: Connection, load: Any) -> None:
    # Silent failure prevented: an earlier month that has paid for shares of a later one
    load("AAPL,10,205,2025-06-20\nSPAXX,5000,1,2025-06-20\n", JUNE)
    load("AAPL,10,205,2025-06-20\nVTI,4,300,2025-07-08\nSPAXX,3800,1,2025-06-20\n", JULY)
    load("AAPL,10,205,2025-06-20\nVTI,6,300,2025-07-08\nSPAXX,3200,1,2025-06-20\n", AUGUST)
    assert flows(connection) == []


def test_a_dividend_that_is_paid_after_its_statement_is_no_flow(connection: Connection, load: Any) -> None:
    # Silent failure prevented: small beside the sale of its week, a contribution in the next, and twice in
    # the equity
    load("AAPL,10,205,2025-06-20\nMSFT,10,490,2025-06-20\nSPAXX,1000,1,2025-06-20\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    dividend = {"symbol": "AAPL", "ex_date": date(2025, 7, 30), "action": "dividend", "value": Decimal(4)}
    load_frame(connection, CORPORATE_ACTIONS, pd.DataFrame([dividend]), source="files", origin="test")
    load("AAPL,10,205,2025-06-20\nSPAXX,6000,1,2025-06-20\n", JULY)
    notices = load("AAPL,10,205,2025-06-20\nSPAXX,6040,1,2025-06-20\n", AUGUST)[1].notices
    assert not [one for one in notices if one.startswith("Cash")]
    assert flows(connection) == []
    # the dividend, and 3 of interest
    [notice] = load("AAPL,10,205,2025-06-20\nSPAXX,6043,1,2025-06-20\n", AUGUST)[1].notices
    assert "with what the statements before left open, explain 40.00: a contribution of 3.00" in notice
    load("AAPL,10,205,2025-06-20\nSPAXX,6083,1,2025-06-20\n", SEPTEMBER)
    assert flows(connection) == [(3, AUGUST), (40, SEPTEMBER)]


def test_a_forgotten_lot_takes_its_sale_back_beside_an_equal_balance(
    connection: Connection, load: Any
) -> None:
    # Silent failure prevented: the withdrawal of its sale stays until the balance changes
    held = "AAPL,10,205,2025-06-20\nMSFT,10,490,2025-06-20\n"
    load(f"{held}SPAXX,1000,1,2025-06-20\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    load("AAPL,10,205,2025-06-20\nSPAXX,1200,1,2025-06-20\n", JULY)
    for _ in range(2):
        notices = load(f"{held}SPAXX,1200,1,2025-06-20\n", AUGUST)[1].notices
        assert flows(connection) == [(200, JULY)]
        assert not [one for one in notices if one.startswith("Cash")]
    load(f"{held}SPAXX,1900,1,2025-06-20\n", SEPTEMBER)
    assert flows(connection) == [(200, JULY), (700, SEPTEMBER)]


def test_a_forgotten_lot_beside_an_old_balance_has_no_flow(connection: Connection, load: Any) -> None:
    held = "AAPL,10,205,2025-06-20\nMSFT,10,490,2025-06-20\n"
    load(f"{held}SPAXX,1000,1,2025-06-20\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    load("AAPL,10,205,2025-06-20\nSPAXX,1000,1,2025-06-20\n", JULY)
    load(f"{held}SPAXX,1000,1,2025-06-20\n", AUGUST)
    assert flows(connection) == []


def test_cash_that_a_statement_leaves_out_is_named_unless_trades_took_it(load: Any) -> None:
    # Silent failure prevented: cash that was paid out, or that a spreadsheet forgot, stays in the equity
    load("AAPL,10,205,2025-06-30\nSPAXX,3000,1,2025-06-30\n", JUNE)
    [notice] = [one for one in load("AAPL,10,205,2025-06-30\n", JULY)[1].notices if "cash" in one]
    assert "where the one of 2025-06-30 had 3,000.00." in notice
    assert "3,000.00 is kept beside the positions" in notice
    spent = "AAPL,10,205,2025-06-30\nVTI,10,300,2025-07-08\n"
    assert not [one for one in load(spent, JULY)[1].notices if "cash" in one]


def test_a_flow_that_a_statement_has_counted_is_named(
    connection: Connection, load: Any, write: Write
) -> None:
    # Silent failure prevented: a deposit by the change of cash, and again with its own day
    load("AAPL,10,205,2025-06-30\nSPAXX,15000,1,2025-06-30\n", JUNE)
    raised = "AAPL,10,205,2025-06-30\nSPAXX,18000,1,2025-06-30\n"
    load(raised, JULY)
    holder = find_holder(connection, "Mine", None)
    for amount, day in ((-3000, date(2025, 7, 8)), (3000, date(2025, 8, 4))):
        assert counted_by_statement(connection, holder.key, Decimal(amount), day) is None
    path = write("flows.csv", "portfolio_name,flow_date,amount\nMine,2025-07-08,2000\n")
    [notice] = load_capital_flows(connection, path, today=TODAY).notices
    assert "The statement of 2025-07-31 has a contribution of 3,000.00 by its change of cash" in notice
    assert "2,000.00 on 2025-07-08 counts too" in notice
    assert load_capital_flows(connection, path, today=TODAY).notices == ()
    load(raised, JULY)  # what the notice advises
    assert flows(connection) == [(2000, date(2025, 7, 8)), (1000, JULY)]
    add_flow(connection, holder, Decimal(1000), date(2025, 7, 9), today=TODAY)
    notices = " ".join(load(raised, JULY)[1].notices)
    assert "The contribution of 1,000.00 on 2025-07-31 is taken back: this statement has none now." in notices


def test_a_sale_without_a_price_leaves_the_flow_open(connection: Connection, load: Any) -> None:
    load("AAPL,10,205,2025-06-30\nMSFT,10,490,2025-06-30\nSPAXX,1000,1,2025-06-30\n", JUNE)
    notices = load("AAPL,10,205,2025-06-30\nSPAXX,9000,1,2025-06-30\n", JULY)[1].notices
    assert flows(connection) == []
    assert "the price of a sale since 2025-06-30 is not known" in " ".join(notices)
    assert "load prices and then this statement again" in " ".join(notices)
    closes = pd.DataFrame([{"symbol": "MSFT", "price_date": JULY, "close": 500}])
    load_frame(connection, PRICES, closes, source="files", origin="test")
    load("AAPL,10,205,2025-06-30\nSPAXX,9000,1,2025-06-30\n", JULY)
    assert flows(connection) == [(3000, JULY)]


def test_trades_beside_an_old_balance_are_named_from_a_dollar_on(load: Any) -> None:
    # Silent failure prevented: cash that is hundreds away from the account's, since the balance is large
    load("AAPL,10,205,2025-06-30\nSPAXX,60000,1,2025-06-30\n", JUNE)
    bought = "AAPL,10,205,2025-06-30\nAAPL,2,210,2025-07-09\nSPAXX,60000,1,2025-06-30\n"
    [notice] = load(bought, JULY)[1].notices
    assert notice.startswith(
        "Cash is 60,000.00 as before, while trades, dividends and known flows since 2025-06-30 cost 420.00"
    )


def test_a_contribution_that_was_taken_back_stays_so_for_other_statements(
    connection: Connection, load: Any
) -> None:
    load("SPAXX,15000,1,2025-06-30\nAAPL,10,205,2025-06-30\n", JUNE)
    load("SPAXX,20000,1,2025-06-30\nAAPL,10,205,2025-06-30\n", JULY)
    row = connection.execute("select flow_id::text from raw.capital_flows").fetchone()
    assert row is not None
    remove_flow(connection, row[0])
    load("SPAXX,20000,1,2025-06-30\nAAPL,10,205,2025-06-30\n", AUGUST)
    assert flows(connection) == []


def test_the_sale_of_a_part_brings_no_flow_back(connection: Connection, load: Any) -> None:
    # Silent failure prevented: a flow that the user took back returns, since the dividend of the lot is now
    # that of two parts
    load("AAPL,10,205,2025-06-20\nSPAXX,1000,1,2025-06-20\n", JUNE)
    dividend = {"symbol": "AAPL", "ex_date": date(2025, 7, 10), "action": "dividend", "value": Decimal(4)}
    load_frame(connection, CORPORATE_ACTIONS, pd.DataFrame([dividend]), source="files", origin="test")
    load("AAPL,10,205,2025-06-20\nSPAXX,1540,1,2025-06-20\n", JULY)
    assert flows(connection) == [(500, JULY)]
    [(key,)] = connection.execute("select flow_id::text from raw.capital_flows").fetchall()
    remove_flow(connection, key)
    price(connection, "AAPL", AUGUST, "210")
    notices = load("AAPL,6,205,2025-06-20\nSPAXX,2380,1,2025-06-20\n", AUGUST)[1].notices
    assert flows(connection) == []
    assert not [one for one in notices if "told otherwise" in one]


def test_cash_that_a_download_lists_as_nothing_was_paid_out(connection: Connection, write: Write) -> None:
    # Silent failure prevented: a balance of $0.00 read as one that is not listed, which stays in the equity
    def statement(day: str, cash: str) -> tuple[str, ...]:
        text = SCHWAB.read_text().replace("2025/09/02", day).replace("$11,301.37", cash)
        rows = [line for line in text.splitlines() if "SWVXX" not in line]
        path = write("schwab.csv", "\n".join(rows))
        terms = EntryTerms(entry_date=ENTRY)
        return load_positions(connection, path, **OWNER, today=TODAY, terms=terms)[1].notices

    statement("2025/09/02", "$11,301.37")
    notices = statement("2025/09/12", "$0.00")
    assert flows(connection) == [(Decimal("-11301.37"), date(2025, 9, 12))]
    assert not [one for one in notices if "lists no cash" in one]
    statement("2025/09/19", "$3,000.00")
    assert flows(connection)[1:] == [(3000, date(2025, 9, 19))]


def test_a_lot_that_a_later_statement_withdraws_never_counts(
    connection: Connection, load: Any, write: Write
) -> None:
    # Silent failure prevented: a lot at a wrong price is sold at the close, beside the one at the right price
    held = "AAPL,10,205,2025-06-20\n"
    load(f"{held}SPAXX,5000,1,2025-06-20\n", JUNE)
    load(f"{held}VTI,4,280,2025-07-08\nSPAXX,3800,1,2025-06-20\n", JULY)
    assert flows(connection) == [(-80, JULY)]
    price(connection, "VTI", AUGUST, "310")
    rows = "VTI,4,280,2025-07-08,2025-07-08,280\nVTI,4,300,2025-07-08,,\n"
    path = write("told.csv", f"{SOLD}AAPL,10,205,2025-06-20,,\n{rows}SPAXX,3900,1,2025-06-20,,\n")
    for _ in range(2):
        reports = load_positions(connection, path, **OWNER, statement_date=AUGUST, today=TODAY)
        assert flows(connection) == [(100, AUGUST)]
        assert not [one for one in reports[1].notices if "earlier version of this statement" in one]
    lots = connection.execute(
        "select distinct on (position_id) entry_price, quantity, exit_date, exit_price from raw.positions "
        "where symbol = 'VTI' order by position_id, load_id desc"
    ).fetchall()
    wrong, right = sorted(lots)
    assert wrong == (280, 4, date(2025, 7, 8), 280)
    assert right == (300, 4, None, None)


def robinhood(connection: Connection, write: Write, rows: str, day: date, **terms: Any) -> tuple[str, ...]:
    """Load a download of averaged positions; the notices."""
    path = write("robinhood.csv", ROBINHOOD + rows)
    said = EntryTerms(entry_date=ENTRY if day == JUNE else day, **terms)
    return load_positions(connection, path, **OWNER, statement_date=day, today=TODAY, terms=said)[1].notices


def test_the_price_of_a_purchase_after_a_sale_is_named(connection: Connection, write: Write) -> None:
    # Silent failure prevented: the broker sold the cheap half of a lot that we know by its average, so shares
    # bought at 500 count at 550: a loss of one day and a contribution, without a word
    robinhood(connection, write, "MSFT,100,300\nCASH,60000,\n", JUNE)
    price(connection, "MSFT", JULY, "500")
    sold = robinhood(connection, write, "MSFT,50,400\nCASH,85000,\n", JULY)
    assert not [one for one in sold if "performance starts" in one]
    connection.execute("delete from raw.stated_costs")  # as of statements from before they were kept
    connection.commit()
    bought = "MSFT,150,466.6667\nCASH,35000,\n"
    price(connection, "MSFT", AUGUST, "500")
    fields, path = PortfolioFields("Mine", "jane@example.com"), write("robinhood.csv", ROBINHOOD + bought)
    found = prepare_positions(
        connection, path, fields, statement_date=AUGUST, today=TODAY, terms=EntryTerms(entry_date=AUGUST)
    )
    [asked] = questions(connection, found, thresholds_of(Settings()))
    assert asked.sentence.startswith(
        "MSFT at 550 on 2025-08-29 is 10 % above that day's close of 500. It is what"
    )
    notices = robinhood(connection, write, bought, AUGUST)
    assert flows(connection) == [(5000, AUGUST)]
    assert [one for one in notices if "MSFT bought at 550" in one and "--entry-price MSFT=USD" in one]
    notices = robinhood(connection, write, bought, AUGUST, prices={"MSFT": Decimal(500)})
    assert flows(connection) == []
    assert not [one for one in notices if "bought at" in one]


def test_a_contract_that_is_listed_once_it_expired_is_not_sold_again(
    connection: Connection, write: Write
) -> None:
    # Silent failure prevented: the download of the evening on which an option expires lists it, and it counts
    # as written once more, with the premium as a gain and a withdrawal beside it
    call = "AAPL Aug 15 '25 $250 Call"
    robinhood(connection, write, f"AAPL,200,200\n{call},-2,0.90\nCASH,1000,\n", JUNE)
    price(connection, "AAPL", date(2025, 8, 15), "230")
    for day, cash in ((date(2025, 8, 15), 1500), (date(2025, 8, 16), 1500), (date(2025, 8, 18), 1600)):
        robinhood(connection, write, f"AAPL,200,200\n{call},-2,0.90\nCASH,{cash},\n", day)
    assert flows(connection) == [(500, date(2025, 8, 15)), (100, date(2025, 8, 18))]
    lots = connection.execute(
        "select distinct on (position_id) quantity, entry_date, exit_date from raw.positions "
        "where option_type is not null order by position_id, load_id desc"
    ).fetchall()
    assert lots == [(-2, ENTRY, None)]


def test_a_position_that_a_download_left_out_was_not_sold(connection: Connection, write: Write) -> None:
    # Silent failure prevented: bought again at its average cost, with a gain and a flow of the difference
    held = "AAPL,10,205\nVTI,4,300\nCASH,1000,\n"
    robinhood(connection, write, held, JUNE)
    price(connection, "AAPL", JULY, "215")
    robinhood(connection, write, "VTI,4,300\nCASH,1000,\n", JULY)
    notices = robinhood(connection, write, held.replace("1000", "1100"), AUGUST)
    assert [one for one in notices if "lots that an earlier statement left out: they were not sold" in one]
    assert flows(connection) == [(100, AUGUST)]
    lots = connection.execute(
        "select distinct on (position_id) quantity, entry_date, exit_date from raw.positions "
        "where symbol = 'AAPL' order by position_id, load_id desc"
    ).fetchall()
    assert lots == [(10, ENTRY, None)]


def test_a_preview_names_prices_that_end_before_it(connection: Connection, write: Write) -> None:
    # Silent failure prevented: a preview without the week's dividends and splits, as what is loaded
    price(connection, "AAPL", JUNE, "210")
    path = write("july.csv", HEADER + "AAPL,10,205,2025-06-30\nMSFT,1,490,2025-06-30\n")
    fields = PortfolioFields("Mine", "jane@example.com")
    found = prepare_positions(connection, path, fields, statement_date=JULY, today=TODAY)
    assert preview(connection, found).behind == ("AAPL",)


def test_cash_that_is_spent_is_not_a_sale_whose_price_is_asked_for(load: Any) -> None:
    load("SPAXX,15000,1,2025-06-30\nAAPL,10,205,2025-06-30\n", JUNE)
    rows = "SPAXX,12950,1,2025-06-30\nAAPL,10,205,2025-06-30\nAAPL,10,205,2025-07-08\n"
    assert not [notice for notice in load(rows, JULY)[1].notices if "sold" in notice]


def lot(quantity: int, day: date) -> Lot:
    return Lot(2, "SPAXX", "PUBLIC", "CASH", Decimal(quantity), Decimal(1), day, None, None, None)


def held(quantity: int, day: date, statement: date) -> dict[str, Any]:
    return {
        "symbol": "SPAXX",
        "investment_subtype": "CASH",
        "quantity": Decimal(quantity),
        "entry_price": Decimal(1),
        "entry_date": day,
        "exit_date": None,
        "expiration_date": None,
        "statement_date": statement,
    }


@pytest.mark.parametrize(
    ("before", "stated", "after"),
    [
        # a deposit as a row of its own keeps its date
        ([(15, JUNE)], [(15, JUNE), (5, date(2025, 7, 9))], [(15, JUNE), (5, date(2025, 7, 9))]),
        # one row with another date, or several rows, are the same balance
        ([(15, JUNE)], [(20, JULY)], [(15, JUNE), (5, JULY)]),
        ([(15, JUNE), (5, JULY)], [(20, JUNE)], [(15, JUNE), (5, JULY)]),
        # borrowing that turns into cash, and grows
        ([(-15, JUNE)], [(-20, JUNE)], [(-15, JUNE), (-5, AUGUST)]),
        ([(-15, JUNE)], [(20, JUNE)], [(20, AUGUST)]),
    ],
)
def test_a_balance_of_cash_is_known_lots_and_a_movement(
    before: list[tuple[int, date]], stated: list[tuple[int, date]], after: list[tuple[int, date]]
) -> None:
    last = JULY if len(before) > 1 else JUNE
    as_of = AUGUST if after[-1][1] == AUGUST or len(before) > 1 else JULY
    found = with_cash_movements([lot(*one) for one in stated], [held(*one, last) for one in before], as_of)
    assert [(int(one.quantity), one.entry_date) for one in found] == after


def test_the_preview_shows_the_flow_and_both_totals(connection: Connection) -> None:
    shown = preview(connection, prepared(connection, SCHWAB))
    assert shown.equity == Decimal("34814.37")
    assert shown.reconciliation is not None
    assert shown.reconciliation.sentence == "Your broker and we both say 34,814.37."


def test_the_preview_names_each_changed_lot_with_before_and_after(
    connection: Connection, load: Any, write: Write
) -> None:
    load(
        "AAPL,10,205,2025-06-30\nMSFT,10,490,2025-06-30\nVTI,4,300,2025-06-30\nSPAXX,1000,1,2025-06-30\n",
        JUNE,
    )
    rows = "AAPL,12,205,2025-06-30\nMSFT,4,490,2025-06-30\nNVDA,1,170,2025-07-08\nSPAXX,900,1,2025-06-30\n"
    fields = PortfolioFields("Mine", "jane@example.com")
    path = write("july.csv", HEADER + rows)
    found = prepare_positions(connection, path, fields, statement_date=JULY, today=TODAY)
    shown = preview(connection, found)
    assert [change.sentence for change in shown.changed] == [
        "changed: AAPL of 2025-06-30 at 205: 10 -> 12",
        "changed: MSFT of 2025-06-30 at 490: 10 -> 4",
        "sold in part: MSFT of 2025-06-30 at 490: 10 -> 6 sold on 2025-07-31 at that day's close",
        "changed: SPAXX of 2025-06-30 at 1: 1000 -> 900",
        "sold in part: SPAXX of 2025-06-30 at 1: 1000 -> 100 sold on 2025-07-31 at that day's close",
        "closed: VTI of 2025-06-30 at 300: 4 -> 4 sold on 2025-07-31 at that day's close",
    ]
