"""A question, asked in one transaction: its conversation is locked, looked at, and gets the messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.chat.store.codec import storable
from api.chat.store.conversations import Kind, Mode, as_title
from api.chat.store.runs import Run, fail_abandoned
from api.chat.store.transactions import Transaction
from api.http.errors import ConversationBusy, ConversationNotFound

TITLE_FROM_TEXT = 80
MOST_CALLS = 1000
"""Calls over MCP of a user that are kept: they cost no tokens, and a record of all would fill the disk."""

LOCK = """
select
    c.kind, c.mode, c.portfolio_id, c.title,
    (
        select coalesce(sum(u.tokens), 0)::bigint from chat.usage as u
        where u.user_id = %(user_id)s and u.ended_at >= %(tokens_since)s
    ) as tokens,
    exists(
        select from chat.messages as m
        where m.conversation_id = c.conversation_id and m.status = 'running'
    ) as is_busy
from chat.conversations as c
where c.user_id = %(user_id)s and c.conversation_id = %(conversation_id)s
for update of c
"""

CONTEXT = """
select
    (
        select coalesce(json_agg(json_build_array(role, content) order by position), '[]')
        from (
            select position, role, content from chat.messages
            where user_id = %(user_id)s and conversation_id = %(conversation_id)s
                and (status = 'done' or (status = 'cancelled' and content <> ''))
            order by position desc
            limit %(messages)s
        ) as latest
    ) as history,
    (
        select coalesce(json_agg(json_build_array(scope, content) order by created_at, memory_id), '[]')
        from chat.memories
        where user_id = %(user_id)s and expires_at > now() and confirmed_at is not null
            and (portfolio_id is null or portfolio_id = %(portfolio_id)s)
    ) as memories,
    (
        select coalesce(array_agg(rule order by evidence_count desc, rule), '{}')
        from chat.preferences
        where user_id = %(user_id)s and state = 'active'
    ) as preferences,
    (
        select coalesce(
            json_agg(json_build_array(question, statements) order by reviewed_at desc, example_id), '[]'
        )
        from (
            select question, statements, reviewed_at, example_id from chat.examples
            where state = 'active' and (user_id is null or user_id = %(user_id)s)
            order by reviewed_at desc, example_id
            limit %(examples)s
        ) as newest
    ) as examples
"""

DROP_OLDEST_CALLS = """
delete from chat.messages
where user_id = %(user_id)s and run_id in (
    select m.run_id
    from chat.conversations as c
    join chat.messages as m using (conversation_id)
    where c.user_id = %(user_id)s and c.kind = 'mcp' and m.role = 'user'
    order by m.position desc
    offset %(others)s
)
"""

# A conversation that another call holds or has just begun is left to it.
DROP_EMPTY_SESSIONS = """
delete from chat.conversations
where conversation_id in (
    select conversation_id from chat.conversations as c
    where user_id = %(user_id)s and kind = 'mcp' and last_message_at > created_at
        and conversation_id <> %(conversation_id)s
        and not exists (select from chat.messages as m where m.conversation_id = c.conversation_id)
    for update skip locked
)
"""

ADD_MESSAGES = """
with added as (
    insert into chat.messages (
        message_id, conversation_id, user_id, run_id, role, mode, status, content, finished_at
    )
    values
        (%(question)s, %(conversation_id)s, %(user_id)s, %(run_id)s, 'user', %(mode)s, 'done', %(text)s,
            now()),
        (%(answer)s, %(conversation_id)s, %(user_id)s, %(run_id)s, 'assistant', %(mode)s, 'running', '',
            null)
    on conflict (conversation_id) where status = 'running' do nothing
    returning message_id
),

touched as (
    update chat.conversations set last_message_at = now(), title = coalesce(%(title)s, title)
    where user_id = %(user_id)s and conversation_id = %(conversation_id)s
)

