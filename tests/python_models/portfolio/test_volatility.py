"""Volatility, tested against a textbook number, pandas and statsmodels, and by invariants."""

import math
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.portfolio import volatility
from python_models.portfolio.volatility import VolatilityProfile, forecast_columns
from tests.examples import examples
from tests.method_config import VOLATILITY_CONFIG

FloatArray = npt.NDArray[np.float64]
seeds = st.integers(0, 10_000)
realized_volatility = partial(volatility.realized_volatility, minimum_share=VOLATILITY_CONFIG.minimum_share)
symbol_volatility = partial(volatility.symbol_volatility, rules=VOLATILITY_CONFIG)
volatility_profile = partial(volatility.volatility_profile, rules=VOLATILITY_CONFIG)


def _returns(sessions: int, series: int, *, seed: int = 7, missing: float = 0.0) -> FloatArray:
    """Fat-tailed returns with slowly varying volatility; a share `missing` of them is absent."""
    rng = np.random.default_rng(seed)
    level = np.exp(np.cumsum(rng.normal(0, 0.05, (sessions, series)), axis=0))
    values = 0.01 * level * rng.standard_t(5, (sessions, series))
    values[rng.random((sessions, series)) < missing] = np.nan
    return values


def _long(values: FloatArray) -> pd.DataFrame:
    """The returns as passed by dbt: one row per symbol and session with a return."""
    frame = pd.DataFrame(values, columns=[f"S{i:03}" for i in range(values.shape[1])]).assign(
        as_of_date=pd.bdate_range("2024-01-02", periods=len(values)),
        session_number=np.arange(500, 500 + len(values)),
    )
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return long.dropna(subset="daily_return").reset_index(drop=True)


@cache
def _figures() -> pd.DataFrame:
    """The figures of four symbols with gaps on all of 330 sessions."""
    return symbol_volatility(_long(_returns(330, 4, missing=0.002)), from_date="1990-01-01")


