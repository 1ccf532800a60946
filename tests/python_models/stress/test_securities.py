"""P&L of symbols and options, against slow loops and mibian, and by the signs that it must have."""

import math

import mibian
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.options.american.pricing import american_price
from python_models.options.greeks import option_price
from python_models.stress.scenarios import conditional_moves
from python_models.stress.securities import symbol_returns
from tests.examples import examples
from tests.python_models.stress.stress_cases import (
    BETAS,
    DAY,
    FACTORS,
    NAN,
    SCENARIOS,
    STOCKS,
    STYLE_BETAS,
    VIX,
    betas_of,
    by_instrument,
    covariance,
    options,
    pricing,
    scenario_rows,
    securities,
    shocks_of,
    stocks,
    stress_of,
    vix_call,
)

LAST = pd.Timestamp("2025-04-08")
REPLAYS = pd.DataFrame(
    [("crisis", "SPY", LAST, -0.2), ("crisis", "TSLA", LAST, -0.45), ("crisis", "XOM", LAST, NAN)],
    columns=["scenario_id", "symbol", "last_date", "own_return"],
)


# --- a second implementation ---


def _moves(scenario: str, way: str) -> dict[str, float]:
    """Log moves of one scenario, factor by factor."""
    rows = {row.factor: row for row in SCENARIOS[SCENARIOS["scenario_id"] == scenario].itertuples()}
    market = rows["Market"].shock if "Market" in rows else 0.0
    given: dict[str, float] = {}
    for factor, row in rows.items():
        if factor == "Interest Rate":
            given[factor] = row.shock - STYLE_BETAS[factor] * market
        elif factor == "Market" or row.shock_basis == "beyond_market":
            given[factor] = math.log(1 + row.shock)
        elif factor != "Volatility":
            given[factor] = math.log(1 + row.shock) - STYLE_BETAS[factor] * math.log(1 + market)
    if way == "correlated":
        array = np.array([[given.get(factor, NAN) for factor in FACTORS]])
        given = dict(zip(FACTORS, conditional_moves(array, covariance(), 0.2)[0], strict=True))
    return given


def _vix_ratio(scenario: str) -> float:
    rows = SCENARIOS[SCENARIOS["scenario_id"] == scenario].set_index("factor")["shock"]
    if "Volatility" in rows:
        ratio = 1 + rows["Volatility"]
    elif "Market" in rows:
        ratio = (1 + rows["Market"]) ** (-4 if rows["Market"] < 0 else -2.5)
    else:
        ratio = 1.0
    return min(max(VIX * ratio, 9), 85) / VIX


def _pnl(security: pd.Series, scenario: str, move: float) -> float:
    if not security["is_option"]:
        return float(security["price"] * move)
    days, ratio = 365 * security["years_to_expiration"], _vix_ratio(scenario)
    volatility = ratio ** (security["volatility_sensitivity"] * (30 / max(days, 30)) ** 0.4)
    if security["is_on_vix"]:
        move, volatility = ratio ** ((30 / (30 + days)) ** 0.4) - 1, 1.0
    is_call, spot, *terms, own = (field[0] for field in pricing(security.to_frame().T))
    price = american_price if security["exercise"] == "AMERICAN" else option_price
    after = price(is_call, spot * (1 + move), *terms, own * volatility)
    return float(after - price(is_call, spot, *terms, own))


@pytest.mark.parametrize("exercise", ["AMERICAN", "EUROPEAN"])
def test_stress_equals_a_loop_over_securities_and_scenarios(exercise: str) -> None:
    frame = securities()
    frame["exercise"] = frame["exercise"].where(frame["exercise"].isna() | frame["is_on_vix"], exercise)
    result = stress_of(frame).set_index(["instrument_id", "scenario_id"])
    betas = BETAS.set_index(["symbol", "factor"])["beta"]
    assert len(result) == len(frame) * SCENARIOS["scenario_id"].nunique()
    for _, security in frame.iterrows():
        for scenario in SCENARIOS["scenario_id"].unique():
            row = result.loc[(security["instrument_id"], scenario)]
            for way in ("direct", "correlated"):
                moves = _moves(scenario, way)
                total = sum(betas[security["symbol"], factor] * move for factor, move in moves.items())
                expected = math.exp(total) - 1
                assert row[f"{way}_return"] == pytest.approx(expected, rel=1e-10, abs=1e-14)
                pnl = _pnl(security, scenario, expected)
                assert row[f"{way}_pnl"] == pytest.approx(pnl, rel=1e-9, abs=1e-9)


