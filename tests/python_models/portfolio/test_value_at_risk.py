"""Value at risk and expected shortfall, tested against textbooks, numpy and scipy, and by invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from python_models.options.american.pricing import american_price
from python_models.options.greeks import option_price
from python_models.panel import FloatArray
from python_models.portfolio.value_at_risk import (
    Options,
    cornish_fisher_risk,
    filtered_outcomes,
    historical_risk,
    is_monotone,
    option_scenario_pnl,
    parametric_risk,
    portfolio_value_at_risk,
    sample_moments,
)
from tests.examples import examples
from tests.method_config import RISK_CONFIG

NAN = float("nan")


def _pnl(seed: int = 5, sessions: int = 252, portfolios: int = 4, missing: float = 0.1) -> FloatArray:
    rng = np.random.default_rng(seed)
    values = rng.standard_t(4, (sessions, portfolios)) * 1000 + 30
    values[rng.random(values.shape) < missing] = NAN
    return values


def _array(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


# --- textbooks ---


@pytest.mark.parametrize(
    ("confidence", "value_at_risk", "expected_shortfall"),
    [
        (0.90, 162.1, 222.0),
        (0.95, 208.1, 260.9),
        (0.975, 247.9, 295.7),
        (0.99, 294.3, 337.1),
        (0.995, 325.8, 365.8),
    ],
)
def test_parametric_risk_gives_the_values_of_mcneil_frey_and_embrechts(
    confidence: float, value_at_risk: float, expected_shortfall: float
) -> None:
    """McNeil, Frey & Embrechts, Quantitative Risk Management (2005), example 2.18, table 2.2: 20 % p.a."""
    risk = parametric_risk(_array(0.0), _array(10_000 * 0.2 / np.sqrt(250)), confidence)
    assert risk.value_at_risk[0] == pytest.approx(value_at_risk, abs=0.05)
    assert risk.expected_shortfall[0] == pytest.approx(expected_shortfall, abs=0.05)


def test_cornish_fisher_gives_hulls_percentile_to_first_order_in_the_skew() -> None:
    """Hull, Options, Futures, and Other Derivatives, quadratic model of value at risk: skew -0.4, z -2.33.

    -2.33 - (2.33^2 - 1) 0.4 / 6 = -2.625. The book stops at the first order, which is half the difference
    between a skew and its opposite.
    """
    zero, one, confidence = _array(0.0), _array(1.0), float(stats.norm.cdf(2.33))
    normal, left, right = (
        cornish_fisher_risk(zero, one, _array(skew), zero, confidence).value_at_risk[0]
        for skew in (0.0, -0.4, 0.4)
    )
    assert normal == pytest.approx(2.33, rel=1e-12)
    assert normal + (left - right) / 2 == pytest.approx(2.625, abs=5e-4)


def test_kurtosis_without_skew_is_valid_from_zero_to_eight() -> None:
    """Maillard, A User's Guide to the Cornish Fisher Expansion (2012): without skew, 0 <= K <= 8.

    At 8 the quantile stops being monotone in the middle of the distribution. For negative K that happens at
    z^2 = 1 - 8 / K, which is between the quantiles of 0.5 and 99.5 % below K = -1.42.
    """
    kurtosis = _array(-1.43, -1.41, 0.0, 4.0, 7.99, 8.01)
    valid = is_monotone(np.zeros(6), kurtosis)
    assert valid.tolist() == [False, True, True, True, True, False]


def test_historical_risk_of_one_to_a_hundred_by_hand() -> None:
    """Losses 1..101: the 5 % quantile is the sixth worst, 96; the tail mean (101 + ... + 96) / 6 = 98.5."""
    risk = historical_risk(-np.arange(1.0, 102.0)[:, None], 0.95)
    assert risk.value_at_risk.tolist() == [96.0]
    assert risk.expected_shortfall.tolist() == [98.5]


def test_an_outcome_equal_to_the_quantile_is_in_the_tail_despite_rounding() -> None:
    """1 - 0.9 is below 0.1 in floating point; the eleventh of 101, here 0, is still the quantile."""
    risk = historical_risk(np.arange(-10.0, 91.0)[:, None], 0.9)
    assert risk.value_at_risk.tolist() == [0.0]
    assert risk.expected_shortfall.tolist() == [5.0]


# --- second implementations ---


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_historical_risk_equals_numpy_quantile_and_a_plain_mean(confidence: float) -> None:
    pnl = _pnl(portfolios=30)
    risk = historical_risk(pnl, confidence)
    for column in range(pnl.shape[1]):
        known = pnl[np.isfinite(pnl[:, column]), column]
        quantile = np.quantile(known, 1 - confidence)
        assert risk.value_at_risk[column] == pytest.approx(-quantile, rel=1e-9)
        assert risk.expected_shortfall[column] == pytest.approx(-known[known <= quantile].mean(), rel=1e-9)


def test_outcomes_that_equal_the_quantile_but_for_rounding_are_in_the_tail() -> None:
    days = np.concatenate([np.full(5, -30.0), np.full(45, -10.0), np.full(50, 12.0)])
    noise = np.random.default_rng(5).uniform(-1, 1, (len(days), 40))
    for size in (0.0, 1e-15, 1e-8):  # exact, of double precision, of single precision
        pnl = days[:, None] * (1 + size * noise)
        shortfall = historical_risk(pnl, 0.9, tie_tolerance=1e-6).expected_shortfall
        np.testing.assert_allclose(shortfall, (5 * 30 + 45 * 10) / 50, rtol=1e-6)


def test_parametric_shortfall_equals_scipys_expectation() -> None:
    risk = parametric_risk(_array(3.0), _array(20.0), 0.975)
    quantile = stats.norm.ppf(0.025, 3.0, 20.0)
    expected = stats.norm.expect(lambda x: x, loc=3.0, scale=20.0, ub=quantile, conditional=True)
    assert risk.value_at_risk[0] == pytest.approx(-quantile, rel=1e-12)
    assert risk.expected_shortfall[0] == pytest.approx(-expected, rel=1e-8)


@pytest.mark.parametrize(("skew", "kurtosis"), [(0.0, 0.0), (-0.5, 1.5), (0.3, 2.0), (-0.8, 4.0)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_cornish_fisher_shortfall_equals_numerical_integration(
    skew: float, kurtosis: float, confidence: float
) -> None:
    alpha = 1 - confidence

    def value_at_risk(tail: float) -> float:
        risk = cornish_fisher_risk(_array(1.0), _array(7.0), _array(skew), _array(kurtosis), 1 - tail)
        return float(risk.value_at_risk[0])

    def weighted(z: float) -> float:
        return value_at_risk(float(stats.norm.cdf(z))) * float(stats.norm.pdf(z))

    total, _ = integrate.quad(weighted, -8, stats.norm.ppf(alpha), epsabs=1e-12)
    risk = cornish_fisher_risk(_array(1.0), _array(7.0), _array(skew), _array(kurtosis), confidence)
    assert risk.expected_shortfall[0] == pytest.approx(total / alpha, rel=1e-7)


def test_sample_moments_equal_scipy() -> None:
    pnl = _pnl(portfolios=20)
    moments = sample_moments(pnl)
    for column in range(pnl.shape[1]):
        known = pnl[np.isfinite(pnl[:, column]), column]
        assert moments.observations[column] == len(known)
        assert moments.mean[column] == pytest.approx(known.mean(), rel=1e-10)
        assert moments.std[column] == pytest.approx(known.std(ddof=1), rel=1e-10)
        assert moments.skew[column] == pytest.approx(stats.skew(known, bias=False), rel=1e-9)
        assert moments.excess_kurtosis[column] == pytest.approx(stats.kurtosis(known, bias=False), rel=1e-9)


@settings(max_examples=examples(20), deadline=None)
@given(st.floats(-3, 3), st.floats(-2, 10))
def test_is_monotone_equals_a_grid_over_the_domain(skew: float, kurtosis: float) -> None:
    z = np.linspace(*stats.norm.ppf([0.005, 0.995]), 20_000)
    derivative = (
        1 + z * skew / 3 + (3 * z**2 - 3) * kurtosis / 24 - (6 * z**2 - 5) * skew**2 / 36
    )  # of z_cf by z
    if abs(derivative.min()) > 1e-3:
        assert is_monotone(_array(skew), _array(kurtosis))[0] == (derivative > 0).all()


# --- properties ---


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000), st.floats(-1e4, 1e4), st.floats(0.01, 100))
def test_risk_shifts_with_cash_and_scales_with_size(seed: int, cash: float, size: float) -> None:
    pnl = _pnl(seed)
    risk, moved = (portfolio_value_at_risk(values, RISK_CONFIG) for values in (pnl, size * pnl + cash))
    for column in [name for name in risk if "_1d" in name and "filtered" not in name]:
        np.testing.assert_allclose(moved[column], size * risk[column] - cash, rtol=1e-8, atol=1e-6)


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000))
def test_shortfall_is_at_least_value_at_risk_and_99_at_least_95(seed: int) -> None:
    risk = portfolio_value_at_risk(_pnl(seed), RISK_CONFIG)
    for suffix in ["1d", "1d_filtered", "1d_parametric"]:
        assert (risk[f"es_95_{suffix}"] >= risk[f"var_95_{suffix}"]).all()
        assert (risk[f"es_99_{suffix}"] >= risk[f"var_99_{suffix}"]).all()
        assert (risk[f"var_99_{suffix}"] >= risk[f"var_95_{suffix}"]).all()
        assert (risk[f"es_99_{suffix}"] >= risk[f"es_95_{suffix}"]).all()
    adjusted = risk[risk["is_cornish_fisher_monotone"]]
    assert (adjusted["es_95_1d_cornish_fisher"] >= adjusted["var_95_1d_cornish_fisher"]).all()
    assert (adjusted["var_99_1d_cornish_fisher"] >= adjusted["var_95_1d_cornish_fisher"]).all()


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000))
def test_historical_shortfall_of_a_sum_is_at_most_the_sum(seed: int) -> None:
    pnl = _pnl(seed, portfolios=2, missing=0.0)
    for confidence in RISK_CONFIG.confidences:
        apart = historical_risk(pnl, confidence).expected_shortfall
        together = historical_risk(pnl.sum(axis=1, keepdims=True), confidence).expected_shortfall
        assert together[0] <= apart.sum() + 1e-9


def test_cornish_fisher_without_skew_and_kurtosis_is_normal() -> None:
    mean, std, zero = _array(0.1, -2.0), _array(1.0, 5.0), _array(0.0, 0.0)
    adjusted, normal = cornish_fisher_risk(mean, std, zero, zero, 0.99), parametric_risk(mean, std, 0.99)
    np.testing.assert_allclose(adjusted, normal, rtol=1e-14)
    assert is_monotone(zero, zero).all()


def test_is_monotone_is_false_where_the_quantile_decreases() -> None:
    """With strong skew and little kurtosis the expansion is not monotone: a rarer loss would be smaller."""
    assert not is_monotone(_array(-2.0), _array(1.0))[0]
    assert is_monotone(_array(-0.5), _array(3.0))[0]
    assert not is_monotone(_array(NAN), _array(3.0))[0]
    for skew in (-1.5, 1.5):  # K/8 = S^2/6: the derivative is a line
        assert not is_monotone(_array(skew), _array(3.0))[0]
    assert not is_monotone(_array(0.0), _array(9.0))[0]  # in the center


def test_cornish_fisher_is_unknown_where_its_quantile_is_not_monotone() -> None:
    """One crash makes the 95 % figure a fraction of the others': the expansion does not hold."""
    pnl = np.random.default_rng(3).normal(0, 1_000, (252, 2))
    pnl[7, 0] = -15_000
    risk = portfolio_value_at_risk(pnl, RISK_CONFIG)
    names = [name for name in risk if name.endswith("_cornish_fisher")]
    assert risk["is_cornish_fisher_monotone"].tolist() == [False, True]
    assert len(names) == 4
    assert risk.loc[0, names].isna().all()
    assert risk.loc[1, names].notna().all()
    assert risk.loc[0, ["var_95_1d", "var_95_1d_parametric"]].notna().all()


