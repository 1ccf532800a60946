"""Risk marts of the demo, on simulated and real prices: complete, plausible, and equal to a reference."""

import math
from datetime import date, timedelta
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from python_models.options.american.puts import Contracts
from tests.dbt.engines_oracle import (
    Holding,
    Marts,
    Numbers,
    Shocks,
    black_scholes,
    christoffersen,
    clusters,
    diversification,
    expected_moves,
    filtered_tail_risk,
    garch_forecast,
    given_moves,
    holdings,
    kupiec,
    merton,
    movers,
    option_value,
    outcomes,
    pro_forma,
    pro_forma_after,
    risk_factors,
    scenario_pnl,
    stress,
    tail_risk,
    vix_ratio,
    volatility,
)
from tests.python_models.options.american.peer import quantlib_prices
from warehouse.connections import Warehouse

FIRST_DAY = date(2025, 6, 30)
INDIVIDUAL = "Demo Individual Investor Portfolio"
PRIVATE_ONLY = "Demo Family Office Private Opportunities"
MODELS = {"market": 1, "rates": 1, "bond": 1, "spread": 4, "risk": 8}
FACTORS, SCENARIOS = 15, 39
HISTORY = 272  # sessions in the window of volatility
CENT = 0.01


@pytest.fixture(scope="module", params=["demo", "market"])
def built(request: pytest.FixtureRequest) -> Warehouse:
    warehouse: Warehouse = request.getfixturevalue(request.param)
    return warehouse


@pytest.fixture(scope="module")
def marts(built: Warehouse) -> Marts:
    return Marts(built.analyst_url)


@pytest.fixture(scope="module")
def bill_rates(built: Warehouse) -> pd.Series:
    """3-month Treasury yields of the warehouse as decimals, by date."""
    with built.connect_writer() as connection:
        found = connection.execute(
            "select rate_date, rate from staging.stg_raw__treasury_rates"
            " where series = 'DGS3MO' order by rate_date"
        ).fetchall()
    return pd.Series(dict(found), dtype=float)


