"""Pro-forma returns, tested by hand, against a slow loop and by invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.panel import FloatArray
from python_models.portfolio import pro_forma
from python_models.portfolio.draws import Draws
from python_models.portfolio.pro_forma import ProxiedReturns, pro_forma_returns, proxied_share
from tests.examples import examples

NAN = float("nan")


def proxied_returns(returns: FloatArray, betas: FloatArray, factor_returns: FloatArray) -> ProxiedReturns:
    """Without residuals: there are never as many as the minimum."""
    sectors = np.full(returns.shape[1], None, dtype=object)
    draws = Draws(np.zeros(returns.shape), sectors, len(returns) + 1)
    return pro_forma.proxied_returns(returns, betas, factor_returns, draws)


def _case(seed: int = 3, symbols: int = 6) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """weights, returns, betas, factor_returns with missing values of every kind."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(0, 0.01, (40, 3))
    factors[5, 2] = NAN  # a bond holiday
    factors[7, 0] = NAN  # the market is unknown
    betas = rng.normal(0.5, 0.5, (symbols, 3))
    betas[1] = NAN
    returns = rng.normal(0, 0.02, (40, symbols))
    returns[rng.random(returns.shape) < 0.3] = NAN
    weights = rng.normal(0, 0.5, (4, symbols))
    weights[rng.random(weights.shape) < 0.3] = 0.0
    return weights, returns, betas, factors


def _slow(weights: FloatArray, returns: FloatArray, betas: FloatArray, factors: FloatArray) -> FloatArray:
    """Sessions x portfolios, cell by cell."""
    result = np.full((len(returns), len(weights)), NAN)
    for session in range(len(returns)):
        for portfolio, row in enumerate(weights):
            total, count = 0.0, 0
            for symbol, weight in enumerate(row):
                if weight == 0 or np.isnan(betas[symbol]).any():
                    continue
                value = returns[session, symbol]
                if np.isnan(value):
                    if np.isnan(factors[session, 0]):
                        value = NAN
                    else:
                        value = float(np.nansum(betas[symbol] * factors[session]))
                total, count = total + weight * value, count + 1
            if count:
                result[session, portfolio] = total
    return result


def test_a_portfolio_by_hand() -> None:
    """60 % of a stock and -40 % of one with market beta 2, listed on the second day."""
    returns = np.array([[0.01, NAN], [-0.02, 0.03]])
    betas = np.array([[1.0, 0.0], [2.0, -7.0]])
    factors = np.array([[0.005, 0.001], [-0.01, 0.0]])
    filled, is_proxied = proxied_returns(returns, betas, factors)
    assert filled[0, 1] == pytest.approx(2 * 0.005 - 7 * 0.001)
    assert is_proxied.tolist() == [[False, True], [False, False]]
    weights = np.array([[0.6, -0.4]])
    np.testing.assert_allclose(
        pro_forma_returns(weights, filled), [[0.006 - 0.4 * 0.003], [-0.012 - 0.4 * 0.03]]
    )
    np.testing.assert_allclose(proxied_share(weights, filled, is_proxied), [0.4 * 0.5 / 1.0])


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000))
def test_pro_forma_returns_equal_a_loop_over_cells(seed: int) -> None:
    weights, returns, betas, factors = _case(seed)
    filled, _ = proxied_returns(returns, betas, factors)
    np.testing.assert_allclose(
        pro_forma_returns(weights, filled), _slow(weights, returns, betas, factors), rtol=1e-12, atol=1e-15
    )


def test_an_unknown_yield_counts_as_zero_and_an_unknown_market_gives_nan() -> None:
    returns = np.full((3, 1), NAN)
    factors = np.array([[0.01, 0.002], [0.01, NAN], [NAN, 0.002]])
    filled, is_proxied = proxied_returns(returns, np.array([[1.5, -8.0]]), factors)
    np.testing.assert_allclose(filled[:, 0], [0.015 - 0.016, 0.015, NAN])
    assert is_proxied[:, 0].tolist() == [True, True, False]


