"""What a statement is asked about before it is loaded, and what it is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.cli.confirm import thresholds as thresholds_of
from ingestion.demo.demo import demo_portfolios
from ingestion.portfolios.portfolios import PortfolioFields
from ingestion.raw.datasets import PRICES
from ingestion.raw.loads import Connection, load_frame
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.checks import Question, Thresholds, questions
from ingestion.statements.load import load_positions, prepare_positions
from warehouse.settings import Settings

Ask = Callable[..., list[tuple[str, int | None, str]]]

PER_SHARE = "the price of an option is per share of the underlying (5.08, not 508)."
HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share\n"
TODAY, JUNE, JULY = date(2026, 2, 2), date(2025, 6, 30), date(2025, 7, 31)
USUAL = thresholds_of(Settings())
CLOSES = {"AAPL": "205.17", "MSFT": "497.41", "SPY": "617.85"}


@pytest.fixture(scope="module")
def priced(module_connection: Connection) -> Connection:
    """A warehouse with closes of two days, and the portfolio `Held`."""
    days = [
        {"symbol": s, "price_date": d, "close": Decimal(c)} for s, c in CLOSES.items() for d in (JUNE, JULY)
    ]
    load_frame(module_connection, PRICES, pd.DataFrame(days), source="files", origin="test")
    return module_connection


@pytest.fixture
def ask(priced: Connection, tmp_path: Path) -> Ask:
    """Code, row and sentence of what is asked about rows of our columns."""

    def ask_about(
        rows: str,
        *,
        name: str = "New",
        equity: str | None = "100000",
        thresholds: Thresholds | None = None,
        has_asked: bool = False,
        day: date = JULY,
    ) -> list[tuple[str, int | None, str]]:
        path = tmp_path / "mine.csv"
        path.write_text(HEADER + rows)
        fields = PortfolioFields(name, "jane@example.com", equity)
        prepared = prepare_positions(priced, path, fields, statement_date=day, today=TODAY)
        found = questions(priced, prepared, thresholds or USUAL, has_asked_for_prices=has_asked)
        return [(question.code, question.row, question.sentence) for question in found]

    return ask_about


def test_a_price_far_from_that_days_close(ask: Ask) -> None:
    assert ask("AAPL,10,20.5,2025-06-30,,\nMSFT,10,497,2025-06-30,,\n") == [
        ("ASK_PRICE", 2, "AAPL at 20.5 on 2025-06-30 is 90 % below that day's close of 205.17.")
    ]
    sold = "AAPL,10,205,2025-06-30,2025-07-31,2052\n"
    assert ask(sold) == [
        ("ASK_PRICE", 2, "AAPL at 2052 on 2025-07-31 is 900.1 % above that day's close of 205.17.")
    ]
    assert ask("AAPL,10,225,2025-06-30,,\n") == []
    assert len(ask("AAPL,10,225,2025-06-30,,\n", thresholds=replace(USUAL, price_percent=Decimal(5)))) == 1
    assert ask("AAPL,10,2,2024-06-28,,\n") == []  # no close of that day is known


def test_a_close_of_another_day_is_not_called_that_days(ask: Ask) -> None:
    [(_, _, sentence)] = ask("AAPL,10,20.5,2025-07-02,,\n")
    assert sentence.endswith("is 90 % below the last known close, 205.17 of 2025-06-30.")
    [(_, _, sentence)] = ask(
        "AAPL,10,20.5,2025-08-02,,\n", day=date(2025, 8, 4)
    )  # a Saturday, whose Friday has none
    assert sentence.endswith("is 90 % below the last known close, 205.17 of 2025-07-31.")


def test_an_option_above_its_underlying(ask: Ask) -> None:
    assert ask(
        "SPY270115C00600000,1,6178,2025-06-30,,\nAAPL270115P00200000,1,508,2025-06-30,,\n", equity="1000000"
    ) == [
        (
            "ASK_OPTION",
            2,
            f"SPY270115C00600000 at 6178 on 2025-06-30 costs more than SPY's close of 617.85; {PER_SHARE}",
        ),
        (
            "ASK_OPTION",
            3,
            f"AAPL270115P00200000 at 508 on 2025-06-30 costs more than its strike of 200; {PER_SHARE}",
        ),
    ]
    assert ask("SPY270115C00600000,1,61.78,2025-06-30,,\nAAPL270115P00200000,1,15,2025-06-30,,\n") == []


def test_a_quantity_and_a_gross_exposure_out_of_proportion(ask: Ask) -> None:
    assert ask("AAPL,1000,205,2025-06-30,,\nMSFT,-700,497,2025-06-30,,\nSPAXX,900000,1,2025-06-30,,\n") == [
        ("ASK_QUANTITY", 2, "1000 AAPL cost 205,000.00, 2 times the equity of 100,000.00."),
        ("ASK_QUANTITY", 3, "-700 MSFT cost 347,900.00, 3.5 times the equity of 100,000.00."),
        ("ASK_GROSS", None, "Long and short positions cost 552,900.00, 5.5 times the equity of 100,000.00."),
    ]
    wide = replace(USUAL, position_to_equity=Decimal(4), gross_to_equity=Decimal(6))
    assert ask("AAPL,1000,205,2025-06-30,,\nMSFT,-700,497,2025-06-30,,\n", thresholds=wide) == []


def test_a_symbol_that_nobody_prices(ask: Ask) -> None:
    rows = "AAPL,10,205,2025-06-30,,\nAPPL,10,205,2025-06-30,,\nHOME_FLAT,1,9,2025-06-30,,\n"
    assert ask(rows) == []  # nobody was asked yet
    [(code, row, sentence)] = ask(rows, has_asked=True)
    assert (code, row) == ("ASK_SYMBOL", 3)
    assert sentence.startswith("No source has a price of APPL: correct the symbol, or give it")


def test_a_statement_of_another_portfolio_and_one_that_repeats(
    ask: Ask, priced: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "held.csv"
    rows = "AAPL,10,205,2025-06-30,,\nMSFT,10,497,2025-06-30,,\nXYZ,900,990,2025-06-30,,\n"
    path.write_text(HEADER + rows)
    fields: dict[str, Any] = {"portfolio_name": "Held", "owner_email": "jane@example.com"}
    load_positions(priced, path, **fields, equity=Decimal(100_000), statement_date=JUNE, today=TODAY)
    # a book that was confirmed before is not asked about again
    assert ask(rows, name="Held", equity=None, has_asked=True) == []
    other = "AAPL,10,205,2025-06-30,,\nSPY,10,617,2025-07-31,,\n"
    [(code, row, sentence)] = ask(other, name="Held", equity=None)
    assert (code, row) == ("ASK_CHANGED", None)
    assert "3 of 4 symbols are not in both" in sentence
    assert "gone MSFT, XYZ; new SPY" in sentence


def test_a_download_is_asked_about_its_total_and_its_marks(priced: Connection, tmp_path: Path) -> None:
    path = tmp_path / "schwab.csv"
    path.write_text(
        '"Positions for account Individual ...123 as of 04:33 PM ET, 2025/07/31"\n'
        "Symbol,Description,Quantity,Price,Market Value,Cost Basis\n"
        "AAPL,x,10,205.17,2051.70,20\nAAPL 01/15/2027 200.00 P,x,1,1420,142000,1500\n"
    )

    def asked(equity: str | None) -> tuple[Question, ...]:
        fields = PortfolioFields("Schwab", "jane@example.com", equity)
        prepared = prepare_positions(
            priced, path, fields, today=TODAY, terms=EntryTerms(entry_date=date(2025, 6, 30))
        )
        return questions(priced, prepared, USUAL)

    assert [question.code for question in asked(None)] == ["ASK_OPTION"]  # an average cost of 2 is no price
    gap = asked("200000")[-1]
    assert gap.code == "ASK_EQUITY"
    assert gap.sentence == (
        "Your broker says 144,051.70; we say 200,000.00: 55,948.30 of ours is in none of its rows."
    )


@pytest.mark.parametrize("portfolio", demo_portfolios(), ids=lambda portfolio: portfolio.path.stem)
def test_the_demo_loads_without_questions(priced: Connection, portfolio: Any) -> None:
    fields = PortfolioFields(portfolio.portfolio_name, portfolio.owner_email, portfolio.equity_balance)
    day = portfolio.statement_date
    prepared = prepare_positions(priced, portfolio.path, fields, statement_date=day)
    assert questions(priced, prepared, USUAL) == ()


PUT_GOT, CALL_GAVE = "AAPL250718P00210000", "MSFT250718C00490000"
BOOK = (
    "AAPL,10,205,2025-06-30,,\nMSFT,100,497,2025-06-30,,\n"
    f"{PUT_GOT},-1,6,2025-06-30,,\n{CALL_GAVE},-1,9,2025-06-30,,\n"
)


@pytest.fixture
def with_options(priced: Connection, tmp_path: Path) -> None:
    """The portfolio `Written`, with a put and a call that end in July."""
    path = tmp_path / "written.csv"
    path.write_text(HEADER + BOOK)
    fields: dict[str, Any] = {"portfolio_name": "Written", "owner_email": "jane@example.com"}
    load_positions(priced, path, **fields, equity=Decimal(100_000), statement_date=JUNE, today=TODAY)


@pytest.mark.usefixtures("with_options")
@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        ("AAPL,100,210,2025-07-21,,\n", [("AAPL at 210 on 2025-07-21", PUT_GOT)]),
        (
            "AAPL,100,204,2025-07-18,,\n",
            [("AAPL at 204 on 2025-07-18", PUT_GOT)],
        ),  # the strike less the premium
        ("AAPL,100,209,2025-07-18,,\n", []),
        ("AAPL,-100,210,2025-07-18,,\n", []),  # a written put brings shares
        ("AAPL,100,210,2025-07-25,,\n", []),
        ("MSFT,100,497,2025-06-30,2025-07-18,490\n", [("MSFT at 490 on 2025-07-18", CALL_GAVE)]),
        ("MSFT,100,497,2025-06-30,2025-07-18,491\n", []),
    ],
)
def test_shares_at_the_strike_of_an_option_that_ended(
    ask: Ask, rows: str, asked: list[tuple[str, str]]
) -> None:
    # Silent failure prevented: a gain that counts in the option, which is settled in cash, and in the shares
    rest = "" if rows.startswith("MSFT") else "MSFT,100,497,2025-06-30,,\n"
    found = ask("AAPL,10,205,2025-06-30,,\n" + rest + rows, name="Written", equity=None)
    found = [one for one in found if one[0] == "ASK_EXERCISE"]
    assert [(row, sentence.split(" looks")[0]) for _, row, sentence in found] == [
        (3 if rest == "" else 4, what) for what, _ in asked
    ]
    for (_, _, sentence), (_, option) in zip(found, asked, strict=True):
        assert f"of {option}: the option is settled in cash" in sentence


@pytest.mark.usefixtures("with_options")
def test_shares_are_listed_at_the_price_that_pays_for_the_option(priced: Connection, ask: Ask) -> None:
    # Silent failure prevented: an advice to use the close of the day on which the broker booked the shares,
    # which the settled option does not have: the difference is a withdrawal and a loss that never were
    days = [("AAPL", date(2025, 7, 18), "203.5"), ("AAPL", date(2025, 7, 21), "207")]
    rows = [{"symbol": s, "price_date": d, "close": Decimal(c)} for s, d, c in days]
    load_frame(priced, PRICES, pd.DataFrame(rows), source="files", origin="test")
    rest = "AAPL,10,205,2025-06-30,,\nMSFT,100,497,2025-06-30,,\n"
    found = ask(rest + "AAPL,100,210,2025-07-21,,\n", name="Written", equity=None)
    [sentence] = [sentence for code, _, sentence in found if code == "ASK_EXERCISE"]
    assert "in cash at its value of 6.5 on 2025-07-18" in sentence
    assert "give the shares 203.5 as their price" in sentence
    answered = ask(rest + "AAPL,100,203.5,2025-07-21,,\n", name="Written", equity=None)
    assert [code for code, _, _ in answered if code == "ASK_EXERCISE"] == []


def test_what_a_later_download_brings_at_an_old_cost(priced: Connection, tmp_path: Path) -> None:
    # Silent failure prevented: shares from another account at their cost of years ago, whose gain of years
    # counts as that of one day
    path = tmp_path / "robinhood.csv"
    header = "Instrument,Quantity,Average Cost\n"
    path.write_text(header + "AAPL,10,100\n")
    given: dict[str, Any] = {"portfolio_name": "Moved", "owner_email": "jane@example.com"}
    terms = EntryTerms(entry_date=date(2025, 6, 2))
    load_positions(priced, path, **given, statement_date=JUNE, today=TODAY, terms=terms)
    path.write_text(header + "AAPL,10,100\nMSFT,1,49\n")
    prepared = prepare_positions(
        priced,
        path,
        PortfolioFields(**given),
        statement_date=JULY,
        today=TODAY,
        terms=EntryTerms(entry_date=JULY),
    )
    [question] = [one for one in questions(priced, prepared, USUAL) if one.code == "ASK_PRICE"]
    assert question.sentence.startswith(
        "MSFT at 49 on 2025-07-31 is 90.1 % below that day's close of 497.41."
    )
    assert "--entry-price MSFT=497.41" in question.sentence


@pytest.mark.usefixtures("with_options")
def test_a_lot_that_the_last_statement_should_have_listed(ask: Ask) -> None:
    # Silent failure prevented: a transfer from another broker that is paid out of the portfolio's cash
    held = "AAPL,10,205,2025-06-30,,\nMSFT,100,497,2025-06-30,,\n"
    [(code, row, sentence)] = ask(held + "SPY,10,617,2025-06-30,,\n", name="Written", equity=None)
    assert (code, row) == ("ASK_LATE", 4)
    assert sentence.startswith(
        "SPY of 2025-06-30 is not in the statement of 2025-06-30: it would count as bought"
    )
    # Silent failure prevented: an equity that has the cost a second time, beside cash that paid it
    assert "load it as it is where the cash that the statements list has paid for it" in sentence
    assert ask(held + "SPY,10,617,2025-07-31,,\n", name="Written", equity=None) == []
    assert "--entry-date" not in sentence
    # Silent failure prevented: a lot whose price is corrected, and which counts beside the wrong one
    assert "If it corrects" not in sentence
    corrected = "AAPL,10,200,2025-06-30,,\nMSFT,100,497,2025-06-30,,\n"
    [(code, _, sentence)] = ask(corrected, name="Written", equity=None)
    assert code == "ASK_LATE"
    assert "If it corrects the one of 2025-06-30 at 205, which counts as sold now" in sentence
    # of a first statement, all lots are older
    assert ask(held + "SPY,10,617,2025-06-30,,\n", name="Fresh") == []


def test_a_download_of_which_every_entry_has_the_same_date(priced: Connection, tmp_path: Path) -> None:
    # Silent failure prevented: last month's --entry-date for what was bought this month
    path, terms = tmp_path / "robinhood.csv", EntryTerms(entry_date=date(2025, 6, 2))
    header = "Instrument,Quantity,Average Cost\n"
    path.write_text(header + "AAPL,10,100\n")
    fields: dict[str, Any] = {"portfolio_name": "Weekly", "owner_email": "jane@example.com"}
    load_positions(priced, path, **fields, statement_date=JUNE, today=TODAY, terms=terms)
    path.write_text(header + "AAPL,10,100\nMSFT,1,497\n")
    prepared = prepare_positions(
        priced,
        path,
        PortfolioFields("Weekly", "jane@example.com"),
        statement_date=JULY,
        today=TODAY,
        terms=terms,
    )
    [question] = [one for one in questions(priced, prepared, USUAL) if one.code == "ASK_LATE"]
    assert "If it was bought since, --entry-date gives the day." in question.sentence


def test_a_download_that_nothing_values(priced: Connection, tmp_path: Path) -> None:
    # Silent failure prevented: an equity at cost, and so cash that nobody owes
    path = tmp_path / "robinhood.csv"
    path.write_text("Instrument,Quantity,Average Cost\nAAPL,10,100\nXYZ,10,50\n")

    def asked(equity: str | None, *, has_asked: bool) -> list[str]:
        fields = PortfolioFields("Robin", "jane@example.com", equity)
        prepared = prepare_positions(
            priced, path, fields, statement_date=JULY, today=TODAY, terms=EntryTerms(entry_date=JUNE)
        )
        found = questions(priced, prepared, USUAL, has_asked_for_prices=has_asked)
        return [f"{question.code} {question.sentence}" for question in found]

    [opening] = asked(None, has_asked=False)
    assert opening.startswith(
        "ASK_OPENING XYZ: no price of 2025-07-31 is known and the download has no value, so"
    )
    assert "with an equity of 2,551.70, in which they count at cost" in opening
    assert asked("2600", has_asked=False) == []
    [unknown] = asked(None, has_asked=True)
    assert unknown.startswith("ASK_SYMBOL")


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        ("US91282CJZ59,10000,98.2,2025-06-30,,\n", True),
        ("91282CMM0,-5000,101.25,2025-06-30,,\n", True),
        ("US91282CJZ59,100,98.2,2025-06-30,,\n", False),
        ("91282CMM0,5000,1.0125,2025-06-30,,\n", False),  # per dollar of face value
        ("VXUS,1000,60,2025-06-30,,\n", False),
    ],
)
def test_a_bond_by_its_face_value(ask: Ask, row: str, *, asked: bool) -> None:
    # Silent failure prevented: a bond of 9,820 as a position, and an equity, of 982,000
    found = [one for one in ask(row, equity="2000000") if one[0] == "ASK_BOND"]
    assert [one[:2] for one in found] == [("ASK_BOND", 2)] * asked
    if row.startswith("US91282CJZ59,10000"):
        assert found[0][2] == (
            "10000 US91282CJZ59 at 98.2 count as 982,000.00, quantity times price. If they are a face value "
            "and a price in percent of it, divide the quantity by 100: 100."
        )
