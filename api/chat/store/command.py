"""The store's commands: `sigmasight chat review`, `export` and `forget`, and `sigmasight upgrade --chat`."""

from typing import Any
from uuid import UUID

from api.chat.store.database import ChatStore
from api.chat.store.review import Proposal
from api.chat.store.transactions import prepare_database
from warehouse.settings import Settings

__all__ = [
    "Proposal",
    "activate_proposal",
    "export_user",
    "forget_user",
    "list_proposals",
    "prepare_database",
    "retire_proposal",
]


async def list_proposals(settings: Settings, *, include_retired: bool) -> list[Proposal]:
    """Return what feedback proposes, and what is active. Raises ChatUnavailable."""
    async with ChatStore(settings) as store:
        return await store.review.list(include_retired=include_retired)


async def activate_proposal(
    settings: Settings, proposal_id: UUID, *, reviewer: str, question: str | None
) -> Proposal:
    """Activate a proposal: see Review.activate. Raises ProposalNotFoundError or ChatUnavailable."""
    async with ChatStore(settings) as store:
        return await store.review.activate(proposal_id, reviewer=reviewer, question=question)


async def retire_proposal(settings: Settings, proposal_id: UUID, *, reviewer: str) -> Proposal:
    """Refuse a proposal, or retire an active one. Raises ProposalNotFoundError or ChatUnavailable."""
    async with ChatStore(settings) as store:
        return await store.review.retire(proposal_id, reviewer=reviewer)


async def export_user(settings: Settings, user_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return everything that the chat keeps of the user, by table. Raises ChatUnavailable."""
    async with ChatStore(settings) as store:
        return await store.user_data.export(user_id)


async def forget_user(settings: Settings, user_id: UUID) -> dict[str, int]:
    """Delete everything that the chat keeps of the user; return the rows by table. Raises ChatUnavailable."""
    async with ChatStore(settings) as store:
        return await store.user_data.delete(user_id)
