"""What limits the data of a briefing: computed from the marts' quality and coverage, never by the model."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from api.chat.insights.kinds import InsightType
from api.chat.insights.state import PortfolioState

FULL: Final = "full_history"
COMPLETE: Final = "All positions are measured over full histories, at prices of the session."

ANALYTICS: Final[dict[InsightType, tuple[str, ...]]] = {
    "daily_summary": ("risk",),
    "volatility_analysis": ("risk",),
    "concentration_risk": ("correlation",),
    "hedge_quality": ("risk", "stress"),
    "factor_exposure": ("factors",),
    "stress_test_review": ("stress",),
    "custom": ("risk", "correlation", "factors", "stress"),
}
"""The analytics whose quality counts for a kind."""

TITLES: Final = {
    "risk": "Risk figures",
    "correlation": "Correlations",
    "factors": "Factor exposures",
    "stress": "Stress tests",
}


def limitations_of(kind: InsightType, state: PortfolioState, as_of_date: date) -> str:
    """Sentences that say which data are missing, old, simulated or short; one that says so if none are."""
    return " ".join(_sentences(kind, state, as_of_date)) or COMPLETE


def _sentences(kind: InsightType, state: PortfolioState, as_of_date: date) -> Iterator[str]:
    if state.equity is None:
        yield f"Nothing of this portfolio is published for {as_of_date}."
        return
    if state.withheld_reason is not None:
        yield f"Newer figures than those of {as_of_date} are withheld. {_sentence(state.withheld_reason)}"
    yield from _of_prices(state)
    for name in ANALYTICS[kind]:
        flag = getattr(state, f"{name}_flag")
        message = getattr(state, f"{name}_message")
        if flag is None:
            yield f"{TITLES[name]}: nothing was published for {as_of_date}."
        elif flag != FULL:
            yield f"{TITLES[name]}: {_sentence(message or flag)}"
    if kind in {"hedge_quality", "custom"} and state.options_without_greeks:
        yield f"Options without Greeks: {state.options_without_greeks}."
    if kind in {"stress_test_review", "hedge_quality", "custom"} and state.doubtful_count:
        yield f"Scenarios whose result is in doubt: {state.doubtful_count}."


def _of_prices(state: PortfolioState) -> Iterator[str]:
    if state.has_simulated_prices:
        yield "Prices are simulated, not of the market."
    if state.private_count:
        yield (
            f"Private holdings, which have no market price: {state.private_count} of "
            f"{state.position_count} positions."
        )
    if state.stale_count:
        yield f"Positions at a price of an earlier session: {state.stale_count}."
    if state.missing_count:
        yield f"Positions without a recent price: {state.missing_count}."


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
