"""Histories of exposures, definitions of factors and scenarios, lists of positions: they equal the marts."""

from typing import Any

import pytest
from psycopg import Connection

from tests.api.api_helpers import Person

LAST = "2025-09-12"
Analyst = Connection[dict[str, Any]]


def rounded(number: Any, places: int) -> Any:
    """A figure of a mart, within the rounding of an answer."""
    return None if number is None else pytest.approx(float(number), abs=0.51 * 10**-places)


def get(person: Person, path: str, **parameters: Any) -> Any:
    """Return the JSON of a path."""
    response = person.get(path, **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_exposures_by_session_equal_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, f"data/portfolio/{hedge_fund.portfolio_id}/exposures")
    facts = analyst.execute(
        "select * from marts.fct_portfolio_exposures where portfolio_id = %s order by as_of_date",
        (hedge_fund.portfolio_id,),
    ).fetchall()
    assert [row["as_of_date"] for row in body["exposures"]] == [f"{fact['as_of_date']}" for fact in facts]
    names = [f"{side}_exposure{kind}" for side in ("long", "short", "gross", "net") for kind in
             ("", "_at_cost", "_delta_adjusted")]  # fmt: skip
    for row, fact in zip(body["exposures"], facts, strict=True):
        assert {name: row[name] for name in names} == {name: rounded(fact[name], 2) for name in names}
    assert body["metadata"]["sessions"] == len(facts)


def test_a_span_of_exposures_ends_on_the_as_of_date(hedge_fund: Person) -> None:
    path = f"data/portfolio/{hedge_fund.portfolio_id}/exposures"
    span = {"from": "2025-08-01", "to": "2025-08-29"}
    body = get(hedge_fund, path, **span)
    assert (body["metadata"]["from"], body["metadata"]["to"]) == ("2025-08-01", "2025-08-29")
    earlier = get(hedge_fund, path, **span, as_of_date="2025-08-15")
    assert (earlier["metadata"]["from"], earlier["metadata"]["to"]) == ("2025-08-01", "2025-08-15")


def test_exposures_of_another_user_are_not_found(hedge_fund: Person, family_office: Person) -> None:
    response = hedge_fund.get(f"data/portfolio/{family_office.portfolio_id}/exposures")
    assert response.status_code == 404
    assert hedge_fund.get("data/positions", portfolio_id=family_office.portfolio_id).status_code == 404


def test_factors_are_those_of_the_models(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "data/factors")
    facts = analyst.execute("select * from marts.dim_factors order by model, factor").fetchall()
    names = ("model", "factor", "proxy_symbol", "window_days", "min_observations", "unit")
    assert [{name: factor[name] for name in names} for factor in body["factors"]] == [
        {name: fact[name] for name in names} for fact in facts
    ]
    assert body["models"] == sorted({fact["model"] for fact in facts})
    only = get(hedge_fund, "data/factors", model="spread")
    assert {factor["model"] for factor in only["factors"]} == {"spread"}


def test_collinear_factors_are_listed(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "data/factors/correlations", model="risk")
    facts = analyst.execute(
        """select * from marts.fct_factor_correlations
        where as_of_date = %s and model = 'risk' and factor_1 < factor_2 order by factor_1, factor_2""",
        (LAST,),
    ).fetchall()
    assert [row["correlation"] for row in body["correlations"]] == [
        rounded(fact["correlation"], 6) for fact in facts
    ]
    assert body["collinear"] == [
        [fact["factor_1"], fact["factor_2"]] for fact in facts if fact["is_collinear"]
    ]
    assert get(hedge_fund, "data/factors/correlations", model="none")["available"] is False


