"""What readers of the page do: by keyboard, on a past date, in a link, after an outage or a publication."""

import json
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from api.http.errors import RequestLimitReached
from tests.api.page.conftest import OpenPage
from tests.api.page.reader import Reader
from tests.api.page.running_server import RunningServer
from tests.api.republish import republished
from warehouse.connections import Warehouse

pytestmark = pytest.mark.long

EMAIL = "demo_hedgefundstyle@sigmasight.com"
REFUSED = "an.expired.token"


@pytest.fixture
def reader(open_page: OpenPage) -> Reader:
    """Somebody on the overview of their portfolio."""
    somebody = open_page(accept_downloads=True)
    somebody.open()
    somebody.sign_in(EMAIL)
    somebody.go(f"#/portfolio/{somebody.portfolio_ids()[0]}/overview")
    return somebody


def equity(reader: Reader) -> str:
    return str(reader.page.get_attribute(".tile .figure >> nth=0", "data-value"))


def focus(reader: Reader) -> None:
    """Come back to the page, as from another window."""
    reader.page.evaluate("() => dispatchEvent(new Event('focus'))")
    reader.wait()


def test_the_overview_asks_little_and_the_second_view_only_whether_it_changed(
    reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "api.access")
    reader.page.reload()
    reader.page.wait_for_selector(".tile .figure")
    reader.wait()
    fields = [record.fields for record in caplog.records if record.name == "api.access"]  # type: ignore[attr-defined]
    asked = [(field["path"].removeprefix("/api/v1"), field["status"]) for field in fields]
    assert asked[:2] == [("/", 304), ("/auth/refresh", 200)]
    assert len(asked[2:]) == 6
    assert {status for _, status in asked[2:]} == {304}
    assert reader.complaints == []


def test_everything_is_reached_and_left_by_keyboard(reader: Reader) -> None:
    page = reader.page
    page.keyboard.press("2")
    reader.wait()
    assert page.inner_text("h1").startswith("Holdings")
    page.keyboard.press("/")
    page.keyboard.type("AAPL")
    assert page.locator("tbody tr:not(.group)").count() == 1
    page.keyboard.press("Tab")
    page.evaluate("() => document.querySelector('td .figure').focus()")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] h3")
    assert "fct_position_values" in page.inner_text("dialog[open]")
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.classList.contains('figure')")
    page.keyboard.press("?")
    assert "Portfolios" in page.inner_text("dialog[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    reader.wait()
    assert page.inner_text("h1") == "Portfolios"
    assert reader.complaints == []


def test_the_first_tab_leads_past_the_bar(reader: Reader) -> None:
    reader.page.reload()
    reader.wait()
    reader.page.keyboard.press("Tab")
    reader.page.keyboard.press("Enter")
    assert reader.page.evaluate("() => document.activeElement.id") == "main"
    assert "/overview" in reader.page.evaluate("() => location.hash")


def test_a_past_date_is_in_the_address_and_in_a_banner(reader: Reader, open_page: OpenPage) -> None:
    now = equity(reader)
    reader.page.keyboard.press("[")
    reader.wait()
    then = equity(reader)
    assert then != now
    assert "as_of=2025-09-11" in reader.page.evaluate("() => location.hash")
    assert "You see 2025-09-11" in reader.page.inner_text(".banner.past:not([hidden])")
    link = reader.page.url
    other = open_page()
    other.page.goto(link)
    other.sign_in(EMAIL)
    assert equity(other) == then
    reader.page.go_back()
    reader.wait()
    assert equity(reader) == now
    assert reader.page.locator(".banner.past:not([hidden])").count() == 0


def test_a_date_without_figures_is_not_passed_off_as_one_with_them(reader: Reader) -> None:
    # Silent failure prevented: that all is measured, of a portfolio of which nothing could be read
    overview = "#" + reader.page.url.split("#")[1]
    reader.go(f"{overview}?as_of=2024-01-02")
    attention = " ".join(reader.page.inner_text("main").split())
    assert "Not known: not all of the figures could be read." in attention
    assert "every figure is measured" not in attention
    reader.go(f"{overview}?as_of=2031-01-02")
    assert "Nothing is published of 2031-01-02. You see 2025-09-12." in reader.page.inner_text(".banners")


def test_cash_below_zero_needs_attention(reader: Reader) -> None:
    # Silent failure prevented: leverage that comes from a statement that is not complete
    def overdraw(route: Any) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "cash_balance": -123456.7})

    reader.page.route("**/overview", overdraw)
    reader.page.reload()
    reader.page.wait_for_selector(".tile .figure")
    reader.wait()
    text = " ".join(reader.page.inner_text("main").split())
    assert "Cash of \N{MINUS SIGN}123,457" in text
    assert "if it is no loan, a contribution, capital of the start or the newest balance" in text


