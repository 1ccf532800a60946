"""Attribution of every session of the demo a second time, with pandas, from positions and prices."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from warehouse.connections import Warehouse
from warehouse.method import method_variables

pytestmark = pytest.mark.slow

Read = Callable[[str], pd.DataFrame]
DAY = ["portfolio_id", "as_of_date"]
RATES = method_variables()["factor_rules"]


@pytest.fixture(scope="module")
def read(demo: Warehouse) -> Read:
    def rows(statement: str) -> pd.DataFrame:
        with demo.connect_analyst() as connection:
            connection.execute("set search_path = marts")
            cursor = connection.execute(statement.encode())
            names = [column.name for column in cursor.description or []]
            return pd.DataFrame(cursor.fetchall(), columns=names)

    return rows


@pytest.fixture(scope="module")
def days(read: Read) -> pd.DataFrame:
    """The capital that works on each session, and the returns."""
    return read(
        """select portfolio_id, as_of_date, dates.previous_trading_day,
        (equity - daily_pnl)::float8 as base, snapshots.daily_return, benchmarks.daily_return as benchmark,
        public_daily_pnl::float8, daily_pnl::float8
        from fct_portfolio_snapshots as snapshots
        join fct_benchmark_returns as benchmarks using (portfolio_id, as_of_date)
        join dim_dates as dates using (as_of_date)"""
    ).set_index(DAY)


@pytest.fixture(scope="module")
def held(read: Read) -> pd.DataFrame:
    """P&L of each lot, and what it was worth at the close before: nothing on the day it is bought."""
    lots = read(
        """select values.portfolio_id, as_of_date, position_id, values.investment_class, sector,
        is_cash_equivalent, daily_pnl::float8, market_value::float8
        from fct_position_values as values join dim_positions using (position_id)
        order by position_id, as_of_date"""
    )
    lots["start"] = lots.groupby("position_id")["market_value"].shift().fillna(0.0)
    return lots


def test_sectors_equal_a_second_implementation(read: Read, days: pd.DataFrame, held: pd.DataFrame) -> None:
    proxies = read(
        """select weights.sector, weights.weight, prices.as_of_date, prices.daily_return
        from dim_benchmark_sectors as weights
        join dim_symbols as symbols on symbols.sector = weights.sector and symbols.symbol like 'XL%'
        join fct_prices as prices on prices.symbol = symbols.symbol
        where weights.effective_date = '2025-06-30' and prices.as_of_date >= '2025-06-30'"""
    )
    weights = proxies.drop_duplicates("sector").set_index("sector")["weight"].sort_index()
    returns = proxies.pivot_table(index="as_of_date", columns="sector", values="daily_return")
    assert len(weights) == 11
    held = held.assign(
        segment=held["sector"].fillna("Unclassified").where(held["investment_class"] != "PRIVATE", "Private")
    )
    held.loc[held["is_cash_equivalent"], "segment"] = "Cash"
    summed = held.groupby([*DAY, "segment"])[["start", "daily_pnl"]].sum()
    found = (
        read("select * from fct_attribution_daily where dimension = 'sector'")
        .set_index([*DAY, "segment"])
        .sort_index()
    )
    compared = 0
    for key, day in days.iterrows():
        mine = found.loc[key]
        names = [name for name in mine.index if name not in {"Cash", "Benchmark residual"}]
        own = summed.loc[key].reindex(names).fillna(0.0) / day["base"]
        benchmark_weights = weights.reindex(names).fillna(0.0)
        total = day["benchmark"]
        compared_with = returns.loc[key[1]].reindex(names).fillna(total)
        allocation = (own["start"] - benchmark_weights) * (compared_with - total)
        selection = own["daily_pnl"] - own["start"] * compared_with
        same(mine.loc[names, "portfolio_weight"], own["start"])
        same(mine.loc[names, "allocation"], allocation)
        same(mine.loc[names, "selection"], selection)
        cash = 1 - own["start"].sum()
        assert mine.loc["Cash", "allocation"] == pytest.approx(-cash * total, abs=1e-12)
        residual = (benchmark_weights * (compared_with - total)).sum()
        assert mine.loc["Benchmark residual", "effect"] == pytest.approx(residual, abs=1e-12)
        assert mine["effect"].sum() == pytest.approx(day["daily_return"] - total, abs=1e-12)
        compared += 1
    assert compared > 200


def test_tags_equal_a_second_implementation(read: Read, days: pd.DataFrame, held: pd.DataFrame) -> None:
    periods = read("select portfolio_id, symbol, tag, valid_from, valid_before from dim_position_tags")
    lots = read("select position_id, symbol, own_tags from dim_positions")
    rows = held.merge(lots[["position_id", "symbol"]], on="position_id")
    assigned = rows.merge(periods, on=["portfolio_id", "symbol"])
    is_valid = (assigned["valid_from"] <= assigned["as_of_date"]) & (
        assigned["valid_before"].isna() | (assigned["as_of_date"] < assigned["valid_before"])
    )
    own = lots[["position_id", "own_tags"]].explode("own_tags").dropna().rename(columns={"own_tags": "tag"})
    columns = [*DAY, "position_id", "tag", "start", "daily_pnl"]
    tagged = pd.concat([assigned[is_valid][columns], rows.merge(own, on="position_id")[columns]])
    tagged = tagged.drop_duplicates([*DAY, "position_id", "tag"])
    expected = tagged.groupby([*DAY, "tag"])[["start", "daily_pnl"]].sum().reset_index()
    expected = expected.merge(days.reset_index(), on=DAY, suffixes=("", "_of_portfolio"))
    mart = read("select * from fct_attribution_daily where dimension = 'tag'")
    both = mart.merge(expected, left_on=[*DAY, "segment"], right_on=[*DAY, "tag"], suffixes=("", "_day"))
    assert len(both) == len(mart) == len(expected) > 500
    weight, contribution = both["start"] / both["base"], both["daily_pnl"] / both["base"]
    same(both["portfolio_weight"], weight)
    same(both["contribution"], contribution)
    same(both["effect"], contribution - weight * both["benchmark"])
    same(both["selection"], both["effect"])
    assert (both["allocation"] == 0).all()
    # they overlap: an option has the tag of its sector, too
    assert mart.groupby(DAY)["portfolio_weight"].sum().max() > 1


def test_classes_of_a_fund_of_the_benchmark_have_no_allocation(read: Read) -> None:
    found = read("select * from fct_attribution_daily where dimension = 'investment_class'")
    assert set(found["segment"]) == {"PUBLIC", "OPTIONS", "PRIVATE", "Cash"}
    assert (found.loc[found["segment"] != "Cash", "allocation"] == 0).all()
    assert (found.loc[found["segment"] == "PUBLIC", "benchmark_weight"] == 1).all()


def test_factors_equal_a_second_implementation(read: Read, days: pd.DataFrame) -> None:
    exposures = read(
        """select portfolio_id, as_of_date, factor, dollar_exposure from fct_portfolio_factor_exposures
        where model = 'risk'"""
    ).pivot_table(index=DAY, columns="factor", values="dollar_exposure")
    slopes = read(
        """select as_of_date, factor, style_beta, rate_proxy from fct_symbol_factor_betas
        where model = 'risk' and symbol = 'SPY'"""
    )
    slope = slopes.pivot_table(index="as_of_date", columns="factor", values="style_beta")
    proxies = read("select factor, proxy_symbol from dim_factors where model = 'risk'").set_index("factor")
    prices = read("select as_of_date, symbol, daily_return from fct_prices").pivot_table(
        index="as_of_date", columns="symbol", values="daily_return"
    )
    yields = read("select rate_date, rate from fct_treasury_rates where series = 'DGS10'").set_index(
        "rate_date"
    )["rate"]
    assert set(slopes["rate_proxy"].dropna()) == {"DGS10"}
    found = read("select * from fct_factor_attribution_daily").set_index([*DAY, "factor"]).sort_index()
    assert found["null_reason"].isna().all()
    for key, day in days.iterrows():
        before, mine = day["previous_trading_day"], found.loc[key, "contribution"]
        explained = 0.0
        for factor, proxy in proxies["proxy_symbol"].items():
            change = yields.get(key[1], np.nan) - yields.get(before, np.nan)
            if np.isnan(change):
                change = -prices.loc[key[1], "TLT"] / RATES["rate_proxy_duration"]
            move = change if factor == "Interest Rate" else prices.loc[key[1], proxy]
            if factor != "Market":
                move -= slope[factor].get(before, np.nan) * prices.loc[key[1], "SPY"]
            exposure = exposures[factor].get((key[0], before), 0.0)
            expected = exposure / day["base"] * move if exposure else 0.0
            assert mine[factor] == pytest.approx(expected, abs=1e-12), (key, factor)
            explained += expected
        assert mine["Specific"] == pytest.approx(day["public_daily_pnl"] / day["base"] - explained, abs=1e-12)
        assert mine.sum() == pytest.approx(day["daily_return"], abs=1e-12)


def same(found: "pd.Series[float]", expected: "pd.Series[float]") -> None:
    np.testing.assert_allclose(found.to_numpy(float), expected.to_numpy(float), rtol=0, atol=1e-12)
