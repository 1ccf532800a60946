"""Contributions of positions to volatility and return: every portfolio and session of the demo, by numpy."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

STEP = 1e-6  # change of a weight, for a slope


class Tables:
    """The marts by session: contributions with their exposures, betas, covariances and volatilities."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.positions = self._rows(
            """select contributions.*,
            coalesce(positions.underlying_symbol, positions.symbol) as pricing_symbol,
            positions.investment_class, positions.price_source,
            positions.delta_adjusted_exposure::float8 / snapshots.equity::float8 as weight
            from fct_risk_contributions as contributions
            join fct_position_values as positions using (position_id, as_of_date)
            join fct_portfolio_snapshots as snapshots
            on contributions.portfolio_id = snapshots.portfolio_id
            and contributions.as_of_date = snapshots.as_of_date"""
        )
        betas = self._rows(
            """select as_of_date, symbol, factor, beta, residual_volatility
            from fct_symbol_factor_betas where model = 'risk'"""
        )
        self._betas = betas.pivot_table(index=["as_of_date", "symbol"], columns="factor", values="beta")
        self._residuals = betas.groupby(["as_of_date", "symbol"])["residual_volatility"].first()
        covariances = self._rows(
            """select as_of_date, factor_1, factor_2, ewma_covariance
            from fct_factor_correlations where model = 'risk'"""
        )
        self._covariances = covariances.pivot_table(
            index=["as_of_date", "factor_1"], columns="factor_2", values="ewma_covariance"
        )
        self.risk = self._rows("select * from fct_portfolio_risk").set_index(["portfolio_id", "as_of_date"])
        self.snapshots = self._rows("select * from fct_portfolio_snapshots").set_index(
            ["portfolio_id", "as_of_date"]
        )

    def covariance(self, day: Any) -> pd.DataFrame:
        """Annualized covariance of every pair of symbols with betas."""
        betas, covariance = self._betas.loc[day], self._covariances.loc[day]
        assert list(betas.columns) == list(covariance.index) == list(covariance.columns)
        full = betas.to_numpy() @ covariance.to_numpy() @ betas.to_numpy().T
        full = full + np.diag(self._residuals.loc[day].loc[betas.index].to_numpy() ** 2)
        return pd.DataFrame(full, index=betas.index, columns=betas.index)

    def _rows(self, statement: str) -> pd.DataFrame:
        with self._warehouse.connect_analyst() as connection:
            connection.execute("set search_path = marts")
            cursor = connection.execute(statement.encode())
            return pd.DataFrame(
                cursor.fetchall(), columns=[column.name for column in cursor.description or []]
            )


@pytest.fixture(scope="module")
def tables(demo: Warehouse) -> Tables:
    return Tables(demo)


def volatility(weights: np.ndarray, covariance: pd.DataFrame) -> float:
    return float(np.sqrt(weights @ covariance.to_numpy() @ weights))


def measured(positions: pd.DataFrame) -> pd.DataFrame:
    return positions[positions["null_reason"].isna()]


def test_components_equal_those_of_the_full_covariance(tables: Tables) -> None:
    """w_i (C w)_i / s, with C over positions instead of factors."""
    compared = 0
    for (portfolio, day), rows in measured(tables.positions).groupby(["portfolio_id", "as_of_date"]):
        risky = rows[rows["price_source"] != "cash"]
        covariance = tables.covariance(day).loc[risky["pricing_symbol"], risky["pricing_symbol"]]
        weights = risky["weight"].to_numpy(float)
        total = volatility(weights, covariance)
        marginal = covariance.to_numpy() @ weights / total
        assert total == pytest.approx(tables.risk.loc[(portfolio, day), "total_volatility"], rel=1e-9)
        assert risky["marginal"].tolist() == pytest.approx(marginal.tolist(), rel=1e-8, abs=1e-12)
        assert risky["component"].tolist() == pytest.approx(
            (weights * marginal).tolist(), rel=1e-8, abs=1e-12
        )
        alone = np.abs(weights) * np.sqrt(np.diag(covariance))
        assert risky["standalone"].tolist() == pytest.approx(alone.tolist(), rel=1e-8, abs=1e-12)
        assert risky["share"].sum() == pytest.approx(1, rel=1e-9)
        assert (rows.loc[rows["price_source"] == "cash", "component"] == 0).all()
        compared += len(risky)
    assert compared > 3000


def test_a_marginal_is_the_slope_of_the_volatility(tables: Tables) -> None:
    last = tables.positions["as_of_date"].max()
    for _, rows in measured(tables.positions[tables.positions["as_of_date"] == last]).groupby("portfolio_id"):
        risky = rows[rows["price_source"] != "cash"]
        covariance = tables.covariance(last).loc[risky["pricing_symbol"], risky["pricing_symbol"]]
        weights = risky["weight"].to_numpy(float)
        for place, marginal in enumerate(risky["marginal"]):
            step = STEP * np.eye(len(weights))[place]
            slope = (volatility(weights + step, covariance) - volatility(weights - step, covariance)) / (
                2 * STEP
            )
            assert marginal == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_a_position_without_figures_has_a_reason_and_lowers_the_coverage(tables: Tables) -> None:
    left_out = tables.positions[tables.positions["null_reason"].notna()]
    private = left_out["investment_class"] == "PRIVATE"
    assert private.any()
    assert set(left_out.loc[private, "null_reason"]) == {"private"}
    figures = ["exposure_weight", "standalone", "marginal", "component", "share"]
    assert left_out[figures].isna().all(axis=None)
    assert measured(tables.positions)[figures].notna().all(axis=None)


def test_contributions_of_positions_add_up_to_the_return_of_the_day(demo: Warehouse, tables: Tables) -> None:
    statement = """select portfolio_id, as_of_date, sum(contribution_to_return), count(*)
        from marts.fct_position_values group by 1, 2"""
    with demo.connect_analyst() as connection:
        found = connection.execute(statement).fetchall()
    assert len(found) > 200
    for portfolio, day, contribution, _ in found:
        daily_return = tables.snapshots.loc[(portfolio, day), "daily_return"]
        assert contribution == pytest.approx(daily_return, rel=1e-9, abs=1e-12)
