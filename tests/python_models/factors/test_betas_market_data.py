"""Factor models on real returns and yields give the known properties of these funds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from python_models.factors.betas import factor_betas
from python_models.factors.returns import factor_correlations
from tests.method_config import FACTOR_CONFIG
from warehouse.settings import project_root

FACTORS = pd.read_csv(Path(project_root()) / "dbt_project/seeds/factors.csv")
DATES = ["2025-12-30", "2026-01-30"]
FUND_OF_STYLE = {
    "Value": "VTV",
    "Growth": "VUG",
    "Momentum": "MTUM",
    "Quality": "QUAL",
    "Size": "IWM",
    "Low Volatility": "USMV",
}


@pytest.fixture(scope="module")
def returns(market_folder: Path) -> pd.DataFrame:
    prices = pd.read_csv(market_folder / "prices.csv", parse_dates=["date"])
    prices = prices[prices["symbol"] != "VIX"]  # an index, with one more session
    closes = prices.pivot_table(index="date", columns="symbol", values="adj_close")
    return closes / closes.shift(1) - 1


@pytest.fixture(scope="module")
def yields(market_folder: Path, returns: pd.DataFrame) -> pd.Series:
    rates = pd.read_csv(market_folder / "rates.csv", parse_dates=["date"])
    ten_years = rates[rates["series"] == "DGS10"].set_index("date")["value"] / 100
    known = ten_years.reindex(returns.index)
    return known - known.shift(1)


@pytest.fixture(scope="module")
def inputs(returns: pd.DataFrame, yields: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = returns.rename_axis(index="as_of_date").reset_index()
    frame["session_number"] = np.arange(len(frame))
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    changes = pd.DataFrame({"session_number": np.arange(len(yields)), "yield_change": yields.to_numpy()})
    return long.dropna(), changes.dropna()


@pytest.fixture(scope="module")
def betas(inputs: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return factor_betas(*inputs, FACTORS, rules=FACTOR_CONFIG, from_date=DATES[0])


def _beta(betas: pd.DataFrame, date: str, symbol: str, model: str, factor: str) -> float:
    key = ["as_of_date", "symbol", "model", "factor"]
    return float(betas.set_index(key).loc[(pd.Timestamp(date), symbol, model, factor), "beta"])


@pytest.mark.parametrize("date", DATES)
def test_spy_is_exactly_the_market(betas: pd.DataFrame, date: str) -> None:
    spy = betas[(betas["symbol"] == "SPY") & (betas["as_of_date"] == date)].set_index(["model", "factor"])
    assert spy.loc[("market", "Market"), "beta"] == 1.0
    assert spy.loc[("rates", "Interest Rate"), "beta"] == 0.0
    risk = spy.loc["risk"]
    assert risk["beta"].to_dict() == {
        "Market": 1.0,
        **dict.fromkeys(FUND_OF_STYLE, 0.0),
        "Interest Rate": 0.0,
    }
    assert (risk["residual_volatility"] == 0.0).all()


@pytest.mark.parametrize("date", DATES)
def test_bond_funds_lose_their_duration_when_yields_rise(betas: pd.DataFrame, date: str) -> None:
    assert _beta(betas, date, "TLT", "bond", "IR Beta") == pytest.approx(1, rel=1e-9)
    assert 0.2 < _beta(betas, date, "BND", "bond", "IR Beta") < 0.6
    for model in ("rates", "risk"):
        assert -18 < _beta(betas, date, "TLT", model, "Interest Rate") < -10
        assert -7 < _beta(betas, date, "BND", model, "Interest Rate") < -4
        assert abs(_beta(betas, date, "BIL", model, "Interest Rate")) < 0.2


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize(("style", "fund"), FUND_OF_STYLE.items())
def test_each_style_fund_has_its_style_and_its_market_beta(
    betas: pd.DataFrame, date: str, style: str, fund: str
) -> None:
    is_own = (betas["as_of_date"] == date) & (betas["symbol"] == fund) & (betas["model"] == "risk")
    own = betas[is_own].set_index("factor")
    expected = pd.Series(0.0, index=own.index)
    expected[["Market", style]] = [own.loc[style, "style_beta"], 1.0]
    np.testing.assert_allclose(own["beta"], expected, atol=1e-9)


@pytest.mark.parametrize("date", DATES)
def test_rate_betas_of_bond_funds_are_those_of_the_study(betas: pd.DataFrame, date: str) -> None:
    """Ranges of 2025-06 to 2026-01 in the study of the scenarios; identity 6 of the method."""
    for fund, low, high in (("BND", -5.7, -5.5), ("FXNAX", -5.6, -5.4), ("TLT", -14.6, -14.1)):
        assert low < _beta(betas, date, fund, "risk", "Interest Rate") < high
    assert -0.03 < _beta(betas, date, "BIL", "risk", "Interest Rate") < 0.03
    assert -5.1 < _beta(betas, date, "VNQ", "risk", "Interest Rate") < -3.7


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("symbol", ["AAPL", "TLT", "FCNTX"])
def test_rates_equal_statsmodels(
    betas: pd.DataFrame, returns: pd.DataFrame, yields: pd.Series, date: str, symbol: str
) -> None:
    frame = pd.DataFrame({"y": returns[symbol], "market": returns["SPY"], "rate": yields})
    rows = frame[:date][-90:].dropna()
    reference = sm.OLS(rows["y"], sm.add_constant(rows[["market", "rate"]])).fit()
    assert _beta(betas, date, symbol, "rates", "Interest Rate") == pytest.approx(
        reference.params["rate"], rel=1e-8
    )


@pytest.mark.parametrize("date", DATES)
def test_every_symbol_with_prices_has_every_beta(
    betas: pd.DataFrame, returns: pd.DataFrame, date: str
) -> None:
    counts = betas[betas["as_of_date"] == date].groupby("symbol").size()
    assert set(counts.index) == set(returns.columns)
    assert (counts == len(FACTORS)).all()


def test_bond_holidays_do_not_switch_the_rate_to_the_proxy(betas: pd.DataFrame) -> None:
    is_rate = betas["factor"] == "Interest Rate"
    assert (betas.loc[is_rate, "rate_proxy"] == "DGS10").all()


def test_without_yields_the_bond_fund_gives_similar_betas(
    inputs: tuple[pd.DataFrame, pd.DataFrame], betas: pd.DataFrame
) -> None:
    long, changes = inputs
    proxied = factor_betas(long, changes[:0], FACTORS, rules=FACTOR_CONFIG, from_date=DATES[1])
    bond = _beta(proxied, DATES[1], "BND", "rates", "Interest Rate")
    assert bond == pytest.approx(_beta(betas, DATES[1], "BND", "rates", "Interest Rate"), rel=0.25)
    assert _beta(proxied, DATES[1], "TLT", "rates", "Interest Rate") == pytest.approx(-16, rel=1e-10)


def test_residual_value_and_growth_are_collinear(
    inputs: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    frame = factor_correlations(*inputs, FACTORS, rules=FACTOR_CONFIG, from_date=DATES[1])
    risk = frame[frame["model"] == "risk"].set_index(["factor_1", "factor_2"])
    assert risk.loc[("Value", "Growth"), "correlation"] < -0.8
    assert risk["is_collinear"].sum() == 2
    stress = risk.pivot_table(index="factor_1", columns="factor_2", values="stress_covariance")
    assert np.linalg.eigvalsh(stress.to_numpy()).min() > 0
    covariance = risk.pivot_table(index="factor_1", columns="factor_2", values="ewma_covariance")
    assert np.linalg.eigvalsh(covariance.to_numpy()).min() > 0
    assert 0.05 < np.sqrt(covariance.loc["Market", "Market"]) < 0.5
