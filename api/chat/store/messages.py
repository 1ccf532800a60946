"""Messages of a conversation, and the record of each answer: its tool calls, queries and figures."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from api.chat.results import Figure, QueryResult
from api.chat.store.asking import Asking
from api.chat.store.codec import encode, storable, storable_json
from api.chat.store.conversations import Mode
from api.chat.store.message_records import Message, query_result, read_messages
from api.chat.store.runs import ABANDONED, Run, RunEndedError, ToolCallId, add_figures
from api.chat.store.transactions import Transaction, Transactions
from api.http.errors import ConversationNotFound, MessageNotFound

Ending = Literal["done", "failed", "cancelled"]

# The tokens count even if the conversation was deleted meanwhile.
END_RUN = """
with ended as (
    update chat.messages set status = %(status)s, content = %(content)s, model = %(model)s,
        input_tokens = %(input_tokens)s, output_tokens = %(output_tokens)s,
        latency_ms = %(latency_ms)s, first_token_ms = %(first_token_ms)s,
        error_type = %(error_type)s, finished_at = now()
    where user_id = %(user_id)s and message_id = %(message_id)s
        and (status = 'running' or error_type = %(abandoned)s)
    returning message_id
),

used as (
    insert into chat.usage (run_id, user_id, tokens)
    values (
        %(run_id)s, %(user_id)s, coalesce(%(input_tokens)s, 0)::bigint + coalesce(%(output_tokens)s, 0)
    )
    on conflict (run_id) do nothing
),

interrupted as (
    update chat.tool_calls set ok = false, result = 'Interrupted.',
        duration_ms = greatest(0, extract(epoch from clock_timestamp() - started_at) * 1000)::integer
    where message_id in (select message_id from ended) and ok is null
),

touched as (
    update chat.conversations set last_message_at = now()
    where user_id = %(user_id)s and conversation_id = %(conversation_id)s
        and exists(select from ended)
)

