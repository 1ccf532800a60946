"""Drawn residuals, tested against published numbers, a loop and by invariants."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from python_models.panel import FloatArray
from python_models.portfolio.draws import Draws, drawn_residuals, split_mix, uniform_draws
from python_models.portfolio.pro_forma import proxied_returns

NAN = float("nan")
DATES = pd.bdate_range("2023-01-02", periods=500)
SYMBOLS = pd.Index(["AAA", "BBB", "CCC", "NEW"], dtype=str)


def _draws(minimum: int = 60, sectors: tuple[str | None, ...] = (None,) * 4) -> Draws:
    return Draws(uniform_draws(SYMBOLS, DATES), np.array(sectors, dtype=object), minimum)


def _residuals(seed: int = 3) -> FloatArray:
    """Those of NEW are known on the last 40 sessions only."""
    values = np.random.default_rng(seed).standard_t(4, (500, 4)) * [0.01, 0.02, 0.005, 0.03]
    values[:460, 3] = NAN
    values[:300, 1] = NAN
    return values


def test_the_generator_gives_its_published_numbers() -> None:
    """The first outputs of SplitMix64 with the seed 1234567, as in the test data of its implementations."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    found = split_mix(np.array([1234567], dtype=np.uint64), np.arange(4, dtype=np.uint64))
    assert found.tolist() == published


def test_draws_are_uniform_and_independent() -> None:
    uniform = uniform_draws(SYMBOLS, DATES)
    assert ((uniform >= 0) & (uniform < 1)).all()
    for column in uniform.T:
        assert stats.kstest(column, "uniform").pvalue > 0.001
    rho = np.corrcoef(uniform.T)[np.triu_indices(4, 1)]
    assert np.abs(rho).max() < 4 / np.sqrt(500)
    assert np.abs(np.corrcoef(uniform[1:, 0], uniform[:-1, 0])[0, 1]) < 4 / np.sqrt(500)


def test_a_draw_depends_on_its_symbol_and_date_only() -> None:
    whole = uniform_draws(SYMBOLS, DATES)
    np.testing.assert_array_equal(uniform_draws(SYMBOLS[[2]], DATES[100:200]), whole[100:200, [2]])
    np.testing.assert_array_equal(uniform_draws(SYMBOLS, DATES), whole)


def test_residuals_are_the_quantiles_of_the_symbols_own_around_their_mean() -> None:
    residuals, draws = _residuals(), _draws()
    wanted = np.isnan(residuals) & (np.arange(4) == 1)
    drawn = drawn_residuals(residuals, wanted, draws)
    pool = sorted(residuals[300:, 1] - residuals[300:, 1].mean())
    for session in range(300):
        assert drawn[session, 1] == pool[int(draws.uniform[session, 1] * 200)]
    assert (drawn[~wanted] == 0).all()
    assert drawn[:300, 1].std() == pytest.approx(residuals[300:, 1].std(), rel=0.15)
    assert abs(drawn[:300, 1].mean()) < 3 * 0.02 / np.sqrt(300)


def test_too_few_residuals_are_those_of_the_sector() -> None:
    residuals = _residuals()
    wanted = np.isnan(residuals) & (np.arange(4) == 3)
    assert (drawn_residuals(residuals, wanted, _draws()) == 0).all()
    alone = drawn_residuals(residuals, wanted, _draws(sectors=("Energy", "Energy", None, "Technology")))
    assert (alone == 0).all()
    drawn = drawn_residuals(residuals, wanted, _draws(sectors=("Energy", "Technology", None, "Technology")))
    pool = np.concatenate([part - part.mean() for part in (residuals[300:, 1], residuals[460:, 3])])
    assert np.isin(drawn[wanted], pool).all()
    assert drawn[wanted].std() > 0.5 * pool.std()


def test_one_more_session_hardly_changes_the_draws() -> None:
    """A quantile of the sample moves little: value at risk does not jump because the window moves."""
    residuals = _residuals()
    wanted = np.isnan(residuals) & (np.arange(4) == 1)
    later = residuals.copy()
    later[300, 1] = NAN  # another sample of 199
    before, after = (drawn_residuals(each, wanted, _draws())[:300, 1] for each in (residuals, later))
    assert np.abs(before - after).mean() < 0.05 * before.std()


def test_a_proxied_history_has_the_volatility_of_the_known_one() -> None:
    """Without residuals the proxies of a stock with beta 1 would have the market's volatility only."""
    rng = np.random.default_rng(9)
    market = rng.normal(0, 0.01, 500)
    returns = np.full((500, 4), NAN)
    returns[250:, 0] = market[250:] + rng.normal(0, 0.02, 250)
    betas, factors = np.ones((4, 1)), market[:, None]
    filled, is_proxied = proxied_returns(returns, betas, factors, _draws())
    assert is_proxied[:250, 0].all()
    expected = np.hypot(0.01, 0.02)
    assert filled[:250, 0].std() == pytest.approx(expected, rel=0.12)
    assert filled[:250, 1].std() == pytest.approx(0.01, rel=0.1)  # none of its own
    repeat, _ = proxied_returns(returns, betas, factors, _draws())
    np.testing.assert_array_equal(repeat, filled)