def _assert_equal(left: VolatilityProfile, right: VolatilityProfile) -> None:
    for name, ours, theirs in zip(left._fields, left, right, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def _har_loop(series: FloatArray) -> tuple[float, float, int]:
    """One series' regression session by session: forecast mean square, r squared, rows (Corsi 2009)."""
    history = series[-VOLATILITY_CONFIG.history :]

    def regressors(s: int) -> list[float]:
        squares = history[: s + 1] ** 2
        return [1.0, squares[-1], float(np.mean(squares[-5:])), float(np.mean(squares[-21:]))]

    x, y = [], []
    for s in range(20, len(history) - 21):
        target = np.mean(history[s + 1 : s + 22] ** 2)
        if np.isfinite([*regressors(s), target]).all():
            x.append(regressors(s))
            y.append(target)
    fit = sm.OLS(y, np.array(x)).fit()
    return float(fit.predict([regressors(len(history) - 1)])[0]), float(fit.rsquared), len(y)


def test_realized_volatility_gives_hulls_published_value() -> None:
    """Hull, Options, Futures, and Other Derivatives, section 15.4, table 15.1: 1.216 % daily, 19.3 %."""
    prices = [20.00, 20.10, 19.90, 20.00, 20.50, 20.25, 20.90, 20.90, 20.90, 20.75, 20.75]
    prices += [21.00, 21.10, 20.90, 20.90, 21.25, 21.40, 21.40, 21.25, 21.75, 22.00]
    volatility = realized_volatility(np.diff(np.log(prices))[:, None], 20)[-1, 0]
    assert volatility / np.sqrt(252) == pytest.approx(0.01216, abs=5e-6)
    assert volatility == pytest.approx(0.193, abs=5e-4)


@pytest.mark.parametrize(("window", "needed"), [(21, 14), (63, 42)])
def test_realized_volatility_equals_pandas_rolling(window: int, needed: int) -> None:
    values = _returns(200, 12, missing=0.25)
    reference = pd.DataFrame(values).rolling(window, min_periods=needed).std() * np.sqrt(252)
    ours = realized_volatility(values, window)
    assert np.isnan(ours).any()
    np.testing.assert_allclose(ours, reference.to_numpy(), rtol=1e-10)


def test_thirteen_of_twenty_one_returns_give_no_volatility_and_fourteen_do() -> None:
    values = _returns(21, 2)
    values[:8, 0] = np.nan
    values[:7, 1] = np.nan
    last = realized_volatility(values, 21)[-1]
    assert np.isnan(last[0])
    assert last[1] == pytest.approx(np.nanstd(values[:, 1], ddof=1) * np.sqrt(252))


def test_har_forecast_equals_statsmodels_with_missing_values() -> None:
    values = _returns(330, 10)
    values[150, 1:3] = np.nan
    values[270, 3] = np.nan
    forecast = volatility_profile(values)
    counts = set()
    for column, series in enumerate(values.T):
        variance, r_squared, rows = _har_loop(series)
        counts.add(rows)
        assert forecast.har_r_squared[column] == pytest.approx(r_squared, rel=1e-8)
        if variance > 0:
            assert forecast.forecast_21d_har[column] == pytest.approx(np.sqrt(252 * variance), rel=1e-8)
        assert forecast.is_forecast_fallback[column] == (variance <= 0)
    assert counts == {231, 189}  # a gap removes 42 rows


def test_har_forecast_equals_statsmodels_where_regressors_are_nearly_collinear() -> None:
    rng = np.random.default_rng(3)
    smooth = 0.01 + 0.004 * np.sin(np.arange(272) / 60) + rng.normal(0, 1e-5, 272)
    variance, r_squared, _ = _har_loop(smooth)
    forecast = volatility_profile(smooth[:, None])
    assert forecast.forecast_21d_har[0] == pytest.approx(np.sqrt(252 * variance), rel=1e-8)
    assert forecast.har_r_squared[0] == pytest.approx(r_squared, rel=1e-8)


def test_a_forecast_that_is_not_positive_falls_back_to_the_long_volatility() -> None:
    """Growing swings give a steep line with a negative intercept; after a gap, returns are zero."""
    rng = np.random.default_rng(5)
    values = 0.01 * np.sqrt(20 + np.exp(np.arange(272) / 30)) * rng.normal(1, 0.001, 272)
    values *= np.where(np.arange(272) % 2, 1.0, -1.0)
    values[250] = np.nan  # no row of the regression includes the zero returns
    values[251:] = 0.0
    assert _har_loop(values)[0] < 0
    forecast = volatility_profile(values[:, None])
    assert forecast.is_forecast_fallback[0]
    assert forecast.forecast_reason[0] is None
    assert forecast.forecast_21d_har[0] == pytest.approx(np.nanstd(values[-63:], ddof=1) * np.sqrt(252))
    assert forecast.har_r_squared[0] == pytest.approx(_har_loop(values)[1])


def test_a_fallback_without_a_long_volatility_gives_no_forecast_and_a_reason() -> None:
    values = np.zeros((272, 1))
    values[210:250] = np.nan  # 23 of the last 63 returns are known
    forecast = volatility_profile(values)
    assert forecast.forecast_reason[0] == "no_fallback_variance"
    assert np.isnan(forecast.forecast_21d_har[0])
    assert not forecast.is_forecast_fallback[0]


def test_one_hundred_and_twenty_five_rows_give_no_forecast_and_a_reason() -> None:
    values = _returns(272, 2)
    values[:106, 0] = np.nan  # rows 126..250 of the regression remain
    values[:105, 1] = np.nan
    forecast = volatility_profile(values)
    assert list(forecast.forecast_reason) == ["too_few_rows", None]
    assert list(np.isnan(forecast.forecast_21d_har)) == [True, False]
    assert list(np.isnan(forecast.har_r_squared)) == [True, False]
    assert not forecast.is_forecast_fallback.any()


def test_a_gap_in_the_last_month_gives_no_forecast_and_a_reason() -> None:
    values = _returns(272, 2)
    values[-21, 0] = np.nan
    values[-22, 1] = np.nan
    forecast = volatility_profile(values)
    assert list(forecast.forecast_reason) == ["unknown_regressors", None]
    assert list(np.isnan(forecast.forecast_21d_har)) == [True, False]


def test_a_flat_series_has_volatility_exactly_zero_and_a_flagged_fallback() -> None:
    profile = volatility_profile(np.zeros((300, 1)))
    assert profile.realized_21d[0] == 0.0
    assert profile.realized_63d[0] == 0.0
    assert profile.forecast_21d_har[0] == 0.0
    assert profile.is_forecast_fallback[0]
    assert np.isnan(profile.har_r_squared[0])
    assert profile.trend[0] == "stable"
    assert profile.percentile[0] == 1.0


@settings(max_examples=examples(16), deadline=None)
@given(value=st.floats(-0.5, 0.5), gap=st.integers(0, 20))
def test_equal_returns_have_volatility_exactly_zero(value: float, gap: int) -> None:
    values = np.full((40, 1), value)
    values[gap : gap + 5] = np.nan
    assert realized_volatility(values, 21)[-1, 0] == 0.0


def test_equal_returns_have_a_constant_forecast() -> None:
    profile = volatility_profile(np.full((272, 1), 0.0123))
    assert profile.forecast_21d_har[0] == pytest.approx(0.0123 * np.sqrt(252))
    assert np.isnan(profile.har_r_squared[0])
    assert not profile.is_forecast_fallback[0]


def test_trend_compares_with_ten_sessions_ago() -> None:
    """Alternating returns: of size 1 % until ten sessions ago, then of the given size."""
    signs = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None]
    sizes = np.full((40, 4), 0.01)
    sizes[-10:] = [0.0125, 0.0103, 0.0097, 0.0075]
    values = signs * sizes
    assert list(volatility_profile(values).trend) == ["increasing", "stable", "stable", "decreasing"]
    assert list(volatility_profile(values[-23:]).trend) == [None] * 4  # only 13 returns ten sessions ago