def test_options_equal_mibian() -> None:
    """The peer takes percents, days and annual dividends in USD: the yield times each spot."""
    frame, stress = options(), by_instrument(stress_of(options()), "market_down_10")
    market = BETAS.query("factor == 'Market'").set_index("symbol")["beta"]
    ratio = 0.9**-4
    for option in frame.itertuples():
        days = 365 * option.years_to_expiration
        factor = ratio ** (option.volatility_sensitivity * (30 / max(days, 30)) ** 0.4)
        prices = []
        for spot, volatility in ((option.price, 1), (option.price * 0.9 ** market[option.symbol], factor)):
            terms = [spot, option.strike_price, 4.0, 0.01 * spot, days]
            value = mibian.Me(terms, volatility=100 * option.implied_volatility * volatility)
            prices.append(value.callPrice if option.option_type == "CALL" else value.putPrice)
        expected = prices[1] - prices[0]
        assert stress.loc[option.instrument_id, "direct_pnl"] == pytest.approx(expected, rel=1e-6, abs=1e-9)


# --- returns ---


def test_returns_compound_by_hand() -> None:
    """Beta 2 in a fall of 10 %: 0.9^2 - 1 = -19 %, and beta 3.6 in one of 35 %: 0.65^3.6 - 1 = -78.8 %."""
    returns = symbol_returns(np.array([[2.0], [3.6]]), np.log([[0.9], [0.65]]))
    np.testing.assert_allclose(returns, [[-0.19, -0.5775], [-0.3157, -0.7879]], atol=5e-5)


def test_spy_loses_exactly_the_market_shock() -> None:
    stress = stress_of()
    for scenario, shock in [
        ("market_down_10", -0.10),
        ("market_crash_35", -0.35),
        ("flight", -0.10),
        ("crisis", -0.30),
    ]:
        spy = by_instrument(stress, scenario).loc["SPY"]
        for way in ("direct", "correlated"):
            assert spy[f"{way}_pnl"] == pytest.approx(600 * shock, rel=1e-12)
            assert spy[f"{way}_return"] == pytest.approx(shock, rel=1e-12)


def test_a_style_fund_loses_its_total_shock() -> None:
    fund = by_instrument(stress_of(), "crisis").loc["VTV"]
    assert fund["direct_return"] == pytest.approx(-0.35, abs=1e-12)
    assert fund["correlated_pnl"] == pytest.approx(-0.35 * 170, abs=1e-9)


def test_correlated_is_direct_where_every_factor_is_given() -> None:
    crisis = by_instrument(stress_of(), "crisis")
    assert (crisis["direct_pnl"] == crisis["correlated_pnl"]).all()
    others = by_instrument(stress_of(), "flight")
    assert (others["direct_pnl"] != others["correlated_pnl"]).any()


@settings(max_examples=examples(10), deadline=None)
@given(st.floats(-6, 6), st.lists(st.floats(-0.95, 1), min_size=2, max_size=5, unique=True))
def test_market_scenarios_are_monotonic_with_the_sign_of_beta(beta: float, shocks: list[float]) -> None:
    scenarios = scenario_rows(
        *((f"{place:02}", "Market", shock) for place, shock in enumerate(sorted(shocks)))
    )
    betas = betas_of({"SPY": [beta, 0.0, 0.0, 0.0]})
    pnl = stress_of(stocks({"SPY": 1.0}), betas, shocks_of(scenarios))["direct_pnl"].to_numpy()
    assert (np.sign(beta) * np.diff(pnl) >= -1e-12).all()
    assert (pnl > -1).all()


def test_a_net_short_book_falls_when_the_market_rises() -> None:
    pnl = stress_of()
    book = [
        100 * by_instrument(pnl, name)["direct_pnl"]["SPY"]
        - 300 * by_instrument(pnl, name)["direct_pnl"]["TSLA"]
        for name in ("market_crash_35", "market_down_10", "market_down_5", "market_up_10")
    ]
    assert book == sorted(book, reverse=True)
    assert book[-1] < 0 < book[-2]


def test_long_bonds_lose_when_rates_rise_and_shorts_offset_them() -> None:
    """An older system gained on bonds at +100 bp, and shorts added to a rate beta instead of offsetting."""
    betas = betas_of({"TLT": [-0.1, 0.0, 0.1, -16.0], "IEF": [0.1, 0.0, 0.0, -8.0]})
    rates = by_instrument(stress_of(stocks({"TLT": 90.0, "IEF": 90.0}), betas), "rates_up_100bp")
    assert rates["direct_pnl"]["TLT"] == pytest.approx(90 * (math.exp(-0.16) - 1))
    assert 100 * rates["direct_pnl"]["TLT"] - 200 * rates["direct_pnl"]["IEF"] == pytest.approx(0, abs=60)
    assert rates["direct_pnl"]["IEF"] < 0


