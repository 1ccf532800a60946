"""The chat's figures for administrators."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.chat.turn.usage import usage_by_day
from api.dependencies import CurrentAdmin, ServicesDep
from api.http.documentation import LOGIN_PROBLEMS, SERVICE_PROBLEMS, problem_responses
from api.http.errors import ChatUnavailable, InvalidRequest, NotPermitted
from api.schemas.chat.admin import ChatUsage

router = APIRouter(prefix="/admin", tags=["Chat"])


@router.get(
    "/chat",
    summary="Figures of the chat",
    response_model=ChatUsage,
    responses=problem_responses(
        *LOGIN_PROBLEMS, NotPermitted, InvalidRequest, ChatUnavailable, *SERVICE_PROBLEMS
    ),
)
async def chat_usage(
    services: ServicesDep,
    _admin: CurrentAdmin,
    response: Response,
    days: Annotated[int, Query(ge=1, le=366, description="Days to list, today included.")] = 30,
) -> dict[str, Any]:
    """Show answers, tokens, errors, figures and first tokens: of this process, and per day on record."""
    response.headers["Cache-Control"] = "no-store"
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    chat = services.chat
    return {
        "available": chat.client.is_available,
        "model": services.settings.chat_model,
        "running": chat.limits.running,
        "since_start": chat.metrics.since_start(),
        "days": await usage_by_day(chat.store, since),
    }
