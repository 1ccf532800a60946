"""Messages of a conversation, and the record of each answer: its tool calls, queries and figures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from api.chat.results import Figure, QueryResult
from api.chat.store.codec import encode, storable, storable_json
from api.chat.store.conversations import Mode, as_title, lock_conversation
from api.chat.store.message_records import Message, query_result, read_messages
from api.chat.store.runs import (
    ABANDONED,
    Run,
    RunEndedError,
    ToolCallId,
    add_figures,
    end_open_tool_calls,
    fail_abandoned,
)
from api.chat.store.transactions import Transaction, Transactions
from api.http.errors import ConversationBusy, ConversationNotFound, MessageNotFound

Ending = Literal["done", "failed", "cancelled"]
TITLE_FROM_TEXT = 80

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
        run = Run.start(user_id, conversation_id)
        try:
            await self._begin(run, text, mode)
        except UniqueViolation:
            if not await self._fail_abandoned(user_id):
                raise ConversationBusy from None
            try:
                await self._begin(run, text, mode)
            except UniqueViolation:
                raise ConversationBusy from None
        return run

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
            changed = await transaction.run(
                """
                update chat.messages set status = %(status)s, content = %(content)s, model = %(model)s,
                    input_tokens = %(input_tokens)s, output_tokens = %(output_tokens)s,
                    latency_ms = %(latency_ms)s, first_token_ms = %(first_token_ms)s,
                    error_type = %(error_type)s, finished_at = now()
                where user_id = %(user_id)s and message_id = %(message_id)s
                    and (status = 'running' or error_type = %(abandoned)s)
                """,
                user_id=run.user_id,
                message_id=run.assistant_message_id,
                status=status,
                content=storable(content),
                model=model,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                latency_ms=latency_ms,
                first_token_ms=first_token_ms,
                error_type=error_type,
                abandoned=ABANDONED,
            )
            await _add_usage(transaction, run, (input_tokens or 0) + (output_tokens or 0))
            if changed:
                await end_open_tool_calls(transaction, [run.assistant_message_id])
                await add_figures(transaction, run, figures)
                await _touch(transaction, run)
        if not changed:
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

    async def end_tool_call(self, tool_call_id: ToolCallId, ok: bool, result: str, duration_ms: int) -> None:
        """Record what the tool answered. Raises RunEndedError."""
        async with self._transactions.as_user(tool_call_id.user_id) as transaction:
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
        await self._add_query(
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

    async def add_refused_query(self, tool_call_id: ToolCallId, statement: str, reason: str) -> None:
        """Record a statement that was refused or failed, with the sentence. Raises RunEndedError."""
        await self._add_query(tool_call_id, query_id=uuid4(), statement=statement, refused_reason=reason)

    # --- reading ----------------------------------------------------------------------------------

    async def history(self, user_id: UUID, conversation_id: UUID, limit: int) -> MessageList:
        """Return the last `limit` finished messages, oldest first, for the model.

        Answers that failed, or were cancelled before any text, are left out. Raises ConversationNotFound.
        """
        async with self._transactions.as_user(user_id) as transaction:
            await _check_conversation(transaction, user_id, conversation_id)
            condition = "(m.status = 'done' or (m.status = 'cancelled' and m.content <> ''))"
            newest = await read_messages(
                transaction, user_id, conversation_id, condition=condition, order="desc", limit=limit
            )
        return newest[::-1]

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

    async def queries_of(self, user_id: UUID, conversation_id: UUID) -> ResultList:
        """Return the logged results of the conversation, oldest first. Raises ConversationNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            await _check_conversation(transaction, user_id, conversation_id)
            rows = await transaction.rows(
                """
                select q.* from chat.queries as q
                join chat.tool_calls as t using (tool_call_id)
                join chat.messages as m using (message_id)
                where m.user_id = %(user_id)s and m.conversation_id = %(conversation_id)s
                    and q.result is not null
                order by q.position
                """,
                user_id=user_id,
                conversation_id=conversation_id,
            )
        return [query_result(row) for row in rows]

    async def tokens_since(self, user_id: UUID, since: datetime) -> int:
        """Sum the tokens of the answers that ended since then, at most two days ago; deleted ones too."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                """
                select coalesce(sum(tokens), 0)::bigint as tokens from chat.usage
                where user_id = %(user_id)s and ended_at >= %(since)s
                """,
                user_id=user_id,
                since=since,
            )
        return 0 if row is None else int(row["tokens"])

    # --- parts ------------------------------------------------------------------------------------

    async def _begin(self, run: Run, text: str, mode: Mode) -> None:
        """Record question and answer. Raises UniqueViolation while another answer is running."""
        async with self._transactions.as_user(run.user_id) as transaction:
            conversation = await lock_conversation(transaction, run.user_id, run.conversation_id)
            await _add_messages(transaction, run, storable(text), mode)
            await _touch(transaction, run, conversation["title"] or as_title(text[:TITLE_FROM_TEXT]))

    async def _fail_abandoned(self, user_id: UUID) -> int:
        async with self._transactions.as_user(user_id) as transaction:
            return await fail_abandoned(transaction, self._chat_seconds)

    async def _add_query(
        self,
        tool_call_id: ToolCallId,
        *,
        statement: str,
        parameters: Mapping[str, Any] | None = None,
        result: Mapping[str, Any] | None = None,
        **columns: Any,
    ) -> None:
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
        async with self._transactions.as_user(tool_call_id.user_id) as transaction:
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


async def _add_messages(transaction: Transaction, run: Run, text: str, mode: Mode) -> None:
    await transaction.run(
        """
        insert into chat.messages (
            message_id, conversation_id, user_id, run_id, role, mode, status, content, finished_at
        )
        values
            (%(question)s, %(conversation_id)s, %(user_id)s, %(run_id)s, 'user', %(mode)s, 'done', %(text)s,
                now()),
            (%(answer)s, %(conversation_id)s, %(user_id)s, %(run_id)s, 'assistant', %(mode)s, 'running', '',
                null)
        """,
        question=run.user_message_id,
        answer=run.assistant_message_id,
        conversation_id=run.conversation_id,
        user_id=run.user_id,
        run_id=run.run_id,
        mode=mode,
        text=text,
    )


async def _add_usage(transaction: Transaction, run: Run, tokens: int) -> None:
    await transaction.run(
        """
        insert into chat.usage (run_id, user_id, tokens) values (%(run_id)s, %(user_id)s, %(tokens)s)
        on conflict (run_id) do nothing
        """,
        run_id=run.run_id,
        user_id=run.user_id,
        tokens=tokens,
    )


async def _touch(transaction: Transaction, run: Run, title: str | None = None) -> None:
    """Note that the conversation has a new message; title: None leaves its title as it is."""
    await transaction.run(
        """
        update chat.conversations set last_message_at = now(), title = coalesce(%(title)s, title)
        where user_id = %(user_id)s and conversation_id = %(conversation_id)s
        """,
        user_id=run.user_id,
        conversation_id=run.conversation_id,
        title=title,
    )


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
