"""Every analytic has the fields that the frontend uses, and reports when there are no figures."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.api_helpers import Person, Shapes, add_user, assert_problem, log_in
from warehouse.connections import Warehouse

ON_REAL_PRICES = True
PREFIX = "/api/v1"
PORTFOLIO = "/analytics/portfolio/{portfolio_id}"
AGGREGATE = "/analytics/aggregate"
PRIVATE = "Demo Family Office Private Opportunities"
PORTFOLIO_PATHS = [
    f"{PORTFOLIO}/{name}"
    for name in (
        "factor-exposures",
        "positions/factor-exposures",
        "spread-factors",
        "stress-test",
        "stress-detail",
        "correlation-matrix",
        "diversification-score",
        "sector-exposure",
        "concentration",
        "volatility",
        "market-beta",
        "beta-calculated-90d",
        "beta-provider-1y",
        "beta-comparison",
        "risk-metrics",
        "greeks",
        "option-payoffs",
        "value-at-risk",
        "risk-decomposition",
        "risk-contributions",
        "liquidity",
        "forecast-evaluation",
        "attribution",
        "factor-attribution",
        "option-pnl-explain",
        "benchmark-risk",
    )
]
AGGREGATE_PATHS = [
    f"{AGGREGATE}/{name}"
    for name in (
        "overview",
        "breakdown",
        "beta",
        "volatility",
        "factor-exposures",
        "sector-exposure",
        "concentration",
        "correlation-matrix",
        "stress-test",
    )
]
PATHS = [*PORTFOLIO_PATHS, *AGGREGATE_PATHS]
# what is available for holdings without a market
AVAILABLE_FOR_PRIVATE = {
    f"{PORTFOLIO}/{name}"
    for name in ("sector-exposure", "concentration", "liquidity", "attribution", "factor-attribution")
}
# the real prices come without profiles and volumes, the simulated ones with simulated betas
ONLY_SIMULATED = {f"{PORTFOLIO}/beta-provider-1y", f"{PORTFOLIO}/liquidity"}


@pytest.fixture(scope="module")
def document(hedge_fund: Person) -> dict[str, Any]:
    document: dict[str, Any] = hedge_fund.get("openapi.json").json()
    return document


@pytest.fixture(scope="module")
def people(hedge_fund: Person, family_office: Person) -> list[Person]:
    return [hedge_fund, family_office]


@pytest.fixture(scope="module")
def shapes(document: dict[str, Any]) -> Shapes:
    return Shapes(document)


@pytest.mark.parametrize("as_of_date", [None, "2025-06-30", "2025-08-15"])
@pytest.mark.parametrize("path", PATHS)
def test_an_analytic_matches_its_schema_and_contract(
    people: list[Person], document: dict[str, Any], shapes: Shapes, path: str, as_of_date: str | None
) -> None:
    date = {} if as_of_date is None else {"as_of_date": as_of_date}
    for person in people:
        for portfolio_id in person.portfolios.values():
            response = person.get(path.format(portfolio_id=portfolio_id)[1:], **date)
            body = shapes.validate_response(response, f"{PREFIX}{path}", document)
            session = response.headers["x-as-of-date"]
            assert session == (as_of_date or "2025-09-12")
            assert body["calculation_date"] == (session if body["available"] else None)


@pytest.mark.parametrize("path", PORTFOLIO_PATHS)
def test_available_analytics_report_simulated_prices(hedge_fund: Person, path: str, prices: str) -> None:
    body = hedge_fund.get(path.format(portfolio_id=hedge_fund.portfolio_id)[1:]).json()
    is_available = prices == "simulated" or path not in ONLY_SIMULATED
    assert body["available"] is is_available
    quality = body["data_quality"]
    assert quality["positions_analyzed"] + quality["positions_skipped"] == quality["positions_total"]
    assert (quality["positions_analyzed"] > 0) is is_available
    assert (quality["data_days"] > 0) is is_available
    notice = body["metadata"]["price_notice"]
    if prices == "simulated":
        assert body["metadata"]["price_source"] == "simulated"
        assert notice in quality["message"]
        assert "  " not in quality["message"]
    else:
        assert (body["metadata"]["price_source"], notice) == ("loaded", None)


@pytest.mark.parametrize("path", PORTFOLIO_PATHS)
def test_private_holdings_alone_have_no_market_figures(family_office: Person, path: str) -> None:
    body = family_office.get(path.format(portfolio_id=family_office.portfolios[PRIVATE])[1:]).json()
    assert body["available"] is (path in AVAILABLE_FOR_PRIVATE)
    assert body["data_quality"]["flag"] == "no_public_positions"
    assert body["data_quality"]["message"]
    assert body["data_quality"]["positions_total"] > 0
    if not body["available"]:
        assert body["data_quality"]["positions_analyzed"] == 0
        assert (body.get("data") or {}).get("scenarios", []) == []
        assert set(body.get("data") or {}) <= {"scenarios", "portfolio_value", "calculation_date"}
        assert body.get("factors", []) == []
        assert body.get("portfolio_correlation") is None
        assert [
            row for row in body.get("positions", []) if row.get("exposures") or row.get("observations")
        ] == []


@pytest.mark.parametrize("path", PORTFOLIO_PATHS)
def test_an_analytic_before_the_portfolio_begins_names_its_first_date(hedge_fund: Person, path: str) -> None:
    url = path.format(portfolio_id=hedge_fund.portfolio_id)[1:]
    body = assert_problem(hedge_fund.get(url, as_of_date="2025-06-27"), 422, "date_before_history")
    assert "begins on 2025-06-30" in body["detail"]


@pytest.mark.parametrize("parameter", ["symbols", "scenarios"])
@pytest.mark.parametrize("value", ["a\x00b", "ü", "x" * 65])
def test_an_invalid_name_is_rejected(hedge_fund: Person, parameter: str, value: str) -> None:
    path = {"symbols": "positions/factor-exposures", "scenarios": "stress-test"}[parameter]
    url = f"analytics/portfolio/{hedge_fund.portfolio_id}/{path}"
    assert_problem(hedge_fund.get(url, **{parameter: value}), 422, "invalid_request")


@pytest.mark.parametrize("path", AGGREGATE_PATHS)
def test_a_user_without_portfolios_gets_a_response_without_figures(
    api: TestClient, demo: Warehouse, document: dict[str, Any], shapes: Shapes, path: str
) -> None:
    email = f"newcomer{path.replace('/', '-')}@example.com"
    add_user(demo, email)
    response = api.get(f"{PREFIX}{path}", headers=log_in(api, email))
    body = shapes.validate_response(response, f"{PREFIX}{path}", document)
    assert body["available"] is False
    assert body["portfolio_ids"] == []
    assert body["data_quality"]["flag"] == "no_public_positions"
    assert body["data_quality"]["message"]


@pytest.mark.parametrize("path", AGGREGATE_PATHS)
def test_an_aggregate_rejects_ids_of_other_users(
    hedge_fund: Person, family_office: Person, path: str
) -> None:
    for foreign in (family_office.portfolio_id, "00000000-0000-0000-0000-000000000000"):
        named = [hedge_fund.portfolio_id, foreign]
        assert_problem(hedge_fund.get(path[1:], portfolio_ids=named), 404, "portfolio_not_found")


@pytest.mark.parametrize("path", PATHS)
def test_an_analytic_requires_a_token(hedge_fund: Person, path: str) -> None:
    url = f"{PREFIX}{path.format(portfolio_id=hedge_fund.portfolio_id)}"
    assert_problem(hedge_fund.client.get(url), 401, "not_authenticated")
    tampered = {"Authorization": hedge_fund.headers["Authorization"] + "x"}
    assert_problem(hedge_fund.client.get(url, headers=tampered), 401, "token_invalid")


@pytest.mark.parametrize("path", PATHS)
def test_an_unchanged_analytic_is_a_304(hedge_fund: Person, path: str) -> None:
    url = f"{PREFIX}{path.format(portfolio_id=hedge_fund.portfolio_id)}"
    etag = hedge_fund.client.get(url, headers=hedge_fund.headers).headers["etag"]
    again = hedge_fund.client.get(url, headers={**hedge_fund.headers, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
