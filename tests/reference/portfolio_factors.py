"""Betas of portfolios and the decomposition of their variance (method 7)."""

import math
from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

import numpy as np

from tests.reference import greeks, risk_model
from tests.reference.exposures import delta_adjusted
from tests.reference.facts import Facts
from tests.reference.valuation import PortfolioDay, PositionDay


def exposure_by_symbol(day: PortfolioDay) -> dict[str, float]:
    """Delta-adjusted market value of public and option positions; cash moves with nothing."""
    found: dict[str, float] = defaultdict(float)
    for position in day.open_positions:
        exposure = delta_adjusted(position)
        if not position.lot.is_private and not position.lot.is_cash and exposure is not None:
            found[position.lot.name] += float(exposure)
    return dict(found)


def dollar_exposure(day: PortfolioDay, betas: Mapping[str, float]) -> float | None:
    """Sum of delta-adjusted value x beta over the symbols that have one; None if there is none."""
    exposures = exposure_by_symbol(day)
    known = [name for name in exposures if name in betas]
    return sum(exposures[name] * betas[name] for name in known) if known else None


def is_analyzed(position: PositionDay, symbols: set[str]) -> bool:
    """A public or option position whose symbol has a beta and whose option has a delta, or cash."""
    if position.lot.is_private:
        return False
    return position.lot.is_cash or (position.lot.name in symbols and delta_adjusted(position) is not None)


def coverage(day: PortfolioDay, symbols: set[str]) -> float | None:
    """Gross market value of analyzed positions / that of all public and option positions."""
    public = [row for row in day.open_positions if not row.lot.is_private]
    gross = sum(abs(row.market_value) for row in public)
    analyzed = sum(abs(row.market_value) for row in public if is_analyzed(row, symbols))
    return float(analyzed / gross) if gross else None


def decomposition(facts: Facts, day: PortfolioDay) -> dict[str, float | dict[str, float]] | None:
    """Systematic, idiosyncratic and total volatility; contributions of factors to the systematic variance."""
    exposures = exposure_by_symbol(day)
    fits = {name: found for name in exposures if (found := risk_model.fit(facts, name, day.day))}
    if not fits or day.equity <= 0:
        return None
    equity = float(day.equity)
    b = sum(exposures[name] / equity * fits[name].betas for name in fits)
    covariance = risk_model.risk_covariance(facts, day.day)
    contributions = b * (covariance @ b)
    systematic = float(np.sum(contributions))
    specific = sum((exposures[name] / equity) ** 2 * 252 * fits[name].idiosyncratic_variance for name in fits)
    return {
        "systematic_volatility": math.sqrt(systematic),
        "idiosyncratic_volatility": math.sqrt(specific),
        "total_volatility": math.sqrt(systematic + specific),
        "contributions": dict(zip(risk_model.NAMES, contributions.tolist(), strict=True)),
    }


def risk_contributions(facts: Facts, day: PortfolioDay) -> dict[UUID, tuple[float, float, float]]:
    """Standalone, marginal and component volatility of the measured positions.

    By the covariance C = B S B' + D of all symbols: component = w_i (C w)_i / sqrt(w' C w).
    """
    measured = [
        row
        for row in day.open_positions
        if not row.lot.is_private and (row.lot.is_cash or delta_adjusted(row) is not None)
    ]
    names = sorted({row.lot.name for row in measured if not row.lot.is_cash})
    fits = {name: found for name in names if (found := risk_model.fit(facts, name, day.day))}
    if not fits or day.equity <= 0:
        return {}
    betas = np.array([found.betas for found in fits.values()])
    specific = np.diag([252 * found.idiosyncratic_variance for found in fits.values()])
    covariance = betas @ risk_model.risk_covariance(facts, day.day) @ betas.T + specific
    exposures = exposure_by_symbol(day)
    weights = np.array([exposures[name] for name in fits]) / float(day.equity)
    volatility = math.sqrt(weights @ covariance @ weights)
    marginal = dict(zip(fits, covariance @ weights / volatility, strict=True))
    alone = dict(zip(fits, np.sqrt(np.diag(covariance)), strict=True))
    found = {}
    for row in measured:
        if row.lot.is_cash:
            found[row.lot.position_id] = (0.0, 0.0, 0.0)
        elif row.lot.name in fits:
            weight = float(delta_adjusted(row) or 0) / float(day.equity)
            slope = float(marginal[row.lot.name])
            found[row.lot.position_id] = (abs(weight) * float(alone[row.lot.name]), slope, weight * slope)
    return found


def portfolio_greeks(day: PortfolioDay) -> dict[str, float | None]:
    """Options' Greeks times units, plus shares: a delta of one each, the rest zero (method 6)."""
    names = ("delta", "gamma", "theta", "vega", "rho")
    found = dict.fromkeys((*names, "delta_dollars", "gamma_dollars_1pct"), 0.0)
    for position in day.open_positions:
        units = float(position.quantity) * position.lot.multiplier
        if position.lot.is_private or position.lot.is_cash:
            continue
        option = position.option
        if option is None:
            found["delta"] += units
            found["delta_dollars"] += float(position.market_value)
        elif option.terms is not None and option.volatility is not None:
            own = greeks.greeks(option.terms, option.volatility)
            for name in names:
                found[name] += units * own[name]
            spot = option.terms.spot
            found["delta_dollars"] += units * own["delta"] * spot
            found["gamma_dollars_1pct"] += units * own["gamma"] * spot**2 / 100
    return found
