"""The analytics equal the marts: money to the cent, statistics to six places."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from psycopg import Connection

from api.marts.answers import COVERAGE_RULES
from api.queries import load_query
from tests.api.api_helpers import Person
from warehouse.connections import Warehouse

ON_REAL_PRICES = True
LAST = "2025-09-12"
MIDDLE = "2025-08-15"
Analyst = Connection[dict[str, Any]]


def get(person: Person, path: str, **parameters: Any) -> Any:
    """Return the JSON of an analytic of the user's first portfolio."""
    response = person.get(f"analytics/portfolio/{person.portfolio_id}/{path}", **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def rows(analyst: Analyst, mart: str, person: Person, condition: str = "true", day: str = LAST) -> list[Any]:
    """Return the rows of a mart for the user's first portfolio and a session."""
    query = f"select * from marts.{mart} where portfolio_id = %s and as_of_date = %s and {condition}"
    return analyst.execute(query.encode(), (person.portfolio_id, day)).fetchall()


def row(analyst: Analyst, mart: str, person: Person, day: str = LAST) -> Any:
    (only,) = rows(analyst, mart, person, day=day)
    return only


def rounded(number: float | None, places: int = 6) -> float | None:
    return None if number is None else pytest.approx(float(number), abs=0.6 * 10**-places)


@pytest.mark.parametrize("day", [LAST, MIDDLE])
def test_factor_exposures_equal_the_mart_by_the_names_of_the_contract(
    hedge_fund: Person, analyst: Analyst, prices: str, day: str
) -> None:
    body = get(hedge_fund, "factor-exposures", as_of_date=day)
    names = [
        "Market Beta (90D)",
        *(["Provider Beta (1Y)"] if prices == "simulated" else []),
        "IR Beta",
        "Value",
        "Growth",
        "Momentum",
        "Quality",
        "Size",
        "Low Volatility",
        "Interest Rate",
    ]
    assert [factor["name"] for factor in body["factors"]] == names
    known = rows(
        analyst,
        "fct_portfolio_factor_exposures",
        hedge_fund,
        "(model in ('market', 'bond', 'rates')"
        " or model = 'risk' and factor not in ('Market', 'Interest Rate'))",
        day,
    )
    by_factor = {fact["factor"]: fact for fact in known}
    risk = row(analyst, "fct_portfolio_risk", hedge_fund, day=day)
    by_factor["Provider Beta"] = {
        "beta": risk["beta_provider_1y"],
        "dollar_exposure": (risk["beta_provider_1y"] or 0) * (risk["provider_beta_exposure"] or 0),
    }
    units = {"Interest Rate": "return per unit of yield"}
    for factor in body["factors"]:
        fact = by_factor[factor["factor"]]
        assert factor["unit"] == units.get(factor["factor"], "return per unit of return")
        assert factor["beta"] == rounded(fact["beta"])
        assert factor["exposure_dollar"] == rounded(fact["dollar_exposure"], 2)


def test_betas_of_positions_add_up_to_the_portfolios(hedge_fund: Person) -> None:
    body = get(hedge_fund, "positions/factor-exposures")
    sums: dict[str, float] = defaultdict(float)
    for position in body["positions"]:
        for name, dollars in position["exposure_dollars"].items():
            sums[name] += dollars
    factors = get(hedge_fund, "factor-exposures")["factors"]
    assert sums.pop("Market Beta") == sums["Market Beta (90D)"]  # its former name
    assert sums == {factor["name"]: pytest.approx(factor["exposure_dollar"], abs=0.5) for factor in factors}
    assert body["total"] == len(body["positions"])
    quality = body["data_quality"]
    assert quality["positions_analyzed"] == sum(1 for one in body["positions"] if one["exposures"])


def test_the_comparison_of_betas_counts_both_kinds(hedge_fund: Person) -> None:
    body, page = get(hedge_fund, "beta-comparison"), get(hedge_fund, "beta-comparison", limit=1)
    counts = {
        "total_positions": len(body["positions"]),
        "positions_with_market_beta": sum(one["market_beta"] is not None for one in body["positions"]),
        "positions_with_calculated_beta": sum(
            one["calculated_beta"] is not None for one in body["positions"]
        ),
    }
    for metadata in (body["metadata"], page["metadata"]):
        assert {name: metadata[name] for name in counts} == counts


def test_a_position_without_betas_has_a_null_reason(hedge_fund: Person) -> None:
    for position in get(hedge_fund, "positions/factor-exposures")["positions"]:
        assert (position["exposures"] == {}) is (position["null_reason"] is not None)


def test_an_options_beta_is_delta_times_its_underlyings(hedge_fund: Person, analyst: Analyst) -> None:
    positions = get(hedge_fund, "positions/factor-exposures", as_of_date="2025-07-01")["positions"]
    greeks = {
        str(fact["position_id"]): fact
        for fact in rows(analyst, "fct_position_greeks", hedge_fund, day="2025-07-01")
    }
    options = [
        position for position in positions if position["position_id"] in greeks and position["exposures"]
    ]
    assert options
    for position in options:
        beta = analyst.execute(
            "select beta from marts.fct_symbol_factor_betas"
            " where symbol = %s and as_of_date = '2025-07-01' and model = 'market'",
            (position["factor_symbol"],),
        ).fetchone()
        assert beta is not None
        delta = greeks[position["position_id"]]["delta"]
        assert position["exposures"]["Market Beta (90D)"] == rounded(delta * beta["beta"])


def test_positions_are_paged_and_selected_by_symbol_or_underlying(hedge_fund: Person) -> None:
    path = "positions/factor-exposures"
    everything = get(hedge_fund, path)["positions"]
    page = get(hedge_fund, path, limit=3, offset=2)
    assert (page["positions"], page["total"], page["metadata"]["truncated"]) == (
        everything[2:5], len(everything), True,
    )  # fmt: skip
    option = next(one for one in everything if one["symbol"] != one["factor_symbol"])
    selected = get(hedge_fund, path, symbols=f"{option['factor_symbol']},{everything[0]['symbol']}")
    symbols = {option["factor_symbol"], everything[0]["symbol"]}
    assert {one["position_id"] for one in selected["positions"]} == {
        one["position_id"] for one in everything if {one["symbol"], one["factor_symbol"]} & symbols
    }
    assert get(hedge_fund, path, symbols="NO_SUCH")["available"] is False


SIDES = {
    "Growth-Value": ("Growth", "Value"),
    "Momentum": ("Momentum", "Contrarian"),
    "Size": ("Small Cap", "Large Cap"),
    "Quality": ("Quality", "Low Quality"),
}


def test_tilts_follow_the_spread_betas(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "spread-factors")
    known = {
        fact["factor"]: fact
        for fact in rows(analyst, "fct_portfolio_factor_exposures", hedge_fund, "model = 'spread'")
    }
    assert {factor["factor"]: factor["name"] for factor in body["factors"]} == {
        factor: f"{factor} Spread" for factor in known
    }
    levels = {"strong": "high", "moderate": "medium", "neutral": "low"}
    for factor in body["factors"]:
        fact = known[factor["factor"]]
        assert (factor["beta"], factor["exposure_dollar"]) == (
            rounded(fact["beta"]), rounded(fact["dollar_exposure"], 2),
        )  # fmt: skip
        assert (factor["magnitude"].lower(), factor["risk_level"]) == (fact["tilt"], levels[fact["tilt"]])
        gains, loses = SIDES[factor["factor"]]
        side = gains if fact["beta"] > 0 else loses
        assert factor["direction"] == ("Neutral" if fact["tilt"] == "neutral" else side)
        assert ("loses" in factor["explanation"]) is (fact["beta"] < 0)
        is_significant = abs(fact["beta"]) >= 1.6448536 * fact["std_error"]
        assert (factor["std_error"], factor["is_significant"]) == (rounded(fact["std_error"]), is_significant)
        assert ("does not differ from none" in factor["explanation"]) is (
            fact["tilt"] != "neutral" and not is_significant
        )


@pytest.mark.parametrize("day", [LAST, MIDDLE])
@pytest.mark.parametrize("impact_type", ["direct", "correlated"])
def test_the_stress_test_equals_the_mart(
    hedge_fund: Person, analyst: Analyst, impact_type: str, day: str
) -> None:
    body = get(hedge_fund, "stress-test", impact_type=impact_type, as_of_date=day)
    known = {fact["scenario_id"]: fact for fact in rows(analyst, "fct_portfolio_stress", hedge_fund, day=day)}
    equity = float(row(analyst, "fct_portfolio_snapshots", hedge_fund, day)["equity"])
    scenarios = body["data"]["scenarios"]
    assert {scenario["id"] for scenario in scenarios} == set(known)
    for scenario in scenarios:
        fact = known[scenario["id"]]
        is_historical = fact["replay_pnl"] is not None
        for name in ("direct", "correlated", "replay") if is_historical else ("direct", "correlated"):
            impact = scenario[f"{name}_impact"]
            assert impact["dollar_impact"] == rounded(fact[f"{name}_pnl"], 2)
            assert impact["percentage_impact"] == rounded(100 * fact[f"{name}_pct_equity"], 4)
            assert impact["new_portfolio_value"] == pytest.approx(equity + impact["dollar_impact"], abs=0.006)
        assert (scenario["replay_impact"] is not None) is is_historical
        assert scenario["own_share"] == rounded(fact["own_share"])
        for name in ("is_believable", "doubts", "approximation"):
            assert scenario[name] == fact[name]
        assert scenario["impact"] == scenario[f"{impact_type}_impact"]
    losses = [scenario["impact"]["dollar_impact"] for scenario in scenarios]
    assert losses == sorted(losses)
    assert body["data"]["portfolio_value"] == equity


@pytest.mark.parametrize(("scenario", "day"), [(None, LAST), ("stagflation", LAST), ("stagflation", MIDDLE)])
def test_a_scenario_in_detail_equals_the_marts_and_adds_up(
    hedge_fund: Person, analyst: Analyst, scenario: str | None, day: str
) -> None:
    worst = get(hedge_fund, "stress-test", as_of_date=day)["data"]["scenarios"][0]["id"]
    named = {} if scenario is None else {"scenario": scenario}
    data = get(hedge_fund, "stress-detail", as_of_date=day, **named)["data"]
    assert data["id"] == (scenario or worst)
    condition = f"scenario_id = '{data['id']}'"
    (total,) = rows(analyst, "fct_portfolio_stress", hedge_fund, condition, day)
    factors = {
        fact["factor"]: fact
        for fact in rows(analyst, "fct_stress_factor_impacts", hedge_fund, condition, day)
    }
    assert {factor["factor"] for factor in data["factors"]} == set(factors)
    for kind in ("direct", "correlated"):
        assert data[f"{kind}_pnl"] == rounded(total[f"{kind}_pnl"], 2)
        parts = [factor[f"{kind}_pnl"] or 0 for factor in data["factors"]]
        assert sum(parts) + data[f"{kind}_convexity"] == pytest.approx(data[f"{kind}_pnl"], abs=0.06)
    for factor in data["factors"]:
        fact = factors[factor["factor"]]
        assert factor["shock"] == rounded(fact["shock"])
        assert factor["exposure_dollar"] == rounded(fact["dollar_exposure"], 2)
        assert factor["direct_pnl"] == rounded(fact["direct_pnl"], 2)
        assert factor["correlated_pnl"] == rounded(fact["correlated_pnl"], 2)


def test_positions_under_stress_are_those_of_the_newest_session(hedge_fund: Person, analyst: Analyst) -> None:
    data = get(hedge_fund, "stress-detail", scenario="stagflation")["data"]
    facts = rows(analyst, "fct_position_stress", hedge_fund, "scenario_id = 'stagflation'")
    known = {str(fact["position_id"]): fact["direct_pnl"] for fact in facts}
    assert {position["position_id"] for position in data["positions"]} == set(known)
    for position in data["positions"]:
        assert position["direct_pnl"] == rounded(known[position["position_id"]], 2)
    losses = [position["direct_pnl"] for position in data["positions"]]
    assert losses == sorted(losses)
    earlier = get(hedge_fund, "stress-detail", scenario="stagflation", as_of_date=MIDDLE)
    assert earlier["data"]["positions"] is None
    unknown = get(hedge_fund, "stress-detail", scenario="no_such")
    assert (unknown["available"], unknown["data"]) == (False, None)


def test_the_direct_result_is_the_default(hedge_fund: Person) -> None:
    body = get(hedge_fund, "stress-test")
    assert body == get(hedge_fund, "stress-test", impact_type="direct")
    assert body["metadata"]["impact_type"] == "direct"


def test_scenarios_are_chosen_by_name_and_described_by_their_shocks(hedge_fund: Person) -> None:
    body = get(
        hedge_fund,
        "stress-test",
        scenarios=["market_down_10,rates_up_50bp,stagflation,vix_spike_150", "no_such"],
    )
    described = {scenario["id"]: scenario["description"] for scenario in body["data"]["scenarios"]}
    assert described == {
        "market_down_10": "Market -10 %.",
        "rates_up_50bp": "Interest Rate +50 bp.",
        "stagflation": "Growth -5 % beyond the market, Interest Rate +150 bp, Market -20 %, "
        "Value +4 % beyond the market.",
        "vix_spike_150": "Market -10 %, Volatility +150 %.",
    }
    assert body["metadata"]["unknown_scenarios"] == ["no_such"]
    unknown = get(hedge_fund, "stress-test", scenarios="no_such")
    assert (unknown["available"], unknown["metadata"]["unknown_scenarios"]) == (False, ["no_such"])
    assert unknown["data_quality"]["message"].startswith("None of the scenarios asked for has figures")


def test_the_correlation_matrix_is_the_marts_pairs_ordered_by_gross(
    hedge_fund: Person, analyst: Analyst
) -> None:
    body = get(hedge_fund, "correlation-matrix", max_symbols=100)
    matrix = body["data"]["matrix"]
    pairs = rows(analyst, "fct_correlation_pairs", hedge_fund)
    known = {(fact["symbol_1"], fact["symbol_2"]): fact["correlation"] for fact in pairs}
    gross = {
        fact["bucket"]: fact["gross_exposure"]
        for fact in rows(analyst, "fct_exposures_by_group", hedge_fund, "dimension = 'symbol'")
    }
    symbols = sorted({leg for pair in known for leg in pair}, key=lambda name: (-gross[name], name))
    assert list(matrix) == body["metadata"]["symbols"] == symbols
    for first, line in matrix.items():
        assert list(line) == symbols
        for second, correlation in line.items():
            expected = 1 if first == second else known[min(first, second), max(first, second)]
            assert correlation == rounded(expected)
    mean = row(analyst, "fct_portfolio_correlation", hedge_fund)["mean_correlation"]
    assert body["data"]["average_correlation"] == rounded(mean)

    small = get(hedge_fund, "correlation-matrix", max_symbols=5)
    assert list(small["data"]["matrix"]) == symbols[:5]
    assert small["metadata"]["truncated"] is True
    assert small["data"]["average_correlation"] == body["data"]["average_correlation"]


def test_diversification_equals_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "diversification-score")
    fact = row(analyst, "fct_portfolio_correlation", hedge_fund)
    assert body["portfolio_correlation"] == rounded(fact["diversification_score"])
    assert body["effective_bets"] == rounded(fact["effective_bets"])
    assert (body["duration_days"], body["symbols_included"]) == (
        fact["window_days"],
        fact["symbols_included"],
    )
    assert len(body["clusters"]) == fact["cluster_count"]