def test_insignificant_betas_and_collinear_factors_are_named(hedge_fund: Person, analyst: Analyst) -> None:
    path = f"analytics/portfolio/{hedge_fund.portfolio_id}"
    whole, positions = (
        get(hedge_fund, f"{path}/factor-exposures"),
        get(hedge_fund, f"{path}/positions/factor-exposures"),
    )
    errors = {
        (row["model"], row["factor"]): row["error"]
        for row in analyst.execute(
            """select model, factor, sqrt(sum((delta_adjusted_exposure::float8 * std_error) ^ 2)) as error
            from marts.fct_exposures_by_group as held
            join marts.fct_symbol_factor_betas as betas
            on held.bucket = betas.symbol and held.as_of_date = betas.as_of_date
            where portfolio_id = %s and held.as_of_date = %s and dimension = 'symbol'
            group by model, factor""",
            (hedge_fund.portfolio_id, LAST),
        )
    }
    named = set()
    for factor in whole["factors"]:
        if factor["model"] == "provider":
            assert factor["std_error"] is None
            continue
        error = errors[factor["model"], factor["factor"]]
        assert factor["std_error"] == rounded(error / whole["metadata"]["equity"], 6)
        if abs(factor["exposure_dollar"]) < 1.6448536 * error:
            named.add(factor["name"])
    assert set(whole["metadata"]["insignificant_betas"]) == named
    betas = analyst.execute(
        """select symbol, model, factor, p_value, t_stat from marts.fct_symbol_factor_betas
        where as_of_date = %s and (model in ('market', 'bond', 'rates')
        or model = 'risk' and factor not in ('Market', 'Interest Rate'))""",
        (LAST,),
    ).fetchall()
    for position in positions["positions"]:
        weak = {
            row["factor"]
            for row in betas
            if row["symbol"] == position["factor_symbol"] and position["exposures"]
            and (row["p_value"] >= 0.1 if row["p_value"] is not None
                 else row["t_stat"] is not None and abs(row["t_stat"]) < 1.6448536)
        }  # fmt: skip
        named = set(position["insignificant_betas"])
        if weak & {"Market"}:
            named = named - {"Market Beta", "Market Beta (90D)"} | {"Market"}
        assert named == weak
    pairs = get(hedge_fund, "data/factors/correlations", model="risk")["collinear"]
    assert whole["metadata"]["collinear_factors"] == positions["metadata"]["collinear_factors"] == pairs


def test_scenarios_have_their_shocks(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "data/scenarios")
    facts = analyst.execute("select scenario_id, factor, shock from marts.dim_scenarios").fetchall()
    listed = {
        (scenario["id"], shock["factor"]): shock["shock"]
        for scenario in body["scenarios"]
        for shock in scenario["shocks"]
    }
    assert listed == {(fact["scenario_id"], fact["factor"]): rounded(fact["shock"], 6) for fact in facts}


def test_grades_of_forecasts_equal_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, f"analytics/portfolio/{hedge_fund.portfolio_id}/forecast-evaluation")
    facts = analyst.execute(
        """select * from marts.fct_forecast_evaluation where portfolio_id = %s and as_of_date = %s
        order by forecast, model""",
        (hedge_fund.portfolio_id, LAST),
    ).fetchall()
    assert facts
    assert [(grade["forecast"], grade["model"]) for grade in body["forecasts"]] == [
        (fact["forecast"], fact["model"]) for fact in facts
    ]
    names = ("forecast_value", "realized_value", "bias_statistic", "qlike")
    assert [{name: grade[name] for name in names} for grade in body["forecasts"]] == [
        {name: rounded(fact[name], 6) for name in names} for fact in facts
    ]


@pytest.mark.parametrize("group_by", ["symbol", "sector", "type", "class", "portfolio"])
def test_groups_of_positions_add_up_to_all_that_match(hedge_fund: Person, group_by: str) -> None:
    body = get(hedge_fund, "data/positions", group_by=group_by, limit=3)
    assert len(body["positions"]) == 3
    assert sum(group["position_count"] for group in body["groups"]) == body["total"]
    total = sum(group["market_value"] for group in body["groups"])
    assert total == pytest.approx(body["total_market_value"], abs=0.02)
    assert {group["risk_contribution"] for group in body["groups"]} == {
        None
    }  # over all of the user's portfolios


def test_contributions_of_groups_add_up_to_the_portfolio(high_net_worth: Person) -> None:
    of = high_net_worth.portfolio_id
    body = get(high_net_worth, "data/positions", group_by="sector", portfolio_id=of)
    total = get(high_net_worth, f"analytics/portfolio/{of}/risk-contributions")["data"]["total"]
    known = [group for group in body["groups"] if group["risk_contribution"] is not None]
    assert sum(group["risk_contribution"] for group in known) == pytest.approx(total, abs=1e-5)
    assert sum(group["risk_share"] for group in known) == pytest.approx(1, abs=1e-5)
    (private,) = [group for group in body["groups"] if group["bucket"] == "Private"]
    assert private["risk_contribution"] is None
    assert private["positions_without_risk"] == private["position_count"] > 0


def test_positions_are_filtered_and_sorted(hedge_fund: Person) -> None:
    everything = get(hedge_fund, "data/positions")["positions"]
    shorts = get(hedge_fund, "data/positions", type="short")["positions"]
    assert {lot["id"] for lot in shorts} == {
        lot["id"] for lot in everything if lot["position_type"] == "SHORT"
    }
    technology = get(hedge_fund, "data/positions", sector="technology", sort="unrealized_pnl")["positions"]
    assert {lot["sector"] for lot in technology} == {"Technology"}
    gains = [lot["unrealized_pnl"] for lot in technology]
    assert gains == sorted(gains, reverse=True)
    tag = next(tag for lot in everything for tag in lot["tags"])
    tagged = get(hedge_fund, "data/positions", tag=tag, group_by="tag")
    assert {lot["id"] for lot in tagged["positions"]} == {
        lot["id"] for lot in everything if tag in lot["tags"]
    }
    (group,) = [group for group in tagged["groups"] if group["bucket"] == tag]
    assert group["position_count"] == tagged["total"]
    assert [lot["symbol"] for lot in get(hedge_fund, "data/positions", sort="symbol")["positions"]] == sorted(
        lot["symbol"] for lot in everything
    )