def test_a_link_with_nonsense_in_it_opens_a_screen(reader: Reader) -> None:
    own = reader.page.url.split("/portfolio/")[1].split("/")[0]
    reader.go("#/portfolio/%ZZ/overview")
    refused, reader.complaints[:] = [*reader.complaints], []
    assert not [complaint for complaint in refused if complaint.startswith("error:")]
    for query in (
        "as_of=%22%3E%3Cimg%20src%3Dx%3E",
        "published_at=javascript:alert(1)",
        "from=x&to=constructor",
        "as_of=%3Cimg%20src%3Dx%2012%3E",  # which the browser would read as a day of December
    ):
        reader.go(f"#/portfolio/{own}/overview?{query}")
        assert reader.figures()
    assert reader.complaints == []


def test_a_refused_token_is_renewed_without_a_word(reader: Reader) -> None:
    state = {"sent": False}

    def expire(route: Any) -> None:
        headers = {**route.request.headers}
        if not state["sent"]:
            headers["authorization"] = f"Bearer {REFUSED}"
            state["sent"] = True
        route.continue_(headers=headers)

    reader.page.route("**/api/v1/data/**", expire)
    reader.page.keyboard.press("2")
    reader.wait()
    assert state["sent"]
    assert reader.page.locator("tbody tr").count() > 10
    assert "/holdings" in reader.page.evaluate("() => location.hash")
    assert reader.page.locator("dialog.sign-in").count() == 0


def refused(retry_after: int) -> dict[str, Any]:
    """An answer to one request too many, as the API sends it."""
    problem = RequestLimitReached(f"Try again in {retry_after} seconds.", retry_after=retry_after)
    body = {"status": 429, "code": problem.code, "title": problem.title, "detail": problem.detail}
    return {"status": 429, "json": {**body, **problem.members}, "headers": {**problem.headers}}


def test_a_request_too_many_is_repeated_when_it_is_accepted(reader: Reader) -> None:
    answers = [refused(1)]

    def answer(route: Any) -> None:
        if answers and "/data/" in route.request.url:
            route.fulfill(**answers.pop())
        else:
            route.continue_()

    reader.page.route("**/api/v1/**", answer)
    reader.page.keyboard.press("2")
    reader.page.wait_for_timeout(1500)
    reader.wait()
    assert answers == []
    assert reader.page.locator("tbody tr").count() > 10


def test_a_long_wait_is_told_instead(reader: Reader) -> None:
    reader.page.route("**/api/v1/data/**", lambda route: route.fulfill(**refused(55)))
    reader.page.keyboard.press("2")
    reader.wait()
    assert "Try again in 55 seconds." in reader.page.inner_text("body")


def test_a_token_is_renewed_before_it_expires(open_page: OpenPage) -> None:
    reader = open_page()
    reader.page.clock.install()
    reader.open()
    reader.sign_in(EMAIL)
    reader.requests.clear()
    reader.page.clock.fast_forward("20:00")
    reader.go(f"#/portfolio/{reader.portfolio_ids()[0]}/holdings")
    asked = [request for request in reader.requests if request.startswith("/api/")]
    assert asked[0] == "/api/v1/auth/refresh"
    assert reader.page.locator("tbody tr").count() > 10
    assert reader.complaints == []


def test_an_ended_session_asks_again_in_place(reader: Reader) -> None:
    reader.go("#/portfolio/" + reader.page.evaluate("() => location.hash.split('/')[2]") + "/holdings?q=AAPL")
    reader.page.evaluate("() => fetch('/api/v1/auth/me')")
    end = """async () => {
        const renewed = await (await fetch("/api/v1/auth/refresh", {method: "POST"})).json();
        const headers = {Authorization: `Bearer ${renewed.access_token}`};
        await fetch("/api/v1/auth/logout-all", {method: "POST", headers});
    }"""
    reader.page.evaluate(end)
    address = reader.page.url
    reader.page.evaluate("() => dispatchEvent(new Event('focus'))")
    reader.page.wait_for_selector("dialog.sign-in")
    reader.sign_in(EMAIL)
    assert reader.page.url == address
    assert reader.page.locator("tbody tr:not(.group)").count() == 1


