"""Every screen, for every user: drawn without a complaint, with the API's figures, at every width."""

import json
from typing import Any

import pytest

from tests.api.page.conftest import OpenPage
from tests.api.page.reader import SCREENS, Answers, Reader, same
from tests.api.page.running_server import RunningServer

pytestmark = pytest.mark.long

DEMO_USERS = [
    "demo_individual@sigmasight.com",
    "demo_hnw@sigmasight.com",
    "demo_hedgefundstyle@sigmasight.com",
    "demo_familyoffice@sigmasight.com",
]
AT_LEAST = {"overview": 20, "holdings": 40}  # private holdings have no risk
WIDTHS = (320, 768, 1440)
UNFORMATTED = ("undefined", "NaN", "[object", "null")


@pytest.fixture(scope="module")
def axe() -> Any:
    """The rules of axe-core, from the package that carries them."""
    module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    return module.Axe()


@pytest.mark.parametrize("email", DEMO_USERS)
def test_every_screen_of_every_portfolio_shows_what_the_api_answers(
    open_page: OpenPage, server: RunningServer, email: str
) -> None:
    reader = open_page()
    reader.open()
    reader.sign_in(email)
    answers = Answers(server.origin, email)
    assert_same_figures(reader, answers, at_least=6)
    portfolio_ids = reader.portfolio_ids()
    assert portfolio_ids
    for portfolio_id in portfolio_ids:
        for screen in SCREENS:
            reader.go(f"#/portfolio/{portfolio_id}/{screen}")
            assert_same_figures(reader, answers, at_least=AT_LEAST.get(screen, 0))
            text = reader.page.inner_text("main")
            assert [word for word in UNFORMATTED if word in text] == [], screen
    assert reader.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_is_wider_than_its_window_or_hard_to_use(open_page: OpenPage, axe: Any, theme: str) -> None:
    reader = open_page(color_scheme=theme)
    reader.open()
    assert_accessible(reader, axe, "sign-in")
    reader.sign_in("demo_hedgefundstyle@sigmasight.com")
    (portfolio_id,) = reader.portfolio_ids()
    for address in ("#/", *(f"#/portfolio/{portfolio_id}/{screen}" for screen in SCREENS)):
        reader.go(address)
        for width in WIDTHS:
            reader.page.set_viewport_size({"width": width, "height": 900})
            reader.page.wait_for_timeout(100)
            assert reader.width_overflow() <= 0, f"{address} at {width} pixels"
        assert_accessible(reader, axe, address)


def test_a_user_without_portfolios_is_told_what_to_run(
    open_page: OpenPage, axe: Any, newcomer: tuple[str, str]
) -> None:
    reader = open_page()
    reader.open()
    reader.sign_in(*newcomer)
    assert "sigmasight load positions" in reader.page.inner_text("main")
    assert_accessible(reader, axe, "no portfolios")
    assert reader.complaints == []


def test_simulated_prices_and_missing_coverage_are_said_in_plain_sight(open_page: OpenPage) -> None:
    reader = open_page()
    reader.open()
    reader.sign_in("demo_hnw@sigmasight.com")
    (portfolio_id,) = reader.portfolio_ids()
    for screen in ("overview", "holdings", "risk"):
        reader.go(f"#/portfolio/{portfolio_id}/{screen}")
        assert "Simulated prices" in reader.page.inner_text(".banner.simulated")
    assert "of equity" in reader.page.inner_text("main > .notice >> nth=0")


def assert_same_figures(reader: Reader, answers: Answers, at_least: int = 0) -> None:
    figures = reader.figures()
    assert len(figures) >= at_least
    wrong = [(source, value) for source, value in figures if not same(value, answers.value(source))]
    assert wrong == []


def assert_accessible(reader: Reader, axe: Any, where: str) -> None:
    found = axe.run(reader.page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [
        f"{where}: {rule['id']} {node['html'][:160]}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
    assert serious == []


def test_a_return_of_less_than_its_period_says_since_when(open_page: OpenPage) -> None:
    reader = open_page()
    reader.open()
    reader.sign_in("demo_individual@sigmasight.com")
    (portfolio_id,) = reader.portfolio_ids()
    for period, is_said in (("YTD", True), ("MTD", False)):
        reader.go(f"#/portfolio/{portfolio_id}/overview?period={period}")
        tile = reader.page.inner_text(f".tile:has(h3:text-is('Return {period}'))")
        assert ("both since 2025-06-30" in tile) is is_said, period


def test_the_tab_of_the_screen_is_in_sight_on_a_phone(open_page: OpenPage) -> None:
    reader = open_page(viewport={"width": 390, "height": 844})
    reader.open()
    reader.sign_in("demo_individual@sigmasight.com")
    (portfolio_id,) = reader.portfolio_ids()
    for screen in SCREENS:
        reader.go(f"#/portfolio/{portfolio_id}/{screen}")
        tab = reader.page.locator(".tabs a[aria-current]").bounding_box()
        assert tab is not None
        assert tab["x"] >= 0, screen
        assert tab["x"] + tab["width"] <= 390, screen


def test_the_share_of_estimated_past_returns_stands_beside_the_volatility(open_page: OpenPage) -> None:
    def estimated(route: Any) -> None:
        response = route.fetch()
        body = json.loads(response.text())
        body["data"]["proxied_share"] = 0.092
        route.fulfill(response=response, body=json.dumps(body))

    reader = open_page()
    reader.page.route("**/analytics/portfolio/*/volatility*", estimated)
    reader.open()
    reader.sign_in("demo_individual@sigmasight.com")
    (portfolio_id,) = reader.portfolio_ids()
    reader.go(f"#/portfolio/{portfolio_id}/risk")
    tile = "[aria-label=Volatility] .tile:has(h3:text-is('Past returns proxied'))"
    assert "9.20%" in reader.page.inner_text(tile)
