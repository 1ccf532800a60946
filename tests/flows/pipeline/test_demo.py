"""The demo, run by a new user on an empty warehouse, and run again."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import THEN
from tests.flows.flow_helpers import CommandLine, one
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

PORTFOLIOS = 6


def test_demo_builds_publishes_and_sums_up(demo_run: Any) -> None:
    output = demo_run.output
    assert re.search(r"loaded +prices \(simulated\): [\d,]+ rows read, [\d,]+ new", output)
    assert re.search(r"built +\d+ models, \d+ tests passed", output)
    assert "published  publication 1: 2024-01-02 to 2025-09-12" in output
    assert len(re.findall(r"^  Demo .*: ", output, re.MULTILINE)) == 5
    assert "THE PRICES ARE SIMULATED" in output
    assert "demo_hnw@sigmasight.com" in output


@pytest.mark.long
def test_the_whole_demo_has_every_figure_and_fits_into_100_columns(full_demo_run: Any) -> None:
    output = full_demo_run.output
    assert "publication 1: 2024-01-02 to 2025-12-31" in output
    for title in ("Portfolios on 2025-12-31", "Risk ("):
        table = output[output.index(title) :].splitlines()[: 3 + PORTFOLIOS]
        assert max(map(len, table)) <= 100
        assert "Options Investor" in table[-1]
    assert "Profiles: 66 of 66 priced symbols" in output
    warehouse = full_demo_run.warehouse
    of_the_end = "where as_of_date = '2025-12-31' and {} is not null"
    for mart, figure, expected in (
        ("fct_portfolio_risk", "sharpe_ratio", PORTFOLIOS - 1),
        ("fct_portfolio_risk", "beta_provider_1y", PORTFOLIOS - 1),
    ):
        assert one(warehouse, f"select count(*) from marts.{mart} {of_the_end.format(figure)}") == expected
    for mart, figure in (("fct_var_backtest", "kupiec_p_value"), ("fct_forecast_evaluation", "qlike")):
        found = f"select count(distinct portfolio_id) from marts.{mart} {of_the_end.format(figure)}"
        assert one(warehouse, found) == PORTFOLIOS - 1, mart


@pytest.mark.long
def test_the_options_of_the_whole_demo_are_alive_and_plausible(full_demo_run: Any) -> None:
    rows = full_demo_run.warehouse.connect_analyst
    with rows(autocommit=True) as connection:
        greeks = connection.execute(
            "select implied_volatility, delta, position_vega, null_reason from marts.fct_position_greeks"
            " where as_of_date = '2025-12-31'"
        ).fetchall()
    assert len(greeks) == 8
    for volatility, delta, vega, reason in greeks:
        assert reason is None
        assert 0.08 < volatility < 0.45
        assert 0.05 < abs(delta) < 0.95
        assert vega != 0
    assert {delta > 0 for _, delta, _, _ in greeks} == {vega > 0 for _, _, vega, _ in greeks} == {True, False}


@pytest.mark.long
def test_running_the_demo_again_publishes_nothing(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse]
) -> None:
    warehouse = copy_warehouse(demo)
    accounts = "select array_agg(email order by email) from ops.users"
    before = one(warehouse, accounts)
    again = CommandLine(warehouse).succeed("demo", "--until", str(THEN))
    assert re.search(r"prices \(simulated\): [\d,]+ rows read, 0 new", again)
    assert "nothing has changed since the last publication" in again
    assert one(warehouse, "select count(*) from ops.publications") == 1
    assert one(warehouse, accounts) == before
