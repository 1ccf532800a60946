"""Contributions of factors: by hand, against a loop, and adding up to the P&L."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.stress.contributions import contributions, portfolio_factor_stress
from tests.examples import examples
from tests.python_models.stress.stress_cases import (
    BETAS,
    DAY,
    NAN,
    SCENARIOS,
    STOCKS,
    betas_of,
    scenario_rows,
    shocks_of,
    stress_of,
)


def _holdings(seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (name, DAY, symbol, float(rng.normal(0, 1e5)))
        for name in ("one", "other")
        for symbol in STOCKS["symbol"]
    ]
    return pd.DataFrame(rows, columns=["portfolio_id", "as_of_date", "symbol", "exposure"])


def test_parts_of_a_return_by_hand() -> None:
    """Market ln 0.9 at beta 1, style ln 1.05 at beta 2: x = -0.0077803, r = -0.0077502, r / x = 0.99612."""
    parts = contributions(np.array([[1.0, 2.0]]), np.log([[0.9, 1.05]]))[0, 0]
    assert parts.sum() == pytest.approx(0.9 * 1.05**2 - 1, abs=1e-15)
    np.testing.assert_allclose(parts, 0.996119 * np.array([math.log(0.9), 2 * math.log(1.05)]), rtol=1e-5)


def test_parts_that_cancel_and_symbols_that_do_not_move() -> None:
    parts = contributions(np.array([[1.0, -1.0], [0.0, 0.0]]), np.array([[0.1, 0.1]]))
    np.testing.assert_array_equal(parts, [[[0.1, -0.1]], [[0.0, 0.0]]])


@settings(max_examples=examples(6), deadline=None)
@given(st.integers(0, 10_000))
def test_contributions_add_up_to_the_pnl_of_linear_positions(seed: int) -> None:
    holdings, shocks = _holdings(seed), shocks_of()
    result = portfolio_factor_stress(holdings, BETAS, shocks)
    stress = stress_of(STOCKS.assign(price=1.0), BETAS, shocks)
    joined = holdings.merge(stress, left_on="symbol", right_on="instrument_id")
    gross = holdings["exposure"].abs().sum()
    for way in ("direct_pnl", "correlated_pnl"):
        joined["pnl"] = joined["exposure"] * joined[way]
        expected = joined.groupby(["portfolio_id", "scenario_id"])["pnl"].sum()
        found = result.set_index(["portfolio_id", "scenario_id"])[way].map(np.sum)
        np.testing.assert_allclose(found, expected.loc[found.index], atol=1e-12 * gross)


def test_contributions_equal_a_loop() -> None:
    holdings, shocks = _holdings(), shocks_of()
    result = portfolio_factor_stress(holdings, BETAS, shocks).set_index(["portfolio_id", "scenario_id"])
    assert len(result) == 2 * SCENARIOS["scenario_id"].nunique()
    moves = shocks.dropna(subset="factor_number").set_index(["scenario_id", "factor"])
    betas = BETAS.set_index(["symbol", "factor"])["beta"]
    for (portfolio, scenario), row in result.iterrows():
        factors = moves.loc[scenario]
        expected = dict.fromkeys(factors.index, 0.0)
        for holding in holdings[holdings["portfolio_id"] == portfolio].itertuples():
            own = {
                factor: betas[holding.symbol, factor] * factors["direct_move"][factor] for factor in expected
            }
            x = sum(own.values())
            for factor, part in own.items():
                expected[factor] += holding.exposure * part * ((math.exp(x) - 1) / x if x else 1)
        for factor, total in expected.items():
            place = int(factors["factor_number"][factor]) - 1
            assert row["direct_pnl"][place] == pytest.approx(total, rel=1e-9, abs=1e-6)


def test_holdings_without_betas_are_left_out_and_other_portfolios_do_not_matter() -> None:
    holdings, shocks = _holdings(), shocks_of()
    more = pd.concat([holdings, holdings.tail(1).assign(symbol="GHOST")])
    whole = portfolio_factor_stress(holdings, BETAS, shocks)
    pd.testing.assert_frame_equal(portfolio_factor_stress(more, BETAS, shocks), whole)
    alone = portfolio_factor_stress(holdings[holdings["portfolio_id"] == "other"], BETAS, shocks)
    expected = whole[whole["portfolio_id"] == "other"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected, check_exact=True)
    shuffled = portfolio_factor_stress(
        *(frame.sample(frac=1, random_state=1) for frame in (holdings, BETAS, shocks))
    )
    pd.testing.assert_frame_equal(shuffled, whole, check_exact=True)


def test_a_factor_that_the_date_lacks_has_no_contribution() -> None:
    shocks = shocks_of(scenario_rows(("fall", "Market", -0.1))).query(
        "factor != 'Market' and factor != 'Value'"
    )
    found = portfolio_factor_stress(_holdings(), BETAS, shocks)["direct_pnl"][0]
    assert [math.isnan(value) for value in found] == [False, True, False]


def test_without_holdings_betas_or_shocks_there_are_no_rows() -> None:
    holdings, shocks = _holdings(), shocks_of()
    empty = betas_of({"SPY": [NAN] * 4})
    for frames in ((holdings.iloc[:0], BETAS, shocks), (holdings, BETAS.iloc[:0], shocks),
                   (holdings, BETAS, shocks.iloc[:0]), (holdings, empty, shocks)):  # fmt: skip
        found = portfolio_factor_stress(*frames)
        assert found.empty
        assert {"portfolio_id", "direct_pnl", "correlated_pnl"} <= set(found.columns)
