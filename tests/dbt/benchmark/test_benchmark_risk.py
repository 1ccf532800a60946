"""Risk against the benchmark: the demo a second time, by numpy and statsmodels."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
import statsmodels.api as sm

from warehouse.connections import Warehouse
from warehouse.method import method_variables

pytestmark = pytest.mark.slow

Read = Callable[[str], pd.DataFrame]
RULES = method_variables()["benchmark_rules"]
ANNUAL = 252**0.5
DAY = ["portfolio_id", "as_of_date"]
SAMPLE = ["2025-07-01", "2025-10-15", "2025-12-31"]


@pytest.fixture(scope="module")
def read(full_demo_run: Any) -> Read:
    warehouse: Warehouse = full_demo_run.warehouse

    def rows(statement: str) -> pd.DataFrame:
        with warehouse.connect_analyst() as connection:
            connection.execute("set search_path = marts")
            cursor = connection.execute(statement.encode())
            names = [column.name for column in cursor.description or []]
            return pd.DataFrame(cursor.fetchall(), columns=names)

    return rows


@pytest.fixture(scope="module")
def found(read: Read) -> pd.DataFrame:
    return read("select * from fct_benchmark_risk").set_index(DAY).sort_index()


def test_every_portfolio_has_a_row_on_every_session(read: Read, found: pd.DataFrame) -> None:
    days = read("select portfolio_id, as_of_date from fct_portfolio_snapshots").set_index(DAY).sort_index()
    assert found.index.equals(days.index)


def test_figures_ex_post_equal_statsmodels(read: Read, found: pd.DataFrame) -> None:
    series = read(
        """select portfolio_id, as_of_date, snapshots.daily_return as p, benchmarks.daily_return as b
        from fct_portfolio_snapshots as snapshots
        join fct_benchmark_returns as benchmarks using (portfolio_id, as_of_date) order by as_of_date"""
    )
    compared = 0
    for portfolio, returns in series.groupby("portfolio_id"):
        for last in range(len(returns)):
            window = returns.iloc[max(0, last + 1 - RULES["window"]) : last + 1]
            row = found.loc[(portfolio, returns["as_of_date"].iloc[last])]
            assert row["sessions"] == len(window)
            assert row["session_coverage"] == 1
            if pd.notna(row["ex_post_null_reason"]):
                reason = "too_few_sessions" if len(window) < RULES["minimum"] else "too_few_market_days"
                assert row["ex_post_null_reason"] == reason
                continue
            difference = window["p"] - window["b"]
            error = difference.std(ddof=1) * ANNUAL
            fit = sm.OLS(window["p"], sm.add_constant(window["b"])).fit()
            up, down = window[window["b"] > 0], window[window["b"] < 0]
            expected = {
                "beta": fit.params["b"],
                "tracking_error_ex_post": error,
                "active_return": difference.mean() * 252,
                "information_ratio": difference.mean() * 252 / error,
                "up_capture": up["p"].mean() / up["b"].mean(),
                "down_capture": down["p"].mean() / down["b"].mean(),
                "up_sessions": len(up),
                "down_sessions": len(down),
            }
            for name, value in expected.items():
                assert row[name] == pytest.approx(value, rel=1e-7, abs=1e-9), name
            compared += 1
    assert compared > 250


@pytest.fixture(scope="module")
def weights(read: Read) -> pd.DataFrame:
    """Delta-adjusted exposure over equity of the positions that have betas."""
    return read(
        """select portfolio_id, as_of_date::text as day, position_id, sector,
        coalesce(underlying_symbol, symbols.symbol) as symbol,
        (case when is_cash_equivalent then 0 else delta_adjusted_exposure end / equity)::float8 as weight
        from fct_position_values as symbols
        join (select position_id, is_cash_equivalent from dim_positions) as details using (position_id)
        join (select portfolio_id, as_of_date, equity from fct_portfolio_snapshots) as snapshots
        using (portfolio_id, as_of_date)
        where is_open and investment_class <> 'PRIVATE' and delta_adjusted_exposure is not null"""
    )


def _covariance(read: Read, day: str) -> pd.DataFrame:
    """Annualized covariance of all symbols: B S B' + diag(idiosyncratic variance)."""
    betas = read(
        f"""select symbol, factor, beta, residual_volatility from fct_symbol_factor_betas
        where model = 'risk' and as_of_date = '{day}'"""
    )
    factors = read(
        f"""select factor_1, factor_2, ewma_covariance from fct_factor_correlations
        where model = 'risk' and as_of_date = '{day}'"""
    )
    loadings = betas.pivot_table(index="symbol", columns="factor", values="beta")
    s = factors.pivot_table(index="factor_1", columns="factor_2", values="ewma_covariance")
    s = s.loc[loadings.columns, loadings.columns]
    specific = betas.groupby("symbol")["residual_volatility"].first() ** 2
    values = loadings.to_numpy() @ s.to_numpy() @ loadings.to_numpy().T + np.diag(specific[loadings.index])
    return pd.DataFrame(values, index=loadings.index, columns=loadings.index)


