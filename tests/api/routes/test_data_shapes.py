"""Every data endpoint returns its documented shape, with the field names that the frontend uses."""

import csv
import io
from typing import Any

import pytest

from ingestion.statements.columns import COLUMNS
from tests.api.api_helpers import Person, Shapes, assert_problem
from tests.api.routes.test_shapes import missing_fields

ON_REAL_PRICES = True
PREFIX = "/api/v1"
DATES = [None, "2025-06-30", "2025-08-15"]

ACCOUNT = {
    "id", "user_id", "name", "account_name", "account_type", "description", "currency", "equity_balance",
    "is_active", "created_at", "updated_at", "position_count", "net_asset_value", "total_value",
}  # fmt: skip
TOTALS = {"total_count", "active_count", "net_asset_value", "total_value"}
TARGET = {
    "id", "portfolio_id", "position_id", "symbol", "position_type", "target_price_eoy",
    "target_price_next_year", "downside_target_price", "current_price", "expected_return_eoy",
    "expected_return_next_year", "downside_return", "target_upside_eoy_value",
    "target_upside_next_year_value", "target_downside_value", "position_weight",
    "contribution_to_portfolio_return", "contribution_to_portfolio_risk", "price_updated_at", "created_at",
    "updated_at",
}  # fmt: skip
TAG = {
    "id", "user_id", "name", "color", "description", "display_order", "usage_count", "position_count",
    "is_archived", "created_at", "updated_at",
}  # fmt: skip
POSITION = {
    "id", "portfolio_id", "symbol", "company_name", "sector", "industry", "position_type",
    "investment_class", "investment_subtype", "quantity", "entry_date", "entry_price", "cost_basis",
    "current_price", "market_value", "unrealized_pnl", "unrealized_pnl_percent", "realized_pnl",
    "day_change_value", "day_change_percent", "strike_price", "expiration_date", "underlying_symbol",
    "exit_date", "exit_price", "tags",
}  # fmt: skip
PROFILE = {
    "symbol", "company_name", "sector", "industry", "exchange", "country", "currency", "market_cap",
    "description", "is_etf", "is_fund", "employees", "website", "pe_ratio", "forward_pe", "dividend_yield",
    "beta", "week_52_high", "week_52_low", "target_mean_price", "target_high_price", "target_low_price",
    "number_of_analyst_opinions", "recommendation_mean", "recommendation_key", "forward_eps",
    "earnings_growth", "revenue_growth", "profit_margins", "operating_margins", "gross_margins",
    "return_on_assets", "return_on_equity", "total_revenue", "next_earnings_date",
}  # fmt: skip
QUOTE = {
    "symbol", "last_price", "previous_close", "volume", "day_change", "day_change_percent", "day_high",
    "day_low", "week_52_high", "week_52_low", "timestamp", "bid", "ask",
}  # fmt: skip
EQUITY_CHANGE = {"id", "portfolio_id", "change_type", "amount", "change_date", "notes", "created_at"}
FEASIBLE = {"feasible", "positions_eligible", "positions_excluded"}

# The paths of a portfolio, and the field names that the frontend uses. Extra fields are allowed.
OF_A_PORTFOLIO: dict[str, Any] = {
    "/portfolios/{portfolio_id}": ACCOUNT | TOTALS | {"portfolios"},
    "/data/portfolio/{portfolio_id}/snapshot": {
        "portfolio_id", "snapshot_date", "target_price_return_eoy", "target_price_return_next_year",
        "target_price_coverage_pct", "target_price_positions_count", "target_price_total_positions",
        "target_price_last_updated", "beta_calculated_90d", "beta_provider_1y", "daily_pnl",
        "daily_return",
    },
    "/data/portfolio/{portfolio_id}/data-quality": {
        "portfolio_id": None, "assessment_date": None, "recommendations": None,
        "summary": {
            "total_positions", "complete_data", "partial_data", "insufficient_data",
            "data_coverage_percent", "quality_score",
        },
        "position_data_quality": {
            "complete_history": [{"symbol", "days_available", "days_missing"}],
            "partial_history": [{"symbol", "days_available", "days_missing"}],
            "insufficient_data": [{"symbol", "days_available", "reason"}],
        },
        "calculation_feasibility": {
            "correlation_matrix": FEASIBLE | {"min_days_overlap"},
            "factor_regression": FEASIBLE | {"min_days_required"},
            "volatility_analysis": FEASIBLE | {"min_days_required"},
        },
    },
    "/data/positions/top/{portfolio_id}": {
        "portfolio_id": None, "as_of": None, "meta": None,
        "data": [{"symbol", "name", "sector", "market_value", "weight"}],
    },
    "/target-prices/{portfolio_id}": [TARGET],
    "/target-prices/{portfolio_id}/summary": {
        "portfolio_name", "total_positions", "positions_with_targets", "coverage_percentage",
        "weighted_expected_return_eoy", "weighted_expected_return_next_year", "weighted_downside_return",
        "expected_sharpe_ratio", "expected_sortino_ratio", "target_prices", "last_updated",
    },
    "/portfolios/{portfolio_id}/equity-changes": {
        "items": [EQUITY_CHANGE], "page": None, "page_size": None, "total_items": None, "total_pages": None,
    },
    "/portfolios/{portfolio_id}/equity-changes/summary": {
        "portfolio_id", "total_contributions", "total_withdrawals", "net_flow", "last_change", "periods",
    },
}  # fmt: skip

