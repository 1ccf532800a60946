"""A kernel's time compared with a peer's, both measured in this process, one after the other."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Comparison(NamedTuple):
    """Two times, seconds and peer_seconds, for the same amount of work.

    peer_share: the share of it that the peer actually did; its time is scaled up accordingly.
    target: the claim in words; is_met: whether this run confirms it.
    """

    what: str
    seconds: float
    peer: str
    peer_seconds: float
    peer_share: float
    target: str
    is_met: bool

    @property
    def ratio(self) -> float:
        """The peer's time divided by ours."""
        return self.peer_seconds / self.seconds


def best_of(run: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs, in seconds, after a warm-up."""
    run()
    return min(once(run) for _ in range(times))


def once(run: Callable[[], object]) -> float:
    """Seconds of one run."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