def test_a_left_skew_and_fat_tails_raise_the_risk() -> None:
    mean, std = _array(0.0), _array(1.0)
    normal = parametric_risk(mean, std, 0.99)
    skewed = cornish_fisher_risk(mean, std, _array(-0.5), _array(0.0), 0.99)
    fat = cornish_fisher_risk(mean, std, _array(0.0), _array(3.0), 0.99)
    for risk in (skewed, fat):
        assert risk.value_at_risk[0] > normal.value_at_risk[0]
        assert risk.expected_shortfall[0] > normal.expected_shortfall[0]


# --- filtered outcomes ---


def _slow_filtered(outcomes: list[float]) -> list[float]:
    """The outcomes of the last 252 sessions times today's volatility over their own, session by session."""

    def volatility(known: list[float]) -> float:
        weights = [0.94**age for age in range(len(known))]
        squares = sum(weight * value**2 for weight, value in zip(weights, reversed(known), strict=True))
        return float(np.sqrt(squares / sum(weights)))

    recent = outcomes[-315:]
    today = volatility([value for value in recent if not np.isnan(value)])
    found = []
    for place in range(len(recent) - 252, len(recent)):
        before = [value for value in recent[:place] if not np.isnan(value)]
        own = volatility(before) if len(before) >= 21 else NAN
        found.append(recent[place] * today / own)
    return found


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([252, 290, 400]))
def test_filtered_outcomes_equal_a_loop_over_sessions(seed: int, sessions: int) -> None:
    pnl = _pnl(seed, sessions=sessions, portfolios=3)
    found = filtered_outcomes(pnl, RISK_CONFIG)
    for portfolio in range(3):
        expected = _slow_filtered(pnl[:, portfolio].tolist())
        np.testing.assert_allclose(found[:, portfolio], expected, rtol=1e-10)


