"""The kinds of briefings: what each is about, in the names that the frontend knows."""

from dataclasses import dataclass
from typing import Final, Literal

InsightType = Literal[
    "daily_summary",
    "volatility_analysis",
    "concentration_risk",
    "hedge_quality",
    "factor_exposure",
    "stress_test_review",
    "custom",
]

SHORT_NAMES: Final[dict[str, InsightType]] = {
    "risk": "volatility_analysis",
    "concentration": "concentration_risk",
    "hedges": "hedge_quality",
    "factors": "factor_exposure",
    "stress": "stress_test_review",
}
"""Other names that requests may use."""


@dataclass(frozen=True)
class Kind:
    """A kind of briefing. request: what the model is asked; without numbers, which would count as the user's.
    covers: what it looks at.
    """

    request: str
    covers: str


KINDS: Final[dict[InsightType, Kind]] = {
    "daily_summary": Kind(
        "Write a briefing about the last session of this portfolio.",
        "Equity, P&L and return of the day, of the month and of the year; the positions that gained and lost "
        "most; the loss or gain of the day next to the value at risk of the session before; exposures.",
    ),
    "volatility_analysis": Kind(
        "Write a briefing about the volatility and the value at risk of this portfolio.",
        "Realized and forecast volatility, its trend and percentile; value at risk and expected shortfall; "
        "the backtest; how much of the variance is systematic; the symbols that are most volatile.",
    ),
    "concentration_risk": Kind(
        "Write a briefing about the concentration and the diversification of this portfolio.",
        "Shares of the largest positions and sectors, HHI and effective number, diversification score, "
        "effective bets, clusters of correlated symbols.",
    ),
    "hedge_quality": Kind(
        "Write a briefing about the hedges of this portfolio.",
        "Long, short, gross and net exposure, at market and delta-adjusted; market beta; the Greeks of "
        "options, their expirations; the scenarios that shorts and options offset, and the others.",
    ),
    "factor_exposure": Kind(
        "Write a briefing about the factor exposures of this portfolio.",
        "Betas to market, rates, styles and spreads with their tilts; contributions to the variance; the "
        "positions behind the largest exposures; collinear or insignificant betas.",
    ),
    "stress_test_review": Kind(
        "Write a briefing about the stress tests of this portfolio.",
        "The worst and the best scenarios, direct, correlated and replayed; the factors and positions behind "
        "the worst; results that are not believable, and why.",
    ),
    "custom": Kind(
        "Write a briefing that answers the question below about this portfolio.",
        "What the question asks for, and the context that a reader needs to judge the answer.",
    ),
}
