"""Option valuation on frames: the source of the volatility, missing Greeks, and the independent check."""

from decimal import Decimal
from typing import Any

import mibian
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.options.american.pricing import american_price
from python_models.options.american.sensitivities import american_greeks
from python_models.options.greeks import option_greeks, option_price
from python_models.options.valuation import observed_volatilities, value_options
from tests.benchmarks.kernels.workers import random_contracts
from tests.examples import examples

DAY = "2025-06-30"
GREEKS = ["delta", "gamma", "theta", "vega", "rho", "vanna", "volga", "charm"]
COLUMNS = [
    *("contract", "symbol", "underlying_symbol", "as_of_date", "option_type", "exercise", "strike_price"),
    *(
        "expiration_date",
        "underlying_price",
        "years_to_expiration",
        "risk_free_rate",
        "rate_flag",
        "dividend_yield",
    ),
    *("implied_volatility", "iv_source", "iv_status", "model_price", *GREEKS),
    *("null_reason", "mibian_price", "mibian_delta"),
]
QUOTE = float(option_price(True, 200, 190, 46 / 365, 0.04, 0.005, 0.27))


def _contract(**changes: Any) -> dict[str, Any]:
    return {
        "contract": "AAPL250815C00190000",
        "symbol": "AAPL250815C00190000",
        "underlying_symbol": "AAPL",
        "as_of_date": pd.Timestamp(DAY),
        "option_type": "CALL",
        "exercise": "EUROPEAN",
        "strike_price": 190.0,
        "expiration_date": pd.Timestamp("2025-08-15"),
        "underlying_price": 200.0,
        "risk_free_rate": 0.04,
        "rate_flag": None,
        "dividend_yield": 0.005,
        "quote_price": QUOTE,
        "quote_basis": "mid",
        "carried_volatility": np.nan,
        "carried_source": None,
        "realized_volatility_63d": 0.31,
        "is_settlement": False,
    } | changes


def _value(*contracts: dict[str, Any], check_date: str = DAY) -> pd.DataFrame:
    return value_options(pd.DataFrame(contracts), check_date=check_date)


def _value_one(**changes: Any) -> pd.Series:
    return _value(_contract(**changes)).iloc[0]


def _random_contracts(size: int) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    days = rng.integers(0, 300, size)
    strikes = rng.uniform(120, 300, size).round()
    frame = pd.DataFrame([_contract(contract=f"C{row}", strike_price=strikes[row]) for row in range(size)])
    frame["option_type"] = rng.choice(["CALL", "PUT"], size)
    frame["as_of_date"] = pd.Timestamp(DAY) - pd.to_timedelta(rng.integers(0, 2, size), unit="D")
    frame["expiration_date"] = pd.Timestamp(DAY) + pd.to_timedelta(days, unit="D")
    frame["is_settlement"] = frame["as_of_date"] == frame["expiration_date"]
    frame["quote_price"] = rng.uniform(0.1, 90, size)
    frame["quote_basis"] = rng.choice(["mid", "last", None], size)
    frame["carried_volatility"] = 0.29
    frame["carried_source"] = "carried"
    for name in (
        *("underlying_price", "risk_free_rate", "dividend_yield"),
        *("carried_volatility", "realized_volatility_63d"),
    ):
        frame.loc[rng.random(size) < 0.2, name] = np.nan
    return frame


# --- a volatility and its source -------------------------------------------------------------------


@pytest.mark.parametrize("basis", ["mid", "last"])
def test_a_quote_is_inverted_and_its_basis_is_the_source(basis: str) -> None:
    row = _value_one(quote_basis=basis)
    assert row["implied_volatility"] == pytest.approx(0.27, rel=1e-12)
    assert row["iv_source"] == basis
    assert row["iv_status"] == "ok"
    assert row["model_price"] == pytest.approx(QUOTE, rel=1e-12)
    assert pd.isna(row["null_reason"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"quote_price": np.nan, "quote_basis": None}, "no_quote"),
        ({"quote_price": 0.0}, "no_quote"),
        ({"quote_price": 9.0}, "below_intrinsic"),
        ({"quote_price": 201.0}, "above_maximum"),
        ({"quote_basis": None}, "no_quote"),
    ],
)
def test_without_a_usable_quote_realized_volatility_is_used_and_flagged(
    changes: dict[str, Any], status: str
) -> None:
    row = _value_one(**changes)
    assert row["implied_volatility"] == 0.31
    assert row["iv_source"] == "realized_63d"
    assert row["iv_status"] == status
    assert row["model_price"] == option_price(True, 200, 190, 46 / 365, 0.04, 0.005, 0.31)
    assert pd.isna(row["null_reason"])