def test_filtered_value_at_risk_by_hand() -> None:
    """Outcomes of 100 in turn up and down, then a last one of 200: volatility rises to 108.6 %.

    With 314 outcomes before it, today's mean square is 0.94 x 100^2 + 0.06 x 200^2 (the weights add up to
    1 - 4e-9): every other outcome is scaled by the root of 1.18, the last one by the same.
    """
    pnl = 100.0 * (-1.0) ** np.arange(315)
    pnl[-1] = 200.0
    risk = portfolio_value_at_risk(pnl[:, None], RISK_CONFIG).iloc[0]
    assert risk["var_95_1d"] == pytest.approx(100)
    assert risk["var_95_1d_filtered"] == pytest.approx(100 * np.sqrt(1.18), rel=1e-7)
    assert risk["es_99_1d_filtered"] == pytest.approx(100 * np.sqrt(1.18), rel=1e-7)


def test_outcomes_of_one_size_are_not_scaled() -> None:
    pnl = 50.0 * np.random.default_rng(4).choice([-1.0, 1.0], (300, 3))
    risk = portfolio_value_at_risk(pnl, RISK_CONFIG)
    for label in ("var_95_1d", "es_95_1d", "var_99_1d", "es_99_1d"):
        np.testing.assert_allclose(risk[f"{label}_filtered"], risk[label], rtol=1e-12)


