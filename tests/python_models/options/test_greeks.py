"""Black-Scholes-Merton against Hull's numbers, mibian, a plain loop, bumped prices and identities.

Hull: Options, Futures and Other Derivatives, by numbers of examples and equations, which are the same in the
9th and later editions.
"""

import math

import mibian
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.options.greeks import CHUNK, Greeks, option_greeks, option_price
from tests.examples import examples

FloatArray = npt.NDArray[np.float64]
Inputs = tuple[npt.NDArray[np.bool_], FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]

NAMES = ["spot", "strike", "years", "rate", "dividend_yield", "volatility"]
HULL = (49.0, 50.0, 0.3846, 0.05, 0.0, 0.20)  # the option of chapter 19

OPTIONS = st.tuples(
    st.floats(1, 1000),
    st.floats(0.6, 1.6),  # strike / spot
    st.integers(5, 1500).map(lambda days: days / 365),
    st.floats(-0.01, 0.10),
    st.floats(0.0, 0.08),
    st.floats(0.08, 1.5),
).map(lambda drawn: (drawn[0], drawn[0] * drawn[1], *drawn[2:]))


def _random_options(size: int, *, seed: int = 3) -> Inputs:
    rng = np.random.default_rng(seed)
    spot = rng.uniform(5, 600, size)
    return (
        rng.random(size) < 0.5,
        spot,
        spot * rng.uniform(0.5, 1.7, size),
        rng.integers(1, 900, size) / 365,
        rng.uniform(-0.01, 0.08, size),
        rng.uniform(0, 0.06, size),
        rng.uniform(0.05, 1.5, size),
    )


def _intrinsic_value(is_call: bool, spot: float, strike: npt.ArrayLike) -> FloatArray:
    return np.maximum(spot - np.asarray(strike) if is_call else np.asarray(strike) - spot, 0.0)


def _normal(x: float) -> float:
    """N(x) from the standard library, with an accurate tail where 1 - erf would be 0."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def _loop(  # noqa: PLR0917  # the usual order
    is_call: bool, spot: float, strike: float, years: float, rate: float, yield_: float, volatility: float
) -> dict[str, float]:
    """Hull's table 19.6, one option at a time, per year and per unit."""
    d1 = math.log(spot / strike) + (rate - yield_ + volatility**2 / 2) * years
    d1 /= volatility * math.sqrt(years)
    d2 = d1 - volatility * math.sqrt(years)
    density = math.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi)
    share, bond = spot * math.exp(-yield_ * years), strike * math.exp(-rate * years)
    decay = -share * density * volatility / (2 * math.sqrt(years))
    if is_call:
        price = share * _normal(d1) - bond * _normal(d2)
        delta = math.exp(-yield_ * years) * _normal(d1)
        theta = decay + yield_ * share * _normal(d1) - rate * bond * _normal(d2)
        rho = years * bond * _normal(d2)
    else:
        price = bond * _normal(-d2) - share * _normal(-d1)
        delta = -math.exp(-yield_ * years) * _normal(-d1)
        theta = decay - yield_ * share * _normal(-d1) + rate * bond * _normal(-d2)
        rho = -years * bond * _normal(-d2)
    gamma = density * math.exp(-yield_ * years) / (spot * volatility * math.sqrt(years))
    vega = share * math.sqrt(years) * density
    return {"price": price, "delta": delta, "gamma": gamma, "theta": theta, "vega": vega, "rho": rho}


# --- the book --------------------------------------------------------------------------------------


def test_prices_equal_hull_example_15_6() -> None:
    """Hull, example 15.6: 4.76 and 0.81."""
    call, put = option_price([True, False], 42, 40, 0.5, 0.10, 0.0, 0.20)
    assert call == pytest.approx(4.76, abs=0.005)
    assert put == pytest.approx(0.81, abs=0.005)


