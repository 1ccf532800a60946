"""Memories: what the chat remembers about the user."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from api.chat.store.memories import Memory
from api.dependencies import CurrentUser, Limit, Offset, ServicesDep
from api.http.errors import MemoryLimitReached, MemoryNotFound
from api.http.limits import MAX_ROWS
from api.routes.chat.common import (
    NO_CACHING,
    PORTFOLIO_PROBLEMS,
    StoreDep,
    chat_responses,
    check_portfolio,
    deleted,
)
from api.schemas.chat.records import ChatMemories, ChatMemory, Deleted, MemoryCount, NewMemory

router = APIRouter(prefix="/chat", tags=["Chat"], dependencies=NO_CACHING)


@router.get(
    "/memories", summary="The user's memories", response_model=ChatMemories, responses=chat_responses()
)
async def memories(
    *,
    user: CurrentUser,
    store: StoreDep,
    portfolio_id: Annotated[UUID | None, Query(description="Only memories about this portfolio.")] = None,
    include_proposed: Annotated[
        bool, Query(description="Include what the chat proposes to remember and the user has not confirmed.")
    ] = False,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List what the chat remembers about the user, the oldest first."""
    found, total = await store.memories.page(
        user.user_id,
        portfolio_id=portfolio_id,
        include_proposals=include_proposed,
        limit=limit,
        offset=offset,
    )
    return {
        "memories": [_memory(memory) for memory in found],
        "total": total,
        "limit": limit,
        "offset": offset,
    }


@router.get(
    "/memories/count", summary="Number of memories", response_model=MemoryCount, responses=chat_responses()
)
async def memory_count(user: CurrentUser, store: StoreDep) -> dict[str, int]:
    """Count the user's confirmed memories."""
    count, most = await store.memories.count(user.user_id)
    return {"count": count, "max_allowed": most}


@router.post(
    "/memories",
    summary="Add a memory",
    response_model=ChatMemory,
    responses=chat_responses(MemoryLimitReached, *PORTFOLIO_PROBLEMS),
)
async def add_memory(
    body: NewMemory, user: CurrentUser, services: ServicesDep, store: StoreDep
) -> dict[str, Any]:
    """Write a memory, about the user or one portfolio; it is confirmed at once."""
    await check_portfolio(services, user, body.portfolio_id)
    return _memory(await store.memories.add(user.user_id, body.content, body.portfolio_id))


@router.post(
    "/memories/{memory_id}/confirm",
    summary="Confirm a memory",
    response_model=ChatMemory,
    responses=chat_responses(MemoryNotFound, MemoryLimitReached),
)
async def confirm_memory(memory_id: UUID, user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Confirm what the chat proposes to remember, or renew a memory before it expires."""
    return _memory(await store.memories.confirm(user.user_id, memory_id))


@router.delete(
    "/memories/{memory_id}",
    summary="Delete a memory",
    response_model=Deleted,
    responses=chat_responses(MemoryNotFound),
)
async def delete_memory(memory_id: UUID, user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Delete a memory, or refuse a proposal."""
    await store.memories.delete(user.user_id, memory_id)
    return deleted("The memory was deleted.")


@router.delete("/memories", summary="Delete all memories", response_model=Deleted, responses=chat_responses())
async def delete_memories(user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Delete all memories and proposals of the user."""
    count = await store.memories.delete_all(user.user_id)
    return deleted(f"{count} memories were deleted.")


def _memory(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.memory_id,
        "content": memory.content,
        "scope": memory.scope,
        "portfolio_id": memory.portfolio_id,
        "confirmed": memory.confirmed_at is not None,
        "created_at": memory.created_at,
        "confirmed_at": memory.confirmed_at,
        "expires_at": memory.expires_at,
    }