def test_signing_out_leaves_nothing_behind(reader: Reader) -> None:
    reader.page.click(".menu summary")
    reader.page.click("text=Sign out everywhere")
    reader.page.wait_for_selector("dialog.sign-in")
    reader.page.reload()
    reader.page.wait_for_selector("dialog.sign-in")
    assert reader.page.locator("[data-value]").count() == 0
    cookies = {cookie["name"] for cookie in reader.page.context.cookies()}
    assert not cookies & {"sigmasight_access", "sigmasight_refresh"}


def test_who_signs_in_next_sees_nothing_of_who_signed_out_in_another_tab(
    reader: Reader, newcomer: tuple[str, str]
) -> None:
    other = Reader(reader.page.context.new_page(), reader.origin)
    other.page.goto(reader.page.url)
    other.wait()
    other.page.click(".menu summary")
    other.page.click("text=Sign out >> nth=0")
    reader.page.wait_for_selector("dialog.sign-in")
    assert not reader.page.is_visible("main")
    other.page.wait_for_selector("dialog.sign-in")
    other.page.fill("#email", newcomer[0])
    other.page.fill("#password", newcomer[1])
    other.page.keyboard.press("Enter")
    other.page.wait_for_selector("dialog.sign-in", state="detached")
    assert not reader.page.is_visible("main")
    assert reader.page.evaluate("() => { window.isFirst = true; return true; }")
    reader.page.fill("#email", newcomer[0])
    reader.page.fill("#password", newcomer[1])
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_function("() => !window.isFirst && document.querySelector('main')")
    assert "Hedge Fund" not in reader.page.inner_text("body")


def test_figures_stay_through_an_outage_and_come_back(reader: Reader, server: RunningServer) -> None:
    before = equity(reader)
    server.stop()
    try:
        focus(reader)
        assert "does not answer" in reader.page.inner_text(".banner[role=alert]")
        assert equity(reader) == before
    finally:
        server.start()
    focus(reader)
    assert reader.page.locator(".banner[role=alert]:not([hidden])").count() == 0
    assert equity(reader) == before


def test_a_publication_under_an_open_page_is_seen_and_marked(reader: Reader, demo: Warehouse) -> None:
    before = equity(reader)
    with republished(demo, Decimal(1000)):
        focus(reader)
        assert float(equity(reader)) == float(before) + 1000
        assert "was" in reader.page.inner_text(".tile .restated >> nth=0")
        assert "published anew" in reader.page.inner_text("#page [role=status].unseen")
        reader.go(reader.page.evaluate("() => location.hash.replace('/overview', '/data')"))
        assert "fct_portfolio_snapshots" in reader.page.inner_text("main")
    focus(reader)


def test_a_figure_is_not_marked_for_another_session(reader: Reader, demo: Warehouse) -> None:
    """The equity of the session before was restated: its row of the table is marked, today's tile is not."""
    move = "update ops.restatements set as_of_date = as_of_date - 1 where publication_id = %s"
    with republished(demo, Decimal(1000)) as number:
        with demo.connect_writer(autocommit=True) as connection:
            connection.execute(move, (number,))
        focus(reader)
        assert reader.page.locator(".tile .restated").count() == 0
        chart = reader.page.locator(".chart", has=reader.page.locator("h2", has_text="Equity"))
        chart.locator("button", has_text="Table").click()
        marked = chart.locator("tr:has(.restated)")
        assert marked.count() == 1
        assert marked.locator("th").inner_text() == "2025-09-11"
    focus(reader)


def test_a_change_that_rounding_hides_is_not_shown_as_two_equal_figures(
    reader: Reader, demo: Warehouse
) -> None:
    hide = "update ops.restatements set old_value = new_value::numeric + 0.001 where publication_id = %s"
    with republished(demo, Decimal(1000)) as number:
        with demo.connect_writer(autocommit=True) as connection:
            connection.execute(hide, (number,))
        focus(reader)
        assert reader.page.inner_text(".tile .restated .was >> nth=0") == "restated"
    focus(reader)


