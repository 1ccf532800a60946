"""Market betas of the marts compared with statsmodels, for all symbols, on simulated and on real prices."""

from typing import NamedTuple

import pandas as pd
import psycopg
import pytest
import statsmodels.api as sm

from warehouse.connections import Warehouse

WINDOW, MINIMUM, CLIP = 90, 30, 5.0
EVERY_NTH_SESSION = 12


class Frames(NamedTuple):
    """returns: sessions by symbols. first_row: row of the first session that has a portfolio."""

    returns: pd.DataFrame
    betas: pd.DataFrame
    first_row: int


@pytest.fixture(scope="module", params=["demo", "market"])
def frames(request: pytest.FixtureRequest) -> Frames:
    """Returns and market betas of the marts."""
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
            connection.execute(
                f"select {', '.join(columns)} from marts.fct_symbol_factor_betas where model = 'market'"
            ).fetchall(),
            columns=columns,
        )
        first_day = connection.execute("select min(as_of_date) from marts.fct_portfolio_snapshots").fetchall()
    wide = returns.pivot_table(index="as_of_date", columns="symbol", values="daily_return", dropna=False)
    days = [day for (day,) in sessions]
    return Frames(
        wide.reindex(days),
        betas.set_index(["symbol", "as_of_date"]).sort_index(),
        days.index(first_day[0][0]),
    )


def test_every_beta_equals_statsmodels(frames: Frames) -> None:
    returns, betas, first_row = frames
    checked = 0
    rows = [*range(first_row, len(returns), EVERY_NTH_SESSION), len(returns) - 1]
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
            if symbol != "SPY":  # a perfect fit: statsmodels has a rounding error, ours is zero
                assert found["std_error"] == pytest.approx(fit.bse["x"], rel=1e-8)
                assert found["p_value"] == pytest.approx(fit.pvalues["x"], rel=1e-6, abs=1e-12)
            checked += 1
    assert len(rows) > 4
    assert checked > 50 * len(rows) * 0.8


def test_spy_has_beta_one_on_every_session_from_the_first_portfolio_on(frames: Frames) -> None:
    returns, betas, first_row = frames
    spy = betas.xs("SPY", level="symbol")
    assert spy.index.tolist() == returns.index[first_row:].tolist()
    assert (spy["beta"] == 1).all()


def test_no_beta_is_older_than_the_first_portfolio(frames: Frames) -> None:
    returns, betas, first_row = frames
    assert first_row > WINDOW
    assert betas.index.get_level_values("as_of_date").min() == returns.index[first_row]
