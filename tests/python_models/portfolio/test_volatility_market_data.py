"""Volatility and correlation on real prices: equal to pandas and statsmodels, consistent with the market."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from python_models.correlation import portfolios, symbols
from python_models.correlation.portfolios import PortfolioCorrelations
from python_models.correlation.symbols import (
    nearest_correlation,
    pair_correlations,
)
from python_models.correlation.torsion import symbol_deviations
from python_models.portfolio import volatility
from tests.method_config import CORRELATION_CONFIG, VOLATILITY_CONFIG

AS_OF = "2026-01-30"
portfolio_correlations = partial(portfolios.portfolio_correlations, rules=CORRELATION_CONFIG)
symbol_correlations = partial(
    symbols.symbol_correlations, window=CORRELATION_CONFIG.window, minimum=CORRELATION_CONFIG.minimum
)
symbol_volatility = partial(volatility.symbol_volatility, rules=VOLATILITY_CONFIG)
volatility_profile = partial(volatility.volatility_profile, rules=VOLATILITY_CONFIG)


@pytest.fixture(scope="module")
def prices(market_folder: Path) -> pd.DataFrame:
    """Adjusted closes by session and symbol."""
    rows = pd.read_csv(market_folder / "prices.csv", parse_dates=["date"])
    wide = rows.pivot_table(index="date", columns="symbol", values="adj_close")
    return wide[wide["SPY"].notna()]  # some holidays have a price of another symbol


@pytest.fixture(scope="module")
def returns(prices: pd.DataFrame) -> pd.DataFrame:
    """Daily returns between consecutive sessions by symbol, without the index VIX."""
    return prices.drop(columns="VIX").pct_change(fill_method=None).iloc[1:]


@pytest.fixture(scope="module")
def long(returns: pd.DataFrame) -> pd.DataFrame:
    numbered = returns.reset_index(names="as_of_date").assign(session_number=np.arange(len(returns)))
    melted = numbered.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return melted.dropna(subset="daily_return")


@pytest.fixture(scope="module")
def spy(long: pd.DataFrame) -> pd.DataFrame:
    every = symbol_volatility(long, from_date="2024-06-12")
    return every[every["symbol"] == "SPY"].set_index("as_of_date")


def test_realized_volatility_of_spy_equals_pandas(spy: pd.DataFrame, returns: pd.DataFrame) -> None:
    for column, window in [("realized_volatility_21d", 21), ("realized_volatility_63d", 63)]:
        reference = returns["SPY"].rolling(window).std().loc[spy.index] * np.sqrt(252)
        np.testing.assert_allclose(spy[column], reference, rtol=1e-9)


def test_forecast_of_every_symbol_equals_statsmodels(returns: pd.DataFrame) -> None:
    forecast = volatility_profile(returns.to_numpy())
    squares = returns.iloc[-272:] ** 2
    for column, symbol in enumerate(returns.columns):
        square = squares[symbol]
        rows = pd.DataFrame(
            {"day": square, "week": square.rolling(5).mean(), "month": square.rolling(21).mean()}
        )
        target = rows["month"].shift(-21)
        used = rows.notna().all(axis=1) & target.notna()
        fit = sm.OLS(target[used].to_numpy(), sm.add_constant(rows[used].to_numpy())).fit()
        variance = fit.predict(np.r_[1.0, rows.iloc[-1]])[0]
        assert used.sum() == 231
        assert forecast.har_r_squared[column] == pytest.approx(fit.rsquared, rel=1e-7), symbol
        if variance > 0:
            assert forecast.forecast_21d_har[column] == pytest.approx(np.sqrt(252 * variance), rel=1e-8), (
                symbol
            )
        assert forecast.is_forecast_fallback[column] == (variance <= 0)


def test_volatility_of_spy_correlates_with_the_volatility_index(
    spy: pd.DataFrame, prices: pd.DataFrame
) -> None:
    both = spy.join(prices["VIX"] / 100).dropna(subset="VIX")
    assert len(both) > 300
    assert both["realized_volatility_21d"].corr(both["VIX"]) > 0.6
    assert both["realized_volatility_21d"].median() == pytest.approx(both["VIX"].median(), abs=0.06)
    stormy, calm = both.loc["2025-04-16"], both.loc["2025-09-15"]
    assert stormy["volatility_percentile"] > 0.95
    assert calm["volatility_percentile"] < 0.25
    assert stormy["realized_volatility_21d"] > 3 * calm["realized_volatility_21d"]


def test_correlations_are_a_correlation_matrix_equal_to_pandas(returns: pd.DataFrame) -> None:
    window = returns.loc[:AS_OF].iloc[-90:]
    rho, observations = pair_correlations(window.to_numpy(), 20)
    np.testing.assert_allclose(rho, window.corr(min_periods=20).to_numpy(), rtol=0, atol=1e-10)
    assert (observations == 90).all()
    assert (np.abs(rho) <= 1.0).all()
    assert (np.diagonal(rho) == 1.0).all()
    assert nearest_correlation(rho)[0] is rho  # positive semi-definite: every pair has the same sessions


@pytest.fixture(scope="module")
def funds(long: pd.DataFrame) -> PortfolioCorrelations:
    """A book of three funds on the same market, gold, and long bonds."""
    pairs = symbol_correlations(long, None, from_date=AS_OF)
    exposures = {"SPY": 30.0, "VTI": 20.0, "VUG": 20.0, "GLD": 15.0, "TLT": -15.0}
    holdings = pd.DataFrame({"symbol": exposures.keys(), "exposure": exposures.values()})
    holdings = holdings.assign(portfolio_id="funds", as_of_date=pd.Timestamp(AS_OF))
    deviations = symbol_deviations(long, holdings["as_of_date"], window=CORRELATION_CONFIG.window)
    return portfolio_correlations(holdings, pairs, deviations)


def test_funds_on_the_same_market_are_one_cluster(funds: PortfolioCorrelations) -> None:
    assert list(funds.members.dropna(subset=["cluster_id"])["symbol"]) == ["SPY", "VTI", "VUG"]
    assert (funds.members.dropna(subset=["cluster_id"])["average_correlation"] > 0.9).all()
    assert funds.members.dropna(subset=["cluster_id"])["gross_share"].sum() == pytest.approx(0.7)


def test_funds_on_the_same_market_are_few_bets(funds: PortfolioCorrelations) -> None:
    row = funds.portfolios.iloc[0]
    assert 3 < row["effective_bets"] < 4.5  # three funds of one market, gold and bonds
    assert row["data_days"] == 90
    assert row["min_eigenvalue"] > 0
    assert not row["is_repaired"]