def test_parts_of_a_restated_figure_are_not_marked_with_it(reader: Reader, demo: Warehouse) -> None:
    """The tracking error was restated: each part of it would say the former value of the whole."""
    move = """
        update ops.restatements
        set mart = 'fct_benchmark_risk', column_name = 'tracking_error_ex_ante', old_value = '0.5'
        where publication_id = %s
    """
    with republished(demo, Decimal(1000)) as number:
        with demo.connect_writer(autocommit=True) as connection:
            connection.execute(move, (number,))
        focus(reader)
        reader.go(reader.page.evaluate("() => location.hash.replace('/overview', '/performance')"))
        assert reader.page.locator("dl .restated").count() == 1
        assert reader.page.locator("td .restated").count() == 0
    focus(reader)


def test_a_figure_opens_its_definition_sql_and_publication(reader: Reader) -> None:
    reader.page.click(".tile .figure >> nth=0")
    reader.page.wait_for_selector("dialog[open] h3")
    text = reader.page.inner_text("dialog[open]")
    for part in (equity(reader), "fct_portfolio_snapshots.equity", "Tests passed", "/overview"):
        assert part in text
    reader.page.click("dialog[open] summary >> nth=0")
    assert "select" in reader.page.inner_text("dialog[open] pre >> nth=0").lower()
    reader.page.click("dialog[open] button[aria-label=Close]")
    reader.page.wait_for_selector("dialog", state="detached")


def test_a_chart_is_a_table_and_a_file_too(reader: Reader, tmp_path: Path) -> None:
    chart = reader.page.locator(".chart", has_text="Time-weighted return")
    chart.locator("button", has_text="Table").click()
    shown = chart.locator("tbody tr >> nth=-1 >> .figure >> nth=0").get_attribute("data-value")
    with reader.page.expect_download() as download:
        chart.locator("button", has_text="CSV").click()
    file = tmp_path / "returns.csv"
    download.value.save_as(file)
    lines = file.read_bytes().decode().split("\r\n")
    assert lines[0] == "Session,Portfolio,Benchmark,Drawdown"
    assert lines[-2].split(",")[1] == shown
    assert lines[-1] == ""


def test_the_payoff_of_options_is_read_off_by_keyboard(reader: Reader) -> None:
    reader.page.keyboard.press("6")
    reader.wait()
    chart = reader.page.locator(".chart", has=reader.page.locator(".spot")).first
    figure = chart.locator(".readout .tone-1 [data-value]")
    at_spot = figure.get_attribute("data-source")
    chart.locator(".plot").focus()
    reader.page.keyboard.press("ArrowRight")
    assert figure.get_attribute("data-source") != at_spot
    reader.page.keyboard.press("Home")
    assert figure.get_attribute("data-source").endswith("/points/0/options_pnl")
    assert reader.complaints == []


def test_the_report_is_saved_from_the_page(reader: Reader, tmp_path: Path) -> None:
    reader.page.keyboard.press("[")
    reader.wait()
    reader.page.click("summary:has-text('Report')")
    with reader.page.expect_download() as download:
        reader.page.click("button:has-text('Markdown')")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "portfolio_report_2025-09-11.md"
    assert "2025-09-11" in file.read_text("utf-8")
    assert reader.complaints == []


def test_administrators_see_the_runs(open_page: OpenPage, demo: Warehouse) -> None:
    email = "demo_individual@sigmasight.com"
    change = "update ops.users set is_admin = %s where email = %s"
    with demo.connect_writer(autocommit=True) as connection:
        connection.execute(change, (True, email))
        try:
            reader = open_page()
            reader.open()
            reader.sign_in(email)
            reader.go(f"#/portfolio/{reader.portfolio_ids()[0]}/data")
            reader.page.click("button:has-text('Read the runs')")
            reader.page.wait_for_selector("td:has-text('succeeded')")
            assert reader.complaints == []
        finally:
            connection.execute(change, (False, email))


def test_the_period_is_remembered(reader: Reader) -> None:
    reader.page.click(".periods button >> text=QTD")
    reader.wait()
    reader.open()
    reader.wait()
    reader.go(f"#/portfolio/{reader.portfolio_ids()[0]}/overview")
    assert reader.page.inner_text(".periods [aria-pressed=true]") == "QTD"


def test_what_is_stored_in_the_browser_holds_no_token(reader: Reader) -> None:
    stored = json.loads(reader.page.evaluate("() => JSON.stringify({...localStorage, ...sessionStorage})"))
    assert set(stored) <= {"sigmasight.session", "sigmasight.period", "sigmasight.theme"}
    assert all(len(value) < 20 for value in stored.values())