def test_a_symbol_without_betas_is_left_out() -> None:
    returns = np.array([[0.01, 0.05], [0.02, 0.05]])
    filled, is_proxied = proxied_returns(returns, np.array([[1.0], [NAN]]), np.zeros((2, 1)))
    assert np.isnan(filled[:, 1]).all()
    np.testing.assert_allclose(pro_forma_returns(np.array([[0.5, 0.5]]), filled), [[0.005], [0.01]])
    assert proxied_share(np.array([[0.5, 0.5]]), filled, is_proxied).tolist() == [0.0]


def test_a_portfolio_without_known_returns_is_nan_not_zero() -> None:
    filled = np.array([[0.01, NAN], [0.02, NAN]])
    weights = np.array([[0.0, 1.0], [0.0, 0.0]])
    assert np.isnan(pro_forma_returns(weights, filled)).all()
    assert np.isnan(proxied_share(weights, filled, np.zeros((2, 2), dtype=bool))).all()


def test_a_missing_session_of_a_symbol_affects_only_its_holders() -> None:
    filled = np.array([[0.01, NAN], [0.02, 0.03]])
    result = pro_forma_returns(np.array([[1.0, 0.0], [0.5, 0.5]]), filled)
    np.testing.assert_allclose(result, [[0.01, NAN], [0.02, 0.025]])


def test_an_unknown_weight_is_not_zero() -> None:
    assert np.isnan(pro_forma_returns(np.array([[NAN, 1.0]]), np.array([[0.01, 0.02]]))).all()


def test_a_dollar_neutral_book_has_returns() -> None:
    """Weights are shares of equity, so a net value of zero is not a division by zero."""
    result = pro_forma_returns(np.array([[1.0, -1.0]]), np.array([[0.01, 0.03]]))
    np.testing.assert_allclose(result, [[-0.02]])


def test_a_portfolio_does_not_depend_on_others_or_on_unheld_symbols() -> None:
    weights, returns, betas, factors = _case()
    filled, is_proxied = proxied_returns(returns, betas, factors)
    whole = pro_forma_returns(weights, filled)
    for portfolio in range(len(weights)):
        one = slice(portfolio, portfolio + 1)
        held = weights[portfolio] != 0
        np.testing.assert_array_equal(pro_forma_returns(weights[one], filled)[:, 0], whole[:, portfolio])
        alone = pro_forma_returns(weights[one][:, held], filled[:, held])
        np.testing.assert_array_equal(alone[:, 0], whole[:, portfolio])
        np.testing.assert_array_equal(
            proxied_share(weights[one], filled, is_proxied), proxied_share(weights, filled, is_proxied)[one]
        )


def test_the_proxies_of_a_symbol_do_not_depend_on_others() -> None:
    _, returns, betas, factors = _case()
    whole, _ = proxied_returns(returns, betas, factors)
    for symbol in range(returns.shape[1]):
        one = slice(symbol, symbol + 1)
        alone, _ = proxied_returns(returns[:, one], betas[one], factors)
        np.testing.assert_array_equal(alone, whole[:, one])


def test_the_order_of_symbols_does_not_matter() -> None:
    weights, returns, betas, factors = _case()
    order = np.random.default_rng(1).permutation(returns.shape[1])
    plain = pro_forma_returns(weights, proxied_returns(returns, betas, factors).filled)
    permuted = pro_forma_returns(
        weights[:, order], proxied_returns(returns[:, order], betas[order], factors).filled
    )
    np.testing.assert_allclose(permuted, plain, rtol=1e-12, atol=1e-16)


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_returns_are_linear_in_the_weights_and_the_share_is_between_zero_and_one(
    seed: int, scale: float
) -> None:
    weights, returns, betas, factors = _case(seed)
    filled, is_proxied = proxied_returns(returns, betas, factors)
    if abs(scale) > 1e-3:
        np.testing.assert_allclose(
            pro_forma_returns(scale * weights, filled), scale * pro_forma_returns(weights, filled), atol=1e-12
        )
    share = proxied_share(weights, filled, is_proxied)
    known = share[np.isfinite(share)]
    assert ((known >= 0) & (known <= 1 + 1e-12)).all()


def test_nothing_is_changed_in_place() -> None:
    weights, returns, betas, factors = _case()
    before = returns.copy()
    pro_forma_returns(weights, proxied_returns(returns, betas, factors).filled)
    np.testing.assert_array_equal(returns, before)