def test_a_series_that_begins_to_move_is_increasing() -> None:
    values = np.zeros((60, 1))
    values[-5:] = 0.01
    values[-3] = -0.01
    assert volatility_profile(values).trend[0] == "increasing"


def test_percentile_equals_a_loop_over_pandas() -> None:
    values = _returns(400, 8, missing=0.05)
    rolling = (pd.DataFrame(values).rolling(21, min_periods=14).std() * np.sqrt(252)).to_numpy()[-252:]
    profile = volatility_profile(values)
    for column, series in enumerate(rolling.T):
        known = series[np.isfinite(series)]
        # pandas' running sums drift in the last digits
        assert profile.percentile[column] == (known <= series[-1] * (1 + 1e-9)).mean()


def test_percentile_needs_one_hundred_and_twenty_six_values() -> None:
    values = _returns(139, 1)  # 14 returns give the first value
    assert np.isfinite(volatility_profile(values).percentile[0])
    assert np.isnan(volatility_profile(values[1:]).percentile[0])


def test_forecasts_by_garch_and_ewma_need_one_hundred_and_twenty_six_returns() -> None:
    values = _returns(160, 2, seed=11)
    values[:34, 0] = np.nan
    values[:35, 1] = np.nan
    profile = volatility_profile(values)
    for forecast in (profile.forecast_21d_garch, profile.forecast_21d_ewma):
        assert list(np.isnan(forecast)) == [False, True]
    weights = 0.94 ** np.arange(125.0, -1.0, -1.0)
    expected = math.sqrt(252 * (weights * values[34:, 0] ** 2).sum() / weights.sum())
    assert profile.forecast_21d_ewma[0] == pytest.approx(expected, rel=1e-12)


def test_the_forecast_shown_is_that_of_the_named_model() -> None:
    profile = volatility_profile(_returns(272, 2))
    for model in ("garch", "ewma", "har"):
        columns = forecast_columns(profile, model)
        np.testing.assert_array_equal(
            columns["forecast_volatility_21d"], columns[f"forecast_volatility_21d_{model}"]
        )
        assert list(columns["forecast_model"]) == [model, model]
    with pytest.raises(ValueError, match="must be one of garch, ewma, har, got 'arima'"):
        forecast_columns(profile, "arima")


@settings(max_examples=examples(6), deadline=None)
@given(seed=seeds, earlier=st.integers(1, 200))
def test_data_before_the_history_do_not_matter(seed: int, earlier: int) -> None:
    values = _returns(272 + earlier, 3, seed=seed, missing=0.002)
    _assert_equal(volatility_profile(values), volatility_profile(values[earlier:]))


@settings(max_examples=examples(6), deadline=None)
@given(seed=seeds, power=st.integers(-3, 3))
def test_scaling_returns_scales_volatility_and_not_trend_or_percentile(seed: int, power: int) -> None:
    scale = 2.0**power
    values = _returns(300, 3, seed=seed, missing=0.002)
    plain, scaled = volatility_profile(values), volatility_profile(scale * values)
    np.testing.assert_allclose(scaled.realized_21d, scale * plain.realized_21d, rtol=1e-12)
    np.testing.assert_allclose(scaled.realized_63d, scale * plain.realized_63d, rtol=1e-12)
    for name in ("forecast_21d_garch", "forecast_21d_ewma", "forecast_21d_har"):
        np.testing.assert_allclose(getattr(scaled, name), scale * getattr(plain, name), rtol=1e-9)
    np.testing.assert_allclose(scaled.har_r_squared, plain.har_r_squared, rtol=1e-9)
    np.testing.assert_array_equal(scaled.trend, plain.trend)
    np.testing.assert_array_equal(scaled.percentile, plain.percentile)
    np.testing.assert_array_equal(scaled.is_forecast_fallback, plain.is_forecast_fallback)


@settings(max_examples=examples(6), deadline=None)
@given(seed=seeds)
def test_the_sign_of_returns_does_not_matter(seed: int) -> None:
    values = _returns(300, 3, seed=seed)
    _assert_equal(volatility_profile(-values), volatility_profile(values))


