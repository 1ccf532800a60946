"""A question to the chat, answered as a stream of events."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

import anyio
from fastapi import APIRouter, Response
from sse_starlette import EventSourceResponse

from api.chat.turn.stream import AnswerStream
from api.dependencies import CurrentUser, ServicesDep
from api.http.documentation import BODY_PROBLEMS, LOGIN_PROBLEMS, SERVICE_PROBLEMS, problem_responses
from api.http.errors import (
    ChatLimitReached,
    ChatUnavailable,
    ConversationBusy,
    ConversationNotFound,
    InvalidRequest,
    NothingPublished,
    PortfolioNotFound,
    QueryTimedOut,
)
from api.schemas.chat.send import SendRequest

router = APIRouter(prefix="/chat", tags=["Chat"])

GRACE_SECONDS: Final = 5.0
"""For the last event and the record of an answer when the server shuts down."""

EXAMPLE: Final = """event: message_created
data: {"user_message_id":"5b9f…","assistant_message_id":"c1d2…","conversation_id":"77aa…","run_id":"0f3e…"}

event: start
data: {"type":"start","run_id":"0f3e…","seq":1,"data":{"conversation_id":"77aa…","mode":"blue","model":"gpt-5.3"},"timestamp":1757720000000}

event: token
data: {"type":"token","run_id":"0f3e…","seq":2,"data":{"delta":"Market beta"},"timestamp":1757720000450}
"""  # noqa: E501 - lines of the protocol

# it logs every event at level debug
logging.getLogger("sse_starlette.sse").setLevel(logging.INFO)


@router.post(
    "/send",
    summary="Ask a question",
    response_class=Response,
    responses={
        200: {
            "description": "The events of the answer: see the section Chat of the documentation.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **problem_responses(
            *LOGIN_PROBLEMS,
            *BODY_PROBLEMS,
            ConversationNotFound,
            PortfolioNotFound,
            ConversationBusy,
            InvalidRequest,
            ChatLimitReached,
            ChatUnavailable,
            NothingPublished,
            QueryTimedOut,
            *SERVICE_PROBLEMS,
        ),
    },
)
async def chat_send(body: SendRequest, user: CurrentUser, services: ServicesDep) -> Response:
    """Answer a question of a conversation as a stream of events, the figures checked against logged queries.

    The answer ends with `done`, or with `error`. Closing the connection cancels it.
    """
    stream = await services.chat.send(user, body.conversation_id, body.text, ui_context=body.context())
    shutdown = anyio.Event()
    return EventSourceResponse(
        _encoded(stream, shutdown),
        ping=0,  # the heartbeats are events of ours
        shutdown_event=shutdown,
        shutdown_grace_period=GRACE_SECONDS,
    )


async def _encoded(stream: AnswerStream, shutdown: anyio.Event) -> AsyncIterator[bytes]:
    """The events as bytes; when the client or the server goes, the answer is cancelled and recorded."""
    watcher = asyncio.create_task(stream.interrupt_when(shutdown))
    try:
        async for event in stream:
            yield b"".join(each.encode() for each in (event, *stream.waiting()))
    finally:
        watcher.cancel()
        await stream.aclose()
