"""Factor models, tested against statsmodels symbol by symbol, and by invariants."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.rolling import RollingOLS
from statsmodels.stats.outliers_influence import variance_inflation_factor

from python_models.factors.betas import factor_betas
from tests.method_config import FACTOR_CONFIG
from warehouse.settings import project_root

FloatArray = npt.NDArray[np.float64]
Change = Callable[[pd.DataFrame], None]

FACTORS = pd.read_csv(Path(project_root()) / "dbt_project/seeds/factors.csv")
STYLES = ["VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV"]
FUNDS = ["SPY", *STYLES, "TLT"]
STOCKS = ["AAA", "BBB", "CCC", "DDD"]
STYLE_NAMES = ["Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility"]
SESSIONS = 520
DATES = pd.bdate_range("2023-01-02", periods=SESSIONS)
LAST = str(DATES[-1].date())
KEY = ["symbol", "as_of_date", "model", "factor"]


def _returns(*, seed: int = 7, missing: float = 0.05, stocks: int = 4) -> pd.DataFrame:
    """Complete returns of funds, and returns of stocks of which a share `missing` is absent."""
    rng = np.random.default_rng(seed)
    names = FUNDS + [f"S{i:03}" for i in range(stocks)] if stocks != len(STOCKS) else FUNDS + STOCKS
    market = rng.normal(0.0004, 0.01, SESSIONS)
    values = rng.uniform(0.5, 1.5, len(names)) * market[:, None]
    values += rng.normal(0, 0.006, (SESSIONS, len(names)))
    values[:, 0] = market
    values[:, len(FUNDS) :][rng.random((SESSIONS, stocks)) < missing] = np.nan
    return pd.DataFrame(values, index=DATES, columns=names)


def _yields(*, seed: int = 8) -> pd.Series:
    changes = np.random.default_rng(seed).normal(0, 0.0006, SESSIONS)
    changes[[40, 470, 500]] = np.nan  # bond holidays
    return pd.Series(changes, index=DATES)


def _long(wide: pd.DataFrame) -> pd.DataFrame:
    """The returns as passed by dbt: one row per symbol and session with a return."""
    frame = wide.rename_axis("as_of_date").reset_index()
    frame["session_number"] = 500 + DATES.get_indexer(frame["as_of_date"])
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return long.dropna(subset="daily_return").reset_index(drop=True)


def _yield_frame(yields: pd.Series) -> pd.DataFrame:
    numbers = 500 + DATES.get_indexer(yields.index)
    frame = {"as_of_date": yields.index, "session_number": numbers, "yield_change": yields.to_numpy()}
    return pd.DataFrame(frame).dropna()


def _fit(
    wide: pd.DataFrame,
    yields: pd.Series | None = None,
    *,
    factors: pd.DataFrame = FACTORS,
    from_date: str = LAST,
) -> pd.DataFrame:
    changes = _yields() if yields is None else yields
    return factor_betas(_long(wide), _yield_frame(changes), factors, rules=FACTOR_CONFIG, from_date=from_date)


def _pick(betas: pd.DataFrame, model: str, symbol: str) -> pd.DataFrame:
    """A symbol's last betas in a model, by factor."""
    is_last = betas["as_of_date"] == betas["as_of_date"].max()
    return betas[is_last & (betas["model"] == model) & (betas["symbol"] == symbol)].set_index("factor")


def _assert_same(actual: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        actual.reset_index(drop=True), expected.reset_index(drop=True), rtol=1e-12, atol=1e-9
    )  # a fund's beta of 0 to another and its t-statistic are roundings, which differ by the processor


def _assert_row(row: pd.Series, reference: object, which: int) -> None:
    for ours, theirs in (("beta", "params"), ("std_error", "bse"), ("t_stat", "tvalues")):
        assert row[ours] == pytest.approx(getattr(reference, theirs)[which], rel=1e-8)


def _deviation(residuals: npt.ArrayLike) -> float:
    return float(np.sqrt(252) * np.std(residuals, ddof=1))


