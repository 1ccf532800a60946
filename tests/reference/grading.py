"""Forecasts against what happened (method 11)."""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from tests.reference.facts import Facts
from tests.reference.portfolio_factors import exposure_by_symbol
from tests.reference.valuation import PortfolioDay
from tests.reference.value_at_risk import hypothetical

WINDOW, MINIMUM = 252, 21
HORIZON = 21


@dataclass(frozen=True)
class Graded:
    """One forecast. outcome: in units of the forecast; realized: annualized volatility around zero."""

    forecast: float
    outcome: float
    realized: float


def over_the_horizon(facts: Facts, made: PortfolioDay, ends: date, forecast: float) -> Graded:
    """A forecast of 21 sessions against the returns of the weights of its date."""
    weights = {name: value / float(made.equity) for name, value in exposure_by_symbol(made).items()}
    returns = [
        sum(weight * facts.returns[name][when] for name, weight in weights.items())
        for when in facts.window(ends, HORIZON)
    ]
    realized = math.sqrt(252 / HORIZON * sum(value**2 for value in returns))
    return Graded(forecast, sum(returns) / (forecast * math.sqrt(HORIZON / 252)), realized)


def over_a_day(before: PortfolioDay, now: PortfolioDay, forecast: float) -> Graded:
    """A forecast of one day against the P&L of the positions of the close before."""
    value = float(hypothetical(before, now)) / float(before.equity)
    return Graded(forecast, value / (forecast * math.sqrt(1 / 252)), abs(value) * math.sqrt(252))


def grade(rows: list[Graded]) -> dict[str, float | None]:
    """Figures of the newest forecast and of all up to it; none below 21 of them."""
    ratios = [(row.realized / row.forecast) ** 2 for row in rows]
    enough = len(rows) >= MINIMUM
    return {
        "forecast_value": rows[-1].forecast,
        "realized_value": rows[-1].realized,
        "observations": len(rows),
        "bias_statistic": float(np.std([row.outcome for row in rows], ddof=1)) if enough else None,
        "qlike": float(np.mean([ratio - math.log(ratio) - 1 for ratio in ratios])) if enough else None,
    }
