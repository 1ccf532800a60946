"""One-day value at risk and expected shortfall: historical, filtered historical, normal and Cornish-Fisher.

Both are positive for losses and in the unit of the P&L. alpha = 1 - confidence is the tail probability, z its
standard normal quantile (negative), phi the standard normal density.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from python_models.options.exercise import Terms, prices_at
from python_models.panel import FloatArray

BoolArray = npt.NDArray[np.bool_]

DOMAIN = (0.005, 0.995)  # probabilities over which the Cornish-Fisher quantile must be monotone

ROUNDING = 1e-14  # outcomes that deviate from their mean by less than this share of it are constant


class TailRisk(NamedTuple):
    """Value at risk and expected shortfall, positive for losses, arrays of shape (n_portfolios,)."""

    value_at_risk: FloatArray
    expected_shortfall: FloatArray


def _density(z: float | FloatArray) -> FloatArray:
    """Standard normal density."""
    return np.asarray(np.exp(-np.square(z) / 2) / np.sqrt(2 * np.pi))


class Moments(NamedTuple):
    """Sample moments, arrays of shape (n_portfolios,): see sample_moments."""

    observations: npt.NDArray[np.int64]
    mean: FloatArray
    std: FloatArray
    skew: FloatArray
    excess_kurtosis: FloatArray


class RiskConfig(NamedTuple):
    """window: look-back in sessions; minimum: fewest known outcomes; confidences: 0 to 1.

    filter_lambda: decay of the volatility that scales filtered outcomes. filter_warmup: sessions before the
    window from which it starts. filter_minimum: fewest outcomes behind a volatility. tie_tolerance: see
    historical_risk.
    """

    window: int
    minimum: int
    filter_lambda: float
    filter_warmup: int
    filter_minimum: int
    confidences: tuple[float, ...] = (0.95, 0.99)
    tie_tolerance: float = 0.0

    @property
    def history(self) -> int:
        """The number of sessions whose outcomes are used."""
        return self.window + self.filter_warmup


class Options(NamedTuple):
    """Options to reprice, arrays of shape (n_options,): years to expiration, others in decimals or USD.

    volatility may have one row per scenario.
    """

    is_american: BoolArray
    is_call: BoolArray
    spot: FloatArray
    strike: FloatArray
    years: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray
    volatility: FloatArray

    def take(self, rows: npt.NDArray[np.intp]) -> Options:
        """The options at these indices."""
        is_american, is_call, *numbers = self
        return Options(is_american[rows], is_call[rows], *(number[rows] for number in numbers))

    def prices(self, spots: FloatArray) -> FloatArray:
        """Prices at spots of shape (n_scenarios, n_options)."""
        return prices_at(self.is_american, Terms(*self[1:7]), self.volatility, spots)


def historical_risk(
    pnl: FloatArray, confidence: float, minimum: int = 60, tie_tolerance: float = 0.0
) -> TailRisk:
    """VaR = -(quantile of outcomes at alpha, linear interpolation); ES = -(mean of outcomes at or below it).

    pnl: shape (n_outcomes, n_portfolios); NaN outcomes are ignored per portfolio; fewer than `minimum` known
    ones give NaN. tie_tolerance: outcomes that differ from the quantile by less than this share of it are
    equal to it but for rounding, and in the tail. Source: McNeil, Frey & Embrechts, Quantitative Risk
    Management, revised ed., section 9.2.3; the quantile is Hyndman & Fan's type 7, numpy's default.
    """
    outcomes = np.sort(_by_portfolio(pnl), axis=1)  # NaN last
    count = np.isfinite(outcomes).sum(axis=1)
    enough = count >= max(minimum, 1)
    if not enough.any():
        return TailRisk(np.full(len(count), np.nan), np.full(len(count), np.nan))
    # rounded: 1 - 0.9 is slightly below 0.1, and would exclude an outcome equal to the quantile from the tail
    position = np.round((1 - confidence) * (np.maximum(count, 1) - 1), 9)
    lower = np.floor(position).astype(np.int64)
    portfolios = np.arange(len(count))
    low, high = outcomes[portfolios, lower], outcomes[portfolios, np.minimum(lower + 1, count - 1)]
    quantile = np.where(enough, low + (position - lower) * (high - low), np.nan)
    in_tail = outcomes <= (quantile + tie_tolerance * np.abs(quantile))[:, None]
    with np.errstate(invalid="ignore"):
        mean = np.where(in_tail, outcomes, 0.0).sum(axis=1) / in_tail.sum(axis=1)
    return TailRisk(-quantile, -mean)


def filtered_outcomes(pnl: FloatArray, rules: RiskConfig) -> FloatArray:
    """The outcomes of the last `window` sessions, each scaled to the volatility after the last session.

    pnl: shape (n_sessions, n_portfolios), oldest first, NaN where unknown; at most the last `history` rows
    are used. The volatility of a session is the root of the mean of the squared outcomes before it, with
    weights filter_lambda^age normalized over the known ones, so that it needs no starting value; the known
    outcomes follow one another. An outcome with fewer than filter_minimum before it is NaN, as is one after
    outcomes that are all zero; an outcome of zero stays zero.
    Source: Hull and White, Incorporating Volatility Updating into the Historical Simulation Method for Value
    at Risk, Journal of Risk 1 (1998); Barone-Adesi, Giannopoulos and Vosper, VaR without Correlations for
    Portfolios of Derivative Securities, Journal of Futures Markets 19 (1999).
    """
    recent = pnl[-rules.history :]
    squares, weights, count = (np.zeros(recent.shape[1]) for _ in range(3))
    before = np.full(recent.shape, np.nan)
    for row, outcome in enumerate(recent):
        is_enough = count >= max(rules.filter_minimum, 1)
        np.divide(squares, weights, out=before[row], where=is_enough)
        is_known = np.isfinite(outcome)
        squares = np.where(is_known, rules.filter_lambda * squares + outcome**2, squares)
        weights = np.where(is_known, rules.filter_lambda * weights + 1, weights)
        count += is_known
    today = squares / np.where(weights > 0, weights, np.nan)
    outcomes, variance = recent[-rules.window :], before[-rules.window :]
    ratio = np.sqrt(today / np.where(variance > 0, variance, np.nan))
    scaled: FloatArray = np.where((outcomes == 0) & np.isfinite(variance), 0.0, outcomes * ratio)
    return scaled


def parametric_risk(mean: FloatArray, std: FloatArray, confidence: float) -> TailRisk:
    """Risk of normal outcomes: VaR = -(mean + std z), ES = -mean + std phi(z) / alpha.

    NaN in, NaN out. Source: McNeil, Frey & Embrechts, revised ed., examples 2.11 and 2.14.
    """
    alpha = 1 - confidence
    z = ndtri(alpha)
    return TailRisk(-(mean + std * z), -mean + std * _density(z) / alpha)


def cornish_fisher_risk(
    mean: FloatArray, std: FloatArray, skew: FloatArray, excess_kurtosis: FloatArray, confidence: float
) -> TailRisk:
    """Risk of outcomes mean + std z_cf: the normal quantile adjusted for skew S and excess kurtosis K.

    z_cf = z + (z^2 - 1) S/6 + (z^3 - 3z) K/24 - (2z^3 - 5z) S^2/36. ES is the mean of that quantile over the
    tail, in closed form. NaN in, NaN out. Both are valid only where is_monotone is true. S and K are the
    expansion's parameters; as is usual, the sample's values are used, although the moments of the resulting
    distribution differ. Source: Maillard, A User's Guide to the Cornish Fisher Expansion (2012);
    Jorion, Value at Risk, 3rd ed., section 5.2 (with S alone).
    """
    alpha = 1 - confidence
    z = ndtri(alpha)
    s, k = skew, excess_kurtosis
    quantile = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    bend = 1 + z * s / 6 + (z**2 - 1) * k / 24 - (2 * z**2 - 1) * s**2 / 36
    return TailRisk(-(mean + std * quantile), -mean + std * _density(z) / alpha * bend)


def is_monotone(skew: FloatArray, excess_kurtosis: FloatArray) -> BoolArray:
    """Whether the Cornish-Fisher quantile increases with the probability over the whole DOMAIN.

    Its derivative a z^2 + b z + c must be positive there; otherwise a rarer loss would be a smaller one.
    False for NaN. Source: Maillard (2012), section 2.
    """
    a = excess_kurtosis / 8 - skew**2 / 6
    b = skew / 3
    c = 1 - excess_kurtosis / 8 + 5 * skew**2 / 36
    low, high = (float(ndtri(probability)) for probability in DOMAIN)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.clip(np.where(a > 0, -b / (2 * a), low), low, high)
    rises: BoolArray = np.logical_and.reduce([a * at**2 + b * at + c > 0 for at in (low, turn, high)])
    return rises


def sample_moments(pnl: FloatArray) -> Moments:
    """Moments of the known outcomes of each portfolio; pnl: shape (n_outcomes, n_portfolios), NaN ignored.

    std: ddof = 1. skew and excess_kurtosis: the estimators G1 and G2 of Joanes & Gill, The Statistician 47
    (1998), as in scipy.stats.skew and kurtosis with bias=False; NaN for constant outcomes. Too few outcomes
    for a moment (at least 1, 2, 3 and 4) give NaN.
    """
    outcomes = _by_portfolio(pnl)
    known = np.isfinite(outcomes)
    count = known.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(count > 0, count, np.nan)
        mean = np.where(known, outcomes, 0.0).sum(axis=1) / n
        deviation = np.where(known, outcomes - mean[:, None], 0.0)
        m2, m3, m4 = ((deviation**power).sum(axis=1) / n for power in (2, 3, 4))
        m2_varying = np.where(m2 > (ROUNDING * mean) ** 2, m2, np.nan)
        n1, n2, n3 = (np.where(n > less, n - less, np.nan) for less in (1, 2, 3))
        skew = np.sqrt(n * n1) / n2 * m3 / m2_varying**1.5
        kurtosis = n1 / (n2 * n3) * ((n + 1) * m4 / m2_varying**2 - 3 * n1)
    return Moments(count, mean, np.sqrt(m2 * n / n1), skew, kurtosis)


def option_scenario_pnl(options: Options, base: FloatArray, shocks: FloatArray) -> FloatArray:
    """P&L per share of options repriced after a move of the underlying, with volatility and time unchanged.

    base: shape (n_options,), the model price without the move. shocks: shape (n_scenarios, n_options), simple
    returns of the underlyings; the result has their shape. NaN gives NaN. At a return of -100 % or less the
    underlying is worth 0, and the option has its limit (prices_at).
    Source: full revaluation, Jorion, Value at Risk, 3rd ed., section 10.1.
    """
    pnl: FloatArray = options.prices(options.spot * (1 + np.maximum(shocks, -1.0))) - base
    return pnl


def portfolio_value_at_risk(pnl: FloatArray, rules: RiskConfig) -> pd.DataFrame:
    """All measures of each portfolio over its last `window` outcomes, one row per column of pnl, in order.

    pnl: shape (n_sessions, n_portfolios), oldest first, NaN where unknown; those before the window only start
    the volatility of filtered_outcomes. For confidence 95 the columns are var_95_1d and es_95_1d
    (historical), the same with _filtered, _parametric and _cornish_fisher, and var_95_10d (historical, scaled
    by the square root of ten: exact for independent days, otherwise a convention). All are NaN with fewer
    than `minimum` known outcomes, those of Cornish-Fisher also where the quantile is not monotone
    (is_cornish_fisher_monotone).
    """
    window, filtered = pnl[-rules.window :], filtered_outcomes(pnl, rules)
    observations, *moments = sample_moments(window)
    enough = observations >= rules.minimum
    mean, std, skew, kurtosis = (np.where(enough, moment, np.nan) for moment in moments)
    rises = is_monotone(skew, kurtosis)
    skew_where_valid = np.where(rises, skew, np.nan)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for confidence in rules.confidences:
        label = round(100 * confidence)
        historical = historical_risk(window, confidence, rules.minimum, rules.tie_tolerance)
        columns |= _named(historical, label, "")
        of_filtered = historical_risk(filtered, confidence, rules.minimum, rules.tie_tolerance)
        columns |= _named(of_filtered, label, "_filtered")
        columns |= _named(parametric_risk(mean, std, confidence), label, "_parametric")
        adjusted = cornish_fisher_risk(mean, std, skew_where_valid, kurtosis, confidence)
        columns |= _named(adjusted, label, "_cornish_fisher")
        columns[f"var_{label}_10d"] = historical.value_at_risk * np.sqrt(10)
    columns["observations"] = observations
    columns["is_cornish_fisher_monotone"] = rises
    return pd.DataFrame(columns)


def _named(risk: TailRisk, label: int, suffix: str) -> dict[str, npt.NDArray[np.generic]]:
    return {
        f"var_{label}_1d{suffix}": risk.value_at_risk,
        f"es_{label}_1d{suffix}": risk.expected_shortfall,
    }


def _by_portfolio(pnl: FloatArray) -> FloatArray:
    """One contiguous row per portfolio, so that its sums do not depend on the number of portfolios."""
    return np.ascontiguousarray(np.where(np.isfinite(pnl), pnl, np.nan).T)
