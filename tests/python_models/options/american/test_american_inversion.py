"""Implied volatility of American options: round trips, bounds and statuses."""

import numpy as np
import pytest
from scipy.optimize import brentq

from python_models.options.american import inversion as module
from python_models.options.american.inversion import american_implied_volatility
from python_models.options.american.pricing import american_price
from python_models.options.american.sensitivities import american_greeks
from python_models.options.implied_volatility import implied_volatility
from tests.python_models.options.american.cases import random_contracts


def test_the_volatility_behind_a_price_is_found() -> None:
    contracts, spots = random_contracts(3000)
    terms = contracts[1:5]
    greeks = american_greeks(contracts.is_call, spots, *contracts[1:])
    found = american_implied_volatility(contracts.is_call, greeks.price, spots, *terms)
    assert set(found.status) == {"ok", "no_time_value"}
    is_ok = found.status == "ok"
    again = american_price(contracts.is_call, spots, *terms, found.volatility)
    assert (np.abs(again - greeks.price)[is_ok] < 1e-8 * spots[is_ok]).all()
    is_sensitive = is_ok & (greeks.vega > 1e-4 * spots)
    np.testing.assert_allclose(found.volatility[is_sensitive], contracts.volatility[is_sensitive], atol=1e-6)
    assert is_sensitive.mean() > 0.7
    times = np.linspace(0, 1, 200)[:, None] * contracts.years
    exchanged = spots * np.exp(-contracts.dividend_yield * times) - contracts.strike * np.exp(
        -contracts.rate * times
    )
    certain = np.maximum((np.where(contracts.is_call, 1, -1) * exchanged).max(axis=0), 0)
    assert ((greeks.price - certain)[~is_ok] < 1e-6 * spots[~is_ok]).all()


def test_brents_method_finds_the_same() -> None:
    contracts, spots = random_contracts(25, seed=3)
    prices = american_price(contracts.is_call, spots, *contracts[1:])
    found = american_implied_volatility(contracts.is_call, prices, spots, *contracts[1:5])
    for row in np.flatnonzero(found.status == "ok"):
        is_call, *terms = (column[row] for column in contracts[:5])

        def error(
            volatility: float, row: int = row, is_call: bool = is_call, terms: tuple = tuple(terms)
        ) -> float:  # type: ignore[type-arg]
            return float(american_price(is_call, spots[row], *terms, volatility) - prices[row])

        expected = brentq(error, 1e-3, 4, xtol=1e-12)
        assert american_price(is_call, spots[row], *terms, found.volatility[row]) == pytest.approx(
            american_price(is_call, spots[row], *terms, expected), abs=1e-8 * spots[row]
        )


def test_it_is_not_above_the_european_one() -> None:
    """The American price is not below the European one at the same volatility."""
    contracts, spots = random_contracts(1000)
    prices = american_price(contracts.is_call, spots, *contracts[1:])
    american = american_implied_volatility(contracts.is_call, prices, spots, *contracts[1:5]).volatility
    european = implied_volatility(contracts.is_call, prices, spots, *contracts[1:5]).volatility
    known = np.isfinite(american) & np.isfinite(european)
    assert known.mean() > 0.7
    assert (american <= european + 1e-9)[known].all()
    assert (american < european - 1e-4)[known].mean() > 0.3


# put, spot 80, strike 100, half a year, rate 4 %, no dividends: worth at least 20, at most 100
STATUSES = [
    (np.nan, "no_quote"),
    (0.0, "no_quote"),
    (-1.0, "no_quote"),
    (19.5, "below_intrinsic"),
    (20.0, "no_time_value"),
    (20.01, "ok"),
    (22.0, "ok"),
    (99.0, "ok"),
    (100.0, "above_maximum"),
    (101.0, "above_maximum"),
]


@pytest.mark.parametrize(("price", "status"), STATUSES)
def test_statuses_of_a_put(price: float, status: str) -> None:
    found = american_implied_volatility(False, price, 80, 100, 0.5, 0.04, 0.0)
    assert found.status == status
    assert np.isfinite(found.volatility) == (status == "ok")


def test_european_prices_below_american_intrinsic_value_have_no_american_volatility() -> None:
    """A put may cost less than exercise now only if it cannot be exercised."""
    price = 19.0
    assert implied_volatility(False, price, 80, 100, 0.5, 0.04, 0.0).status == "ok"
    assert american_implied_volatility(False, price, 80, 100, 0.5, 0.04, 0.0).status == "below_intrinsic"


def test_the_least_price_may_be_that_of_waiting() -> None:
    """With dividends above the rate, a put without volatility is best exercised after some of them."""
    terms = (95, 100, 3, 0.06, 0.09)
    waiting = american_price(False, *terms, 1e-5)
    assert waiting > 100 - 95 + 0.5
    assert american_implied_volatility(False, waiting - 0.01, *terms).status == "below_intrinsic"
    assert american_implied_volatility(False, waiting + 0.01, *terms).status == "ok"


def test_calls_without_dividends_are_inverted_as_european_ones() -> None:
    contracts, spots = random_contracts(200)
    inputs = (True, 0.2 * spots, spots, *contracts[1:4], 0.0)
    american, european = american_implied_volatility(*inputs), implied_volatility(*inputs)
    np.testing.assert_array_equal(american.volatility, european.volatility)
    assert (american.status == european.status).all()


def test_between_two_boundaries_there_is_no_volatility() -> None:
    found = american_implied_volatility(
        [False, True, False], [25.0, 25.0, np.nan], 80, 100, 2, [-0.01, -0.05, -0.01], [-0.05, -0.01, -0.05]
    )
    assert found.status.tolist() == ["two_boundaries", "two_boundaries", "no_quote"]
    assert np.isnan(found.volatility).all()


@pytest.mark.parametrize("place", range(1, 6))
def test_an_unusable_input_is_bad_input_for_that_option_only(place: int) -> None:
    inputs = [np.full(3, number) for number in (8.0, 100.0, 101.0, 0.5, 0.03, 0.01)]
    expected = american_implied_volatility(False, *inputs)
    inputs[place][1] = np.nan
    found = american_implied_volatility(False, *inputs)
    assert found.status.tolist() == ["ok", "bad_input", "ok"]
    np.testing.assert_array_equal(found.volatility[[0, 2]], expected.volatility[[0, 2]])


def test_no_convergence_is_flagged_and_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STEPS", 1)
    found = american_implied_volatility(False, [9.0, 40.0], 100, 101, 0.5, 0.03, 0.0)
    assert found.status.tolist() == ["no_convergence"] * 2
    assert np.isnan(found.volatility).all()


def test_the_order_of_options_does_not_matter() -> None:
    contracts, spots = random_contracts(1500)
    prices = american_price(contracts.is_call, spots, *contracts[1:])
    order = np.random.default_rng(2).permutation(len(spots))
    before = american_implied_volatility(contracts.is_call, prices, spots, *contracts[1:5])
    shuffled = contracts.take(order)
    after = american_implied_volatility(shuffled.is_call, prices[order], spots[order], *shuffled[1:5])
    np.testing.assert_array_equal(after.volatility, before.volatility[order])


def test_shapes() -> None:
    found = american_implied_volatility(False, [[5.0], [6.0]], 100, [99.0, 100.0, 101.0], 0.5, 0.03, 0.01)
    assert found.volatility.shape == found.status.shape == (2, 3)
    assert american_implied_volatility([], [], [], [], [], [], []).volatility.shape == (0,)