OF_THE_USER: dict[str, tuple[dict[str, Any], Any]] = {
    "/portfolios": ({}, {"portfolios": [ACCOUNT]} | dict.fromkeys(TOTALS)),
    "/tags/": ({}, {"tags": [TAG], "total": None, "active_count": None, "archived_count": None}),
    "/data/prices/benchmark/{symbol}": (
        {},
        {
            "symbol": None, "available": None,
            "metadata": {
                "lookback_days", "start_date", "end_date", "trading_days_found", "first_date", "last_date",
            },
            "data": {"dates", "open", "high", "low", "close", "volume"},
        },
    ),
    "/data/prices/quotes": (
        {"symbols": "SPY,AAPL,NO_SUCH"},
        {
            "quotes": [QUOTE],
            "metadata": {
                "requested_symbols", "successful_quotes", "failed_quotes", "timestamp", "is_realtime",
            },
        },
    ),
    "/data/factors/etf-prices": (
        {"lookback_days": 10},
        {"metadata": {"factor_model", "etf_count", "timestamp"}, "data": None},
    ),
    "/data/company-profiles": (
        {"symbols": ["AAPL", "SPY", "NO_SUCH"]},
        {
            "profiles": [PROFILE],
            "meta": {"query_type", "requested_symbols", "returned_profiles", "missing_profiles", "as_of"},
        },
    ),
}  # fmt: skip


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
        body = shapes.validate_response(response, f"{PREFIX}{path}", document)
        assert missing_fields(body, OF_A_PORTFOLIO[path]) == []
        assert response.headers["x-as-of-date"] == (as_of_date or "2025-09-12")


@pytest.mark.parametrize("as_of_date", DATES)
@pytest.mark.parametrize("path", OF_THE_USER)
def test_a_user_response_matches_its_schema_and_contract(
    hedge_fund: Person, document: dict[str, Any], shapes: Shapes, path: str, as_of_date: str | None
) -> None:
    parameters, fields = OF_THE_USER[path]
    response = hedge_fund.get(path.format(symbol="SPY")[1:], **parameters, **dated(as_of_date))
    body = shapes.validate_response(response, f"{PREFIX}{path}", document)
    assert missing_fields(body, fields) == []


def test_single_objects_match_their_schema_and_contract(
    hedge_fund: Person, document: dict[str, Any], shapes: Shapes
) -> None:
    details = hedge_fund.get("data/positions/details", portfolio_id=hedge_fund.portfolio_id).json()
    tag = hedge_fund.get("tags/").json()["tags"][0]["id"]
    target = hedge_fund.get(f"target-prices/{hedge_fund.portfolio_id}").json()[0]["id"]
    position = details["positions"][0]["id"]
    for path, identity, fields in (
        ("/positions/{position_id}", position, POSITION),
        ("/positions/{position_id}/tags", position, [{"id", "name", "color", "description"}]),
        ("/target-prices/target/{target_id}", target, TARGET),
        ("/tags/{tag_id}", tag, TAG | {"tags", "total", "active_count", "archived_count"}),
        ("/tags/{tag_id}/positions", tag, {"positions": [{"id", "portfolio_id", "symbol"}]}),
    ):
        url = path.replace(path[path.index("{") : path.index("}") + 1], identity)[1:]
        body = shapes.validate_response(hedge_fund.get(url), f"{PREFIX}{path}", document)
        assert body
        assert missing_fields(body, fields) == []


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
    assert_problem(hedge_fund.client.get(f"{PREFIX}/onboarding/csv-template"), 401, "not_authenticated")
