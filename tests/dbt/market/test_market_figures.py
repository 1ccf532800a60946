"""Figures of the demo portfolios on real prices: identities on every session, second computations, sizes."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from python_models.options.american.pricing import as_contracts
from tests.dbt.what_if.what_if_figures import Reader, assert_published, assert_spy_has_its_quantile
from tests.python_models.options.american.peer import quantlib_prices
from warehouse.method import stressed_window

pytestmark = pytest.mark.slow

Read = Callable[[str], pd.DataFrame]
SESSIONS = ["2025-07-01", "2025-08-15", "2025-11-17", "2026-01-30"]
DAY = ["portfolio_id", "as_of_date"]
# their prices are net asset values, and their returns are those with distributions, which no action tells
FUNDS = ("FCNTX", "FMAGX", "FXNAX", "VTIAX")


def test_pnl_is_the_total_return_of_what_was_held(read: Read) -> None:
    """Over splits too: a value would jump by the ratio of one that is not followed."""
    found = read(
        f"""select values.symbol, values.as_of_date, values.daily_pnl, before.market_value as held,
            prices.daily_return, prices.split_ratio
        from fct_position_values as values join dim_dates as dates using (as_of_date)
        join fct_position_values as before on before.position_id = values.position_id
            and before.as_of_date = dates.previous_trading_day
        join fct_prices as prices on prices.symbol = values.symbol and prices.as_of_date = values.as_of_date
        where values.investment_class = 'PUBLIC' and values.symbol not in {FUNDS}"""
    )
    assert len(found) > 9000
    assert set(found.loc[found["split_ratio"] != 1, "symbol"]) == {"NFLX", "XLK", "XLY"}
    np.testing.assert_allclose(found["daily_pnl"], found["held"] * found["daily_return"], rtol=0, atol=0.1)


def test_a_split_changes_quantities_and_nothing_else(read: Read) -> None:
    found = read(
        "select symbol, as_of_date, quantity, amount, realized_pnl from fct_trades where kind = 'split'"
    )
    assert len(found) == 3
    assert (found["amount"] == 0).all()
    assert (found["realized_pnl"] == 0).all()
    held = read("select symbol, as_of_date, quantity from fct_position_values where is_open").set_index(
        ["symbol", "as_of_date"]
    )["quantity"]
    for row in found.itertuples():
        after = held.loc[row.symbol, row.as_of_date]
        assert after / (after - row.quantity) in {2, 10}


def test_flags_of_symbols_follow_their_last_price(read: Read) -> None:
    """The VIX ends a month before the others; while an option on it is held, its jumps are flagged."""
    found = read(
        """select quality.symbol, quality.as_of_date, flag, used_by_portfolios, sessions.session_number
            - last.session_number as stale
        from fct_data_quality as quality
        join (select as_of_date, row_number() over (order by as_of_date) as session_number
            from dim_dates where is_trading_day) as sessions using (as_of_date)
        join (select as_of_date, row_number() over (order by as_of_date) as session_number
            from dim_dates where is_trading_day) as last on last.as_of_date = quality.last_price_date"""
    )
    ended = found[found["stale"] > 0]
    assert set(ended["symbol"]) == {"VIX"}
    expected = np.select(
        [ended["stale"] <= 5, ended["stale"] <= 10], ["stale_price", "missing_price"], "dead_symbol"
    )
    assert (ended["flag"] == expected).all()
    assert set(ended["flag"]) == {"stale_price", "missing_price", "dead_symbol"}
    held = found[found["used_by_portfolios"] > 0]
    assert held["symbol"].nunique() > 40
    assert set(held.loc[held["symbol"] != "VIX", "flag"]) == {"full_history"}
    assert set(held.loc[held["symbol"] == "VIX", "flag"]) == {"suspect_price"}


def test_trades_explain_cash_and_realized_gains(read: Read) -> None:
    cash = read(
        """select portfolio_name, as_of_date, cash, capital_flow, initial_equity from fct_portfolio_snapshots
        join dim_portfolios using (portfolio_id) order by as_of_date"""
    )
    moved = read(
        """select portfolio_name, as_of_date, sum(amount) as amount, sum(realized_pnl) as realized
        from fct_trades join dim_portfolios using (portfolio_id) group by 1, 2"""
    )
    paid = read(
        """select portfolio_name, as_of_date, sum(dividends) as dividends from fct_position_values
        join dim_portfolios using (portfolio_id) group by 1, 2"""
    )
    keys = ["portfolio_name", "as_of_date"]
    both = cash.merge(moved, on=keys, how="left").merge(paid, on=keys, how="left").fillna(0)
    for _, days in both.groupby("portfolio_name"):
        before = days["cash"].shift().fillna(days["initial_equity"].iloc[0])
        explained = before + days["capital_flow"] + days["amount"] + days["dividends"]
        np.testing.assert_allclose(days["cash"], explained, rtol=0, atol=0.005)
    gains = read(
        """select portfolio_name, disposed_on as as_of_date, sum(gain) as gain from fct_realized_gains
        join dim_portfolios using (portfolio_id) where method = 'portfolio' group by 1, 2"""
    )
    realized = moved[moved["realized"] != 0].merge(gains, on=keys, how="outer")
    assert len(realized) >= 4
    np.testing.assert_allclose(realized["gain"], realized["realized"], rtol=0, atol=0.005)


def test_options_expire_at_the_real_close(read: Read) -> None:
    found = read(
        """select gains.*, strike_price, option_type, prices.close
        from fct_realized_gains as gains join dim_positions on position_id = disposal_id
        join fct_prices as prices
            on prices.symbol = gains.underlying_symbol and prices.as_of_date = disposed_on
        where method = 'portfolio' and kind = 'expiry'"""
    )
    assert len(found) == 8
    sign = np.where(found["option_type"] == "CALL", 1, -1)
    value = 100 * found["quantity"] * np.maximum(sign * (found["close"] - found["strike_price"]), 0)
    is_long = found["position_type"].str.startswith("L")
    np.testing.assert_allclose(np.where(is_long, found["proceeds"], found["basis"]), value, atol=0.01)
    np.testing.assert_allclose(found["gain"], found["proceeds"] - found["basis"], atol=0.001)
    assert set(found["term"]) == {"short"}


def test_realized_plus_unrealized_is_the_same_under_every_method(read: Read) -> None:
    found = read(
        """with gains as (
            select portfolio_id, method, sum(gain) as realized from fct_realized_gains group by 1, 2
        ), lots as (
            select portfolio_id, method, sum(cost_basis) as cost from fct_tax_lots group by 1, 2
        ), held as (
            select portfolio_id, sum(cost_basis) as stated
            from fct_position_values
            where is_open and symbol in (select symbol from fct_tax_lots)
            and as_of_date = (select max(as_of_date) from fct_position_values) group by 1
        ), realized as (
            select portfolio_id, sum(realized_pnl) as published from fct_position_values group by 1
        )
        select coalesce(realized, 0) - cost as found, published - stated as expected
        from lots left join gains using (portfolio_id, method)
        join held using (portfolio_id) join realized using (portfolio_id)"""
    )
    assert len(found) == 36
    np.testing.assert_allclose(found["found"], found["expected"], rtol=0, atol=0.005)


@pytest.mark.parametrize("name", ["Public Growth", "High Net Worth"])
def test_stressed_value_at_risk_is_the_loss_of_the_window(read: Read, name: str) -> None:
    """Portfolios without options, up to what symbols lack of the window (1 % of the returns)."""
    start, end = stressed_window()
    returns = read(
        f"""select as_of_date, symbol, daily_return from fct_prices
        where as_of_date between '{start}' and '{end}'"""
    ).pivot_table(index="as_of_date", columns="symbol", values="daily_return")
    assert len(returns) == 252
    held = read(
        f"""select as_of_date, symbol, sum(market_value) as value from fct_position_values
        join dim_portfolios using (portfolio_id)
        where portfolio_name ~ '{name}' and is_open and investment_class = 'PUBLIC' group by 1, 2"""
    ).pivot_table(index="as_of_date", columns="symbol", values="value")
    published = read(
        f"""select risk.* from fct_portfolio_risk as risk join dim_portfolios using (portfolio_id)
        where portfolio_name ~ '{name}'"""
    ).set_index("as_of_date")
    pnl = returns.reindex(columns=held.columns).fillna(0.0).to_numpy() @ held.fillna(0.0).to_numpy().T
    assert pnl.shape == (252, len(published))
    for label, alpha in ((95, 0.05), (99, 0.01)):
        quantile = np.quantile(pnl, alpha, axis=0)
        tail = np.where(pnl <= quantile, pnl, np.nan)
        figures = published.loc[held.index]
        np.testing.assert_allclose(figures[f"var_{label}_1d_stressed"], -quantile, rtol=0.02)
        np.testing.assert_allclose(figures[f"es_{label}_1d_stressed"], -np.nanmean(tail, axis=0), rtol=0.02)
    assert published["stressed_proxied_share"].max() < 0.02


def test_the_bad_year_is_worse_than_the_last_one(read: Read) -> None:
    found = read("select * from fct_portfolio_risk where var_99_1d is not null")
    for figure in ("var_95_1d", "var_99_1d", "es_95_1d", "es_99_1d"):
        ratio = found[f"{figure}_stressed"] / found[figure]
        assert ratio.between(0.97, 2).all(), (figure, ratio.describe())


@pytest.mark.parametrize("day", SESSIONS)
def test_a_what_if_without_trades_is_what_is_published(rows: Reader, day: str) -> None:
    portfolios = rows("select portfolio_id from fct_portfolio_snapshots where as_of_date = %s", day)
    assert sum(assert_published(rows, row["portfolio_id"], day) for row in portfolios) >= 900


def test_a_portfolio_of_spy_has_its_own_quantile(rows: Reader) -> None:
    (owner,) = rows("select portfolio_id from dim_portfolios where portfolio_name ~ 'Public Growth'")
    assert_spy_has_its_quantile(rows, owner["portfolio_id"], SESSIONS[-1])


@pytest.mark.parametrize(
    ("measure", "confidence"), [("var", 0.95), ("var", 0.99), ("es", 0.95), ("es", 0.99)]
)
def test_components_add_up_to_value_at_risk(rows: Reader, measure: str, confidence: float) -> None:
    for day in SESSIONS:
        for risk in rows("select * from fct_portfolio_risk where as_of_date = %s", day):
            total = risk[f"{measure}_{round(100 * confidence)}_1d"]
            for part_of in ("position", "sector", "factor"):
                parts = rows(
                    "select component from udf.portfolio_risk_contributions(%s, %s, %s, %s, %s)",
                    *(risk["portfolio_id"], day, measure, confidence, part_of),
                )
                known = [part["component"] for part in parts if part["component"] is not None]
                assert bool(known) == (total is not None)
                if known:
                    assert sum(known) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("method", ["carino", "menchero"])
@pytest.mark.parametrize("dimension", ["sector", "investment_class"])
def test_linked_effects_are_the_excess_return(read: Read, method: str, dimension: str) -> None:
    found = read(
        f"""select portfolio_name, sum(effect) as effect, sum(contribution) as contribution
        from dim_portfolios
        cross join udf.portfolio_attribution(portfolio_id, null, null, '{dimension}', '{method}')
        group by 1"""
    ).set_index("portfolio_name")
    periods = read(
        """select portfolio_name, time_weighted, excess from fct_returns_by_period
        join dim_portfolios using (portfolio_id)
        where period = 'ITD' and as_of_date = (select max(as_of_date) from fct_returns_by_period)"""
    ).set_index("portfolio_name")
    assert len(found) == len(periods) == 6
    np.testing.assert_allclose(found["effect"], periods.loc[found.index, "excess"], atol=1e-10)
    np.testing.assert_allclose(found["contribution"], periods.loc[found.index, "time_weighted"], atol=1e-10)


def test_risk_against_spy_adds_up_and_is_of_the_right_size(read: Read, rows: Reader) -> None:
    found = read("select * from fct_benchmark_risk where tracking_error_ex_ante is not null")
    both = np.hypot(found["tracking_error_factors"], found["tracking_error_specific"])
    np.testing.assert_allclose(found["tracking_error_ex_ante"], both, rtol=1e-9)
    assert set(found["benchmark_symbol"]) == {"SPY"}
    assert (found["benchmark_specific_volatility"] < 1e-6).all()
    # what is held now against what both earned over half a year
    known = found[found["sessions"] >= 100]
    ratio = known["tracking_error_ex_ante"] / known["tracking_error_ex_post"]
    assert ratio.between(0.6, 1.6).all(), ratio.describe()
    assert (known["beta_ex_ante"] - known["beta"]).abs().max() < 0.3
    for row in rows(
        "select * from fct_benchmark_risk where as_of_date = %s and tracking_error_ex_ante is not null",
        SESSIONS[-1],
    ):
        for part_of in ("position", "factor"):
            (total,) = rows(
                "select sum(contribution) as parts from udf.portfolio_active_risk(%s, %s, %s)",
                *(row["portfolio_id"], row["as_of_date"], part_of),
            )
            assert total["parts"] == pytest.approx(row["tracking_error_ex_ante"], rel=1e-9)


def test_returns_ex_post_equal_numpy(read: Read) -> None:
    series = read(
        """select portfolio_id, as_of_date, snapshots.daily_return as own, benchmarks.daily_return as other
        from fct_portfolio_snapshots as snapshots
        join fct_benchmark_returns as benchmarks using (portfolio_id, as_of_date) order by as_of_date"""
    )
    found = read("select * from fct_benchmark_risk where beta is not null").set_index(DAY)
    for portfolio, days in series.groupby("portfolio_id"):
        if (portfolio, days["as_of_date"].iloc[-1]) not in found.index:
            continue  # private
        row = found.loc[(portfolio, days["as_of_date"].iloc[-1])]
        apart = days["own"] - days["other"]
        assert row["tracking_error_ex_post"] == pytest.approx(apart.std() * 252**0.5, rel=1e-9)
        assert row["information_ratio"] == pytest.approx(apart.mean() / apart.std() * 252**0.5, rel=1e-7)
        slope = np.cov(days["own"], days["other"])[0, 1] / days["other"].var()
        assert row["beta"] == pytest.approx(slope, rel=1e-9)


def test_options_are_worth_what_quantlib_says(read: Read) -> None:
    """Every American price that was published, by another solver; none below exercise now."""
    found = read(
        """select greeks.*, option_type from fct_position_greeks as greeks
        join dim_positions using (position_id)
        where greeks.exercise = 'AMERICAN' and greeks.null_reason is null"""
    )
    is_call = found["option_type"] == "CALL"
    terms = ("strike_price", "years_to_expiration", "risk_free_rate", "dividend_yield", "implied_volatility")
    contracts = as_contracts(is_call.to_numpy(), *(found[name].to_numpy(float) for name in terms))
    spots = found["underlying_price"].to_numpy(float)
    expected = quantlib_prices(contracts, spots.tolist(), "fast")
    error = np.abs(found["option_price"] - expected) / found["strike_price"]
    assert len(found) > 900
    assert error.max() < 2e-4  # of the fast scheme
    intrinsic = np.maximum(np.where(is_call, 1, -1) * (spots - found["strike_price"]), 0)
    assert (found["option_price"] >= intrinsic - 1e-6).all()
