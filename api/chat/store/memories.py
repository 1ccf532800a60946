"""What the chat remembers about a user: written only with their yes, capped, and forgotten in time.

A memory that the chat proposes is stored unconfirmed, and no answer sees it before the user confirms it.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from api.chat.store.transactions import Transaction, Transactions
from api.http.errors import InvalidRequest, MemoryLimitReached, MemoryNotFound, MessageNotFound

Scope = Literal["user", "portfolio"]

MAX_CONTENT = 500
PROPOSAL_DAYS = 7
MAX_PROPOSALS = 20

REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
# invisible characters that change how text reads; the joiners, which some scripts need, are not among them
REFUSED_FORMATS = frozenset("\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}")
BIDIRECTIONAL = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
TAGS = range(0xE0000, 0xE0080)

COLUMNS = "memory_id, scope, portfolio_id, content, source_message_id, created_at, confirmed_at, expires_at"


@dataclass(frozen=True)
class Memory:
    """A memory. confirmed_at: None for a proposal. expires_at: when it is deleted, unless confirmed again."""

    memory_id: UUID
    scope: Scope
    portfolio_id: UUID | None
    content: str
    source_message_id: UUID | None
    created_at: datetime
    confirmed_at: datetime | None
    expires_at: datetime


MemoryPage = tuple[list[Memory], int]


class Memories:
    """Proposes, confirms, lists and deletes memories. Raises ChatUnavailable when the database is down.

    most: confirmed memories per user. days: until a confirmed memory expires.
    """

    def __init__(self, transactions: Transactions, *, most: int, days: int) -> None:
        self._transactions = transactions
        self._most = most
        self._days = days

    async def propose(
        self,
        user_id: UUID,
        content: str,
        scope: Scope,
        portfolio_id: UUID | None,
        source_message_id: UUID | None,
    ) -> Memory:
        """Store a proposal, for seven days; what is already stored is returned as it is.

        scope: portfolio needs a portfolio_id, user ignores it. Raises InvalidRequest, MessageNotFound for the
        source, or MemoryLimitReached.
        """
        content = checked_content(content)
        if scope == "portfolio" and portfolio_id is None:
            raise InvalidRequest("portfolio_id (body): name the portfolio that the memory is about.")
        portfolio_id = portfolio_id if scope == "portfolio" else None
        async with self._transactions.as_user(user_id) as transaction:
            known = await _known(transaction, user_id, content, portfolio_id)
            if known is not None:
                return known
            await self._check_limit(transaction, user_id)
            await _drop_oldest_proposals(transaction, user_id)
            return await _insert(
                transaction,
                user_id=user_id,
                content=content,
                scope=scope,
                portfolio_id=portfolio_id,
                source_message_id=await _own_message(transaction, user_id, source_message_id),
                is_confirmed=False,
                days=PROPOSAL_DAYS,
            )

    async def add(self, user_id: UUID, content: str, portfolio_id: UUID | None = None) -> Memory:
        """Store what the user wrote, as confirmed, about them or a portfolio.

        Raises InvalidRequest or MemoryLimitReached.
        """
        content = checked_content(content)
        async with self._transactions.as_user(user_id) as transaction:
            known = await _known(transaction, user_id, content, portfolio_id)
            if known is not None:
                return await self._confirm(transaction, user_id, known)
            await self._check_limit(transaction, user_id)
            return await _insert(
                transaction,
                user_id=user_id,
                content=content,
                scope="user" if portfolio_id is None else "portfolio",
                portfolio_id=portfolio_id,
                source_message_id=None,
                is_confirmed=True,
                days=self._days,
            )

    async def confirm(self, user_id: UUID, memory_id: UUID) -> Memory:
        """Confirm a proposal, or renew a confirmed memory. Raises MemoryNotFound or MemoryLimitReached."""
        async with self._transactions.as_user(user_id) as transaction:
            row = await transaction.row(
                f"""
                select {COLUMNS} from chat.memories
                where user_id = %(user_id)s and memory_id = %(memory_id)s and expires_at > now()
                """,
                user_id=user_id,
                memory_id=memory_id,
            )
            if row is None:
                raise MemoryNotFound
            return await self._confirm(transaction, user_id, Memory(**row))

    async def delete(self, user_id: UUID, memory_id: UUID) -> None:
        """Delete a memory or a proposal. Raises MemoryNotFound."""
        async with self._transactions.as_user(user_id) as transaction:
            deleted = await transaction.run(
                "delete from chat.memories where user_id = %(user_id)s and memory_id = %(memory_id)s",
                user_id=user_id,
                memory_id=memory_id,
            )
        if not deleted:
            raise MemoryNotFound

    async def delete_all(self, user_id: UUID) -> int:
        """Delete all memories and proposals of the user, and return their number."""
        async with self._transactions.as_user(user_id) as transaction:
            return await transaction.run(
                "delete from chat.memories where user_id = %(user_id)s", user_id=user_id
            )

    async def count(self, user_id: UUID) -> tuple[int, int]:
        """Return how many confirmed memories the user has, and may have."""
        async with self._transactions.as_user(user_id) as transaction:
            return await _confirmed_count(transaction, user_id), self._most

    async def page(
        self,
        user_id: UUID,
        *,
        portfolio_id: UUID | None,
        include_proposals: bool,
        limit: int,
        offset: int,
    ) -> MemoryPage:
        """Return a page of the user's memories, the oldest first, and their number.

        portfolio_id: only those about this portfolio; None: all of them.
        """
        parameters = {
            "user_id": user_id,
            "portfolio_id": portfolio_id,
            "include_proposals": include_proposals,
        }
        condition = """
            where user_id = %(user_id)s and expires_at > now()
                and (confirmed_at is not null or %(include_proposals)s)
                and (portfolio_id = %(portfolio_id)s or %(portfolio_id)s::uuid is null)
            """
        async with self._transactions.as_user(user_id) as transaction:
            rows = await transaction.rows(
                f"""
                select {COLUMNS} from chat.memories {condition}
                order by created_at, memory_id
                limit %(limit)s offset %(offset)s
                """,
                **parameters,
                limit=limit,
                offset=offset,
            )
            total = await transaction.row(f"select count(*) from chat.memories {condition}", **parameters)
        return [Memory(**row) for row in rows], 0 if total is None else total["count"]

    async def _confirm(self, transaction: Transaction, user_id: UUID, memory: Memory) -> Memory:
        if memory.confirmed_at is None:
            await self._check_limit(transaction, user_id)
        row = await transaction.row(
            f"""
            update chat.memories
            set confirmed_at = now(), expires_at = now() + make_interval(days => %(days)s)
            where user_id = %(user_id)s and memory_id = %(memory_id)s
            returning {COLUMNS}
            """,
            user_id=user_id,
            memory_id=memory.memory_id,
            days=self._days,
        )
        return _memory(row)

    async def _check_limit(self, transaction: Transaction, user_id: UUID) -> None:
        """Raise MemoryLimitReached without room for one more; a user's writers wait for each other."""
        await transaction.run(
            "select pg_advisory_xact_lock(hashtextextended(%(user_id)s, 0))", user_id=f"memories {user_id}"
        )
        if await _confirmed_count(transaction, user_id) >= self._most:
            raise MemoryLimitReached(
                f"You have {self._most} memories, which is the limit; delete one before you add another."
            )


