"""Rate limits, retries and circuit breakers of vendors, independent of HTTP.

A line to a vendor has a token bucket (requests per minute), retries with exponential backoff and jitter, and
a circuit breaker: after some consecutive failures, further symbols do not wait for a vendor that is down.
After a cooling time one request is let through as a trial. Lines live for one run: the next run begins with a
closed breaker.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from ingestion.errors import VendorDownError, VendorError

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Clock:
    """The time and sleeping; tests replace it with a clock that does not wait."""

    def monotonic(self) -> float:
        """Seconds of a monotonic clock."""
        return time.monotonic()

    def now(self) -> datetime:
        """The current time, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Sleep for some seconds."""
        time.sleep(seconds)


class TokenBucket:
    """Limits requests per minute, with small bursts. Thread-safe."""

    def __init__(self, per_minute: float, clock: Clock, burst: int = 4) -> None:
        self._rate, self._burst, self._clock = per_minute / 60, float(burst), clock
        self._tokens, self._filled_at = self._burst, clock.monotonic()
        self._closed_until = self._filled_at
        self._lock = threading.Lock()

    def take(self) -> None:
        """Take a token, waiting until one is available."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            self._tokens -= 1  # below zero: this caller waits until the debt is repaid
            wait = max(-self._tokens / self._rate, self._closed_until - now, 0.0)
        if wait:
            self._clock.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Block all callers for this long."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)


class CircuitBreaker:
    """Opens after some consecutive failures; allows one trial after the cooling time. Thread-safe."""

    def __init__(self, clock: Clock, failures: int = 3, cooling_seconds: float = 60.0) -> None:
        self._clock, self._limit, self._cooling = clock, failures, cooling_seconds
        self._failures = 0
        self._opened_at: float | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the vendor is not asked for now."""
        return self._opened_at is not None

    def allows(self) -> bool:
        """Whether to ask. After the cooling time, True for one caller only, until it reports the outcome."""
        with self._lock:
            if self._opened_at is None:
                return True
            if self._clock.monotonic() - self._opened_at < self._cooling:
                return False
            self._opened_at = self._clock.monotonic()  # the other callers wait for the outcome of this trial
            return True

    def succeeded(self) -> None:
        """The vendor answered."""
        with self._lock:
            self._failures, self._opened_at = 0, None

    def failed(self) -> None:
        """The vendor did not answer, even after retries."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._opened_at = self._clock.monotonic()

    def trip(self) -> None:
        """Open now: the vendor will not answer for a long time."""
        with self._lock:
            self._failures = self._limit
            self._opened_at = self._clock.monotonic()


@dataclass
class Line:
    """The limits of requests to one vendor.

    first_pause: seconds, doubled with each attempt. longest_pause: the longest Retry-After to wait for.
    """

    title: str
    per_minute: float
    clock: Clock = field(default_factory=Clock)
    attempts: int = 4
    first_pause: float = 2.0
    longest_pause: float = 90.0
    bucket: TokenBucket = field(init=False)
    breaker: CircuitBreaker = field(init=False)

    def __post_init__(self) -> None:
        self.bucket = TokenBucket(self.per_minute, self.clock)
        self.breaker = CircuitBreaker(self.clock)

    def call(self, question: Callable[[], T]) -> T:
        """The answer, with retries while the vendor is down. Raises VendorError."""
        if not self.breaker.allows():
            raise VendorDownError(f"{self.title} did not answer before and is not asked again for a while")
        try:
            answer = self._retrying()(question)
        except VendorDownError:
            self.breaker.failed()
            raise
        except VendorError:
            self.breaker.succeeded()  # having no data is an answer too
            raise
        self.breaker.succeeded()
        return answer

    def too_many_requests(self, retry_after: str | None) -> float | None:
        """Handle a 429: pause all callers, or open the breaker for a long wait. Return the seconds if any."""
        seconds = seconds_to_wait(retry_after, self.clock.now())
        if seconds is None:
            return None
        if seconds > self.longest_pause:
            self.breaker.trip()
        else:
            self.bucket.pause(seconds)
        return seconds

    def _retrying(self) -> Retrying:
        backoff = wait_exponential_jitter(
            multiplier=self.first_pause, max=self.longest_pause, jitter=self.first_pause / 2
        )

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, VendorDownError) else None
            return asked if asked is not None else backoff(state)

        return Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=wait,
            retry=retry_if_exception(
                lambda error: isinstance(error, VendorDownError) and not self.breaker.is_open
            ),
            sleep=self.clock.sleep,
            before_sleep=self._log_pause,
            reraise=True,
        )

    def _log_pause(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        logger.info("%s is asked again in %.1f s: %s", self.title, state.upcoming_sleep, error)


def seconds_to_wait(retry_after: str | None, now: datetime) -> float | None:
    """A Retry-After header (seconds or an HTTP date) as seconds from `now`; None if absent or invalid.

    >>> seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT", datetime(2015, 10, 21, 7, 27, 30, tzinfo=UTC))
    30.0
    """
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0)
