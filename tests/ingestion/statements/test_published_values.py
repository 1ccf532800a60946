"""A broker's totals against what is published: model prices of options, and the equity of the session."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.portfolios.capital_flows import add_flow
from ingestion.portfolios.entries import find_holder
from ingestion.portfolios.portfolios import PortfolioFields
from ingestion.raw.ids import portfolio_id
from ingestion.raw.loads import Connection
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.checks import Thresholds, questions
from ingestion.statements.load import PreparedStatement, load_fields, prepare_positions
from ingestion.statements.money.account import ListedValue, equity_of_rows, published_equity
from tests.database_copies import drop
from warehouse.connections import Warehouse

DAY = date(2025, 9, 12)
CALL = "SPY250919C00460000"
TEXT = """\
"Positions for account Individual ...123 as of 04:33 PM ET, 2025/09/12"
Symbol,Description,Quantity,Price,Market Value,Cost Basis
SPY 09/19/2025 460.00 C,x,10,250,"250,000",160000
Cash & Cash Investments,--,--,--,"1,000",--
Account Total,,,,"251,000",
"""


@pytest.fixture
def reader(demo: Warehouse) -> Iterator[Connection]:
    with demo.connect_writer(application_name="test statements") as connection:
        connection.rollback()
        connection.read_only = True
        yield connection


@pytest.fixture
def prepared(reader: Connection, tmp_path: Path) -> Callable[[PortfolioFields], PreparedStatement]:
    path = tmp_path / "schwab.csv"
    path.write_text(TEXT)
    return lambda fields: prepare_positions(
        reader, path, fields, terms=EntryTerms(entry_date=date(2025, 6, 30))
    )


def published(reader: Connection, what: str, condition: str) -> Decimal:
    found: Any = reader.execute(
        f"select {what} where {condition} and as_of_date = %s limit 1", [DAY]
    ).fetchone()
    assert found is not None
    return Decimal(found[0])


def test_a_model_price_of_another_portfolio_is_not_used(prepared: Any) -> None:
    # Silent failure prevented: an equity by another owner's figure, at which the position does not open
    found = prepared(PortfolioFields("Mine", "jane@example.com"))
    assert found.portfolio.initial_equity == 251_000
    assert found.reconciliation.sentence == "Your broker and we both say 251,000.00."
    assert found.notices[-1].startswith(f"Without a quote of that day: {CALL}. In the equity")


def test_a_portfolio_has_its_own_published_price(reader: Connection, prepared: Any) -> None:
    name, owner = "Demo Hedge Fund Style Investor Portfolio", "demo_hedgefundstyle@sigmasight.com"
    held = f"symbol = '{CALL}' and portfolio_id = '{portfolio_id(owner, name)}'"
    price = published(reader, "price from marts.fct_position_values", held)
    sentence = prepared(PortfolioFields(name, owner)).reconciliation.sentence
    assert f"SPY call 250,000.00 there, {round(price * 1000, 2):,.2f} here" in sentence
    assert sentence.endswith(" of ours is in none of its rows.")


def test_a_known_portfolio_is_compared_by_its_published_equity(reader: Connection, prepared: Any) -> None:
    name, owner = "Demo Hedge Fund Style Investor Portfolio", "demo_hedgefundstyle@sigmasight.com"
    found = prepared(PortfolioFields(name, owner))
    condition = f"portfolio_id = '{found.portfolio.portfolio_id}'"
    equity = published(reader, "equity from marts.fct_portfolio_snapshots", condition)
    assert found.reconciliation.ours == found.equity == equity


def test_what_was_bought_since_has_gained_in_the_equity(reader: Connection, tmp_path: Path) -> None:
    # Silent failure prevented: "of ours is in none of its rows" of a loss since the purchase
    name, owner = "Demo Hedge Fund Style Investor Portfolio", "demo_hedgefundstyle@sigmasight.com"
    held = f"select 1 from marts.fct_position_values where portfolio_id = '{portfolio_id(owner, name)}'"
    symbol: Any = reader.execute(
        "select symbol, close from marts.fct_prices as prices "
        f"where as_of_date = %s and not exists ({held} and symbol = prices.symbol) order by symbol limit 1",
        [DAY],
    ).fetchone()
    path = tmp_path / "schwab.csv"
    bought = f'{symbol[0]},x,10,{symbol[1]},"{10 * symbol[1]}",{10 * symbol[1] + 700}\n'
    path.write_text(TEXT.replace("Cash &", bought + "Cash &"))
    found = prepare_positions(
        reader, path, PortfolioFields(name, owner), terms=EntryTerms(entry_date=date(2025, 9, 10))
    )
    assert found.reconciliation is not None
    assert abs(found.reconciliation.ours - found.equity + 700) <= Decimal("0.01")


def test_a_flow_that_is_not_built_yet_counts(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse]
) -> None:
    name, owner = "Demo Hedge Fund Style Investor Portfolio", "demo_hedgefundstyle@sigmasight.com"
    key = portfolio_id(owner, name)
    copied = copy_warehouse(demo)
    with copied.connect_writer(application_name="test statements") as connection:
        before = published_equity(connection, key, DAY)
        connection.commit()
        holder = find_holder(connection, name, owner)
        connection.commit()
        add_flow(connection, holder, Decimal(5000), date(2025, 9, 8))
        after = published_equity(connection, key, DAY)
    drop(copied)
    assert before is not None
    assert after == before + 5000


def test_a_start_that_is_stated_or_not_built_yet_counts(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse], tmp_path: Path
) -> None:
    # Silent failure prevented: --equity, the remedy of a wrong start, refused for the start that it corrects
    path = tmp_path / "schwab.csv"
    path.write_text(TEXT)
    name, owner = "Demo Hedge Fund Style Investor Portfolio", "demo_hedgefundstyle@sigmasight.com"
    key, terms = portfolio_id(owner, name), EntryTerms(entry_date=date(2025, 6, 30))
    copied = copy_warehouse(demo)
    with copied.connect_writer(application_name="test statements") as connection:
        asked = "select initial_equity from raw.newest_portfolios where portfolio_id = %s"
        (start,) = connection.execute(asked, [key]).fetchone() or (Decimal(0),)
        stated = PortfolioFields(name, owner, str(start + 5000))
        before = published_equity(connection, key, DAY)
        prepared = prepare_positions(connection, path, stated, terms=terms)
        connection.commit()
        load_fields(connection, path, stated, terms=terms)
        after = published_equity(connection, key, DAY)
    drop(copied)
    assert before is not None
    assert prepared.equity == before + 5000
    assert after == before + 5000


def test_a_corrected_first_download_names_the_start_that_it_keeps(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse], tmp_path: Path
) -> None:
    # Silent failure prevented: "we both say", while the portfolio keeps the start of a wrong file
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_text(TEXT.replace("251,000", "250,001").replace('"1,000"', "1"))
    right.write_text(TEXT.replace("251,000", "270,000").replace('"1,000"', '"20,000"'))
    terms = EntryTerms(entry_date=date(2025, 6, 30))

    def asked(equity: str | None = None) -> list[str]:
        fields = PortfolioFields("Mine", "jane@example.com", equity)
        prepared = prepare_positions(connection, right, fields, terms=terms)
        found = questions(connection, prepared, Thresholds(*[Decimal(1000)] * 4, Decimal(2)))
        connection.commit()
        return [question.sentence for question in found if question.code == "ASK_EQUITY"]

    copied = copy_warehouse(demo)
    with copied.connect_writer(application_name="test statements") as connection:
        load_fields(connection, wrong, PortfolioFields("Mine", "jane@example.com"), terms=terms)
        [sentence] = asked()
        assert asked("270000") == []
    drop(copied)
    assert sentence.startswith("Your broker says 270,000.00; we say 250,001.00")
    assert "The portfolio still starts with 250,001.00" in sentence
    assert sentence.endswith("--equity sets another start.")


def test_what_waits_for_a_build_is_not_compared(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse], tmp_path: Path
) -> None:
    # Silent failure prevented: an equity without the gains of lots that are loaded and not built
    path = tmp_path / "schwab.csv"
    path.write_text(TEXT)
    name, owner = "Demo Hedge Fund Style Investor Portfolio", "demo_hedgefundstyle@sigmasight.com"
    terms = EntryTerms(entry_date=date(2025, 6, 30))
    copied = copy_warehouse(demo)
    with copied.connect_writer(application_name="test statements") as connection:
        fields = PortfolioFields(name, owner)
        load_fields(connection, path, fields, terms=terms)
        later = prepare_positions(connection, path, fields, terms=terms, statement_date=date(2025, 9, 15))
    drop(copied)
    assert later.reconciliation is None
    assert "an earlier statement is loaded and not built yet" in later.notices[-1]


def test_what_is_beside_the_cash_is_in_our_equity_of_an_unpublished_session(reader: Connection) -> None:
    # Silent failure prevented: "we both say", of the values of the rows alone, while the equity has more
    name, owner = "Demo Hedge Fund Style Investor Portfolio", "demo_hedgefundstyle@sigmasight.com"
    key = portfolio_id(owner, name)
    condition = f"portfolio_id = '{key}'"
    rest = published(reader, "equity - net_market_value from marts.fct_portfolio_snapshots", condition)
    row = ListedValue("SPY", Decimal(99), Decimal(100), False, False, Decimal(0))
    assert equity_of_rows(reader, key, DAY, [row], Decimal(-7)) == rest + 93
    assert equity_of_rows(reader, key, DAY, [row], None) is None
    assert equity_of_rows(reader, key, date(2026, 1, 2), [row], Decimal(0)) is None
