"""Stress, tested by hand, against regressions, precision matrices and slow loops, and by expected signs."""

from pathlib import Path

import mibian
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.options.greeks import option_greeks, option_price
from python_models.panel import FloatArray
from python_models.stress.scenarios import (
    correlated_shocks,
    floored,
    linear_returns,
    scenario_shocks,
    security_stress,
)

NAN = float("nan")
DAY = pd.Timestamp("2025-06-30")
SHOCK_COLUMNS = ["as_of_date", "scenario_id", "factor", "shock", "correlated_shock"]
FACTORS = ["Market", "Value", "Quality", "Interest Rate"]


def _covariance(seed: int = 3, size: int = 4) -> FloatArray:
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(size, size + 2)) * np.array([0.01] * (size - 1) + [0.0006])[:, None]
    product: FloatArray = loadings @ loadings.T
    return product


def _covariance_frame(matrix: FloatArray, factors: list[str], as_of_date: pd.Timestamp = DAY) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (as_of_date, first, second, matrix[i, j])
            for i, first in enumerate(factors)
            for j, second in enumerate(factors)
        ],
        columns=["as_of_date", "factor_1", "factor_2", "ewma_covariance"],
    )


def _scenarios(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["scenario_id", "factor", "shock"])


SCENARIOS = _scenarios(
    ("market_down_10", "Market", -0.10),
    ("market_down_5", "Market", -0.05),
    ("market_crash_35", "Market", -0.35),
    ("market_up_10", "Market", 0.10),
    ("rates_up_100bp", "Interest Rate", 0.01),
    ("quality_flight_12", "Quality", 0.12),
    ("quality_flight_12", "Market", -0.05),
)


def _betas(frame: dict[str, list[float]], as_of_date: pd.Timestamp = DAY) -> pd.DataFrame:
    """Betas in the order of FACTORS."""
    return pd.DataFrame(
        [
            (as_of_date, symbol, factor, beta)
            for symbol, values in frame.items()
            for factor, beta in zip(FACTORS, values, strict=True)
        ],
        columns=["as_of_date", "symbol", "factor", "beta"],
    )


BETAS = _betas(
    {
        "SPY": [1.0, 0.0, 0.0, 0.0],
        "TLT": [-0.1, 0.0, 0.1, -16.0],
        "TSLA": [2.3, -1.2, -0.6, 1.5],
        "LEVERED": [3.6, 0.0, 0.0, 0.0],
        "XOM": [0.7, 0.9, 0.1, 3.0],
    }
)


def _stocks(prices: dict[str, float], as_of_date: pd.Timestamp = DAY) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "as_of_date": as_of_date,
            "instrument_id": list(prices),
            "symbol": list(prices),
            "price": list(prices.values()),
            "is_option": False,
            "option_type": None,
            "strike_price": NAN,
            "years_to_expiration": NAN,
            "risk_free_rate": NAN,
            "dividend_yield": NAN,
            "implied_volatility": NAN,
            "delta": NAN,
        }
    )


STOCKS = _stocks({"SPY": 600.0, "TLT": 90.0, "TSLA": 320.0, "LEVERED": 50.0, "XOM": 110.0})


def _options(count: int = 12, seed: int = 9) -> pd.DataFrame:
    """Options on the stocks of STOCKS, alternately calls and puts, with their deltas."""
    rng = np.random.default_rng(seed)
    rows = STOCKS.iloc[rng.integers(0, len(STOCKS), count)].reset_index(drop=True)
    options = rows.assign(
        instrument_id=[f"option{place:03}" for place in range(count)],
        is_option=True,
        option_type=np.where(np.arange(count) % 2 == 0, "CALL", "PUT"),
        strike_price=rows["price"] * rng.uniform(0.8, 1.2, count),
        years_to_expiration=rng.uniform(0.05, 1.5, count),
        risk_free_rate=0.04,
        dividend_yield=0.01,
        implied_volatility=rng.uniform(0.15, 0.6, count),
    )
    return options.assign(delta=option_greeks(*_pricing(options)).delta)