def test_sector_weights_add_up_and_compare_with_the_benchmark_of_the_date(
    hedge_fund: Person, analyst: Analyst
) -> None:
    body = get(hedge_fund, "sector-exposure")
    data = body["data"]
    groups = rows(analyst, "fct_exposures_by_group", hedge_fund, "dimension = 'sector'")
    assert sum(data["shares_of_gross"].values()) == pytest.approx(1, abs=1e-5)
    assert sum(data["portfolio_weights"].values()) == pytest.approx(1, abs=1e-5)
    assert body["metadata"]["benchmark_date"] == "2025-06-30"
    assert len(data["benchmark_weights"]) == 11
    assert sum(data["benchmark_weights"].values()) == pytest.approx(1, abs=0.006)
    for sector, difference in data["over_underweight"].items():
        weight = data["portfolio_weights"].get(sector, 0)
        assert difference == pytest.approx(weight - data["benchmark_weights"][sector], abs=2e-6)
    differences = data["over_underweight"]
    assert data["largest_overweight"] == max(differences, key=differences.__getitem__)
    assert data["largest_underweight"] == min(differences, key=differences.__getitem__)
    # options on SPY, which has no sector of its own, count by the sectors of the S&P 500
    direct = {fact["bucket"]: float(fact["gross_exposure"]) for fact in groups}
    (spy,) = rows(analyst, "fct_exposures_by_group", hedge_fund, "dimension = 'symbol' and bucket = 'SPY'")
    assert data["looked_through"] == ["SPY"]
    assert data["unclassified_value"] == pytest.approx(
        direct.pop("Unclassified") - float(spy["gross_exposure"]), abs=0.011
    )
    assert data["classified_value"] == pytest.approx(
        sum(direct.values()) + float(spy["gross_exposure"]), abs=0.011
    )


