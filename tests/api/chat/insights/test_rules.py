"""Severity and limitations are computed from the marts by rules."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from api.chat.insights.kinds import KINDS, InsightType
from api.chat.insights.limitations import COMPLETE, limitations_of
from api.chat.insights.severity import ORDER, RULES, severity_of
from api.chat.insights.state import PortfolioState

DAY = date(2025, 9, 12)
QUIET = PortfolioState(
    portfolio_name="Quiet",
    equity=100_000.0,
    session_pnl=100.0,
    earlier_var_95=1000.0,
    earlier_var_99=1500.0,
    drawdown=-0.01,
    volatility_percentile=0.5,
    var_99_1d_pct_equity=0.015,
    market_beta=1.0,
    leverage=1.0,
    top_1_share=0.05,
    diversification_score=0.3,
    worst_pct_equity=-0.2,
    doubtful_count=0,
    strong_tilts=0,
    is_backtest_red=False,
    is_backtest_yellow=False,
    has_simulated_prices=False,
    private_count=0,
    position_count=20,
    options_without_greeks=0,
    stale_count=0,
    missing_count=0,
    risk_flag="full_history",
    risk_message="Everything.",
    correlation_flag="full_history",
    correlation_message="Everything.",
    stress_flag="full_history",
    stress_message="Everything.",
    factors_flag="full_history",
    factors_message="Everything.",
)

EDGES: list[tuple[InsightType, dict[str, Any], str]] = [
    ("daily_summary", {"session_pnl": -999.99}, "normal"),
    ("daily_summary", {"session_pnl": -1000.0}, "warning"),
    ("daily_summary", {"session_pnl": -1500.0}, "critical"),
    ("daily_summary", {"session_pnl": 5000.0}, "normal"),
    ("daily_summary", {"drawdown": -0.1}, "elevated"),
    ("daily_summary", {"drawdown": -0.2}, "warning"),
    ("daily_summary", {"drawdown": -0.4}, "critical"),
    ("volatility_analysis", {"session_pnl": -1500.0}, "critical"),
    ("volatility_analysis", {"volatility_percentile": 0.79}, "normal"),
    ("volatility_analysis", {"volatility_percentile": 0.8}, "elevated"),
    ("volatility_analysis", {"volatility_percentile": 0.95}, "warning"),
    ("volatility_analysis", {"var_99_1d_pct_equity": 0.15}, "critical"),
    ("volatility_analysis", {"is_backtest_yellow": True}, "elevated"),
    ("volatility_analysis", {"is_backtest_red": True}, "warning"),
    ("concentration_risk", {"top_1_share": 0.15}, "elevated"),
    ("concentration_risk", {"top_1_share": 0.25}, "warning"),
    ("concentration_risk", {"top_1_share": 0.5}, "critical"),
    ("concentration_risk", {"diversification_score": 0.8}, "warning"),
    ("hedge_quality", {"leverage": 2.0}, "elevated"),
    ("hedge_quality", {"leverage": 6.0}, "critical"),
    ("hedge_quality", {"market_beta": -2.0}, "warning"),
    ("factor_exposure", {"market_beta": 1.5}, "elevated"),
    ("factor_exposure", {"strong_tilts": 1}, "elevated"),
    ("factor_exposure", {"strong_tilts": 3}, "warning"),
    ("stress_test_review", {"worst_pct_equity": -0.3}, "elevated"),
    ("stress_test_review", {"worst_pct_equity": -0.5}, "warning"),
    ("stress_test_review", {"worst_pct_equity": -1.2}, "critical"),
    ("custom", {"top_1_share": 0.25}, "warning"),
    ("custom", {"worst_pct_equity": -1.0}, "critical"),
]


@pytest.mark.parametrize(("kind", "changes", "severity"), EDGES)
def test_a_figure_at_a_level_has_its_severity(
    kind: InsightType, changes: dict[str, Any], severity: str
) -> None:
    assert severity_of(kind, replace(QUIET, **changes)) == severity


@pytest.mark.parametrize("kind", KINDS)
def test_a_quiet_portfolio_is_normal_and_one_without_equity_critical(kind: InsightType) -> None:
    assert severity_of(kind, QUIET) == "normal"
    assert severity_of(kind, replace(QUIET, equity=0.0)) == "critical"


@pytest.mark.parametrize("kind", KINDS)
def test_without_any_figure_there_is_nothing_to_judge_by(kind: InsightType) -> None:
    optional = {name: None for name, value in vars(QUIET).items() if isinstance(value, float)}
    nothing = replace(QUIET, **optional, is_backtest_red=None, factors_flag=None)
    assert severity_of(kind, nothing) == "info"


def test_a_rule_of_another_kind_does_not_count() -> None:
    assert severity_of("daily_summary", replace(QUIET, top_1_share=0.9)) == "normal"


def test_every_kind_has_rules_with_rising_levels() -> None:
    assert {kind for rule in RULES for kind in rule.kinds} == set(KINDS)
    for rule in RULES:
        assert [level for level, _ in rule.levels] == sorted(level for level, _ in rule.levels)
        ranks = [ORDER.index(severity) for _, severity in rule.levels]
        assert ranks == sorted(set(ranks))


LIMITS: list[tuple[InsightType, dict[str, Any], str]] = [
    ("daily_summary", {"has_simulated_prices": True}, "Prices are simulated, not of the market."),
    (
        "daily_summary",
        {"private_count": 4},
        "Private holdings, which have no market price: 4 of 20 positions.",
    ),
    ("daily_summary", {"stale_count": 2}, "Positions at a price of an earlier session: 2."),
    ("daily_summary", {"missing_count": 1}, "Positions without a recent price: 1."),
    (
        "volatility_analysis",
        {"risk_flag": "partially_covered", "risk_message": "55 % of equity is measured"},
        "Risk figures: 55 % of equity is measured.",
    ),
    ("volatility_analysis", {"risk_flag": None}, "Risk figures: nothing was published for 2025-09-12."),
    (
        "concentration_risk",
        {"correlation_flag": "limited_history", "correlation_message": "NEWX has 40 sessions."},
        "Correlations: NEWX has 40 sessions.",
    ),
    ("hedge_quality", {"options_without_greeks": 3}, "Options without Greeks: 3."),
    ("stress_test_review", {"doubtful_count": 2}, "Scenarios whose result is in doubt: 2."),
    ("custom", {"equity": None}, "Nothing of this portfolio is published for 2025-09-12."),
]


@pytest.mark.parametrize(("kind", "changes", "sentence"), LIMITS)
def test_what_limits_the_data_is_said(kind: InsightType, changes: dict[str, Any], sentence: str) -> None:
    assert limitations_of(kind, replace(QUIET, **changes), DAY) == sentence


@pytest.mark.parametrize("kind", KINDS)
def test_complete_data_are_said_to_be_complete(kind: InsightType) -> None:
    assert limitations_of(kind, QUIET, DAY) == COMPLETE