def test_a_storm_raises_and_a_calm_lowers_filtered_risk() -> None:
    pnl = _pnl(sessions=315, portfolios=2, missing=0.0)
    pnl[-15:, 0] *= 5
    pnl[-60:, 1] /= 5
    risk = portfolio_value_at_risk(pnl, RISK_CONFIG)
    assert risk["var_95_1d_filtered"][0] > 1.5 * risk["var_95_1d"][0]
    assert risk["var_95_1d_filtered"][1] < 0.5 * risk["var_95_1d"][1]


@settings(max_examples=examples(8), deadline=None)
@given(st.integers(0, 10_000), st.integers(-4, 10))
def test_filtered_risk_scales_with_size(seed: int, power: int) -> None:
    pnl = _pnl(seed)
    plain, scaled = (filtered_outcomes(values, RISK_CONFIG) for values in (pnl, 2.0**power * pnl))
    np.testing.assert_array_equal(scaled, 2.0**power * plain)


def test_the_volatility_of_an_outcome_does_not_depend_on_it_or_on_later_ones() -> None:
    pnl = _pnl(sessions=315, portfolios=1, missing=0.0)
    changed = pnl.copy()
    changed[-1] *= 3
    first, second = filtered_outcomes(pnl, RISK_CONFIG), filtered_outcomes(changed, RISK_CONFIG)
    ratio = second[:-1] / first[:-1]
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-12)  # only today's volatility differs
    assert second[-1, 0] == pytest.approx(3 * first[-1, 0] * ratio[0, 0])


def test_outcomes_of_zero_stay_zero_and_the_first_one_after_them_is_unknown() -> None:
    pnl = np.zeros((100, 2))
    pnl[60, 1] = -40.0
    found = filtered_outcomes(pnl, RISK_CONFIG)
    assert (found[21:, 0] == 0).all()
    assert np.isnan(found[:21]).all()
    assert np.isnan(found[60, 1])
    assert (np.delete(found[21:, 1], 39) == 0).all()
    risk = portfolio_value_at_risk(pnl, RISK_CONFIG)
    assert risk["var_99_1d_filtered"].tolist() == [0.0, 0.0]


# --- missing values and independence ---


