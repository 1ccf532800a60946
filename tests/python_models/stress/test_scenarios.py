"""Moves of factors, by hand, against regressions and precision matrices, and name by name."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.stress.scenarios import conditional_moves, log_moves, scenario_shocks
from tests.examples import examples
from tests.method_config import STRESS_CONFIG
from tests.python_models.stress.stress_cases import (
    DAY,
    FACTORS,
    NAMES,
    NAN,
    SCENARIOS,
    covariance,
    covariance_frame,
    scenario_rows,
    shocks_of,
    state,
    wide,
)

COLUMNS = [
    "as_of_date",
    "scenario_id",
    "factor",
    "factor_number",
    "shock",
    "correlated_shock",
    "direct_move",
    "correlated_move",
]


# --- log moves ---


def test_a_total_style_shock_is_what_remains_beyond_the_market() -> None:
    """By hand: ln 0.65 - 0.8 ln 0.7 = -0.43078 + 0.28534 = -0.14544; a yield keeps -0.01 + 0.002 x 0.3."""
    shocks = np.array([[-0.3, -0.35, -0.28, -0.01]])
    total = np.array([[True, True, False, True]])
    betas = np.array([NAN, 0.8, 1.0, 0.002])
    moves = log_moves(shocks, total, betas, pd.Index(FACTORS))
    expected = [math.log(0.7), -0.14544, math.log(0.72), -0.01 + 0.0006]
    np.testing.assert_allclose(moves, [expected], atol=5e-6)


def test_a_shock_without_the_market_is_its_own_move() -> None:
    shocks = np.array([[NAN, 0.06, NAN, 0.01]])
    for total in (True, False):
        moves = log_moves(shocks, np.full((1, 4), total), np.array([NAN, 0.8, 1.0, 0.002]), pd.Index(FACTORS))
        np.testing.assert_allclose(moves, [[NAN, math.log(1.06), NAN, 0.01]], rtol=1e-15)


@settings(max_examples=examples(16), deadline=None)
@given(st.floats(-0.9, 1), st.floats(-0.9, 1), st.floats(-2, 2))
def test_a_fund_of_a_style_returns_its_total_shock(market: float, style: float, beta: float) -> None:
    """A fund has its style beta to the market and 1 to its own factor."""
    shocks, betas = np.array([[market, style, NAN, NAN]]), np.array([NAN, beta, 0.0, 0.0])
    moves = log_moves(shocks, np.full((1, 4), True), betas, pd.Index(FACTORS))[0]
    assert math.expm1(beta * moves[0] + moves[1]) == pytest.approx(style, abs=1e-12)


# --- conditional moves ---


def test_the_move_given_one_factor_is_rho_times_the_ratio_of_deviations() -> None:
    """Johnson & Wichern, Applied Multivariate Statistical Analysis, result 4.6: s_12 / s_22 (x_2 - mu_2)."""
    matrix = np.array([[0.04, 0.5 * 0.2 * 0.1], [0.5 * 0.2 * 0.1, 0.01]])
    np.testing.assert_allclose(conditional_moves(np.array([[NAN, -0.05]]), matrix, 0), [[-0.05, -0.05]])
    np.testing.assert_allclose(conditional_moves(np.array([[NAN, -0.05]]), matrix, 0.2), [[-0.04, -0.05]])


def test_moves_equal_regressions_of_the_others_on_the_given() -> None:
    """The conditional expectation is the regression without intercept on centred data of that covariance."""
    rng = np.random.default_rng(2)
    data = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5))
    data -= data.mean(axis=0)
    result = conditional_moves(np.array([[0.3, NAN, -0.2, NAN, 0.1]]), data.T @ data / 299, 0)[0]
    for factor in (1, 3):
        fit = sm.OLS(data[:, factor], data[:, [0, 2, 4]]).fit()
        assert result[factor] == pytest.approx(float(fit.predict([0.3, -0.2, 0.1])[0]), rel=1e-10)


@settings(max_examples=examples(13), deadline=None)
@given(st.integers(0, 10_000), st.lists(st.booleans(), min_size=5, max_size=5), st.floats(0, 1))
def test_moves_equal_the_precision_matrix(seed: int, is_given: list[bool], shrinkage: float) -> None:
    """The most likely move given the others: P_uu u = -P_us s, with P the inverse of the shrunk matrix."""
    matrix, chosen = covariance(seed, 5), np.array(is_given)
    moves = np.where(chosen, np.random.default_rng(seed).normal(0, 0.1, 5), NAN)
    result = conditional_moves(moves[None, :], matrix, shrinkage)[0]
    scale = np.sqrt(np.diag(matrix))
    precision = np.linalg.inv((1 - shrinkage) * matrix / np.outer(scale, scale) + shrinkage * np.eye(5))
    expected = -np.linalg.solve(
        precision[np.ix_(~chosen, ~chosen)],
        precision[np.ix_(~chosen, chosen)] @ (moves / scale)[chosen],
    )
    np.testing.assert_allclose((result / scale)[~chosen], expected, rtol=1e-6, atol=1e-8)


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_given_moves_stay_and_the_rest_is_proportional(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    moves = np.where(rng.random((8, 4)) < 0.5, rng.normal(0, 0.1, (8, 4)), NAN)
    result = conditional_moves(moves, covariance(seed), 0.2)
    kept = np.isfinite(moves)
    np.testing.assert_array_equal(result[kept], moves[kept])
    np.testing.assert_allclose(
        conditional_moves(scale * moves, covariance(seed), 0.2), scale * result, rtol=1e-9, atol=1e-12
    )


def test_uncorrelated_factors_and_scenarios_without_moves_do_not_move() -> None:
    moves = np.array([[-0.1, NAN, NAN], [NAN, NAN, NAN]])
    np.testing.assert_array_equal(
        conditional_moves(moves, np.diag([1.0, 2.0, 3.0]), 0.2), [[-0.1, 0, 0], [0, 0, 0]]
    )


def test_full_shrinkage_leaves_the_others_alone() -> None:
    moves = np.array([[-0.1, NAN, NAN, 0.01]])
    np.testing.assert_array_equal(conditional_moves(moves, covariance(), 1), [[-0.1, 0, 0, 0.01]])


def test_the_unit_of_the_covariance_does_not_matter() -> None:
    moves = np.array([[-0.1, NAN, NAN, 0.01]])
    daily = conditional_moves(moves, covariance(), 0.2)
    np.testing.assert_allclose(conditional_moves(moves, 252 * covariance(), 0.2), daily, rtol=1e-12)


def test_identical_factors_are_not_singular() -> None:
    loadings = np.array([[0.01, 0.0], [0.01, 0.0], [0.004, 0.01]])
    moves = np.array([[-0.1, -0.1, NAN], [-0.1, NAN, NAN]])
    result = conditional_moves(moves, loadings @ loadings.T, 0)
    np.testing.assert_allclose(result, [[-0.1, -0.1, -0.04], [-0.1, -0.1, -0.04]], rtol=1e-9)


def test_a_factor_without_variance_neither_moves_nor_moves_others() -> None:
    matrix = np.array([[0.0, 0.0], [0.0, 0.01]])
    moves = np.array([[-0.1, NAN], [NAN, -0.1]])
    np.testing.assert_array_equal(conditional_moves(moves, matrix, 0.2), [[-0.1, 0.0], [0.0, -0.1]])


def test_an_incomplete_covariance_is_refused() -> None:
    with pytest.raises(ValueError, match="covariance must be finite"):
        conditional_moves(np.array([[-0.1, NAN]]), np.array([[1.0, NAN], [NAN, 1.0]]), 0.2)


# --- scenarios by date and name ---


def _row(frame: pd.DataFrame, scenario: str, factor: str) -> pd.Series:
    return frame.set_index(["scenario_id", "factor"]).loc[(scenario, factor)]


def test_scenarios_equal_the_arrays_date_by_date() -> None:
    other = DAY + pd.Timedelta(days=1)
    frames = [
        covariance_frame(covariance(1)),
        covariance_frame(covariance(2)[:3, :3], FACTORS[:3], other),
    ]
    result = scenario_shocks(state(pd.concat(frames)), SCENARIOS, NAMES, STRESS_CONFIG)
    assert list(result.columns) == COLUMNS
    first = wide(result[result["as_of_date"] == DAY], "scenario_id", "factor", "correlated_move")
    moves = np.array([[math.log(0.9), NAN, math.log(1.02), NAN]])
    expected = conditional_moves(moves, covariance(1), 0.2)[0]
    np.testing.assert_allclose(first.loc["flight", FACTORS].astype(float), expected, rtol=1e-12)
    assert len(first) == SCENARIOS["scenario_id"].nunique()
    second = result[result["as_of_date"] == other]
    assert set(second["factor"]) == {*FACTORS[:3], "Volatility"}
    assert set(second["scenario_id"]) == set(SCENARIOS["scenario_id"]) - {"rates_up_100bp", "crisis"}


def test_shocks_are_shown_as_stated_and_conditional_moves_in_the_same_units() -> None:
    result = shocks_of()
    value, yields = _row(result, "flight", "Value"), _row(result, "flight", "Interest Rate")
    assert np.isnan(value["shock"])
    assert value["direct_move"] == 0
    assert value["correlated_shock"] == pytest.approx(math.expm1(value["correlated_move"]))
    assert yields["correlated_shock"] == yields["correlated_move"] != 0
    crisis = _row(result, "crisis", "Value")
    assert crisis["shock"] == crisis["correlated_shock"] == -0.35
    assert crisis["direct_move"] == pytest.approx(math.log(0.65) - 0.8 * math.log(0.7))


def test_nothing_is_left_to_fill_in_where_every_factor_is_given() -> None:
    crisis = shocks_of().query("scenario_id == 'crisis'")
    assert (crisis["direct_move"] == crisis["correlated_move"]).all()
    assert crisis["shock"].notna().all()


def test_factors_are_numbered_by_name_whatever_a_date_knows() -> None:
    frame = covariance_frame(covariance()[:3, :3], ["Market", "Value", "Quality"])
    result = scenario_shocks(state(frame), SCENARIOS, NAMES, STRESS_CONFIG)
    numbers = result.drop_duplicates("factor").set_index("factor")["factor_number"]
    assert numbers.drop("Volatility").to_dict() == {"Market": 2, "Quality": 3, "Value": 4}
    assert np.isnan(numbers["Volatility"])


def test_the_vix_moves_as_stated_or_with_the_market() -> None:
    result = shocks_of()
    assert _row(result, "crisis", "Volatility")["shock"] == 1.5
    assert _row(result, "crisis", "Volatility")["direct_move"] == pytest.approx(math.log(2.5))
    falling = _row(result, "market_down_10", "Volatility")
    assert np.isnan(falling["shock"])
    assert 16 * (1 + falling["correlated_shock"]) == pytest.approx(16 * 0.9**-4)
    assert _row(result, "rates_up_100bp", "Volatility")["correlated_shock"] == 0


def test_one_triangle_of_the_covariance_is_enough_and_the_order_of_rows_does_not_matter() -> None:
    whole = covariance_frame(covariance())
    triangle = whole[whole["factor_1"] <= whole["factor_2"]].sample(frac=1, random_state=3)
    shuffled = SCENARIOS.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        scenario_shocks(state(triangle), shuffled, NAMES.iloc[::-1], STRESS_CONFIG),
        scenario_shocks(state(whole), SCENARIOS, NAMES, STRESS_CONFIG),
        check_exact=True,
    )


def test_another_scenario_or_date_changes_nothing() -> None:
    alone = scenario_rows(("market_down_10", "Market", -0.10))
    expected = shocks_of().query("scenario_id == 'market_down_10'").reset_index(drop=True)
    pd.testing.assert_frame_equal(shocks_of(alone), expected, check_exact=True)


def test_only_a_date_with_an_incomplete_covariance_has_no_scenarios() -> None:
    holed = covariance_frame(covariance(), FACTORS, DAY - pd.Timedelta(days=1))
    holed.loc[1, "stress_covariance"] = holed.loc[4, "stress_covariance"] = NAN
    frames = pd.concat([holed, covariance_frame(covariance())])
    result = scenario_shocks(state(frames), SCENARIOS, NAMES, STRESS_CONFIG)
    pd.testing.assert_frame_equal(result, shocks_of(), check_exact=True)


def test_without_a_style_beta_only_the_scenarios_that_need_it_are_missing() -> None:
    betas = {"Market": NAN, "Value": NAN, "Quality": 1.0, "Interest Rate": 0.0}
    result = scenario_shocks(state(style_betas=betas), SCENARIOS, NAMES, STRESS_CONFIG)
    assert set(SCENARIOS["scenario_id"]) - set(result["scenario_id"]) == {"crisis"}


def test_without_covariances_there_are_no_moves() -> None:
    empty = state(covariance_frame(covariance()).iloc[:0])
    result = scenario_shocks(empty, SCENARIOS, NAMES, STRESS_CONFIG)
    assert result.empty
    assert list(result.columns) == COLUMNS


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", "Market Beta", -0.1), "scenario a shocks 'Market Beta', which is no factor of the model"),
        (("a", "Market", NAN), "a shock of Market must be above -1, got nan"),
        (("a", "Value", -1.0), "a shock of Value must be above -1, got -1.0"),
        (("a", "Market", -0.1, "beyond_market"), "shock_basis of Market cannot be 'beyond_market'"),
        (("a", "Interest Rate", 0.01, "beyond_market"), "shock_basis of Interest Rate cannot be"),
        (("a", "Value", 0.1, "gross"), "shock_basis of Value cannot be 'gross'"),
    ],
)
def test_a_scenario_that_cannot_be_meant_is_refused(row: tuple[str, str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shocks_of(scenario_rows(row))


def test_two_shocks_of_one_factor_are_refused() -> None:
    with pytest.raises(ValueError, match="duplicate"):
        shocks_of(scenario_rows(("a", "Value", -0.1), ("a", "Value", -0.2, "beyond_market")))