def test_index_option_equals_hull_example_17_1() -> None:
    """Hull, example 17.1: 51.83 with a dividend yield of 3 %."""
    assert option_price(True, 930, 900, 2 / 12, 0.08, 0.03, 0.20) == pytest.approx(51.83, abs=0.005)


def test_greeks_equal_hull_chapter_19() -> None:
    """Hull, examples 19.1 (delta), 19.2 (theta), 19.4 (gamma), 19.6 (vega) and 19.7 (rho), in our units."""
    greeks = option_greeks(True, *HULL)
    assert greeks.delta == pytest.approx(0.522, abs=5e-4)
    assert greeks.gamma == pytest.approx(0.066, abs=5e-4)
    assert greeks.theta == pytest.approx(-4.31 / 365, abs=0.005 / 365)
    assert greeks.vega == pytest.approx(12.1 * 0.01, abs=5e-4)
    assert greeks.rho == pytest.approx(8.91 * 0.01, abs=5e-5)


# --- other implementations -------------------------------------------------------------------------


def test_price_and_greeks_equal_mibian() -> None:
    """mibian.Me takes percents, days, and annual dividends in USD."""
    options = _random_options(300)
    greeks = option_greeks(*options)
    for row in range(300):
        is_call, spot, strike, years, rate, dividend_yield, volatility = (column[row] for column in options)
        other = mibian.Me(
            [spot, strike, 100 * rate, dividend_yield * spot, 365 * years], volatility=100 * volatility
        )
        price, delta, theta, rho = (
            (other.callPrice, other.callDelta, other.callTheta, other.callRho)
            if is_call
            else (other.putPrice, other.putDelta, other.putTheta, other.putRho)
        )
        assert greeks.price[row] == pytest.approx(price, rel=1e-9, abs=1e-11 * spot)
        assert greeks.delta[row] == pytest.approx(delta, rel=1e-9, abs=1e-12)
        assert greeks.gamma[row] == pytest.approx(other.gamma, rel=1e-9, abs=1e-15)
        assert greeks.vega[row] == pytest.approx(other.vega, rel=1e-9, abs=1e-12)
        assert greeks.rho[row] == pytest.approx(rho, rel=1e-9, abs=1e-12)
        assert greeks.theta[row] == pytest.approx(theta, rel=1e-9, abs=1e-12)


def test_price_and_greeks_equal_a_plain_loop() -> None:
    options = _random_options(3000, seed=5)
    greeks = option_greeks(*options)
    prices = option_price(*options)
    per_unit = {"price": 1.0, "delta": 1.0, "gamma": 1.0, "theta": 1 / 365, "vega": 0.01, "rho": 0.01}
    for row in range(0, 3000, 3):
        expected = _loop(*(column[row].item() for column in options))
        for name, unit in per_unit.items():
            found = getattr(greeks, name)[row]
            assert found == pytest.approx(expected[name] * unit, rel=1e-9, abs=1e-13 * options[1][row])
        assert prices[row] == greeks.price[row]


def _bumped(inputs: tuple[float, ...], name: str, size: float, quantity: str, *, is_call: bool) -> float:
    """The derivative of a quantity in one input by central differences, extrapolated (Richardson)."""
    at = NAMES.index(name)

    def slope(step: float) -> float:
        up, down = (tuple(v + (i == at) * sign * step for i, v in enumerate(inputs)) for sign in (1, -1))
        values = option_greeks(is_call, *np.array([up, down]).T)
        higher, lower = getattr(values, quantity)
        return float(higher - lower) / (2 * step)

    return (4 * slope(size / 2) - slope(size)) / 3


