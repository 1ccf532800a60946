"""Implied volatility against Hull, Brent's method, a closed form and round trips, and its statuses."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtri

from python_models.options import implied_volatility as module
from python_models.options.greeks import CHUNK, option_greeks, option_price
from python_models.options.implied_volatility import ImpliedVolatility, implied_volatility
from tests.examples import examples

FloatArray = npt.NDArray[np.float64]
Columns = tuple[npt.ArrayLike, ...]


def _round_trip(is_call: npt.ArrayLike, columns: Columns, volatility: npt.ArrayLike) -> ImpliedVolatility:
    return implied_volatility(is_call, option_price(is_call, *columns, volatility), *columns)


def _extremes(
    size: int, *, seed: int = 11
) -> tuple[npt.NDArray[np.bool_], tuple[FloatArray, ...], FloatArray]:
    """Options from at to far out of the money, one day to eight years, volatility 1 % to 500 %."""
    rng = np.random.default_rng(seed)
    spot = rng.uniform(1, 5000, size)
    columns = (
        spot,
        spot * np.exp(rng.normal(0, 0.8, size) * rng.random(size)),
        rng.integers(1, 3000, size) / 365,
        rng.uniform(-0.02, 0.10, size),
        rng.uniform(0.0, 0.08, size),
    )
    return rng.random(size) < 0.5, columns, np.exp(rng.uniform(np.log(0.01), np.log(5), size))


# --- the book, and another implementation ----------------------------------------------------------


def test_implied_volatility_equals_hull_section_15_11() -> None:
    """Hull, section 15.11: a call at 1.875 with S 21, K 20, r 10 %, T 0.25 has 23.5 %."""
    found = implied_volatility(True, 1.875, 21, 20, 0.25, 0.10, 0.0)
    assert found.volatility == pytest.approx(0.235, abs=5e-4)
    assert found.status == "ok"


def test_implied_volatility_equals_brents_method() -> None:
    is_call, columns, volatility = _extremes(400)
    price = option_price(is_call, *columns, volatility)
    found = implied_volatility(is_call, price, *columns)
    vega = option_greeks(is_call, *columns, volatility).vega
    compared = np.flatnonzero((found.status == "ok") & (vega > 1e-6 * columns[0]))
    assert len(compared) > 150
    for row in compared:
        inputs = [column[row] for column in columns]

        def error(sigma: float, row: int = row, inputs: list[float] = inputs) -> float:
            return float(option_price(is_call[row], *inputs, sigma) - price[row])

        reference = brentq(error, 1e-3, 10, xtol=1e-14, rtol=1e-14)
        assert found.volatility[row] == pytest.approx(reference, rel=1e-8)


# --- round trips -----------------------------------------------------------------------------------


def test_every_solved_price_is_reproduced_for_extreme_inputs() -> None:
    is_call, columns, volatility = _extremes(50_000)
    price = option_price(is_call, *columns, volatility)
    found = implied_volatility(is_call, price, *columns)
    is_solved = found.status == "ok"
    again = option_price(is_call, *columns, found.volatility)
    assert set(found.status[~is_solved]) <= {"no_quote", "no_time_value", "above_maximum"}
    assert is_solved.mean() > 0.7
    assert (np.abs(again - price)[is_solved] < 1e-12 * (columns[0] + columns[1])[is_solved]).all()


def test_the_volatility_is_found_where_the_price_depends_on_it() -> None:
    is_call, columns, volatility = _extremes(50_000, seed=12)
    vega = option_greeks(is_call, *columns, volatility).vega
    found = _round_trip(is_call, columns, volatility)
    is_sensitive = vega > 1e-6 * (columns[0] + columns[1])
    assert is_sensitive.mean() > 0.5
    assert (found.status[is_sensitive] == "ok").all()
    np.testing.assert_allclose(found.volatility[is_sensitive], volatility[is_sensitive], rtol=1e-8)


def test_one_day_options_at_the_money_for_all_volatilities() -> None:
    volatility = np.geomspace(0.01, 5, 500)
    for strike in (100.0, 100.01, 99.99):
        found = _round_trip(True, (100.0, strike, 1 / 365, 0.03, 0.01), volatility)
        assert (found.status == "ok").all()
        np.testing.assert_allclose(found.volatility, volatility, rtol=1e-8)


def test_at_the_money_forward_the_solution_equals_the_closed_form() -> None:
    """With S = K and no carry the price is S (2 N(s / 2) - 1), so s = 2 N^-1((1 + price / S) / 2)."""
    price = np.geomspace(0.1, 99, 300)
    found = implied_volatility(False, price, 100, 100, 0.25, 0, 0)
    np.testing.assert_allclose(found.volatility, 2 * ndtri((1 + price / 100) / 2) / 0.5, rtol=1e-10)


def test_a_price_far_out_of_the_money_keeps_its_relative_precision() -> None:
    """Even a call priced at a billionth of a billionth of the underlying has a volatility."""
    found = _round_trip(True, (100.0, 400.0, 0.25, 0.03, 0.0), [0.30, 0.35, 0.5])
    np.testing.assert_allclose(found.volatility, [0.30, 0.35, 0.5], rtol=1e-6)


@settings(max_examples=examples(66), deadline=None)
@given(
    is_call=st.booleans(),
    spot=st.floats(0.5, 5000),
    log_moneyness=st.floats(-3, 3),
    days=st.integers(1, 2000),
    rate=st.floats(-0.02, 0.12),
    dividend_yield=st.floats(0, 0.10),
    volatility=st.floats(0.01, 5),
)
def test_round_trip(  # noqa: PLR0917  # drawn by name
    is_call: bool,
    spot: float,
    log_moneyness: float,
    days: int,
    rate: float,
    dividend_yield: float,
    volatility: float,
) -> None:
    inputs = (spot, spot * np.exp(log_moneyness), days / 365, rate, dividend_yield)
    price = option_price(is_call, *inputs, volatility)
    found = implied_volatility(is_call, price, *inputs)
    if found.status == "ok":
        again = option_price(is_call, *inputs, found.volatility)
        assert again == pytest.approx(price, abs=1e-8 * spot)
    else:
        # almost no vega: the price is a bound, up to rounding
        assert option_greeks(is_call, *inputs, volatility).vega < 1e-9 * (spot + inputs[1])
        assert found.status.item() in {"no_quote", "no_time_value", "above_maximum"}
        assert np.isnan(found.volatility)


@settings(max_examples=examples(33), deadline=None)
@given(strike=st.floats(80, 130), volatility=st.floats(0.15, 2))
def test_a_higher_price_has_a_higher_volatility(strike: float, volatility: float) -> None:
    inputs = (100.0, strike, 0.5, 0.04, 0.01)
    price = option_price(True, *inputs, volatility)
    lower, higher = implied_volatility(True, [price, price + 0.01], *inputs).volatility
    assert higher > lower


# --- statuses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_call", "price", "status"),
    [
        (True, np.nan, "no_quote"),
        (True, 0.0, "no_quote"),
        (True, -1.0, "no_quote"),
        (True, np.inf, "bad_input"),
        (True, 21.0, "below_intrinsic"),
        (True, 21.5841, "below_intrinsic"),
        (True, 100 - 80 * np.exp(-0.02), "no_time_value"),
        (True, 21.5842, "ok"),
        (True, 99.99, "ok"),
        (True, 100.0, "above_maximum"),
        (True, 250.0, "above_maximum"),
        (False, 1e-12, "ok"),
        (False, 80 * np.exp(-0.02), "above_maximum"),
        (False, 78.0, "ok"),
    ],
)
def test_status_of_a_price(is_call: bool, price: float, status: str) -> None:
    """S 100, K 80, half a year at 4 %: the call is worth at least 21.5841."""
    found = implied_volatility(is_call, price, 100, 80, 0.5, 0.04, 0)
    assert found.status == status
    assert np.isnan(found.volatility) == (status != "ok")


def test_a_time_value_within_rounding_is_no_time_value() -> None:
    """Ten roundings of the bound do not determine a volatility; a ten-billionth of a dollar does."""
    bound = 100 - 80 * np.exp(-0.02)
    prices = bound + np.array([-1e-10, -10 * np.spacing(bound), 10 * np.spacing(bound), 1e-10])
    found = implied_volatility(True, prices, 100, 80, 0.5, 0.04, 0)
    assert found.status.tolist() == ["below_intrinsic", "no_time_value", "no_time_value", "ok"]


def test_no_convergence_is_flagged_and_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STEPS", 0)
    found = implied_volatility(True, [5.0, 40.0], 100, 101, 0.5, 0.03, 0.01)
    assert found.status.tolist() == ["no_convergence"] * 2
    assert np.isnan(found.volatility).all()


@pytest.mark.parametrize("guess", [1e-6, 0.3, 0.999999])
def test_the_bracket_converges_from_any_start(guess: float) -> None:
    """From the regular starts no step leaves the bracket; from a bad start many do."""
    x = np.full(200, -0.5)
    floor, ceiling = np.zeros(200), np.ones(200)  # the inflection of x is at 1
    solution = np.linspace(0.03, 0.99, 200)
    target = module._low_side(x, solution).value
    start = np.full(200, guess)
    found = module._solve(module._low_side, x, target, start, floor, ceiling)
    np.testing.assert_allclose(found, solution, rtol=1e-9)
    above = np.linspace(1.01, 12, 200)
    target = module._high_side(x, above).value
    start, ceiling = np.full(200, 1 + 14 * guess), np.full(200, np.inf)
    found = module._solve(module._high_side, x, target, start, np.ones(200), ceiling)
    np.testing.assert_allclose(found, above, rtol=1e-9)


@pytest.mark.parametrize("position", range(1, 6))
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_unusable_input_is_bad_input_for_that_option_only(position: int, value: float) -> None:
    inputs = [np.full(3, number) for number in (5.0, 100.0, 101.0, 0.5, 0.03, 0.01)]
    expected = implied_volatility(True, *inputs)
    inputs[position][1] = value
    found = implied_volatility(True, *inputs)
    assert found.status.tolist() == ["ok", "bad_input", "ok"]
    assert np.isnan(found.volatility[1])
    np.testing.assert_array_equal(found.volatility[[0, 2]], expected.volatility[[0, 2]])


@pytest.mark.parametrize("position", [1, 2, 3])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_an_input_that_is_not_positive_is_bad_input(position: int, value: float) -> None:
    inputs = [5.0, 100.0, 101.0, 0.5, 0.03, 0.01]
    inputs[position] = value
    assert implied_volatility(True, *inputs).status == "bad_input"


def test_the_order_of_options_does_not_matter() -> None:
    is_call, columns, volatility = _extremes(CHUNK + 501)
    price = option_price(is_call, *columns, volatility)
    order = np.random.default_rng(2).permutation(len(price))
    before = implied_volatility(is_call, price, *columns)
    after = implied_volatility(is_call[order], price[order], *(column[order] for column in columns))
    np.testing.assert_array_equal(after.volatility, before.volatility[order])
    assert (after.status == before.status[order]).all()


def test_inputs_broadcast_and_keep_their_shape() -> None:
    found = implied_volatility(True, [[5.0], [6.0]], 100, [99.0, 100.0, 101.0], 0.5, 0.03, 0.01)
    assert found.volatility.shape == found.status.shape == (2, 3)
    assert implied_volatility([], [], [], [], [], [], []).volatility.shape == (0,)
