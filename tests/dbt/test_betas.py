"""Market betas of the marts against statsmodels, for all symbols, on simulated and on real prices."""

import pandas as pd
import psycopg
import pytest
import statsmodels.api as sm

from warehouse.connections import Warehouse

WINDOW, MINIMUM, CLIP = 90, 30, 5.0
EVERY_NTH_SESSION = 23


@pytest.fixture(scope="module", params=["demo", "market"])
def frames(request: pytest.FixtureRequest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns (sessions by symbols, every session of the calendar) and the betas of the mart."""
    built: Warehouse = request.getfixturevalue(request.param)
    with psycopg.connect(built.analyst_url) as connection:
        returns = pd.DataFrame(
            connection.execute("select as_of_date, symbol, daily_return from marts.fct_prices").fetchall(),
            columns=["as_of_date", "symbol", "daily_return"],
        )
        sessions = connection.execute(
            """select as_of_date from marts.dim_dates where is_trading_day and as_of_date between
            (select min(as_of_date) from marts.fct_prices) and (select max(as_of_date) from marts.fct_prices)
            order by as_of_date"""
        ).fetchall()
        columns = ["symbol", "as_of_date", "beta", "is_clipped", "std_error", "p_value", "observations"]
        betas = pd.DataFrame(
            connection.execute(f"select {', '.join(columns)} from marts.fct_symbol_factor_betas").fetchall(),
            columns=columns,
        )
    wide = returns.pivot_table(index="as_of_date", columns="symbol", values="daily_return", dropna=False)
    return wide.reindex([day for (day,) in sessions]), betas.set_index(["symbol", "as_of_date"])


def test_every_beta_equals_statsmodels(frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    returns, betas = frames
    checked = 0
    rows = [*range(MINIMUM, len(returns), EVERY_NTH_SESSION), len(returns) - 1]
    for row in rows:
        window = returns.iloc[max(0, row - WINDOW + 1) : row + 1].astype(float)
        for symbol in returns.columns:
            pair = pd.DataFrame({"y": window[symbol], "x": window["SPY"]}).dropna()
            key = (symbol, returns.index[row])
            if len(pair) < MINIMUM:
                assert key not in betas.index
                continue
            fit = sm.OLS(pair["y"], sm.add_constant(pair["x"])).fit()
            found = betas.loc[key]
            assert found["observations"] == len(pair)
            assert found["is_clipped"] == (abs(fit.params["x"]) > CLIP)
            assert found["beta"] == pytest.approx(max(-CLIP, min(CLIP, fit.params["x"])), rel=1e-8, abs=1e-8)
            if symbol != "SPY":  # statsmodels gives a perfect fit an error of rounding, ours is zero
                assert found["std_error"] == pytest.approx(fit.bse["x"], rel=1e-8)
                assert found["p_value"] == pytest.approx(fit.pvalues["x"], rel=1e-6, abs=1e-12)
            checked += 1
    assert checked > 50 * len(rows) * 0.8


def test_the_market_has_beta_one_on_every_session(frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, betas = frames
    spy = betas.xs("SPY", level="symbol")
    assert len(spy) > 300
    assert (spy["beta"] == 1).all()