def test_concentration_is_the_marts_on_a_scale_of_ten_thousand(hedge_fund: Person, analyst: Analyst) -> None:
    data = get(hedge_fund, "concentration")["data"]
    fact = row(analyst, "fct_portfolio_exposures", hedge_fund)
    assert data["hhi"] == rounded(10_000 * fact["hhi"], 4)
    assert data["effective_num_positions"] == rounded(fact["effective_names"])
    assert data["top_3_concentration"] == rounded(fact["top_3_share"])
    assert data["top_10_concentration"] == rounded(fact["top_10_share"])
    weights = list(data["position_weights"].values())
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1, abs=1e-4)
    assert sum(1e4 * weight**2 for weight in weights) == pytest.approx(data["hhi"], abs=0.1)


@pytest.mark.parametrize("day", [LAST, MIDDLE])
def test_risk_figures_equal_the_mart(hedge_fund: Person, analyst: Analyst, day: str) -> None:
    fact = row(analyst, "fct_portfolio_risk", hedge_fund, day)
    volatility = get(hedge_fund, "volatility", as_of_date=day)["data"]
    assert volatility["realized_volatility_21d"] == rounded(fact["realized_volatility_21d"])
    assert volatility["realized_volatility_63d"] == rounded(fact["realized_volatility_63d"])
    assert volatility["expected_volatility_21d"] == rounded(fact["forecast_volatility_21d"])
    assert volatility["forecast_model"] == fact["forecast_model"] == "ewma"
    for model, figure in volatility["forecasts"].items():
        assert figure == rounded(fact[f"forecast_volatility_21d_{model}"])
    assert volatility["volatility_trend"] == fact["volatility_trend"]
    metrics = get(hedge_fund, "risk-metrics", as_of_date=day)["risk_metrics"]
    assert metrics["portfolio_beta"] == rounded(fact["market_beta"])
    (market,) = rows(analyst, "fct_portfolio_factor_exposures", hedge_fund, "model = 'market'", day)
    assert metrics["portfolio_beta_coverage"] == rounded(market["coverage"])
    assert metrics["annualized_volatility"] == rounded(fact["realized_volatility_63d"])
    assert metrics["var_95_1d"] == rounded(fact["var_95_1d"], 2)
    assert metrics["es_95_1d"] == rounded(fact["es_95_1d"], 2)
    data = get(hedge_fund, "value-at-risk", as_of_date=day)["data"]
    suffixes = {
        "historical": "",
        "filtered": "_filtered",
        "parametric": "_parametric",
        "cornish_fisher": "_cornish_fisher",
    }
    for method, suffix in suffixes.items():
        for name, figure in data[method].items():
            assert figure == rounded(fact[f"{name}{suffix}"], 2)
    assert data["ten_days"]["var_95_10d"] == rounded(fact["var_95_10d"], 2)
    assert data["of_equity"]["es_99_1d"] == rounded(fact["es_99_1d_pct_equity"])


