"""A portfolio of which 45 % are private says so in every analytic, and names what is not measured."""

from typing import Any

import pytest
from psycopg import Connection

from tests.api.api_helpers import Person

LAST = "2025-09-12"
LARGEST = "HOME_EQUITY"
MEASURED = (
    "volatility", "value-at-risk", "risk-metrics", "risk-decomposition", "risk-contributions",
    "factor-exposures", "market-beta",
    "beta-calculated-90d", "beta-comparison", "positions/factor-exposures", "spread-factors", "stress-test",
    "correlation-matrix", "diversification-score", "greeks",
)  # fmt: skip
Analyst = Connection[dict[str, Any]]


def get(person: Person, path: str) -> Any:
    """Return an analytic of the user's portfolio."""
    response = person.get(f"analytics/portfolio/{person.portfolio_id}/{path}")
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture(scope="module")
def private_share(high_net_worth: Person, analyst: Analyst) -> float:
    """Private market value over equity."""
    (row,) = analyst.execute(
        """select sum(market_value) / max(equity) as share from marts.fct_position_values
        join marts.dim_positions using (position_id) join marts.fct_portfolio_snapshots as snapshots
        on snapshots.portfolio_id = dim_positions.portfolio_id
        and snapshots.as_of_date = fct_position_values.as_of_date
        where dim_positions.portfolio_id = %s and snapshots.as_of_date = %s and is_open
        and dim_positions.investment_class = 'PRIVATE' and not is_cash_equivalent""",
        (high_net_worth.portfolio_id, LAST),
    ).fetchall()
    return float(row["share"])


@pytest.mark.parametrize("path", MEASURED)
def test_what_private_holdings_leave_out_is_said(
    high_net_worth: Person, path: str, private_share: float
) -> None:
    assert 0.4 < private_share < 0.5
    quality = get(high_net_worth, path)["data_quality"]
    assert quality["flag"] == "partially_covered"
    assert quality["coverage_of_equity"] == pytest.approx(1 - private_share, abs=1e-6)
    assert quality["positions_not_measured"][0] == LARGEST
    assert LARGEST in quality["message"]
    assert "of equity" in quality["message"]


@pytest.mark.parametrize("path", ["volatility", "beta", "factor-exposures", "stress-test", "breakdown"])
def test_an_aggregate_says_it_too(high_net_worth: Person, path: str, private_share: float) -> None:
    quality = high_net_worth.get(f"analytics/aggregate/{path}").json()["data_quality"]
    assert quality["flag"] == "partially_covered"
    assert quality["coverage_of_equity"] == pytest.approx(1 - private_share, abs=1e-6)
    assert quality["positions_not_measured"][0] == LARGEST


def test_marks_of_private_holdings_are_no_beta(family_office: Person, analyst: Analyst) -> None:
    private = family_office.portfolios["Demo Family Office Private Opportunities"]
    (row,) = analyst.execute(
        """select return_beta, return_beta_r_squared, return_beta_observations, return_beta_null_reason
        from marts.fct_portfolio_risk where portfolio_id = %s and as_of_date = %s""",
        (private, LAST),
    ).fetchall()
    assert row == {
        "return_beta": None,
        "return_beta_r_squared": None,
        "return_beta_observations": 53,
        "return_beta_null_reason": "too_few_market_days",
    }


def test_a_concentration_says_what_it_is_of(high_net_worth: Person, family_office: Person) -> None:
    message = get(high_net_worth, "concentration")["data_quality"]["message"]
    assert "44.3 % of it are private positions" in message
    private = family_office.portfolios["Demo Family Office Private Opportunities"]
    body = family_office.get(f"analytics/portfolio/{private}/concentration").json()
    assert body["data_quality"]["message"].startswith("Concentration of private positions")
    together = family_office.get("analytics/aggregate/concentration").json()["data_quality"]["message"]
    assert "private positions, at their last valuations" in together


@pytest.mark.parametrize("path", ["portfolio/{}/sector-exposure", "aggregate/sector-exposure"])
def test_sectors_compare_only_what_is_classified_and_look_through_funds(
    high_net_worth: Person, analyst: Analyst, path: str
) -> None:
    body = high_net_worth.get("analytics/" + path.format(high_net_worth.portfolio_id)).json()
    data, quality = body["data"], body["data_quality"]
    groups = {
        (row["dimension"], row["bucket"]): float(row["gross_exposure"])
        for row in analyst.execute(
            """select dimension, bucket, gross_exposure from marts.fct_exposures_by_group
            where portfolio_id = %s and as_of_date = %s and dimension in ('sector', 'symbol')""",
            (high_net_worth.portfolio_id, LAST),
        )
    }
    direct = {name: value for (kind, name), value in groups.items() if kind == "sector"}
    spy = groups["symbol", "SPY"]
    known = sum(value for name, value in direct.items() if name not in ("Private", "Unclassified")) + spy
    assert data["looked_through"] == ["SPY"]
    assert data["classified_value"] == pytest.approx(known, abs=0.02)
    assert data["classified_share"] == pytest.approx(known / sum(direct.values()), abs=1e-6)
    assert set(data["portfolio_weights"]) == set(data["benchmark_weights"])
    assert sum(data["portfolio_weights"].values()) == pytest.approx(1, abs=1e-5)
    weights = data["benchmark_weights"]
    for sector, weight in weights.items():
        expected = (direct.get(sector, 0) + spy * weight / sum(weights.values())) / known
        assert data["portfolio_weights"][sector] == pytest.approx(expected, abs=1e-5)
        assert data["over_underweight"][sector] == pytest.approx(expected - weight, abs=1e-5)
    assert data["shares_of_gross"]["Unclassified fund"] > 0
    assert data["shares_of_gross"]["Private"] == pytest.approx(0.45, abs=0.01)
    assert sum(data["shares_of_gross"].values()) == pytest.approx(1, abs=1e-5)
    assert "SPY" not in quality["positions_not_measured"]
    assert quality["flag"] == "partially_covered"
    assert quality["message"].startswith("Compared: the ")
    assert "Divided into the sectors of the S&P 500: SPY." in quality["message"]
    assert quality["positions_skipped"] == quality["positions_total"] - quality["positions_analyzed"]


def test_the_answer_shows_the_marts_share(high_net_worth: Person, analyst: Analyst) -> None:
    (row,) = analyst.execute(
        """select quality_flag, quality_message, coverage_of_equity, positions_not_measured
        from marts.fct_portfolio_risk where portfolio_id = %s and as_of_date = %s""",
        (high_net_worth.portfolio_id, LAST),
    ).fetchall()
    for path in ("volatility", "value-at-risk", "risk-metrics"):
        quality = get(high_net_worth, path)["data_quality"]
        assert quality["flag"] == row["quality_flag"]
        assert quality["message"].startswith(row["quality_message"])
        assert quality["coverage_of_equity"] == pytest.approx(row["coverage_of_equity"], abs=1e-6)
        assert quality["positions_not_measured"] == row["positions_not_measured"]


def test_a_part_that_is_measured_is_enough_for_figures(high_net_worth: Person) -> None:
    path = f"data/portfolio/{high_net_worth.portfolio_id}/data-quality"
    feasibility = high_net_worth.get(path).json()["calculation_feasibility"]
    assert all(check["feasible"] for check in feasibility.values())
    volatility = high_net_worth.get("analytics/aggregate/volatility").json()
    assert volatility["available"]
    assert volatility["data"]["realized_volatility_21d"] > 0
