"""The names of a user's portfolios, which every prompt has; read once in half a minute per user."""

import asyncio
from collections import OrderedDict
from time import monotonic
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from api.auth.users import User
from api.chat.sql.executor import ChatReader
from api.queries import load_query

KEPT_SECONDS: Final = 30.0
"""A new portfolio is named after this time at the latest. What may be read is checked by every statement."""

KEPT_USERS: Final = 10_000

PORTFOLIOS: Final = load_query("chat_portfolios")

Names = list[tuple[UUID, str]]


class PortfolioNames:
    """Looks names up; questions of a user that come at the same time wait for one lookup."""

    def __init__(self, reader: ChatReader) -> None:
        self._reader = reader
        self._known: OrderedDict[UUID, tuple[float, Names]] = OrderedDict()
        self._reading: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def of(self, user: User) -> Names:
        """The ids and names of the user's portfolios, oldest first. Raises what the reader raises."""
        lock = self._reading.setdefault(user.user_id, asyncio.Lock())
        async with lock:
            read_at, names = self._known.get(user.user_id, (float("-inf"), []))
            if monotonic() - read_at > KEPT_SECONDS:
                result = await self._reader.run_trusted(user, PORTFOLIOS, {})
                names = [(UUID(str(identifier)), str(name)) for identifier, name in result.rows]
                self._known[user.user_id] = (monotonic(), names)
                self._known.move_to_end(user.user_id)
                if len(self._known) > KEPT_USERS:
                    self._known.popitem(last=False)
        return names