def _pricing(options: pd.DataFrame) -> list[FloatArray]:
    names = ["price", "strike_price", "years_to_expiration", "risk_free_rate", "dividend_yield"]
    numbers = [options[name].to_numpy(dtype=float) for name in [*names, "implied_volatility"]]
    return [(options["option_type"] == "CALL").to_numpy(), *numbers]


def _securities() -> pd.DataFrame:
    return pd.concat([STOCKS, _options()], ignore_index=True)


def _shocks(scenarios: pd.DataFrame = SCENARIOS, as_of_date: pd.Timestamp = DAY) -> pd.DataFrame:
    return scenario_shocks(_covariance_frame(_covariance(), FACTORS, as_of_date), scenarios)


def _stress(securities: pd.DataFrame | None = None, betas: pd.DataFrame = BETAS) -> pd.DataFrame:
    return security_stress(_securities() if securities is None else securities, betas, _shocks())


def _by_contract(stress: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return stress[stress["scenario_id"] == scenario].set_index("instrument_id")


def _wide(frame: pd.DataFrame, index: str, columns: str, values: str) -> pd.DataFrame:
    return frame.pivot(index=index, columns=columns, values=values)  # noqa: PD010  # keeps all-NaN columns


# --- correlated shocks ---


def test_correlated_shock_of_one_factor_is_rho_times_the_ratio_of_deviations() -> None:
    """Johnson & Wichern, Applied Multivariate Statistical Analysis, result 4.6: s_12 / s_22 (x_2 - mu_2)."""
    covariance = np.array([[0.04, 0.5 * 0.2 * 0.1], [0.5 * 0.2 * 0.1, 0.01]])
    np.testing.assert_allclose(correlated_shocks(np.array([[NAN, -0.05]]), covariance), [[-0.05, -0.05]])


def test_correlated_shocks_equal_regressions_of_the_unshocked_on_the_shocked() -> None:
    """The conditional expectation is the regression without intercept on centred data of that covariance."""
    rng = np.random.default_rng(2)
    data = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5))
    data -= data.mean(axis=0)
    shock = np.array([0.3, NAN, -0.2, NAN, 0.1])
    result = correlated_shocks(shock[None, :], data.T @ data / 299)[0]
    for factor in (1, 3):
        fit = sm.OLS(data[:, factor], data[:, [0, 2, 4]]).fit()
        assert result[factor] == pytest.approx(float(fit.predict([0.3, -0.2, 0.1])[0]), rel=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.booleans(), min_size=5, max_size=5))