def test_a_long_only_book_loses_less_than_its_value_and_a_levered_one_is_not_capped() -> None:
    deep = stress_of(STOCKS, BETAS, shocks_of(scenario_rows(("abyss", "Market", -0.99))))
    price = deep["instrument_id"].map(STOCKS.set_index("instrument_id")["price"])
    assert (deep["direct_pnl"] > -price).all()
    levered = by_instrument(stress_of(), "market_crash_35").loc["LEVERED", "direct_return"]
    assert 6 * levered < -4.5  # six times equity


# --- options ---


@pytest.mark.parametrize("exercise", ["AMERICAN", "EUROPEAN"])
def test_a_long_option_loses_at_most_its_value(exercise: str) -> None:
    frame = pd.concat([options(60).assign(exercise=exercise), vix_call()], ignore_index=True)
    price = american_price if exercise == "AMERICAN" else option_price
    value = pd.Series(price(*pricing(frame)), frame["instrument_id"])
    for scenarios in (SCENARIOS, scenario_rows(("abyss", "Market", -0.99), ("rise", "Market", 3.0))):
        stress = stress_of(frame, BETAS, shocks_of(scenarios))
        for way in ("direct", "correlated"):
            assert (stress[f"{way}_pnl"] >= -stress["instrument_id"].map(value) - 1e-9).all()


def test_put_call_parity_holds_in_scenarios() -> None:
    pair = options(2).assign(symbol="TSLA", price=320.0, strike_price=300.0, implied_volatility=0.5)
    pair = pair.assign(years_to_expiration=0.5, option_type=["CALL", "PUT"], instrument_id=["call", "put"])
    pair["volatility_sensitivity"] = 0.65
    stress = stress_of(pd.concat([pair, STOCKS], ignore_index=True))
    for scenario in SCENARIOS["scenario_id"].unique():
        pnl = by_instrument(stress, scenario)["correlated_pnl"]
        assert pnl["call"] - pnl["put"] == pytest.approx(np.exp(-0.01 * 0.5) * pnl["TSLA"], rel=1e-9)


def test_options_gain_when_volatility_rises_alone() -> None:
    calm = scenario_rows(("calm", "Market", 0.0), ("panic", "Market", 0.0), ("panic", "Volatility", 1.0))
    frame = options(40)
    stress = stress_of(frame, BETAS, shocks_of(calm))
    assert by_instrument(stress, "calm")["direct_pnl"].abs().max() < 1e-9
    assert (by_instrument(stress, "panic")["direct_pnl"] > 0).all()


def test_a_vix_option_moves_with_the_vix_and_not_with_its_betas() -> None:
    other = betas_of({"VIX": [5.0, 0.0, 0.0, 0.0]})
    for betas in (BETAS, other):
        stress = stress_of(vix_call(), betas)
        crash = by_instrument(stress, "market_crash_35").loc["vix call", "direct_pnl"]
        forward = VIX * (85 / 16) ** ((30 / 46) ** 0.4)
        terms = dict(zip(("is_call", "spot", "strike", "years", "rate"), pricing(vix_call()), strict=False))
        after = option_price(True, forward, terms["strike"], terms["years"], terms["rate"], 0.0, 1.0)
        assert crash == pytest.approx(float(after[0] - option_price(*pricing(vix_call()))[0]), rel=1e-9)
        assert by_instrument(stress, "rates_up_100bp").loc["vix call", "direct_pnl"] == 0


# --- replays ---


def test_a_replay_takes_own_returns_and_else_the_modelled_ones() -> None:
    crisis = by_instrument(stress_of(STOCKS, replays=REPLAYS), "crisis")
    assert crisis["has_own_return"].to_dict() == {
        name: name in {"SPY", "TSLA"} for name in ("LEVERED", "SPY", "TLT", "TSLA", "VTV", "XOM")
    }
    assert crisis.loc["SPY", "replay_pnl"] == pytest.approx(-0.2 * 600)
    assert crisis.loc["TSLA", "replay_pnl"] == pytest.approx(-0.45 * 320)
    others = crisis[~crisis["has_own_return"]]
    assert (others["replay_pnl"] == others["direct_pnl"]).all()


def test_hypothetical_scenarios_have_no_replay() -> None:
    stress = stress_of(replays=REPLAYS)
    hypothetical = stress[stress["scenario_id"] != "crisis"]
    assert hypothetical["replay_pnl"].isna().all()
    assert not hypothetical["has_own_return"].any()


