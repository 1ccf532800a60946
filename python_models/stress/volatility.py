"""Implied volatility in a scenario: the move of the VIX, and what a contract's volatility makes of it.

Moves are logarithms of after / before. The elasticities and the term structure are measured; the relative
shift at a fixed strike follows Guo, A Model of Plausible, Severe and Useful Stress Scenarios for VIX Shocks
(2017).
"""

from __future__ import annotations

import numpy as np

from python_models.panel import FloatArray
from python_models.stress.rules import StressConfig


def vix_moves(
    volatility_shocks: FloatArray, market_shocks: FloatArray, vix: float, rules: StressConfig
) -> FloatArray:
    """The log move of the VIX in each scenario, shape (n_scenarios,).

    volatility_shocks: after / before - 1, NaN where the scenario does not state one: then the VIX follows the
    market's shock (NaN: none), (1 + shock)^-fall_elasticity or ^-rise_elasticity. vix: its level, NaN if
    unknown. The VIX does not leave vix_floor to vix_cap, nor move further out from beyond them; without a
    level its move is not bounded.
    """
    market = np.log1p(np.where(np.isnan(market_shocks), 0.0, market_shocks))
    following = -np.where(market < 0, rules.fall_elasticity, rules.rise_elasticity) * market
    moves: FloatArray = np.where(np.isnan(volatility_shocks), following, np.log1p(volatility_shocks))
    if not np.isfinite(vix):
        return moves
    lowest, highest = np.log(min(rules.vix_floor, vix) / vix), np.log(max(rules.vix_cap, vix) / vix)
    return np.clip(moves, lowest, highest)


def volatility_factors(
    vix_move: FloatArray, sensitivity: FloatArray, days: FloatArray, rules: StressConfig
) -> FloatArray:
    """Implied volatility after / before of each contract, shape (n_scenarios, n_options).

    sensitivity: of the underlying's volatility to the VIX. days: calendar days to expiration.
    """
    decay = (rules.volatility_days / np.maximum(days, rules.volatility_days)) ** rules.volatility_decay
    factors: FloatArray = np.exp(np.multiply.outer(vix_move, sensitivity * decay))
    return factors


def vix_forward_returns(vix_move: FloatArray, days: FloatArray, rules: StressConfig) -> FloatArray:
    """Return of the VIX as an option on it sees it, shape (n_scenarios, n_options): damped by the term."""
    decay = (rules.volatility_days / (rules.volatility_days + days)) ** rules.volatility_decay
    returns: FloatArray = np.expm1(np.multiply.outer(vix_move, decay))
    return returns
