"""Written briefings of a portfolio."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.chat.insights.briefing import unverified_in
from api.chat.insights.service import Insights, Wanted
from api.chat.store.insights import Insight as StoredInsight
from api.dependencies import CurrentUser, Offset, ServicesDep
from api.http.errors import AnswerFailed, ChatLimitReached, InsightNotFound
from api.routes.chat.common import (
    NO_CACHING,
    PORTFOLIO_PROBLEMS,
    StoreDep,
    chat_responses,
    check_portfolio,
    deleted,
    sources,
)
from api.schemas.chat.insights import (
    INSIGHT_TYPE,
    AnyInsightType,
    GenerateInsight,
    Insight,
    InsightList,
    RateInsight,
    UpdateInsight,
)
from api.schemas.chat.records import Deleted

router = APIRouter(prefix="/insights", tags=["Insights"], dependencies=NO_CACHING)


async def _insights(services: ServicesDep) -> Insights:
    return services.insights


InsightsDep = Annotated[Insights, Depends(_insights)]


@router.post(
    "/generate",
    summary="Write a briefing",
    response_model=Insight,
    responses=chat_responses(ChatLimitReached, AnswerFailed, *PORTFOLIO_PROBLEMS),
)
async def generate_insight(body: GenerateInsight, user: CurrentUser, insights: InsightsDep) -> dict[str, Any]:
    """Write a briefing from the last publication, its figures checked against logged queries.

    The same request gets the stored briefing until the next publication.
    """
    wanted = Wanted(body.portfolio_id, body.insight_type, body.focus_area, body.user_question)
    insight, is_stored = await insights.generate(user, wanted)
    return _insight(insight, is_stored=is_stored)


@router.get(
    "/portfolio/{portfolio_id}",
    summary="A portfolio's briefings",
    response_model=InsightList,
    responses=chat_responses(*PORTFOLIO_PROBLEMS),
)
async def portfolio_insights(
    *,
    portfolio_id: UUID,
    user: CurrentUser,
    services: ServicesDep,
    store: StoreDep,
    insight_type: Annotated[
        AnyInsightType | None, Query(description=f"Only this kind: {INSIGHT_TYPE}")
    ] = None,
    include_dismissed: Annotated[bool, Query(description="Include those that the user dismissed.")] = False,
    limit: Annotated[int, Query(ge=1, le=100, description="Maximum number of briefings.")] = 20,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List the briefings that were written about a portfolio, the newest first."""
    await check_portfolio(services, user, portfolio_id)
    found, total = await store.insights.list(
        user.user_id,
        portfolio_id,
        limit,
        offset,
        insight_type=insight_type,
        include_dismissed=include_dismissed,
    )
    return {
        "insights": [_insight(insight) for insight in found],
        "total": total,
        "has_more": offset + len(found) < total,
        "limit": limit,
        "offset": offset,
    }


@router.get(
    "/{insight_id}",
    summary="One briefing",
    response_model=Insight,
    responses=chat_responses(InsightNotFound),
)
async def insight(insight_id: UUID, user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Show one briefing with its queries."""
    return _insight(await store.insights.get(user.user_id, insight_id))


@router.patch(
    "/{insight_id}",
    summary="Mark a briefing",
    response_model=Insight,
    responses=chat_responses(InsightNotFound),
)
async def update_insight(
    insight_id: UUID, body: UpdateInsight, user: CurrentUser, store: StoreDep
) -> dict[str, Any]:
    """Mark a briefing as viewed or dismissed, or take that back."""
    return _insight(
        await store.insights.update(user.user_id, insight_id, viewed=body.viewed, dismissed=body.dismissed)
    )


@router.post(
    "/{insight_id}/feedback",
    summary="Rate a briefing",
    response_model=Insight,
    responses=chat_responses(InsightNotFound),
)
async def rate_insight(
    insight_id: UUID, body: RateInsight, user: CurrentUser, store: StoreDep
) -> dict[str, Any]:
    """Rate a briefing; a later rating replaces it."""
    return _insight(await store.insights.rate(user.user_id, insight_id, body.rating, body.comment))


@router.delete(
    "/{insight_id}",
    summary="Delete a briefing",
    response_model=Deleted,
    responses=chat_responses(InsightNotFound),
)
async def delete_insight(insight_id: UUID, user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Delete a briefing with its queries."""
    await store.insights.delete(user.user_id, insight_id)
    return deleted("The briefing was deleted.")


def _insight(insight: StoredInsight, *, is_stored: bool = True) -> dict[str, Any]:
    texts = (insight.title, insight.summary, *insight.key_findings, *insight.recommendations)
    return {
        "id": insight.insight_id,
        "portfolio_id": insight.portfolio_id,
        "insight_type": insight.insight_type,
        "focus_area": insight.focus_area,
        "user_question": insight.user_question,
        "title": insight.title,
        "severity": insight.severity,
        "summary": insight.summary,
        "key_findings": list(insight.key_findings),
        "recommendations": list(insight.recommendations),
        "full_analysis": insight.full_analysis,
        "data_limitations": insight.data_limitations,
        "publication_id": insight.publication_id,
        "as_of_date": insight.as_of_date,
        "created_at": insight.created_at,
        "viewed": insight.viewed_at is not None,
        "dismissed": insight.dismissed_at is not None,
        "user_rating": insight.rating,
        "user_feedback": insight.comment,
        "unverified": unverified_in(*texts, insight.full_analysis),
        "is_stored": is_stored,
        **sources(insight),
    }