@settings(max_examples=examples(6), deadline=None)
@given(order=st.permutations(range(6)), count=st.integers(1, 6))
def test_a_series_does_not_depend_on_others(order: list[int], count: int) -> None:
    values = _returns(200, 6, missing=0.002)
    whole = volatility_profile(values)
    some = volatility_profile(values[:, order[:count]])
    _assert_equal(some, VolatilityProfile(*(figure[order[:count]] for figure in whole)))


def test_symbol_volatility_equals_the_profile_of_each_date() -> None:
    values = _returns(330, 4, missing=0.002)
    figures = _figures().set_index(["as_of_date", "symbol"])
    dates = pd.bdate_range("2024-01-02", periods=330)
    for row in [1, 13, 40, 160, 280, 329]:
        profile = volatility_profile(values[: row + 1])
        day = figures.loc[dates[row]]
        np.testing.assert_array_equal(day["realized_volatility_21d"], profile.realized_21d)
        np.testing.assert_array_equal(day["realized_volatility_63d"], profile.realized_63d)
        np.testing.assert_array_equal(day["forecast_volatility_21d"], profile.forecast_21d_garch)
        assert set(day["forecast_model"].dropna()) <= {"garch"}
        np.testing.assert_array_equal(day["forecast_model"].isna(), np.isnan(profile.forecast_21d_garch))
        np.testing.assert_array_equal(day["forecast_volatility_21d_garch"], profile.forecast_21d_garch)
        np.testing.assert_array_equal(day["forecast_volatility_21d_ewma"], profile.forecast_21d_ewma)
        np.testing.assert_array_equal(day["forecast_volatility_21d_har"], profile.forecast_21d_har)
        np.testing.assert_array_equal(day["har_r_squared"], profile.har_r_squared)
        np.testing.assert_array_equal(day["is_forecast_fallback"], profile.is_forecast_fallback)
        np.testing.assert_array_equal(day["volatility_percentile"], profile.percentile)
        np.testing.assert_array_equal(day["observations"], profile.observations)
        assert [None if pd.isna(value) else value for value in day["volatility_trend"]] == list(profile.trend)


def test_there_is_no_look_ahead() -> None:
    values = _returns(330, 4, missing=0.002)
    dates = pd.bdate_range("2024-01-02", periods=300)[260:]
    early = symbol_volatility(_long(values[:300]), from_date=str(dates[0].date()))
    cut = _figures().query("as_of_date in @dates").reset_index(drop=True)
    pd.testing.assert_frame_equal(cut, early, check_exact=True)


def test_from_date_gives_the_same_rows_as_all_of_history() -> None:
    long = _long(_returns(330, 4, missing=0.002))
    last = long["as_of_date"].max()
    whole = _figures()
    one_day = symbol_volatility(long, from_date=str(last.date()))
    expected = whole[whole["as_of_date"] == last].reset_index(drop=True)
    pd.testing.assert_frame_equal(one_day, expected, check_exact=True)


def test_the_order_of_rows_does_not_matter() -> None:
    long = _long(_returns(100, 5, missing=0.02))
    shuffled = long.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        symbol_volatility(shuffled, from_date="1990-01-01"),
        symbol_volatility(long, from_date="1990-01-01"),
        check_exact=True,
    )


def test_a_gap_in_one_symbol_changes_no_other() -> None:
    values = _returns(290, 4)
    before = symbol_volatility(_long(values), from_date="2024-12-01").query("symbol != 'S002'")
    values[100:280, 2] = np.nan
    after = symbol_volatility(_long(values), from_date="2024-12-01").query("symbol != 'S002'")
    pd.testing.assert_frame_equal(
        after.reset_index(drop=True), before.reset_index(drop=True), check_exact=True
    )


def test_a_symbol_has_rows_while_two_returns_are_recent() -> None:
    values = _returns(200, 2)
    values[:100, 1] = np.nan
    values[110:, 1] = np.nan  # ten returns: rows from the second one on, until the ninth is 63 sessions old
    figures = symbol_volatility(_long(values), from_date="1990-01-01").query("symbol == 'S001'")
    dates = pd.bdate_range("2024-01-02", periods=200)
    assert list(figures["as_of_date"]) == list(dates[101 : 108 + 63])
    assert figures["realized_volatility_21d"].isna().all()  # ten of 21 are too few
    assert figures["observations"].max() == 10


def test_without_returns_the_frame_is_empty_with_its_columns() -> None:
    nothing = symbol_volatility(_long(_returns(30, 2)), from_date="2030-01-01")
    assert nothing.empty
    assert nothing.dtypes.equals(symbol_volatility(_long(_returns(30, 2)), from_date="1990-01-01").dtypes)
    assert symbol_volatility(_long(_returns(3, 2)).iloc[:0], from_date="1990-01-01").empty