@settings(max_examples=examples(20), deadline=None)
@given(inputs=OPTIONS, is_call=st.booleans())
def test_greeks_equal_bumped_prices(inputs: tuple[float, ...], is_call: bool) -> None:
    greeks = option_greeks(is_call, *inputs)
    spot, _, years, _, _, volatility = inputs
    move = spot * min(volatility * math.sqrt(years), 0.5)
    of = {
        "delta": _bumped(inputs, "spot", 1e-2 * move, "price", is_call=is_call),
        "gamma": _bumped(inputs, "spot", 1e-2 * move, "delta", is_call=is_call),
        "theta": -_bumped(inputs, "years", 1e-2 * years, "price", is_call=is_call) / 365,
        "vega": _bumped(inputs, "volatility", 1e-2 * volatility, "price", is_call=is_call) / 100,
        "rho": _bumped(inputs, "rate", 1e-3, "price", is_call=is_call) / 100,
        "vanna": _bumped(inputs, "volatility", 1e-2 * volatility, "delta", is_call=is_call) / 100,
        "volga": _bumped(inputs, "volatility", 1e-2 * volatility, "vega", is_call=is_call) / 100,
        "charm": -_bumped(inputs, "years", 1e-2 * years, "delta", is_call=is_call) / 365,
    }
    # below a millionth of the Greek at the money, a difference of prices is rounding
    scale = {
        "delta": 1.0,
        "gamma": 1 / move,
        "theta": move / years / 365,
        "vega": spot * math.sqrt(years) / 100,
        "rho": spot * years / 100,
        "vanna": 1 / volatility / 100,
        "volga": spot * math.sqrt(years) / volatility / 1e4,
        "charm": 1 / years / 365,
    }
    for name, bumped in of.items():
        assert getattr(greeks, name) == pytest.approx(bumped, rel=1e-6, abs=1e-6 * scale[name]), name


# --- identities ------------------------------------------------------------------------------------


@settings(max_examples=examples(33), deadline=None)
@given(inputs=OPTIONS)
def test_put_call_parity(inputs: tuple[float, ...]) -> None:
    """Hull, equation 17.3: c + K e^-rT = p + S e^-qT; and its derivatives."""
    spot, strike, years, rate, dividend_yield, _ = inputs
    call, put = option_greeks(True, *inputs), option_greeks(False, *inputs)
    share, bond = spot * math.exp(-dividend_yield * years), strike * math.exp(-rate * years)
    assert call.price - put.price == pytest.approx(share - bond, rel=1e-12, abs=1e-12 * spot)
    assert call.delta - put.delta == pytest.approx(math.exp(-dividend_yield * years), rel=1e-13)
    assert call.rho - put.rho == pytest.approx(years * bond / 100, rel=1e-12)
    assert call.theta - put.theta == pytest.approx(
        (dividend_yield * share - rate * bond) / 365, rel=1e-9, abs=1e-13 * spot
    )
    for same in ("gamma", "vega", "vanna", "volga"):
        assert getattr(call, same) == getattr(put, same), same


@settings(max_examples=examples(33), deadline=None)
@given(inputs=OPTIONS, is_call=st.booleans())
def test_prices_stay_within_no_arbitrage_bounds(inputs: tuple[float, ...], is_call: bool) -> None:
    spot, strike, years, rate, dividend_yield, _ = inputs
    share, bond = spot * math.exp(-dividend_yield * years), strike * math.exp(-rate * years)
    price = option_price(is_call, *inputs)
    rounding = 1e-13 * (share + bond)
    assert (
        _intrinsic_value(is_call, share, bond) - rounding <= price <= (share if is_call else bond) + rounding
    )


def test_signs_of_the_greeks() -> None:
    is_call, *numbers = _random_options(2000)
    greeks = option_greeks(is_call, *numbers)
    assert (greeks.gamma >= 0).all()
    assert (greeks.vega >= 0).all()
    assert (greeks.delta[is_call] >= 0).all()
    assert (greeks.delta[~is_call] <= 0).all()
    assert (greeks.rho[is_call] >= 0).all()
    assert (greeks.rho[~is_call] <= 0).all()


def test_rounding_makes_no_price_negative() -> None:
    """With almost no volatility a price is the difference of two equal numbers."""
    strikes = 100 * (1 + np.linspace(-1e-14, 1e-14, 400))
    for is_call in (True, False):
        prices = option_price(is_call, 100, strikes, 1.0, 0.0, 0.0, np.geomspace(1e-15, 1e-12, 50)[:, None])
        assert (prices >= 0).all()