def test_fifty_nine_outcomes_are_too_few_and_sixty_are_enough() -> None:
    pnl = _pnl(sessions=100, portfolios=2, missing=0.0)
    pnl[:41, 0] = NAN
    pnl[:40, 1] = NAN
    risk = portfolio_value_at_risk(pnl, RISK_CONFIG)
    measures = [name for name in risk if "_1d" in name or "_10d" in name]
    assert len(measures) == 18
    assert risk["observations"].tolist() == [59, 60]
    assert risk.loc[0, measures].isna().all()
    filtered = [
        name for name in measures if "filtered" in name
    ]  # 21 of the outcomes only start the volatility
    assert risk.loc[1, filtered].isna().all()
    assert risk.loc[1].drop(filtered)[[name for name in measures if name not in filtered]].notna().all()
    assert not risk["is_cornish_fisher_monotone"][0]


def test_outcomes_before_the_window_do_not_matter() -> None:
    pnl = _pnl(sessions=400)
    changed = pnl.copy()
    changed[: 400 - RISK_CONFIG.history] = 1e9
    first, second = portfolio_value_at_risk(pnl, RISK_CONFIG), portfolio_value_at_risk(changed, RISK_CONFIG)
    assert first.equals(second)


def test_a_portfolio_does_not_depend_on_others() -> None:
    pnl = _pnl(portfolios=37)
    whole = portfolio_value_at_risk(pnl, RISK_CONFIG)
    for portfolio in (0, 17, 36):
        alone = portfolio_value_at_risk(pnl[:, [portfolio]], RISK_CONFIG)
        assert alone.iloc[0].equals(whole.iloc[portfolio])
    pnl[:, 3] = NAN
    after = portfolio_value_at_risk(pnl, RISK_CONFIG)
    assert after.drop(index=3).equals(whole.drop(index=3))


def test_the_order_of_sessions_does_not_matter_for_historical_risk() -> None:
    pnl = _pnl()
    shuffled = np.random.default_rng(2).permutation(pnl)
    np.testing.assert_allclose(historical_risk(shuffled, 0.99), historical_risk(pnl, 0.99), rtol=1e-14)


def test_ten_days_are_one_day_times_the_root_of_ten() -> None:
    risk = portfolio_value_at_risk(_pnl(), RISK_CONFIG)
    np.testing.assert_allclose(risk["var_95_10d"], np.sqrt(10) * risk["var_95_1d"])
    np.testing.assert_allclose(risk["var_99_10d"], np.sqrt(10) * risk["var_99_1d"])


def test_a_constant_portfolio_has_value_at_risk_but_no_cornish_fisher() -> None:
    risk = portfolio_value_at_risk(np.full((100, 1), 0.1), RISK_CONFIG).iloc[0]
    assert risk["var_99_1d"] == pytest.approx(-0.1)
    assert risk["var_99_1d_parametric"] == pytest.approx(-0.1)
    assert np.isnan(risk["var_99_1d_cornish_fisher"])
    assert not risk["is_cornish_fisher_monotone"]


def test_empty_inputs_give_an_empty_frame_or_nan() -> None:
    assert len(portfolio_value_at_risk(np.empty((100, 0)), RISK_CONFIG)) == 0
    nothing = portfolio_value_at_risk(np.empty((0, 2)), RISK_CONFIG)
    assert nothing["var_95_1d"].isna().all()
    assert nothing["observations"].tolist() == [0, 0]


# --- options ---


def _options(count: int = 40, seed: int = 4) -> tuple[Options, FloatArray]:
    rng = np.random.default_rng(seed)
    options = Options(
        is_american=np.zeros(count, dtype=bool),
        is_call=rng.random(count) < 0.5,
        spot=rng.uniform(20, 400, count),
        strike=rng.uniform(20, 400, count),
        years=rng.uniform(0.02, 2, count),
        rate=rng.uniform(0, 0.06, count),
        dividend_yield=rng.uniform(0, 0.04, count),
        volatility=rng.uniform(0.1, 0.9, count),
    )
    return options, option_price(*options[1:])


def test_option_scenario_gives_hulls_call_and_put() -> None:
    """Hull, example 15.6: S 42, K 40, r 10 %, sigma 20 %, half a year: call 4.76, put 0.81; 40 x 1.05."""
    options = Options(
        np.array([False, False]),
        np.array([True, False]),
        *(np.full(2, value) for value in (40.0, 40.0, 0.5, 0.10, 0.0, 0.2)),
    )
    base = option_price(*options[1:])
    pnl = option_scenario_pnl(options, base, np.full((1, 2), 0.05))
    np.testing.assert_allclose(base + pnl[0], [4.76, 0.81], atol=0.005)


