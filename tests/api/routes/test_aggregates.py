"""Aggregates: money adds up, ratios are of the sums, and a single portfolio equals itself."""

import json
from collections.abc import Iterator
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
Analyst = Connection[dict[str, Any]]
PUBLIC = "Demo Family Office Public Growth"
PRIVATE = "Demo Family Office Private Opportunities"
CASH_ALONE = "fct_portfolio_snapshots set private_count = 0 where portfolio_id = %(private)s"


def get(person: Person, path: str, **parameters: Any) -> Any:
    """Return the JSON of an aggregate."""
    response = person.get(f"analytics/aggregate/{path}", **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def alone_of(person: Person, name: str) -> Any:
    """Return the overview of one portfolio."""
    return person.get(f"analytics/portfolio/{person.portfolios[name]}/overview").json()


def alone(person: Person, path: str) -> Any:
    """Return the JSON of an analytic of the user's first portfolio."""
    return person.get(f"analytics/portfolio/{person.portfolio_id}/{path}").json()


def numbers(value: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """Iterate over all numbers of a response with their paths."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from numbers(part, f"{where}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part, f"{where}[{part.get('name') if isinstance(part, dict) else ''}]")
    elif isinstance(value, float | int) and not isinstance(value, bool):
        yield where, value


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("overview", "exposures"),
        ("overview", "pnl"),
        ("overview", "position_count"),
        ("overview", "target_returns"),
        ("concentration", "data"),
        ("sector-exposure", "data"),
        ("factor-exposures", "factors"),
        ("correlation-matrix", "data"),
        ("stress-test", "data"),
    ],
)
def test_the_sum_over_one_portfolio_is_that_portfolio(hedge_fund: Person, path: str, part: str) -> None:
    together = dict(numbers(get(hedge_fund, path)[part]))
    single = dict(numbers(alone(hedge_fund, path)[part]))
    common = set(together) & set(single)
    # a portfolio's factors also have standard errors and coverage, those of several have other details
    assert len(common) >= 0.5 * len(single)
    tolerance = {"overview": 0.011, "sector-exposure": 0.011, "concentration": 2e-3}.get(path, 2e-2)
    assert {name: together[name] for name in common} == {
        name: pytest.approx(single[name], abs=tolerance, rel=1e-6) for name in common
    }


def test_one_portfolio_is_not_said_to_be_added_up(hedge_fund: Person, family_office: Person) -> None:
    begins = {1: "One portfolio; ", 2: "2 portfolios are added up; "}
    for person in (hedge_fund, family_office):
        overview = get(person, "overview")
        assert overview["data_quality"]["message"].startswith(begins[overview["portfolio_count"]])


def test_correlations_over_portfolios_equal_those_of_one(hedge_fund: Person) -> None:
    together = get(hedge_fund, "correlation-matrix", max_symbols=100)["data"]
    single = hedge_fund.get(
        f"analytics/portfolio/{hedge_fund.portfolio_id}/correlation-matrix", max_symbols=100
    ).json()["data"]
    assert list(together["matrix"]) == list(single["matrix"])
    assert dict(numbers(together)) == {
        name: pytest.approx(number, abs=2e-6) for name, number in numbers(single)
    }


def test_money_of_two_portfolios_adds_up(family_office: Person) -> None:
    together = get(family_office, "overview")
    parts = [
        family_office.get(f"analytics/portfolio/{portfolio_id}/overview").json()
        for portfolio_id in family_office.portfolios.values()
    ]
    assert together["equity_balance"] == pytest.approx(sum(one["equity_balance"] for one in parts), abs=0.001)
    for group in ("pnl", "position_count"):
        for name, total in together[group].items():
            if name != "daily_return":
                assert total == pytest.approx(sum(one[group][name] for one in parts), abs=0.011), name
    exposures = together["exposures"]
    assert exposures["gross_exposure"] == pytest.approx(
        sum(one["exposures"]["gross_exposure"] for one in parts), abs=0.011
    )
    assert together["leverage"] == pytest.approx(
        exposures["gross_exposure"] / together["equity_balance"], abs=1e-6
    )
    breakdown = get(family_office, "breakdown")
    assert breakdown["net_asset_value"] == together["equity_balance"]
    assert sum(one["weight"] for one in breakdown["portfolios"]) == pytest.approx(1, abs=2e-6)
    values = [one["net_asset_value"] for one in breakdown["portfolios"]]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("day", [LAST, "2025-07-03"])
def test_the_breakdown_has_the_equity_of_the_last_sessions(
    family_office: Person, analyst: Analyst, day: str
) -> None:
    body = get(family_office, "breakdown", as_of_date=day, include_series=True)
    dates = body["series_dates"]
    assert dates == sorted(dates)
    assert (dates[0], dates[-1]) == ("2025-06-30", day)
    for one in body["portfolios"]:
        facts = analyst.execute(
            "select equity, public_price_coverage from marts.fct_portfolio_snapshots"
            " where portfolio_id = %s and as_of_date <= %s order by as_of_date",
            (one["id"], day),
        ).fetchall()
        assert one["equity_series"] == [float(fact["equity"]) for fact in facts]
        priced = facts[-1]["public_price_coverage"]
        assert one["public_price_coverage"] == (None if priced is None else pytest.approx(priced, abs=1e-6))
    plain = get(family_office, "breakdown", as_of_date=day)
    assert plain["series_dates"] is None
    assert {one["equity_series"] for one in plain["portfolios"]} == {None}


@pytest.mark.parametrize("coverage", [None, 0.25])
def test_each_beta_says_what_it_is_of(family_office: Person, demo: Warehouse, coverage: float | None) -> None:
    ids = list(family_office.portfolios.values())
    at = {"portfolio_ids": ids, "as_of_date": LAST, "simulated_notice": "", **COVERAGE_RULES}
    with demo.connect_writer() as connection:
        connection.execute("set search_path = marts")
        if coverage is not None:
            connection.execute(
                """
                update published.packed_fct_portfolio_factor_exposures
                set coverage = array_fill(%s::float8, array[cardinality(coverage)]) where coverage is not null
                """,
                (coverage,),
            )
        facts: dict[str, float | None] = dict(
            connection.execute(
                """
                select portfolio_id::text, case when beta is not null then coverage end
                from fct_portfolio_factor_exposures
                where portfolio_id = any(%s) and as_of_date = %s and model = 'market'
                """,
                (ids, LAST),
            ).fetchall()
        )
        breakdown, beta = (
            json.loads(connection.execute(load_query(name).text, at | series).fetchone()[0])  # type: ignore[index]
            for name, series in (
                ("aggregate_breakdown", {"include_series": False, "series_days": 63, "top_positions": 10}),
                ("aggregate_beta", {}),
            )
        )
        connection.rollback()
    expected = {key: pytest.approx(value, abs=1e-6) for key, value in facts.items()}
    assert {one["portfolio_id"]: one["market_beta_coverage"] for one in breakdown["portfolios"]} == expected
    assert {
        one["portfolio_id"]: one["market_beta_coverage"] for one in beta["data"]["portfolios"]
    } == expected
    assert set(facts.values()) == {coverage or 1, None}


def test_aggregates_have_their_figures_at_the_top_level_too(family_office: Person) -> None:
    overview, breakdown = get(family_office, "overview"), get(family_office, "breakdown")
    shares = [{name: one[name] for name in overview["portfolios"][0]} for one in breakdown["portfolios"]]
    assert shares == overview["portfolios"]
    assert [one["id"] for one in shares] == [one["portfolio_id"] for one in breakdown["portfolios"]]
    concentration = get(family_office, "concentration")
    for body in (overview, breakdown, concentration):
        assert body["portfolio_count"] == len(body["portfolio_ids"]) == 2
        assert body["top_positions"] == concentration["top_positions"]
    weights = concentration["data"]["position_weights"]
    assert {one["symbol"]: one["share_of_gross"] for one in overview["top_positions"]} == dict(
        list(weights.items())[:10]
    )
    assert overview["top_positions"][0]["weight"] == pytest.approx(
        overview["top_positions"][0]["market_value"] / overview["equity_balance"], abs=1e-6
    )
    beta = get(family_office, "beta")
    assert beta["aggregate_beta_90d"] == beta["data"]["market_beta_weighted"]
    assert (beta["aggregate_beta_180d"], beta["aggregate_beta_180d_null_reason"]) == (None, "not_calculated")
    volatility = get(family_office, "volatility")
    for name in ("realized_volatility_21d", "realized_volatility_63d", "expected_volatility_21d"):
        top = name.replace("realized", "aggregate").replace("expected", "aggregate_expected")
        assert volatility[top] == volatility["data"][name]
    correlation = get(family_office, "correlation-matrix")
    assert correlation["symbols"] == list(correlation["correlation_matrix"])
    assert correlation["correlation_matrix"] == correlation["data"]["matrix"]
    assert correlation["average_correlation"] == correlation["data"]["average_correlation"]
    private = {"portfolio_ids": family_office.portfolios[PRIVATE]}
    assert get(family_office, "correlation-matrix", **private)["correlation_matrix"] is None
    assert get(family_office, "beta", **private)["aggregate_beta_90d"] is None


def test_factors_of_several_portfolios_have_the_names_of_one(
    hedge_fund: Person, family_office: Person, prices: str
) -> None:
    names = [factor["name"] for factor in alone(hedge_fund, "factor-exposures")["factors"]]
    assert ("Provider Beta (1Y)" in names) is (prices == "simulated")
    for person in (hedge_fund, family_office):
        factors = get(person, "factor-exposures")["factors"]
        assert [factor["name"] for factor in factors] == names
        for factor in factors:
            assert factor["aggregate_beta"] == factor["beta"]
            assert factor["aggregate_exposure_dollar"] == factor["exposure_dollar"]


def test_private_holdings_lower_the_coverage_and_do_not_count_as_zero_beta(family_office: Person) -> None:
    public = family_office.portfolios[PUBLIC]
    beta = get(family_office, "beta")["data"]
    own = family_office.get(f"analytics/portfolio/{public}/market-beta").json()["data"]
    assert beta["market_beta_weighted"] == own["market_beta_weighted"]
    assert 0 < beta["equity_coverage_percentage"] < 100
    quality = get(family_office, "beta")["data_quality"]
    assert quality["positions_skipped"] > 0
    assert "1 of 2 portfolios" in quality["message"]
    private = get(family_office, "beta", portfolio_ids=family_office.portfolios[PRIVATE])
    assert (private["available"], private["data"]) == (False, None)


def test_only_the_named_portfolios_are_included(family_office: Person) -> None:
    public, private = family_office.portfolios[PUBLIC], family_office.portfolios[PRIVATE]
    assert set(get(family_office, "overview")["portfolio_ids"]) == {public, private}
    one = get(family_office, "overview", portfolio_ids=public)
    assert one["portfolio_ids"] == [public]
    assert (
        one["equity_balance"]
        == family_office.get(f"analytics/portfolio/{public}/overview").json()["equity_balance"]
    )
    both = get(family_office, "overview", portfolio_ids=f"{public},{private},{public}")
    assert both["portfolio_ids"] == sorted([public, private])


def test_all_volatilities_are_of_the_portfolios_that_have_one(family_office: Person) -> None:
    """Equity of a private portfolio does not dilute one figure and leave out the other."""
    public = family_office.portfolios[PUBLIC]
    together = get(family_office, "volatility")
    assert (
        together["data"] | {"equity_coverage_percentage": 100}
        == (get(family_office, "volatility", portfolio_ids=public)["data"])
    )
    assert together["data"]["portfolios_covered"] == 1
    equity = {name: alone_of(family_office, name)["equity_balance"] for name in (PUBLIC, PRIVATE)}
    assert together["data"]["equity_coverage_percentage"] == pytest.approx(
        100 * equity[PUBLIC] / sum(equity.values()), abs=1e-4
    )


def test_the_volatility_counts_the_portfolios_that_it_is_of(family_office: Person, demo: Warehouse) -> None:
    ids = list(family_office.portfolios.values())
    at = {"portfolio_ids": ids, "as_of_date": LAST, "simulated_notice": "", **COVERAGE_RULES}
    with demo.connect_writer() as connection:
        connection.execute("set search_path = marts")
        connection.execute(
            "update published.fct_portfolio_risk set realized_volatility_21d = null where portfolio_id = %s",
            (family_office.portfolios[PUBLIC],),
        )
        body = json.loads(connection.execute(load_query("aggregate_volatility").text, at).fetchone()[0])  # type: ignore[index]
        connection.rollback()
    assert body["available"] is False
    assert body["data_quality"]["message"].startswith("0 of 2 portfolios and 0 of ")


def test_volatility_is_of_the_combined_returns(family_office: Person, analyst: Analyst) -> None:
    days = analyst.execute(
        """
        select sum(public_daily_pnl) / sum(equity - daily_pnl) as daily_return
        from marts.fct_portfolio_snapshots
        where portfolio_id = any(%s) and as_of_date <= %s
        group by as_of_date order by as_of_date
        """,
        ([family_office.portfolios[PUBLIC]], LAST),
    ).fetchall()
    returns = np.array([float(day["daily_return"]) for day in days])
    data = get(family_office, "volatility")["data"]
    for window in (21, 63):
        expected = returns[-window:].std(ddof=1) * np.sqrt(252)
        assert data[f"realized_volatility_{window}d"] == pytest.approx(expected, abs=1e-6)
    then = returns[-31:-10].std(ddof=1) * np.sqrt(252)
    change = data["realized_volatility_21d"] / then - 1
    trend = "increasing" if change > 0.05 else "decreasing" if change < -0.05 else "stable"
    assert data["volatility_trend"] == trend
    assert data["volatility_percentile"] is None  # fewer than two thirds of 252 sessions


def test_private_holdings_have_null_volatility(family_office: Person) -> None:
    body = get(family_office, "volatility", portfolio_ids=family_office.portfolios[PRIVATE])
    assert (body["available"], body["data"], body["calculation_date"]) == (False, None, None)
    assert body["data_quality"]["flag"] == "no_public_positions"


def test_a_beta_reports_the_quality_of_its_own_model(hedge_fund: Person, analyst: Analyst) -> None:
    row = analyst.execute(
        "select data_days, positions_analyzed, coverage from marts.fct_portfolio_factor_exposures"
        " where portfolio_id = %s and as_of_date = %s and model = 'market'",
        (hedge_fund.portfolio_id, LAST),
    ).fetchone()
    risk = analyst.execute(
        "select data_days from marts.fct_portfolio_risk where portfolio_id = %s and as_of_date = %s",
        (hedge_fund.portfolio_id, LAST),
    ).fetchone()
    assert row is not None
    assert risk is not None
    assert risk["data_days"] > row["data_days"] == 90, (
        "the models' windows do not differ: the test would prove nothing"
    )
    beta = get(hedge_fund, "beta")
    assert beta["data"]["beta_calculated_90d_observations"] == 90
    for body in (beta, alone(hedge_fund, "market-beta"), alone(hedge_fund, "beta-calculated-90d")):
        assert body["data_quality"]["data_days"] == 90
        assert body["data_quality"]["positions_analyzed"] == row["positions_analyzed"]
    own = alone(hedge_fund, "beta-calculated-90d")["metadata"]["coverage"]
    assert own == pytest.approx(row["coverage"], abs=1e-6)


def test_the_average_correlation_covers_more_than_the_symbols_shown(family_office: Person) -> None:
    few = get(family_office, "correlation-matrix", max_symbols=2)
    many = get(family_office, "correlation-matrix", max_symbols=100)
    assert few["available"], "the largest holdings are private, and were shown"
    assert len(few["data"]["matrix"]) == 2
    assert few["data"]["average_correlation"] == many["data"]["average_correlation"]
    assert few["metadata"]["symbols_excluded"] == many["metadata"]["symbols_excluded"] > 0
    assert few["metadata"]["truncated"] is True


def test_the_stress_test_reports_its_coverage(family_office: Person, analyst: Analyst) -> None:
    rows = analyst.execute(
        """
        select
            sum(stress.coverage * gross.gross_exposure::float8) / sum(gross.gross_exposure::float8) as covered
        from marts.fct_portfolio_exposures as gross
        left join marts.fct_portfolio_stress as stress
            on gross.portfolio_id = stress.portfolio_id and gross.as_of_date = stress.as_of_date
            and stress.direct_pnl is not null and stress.scenario_id = 'market_rally_25'
        where gross.portfolio_id = any(%s) and gross.as_of_date = %s
        """,
        (list(family_office.portfolios.values()), LAST),
    ).fetchall()
    scenarios = get(family_office, "stress-test")["data"]["scenarios"]
    covered = {one["coverage"] for one in scenarios}
    assert len(covered) == 1
    assert covered.pop() == pytest.approx(rows[0]["covered"], abs=1e-6)
    assert 0 < scenarios[0]["coverage"] < 1


def test_the_stress_test_is_sorted_by_the_direct_result_and_has_the_others(
    family_office: Person, analyst: Analyst
) -> None:
    body = get(family_office, "stress-test")
    assert body["metadata"]["impact_type"] == "direct"
    scenarios = body["data"]["scenarios"]
    losses = [one["direct_impact"]["dollar_impact"] for one in scenarios]
    assert losses == sorted(losses)
    replayed = analyst.execute(
        """
        select scenario_id, sum(replay_pnl) as pnl, bool_and(is_believable) as is_believable
        from marts.fct_portfolio_stress
        where portfolio_id = any(%s) and as_of_date = %s and direct_pnl is not null
        group by scenario_id
        """,
        (list(family_office.portfolios.values()), LAST),
    ).fetchall()
    known = {row["scenario_id"]: row for row in replayed}
    assert {one["id"] for one in scenarios} == set(known)
    for one in scenarios:
        fact = known[one["id"]]
        assert one["is_believable"] == fact["is_believable"]
        assert one["impact"] == one["direct_impact"]
        if fact["pnl"] is None:
            assert one["replay_impact"] is None
        else:
            assert one["replay_impact"]["dollar_impact"] == pytest.approx(fact["pnl"], abs=0.006)


def test_an_aggregate_reports_its_price_flags(family_office: Person) -> None:
    together = get(family_office, "overview")["data_quality"]["message"]
    assert "the others: private_mark 9" in together


@pytest.mark.parametrize(
    "changes",
    [
        [CASH_ALONE],
        [CASH_ALONE, "fct_portfolio_snapshots set equity = -10000 where portfolio_id = %(public)s",
         "packed_fct_portfolio_factor_exposures set beta = null where portfolio_id = %(public)s"],
    ],
)  # fmt: skip
def test_cash_and_lost_equity_count(family_office: Person, demo: Warehouse, changes: list[str]) -> None:
    ids = {name: family_office.portfolios[full] for name, full in (("public", PUBLIC), ("private", PRIVATE))}
    both = {"portfolio_ids": list(ids.values()), "as_of_date": LAST, "simulated_notice": "", **COVERAGE_RULES}
    with demo.connect_writer() as connection:
        connection.execute("set search_path = marts")
        for change in changes:
            connection.execute(f"update published.{change}", ids)
        known = connection.execute(
            """
            select sum(snapshots.equity)::float8, sum(exposures.dollar_exposure)
            from fct_portfolio_snapshots as snapshots
            inner join fct_portfolio_factor_exposures as exposures using (portfolio_id, as_of_date)
            where portfolio_id = any(%(portfolio_ids)s) and as_of_date = %(as_of_date)s and model = 'market'
            """,
            both,
        ).fetchone()
        rows = [
            connection.execute(load_query(name).text, both).fetchone()
            for name in ("aggregate_factor_exposures", "aggregate_beta")
        ]
        connection.rollback()
    assert known is not None
    betas = [json.loads(row[0]) for row in rows if row is not None]
    expected = pytest.approx(known[1] / known[0], abs=1e-6)
    assert betas[0]["factors"][0]["beta"] == expected
    assert betas[1]["data"]["market_beta_weighted"] == expected
    assert betas[0]["factors"][0]["equity_coverage_percentage"] == 100


def test_an_aggregate_of_a_past_date_is_unaffected_by_later_data(
    family_office: Person, analyst: Analyst
) -> None:
    body = get(family_office, "overview", as_of_date="2025-07-31")
    known = analyst.execute(
        "select sum(equity) as equity, sum(daily_pnl) as pnl from marts.fct_portfolio_snapshots"
        " where portfolio_id = any(%s) and as_of_date = '2025-07-31'",
        (list(family_office.portfolios.values()),),
    ).fetchone()
    assert known is not None
    assert body["equity_balance"] == float(known["equity"])
    assert body["pnl"]["daily_pnl"] == float(known["pnl"])
    assert body["calculation_date"] == "2025-07-31"


def test_an_aggregate_before_the_portfolios_begin_is_empty(family_office: Person) -> None:
    body = get(family_office, "overview", as_of_date="2025-06-27")
    assert (body["available"], body["portfolio_ids"], body["equity_balance"]) == (False, [], 0)