def test_drawdown_and_sharpe_ratio_use_only_the_past(hedge_fund: Person, analyst: Analyst) -> None:
    for day in (LAST, MIDDLE):
        metrics = get(hedge_fund, "risk-metrics", as_of_date=day)["risk_metrics"]
        history = analyst.execute(
            "select drawdown from marts.fct_portfolio_snapshots where portfolio_id = %s and as_of_date <= %s",
            (hedge_fund.portfolio_id, day),
        ).fetchall()
        assert metrics["max_drawdown"] == rounded(min(fact["drawdown"] for fact in history))
        # the demo has 53 sessions: too few for a Sharpe ratio, and the response says how many
        assert (metrics["sharpe_ratio"], metrics["sharpe_observations"]) == (None, len(history))
        assert metrics["sharpe_null_reason"] == "too_few_market_days"


def test_the_backtest_equals_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    key = ("method", "pnl_basis", "confidence")
    known = {
        tuple(fact[name] for name in key): fact for fact in rows(analyst, "fct_var_backtest", hedge_fund)
    }
    returned = get(hedge_fund, "value-at-risk")["backtest"]
    assert {tuple(test[name] for name in key) for test in returned} == known.keys()
    assert len(returned) == len(known) == 8
    for test in returned:
        fact = known[tuple(test[name] for name in key)]
        assert (test["observations"], test["breaches"]) == (fact["observations"], fact["breaches"])


