"""Stress: log moves of factors, symbol returns, options with a volatility shock, replay (method 10)."""

import math
import re
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from tests.reference import risk_model
from tests.reference.exposures import delta_adjusted, is_cash
from tests.reference.facts import Facts
from tests.reference.greeks import TERM, TERM_DAYS, VIX, moved
from tests.reference.prices import STALE_SESSIONS, close
from tests.reference.valuation import PortfolioDay, PositionDay
from tests.reference.value_at_risk import repriced

SHRINKAGE = 0.2
FALL, RISE = -4.0, -2.5  # log VIX per log market
LOWEST_VIX, HIGHEST_VIX = 9.0, 85.0
OWN_SHARE = 0.95


@dataclass(frozen=True)
class Shock:
    value: float
    basis: str


@dataclass(frozen=True)
class Scenario:
    """Shocks by factor; period: of a historical scenario, its first and last date."""

    shocks: dict[str, Shock]
    period: str | None

    @property
    def market(self) -> float:
        return self.shocks["Market"].value if "Market" in self.shocks else 0.0


def scenarios(facts: Facts) -> dict[str, Scenario]:
    """The scenarios of the seed."""
    found: dict[str, Scenario] = {}
    for row in facts.seeds["scenarios"]:
        scenario = found.setdefault(row["scenario_id"], Scenario({}, row["historical_period"] or None))
        scenario.shocks[row["factor"]] = Shock(float(row["shock"]), row["shock_basis"])
    return found


def direct_moves(scenario: Scenario, slopes: dict[str, float]) -> dict[str, float]:
    """Log moves of the shocked factors. slopes: style betas."""
    market = scenario.market
    found = {}
    for name, shock in scenario.shocks.items():
        if name == "Volatility":
            continue
        if name == "Market":
            found[name] = math.log(1 + shock.value)
        elif name == "Interest Rate":
            found[name] = shock.value - slopes[name] * market
        elif shock.basis == "total":
            found[name] = math.log(1 + shock.value) - slopes[name] * math.log(1 + market)
        else:
            found[name] = math.log(1 + shock.value)
    return found


def correlated_moves(given: dict[str, float], covariance: np.ndarray) -> dict[str, float]:
    """The other factors at their expectation given all shocked ones, with the shrunk correlation."""
    names = risk_model.NAMES
    deviations = np.sqrt(np.diag(covariance))
    correlations = covariance / np.outer(deviations, deviations)
    shrunk = (1 - SHRINKAGE) * correlations + SHRINKAGE * np.eye(len(names))
    s = [place for place, name in enumerate(names) if name in given]
    u = [place for place, name in enumerate(names) if name not in given]
    found = dict(given)
    if s and u:
        standardized = np.array([given[names[place]] for place in s]) / deviations[s]
        expected = shrunk[np.ix_(u, s)] @ np.linalg.solve(shrunk[np.ix_(s, s)], standardized)
        found |= {names[place]: float(move) for place, move in zip(u, deviations[u] * expected, strict=True)}
    return found


def symbol_return(betas: np.ndarray, moves: dict[str, float]) -> float:
    """Compounded: it cannot pass -100 %."""
    return math.exp(_exponent(betas, moves)) - 1


def _exponent(betas: np.ndarray, moves: dict[str, float]) -> float:
    return sum(float(beta) * moves.get(name, 0.0) for name, beta in zip(risk_model.NAMES, betas, strict=True))


def contributions(value: float, betas: np.ndarray, moves: dict[str, float]) -> dict[str, float]:
    """The P&L of a linear position by factor."""
    exponent = _exponent(betas, moves)
    ratio = 1.0 if exponent == 0 else (math.exp(exponent) - 1) / exponent
    return {
        name: value * float(beta) * moves.get(name, 0.0) * ratio
        for name, beta in zip(risk_model.NAMES, betas, strict=True)
    }


def vix_ratio(facts: Facts, scenario: Scenario, day: date) -> float:
    """VIX after / before: within 9 and 85, or no further out; not bounded where VIX is unknown."""
    market = scenario.market
    if "Volatility" in scenario.shocks:
        ratio = 1 + scenario.shocks["Volatility"].value
    else:
        ratio = (1 + market) ** (FALL if market < 0 else RISE)
    known = close(facts, VIX, day)
    if known is None or known[1] > STALE_SESSIONS:
        return ratio
    level = float(known[0])
    lowest, highest = min(LOWEST_VIX, level), max(HIGHEST_VIX, level)
    return min(max(level * ratio, lowest), highest) / level


