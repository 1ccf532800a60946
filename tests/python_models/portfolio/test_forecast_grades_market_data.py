"""The grades of volatility forecasts in docs/method.md: on real prices, on the same days for each model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ingestion.demo import demo
from python_models.portfolio.volatility import symbol_volatility
from tests.method_config import VOLATILITY_CONFIG

pytestmark = pytest.mark.slow

FIRST_DAY = "2024-06-12"  # every symbol has a price from here on
MODELS = ("garch", "ewma", "har")
HORIZON = VOLATILITY_CONFIG.har_horizon


@pytest.fixture(scope="module")
def returns(market_folder: Path) -> pd.DataFrame:
    """Daily returns by session and symbol, without the index VIX."""
    rows = pd.read_csv(market_folder / "prices.csv", parse_dates=["date"])
    wide = rows.pivot_table(index="date", columns="symbol", values="adj_close").drop(columns="VIX")
    wide = wide[wide["SPY"].notna()]  # some holidays have a price of another symbol
    return wide.pct_change(fill_method=None).iloc[1:]


def _demo_weights(symbols: pd.Index) -> pd.DataFrame:
    """The public positions of the demo portfolios at their cost of 2025-06-30, scaled to a gross of one."""
    books = {}
    for path in sorted((Path(demo.__file__).parent / "data").glob("demo_*.csv")):
        rows = pd.read_csv(path)
        rows = rows[(rows["Investment Class"] == "PUBLIC") & rows["Symbol"].isin(symbols)]
        cost = (rows["Quantity"] * rows["Entry Price Per Share"]).groupby(rows["Symbol"]).sum()
        if len(cost):
            books[path.stem] = cost / cost.abs().sum()
    return pd.DataFrame(books).fillna(0.0)


def _graded(returns: pd.DataFrame) -> pd.DataFrame:
    """QLIKE and bias statistic of each model, the mean over the series, on days with all forecasts."""
    numbered = returns.reset_index(names="as_of_date").assign(session_number=np.arange(len(returns)))
    long = numbered.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    found = symbol_volatility(
        long.dropna(subset="daily_return"), rules=VOLATILITY_CONFIG, from_date=FIRST_DAY
    ).set_index(["as_of_date", "symbol"])
    after = {
        "realized": np.sqrt(252 * (returns**2).rolling(HORIZON).mean().shift(-HORIZON)),
        "earned": returns.rolling(HORIZON).sum().shift(-HORIZON),
    }
    for name, wide in after.items():
        by_date = wide.reset_index(names="as_of_date").melt("as_of_date", var_name="symbol", value_name=name)
        found[name] = by_date.set_index(["as_of_date", "symbol"])[name]
    columns = [f"forecast_volatility_21d_{model}" for model in MODELS]
    found = found.dropna(subset=[*columns, "realized"])
    grades = {}
    for model, column in zip(MODELS, columns, strict=True):
        ratio = (found["realized"] / found[column]) ** 2
        score = found["earned"] / (found[column] * np.sqrt(HORIZON / 252))
        grades[model] = {
            "qlike": (ratio - np.log(ratio) - 1).groupby("symbol").mean().mean(),
            "bias": score.groupby("symbol").std().mean(),
            "forecasts": len(found),
        }
    return pd.DataFrame(grades).T


@pytest.fixture(scope="module")
def tables(returns: pd.DataFrame) -> dict[str, pd.DataFrame]:
    weights = _demo_weights(returns.columns)
    books = returns[weights.index].fillna(0.0) @ weights
    return {"portfolio": _graded(books), "symbol": _graded(returns)}


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("portfolio", VOLATILITY_CONFIG.portfolio_forecast), ("symbol", VOLATILITY_CONFIG.symbol_forecast)],
)
def test_the_forecast_that_is_shown_grades_best(
    tables: dict[str, pd.DataFrame], kind: str, shown: str
) -> None:
    assert tables[kind]["qlike"].idxmin() == shown


@pytest.mark.parametrize(
    ("kind", "published"),
    [
        ("portfolio", {"garch": (0.511, 0.87), "ewma": (0.444, 0.90), "har": (1.493, 0.96)}),
        ("symbol", {"garch": (0.356, 0.89), "ewma": (0.380, 0.95), "har": (1.864, 0.97)}),
    ],
)
def test_the_table_of_the_method_is_that_of_the_kernel(
    tables: dict[str, pd.DataFrame], kind: str, published: dict[str, tuple[float, float]]
) -> None:
    for model, (qlike, bias) in published.items():
        assert tables[kind].loc[model, "qlike"] == pytest.approx(qlike, abs=0.002)
        assert tables[kind].loc[model, "bias"] == pytest.approx(bias, abs=0.006)