@pytest.mark.parametrize("symbol", [*STYLES, "TLT", *STOCKS])
def test_market_and_rates_equal_statsmodels(symbol: str) -> None:
    wide, yields = _returns(), _yields()
    betas = _fit(wide, yields)
    frame = pd.DataFrame({"y": wide[symbol], "market": wide["SPY"], "rate": yields})[-90:]

    pair = frame[["y", "market"]].dropna()
    reference = sm.OLS(pair["y"].to_numpy(), sm.add_constant(pair["market"].to_numpy())).fit()
    row = _pick(betas, "market", symbol).loc["Market"]
    _assert_row(row, reference, 1)
    assert row["p_value"] == pytest.approx(reference.pvalues[1], rel=1e-8)
    assert row["r_squared"] == pytest.approx(reference.rsquared, rel=1e-8)
    assert row["residual_volatility"] == pytest.approx(_deviation(reference.resid), rel=1e-8)
    assert row["observations"] == len(pair)

    three = frame.dropna()
    regressors = sm.add_constant(three[["market", "rate"]].to_numpy())
    reference = sm.OLS(three["y"].to_numpy(), regressors).fit()
    row = _pick(betas, "rates", symbol).loc["Interest Rate"]
    _assert_row(row, reference, 2)
    assert row["p_value"] == pytest.approx(reference.pvalues[2], rel=1e-8)
    assert row["r_squared"] == pytest.approx(reference.rsquared, rel=1e-8)
    assert row["vif"] == pytest.approx(variance_inflation_factor(regressors, 2), rel=1e-8)
    assert row["residual_volatility"] == pytest.approx(_deviation(reference.resid), rel=1e-8)
    assert row["rate_proxy"] == "DGS10"


def _with_market(wide: pd.DataFrame, symbol: str, regressor: pd.Series, length: int) -> object:
    """OLS of a symbol on the market and a regressor, over the last sessions that all three have."""
    frame = pd.DataFrame({"y": wide[symbol], "market": wide["SPY"], "x": regressor})[-length:].dropna()
    return sm.OLS(frame["y"].to_numpy(), sm.add_constant(frame[["market", "x"]].to_numpy())).fit()


@pytest.mark.parametrize("symbol", ["MTUM", *STOCKS])
def test_spreads_equal_statsmodels_one_by_one(symbol: str) -> None:
    wide = _returns()
    rows = _pick(_fit(wide), "spread", symbol)
    assert list(rows.index) == ["Growth-Value", "Momentum", "Size", "Quality"]
    for factor, (long, short) in {
        "Growth-Value": ("VUG", "VTV"),
        "Momentum": ("MTUM", "SPY"),
        "Size": ("IWM", "SPY"),
        "Quality": ("QUAL", "SPY"),
    }.items():
        if symbol == long:
            continue  # its return is the sum of both regressors
        _assert_row(rows.loc[factor], _with_market(wide, symbol, wide[long] - wide[short], 180), 2)
        assert rows.loc[factor, "window_days"] == 180


@pytest.mark.parametrize("symbol", ["MTUM", *STOCKS])
def test_the_bond_beta_equals_statsmodels(symbol: str) -> None:
    wide = _returns()
    row = _pick(_fit(wide), "bond", symbol).loc["IR Beta"]
    _assert_row(row, _with_market(wide, symbol, wide["TLT"], 90), 2)
    assert _pick(_fit(wide), "bond", "TLT").loc["IR Beta", "beta"] == pytest.approx(1.0, rel=1e-12)


def _line(y: pd.Series, market: pd.Series, weights: pd.Series) -> tuple[pd.Series, float]:
    """The moves of a series beyond the market, and its slope, by weighted least squares."""
    pair = pd.DataFrame({"y": y, "market": market, "weight": weights}).dropna()
    fit = sm.WLS(pair["y"], sm.add_constant(pair["market"]), weights=pair["weight"]).fit()
    return y - fit.params["const"] - fit.params["market"] * market, fit.params["market"]


