"""Risk against the benchmark equals the marts, adds up, and says why a figure is null."""

import json
from typing import Any

import pytest
from psycopg import Connection

from api.marts.answers import COVERAGE_RULES
from api.queries import load_query
from tests.api.api_helpers import Person, assert_problem
from warehouse.connections import Warehouse

Analyst = Connection[dict[str, Any]]
LAST = "2025-09-12"
PRIVATE = "725641fb-e9f7-5605-a904-1e44c3e95cda"


def get(person: Person, portfolio: str | None = None, **parameters: Any) -> Any:
    response = person.get(
        f"analytics/portfolio/{portfolio or person.portfolio_id}/benchmark-risk", **parameters
    )
    assert response.status_code == 200, response.text
    return response.json()


def rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value


def test_figures_equal_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund)
    fact = analyst.execute(
        "select * from fct_benchmark_risk where portfolio_id = %s and as_of_date = %s",
        (hedge_fund.portfolio_id, LAST),
    ).fetchone()
    assert fact
    assert body["benchmark"] == fact.pop("benchmark_symbol") == "SPY"
    for name in ("coverage", "coverage_of_equity"):
        assert body["metadata"][name] == rounded(fact.pop(name))
    names = fact.keys() - {"portfolio_id", "as_of_date"}
    assert {name: body[name] for name in names} == {name: rounded(fact[name]) for name in names}
    assert body["tracking_error_ex_ante"] > 0.05
    # 53 sessions are too few
    assert body["ex_post_null_reason"] == "too_few_sessions"
    assert body["available"] is True
    assert body["calculation_date"] == LAST


@pytest.mark.parametrize("by", ["position", "symbol", "sector", "factor"])
def test_contributions_equal_the_function_and_add_up(hedge_fund: Person, analyst: Analyst, by: str) -> None:
    body = get(hedge_fund, by=by)
    facts = analyst.execute(
        "select * from udf.portfolio_active_risk(%s, %s, %s)", (hedge_fund.portfolio_id, LAST, by)
    ).fetchall()
    assert body["metadata"]["by"] == by
    listed = body["contributions"]
    assert sorted(one["contribution"] for one in listed) == pytest.approx(
        sorted(fact["contribution"] for fact in facts), abs=1.1e-6
    )
    total = body["tracking_error_ex_ante"]
    assert sum(one["contribution"] for one in listed) == pytest.approx(total, abs=1e-6 * len(listed))
    assert sum(one["share"] for one in listed) == pytest.approx(1, abs=1e-6 * len(listed))
    sizes = [abs(one["contribution"]) for one in listed]
    assert sizes == sorted(sizes, reverse=True)
    if by in ("position", "sector"):
        assert "Benchmark" in {one["name"] for one in listed} or by == "position"
        (benchmark,) = [one for one in listed if one["benchmark_exposure"] == 1]
        assert benchmark["active_exposure"] == -1
        assert benchmark["position_count"] == 0


def test_active_factors_add_up_whatever_contributions_are_of(hedge_fund: Person) -> None:
    body = get(hedge_fund, by="sector")
    factors = {one["factor"]: one for one in body["active_factors"]}
    assert len(factors) == 9
    assert sum(one["contribution"] for one in factors.values()) == pytest.approx(
        body["tracking_error_ex_ante"], abs=1e-5
    )
    market = factors["Market"]
    assert market["benchmark_beta"] == 1
    assert market["active_beta"] == pytest.approx(market["portfolio_beta"] - 1, abs=1.1e-6)
    assert factors["Specific"]["active_beta"] is None
    by_name = {one["name"]: one["contribution"] for one in get(hedge_fund, by="factor")["contributions"]}
    assert by_name == {name: one["contribution"] for name, one in factors.items()}


def test_a_private_portfolio_has_reasons(family_office: Person) -> None:
    body = get(family_office, PRIVATE)
    assert body["available"] is False
    assert body["calculation_date"] is None
    assert body["benchmark"] == "SPY"
    assert body["tracking_error_ex_ante"] is None
    assert body["ex_ante_null_reason"] == "no_public_positions"
    assert body["active_factors"] == []
    assert {one["null_reason"] for one in body["contributions"]} == {"no_public_positions"}
    assert body["data_quality"]["flag"] == "no_public_positions"
    assert body["metadata"]["coverage_of_equity"] == 0


def test_cash_alone_is_measured(demo: Warehouse) -> None:
    asked = {
        "portfolio_id": PRIVATE,
        "portfolio_ids": [PRIVATE],
        "user_id": PRIVATE,
        "as_of_date": LAST,
        "requested_date": None,
        "published_at": "2025-09-13T00:00:00Z",
        "simulated_notice": "",
        "part_of": "symbol",
        **COVERAGE_RULES,
    }
    with demo.connect_writer() as connection:
        connection.execute("set search_path = marts")
        for value in (None, 0.16):
            connection.execute(
                "update published.fct_benchmark_risk set tracking_error_ex_ante = %s where portfolio_id = %s",
                (value, PRIVATE),
            )
            found = connection.execute(load_query("analytics_benchmark_risk").text, asked).fetchone()
            assert found is not None
            body = json.loads(found[0])
            quality = body["data_quality"]
            report = connection.execute(load_query("report_benchmark_risk").text, asked)
            columns = [column.name for column in report.description or ()]
            row = dict(zip(columns, report.fetchone() or (), strict=True))
            assert quality["message"].startswith("Only cash is held") is (value is not None)
            assert row["quality_message"] in quality["message"]
            for name in ("positions_analyzed", "positions_skipped"):
                assert quality[name] == row[name]
            assert (quality["coverage_of_equity"], quality["positions_skipped"] == 0) == (
                (0, False) if value is None else (1, True)
            )
        connection.rollback()


def test_holdings_that_are_not_measured_say_so(high_net_worth: Person) -> None:
    body = get(high_net_worth)
    assert 0 < body["metadata"]["coverage_of_equity"] < 1
    private = [one for one in body["contributions"] if one["null_reason"] == "private"]
    assert private
    assert {one["contribution"] for one in private} == {None}
    assert body["contributions"][-1]["null_reason"] is not None


def test_other_parts_are_refused(hedge_fund: Person) -> None:
    assert_problem(
        hedge_fund.get(f"analytics/portfolio/{hedge_fund.portfolio_id}/benchmark-risk", by="tag"),
        422,
        "invalid_request",
    )
