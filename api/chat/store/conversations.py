"""Conversations of a user, the latest first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from api.chat.store.codec import storable
from api.chat.store.transactions import Transaction, Transactions
from api.http.errors import ConversationNotFound

Mode = Literal["green", "blue", "indigo", "violet"]
Kind = Literal["chat", "insight", "mcp"]
TITLE_LENGTH = 200
MOST_EMPTY = 100
"""Conversations of a user without a message: a new one takes the place of the oldest."""

COLUMNS = "conversation_id, kind, mode, portfolio_id, title, created_at, last_message_at"


@dataclass(frozen=True)
class Conversation:
    """One conversation. kind: chat; insight and mcp hold the records of a briefing or an MCP session."""

    conversation_id: UUID
    kind: Kind
    mode: Mode
    portfolio_id: UUID | None
    title: str | None
    created_at: datetime
    last_message_at: datetime
    message_count: int


@dataclass(frozen=True)
class ModeChange:
    """The result of changing a conversation's mode."""

    previous: Mode
    new: Mode
    changed_at: datetime


ConversationList = list[Conversation]


class Conversations:
    """Creates, lists, changes and deletes conversations. Raises ChatUnavailable when the database is down."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def create(
        self,
        user_id: UUID,
        mode: Mode,
        portfolio_id: UUID | None = None,
        title: str | None = None,
        *,
        kind: Kind = "chat",
    ) -> Conversation:
        """Create a conversation. Without a title it gets that of its first message."""
        async with self._transactions.as_user(user_id) as transaction:
            await transaction.run(
                """
                delete from chat.conversations
                where last_message_at = created_at and conversation_id in (
                    select conversation_id from chat.conversations
                    where user_id = %(user_id)s and kind = 'chat' and last_message_at = created_at
                    order by created_at desc, conversation_id
                    offset %(others)s
                )
                """,
                user_id=user_id,
                others=MOST_EMPTY - 1,
            )
            row = await transaction.row(
                f"""
                insert into chat.conversations (user_id, kind, mode, portfolio_id, title)
                values (%(user_id)s, %(kind)s, %(mode)s, %(portfolio_id)s, %(title)s)
                returning {COLUMNS}, 0 as message_count
                """,
                user_id=user_id,
                kind=kind,
                mode=mode,
                portfolio_id=portfolio_id,
                title=None if title is None else as_title(title),
            )
        return _conversation(row)

    async def get(self, user_id: UUID, conversation_id: UUID) -> Conversation:
        """Return the conversation. Raises ConversationNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"""
                select {COLUMNS}, (
                    select count(*) from chat.messages as m where m.conversation_id = c.conversation_id
                ) as message_count
                from chat.conversations as c
                where user_id = %(user_id)s and conversation_id = %(conversation_id)s
                """,
                user_id=user_id,
                conversation_id=conversation_id,
            )
        return _conversation(row)

    async def list(self, user_id: UUID, limit: int, offset: int) -> ConversationList:
        """Return a page of the user's chats, the one with the latest message first."""
        async with self._transactions.as_user(user_id) as transaction:
            rows = await transaction.rows(
                f"""
                select {COLUMNS}, (
                    select count(*) from chat.messages as m where m.conversation_id = c.conversation_id
                ) as message_count
                from chat.conversations as c
                where user_id = %(user_id)s and kind = 'chat'
                order by last_message_at desc, conversation_id
                limit %(limit)s offset %(offset)s
                """,
                user_id=user_id,
                limit=limit,
                offset=offset,
            )
        return [_conversation(row) for row in rows]

    async def set_mode(self, user_id: UUID, conversation_id: UUID, mode: Mode) -> ModeChange:
        """Change the mode of the following answers. Raises ConversationNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            previous = await lock_conversation(transaction, user_id, conversation_id)
            await transaction.run(
                """
                update chat.conversations set mode = %(mode)s
                where user_id = %(user_id)s and conversation_id = %(conversation_id)s
                """,
                user_id=user_id,
                conversation_id=conversation_id,
                mode=mode,
            )
        return ModeChange(previous["mode"], mode, datetime.now(UTC))

    async def delete(self, user_id: UUID, conversation_id: UUID) -> None:
        """Delete the conversation with everything that belongs to it. Raises ConversationNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            deleted = await transaction.run(
                """
                delete from chat.conversations
                where user_id = %(user_id)s and conversation_id = %(conversation_id)s
                """,
                user_id=user_id,
                conversation_id=conversation_id,
            )
        if not deleted:
            raise ConversationNotFound


async def lock_conversation(transaction: Transaction, user_id: UUID, conversation_id: UUID) -> dict[str, Any]:
    """Lock the user's conversation until the transaction ends. Raises ConversationNotFound."""
    row = await transaction.row(
        """
        select mode, title from chat.conversations
        where user_id = %(user_id)s and conversation_id = %(conversation_id)s
        for update
        """,
        user_id=user_id,
        conversation_id=conversation_id,
    )
    if row is None:
        raise ConversationNotFound
    return row


def as_title(text: str) -> str | None:
    """Return the text on one line, cut to the length of a title; None if nothing is left."""
    return " ".join(storable(text).split())[:TITLE_LENGTH].strip() or None


def _conversation(row: dict[str, Any] | None) -> Conversation:
    if row is None:
        raise ConversationNotFound
    return Conversation(**row)
