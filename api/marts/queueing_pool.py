"""A pool of connections for bursts: requests wait in turn for as long as the server can be reached."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.http.errors import RequestLimitReached
from api.http.rates import NoTurnError, Turns, whole_seconds


class QueueingPool(AsyncConnectionPool[AsyncConnection[Any]]):
    """A pool that tells "all connections are in use" from "the server cannot be reached".

    As many requests as there are connections hold a place; the others wait in turn, up to `wait` seconds, for
    one. Who has a place waits for the pool's own timeout at most, which only connecting can take up; if that
    fails, all who waited at that time fail with it. Either way the error is PoolTimeout.

    A user holds at most half of the connections, so that others find one.
    """

    def __init__(self, conninfo: str, *, max_size: int, wait: float, **options: Any) -> None:
        super().__init__(conninfo, max_size=max_size, **options)
        self._wait = wait
        self._places = asyncio.Semaphore(max_size)
        self._waiting_in_turn = 0
        self._unreachable_at = float("-inf")
        self._turns = Turns(max(1, max_size // 2), wait, shared=PoolTimeout)

    @asynccontextmanager
    async def connection_for(self, user: Hashable) -> AsyncIterator[AsyncConnection[Any]]:
        """Take a connection when it is this user's turn. Raises PoolTimeout, or RequestLimitReached."""
        try:
            async with self._turns.turn(user), self.connection() as connection:
                yield connection
        except NoTurnError:
            raise RequestLimitReached(
                "Your other requests kept the database busy for too long; send fewer at the same time.",
                retry_after=whole_seconds(self._wait),
            ) from None

    async def getconn(self, timeout: float | None = None) -> AsyncConnection[Any]:  # noqa: ASYNC109 - the pool's
        """Wait in turn, and take a connection. Raises PoolTimeout."""
        await self._take_place()
        try:
            return await super().getconn(timeout)
        except BaseException as error:
            if isinstance(error, PoolTimeout):
                self._unreachable_at = monotonic()
            self._places.release()
            raise

    async def putconn(self, conn: AsyncConnection[Any]) -> None:
        """Give the connection back, and the place to who waits longest."""
        try:
            await super().putconn(conn)
        finally:
            self._places.release()

    def get_stats(self) -> dict[str, int]:
        """The statistics of the pool; those who wait in turn are waiting for a connection, too."""
        stats = super().get_stats()
        waiting = self._waiting_in_turn + self._turns.waiting
        stats["requests_waiting"] = stats.get("requests_waiting", 0) + waiting
        return stats

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        began = monotonic()
        self._waiting_in_turn += 1
        try:
            async with asyncio.timeout(self._wait):
                await self._places.acquire()
        except TimeoutError:
            raise PoolTimeout(f"no connection became free within {self._wait:g} seconds") from None
        finally:
            self._waiting_in_turn -= 1
        if self._unreachable_at > began:
            self._places.release()
            raise PoolTimeout("the server cannot be reached")