@dataclass(frozen=True)
class Stress:
    """One position under one scenario. own: its replay is from its symbol's own return."""

    position: PositionDay
    direct: float
    correlated: float
    replay: float | None
    own: bool


def stresses(facts: Facts, day: PortfolioDay, scenario: Scenario) -> list[Stress]:
    """Every position that can be stressed. Private ones are outside, cash does not move."""
    direct, correlated = moves(facts, day.day, scenario)
    ratio = vix_ratio(facts, scenario, day.day)
    found = []
    for row in day.open_positions:
        if not is_stressed(facts, row):
            continue
        betas = risk_model.fit(facts, row.lot.name, day.day).betas
        move = symbol_return(betas, direct)
        own = None  # an option on the VIX is valued at the VIX of the scenario
        if row.lot.underlying != VIX:
            own = own_return(facts, row.lot.name, scenario.period, day.day)
        replayed = position_pnl(facts, row, move if own is None else own, ratio)
        found.append(
            Stress(
                position=row,
                direct=position_pnl(facts, row, move, ratio),
                correlated=position_pnl(facts, row, symbol_return(betas, correlated), ratio),
                replay=None if scenario.period is None else replayed,
                own=own is not None,
            )
        )
    return found


def moves(facts: Facts, day: date, scenario: Scenario) -> tuple[dict[str, float], dict[str, float]]:
    """Log moves of the factors, direct and correlated."""
    direct = direct_moves(scenario, risk_model.moves(facts, day).slopes)
    return direct, correlated_moves(direct, risk_model.stress_covariance(facts, day))


def is_stressed(facts: Facts, position: PositionDay) -> bool:
    """A position with betas and, for an option, Greeks."""
    lot, option = position.lot, position.option
    if lot.is_private or is_cash(position):
        return False
    if option is not None and (option.terms is None or option.volatility is None):
        return False
    return risk_model.fit(facts, lot.name, position.day) is not None


def position_pnl(facts: Facts, position: PositionDay, move: float, ratio: float) -> float:
    """P&L of a position whose underlying moves; options with their volatility shocked."""
    option, lot = position.option, position.lot
    if option is None:
        return float(position.market_value) * move
    units = float(position.quantity) * lot.multiplier
    if lot.underlying == VIX:
        days = (lot.expiration - position.day).days
        return units * repriced(option, ratio ** ((TERM_DAYS / (TERM_DAYS + days)) ** TERM) - 1)
    return units * repriced(option, move, moved(facts, lot, position.day, option.volatility, ratio))


def portfolio(rows: list[Stress]) -> dict[str, float | None]:
    """P&L of a portfolio, and the share of its gross market value analyzed that is replayed."""
    if not rows:
        return dict.fromkeys(("direct_pnl", "correlated_pnl", "replay_pnl", "own_share"))
    gross = sum(abs(float(row.position.market_value)) for row in rows)
    own = sum(abs(float(row.position.market_value)) for row in rows if row.own)
    is_historical = rows[0].replay is not None
    return {
        "direct_pnl": sum(row.direct for row in rows),
        "correlated_pnl": sum(row.correlated for row in rows),
        "replay_pnl": sum(row.replay for row in rows) if is_historical else None,
        "own_share": own / gross if is_historical and gross else None,
    }


def impacts(facts: Facts, day: PortfolioDay, moves: dict[str, float]) -> dict[str, float]:
    """Contributions by factor, options at their delta."""
    found = dict.fromkeys(risk_model.NAMES, 0.0)
    for position in day.open_positions:
        if is_stressed(facts, position):
            betas = risk_model.fit(facts, position.lot.name, day.day).betas
            for name, value in contributions(float(delta_adjusted(position)), betas, moves).items():
                found[name] += value
    return found


@cache
def own_return(facts: Facts, symbol: str, period: str | None, day: date) -> float | None:
    """Total return from the close of the first date to that of the last, where history is complete enough."""
    if period is None or symbol in facts.simulated:
        return None
    first, last = (date.fromisoformat(text) for text in re.findall(r"\d{4}-\d\d-\d\d", period))
    if last > day:
        return None
    window = [when for when in facts.sessions if first < when <= last]
    known = facts.returns.get(symbol, {})
    if not window or window[0] not in known or window[-1] not in known:
        return None
    if sum(when in known for when in window) < OWN_SHARE * len(window):
        return None
    return math.prod(1 + known[when] for when in window if when in known) - 1
