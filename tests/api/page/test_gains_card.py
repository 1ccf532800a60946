"""The card of realized gains on the performance screen: its figures are those of the API and of the mart."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.api.page.conftest import OpenPage
from tests.api.page.reader import Answers, Reader, same
from tests.api.page.running_server import RunningServer
from warehouse.connections import Warehouse

pytestmark = pytest.mark.long

EMAIL = "demo_hedgefundstyle@sigmasight.com"
CARD = "section.card:has(> h2:text-is('Realized gains'))"
GAINS = """
select gains.* from fct_realized_gains as gains join dim_portfolios using (portfolio_id)
where portfolio_id = %s and method = 'portfolio' order by disposed_on desc
"""


@pytest.fixture
def reader(open_page: OpenPage) -> Reader:
    somebody = open_page()
    somebody.open()
    somebody.sign_in(EMAIL)
    somebody.go(f"#/portfolio/{somebody.portfolio_ids()[0]}/performance")
    return somebody


def card_figures(reader: Reader) -> list[tuple[str, str]]:
    """The source and the value of each figure of the card."""
    return [
        (node.get_attribute("data-source"), node.get_attribute("data-value"))
        for node in reader.page.locator(f"{CARD} [data-value]").all()
    ]


def test_the_card_shows_what_was_realized(reader: Reader, server: RunningServer, demo: Warehouse) -> None:
    portfolio_id = reader.page.evaluate("location.hash.split('/')[2]")
    with psycopg.connect(demo.analyst_url, row_factory=dict_row) as connection:
        connection.execute("set search_path = marts")
        lots = connection.execute(GAINS, (portfolio_id,)).fetchall()
    assert len(lots) >= 4
    shown, answers = card_figures(reader), Answers(server.origin, EMAIL)
    assert [source for source, value in shown if not same(value, answers.value(source))] == []
    by_field: dict[str, list[float]] = {}
    for source, value in shown:
        assert source.startswith(f"/portfolios/{portfolio_id}/realized-gains#")
        table, _, field = source.partition("#/")[2].split("/")
        by_field.setdefault(f"{table} {field}", []).append(float(value))
    # a year: one row, its parts, and the lots below it
    assert by_field["by_year total"] == [float(sum(lot["gain"] for lot in lots))]
    assert by_field["by_year short_term"] == by_field["by_year total"]
    assert by_field["by_year wash_disallowed"] == [0]
    for field, column in (("proceeds", "proceeds"), ("basis", "basis"), ("gain", "gain")):
        assert sorted(by_field[f"lots {field}"]) == sorted(float(lot[column]) for lot in lots)
    text = reader.page.inner_text(CARD)
    assert {lot["symbol"] for lot in lots} <= set(text.split())
    assert "Not tax advice" in text
    assert reader.complaints == []


def test_a_gain_opens_its_definition_and_its_mart(reader: Reader) -> None:
    reader.page.click(f"{CARD} [data-value] >> nth=0")
    reader.page.wait_for_selector("dialog:has-text('fct_realized_gains')")


def test_a_past_session_has_what_was_realized_by_then(reader: Reader) -> None:
    now = len(card_figures(reader))
    address = reader.page.evaluate("location.hash")
    reader.go(f"{address}?as_of=2025-08-01")
    assert 0 < len(card_figures(reader)) < now


def test_a_portfolio_that_sold_nothing_says_so(open_page: OpenPage) -> None:
    reader = open_page()
    reader.open()
    reader.sign_in("demo_individual@sigmasight.com")
    reader.go(f"#/portfolio/{reader.portfolio_ids()[0]}/performance")
    assert "Nothing was sold, covered or expired." in reader.page.inner_text(CARD)
    assert card_figures(reader) == []
    assert reader.complaints == []


def test_the_card_names_what_transactions_do_not_add_up_to(reader: Reader) -> None:
    # Silent failure prevented: gains of transactions that are not complete
    def contradict(route: Any) -> None:
        response = route.fetch()
        unequal = [{"symbol": "GLD", "quantity_by_transactions": 20, "quantity_by_statements": 10}]
        route.fulfill(response=response, json={**response.json(), "unequal_quantities": unequal})

    assert "do not add up" not in reader.page.inner_text(CARD)
    reader.page.route("**/realized-gains*", contradict)
    reader.page.reload()
    reader.page.wait_for_selector(f"{CARD} [data-value]")
    text = reader.page.inner_text(CARD)
    assert "Transactions do not add up to the quantities of the statements: GLD." in text
