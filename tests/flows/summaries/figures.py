"""Portfolios with figures, for tests of the summaries; what a test does not name is unknown."""

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flows.summaries.loaded import LoadedPortfolio
from flows.summaries.portfolios import PortfolioLine
from flows.summaries.risk import RiskLine
from flows.summaries.screen import ShownPortfolio

KEY, INCEPTION, AS_OF = UUID(int=1), date(2025, 6, 30), date(2025, 9, 12)
USD = Decimal
RETURNS = {
    period: {"time_weighted": own, "money_weighted": own, "benchmark": 0.0312, "excess": own - 0.0312}
    for period, own in {"1D": -0.0044, "MTD": 0.006, "QTD": 0.021, "YTD": 0.0909, "ITD": 0.0909}.items()
}


def portfolio_line(**changes: Any) -> PortfolioLine:
    """A portfolio with public positions that are all priced."""
    default: dict[str, Any] = {
        "portfolio_id": KEY,
        "name": "Growth",
        "inception": INCEPTION,
        "as_of": AS_OF,
        "equity": USD("3490911.44"),
        "cash": USD("1572325.24"),
        "cash_and_equivalents": USD(0),
        "position_count": 30,
        "unrealized_pnl": USD("204000.50"),
        "realized_pnl": USD("86000.94"),
        "dividends": USD(910),
        "long": USD("3434131.10"),
        "short": USD("1515544.90"),
        "gross": USD("4949676.00"),
        "net": USD("1918586.20"),
        "leverage": 1.42,
        "net_to_equity": 0.55,
        "top_5_share": 0.49,
        "daily_pnl": USD("-15352.50"),
        "mtd_pnl": USD("20911.44"),
        "ytd_pnl": USD("290911.44"),
        "total_pnl": USD("290911.44"),
        "daily_return": -0.0044,
        "daily_return_null_reason": None,
        "twr_index": 1.0909,
        "drawdown": -0.0044,
        "twr_null_reason": None,
        "benchmark": "SPY",
        "returns": RETURNS,
        "coverage": 1.0,
        "is_simulated": False,
        "flagged": {},
    }
    return PortfolioLine(**{**default, **changes})


def risk_line(**changes: Any) -> RiskLine:
    """A portfolio without risk figures, but for the changes."""
    empty: dict[str, Any] = dict.fromkeys(field.name for field in fields(RiskLine))
    counts = {"option_count": 0, "options_without_greeks": 0, "worst_scenarios": []}
    return RiskLine(**{**empty, "portfolio_id": KEY, "name": "Mixed", **counts, **changes})


def shown_portfolio(
    line: PortfolioLine | None = None,
    risk: RiskLine | None = None,
    *,
    next_command: str | None = None,
    last_session: date | None = AS_OF,
    **loaded: Any,
) -> ShownPortfolio:
    """A portfolio of jane, who can log in."""
    default: dict[str, Any] = {
        "portfolio_id": line.portfolio_id if line else KEY,
        "name": line.name if line else "Growth",
        "owner": "jane@example.com",
        "inception": INCEPTION,
        "removed_on": None,
        "may_log_in": True,
        "is_waiting": False,
    }
    portfolio = LoadedPortfolio(**{**default, **loaded})
    return ShownPortfolio(portfolio, line, risk, next_command, last_session)
