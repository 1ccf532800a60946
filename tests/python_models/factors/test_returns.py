"""Factor returns: usable or left out, residual to the market, no look-ahead; and their correlations."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from python_models.factors.returns import (
    FactorReturns,
    daily_inputs,
    ewma_covariance,
    factor_correlations,
    factor_inputs,
    factor_models,
    residual_factors,
)
from python_models.panel import Panel
from tests.examples import examples
from tests.method_config import FACTOR_CONFIG
from warehouse.settings import project_root

FloatArray = npt.NDArray[np.float64]
FACTORS = pd.read_csv(Path(project_root()) / "dbt_project/seeds/factors.csv")
FUNDS = ["SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV", "TLT"]
RISK = ["Market", "Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility", "Interest Rate"]


def _panel(sessions: int = 552, *, seed: int = 7) -> Panel:
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0004, 0.01, (sessions, 1))
    values = rng.uniform(0.5, 1.5, len(FUNDS)) * market + rng.normal(0, 0.005, (sessions, len(FUNDS)))
    values[:, :1] = market
    return Panel(pd.bdate_range(end="2025-02-24", periods=sessions), pd.Index(FUNDS), values)


def _yields(sessions: int = 552, *, seed: int = 8) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 0.0006, sessions)


def _with(panel: Panel, symbol: str, rows: slice, value: float = np.nan) -> Panel:
    dates, symbols, values = panel
    changed = values.copy()
    changed[rows, symbols.get_loc(symbol)] = value
    return Panel(dates, symbols, changed)


def _risk(panel: Panel, yields: FloatArray, row: int = 551, history: int = 504) -> FactorReturns:
    model = factor_models(FACTORS)["risk"]
    return residual_factors(panel, yields, row, model=model, rules=FACTOR_CONFIG, history=history)


def _long(panel: Panel) -> pd.DataFrame:
    dates, symbols, values = panel
    frame = pd.DataFrame(values, columns=symbols).assign(as_of_date=dates, session_number=range(len(values)))
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return long.dropna(subset="daily_return")


def _yield_frame(yields: FloatArray) -> pd.DataFrame:
    frame = pd.DataFrame({"session_number": range(len(yields)), "yield_change": yields})
    return frame.dropna()


def _correlations(panel: Panel, yields: FloatArray, from_date: str = "2025-02-24") -> pd.DataFrame:
    return factor_correlations(
        _long(panel), _yield_frame(yields), FACTORS, rules=FACTOR_CONFIG, from_date=from_date
    )


def test_risk_factors_equal_statsmodels_residuals() -> None:
    panel, yields = _panel(), _yields()
    names, values, rate_proxy, slopes = _risk(panel, yields, history=532)
    assert names == RISK
    assert rate_proxy == "DGS10"
    assert values.shape == (532, 8)
    market = panel.series("SPY")
    np.testing.assert_array_equal(values[:, 0], market[20:])
    plain = [panel.series(fund) for fund in FUNDS[1:7]] + [yields]
    weights = 0.5 ** (np.arange(503, -1, -1) / 126)
    for column, series in enumerate(plain, start=1):
        fit = sm.WLS(series[48:], sm.add_constant(market[48:]), weights=weights).fit()
        whole = series - fit.predict(sm.add_constant(market))
        np.testing.assert_allclose(values[:, column], whole[20:], rtol=1e-8, atol=1e-15)
        assert slopes[column] == pytest.approx(fit.params[1], rel=1e-8)
    assert np.isnan(slopes[0])


def test_risk_factors_are_uncorrelated_with_the_market_in_the_window() -> None:
    _, values, _, _ = _risk(_panel(), _yields())
    weights = 0.5 ** (np.arange(503, -1, -1) / 126)
    correlation = np.cov(values, rowvar=False, aweights=weights)
    np.testing.assert_allclose(correlation[0, 1:], 0, atol=1e-15)
    np.testing.assert_allclose(weights @ values[:, 1:] / weights.sum(), 0, atol=1e-15)


def test_a_longer_history_has_the_same_coefficients() -> None:
    _, short, _, _ = _risk(_panel(), _yields(), history=504)
    _, long, _, _ = _risk(_panel(), _yields(), history=552)
    np.testing.assert_array_equal(long[-504:], short)
    assert long.shape == (552, 8)


def test_a_history_shorter_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="`history` must be at least the window of 504 sessions, got 100"):
        _risk(_panel(), _yields(), history=100)


def test_there_is_no_look_ahead() -> None:
    panel, yields = _panel(), _yields()
    later = yields.copy()
    later[533:] = 99.0
    changed = panel
    for fund in FUNDS:
        changed = _with(changed, fund, slice(533, None), 99.0)
    before, after = _risk(panel, yields, row=532), _risk(changed, later, row=532)
    assert before[0] == after[0]
    np.testing.assert_array_equal(after[1], before[1])


def test_only_a_fund_with_too_few_returns_is_left_out() -> None:
    fifty_nine = _with(_panel(), "MTUM", slice(0, 493))
    names, values, _, _ = _risk(fifty_nine, _yields())
    assert names == [name for name in RISK if name != "Momentum"]
    np.testing.assert_array_equal(values, np.delete(_risk(_panel(), _yields())[1], 3, axis=1))
    assert _risk(_with(_panel(), "MTUM", slice(0, 492)), _yields())[0] == RISK


@pytest.mark.parametrize("value", [0.0, 0.001])
def test_a_constant_fund_is_left_out(value: float) -> None:
    names, _, _, _ = _risk(_with(_panel(), "VUG", slice(None), value), _yields())
    assert names == [name for name in RISK if name != "Growth"]


def test_a_multiple_of_the_market_is_left_out() -> None:
    dates, symbols, values = _panel()
    values[:, 5] = 2 * values[:, 0] + 0.0001
    names, _, _, _ = _risk(Panel(dates, symbols, values), _yields())
    assert names == [name for name in RISK if name != "Size"]


def test_without_a_market_there_are_no_factors() -> None:
    names, values, rate_proxy, _ = _risk(_with(_panel(), "SPY", slice(None)), _yields())
    assert (names, values.shape, rate_proxy) == ([], (504, 0), None)


@pytest.mark.parametrize(
    ("missing", "proxy"), [(0, "DGS10"), (50, "DGS10"), (51, "TLT"), (200, "TLT"), (504, "TLT")]
)
def test_the_bond_fund_replaces_yields_known_on_less_than_nine_tenths(missing: int, proxy: str) -> None:
    panel, yields = _panel(), _yields()
    yields[48 : 48 + missing] = np.nan
    model = factor_models(FACTORS)["risk"]
    names, values, rate_proxy, _ = factor_inputs(panel, yields, 551, model=model, rules=FACTOR_CONFIG)
    assert names == RISK
    assert rate_proxy == proxy == _risk(panel, yields)[2]
    expected = yields[48:] if proxy == "DGS10" else -panel.series("TLT")[48:] / 16
    np.testing.assert_array_equal(values[:, 7], expected)


def test_only_sessions_with_a_market_return_need_a_yield() -> None:
    panel, yields = _with(_panel(), "SPY", slice(100, 200)), _yields()
    yields[100:200] = np.nan
    assert _risk(panel, yields)[2] == "DGS10"


def test_yields_before_the_window_do_not_matter() -> None:
    yields = _yields()
    yields[:48] = np.nan
    _, values, rate_proxy, _ = _risk(_panel(), yields, history=552)
    assert rate_proxy == "DGS10"
    assert np.isnan(values[:48, 7]).all()


def test_without_yields_and_bond_fund_there_is_no_rate_factor() -> None:
    names, _, rate_proxy, _ = _risk(_with(_panel(), "TLT", slice(None)), np.full(552, np.nan))
    assert names == RISK[:-1]
    assert rate_proxy is None


def test_spreads_are_long_minus_short() -> None:
    panel = _panel()
    model = factor_models(FACTORS)["spread"]
    names, values, _, _ = factor_inputs(panel, _yields(), 551, model=model, rules=FACTOR_CONFIG)
    assert names == ["Growth-Value", "Momentum", "Size", "Quality"]
    np.testing.assert_array_equal(values[:, 0], (panel.series("VUG") - panel.series("VTV"))[372:])
    np.testing.assert_array_equal(values[:, 2], (panel.series("IWM") - panel.series("SPY"))[372:])


def test_windows_and_minimums_are_those_of_the_method() -> None:
    sizes = {model.name: (model.window, model.minimum) for model in factor_models(FACTORS).values()}
    assert sizes == {
        "market": (90, 30),
        "rates": (90, 30),
        "bond": (90, 30),
        "spread": (180, 60),
        "risk": (504, 60),
    }


def test_a_table_of_factors_without_one_market_or_one_window_is_refused() -> None:
    with pytest.raises(ValueError, match="`factors` must have one symbol for the factor Market"):
        factor_models(FACTORS[FACTORS["factor"] != "Market"])
    with pytest.raises(ValueError, match="one window and minimum for the model spread"):
        factor_models(FACTORS.assign(window_days=FACTORS["window_days"] + (FACTORS["factor"] == "Size")))


def test_yield_changes_fall_on_their_sessions() -> None:
    long = _long(_panel(5)).assign(session_number=lambda frame: frame["session_number"] + 700)
    changes = pd.DataFrame({"session_number": [703, 701, 650, 900], "yield_change": [0.3, 0.1, 9, 9]})
    _, yields = daily_inputs(long, changes)
    np.testing.assert_array_equal(yields, [np.nan, 0.1, np.nan, 0.3, np.nan])


def test_correlations_equal_pandas() -> None:
    panel, yields = _panel(), _yields()
    yields[[100, 200]] = np.nan
    frame = _correlations(panel, yields)
    assert frame["as_of_date"].unique() == [panel.dates[-1]]
    assert set(frame.groupby("model").size().items()) == {
        ("market", 1),
        ("rates", 1),
        ("bond", 1),
        ("spread", 16),
        ("risk", 64),
    }
    names, values, _, _ = _risk(panel, yields)
    reference = pd.DataFrame(values, columns=names).dropna().corr()
    risk = frame[frame["model"] == "risk"]
    matrix = risk.pivot_table(index="factor_1", columns="factor_2", values="correlation")
    np.testing.assert_allclose(matrix.loc[names, names], reference, rtol=1e-10, atol=1e-12)
    assert (risk["observations"] == 502).all()
    assert frame.loc[frame["factor_1"] == frame["factor_2"], "correlation"].eq(1.0).all()
    assert np.array_equal(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > -1e-12


def test_ewma_covariance_equals_a_slow_loop_over_sessions() -> None:
    values = np.random.default_rng(3).normal(0, 0.01, (40, 3))
    values[[4, 30], [0, 2]] = np.nan
    weights = {
        row: 0.94 ** (len(values) - 1 - row)
        for row in range(len(values))
        if not any(np.isnan(value) for value in values[row])
    }
    total = sum(weights.values())
    mean = [sum(w * values[row, k] for row, w in weights.items()) / total for k in range(3)]
    slow = [
        [
            sum(w * (values[row, i] - mean[i]) * (values[row, j] - mean[j]) for row, w in weights.items())
            * (252 / total)
            for j in range(3)
        ]
        for i in range(3)
    ]
    np.testing.assert_allclose(ewma_covariance(values, decay=0.94), slow, rtol=1e-10)


def test_ewma_covariance_equals_pandas_biased_ewm() -> None:
    values = np.random.default_rng(4).normal(0, 0.01, (252, 4))
    values[[100, 250], 1] = np.nan
    reference = pd.DataFrame(values)
    reference.loc[reference.isna().any(axis=1)] = np.nan
    ewm = reference.ewm(alpha=1 - 0.94, adjust=True, ignore_na=False).cov(bias=True).loc[251]
    np.testing.assert_allclose(ewma_covariance(values, decay=0.94), 252 * ewm, rtol=1e-8)


def test_ewma_weights_give_riskmetrics_effective_number_of_days() -> None:
    """RiskMetrics Technical Document, 4th ed. (1996), table 5.7: at 0.94, 74 days hold 99 % of the weight."""
    steps = np.zeros((1000, 1))
    steps[-74:] = 1.0
    share = 0.5 + np.sqrt(
        0.25 - ewma_covariance(steps, decay=0.94)[0, 0] / 252
    )  # variance is share (1 - share)
    assert share == pytest.approx(0.99, abs=5e-4)


def test_the_stress_covariance_has_the_weights_of_the_betas() -> None:
    panel, yields = _panel(), _yields()
    frame = _correlations(panel, yields)
    names, values, _, _ = _risk(panel, yields)
    matrix = frame[frame["model"] == "risk"].pivot_table(
        index="factor_1", columns="factor_2", values="stress_covariance"
    )
    weights = 0.5 ** (np.arange(503, -1, -1) / 126)
    reference = np.cov(values, rowvar=False, aweights=weights, ddof=0)
    np.testing.assert_allclose(matrix.loc[names, names], 252 * reference, rtol=1e-8, atol=1e-14)


def test_covariances_are_only_for_risk_and_nan_without_rows() -> None:
    frame = _correlations(_panel(), _yields())
    for column in ("ewma_covariance", "stress_covariance"):
        assert frame.loc[frame["model"] == "risk", column].notna().all()
        assert frame.loc[frame["model"] != "risk", column].isna().all()
    assert np.isnan(ewma_covariance(np.full((3, 2), np.nan), decay=0.94)).all()


def test_pairs_above_the_limit_are_collinear_and_the_diagonal_never() -> None:
    dates, symbols, values = _panel()
    values[:, 2] = -values[:, 1] + 0.1 * values[:, 2]
    frame = _correlations(Panel(dates, symbols, values), _yields())
    risk = frame[frame["model"] == "risk"].set_index(["factor_1", "factor_2"])
    assert risk.loc[("Value", "Growth"), "correlation"] < -0.8
    assert risk.loc[("Value", "Growth"), "is_collinear"]
    assert not risk.loc[("Value", "Value"), "is_collinear"]
    beyond = frame["correlation"].abs().gt(0.8) & frame["factor_1"].ne(frame["factor_2"])
    assert frame["is_collinear"].equals(beyond)


def test_a_date_does_not_depend_on_others() -> None:
    panel, yields = _panel(), _yields()
    among = _correlations(panel, yields, "2025-01-20")
    last = among[among["as_of_date"] == among["as_of_date"].max()].reset_index(drop=True)
    pd.testing.assert_frame_equal(_correlations(panel, yields), last, check_exact=True)
    dates, symbols, values = panel
    early = _correlations(Panel(dates[:-5], symbols, values[:-5]), yields[:-5], "2025-01-20")
    before = among[among["as_of_date"] <= dates[-6]].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, early, check_exact=True)


def test_too_few_common_sessions_give_no_matrix() -> None:
    panel = _with(_with(_panel(), "MTUM", slice(0, 482)), "QUAL", slice(482, 552))
    models = set(_correlations(panel, _yields())["model"])
    assert models == {"market", "rates", "bond"}
    empty = _correlations(panel, _yields(), "2099-01-01")
    assert empty.empty
    assert empty.dtypes.to_dict() == _correlations(_panel(), _yields()).dtypes.to_dict()


@settings(max_examples=examples(8), deadline=None)
@given(seed=st.integers(0, 10_000), decay=st.floats(0.5, 0.999))
def test_ewma_covariance_is_symmetric_and_positive_semi_definite(seed: int, decay: float) -> None:
    values = np.random.default_rng(seed).normal(0, 0.01, (60, 5))
    values[:, 4] = values[:, 0] - values[:, 1]
    covariance = ewma_covariance(values, decay=decay)
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-12
    np.testing.assert_allclose(ewma_covariance(values + 3.0, decay=decay), covariance, atol=1e-10)