@pytest.mark.parametrize("day", [LAST, MIDDLE])
def test_the_days_of_the_backtest_add_up_to_it(hedge_fund: Person, analyst: Analyst, day: str) -> None:
    body = get(hedge_fund, "value-at-risk", as_of_date=day, include_daily=True)
    assert get(hedge_fund, "value-at-risk", as_of_date=day)["daily"] is None
    for test in body["backtest"]:
        if test["pnl_basis"] == "hypothetical":
            level = round(100 * test["confidence"])
            found = [one[test["method"]][f"is_breach_{level}"] for one in body["daily"]]
            known = [breach for breach in found if breach is not None]
            assert (len(known), sum(known)) == (test["observations"], test["breaches"]), test
    last = body["daily"][-1]
    assert last["date"] == day
    assert last["hypothetical_pnl"] == rounded(
        row(analyst, "fct_portfolio_snapshots", hedge_fund, day)["hypothetical_pnl"], 2
    )
    before = body["daily"][-2]["date"]
    forecast = row(analyst, "fct_portfolio_risk", hedge_fund, before)
    for method, suffix in (("historical", ""), ("filtered", "_filtered")):
        for level in (95, 99):
            loss_limit = last[method][f"var_{level}_1d"]
            assert loss_limit == rounded(forecast[f"var_{level}_1d{suffix}"], 2)
            assert last[method][f"is_breach_{level}"] is (-last["hypothetical_pnl"] > loss_limit)


def test_contributions_to_variance_add_up(hedge_fund: Person, analyst: Analyst) -> None:
    data = get(hedge_fund, "risk-decomposition")["data"]
    fact = row(analyst, "fct_portfolio_risk", hedge_fund)
    assert data["total_volatility"] == rounded(fact["total_volatility"])
    contributions = [factor["variance_contribution"] for factor in data["factors"]]
    assert sum(contributions) == pytest.approx(fact["systematic_volatility"] ** 2, abs=1e-8)
    shares = [factor["share_of_variance"] for factor in data["factors"]]
    assert sum(shares) == pytest.approx(data["systematic_share"], abs=1e-5)


def test_risk_contributions_equal_the_mart_and_add_up(high_net_worth: Person, analyst: Analyst) -> None:
    body = get(high_net_worth, "risk-contributions")
    known = {
        str(fact["position_id"]): fact for fact in rows(analyst, "fct_risk_contributions", high_net_worth)
    }
    assert {one["position_id"] for one in body["contributions"]} == known.keys()
    for one in body["contributions"]:
        fact = known[one["position_id"]]
        assert (one["name"], one["null_reason"]) == (fact["symbol"], fact["null_reason"])
        for name in ("exposure_weight", "standalone", "marginal", "component", "share"):
            assert one[name] == rounded(fact[name])
    components = [one["component"] for one in body["contributions"] if one["null_reason"] is None]
    fact = row(analyst, "fct_portfolio_risk", high_net_worth)
    assert body["data"]["total"] == rounded(fact["total_volatility"])
    assert sum(components) == pytest.approx(body["data"]["total"], abs=1e-6 * len(components))
    assert body["data"]["undiversified"] > body["data"]["total"]
    sizes = [abs(component) for component in components]
    assert sizes == sorted(sizes, reverse=True)
    assert {one["null_reason"] for one in body["contributions"][len(components) :]} == {"private"}


@pytest.mark.parametrize("by", ["symbol", "sector", "tag"])
def test_volatility_by_part_is_the_sum_of_its_positions(hedge_fund: Person, by: str) -> None:
    whole, parts = get(hedge_fund, "risk-contributions"), get(hedge_fund, "risk-contributions", by=by)
    assert parts["data"] == whole["data"] | {"by": by, "undiversified": None}
    listed = parts["contributions"]
    assert {one["standalone"] for one in listed} == {None}
    if by == "tag":
        assert len({one["name"] for one in listed}) == len(listed) > 5
        return
    assert sum(one["position_count"] for one in listed) == len(whole["contributions"])
    assert sum(one["component"] for one in listed) == pytest.approx(whole["data"]["total"], abs=1e-5)
    assert all(
        one["marginal"] * one["exposure_weight"] == pytest.approx(one["component"], abs=1e-5)
        for one in listed
    )


