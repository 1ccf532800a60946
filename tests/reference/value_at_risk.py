"""Value at risk, expected shortfall and their backtests (method 11)."""

import math
from datetime import date
from decimal import Decimal
from itertools import pairwise

import numpy as np
from scipy.stats import binom, chi2, kurtosis, norm, skew

from tests.reference import greeks
from tests.reference.pro_forma import Past
from tests.reference.valuation import PortfolioDay
from tests.reference.volatility import ewma

WINDOW, MINIMUM = 252, 60
WARM_UP, LEAST_FILTERED = 63, 21  # sessions before the window, and outcomes, behind a filter's volatility
CONFIDENCES = (0.95, 0.99)
BASEL_DAYS, YELLOW, RED = 250, 5, 10
FINEST = 0.005  # Cornish-Fisher holds where its quantile increases from 0.5 to 99.5 %


def outcomes(day: PortfolioDay, pasts: dict[str, Past], window: list[date]) -> list[float]:
    """P&L in USD of the day's positions over each past session's returns, options repriced."""
    found = []
    for when in window:
        total = 0.0
        for position in day.open_positions:
            lot = position.lot
            if lot.is_private or lot.is_cash or lot.name not in pasts:
                continue
            move = pasts[lot.name].returns[when]
            option = position.option
            if option is None:
                total += float(position.market_value) * move
            elif option.terms is not None and option.volatility is not None:
                units = float(position.quantity) * lot.multiplier
                total += units * repriced(option, move)
        found.append(total)
    return found


def repriced(option: greeks.OptionDay, move: float, volatility: float | None = None) -> float:
    """Change of the model price when the underlying moves; time and rate unchanged."""
    terms = option.terms
    now = greeks.price(terms, option.volatility)
    spot = terms.spot * (1 + move)
    if spot <= 0:
        discount = 1.0 if terms.is_american else math.exp(-terms.rate * terms.years)
        worthless = 0.0 if terms.is_call else terms.strike * discount
        return worthless - now
    moved = greeks.Terms(**{**vars(terms), "spot": spot})
    return greeks.price(moved, volatility or option.volatility) - now


def historical(values: list[float], confidence: float) -> tuple[float, float]:
    """Value at risk and expected shortfall, positive for losses."""
    quantile = float(np.quantile(values, 1 - confidence))  # type 7: linear interpolation
    return -quantile, -float(np.mean([value for value in values if value <= quantile]))


def filtered_outcomes(values: list[float]) -> list[float]:
    """The window's outcomes, each times today's EWMA volatility / that before its own session.

    values: outcomes of the window and of the sessions before it from which the volatility starts.
    """
    today = ewma(values)
    found = []
    for place in range(max(len(values) - WINDOW, LEAST_FILTERED), len(values)):
        own = ewma(values[:place])
        if own > 0:
            found.append(values[place] * math.sqrt(today / own))
    return found


def parametric(values: list[float], confidence: float) -> tuple[float, float]:
    """Normal distribution with the sample's mean and deviation."""
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    tail = 1 - confidence
    z = norm.ppf(tail)
    return -(mean + deviation * z), float(-mean + deviation * norm.pdf(z) / tail)


def _expansion(z: float, lean: float, excess: float) -> float:
    return z + (z**2 - 1) * lean / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * lean**2 / 36


def _slope(z: float, lean: float, excess: float) -> float:
    return 1 + z * lean / 3 + (z**2 - 1) * excess / 8 - (6 * z**2 - 5) * lean**2 / 36


def is_monotone(lean: float, excess: float) -> bool:
    """Whether the corrected quantile increases over all of 0.5 to 99.5 %."""
    furthest = norm.ppf(1 - FINEST)
    return all(_slope(z, lean, excess) > 0 for z in np.linspace(-furthest, furthest, 20_001))


def moments(values: list[float]) -> tuple[float, float]:
    """Sample skewness and excess kurtosis of the outcomes, corrected for bias like the sample deviation."""
    return float(skew(values, bias=False)), float(kurtosis(values, bias=False))


