"""Writes, stores and finds briefings."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from api.auth.users import User
from api.chat.insights.briefing import TEXT_FORMAT, Briefing, check_briefing, read_briefing
from api.chat.insights.kinds import KINDS, InsightType
from api.chat.insights.limitations import limitations_of
from api.chat.insights.severity import severity_of
from api.chat.insights.state import Published, read_state
from api.chat.store.conversations import Mode
from api.chat.store.database import ChatStore
from api.chat.store.insights import Insight, NewInsight
from api.chat.turn.turn import Answer, Chat
from api.http.errors import AnswerFailed, InvalidRequest, Problem
from api.marts.reader import Reader

MODE: Final[Mode] = "blue"
PROMPT: Final = Path(__file__).parent / "prompts" / "briefing.md"

DECLINED: Final = "The model declined to write this briefing; ask for another one."
UNREADABLE: Final = "The model wrote no briefing; try again."


@dataclass(frozen=True)
class Wanted:
    """What a briefing is asked for. user_question: required for a custom one."""

    portfolio_id: UUID
    insight_type: InsightType
    focus_area: str | None = None
    user_question: str | None = None

    @property
    def question(self) -> str:
        """What the model is asked; its only numbers are the user's own."""
        parts = [KINDS[self.insight_type].request]
        if self.focus_area:
            parts.append(f"Focus on: {self.focus_area}")
        if self.user_question:
            parts.append(f"Question: {self.user_question}")
        return "\n\n".join(parts)

    @property
    def own_words(self) -> list[str]:
        """What the user wrote."""
        return [text for text in (self.focus_area, self.user_question) if text]


class Insights:
    """Briefings of one process. Each is an answer in a conversation of its own, which lists do not show."""

    def __init__(self, chat: Chat, store: ChatStore, reader: Reader) -> None:
        self._chat = chat
        self._store = store
        self._reader = reader
        self._writing: WeakValueDictionary[tuple[UUID, Wanted], asyncio.Lock] = WeakValueDictionary()

    async def generate(self, user: User, wanted: Wanted) -> tuple[Insight, bool]:
        """Return the briefing, and whether it was stored already: one per request and publication is written.

        Raises ChatUnavailable, PortfolioNotFound, InvalidRequest, ChatLimitReached, AnswerFailed and
        NothingPublished.
        """
        self._chat.check_available()
        if wanted.insight_type == "custom" and not wanted.user_question:
            raise InvalidRequest("A custom briefing needs a user_question.")
        lock = self._writing.setdefault((user.user_id, wanted), asyncio.Lock())
        async with lock:
            published = await read_state(self._reader, user, wanted.portfolio_id)
            stored = await self._store.insights.latest(
                user.user_id,
                wanted.portfolio_id,
                wanted.insight_type,
                wanted.focus_area,
                wanted.user_question,
            )
            if stored is not None and stored.publication_id == published.publication_id:
                return stored, True
            return await self._write(user, wanted, published), False

    async def _write(self, user: User, wanted: Wanted, published: Published) -> Insight:
        conversation = await self._store.conversations.create(
            user.user_id, MODE, wanted.portfolio_id, KINDS[wanted.insight_type].request, kind="insight"
        )
        try:
            answer = await self._chat.answer(
                user,
                question=wanted.question,
                conversation_id=conversation.conversation_id,
                instructions=_instructions(wanted.insight_type),
                portfolio_id=wanted.portfolio_id,
                text_format=TEXT_FORMAT,
            )
            briefing = await self._checked(user, wanted, answer)
            return await self._store.insights.add(
                user.user_id, _new_insight(wanted, published, answer, briefing)
            )
        except BaseException:
            # an answer without a briefing is of no use, and no list would show it
            with suppress(Problem):
                await self._store.conversations.delete(user.user_id, conversation.conversation_id)
            raise

    async def _checked(self, user: User, wanted: Wanted, answer: Answer) -> Briefing:
        """Read the answer, and check the figures of each of its texts. Raises AnswerFailed."""
        if answer.refused:
            raise AnswerFailed(DECLINED)
        briefing = read_briefing(answer.text)
        if briefing is None:
            raise AnswerFailed(UNREADABLE)
        logged = await self._store.messages.queries_of(user.user_id, answer.run.conversation_id)
        return await asyncio.to_thread(check_briefing, briefing, logged, wanted.own_words)


@cache
def _instructions(kind: InsightType) -> str:
    return PROMPT.read_text("utf-8").format(covers=KINDS[kind].covers).strip()


def _new_insight(wanted: Wanted, published: Published, answer: Answer, briefing: Briefing) -> NewInsight:
    return NewInsight(
        portfolio_id=wanted.portfolio_id,
        message_id=answer.run.assistant_message_id,
        insight_type=wanted.insight_type,
        focus_area=wanted.focus_area,
        user_question=wanted.user_question,
        title=briefing.title,
        severity=severity_of(wanted.insight_type, published.state),
        summary=briefing.summary,
        key_findings=briefing.key_findings,
        recommendations=briefing.recommendations,
        full_analysis=briefing.full_analysis,
        data_limitations=limitations_of(wanted.insight_type, published.state, published.as_of_date),
        publication_id=published.publication_id,
        as_of_date=published.as_of_date,
    )
