"""A run: one answer being written, from the user's message to the answer's last figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from api.chat.results import Figure
from api.chat.store.transactions import Transaction
from warehouse.errors import SigmaSightError

GRACE_SECONDS = 15
"""Beyond chat_seconds, before a running answer counts as abandoned."""

ABANDONED = "ABANDONED"
"""The error_type of an answer whose process died."""


class RunEndedError(SigmaSightError):
    """The run has ended already, or its conversation was deleted: nothing of it is recorded any more."""

    def __init__(self) -> None:
        super().__init__("This answer has ended already, or its conversation was deleted.")


@dataclass(frozen=True)
class Run:
    """The ids of a run, and whose it is."""

    run_id: UUID
    user_message_id: UUID
    assistant_message_id: UUID
    user_id: UUID
    conversation_id: UUID

    @classmethod
    def start(cls, user_id: UUID, conversation_id: UUID) -> "Run":
        """Make a run with new ids."""
        return cls(uuid4(), uuid4(), uuid4(), user_id, conversation_id)


class ToolCallId(UUID):
    """The id of a tool call, which remembers its user: a call is ended as the user who began it."""

    __slots__ = ("user_id",)
    user_id: UUID

    def __init__(self, tool_call_id: UUID, user_id: UUID) -> None:
        super().__init__(int=tool_call_id.int)
        object.__setattr__(self, "user_id", user_id)


async def fail_abandoned(transaction: Transaction, chat_seconds: float) -> int:
    """Mark running answers as failed that no process can still be writing, and return their number.

    As user: theirs. As operator: those of all users. chat_seconds: how long an answer may take.
    """
    rows = await transaction.rows(
        """
        update chat.messages set status = 'failed', error_type = %(error_type)s, finished_at = now()
        where status = 'running' and created_at < now() - make_interval(secs => %(seconds)s)
        returning message_id
        """,
        error_type=ABANDONED,
        seconds=chat_seconds + GRACE_SECONDS,
    )
    if rows:
        await end_open_tool_calls(transaction, [row["message_id"] for row in rows])
    return len(rows)


async def end_open_tool_calls(transaction: Transaction, message_ids: list[UUID]) -> None:
    """End the tool calls of these answers that were interrupted."""
    await transaction.run(
        """
        update chat.tool_calls set ok = false, result = 'Interrupted.',
            duration_ms = greatest(0, extract(epoch from clock_timestamp() - started_at) * 1000)::integer
        where message_id = any(%(message_ids)s) and ok is null
        """,
        message_ids=message_ids,
    )


async def add_figures(transaction: Transaction, run: Run, figures: Sequence[Figure]) -> None:
    """Record the figures of the finished answer, in the order of its text."""
    rows: list[dict[str, Any]] = [
        {
            "message_id": run.assistant_message_id,
            "user_id": run.user_id,
            "position": position,
            "text": figure.text,
            "start": figure.start,
            "query_id": figure.query_id,
            "row_index": figure.row,
            "column_name": figure.column,
            "verified": figure.verified,
        }
        for position, figure in enumerate(figures)
    ]
    if rows:
        await transaction.run_many(
            """
            insert into chat.figures (
                message_id, user_id, position, text, start, query_id, row_index, column_name, verified
            )
            select * from jsonb_to_recordset(%(rows)s) as figure (
                message_id uuid, user_id uuid, position integer, text text, start integer, query_id uuid,
                row_index integer, column_name text, verified boolean
            )
            """,
            rows,
        )
