"""Writes conversations for tests of the chat's store."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from api.chat.results import Cell, Figure, QueryResult
from api.chat.store.asking import PromptContext, read_context
from api.chat.store.database import ChatStore
from api.chat.store.insights import NewInsight
from api.chat.store.runs import Run, ToolCallId

COUNTS: dict[str, Any] = {
    "model": "a-model",
    "input_tokens": 100,
    "output_tokens": 20,
    "latency_ms": 900,
    "first_token_ms": 90,
}


@dataclass(frozen=True)
class Answered:
    """A conversation with one answer."""

    conversation_id: UUID
    run: Run
    tool_call_id: ToolCallId
    result: QueryResult

    @property
    def message_id(self) -> UUID:
        """The answer."""
        return self.run.assistant_message_id


def query_result(*rows: tuple[Cell, ...], columns: tuple[str, ...] = ("value",)) -> QueryResult:
    """A result of these rows, by default one figure."""
    return QueryResult(
        query_id=uuid4(),
        statement="select value from somewhere",
        parameters={},
        columns=columns,
        rows=rows or ((Decimal("1.50"),),),
        truncated=False,
        publication_id=3,
        as_of_date=date(2025, 9, 12),
        published_at=datetime(2025, 9, 12, 22, tzinfo=UTC),
    )


async def answer(
    store: ChatStore,
    user_id: UUID,
    *,
    question: str = "How much is it?",
    text: str = "It is 1.5.",
    verified: bool = True,
    statement: str = "select value from somewhere",
    conversation_id: UUID | None = None,
) -> Answered:
    """Write a conversation with a finished answer: one tool call, one query, one figure."""
    if conversation_id is None:
        conversation_id = (await store.conversations.create(user_id, "blue")).conversation_id
    run = await store.messages.begin_run(user_id, conversation_id, question, "blue")
    tool_call_id = await store.messages.add_tool_call(run, "sql", {"statement": "select 1"})
    result = replace(query_result(), statement=statement)
    await store.messages.add_query(tool_call_id, result, "the value")
    await store.messages.end_tool_call(tool_call_id, ok=True, result="[[1.50]]", duration_ms=12)
    figure = Figure("1.5", 6, result.query_id, 0, "value", verified=True)
    if not verified:
        figure = replace(figure, query_id=None, row=None, column=None, verified=False)
    await store.messages.end_run(run, "done", text, [figure], **COUNTS)
    return Answered(conversation_id, run, tool_call_id, result)


async def prompt_context(
    store: ChatStore,
    user_id: UUID,
    *,
    conversation_id: UUID | None = None,
    portfolio_id: UUID | None = None,
    messages: int = 50,
) -> PromptContext:
    """What a prompt of this user has from the store; by default of a new conversation."""
    async with store.transactions.as_user(user_id) as transaction:
        return await read_context(
            transaction,
            user_id,
            conversation_id or uuid4(),
            portfolio_id=portfolio_id,
            messages=messages,
            examples=100,
        )


def insight(portfolio_id: UUID, message_id: UUID, **values: Any) -> NewInsight:
    """A briefing that this answer wrote."""
    written: dict[str, Any] = {
        "portfolio_id": portfolio_id,
        "message_id": message_id,
        "insight_type": "daily_summary",
        "focus_area": None,
        "user_question": None,
        "title": "A calm day",
        "severity": "normal",
        "summary": "It is 1.5.",
        "key_findings": ["It is 1.5."],
        "recommendations": ["Look again tomorrow."],
        "full_analysis": "It is 1.5, as yesterday.",
        "data_limitations": "None.",
        "publication_id": 3,
        "as_of_date": date(2025, 9, 12),
    }
    return NewInsight(**{**written, **values})
