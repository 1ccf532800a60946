"""Stress results are believable, for the demo and twenty invented portfolios on every session (method, 14).

Identities (1, 2, 3 and 5) block publication; the others are flagged in `is_believable`, and hold here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.types.numeric import FloatLoader

from tests.database_copies import drop
from tests.dbt.engines_oracle import Marts, risk_factors
from tests.dbt.invented_books import BOOKS, load_and_build
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.long]  # the real prices, and a build of twenty portfolios

Read = Callable[[str], pd.DataFrame]
KEY = ["portfolio_name", "as_of_date"]
LONG_ONLY = [name for name, book in BOOKS.items() if book.is_long_only]
DEMO_LONG_ONLY = [
    "Demo Individual Investor Portfolio",
    "Demo High Net Worth Investor Portfolio",
    "Demo Family Office Public Growth",
]


@pytest.fixture(scope="module")
def warehouse(
    market: Warehouse,
    market_folder: Path,
    shared_home: Path,
    copy_warehouse: Callable[..., Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Warehouse]:
    """The demo on real prices, and the invented portfolios."""
    assert market.is_embedded
    base = open_warehouse(Settings(sigmasight_home=shared_home, warehouse_database="built_market"))
    copied = copy_warehouse(base)
    load_and_build(copied, market_folder, tmp_path_factory.mktemp("books"))
    yield copied
    drop(copied)


@pytest.fixture(scope="module")
def read(warehouse: Warehouse) -> Read:
    def query(text: str) -> pd.DataFrame:
        with psycopg.connect(warehouse.analyst_url) as connection:
            connection.adapters.register_loader("numeric", FloatLoader)
            cursor = connection.execute(text)  # type: ignore[call-overload]
            names = [column.name for column in cursor.description or []]
            return pd.DataFrame(cursor.fetchall(), columns=names)

    return query


@pytest.fixture(scope="module")
def stress(read: Read) -> pd.DataFrame:
    """Results of every portfolio, session and scenario, with exposures and the dollar beta to the market."""
    return read(
        """
        select
            portfolios.portfolio_name, stress.as_of_date, stress.scenario_id, stress.direct_pnl,
            stress.correlated_pnl, stress.direct_pct_equity, stress.correlated_pct_equity,
            stress.is_believable,
            exposures.long_exposure, exposures.net_exposure, exposures.leverage, exposures.effective_names,
            factors.dollar_exposure as market_dollars, snapshots.option_count
        from marts.fct_portfolio_stress as stress
        join marts.dim_portfolios as portfolios using (portfolio_id)
        join marts.fct_portfolio_exposures as exposures using (portfolio_id, as_of_date)
        join marts.fct_portfolio_snapshots as snapshots using (portfolio_id, as_of_date)
        join marts.fct_portfolio_factor_exposures as factors
            on stress.portfolio_id = factors.portfolio_id and stress.as_of_date = factors.as_of_date
            and factors.model = 'risk' and factors.factor = 'Market'
        where stress.direct_pnl is not null
        """
    )


@pytest.fixture(scope="module")
def shocks(read: Read) -> pd.DataFrame:
    """The shocks that the engine uses, scenarios by factors."""
    rows = read("select scenario_id, category, factor, shock, shock_basis from marts.dim_scenarios")
    used = rows.sort_values("shock_basis").drop_duplicates(["scenario_id", "factor"], keep="last")
    return used.pivot_table(index="scenario_id", columns="factor", values="shock")


def test_every_portfolio_has_results_on_every_session(stress: pd.DataFrame) -> None:
    counts = stress.groupby("portfolio_name")["as_of_date"].nunique()
    assert set(BOOKS) <= set(counts.index)
    assert (counts[list(BOOKS)] == counts.max()).all()
    assert counts.max() > 140


def test_the_market_moves_by_the_market_shock(stress: pd.DataFrame, shocks: pd.DataFrame) -> None:
    rows = stress[stress["portfolio_name"] == "only the market"]
    known = shocks["Market"].reindex(rows["scenario_id"]).fillna(0).to_numpy()
    np.testing.assert_allclose(rows["direct_pnl"] / rows["net_exposure"], known, atol=1e-9)


def test_a_style_fund_moves_by_its_total_shock(read: Read, shocks: pd.DataFrame) -> None:
    rows = read(
        """
        select stress.symbol, stress.scenario_id, stress.direct_pnl / position_values.market_value as move
        from marts.fct_position_stress as stress
        join marts.fct_position_values as position_values using (position_id, as_of_date)
        join marts.dim_portfolios as portfolios on stress.portfolio_id = portfolios.portfolio_id
        join marts.dim_scenarios as scenarios
            on stress.scenario_id = scenarios.scenario_id
            and scenarios.category = 'historical' and scenarios.factor = 'Market'
        where portfolios.portfolio_name = 'style funds' and stress.symbol <> 'SCHD'
        """
    )
    styles = read("select factor, proxy_symbol from marts.dim_factors where model = 'risk'")
    factor_of = styles.set_index("proxy_symbol")["factor"]
    expected = [shocks.loc[row.scenario_id, factor_of[row.symbol]] for row in rows.itertuples()]
    assert len(rows) > 50
    np.testing.assert_allclose(rows["move"], expected, atol=1e-9)


def test_correlated_equals_direct_where_all_factors_are_given(
    stress: pd.DataFrame, shocks: pd.DataFrame
) -> None:
    complete = shocks.drop(columns="Volatility").dropna().index
    assert len(complete) >= 10
    rows = stress[stress["scenario_id"].isin(complete)]
    np.testing.assert_allclose(rows["correlated_pnl"], rows["direct_pnl"], rtol=1e-9, atol=1e-6)


def test_an_unlevered_long_only_portfolio_never_loses_more_than_it_holds(stress: pd.DataFrame) -> None:
    rows = stress[stress["portfolio_name"].isin([*LONG_ONLY, *DEMO_LONG_ONLY, "long options"])]
    for result in ("direct_pnl", "correlated_pnl"):
        assert (rows[result] >= -rows["long_exposure"] - 0.01).all()


def test_losses_of_long_only_portfolios_are_in_proportion_to_the_markets(
    stress: pd.DataFrame, shocks: pd.DataFrame
) -> None:
    rows = stress[stress["portfolio_name"].isin([*LONG_ONLY, *DEMO_LONG_ONLY])].assign(
        market=lambda frame: shocks["Market"].reindex(frame["scenario_id"]).to_numpy(),
        beta=lambda frame: frame["market_dollars"] / frame["net_exposure"],
    )
    rows = rows[(rows["market"] <= -0.15) & (rows["effective_names"] >= 5) & (rows["beta"] >= 0.5)]
    alone = (1 + rows["market"]) ** rows["beta"] - 1
    ratio = rows["direct_pnl"] / rows["net_exposure"] / alone
    is_dotcom = rows["scenario_id"] == "dotcom_crash_2000"
    assert len(rows) > 10_000
    assert ratio[~is_dotcom].between(0.25, 2.0).all(), ratio[~is_dotcom].describe()
    assert ratio[is_dotcom].between(-0.3, 1.6).all(), ratio[is_dotcom].describe()
    assert ratio[~is_dotcom].between(0.5, 1.6).mean() > 0.99


def test_market_scenarios_are_monotonic(stress: pd.DataFrame, shocks: pd.DataFrame) -> None:
    """Rising in the shock for a positive beta, falling for a negative one."""
    only_market = shocks[shocks["Market"].notna() & (shocks.drop(columns="Market").isna().all(axis=1))]
    order = only_market["Market"].sort_values()
    linear = stress[stress["option_count"] == 0]
    wide = linear.pivot_table(index=KEY, columns="scenario_id", values="direct_pnl")[order.index]
    beta = linear.groupby(KEY)["market_dollars"].first().reindex(wide.index)
    steps = wide.diff(axis=1).iloc[:, 1:]
    is_positive = beta > 0.05 * linear.groupby(KEY)["long_exposure"].first().reindex(wide.index)
    assert (steps[is_positive] > 0).all(axis=None)
    is_short = wide.index.get_level_values(0) == "net short"
    assert (steps[is_short] < 0).all(axis=None)


def test_bond_funds_have_the_rate_betas_of_their_durations(read: Read) -> None:
    betas = read(
        """
        select symbol, beta from marts.fct_symbol_factor_betas
        where model = 'risk' and factor = 'Interest Rate' and symbol in ('BND', 'FXNAX', 'TLT', 'BIL')
        """
    )
    for symbol, low, high in (("BND", -10, -4), ("FXNAX", -10, -4), ("TLT", -21, -12), ("BIL", -0.1, 0.1)):
        assert betas.loc[betas["symbol"] == symbol, "beta"].between(low, high).all(), symbol


def test_bonds_lose_when_rates_rise_and_more_when_they_rise_more(stress: pd.DataFrame) -> None:
    wide = stress[stress["portfolio_name"] == "bond funds"].pivot_table(
        index=KEY, columns="scenario_id", values="direct_pct_equity"
    )
    assert (wide["rates_up_100bp"] < -0.02).all()
    assert (wide["rates_up_200bp"] < 1.8 * wide["rates_up_100bp"]).all()
    assert (wide["rates_down_100bp"] > 0.02).all()


def test_results_do_not_jump_from_week_to_week(stress: pd.DataFrame) -> None:
    """Constant holdings: the invented portfolios do not trade; options move with their underlyings."""
    rows = stress[stress["portfolio_name"].isin(LONG_ONLY)]
    wide = rows.pivot_table(
        index="as_of_date", columns=["portfolio_name", "scenario_id"], values="correlated_pct_equity"
    )
    moves = (wide - wide.shift(5)).iloc[5:].abs().to_numpy().ravel()
    assert len(moves) > 50_000
    assert np.median(moves) < 0.005
    assert (moves > 0.05).mean() < 0.01


def test_correlated_is_close_to_direct_where_the_market_is_shocked(
    stress: pd.DataFrame, shocks: pd.DataFrame
) -> None:
    rows = stress[stress["scenario_id"].isin(shocks["Market"].dropna().index)]
    rows = rows[rows["portfolio_name"].isin([*LONG_ONLY, *DEMO_LONG_ONLY])]
    gap = (rows["correlated_pct_equity"] - rows["direct_pct_equity"]).abs()
    assert gap.max() < 0.12


def test_the_flag_says_what_these_checks_find(stress: pd.DataFrame) -> None:
    rows = stress[stress["portfolio_name"].isin([*LONG_ONLY, *DEMO_LONG_ONLY])]
    assert rows["is_believable"].mean() > 0.99


@pytest.fixture(scope="module")
def graded(read: Read, warehouse: Warehouse) -> pd.DataFrame:
    """Returns of the long-only portfolios on the market's worst tenth of days, predicted and realized.

    Predicted with portfolio betas 21 sessions old and the factors' moves known.
    """
    marts = Marts(warehouse.analyst_url)
    moves = risk_factors(marts, marts.days[-1])
    betas = read(
        """
        select portfolio_name, as_of_date, factor, beta from marts.fct_portfolio_factor_exposures
        join marts.dim_portfolios using (portfolio_id) where model = 'risk'
        """
    ).pivot_table(index=KEY, columns="factor", values="beta")[moves.columns]
    returns = read(
        """
        select portfolio_name, as_of_date, public_daily_pnl / (equity - daily_pnl - capital_flow) as realized
        from marts.fct_portfolio_snapshots join marts.dim_portfolios using (portfolio_id)
        """
    ).set_index(KEY)["realized"]
    market = moves["Market"].iloc[-252:]
    worst = market[market <= market.quantile(0.1)].index
    lines = []
    for name in [*LONG_ONLY, *DEMO_LONG_ONLY]:
        own = betas.loc[name].reindex(moves.index).shift(21)
        both = pd.DataFrame({"predicted": (own * moves).sum(axis=1, min_count=8), "realized": returns[name]})
        lines.append(both.reindex(worst).dropna().assign(portfolio_name=name))
    return pd.concat(lines)


def test_bad_days_of_the_market_are_explained_by_betas_of_a_month_before(graded: pd.DataFrame) -> None:
    stocks = graded[~graded["portfolio_name"].isin(["bond funds", "real assets", "one stock"])]
    error = stocks["realized"] - stocks["predicted"]
    explained = 1 - (error**2).sum() / ((stocks["realized"] - stocks["realized"].mean()) ** 2).sum()
    assert len(stocks) > 80
    assert explained >= 0.8
    assert abs(error.groupby(stocks["portfolio_name"]).mean()).max() <= 0.003
