"""Limits per user and per process: messages a minute, tokens a day, answers at the same time.

Messages and answers are counted in memory: each worker process has its own counts. Tokens are in the record.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from api.http.errors import ChatLimitReached
from api.http.rates import Places, Rate, whole_seconds
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
        self._messages = Rate(settings.chat_requests_per_minute)
        self._answers = Places(settings.chat_streams_per_user, settings.chat_streams)

    @property
    def running(self) -> int:
        """Answers that are being written."""
        return self._answers.total

    def count_message(self, user_id: UUID) -> None:
        """Count a message. Raises ChatLimitReached."""
        wait = self._messages.take(user_id)
        if wait:
            seconds = whole_seconds(wait)
            raise ChatLimitReached(
                f"You may send {self._messages.most} messages a minute; try again in {seconds} seconds.",
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
        end = self._answers.take(user_id)
        if end is not None:
            return end
        if self._answers.are_all_taken:
            raise ChatLimitReached(
                "The chat answers as many questions as it can at the moment; try again in a few seconds.",
                retry_after=BUSY_SECONDS,
            )
        raise ChatLimitReached(
            f"{self._answers.of(user_id)} of your questions are being answered; wait for one to end.",
            retry_after=BUSY_SECONDS,
        )
