"""Counts per key, such as a user or an address: a rate, places at the same time, and turns.

They are kept in memory: each worker process has its own. Times are of a clock that nobody sets. A count costs
a few microseconds however many keys there are.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from math import ceil
from time import monotonic
from typing import Final

MINUTE: Final = 60.0

KEPT: Final = 100_000
"""Keys that a rate remembers; beyond it the ones that were used longest ago are forgotten."""


class Rate:
    """At most so many in any window of so many seconds, for each key."""

    def __init__(self, most: int, window: float = MINUTE, clock: Callable[[], float] = monotonic) -> None:
        self.most = most
        self._window = window
        self._clock = clock
        self._times: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._times)

    def take(self, key: Hashable) -> float:
        """Count one of this key; 0. If it has had as many, nothing is counted: the seconds until the next."""
        now = self._clock()
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = deque(maxlen=self.most)
        elif len(times) == self.most and now < times[0] + self._window:
            return times[0] + self._window - now
        times.append(now)  # drops the oldest of a full window
        self._times.move_to_end(key)
        self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Forget keys that were last used before the window; the ones used longest ago come first."""
        while len(self._times) > 1:
            key, times = next(iter(self._times.items()))
            if len(self._times) <= KEPT and now < times[-1] + self._window:
                return
            del self._times[key]


class Places:
    """At most so many at the same time, for each key and, with a total, of all keys."""

    def __init__(self, most: int, total: int | None = None) -> None:
        self.most = most
        self._most_of_all = total
        self._taken: Counter[Hashable] = Counter()

    @property
    def total(self) -> int:
        """Places that are taken."""
        return self._taken.total()

    def of(self, key: Hashable) -> int:
        """Places that this key has taken."""
        return self._taken[key]

    @property
    def are_all_taken(self) -> bool:
        """Whether no key gets another place."""
        return self._most_of_all is not None and self.total >= self._most_of_all

    def take(self, key: Hashable) -> Callable[[], None] | None:
        """Take a place; what gives it back, once. None if there is none for this key."""
        if self._taken[key] >= self.most or self.are_all_taken:
            return None
        self._taken[key] += 1
        is_taken = True

        def give_back() -> None:
            nonlocal is_taken
            if is_taken:
                is_taken = False
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]

        return give_back


class NoTurnError(Exception):
    """The turn of a key did not come in time."""


class Turns:
    """At most so many at the same time for each key; further ones of the key wait, in the order they came.

    wait: seconds after which NoTurnError is raised. shared: errors that concern everybody, such as an outage:
    who waited when one was raised gets it too, instead of trying in vain one after the other.
    """

    def __init__(self, most: int, wait: float, shared: type[Exception]) -> None:
        self._most = most
        self._wait = wait
        self._shared = shared
        self._places: dict[Hashable, tuple[asyncio.Semaphore, list[None]]] = {}
        self._failed: tuple[float, Exception | None] = (float("-inf"), None)
        self.waiting = 0

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for the turn, and hold it. Raises NoTurnError, or the shared error of another."""
        semaphore, interested = self._places.setdefault(key, (asyncio.Semaphore(self._most), []))
        interested.append(None)
        try:
            await self._acquire(semaphore)
            try:
                yield
            except self._shared as error:
                self._failed = (monotonic(), error)
                raise
            finally:
                semaphore.release()
        finally:
            interested.pop()
            if not interested:
                del self._places[key]

    async def _acquire(self, semaphore: asyncio.Semaphore) -> None:
        if not semaphore.locked():
            await semaphore.acquire()
            return
        began = monotonic()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait):
                await semaphore.acquire()
        except TimeoutError:
            raise NoTurnError from None
        finally:
            self.waiting -= 1
        failed_at, error = self._failed
        if error is not None and failed_at > began:
            semaphore.release()
            raise error


def whole_seconds(wait: float) -> int:
    """A wait as Retry-After states it: whole seconds, at least one."""
    return max(1, ceil(wait))