def cornish_fisher(values: list[float], confidence: float) -> tuple[float, float] | None:
    """The normal quantile corrected for skewness and kurtosis; ES the mean of quantiles beyond it."""
    lean, excess = moments(values)
    if not is_monotone(lean, excess):
        return None
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    tail = 1 - confidence
    z = norm.ppf(tail)
    # the integral of the expansion over the normal density below z
    density = norm.pdf(z)
    below = -density * (1 + z * lean / 6 + (z**2 - 1) * excess / 24 + (1 - 2 * z**2) * lean**2 / 36)
    return -(mean + deviation * _expansion(z, lean, excess)), -(mean + deviation * below / tail)


def kupiec(breaches: list[bool], tail: float) -> float:
    """Proportion of failures (1995): likelihood ratio of the expected to the observed share."""
    days, failed = len(breaches), sum(breaches)
    share = failed / days
    ratio = -2 * (binom.logpmf(failed, days, tail) - binom.logpmf(failed, days, share))
    return float(chi2.sf(ratio, 1))


def christoffersen(breaches: list[bool]) -> float:
    """Independence (1998): whether a breach makes the next more or less likely."""
    pairs = list(pairwise(breaches))
    counts = {(a, b): pairs.count((a, b)) for a in (False, True) for b in (False, True)}
    failed = counts[False, True] + counts[True, True]
    overall = failed / len(pairs)
    independent = _log_likelihood(len(pairs) - failed, failed, overall)
    dependent = 0.0
    for before in (False, True):
        calm, broken = counts[before, False], counts[before, True]
        if calm + broken:
            dependent += _log_likelihood(calm, broken, broken / (calm + broken))
    return float(chi2.sf(max(-2 * (independent - dependent), 0.0), 1))


def _log_likelihood(calm: int, broken: int, share: float) -> float:
    found = 0.0
    if calm:
        found += calm * math.log(1 - share)
    if broken:
        found += broken * math.log(share)
    return found


def measures(values: list[float]) -> dict[str, float | None]:
    """All one-day figures by their columns, ten days by the square root of ten; null below 60 outcomes.

    values: as for filtered_outcomes.
    """
    window = values[-WINDOW:]
    methods = {
        "": (historical, window),
        "_filtered": (historical, filtered_outcomes(values)),
        "_parametric": (parametric, window),
        "_cornish_fisher": (cornish_fisher, window),
    }
    found: dict[str, float | None] = {}
    for confidence in CONFIDENCES:
        level = f"{confidence * 100:.0f}"
        for suffix, (method, outcomes) in methods.items():
            figures = method(outcomes, confidence) if len(outcomes) >= MINIMUM else None
            found[f"var_{level}_1d{suffix}"], found[f"es_{level}_1d{suffix}"] = figures or (None, None)
        if found[f"var_{level}_1d"] is not None:
            found[f"var_{level}_10d"] = found[f"var_{level}_1d"] * math.sqrt(10)
    return found


def hypothetical(before: PortfolioDay, now: PortfolioDay) -> Decimal:
    """P&L of the public and option positions of the previous close, held unchanged."""
    held = {position.lot.position_id for position in before.open_positions if not position.lot.is_private}
    return sum((row.held_pnl for row in now.positions if row.lot.position_id in held), Decimal(0))


def backtest(breaches: list[bool | None], confidence: float) -> dict[str, float | str | None]:
    """Counts and p-values over the sessions that are known; no p-values below 60 of them."""
    known = [breach for breach in breaches if breach is not None]
    enough = len(known) >= MINIMUM
    return {
        "observations": len(known),
        "breaches": sum(known),
        "expected_breaches": len(known) * (1 - confidence),
        "kupiec_p_value": kupiec(known, 1 - confidence) if enough else None,
        "christoffersen_p_value": christoffersen(known) if enough else None,
        "traffic_light": traffic_light(breaches) if confidence == max(CONFIDENCES) else None,
    }


def traffic_light(breaches: list[bool | None]) -> str | None:
    """Basel: green to 4 breaches in 250 days, yellow to 9, red beyond; null unless all are observed."""
    days = breaches[-BASEL_DAYS:]
    if len(days) < BASEL_DAYS or None in days:
        return None
    failed = sum(days)
    return "green" if failed < YELLOW else "yellow" if failed < RED else "red"
