"""What-ifs on the page: edited quantities are trades, figures those of the API, refusals in their rows."""

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest

from ingestion.demo.demo import DEMO_PASSWORD
from tests.api.page.conftest import OpenPage
from tests.api.page.reader import Reader, same
from tests.api.page.running_server import RunningServer

pytestmark = pytest.mark.long

EMAIL = "demo_hedgefundstyle@sigmasight.com"
REMARKS = "form.what-if td.sentence"


@pytest.fixture
def reader(open_page: OpenPage) -> Reader:
    """Somebody on the screen of their portfolio."""
    somebody = open_page()
    somebody.open()
    somebody.sign_in(EMAIL)
    somebody.go(f"#/portfolio/{somebody.portfolio_ids()[0]}/whatif")
    return somebody


def edit(reader: Reader, **quantities: str) -> None:
    for symbol, quantity in quantities.items():
        reader.page.fill(f'input[aria-label="Quantity of {symbol}"]', quantity)


def add(reader: Reader, symbol: str, quantity: str) -> None:
    reader.page.click("text=Add a symbol")
    reader.page.fill('input[aria-label="Symbol to add"] >> nth=0', symbol)
    reader.page.fill('input[aria-label="Quantity of the symbol"] >> nth=0', quantity)


def compute(reader: Reader) -> None:
    reader.page.click("text=Compute")
    reader.wait()


def posted(server: RunningServer, portfolio_id: str, trades: list[dict[str, Any]]) -> Any:
    """What the API answers to the trades, apart from the page."""

    def post(path: str, body: dict[str, Any], **headers: str) -> Any:
        request = Request(  # noqa: S310
            f"{server.origin}/api/v1{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **headers},
        )
        with urlopen(request) as response:  # noqa: S310 - our own server
            return json.load(response)

    token = post("/auth/login", {"email": EMAIL, "password": DEMO_PASSWORD})["access_token"]
    path = f"/analytics/portfolio/{portfolio_id}/what-if"
    return post(path, {"trades": trades}, Authorization=f"Bearer {token}")


def test_edited_quantities_are_trades_and_figures_are_those_of_the_api(
    reader: Reader, server: RunningServer
) -> None:
    portfolio_id = reader.page.evaluate("location.hash.split('/')[2]")
    edit(reader, AAPL="0", MSFT="800.5")
    add(reader, "tlt", "250")
    compute(reader)
    reader.page.wait_for_selector("h2:has-text('Betas')")
    held = {source.split("#")[1]: value for source, value in reader.figures() if "/data/positions?" in source}
    assert len(held) >= 30
    shown = [(source, value) for source, value in reader.figures() if "/what-if" in source]
    before = reader.page.locator("section:has(> h2:text-is('Trades')) tr:has-text('MSFT') td").first
    msft = float(before.locator("[data-value]").get_attribute("data-value"))
    answer = posted(
        server,
        portfolio_id,
        [
            {"symbol": "TLT", "quantity": 250},
            {"symbol": "MSFT", "quantity": round(800.5 - msft, 6)},
            {"symbol": "AAPL", "close": True},
        ],
    )
    trades = {trade["symbol"]: trade for trade in answer["trades"]}
    assert (trades["AAPL"]["quantity_after"], trades["MSFT"]["quantity_after"]) == (0, 800.5)
    assert len(shown) > 350
    for source, value in shown:
        _, *names = source.split("#")[1].split("/")
        if names[0] == "trades":
            continue  # in the order of the rows
        field = answer
        for name in names:
            field = field[int(name)] if isinstance(field, list) else field[name]
        assert same(value, field), source
    assert {value for source, value in shown if source.endswith("/quantity_after")} == {"0", "250", "800.5"}
    assert reader.complaints == []


def test_the_address_has_the_quantities_and_the_definition_names_the_request(
    reader: Reader, open_page: OpenPage
) -> None:
    edit(reader, AAPL="10")
    compute(reader)
    reader.page.wait_for_selector("h2:has-text('Betas')")
    address = reader.page.evaluate("location.hash")
    reader.page.click("section:has(> h2:text-is('Exposures')) [data-value] >> nth=0")
    assert "POST /analytics/portfolio/" in reader.page.inner_text("dialog")
    again = open_page()
    again.open(address)
    again.sign_in(EMAIL)
    again.page.wait_for_selector("h2:has-text('Betas')")
    assert again.page.input_value('input[aria-label="Quantity of AAPL"]') == "10"
    again.page.click("text=Start again")
    again.wait()
    assert again.page.locator("h2:has-text('Betas')").count() == 0


def test_what_cannot_be_traded_is_said_in_its_row(reader: Reader) -> None:
    edit(reader, AAPL="many")
    compute(reader)
    row = "form.what-if tr:has(input[aria-label='Quantity of AAPL']) td.sentence"
    assert reader.page.inner_text(row) == "Give the quantity as a number."
    edit(reader, AAPL="10")
    add(reader, "NOSUCH", "1")
    compute(reader)
    reader.page.wait_for_selector(f"{REMARKS}:has-text('no symbol of that name')")
    remarks = [text for text in reader.page.locator(REMARKS).all_inner_texts() if text]
    assert len(remarks) == 1
    assert reader.page.locator("h2:has-text('Betas')").count() == 0


def test_a_phone_shows_where_quantities_are_edited(open_page: OpenPage) -> None:
    reader = open_page(viewport={"width": 390, "height": 844})
    reader.open()
    reader.sign_in(EMAIL)
    reader.go(f"#/portfolio/{reader.portfolio_ids()[0]}/whatif")
    box = reader.page.locator("form.what-if input").first.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] / 2 < 390


def test_a_price_of_an_earlier_session_is_named(reader: Reader) -> None:
    def older(route: Any) -> None:
        response = route.fetch()
        body = json.loads(response.text())
        for trade in body["trades"]:
            trade["price_date"] = "2025-08-01"
        route.fulfill(response=response, body=json.dumps(body))

    reader.page.route("**/what-if*", older)
    edit(reader, AAPL="10")
    compute(reader)
    reader.page.wait_for_selector(f"{REMARKS}:has-text('At the price of 2025-08-01')")
    remarks = [text for text in reader.page.locator(REMARKS).all_inner_texts() if text]
    assert len(remarks) == 1


def test_private_holdings_cannot_be_edited(open_page: OpenPage) -> None:
    reader = open_page()
    reader.open()
    reader.sign_in("demo_familyoffice@sigmasight.com")
    for portfolio_id in reader.portfolio_ids():
        reader.go(f"#/portfolio/{portfolio_id}/whatif")
        remarks = reader.page.locator(f"{REMARKS}:has-text('A private holding')")
        compute(reader)
        assert remarks.count() == reader.page.locator("form.what-if input:disabled").count()
        assert "Every quantity is the one that is held" in reader.page.inner_text("main .stack")
    assert reader.complaints == []
