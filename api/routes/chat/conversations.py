"""Conversations, and feedback on their answers."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from api.chat.store.conversations import Conversation as StoredConversation
from api.chat.store.message_records import Message
from api.dependencies import CurrentUser, Limit, Offset, ServicesDep
from api.http.errors import ConversationNotFound, FeedbackNotFound, MessageNotFound
from api.http.limits import MAX_ROWS
from api.routes.chat.common import (
    NO_CACHING,
    ONE_BY_ONE,
    PORTFOLIO_PROBLEMS,
    StoreDep,
    chat_responses,
    check_portfolio,
    deleted,
    sources,
)
from api.schemas.chat.records import (
    AnswerFeedback,
    Conversation,
    ConversationWithMessages,
    Deleted,
    ModeChanged,
    NewConversation,
    NewFeedback,
    NewMode,
)

PROVIDER = "openai"

router = APIRouter(prefix="/chat", tags=["Chat"], dependencies=NO_CACHING)


@router.post(
    "/conversations",
    summary="Begin a conversation",
    response_model=Conversation,
    responses=chat_responses(*PORTFOLIO_PROBLEMS),
)
async def begin_conversation(
    body: NewConversation, user: CurrentUser, services: ServicesDep, store: StoreDep
) -> dict[str, Any]:
    """Begin a conversation, about one portfolio or about all of the user's."""
    services.chat.check_available()
    await check_portfolio(services, user, body.portfolio_id)
    created = await store.conversations.create(user.user_id, body.mode, body.portfolio_id, body.title)
    return _conversation(created)


@router.get(
    "/conversations",
    summary="The user's conversations",
    response_model=list[Conversation],
    responses=chat_responses(),
)
async def conversations(
    *, user: CurrentUser, store: StoreDep, limit: Limit = MAX_ROWS, offset: Offset = 0
) -> list[dict[str, Any]]:
    """List the conversations as a bare array, the one with the latest message first."""
    found = await store.conversations.list(user.user_id, limit, offset)
    return [_conversation(conversation) for conversation in found]


@router.get(
    "/conversations/{conversation_id}",
    summary="One conversation",
    response_model=ConversationWithMessages,
    responses=chat_responses(ConversationNotFound),
    dependencies=ONE_BY_ONE,
)
async def conversation(
    *,
    conversation_id: UUID,
    user: CurrentUser,
    store: StoreDep,
    limit: Limit = MAX_ROWS,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Show a conversation with a page of its messages, the oldest first, and what each answer stands on."""
    found = await store.conversations.get(user.user_id, conversation_id)
    messages = await store.messages.list(user.user_id, conversation_id, limit, offset)
    return {**_conversation(found), "messages": [_message(message) for message in messages]}


@router.put(
    "/conversations/{conversation_id}/mode",
    summary="Change the mode",
    response_model=ModeChanged,
    responses=chat_responses(ConversationNotFound),
)
async def change_mode(
    conversation_id: UUID, body: NewMode, user: CurrentUser, store: StoreDep
) -> dict[str, Any]:
    """Change the mode of the conversation's following answers."""
    change = await store.conversations.set_mode(user.user_id, conversation_id, body.mode)
    return {
        "id": conversation_id,
        "previous_mode": change.previous,
        "new_mode": change.new,
        "changed_at": change.changed_at,
    }


@router.delete(
    "/conversations/{conversation_id}",
    summary="Delete a conversation",
    response_model=Deleted,
    responses=chat_responses(ConversationNotFound),
)
async def delete_conversation(conversation_id: UUID, user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Delete a conversation with its messages, queries, feedback, and the examples taken from it."""
    await store.conversations.delete(user.user_id, conversation_id)
    return deleted("The conversation was deleted, with everything that belongs to it.")


@router.post(
    "/messages/{message_id}/feedback",
    summary="Rate an answer",
    response_model=AnswerFeedback,
    responses=chat_responses(MessageNotFound),
)
async def give_feedback(
    message_id: UUID, body: NewFeedback, user: CurrentUser, store: StoreDep
) -> dict[str, Any]:
    """Rate a finished answer, and correct it; this replaces earlier feedback on it."""
    return vars(
        await store.feedback.put(user.user_id, message_id, body.rating, body.edited_text, body.comment)
    )


@router.get(
    "/messages/{message_id}/feedback",
    summary="Feedback on an answer",
    response_model=AnswerFeedback,
    responses=chat_responses(MessageNotFound, FeedbackNotFound),
)
async def feedback(message_id: UUID, user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Show the user's feedback on an answer."""
    return vars(await store.feedback.get(user.user_id, message_id))


@router.delete(
    "/messages/{message_id}/feedback",
    summary="Withdraw feedback",
    response_model=Deleted,
    responses=chat_responses(MessageNotFound, FeedbackNotFound),
)
async def delete_feedback(message_id: UUID, user: CurrentUser, store: StoreDep) -> dict[str, Any]:
    """Delete the user's feedback on an answer, and what was proposed because of it."""
    await store.feedback.delete(user.user_id, message_id)
    return deleted("The feedback was deleted.")


def _conversation(stored: StoredConversation) -> dict[str, Any]:
    return {
        "id": stored.conversation_id,
        "mode": stored.mode,
        "portfolio_id": stored.portfolio_id,
        "title": stored.title,
        "provider": PROVIDER,
        "message_count": stored.message_count,
        "created_at": stored.created_at,
        "updated_at": stored.last_message_at,
    }


def _message(message: Message) -> dict[str, Any]:
    calls = [
        {
            "tool_call_id": call.tool_call_id,
            "tool_name": call.name,
            "tool_args": call.arguments,
            "ok": call.ok,
            "duration_ms": call.duration_ms,
        }
        for call in message.tool_calls
    ]
    return {
        "id": message.message_id,
        "run_id": message.run_id,
        "role": message.role,
        "content": message.content,
        "status": message.status,
        "mode": message.mode,
        "created_at": message.created_at,
        "model_used": message.model,
        "latency_ms": message.latency_ms,
        "first_token_ms": message.first_token_ms,
        "error_type": message.error_type,
        "feedback": message.rating,
        "tool_calls": calls,
        **sources(message),
    }
