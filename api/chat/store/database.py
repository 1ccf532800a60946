"""The chat's own database, opened at first use."""

import logging
from types import TracebackType
from typing import Self

from api.chat.store.conversations import Conversations
from api.chat.store.export import UserData
from api.chat.store.feedback import Feedback
from api.chat.store.insights import InsightStore
from api.chat.store.memories import Memories
from api.chat.store.messages import Messages
from api.chat.store.retention import maintain
from api.chat.store.review import Review
from api.chat.store.transactions import Transaction, Transactions
from api.marts.queueing_pool import QueueingPool
from warehouse.settings import Settings

logger = logging.getLogger(__name__)


class ChatStore:
    """Everything that the chat keeps. Each method of its parts is one transaction for one user.

    What is not the user's is answered as what does not exist. Every method raises ChatUnavailable while the
    chat's database cannot be used. As an async context manager it closes the pool at the end; nothing is
    opened at the beginning.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.transactions = Transactions(settings, self._maintain)
        self.conversations = Conversations(self.transactions)
        self.messages = Messages(self.transactions, settings.chat_seconds)
        self.memories = Memories(
            self.transactions, most=settings.chat_memories, days=settings.chat_memory_days
        )
        self.feedback = Feedback(self.transactions)
        self.insights = InsightStore(self.transactions)
        self.user_data = UserData(self.transactions)
        self.review = Review(self.transactions)

    @property
    def pool(self) -> QueueingPool:
        """The open pool of the chat's database, search path chat; await open() first."""
        return self.transactions.pool

    @property
    def pools(self) -> tuple[QueueingPool, ...]:
        """The pool, if it is open."""
        return self.transactions.pools

    async def open(self) -> QueueingPool:
        """Create, migrate and open the database, unless that is done. Raises ChatUnavailable."""
        return await self.transactions.open()

    async def close(self) -> None:
        """Close the pool."""
        await self.transactions.close()

    async def __aenter__(self) -> Self:
        """Return the store, not yet open."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the pool."""
        await self.close()

    async def _maintain(self, transaction: Transaction) -> None:
        counts = await maintain(transaction, self._settings)
        if any(counts.values()):
            logger.info(
                "chat maintenance: %s",
                ", ".join(f"{count} {kind}" for kind, count in counts.items() if count),
            )