@pytest.mark.parametrize("symbol", [*STYLES, "TLT", *STOCKS])
def test_risk_equals_mixed_estimation_with_statsmodels(symbol: str) -> None:
    wide, yields = _returns(), _yields()
    rows = _pick(_fit(wide, yields), "risk", symbol)
    window = wide[-504:].assign(rate=yields)
    weights = pd.Series(0.5 ** (np.arange(503, -1, -1) / 126), index=window.index)
    factors, slopes = pd.DataFrame({"SPY": window["SPY"]}), []
    for name in [*STYLES, "rate"]:
        factors[name], slope = _line(window[name], window["SPY"], weights)
        slopes.append(slope)
    used = factors.assign(y=window[symbol], weight=weights).dropna()
    w = (used["weight"] / used["weight"].sum()).to_numpy()
    n, x, y = 1 / (w**2).sum(), used[factors.columns].to_numpy(), used["y"].to_numpy()
    x, y = x - w @ x, y - w @ y
    deviation, mean = np.array([0.5] * 7 + [3.0]), np.array([1.0] + [0.0] * 7)
    s2 = max(n * (w * sm.WLS(y, x, weights=w).fit().resid ** 2).sum() / (n - 9), 1e-14)
    scale = np.sqrt(n * w / s2)
    mixed = sm.OLS(
        np.concatenate([y * scale, mean / deviation]), np.vstack([x * scale[:, None], np.diag(1 / deviation)])
    ).fit()
    left = y - x @ mixed.params

    assert list(rows.index) == ["Market", *STYLE_NAMES, "Interest Rate"]
    np.testing.assert_allclose(rows["beta"], mixed.params, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(rows["std_error"], np.sqrt(np.diag(mixed.normalized_cov_params)), rtol=1e-6)
    np.testing.assert_allclose(rows["residual_volatility"], np.sqrt(252 * (w * left**2).sum()), atol=1e-8)
    np.testing.assert_allclose(rows["r_squared"], 1 - (w * left**2).sum() / (w * y**2).sum(), rtol=1e-8)
    np.testing.assert_allclose(rows["style_beta"], [np.nan, *slopes], rtol=1e-8)
    assert (rows["observations"] == len(used)).all()
    assert rows["p_value"].isna().all()
    assert rows["rate_proxy"].notna().tolist() == [False] * 7 + [True]


@pytest.mark.parametrize(("style", "fund"), list(zip(STYLE_NAMES, STYLES, strict=True)))
def test_a_style_fund_has_its_style_and_its_market_beta(style: str, fund: str) -> None:
    rows = _pick(_fit(_returns()), "risk", fund)
    expected = pd.Series(0.0, index=rows.index)
    expected[["Market", style]] = [rows.loc[style, "style_beta"], 1.0]
    np.testing.assert_allclose(rows["beta"], expected, atol=1e-9)


def test_market_betas_equal_rolling_ols_on_every_date() -> None:
    wide = _returns(missing=0.0)
    betas = _fit(wide, from_date="1990-01-01")
    market = betas[betas["model"] == "market"].pivot_table(
        index="as_of_date", columns="symbol", values="beta"
    )
    for symbol in STOCKS:
        rolling = RollingOLS(wide[symbol], sm.add_constant(wide["SPY"]), window=90, min_nobs=30).fit()
        np.testing.assert_allclose(market[symbol][61:], rolling.params["SPY"][90:], rtol=1e-8)


def test_the_market_has_market_beta_one_and_all_others_zero() -> None:
    betas = _fit(_returns(), from_date=str(DATES[-60].date())).query("symbol == 'SPY'")
    risk = betas[betas["model"] == "risk"]
    assert set(risk["factor"]) == {"Market", *STYLE_NAMES, "Interest Rate"}
    assert (risk.loc[risk["factor"] == "Market", "beta"] == 1.0).all()
    assert (risk.loc[risk["factor"] != "Market", "beta"] == 0.0).all()
    assert (risk["residual_volatility"] == 0.0).all()
    assert (risk["r_squared"] == 1.0).all()
    assert (betas.loc[betas["model"] == "market", "beta"] == 1.0).all()
    assert (betas.loc[betas["model"].isin(["rates", "bond", "spread"]), "beta"] == 0.0).all()


def test_each_symbol_model_factor_and_date_has_one_row() -> None:
    betas = _fit(_returns(), from_date=str(DATES[-10].date()))
    assert not betas.duplicated(KEY).any()
    assert len(betas) == 10 * (len(FUNDS) + len(STOCKS)) * len(FACTORS)
    assert betas.drop(columns=["t_stat", "p_value", "rate_proxy", "style_beta", "vif"]).notna().all().all()


@settings(max_examples=6, deadline=None)
@given(begin=st.integers(0, SESSIONS - 1), length=st.integers(1, SESSIONS), hurt=st.sampled_from(STOCKS))
def test_a_gap_in_one_symbol_changes_no_other(begin: int, length: int, hurt: str) -> None:
    wide = _returns()
    before = _fit(wide)
    wide.iloc[begin : begin + length, wide.columns.get_loc(hurt)] = np.nan
    after = _fit(wide)
    _assert_same(after[after["symbol"] != hurt], before[before["symbol"] != hurt])


def test_a_symbol_does_not_depend_on_others() -> None:
    wide = _returns()
    betas = _fit(wide)
    alone = _fit(wide[[*FUNDS, "CCC"]])
    _assert_same(alone, betas[betas["symbol"].isin([*FUNDS, "CCC"])])


def test_the_order_of_rows_does_not_matter() -> None:
    long, changes = _long(_returns()), _yield_frame(_yields())
    shuffled = factor_betas(
        long.sample(frac=1, random_state=1),
        changes.sample(frac=1, random_state=2),
        FACTORS,
        rules=FACTOR_CONFIG,
        from_date=LAST,
    )
    _assert_same(shuffled, _fit(_returns()))


def test_later_data_changes_no_earlier_beta() -> None:
    wide, yields = _returns(), _yields()
    from_date = str(DATES[510].date())
    early = _fit(wide[:515], yields[:515], from_date=from_date)
    late = _fit(wide, yields, from_date=from_date)
    assert early["as_of_date"].nunique() == 5
    _assert_same(late[late["as_of_date"] <= DATES[514]], early)


def test_a_date_does_not_depend_on_others() -> None:
    among = _fit(_returns(), from_date=str(DATES[-40].date()))
    _assert_same(_fit(_returns()), among[among["as_of_date"] == DATES[-1]])


def test_data_before_the_longest_window_do_not_matter() -> None:
    wide, yields = _returns(), _yields()
    _assert_same(_fit(wide[-504:], yields[-504:]), _fit(wide, yields))


def test_a_short_history_is_fitted_on_its_own_rows_in_each_model() -> None:
    wide = _returns(missing=0.0)
    wide.loc[wide.index[:-70], "AAA"] = np.nan
    betas = _fit(wide)
    short = betas[betas["symbol"] == "AAA"].groupby("model")["observations"].max()
    assert short.to_dict() == {"market": 70, "rates": 68, "bond": 70, "spread": 70, "risk": 68}
    others = betas[(betas["symbol"] != "AAA") & (betas["model"] == "risk") & (betas["factor"] == "Market")]
    assert (others["observations"] == 504 - 3).all()
    assert (betas.loc[betas["symbol"] == "AAA", "quality_flag"] == "limited_history").all()


@pytest.mark.parametrize(
    ("known", "models"),
    [
        (29, set()),
        (30, {"market", "bond"}),  # two bond holidays: 28 with a yield
        (32, {"market", "rates", "bond"}),
        (59, {"market", "rates", "bond"}),
        (60, {"market", "rates", "bond", "spread"}),  # the two bond holidays: 58 with all factors
        (62, {"market", "rates", "bond", "spread", "risk"}),
    ],
)
def test_below_the_minimum_there_is_no_row(known: int, models: set[str]) -> None:
    wide = _returns(missing=0.0)
    wide.loc[wide.index[:-known], "AAA"] = np.nan
    betas = _fit(wide)
    assert set(betas.loc[betas["symbol"] == "AAA", "model"]) == models


def test_a_symbol_has_risk_betas_to_all_factors_or_none() -> None:
    wide = _returns(missing=0.0)
    for known, symbol in zip(range(58, 62), STOCKS, strict=False):
        wide.loc[wide.index[:-known], symbol] = np.nan
    risk = _fit(wide).query("model == 'risk'")
    assert set(risk.groupby("symbol")["factor"].nunique()) == {8}


@pytest.mark.parametrize(
    ("model", "known", "flag"),
    [
        ("market", 80, "limited_history"),
        ("market", 81, "full_history"),
        ("risk", 253, "limited_history"),  # two of them without a yield
        ("risk", 254, "full_history"),
    ],
)
def test_full_history_needs_the_observations_of_its_model(model: str, known: int, flag: str) -> None:
    wide = _returns(missing=0.0)
    wide.loc[wide.index[:-known], "AAA"] = np.nan
    assert _pick(_fit(wide), model, "AAA").loc["Market", "quality_flag"] == flag


def test_a_flat_price_keeps_its_rows_with_beta_zero_and_no_r_squared() -> None:
    wide = _returns()
    wide["AAA"] = 0.0
    rows = _fit(wide).query("symbol == 'AAA'")
    assert len(rows) == len(FACTORS)
    np.testing.assert_allclose(rows["beta"], 0.0, atol=1e-9)
    np.testing.assert_allclose(rows["residual_volatility"], 0.0, atol=1e-9)
    assert rows["r_squared"].isna().all()


def test_only_market_betas_are_clipped_and_flagged() -> None:
    wide = _returns()
    wide["AAA"] = -7 * wide["SPY"] + 0.001 * wide["VTV"]
    betas = _fit(wide)
    market = _pick(betas, "market", "AAA").loc["Market"]
    assert market["beta"] == -5.0
    assert market["is_clipped"]
    assert market["t_stat"] * market["std_error"] == pytest.approx(-7, abs=0.01)
    risk = _pick(betas, "risk", "AAA").loc["Market"]
    assert risk["beta"] == pytest.approx(-7, abs=0.01)
    assert betas["is_clipped"].sum() == 1


def test_the_bond_fund_replaces_missing_yields() -> None:
    wide, yields = _returns(), _yields()
    yields[:] = np.nan
    betas = _fit(wide, yields)
    tlt = _pick(betas, "rates", "TLT").loc["Interest Rate"]
    assert tlt["rate_proxy"] == "TLT"
    assert tlt["beta"] == pytest.approx(-16.0, rel=1e-10)
    assert (betas.loc[betas["factor"] == "Interest Rate", "rate_proxy"] == "TLT").all()
    assert _pick(betas, "risk", "TLT").loc["Interest Rate", "rate_proxy"] == "TLT"
    assert _pick(betas, "rates", "SPY").loc["Interest Rate", "beta"] == 0.0


def test_without_yields_and_bond_fund_only_the_rate_factor_is_missing() -> None:
    wide, yields = _returns(), _yields()
    yields[:] = np.nan
    betas = _fit(wide.drop(columns="TLT"), yields)
    assert set(betas["model"]) == {"market", "spread", "risk"}
    assert "Interest Rate" not in set(betas["factor"])
    assert len(_pick(betas, "risk", "AAA")) == 7


def test_a_style_fund_without_returns_drops_only_its_own_factors() -> None:
    betas = _fit(_returns().drop(columns="MTUM"))
    assert set(FACTORS["factor"]) - set(betas["factor"]) == {"Momentum"}
    assert (betas.groupby("model")["observations"].max() > 80).all()


@pytest.mark.parametrize("spoil", ["missing", "flat"])
def test_without_a_varying_market_nothing_is_fitted(spoil: str) -> None:
    wide = _returns()
    wide = wide.drop(columns="SPY") if spoil == "missing" else wide.assign(SPY=0.0)
    betas = _fit(wide)
    assert betas.empty


def test_a_multiple_of_a_spread_has_that_spread_beta() -> None:
    wide = _returns(missing=0.0)
    wide["AAA"] = 0.7 * (wide["VUG"] - wide["VTV"])
    tilt = _pick(_fit(wide), "spread", "AAA").loc["Growth-Value"]
    assert tilt["beta"] == pytest.approx(0.7, rel=1e-12)
    assert tilt["residual_volatility"] == pytest.approx(0, abs=1e-12)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.floats(-4, 4).filter(lambda value: abs(value) > 1e-2))