def test_correlated_shocks_equal_the_precision_matrix(seed: int, is_shocked: list[bool]) -> None:
    """The most likely move given the shocks: P_uu u = -P_us s, with P the inverse covariance."""
    covariance = _covariance(seed, 5)
    shocked = np.array(is_shocked)
    shocks = np.where(shocked, np.random.default_rng(seed).normal(0, 0.1, 5), NAN)
    result = correlated_shocks(shocks[None, :], covariance)[0]
    scale = np.sqrt(np.diag(covariance))
    precision = np.linalg.inv(covariance / np.outer(scale, scale))
    expected = -np.linalg.solve(
        precision[np.ix_(~shocked, ~shocked)],
        precision[np.ix_(~shocked, shocked)] @ (shocks / scale)[shocked],
    )
    np.testing.assert_allclose((result / scale)[~shocked], expected, rtol=1e-6, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_shocked_factors_keep_their_shock_and_the_rest_is_proportional(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    shocks = np.where(rng.random((8, 4)) < 0.5, rng.normal(0, 0.1, (8, 4)), NAN)
    result = correlated_shocks(shocks, _covariance(seed))
    kept = np.isfinite(shocks)
    np.testing.assert_array_equal(result[kept], shocks[kept])
    np.testing.assert_allclose(
        correlated_shocks(scale * shocks, _covariance(seed)), scale * result, rtol=1e-9, atol=1e-12
    )


def test_uncorrelated_factors_and_scenarios_without_shocks_do_not_move() -> None:
    result = correlated_shocks(np.array([[-0.1, NAN, NAN], [NAN, NAN, NAN]]), np.diag([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(result, [[-0.1, 0.0, 0.0], [0.0, 0.0, 0.0]])


def test_the_unit_of_the_covariance_does_not_matter() -> None:
    shocks = np.array([[-0.1, NAN, NAN, 0.01]])
    daily = correlated_shocks(shocks, _covariance())
    np.testing.assert_allclose(correlated_shocks(shocks, 252 * _covariance()), daily, rtol=1e-12)


def test_identical_factors_are_not_singular() -> None:
    loadings = np.array([[0.01, 0.0], [0.01, 0.0], [0.004, 0.01]])
    result = correlated_shocks(np.array([[-0.1, -0.1, NAN], [-0.1, NAN, NAN]]), loadings @ loadings.T)
    np.testing.assert_allclose(result, [[-0.1, -0.1, -0.04], [-0.1, -0.1, -0.04]], rtol=1e-9)


def test_a_factor_without_variance_has_no_effect_on_others() -> None:
    covariance = np.array([[0.0, 0.0], [0.0, 0.01]])
    np.testing.assert_array_equal(correlated_shocks(np.array([[-0.1, NAN]]), covariance), [[-0.1, 0.0]])


def test_an_incomplete_covariance_is_refused() -> None:
    with pytest.raises(ValueError, match="covariance must be finite"):
        correlated_shocks(np.array([[-0.1, NAN]]), np.array([[1.0, NAN], [NAN, 1.0]]))


# --- scenarios and names ---


def test_scenario_shocks_equal_the_arrays_date_by_date() -> None:
    other = DAY + pd.Timedelta(days=1)
    frames = [
        _covariance_frame(_covariance(1), FACTORS),
        _covariance_frame(_covariance(2), FACTORS[:3], other).query("factor_1 != 'Interest Rate'"),
    ]
    result = scenario_shocks(pd.concat(frames), SCENARIOS)
    assert list(result.columns) == SHOCK_COLUMNS
    first = _wide(result[result["as_of_date"] == DAY], "scenario_id", "factor", "correlated_shock")
    expected = correlated_shocks(np.array([[-0.05, NAN, 0.12, NAN]]), _covariance(1))[0]
    np.testing.assert_allclose(first.loc["quality_flight_12", FACTORS], expected, rtol=1e-12)
    assert len(first) == SCENARIOS["scenario_id"].nunique()
    second = result[result["as_of_date"] == other]
    assert set(second["factor"]) == set(FACTORS[:3])
    assert set(second["scenario_id"]) == set(SCENARIOS["scenario_id"]) - {"rates_up_100bp"}


def test_one_triangle_of_the_covariance_is_enough_and_the_order_of_rows_does_not_matter() -> None:
    whole = _covariance_frame(_covariance(), FACTORS)
    triangle = whole[whole["factor_1"] <= whole["factor_2"]].sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        scenario_shocks(triangle, SCENARIOS.sample(frac=1, random_state=1)),
        scenario_shocks(whole, SCENARIOS),
        check_exact=True,
    )


def test_flight_to_quality_keeps_the_market_shock_when_names_differ() -> None:
    """An older system lost the market's shock of -5 % and moved it by its correlation with quality instead.

    With this covariance and SPY's betas of 1 and 0.125 the correct return is -5 % + 0.125 x 12 % = -3.5 %.
    The older system gave +5.4 %, because the covariance called the market 'Market Beta', so that the
    unshocked market rose by 0.325 x 12 %. A name that is not in the covariance makes the scenario unusable.
    """
    covariance = np.array([[1.0, 0.325], [0.325, 1.0]]) * 1e-4
    names = ["Market", "Quality"]
    betas = np.array([[1.0, 0.125]])
    right = correlated_shocks(np.array([[-0.05, 0.12]]), covariance)
    wrong = correlated_shocks(np.array([[NAN, 0.12]]), covariance)
    assert linear_returns(betas, right)[0, 0] == pytest.approx(-0.035)
    assert linear_returns(betas, wrong)[0, 0] == pytest.approx(0.054)

    flight = SCENARIOS[SCENARIOS["scenario_id"] == "quality_flight_12"]
    spy = BETAS.query("symbol == 'SPY' and factor in @names").assign(beta=[1.0, 0.125])
    shocks = scenario_shocks(_covariance_frame(covariance, names), flight)
    stress = security_stress(STOCKS, spy, shocks)
    assert stress["instrument_id"].tolist() == ["SPY"]
    assert stress["correlated_pnl"][0] / 600 == pytest.approx(-0.035)
    assert stress["direct_pnl"][0] / 600 == pytest.approx(-0.035)

    misnamed = _covariance_frame(covariance, ["Market Beta", "Quality"])
    assert scenario_shocks(misnamed, flight).empty
    assert security_stress(STOCKS, spy.replace("Market", "Market Beta"), shocks).empty


def test_only_a_date_with_an_incomplete_covariance_has_no_scenarios() -> None:
    holed = _covariance_frame(_covariance(), FACTORS, DAY - pd.Timedelta(days=1))
    holed.loc[0, "ewma_covariance"] = NAN
    result = scenario_shocks(pd.concat([holed, _covariance_frame(_covariance(), FACTORS)]), SCENARIOS)
    pd.testing.assert_frame_equal(result, _shocks(), check_exact=True)


def test_without_covariances_there_are_no_shocks() -> None:
    result = scenario_shocks(_covariance_frame(_covariance(), FACTORS).iloc[:0], SCENARIOS)
    assert result.empty
    assert list(result.columns) == SHOCK_COLUMNS


def test_an_invalid_or_duplicate_shock_is_refused() -> None:
    covariance = _covariance_frame(_covariance(), FACTORS)
    with pytest.raises(ValueError, match="shock must be finite"):
        scenario_shocks(covariance, _scenarios(("a", "Market", NAN)))
    with pytest.raises(ValueError, match="duplicate"):
        scenario_shocks(covariance, _scenarios(("a", "Market", -0.1), ("a", "Market", -0.2)))


# --- securities ---


def test_security_stress_equals_a_loop_over_securities_and_scenarios() -> None:
    securities, shocks = _securities(), _shocks()
    result = security_stress(securities, BETAS, shocks).set_index(["instrument_id", "scenario_id"])
    betas = BETAS.set_index(["symbol", "factor"])["beta"]
    assert len(result) == len(securities) * SCENARIOS["scenario_id"].nunique()
    for _, security in securities.iterrows():
        for scenario, rows in shocks.groupby("scenario_id"):
            row = result.loc[(security["instrument_id"], scenario)]
            moves = {
                kind: sum(
                    betas[security["symbol"], factor] * (0.0 if np.isnan(shock) else shock)
                    for factor, shock in zip(rows["factor"], rows[column], strict=True)
                )
                for kind, column in [("direct", "shock"), ("correlated", "correlated_shock")]
            }
            for kind, move in moves.items():
                pnl, linear = security["price"] * max(-1.0, move), security["price"] * move
                if security["is_option"]:
                    is_call, spot, *rest = (field[0] for field in _pricing(securities.loc[[security.name]]))
                    left = spot * (1 + max(-1.0, move))
                    worthless = 0.0 if is_call else rest[0] * np.exp(-rest[2] * rest[1])
                    value = float(option_price(is_call, left, *rest)) if left > 0 else worthless
                    pnl, linear = (
                        value - float(option_price(is_call, spot, *rest)),
                        security["delta"] * linear,
                    )
                assert row[f"{kind}_pnl"] == pytest.approx(pnl, rel=1e-10, abs=1e-10)
                assert row[f"{kind}_linear_pnl"] == pytest.approx(linear, rel=1e-10, abs=1e-12)
            assert row["is_floored"] == (min(moves.values()) < -1)


def test_options_in_stress_equal_mibian() -> None:
    """The peer takes percents, days and annual dividends in USD: the yield times each spot."""
    options, stress = _options(), _by_contract(_stress(_options()), "market_down_10")
    market = BETAS.query("factor == 'Market'").set_index("symbol")["beta"]
    for option in options.itertuples():
        prices = []
        for spot in (option.price, option.price * (1 - 0.10 * market[option.symbol])):
            terms = [spot, option.strike_price, 4.0, 0.01 * spot, 365 * option.years_to_expiration]
            value = mibian.Me(terms, volatility=100 * option.implied_volatility)
            prices.append(value.callPrice if option.option_type == "CALL" else value.putPrice)
        expected = prices[1] - prices[0]
        assert stress.loc[option.instrument_id, "direct_pnl"] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_spy_loses_exactly_the_market_shock() -> None:
    stress = _stress()
    for scenario, shock in [
        ("market_down_10", -0.10),
        ("market_crash_35", -0.35),
        ("quality_flight_12", -0.05),
    ]:
        spy = _by_contract(stress, scenario).loc["SPY"]
        assert spy["direct_pnl"] == 600.0 * shock
        assert spy["correlated_pnl"] == 600.0 * shock
        assert spy["direct_linear_pnl"] == 600.0 * shock


def test_long_bonds_lose_when_rates_rise_and_shorts_offset_them() -> None:
    """An older system gained on bonds at +100 bp, and shorts added to a rate beta instead of offsetting."""
    betas = _betas({"TLT": [-0.1, 0.0, 0.1, -16.0], "IEF": [0.1, 0.0, 0.0, -8.0]})
    stress = _stress(_stocks({"TLT": 90.0, "IEF": 90.0}), betas)
    rates = _by_contract(stress, "rates_up_100bp")["direct_pnl"]
    assert rates["TLT"] == pytest.approx(-0.16 * 90)
    long_and_short = pd.Series({"TLT": 100.0, "IEF": -200.0})  # twice the amount at half the duration
    assert (long_and_short * rates).sum() == pytest.approx(0.0, abs=1e-9)
    assert (long_and_short.abs() * rates).sum() == pytest.approx(-2 * 100 * 0.16 * 90)


def test_a_net_short_book_loses_when_the_market_rises() -> None:
    rally = _by_contract(_stress(), "market_up_10")["direct_pnl"]
    assert 100 * rally["SPY"] - 300 * rally["TSLA"] < 0
    fall = _by_contract(_stress(), "market_down_10")["direct_pnl"]
    assert 100 * fall["SPY"] - 300 * fall["TSLA"] > 0


def test_an_unlevered_long_book_loses_at_most_its_value() -> None:
    """A beta of 3.6 and a crash of 35 % give -126 %, which is floored and flagged."""
    crash = _by_contract(_stress(), "market_crash_35")
    assert crash.loc["LEVERED", "direct_linear_pnl"] == pytest.approx(-1.26 * 50)
    assert crash.loc["LEVERED", "direct_pnl"] == -50.0
    assert crash.loc["LEVERED", "is_floored"]
    assert not crash.loc["SPY", "is_floored"]
    deep = security_stress(
        STOCKS, BETAS, _shocks(_scenarios(("abyss", "Market", -3.0), ("rise", "Market", 3.0)))
    )
    price = deep["instrument_id"].map(STOCKS.set_index("instrument_id")["price"])
    assert (deep[["direct_pnl", "correlated_pnl"]].ge(-price, axis=0)).all(axis=None)


def test_a_leveraged_loss_of_338_percent_is_not_capped() -> None:
    """Six times equity in a stock of beta 1.61 in a crash of 35 % loses 338 % of equity."""
    betas = _betas({"SPY": [338 / 6 / 35, 0.0, 0.0, 0.0]})
    crash = _by_contract(_stress(_stocks({"SPY": 600.0}), betas), "market_crash_35")
    equity, quantity = 100_000.0, 6 * 100_000.0 / 600
    assert quantity * crash.loc["SPY", "direct_pnl"] / equity == pytest.approx(-3.38)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_factor_contributions_of_linear_positions_add_up_to_the_pnl(seed: int) -> None:
    """Exposure x shock over factors equals quantity x linear P&L over positions; options count by delta."""
    rng = np.random.default_rng(seed)
    securities, shocks = _securities(), _shocks()
    quantity = pd.Series(rng.normal(0, 100, len(securities)), securities["instrument_id"])
    dollars = quantity * (securities["price"] * securities["delta"].fillna(1.0)).to_numpy()
    wide = _wide(BETAS, "symbol", "factor", "beta").loc[securities["symbol"]]
    exposure = (wide * dollars.to_numpy()[:, None]).sum()
    stress = security_stress(securities, BETAS, shocks)
    for kind, column in [("direct", "shock"), ("correlated", "correlated_shock")]:
        moves = _wide(shocks, "scenario_id", "factor", column).fillna(0.0)
        total = (stress[f"{kind}_linear_pnl"] * stress["instrument_id"].map(quantity)).groupby(
            stress["scenario_id"]
        )
        np.testing.assert_allclose(total.sum(), moves @ exposure, rtol=1e-9, atol=1e-6)


def test_put_call_parity_holds_in_scenarios() -> None:
    put = _options(2).assign(symbol="TSLA", price=320.0, strike_price=300.0, implied_volatility=0.5)
    put = put.assign(years_to_expiration=0.5, option_type=["CALL", "PUT"], instrument_id=["call", "put"])
    stress = _stress(pd.concat([put, STOCKS], ignore_index=True))
    for scenario in SCENARIOS["scenario_id"].unique():
        pnl = _by_contract(stress, scenario)["correlated_pnl"]
        assert pnl["call"] - pnl["put"] == pytest.approx(np.exp(-0.01 * 0.5) * pnl["TSLA"], rel=1e-9)


def test_a_long_option_gains_from_convexity_and_never_loses_more_than_its_value() -> None:
    options = _options(40)
    value = pd.Series(option_price(*_pricing(options)), options["instrument_id"])
    stress = _stress(options)
    assert (stress["direct_pnl"] >= stress["direct_linear_pnl"] - 1e-9).all()
    assert (stress["direct_pnl"] >= -stress["instrument_id"].map(value) - 1e-9).all()
    assert (stress["correlated_pnl"] >= -stress["instrument_id"].map(value) - 1e-9).all()


def test_a_symbol_without_a_beta_has_no_rows_and_does_not_affect_others() -> None:
    missing = BETAS.drop(BETAS.query("symbol == 'XOM' and factor == 'Value'").index)
    unknown = BETAS.assign(beta=BETAS["beta"].mask((BETAS["symbol"] == "XOM") & (BETAS["factor"] == "Value")))
    whole = _stress()
    symbols = _securities().set_index("instrument_id")["symbol"]
    expected = whole[whole["instrument_id"].map(symbols) != "XOM"].reset_index(drop=True)
    for betas in (missing, unknown):
        pd.testing.assert_frame_equal(_stress(betas=betas), expected, check_exact=True)


def test_an_option_without_a_volatility_is_nan_and_does_not_affect_others() -> None:
    securities = _securities()
    securities.loc[7, "implied_volatility"] = NAN
    result, whole = _stress(securities), _stress()
    touched = result["instrument_id"] == securities["instrument_id"][7]
    assert result.loc[touched, ["direct_pnl", "correlated_pnl"]].isna().all(axis=None)
    assert result.loc[touched, "direct_linear_pnl"].notna().all()
    pd.testing.assert_frame_equal(result[~touched], whole[~touched], check_exact=True)


def test_the_order_of_rows_and_other_securities_do_not_matter() -> None:
    whole = _stress()
    shuffled = security_stress(
        _securities().sample(frac=1, random_state=1),
        BETAS.sample(frac=1, random_state=2),
        _shocks().sample(frac=1, random_state=3),
    )
    pd.testing.assert_frame_equal(shuffled, whole, check_exact=True)
    for contract in ("TSLA", "option004"):
        alone = _stress(_securities().query("instrument_id == @contract"))
        expected = whole[whole["instrument_id"] == contract].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)


def test_dates_are_independent() -> None:
    other = DAY + pd.Timedelta(days=1)
    securities = pd.concat([_securities(), _securities().assign(as_of_date=other, price=7.0)])
    betas = pd.concat([BETAS, BETAS.assign(as_of_date=other, beta=0.5)])
    shocks = pd.concat([_shocks(as_of_date=other), _shocks()])
    both = security_stress(securities, betas, shocks)
    pd.testing.assert_frame_equal(both[both["as_of_date"] == DAY], _stress(), check_exact=True)
    later = both[(both["as_of_date"] == other) & (both["scenario_id"] == "market_down_10")]
    assert later.set_index("instrument_id").loc["SPY", "direct_pnl"] == pytest.approx(-0.35)


def test_without_betas_the_frame_is_empty_with_its_columns_and_types() -> None:
    nothing = security_stress(_securities(), BETAS.iloc[:0], _shocks())
    assert nothing.empty
    pd.testing.assert_series_equal(nothing.dtypes, _stress().dtypes)


def test_an_unknown_option_type_is_refused() -> None:
    with pytest.raises(ValueError, match="option_type must be CALL or PUT, got 'call'"):
        _stress(_options().assign(option_type="call"))


def test_shocks_with_a_missing_factor_are_refused() -> None:
    with pytest.raises(ValueError, match="one row for each scenario and factor"):
        security_stress(STOCKS, BETAS, _shocks().iloc[1:])


def test_floored_keeps_nan() -> None:
    np.testing.assert_array_equal(floored(np.array([-1.5, -0.2, NAN, 3.0])), [-1.0, -0.2, NAN, 3.0])


def test_flight_to_quality_on_real_factors_moves_spy_only_by_the_market(market_folder: Path) -> None:
    """Style factors are residuals to SPY, so they are uncorrelated with it: -5 %, direct and correlated."""
    prices = pd.read_csv(market_folder / "prices.csv", usecols=["date", "symbol", "adj_close"])
    wide = _wide(prices[prices["symbol"].isin(["SPY", "VTV", "QUAL"])], "date", "symbol", "adj_close")
    returns = wide.pct_change(fill_method=None).dropna().tail(252)
    market = sm.add_constant(returns["SPY"])
    residuals = [sm.OLS(returns[style], market).fit().resid for style in ("VTV", "QUAL")]
    factors = np.column_stack([returns["SPY"], *residuals])
    covariance = _covariance_frame(np.cov(factors.T), FACTORS[:3])
    shocks = scenario_shocks(covariance, SCENARIOS)
    betas = BETAS.query("factor != 'Interest Rate'")
    stress = _by_contract(security_stress(STOCKS, betas, shocks), "quality_flight_12")
    assert stress.loc["SPY", "direct_pnl"] == -30.0
    assert stress.loc["SPY", "correlated_pnl"] == -30.0
    styles = shocks.query("scenario_id == 'market_down_10' and factor != 'Market'")["correlated_shock"]
    np.testing.assert_allclose(styles, 0.0, atol=1e-12)