def test_a_date_before_the_end_of_a_window_does_not_know_it() -> None:
    later = REPLAYS.assign(last_date=DAY + pd.Timedelta(days=1))
    crisis = by_instrument(stress_of(replays=later), "crisis")
    assert not crisis["has_own_return"].any()
    assert (crisis["replay_pnl"] == crisis["direct_pnl"]).all()
    on_the_day = by_instrument(stress_of(replays=REPLAYS.assign(last_date=DAY)), "crisis")
    assert on_the_day["has_own_return"].any()


def test_options_are_replayed_with_the_return_of_their_underlying() -> None:
    frame = options(30)
    crisis = by_instrument(stress_of(frame, replays=REPLAYS), "crisis")
    for _, option in frame.iterrows():
        own = {"SPY": -0.2, "TSLA": -0.45}.get(option["symbol"])
        expected = (
            crisis.loc[option["instrument_id"], "direct_pnl"] if own is None else _pnl(option, "crisis", own)
        )
        assert crisis.loc[option["instrument_id"], "replay_pnl"] == pytest.approx(
            expected, rel=1e-9, abs=1e-9
        )


# --- missing inputs, order ---


def test_a_symbol_without_a_beta_has_no_rows_and_does_not_affect_others() -> None:
    missing = BETAS.drop(BETAS.query("symbol == 'XOM' and factor == 'Value'").index)
    unknown = BETAS.assign(beta=BETAS["beta"].mask((BETAS["symbol"] == "XOM") & (BETAS["factor"] == "Value")))
    whole = stress_of()
    symbols = securities().set_index("instrument_id")["symbol"]
    expected = whole[whole["instrument_id"].map(symbols) != "XOM"].reset_index(drop=True)
    for betas in (missing, unknown):
        pd.testing.assert_frame_equal(stress_of(betas=betas), expected, check_exact=True)


def test_an_option_without_a_volatility_is_nan_and_does_not_affect_others() -> None:
    frame = securities()
    frame.loc[8, "implied_volatility"] = NAN
    result, whole = stress_of(frame), stress_of()
    touched = result["instrument_id"] == frame["instrument_id"][8]
    assert result.loc[touched, ["direct_pnl", "correlated_pnl"]].isna().all(axis=None)
    assert result.loc[touched, "direct_return"].notna().all()
    pd.testing.assert_frame_equal(result[~touched], whole[~touched], check_exact=True)


def test_the_order_of_rows_and_other_securities_do_not_matter() -> None:
    whole = stress_of(replays=REPLAYS)
    shuffled = stress_of(
        securities().sample(frac=1, random_state=1),
        BETAS.sample(frac=1, random_state=2),
        shocks_of().sample(frac=1, random_state=3),
        REPLAYS.sample(frac=1, random_state=4),
    )
    pd.testing.assert_frame_equal(shuffled, whole, check_exact=True)
    for contract in ("TSLA", "option004"):
        alone = stress_of(securities().query("instrument_id == @contract"), replays=REPLAYS)
        expected = whole[whole["instrument_id"] == contract].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)


def test_dates_are_independent() -> None:
    other = DAY + pd.Timedelta(days=1)
    frame = pd.concat([securities(), securities().assign(as_of_date=other, price=7.0)])
    betas = pd.concat([BETAS, BETAS.assign(as_of_date=other, beta=0.5)])
    both = stress_of(frame, betas, pd.concat([shocks_of(as_of_date=other), shocks_of()]))
    pd.testing.assert_frame_equal(both[both["as_of_date"] == DAY], stress_of(), check_exact=True)
    later = by_instrument(both[both["as_of_date"] == other], "market_down_10").loc["SPY", "direct_pnl"]
    assert later == pytest.approx(7 * (0.9**0.5 - 1))


def test_without_betas_the_frame_is_empty_with_its_columns_and_types() -> None:
    nothing = stress_of(betas=BETAS.iloc[:0])
    assert nothing.empty
    pd.testing.assert_series_equal(nothing.dtypes, stress_of().dtypes)


def test_an_unknown_option_type_is_refused() -> None:
    with pytest.raises(ValueError, match="option_type must be CALL or PUT, got 'call'"):
        stress_of(options().assign(option_type="call"))


def test_shocks_with_a_missing_factor_are_refused() -> None:
    with pytest.raises(ValueError, match="one row for each scenario and factor"):
        stress_of(STOCKS, shocks=shocks_of().iloc[1:])
