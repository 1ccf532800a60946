"""Messages as they are read back, with what each answer stands on."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from api.chat.results import Figure, QueryResult
from api.chat.store.codec import decode
from api.chat.store.conversations import Mode
from api.chat.store.transactions import Transaction

Status = Literal["running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class LoggedQuery:
    """A query of an answer without its rows; refused_reason is None unless it was refused or failed."""

    query_id: UUID
    purpose: str | None
    statement: str
    publication_id: int | None
    as_of_date: date | None
    row_count: int | None
    truncated: bool | None
    refused_reason: str | None


@dataclass(frozen=True)
class LoggedToolCall:
    """A tool call of an answer. ok, result and duration_ms are None while it runs."""

    tool_call_id: UUID
    name: str
    arguments: dict[str, Any]
    ok: bool | None
    result: str | None
    duration_ms: int | None
    queries: tuple[LoggedQuery, ...]


@dataclass(frozen=True)
class Message:
    """A message. tool_calls and figures: of an answer, in order. rating: the user's feedback on it."""

    message_id: UUID
    conversation_id: UUID
    run_id: UUID
    role: Literal["user", "assistant"]
    mode: Mode
    status: Status
    content: str
    created_at: datetime
    finished_at: datetime | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int | None
    first_token_ms: int | None
    error_type: str | None
    rating: Literal["up", "down"] | None
    tool_calls: tuple[LoggedToolCall, ...]
    figures: tuple[Figure, ...]

    @property
    def queries(self) -> tuple[LoggedQuery, ...]:
        """The queries of all its tool calls that returned a result."""
        return tuple(
            query for call in self.tool_calls for query in call.queries if query.refused_reason is None
        )


MESSAGES = """
select
    m.message_id, m.conversation_id, m.run_id, m.role, m.mode, m.status, m.content, m.created_at,
    m.finished_at, m.model, m.input_tokens, m.output_tokens, m.latency_ms, m.first_token_ms, m.error_type,
    f.rating
from chat.messages as m
left join chat.feedback as f using (message_id)
where m.user_id = %(user_id)s and m.conversation_id = %(conversation_id)s
"""
TOOL_CALLS = """
select message_id, tool_call_id, name, arguments, ok, result, duration_ms
from chat.tool_calls
where user_id = %(user_id)s and message_id = any(%(message_ids)s)
order by message_id, seq
"""
QUERIES = """
select
    q.tool_call_id, q.query_id, q.purpose, q.statement, q.publication_id, q.as_of_date, q.row_count,
    q.truncated, q.refused_reason
from chat.queries as q
join chat.tool_calls as t using (tool_call_id)
where t.user_id = %(user_id)s and t.message_id = any(%(message_ids)s)
order by q.position
"""
FIGURES = """
select message_id, text, start, query_id, row_index as row, column_name as column, verified
from chat.figures
where user_id = %(user_id)s and message_id = any(%(message_ids)s)
order by message_id, position
"""


async def read_messages(
    transaction: Transaction,
    user_id: UUID,
    conversation_id: UUID,
    *,
    condition: str = "true",
    order: Literal["asc", "desc"] = "asc",
    limit: int | None = None,
    offset: int = 0,
    **parameters: Any,
) -> list[Message]:
    """Read messages of a conversation in the order of their writing. condition: in SQL, of messages `m`."""
    rows = await transaction.rows(
        f"{MESSAGES} and {condition} order by m.position {order} limit %(limit)s offset %(offset)s",
        user_id=user_id,
        conversation_id=conversation_id,
        limit=limit,
        offset=offset,
        **parameters,
    )
    of_these = {"user_id": user_id, "message_ids": [row["message_id"] for row in rows]}
    queries = _grouped(await transaction.rows(QUERIES, **of_these), "tool_call_id")
    calls = _grouped(await transaction.rows(TOOL_CALLS, **of_these), "message_id")
    figures = _grouped(await transaction.rows(FIGURES, **of_these), "message_id")
    return [
        Message(
            **row,
            tool_calls=tuple(_tool_call(call, queries) for call in calls.get(row["message_id"], [])),
            figures=tuple(Figure(**figure) for figure in figures.get(row["message_id"], [])),
        )
        for row in rows
    ]


def query_result(row: dict[str, Any]) -> QueryResult:
    """Restore the result of a row of chat.queries; its sha256 is that of the recorded one."""
    return QueryResult(
        query_id=row["query_id"],
        statement=row["statement"],
        parameters={name: decode(value) for name, value in row["parameters"].items()},
        columns=tuple(row["result"]["columns"]),
        rows=tuple(tuple(decode(cells)) for cells in row["result"]["rows"]),
        truncated=row["truncated"],
        publication_id=row["publication_id"],
        as_of_date=row["as_of_date"],
        published_at=row["published_at"],
    )


def _tool_call(call: dict[str, Any], queries: dict[UUID, list[dict[str, Any]]]) -> LoggedToolCall:
    logged = tuple(LoggedQuery(**query) for query in queries.get(call["tool_call_id"], []))
    return LoggedToolCall(**call, queries=logged)


def _grouped(rows: list[dict[str, Any]], key: str) -> dict[UUID, list[dict[str, Any]]]:
    """Group the rows by this column, and remove it from them."""
    groups: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row.pop(key), []).append(row)
    return groups
