"""Backtests of value at risk: the number of breaches, whether they cluster, and the Basel traffic light."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from python_models.panel import FloatArray

KEYS = ["portfolio_id", "as_of_date", "method", "pnl_basis", "confidence"]


class TrafficLight(NamedTuple):
    """confidence: of the value at risk. days: sessions counted. yellow, red: breaches where a zone begins."""

    confidence: float
    days: int
    yellow: int
    red: int


def kupiec_p_value(
    observations: npt.ArrayLike, breaches: npt.ArrayLike, probability: npt.ArrayLike
) -> FloatArray:
    """p-value of Kupiec's proportion-of-failures test: breaches occur with the stated probability.

    observations, breaches: counts of days; probability: of a breach, 1 - confidence; they broadcast. The
    likelihood ratio is chi-squared with one degree of freedom; no breaches, or only breaches, are its limits
    (0 ln 0 = 0). NaN without observations. Source: Kupiec, Techniques for Verifying the Accuracy of
    Risk Measurement Models, Journal of Derivatives 3 (1995); Jorion, Value at Risk, 3rd ed., section 6.2.2.
    """
    n, x, p = (np.asarray(value, dtype=np.float64) for value in (observations, breaches, probability))
    ratio = 2 * (_log_likelihood(n - x, x, _share(x, n)) - _log_likelihood(n - x, x, p))
    return _p_value(ratio)


def christoffersen_p_value(
    n00: npt.ArrayLike, n01: npt.ArrayLike, n10: npt.ArrayLike, n11: npt.ArrayLike
) -> FloatArray:
    """p-value of Christoffersen's independence test: a breach is not more likely after a breach.

    n_ij: days in state j after a day in state i, where 1 is a breach; they broadcast. The likelihood ratio is
    chi-squared with one degree of freedom. Without breaches, or with only breaches, it is 0 and p is 1: there
    is no evidence of dependence. NaN without any transition.
    Source: Christoffersen, Evaluating Interval Forecasts, International Economic Review 39 (1998), section
    3.2; Jorion, Value at Risk, 3rd ed., section 6.2.4.
    """
    a, b, c, d = (np.asarray(value, dtype=np.float64) for value in (n00, n01, n10, n11))
    pooled = _log_likelihood(a + c, b + d, _share(b + d, a + b + c + d))
    after_none = np.where(a + b > 0, _log_likelihood(a, b, _share(b, a + b)), 0.0)
    after_breach = np.where(c + d > 0, _log_likelihood(c, d, _share(d, c + d)), 0.0)
    return _p_value(2 * (after_none + after_breach - pooled))


def traffic_lights(
    confidence: npt.ArrayLike, observations: npt.ArrayLike, breaches: npt.ArrayLike, light: TrafficLight
) -> npt.NDArray[np.object_]:
    """The zone of each count of breaches: green, yellow or red; None at another confidence or day count.

    The zones begin where a model that is right has so few breaches with a probability of 95 % (yellow) and
    99.99 % (red) in 250 days. Source: Basel Committee on Banking Supervision, Supervisory Framework for the
    Use of Backtesting in Conjunction with the Internal Models Approach (1996), table 2.
    """
    level, n, x = (np.asarray(value, dtype=np.float64) for value in (confidence, observations, breaches))
    zones = np.array(["green", "yellow", "red"], dtype=object)
    zone = zones[(x >= light.yellow).astype(np.int64) + (x >= light.red)]
    is_known = np.isclose(level, light.confidence) & (n == light.days)
    result: npt.NDArray[np.object_] = np.where(is_known, zone, np.array(None, dtype=object))
    return result


def backtest_frame(counts: pd.DataFrame, *, minimum: int, light: TrafficLight) -> pd.DataFrame:
    """The tests and the zone for every row of counts.

    counts: KEYS, observations, breaches, n00, n01, n10, n11, and year_observations and year_breaches of the
    sessions of the traffic light. The result keeps the first seven and adds expected_breaches =
    observations x (1 - confidence), kupiec_p_value and christoffersen_p_value, both NaN with fewer than
    `minimum` observations, and traffic_light.
    """
    result = counts[[*KEYS, "observations", "breaches"]].copy()
    observations, breaches, confidence, n00, n01, n10, n11 = (
        counts[name].to_numpy(dtype=np.float64)
        for name in ("observations", "breaches", "confidence", "n00", "n01", "n10", "n11")
    )
    enough = observations >= minimum
    result["expected_breaches"] = observations * (1 - confidence)
    result["kupiec_p_value"] = np.where(
        enough, kupiec_p_value(observations, breaches, 1 - confidence), np.nan
    )
    result["christoffersen_p_value"] = np.where(enough, christoffersen_p_value(n00, n01, n10, n11), np.nan)
    zone = traffic_lights(confidence, counts["year_observations"], counts["year_breaches"], light)
    result["traffic_light"] = pd.array(zone, dtype="str")
    return result


def _log_likelihood(misses: FloatArray, hits: FloatArray, probability: FloatArray) -> FloatArray:
    likelihood: FloatArray = special.xlogy(hits, probability) + special.xlog1py(misses, -probability)
    return likelihood


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Part / whole, NaN for an empty whole."""
    return part / np.where(whole > 0, whole, np.nan)


def _p_value(ratio: FloatArray) -> FloatArray:
    # survival function of chi-squared with one degree of freedom; 1 for a ratio negative by rounding
    p_value: FloatArray = np.asarray(special.chdtrc(1, np.maximum(ratio, 0)))
    return p_value
