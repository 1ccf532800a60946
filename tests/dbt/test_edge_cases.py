"""Edge-case portfolios, loaded and built by the real code: the values and flags of each mart."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
import statsmodels.api as sm
from psycopg import sql
from psycopg.rows import dict_row
from scipy.stats import norm

from api.queries import load_query
from ingestion.errors import InvalidPositionsFile
from ingestion.statements.columns import COLUMNS
from ingestion.statements.load import read_positions_file
from tests.dbt import edge_cases
from tests.dbt.edge_cases import (
    COIN,
    CURVE,
    ENTRY,
    EXPIRY,
    JUMP,
    LAST,
    LATER,
    MONDAY,
    PORTFOLIOS,
    QUOTED,
    SHRUNK,
    THIN,
    TIED,
    TOMORROW,
    ZERO_RATES,
)
from tests.flows.flow_helpers import CommandLine
from tests.method_config import RISK_CONFIG
from tests.reference.american_options import american_price
from warehouse.connections import Warehouse
from warehouse.settings import project_root

pytestmark = pytest.mark.slow

Row = dict[str, Any]
Rows = list[Row]
MARKET_ONLY = {
    "market_up_5": 0.05,
    "market_down_5": -0.05,
    "market_up_10": 0.10,
    "market_down_10": -0.10,
    "market_up_20": 0.20,
    "market_down_20": -0.20,
    "market_rally_25": 0.25,
    "market_down_25": -0.25,
    "market_crash_35": -0.35,
}
WITH_QUALITY = (
    "fct_portfolio_risk",
    "fct_portfolio_stress",
    "fct_portfolio_factor_exposures",
    "fct_portfolio_correlation",
)
GREEKS = ("delta", "gamma", "theta", "vega", "rho", "vanna", "volga", "charm")
ANNUAL = 252**0.5
# other windows and minimums decide there: NEW29 has enough returns for a correlation, NEW70 not for a spread
NOT_COMPARABLE = {
    ("fct_portfolio_correlation", "young", None),
    ("fct_portfolio_correlation", "only the youngest", None),
}


@pytest.fixture(scope="module")
def built(module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return edge_cases.build(module_warehouse, tmp_path_factory.mktemp("odd"), PORTFOLIOS)


@pytest.fixture(scope="module")
def connection(built: Warehouse) -> Any:
    with psycopg.connect(built.analyst_url, row_factory=dict_row) as opened:
        yield opened


@pytest.fixture(scope="module")
def rows(connection: psycopg.Connection[Row]) -> Callable[..., Rows]:
    """Rows of a mart for one portfolio on one session, ordered, that have the given values."""

    def read(mart: str, portfolio: str, day: date = LAST, **values: object) -> Rows:
        statement = sql.SQL(
            """select facts.* from marts.{} as facts join marts.dim_portfolios as portfolios
            using (portfolio_id) where portfolio_name = %s and as_of_date = %s order by facts::text"""
        ).format(sql.Identifier(mart))
        found = connection.execute(statement, [portfolio, day]).fetchall()
        return [row for row in found if values.items() <= row.items()]

    return read


@pytest.fixture(scope="module")
def row(rows: Callable[..., Rows]) -> Callable[..., Row]:
    """The only such row."""

    def read(mart: str, portfolio: str, day: date = LAST, **values: object) -> Row:
        (one,) = rows(mart, portfolio, day, **values)
        return one

    return read


@pytest.fixture(scope="module")
def betas(connection: psycopg.Connection[Row]) -> Rows:
    return connection.execute(
        "select * from marts.fct_symbol_factor_betas where as_of_date = %s", [LAST]
    ).fetchall()


@pytest.fixture(scope="module")
def past() -> pd.DataFrame:
    return edge_cases.returns()


def _beta(rows: Rows, symbol: str, model: str, factor: str) -> float:
    (one,) = [row for row in rows if (row["symbol"], row["model"], row["factor"]) == (symbol, model, factor)]
    return float(one["beta"])


def _volatility(series: pd.Series, window: int) -> float:
    return float(series.tail(window).std() * ANNUAL)


def _price_to_later(day: date, kind: str, spot: float, strike: float, sigma: float) -> float:
    """Price on a day of an American option (C or P), without dividends, that expires at LATER."""
    sign, years = (1 if kind == "C" else -1), (LATER - day).days / 365
    rate = np.interp(years, [0.25, 0.5], [0.043, 0.042])
    if kind == "P":
        return american_price(False, spot, strike, years, rate, 0.0, sigma)
    d1 = (np.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * years**0.5)
    discounted = strike * np.exp(-rate * years)
    return float(
        sign * (spot * norm.cdf(sign * d1) - discounted * norm.cdf(sign * (d1 - sigma * years**0.5)))
    )


# --- every portfolio ----------------------------------------------------------------------------------------


def test_every_portfolio_has_its_row_in_every_analytic(connection: psycopg.Connection[Row]) -> None:
    """An edge case in one portfolio does not remove rows of it or of others, on any session."""
    sessions = 6
    for mart in (*WITH_QUALITY, "fct_portfolio_snapshots", "fct_portfolio_exposures", "fct_portfolio_greeks"):
        counted = connection.execute(
            sql.SQL(
                """select portfolio_name, count(distinct as_of_date) as days from marts.{}
                join marts.dim_portfolios using (portfolio_id) group by portfolio_name"""
            ).format(sql.Identifier(mart))
        ).fetchall()
        assert {row["portfolio_name"]: row["days"] for row in counted} == dict.fromkeys(PORTFOLIOS, sessions)


@pytest.mark.parametrize("mart", WITH_QUALITY)
def test_analyzed_and_skipped_add_up_to_the_positions(connection: psycopg.Connection[Row], mart: str) -> None:
    found = connection.execute(
        sql.SQL(
            """select facts.*, position_count from marts.{} as facts
            join marts.fct_portfolio_snapshots using (portfolio_id, as_of_date)"""
        ).format(sql.Identifier(mart))
    ).fetchall()
    assert found
    for row in found:
        assert row["positions_total"] == row["position_count"]
        assert row["positions_analyzed"] + row["positions_skipped"] == row["positions_total"]
        assert min(row["positions_analyzed"], row["positions_skipped"], row["data_days"]) >= 0
        assert row["quality_message"].endswith(".")


NOT_A_NUMBER = "count(*) filter (where {0}::text in ('NaN', 'Infinity', '-Infinity', '-0')) as {0}"


def test_no_mart_has_nan_infinity_or_negative_zero(connection: psycopg.Connection[Row]) -> None:
    """Missing figures are null."""
    columns = connection.execute(
        """select table_name, column_name from information_schema.columns
        where table_schema = 'marts' and data_type in ('double precision', 'numeric')"""
    ).fetchall()
    assert len(columns) > 100
    by_mart: dict[str, list[str]] = {}
    for column in columns:
        by_mart.setdefault(column["table_name"], []).append(column["column_name"])
    for mart, names in by_mart.items():
        checks = [sql.SQL(NOT_A_NUMBER).format(sql.Identifier(name)) for name in names]
        found = connection.execute(
            sql.SQL("select {} from marts.{}").format(sql.SQL(", ").join(checks), sql.Identifier(mart))
        ).fetchone()
        assert found == dict.fromkeys(names, 0), mart


@pytest.mark.parametrize(
    ("portfolio", "flag", "counts", "coverage"),
    [
        ("private only", "no_public_positions", (0, 1), None),
        ("one symbol", "full_history", (1, 1), 1.0),
        ("only the market", "full_history", (1, 1), 1.0),
        ("two and a house", "partially_covered", (2, 3), 1.0),
        ("young", "partially_covered", (2, 3), 0.8),
        ("only the youngest", "no_factor_data", (0, 1), 0.0),
        ("flat", "full_history", (3, 3), 1.0),
        ("options", "full_history", (3, 3), 1.0),
        ("option on a flat price", "partially_covered", (1, 2), 50_000 / 55_000),
        ("dollar neutral", "full_history", (2, 2), 1.0),
        ("nothing left", "full_history", (1, 1), 1.0),
        ("two lots of one day", "full_history", (3, 3), 1.0),
        ("nothing bought", "no_factor_data", (0, 1), 0.0),
    ],
)
def test_risk_reports_flag_counts_and_coverage(
    row: Callable[..., Row], portfolio: str, flag: str, counts: tuple[int, int], coverage: float | None
) -> None:
    risk = row("fct_portfolio_risk", portfolio)
    exposure = row("fct_portfolio_factor_exposures", portfolio, model="risk", factor="Market")
    for found in (risk, exposure):
        assert found["quality_flag"] == flag
        assert (found["positions_analyzed"], found["positions_total"]) == counts
        assert found["coverage"] == (coverage if coverage is None else pytest.approx(coverage, abs=1e-12))


@pytest.mark.parametrize(
    ("portfolio", "said"),
    [
        ("private only", (0, ["OLD_HOUSE"], "No public positions")),
        ("two and a house", (0.5, ["OLD_HOUSE"], "50 % of gross market value and 50 % of equity are")),
        ("young", (0.8, ["NEW29"], "sessions of returns. Not measured: NEW29.")),
        ("only the youngest", (0, ["NEW29"], "No position has enough return history")),
        ("one symbol", (1, None, "Every analyzed position has a full window of returns.")),
        ("six times levered", (1, None, "Every analyzed position")),
        ("dollar neutral", (1, None, "Every analyzed position")),
        # a private holding of less than 5 % is named, and changes no flag
        ("a book and a cellar", (0.96, ["WINE"], "a full window of returns. Not measured: WINE.")),
        # 3 % of gross market value, but 9 % of equity
        ("levered and a cellar", (0.91, ["WINE"], "97 % of gross market value and 91 % of equity are")),
        # most of equity is uninvested cash
        ("a little of each", (0.98, ["WINE"], "75 % of gross market value and 98 % of equity are measured.")),
    ],
)
@pytest.mark.parametrize("mart", WITH_QUALITY)
def test_the_measured_share_of_equity_and_what_is_left_out_are_said(
    rows: Callable[..., Rows], mart: str, portfolio: str, said: tuple[float, list[str] | None, str]
) -> None:
    of_equity, not_measured, words = said
    for found in rows(mart, portfolio):
        if (mart, portfolio, found.get("model")) in NOT_COMPARABLE:
            continue
        assert found["coverage_of_equity"] == pytest.approx(of_equity, abs=1e-12)
        assert found["positions_not_measured"] == not_measured
        assert words in found["quality_message"]


def test_the_rest_of_equity_is_not_measured_where_no_volume_is_known(row: Callable[..., Row]) -> None:
    found = row("fct_portfolio_liquidity", "one symbol")
    assert (found["quality_flag"], found["coverage"], found["coverage_of_equity"]) == ("no_factor_data", 0, 0)


def test_without_positive_equity_there_is_no_share_of_it(row: Callable[..., Row]) -> None:
    assert row("fct_portfolio_risk", "nothing left")["coverage_of_equity"] is None


@pytest.mark.parametrize(
    ("portfolio", "reason"),
    [
        ("private only", "too_few_market_days"),
        ("one symbol", "too_few_market_days"),
        ("nothing left", "return_chain_broken"),
    ],
)
def test_a_missing_sharpe_ratio_has_a_reason(row: Callable[..., Row], portfolio: str, reason: str) -> None:
    risk = row("fct_portfolio_risk", portfolio)
    assert (risk["sharpe_ratio"], risk["sharpe_null_reason"]) == (None, reason)


# --- private positions only ---------------------------------------------------------------------------------


def test_a_private_portfolio_is_valued_and_flagged_but_has_no_risk(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    snapshot = row("fct_portfolio_snapshots", "private only")
    assert (snapshot["equity"], snapshot["net_market_value"], snapshot["cash"]) == (100_000, 90_000, 10_000)
    assert snapshot["public_price_coverage"] is None
    assert row("fct_portfolio_exposures", "private only")["gross_exposure"] == 90_000
    assert row("fct_position_values", "private only")["price_flag"] == "private_mark"
    for mart in WITH_QUALITY:
        for found in rows(mart, "private only"):
            assert found["quality_flag"] == "no_public_positions"
            assert (found["positions_analyzed"], found["positions_skipped"]) == (0, 1)
    risk = row("fct_portfolio_risk", "private only")
    numbers = ("market_beta", "total_volatility", "realized_volatility_21d", "var_95_1d", "es_99_1d")
    assert [risk[name] for name in numbers] == [None] * len(numbers)
    stress = rows("fct_portfolio_stress", "private only")
    assert len(stress) > 15
    assert {found["direct_pnl"] for found in stress} == {None}
    greeks = row("fct_portfolio_greeks", "private only")
    assert (greeks["delta"], greeks["null_reason"]) == (None, "no_public_positions")


def test_stress_reports_the_private_share_as_uncovered(rows: Callable[..., Rows]) -> None:
    stress = rows("fct_portfolio_stress", "two and a house")
    assert {found["coverage"] for found in stress} == {0.5}
    assert {(found["positions_analyzed"], found["positions_skipped"]) for found in stress} == {(2, 1)}


# --- opening balance ----------------------------------------------------------------------------------------


def test_lots_of_an_opening_balance_have_no_return_of_their_past(rows: Callable[..., Rows]) -> None:
    lots = {row["symbol"]: row for row in rows("fct_position_values", "opened", ENTRY)}
    bought = lots.pop("BBB")
    assert len(lots) == 3
    for lot in lots.values():
        assert (lot["daily_pnl"], lot["dividends"]) == (0, 0)
        assert lot["opening_value"] == lot["market_value"]
        assert (
            lot["unrealized_at_opening"] == lot["unrealized_pnl"] == lot["market_value"] - lot["cost_basis"]
        )
    assert lots["AAA"]["unrealized_at_opening"] > 0
    # without a price, it opens at its cost
    assert (lots["GHOST"]["market_value"], lots["GHOST"]["price_flag"]) == (300, "missing_price")
    (snapshot,) = rows("fct_portfolio_snapshots", "opened", ENTRY)
    assert snapshot["daily_pnl"] == bought["daily_pnl"] != 0
    (last,) = rows("fct_portfolio_snapshots", "opened", LAST)
    assert last["unrealized_at_opening"] == sum(lot["unrealized_at_opening"] for lot in lots.values())


# --- one symbol, the market ---------------------------------------------------------------------------------


def test_one_symbol_is_one_effective_name_and_has_no_pairs(
    row: Callable[..., Row], rows: Callable[..., Rows], past: pd.DataFrame
) -> None:
    exposures = row("fct_portfolio_exposures", "one symbol")
    names = ("hhi", "effective_names", "top_1_share", "top_10_share")
    assert [exposures[name] for name in names] == [1.0] * len(names)
    assert (exposures["leverage"], exposures["net_to_equity"]) == (0.5, 0.5)
    correlation = row("fct_portfolio_correlation", "one symbol")
    assert (correlation["mean_correlation"], correlation["diversification_score"]) == (None, None)
    assert (correlation["effective_bets"], correlation["cluster_count"]) == (1.0, 0)
    assert rows("fct_correlation_pairs", "one symbol") == []
    risk = row("fct_portfolio_risk", "one symbol")
    for window in (21, 63):
        expected = 0.5 * _volatility(past["AAA"], window)
        assert risk[f"realized_volatility_{window}d"] == pytest.approx(expected, rel=1e-9)


def test_a_portfolio_of_spy_loses_exactly_the_market_shock(rows: Callable[..., Rows]) -> None:
    stress = {found["scenario_id"]: found for found in rows("fct_portfolio_stress", "only the market")}
    for scenario, shock in MARKET_ONLY.items():
        found = stress[scenario]
        assert found["direct_pnl"] == pytest.approx(100_000 * shock, rel=1e-12)
        assert found["correlated_pnl"] == pytest.approx(100_000 * shock, rel=1e-12)
        assert found["correlation_effect"] == pytest.approx(0.0, abs=1e-6)
        assert found["direct_pct_equity"] == pytest.approx(shock, rel=1e-12)


def test_a_portfolio_of_spy_has_beta_one_no_style_and_no_idiosyncratic_risk(
    row: Callable[..., Row], rows: Callable[..., Rows], past: pd.DataFrame
) -> None:
    exposures = rows("fct_portfolio_factor_exposures", "only the market", model="risk")
    betas = {found["factor"]: found["beta"] for found in exposures}
    assert len(betas) == 8
    assert betas.pop("Market") == 1.0
    assert set(betas.values()) == {0.0}
    risk = row("fct_portfolio_risk", "only the market")
    assert risk["market_beta"] == 1.0
    assert risk["idiosyncratic_volatility"] == 0.0
    assert risk["total_volatility"] == risk["systematic_volatility"] > 0.05
    assert risk["realized_volatility_63d"] == pytest.approx(_volatility(past["SPY"], 63), rel=1e-9)
    assert risk["proxied_share"] == 0.0


# --- short histories ----------------------------------------------------------------------------------------


def test_29_days_are_too_few_for_betas_and_70_are_a_limited_history(betas: Rows) -> None:
    assert [row for row in betas if row["symbol"] == "NEW29"] == []
    young = [row for row in betas if row["symbol"] == "NEW70"]
    assert {row["model"] for row in young} == {"market", "rates", "bond", "spread", "risk"}
    assert {row["quality_flag"] for row in young} == {"limited_history"}
    assert {row["observations"] for row in young} == {69}
    old = [row for row in betas if row["symbol"] == "AAA"]
    assert {row["quality_flag"] for row in old} == {"full_history"}


def test_a_symbol_without_betas_is_excluded_and_lowers_the_coverage(
    row: Callable[..., Row], rows: Callable[..., Rows], betas: Rows
) -> None:
    market = row("fct_portfolio_factor_exposures", "young", model="market", factor="Market")
    expected = 50_000 * _beta(betas, "AAA", "market", "Market")
    expected += 30_000 * _beta(betas, "NEW70", "market", "Market")
    assert market["dollar_exposure"] == pytest.approx(expected, rel=1e-12)
    assert market["coverage"] == pytest.approx(0.8)
    crash = row("fct_portfolio_stress", "young", scenario_id="market_crash_35")
    assert crash["coverage"] == pytest.approx(0.8)
    assert crash["quality_flag"] == "partially_covered"
    assert len(rows("fct_position_stress", "young", scenario_id="market_crash_35")) == 2


def test_missing_returns_are_proxied_and_their_share_is_reported(row: Callable[..., Row]) -> None:
    """NEW70 has 69 of the 272 returns in the window of volatility, and 3/8 of the included exposure."""
    risk = row("fct_portfolio_risk", "young")
    assert risk["proxied_share"] == pytest.approx(30 / 80 * (272 - 69) / 272, rel=1e-12)
    assert risk["scenario_days"] == 252


def test_a_window_that_the_prices_do_not_cover_has_no_stressed_value_at_risk(row: Callable[..., Row]) -> None:
    """The prices of this market begin after the window does: it lacks more than 5 % of its sessions."""
    risk = row("fct_portfolio_risk", "one symbol")
    assert risk["var_95_1d_stressed"] is None
    assert risk["stressed_null_reason"] == "stressed_window_not_covered"
    assert row("fct_portfolio_risk", "only the youngest")["stressed_null_reason"] == "no_factor_data"
    assert row("fct_portfolio_risk", "private only")["stressed_null_reason"] == "no_public_positions"


def test_young_symbols_do_not_change_betas_of_others(betas: Rows, past: pd.DataFrame) -> None:
    """Other betas are regressions over all their own days, not over those common with the youngest symbol."""
    window = past.tail(90)
    for symbol in ("AAA", "BBB", "HOT", "QUAL"):
        fit = sm.OLS(window[symbol], sm.add_constant(window["SPY"])).fit()
        assert _beta(betas, symbol, "market", "Market") == pytest.approx(fit.params["SPY"], rel=1e-8)
    assert _beta(betas, "SPY", "market", "Market") == 1.0


def test_a_portfolio_of_one_too_young_symbol_has_no_factor_data(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    risk = row("fct_portfolio_risk", "only the youngest")
    assert risk["quality_flag"] == "no_factor_data"
    assert (risk["market_beta"], risk["total_volatility"], risk["var_95_1d"]) == (None, None, None)
    assert {found["direct_pnl"] for found in rows("fct_portfolio_stress", "only the youngest")} == {None}
    assert row("fct_portfolio_exposures", "only the youngest")["gross_exposure"] == 20_000


def test_a_symbol_without_any_price_is_valued_at_its_entry_and_flagged(
    row: Callable[..., Row], connection: psycopg.Connection[Row]
) -> None:
    value = row("fct_position_values", "nothing bought")
    assert (value["price"], value["price_flag"], value["daily_pnl"]) == (10, "missing_price", 0)
    assert row("fct_portfolio_snapshots", "nothing bought")["public_price_coverage"] == 0.0
    assert row("fct_portfolio_risk", "nothing bought")["quality_flag"] == "no_factor_data"
    quality = connection.execute(
        "select flag, last_price_date from marts.fct_data_quality where symbol = 'GHOST' and as_of_date = %s",
        [LAST],
    ).fetchone()
    assert quality == {"flag": "no_prices", "last_price_date": None}


# --- a constant price ---------------------------------------------------------------------------------------


def test_a_flat_price_has_no_volatility_and_beta_zero(
    connection: psycopg.Connection[Row], betas: Rows
) -> None:
    risk = connection.execute(
        "select * from marts.fct_symbol_risk where symbol = 'FLAT' and as_of_date = %s", [LAST]
    ).fetchone()
    assert risk is not None
    names = ("realized_volatility_21d", "realized_volatility_63d", "idiosyncratic_volatility")
    # the risk model explains a flat price as the market less the market
    assert [risk[name] for name in names] == [0.0, 0.0, pytest.approx(0.0, abs=1e-9)]
    flat = [row for row in betas if row["symbol"] == "FLAT"]
    assert len(flat) == 1 + 1 + 1 + 4 + 8
    assert [row["beta"] for row in flat] == pytest.approx([0.0] * len(flat), abs=1e-9)
    assert {row["r_squared"] for row in flat} == {None}


def test_a_flat_price_is_excluded_from_correlations_and_counted(
    row: Callable[..., Row], rows: Callable[..., Rows], past: pd.DataFrame
) -> None:
    found = row("fct_portfolio_correlation", "flat")
    assert (found["symbols_included"], found["symbols_excluded"]) == (2, 1)
    assert (found["positions_analyzed"], found["positions_skipped"]) == (2, 1)
    pair = row("fct_correlation_pairs", "flat")
    assert (pair["symbol_1"], pair["symbol_2"]) == ("AAA", "BBB")
    expected = past["AAA"].tail(90).corr(past["BBB"].tail(90))
    assert pair["correlation"] == pytest.approx(expected, abs=1e-10)
    assert found["mean_correlation"] == pytest.approx(expected, abs=1e-10)
    assert rows("fct_correlation_pairs", "only flat") == []


def test_a_symbol_beside_a_flat_one_is_one_bet(row: Callable[..., Row]) -> None:
    found = row("fct_portfolio_correlation", "one and flat")
    assert (found["symbols_included"], found["symbols_excluded"]) == (1, 1)
    assert (found["effective_bets"], found["mean_correlation"]) == (1, None)
    assert (found["coverage_of_equity"], found["positions_not_measured"]) == (0.9, ["FLAT"])


def test_a_flat_price_alone_is_not_said_to_be_young(row: Callable[..., Row]) -> None:
    message = row("fct_portfolio_correlation", "only flat")["quality_message"]
    assert message == "No position has enough returns that vary for this yet. Not measured: FLAT."


def test_a_portfolio_of_constant_prices_has_no_risk(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    risk = row("fct_portfolio_risk", "only flat")
    names = ("market_beta", "total_volatility", "realized_volatility_21d", "var_99_1d", "es_99_1d")
    # the risk model explains a flat price as the market less the market
    assert [risk[name] for name in names] == pytest.approx([0.0] * len(names), abs=1e-9)
    # shares of what rounding leaves of it would be chance
    assert risk["systematic_share"] is None
    factors = rows("fct_portfolio_factor_exposures", "only flat")
    assert {found["share_of_variance"] for found in factors} == {None}
    losses = [found["direct_pnl"] for found in rows("fct_portfolio_stress", "only flat")]
    assert losses == pytest.approx([0.0] * len(losses), abs=1e-6)


def test_an_outcome_equal_to_the_quantile_but_for_rounding_is_in_the_tail(
    row: Callable[..., Row], past: pd.DataFrame
) -> None:
    """Nobody withholds the portfolio for it: the build releases every portfolio, see above."""
    lowest = np.sort(past[TIED].tail(RISK_CONFIG.window))[:14] * 60_000
    quantile = -row("fct_portfolio_risk", "nearly tied")["var_95_1d"]
    assert quantile < lowest[-1] < quantile + 1e-6 * abs(quantile)
    assert row("fct_portfolio_risk", "nearly tied")["es_95_1d"] == pytest.approx(-lowest.mean(), rel=1e-9)


@pytest.mark.parametrize(
    ("portfolio", "reasons"),
    [
        ("young", {"AAA": None, "NEW70": None, "NEW29": "no_betas"}),
        ("only flat", {"FLAT": "no_variation"}),
        ("only the youngest", {"NEW29": "no_portfolio_volatility"}),
        ("nothing left", {"AAA": "equity_not_positive"}),
        ("only dust", {"AAA": "no_variation"}),
    ],
)
def test_a_position_without_a_contribution_to_risk_says_why(
    row: Callable[..., Row], rows: Callable[..., Rows], portfolio: str, reasons: dict[str, str | None]
) -> None:
    found = rows("fct_risk_contributions", portfolio)
    assert {one["symbol"]: one["null_reason"] for one in found} == reasons
    assert {one["coverage"] for one in found} == {row("fct_portfolio_risk", portfolio)["coverage"]}
    if None in reasons.values():
        total = sum(one["component"] for one in found if one["null_reason"] is None)
        assert total == pytest.approx(row("fct_portfolio_risk", portfolio)["total_volatility"], rel=1e-9)


def test_cash_and_money_market_funds_are_no_exposure(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    snapshot, exposures = row("fct_portfolio_snapshots", "cash"), row("fct_portfolio_exposures", "cash")
    assert (snapshot["net_market_value"], snapshot["cash_and_equivalents"]) == (85_000, 35_000)
    assert snapshot["equity"] == 100_000
    counts = ("position_count", "long_count", "short_count", "cash_count", "private_count")
    assert [snapshot[name] for name in counts] == [4, 1, 0, 3, 1]
    for name in ("long", "gross", "net", "long_delta_adjusted", "net_delta_adjusted"):
        base, _, suffix = name.partition("_")
        assert exposures[f"{base}_exposure{'_' if suffix else ''}{suffix}"] == 50_000, name
    assert (exposures["short_exposure"], exposures["long_exposure_at_cost"]) == (0, 85_000)
    assert (exposures["leverage"], exposures["net_to_equity"], exposures["effective_names"]) == (0.5, 0.5, 1)
    groups = rows("fct_exposures_by_group", "cash")
    assert {group["bucket"] for group in groups if group["dimension"] == "symbol"} == {"AAA"}
    assert {group["bucket"] for group in groups if group["dimension"] == "position_type"} == {"LONG"}
    assert row("fct_position_values", "cash", symbol="SPAXX")["price_source"] == "cash"
    risk, alone = row("fct_portfolio_risk", "cash"), row("fct_portfolio_risk", "one symbol")
    for name in ("market_beta", "total_volatility", "var_95_1d", "coverage"):
        expected = alone[name]
        assert risk[name] == pytest.approx(expected, rel=1e-9), name


def test_borrowed_cash_is_no_short(row: Callable[..., Row]) -> None:
    snapshot = row("fct_portfolio_snapshots", "borrowed cash")
    exposures = row("fct_portfolio_exposures", "borrowed cash")
    assert (snapshot["net_market_value"], snapshot["cash_and_equivalents"]) == (50_000, -50_000)
    assert (snapshot["long_count"], snapshot["short_count"], snapshot["cash_count"]) == (2, 0, 1)
    assert (exposures["long_exposure"], exposures["short_exposure"]) == (100_000, 0)
    assert (exposures["gross_exposure"], exposures["leverage"], exposures["net_to_equity"]) == (100_000, 2, 2)
    assert (exposures["short_exposure_at_cost"], exposures["effective_names"]) == (50_000, 2)


def test_cash_alone_is_no_exposure(row: Callable[..., Row], rows: Callable[..., Rows]) -> None:
    exposures = row("fct_portfolio_exposures", "only cash")
    assert (exposures["gross_exposure"], exposures["leverage"], exposures["hhi"]) == (0, 0, None)
    assert rows("fct_exposures_by_group", "only cash") == []
    assert row("fct_portfolio_risk", "only cash")["quality_flag"] == "no_public_positions"


def test_a_price_keeps_its_digits(
    connection: psycopg.Connection[Row], row: Callable[..., Row], past: pd.DataFrame
) -> None:
    """Rounded to six decimals, the coin would not move at all."""
    prices = connection.execute(
        "select close, previous_close, daily_return, adjusted_close from marts.fct_prices"
        " where symbol = %s order by as_of_date",
        [COIN],
    ).fetchall()
    assert [float(price["close"]) for price in prices] == list(edge_cases.closes()[COIN])
    expected = past[COIN]
    assert [price["daily_return"] for price in prices[1:]] == pytest.approx(list(expected), rel=1e-9)
    for before, after in pairwise(prices):
        assert after["previous_close"] == before["close"]
        assert after["adjusted_close"] == after["close"]
    symbol = connection.execute(
        "select * from marts.fct_symbol_risk where symbol = %s and as_of_date = %s", [COIN, LAST]
    ).fetchone()
    assert symbol is not None
    for window in (21, 63):
        volatility = _volatility(expected, window)
        assert symbol[f"realized_volatility_{window}d"] == pytest.approx(volatility, rel=1e-9)
    value = row("fct_position_values", "coin")
    assert (value["price"], value["market_value"]) == (prices[-1]["close"], Decimal("15150.00"))


# --- options ------------------------------------------------------------------------------------------------


def test_an_option_that_expires_tomorrow_has_the_greeks_of_one_day(
    row: Callable[..., Row], past: pd.DataFrame
) -> None:
    found = row("fct_position_greeks", "options", expiration_date=TOMORROW)
    assert found["years_to_expiration"] == 1 / 365
    assert (found["iv_source"], found["price_flag"]) == ("realized_63d", "model_price")
    sigma = _volatility(past["AAA"], 63)
    assert found["implied_volatility"] == pytest.approx(sigma, rel=1e-9)
    spot, strike, rate, years = 50.0, 49.0, found["risk_free_rate"], 1 / 365
    d1 = (np.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * years**0.5)
    d2 = d1 - sigma * years**0.5
    price = spot * norm.cdf(d1) - strike * np.exp(-rate * years) * norm.cdf(d2)
    assert found["delta"] == pytest.approx(norm.cdf(d1), rel=1e-9)
    assert found["gamma"] == pytest.approx(norm.pdf(d1) / (spot * sigma * years**0.5), rel=1e-9)
    assert found["model_price"] == pytest.approx(price, rel=1e-9)
    value = row("fct_position_values", "options", symbol=found["symbol"])
    assert float(value["market_value"]) == pytest.approx(5 * 100 * price, abs=0.0051)
    assert float(value["delta_adjusted_exposure"]) == pytest.approx(norm.cdf(d1) * 500 * spot, abs=0.0051)


def test_a_far_out_of_the_money_option_is_worth_nothing_and_has_greeks(row: Callable[..., Row]) -> None:
    """A strike of eight times the price: figures are tiny, not null; a quote without a bid is ignored."""
    found = row("fct_position_greeks", "options", expiration_date=LATER)
    assert (found["null_reason"], found["iv_status"]) == (None, "no_quote")
    assert 0 <= found["model_price"] < 1e-20
    assert 0 <= found["delta"] < 1e-20
    value = row("fct_position_values", "options", symbol=found["symbol"])
    assert (value["market_value"], value["unrealized_pnl"]) == (0, -30_000)
    assert value["delta_adjusted_exposure"] == 0


def test_an_option_on_a_flat_price_is_at_intrinsic_value_without_greeks(
    row: Callable[..., Row],
) -> None:
    greeks = row("fct_position_greeks", "option on a flat price")
    assert greeks["null_reason"] == "no_volatility"
    assert [greeks[name] for name in (*GREEKS, "implied_volatility", "model_price")] == [None] * 10
    value = row("fct_position_values", "option on a flat price", investment_class="OPTIONS")
    assert (value["price"], value["price_flag"], value["market_value"]) == (5, "intrinsic_value", 5_000)
    assert value["delta_adjusted_exposure"] is None
    assert value["delta_adjusted_null_reason"] == "no_volatility"
    exposures = row("fct_portfolio_exposures", "option on a flat price")
    assert exposures["gross_exposure"] == 55_000
    assert exposures["gross_exposure_delta_adjusted"] is None
    assert exposures["delta_adjusted_null_reason"] == "options_without_greeks"
    portfolio = row("fct_portfolio_greeks", "option on a flat price")
    assert (portfolio["options_without_greeks"], portfolio["null_reason"]) == (1, "options_without_greeks")


def test_an_option_without_greeks_lowers_the_coverage_of_stress(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    alone = row("fct_portfolio_stress", "one symbol", scenario_id="market_crash_35")
    found = row("fct_portfolio_stress", "option on a flat price", scenario_id="market_crash_35")
    assert found["direct_pnl"] == pytest.approx(alone["direct_pnl"], rel=1e-12)
    assert found["coverage"] == pytest.approx(50 / 55)
    assert [position["symbol"] for position in rows("fct_position_stress", "option on a flat price")] == (
        ["AAA"] * len(rows("fct_portfolio_stress", "one symbol"))
    )


@pytest.mark.parametrize(
    ("symbol", "quantity", "entry_price"), [("AAA250730P00045000", -3, "1.5"), ("BBB250730C00030000", 4, "9")]
)
def test_an_option_that_expired_settles_to_intrinsic_value(
    rows: Callable[..., Rows], symbol: str, quantity: int, entry_price: str
) -> None:
    close = Decimal(str(edge_cases.closes().loc[str(EXPIRY), symbol[:3]]))
    beyond = close - int(symbol[-8:]) // 1000
    intrinsic = max(beyond if symbol[9] == "C" else -beyond, Decimal(0))
    (settled,) = rows("fct_position_values", "options", EXPIRY, symbol=symbol)
    assert settled["market_value"] == settled["delta_adjusted_exposure"] == settled["unrealized_pnl"] == 0
    expected = round(quantity * 100 * (intrinsic - Decimal(entry_price)), 2)
    assert settled["realized_pnl"] == settled["cumulative_pnl"] == expected
    (greeks,) = rows("fct_position_greeks", "options", EXPIRY, symbol=symbol)
    assert greeks["null_reason"] == "expired"
    assert [greeks[name] for name in GREEKS] == [None] * len(GREEKS)
    (before,) = rows("fct_position_greeks", "options", EXPIRY - timedelta(days=1), symbol=symbol)
    assert before["null_reason"] is None
    assert rows("fct_position_values", "options", LAST, symbol=symbol) == []
    assert rows("fct_position_greeks", "options", LAST, symbol=symbol) == []


@pytest.mark.parametrize(
    ("strike", "quantity"),
    [pytest.param(25, 2, id="held by no other"), pytest.param(26, -3, id="held by another")],
)
def test_an_option_that_leaves_a_statement_is_closed_at_the_model_price(
    row: Callable[..., Row], past: pd.DataFrame, strike: int, quantity: int
) -> None:
    price = _price_to_later(LAST, "C", 40.0, strike, _volatility(past["BBB"], 63))
    closed = row("fct_position_values", "options that leave", symbol=f"BBB251219C000{strike}000")
    assert (closed["is_open"], closed["price_flag"]) == (False, "model_price")
    assert float(closed["price"]) == pytest.approx(price, abs=1e-6)
    assert float(closed["realized_pnl"]) == pytest.approx(quantity * 100 * (price - 5), abs=0.0051)


def test_an_option_that_leaves_a_statement_is_closed_at_its_quote(row: Callable[..., Row]) -> None:
    closed = row("fct_position_values", "options that leave", symbol="AAA251219P00051000")
    assert (closed["is_open"], closed["price"], closed["price_flag"]) == (False, Decimal("3.5"), None)
    assert closed["realized_pnl"] == 200


def test_an_option_closed_by_a_statement_has_no_greeks_on_that_day(rows: Callable[..., Rows]) -> None:
    assert rows("fct_position_greeks", "options that leave") == []
    assert len(rows("fct_position_greeks", "options that leave", EXPIRY)) == 3
    assert len(rows("fct_position_greeks", "options that stay")) == 1


@pytest.mark.parametrize(
    ("portfolio", "entry_price"), [("options without quotes", "2.5"), ("an option of another", "3.5")]
)
def test_without_any_quote_the_volatility_is_that_of_the_own_entry_price(
    row: Callable[..., Row], portfolio: str, entry_price: str
) -> None:
    symbol, spot = "BBB251219P00041000", edge_cases.closes().loc[str(ENTRY), "BBB"]
    entered = row("fct_position_greeks", portfolio, ENTRY, symbol=symbol)
    assert (entered["iv_source"], entered["iv_status"]) == ("entry", "no_quote")
    sigma = entered["implied_volatility"]
    assert _price_to_later(ENTRY, "P", spot, 41, sigma) == pytest.approx(float(entry_price), abs=1e-6)
    value = row("fct_position_values", portfolio, ENTRY, symbol=symbol)
    assert (value["price"], value["price_flag"]) == (Decimal(entry_price), "model_price")
    last = row("fct_position_greeks", portfolio, symbol=symbol)
    assert (last["iv_source"], last["implied_volatility"]) == ("entry", sigma)
    assert last["model_price"] == pytest.approx(_price_to_later(LAST, "P", 40, 41, sigma), rel=1e-9)


def test_the_volatility_of_the_last_quote_is_carried(row: Callable[..., Row]) -> None:
    found = {
        day: row("fct_position_greeks", "options without quotes", day, symbol="AAA251219C00052000")
        for day in (ENTRY, QUOTED, ZERO_RATES, LAST)
    }
    assert [greeks["iv_source"] for greeks in found.values()] == ["entry", "mid", "carried", "carried"]
    sigma, spot = found[QUOTED]["implied_volatility"], edge_cases.closes().loc[str(QUOTED), "AAA"]
    assert _price_to_later(QUOTED, "C", spot, 52, sigma) == pytest.approx(4.5, abs=1e-6)
    assert found[ZERO_RATES]["implied_volatility"] == found[LAST]["implied_volatility"] == sigma
    assert found[LAST]["rate_flag"] is None
    value = row("fct_position_values", "options without quotes", symbol="AAA251219C00052000")
    assert value["price_flag"] == "model_price"
    assert float(value["price"]) == pytest.approx(_price_to_later(LAST, "C", 50, 52, sigma), abs=1e-6)


def test_rounding_to_cents_multiplied_by_beta_does_not_stop_the_build(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    """Half a cent of a delta-adjusted value is several cents of stress; both sides start from the same."""
    impacts = rows("fct_stress_factor_impacts", "options on a wild stock", scenario_id="market_crash_35")
    parts = [found["direct_pnl"] for found in impacts if found["factor"] != "Volatility"]
    crash = row("fct_portfolio_stress", "options on a wild stock", scenario_id="market_crash_35")
    assert sum(parts) == pytest.approx(crash["direct_linear_pnl"], abs=1e-7)
    assert abs(crash["direct_linear_pnl"]) > 100


def test_without_a_level_of_the_vix_options_are_approximate(rows: Callable[..., Rows]) -> None:
    for found in rows("fct_portfolio_stress", "parity"):
        assert found["approximation"] == "vix_unknown"
        assert found["is_believable"]
    assert {found["approximation"] for found in rows("fct_portfolio_stress", "one symbol")} == {None}


def test_a_replay_without_history_is_the_direct_result(rows: Callable[..., Rows]) -> None:
    stress = {found["scenario_id"]: found for found in rows("fct_portfolio_stress", "one symbol")}
    crisis, tariffs, fall = (
        stress[name] for name in ("financial_crisis_2008", "tariff_shock_2025", "market_down_10")
    )
    assert (crisis["replay_pnl"], crisis["own_share"]) == (crisis["direct_pnl"], 0.0)
    assert tariffs["own_share"] == 1.0
    closes = edge_cases.closes()["AAA"]
    own = closes["2025-04-08"] / closes["2025-02-19"] - 1
    assert tariffs["replay_pnl"] == pytest.approx(50_000 * own, rel=1e-9)
    assert tariffs["is_believable"] == (abs(tariffs["replay_pnl"] - tariffs["direct_pnl"]) <= 15_000)
    assert (fall["replay_pnl"], fall["own_share"], fall["replay_pct_equity"]) == (None, None, None)


def test_settled_options_are_cash_and_no_longer_counted(row: Callable[..., Row]) -> None:
    before = row("fct_portfolio_snapshots", "options", EXPIRY - timedelta(days=1))
    at, after = row("fct_portfolio_snapshots", "options", EXPIRY), row("fct_portfolio_snapshots", "options")
    assert (before["option_count"], at["option_count"], after["option_count"]) == (4, 2, 2)
    settlement = Decimal(str(edge_cases.closes().loc[str(EXPIRY), "BBB"])) - 30
    assert at["cash"] - before["cash"] == round(settlement * 400, 2)
    assert after["cash"] == at["cash"]
    assert after["cumulative_realized_pnl"] == at["cumulative_realized_pnl"]


# --- rates --------------------------------------------------------------------------------------------------


def test_put_call_parity_of_index_options_holds_on_every_day_including_zero_rates(
    row: Callable[..., Row],
) -> None:
    closes = edge_cases.closes()[edge_cases.INDEX]
    tenors = [1 / 12, 0.25, 0.5, 1, 2, 5, 30]
    for day in closes.index[closes.index >= str(ENTRY)].date:
        call = row("fct_position_greeks", "parity", day, symbol="XSP251219C00480000")
        put = row("fct_position_greeks", "parity", day, symbol="XSP251219P00480000")
        assert call["delta"] - put["delta"] == pytest.approx(1.0, rel=1e-9)
        years = (LATER - day).days / 365
        curve = np.zeros(len(tenors)) if day == ZERO_RATES else np.array(list(CURVE.values())) / 100
        rate = np.interp(years, tenors, curve)
        assert call["risk_free_rate"] == pytest.approx(rate, abs=1e-14)
        expected = closes[str(day)] - 480 * np.exp(-rate * years)
        assert call["model_price"] - put["model_price"] == pytest.approx(expected, rel=1e-9)
        assert call["null_reason"] is put["null_reason"] is None


def test_a_day_of_zero_rates_has_greeks(rows: Callable[..., Rows]) -> None:
    found = rows("fct_position_greeks", "parity", ZERO_RATES)
    assert [row["risk_free_rate"] for row in found] == [0.0, 0.0]
    assert all(row[name] is not None for row in found for name in GREEKS)


def test_a_synthetic_long_is_stressed_like_the_underlying(row: Callable[..., Row]) -> None:
    """A long call and a short put of one strike move like the underlying under any shock."""
    for scenario, shock in MARKET_ONLY.items():
        found = row("fct_portfolio_stress", "parity", scenario_id=scenario)
        assert found["direct_pnl"] == pytest.approx(1_000 * 500 * shock, rel=1e-9)


def test_without_the_ten_year_yield_the_rate_proxy_is_used_and_named(betas: Rows, past: pd.DataFrame) -> None:
    rates = [row for row in betas if row["factor"] == "Interest Rate"]
    assert {row["model"] for row in rates} == {"rates", "risk"}
    assert {row["rate_proxy"] for row in rates} == {"TLT"}
    assert {row["rate_proxy"] for row in betas if row["factor"] != "Interest Rate"} == {None}
    window = past.tail(90)
    design = pd.DataFrame({"market": window["SPY"], "yields": -window["TLT"] / 16})
    fit = sm.OLS(window["AAA"], sm.add_constant(design)).fit()
    assert _beta(betas, "AAA", "rates", "Interest Rate") == pytest.approx(fit.params["yields"], rel=1e-8)


# --- long, short, levered, without equity -------------------------------------------------------------------


def test_a_dollar_neutral_portfolio_has_risk_figures_relative_to_equity(
    row: Callable[..., Row], betas: Rows, past: pd.DataFrame
) -> None:
    exposures = row("fct_portfolio_exposures", "dollar neutral")
    assert (exposures["net_exposure"], exposures["gross_exposure"]) == (0, 200_000)
    assert (exposures["net_to_equity"], exposures["leverage"]) == (0.0, 2.0)
    risk = row("fct_portfolio_risk", "dollar neutral")
    spread = past["AAA"] - past["BBB"]
    assert risk["realized_volatility_63d"] == pytest.approx(_volatility(spread, 63), rel=1e-9)
    outcomes = 100_000 * spread.tail(252)
    assert risk["var_95_1d"] == pytest.approx(-outcomes.quantile(0.05), rel=1e-9)
    expected = _beta(betas, "AAA", "market", "Market") - _beta(betas, "BBB", "market", "Market")
    assert risk["market_beta"] == pytest.approx(expected, rel=1e-12)
    assert (risk["quality_flag"], risk["ratio_null_reason"]) == ("full_history", None)
    value = row("fct_position_values", "dollar neutral", symbol="BBB")
    assert value["weight"] == pytest.approx(-1.0)


def test_the_effective_bets_of_two_symbols_are_those_of_the_closed_form(
    row: Callable[..., Row], past: pd.DataFrame
) -> None:
    """The bets of two symbols have one deviation, so that the torsion is the root of the correlation."""
    found = row("fct_portfolio_correlation", "dollar neutral")
    rho = row("fct_correlation_pairs", "dollar neutral")["correlation"]
    long, short = past["AAA"].tail(90).std(), -past["BBB"].tail(90).std()
    same, cross = ((1 + rho) ** 0.5 + (1 - rho) ** 0.5) / 2, ((1 + rho) ** 0.5 - (1 - rho) ** 0.5) / 2
    earned = np.array([same * long + cross * short, cross * long + same * short]) ** 2
    share = earned / earned.sum()
    assert found["effective_bets"] == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-6)
    assert found["diversification_score"] == pytest.approx(abs(rho), rel=1e-9)


def test_a_levered_portfolio_can_lose_more_than_its_equity(
    row: Callable[..., Row], betas: Rows, past: pd.DataFrame
) -> None:
    assert row("fct_portfolio_exposures", "six times levered")["leverage"] == 6.0
    beta = _beta(betas, "HOT", "risk", "Market")
    crash = row("fct_portfolio_stress", "six times levered", scenario_id="market_crash_35")
    assert crash["direct_pnl"] == pytest.approx(600_000 * (0.65**beta - 1), rel=1e-12)
    assert crash["direct_pct_equity"] < -3
    risk = row("fct_portfolio_risk", "six times levered")
    assert risk["realized_volatility_21d"] == pytest.approx(6 * _volatility(past["HOT"], 21), rel=1e-9)
    assert risk["market_beta"] > 10  # only betas of symbols are clipped


def test_a_net_short_portfolio_gains_when_the_market_falls(row: Callable[..., Row], betas: Rows) -> None:
    beta = _beta(betas, "HOT", "risk", "Market")
    for scenario, shock in MARKET_ONLY.items():
        found = row("fct_portfolio_stress", "net short", scenario_id=scenario)
        expected = 100_000 * shock - 300_000 * ((1 + shock) ** beta - 1)
        assert found["direct_pnl"] == pytest.approx(expected, rel=1e-12)
        assert found["direct_pnl"] * shock < 0
        assert abs(found["direct_pnl"]) > 10_000  # in dollars, not a ratio
    exposures = row("fct_portfolio_exposures", "net short")
    assert (exposures["net_exposure"], exposures["net_to_equity"]) == (-200_000, -1.0)
    short = row("fct_position_values", "net short", symbol="HOT")
    assert (short["market_value"], short["weight"]) == (-300_000, -1.5)


def test_a_portfolio_without_equity_has_dollar_figures_but_no_ratios(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    snapshot = row("fct_portfolio_snapshots", "nothing left")
    assert (snapshot["equity"], snapshot["net_market_value"], snapshot["cash"]) == (
        -10_000,
        100_000,
        -110_000,
    )
    assert (snapshot["daily_return"], snapshot["daily_return_null_reason"]) == (None, "capital_not_positive")
    for day in (ENTRY, LAST):  # from the first day on, which loses more than everything
        broken = row("fct_portfolio_snapshots", "nothing left", day)
        assert (broken["twr_index"], broken["drawdown"]) == (None, None)
        assert broken["twr_null_reason"] == "return_chain_broken"
    exposures = row("fct_portfolio_exposures", "nothing left")
    assert exposures["gross_exposure"] == 100_000
    assert (exposures["leverage"], exposures["net_to_equity"]) == (None, None)
    assert exposures["ratio_null_reason"] == "equity_not_positive"
    risk = row("fct_portfolio_risk", "nothing left")
    assert (risk["market_beta"], risk["total_volatility"], risk["var_95_1d_pct_equity"]) == (None, None, None)
    assert (risk["systematic_volatility"], risk["idiosyncratic_volatility"]) == (None, None)
    assert risk["ratio_null_reason"] == "equity_not_positive"
    same = row("fct_portfolio_risk", "one symbol")
    assert risk["var_95_1d"] == pytest.approx(2 * same["var_95_1d"], rel=1e-12)
    assert risk["es_99_1d"] == pytest.approx(2 * same["es_99_1d"], rel=1e-12)
    for found in rows("fct_portfolio_stress", "nothing left"):
        twin = row("fct_portfolio_stress", "one symbol", scenario_id=found["scenario_id"])
        assert found["direct_pnl"] == pytest.approx(2 * twin["direct_pnl"], rel=1e-12, abs=1e-8)
        assert (found["direct_pct_equity"], found["correlated_pct_equity"]) == (None, None)
        assert found["ratio_null_reason"] == "equity_not_positive"
    market = row("fct_portfolio_factor_exposures", "nothing left", model="risk", factor="Market")
    assert (market["beta"], market["variance_contribution"]) == (None, None)
    assert market["dollar_exposure"] is not None
    assert market["ratio_null_reason"] == "equity_not_positive"
    value = row("fct_position_values", "nothing left")
    assert (value["weight"], value["weight_null_reason"]) == (None, "equity_not_positive")


def test_an_equity_of_exactly_zero_has_dollar_figures_but_no_ratios(row: Callable[..., Row]) -> None:
    snapshot = row("fct_portfolio_snapshots", "exactly nothing left")
    assert (snapshot["equity"], snapshot["net_market_value"]) == (0, 50_000)
    risk = row("fct_portfolio_risk", "exactly nothing left")
    assert (risk["total_volatility"], risk["ratio_null_reason"]) == (None, "equity_not_positive")
    assert risk["var_95_1d"] == pytest.approx(row("fct_portfolio_risk", "one symbol")["var_95_1d"], rel=1e-12)


def test_what_is_worth_nothing_is_measured(row: Callable[..., Row], rows: Callable[..., Rows]) -> None:
    (position,) = rows("fct_position_values", "worth nothing")
    assert (position["is_open"], position["market_value"]) == (True, 0)
    for mart in ("fct_portfolio_risk", "fct_portfolio_factor_exposures", "fct_portfolio_stress"):
        assert {found["coverage"] for found in rows(mart, "worth nothing")} == {1}
    specific = row("fct_factor_attribution_daily", "worth nothing", factor="Specific")
    assert (specific["null_reason"], specific["coverage"]) == (None, 1)
    liquidity = row("fct_portfolio_liquidity", "worth nothing")
    assert liquidity["quality_flag"] == "no_factor_data"
    assert liquidity["quality_message"].startswith("No position has a known volume. Not measured: AAA")


def test_a_book_that_takes_millions_of_years_to_sell_does_not_stop_the_build(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    liquidity = row("fct_portfolio_liquidity", "more than is traded")
    assert liquidity["days_to_liquidate_100"] == pytest.approx(1e11)  # a fifth of a share in a session
    assert liquidity["unwinding_days"] == 2**31 - 1
    assert liquidity["unwinding_multiplier"] == pytest.approx((1e11 / 3) ** 0.5)
    (position,) = rows("fct_position_values", "more than is traded", symbol=THIN)
    assert position["market_value"] == 10**12


def test_a_portfolio_that_is_mostly_cash_is_sold_at_once_to_95_percent(row: Callable[..., Row]) -> None:
    liquidity = row("fct_portfolio_liquidity", "mostly cash")
    assert (liquidity["days_to_liquidate_95"], liquidity["days_to_liquidate_100"]) == (0, 100)


def test_wrong_prices_and_yields_withhold_nobody(connection: psycopg.Connection[Row]) -> None:
    withheld = connection.execute("select portfolio_name, failed_tests from marts.fct_quarantine").fetchall()
    assert withheld == []


def test_an_option_on_what_hardly_moves_has_greeks(row: Callable[..., Row]) -> None:
    greeks = row("fct_position_greeks", "option on what hardly moves")
    assert (greeks["iv_source"], greeks["null_reason"]) == ("realized_63d", None)
    assert 0 < greeks["implied_volatility"] < 0.005


def test_a_share_whose_quantity_rounds_to_0_is_counted_and_listed(
    connection: psycopg.Connection[Row], row: Callable[..., Row]
) -> None:
    snapshot = row("fct_portfolio_snapshots", "a trace of a share")
    assert (snapshot["position_count"], snapshot["long_count"], snapshot["short_count"]) == (3, 2, 1)
    values = {"portfolio_id": snapshot["portfolio_id"], "as_of_date": LAST}
    with connection.transaction(force_rollback=True):
        connection.execute("set local search_path = marts")
        listed = connection.execute(load_query("report_positions").text, values).fetchall()
    prices = {(found["symbol"], found["quantity"], found["entry_price"]) for found in listed}
    assert prices == {("BBB", 100, 40), (SHRUNK, 0, None)}


def test_a_close_that_loses_all_digits_of_the_one_before_has_no_return(
    connection: psycopg.Connection[Row],
) -> None:
    prices = connection.execute(
        "select as_of_date, daily_return is null as is_unknown, adjusted_close > 0 as is_positive"
        " from marts.fct_prices where symbol = %s and as_of_date between %s and %s order by as_of_date",
        (JUMP, ZERO_RATES, LAST),
    ).fetchall()
    assert [(found["is_unknown"], found["is_positive"]) for found in prices] == [
        (False, True),
        (True, True),
        (False, True),
    ]


def test_tilts_of_any_size_are_shown(built: Warehouse) -> None:
    screen = CommandLine(built).succeed("show", "short of a wrong price")
    assert "tilts" in screen
    assert "#" not in screen


def test_dust_that_is_traded_is_sold_at_once(row: Callable[..., Row]) -> None:
    liquidity = row("fct_portfolio_liquidity", "traded dust")
    assert (liquidity["gross_market_value"], liquidity["days_to_liquidate_95"]) == (0, 0)
    assert liquidity["days_to_liquidate_100"] == pytest.approx(5e-6)


@pytest.mark.parametrize(
    ("query", "name", "begins"),
    [
        ("report_correlation", "one symbol", "Correlations are of pairs, and fewer than two symbols"),
        ("report_benchmark_risk", "nothing left", "Equity is not positive: there is no ratio to it."),
    ],
)
def test_a_section_of_a_report_says_why_it_is_empty(
    connection: psycopg.Connection[Row], row: Callable[..., Row], query: str, name: str, begins: str
) -> None:
    values = {"portfolio_id": row("fct_portfolio_snapshots", name)["portfolio_id"], "as_of_date": LAST}
    with connection.transaction(force_rollback=True):
        connection.execute("set local search_path = marts")
        (found,) = connection.execute(load_query(query).text, values).fetchall()
    assert found["quality_message"].startswith(begins)


@pytest.mark.parametrize(
    ("name", "begins"),
    [("nothing left", "Equity is not positive: there is no ratio to it. Every"), ("one symbol", "Every")],
)
def test_the_quality_of_an_answer_about_risk_says_that_equity_is_not_positive(
    connection: psycopg.Connection[Row], row: Callable[..., Row], name: str, begins: str
) -> None:
    part = (project_root() / "api/queries/parts/portfolio_risk.sql").read_text()
    values = {"portfolio_id": row("fct_portfolio_snapshots", name)["portfolio_id"], "as_of_date": LAST}
    with connection.transaction(force_rollback=True):
        connection.execute("set local search_path = marts")
        (found,) = connection.execute(sql.SQL(part), values).fetchall()
    assert found["quality_message"].startswith(begins)


@pytest.mark.parametrize("part_of", ["position", "factor"])
def test_what_rounding_leaves_of_no_risk_is_not_divided(
    connection: psycopg.Connection[Row], row: Callable[..., Row], part_of: str
) -> None:
    portfolio_id = row("fct_portfolio_snapshots", "only flat")["portfolio_id"]
    values = {"portfolio_id": portfolio_id, "as_of_date": LAST, "part_of": part_of, "simulated_notice": ""}
    with connection.transaction(force_rollback=True):
        connection.execute("set local search_path = marts, public")
        (found,) = connection.execute(load_query("analytics_risk_contributions").text, values).fetchall()
    body = json.loads(found["body"])
    assert body["data"]["total"] == 0
    figures = {(part["component"], part["share"], part["null_reason"]) for part in body["contributions"]}
    assert figures == {(None, None, "no_variation")}


# --- a single symbol ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["only the youngest", "only flat", "nothing bought"])
def test_a_single_symbol_without_comparable_returns_is_excluded(row: Callable[..., Row], name: str) -> None:
    correlation = row("fct_portfolio_correlation", name)
    known = {"only the youngest": (1, 0)}.get(name, (0, 1))  # 29 days: enough for a pair, not for betas
    assert (correlation["symbols_included"], correlation["symbols_excluded"]) == known
    assert correlation["positions_analyzed"] == known[0]


def test_a_single_symbol_with_a_full_window_has_full_history(row: Callable[..., Row]) -> None:
    correlation = row("fct_portfolio_correlation", "one symbol")
    assert (correlation["data_days"], correlation["quality_flag"]) == (90, "full_history")
    assert correlation["effective_bets"] == 1.0


@pytest.mark.parametrize(("name", "included"), [("partly cancelled", 1), ("all cancelled", 0)])
def test_longs_and_shorts_that_cancel_are_measured(row: Callable[..., Row], name: str, included: int) -> None:
    correlation = row("fct_portfolio_correlation", name)
    assert (correlation["symbols_included"], correlation["symbols_excluded"]) == (included, 0)
    assert correlation["positions_analyzed"] == correlation["positions_total"] == included + 2
    assert correlation["coverage_of_equity"] == 1
    assert (correlation["quality_flag"], correlation["positions_not_measured"]) == ("full_history", None)


# --- lots ---------------------------------------------------------------------------------------------------


def test_lots_of_one_symbol_and_day_are_not_merged(
    row: Callable[..., Row], rows: Callable[..., Rows]
) -> None:
    values = rows("fct_position_values", "two lots of one day")
    by_quantity = {value["quantity"]: value for value in values}
    assert {quantity: value["unrealized_pnl"] for quantity, value in by_quantity.items()} == {
        100: -100,  # 100 x (50 - 51)
        300: -600,
        -50: 150,  # -50 x (50 - 53): a short gains
    }
    assert {quantity: value["market_value"] for quantity, value in by_quantity.items()} == {
        100: 5_000,
        300: 15_000,
        -50: -2_500,
    }
    snapshot = row("fct_portfolio_snapshots", "two lots of one day")
    assert (snapshot["position_count"], snapshot["equity"]) == (3, 99_450)
    group = row("fct_exposures_by_group", "two lots of one day", dimension="symbol")
    assert (group["position_count"], group["gross_exposure"], group["net_exposure"]) == (3, 22_500, 17_500)


def test_entries_and_exits_between_sessions_are_in_the_shares_of_their_stated_date(
    rows: Callable[..., Rows],
) -> None:
    """A split of two on Monday, and a dividend of 0.50 per share held before it."""
    open_lots = rows("fct_position_values", "between two sessions")
    assert {lot["cost_basis"]: (lot["quantity"], lot["market_value"]) for lot in open_lots} == {
        6_000: (200, 6_000),
        610: (20, 600),  # entered on Saturday
        600: (20, 600),  # entered on Monday
        6_200: (200, 6_000),  # listed in shares of the statement
    }
    on_monday = rows("fct_position_values", "between two sessions", MONDAY)
    lots = {lot["cost_basis"]: (lot["quantity"], lot["realized_pnl"]) for lot in on_monday}
    assert lots[2_360] == (40, 40 * (61 - 59))  # sold on Saturday
    assert lots[1_740] == (60, 60 * 31 - 30 * 58)  # sold on Monday
    assert {lot["cost_basis"]: lot["dividends"] for lot in on_monday} == {
        6_000: 50,
        610: 5,
        600: 0,
        6_200: 50,
        2_360: 0,
        1_740: 15,
    }


def test_a_lot_worth_less_than_a_cent_stops_nobody(row: Callable[..., Row]) -> None:
    for portfolio, quantity in (("dust", edge_cases.DUST), ("only dust", -edge_cases.DUST)):
        value = row("fct_position_values", portfolio, symbol="AAA")
        assert (value["quantity"], value["market_value"], value["cost_basis"]) == (quantity, 0, 0)
    assert row("fct_portfolio_snapshots", "dust")["net_market_value"] == 4_000
    assert row("fct_portfolio_exposures", "only dust")["gross_exposure"] == 0


def test_a_duplicate_lot_is_rejected(tmp_path: Path) -> None:
    lot = edge_cases.Lot("AAA", 100, 51).row
    statement = tmp_path / "twice.csv"
    statement.write_text("\n".join([",".join(COLUMNS.values()), lot, lot]) + "\n")
    with pytest.raises(InvalidPositionsFile, match="already in row 2"):
        read_positions_file(statement)
