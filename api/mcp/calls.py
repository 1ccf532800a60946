"""Calls of tools from outside the chat: counted against the user's limits, recorded like the chat's own."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final
from uuid import UUID

import anyio

from api.auth.users import User
from api.chat.store.messages import Ending
from api.chat.store.runs import Run, RunEndedError
from api.chat.tools.registry import ToolAnswer, ToolContext
from api.chat.turn.turn import Chat
from api.http.errors import ConversationNotFound

logger = logging.getLogger(__name__)

TITLE: Final = "MCP"
MODEL: Final = "mcp"
"""What the record holds in place of a model: the model is the client's, and unknown."""

MODE: Final = "blue"
LONGEST_RECORDING: Final = 10.0
"""Seconds that the record of a cancelled call may take."""

LONGEST_QUESTION: Final = 1000
"""Characters of a call that are its question in the record; its arguments are there in whole once more."""

SESSIONS: Final = 1000
"""Sessions whose conversation is remembered; an older one gets a new conversation."""


@dataclass
class _Session:
    """The record of one session. Its calls are recorded one after the other."""

    conversation_id: UUID | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class McpCalls:
    """Calls tools for users and records each call: a question and an answer of a conversation titled MCP."""

    def __init__(self, chat: Chat) -> None:
        self.tools = chat.tools
        self._chat = chat
        self._store = chat.store
        self._sessions: OrderedDict[tuple[UUID, str], _Session] = OrderedDict()

    async def call(self, user: User, name: str, arguments: Mapping[str, Any], session: str) -> ToolAnswer:
        """Call a tool as this user. session: an id of the client's session.

        A wrong call is answered with ok False. Raises ChatLimitReached, ChatUnavailable and what a database
        that is down raises; when cancelled, the running statement is cancelled too.
        """
        self._chat.limits.count_message(user.user_id)
        calling = asyncio.create_task(self._call(user, name, arguments, session))
        try:
            return await asyncio.shield(calling)
        except asyncio.CancelledError:
            # once: scopes of the server cancel every wait again, and the cancellation of a statement waits
            calling.cancel()
            with anyio.CancelScope(shield=True), anyio.move_on_after(LONGEST_RECORDING):
                await asyncio.wait([calling])
            raise

    async def _call(self, user: User, name: str, arguments: Mapping[str, Any], session: str) -> ToolAnswer:
        written = json.dumps(arguments, ensure_ascii=False, default=str)
        known = self._session(user.user_id, session)
        async with known.lock, self._place(user):
            run = await self._begin(known, user.user_id, f"{name} {written}"[:LONGEST_QUESTION])
            began = monotonic()
            try:
                async with asyncio.timeout(self._chat.settings.chat_seconds):
                    answer = await self._chat.tools.call(name, written, self._context(user, run))
            except asyncio.CancelledError:
                await self._end(run, "cancelled", began)
                raise
            except Exception as error:
                await self._end(run, "failed", began, error_type=type(error).__name__)
                raise
            await self._end(run, "done", began)
            return answer

    @asynccontextmanager
    async def _place(self, user: User) -> AsyncIterator[None]:
        """One of the user's places for answers: sessions without number must not take those of others."""
        give_back = self._chat.limits.begin(user.user_id)
        try:
            yield
        finally:
            give_back()

    def _context(self, user: User, run: Run) -> ToolContext:
        return ToolContext(
            user=user,
            reader=self._chat.reader,
            settings=self._chat.settings,
            run=run,
            store=self._store,
            documents=self._chat.documents,
            message_id=run.assistant_message_id,
        )

    async def _begin(self, session: _Session, user_id: UUID, text: str) -> Run:
        """Begin the record of a call; a conversation that was deleted meanwhile is followed by a new one."""
        messages = self._store.messages
        if session.conversation_id is not None:
            try:
                return await messages.begin_run(user_id, session.conversation_id, text, MODE)
            except ConversationNotFound:
                logger.info("the conversation of an MCP session was deleted: a new one begins")
        conversation = await self._store.conversations.create(user_id, MODE, title=TITLE, kind="mcp")
        session.conversation_id = conversation.conversation_id
        return await messages.begin_run(user_id, session.conversation_id, text, MODE)

    async def _end(self, run: Run, status: Ending, began: float, error_type: str | None = None) -> None:
        """Record the end. The tool call and its queries hold the content."""
        try:
            await self._store.messages.end_run(
                run,
                status,
                "",
                (),
                model=MODEL,
                input_tokens=0,
                output_tokens=0,
                latency_ms=round(1000 * (monotonic() - began)),
                error_type=error_type,
            )
        except RunEndedError:
            logger.info("the conversation of an MCP call was deleted before the call ended")

    def _session(self, user_id: UUID, session: str) -> _Session:
        known = self._sessions.setdefault((user_id, session), _Session())
        self._sessions.move_to_end((user_id, session))
        if len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        return known
