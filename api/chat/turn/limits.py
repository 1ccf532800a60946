"""Limits per user and per process: messages a minute, tokens a day, answers at the same time.

Messages and answers are counted in memory: each worker process has its own counts. Tokens are in the record.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import ceil
from time import time
from typing import Final
from uuid import UUID

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from api.http.errors import ChatLimitReached
from warehouse.settings import Settings

BUSY_SECONDS: Final = 10
"""After how many seconds an answer that is being written may have ended."""


def begin_of_day() -> datetime:
    """The last midnight (UTC): from when on tokens count for the limit of a day."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


class ChatLimits:
    """Counts what the users of this process do."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_minute = RateLimitItemPerMinute(settings.chat_requests_per_minute, namespace="chat")
        self._running: Counter[UUID] = Counter()

    @property
    def running(self) -> int:
        """Answers that are being written."""
        return self._running.total()

    async def count_message(self, user_id: UUID) -> None:
        """Count a message. Raises ChatLimitReached."""
        if await self._limiter.hit(self._per_minute, str(user_id)):
            return
        window = await self._limiter.get_window_stats(self._per_minute, str(user_id))
        seconds = max(1, ceil(window.reset_time - time()))
        raise ChatLimitReached(
            f"You may send {self._settings.chat_requests_per_minute} messages a minute; "
            f"try again in {seconds} seconds.",
            retry_after=seconds,
        )

    def check_tokens(self, used: int) -> None:
        """Check the user's tokens since `begin_of_day()` against the limit. Raises ChatLimitReached."""
        if used < self._settings.chat_tokens_per_day:
            return
        left = begin_of_day() + timedelta(days=1) - datetime.now(UTC)
        raise ChatLimitReached(
            f"You have used your {self._settings.chat_tokens_per_day} tokens of today (UTC); "
            "try again tomorrow.",
            retry_after=max(1, ceil(left.total_seconds())),
        )

    def begin(self, user_id: UUID) -> Callable[[], None]:
        """Take a place for an answer; return what gives it back, once. Raises ChatLimitReached."""
        if self._running[user_id] >= self._settings.chat_streams_per_user:
            raise ChatLimitReached(
                f"{self._running[user_id]} of your questions are being answered; wait for one to end.",
                retry_after=BUSY_SECONDS,
            )
        if self.running >= self._settings.chat_streams:
            raise ChatLimitReached(
                "The chat answers as many questions as it can at the moment; try again in a few seconds.",
                retry_after=BUSY_SECONDS,
            )
        self._running[user_id] += 1
        is_taken = True

        def end() -> None:
            nonlocal is_taken
            if is_taken:
                is_taken = False
                self._running[user_id] -= 1
                if not self._running[user_id]:
                    del self._running[user_id]

        return end
