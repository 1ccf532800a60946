"""Request and response models of the briefings."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from api.chat.insights.kinds import SHORT_NAMES, InsightType
from api.chat.insights.severity import Severity
from api.schemas.chat.records import AnswerQuery, LoggedFigure
from api.schemas.common import ResponseModel, described
from api.schemas.data import PORTFOLIO_ID

INSIGHT_ID = "4c5d6e7f-8a9b-4c0d-9e1f-2a3b4c5d6e7f"
NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

INSIGHT_TYPE = (
    "daily_summary, volatility_analysis, concentration_risk, hedge_quality, factor_exposure, "
    "stress_test_review or custom; risk, concentration, hedges, factors and stress are short for the five in "
    "the middle."
)
SEVERITY = (
    "info (no figure to judge by), normal, elevated, warning or critical: by rules on published figures, not "
    "by the model."
)


def _full_name(value: Any) -> Any:
    return SHORT_NAMES.get(value, value) if isinstance(value, str) else value


def _none_if_blank(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


AnyInsightType = Annotated[InsightType, BeforeValidator(_full_name)]


class GenerateInsight(BaseModel):
    """A briefing to write."""

    portfolio_id: UUID = Field(description="The portfolio it is about.", examples=[PORTFOLIO_ID])
    insight_type: AnyInsightType = Field(description=INSIGHT_TYPE, examples=["daily_summary"])
    focus_area: Annotated[
        Annotated[str, StringConstraints(max_length=200, pattern=NO_CONTROLS)] | None,
        BeforeValidator(_none_if_blank),
    ] = Field(default=None, description="What to look at in particular.", examples=["technology"])
    user_question: Annotated[
        Annotated[str, StringConstraints(max_length=2000, pattern=NO_CONTROLS)] | None,
        BeforeValidator(_none_if_blank),
    ] = Field(
        default=None,
        description="A question that the briefing answers; required for `custom`.",
        examples=["Do my puts protect me against a crash?"],
    )


class UpdateInsight(BaseModel):
    """What the user did with a briefing; what is omitted stays."""

    viewed: bool | None = Field(default=None, description="Whether it was read.", examples=[True])
    dismissed: bool | None = Field(
        default=None, description="Whether it was dismissed; lists then leave it out.", examples=[False]
    )


class RateInsight(BaseModel):
    """The user's rating of a briefing."""

    rating: int = Field(ge=1, le=5, description="1 (useless) to 5 (very useful).", examples=[4])
    comment: Annotated[
        Annotated[str, StringConstraints(max_length=2000, pattern=NO_CONTROLS)] | None,
        BeforeValidator(_none_if_blank),
    ] = Field(default=None, description="Why.", examples=["The worst scenario was missing."])


class Insight(ResponseModel):
    """A written briefing of a portfolio, with the queries that its figures are from."""

    id: UUID = described("The briefing.", INSIGHT_ID)
    portfolio_id: UUID = described("The portfolio it is about.", PORTFOLIO_ID)
    insight_type: InsightType = described("What it is about.", "daily_summary")
    focus_area: str | None = described("What it looks at in particular.", "technology")
    user_question: str | None = described("The question that it answers.", None)
    title: str = described("The main finding.", "A calm session within the value at risk")
    severity: Severity = described(SEVERITY, "normal")
    summary: str = described("What a reader must know who reads nothing else.", "The portfolio gained 0.4 %.")
    key_findings: list[str] = described("One fact each.", ["Technology is 38 % of gross exposure."])
    recommendations: list[str] = described(
        "What to look at or to decide next.", ["Review the largest position."]
    )
    full_analysis: str = described("Markdown, without links and images.", "### The session\n\nEquity rose.")
    data_limitations: str = described(
        "What is missing, old, simulated or short in the data: computed from the marts, not by the model.",
        "Private holdings, which have no market price: 4 of 16 positions.",
    )
    publication_id: int | None = described("The publication that it was written from.", 12)
    as_of_date: date | None = described("The session that it is about.", "2025-09-12")
    created_at: datetime = described("When it was written, UTC.", "2025-09-12T22:00:00Z")
    viewed: bool = described("Whether the user has read it.", False)
    dismissed: bool = described("Whether the user has dismissed it.", False)
    user_rating: int | None = described("The user's rating, 1 to 5.", 4)
    user_feedback: str | None = described("The user's comment.", None)
    unverified: int = described("Figures in its texts that are marked as not verified.", 0)
    is_stored: bool = described(
        "Whether it was written earlier: one is written per request and publication.", False
    )
    figures: list[LoggedFigure] = described("Figures of the answer, and the cells that they equal.", [])
    queries: list[AnswerQuery] = described("The queries that its figures are from.", [])


class InsightList(ResponseModel):
    """A page of a portfolio's briefings, the newest first."""

    insights: list[Insight] = described("The briefings.", [])
    total: int = described("All of them, over all pages.", 1)
    has_more: bool = described("Whether a later page has more.", False)
    limit: int = described("Maximum of this page.", 20)
    offset: int = described("Briefings skipped.", 0)
