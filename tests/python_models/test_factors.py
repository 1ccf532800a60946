"""The market model, proved by a textbook number, by statsmodels, and by what must always hold."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.factors import RegressionRules, market_model
from python_models.regression import simple_regression

FloatArray = npt.NDArray[np.float64]
RULES = RegressionRules(window=90, minimum=30, clip=5.0, full_history_share=0.9)


def _returns(sessions: int, symbols: int, *, seed: int = 7, missing: float = 0.1) -> FloatArray:
    """Returns of which the first column is the market; `missing` of the others' values are absent."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0004, 0.01, sessions)
    values = rng.uniform(-1, 2, symbols) * market[:, None] + rng.normal(0, 0.015, (sessions, symbols))
    values[:, 0] = market
    values[:, 1:][rng.random((sessions, symbols - 1)) < missing] = np.nan
    return values


def _long(values: FloatArray) -> pd.DataFrame:
    """The returns as dbt hands them over: one row per symbol and session with a return."""
    dates = pd.bdate_range("2024-01-02", periods=len(values))
    frame = pd.DataFrame(values, columns=[f"S{i:03}" for i in range(values.shape[1])])
    frame = frame.rename(columns={"S000": "SPY"}).assign(
        as_of_date=dates, session_number=np.arange(500, 500 + len(values))
    )
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return long.dropna(subset="daily_return").reset_index(drop=True)


def _fit(long: pd.DataFrame, from_date: str = "1990-01-01") -> pd.DataFrame:
    return market_model(long, market_symbol="SPY", rules=RULES, from_date=from_date)


def test_simple_regression_gives_anscombes_published_figures() -> None:
    """Anscombe, Graphs in Statistical Analysis, The American Statistician 27 (1973), data set 1."""
    x = np.array([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5], dtype=float)
    y = np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])
    fit = simple_regression(y[:, None], x)
    assert fit.beta[0] == pytest.approx(0.500, abs=5e-4)
    assert fit.std_error[0] == pytest.approx(0.118, abs=5e-4)
    assert fit.r_squared[0] == pytest.approx(0.667, abs=5e-4)
    assert fit.observations[0] == 11


def test_simple_regression_equals_statsmodels_with_missing_values() -> None:
    values = _returns(90, 40)
    fit = simple_regression(values, values[:, 0])
    for column in range(1, values.shape[1]):
        used = np.isfinite(values[:, column])
        reference = sm.OLS(values[used, column], sm.add_constant(values[used, 0])).fit()
        assert fit.beta[column] == pytest.approx(reference.params[1], rel=1e-8)
        assert fit.std_error[column] == pytest.approx(reference.bse[1], rel=1e-8)
        assert fit.t_stat[column] == pytest.approx(reference.tvalues[1], rel=1e-8)
        assert fit.p_value[column] == pytest.approx(reference.pvalues[1], rel=1e-8)
        assert fit.r_squared[column] == pytest.approx(reference.rsquared, rel=1e-8)
        assert fit.observations[column] == used.sum()


def test_market_model_equals_a_loop_over_dates_and_symbols() -> None:
    long = _long(_returns(130, 6))
    betas = _fit(long).set_index(["symbol", "as_of_date"])["beta"]
    wide = long.pivot_table(index="as_of_date", columns="symbol", values="daily_return")
    for row in range(40, 130, 13):
        window = wide.iloc[max(0, row - 89) : row + 1]
        for symbol in wide.columns:
            pair = window[[symbol, "SPY"]].dropna() if symbol != "SPY" else window[["SPY", "SPY"]].dropna()
            if len(pair) >= 30:
                reference = sm.OLS(pair.iloc[:, 0], sm.add_constant(pair.iloc[:, 1].to_numpy())).fit()
                assert betas[symbol, wide.index[row]] == pytest.approx(reference.params.iloc[1], rel=1e-8)


