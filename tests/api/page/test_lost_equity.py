"""A portfolio whose equity is gone: the page says so, and draws and lists nothing that is not known."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.page.conftest import OpenPage
from tests.api.page.reader import Reader

pytestmark = pytest.mark.long

BROKEN_ON = "2025-08-29"
RATIOS = ("leverage", "market_beta", "market_beta_coverage", "realized_volatility_21d")


@pytest.fixture
def reader(open_page: OpenPage) -> Reader:
    """Somebody whose portfolio lost its equity, by answers that are changed on their way."""
    somebody = open_page()
    for path, change in (
        ("**/analytics/portfolio/*/overview*", lose_overview),
        ("**/analytics/portfolio/*/risk-metrics*", lose_ratios),
        ("**/analytics/portfolio/*/returns*", break_returns),
        ("**/analytics/aggregate/breakdown*", lose_row),
    ):
        somebody.page.route(path, answer_with(change))
    somebody.open()
    somebody.sign_in("demo_hedgefundstyle@sigmasight.com")
    return somebody


def answer_with(change: Callable[[dict[str, Any]], None]) -> Callable[[Any], None]:
    def answer(route: Any) -> None:
        response = route.fetch()
        body = json.loads(response.text())
        change(body)
        route.fulfill(response=response, body=json.dumps(body))

    return answer


def lose_overview(body: dict[str, Any]) -> None:
    body |= {"equity_balance": -62.0, "leverage": None}
    body["pnl"]["daily_return"] = None
    body["exposures"] |= {name: None for name in body["exposures"] if name.endswith("_percentage")}
    body["data_quality"] |= {"flag": "full_history", "coverage_of_equity": None}


def lose_ratios(body: dict[str, Any]) -> None:
    names = ("portfolio_beta", "portfolio_beta_coverage", "annualized_volatility")
    body["risk_metrics"] |= dict.fromkeys(names)
    body["data_quality"] |= {"flag": "full_history", "coverage_of_equity": None}


def break_returns(body: dict[str, Any]) -> None:
    body["metadata"]["chain_broken_on"] = BROKEN_ON
    series = body["series"]
    for name in ("time_weighted", "drawdown"):
        series[name] = [
            value if day < BROKEN_ON else None
            for day, value in zip(series["dates"], series[name], strict=True)
        ]


def lose_row(body: dict[str, Any]) -> None:
    (row,) = body["portfolios"]
    reasons = {"daily_return_null_reason": "capital_not_positive", "ratio_null_reason": "equity_not_positive"}
    row |= dict.fromkeys(("daily_return", *RATIOS)) | reasons


def test_the_list_of_portfolios_gives_the_reason(reader: Reader) -> None:
    reasons = reader.page.locator("tbody .missing small").all_inner_texts()
    assert reasons == ["capital not positive", *["equity not positive"] * len(RATIOS)]


def test_the_overview_wants_attention(reader: Reader) -> None:
    (portfolio_id,) = reader.portfolio_ids()
    reader.go(f"#/portfolio/{portfolio_id}/overview")
    assert "Equity is not positive" in reader.page.inner_text("main > .notice >> nth=0")
    text = reader.page.inner_text("main")
    assert "Nothing is measured" not in text
    assert "Nothing: every position" not in text
    assert "Equity is not positive: there are no returns" in text
    reasons = reader.page.locator(".tiles .missing small").all_inner_texts()
    assert reasons == ["capital not positive", *["equity not positive"] * 3]


def test_a_drawdown_ends_where_the_returns_end(reader: Reader) -> None:
    (portfolio_id,) = reader.portfolio_ids()
    reader.go(f"#/portfolio/{portfolio_id}/performance")
    picture = reader.page.locator("svg.lines").first
    outline = picture.locator("path.area").get_attribute("d")
    ends = [float(x) for x in re.findall(r"[ML](\d+\.?\d*) ", outline)]
    assert max(ends) < 0.95 * float(picture.get_attribute("width"))
    text = reader.page.inner_text("main")
    assert f"Equity was not positive on {BROKEN_ON}" in text
    assert reader.complaints == []
