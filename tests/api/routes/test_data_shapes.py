"""Every data endpoint returns its documented shape, with the field names that the frontend uses."""

import csv
import io
from typing import Any

import pytest

from ingestion.statements.columns import COLUMNS
from tests.api.api_helpers import Person, Shapes

ON_REAL_PRICES = True
PREFIX = "/api/v1"
DATES = [None, "2025-06-30", "2025-08-15"]

OF_A_PORTFOLIO = [
    "/portfolios/{portfolio_id}",
    "/data/portfolio/{portfolio_id}/snapshot",
    "/data/portfolio/{portfolio_id}/data-quality",
    "/data/portfolio/{portfolio_id}/exposures",
    "/data/positions/top/{portfolio_id}",
    "/target-prices/{portfolio_id}",
    "/target-prices/{portfolio_id}/summary",
    "/portfolios/{portfolio_id}/equity-changes",
    "/portfolios/{portfolio_id}/equity-changes/summary",
]
OF_THE_USER: dict[str, dict[str, Any]] = {
    "/portfolios": {},
    "/tags/": {},
    "/data/prices/benchmark/{symbol}": {},
    "/data/prices/quotes": {"symbols": "SPY,AAPL,NO_SUCH"},
    "/data/factors/etf-prices": {"lookback_days": 10},
    "/data/factors": {},
    "/data/factors/correlations": {},
    "/data/scenarios": {},
    "/data/positions": {"group_by": "sector"},
    "/data/company-profiles": {"symbols": ["AAPL", "SPY", "NO_SUCH"]},
}


@pytest.fixture(scope="module")
def document(hedge_fund: Person) -> dict[str, Any]:
    document: dict[str, Any] = hedge_fund.get("openapi.json").json()
    return document


@pytest.fixture(scope="module")
def shapes(document: dict[str, Any]) -> Shapes:
    return Shapes(document)


def dated(as_of_date: str | None) -> dict[str, str]:
    return {} if as_of_date is None else {"as_of_date": as_of_date}


@pytest.mark.parametrize("as_of_date", DATES)
@pytest.mark.parametrize("path", OF_A_PORTFOLIO)
@pytest.mark.parametrize("who", ["hedge_fund", "family_office"])
def test_a_portfolio_response_matches_its_schema_and_contract(
    *,
    request: pytest.FixtureRequest,
    document: dict[str, Any],
    shapes: Shapes,
    who: str,
    path: str,
    as_of_date: str | None,
) -> None:
    person: Person = request.getfixturevalue(who)
    for portfolio_id in person.portfolios.values():
        response = person.get(path.format(portfolio_id=portfolio_id)[1:], **dated(as_of_date))
        shapes.validate_response(response, f"{PREFIX}{path}", document)
        assert response.headers["x-as-of-date"] == (as_of_date or "2025-09-12")


@pytest.mark.parametrize("as_of_date", DATES)
@pytest.mark.parametrize("path", OF_THE_USER)
def test_a_user_response_matches_its_schema_and_contract(
    hedge_fund: Person, document: dict[str, Any], shapes: Shapes, path: str, as_of_date: str | None
) -> None:
    response = hedge_fund.get(path.format(symbol="SPY")[1:], **OF_THE_USER[path], **dated(as_of_date))
    shapes.validate_response(response, f"{PREFIX}{path}", document)


def test_single_objects_match_their_schema_and_contract(
    hedge_fund: Person, document: dict[str, Any], shapes: Shapes
) -> None:
    details = hedge_fund.get("data/positions/details", portfolio_id=hedge_fund.portfolio_id).json()
    tag = hedge_fund.get("tags/").json()["tags"][0]["id"]
    target = hedge_fund.get(f"target-prices/{hedge_fund.portfolio_id}").json()[0]["id"]
    position = details["positions"][0]["id"]
    for path, identity in (
        ("/positions/{position_id}", position),
        ("/positions/{position_id}/tags", position),
        ("/target-prices/target/{target_id}", target),
        ("/tags/{tag_id}", tag),
        ("/tags/{tag_id}/positions", tag),
    ):
        url = path.replace(path[path.index("{") : path.index("}") + 1], identity)[1:]
        body = shapes.validate_response(hedge_fund.get(url), f"{PREFIX}{path}", document)
        assert body


def test_a_portfolio_of_private_holdings(family_office: Person) -> None:
    private = family_office.portfolios["Demo Family Office Private Opportunities"]
    quality = family_office.get(f"data/portfolio/{private}/data-quality").json()
    assert quality["summary"]["insufficient_data"] == quality["summary"]["total_positions"] > 0
    assert quality["summary"]["quality_score"] == 0
    reasons = {gap["reason"] for gap in quality["position_data_quality"]["insufficient_data"]}
    assert reasons == {"private_holding"}
    assert not any(check["feasible"] for check in quality["calculation_feasibility"].values())
    snapshot = family_office.get(f"data/portfolio/{private}/snapshot").json()
    assert (snapshot["beta_calculated_90d"], snapshot["beta_provider_1y"]) == (None, None)
    assert (snapshot["price_source"], snapshot["price_notice"]) == ("loaded", None)
    assert snapshot["position_count"] == snapshot["private_count"]
    profiles = family_office.get("data/company-profiles", portfolio_id=private).json()
    assert (profiles["profiles"], profiles["meta"]["requested_symbols"]) == ([], [])


def test_the_template_has_the_twelve_columns(hedge_fund: Person) -> None:
    response = hedge_fund.get("onboarding/csv-template")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    assert list(rows[0]) == list(COLUMNS.values())
    assert len(rows) == 9
    assert hedge_fund.client.get(f"{PREFIX}/onboarding/csv-template").content == response.content