@pytest.mark.parametrize(("measure", "confidence"), [("var", 0.95), ("es", 0.99)])
@pytest.mark.parametrize("by", ["position", "symbol", "sector", "factor"])
def test_contributions_to_value_at_risk_add_up(
    hedge_fund: Person, analyst: Analyst, by: str, measure: str, confidence: float
) -> None:
    body = get(hedge_fund, "risk-contributions", measure=measure, by=by, confidence=confidence)
    fact = row(analyst, "fct_portfolio_risk", hedge_fund)
    total = fact[f"{measure}_{round(100 * confidence)}_1d"]
    data = body["data"]
    assert (data["measure"], data["confidence"], data["by"], data["unit"]) == (measure, confidence, by, "USD")
    assert body["data"]["total"] == pytest.approx(total, abs=0.02)
    assert body["metadata"]["method"] == "historical_simulation"
    listed = body["contributions"]
    assert sum(one["component"] for one in listed) == pytest.approx(total, abs=0.01 * len(listed) + 1)
    assert sum(one["share"] for one in listed) == pytest.approx(1, abs=1e-4)
    assert {one["position_id"] is not None for one in listed} == {by == "position"}
    sizes = [abs(one["component"]) for one in listed]
    assert sizes == sorted(sizes, reverse=True)


def test_volatility_by_factor_is_the_decomposition_of_the_variance(hedge_fund: Person) -> None:
    body = get(hedge_fund, "risk-contributions", by="factor")
    decomposition = get(hedge_fund, "risk-decomposition")["data"]
    shares = {one["name"]: one["share"] for one in body["contributions"]}
    assert shares.pop("Specific") == pytest.approx(1 - decomposition["systematic_share"], abs=2e-6)
    assert sorted(shares.values()) == sorted(
        factor["share_of_variance"] for factor in decomposition["factors"]
    )
    total = body["data"]["total"]
    assert sum(one["component"] for one in body["contributions"]) == pytest.approx(total, abs=1e-5)


def test_a_private_portfolio_has_no_contributions_to_value_at_risk(family_office: Person) -> None:
    path = "analytics/portfolio/725641fb-e9f7-5605-a904-1e44c3e95cda/risk-contributions"
    body = family_office.get(path, measure="var").json()
    assert body["available"] is False
    assert body["data"] is None
    assert {one["null_reason"] for one in body["contributions"]} == {"too_few_outcomes"}
    assert body["data_quality"]["flag"] == "no_public_positions"


def test_liquidity_equals_the_marts(high_net_worth: Person, analyst: Analyst, prices: str) -> None:
    body = get(high_net_worth, "liquidity")
    fact = row(analyst, "fct_portfolio_liquidity", high_net_worth)
    for name in ("share_1d", "share_7d", "share_30d", "days_to_liquidate_95", "days_to_liquidate_100"):
        assert body["data"][name] == rounded(fact[name])
    for name in ("cost", "liquidity_adjusted_var", "liquidity_adjusted_var_99"):
        assert body["data"][name] == rounded(fact[name], 2)
    assert body["data"]["unwinding_days"] == fact["unwinding_days"]
    assert sum(body["data"]["buckets"].values()) == pytest.approx(body["metadata"]["coverage"], abs=4e-6)
    assert body["metadata"]["gross_market_value"] == rounded(fact["gross_market_value"], 2)
    assert body["metadata"]["coverage"] == rounded(fact["coverage"])
    assert body["metadata"]["participation"] == 0.2
    known = {str(one["position_id"]): one for one in rows(analyst, "fct_position_liquidity", high_net_worth)}
    assert {one["position_id"] for one in body["positions"]} == known.keys()
    for one in body["positions"]:
        fact = known[one["position_id"]]
        for name in ("symbol", "liquidated_by", "bucket", "null_reason", "cost_null_reason"):
            assert one[name] == fact[name]
        for name in ("days_to_liquidate", "share_1d", "share_7d", "share_30d"):
            assert one[name] == rounded(fact[name])
        for name in ("cost", "permanent_cost", "temporary_cost"):
            assert one[name] == rounded(fact[name], 2)
    days = [one["days_to_liquidate"] for one in body["positions"] if one["days_to_liquidate"] is not None]
    assert days == sorted(days, reverse=True)
    # the real prices come without volumes
    unknown = {"private"} if prices == "simulated" else {"private", "no_volume"}
    assert {one["null_reason"] for one in body["positions"][len(days) :]} == unknown


