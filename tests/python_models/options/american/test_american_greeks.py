"""American Greeks against bumped prices, and at the exercise boundary."""

import numpy as np
import pytest

from python_models.options.american.pricing import american_price, exercise_boundary
from python_models.options.american.sensitivities import american_greeks
from python_models.options.greeks import Greeks, option_greeks
from tests.python_models.options.american.cases import random_contracts

SIZE = 400


def _bumped(option: list[object], place: int, step: object, order: int = 1) -> object:
    """Central difference of the price of this order in one argument."""
    at = np.asarray(option[place])
    low, base, high = (
        american_price(*option[:place], at + way * np.asarray(step), *option[place + 1 :])  # type: ignore[arg-type]
        for way in (-1, 0, 1)
    )
    return (high - low) / (2 * np.asarray(step)) if order == 1 else (high - 2 * base + low) / np.square(step)


def test_greeks_equal_bumped_prices() -> None:
    contracts, spots = random_contracts(SIZE)
    option = [contracts.is_call, spots, *contracts[1:]]
    greeks = american_greeks(*option)  # type: ignore[arg-type]
    move = spots * contracts.volatility * np.sqrt(contracts.years)
    years, volatility = contracts.years, contracts.volatility
    expected = {
        "delta": _bumped(option, 1, 1e-3 * move),
        "gamma": _bumped(option, 1, 1e-2 * move, order=2),
        "theta": -_bumped(option, 3, 1e-3 * years) / 365,  # type: ignore[operator]
        "vega": _bumped(option, 6, 2e-3 * volatility) / 100,  # type: ignore[operator]
        "rho": _bumped(option, 4, 2e-4) / 100,  # type: ignore[operator]
        "volga": _bumped(option, 6, 1e-2 * volatility, order=2) / 1e4,  # type: ignore[operator]
    }
    scale = {
        "delta": 1.0,
        "gamma": 1 / move,
        "theta": move / years / 365,
        "vega": move / volatility / 100,
        "rho": spots * years / 100,
        "volga": move / volatility**2 / 1e4,
    }
    held = greeks.gamma != 0
    for name, bumped in expected.items():
        error = (np.abs(getattr(greeks, name) - bumped) / scale[name])[held]
        # a bump that reaches across the boundary sees the jump of gamma there
        assert np.quantile(error, 0.97) < 1e-3, name
        assert np.median(error) < 1e-5, name


@pytest.mark.parametrize("quantity", ["vanna", "charm"])
def test_vanna_and_charm_equal_bumped_deltas(quantity: str) -> None:
    contracts, spots = random_contracts(SIZE)
    option = [contracts.is_call, spots, *contracts[1:]]
    place, unit = (6, 1 / 100) if quantity == "vanna" else (3, -1 / 365)
    step = 2e-3 * np.asarray(option[place])
    high, low = (
        american_greeks(*option[:place], option[place] + way * step, *option[place + 1 :]).delta
        for way in (1, -1)
    )
    greeks = american_greeks(*option)
    error = np.abs(getattr(greeks, quantity) - (high - low) / (2 * step) * unit)[greeks.gamma != 0]
    assert np.median(error * contracts[5 if place == 6 else 2][greeks.gamma != 0] / abs(unit)) < 1e-4


def test_an_option_that_should_be_exercised_moves_with_its_intrinsic_value() -> None:
    greeks = american_greeks([False, True], [60, 160], 100, 1, 0.05, 0.06, 0.2)
    assert greeks.price.tolist() == [40, 60]
    assert greeks.delta.tolist() == [-1, 1]
    for name in Greeks._fields[2:]:
        assert getattr(greeks, name).tolist() == [0, 0], name


def test_gamma_at_the_boundary_follows_from_the_black_scholes_equation() -> None:
    """There delta is -1 and theta 0, so gamma = 2 (r K - q S) / (volatility S)^2."""
    contracts, _ = random_contracts(SIZE, seed=7)
    is_put = ~contracts.is_call & contracts.is_exercised_early()
    contracts = contracts.take(np.flatnonzero(is_put))
    level = contracts.strike * np.exp(exercise_boundary(*contracts).log_boundary.now)
    spots = level * (1 + 1e-6)
    greeks = american_greeks(False, spots, *contracts[1:])
    earned = contracts.rate * contracts.strike - contracts.dividend_yield * spots
    expected = 2 * earned / (contracts.volatility * spots) ** 2
    np.testing.assert_allclose(greeks.delta, -1, atol=2e-3)
    assert np.median(np.abs(greeks.delta + 1)) < 1e-5
    np.testing.assert_allclose(greeks.gamma * level, expected * level, rtol=0.02, atol=2e-3)


def test_signs_and_bounds() -> None:
    contracts, spots = random_contracts(2000, seed=9)
    greeks = american_greeks(contracts.is_call, spots, *contracts[1:])
    sign = np.where(contracts.is_call, 1, -1)
    assert ((sign * greeks.delta >= 0) & (sign * greeks.delta <= 1 + 1e-4)).all()
    assert (greeks.gamma >= -1e-6).all()
    assert (greeks.vega >= -1e-6 * spots).all()
    assert (greeks.theta <= 1e-6 * spots).all()
    np.testing.assert_array_equal(greeks.price, american_price(contracts.is_call, spots, *contracts[1:]))


def test_options_that_are_never_exercised_early_have_exactly_the_european_greeks() -> None:
    contracts, spots = random_contracts(50)
    option = (True, spots, *contracts[1:4], 0.0, contracts.volatility)
    for american, european in zip(american_greeks(*option), option_greeks(*option), strict=True):
        np.testing.assert_array_equal(american, european)


def test_unknown_prices_have_no_greeks() -> None:
    option = ([False, True, False], [80, 80, -1.0], 100, 2, [-0.01, -0.05, 0.05], [-0.05, -0.01, 0.0], 0.3)
    for greek in american_greeks(*option):
        assert np.isnan(greek).all()


def test_shapes() -> None:
    grid = american_greeks(False, [[90.0], [100.0]], [95.0, 100.0, 105.0], 0.5, 0.03, 0.01, 0.2)
    assert grid.delta.shape == (2, 3)
    assert grid.vega[1, 2] == american_greeks(False, 100, 105, 0.5, 0.03, 0.01, 0.2).vega
    assert american_greeks([], [], [], [], [], [], []).delta.shape == (0,)
