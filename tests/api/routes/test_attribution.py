"""Attribution equals the functions of the warehouse, adds up, and says why there is none."""

from typing import Any

import pytest
from psycopg import Connection

from tests.api.api_helpers import Person, assert_problem

Analyst = Connection[dict[str, Any]]
LAST = "2025-09-12"
RANGE = {"from": "2025-08-01", "to": "2025-08-31"}


def get(person: Person, name: str, **parameters: Any) -> Any:
    response = person.get(f"analytics/portfolio/{person.portfolio_id}/{name}", **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


@pytest.mark.parametrize("method", ["carino", "menchero"])
@pytest.mark.parametrize("dimension", ["sector", "investment_class"])
def test_segments_equal_the_function_and_add_up(
    hedge_fund: Person, analyst: Analyst, dimension: str, method: str
) -> None:
    body = get(hedge_fund, "attribution", period="ITD", dimension=dimension, method=method)
    facts = analyst.execute(
        "select * from udf.portfolio_attribution(%s, null, %s, %s, %s)",
        (hedge_fund.portfolio_id, LAST, dimension, method),
    ).fetchall()
    found = {segment["segment"]: segment for segment in body["segments"]}
    assert found.keys() == {fact["segment"] for fact in facts}
    for fact in facts:
        figures = {name: rounded(value) for name, value in fact.items() if isinstance(value, float)}
        assert {name: found[fact["segment"]][name] for name in figures} == pytest.approx(figures, abs=1.1e-6)
        assert found[fact["segment"]]["null_reason"] == fact["null_reason"]
    totals = body["totals"]
    assert totals["contribution"] == totals["time_weighted"]
    assert totals["effect"] == totals["excess"]
    assert totals["excess"] == pytest.approx(totals["time_weighted"] - totals["benchmark"], abs=1.1e-6)
    residual = found.get("Benchmark residual", {"effect": 0})["effect"]
    assert totals["allocation"] + totals["selection"] + residual == pytest.approx(totals["effect"], abs=2e-6)
    assert body["metadata"]["sessions"] > 50


def test_tags_equal_the_function_and_have_no_sums(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "attribution", period="ITD", dimension="tag")
    facts = analyst.execute(
        "select * from udf.portfolio_attribution(%s, null, %s, 'tag', 'carino')",
        (hedge_fund.portfolio_id, LAST),
    ).fetchall()
    found = {segment["segment"]: segment for segment in body["segments"]}
    assert {"options", *found} == {fact["segment"] for fact in facts}
    for fact in facts:
        segment = found[fact["segment"]]
        for name in ("portfolio_weight", "contribution", "allocation", "selection", "effect"):
            assert segment[name] == pytest.approx(fact[name], abs=1.1e-6)
        assert (segment["benchmark_weight"], segment["null_reason"]) == (0, None)
    totals = body["totals"]
    assert totals["null_reason"] == "tags_overlap"
    assert {totals[name] for name in ("contribution", "allocation", "selection", "effect")} == {None}
    assert totals["excess"] == pytest.approx(totals["time_weighted"] - totals["benchmark"], abs=1.1e-6)


def test_factors_equal_the_function_and_add_up(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "factor-attribution", **RANGE)
    facts = analyst.execute(
        "select * from udf.portfolio_factor_attribution(%s, %s, %s, 'carino')",
        (hedge_fund.portfolio_id, *RANGE.values()),
    ).fetchall()
    assert {row["name"]: row["contribution"] for row in body["factors"]} == {
        fact["factor"]: rounded(fact["contribution"]) for fact in facts
    }
    assert len(facts) == 10
    (custom, *_) = get(hedge_fund, "returns", **RANGE)["periods"]
    assert body["totals"]["contribution"] == body["totals"]["time_weighted"] == custom["time_weighted"]
    shown = ("period", "from", "to", "sessions")
    assert {name: body["metadata"][name] for name in shown} == {name: custom[name] for name in shown}


@pytest.mark.parametrize("name", ["attribution", "factor-attribution"])
def test_a_period_without_returns_is_not_available(hedge_fund: Person, name: str) -> None:
    for parameters in ({"period": "3Y"}, {"from": "2025-08-30", "to": "2025-08-31"}):
        body = get(hedge_fund, name, **parameters)
        assert (body["available"], body["totals"], body["calculation_date"]) == (False, None, None)
        assert "no session in the range" in body["data_quality"]["message"]
        assert body["metadata"]["sessions"] == 0


@pytest.mark.parametrize("name", ["attribution", "factor-attribution"])
def test_it_is_of_own_portfolios_only(hedge_fund: Person, family_office: Person, name: str) -> None:
    path = f"analytics/portfolio/{family_office.portfolio_id}/{name}"
    assert hedge_fund.get(path).status_code == 404
    own = f"analytics/portfolio/{hedge_fund.portfolio_id}/{name}"
    assert_problem(hedge_fund.get(own, method="none"), 422, "invalid_request")