def test_private_holdings_are_illiquid_and_options_are_not_known(
    family_office: Person, hedge_fund: Person
) -> None:
    private = family_office.portfolios["Demo Family Office Private Opportunities"]
    body = family_office.get(f"analytics/portfolio/{private}/liquidity").json()
    assert body["data"]["share_30d"] == 0
    assert body["data"]["buckets"]["illiquid"] == body["metadata"]["coverage"] == 1
    assert body["data"]["liquidity_adjusted_var_null_reason"] == "no_value_at_risk"
    optioned = get(hedge_fund, "liquidity")
    unknown = [one for one in optioned["positions"] if one["bucket"] is None]
    assert "no_option_volume" in {one["null_reason"] for one in unknown}
    assert {one["share_1d"] for one in unknown} == {None}
    assert set(optioned["data_quality"]["positions_not_measured"]) <= {one["symbol"] for one in unknown}
    assert optioned["metadata"]["coverage"] < 1


def test_positions_have_their_contributions(high_net_worth: Person, analyst: Analyst) -> None:
    """The three answers with positions give the same, equal to the marts."""
    of = high_net_worth.portfolio_id
    values = {str(fact["position_id"]): fact for fact in rows(analyst, "fct_position_values", high_net_worth)}
    risks = {
        str(fact["position_id"]): fact for fact in rows(analyst, "fct_risk_contributions", high_net_worth)
    }
    for listed in (
        high_net_worth.get(f"data/portfolio/{of}/complete").json()["holdings"],
        high_net_worth.get("data/positions/details", portfolio_id=of).json()["positions"],
        high_net_worth.get("data/positions", portfolio_id=of).json()["positions"],
    ):
        assert {one["id"] for one in listed} == risks.keys()
        for one in listed:
            fact = risks[one["id"]]
            assert one["contribution"] == rounded(values[one["id"]]["contribution_to_return"])
            assert one["contribution_null_reason"] is None
            assert one["risk_contribution"] == rounded(fact["component"])
            assert one["risk_share"] == rounded(fact["share"])
            assert one["risk_null_reason"] == fact["null_reason"]
        snapshot = row(analyst, "fct_portfolio_snapshots", high_net_worth)
        total = sum(one["contribution"] for one in listed)
        assert total == pytest.approx(snapshot["daily_return"], abs=1e-6 * len(listed))


def test_a_closed_position_has_no_risk_and_counts_in_the_return(hedge_fund: Person, analyst: Analyst) -> None:
    for day in ("2025-07-18", LAST):  # on the first one options settle
        query = {"portfolio_id": hedge_fund.portfolio_id, "include_closed": "true", "as_of_date": day}
        listed = hedge_fund.get("data/positions/details", **query).json()["positions"]
        closed = [one for one in listed if not one["is_open"]]
        assert closed
        assert {(one["risk_contribution"], one["risk_null_reason"]) for one in closed} == {(None, "closed")}
        total = sum(one["contribution"] for one in listed)
        daily_return = row(analyst, "fct_portfolio_snapshots", hedge_fund, day)["daily_return"]
        assert total == pytest.approx(daily_return, abs=1e-6 * len(listed))
        # worth the same as the day before on the one day, closed before the other
        assert {one["contribution"] for one in closed} == {0}


def test_greeks_equal_the_marts_and_only_open_options_are_listed(
    hedge_fund: Person, analyst: Analyst
) -> None:
    for day in (LAST, "2025-07-18"):  # on the second one options settle
        body = get(hedge_fund, "greeks", as_of_date=day)
        fact = row(analyst, "fct_portfolio_greeks", hedge_fund, day)
        message = body["data_quality"]["message"]
        assert message.startswith("Every option position has Greeks. ") == (
            fact["options_without_greeks"] == 0
        )
        for name in ("delta", "gamma", "theta", "vega", "rho"):
            assert body["data"][name] == rounded(fact[name], 4)
        assert body["data"]["delta_dollars"] == rounded(fact["delta_dollars"], 2)
        assert len(body["positions"]) == body["data"]["option_count"] == fact["option_count"]
        known = {
            str(option["position_id"]): option
            for option in rows(analyst, "fct_position_greeks", hedge_fund, day=day)
        }
        for option in body["positions"]:
            assert option["delta"] == rounded(known[option["position_id"]]["delta"], 4)
            assert option["position_vega"] == rounded(known[option["position_id"]]["position_vega"], 4)
            assert option["exercise"] == known[option["position_id"]]["exercise"] is not None
        details = hedge_fund.get(
            "data/positions/details", portfolio_id=hedge_fund.portfolio_id, as_of_date=day
        ).json()["positions"]
        exercises = {one["id"]: one["exercise"] for one in details if one["is_open"]}
        assert {key: value for key, value in exercises.items() if value} == {
            one["position_id"]: one["exercise"] for one in body["positions"]
        }


def test_payoffs_of_options_equal_the_function(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "option-payoffs")
    points = {
        (one["underlying_symbol"], one["expiration_date"], number): {**one, **point}
        for one in body["payoffs"]
        for number, point in enumerate(one["points"])
    }
    facts = analyst.execute(
        """
        select
            *,
            row_number() over (
                partition by underlying_symbol, expiration_date order by underlying_price
            ) - 1 as number
        from udf.portfolio_option_payoffs(%s, %s)
        """,
        (hedge_fund.portfolio_id, LAST),
    ).fetchall()
    assert len(facts) == len(points) > 20
    for fact in facts:
        point = points[fact["underlying_symbol"], str(fact["expiration_date"]), fact["number"]]
        for name in ("options_value", "options_pnl", "shares_value", "pnl"):
            assert point[name] == rounded(fact[name], 2)
        for name in ("underlying_price", "spot", "shares"):
            assert point[name] == rounded(fact[name], 4)


