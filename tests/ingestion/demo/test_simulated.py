"""The simulated markets: they pass through the demo's prices and have plausible statistics."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from ingestion.demo.demo import STATEMENT_DATE, demo_portfolios
from ingestion.demo.simulated import (
    FIRST_DATE,
    LAST_DATE,
    PROFILE_DATE,
    entry_prices,
    load_simulated,
    securities,
    simulated_markets,
    simulated_profiles,
)
from ingestion.demo.simulation import TENORS, SimulatedMarkets
from ingestion.errors import MixedSourcesError
from ingestion.market.calendar import sessions
from ingestion.market.symbols import factor_etfs
from ingestion.raw.datasets import PRICES
from ingestion.raw.loads import Connection, load_frame
from ingestion.statements.load import read_positions_file
from warehouse.method import sector_proxies

ANCHOR = "2025-06-30"


@pytest.fixture(scope="module")
def markets() -> SimulatedMarkets:
    return simulated_markets()


@pytest.fixture(scope="module")
def closes(markets: SimulatedMarkets) -> pd.DataFrame:
    return markets.quotes.pivot_table(index="price_date", columns="symbol", values="close")


@pytest.fixture(scope="module")
def returns(markets: SimulatedMarkets) -> pd.DataFrame:
    levels = markets.quotes.pivot_table(index="price_date", columns="symbol", values="adj_close")
    return levels.pct_change().dropna()


def regression(y: pd.Series, *regressors: pd.Series) -> np.ndarray:
    design = np.column_stack([np.ones(len(y)), *regressors])
    return np.linalg.lstsq(design, y.to_numpy(), rcond=None)[0][1:]


def test_every_path_passes_through_its_entry_price(closes: pd.DataFrame) -> None:
    for symbol, price in entry_prices().items():
        assert closes.loc[ANCHOR, symbol] == float(price), symbol
    assert closes.loc[ANCHOR, "VIX"] == 16.73


def test_the_portfolio_of_october_is_entered_at_the_simulated_closes(closes: pd.DataFrame) -> None:
    (late,) = [portfolio for portfolio in demo_portfolios() if portfolio.statement_date > STATEMENT_DATE]
    for lot in read_positions_file(late.path).lots:
        if lot.investment_class == "PUBLIC" and lot.investment_subtype != "CASH":
            assert closes.loc[str(late.statement_date), lot.symbol] == float(lot.entry_price), lot.symbol


def test_profiles_have_the_beta_yield_and_size_of_the_simulation(
    markets: SimulatedMarkets, closes: pd.DataFrame
) -> None:
    profiles = simulated_profiles(markets).set_index("symbol")
    assert {security.symbol for security in securities()} == set(profiles.index)
    assert profiles.loc["SPY", ["details", "dividend_yield"]].tolist() == ['{"beta": 1.0}', 0.012]
    assert profiles.loc["VIX", "details"] == "{}"
    shares = profiles["market_cap"] / closes.loc[str(PROFILE_DATE)]
    assert shares["AAPL"] == pytest.approx(14_900_000_000)
    unsized = {"VIX", "FXNAX", "FCNTX", "FMAGX", "VTIAX"}
    assert set(shares.index[shares.isna()]) == unsized, "an index and funds with one price a day"
    assert profiles["name"].notna().all()


def test_every_symbol_has_every_session(closes: pd.DataFrame) -> None:
    expected = sessions(FIRST_DATE, LAST_DATE).astype("datetime64[s]")
    assert (closes.index.to_numpy() == expected).all()
    assert not closes.isna().any(axis=None)
    assert {*entry_prices(), *factor_etfs(), *sector_proxies(), "VIX"} == set(closes.columns)
    assert (closes > 0).all(axis=None)


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others(markets: SimulatedMarkets) -> None:
    again, other = simulated_markets(), simulated_markets(seed=7)
    pd.testing.assert_frame_equal(markets.quotes, again.quotes)
    pd.testing.assert_frame_equal(markets.rates, again.rates)
    same = markets.quotes["close"] == other.quotes["close"]
    assert same.mean() < 0.01


def test_betas_are_those_of_the_table(returns: pd.DataFrame) -> None:
    for security in securities():
        # correlation between factors and idiosyncratic returns move the sample beta
        blur = 0.25 + 3 * security.idiosyncratic_volatility / 0.15 / np.sqrt(len(returns))
        if security.symbol != "VIX" and "size" in security.betas:
            (beta,) = regression(returns[security.symbol], returns["SPY"])
            assert beta == pytest.approx(security.betas["market"], abs=blur), security.symbol
    assert regression(returns["SPY"], returns["SPY"])[0] == pytest.approx(1)


@pytest.mark.parametrize(("symbol", "duration"), [("TLT", 16), ("BND", 6), ("FXNAX", 6), ("BIL", 0.1)])
def test_bonds_fall_by_their_duration_when_yields_rise(
    markets: SimulatedMarkets, returns: pd.DataFrame, symbol: str, duration: float
) -> None:
    rates = markets.rates.pivot_table(index="rate_date", columns="series", values="rate_pct")
    change = (rates["DGS10"].diff() / 100).reindex(returns.index)
    _, beta = regression(returns[symbol], returns["SPY"], change)
    assert beta == pytest.approx(-duration, rel=0.05)


def test_volatilities_are_plausible(returns: pd.DataFrame) -> None:
    volatility = returns.std() * np.sqrt(252)
    assert 0.10 < volatility["SPY"] < 0.25
    assert volatility["BIL"] < 0.002
    assert 0.04 < volatility["BND"] < 0.08
    assert volatility["USMV"] < volatility["SPY"] < volatility["SMH"] < volatility["PTON"] < 1
    assert (returns.drop(columns="VIX").abs() < 0.5).all(axis=None), "no move counts as a suspect price"


def test_the_volatility_index_jumps_when_the_market_falls(
    returns: pd.DataFrame, closes: pd.DataFrame
) -> None:
    assert returns["VIX"].corr(returns["SPY"]) < -0.6
    assert closes["VIX"].between(9, 60).all()


def test_dividends_make_total_returns_differ_from_price_returns(
    markets: SimulatedMarkets, returns: pd.DataFrame, closes: pd.DataFrame
) -> None:
    amounts = markets.dividends.pivot_table(index="ex_date", columns="symbol", values="amount")
    held = amounts.reindex(closes.index).reindex(columns=closes.columns).fillna(0)
    expected = (closes + held) / closes.shift() - 1
    np.testing.assert_allclose(returns, expected.loc[returns.index], atol=1e-12)
    assert (held["BND"] > 0).sum() == 23
    assert (held["TSLA"] == 0).all()


def test_the_curve_has_every_tenor_on_every_session(markets: SimulatedMarkets) -> None:
    rates = markets.rates.pivot_table(index="rate_date", columns="series", values="rate_pct")
    assert set(rates.columns) == set(TENORS)
    assert len(rates) == len(sessions(FIRST_DATE, LAST_DATE))
    assert rates.min(axis=None) > 2
    assert rates.max(axis=None) < 7
    assert rates.loc[ANCHOR, "DGS10"] == 4.25


def test_open_and_close_are_within_low_and_high(markets: SimulatedMarkets) -> None:
    quotes = markets.quotes.dropna(subset=["open"])
    assert (quotes["high"] >= quotes[["open", "close"]].max(axis=1)).all()
    assert (quotes["low"] <= quotes[["open", "close"]].min(axis=1)).all()
    assert (quotes["low"] > 0).all()
    assert (quotes["volume"] > 0).all()
    funds = markets.quotes[markets.quotes["symbol"] == "FCNTX"]
    assert funds[["open", "high", "low", "volume"]].isna().all(axis=None), "a fund has one price a day"


def test_it_loads_once_and_every_row_is_labelled_simulated(connection: Connection) -> None:
    first = load_simulated(connection)
    assert {report.dataset: report.rows_new for report in first} == {
        "corporate_actions": 467,
        "treasury_rates": 5522,
        "company_profiles": 66,
        "prices": 33132,
    }
    assert not any(report.rows_new for report in load_simulated(connection))
    for table in ("prices", "corporate_actions", "treasury_rates", "company_profiles"):
        rows = connection.execute(f"select distinct source from raw.{table}").fetchall()
        assert rows == [("simulated",)]


def test_one_more_day_adds_only_that_day(connection: Connection) -> None:
    load_simulated(connection, until=date(2025, 9, 11))
    *_, prices = load_simulated(connection, until=date(2025, 9, 12))
    assert (prices.rows_new, prices.touched_from) == (66, date(2025, 9, 12))


def test_real_prices_are_never_overwritten(connection: Connection, count: Callable[[str], int]) -> None:
    real = pd.DataFrame([{"symbol": "SPY", "price_date": date(2025, 6, 30), "close": 617.85}])
    load_frame(connection, PRICES, real, source="files", origin="test")
    with pytest.raises(MixedSourcesError, match="holds real prices"):
        load_simulated(connection)
    assert count("raw.prices") == 1