@pytest.mark.parametrize("source", ["carried", "entry"])
def test_a_carried_volatility_comes_after_the_quote_and_before_the_realized_one(source: str) -> None:
    carried = {"carried_volatility": 0.29, "carried_source": source}
    row = _value_one(quote_price=np.nan, **carried)
    assert (row["implied_volatility"], row["iv_source"], row["iv_status"]) == (0.29, source, "no_quote")
    assert row["model_price"] == option_price(True, 200, 190, 46 / 365, 0.04, 0.005, 0.29)
    assert _value_one(**carried)["iv_source"] == "mid"
    assert pd.isna(_value_one(is_settlement=True, **carried)["iv_source"])


def test_past_prices_outside_the_bounds_imply_no_volatility() -> None:
    prices = [QUOTE, 9.0, 201.0]  # inside, below intrinsic value, above the stock's price
    observations = pd.DataFrame(
        [
            {"symbol": "AAPL250815C00190000", "entry_ratio": "1", "portfolio_id": None, "price": price}
            for price in prices
        ]
    ).assign(
        observed_on=[pd.Timestamp(f"2025-06-{day}") for day in (24, 25, 26)],
        option_type="CALL",
        exercise="EUROPEAN",
        underlying_price=200.0,
        strike_price=190.0,
        years_to_expiration=46 / 365,
        risk_free_rate=0.04,
        dividend_yield=0.005,
    )
    found = observed_volatilities(observations)
    assert found["observed_on"].tolist() == [pd.Timestamp("2025-06-24")]
    assert found["implied_volatility"].tolist() == pytest.approx([0.27], rel=1e-12)
    assert observed_volatilities(observations.iloc[:0]).empty


@pytest.mark.parametrize("realized", [np.nan, 0.0, -0.1])
def test_without_quote_and_realized_volatility_greeks_are_null_with_a_reason(realized: float) -> None:
    row = _value_one(quote_price=np.nan, realized_volatility_63d=realized)
    assert row["null_reason"] == "no_volatility"
    assert pd.isna(row["iv_source"])
    assert row[["implied_volatility", "model_price", *GREEKS, "mibian_price"]].isna().all()


def test_greeks_are_those_of_the_kernel_at_the_reported_volatility() -> None:
    row = _value_one()
    expected = option_greeks(True, 200, 190, 46 / 365, 0.04, 0.005, row["implied_volatility"])
    assert row["model_price"] == expected.price
    for name in GREEKS:
        assert row[name] == getattr(expected, name), name
    assert row["years_to_expiration"] == 46 / 365


def test_greeks_that_are_traces_are_zero() -> None:
    """Products of smaller numbers underflow, which the database refuses."""
    kernel = option_greeks(True, 200, 12_000, 46 / 365, 0.04, 0.005, 0.31)
    assert 0 < kernel.gamma < 1e-300
    priced = _value_one(strike_price=12_000.0, quote_basis=None)
    assert priced["null_reason"] is None
    assert (priced["gamma"], priced["vega"], priced["delta"]) == (0, 0, 0)


def test_an_unknown_dividend_yield_counts_as_zero() -> None:
    row = _value_one(dividend_yield=np.nan)
    assert row["dividend_yield"] == 0.0
    pd.testing.assert_series_equal(row, _value_one(dividend_yield=0.0))


# --- missing values --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"underlying_price": np.nan}, "no_underlying_price"),
        ({"risk_free_rate": np.nan}, "no_risk_free_rate"),
        ({"underlying_price": np.nan, "risk_free_rate": np.nan}, "no_underlying_price"),
        ({"is_settlement": True}, "expired"),
        ({"expiration_date": pd.Timestamp(DAY)}, "expired"),
        ({"expiration_date": pd.Timestamp(DAY), "is_settlement": True}, "expired"),
        ({"is_settlement": True, "underlying_price": np.nan}, "expired"),
    ],
)
def test_missing_greeks_have_a_reason(changes: dict[str, Any], reason: str) -> None:
    row = _value_one(**changes)
    assert row["null_reason"] == reason
    assert row[["model_price", *GREEKS, "mibian_price", "mibian_delta"]].isna().all()