def test_an_option_close_to_expiration_has_its_intrinsic_value() -> None:
    strikes = np.array([90.0, 99.0, 101.0, 110.0])
    for is_call in (True, False):
        prices = option_price(is_call, 100, strikes, 1e-9, 0.05, 0.02, 0.2)
        np.testing.assert_allclose(prices, _intrinsic_value(is_call, 100, strikes), atol=1e-6)


# --- units: an error of older systems --------------------------------------------------------------


def test_vega_and_rho_are_per_point_for_rates_in_decimals() -> None:
    """The error: 0.05 passed as a percentage, and Greeks per point divided by 100 again.

    A put on 100 struck at 90, 60 days, 5 %, volatility 20 %. Right: vega 0.0573, rho -0.0128.
    Wrong: vega 0.00066, rho -0.00015, about 1/85 of their value.
    """
    greeks = option_greeks(False, 100, 90, 60 / 365, 0.05, 0.0, 0.20)
    assert greeks.vega == pytest.approx(0.0573, abs=5e-5)
    assert greeks.rho == pytest.approx(-0.0128, abs=5e-5)
    in_percent = mibian.BS([100, 90, 5, 60], volatility=20)
    assert greeks.vega == pytest.approx(in_percent.vega, rel=1e-12)
    assert greeks.rho == pytest.approx(in_percent.putRho, rel=1e-12)
    wrong = mibian.BS([100, 90, 0.05, 60], volatility=20)
    assert wrong.vega / 100 == pytest.approx(0.00066, abs=5e-6)
    assert wrong.putRho / 100 == pytest.approx(-0.00015, abs=5e-6)
    assert greeks.vega / (wrong.vega / 100) == pytest.approx(85, abs=3)
    assert greeks.rho / (wrong.putRho / 100) == pytest.approx(85, abs=3)


# --- missing values, shape, order ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_unusable_input_gives_nan_for_that_option_only(name: str, value: float) -> None:
    is_call, *numbers = _random_options(5)
    before = option_greeks(is_call, *numbers)
    numbers[NAMES.index(name)] = numbers[NAMES.index(name)].copy()
    numbers[NAMES.index(name)][2] = value
    after = option_greeks(is_call, *numbers)
    others = [0, 1, 3, 4]
    for field in Greeks._fields:
        assert np.isnan(getattr(after, field)[2]), field
        np.testing.assert_array_equal(getattr(after, field)[others], getattr(before, field)[others])


@pytest.mark.parametrize("name", ["spot", "strike", "years", "volatility"])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_an_input_that_is_not_positive_gives_nan(name: str, value: float) -> None:
    inputs = dict(zip(NAMES, HULL, strict=True)) | {name: value}
    assert np.isnan(option_greeks(True, **inputs)).all()
    assert np.isnan(option_price(True, **inputs))


def test_the_order_of_options_does_not_matter() -> None:
    options = _random_options(2 * CHUNK + 77)
    order = np.random.default_rng(1).permutation(len(options[0]))
    before = option_greeks(*options)
    after = option_greeks(*(column[order] for column in options))
    for field in Greeks._fields:
        np.testing.assert_array_equal(getattr(after, field), getattr(before, field)[order])


def test_inputs_broadcast_and_keep_their_shape() -> None:
    grid = option_greeks(True, np.array([[90.0], [100.0]]), [95.0, 100.0, 105.0], 0.5, 0.03, 0.01, 0.2)
    assert grid.delta.shape == (2, 3)
    assert grid.delta[1, 2] == option_greeks(True, 100, 105, 0.5, 0.03, 0.01, 0.2).delta
    assert option_price(True, *HULL).shape == ()
    assert option_price([], [], [], [], [], [], []).shape == (0,)
