"""Everything that the chat keeps of a user, to export or to delete."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.chat.store.export import document_parts
from api.dependencies import CurrentUser
from api.routes.chat.common import NO_CACHING, ONE_BY_ONE, StoreDep, chat_responses, deleted
from api.schemas.chat.records import ChatExport, DataDeleted

router = APIRouter(prefix="/chat", tags=["Chat"], dependencies=NO_CACHING)


@router.get(
    "/export",
    summary="Export one's data",
    response_model=ChatExport,
    responses=chat_responses(),
    dependencies=ONE_BY_ONE,
)
async def export(user: CurrentUser, store: StoreDep, response: Response) -> Response:
    """Return everything that the chat keeps of the user, as a download."""
    rows = await store.user_data.export_texts(user.user_id)
    instant = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return StreamingResponse(
        document_parts({"user_id": str(user.user_id), "exported_at": instant}, rows),
        media_type="application/json",
        headers={
            **response.headers,
            "Content-Disposition": 'attachment; filename="sigmasight-chat.json"',
        },
    )


@router.delete("/data", summary="Delete one's data", response_model=DataDeleted, responses=chat_responses())
async def delete_data(user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Delete everything that the chat keeps of the user; the token counts of two days stay for the limit."""
    counts = await store.user_data.delete(user.user_id)
    return {**deleted("Everything that the chat kept of you was deleted."), "deleted": counts}
