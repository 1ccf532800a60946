"""Rate limits on login attempts, per client address and per account.

Attempts count whether or not the account exists, so that a refusal does not reveal which accounts do. A
correct password resets the account's count. Counts are kept in memory: each worker process has its own.
"""

from datetime import timedelta
from math import ceil
from time import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.http.errors import TooManyAttempts

WINDOW: Final = timedelta(minutes=15)
"""The window over which attempts are counted."""


class LoginAttempts:
    """Counts attempts. per_address, per_account: the most allowed in a window of 15 minutes."""

    def __init__(self, *, per_address: int, per_account: int) -> None:
        self._storage = MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        seconds = int(WINDOW.total_seconds())
        self._per_address = RateLimitItemPerSecond(per_address, seconds, namespace="address")
        self._per_account = RateLimitItemPerSecond(per_account, seconds, namespace="account")

    async def count(self, *, address: str, email: str) -> None:
        """Count an attempt before its password is checked. Raises TooManyAttempts."""
        await self._hit(self._per_address, address, "from your address")
        await self._hit(self._per_account, email.lower(), "with this email")

    async def succeeded(self, *, email: str) -> None:
        """Reset the count of an account after a successful login."""
        await self._limiter.clear(self._per_account, email.lower())

    async def _hit(self, item: RateLimitItem, key: str, source: str) -> None:
        if await self._limiter.hit(item, key):
            return
        window = await self._limiter.get_window_stats(item, key)
        seconds = max(1, ceil(window.reset_time - time()))
        raise TooManyAttempts(
            f"There were too many attempts to log in {source}; try again in {seconds} seconds.",
            retry_after=seconds,
        )