def test_betas_are_linear_in_the_return(seed: int, size: float) -> None:
    wide = _returns(seed=seed)
    plain = _fit(wide)
    scaled = _fit(wide.assign(AAA=size * wide["AAA"]))
    is_beta = (plain["symbol"] == "AAA") & ~plain["model"].isin(["market", "risk"])  # clipped; with a prior
    assert scaled["symbol"].equals(plain["symbol"])
    np.testing.assert_allclose(
        scaled.loc[is_beta, "beta"], size * plain.loc[is_beta, "beta"], rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(
        scaled.loc[is_beta, "residual_volatility"],
        abs(size) * plain.loc[is_beta, "residual_volatility"],
        rtol=1e-9,
    )


@pytest.mark.parametrize("model", FACTORS["model"].unique())
def test_a_model_does_not_depend_on_others(model: str) -> None:
    wanted = FACTORS[FACTORS["model"].isin([model, "market"])]
    betas = _fit(_returns())
    alone = _fit(_returns(), factors=wanted)
    _assert_same(alone[alone["model"] == model], betas[betas["model"] == model])


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="`factors` must have only the models"):
        _fit(_returns(), factors=FACTORS.replace({"model": {"bond": "fashion"}}))


def test_without_returns_the_frame_is_empty_with_its_columns_and_types() -> None:
    some = _fit(_returns())
    for empty in (
        _fit(_returns(), from_date="2099-01-01"),
        factor_betas(
            _long(_returns())[:0], _yield_frame(_yields()), FACTORS, rules=FACTOR_CONFIG, from_date=LAST
        ),
    ):
        assert empty.empty
        assert list(empty.columns) == list(some.columns)
        assert empty.dtypes.drop(["symbol", "as_of_date"]).equals(some.dtypes.drop(["symbol", "as_of_date"]))
