"""Every live response has the fields that the frontend uses, and the shape of the OpenAPI document."""

from typing import Any

import pytest

from tests.api.api_helpers import Person, Shapes

ON_REAL_PRICES = True
PREFIX = "/api/v1"
DATES = [None, "2025-06-30", "2025-07-20", "2025-08-15"]

# The paths and field names that the frontend uses. Extra fields are allowed, none of these may be removed.
FIELDS: dict[str, Any] = {
    "/data/portfolios": [
        {
            "id", "name", "net_asset_value", "total_value", "equity_balance", "total_market_value",
            "created_at", "updated_at", "position_count",
        }
    ],
    "/data/portfolio/{portfolio_id}/complete": {
        "meta": {
            "as_of", "requested", "applied", "limits", "rows_returned", "truncated", "schema_version",
        },
        "portfolio": {
            "id", "name", "net_asset_value", "total_value", "equity_balance", "cash_balance",
            "position_count", "as_of",
        },
        "positions_summary": {"long_count", "short_count", "option_count", "total_market_value"},
        "holdings": [
            {
                "id", "symbol", "quantity", "position_type", "investment_class", "market_value",
                "last_price", "current_price", "has_complete_history", "tags",
            }
        ],
        "timeseries": {"dates", "values", "daily_pnl", "daily_return"},
        "attribution": {"contributors", "detractors"},
        "data_quality": {"complete_data_positions", "partial_data_positions", "as_of"},
    },
    "/data/positions/details": {
        "positions": [
            {
                "id", "portfolio_id", "symbol", "company_name", "sector", "industry", "position_type",
                "investment_class", "investment_subtype", "quantity", "entry_date", "entry_price",
                "cost_basis", "current_price", "market_value", "unrealized_pnl", "unrealized_pnl_percent",
                "realized_pnl", "day_change_value", "day_change_percent", "strike_price",
                "expiration_date", "underlying_symbol", "exit_date", "exit_price", "tags",
            }
        ],
        "summary": {
            "total_positions", "total_cost_basis", "total_market_value", "total_unrealized_pnl",
        },
    },
    "/analytics/portfolio/{portfolio_id}/overview": {
        "portfolio_id": None, "equity_balance": None, "net_asset_value": None, "total_value": None,
        "cash_balance": None, "leverage": None, "last_updated": None,
        "exposures": {
            "long_exposure", "short_exposure", "gross_exposure", "net_exposure", "long_percentage",
            "short_percentage", "gross_percentage", "net_percentage",
        },
        "pnl": {"total_pnl", "unrealized_pnl", "realized_pnl", "ytd_pnl", "mtd_pnl", "daily_pnl"},
        "position_count": {"total_positions", "long_count", "short_count", "option_count"},
        "target_returns": {
            "expected_return_eoy", "expected_return_next_year", "downside_return", "coverage_pct",
            "positions_with_targets", "total_positions", "last_updated",
        },
        "data_quality": {
            "flag", "message", "positions_analyzed", "positions_total", "positions_skipped", "data_days",
        },
    },
    "/data/prices/historical/{portfolio_id}": {
        "metadata": {"lookback_days", "start_date", "end_date", "trading_days_included"},
        "symbols": None,
    },
}  # fmt: skip

BAR_FIELDS = {"dates", "open", "high", "low", "close", "adjusted_close", "volume", "data_points", "source"}


def missing_fields(value: Any, fields: Any, where: str = "") -> list[str]:
    """List the fields that are missing in a response."""
    if fields is None:
        return []
    if isinstance(fields, list):
        return [gap for item in value for gap in missing_fields(item, fields[0], f"{where}[]")]
    gaps = [f"{where}.{name}" for name in fields if name not in value]
    if isinstance(fields, dict):
        for name, inner in fields.items():
            gaps += missing_fields(value.get(name), inner, f"{where}.{name}")
    return gaps


@pytest.fixture(scope="module")
def document(hedge_fund: Person) -> dict[str, Any]:
    document: dict[str, Any] = hedge_fund.get("openapi.json").json()
    return document


@pytest.mark.parametrize("as_of_date", DATES)
@pytest.mark.parametrize("path", FIELDS)
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
        assert missing_fields(body, FIELDS[path]) == []
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
