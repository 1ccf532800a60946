"""Liquidity: every position, portfolio and session of the demo, by pandas and by brute force."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from warehouse.connections import Warehouse
from warehouse.method import method_variables

pytestmark = pytest.mark.slow

RULES = method_variables()["liquidity_rules"]
Read = Callable[[str], pd.DataFrame]


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
def symbols(read: Read) -> pd.DataFrame:
    return read("select * from fct_symbol_liquidity").set_index(["symbol", "as_of_date"]).sort_index()


@pytest.fixture(scope="module")
def positions(read: Read) -> pd.DataFrame:
    return read(
        """select liquidity.*, values.quantity::float8, abs(values.market_value)::float8 as value,
        values.investment_class, risk.realized_volatility_21d
        from fct_position_liquidity as liquidity
        join fct_position_values as values using (position_id, as_of_date)
        left join fct_symbol_risk as risk
        on liquidity.symbol = risk.symbol and liquidity.as_of_date = risk.as_of_date"""
    )


def test_volumes_are_moving_statistics_of_the_prices(read: Read, symbols: pd.DataFrame) -> None:
    prices = read(
        """select symbol, as_of_date, volume::float8, close::float8, daily_return from fct_prices
        order by as_of_date"""
    )
    assert read("select count(*) from fct_prices where split_ratio <> 1").iloc[0, 0] == 0
    prices["dollars"] = prices["volume"] * prices["close"]
    prices["impact"] = 1e6 * prices["daily_return"].abs() / prices["dollars"]
    wide = {
        name: prices.pivot_table(index="as_of_date", columns="symbol", values=name)
        for name in ("volume", "dollars", "impact")
    }
    for name, window in (("20d", RULES["short_window"]), ("63d", RULES["long_window"])):
        for quantity, column in (("volume", "volume"), ("dollars", "dollar_volume")):
            recent = wide[quantity].rolling(window, min_periods=int(np.ceil(RULES["minimum_share"] * window)))
            for statistic, values in (("average", recent.mean()), ("median", recent.median())):
                assert_same(symbols, f"{statistic}_{column}_{name}", values)
    recent = wide["impact"].rolling(RULES["long_window"], min_periods=42)
    assert_same(symbols, "amihud_illiquidity", recent.mean())


def assert_same(symbols: pd.DataFrame, column: str, expected: pd.DataFrame) -> None:
    found = symbols.pivot_table(index="as_of_date", columns="symbol", values=column, dropna=False)
    found = found.dropna(axis=1, how="all")
    assert found.size > 1000
    wanted = expected.loc[found.index, found.columns]
    np.testing.assert_allclose(found.to_numpy(float), wanted.to_numpy(float), rtol=1e-9)


def test_unknown_volumes_are_null_and_not_zero(symbols: pd.DataFrame) -> None:
    funds = symbols.loc[["FCNTX", "VIX"]]
    figures = [name for name in funds if name.startswith(("average", "median"))]
    assert funds[figures].isna().all(axis=None)
    assert set(funds["null_reason"]) == {"no_volume"}
    assert (funds["volume_days_63d"] == 0).all()


def test_shares_outstanding_are_those_of_the_demo_from_its_profiles_on(symbols: pd.DataFrame) -> None:
    shares = symbols.loc["AAPL", "shares_outstanding"]
    assert np.isnan(shares.iloc[0]), "the profile is a day younger than the portfolios"
    assert shares.iloc[1:].to_numpy() == pytest.approx(14_900_000_000, rel=1e-9)


def test_days_and_costs_follow_from_the_volume(positions: pd.DataFrame, symbols: pd.DataFrame) -> None:
    traded = positions[(positions["liquidated_by"] == "volume")].join(
        symbols[["average_volume_20d", "shares_outstanding"]], on=["symbol", "as_of_date"]
    )
    assert len(traded) > 3000
    together = traded.groupby(["portfolio_id", "as_of_date", "symbol"])["quantity"].transform(
        lambda lots: lots.abs().sum()
    )
    share = together / traded["average_volume_20d"]
    same(traded["days_to_liquidate"], share / RULES["participation"])
    deviation = traded["value"] * traded["realized_volatility_21d"] / np.sqrt(252)
    size = (traded["shares_outstanding"] / traded["average_volume_20d"]) ** 0.25
    cost = deviation * (0.314 / 2 * share * size + 0.142 * RULES["participation"] ** 0.6)
    same(traded["cost"], cost)
    for days in (1, 7, 30):
        same(traded[f"share_{days}d"], np.minimum(1, days / traded["days_to_liquidate"]))


def same(found: "pd.Series[Any]", expected: "pd.Series[Any]") -> None:
    np.testing.assert_allclose(found.to_numpy(float), expected.to_numpy(float), rtol=1e-9)


def test_what_is_not_traded_has_a_reason_or_a_way_out(positions: pd.DataFrame) -> None:
    by_class = positions.groupby("investment_class")["null_reason"].agg(lambda reasons: set(reasons.dropna()))
    assert by_class.to_dict() == {"OPTIONS": {"no_option_volume"}, "PRIVATE": {"private"}, "PUBLIC": set()}
    funds = positions[positions["symbol"] == "FCNTX"]
    assert set(funds["liquidated_by"]) == {"redemption"}
    assert (funds[["days_to_liquidate", "share_1d"]] == 1).all(axis=None)
    assert (positions.loc[positions["investment_class"] == "PRIVATE", "share_30d"] == 0).all()


def test_portfolios_are_sold_at_the_pace_of_their_positions(read: Read, positions: pd.DataFrame) -> None:
    portfolios = read(
        """select liquidity.*, risk.var_95_1d from fct_portfolio_liquidity as liquidity
        join fct_portfolio_risk as risk using (portfolio_id, as_of_date)"""
    ).set_index(["portfolio_id", "as_of_date"])
    compared = 0
    for key, held in positions.groupby(["portfolio_id", "as_of_date"]):
        row = portfolios.loc[key]
        total = held["value"].sum()
        for days in (1, 7, 30):
            assert row[f"share_{days}d"] == pytest.approx(
                (held["value"] * held[f"share_{days}d"]).sum() / total
            )
        assert row["coverage"] == pytest.approx(held.loc[held["bucket"].notna(), "value"].sum() / total)
        paced = held[held["days_to_liquidate"].notna()]
        if paced.empty:
            assert np.isnan(row["days_to_liquidate_95"])
            assert np.isnan(row["liquidity_adjusted_var"])
            continue
        sold = sold_within(paced, row["days_to_liquidate_95"])
        assert sold >= 0.95 * (1 - 1e-9)
        assert row["days_to_liquidate_95"] == 0 or sold == pytest.approx(0.95)
        whole = max(1, int(np.ceil(row["days_to_liquidate_100"])))
        left = np.arange(1, whole + 1) / whole
        assert row["liquidity_adjusted_var"] == pytest.approx(row["var_95_1d"] * np.sqrt((left**2).sum()))
        compared += 1
    assert compared > 200


def sold_within(positions: pd.DataFrame, days: float) -> float:
    """The share of their value that is sold within so many sessions."""
    pace = positions["days_to_liquidate"].clip(lower=1e-300)
    return float((positions["value"] * np.minimum(1, days / pace)).sum() / positions["value"].sum())