select count(*) as messages from added
"""


@dataclass(frozen=True)
class Said:
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True)
class Remembered:
    """A confirmed memory: about the user, or about the portfolio of the question."""

    scope: Literal["user", "portfolio"]
    content: str


@dataclass(frozen=True)
class Example:
    """An active example: a question with the statements that answered it."""

    question: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class PromptContext:
    """What the store knows for a prompt.

    history: the latest finished messages, oldest first, without answers that failed or were cancelled before
    any text. memories: oldest first. preferences: rules that a reviewer activated for this user, those with
    most evidence first. examples: of reviewers and this user's own, the newest first.
    """

    history: tuple[Said, ...]
    memories: tuple[Remembered, ...]
    preferences: tuple[str, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Asking:
    """A locked conversation of a user. tokens: of the user's answers since the instant that was given."""

    transaction: Transaction
    user_id: UUID
    conversation_id: UUID
    chat_seconds: float
    kind: Kind
    mode: Mode
    portfolio_id: UUID | None
    title: str | None
    tokens: int
    is_busy: bool

    @classmethod
    async def lock(
        cls,
        transaction: Transaction,
        user_id: UUID,
        conversation_id: UUID,
        *,
        chat_seconds: float,
        tokens_since: datetime,
    ) -> "Asking":
        """Lock the conversation until the transaction ends. Raises ConversationNotFound."""
        row = await transaction.row(
            LOCK, user_id=user_id, conversation_id=conversation_id, tokens_since=tokens_since
        )
        if row is None:
            raise ConversationNotFound
        return cls(transaction, user_id, conversation_id, chat_seconds, **row)

    def check_has_answers(self) -> None:
        """Raise ConversationNotFound for a record of calls over MCP: its results may be a thousand."""
        if self.kind == "mcp":
            raise ConversationNotFound

    async def context(self, portfolio_id: UUID | None, *, messages: int, examples: int) -> PromptContext:
        """Read what the prompt needs, before the question is recorded. messages, examples: at most."""
        return await read_context(
            self.transaction,
            self.user_id,
            self.conversation_id,
            portfolio_id=portfolio_id,
            messages=messages,
            examples=examples,
        )

    async def record(self, text: str, mode: Mode) -> Run:
        """Record the question, and an answer that is running. Of calls over MCP the oldest make room.

        Raises ConversationBusy while another answer of the conversation is running.
        """
        if self.is_busy:
            await fail_abandoned(self.transaction, self.chat_seconds)
        if self.kind == "mcp":
            await self._drop_oldest_calls()
        run = Run.start(self.user_id, self.conversation_id)
        added = await self.transaction.row(
            ADD_MESSAGES,
            question=run.user_message_id,
            answer=run.assistant_message_id,
            conversation_id=run.conversation_id,
            user_id=run.user_id,
            run_id=run.run_id,
            mode=mode,
            text=storable(text),
            title=self.title or as_title(text[:TITLE_FROM_TEXT]),
        )
        if added is None or added["messages"] < 2:  # noqa: PLR2004 - the question and the answer
            raise ConversationBusy
        return run

    async def _drop_oldest_calls(self) -> None:
        await self.transaction.run(DROP_OLDEST_CALLS, user_id=self.user_id, others=MOST_CALLS - 1)
        await self.transaction.run(
            DROP_EMPTY_SESSIONS, user_id=self.user_id, conversation_id=self.conversation_id
        )


async def read_context(
    transaction: Transaction,
    user_id: UUID,
    conversation_id: UUID,
    *,
    portfolio_id: UUID | None,
    messages: int,
    examples: int,
) -> PromptContext:
    """Read what a prompt of this user needs, in one statement."""
    row = await transaction.row(
        CONTEXT,
        user_id=user_id,
        conversation_id=conversation_id,
        portfolio_id=portfolio_id,
        messages=messages,
        examples=examples,
    )
    assert row is not None  # noqa: S101 - an aggregate has a row
    return PromptContext(
        history=tuple(Said(*said) for said in row["history"]),
        memories=tuple(Remembered(*memory) for memory in row["memories"]),
        preferences=tuple(row["preferences"]),
        examples=tuple(Example(question, tuple(statements)) for question, statements in row["examples"]),
    )