select exists(select from ended) as is_ended
"""

LOGGED_RESULTS = """
select q.* from chat.queries as q
join chat.tool_calls as t using (tool_call_id)
join chat.messages as m using (message_id)
where m.user_id = %(user_id)s and m.conversation_id = %(conversation_id)s and q.result is not null
"""

MessageList = list[Message]
ResultList = list[QueryResult]


class Messages:
    """Records and reads messages. Raises ChatUnavailable when the database is down."""

    def __init__(self, transactions: Transactions, chat_seconds: float) -> None:
        self._transactions = transactions
        self._chat_seconds = chat_seconds

    # --- writing an answer ------------------------------------------------------------------------

    async def begin_run(self, user_id: UUID, conversation_id: UUID, text: str, mode: Mode) -> Run:
        """Record the user's message and an answer that is running.

        Raises ConversationNotFound, or ConversationBusy while another answer of the conversation is running.
        """
        now = datetime.now(UTC)
        async with self.asking(user_id, conversation_id, tokens_since=now) as asking:
            return await asking.record(text, mode)

    @asynccontextmanager
    async def asking(
        self, user_id: UUID, conversation_id: UUID, *, tokens_since: datetime
    ) -> AsyncIterator[Asking]:
        """Open the transaction in which a question is looked at and recorded.

        tokens_since: from when on the user's tokens are added up, at most two days ago; those of deleted
        answers count. Raises ConversationNotFound.
        """
        async with self._transactions.as_user(user_id) as transaction:
            yield await Asking.lock(
                transaction,
                user_id,
                conversation_id,
                chat_seconds=self._chat_seconds,
                tokens_since=tokens_since,
            )

    async def end_run(
        self,
        run: Run,
        status: Ending,
        content: str,
        figures: Sequence[Figure],
        *,
        model: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        latency_ms: int | None = None,
        first_token_ms: int | None = None,
        error_type: str | None = None,
    ) -> None:
        """Record the answer's text, figures and counts at once. The figures' queries must be recorded.

        status: done needs the model and the counts; failed needs an error_type. An answer that was taken for
        abandoned ends as reported here. Raises RunEndedError.
        """
        async with self._transactions.as_user(run.user_id) as transaction:
            row = await transaction.row(
                END_RUN,
                user_id=run.user_id,
                run_id=run.run_id,
                message_id=run.assistant_message_id,
                conversation_id=run.conversation_id,
                status=status,
                content=storable(content),
                model=None if model is None else storable(model),
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                latency_ms=latency_ms,
                first_token_ms=first_token_ms,
                error_type=error_type,
                abandoned=ABANDONED,
            )
            is_ended = row is not None and bool(row["is_ended"])
            if is_ended:
                await add_figures(transaction, run, figures)
        if not is_ended:
            raise RunEndedError

    async def add_tool_call(self, run: Run, name: str, arguments: Mapping[str, Any]) -> ToolCallId:
        """Record that the answer calls a tool. Raises RunEndedError."""
        async with self._transactions.as_user(run.user_id) as transaction:
            await _lock_running(transaction, run)
            row = await transaction.row(
                """
                insert into chat.tool_calls (message_id, user_id, seq, name, arguments)
                select %(message_id)s, %(user_id)s, coalesce(max(seq), 0) + 1, %(name)s, %(arguments)s
                from chat.tool_calls where message_id = %(message_id)s
                returning tool_call_id
                """,
                message_id=run.assistant_message_id,
                user_id=run.user_id,
                name=storable(name),
                arguments=Jsonb(storable_json(arguments)),
            )
        if row is None:
            raise RunEndedError
        return ToolCallId(row["tool_call_id"], run.user_id)

    async def end_tool_call(
        self,
        tool_call_id: ToolCallId,
        ok: bool,
        result: str,
        duration_ms: int,
        *,
        queries: Sequence[QueryResult] = (),
        purpose: str | None = None,
    ) -> None:
        """Record what the tool answered, and its queries with their whole results, at once.

        purpose: of the queries. The model sees the answer afterwards. Raises RunEndedError.
        """
        async with self._transactions.as_user(tool_call_id.user_id) as transaction:
            for query in queries:
                await _add_result(transaction, tool_call_id, query, purpose)
            changed = await transaction.run(
                """
                update chat.tool_calls set ok = %(ok)s, result = %(result)s, duration_ms = %(duration_ms)s
                where user_id = %(user_id)s and tool_call_id = %(tool_call_id)s and ok is null
                """,
                user_id=tool_call_id.user_id,
                tool_call_id=tool_call_id,
                ok=ok,
                result=storable(result),
                duration_ms=duration_ms,
            )
        if not changed:
            raise RunEndedError

    async def add_query(self, tool_call_id: ToolCallId, result: QueryResult, purpose: str | None) -> None:
        """Record a query with its whole result, before the model sees it. Raises RunEndedError."""
        async with self._transactions.as_user(tool_call_id.user_id) as transaction:
            await _add_result(transaction, tool_call_id, result, purpose)

    async def add_refused_query(self, tool_call_id: ToolCallId, statement: str, reason: str) -> None:
        """Record a statement that was refused or failed, with the sentence. Raises RunEndedError."""
        async with self._transactions.as_user(tool_call_id.user_id) as transaction:
            await _add_query(
                transaction, tool_call_id, query_id=uuid4(), statement=statement, refused_reason=reason
            )

    # --- reading ----------------------------------------------------------------------------------

    async def list(self, user_id: UUID, conversation_id: UUID, limit: int, offset: int) -> MessageList:
        """Return a page of all messages, oldest first. Raises ConversationNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            await _check_conversation(transaction, user_id, conversation_id)
            return await read_messages(
                transaction, user_id, conversation_id, order="asc", limit=limit, offset=offset
            )

    async def get(self, user_id: UUID, message_id: UUID) -> Message:
        """Return one message with its record. Raises MessageNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            found = await transaction.row(
                """
                select conversation_id from chat.messages
                where user_id = %(user_id)s and message_id = %(message_id)s
                """,
                user_id=user_id,
                message_id=message_id,
            )
            if found is None:
                raise MessageNotFound
            messages = await read_messages(
                transaction,
                user_id,
                found["conversation_id"],
                condition="m.message_id = %(message_id)s",
                message_id=message_id,
            )
        return messages[0]

    async def query_of(self, user_id: UUID, conversation_id: UUID, query_id: UUID) -> QueryResult | None:
        """Return one logged result of the conversation; None if it has none of this id."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"{LOGGED_RESULTS} and q.query_id = %(query_id)s",
                user_id=user_id,
                conversation_id=conversation_id,
                query_id=query_id,
            )
        return None if row is None else query_result(row)

    async def queries_of(self, user_id: UUID, conversation_id: UUID) -> ResultList:
        """Return the logged results of the conversation, oldest first. Raises ConversationNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            rows = await transaction.rows(
                f"{LOGGED_RESULTS} order by q.position", user_id=user_id, conversation_id=conversation_id
            )
            if not rows:
                await _check_conversation(transaction, user_id, conversation_id)
        return [query_result(row) for row in rows]


async def _add_result(
    transaction: Transaction, tool_call_id: ToolCallId, result: QueryResult, purpose: str | None
) -> None:
    await _add_query(
        transaction,
        tool_call_id,
        query_id=result.query_id,
        purpose=purpose,
        statement=result.statement,
        parameters=result.parameters,
        publication_id=result.publication_id,
        as_of_date=result.as_of_date,
        published_at=result.published_at,
        row_count=result.row_count,
        truncated=result.truncated,
        result={"columns": encode(result.columns), "rows": encode(result.rows)},
        result_sha256=result.sha256,
    )


async def _add_query(
    transaction: Transaction,
    tool_call_id: ToolCallId,
    *,
    statement: str,
    parameters: Mapping[str, Any] | None = None,
    result: Mapping[str, Any] | None = None,
    **columns: Any,
) -> None:
    """Record a query of a running call. Raises RunEndedError."""
    text = storable(statement)
    values = {
        "purpose": None,
        "publication_id": None,
        "as_of_date": None,
        "published_at": None,
        "row_count": None,
        "truncated": None,
        "result_sha256": None,
        "refused_reason": None,
        **{name: storable(value) if isinstance(value, str) else value for name, value in columns.items()},
    }
    added = await transaction.run(
        """
        insert into chat.queries (
            query_id, tool_call_id, user_id, purpose, statement, statement_sha256, parameters,
            publication_id, as_of_date, published_at, row_count, truncated, result, result_sha256,
            refused_reason
        )
        select
            %(query_id)s, tool_call_id, user_id, %(purpose)s, %(statement)s, %(statement_sha256)s,
            %(parameters)s, %(publication_id)s, %(as_of_date)s, %(published_at)s, %(row_count)s,
            %(truncated)s, %(result)s, %(result_sha256)s, %(refused_reason)s
        from chat.tool_calls
        where user_id = %(user_id)s and tool_call_id = %(tool_call_id)s and ok is null
        """,
        user_id=tool_call_id.user_id,
        tool_call_id=tool_call_id,
        statement=text,
        statement_sha256=sha256(text.encode()).hexdigest(),
        parameters=Jsonb({name: encode(value) for name, value in (parameters or {}).items()}),
        result=None if result is None else Jsonb(result),
        **values,
    )
    if not added:
        raise RunEndedError


async def _lock_running(transaction: Transaction, run: Run) -> None:
    row = await transaction.row(
        """
        select from chat.messages
        where user_id = %(user_id)s and message_id = %(message_id)s and status = 'running'
        for update
        """,
        user_id=run.user_id,
        message_id=run.assistant_message_id,
    )
    if row is None:
        raise RunEndedError


async def _check_conversation(transaction: Transaction, user_id: UUID, conversation_id: UUID) -> None:
    row = await transaction.row(
        """
        select from chat.conversations
        where user_id = %(user_id)s and conversation_id = %(conversation_id)s
        """,
        user_id=user_id,
        conversation_id=conversation_id,
    )
    if row is None:
        raise ConversationNotFound
