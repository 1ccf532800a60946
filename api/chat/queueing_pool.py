"""A pool of connections for bursts: requests wait in turn for as long as the server can be reached."""

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout


class QueueingPool(AsyncConnectionPool[AsyncConnection[Any]]):
    """A pool that tells "all connections are in use" from "the server cannot be reached".

    As many requests as there are connections hold a place; the others wait in turn, up to `wait`, for one.
    Who has a place waits for the pool's own timeout at most, which only connecting can take up; if that
    fails, all who waited at that time fail with it. Either way the error is PoolTimeout.
    """

    def __init__(self, conninfo: str, *, max_size: int, wait: timedelta, **options: Any) -> None:
        super().__init__(conninfo, max_size=max_size, **options)
        self._wait = wait.total_seconds()
        self._places = asyncio.Semaphore(max_size)
        self._waiting_in_turn = 0
        self._unreachable_at = float("-inf")

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
        stats["requests_waiting"] = stats.get("requests_waiting", 0) + self._waiting_in_turn
        return stats

    async def _take_place(self) -> None:
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