def test_the_direct_beta_is_the_regression_of_returns_on_the_market(
    hedge_fund: Person, analyst: Analyst
) -> None:
    body = get(hedge_fund, "market-beta")
    returned = body["data"]
    (market_exposure,) = rows(analyst, "fct_portfolio_factor_exposures", hedge_fund, "model = 'market'")
    assert body["metadata"]["coverage"] == rounded(market_exposure["coverage"])
    pairs = analyst.execute(
        """
        select snapshots.daily_return as own, prices.daily_return as market
        from marts.fct_portfolio_snapshots as snapshots
        join marts.fct_prices as prices on prices.as_of_date = snapshots.as_of_date and prices.symbol = 'SPY'
        where snapshots.portfolio_id = %s and snapshots.as_of_date <= %s
            and snapshots.daily_return is not null and prices.daily_return is not null
        """,
        (hedge_fund.portfolio_id, LAST),
    ).fetchall()
    market, own = np.array([[pair["market"], pair["own"]] for pair in pairs], dtype=float).T
    slope, _ = np.polyfit(market, own, 1)
    assert returned["market_beta_direct"] == rounded(slope)
    assert returned["market_beta_r_squared"] == rounded(np.corrcoef(market, own)[0, 1] ** 2)
    assert returned["market_beta_observations"] == len(pairs)
    risk = row(analyst, "fct_portfolio_risk", hedge_fund)
    assert returned["market_beta_weighted"] == rounded(risk["market_beta"])
    calculated = get(hedge_fund, "beta-calculated-90d")["data"]
    assert calculated["beta_calculated_90d"] == returned["market_beta_weighted"]
    assert 0 < calculated["beta_calculated_90d_r_squared"] < 1


def test_too_few_returns_give_no_direct_beta(hedge_fund: Person) -> None:
    returned = get(hedge_fund, "market-beta", as_of_date="2025-07-03")["data"]
    assert (returned["market_beta_direct"], returned["market_beta_r_squared"]) == (None, None)
    assert returned["market_beta_observations"] == 4


def test_calculated_betas_of_positions_are_their_symbols(hedge_fund: Person, analyst: Analyst) -> None:
    compared = get(hedge_fund, "beta-comparison")["positions"]
    betas = {
        fact["symbol"]: fact
        for fact in analyst.execute(
            "select * from marts.fct_symbol_factor_betas where as_of_date = %s and model = 'market'", (LAST,)
        )
    }
    stocks = [position for position in compared if position["symbol"] in betas]
    assert stocks
    for position in stocks:
        fact = betas[position["symbol"]]
        assert position["calculated_beta"] == rounded(fact["beta"])
        assert (position["observations"], position["beta_r_squared"]) == (
            fact["observations"], rounded(fact["r_squared"]),
        )  # fmt: skip
        if position["market_beta"] is not None:  # a provider's, of simulated profiles
            difference = fact["beta"] - position["market_beta"]
            assert position["beta_difference"] == pytest.approx(difference, abs=2e-6)


def test_a_providers_beta_that_is_known_is_shown(hedge_fund: Person, demo: Warehouse) -> None:
    # the published rows of one session get betas in a transaction that is rolled back
    common = {
        "portfolio_id": hedge_fund.portfolio_id, "as_of_date": LAST, "limit": 1000, "offset": 0,
        "simulated_notice": "Simulated.", **COVERAGE_RULES,
    }  # fmt: skip
    with demo.connect_writer() as connection:
        connection.execute("set local search_path = marts")
        connection.execute(
            "update published.fct_symbol_risk set provider_beta = 1.25, provider_beta_date = %s"
            " where as_of_date = %s",
            (MIDDLE, LAST),
        )
        connection.execute(
            "update published.fct_portfolio_risk set beta_provider_1y = 0.75,"
            " positions_with_provider_beta = 9 where portfolio_id = %s and as_of_date = %s",
            (hedge_fund.portfolio_id, LAST),
        )
        bodies = []
        for name in ("analytics_beta_provider_1y", "analytics_beta_comparison"):
            answer = connection.execute(load_query(name).text.replace(b"::text as body", b" as body"), common)
            found = answer.fetchone()
            assert found is not None
            bodies.append(found[0])
        connection.rollback()
    portfolio, positions = bodies
    assert portfolio["available"] is True
    assert portfolio["data"]["beta_provider_1y"] == 0.75
    total = portfolio["data"]["positions_total"]
    assert portfolio["data"]["coverage_percentage"] == rounded(100 * 9 / total, 4)
    with_both = [one for one in positions["positions"] if one["beta_difference"] is not None]
    assert with_both
    for position in with_both:
        assert position["market_beta"] == 1.25
        assert position["beta_difference"] == pytest.approx(position["calculated_beta"] - 1.25, abs=2e-6)