def test_an_expired_option_has_no_volatility_and_no_status() -> None:
    row = _value_one(is_settlement=True)
    assert row[["implied_volatility", "iv_source", "iv_status"]].isna().all()


def test_a_quote_on_an_underlying_without_price_is_not_inverted() -> None:
    assert _value_one(underlying_price=np.nan)["iv_status"] == "bad_input"


def test_greeks_are_missing_exactly_where_there_is_a_reason() -> None:
    valued = value_options(_random_contracts(400), check_date=DAY)
    has_reason = valued["null_reason"].notna()
    assert 0 < has_reason.sum() < len(valued)
    for name in ("model_price", *GREEKS):
        assert (valued[name].isna() == has_reason).all(), name


def test_an_unknown_option_type_is_refused() -> None:
    with pytest.raises(ValueError, match="must be CALL or PUT, got 'call'"):
        _value_one(option_type="call")


# --- the independent check -------------------------------------------------------------------------


def test_mibian_agrees_on_every_option_of_the_check_date() -> None:
    valued = value_options(_random_contracts(400), check_date=DAY)
    is_checked = (valued["as_of_date"] == DAY) & valued["null_reason"].isna()
    assert is_checked.sum() > 50
    assert (valued["mibian_price"].notna() == is_checked).all()
    assert (valued["mibian_delta"].notna() == is_checked).all()
    checked = valued[is_checked]
    np.testing.assert_allclose(checked["mibian_price"], checked["model_price"], rtol=1e-6, atol=2e-6)
    np.testing.assert_allclose(checked["mibian_delta"], checked["delta"], rtol=1e-6, atol=1e-9)


def test_mibian_columns_equal_mibian() -> None:
    row = _value_one(option_type="PUT", quote_price=np.nan)
    other = mibian.Me([200, 190, 4, 0.005 * 200, 46], volatility=31)
    assert row["mibian_price"] == pytest.approx(other.putPrice, rel=1e-12)
    assert row["mibian_delta"] == pytest.approx(other.putDelta, rel=1e-12)


def test_only_the_check_date_is_checked() -> None:
    row = _value(_contract(), check_date="2025-06-27").iloc[0]
    assert pd.isna(row["mibian_price"])
    assert row["delta"] > 0


# --- American exercise ---------------------------------------------------------------------------


def _american_put(**changes: Any) -> pd.Series:
    return _value_one(
        exercise="AMERICAN", option_type="PUT", strike_price=210.0, dividend_yield=0.0, **changes
    )


def test_american_options_have_american_prices_greeks_and_volatilities() -> None:
    terms = (False, 200, 210, 46 / 365, 0.04, 0.0)
    quote = float(american_price(*terms, 0.27))
    row = _american_put(quote_price=quote)
    assert row["implied_volatility"] == pytest.approx(0.27, rel=1e-7)
    assert row["exercise"] == "AMERICAN"
    expected = american_greeks(*terms, row["implied_volatility"])
    assert row["model_price"] == expected.price == pytest.approx(quote, abs=200 * 1e-8)
    for name in GREEKS:
        assert row[name] == getattr(expected, name), name
    european = _value_one(option_type="PUT", strike_price=210.0, dividend_yield=0.0, quote_price=quote)
    assert row["implied_volatility"] < european["implied_volatility"] - 1e-4


def test_american_prices_below_intrinsic_value_imply_no_volatility() -> None:
    """A European put may cost less than exercise now."""
    price = {"quote_price": 9.9}
    assert _american_put(**price)["iv_status"] == "below_intrinsic"
    assert _american_put(**price)["iv_source"] == "realized_63d"
    assert _value_one(option_type="PUT", strike_price=210.0, dividend_yield=0.0, **price)["iv_status"] == "ok"


def test_mibian_checks_american_options_only_if_they_have_the_european_price() -> None:
    call = _value_one(exercise="AMERICAN", dividend_yield=0.0)
    assert call["mibian_price"] == pytest.approx(call["model_price"], rel=1e-6)
    pd.testing.assert_series_equal(call.drop("exercise"), _value_one(dividend_yield=0.0).drop("exercise"))
    assert pd.isna(_value_one(exercise="AMERICAN", dividend_yield=0.01)["mibian_price"])
    assert pd.isna(_american_put()["mibian_price"])


