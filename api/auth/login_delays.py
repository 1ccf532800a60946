"""Waits between failed logins that grow with each one: they slow guessing down, and lock nobody out."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FIRST_WAIT: Final = 5.0
"""Seconds; each further wait is twice as long."""

FORGOTTEN_AFTER: Final = 900.0
"""Seconds after the end of the last wait, without another failure."""

KEPT: Final = 100_000
"""Keys that are remembered; beyond it the ones that failed longest ago are forgotten."""


@dataclass
class _Failures:
    count: int
    wait_until: float


class LoginDelays:
    """Counts failures by key. allowed: failures without a wait; longest: the longest wait, in seconds."""

    def __init__(self, *, allowed: int, longest: float, clock: Callable[[], float]) -> None:
        self._allowed = allowed
        self._longest = longest
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until the next try of this key is accepted; 0 if it is now."""
        known = self._failures.get(key)
        return 0.0 if known is None else max(0.0, known.wait_until - self._clock())

    def count(self, key: str) -> None:
        """Record a failure."""
        now = self._clock()
        known = self._failures.pop(key, None)
        if known is None or now > known.wait_until + FORGOTTEN_AFTER:
            known = _Failures(0, now)
        known.count += 1
        known.wait_until = now + self._wait_after(known.count)
        self._failures[key] = known
        if len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Undo the last count of a key, which was no failure."""
        if (known := self._failures.get(key)) is None:
            return
        known.count -= 1
        known.wait_until = min(known.wait_until, self._clock())
        if known.count == 0:
            self.forget(key)

    def forget(self, key: str) -> None:
        """Reset the count of a key."""
        self._failures.pop(key, None)

    def _wait_after(self, failures: int) -> float:
        if failures < self._allowed:
            return 0.0
        doublings = min(failures - self._allowed, 64)
        return float(min(self._longest, FIRST_WAIT * 2**doublings))