def test_beta_of_the_market_to_itself_is_exactly_one() -> None:
    spy = _fit(_long(_returns(120, 5))).query("symbol == 'SPY'")
    assert len(spy) == 120 - 29
    assert (spy["beta"] == 1.0).all()
    assert (spy["r_squared"] == 1.0).all()


def test_a_gap_in_one_symbol_changes_no_other() -> None:
    values = _returns(120, 8, missing=0.0)
    before = _fit(_long(values)).query("symbol != 'S003'").reset_index(drop=True)
    values[50:90, 3] = np.nan
    after = _fit(_long(values)).query("symbol != 'S003'").reset_index(drop=True)
    pd.testing.assert_frame_equal(after, before, check_exact=True)


def test_permutation_of_rows_changes_nothing() -> None:
    long = _long(_returns(100, 8))
    shuffled = long.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(_fit(shuffled), _fit(long), check_exact=True)


def test_later_data_changes_no_earlier_beta() -> None:
    values = _returns(140, 8)
    early = _fit(_long(values[:110]))
    late = _fit(_long(values))
    cut = late[late["as_of_date"] <= early["as_of_date"].max()].reset_index(drop=True)
    pd.testing.assert_frame_equal(cut, early, check_exact=True)


def test_from_date_gives_the_same_rows_as_all_of_history() -> None:
    long = _long(_returns(140, 8))
    last = long["as_of_date"].max()
    whole = _fit(long)
    one_day = _fit(long, from_date=str(last.date()))
    pd.testing.assert_frame_equal(
        one_day, whole[whole["as_of_date"] == last].reset_index(drop=True), check_exact=True
    )


@settings(max_examples=50, deadline=None)
@given(scale=st.floats(-4, 4).filter(lambda value: abs(value) > 1e-3), seed=st.integers(0, 10_000))
def test_beta_is_linear_in_the_return(scale: float, seed: int) -> None:
    values = _returns(60, 3, seed=seed)
    plain = simple_regression(values, values[:, 0])
    scaled = simple_regression(scale * values, values[:, 0])
    np.testing.assert_allclose(scaled.beta, scale * plain.beta, rtol=1e-9, atol=1e-12)


def test_twenty_nine_observations_give_no_row_and_thirty_give_limited_history() -> None:
    values = _returns(90, 3, missing=0.0)
    values[:61, 1] = np.nan  # 29 left
    values[:60, 2] = np.nan  # 30 left
    last = _fit(_long(values)).query("as_of_date == as_of_date.max()").set_index("symbol")
    assert "S001" not in last.index
    assert last.loc["S002", "quality_flag"] == "limited_history"
    assert last.loc["S002", "observations"] == 30
    assert last.loc["SPY", "quality_flag"] == "full_history"


def test_a_flat_price_has_beta_zero_and_no_r_squared() -> None:
    values = _returns(90, 2, missing=0.0)
    values[:, 1] = 0.0
    flat = _fit(_long(values)).query("symbol == 'S001'").iloc[-1]
    assert flat["beta"] == 0.0
    assert np.isnan(flat["r_squared"])
    assert np.isnan(flat["t_stat"])


def test_a_market_that_does_not_move_gives_no_beta() -> None:
    values = _returns(90, 3, missing=0.0)
    values[:, 0] = 0.0
    assert _fit(_long(values)).empty


def test_a_beta_beyond_the_clip_is_clipped_and_says_so() -> None:
    values = _returns(90, 3, missing=0.0)
    values[:, 1] = -7 * values[:, 0]
    last = _fit(_long(values)).query("as_of_date == as_of_date.max()").set_index("symbol")
    assert last.loc["S001", "beta"] == -5.0
    assert last.loc["S001", "is_clipped"]
    assert not last.loc["SPY", "is_clipped"]


def test_without_the_market_symbol_there_are_no_betas() -> None:
    long = _long(_returns(90, 3))
    betas = _fit(long[long["symbol"] != "SPY"])
    assert betas.empty
    assert list(betas.columns) == list(_fit(long).columns)