def checked_content(content: str) -> str:
    """Return the text of a memory without outer spaces. Raises InvalidRequest.

    Control characters, line breaks and invisible formatting are refused: what the user confirms must be what
    the model reads.
    """
    content = content.strip()
    if not 1 <= len(content) <= MAX_CONTENT:
        raise InvalidRequest(f"content (body): write 1 to {MAX_CONTENT} characters.")
    refused = next((character for character in content if _is_refused(character)), None)
    if refused is not None:
        raise InvalidRequest(f"content (body): the character U+{ord(refused):04X} is not allowed.")
    return content


def _is_refused(character: str) -> bool:
    return (
        unicodedata.category(character) in REFUSED_CATEGORIES
        or character in REFUSED_FORMATS
        or unicodedata.bidirectional(character) in BIDIRECTIONAL
        or ord(character) in TAGS
    )


async def _confirmed_count(transaction: Transaction, user_id: UUID) -> int:
    row = await transaction.row(
        """
        select count(*) from chat.memories
        where user_id = %(user_id)s and confirmed_at is not null and expires_at > now()
        """,
        user_id=user_id,
    )
    return 0 if row is None else int(row["count"])


async def _known(
    transaction: Transaction, user_id: UUID, content: str, portfolio_id: UUID | None
) -> Memory | None:
    """Return the memory with this text; one that has expired makes room for the new one."""
    await transaction.run(
        "delete from chat.memories where user_id = %(user_id)s and expires_at <= now()", user_id=user_id
    )
    row = await transaction.row(
        f"""
        select {COLUMNS} from chat.memories
        where user_id = %(user_id)s and content = %(content)s
            and portfolio_id is not distinct from %(portfolio_id)s
        """,
        user_id=user_id,
        content=content,
        portfolio_id=portfolio_id,
    )
    return None if row is None else Memory(**row)


async def _own_message(transaction: Transaction, user_id: UUID, message_id: UUID | None) -> UUID | None:
    if message_id is None:
        return None
    row = await transaction.row(
        "select from chat.messages where user_id = %(user_id)s and message_id = %(message_id)s",
        user_id=user_id,
        message_id=message_id,
    )
    if row is None:
        raise MessageNotFound
    return message_id


async def _drop_oldest_proposals(transaction: Transaction, user_id: UUID) -> None:
    """Keep room for one more proposal: a chat that proposes without end fills nothing up."""
    await transaction.run(
        """
        delete from chat.memories
        where user_id = %(user_id)s and memory_id in (
            select memory_id from chat.memories
            where user_id = %(user_id)s and confirmed_at is null
            order by created_at desc, memory_id offset %(kept)s
        )
        """,
        user_id=user_id,
        kept=MAX_PROPOSALS - 1,
    )


async def _insert(transaction: Transaction, **values: Any) -> Memory:
    row = await transaction.row(
        f"""
        insert into chat.memories (
            user_id, content, scope, portfolio_id, source_message_id, confirmed_at, expires_at
        )
        values (
            %(user_id)s, %(content)s, %(scope)s, %(portfolio_id)s, %(source_message_id)s,
            case when %(is_confirmed)s then now() end, now() + make_interval(days => %(days)s)
        )
        on conflict (user_id, portfolio_id, content) do update set content = excluded.content
        returning {COLUMNS}
        """,
        **values,
    )
    return _memory(row)


def _memory(row: dict[str, Any] | None) -> Memory:
    if row is None:
        raise MemoryNotFound
    return Memory(**row)