def test_option_scenarios_equal_individual_prices() -> None:
    options, base = _options()
    shocks = np.random.default_rng(1).normal(0, 0.1, (5, 40))
    pnl = option_scenario_pnl(options, base, shocks)
    for scenario in range(5):
        for place in range(40):
            is_call, spot, *rest = (field[place] for field in options[1:])
            shocked = option_price(is_call, spot * (1 + shocks[scenario, place]), *rest)
            assert pnl[scenario, place] == pytest.approx(float(shocked - base[place]), abs=1e-10)


def test_american_option_scenarios_equal_individual_prices() -> None:
    european, _ = _options()
    options = european._replace(is_american=np.arange(40) % 4 != 0)
    shocks = np.vstack([np.random.default_rng(1).normal(0, 0.1, (5, 40)), np.full((1, 40), -1.0)])
    factors = np.linspace(0.8, 1.5, 6)[:, None]
    for volatility in (options.volatility, options.volatility * factors):
        pnl = option_scenario_pnl(options._replace(volatility=volatility), np.zeros(40), shocks)
        spots, each = options.spot * (1 + shocks), np.broadcast_to(volatility, shocks.shape)
        american = american_price(options.is_call, spots, *options[3:7], each)
        is_american = options.is_american
        np.testing.assert_allclose(pnl[:, is_american], american[:, is_american], rtol=1e-12)
        plain = option_scenario_pnl(european._replace(volatility=volatility), np.zeros(40), shocks)
        np.testing.assert_array_equal(pnl[:, ~is_american], plain[:, ~is_american])
        assert (pnl >= plain - 1e-9).all()
        assert (pnl > plain + 0.01).any()


def test_an_underlying_worth_zero_gives_the_limits() -> None:
    options, base = _options()
    pnl = option_scenario_pnl(options, base, np.array([[-1.0], [-1.7]]) * np.ones(40))
    value = np.where(options.is_call, 0.0, options.strike * np.exp(-options.rate * options.years))
    np.testing.assert_allclose(pnl, [value - base] * 2, atol=1e-12)
    nearly = option_scenario_pnl(options, base, np.full((1, 40), -1 + 1e-9))
    np.testing.assert_allclose(nearly[0], pnl[0], atol=1e-5)


@settings(max_examples=examples(8), deadline=None)
@given(st.floats(-1.0, 3.0))
def test_put_call_parity_holds_in_every_scenario(shock: float) -> None:
    """P&L of a call minus that of its put equals that of the forward: S e^{-qT} x shock."""
    options, _ = _options()
    legs = [options._replace(is_call=np.full(40, is_call)) for is_call in (True, False)]
    call, put = (option_scenario_pnl(leg, option_price(*leg[1:]), np.full((1, 40), shock)) for leg in legs)
    forward = options.spot * np.exp(-options.dividend_yield * options.years) * shock
    np.testing.assert_allclose((call - put)[0], forward, rtol=1e-9, atol=1e-8)


@settings(max_examples=examples(8), deadline=None)
@given(st.floats(-1.0, 5.0))
def test_a_long_option_never_loses_more_than_its_value(shock: float) -> None:
    options, base = _options()
    pnl = option_scenario_pnl(options, base, np.full((1, 40), shock))[0]
    assert (pnl >= -base - 1e-9).all()
    assert (np.sign(pnl) * np.where(options.is_call, 1, -1) * np.sign(shock) >= 0)[np.abs(pnl) > 1e-9].all()


def test_an_unknown_shock_or_volatility_affects_only_its_option() -> None:
    options, base = _options()
    shocks = np.full((2, 40), -0.2)
    plain = option_scenario_pnl(options, base, shocks)
    shocks[1, 3] = NAN
    volatility = options.volatility.copy()
    volatility[7] = NAN
    holed = options._replace(volatility=volatility)
    pnl = option_scenario_pnl(holed, option_price(*holed[1:]), shocks)
    unknown = np.isnan(pnl)
    assert np.argwhere(unknown).tolist() == [[0, 7], [1, 3], [1, 7]]
    np.testing.assert_array_equal(pnl[~unknown], plain[~unknown])


def test_take_selects_options_by_index() -> None:
    options, _ = _options()
    taken = options.take(np.array([5, 2]))
    assert taken.strike.tolist() == [options.strike[5], options.strike[2]]
    assert taken.is_call.tolist() == [options.is_call[5], options.is_call[2]]
