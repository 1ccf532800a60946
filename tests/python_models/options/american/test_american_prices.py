"""American prices against published ones, QuantLib, and the properties that every American option has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.options.american.inversion import american_implied_volatility
from python_models.options.american.pricing import (
    PAIRS,
    american_price,
    exercise_boundary,
    price_at,
)
from python_models.options.american.puts import Contracts
from python_models.options.american.sensitivities import american_greeks
from python_models.options.greeks import CHUNK, option_price
from python_models.options.implied_volatility import implied_volatility
from tests.examples import examples
from tests.python_models.options.american import published
from tests.python_models.options.american.cases import random_contracts
from tests.python_models.options.american.peer import quantlib_prices

ACCURACY = 1e-5  # of the strike; the target is 1e-4

TERMS = st.tuples(
    st.floats(20, 500),  # strike
    st.floats(0.01, 3),  # years
    st.floats(0.0, 0.12),  # rate
    st.one_of(st.just(0.0), st.floats(0.0, 0.12)),  # dividend yield
    st.floats(0.05, 1.2),  # volatility
)


# --- published -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spot", "volatility", "years", "dated", "simulated", "continuous"), published.LONGSTAFF_SCHWARTZ
)
def test_puts_equal_the_continuous_value_of_longstaff_and_schwartz(  # noqa: PLR0917
    spot: float, volatility: float, years: float, dated: float, simulated: float, continuous: float
) -> None:
    price = american_price(False, spot, 40, years, 0.06, 0.0, volatility)
    assert price == pytest.approx(continuous, abs=1e-4)
    # their options have 50 exercise dates a year: worth a little less
    assert -0.001 < price - dated < 0.01
    assert price == pytest.approx(simulated, abs=0.03)


def test_prices_are_within_the_errors_of_published_approximations() -> None:
    for is_call, years, volatility, prices in published.BARONE_ADESI_WHALEY:
        spots = published.BARONE_ADESI_WHALEY_SPOTS
        found = american_price(is_call, spots, 100, years, 0.1, 0.1, volatility)
        np.testing.assert_allclose(found, prices, rtol=0, atol=published.BARONE_ADESI_WHALEY_ERROR)
    for strike, volatility, prices in published.JU_PUTS:
        found = american_price(False, 40, strike, published.JU_PUT_YEARS, 0.0488, 0.0, volatility)
        np.testing.assert_allclose(found, prices, rtol=0, atol=published.JU_ERROR)
    for dividend_yield, rate, volatility, prices in published.JU_CALLS:
        found = american_price(True, published.JU_CALL_SPOTS, 100, 3, rate, dividend_yield, volatility)
        np.testing.assert_allclose(found, prices, rtol=0, atol=published.JU_ERROR_OF_THREE_YEARS)
    for option, price in published.BJERKSUND_STENSLAND:
        assert price <= american_price(*option) <= price + published.BJERKSUND_STENSLAND_ERROR


def test_boundaries_are_within_the_error_of_the_published_approximation() -> None:
    years, published_levels = np.transpose(published.QD_PLUS_BOUNDARY)
    terms = (False, 120, years, 0.1, 0.03, 0.25)
    levels = 120 * np.exp(exercise_boundary(*terms).log_boundary.now)
    np.testing.assert_allclose(levels, published_levels, rtol=0, atol=published.QD_PLUS_ERROR)
    # at the boundary a put is worth exercising, a little above it waiting is worth more
    np.testing.assert_allclose(price_at(exercise_boundary(*terms), levels), 120 - levels, rtol=ACCURACY)
    assert (price_at(exercise_boundary(*terms), levels + 1) > 119 - levels).all()


def test_premiums_equal_those_of_the_paper() -> None:
    for strike, rate, premium in published.ANDERSEN_LAKE_OFFENGENDEN:
        put = (False, 100, strike, 1, rate, 0.05, 0.25)
        assert american_price(*put) - option_price(*put) == pytest.approx(premium, abs=5e-5)


def test_the_worked_example_of_the_method() -> None:
    """The example of the method, section 6."""
    entered = (False, 39.0, 245.5804, 280, 260 / 365, 0.04075753, 0.004)
    assert american_implied_volatility(*entered).volatility == pytest.approx(0.239, abs=5e-4)
    assert implied_volatility(*entered).volatility == pytest.approx(0.264, abs=5e-4)
    terms = (280, 216 / 365, 0.038637, 0.004, 0.25153)
    american, european = (price(False, 215.8745, *terms) for price in (american_price, option_price))
    assert european == pytest.approx(60.73, abs=0.006)
    assert american - european == pytest.approx(3.47, abs=0.006)
    assert american == pytest.approx(64.20, abs=0.006)
    assert american_greeks(False, 215.8745, *terms).delta == pytest.approx(-0.966, abs=5e-4)
    level = 280 * np.exp(exercise_boundary(False, *terms).log_boundary.now)
    assert level == pytest.approx(211.18, abs=0.02)


# --- QuantLib --------------------------------------------------------------------------------------


def test_prices_equal_quantlib() -> None:
    contracts, spots = random_contracts(400)
    prices = american_price(contracts.is_call, spots, *contracts[1:])
    error = (prices - quantlib_prices(contracts, spots.tolist())) / contracts.strike
    assert np.abs(error).max() < ACCURACY
    assert np.sqrt(np.mean(error**2)) < ACCURACY / 10


@pytest.mark.long
def test_prices_equal_quantlib_at_its_highest_precision() -> None:
    contracts, spots = random_contracts(400)
    prices = american_price(contracts.is_call, spots, *contracts[1:])
    error = (prices - quantlib_prices(contracts, spots.tolist(), "high")) / contracts.strike
    assert np.abs(error).max() < ACCURACY


EXTREMES = {  # spot, strike, years, rate, dividend yield, volatility of puts
    "no volatility, in the money": (36, 40, 1, 0.06, 0, 1e-4),
    "no volatility, at the money": (40, 40, 1, 0.06, 0, 1e-4),
    "no volatility, out of the money": (44, 40, 1, 0.06, 0, 1e-4),
    "volatility of 1000 %": (36, 40, 1, 0.06, 0, 10),
    "an hour left": (39.99, 40, 1e-4, 0.06, 0.02, 0.2),
    "thirty years": (36, 40, 30, 0.06, 0.02, 0.2),
    "dividends far above the rate": (36, 40, 30, 0.01, 0.08, 0.2),
    "a rate of almost 0": (100, 100, 1, 1e-6, 0, 0.3),
    "a rate of one basis point": (70, 100, 1, 1e-4, 0, 0.3),
    "rate equals dividend yield": (100, 100, 1, 0.05, 0.05, 0.3),
    "negative dividend yield": (80, 100, 2, 0.02, -0.05, 0.3),
    "rate 0, negative dividend yield": (80, 100, 2, 0, -0.05, 0.3),
    "both negative, never exercised": (80, 100, 2, -0.05, -0.01, 0.3),
    "negative rate": (80, 100, 2, -0.05, 0.01, 0.3),
    "far in the money": (1, 100, 1, 0.05, 0, 0.3),
    "far out of the money": (10_000, 100, 1, 0.05, 0, 0.3),
    "all high": (80, 100, 1, 0.5, 0.9, 2),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_equal_quantlib(name: str) -> None:
    spot, strike, years, rate, dividend_yield, volatility = EXTREMES[name]
    for is_call in (False, True):
        option = (strike, years, dividend_yield, rate, volatility) if is_call else EXTREMES[name][1:]
        contract = Contracts(*(np.array([value]) for value in (is_call, *option)))  # type: ignore[arg-type]
        # a call on the put's terms exchanged: spot and strike, rate and dividend yield
        at = strike**2 / spot if is_call else spot
        found = american_price(is_call, at, *option)
        expected = quantlib_prices(contract, [at], "high")[0]
        assert found == pytest.approx(expected, abs=5e-5 * max(strike, at if is_call else strike))


# --- properties ------------------------------------------------------------------------------------


@settings(max_examples=examples(20), deadline=None)
@given(terms=TERMS, is_call=st.booleans())
def test_prices_are_bounded_convex_and_rise_with_time(terms: tuple[float, ...], is_call: bool) -> None:
    strike, years, *others = terms
    spots = strike * np.geomspace(0.4, 2.5, 60)
    noise = ACCURACY * strike
    prices = american_price(is_call, spots, *terms)
    assert (prices >= option_price(is_call, spots, *terms) - 1e-10 * strike).all()
    assert (prices >= np.maximum(spots - strike if is_call else strike - spots, 0) - 1e-12 * strike).all()
    assert (prices <= (spots if is_call else strike) + noise).all()
    assert (american_price(is_call, spots, strike, 1.3 * years, *others) >= prices - noise).all()
    slopes = np.diff(prices) / np.diff(spots)
    assert (np.diff(slopes) >= -2 * ACCURACY * strike / np.diff(spots)[1:]).all()
    assert (np.abs(slopes) <= 1 + 1e-9).all()


@settings(max_examples=examples(20), deadline=None)
@given(terms=TERMS, moneyness=st.floats(0.6, 1.6))
def test_put_call_symmetry(terms: tuple[float, ...], moneyness: float) -> None:
    """McDonald and Schroder 1998: C(S, K, r, q) = P(K, S, q, r)."""
    strike, years, rate, dividend_yield, volatility = terms
    spot = strike * moneyness
    call = american_price(True, spot, strike, years, rate, dividend_yield, volatility)
    put = american_price(False, strike, spot, years, dividend_yield, rate, volatility)
    assert call == pytest.approx(put, rel=1e-12, abs=1e-12 * strike)


@settings(max_examples=examples(20), deadline=None)
@given(terms=TERMS, moneyness=st.floats(0.6, 1.6))
def test_put_call_parity_holds_as_two_inequalities(terms: tuple[float, ...], moneyness: float) -> None:
    """Hull, section 11.4, with a dividend yield: S e^-qT - K <= C - P <= S - K e^-rT."""
    strike, years, rate, dividend_yield, _ = terms
    spot = strike * moneyness
    call, put = american_price([True, False], spot, *terms)
    noise = ACCURACY * strike
    assert spot * np.exp(-dividend_yield * years) - strike - noise <= call - put
    assert call - put <= spot - strike * np.exp(-rate * years) + noise


def test_options_that_are_never_exercised_early_have_exactly_the_european_price() -> None:
    contracts, spots = random_contracts(500)
    call = (True, spots, *contracts[1:4], 0.0, contracts.volatility)
    np.testing.assert_array_equal(american_price(*call), option_price(*call))
    for rate in (0.0, -0.01):
        put = (False, spots, *contracts[1:3], rate, contracts.dividend_yield, contracts.volatility)
        np.testing.assert_array_equal(american_price(*put), option_price(*put))


def test_a_call_without_dividends_is_exercised_early_where_the_rate_is_negative() -> None:
    option = (True, 150, 100, 2, -0.03, 0.0, 0.2)
    assert american_price(*option) > option_price(*option) + 1


def test_the_price_leaves_intrinsic_value_smoothly_at_the_boundary() -> None:
    contracts, _ = random_contracts(300, seed=4)
    contracts = contracts.take(np.flatnonzero(contracts.is_exercised_early()))
    boundary = exercise_boundary(*contracts)
    level = np.exp(boundary.log_boundary.now)
    edge = np.where(contracts.is_call, contracts.strike / level, contracts.strike * level)
    sign = np.where(contracts.is_call, 1.0, -1.0)
    step = 1e-3 * sign * edge  # into the exercise region
    inside, at, outside = (price_at(boundary, edge + way * step) for way in (1, 0, -1))
    intrinsic = sign * (edge - contracts.strike)
    np.testing.assert_allclose(inside, intrinsic + np.abs(step), rtol=1e-12)
    np.testing.assert_allclose(at, intrinsic, rtol=ACCURACY)  # its log rounds to either side
    slope = (outside - at) / (-step)
    # the slope is +-1 at the boundary, and moves away with gamma
    assert (np.abs(slope - sign) < 0.1).all()
    np.testing.assert_allclose(
        price_at(boundary, edge - step / 100), at - step * sign / 100, atol=1e-4 * edge.max() / 100
    )


# --- boundaries and many spots ---------------------------------------------------------------------


def test_a_boundary_prices_many_spots() -> None:
    contracts, spots = random_contracts(80)
    grid = spots * np.linspace(0.7, 1.3, PAIRS // 40)[:, None]
    grid[0, :5] = [0.0, 0.0, -1.0, np.nan, np.inf]
    prices = price_at(exercise_boundary(*contracts), grid)
    assert prices.shape == grid.shape
    each = np.array([american_price(contracts.is_call, row, *contracts[1:]) for row in grid])
    np.testing.assert_array_equal(prices, each)


def test_at_a_spot_of_zero_a_call_is_worthless_and_a_put_worth_its_strike() -> None:
    assert american_price(True, 0.0, 100, 1, 0.05, 0.02, 0.3) == 0
    assert american_price(False, 0.0, 100, 1, 0.05, 0.02, 0.3) == 100
    assert american_price(False, 0.0, 100, 1, -0.05, 0.0, 0.3) == pytest.approx(100 * np.exp(0.05))


def test_between_two_boundaries_the_price_is_unknown() -> None:
    assert np.isnan(american_price(False, 80, 100, 2, -0.01, -0.05, 0.3))
    assert np.isnan(american_price(True, 80, 100, 2, -0.05, -0.01, 0.3))


@pytest.mark.parametrize(
    ("place", "value"),
    [(place, value) for place in range(1, 7) for value in (np.nan, np.inf)]
    + [(place, -1.0) for place in (1, 2, 3, 6)],
)
def test_an_unusable_input_gives_nan_for_that_option_only(place: int, value: float) -> None:
    option = [np.full(3, number) for number in (False, 95.0, 100.0, 1.0, 0.05, 0.01, 0.3)]
    expected = american_price(*option)
    option[place][1] = value
    found = american_price(*option)
    assert np.isnan(found[1])
    np.testing.assert_array_equal(found[[0, 2]], expected[[0, 2]])


def test_the_order_of_options_does_not_matter() -> None:
    contracts, spots = random_contracts(CHUNK + 77)
    order = np.random.default_rng(1).permutation(len(spots))
    before = american_price(contracts.is_call, spots, *contracts[1:])
    shuffled = contracts.take(order)
    np.testing.assert_array_equal(
        american_price(shuffled.is_call, spots[order], *shuffled[1:]), before[order]
    )


def test_inputs_broadcast_and_keep_their_shape() -> None:
    grid = american_price([[True], [False]], 100, [95.0, 100.0, 105.0], 0.5, 0.03, 0.01, 0.2)
    assert grid.shape == (2, 3)
    assert grid[1, 2] == american_price(False, 100, 105, 0.5, 0.03, 0.01, 0.2)
    assert american_price([], [], [], [], [], [], []).shape == (0,)