def test_rates_with_two_boundaries_leave_the_price_unknown_with_a_reason() -> None:
    changes = {"exercise": "AMERICAN", "option_type": "PUT", "risk_free_rate": -0.01, "dividend_yield": -0.02}
    row = _value_one(**changes)
    assert row["null_reason"] == row["iv_status"] == "two_boundaries"
    assert row[["model_price", *GREEKS]].isna().all()


def test_past_prices_of_american_options_imply_american_volatilities() -> None:
    price = float(american_price(False, 200, 210, 46 / 365, 0.04, 0.0, 0.27))
    observation = {
        "symbol": "AAPL250815P00210000",
        "entry_ratio": "1",
        "portfolio_id": None,
        "price": price,
        "observed_on": pd.Timestamp(DAY),
        "option_type": "PUT",
        "underlying_price": 200.0,
        "strike_price": 210.0,
        "years_to_expiration": 46 / 365,
        "risk_free_rate": 0.04,
        "dividend_yield": 0.0,
    }
    frame = pd.DataFrame([observation | {"exercise": exercise} for exercise in ("AMERICAN", "EUROPEAN")])
    american, european = observed_volatilities(frame)["implied_volatility"]
    assert american == pytest.approx(0.27, rel=1e-6)
    assert american < european


def test_an_unknown_exercise_is_refused() -> None:
    with pytest.raises(ValueError, match="must be AMERICAN or EUROPEAN, got 'BERMUDAN'"):
        _value_one(exercise="BERMUDAN")


@pytest.mark.parametrize("volatility", [20_000.0, 1e8])
def test_a_volatility_beyond_every_market_is_not_used(volatility: float) -> None:
    without = {"quote_price": np.nan, "quote_basis": None, "exercise": "AMERICAN"}
    for known in ({"carried_volatility": volatility, "carried_source": "mid"}, {}):
        valued = _value_one(**without, **known, realized_volatility_63d=volatility)
        assert valued["null_reason"] == "no_volatility"
        assert np.isnan(valued["implied_volatility"])
        assert np.isnan(valued["model_price"])


# --- frames ----------------------------------------------------------------------------------------


def test_columns_and_rows_are_as_documented() -> None:
    contracts = _random_contracts(50)
    valued = value_options(contracts, check_date=DAY)
    assert list(valued.columns) == COLUMNS
    assert valued["contract"].tolist() == contracts["contract"].tolist()
    nothing = value_options(contracts.iloc[:0], check_date=DAY)
    assert nothing.empty
    assert list(nothing.columns) == COLUMNS


def test_the_order_of_rows_does_not_matter() -> None:
    contracts = _random_contracts(200)
    shuffled = value_options(contracts.sample(frac=1, random_state=4), check_date=DAY)
    expected = value_options(contracts, check_date=DAY)
    pd.testing.assert_frame_equal(shuffled.sort_index(), expected, check_exact=True)


def test_decimals_are_accepted() -> None:
    contract = _contract()
    decimals = {
        name: Decimal(repr(value)) for name, value in contract.items() if isinstance(value, float)
    } | {"dividend_yield": None}
    pd.testing.assert_series_equal(_value_one(**decimals), _value_one(dividend_yield=np.nan))


@settings(max_examples=examples(13), deadline=None)
@given(
    volatility=st.floats(0.05, 2), strike=st.floats(150, 260), option_type=st.sampled_from(["CALL", "PUT"])
)
def test_the_volatility_behind_a_quote_is_found(volatility: float, strike: float, option_type: str) -> None:
    quote = float(option_price(option_type == "CALL", 200, strike, 46 / 365, 0.04, 0.005, volatility))
    row = _value_one(quote_price=quote, strike_price=strike, option_type=option_type)
    if row["iv_status"] == "ok":
        assert row["model_price"] == pytest.approx(quote, abs=200 * 1e-8)
    else:
        assert row["iv_status"] in {"no_time_value", "no_quote"}
        assert row["iv_source"] == "realized_63d"


def test_an_option_s_figures_do_not_depend_on_its_company() -> None:
    # Silent failure prevented: figures that change in the last bit with the number of options in the build
    contracts = random_contracts(300)
    whole = value_options(contracts, check_date=None)
    each = (contracts.iloc[[row]].reset_index(drop=True) for row in range(len(contracts)))
    alone = [value_options(contract, check_date=None) for contract in each]
    pd.testing.assert_frame_equal(
        pd.concat(alone, ignore_index=True).astype(whole.dtypes), whole, check_exact=True
    )