def test_returns_equal_the_marts(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, f"analytics/portfolio/{hedge_fund.portfolio_id}/returns", include_series=True)
    facts = analyst.execute(
        "select * from marts.fct_returns_by_period where portfolio_id = %s and as_of_date = %s",
        (hedge_fund.portfolio_id, LAST),
    ).fetchall()
    by_period = {fact["period"]: fact for fact in facts}
    assert [found["period"] for found in body["periods"]] == [
        "1D",
        "1W",
        "MTD",
        "QTD",
        "YTD",
        "1Y",
        "3Y",
        "ITD",
    ]
    for found in body["periods"]:
        fact = by_period[found["period"]]
        assert found["from"] == (fact["from_date"] and f"{fact['from_date']}")
        exact = ("sessions", "benchmark_symbol", *(name for name in found if name.endswith("_null_reason")))
        assert {name: found[name] for name in exact} == {name: fact[name] for name in exact}
        figures = (
            "time_weighted",
            "money_weighted",
            "money_weighted_period",
            "benchmark",
            "excess",
            "coverage",
        )
        assert {name: found[name] for name in figures} == {name: rounded(fact[name], 6) for name in figures}
    assert body["benchmark"] == {"symbol": "SPY", "is_default": True, "valid_from": "2025-06-30"}
    (total,) = [found for found in body["periods"] if found["period"] == "ITD"]
    series = body["series"]
    assert {len(values) for values in series.values()} == {total["sessions"] + 1}
    assert (series["dates"][0], series["dates"][-1]) == (total["base_date"], LAST)
    ends = {name: series[name][-1] for name in ("time_weighted", "benchmark")}
    assert ends == {name: total[name] for name in ends}
    deepest = body["drawdowns"][0]
    assert deepest["depth"] == min(series["drawdown"])
    assert series["dates"][series["drawdown"].index(deepest["depth"])] == deepest["trough_date"]
    assert [month["month"] for month in body["monthly"]] == ["2025-06", "2025-07", "2025-08", "2025-09"]


@pytest.mark.parametrize("limits", [{}, {"from": "2025-07-10", "to": "2025-09-05"}])
def test_dividends_of_a_month_are_those_of_its_positions(
    hedge_fund: Person, analyst: Analyst, limits: dict[str, str]
) -> None:
    body = get(hedge_fund, f"analytics/portfolio/{hedge_fund.portfolio_id}/returns", **limits)
    facts = analyst.execute(
        """
        select to_char(as_of_date, 'YYYY-MM') as month, sum(dividends) as dividends
        from marts.fct_position_values
        where portfolio_id = %s and as_of_date between %s and %s
        group by 1 order by 1
        """,
        (hedge_fund.portfolio_id, limits.get("from", "2025-06-01"), limits.get("to", LAST)),
    ).fetchall()
    assert {month["month"]: month["dividends"] for month in body["monthly"]} == {
        fact["month"]: float(fact["dividends"]) for fact in facts
    }
    assert any(month["dividends"] for month in body["monthly"])


def test_returns_of_a_range(hedge_fund: Person, family_office: Person) -> None:
    path = f"analytics/portfolio/{hedge_fund.portfolio_id}/returns"
    body = get(hedge_fund, path, **{"from": "2025-08-01", "to": "2025-08-31"})
    custom = body["periods"][0]
    assert (custom["period"], custom["from"], custom["to"]) == ("custom", "2025-08-01", "2025-08-29")
    (month,) = body["monthly"]
    assert {name: month[name] for name in ("time_weighted", "benchmark", "sessions")} == {
        name: custom[name] for name in ("time_weighted", "benchmark", "sessions")
    }
    assert body["series"] is None
    # what ends on the session cannot end later
    earlier = get(hedge_fund, path, **{"from": "2025-08-01", "to": "2025-08-31", "as_of_date": "2025-08-15"})
    assert (earlier["periods"][0]["to"], earlier["metadata"]["to"]) == ("2025-08-15", "2025-08-15")
    empty = get(hedge_fund, path, **{"from": "2025-08-30", "to": "2025-08-31"})["periods"][0]
    assert (empty["sessions"], empty["time_weighted"], empty["time_weighted_null_reason"]) == (
        0,
        None,
        "no_sessions",
    )
    other = hedge_fund.get(f"analytics/portfolio/{family_office.portfolio_id}/returns")
    assert other.status_code == 404
