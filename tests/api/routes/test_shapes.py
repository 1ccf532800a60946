"""Every live response has the fields that the frontend uses, and the shape of the OpenAPI document."""

from typing import Any

import pytest

from tests.api.api_helpers import Person, Shapes

ON_REAL_PRICES = True
PREFIX = "/api/v1"
DATES = [None, "2025-06-30", "2025-07-20", "2025-08-15"]

PATHS = [
    "/data/portfolios",
    "/data/portfolio/{portfolio_id}/complete",
    "/data/positions/details",
    "/analytics/portfolio/{portfolio_id}/overview",
    "/data/prices/historical/{portfolio_id}",
]
BAR_FIELDS = {"dates", "open", "high", "low", "close", "adjusted_close", "volume", "data_points", "source"}


@pytest.fixture(scope="module")
def document(hedge_fund: Person) -> dict[str, Any]:
    document: dict[str, Any] = hedge_fund.get("openapi.json").json()
    return document


@pytest.mark.parametrize("as_of_date", DATES)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["hedge_fund", "family_office"])
def test_a_response_matches_its_schema_and_contract(
    request: pytest.FixtureRequest, document: dict[str, Any], who: str, path: str, as_of_date: str | None
) -> None:
    person: Person = request.getfixturevalue(who)
    for portfolio_id in person.portfolios.values():
        selector = {"portfolio_id": portfolio_id, "include_closed": True} if "positions" in path else {}
        date = {} if as_of_date is None else {"as_of_date": as_of_date}
        response = person.get(path.format(portfolio_id=portfolio_id)[1:], **selector, **date)
        body = Shapes(document).validate_response(response, f"{PREFIX}{path}", document)
        for bars in body["symbols"].values() if "symbols" in body else []:
            assert set(bars) == BAR_FIELDS


def test_the_current_user_matches_its_schema_and_contract(
    hedge_fund: Person, document: dict[str, Any]
) -> None:
    body = Shapes(document).validate_response(hedge_fund.get("auth/me"), f"{PREFIX}/auth/me", document)
    fields = {"id", "email", "full_name", "is_active", "created_at", "portfolio_id", "portfolio_count"}
    assert fields <= set(body)
    assert (body["portfolio_id"], body["portfolio_count"]) == (hedge_fund.portfolio_id, 1)


def test_health_matches_its_schema(hedge_fund: Person, document: dict[str, Any]) -> None:
    for path in ("health", "health/ready", "health/live"):
        body = Shapes(document).validate_response(hedge_fund.get(path), f"{PREFIX}/{path}", document)
        assert body["live"] is True