def _product(left: pd.Series, covariance: pd.DataFrame, right: pd.Series) -> float:
    return float(left.to_numpy(float) @ covariance.to_numpy(float) @ right.to_numpy(float))


@pytest.mark.parametrize("day", SAMPLE)
def test_figures_ex_ante_equal_the_quadratic_form_over_all_symbols(
    read: Read, found: pd.DataFrame, weights: pd.DataFrame, day: str
) -> None:
    covariance = _covariance(read, day)
    today = found.xs(pd.Timestamp(day).date(), level="as_of_date")
    compared = 0
    for portfolio, row in today.iterrows():
        held = weights[(weights["portfolio_id"] == portfolio) & (weights["day"] == day)]
        w = held.groupby("symbol")["weight"].sum().reindex(covariance.index, fill_value=0)
        b = pd.Series(covariance.index == row["benchmark_symbol"], index=covariance.index).astype(float)
        assert b.sum() == 1
        variance = _product(b, covariance, b)
        assert row["benchmark_volatility"] == pytest.approx(variance**0.5, rel=1e-9)
        assert row["benchmark_specific_volatility"] == 0  # SPY is the proxy of the market
        if held.empty:
            assert row["ex_ante_null_reason"] == "no_public_positions"
            continue
        error = _product(w - b, covariance, w - b) ** 0.5
        assert row["tracking_error_ex_ante"] == pytest.approx(error, rel=1e-8)
        assert row["beta_ex_ante"] == pytest.approx(_product(w, covariance, b) / variance, rel=1e-8)
        compared += 1
    assert compared >= 4


@pytest.mark.parametrize("day", SAMPLE)
def test_contributions_are_euler_s_and_add_up(
    read: Read, found: pd.DataFrame, weights: pd.DataFrame, day: str
) -> None:
    """Of positions: weight x (covariance with the active return) / tracking error, by the whole matrix."""
    covariance = _covariance(read, day)
    parts = read(
        f"""select portfolio_id, kind, parts.* from dim_portfolios
        cross join unnest(array['position', 'symbol', 'sector', 'factor']) as kind
        cross join lateral udf.portfolio_active_risk(portfolio_id, '{day}', kind) as parts"""
    )
    today = found.xs(pd.Timestamp(day).date(), level="as_of_date")
    groups: Any = parts.groupby(["portfolio_id", "kind"])
    for (portfolio, kind), rows in groups:
        row = today.loc[portfolio]
        if pd.notna(row["ex_ante_null_reason"]):
            assert set(rows["null_reason"]) == {row["ex_ante_null_reason"]}
            continue
        error = row["tracking_error_ex_ante"]
        assert rows["contribution"].sum() == pytest.approx(error, rel=1e-9)
        assert rows["share"].sum() == pytest.approx(1, rel=1e-9)
        assert rows["contribution"].notna().equals(rows["null_reason"].isna())
        by_part = rows.set_index("part")
        if kind == "factor":
            specific = by_part.loc["Specific", "contribution"]
            assert specific == pytest.approx(row["tracking_error_specific"] ** 2 / error, rel=1e-8)
            continue
        held = weights[(weights["portfolio_id"] == portfolio) & (weights["day"] == day)]
        active = held.groupby("symbol")["weight"].sum().reindex(covariance.index, fill_value=0)
        active[row["benchmark_symbol"]] -= 1
        slope = covariance @ active / error
        if kind == "position":
            assert by_part.loc["Benchmark", "contribution"] == pytest.approx(-slope["SPY"], rel=1e-8)
            for position in held.itertuples():
                expected = position.weight * slope[position.symbol] if position.weight else 0
                found_part = by_part.loc[str(position.position_id)]
                assert found_part["contribution"] == pytest.approx(expected, rel=1e-7, abs=1e-12)
        if kind == "symbol":
            assert by_part.loc["SPY", "active_exposure"] == pytest.approx(active["SPY"], rel=1e-9)
            assert by_part.loc["SPY", "marginal"] == pytest.approx(slope["SPY"], rel=1e-8)


def test_tags_which_overlap_are_no_parts(read: Read) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"^part_of is position, symbol, sector"):
        read("select udf.portfolio_active_risk(portfolio_id, '2025-12-31', 'tag') from dim_portfolios")
