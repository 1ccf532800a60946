"""Every engine's mart against plain code written from the method: every portfolio on three dates.

Regressions and statistics agree within 1e-6, money within a cent.
"""

import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.reference import (
    correlation,
    exposures,
    factors,
    grading,
    greeks,
    performance,
    portfolio_factors,
    pro_forma,
    quality,
    risk_model,
    stress,
    value_at_risk,
    volatility,
)
from tests.reference.comparing import STATISTIC, Comparison, Marts, is_null
from tests.reference.facts import Facts
from tests.reference.grading import Graded
from tests.reference.pro_forma import Past
from tests.reference.valuation import Book, PortfolioDay
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow


class Case:
    """A warehouse, its raw facts and the reference's valuation of every session."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.marts = Marts(warehouse)
        self.facts = Facts(warehouse)
        self.days = self.marts.days()
        self.book = Book(self.facts, self.days[-1])

    def dates(self) -> list[date]:
        """The first session, one on which options are open, the last."""
        return [self.days[0], self.days[len(self.days) // 4], self.days[-1]]

    def portfolios(self, day: date) -> Iterator[tuple[UUID, str, PortfolioDay]]:
        """Every portfolio on a day: id, a text for messages, the portfolio."""
        for portfolio, days in self.book.days.items():
            if day in days:
                yield portfolio, f"{day} {self.facts.portfolios[portfolio]['portfolio_name']}", days[day]

    def symbols(self, day: date) -> list[str]:
        """Symbols with statistics: held by anybody on the day."""
        held = {
            name for _, _, own in self.portfolios(day) for name in portfolio_factors.exposure_by_symbol(own)
        }
        return sorted(held)

    def specification(self, model: str) -> list[dict[str, Any]]:
        return [row for row in self.facts.seeds["factors"] if row["model"] == model]


@pytest.fixture(scope="module", params=["demo", "market"])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.getfixturevalue(request.param))


@pytest.fixture
def comparison() -> Iterator[Comparison]:
    """Collects differences; the test fails with all of them at its end."""
    found = Comparison()
    yield found
    found.assert_none()


# --- valuation and P&L ---


def test_values_and_pnl_of_positions(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_position_values", day, "position_id")
        seen = set()
        for _, where, own in case.portfolios(day):
            for position in own.positions:
                seen.add(position.lot.position_id)
                row = rows[position.lot.position_id]
                here = f"{where} {position.lot.symbol}"
                expected = {
                    "market_value": position.market_value,
                    "cost_basis": position.cost_basis,
                    "daily_pnl": position.daily_pnl,
                    "unrealized_pnl": position.unrealized_pnl,
                    "realized_pnl": position.realized_pnl,
                    "dividends": position.dividends,
                    "delta_adjusted_exposure": exposures.delta_adjusted(position) if position.is_open else 0,
                }
                comparison.money(here, expected, row)
                comparison.row(here, {"price": position.price.value}, row, relative=1e-6, absolute=1e-6)
                comparison.statistics(here, {"quantity": position.quantity}, row)
                base = own.equity - own.daily_pnl
                contribution = position.daily_pnl / base if base > 0 else None
                comparison.statistics(here, {"contribution_to_return": contribution}, row)
                comparison.value(here + " price_flag", position.price.flag, row["price_flag"])
        comparison.keys(f"{day} fct_position_values", seen, set(rows))


def test_equity_and_returns_of_portfolios(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_snapshots", day, "portfolio_id")
        for portfolio, where, own in case.portfolios(day):
            expected = {
                "equity": own.equity,
                "cash": own.equity - own.net_market_value,
                "net_market_value": own.net_market_value,
                "cash_and_equivalents": exposures.cash_and_equivalents(own),
                "capital_flow": own.capital_flow,
                "daily_pnl": own.daily_pnl,
                "public_daily_pnl": own.public_pnl,
                "cumulative_pnl": own.cumulative_pnl,
                "cumulative_realized_pnl": own.cumulative_realized,
                "cumulative_dividends": own.cumulative_dividends,
            }
            comparison.money(where, expected, rows[portfolio])
            ratios = {name: getattr(own, name) for name in ("daily_return", "twr_index", "drawdown")}
            comparison.statistics(where, ratios, rows[portfolio])


# --- exposures ---


def test_exposures_and_concentration(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_exposures", day, "portfolio_id")
        for portfolio, where, own in case.portfolios(day):
            for name, value in exposures.exposures(own).items():
                check = comparison.money if isinstance(value, Decimal) else comparison.statistics
                check(where, {name: value}, rows[portfolio])


def test_exposures_of_groups(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        found = case.marts.by("fct_exposures_by_group", day, "portfolio_id", "dimension", "bucket")
        for portfolio, where, own in case.portfolios(day):
            groups = exposures.groups(case.facts, own)
            rows = {key[1:]: row for key, row in found.items() if key[0] == portfolio and key[1] != "tag"}
            comparison.keys(f"{where} groups", set(groups), set(rows))
            for key in set(groups) & set(rows):
                expected = exposures.four(position.market_value for position in groups[key])
                adjusted = [exposures.delta_adjusted(position) for position in groups[key]]
                expected["delta_adjusted_exposure"] = None if None in adjusted else sum(adjusted)
                comparison.money(f"{where} {key}", expected, rows[key])


# --- options ---


def test_volatilities_and_greeks_of_options(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_position_greeks", day, "position_id")
        for _, where, own in case.portfolios(day):
            for position in own.open_positions:
                option = position.option
                if option is None:
                    continue
                here, row = f"{where} {position.lot.symbol}", rows[position.lot.position_id]
                comparison.value(here + " iv_source", option.source, row["iv_source"])
                comparison.value(here + " null_reason", option.null_reason, row["null_reason"])
                if option.terms is None or option.volatility is None:
                    continue
                expected = greeks.greeks(option.terms, option.volatility)
                expected["implied_volatility"] = option.volatility
                expected["model_price"] = greeks.price(option.terms, option.volatility)
                expected["risk_free_rate"] = option.terms.rate
                expected["dividend_yield"] = option.terms.dividend_yield
                comparison.statistics(here, expected, row)


def test_greeks_of_portfolios(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_greeks", day, "portfolio_id")
        for portfolio, where, own in case.portfolios(day):
            if all(position.lot.is_private for position in own.open_positions):
                comparison.value(where + " delta", None, rows[portfolio]["delta"])
                continue
            comparison.statistics(where, portfolio_factors.portfolio_greeks(own), rows[portfolio])


# --- factor models ---


def _single(case: Case, symbol: str, day: date, row: dict[str, Any]) -> factors.Beta | None:
    length, minimum = row["window_days"], row["min_observations"]
    if row["model"] == "spread":
        legs = (row["long_symbol"], row["short_symbol"])
        return factors.spread(case.facts, symbol, day, length, minimum, legs=legs)
    regression = {"market": factors.market, "rates": factors.rates, "bond": factors.bond}[row["model"]]
    return regression(case.facts, symbol, day, length, minimum)


def _compare_beta(comparison: Comparison, where: str, beta: factors.Beta, row: dict[str, Any]) -> None:
    expected = vars(beta).copy()
    texts = {name: expected.pop(name) for name in ("quality_flag", "rate_proxy", "is_clipped")}
    if texts["rate_proxy"] is None:
        del texts["rate_proxy"]
    if expected["t_stat"] is None and not is_null(row["t_stat"]):  # a perfect fit, but for rounding
        comparison.value(f"{where} t_stat is rounding", expected=True, found=abs(row["t_stat"]) > 1e9)
        del expected["t_stat"], expected["p_value"]
    elif not is_null(expected["t_stat"]):
        t_stat = {"t_stat": expected.pop("t_stat")}
        comparison.row(where, t_stat, row, absolute=STATISTIC, relative=STATISTIC)
    comparison.row(where, texts, row)
    comparison.statistics(where, expected, row)


@pytest.mark.parametrize("model", ["market", "rates", "bond", "spread"])
def test_betas_of_single_factors(case: Case, comparison: Comparison, model: str) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_symbol_factor_betas", day, "symbol", "model", "factor")
        for row in case.specification(model):
            for symbol in [*case.symbols(day), "SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "TLT"]:
                key = (symbol, model, row["factor"])
                beta = _single(case, symbol, day, row)
                if beta is None or key not in rows:
                    comparison.value(f"{day} {key} row", beta is not None, key in rows)
                else:
                    _compare_beta(comparison, f"{day} {key}", beta, rows[key])


def test_betas_of_the_risk_model(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_symbol_factor_betas", day, "symbol", "model", "factor")
        for symbol in [*case.symbols(day), *risk_model.FACTORS.values()]:
            found = {key[2]: row for key, row in rows.items() if key[:2] == (symbol, "risk")}
            expected = risk_model.rows(case.facts, symbol, day)
            comparison.keys(f"{day} {symbol} risk", set(expected), set(found))
            for name in set(expected) & set(found):
                _compare_beta(comparison, f"{day} {symbol} risk {name}", expected[name], found[name])


def test_covariances_of_the_risk_model(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_factor_correlations", day, "model", "factor_1", "factor_2")
        matrices = {
            "ewma_covariance": risk_model.risk_covariance(case.facts, day),
            "stress_covariance": risk_model.stress_covariance(case.facts, day),
            "correlation": risk_model.correlations(case.facts, day),
        }
        for i, first in enumerate(risk_model.NAMES):
            for j, second in enumerate(risk_model.NAMES):
                expected = {name: matrix[i, j] for name, matrix in matrices.items()}
                comparison.statistics(f"{day} {first} {second}", expected, rows["risk", first, second])


@pytest.mark.parametrize("model", ["market", "rates", "bond", "spread", "risk"])
def test_betas_of_portfolios(case: Case, comparison: Comparison, model: str) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_factor_exposures", day, "portfolio_id", "model", "factor")
        for row in case.specification(model):
            betas = {name: beta for name in case.symbols(day) if (beta := _beta(case, name, day, row))}
            for portfolio, where, own in case.portfolios(day):
                mart = rows[portfolio, model, row["factor"]]
                dollars = portfolio_factors.dollar_exposure(own, {name: betas[name].beta for name in betas})
                expected = {
                    "dollar_exposure": dollars,
                    "beta": None if dollars is None else dollars / float(own.equity),
                    "coverage": portfolio_factors.coverage(own, set(betas)),
                    **_quality(own, betas),
                }
                comparison.statistics(f"{where} {model} {row['factor']}", expected, mart)


def _beta(case: Case, symbol: str, day: date, row: dict[str, Any]) -> factors.Beta | None:
    if row["model"] == "risk":
        return risk_model.rows(case.facts, symbol, day).get(row["factor"])
    return _single(case, symbol, day, row)


def _quality(own: PortfolioDay, betas: dict[str, factors.Beta]) -> dict[str, float | str | None]:
    held = portfolio_factors.exposure_by_symbol(own)
    is_short = any(betas[name].quality_flag == "limited_history" for name in held if name in betas)
    return quality.quality(
        own, lambda row: portfolio_factors.is_analyzed(row, set(betas)), is_short_history=is_short
    )


def test_decomposition_of_variance(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        risk = case.marts.by("fct_portfolio_risk", day, "portfolio_id")
        rows = case.marts.by("fct_portfolio_factor_exposures", day, "portfolio_id", "model", "factor")
        for portfolio, where, own in case.portfolios(day):
            expected = portfolio_factors.decomposition(case.facts, own)
            if expected is None:
                comparison.value(where + " total_volatility", None, risk[portfolio]["total_volatility"])
                continue
            contributions = expected.pop("contributions")
            expected |= _risk_quality(case, own)
            comparison.statistics(where, expected, risk[portfolio])
            for name, value in contributions.items():
                mart = rows[portfolio, "risk", name]
                comparison.statistics(f"{where} {name}", {"variance_contribution": value}, mart)


def test_contributions_of_positions_to_volatility(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_risk_contributions", day, "position_id")
        for _, where, own in case.portfolios(day):
            expected = portfolio_factors.risk_contributions(case.facts, own)
            for position in own.open_positions:
                row = rows.pop(position.lot.position_id)
                here = f"{where} {position.lot.symbol}"
                figures = expected.get(position.lot.position_id, (None, None, None))
                names = ("standalone", "marginal", "component")
                comparison.statistics(here, dict(zip(names, figures, strict=True)), row)
                comparison.value(here + " has a reason", figures[0] is None, not is_null(row["null_reason"]))
        comparison.keys(f"{day} fct_risk_contributions", set(), set(rows))


def _risk_quality(case: Case, own: PortfolioDay) -> dict[str, float | str | None]:
    """The flag of what depends on the risk model."""
    rows = {name: risk_model.rows(case.facts, name, own.day) for name in case.symbols(own.day)}
    return _quality(own, {name: found["Market"] for name, found in rows.items() if found})


# --- volatility ---


HISTORY = 272
# figures with residuals drawn for missing returns, which are all at the start of the history
OF_THE_OLDEST = ("forecast_volatility_21d_har", "volatility_percentile")
CLOSE = 0.05


def _pasts(case: Case, own: PortfolioDay, window: list[date]) -> dict[str, Past]:
    """Past returns of the symbols held, proxied where missing."""
    names = portfolio_factors.exposure_by_symbol(own)
    pasts = {name: pro_forma.past_returns(case.facts, name, own.day, window) for name in names}
    return {name: past for name, past in pasts.items() if past is not None}


def _has_draws(pasts: dict[str, Past], window: list[date]) -> bool:
    return any(when in past.proxied for past in pasts.values() for when in window)


def _weights(own: PortfolioDay) -> dict[str, float]:
    return {
        name: exposure / float(own.equity)
        for name, exposure in portfolio_factors.exposure_by_symbol(own).items()
    }


def _volatilities(returns: dict[date, float], sessions: list[date]) -> dict[str, float | str | None]:
    return {
        "realized_volatility_21d": volatility.realized(returns, sessions[-21:]),
        "realized_volatility_63d": volatility.realized(returns, sessions[-63:]),
        "volatility_percentile": volatility.percentile(returns, sessions),
        "volatility_trend": volatility.trend(returns, sessions),
    }


# The likelihood of GARCH may have several maxima, and the search of the engine may end at a lesser one.
ONLY_THE_LIKELIEST = True


def _garch(returns: dict[date, float], window: list[date], row: dict[str, Any]) -> float | None:
    found = volatility.garch_forecasts(returns, window)
    mart = row["forecast_volatility_21d_garch"]
    if ONLY_THE_LIKELIEST or is_null(mart):
        return found[0] if found else None
    return min(found, key=lambda forecast: abs(forecast - mart), default=None)


def test_volatilities_of_portfolios(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_risk", day, "portfolio_id")
        window = case.facts.window(day, HISTORY)
        for portfolio, where, own in case.portfolios(day):
            pasts = _pasts(case, own, window)
            if not pasts:
                continue
            returns = pro_forma.pro_forma(_weights(own), pasts, window)
            expected = _volatilities(returns, window)
            garch = _garch(returns, window, rows[portfolio])
            expected |= volatility.forecasts(returns, window, "ewma", garch)
            expected["proxied_share"] = pro_forma.proxied_share(_weights(own), pasts, window)
            if _has_draws(pasts, window):
                drawn = {name: expected.pop(name) for name in OF_THE_OLDEST}
                comparison.row(where, drawn, rows[portfolio], relative=CLOSE)
            comparison.statistics(where, expected, rows[portfolio])


def test_volatilities_of_symbols(case: Case, comparison: Comparison) -> None:
    dates = case.dates()
    for place, day in enumerate(dates):
        rows = case.marts.by("fct_symbol_risk", day, "symbol")
        window = case.facts.window(day, HISTORY)
        for symbol in case.symbols(day)[place :: len(dates)]:  # a fit takes long: each symbol on one date
            returns = factors.returns_in(case.facts, symbol, window)
            expected = _volatilities(returns, window)
            garch = _garch(returns, window, rows[symbol])
            expected |= volatility.forecasts(returns, window, "garch", garch)
            fit = risk_model.fit(case.facts, symbol, day)
            expected["idiosyncratic_volatility"] = fit.volatility if fit else None
            comparison.statistics(f"{day} {symbol}", expected, rows[symbol])


# --- correlation ---


def _coverage(own: PortfolioDay, symbols: set[str]) -> float | str | None:
    found = quality.quality(
        own, lambda row: portfolio_factors.is_analyzed(row, symbols), is_short_history=False
    )
    return found["coverage_of_equity"]


def test_correlations_and_diversification(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_correlation", day, "portfolio_id")
        pairs = case.marts.by("fct_correlation_pairs", day, "portfolio_id", "symbol_1", "symbol_2")
        for portfolio, where, own in case.portfolios(day):
            held = portfolio_factors.exposure_by_symbol(own)
            if not held:
                continue
            matrix = correlation.matrix(case.facts, day, list(held))
            expected = {
                "mean_correlation": correlation.mean_correlation(matrix),
                "diversification_score": correlation.diversification_score(matrix, held),
                "cluster_count": len(correlation.clusters(matrix)),
                "symbols_included": len(matrix.symbols),
                "symbols_excluded": len(matrix.excluded),
                "is_repaired": matrix.is_repaired,
                "effective_bets": correlation.effective_bets(case.facts, day, matrix, held),
                "coverage_of_equity": _coverage(own, set(matrix.symbols)),
            }
            comparison.statistics(where, expected, rows[portfolio])
            found = {key[1:]: row for key, row in pairs.items() if key[0] == portfolio}
            comparison.keys(f"{where} pairs", set(matrix.observations), set(found))
            for (first, second), count in matrix.observations.items():
                places = matrix.symbols.index(first), matrix.symbols.index(second)
                own_pair = {"correlation": matrix.correlations[places], "observations": count}
                comparison.statistics(f"{where} {first} {second}", own_pair, found[first, second])


def test_clusters(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.rows("fct_correlation_clusters", day)
        for portfolio, where, own in case.portfolios(day):
            held = portfolio_factors.exposure_by_symbol(own)
            matrix = correlation.matrix(case.facts, day, list(held))
            gross = sum(abs(held[name]) for name in matrix.symbols)
            mine = rows[rows["portfolio_id"] == portfolio]
            found = {frozenset(group["symbol"]): group for _, group in mine.groupby("cluster_id")}
            expected = {frozenset(cluster) for cluster in correlation.clusters(matrix)}
            comparison.keys(f"{where} clusters", expected, set(found))
            for cluster in expected & set(found):
                average = correlation.average_correlation(matrix, set(cluster))
                for row in found[cluster].to_dict("records"):
                    shares = {"average_correlation": average, "gross_share": abs(held[row["symbol"]]) / gross}
                    comparison.statistics(f"{where} {row['symbol']}", shares, row)


# --- value at risk ---


def test_value_at_risk(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_risk", day, "portfolio_id")
        window = case.facts.window(day, value_at_risk.WINDOW + value_at_risk.WARM_UP)
        for portfolio, where, own in case.portfolios(day):
            pasts = _pasts(case, own, window)
            if not pasts:
                continue
            expected = value_at_risk.measures(value_at_risk.outcomes(own, pasts, window))
            if _has_draws(pasts, window):
                filtered = {name: expected.pop(name) for name in [*expected] if name.endswith("_filtered")}
                comparison.row(where, filtered, rows[portfolio], relative=CLOSE)
            assert not _has_draws(pasts, window[-value_at_risk.WINDOW :])
            comparison.money(where, expected, rows[portfolio])


# --- performance ---


def test_sharpe_ratios_and_return_betas(case: Case, comparison: Comparison) -> None:
    specification = case.specification("market")[0]
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_risk", day, "portfolio_id")
        for portfolio, where, _ in case.portfolios(day):
            days = case.book.days[portfolio]
            ratio, reason = performance.sharpe(case.facts, days, day)
            row = rows[portfolio]
            comparison.statistics(where, {"sharpe_ratio": ratio, "sharpe_null_reason": reason}, row)
            beta, missing = performance.return_beta(
                case.facts, days, day, specification["window_days"], specification["min_observations"]
            )
            comparison.statistics(where, {"return_beta": beta, "return_beta_null_reason": missing}, row)


# --- backtests ---


def _breaches(
    case: Case, portfolio: UUID, day: date, forecasts: dict[date, float], basis: str
) -> list[bool | None]:
    """Whether the loss of each session was beyond the value at risk of the one before."""
    days = case.book.days[portfolio]
    found: list[bool | None] = []
    for when in case.facts.window(day, value_at_risk.WINDOW):
        before = case.facts.before(when)
        if when not in days or before not in forecasts:
            found.append(None)
            continue
        held = value_at_risk.hypothetical(days[before], days[when])
        pnl = held if basis == "hypothetical" else days[when].public_pnl
        found.append(float(pnl) < -forecasts[before])
    return found


def test_backtests_of_published_value_at_risk(case: Case, comparison: Comparison) -> None:
    risk = case.marts.rows("fct_portfolio_risk")
    for day in case.dates()[1:]:
        keys = ("portfolio_id", "method", "pnl_basis", "confidence")
        for key, row in case.marts.by("fct_var_backtest", day, *keys).items():
            portfolio, method, basis, confidence = key
            column = f"var_{confidence * 100:.0f}_1d" + ("_filtered" if method == "filtered" else "")
            mine = risk[(risk["portfolio_id"] == portfolio) & risk[column].notna()]
            forecasts = dict(zip(mine["as_of_date"], mine[column].astype(float), strict=True))
            breaches = _breaches(case, portfolio, day, forecasts, basis)
            comparison.statistics(f"{day} {key}", value_at_risk.backtest(breaches, confidence), row)


# --- grades of forecasts ---

FORECASTS = {
    ("volatility_21d", "garch"): "forecast_volatility_21d_garch",
    ("volatility_21d", "ewma"): "forecast_volatility_21d_ewma",
    ("volatility_21d", "har"): "forecast_volatility_21d_har",
    ("volatility_21d", "selected"): "forecast_volatility_21d",
    ("total_volatility_1d", "risk"): "total_volatility",
}


def _graded(case: Case, portfolio: UUID, day: date, published: dict[date, float], ahead: int) -> list[Graded]:
    """The forecasts whose period ends in the last 252 sessions."""
    days = case.book.days[portfolio]
    found = []
    for ends in case.facts.window(day, grading.WINDOW):
        made = case.facts.sessions[case.facts.number[ends] - ahead]
        if made not in published:
            continue
        if ahead == 1:
            found.append(grading.over_a_day(days[made], days[ends], published[made]))
        else:
            found.append(grading.over_the_horizon(case.facts, days[made], ends, published[made]))
    return found


def test_grades_of_published_volatility_forecasts(case: Case, comparison: Comparison) -> None:
    risk = case.marts.rows("fct_portfolio_risk")
    day = case.days[-1]
    rows = case.marts.by("fct_forecast_evaluation", day, "portfolio_id", "forecast", "model")
    for portfolio, where, own in case.portfolios(day):
        if not portfolio_factors.exposure_by_symbol(own):
            continue
        for key, column in FORECASTS.items():
            mine = risk[(risk["portfolio_id"] == portfolio) & risk[column].notna()]
            published = dict(zip(mine["as_of_date"], mine[column], strict=True))
            graded = _graded(case, portfolio, day, published, 1 if key[0].endswith("_1d") else 21)
            comparison.keys(f"{where} {key}", {key} if graded else set(), {key} & {row[1:] for row in rows})
            if graded:
                comparison.statistics(f"{where} {key}", grading.grade(graded), rows[portfolio, *key])


# --- stress ---


def test_stress_of_portfolios(case: Case, comparison: Comparison) -> None:
    scenarios = stress.scenarios(case.facts)
    for day in case.dates():
        rows = case.marts.by("fct_portfolio_stress", day, "portfolio_id", "scenario_id")
        for portfolio, where, own in case.portfolios(day):
            flags = _risk_quality(case, own)
            for name, scenario in scenarios.items():
                expected = stress.portfolio(stress.stresses(case.facts, own, scenario))
                others = {"own_share": expected.pop("own_share"), **flags}
                comparison.money(f"{where} {name}", expected, rows[portfolio, name])
                comparison.statistics(f"{where} {name}", others, rows[portfolio, name])


def test_stress_of_positions_on_the_last_session(case: Case, comparison: Comparison) -> None:
    day = case.days[-1]
    rows = case.marts.by("fct_position_stress", day, "position_id", "scenario_id")
    for _, where, own in case.portfolios(day):
        for name, scenario in stress.scenarios(case.facts).items():
            for row in stress.stresses(case.facts, own, scenario):
                expected = {
                    "direct_pnl": row.direct,
                    "correlated_pnl": row.correlated,
                    "replay_pnl": row.replay,
                }
                mart = rows[row.position.lot.position_id, name]
                comparison.money(f"{where} {name} {row.position.lot.symbol}", expected, mart)


def test_contributions_of_factors_to_stress(case: Case, comparison: Comparison) -> None:
    for day in case.dates():
        rows = case.marts.by("fct_stress_factor_impacts", day, "portfolio_id", "scenario_id", "factor")
        for name, scenario in stress.scenarios(case.facts).items():
            direct, correlated = stress.moves(case.facts, day, scenario)
            for portfolio, where, own in case.portfolios(day):
                if not portfolio_factors.exposure_by_symbol(own):
                    continue
                expected = {
                    "direct_pnl": stress.impacts(case.facts, own, direct),
                    "correlated_pnl": stress.impacts(case.facts, own, correlated),
                }
                for factor in risk_model.NAMES:
                    mart = rows[portfolio, name, factor]
                    parts = {column: parts[factor] for column, parts in expected.items()}
                    comparison.money(f"{where} {name} {factor}", parts, mart)
                    if factor in scenario.shocks:
                        continue
                    move = correlated[factor]
                    simple = move if factor == "Interest Rate" else math.expm1(move)
                    comparison.statistics(f"{where} {name} {factor}", {"correlated_shock": simple}, mart)
