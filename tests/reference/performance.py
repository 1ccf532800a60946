"""Ratios of what a portfolio earned (method 4 and 12)."""

import math
from datetime import date

import numpy as np
import statsmodels.api as sm

from tests.reference.facts import Facts
from tests.reference.valuation import PortfolioDay

WINDOW, MINIMUM = 252, 60
MARKET_SHARE = 0.5


def sharpe(facts: Facts, days: dict[date, PortfolioDay], day: date) -> tuple[float | None, str | None]:
    """Mean / deviation of returns in excess of 3-month bills, annualized; the reason where null."""
    rows = [days[when] for when in facts.window(day, WINDOW) if when in days]
    if days[day].twr_index is None:
        return None, "return_chain_broken"
    of_market = [row for row in rows if row.public_pnl != 0]
    if len(of_market) < MINIMUM:
        return None, "too_few_market_days"
    known = [(row, bill) for row in rows if (bill := facts.three_month_yield(row.day)) is not None]
    if sum(row.public_pnl != 0 for row, _ in known) < MINIMUM:
        return None, "no_risk_free_rate"
    excess = [row.daily_return - bill / 252 for row, bill in known]
    market = [float(row.public_pnl / row.capital) for row, _ in known]
    covariance = np.cov(excess, market, ddof=1)
    if covariance[0, 1] < MARKET_SHARE * covariance[0, 0]:
        return None, "deviation_not_from_market"
    return float(np.mean(excess) / np.std(excess, ddof=1) * math.sqrt(252)), None


def return_beta(
    facts: Facts, days: dict[date, PortfolioDay], day: date, length: int, minimum: int
) -> tuple[float | None, str | None]:
    """OLS slope of daily returns on SPY's; the reason where null."""
    market = facts.returns["SPY"]
    both = [when for when in facts.window(day, length) if when in days and when in market]
    if days[day].twr_index is None:
        return None, "return_chain_broken"
    if sum(days[when].public_pnl != 0 for when in both) < minimum:
        return None, "too_few_market_days"
    own = [days[when].daily_return for when in both]
    fit = sm.OLS(own, sm.add_constant([market[when] for when in both], has_constant="add")).fit()
    return float(fit.params[1]), None