def _days(marts: Marts) -> list[date]:
    """The first day, two in between, the last, and a day at the end of the year if there is one."""
    days = marts.days
    chosen = {days[0], days[12], days[len(days) // 2], days[-1]}
    return sorted(chosen | ({date(2025, 12, 30)} & set(days)))


def _cases(marts: Marts) -> list[tuple[Any, date]]:
    """Every portfolio with public positions on each of the days on which it exists."""
    return [
        (portfolio, day)
        for day in _days(marts)
        for portfolio in marts.on("fct_portfolio_snapshots", day)["portfolio_id"]
        if marts.portfolios[portfolio] != PRIVATE_ONLY
    ]


def _row(marts: Marts, mart: str, portfolio: Any, day: date, **keys: str) -> pd.Series:
    rows = marts.on(mart, day)
    rows = rows[rows["portfolio_id"] == portfolio]
    for name, value in keys.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def _assert_numbers(found: pd.Series, expected: Numbers, *, rel: float = 1e-8, abs_: float = 1e-12) -> None:
    for name, value in expected.items():
        if isinstance(value, str):
            assert found[name] == value, name
        elif value is None or math.isnan(value):
            assert pd.isna(found[name]), name
        else:
            assert found[name] == pytest.approx(value, rel=rel, abs=abs_), name


def _sessions(marts: Marts) -> list[int]:
    """The sessions of each portfolio that has market risk."""
    names = marts.frame("fct_portfolio_snapshots")["portfolio_id"].map(marts.portfolios)
    return names[names != PRIVATE_ONLY].value_counts().to_list()


def _betas(marts: Marts, symbol: str, model: str, factor: str | None = None) -> pd.DataFrame:
    rows = marts.frame("fct_symbol_factor_betas")
    rows = rows[(rows["symbol"] == symbol) & (rows["model"] == model)]
    return rows if factor is None else rows[rows["factor"] == factor]


# --- plausibility ---


def test_the_market_has_beta_one_to_itself_and_zero_to_other_factors(marts: Marts) -> None:
    for model, factors in MODELS.items():
        rows = _betas(marts, "SPY", model)
        assert len(rows) == len(marts.days) * factors
        is_market = rows["factor"] == "Market"
        assert (rows.loc[is_market, "beta"] == 1).all()
        assert (rows.loc[~is_market, "beta"] == 0).all()


@pytest.mark.parametrize(("symbol", "lowest", "highest"), [("TLT", -18, -10), ("BND", -7, -4)])
def test_rate_betas_of_bond_funds_are_close_to_minus_their_durations(
    marts: Marts, symbol: str, lowest: int, highest: int
) -> None:
    for model in ("rates", "risk"):
        rows = _betas(marts, symbol, model, "Interest Rate")
        assert rows["as_of_date"].nunique() == len(marts.days)
        assert rows["beta"].between(lowest, highest).all()


def test_a_value_fund_loads_on_value(marts: Marts) -> None:
    rows = _betas(marts, "VTV", "risk").pivot_table(index="as_of_date", columns="factor", values="beta")
    assert len(rows) == len(marts.days)
    np.testing.assert_allclose(rows["Value"], 1.0, atol=1e-9)
    others = rows.drop(columns=["Market", "Value"])
    np.testing.assert_allclose(others, 0.0, atol=1e-9)
    assert rows["Market"].between(0.6, 1.0).all()


def test_the_2008_scenario_costs_a_stock_investor_a_quarter_to_two_thirds(marts: Marts) -> None:
    name_of = marts.frame("fct_portfolio_stress")["portfolio_id"].map(marts.portfolios)
    rows = marts.frame("fct_portfolio_stress")[name_of == INDIVIDUAL]
    losses = -rows.loc[rows["scenario_id"] == "financial_crisis_2008", "direct_pct_equity"]
    assert len(losses) == len(marts.days)
    assert losses.between(0.25, 0.65).all()


def test_no_unlevered_portfolio_loses_more_than_its_equity(marts: Marts) -> None:
    exposures = marts.frame("fct_portfolio_exposures")
    unlevered = exposures[(exposures["leverage"] <= 1) & (exposures["short_exposure"] == 0)]
    rows = marts.frame("fct_portfolio_stress").merge(unlevered, on=["portfolio_id", "as_of_date"])
    assert len(rows) > 1000
    rows = rows.dropna(subset="direct_pct_equity")
    assert len(rows) > 500
    assert rows["direct_pct_equity"].min() >= -1
    assert rows["correlated_pct_equity"].min() >= -1


def test_bond_funds_lose_when_rates_rise(marts: Marts) -> None:
    for symbol in ("TLT", "BND"):
        assert (_betas(marts, symbol, "risk", "Interest Rate")["beta"] < 0).all()
    rows = marts.frame("fct_position_stress").query("symbol == 'BND'")
    sizes = {
        scenario: shocks["Interest Rate"][0]
        for scenario, shocks in marts.scenarios().items()
        if set(shocks) == {"Interest Rate"}
    }
    rows = rows.assign(shock=rows["scenario_id"].map(sizes)).dropna(subset="shock")
    assert len(rows) == len(sizes) == 9
    assert (rows["direct_pnl"] * rows["shock"] < 0).all()


# --- completeness ---


@pytest.mark.parametrize(
    ("mart", "rows_a_day"),
    [
        ("fct_portfolio_risk", 1),
        ("fct_portfolio_stress", SCENARIOS),
        ("fct_portfolio_correlation", 1),
        ("fct_portfolio_greeks", 1),
        ("fct_portfolio_factor_exposures", FACTORS),
    ],
)
def test_every_portfolio_has_its_rows_on_every_session(marts: Marts, mart: str, rows_a_day: int) -> None:
    assert marts.days == [day for day in marts.sessions if FIRST_DAY <= day <= marts.days[-1]]
    counts = marts.frame(mart).groupby(["portfolio_id", "as_of_date"]).size()
    expected = marts.frame("fct_portfolio_snapshots").set_index(["portfolio_id", "as_of_date"]).index
    assert len(marts.portfolios) >= 5
    assert set(counts.index) == set(expected)
    assert (counts == rows_a_day).all()


def test_scenarios_and_factors_equal_the_dimensions(marts: Marts) -> None:
    assert set(marts.frame("fct_portfolio_stress")["scenario_id"]) == set(marts.scenarios())
    listed = marts.frame("dim_factors")[["model", "factor"]]
    found = marts.frame("fct_portfolio_factor_exposures")[["model", "factor"]].drop_duplicates()
    assert set(found.itertuples(index=False)) == set(listed.itertuples(index=False))
    assert listed["model"].value_counts().to_dict() == MODELS


def test_every_held_symbol_has_risk_and_betas_to_every_factor_on_every_session(marts: Marts) -> None:
    values = marts.frame("fct_position_values")
    positions = marts.frame("dim_positions").set_index("position_id")["underlying_symbol"]
    is_priced = (values["investment_class"] != "PRIVATE") & (values["price_source"] != "cash")
    held = values[values["is_open"] & is_priced]
    symbol = held["symbol"].where(held["investment_class"] == "PUBLIC", held["position_id"].map(positions))
    keys = set(zip(symbol, held["as_of_date"], strict=True))
    assert len(keys) > 40 * len(marts.days)
    betas = marts.frame("fct_symbol_factor_betas").groupby(["symbol", "as_of_date"]).size()
    assert keys <= set(betas.index)
    assert (betas == FACTORS).all()
    risk = marts.frame("fct_symbol_risk")
    assert keys <= set(zip(risk["symbol"], risk["as_of_date"], strict=True))
    assert risk["idiosyncratic_volatility"].notna().all()


def test_every_session_has_the_factors_correlations(marts: Marts) -> None:
    rows = marts.frame("fct_factor_correlations")
    counts = rows.groupby(["as_of_date", "model"]).size().to_dict()
    assert counts == {(day, model): size**2 for day in marts.days for model, size in MODELS.items()}


def test_forecasts_are_evaluated_as_soon_as_their_period_ends(marts: Marts) -> None:
    public = [portfolio for portfolio, name in marts.portfolios.items() if name != PRIVATE_ONLY]
    snapshots = marts.frame("fct_portfolio_snapshots").groupby("portfolio_id")["as_of_date"]
    days = {portfolio: sorted(found) for portfolio, found in snapshots}

    def keys(from_place: int, *names: tuple[object, ...]) -> set[tuple[Any, ...]]:
        return {(p, day, *name) for p in public for day in days[p][from_place:] for name in names}

    backtest = marts.frame("fct_var_backtest")
    columns = ["portfolio_id", "as_of_date", "method", "pnl_basis", "confidence"]
    found = backtest[columns].itertuples(index=False, name=None)
    methods, bases = ("historical", "filtered"), ("hypothetical", "actual")
    assert set(found) == keys(1, *product(methods, bases, (0.95, 0.99)))
    graded = marts.frame("fct_forecast_evaluation")
    found = graded[["portfolio_id", "as_of_date", "forecast", "model"]].itertuples(index=False, name=None)
    losses = product(("var_95_1d", "var_99_1d"), (*methods, "parametric"))
    a_month = product(("volatility_21d",), ("garch", "ewma", "har", "selected"))
    assert set(found) == keys(1, *losses, ("total_volatility_1d", "risk")) | keys(21, *a_month)


def test_positions_are_stressed_on_the_newest_session_only(marts: Marts) -> None:
    rows = marts.frame("fct_position_stress")
    assert rows["as_of_date"].unique().tolist() == [marts.days[-1]]
    held = [h for p in marts.portfolios for h in movers(holdings(marts, p, marts.days[-1]))]
    assert len(held) > 60
    assert set(rows["position_id"]) == {h.position_id for h in held}
    assert (rows.groupby("position_id").size() == SCENARIOS).all()


def test_a_portfolio_has_a_correlation_for_each_pair_of_its_symbols(marts: Marts) -> None:
    keys = ["portfolio_id", "as_of_date"]
    pairs = marts.frame("fct_correlation_pairs").groupby(keys).size()
    rows = marts.frame("fct_portfolio_correlation").set_index(keys)
    n = rows["symbols_included"]
    assert (pairs.reindex(rows.index, fill_value=0) == n * (n - 1) / 2).all()
    assert (rows["symbols_excluded"] == 0).all()


def test_a_portfolio_of_private_positions_has_flagged_rows(marts: Marts) -> None:
    figures = {
        "fct_portfolio_risk": ["market_beta", "total_volatility", "realized_volatility_21d", "var_99_1d"],
        "fct_portfolio_stress": ["direct_pnl", "correlated_pnl", "direct_pct_equity"],
        "fct_portfolio_correlation": ["mean_correlation", "effective_bets"],
        "fct_portfolio_factor_exposures": ["beta", "dollar_exposure", "variance_contribution"],
        "fct_portfolio_greeks": ["delta", "delta_dollars"],
    }
    for mart, names in figures.items():
        is_private = marts.frame(mart)["portfolio_id"].map(marts.portfolios) == PRIVATE_ONLY
        rows = marts.frame(mart)[is_private]
        assert rows[names].isna().all(axis=None), mart
        flag = "null_reason" if mart == "fct_portfolio_greeks" else "quality_flag"
        assert (rows[flag] == "no_public_positions").all(), mart
        others = marts.frame(mart)[~is_private]
        assert others[names[0]].notna().all(), mart


# --- compared with the reference: factor models ---


def test_factor_exposures_are_positions_times_betas(marts: Marts) -> None:
    for portfolio, day in _cases(marts):
        held, equity = holdings(marts, portfolio, day), marts.equity(portfolio, day)
        gross = sum(abs(h.market_value) for h in held if h.kind != "PRIVATE")
        cash = [h for h in held if h.is_cash and h.kind != "PRIVATE"]
        for model in MODELS:
            betas = marts.betas(day, model)
            used = [h for h in movers(held) if h.symbol in betas]
            factors = marts.frame("dim_factors").query("model == @model")["factor"]
            for factor in factors:
                found = _row(
                    marts, "fct_portfolio_factor_exposures", portfolio, day, model=model, factor=factor
                )
                dollars = sum(h.exposure * betas[h.symbol][factor] for h in used)
                covered = sum(abs(h.market_value) for h in [*used, *cash]) / gross
                expected = {"dollar_exposure": dollars, "beta": dollars / equity, "coverage": covered}
                _assert_numbers(found, expected, abs_=1e-6)
                assert found["positions_analyzed"] == len(used) + len(cash)
                assert found["positions_total"] == len(held)
                assert found["positions_skipped"] == len(held) - len(used) - len(cash)
                size = abs(dollars / equity)
                tilt = "strong" if size > 0.5 else "moderate" if size > 0.2 else "neutral"
                _assert_numbers(found, {"tilt": tilt if model == "spread" else None})
        market = _row(marts, "fct_portfolio_factor_exposures", portfolio, day, model="market")
        assert _row(marts, "fct_portfolio_risk", portfolio, day)["market_beta"] == market["beta"]


def test_variance_is_systematic_plus_idiosyncratic(marts: Marts) -> None:
    for portfolio, day in _cases(marts):
        held, equity = movers(holdings(marts, portfolio, day)), marts.equity(portfolio, day)
        betas, (factors, covariance) = marts.betas(day, "risk"), marts.covariance(day)
        loads = np.array([sum(h.exposure * betas[h.symbol][f] for h in held) / equity for f in factors])
        systematic = float(loads @ covariance @ loads)
        parts = loads * (covariance @ loads)
        for factor, part in zip(factors, parts, strict=True):
            found = _row(marts, "fct_portfolio_factor_exposures", portfolio, day, model="risk", factor=factor)
            # a contribution is a small difference of larger terms: tolerance relative to the total
            assert found["variance_contribution"] == pytest.approx(part, rel=1e-8, abs=1e-10 * systematic)
        own = marts.on("fct_symbol_risk", day).set_index("symbol")["idiosyncratic_volatility"]
        net: dict[str, float] = {}
        for h in held:
            net[h.symbol] = net.get(h.symbol, 0.0) + h.exposure / equity
        idiosyncratic = sum((weight * own[symbol]) ** 2 for symbol, weight in net.items())
        expected = {
            "systematic_volatility": math.sqrt(systematic),
            "idiosyncratic_volatility": math.sqrt(idiosyncratic),
            "total_volatility": math.sqrt(systematic + idiosyncratic),
        }
        _assert_numbers(_row(marts, "fct_portfolio_risk", portfolio, day), expected)


def test_contributions_to_variance_add_up_on_every_session(marts: Marts) -> None:
    rows = marts.frame("fct_portfolio_factor_exposures").query("model == 'risk'")
    keys = ["portfolio_id", "as_of_date"]
    added = rows.groupby(keys)["variance_contribution"].sum(min_count=1)
    risk = marts.frame("fct_portfolio_risk").set_index(keys)["systematic_volatility"]
    assert risk.notna().sum() == sum(_sessions(marts))
    np.testing.assert_allclose(risk**2, added.reindex(risk.index), rtol=1e-10)


def test_spread_betas_equal_statsmodels(marts: Marts) -> None:
    funds = marts.frame("dim_factors").query("model == 'spread'")
    for day in (marts.days[0], marts.days[-1]):
        window = marts.returns.loc[marts.window(day, 180)]
        for symbol, betas in marts.betas(day, "spread").items():
            for spread in funds.itertuples():
                if symbol == spread.long_symbol and spread.short_symbol == "SPY":
                    continue  # the sum of both regressors
                x = window[spread.long_symbol] - window[spread.short_symbol]
                table = pd.DataFrame({"x": x, "market": window["SPY"], "y": window[symbol]}).dropna()
                fit = sm.OLS(table["y"], sm.add_constant(table[["market", "x"]])).fit()
                assert betas[spread.factor] == pytest.approx(fit.params["x"], rel=1e-8, abs=1e-12)


def test_risk_betas_equal_mixed_estimation(marts: Marts) -> None:
    """Theil and Goldberger: the prior as additional observations of a weighted regression."""
    mean, deviation = np.array([1.0] + [0.0] * 7), np.array([0.5] * 7 + [3.0])
    for day in (marts.days[0], marts.days[-1]):
        window = marts.returns.loc[marts.window(day, 504)]
        weights = 0.5 ** (np.arange(len(window) - 1, -1, -1) / 126)
        factors = risk_factors(marts, day)
        for symbol, betas in marts.betas(day, "risk").items():
            known = factors.notna().all(axis=1) & window[symbol].notna()
            w = weights[known] / weights[known].sum()
            n, x, y = 1 / (w**2).sum(), factors[known].to_numpy(), window.loc[known, symbol].to_numpy()
            x, y = x - w @ x, y - w @ y
            plain = sm.WLS(y, x, weights=w).fit()
            scale = np.sqrt(n * w / max(n * (w * plain.resid**2).sum() / (n - 9), 1e-14))
            rows = np.vstack([x * scale[:, None], np.diag(1 / deviation)])
            mixed = sm.OLS(np.concatenate([y * scale, mean / deviation]), rows).fit()
            ours = [betas[factor] for factor in factors.columns]
            np.testing.assert_allclose(ours, mixed.params, rtol=1e-6, atol=1e-8)


def test_counts_windows_and_coverage_of_figures(marts: Marts) -> None:
    observations = marts.frame("fct_symbol_factor_betas").set_index(
        ["as_of_date", "model", "factor", "symbol"]
    )
    observations = observations["observations"].sort_index()
    pairs = marts.frame("fct_correlation_pairs").groupby(["portfolio_id", "as_of_date"])["observations"].min()
    for portfolio, day in _cases(marts):
        held = holdings(marts, portfolio, day)
        used, cash = movers(held), [h for h in held if h.is_cash and h.kind != "PRIVATE"]
        counts = {
            "positions_analyzed": len(used) + len(cash),
            "positions_total": len(held),
            "positions_skipped": len(held) - len(used) - len(cash),
        }
        days = {
            factor: min(observations[(day, *factor, h.symbol)] for h in used)
            for factor in marts.frame("dim_factors")[["model", "factor"]].itertuples(index=False, name=None)
        }
        window = {"data_days": days["risk", "Market"]}
        public = sum(abs(h.market_value) for h in held if h.kind != "PRIVATE")
        coverage = {"coverage": sum(abs(h.market_value) for h in [*used, *cash]) / public}
        _assert_numbers(_row(marts, "fct_portfolio_risk", portfolio, day), counts | window | coverage)
        found = _row(marts, "fct_portfolio_correlation", portfolio, day)
        own = {"window_days": 90, "data_days": pairs[portfolio, day]}
        own |= {
            "positions_analyzed": len(used),
            "positions_skipped": len(held) - len(used),
        }  # of symbols, not cash
        _assert_numbers(found, counts | own)
        for scenario in marts.scenarios():
            found = _row(marts, "fct_portfolio_stress", portfolio, day, scenario_id=scenario)
            _assert_numbers(found, counts | window)
        for (model, factor), sessions in days.items():
            keys = {"model": model, "factor": factor}
            found = _row(marts, "fct_portfolio_factor_exposures", portfolio, day, **keys)
            _assert_numbers(found, counts | {"data_days": sessions})


# --- compared with the reference: volatility and value at risk ---


def test_volatility_of_portfolios_equals_the_reference(marts: Marts) -> None:
    checked = 0
    for portfolio, day in _cases(marts):
        found = _row(marts, "fct_portfolio_risk", portfolio, day)
        if found["proxied_share"] > 0:  # proxies use yields, which the reference does not read
            continue
        series = pro_forma(marts, portfolio, day, HISTORY)
        expected = volatility(series)
        _assert_numbers(found, expected)
        assert found["forecast_model"] == "ewma"
        assert found["forecast_volatility_21d"] == found["forecast_volatility_21d_ewma"]
        assert found["forecast_volatility_21d_garch"] == pytest.approx(garch_forecast(series), rel=0.02)
        checked += 1
    assert checked >= 12


def test_the_proxied_share_is_that_of_missing_returns(marts: Marts) -> None:
    for portfolio, day in _cases(marts):
        window = marts.returns.loc[marts.window(day, HISTORY)]
        net: dict[str, float] = {}
        for h in movers(holdings(marts, portfolio, day)):
            net[h.symbol] = net.get(h.symbol, 0.0) + h.exposure
        missing = sum(abs(size) * window[symbol].isna().mean() for symbol, size in net.items())
        found = _row(marts, "fct_portfolio_risk", portfolio, day)["proxied_share"]
        assert found == pytest.approx(missing / sum(abs(size) for size in net.values()), abs=1e-12)


def test_volatility_of_symbols_equals_the_reference(marts: Marts) -> None:
    rows = marts.on("fct_symbol_risk", marts.days[-1])
    assert len(rows) > 50
    window = marts.returns.loc[marts.window(marts.days[-1], HISTORY)]
    close = []
    for _, found in rows.iterrows():
        series = window[found["symbol"]].tolist()
        _assert_numbers(found, volatility(series))
        assert found["forecast_model"] == "garch"
        assert found["forecast_volatility_21d"] == found["forecast_volatility_21d_garch"]
        close.append(found["forecast_volatility_21d"] == pytest.approx(garch_forecast(series), rel=1e-3))
    assert np.mean(close) > 0.9  # of several maxima of the likelihood scipy may find another one


def test_value_at_risk_equals_the_reference_with_options_repriced(marts: Marts) -> None:
    checked = with_options = 0
    for portfolio, day in _cases(marts):
        longer = scenario_pnl(marts, portfolio, day, 315)
        losses = longer[-252:]
        if any(math.isnan(value) for value in longer):  # proxied
            continue
        found = _row(marts, "fct_portfolio_risk", portfolio, day)
        expected = tail_risk(losses)
        _assert_numbers(found, expected | filtered_tail_risk(longer))
        equity = marts.equity(portfolio, day)
        for name in ("var_95_1d", "var_99_1d", "es_95_1d", "es_99_1d", "var_95_10d", "var_99_10d"):
            assert found[f"{name}_pct_equity"] == pytest.approx(expected[name] / equity, rel=1e-8)
        checked += 1
        with_options += any(h.option for h in movers(holdings(marts, portfolio, day)))
    assert checked >= 15
    assert with_options >= 2


# --- compared with the reference: correlation ---


def _net_exposures(held: list[Holding]) -> dict[str, float]:
    net: dict[str, float] = {}
    for h in held:
        net[h.symbol] = net.get(h.symbol, 0.0) + h.exposure
    return net


def test_correlations_equal_pandas(marts: Marts) -> None:
    for portfolio, day in _cases(marts):
        net = _net_exposures(movers(holdings(marts, portfolio, day)))
        window = marts.returns.loc[marts.window(day, 90), sorted(net)]
        matrix = window.corr(min_periods=20)
        pairs = marts.on("fct_correlation_pairs", day)
        pairs = pairs[pairs["portfolio_id"] == portfolio]
        assert len(pairs) == len(net) * (len(net) - 1) / 2
        for pair in pairs.itertuples():
            assert pair.correlation == pytest.approx(matrix.loc[pair.symbol_1, pair.symbol_2], abs=1e-10)
            both = window[[pair.symbol_1, pair.symbol_2]].notna().all(axis=1)
            assert pair.observations == both.sum()
        found = _row(marts, "fct_portfolio_correlation", portfolio, day)
        expected = diversification(net, matrix, window.std())
        bets = expected.pop("effective_bets")
        assert found["effective_bets"] == pytest.approx(bets, rel=1e-6)
        _assert_numbers(found, expected)
        assert found["symbols_included"] == len(net)
        assert found["min_eigenvalue"] == pytest.approx(np.linalg.eigvalsh(matrix)[0], abs=1e-9)
        assert not found["is_repaired"]
        assert found["data_days"] == pairs["observations"].min()


def test_clusters_are_connected_components(marts: Marts) -> None:
    seen = 0
    for portfolio, day in _cases(marts):
        net = _net_exposures(movers(holdings(marts, portfolio, day)))
        gross = sum(abs(size) for size in net.values())
        matrix = marts.returns.loc[marts.window(day, 90), sorted(net)].corr(min_periods=20)
        expected = clusters(matrix)
        expected.sort(key=lambda group: -sum(abs(net[symbol]) for symbol in group))
        rows = marts.on("fct_correlation_clusters", day)
        rows = rows[rows["portfolio_id"] == portfolio]
        found = rows.groupby("cluster_id")["symbol"].agg(set)
        assert found.tolist() == expected
        assert found.index.tolist() == list(range(1, len(expected) + 1))
        assert _row(marts, "fct_portfolio_correlation", portfolio, day)["cluster_count"] == len(expected)
        for row in rows.itertuples():
            group = sorted(found[row.cluster_id])
            inside = [matrix.loc[a, b] for a in group for b in group if a < b]
            assert row.average_correlation == pytest.approx(np.mean(inside), rel=1e-8)
            assert row.gross_share == pytest.approx(abs(net[row.symbol]) / gross, rel=1e-8)
        seen += len(expected)
    assert seen > 4


# --- compared with the reference: stress ---


def _stresses(marts: Marts, held: list[Holding], day: date, shocks: Shocks) -> tuple[Numbers, Numbers]:
    """Direct and correlated."""
    factors, covariance = marts.covariance(day, "stress_covariance")
    given, ratio = given_moves(shocks, marts.style_betas(day)), vix_ratio(shocks, marts.vix(day))
    betas = marts.betas(day, "risk")
    direct = stress(held, betas, given, ratio)
    return direct, stress(held, betas, expected_moves(given, factors, covariance), ratio)


@pytest.mark.long
def test_stress_equals_compounded_moves_with_options_repriced(marts: Marts) -> None:
    scenarios = marts.scenarios()
    assert len(scenarios) == SCENARIOS
    for portfolio, day in _cases(marts):
        held, equity = holdings(marts, portfolio, day), marts.equity(portfolio, day)
        for scenario, shocks in scenarios.items():
            direct, correlated = _stresses(marts, held, day, shocks)
            found = _row(marts, "fct_portfolio_stress", portfolio, day, scenario_id=scenario)
            expected = {
                "direct_pnl": direct["pnl"],
                "correlated_pnl": correlated["pnl"],
                "correlation_effect": correlated["pnl"] - direct["pnl"],
                "direct_linear_pnl": direct["linear"],
                "correlated_linear_pnl": correlated["linear"],
            }
            _assert_numbers(found, expected, abs_=1e-4)
            shares = {f"{way}_pct_equity": found[f"{way}_pnl"] / equity for way in ("direct", "correlated")}
            _assert_numbers(found, shares)
            gross = sum(abs(h.market_value) for h in held)
            cash = [h for h in held if h.is_cash]
            covered = sum(abs(h.market_value) for h in [*movers(held), *cash])
            assert found["coverage"] == pytest.approx(covered / gross, rel=1e-8)


def test_factor_impacts_add_up_to_the_linear_pnl(marts: Marts) -> None:
    keys = ["portfolio_id", "as_of_date", "scenario_id"]
    impacts = marts.frame("fct_stress_factor_impacts")
    totals = marts.frame("fct_portfolio_stress").dropna(subset="direct_pnl").set_index(keys)
    known = impacts.dropna(subset="dollar_exposure")
    assert len(known) == len(totals) * MODELS["risk"]
    added = known.groupby(keys)[["direct_pnl", "correlated_pnl"]].sum().reindex(totals.index)
    for way in ("direct", "correlated"):
        np.testing.assert_allclose(added[f"{way}_pnl"], totals[f"{way}_linear_pnl"], rtol=1e-8, atol=1e-4)
    exposures = marts.frame("fct_portfolio_factor_exposures").query("model == 'risk'")
    joined = known.merge(exposures, on=["portfolio_id", "as_of_date", "factor"], suffixes=("", "_exposure"))
    assert (joined["dollar_exposure"] == joined["dollar_exposure_exposure"]).all()
    volatility = impacts[impacts["factor"] == "Volatility"]
    assert len(volatility) == len(marts.frame("fct_portfolio_stress"))
    assert volatility["direct_pnl"].isna().all()


def test_expected_shocks_are_conditional_expectations(marts: Marts) -> None:
    for day in _days(marts):
        factors, covariance = marts.covariance(day, "stress_covariance")
        rows = marts.on("fct_stress_factor_impacts", day)
        for scenario, shocks in marts.scenarios().items():
            given = given_moves(shocks, marts.style_betas(day))
            moves = expected_moves(given, factors, covariance)
            expected = {
                factor: move if factor == "Interest Rate" else math.expm1(move)
                for factor, move in moves.items()
            } | {factor: shock for factor, (shock, _) in shocks.items()}
            expected["Volatility"] = vix_ratio(shocks, marts.vix(day)) - 1
            for row in rows[rows["scenario_id"] == scenario].itertuples():
                assert row.correlated_shock == pytest.approx(expected[row.factor], rel=1e-7, abs=1e-12)
                stated = shocks.get(row.factor, (math.nan, ""))[0]
                assert row.shock == pytest.approx(stated, rel=0, abs=0, nan_ok=True)


def test_stress_of_positions_equals_the_reference_and_adds_up_to_portfolios(marts: Marts) -> None:
    day = marts.days[-1]
    rows = marts.on("fct_position_stress", day)
    for portfolio in marts.portfolios:
        held = holdings(marts, portfolio, day)
        own = rows[rows["portfolio_id"] == portfolio]
        for scenario, shocks in marts.scenarios().items():
            found = own[own["scenario_id"] == scenario].set_index("position_id")
            total = _row(marts, "fct_portfolio_stress", portfolio, day, scenario_id=scenario)
            if total["quality_flag"] == "no_public_positions":
                assert found.empty
                continue
            for name in ("direct_pnl", "correlated_pnl"):
                assert found[name].sum() == pytest.approx(total[name], rel=1e-9, abs=1e-6)
            if not math.isnan(total["replay_pnl"]):
                assert found["replay_pnl"].sum() == pytest.approx(total["replay_pnl"], rel=1e-9, abs=1e-6)
            for position, pnl in _stresses(marts, held, day, shocks)[0]["positions"].items():
                assert found.loc[position, "direct_pnl"] == pytest.approx(pnl, rel=1e-8, abs=1e-6)


def test_the_tariff_shock_is_replayed_with_own_returns(marts: Marts) -> None:
    """Simulated prices are no history; real ones cover the window of 2025 and no earlier one."""
    rows = marts.frame("fct_portfolio_stress").dropna(subset="replay_pnl")
    earlier = rows[rows["scenario_id"] != "tariff_shock_2025"]
    assert (earlier["own_share"] == 0).all()
    np.testing.assert_allclose(earlier["replay_pnl"], earlier["direct_pnl"], rtol=1e-12)
    tariffs = rows[rows["scenario_id"] == "tariff_shock_2025"]
    if (marts.frame("fct_prices")["source"] == "simulated").any():
        assert (tariffs["own_share"] == 0).all()
        return
    window = (marts.returns.index > date(2025, 2, 19)) & (marts.returns.index <= date(2025, 4, 8))
    own = (1 + marts.returns[window]).prod() - 1
    day = marts.days[-1]
    for portfolio, name in marts.portfolios.items():
        held = movers(holdings(marts, portfolio, day))
        if name != PRIVATE_ONLY and all(h.option is None for h in held):
            expected = sum(h.market_value * own[h.symbol] for h in held)
            found = _row(marts, "fct_portfolio_stress", portfolio, day, scenario_id="tariff_shock_2025")
            assert found["own_share"] == 1
            assert found["replay_pnl"] == pytest.approx(expected, rel=1e-9)


# --- compared with the reference: options ---


def test_the_reference_option_price_equals_mibian(marts: Marts) -> None:
    checked = 0
    for portfolio, day in _cases(marts):
        for h in movers(holdings(marts, portfolio, day)):
            if h.option is not None:
                for move in (0.0, -0.3, 0.05):
                    by_mibian = merton(h.option, move)
                    price = by_mibian.callPrice if h.option_type == "CALL" else by_mibian.putPrice
                    spot = h.option["underlying_price"]
                    own = black_scholes(h.option, str(h.option_type), move)
                    assert own == pytest.approx(price, rel=1e-9, abs=1e-11 * spot)
                    checked += 1
    assert checked > 40


def _has_european_price(holding: Holding) -> bool:
    """Of an American option: as it is a call without dividends."""
    option = holding.option
    return option is not None and (
        option["exercise"] == "EUROPEAN"
        or (holding.option_type == "CALL" and option["dividend_yield"] == 0 <= option["risk_free_rate"])
    )


def test_prices_of_american_options_equal_quantlib(marts: Marts) -> None:
    names = ("strike_price", "years_to_expiration", "risk_free_rate", "dividend_yield", "implied_volatility")
    held = [h for case in _cases(marts) for h in movers(holdings(marts, *case)) if h.option is not None]
    american = pd.DataFrame([h.option | {"is_call": h.option_type == "CALL"} for h in held])
    american = american[american["exercise"] == "AMERICAN"]
    assert len(american) > 10
    contracts = Contracts(american["is_call"].to_numpy(), *(american[name].to_numpy() for name in names))
    expected = quantlib_prices(contracts, american["underlying_price"].tolist())
    error = (american["model_price"] - expected) / american["strike_price"]
    assert error.abs().max() < 2e-5


def test_greeks_of_positions_equal_mibian(marts: Marts) -> None:
    checked = 0
    for portfolio, day in _cases(marts):
        for h in movers(holdings(marts, portfolio, day)):
            if h.option is None or not _has_european_price(h):
                continue
            checked += 1
            side = "call" if h.option_type == "CALL" else "put"
            by_mibian = merton(h.option)
            expected = {
                "delta": getattr(by_mibian, f"{side}Delta"),
                "gamma": by_mibian.gamma,
                "theta": getattr(by_mibian, f"{side}Theta"),
                "vega": by_mibian.vega,
                "rho": getattr(by_mibian, f"{side}Rho"),
            }
            _assert_numbers(pd.Series(h.option), expected, rel=1e-6)
    assert checked > 0


def test_an_option_without_a_quote_is_valued_at_its_model_price(marts: Marts) -> None:
    values = marts.frame("fct_position_values").set_index(["position_id", "as_of_date"])
    option_type = marts.frame("dim_positions").set_index("position_id")["option_type"]
    greeks = marts.frame("fct_position_greeks").query("null_reason.isna()")
    modelled = 0
    for row in greeks.to_dict("records"):
        value = values.loc[(row["position_id"], row["as_of_date"])]
        if value["price_flag"] == "model_price":
            price = option_value(row, option_type[row["position_id"]])
            assert value["price"] == pytest.approx(price, abs=5.1e-7)  # prices have six decimals
            assert row["model_price"] == pytest.approx(price, rel=1e-9, abs=1e-11 * row["underlying_price"])
            units = row["units"]
            assert value["market_value"] == pytest.approx(
                units * value["price"], abs=CENT / 2 + 1e-6 * max(1, abs(units))
            )
            modelled += 1
    assert modelled == len(greeks) > 300


def test_greeks_of_portfolios_are_sums_over_options_and_shares(marts: Marts) -> None:
    for portfolio, day in _cases(marts):
        held = [h for h in holdings(marts, portfolio, day) if h.kind != "PRIVATE" and not h.is_cash]
        values = marts.on("fct_position_values", day).set_index("position_id")
        expected = dict.fromkeys(("delta", "gamma", "theta", "vega", "rho"), 0.0)
        expected |= {"delta_dollars": 0.0, "gamma_dollars_1pct": 0.0}
        for h in held:
            if h.option is None:
                expected["delta"] += values.loc[h.position_id, "quantity"]
                expected["delta_dollars"] += h.market_value
            else:
                spot, units = h.option["underlying_price"], h.option["units"]
                for name in ("delta", "gamma", "theta", "vega", "rho"):
                    expected[name] += units * h.option[name]
                expected["delta_dollars"] += units * h.option["delta"] * spot
                expected["gamma_dollars_1pct"] += units * h.option["gamma"] * spot**2 / 100
        found = _row(marts, "fct_portfolio_greeks", portfolio, day)
        _assert_numbers(found, expected, abs_=1e-9)
        assert found["option_count"] == sum(h.option is not None for h in held)
        assert found["options_without_greeks"] == 0


# --- compared with the reference: forecasts and outcomes ---


def _forecasts(marts: Marts, portfolio: Any) -> pd.DataFrame:
    rows = marts.frame("fct_portfolio_risk")
    return rows[rows["portfolio_id"] == portfolio].set_index("as_of_date")


def test_backtests_count_losses_beyond_the_forecast_of_the_session_before(marts: Marts) -> None:
    graded = 0
    for portfolio, name in marts.portfolios.items():
        if name == PRIVATE_ONLY:
            continue
        actual, risk = outcomes(marts, portfolio), _forecasts(marts, portfolio)
        for method, basis, confidence in product(
            ("historical", "filtered"), ("hypothetical", "actual"), (0.95, 0.99)
        ):
            column = f"var_{confidence:.0%}_1d".replace("%", "")
            column += "_filtered" if method == "filtered" else ""
            breaches: list[bool] = []
            rows = marts.frame("fct_var_backtest").query(
                "confidence == @confidence and method == @method and pnl_basis == @basis"
            )
            rows = rows[rows["portfolio_id"] == portfolio].set_index("as_of_date")
            for before, now in pairwise(actual):
                pnl = getattr(now, f"{basis}_pnl")
                breaches = [*breaches, -pnl > risk.loc[before.day, column]][-252:]
                found = rows.loc[now.day]
                assert found["observations"] == len(breaches)
                assert found["breaches"] == sum(breaches)
                assert found["expected_breaches"] == pytest.approx(len(breaches) * (1 - confidence))
                expected = dict.fromkeys(("kupiec_p_value", "christoffersen_p_value"), math.nan)
                if len(breaches) >= 60:
                    expected["kupiec_p_value"] = kupiec(len(breaches), sum(breaches), 1 - confidence)
                    expected["christoffersen_p_value"] = christoffersen(breaches)
                    graded += 1
                _assert_numbers(found, expected, rel=1e-7, abs_=1e-9)
    # the simulation has 53 sessions: too few for p-values
    assert graded == 8 * sum(max(0, sessions - 60) for sessions in _sessions(marts))


def _grades(forecasts: list[float], returns: list[list[float]], ahead: int) -> Numbers:
    """The last row's grade of forecasts of volatility against returns (method, section 11)."""
    scores, losses, realized = [], [], math.nan
    for value, recent in zip(forecasts[-252:], returns[-252:], strict=True):
        realized = math.sqrt(252 / ahead * sum(each**2 for each in recent))
        scores.append(sum(recent) / (value * math.sqrt(ahead / 252)))
        ratio = (realized / value) ** 2
        losses.append(ratio - math.log(ratio) - 1)
    return {
        "forecast_value": forecasts[-1],
        "realized_value": realized,
        "observations": len(scores),
        "bias_statistic": np.std(scores, ddof=1) if len(scores) >= 21 else math.nan,
        "qlike": np.mean(losses) if len(scores) >= 21 else math.nan,
    }


def test_forecast_evaluation_equals_the_reference(marts: Marts) -> None:
    for portfolio, name in marts.portfolios.items():
        if name == PRIVATE_ONLY:
            continue
        actual, risk = outcomes(marts, portfolio), _forecasts(marts, portfolio)
        rows = marts.frame("fct_forecast_evaluation")
        rows = rows[rows["portfolio_id"] == portfolio]
        rows = rows.set_index(["forecast", "model", "as_of_date"]).sort_index()
        days = [each.day for each in actual]
        months = [pro_forma_after(marts, portfolio, day, 21) for day in days[:-21]]
        for model in ("garch", "ewma", "har", "selected"):
            column = "forecast_volatility_21d" + (f"_{model}" if model != "selected" else "")
            values = risk.loc[days, column].tolist()
            for place in range(len(months)):
                expected = _grades(values[: place + 1], months[: place + 1], 21)
                _assert_numbers(rows.loc[("volatility_21d", model, days[place + 21])], expected)
        values, returns = (
            risk.loc[days, "total_volatility"].tolist(),
            [[each.daily_return] for each in actual],
        )
        for place in range(1, len(days)):
            expected = _grades(values[:place], returns[1 : place + 1], 1)
            _assert_numbers(rows.loc[("total_volatility_1d", "risk", days[place])], expected)
        for column, (model, suffix) in product(
            ("var_95_1d", "var_99_1d"),
            (("historical", ""), ("filtered", "_filtered"), ("parametric", "_parametric")),
        ):
            for before, now in pairwise(actual):
                found = rows.loc[(column, model, now.day)]
                value = risk.loc[before.day, column + suffix]
                _assert_numbers(found, {"forecast_value": value, "realized_value": -now.hypothetical_pnl})
                assert math.isnan(found["bias_statistic"])


# --- no figure depends on data after its date or before its windows ---

CUT = date(2025, 9, 12)  # the last session of market_then
KEYS = {
    "fct_symbol_factor_betas": ["symbol", "model", "factor"],
    "fct_symbol_risk": ["symbol"],
    "fct_factor_correlations": ["model", "factor_1", "factor_2"],
    "fct_position_greeks": ["position_id"],
    "fct_portfolio_greeks": ["portfolio_id"],
    "fct_portfolio_risk": ["portfolio_id"],
    "fct_portfolio_factor_exposures": ["portfolio_id", "model", "factor"],
    "fct_risk_contributions": ["position_id", "measure"],
    "fct_symbol_liquidity": ["symbol"],
    "fct_position_liquidity": ["position_id"],
    "fct_portfolio_liquidity": ["portfolio_id"],
    "fct_attribution_daily": ["portfolio_id", "dimension", "segment"],
    "fct_factor_attribution_daily": ["portfolio_id", "factor"],
    "fct_option_pnl_explain": ["position_id"],
    "fct_benchmark_risk": ["portfolio_id"],
    "fct_portfolio_correlation": ["portfolio_id"],
    "fct_correlation_pairs": ["portfolio_id", "symbol_1", "symbol_2"],
    "fct_correlation_clusters": ["portfolio_id", "cluster_id", "symbol"],
    "fct_portfolio_stress": ["portfolio_id", "scenario_id"],
    "fct_stress_factor_impacts": ["portfolio_id", "scenario_id", "factor"],
    "fct_var_backtest": ["portfolio_id", "method", "pnl_basis", "confidence"],
    "fct_forecast_evaluation": ["portfolio_id", "forecast", "model"],
}


@pytest.fixture(scope="module")
def marts_of_then(market_then: Warehouse) -> Marts:
    return Marts(market_then.analyst_url)


@pytest.fixture(scope="module")
def marts_of_now(market: Warehouse) -> Marts:
    return Marts(market.analyst_url)


@pytest.mark.parametrize("mart", KEYS)
def test_figures_do_not_depend_on_prices_after_their_date_or_before_their_window(
    mart: str, marts_of_then: Marts, marts_of_now: Marts
) -> None:
    assert marts_of_then.days[-1] == CUT < marts_of_now.days[-1]
    keys = ["as_of_date", *KEYS[mart]]
    then, now = (
        frame[frame["as_of_date"] <= CUT].sort_values(keys, ignore_index=True)
        for frame in (marts_of_then.frame(mart), marts_of_now.frame(mart))
    )
    assert len(then) > 50
    # a column of nulls has no type; a column that is null on one side only is still a difference
    both_null = then.columns[then.isna().all() & now.isna().all()]
    then, now = then.drop(columns=both_null), now.drop(columns=both_null)
    # sums in the database have no fixed order
    pd.testing.assert_frame_equal(then, now, check_dtype=False, rtol=1e-9, atol=1e-12)


def _three_month_rate(rates: pd.Series, day: date) -> float:
    """The newest 3-month yield of the last seven days as a decimal; NaN without one."""
    known = rates[(rates.index <= day) & (rates.index >= day - timedelta(days=7))]
    return float(known.iloc[-1]) if len(known) else math.nan


def test_the_sharpe_ratio_is_that_of_daily_returns_in_excess_of_three_month_bills(
    marts: Marts, bill_rates: pd.Series
) -> None:
    snapshots = marts.frame("fct_portfolio_snapshots").sort_values("as_of_date")
    for portfolio, name in marts.portfolios.items():
        own = snapshots[snapshots["portfolio_id"] == portfolio].set_index("as_of_date")["daily_return"]
        for day in own.index.intersection(_days(marts)):
            window = [known for known in marts.window(day, 252) if known in own.index]
            excess = pd.Series([own[known] - _three_month_rate(bill_rates, known) / 252 for known in window])
            excess = excess.dropna()
            row = _row(marts, "fct_portfolio_risk", portfolio, day)
            assert row["sharpe_observations"] == len(excess), (name, day)
            if len(excess) < 60 or excess.std() == 0 or name == PRIVATE_ONLY:
                assert pd.isna(row["sharpe_ratio"]), (name, day)
                assert row["sharpe_null_reason"], (name, day)
            else:
                expected = excess.mean() / excess.std() * math.sqrt(252)
                assert row["sharpe_ratio"] == pytest.approx(expected, rel=1e-6, abs=1e-8), (name, day)


def test_return_beta_is_the_regression_of_portfolio_returns_on_the_market(marts: Marts) -> None:
    snapshots = marts.frame("fct_portfolio_snapshots")
    market = marts.returns["SPY"]
    for portfolio, name in marts.portfolios.items():
        own = snapshots[snapshots["portfolio_id"] == portfolio].set_index("as_of_date")["daily_return"]
        for day in own.index.intersection(_days(marts)):
            pairs = pd.DataFrame({"own": own, "market": market}).loc[marts.window(day, 90)].dropna()
            row = _row(marts, "fct_portfolio_risk", portfolio, day)
            assert row["return_beta_observations"] == len(pairs), (name, day)
            if len(pairs) < 30 or name == PRIVATE_ONLY:
                assert pd.isna(row["return_beta"]), (name, day)
                assert row["return_beta_null_reason"], (name, day)
                continue
            fit = sm.OLS(pairs["own"], sm.add_constant(pairs["market"])).fit()
            assert row["return_beta"] == pytest.approx(fit.params["market"], rel=1e-8, abs=1e-12), (name, day)
            if pairs["own"].std() == 0:
                assert pd.isna(row["return_beta_r_squared"]), (name, day)
            else:
                assert row["return_beta_r_squared"] == pytest.approx(fit.rsquared, rel=1e-8), (name, day)


def test_the_fit_of_the_market_beta_is_weighted_by_exposure(marts: Marts) -> None:
    groups = marts.frame("fct_exposures_by_group")
    groups = groups[groups["dimension"] == "symbol"]
    betas = marts.frame("fct_symbol_factor_betas")
    betas = betas[betas["model"] == "market"].rename(columns={"symbol": "bucket"})
    for portfolio, day in _cases(marts):
        own = groups[(groups["portfolio_id"] == portfolio) & (groups["as_of_date"] == day)]
        fits = own.merge(betas[betas["as_of_date"] == day], on="bucket")
        row = _row(marts, "fct_portfolio_risk", portfolio, day)
        expected = np.average(fits["r_squared"], weights=fits["delta_adjusted_exposure"].abs())
        assert row["market_beta_r_squared"] == pytest.approx(expected, rel=1e-8)
        assert row["market_beta_observations"] == fits["observations"].min()


def test_shares_of_variance_add_up_to_the_systematic_share(marts: Marts) -> None:
    shares = marts.frame("fct_portfolio_factor_exposures")
    shares = shares[shares["model"] == "risk"]
    summed = shares.groupby(["portfolio_id", "as_of_date"])["share_of_variance"].sum()
    risk = marts.frame("fct_portfolio_risk").set_index(["portfolio_id", "as_of_date"])
    risk = risk.dropna(subset="total_volatility")
    assert len(risk)
    ratio = risk["systematic_volatility"] ** 2 / risk["total_volatility"] ** 2
    np.testing.assert_allclose(risk["systematic_share"], ratio, rtol=1e-12)
    np.testing.assert_allclose(summed.loc[risk.index], risk["systematic_share"], rtol=1e-9, atol=1e-12)


def test_provider_betas_are_valid_from_their_profile_date_and_weighted_by_exposure(
    marts: Marts,
) -> None:
    for portfolio, day in _cases(marts):
        symbols = marts.on("fct_symbol_risk", day).dropna(subset=["provider_beta"])
        assert (symbols["provider_beta_date"] <= day).all()
        betas = dict(zip(symbols["symbol"], symbols["provider_beta"], strict=True))
        known = [
            holding
            for holding in holdings(marts, portfolio, day)
            if holding.symbol in betas and not holding.is_cash and not math.isnan(holding.exposure)
        ]
        row = _row(marts, "fct_portfolio_risk", portfolio, day)
        assert row["positions_with_provider_beta"] == len(known)
        if known and row["provider_beta_coverage"] >= 0.5:
            dollars = sum(holding.exposure * betas[holding.symbol] for holding in known)
            exposures = pd.Series([one.exposure for one in known], [one.symbol for one in known])
            exposure = exposures.groupby(level=0).sum().abs().sum()
            assert row["beta_provider_1y"] == pytest.approx(dollars / exposure, rel=1e-9)
        else:
            assert pd.isna(row["beta_provider_1y"])
            assert row["beta_provider_null_reason"]
