"""The time limit of a build (BUILD_MINUTES): it is ended as Ctrl-C would, fails, and publishes nothing.

The alarm clock of the process interrupts the main thread; dbt then ends its sessions and returns. What does
not return within a minute, such as a kernel in a thread, cannot be ended from within: then the process
records that the run failed, reports it, and ends itself. The build lock and the sessions end with it.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from flows.errors import BuildTimedOutError

logger = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
STUCK_EXIT_CODE = 1


@contextmanager
def time_limit(minutes: float, *, on_stuck: Callable[[str], None]) -> Iterator[None]:
    """Interrupt the body after so many minutes; raises BuildTimedOutError.

    on_stuck: called with the sentence of the error, from another thread, if the body goes on for a minute;
    afterwards the process ends. Only the main thread of a process can be interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        logger.warning("The build does not run in the main thread of its process, and has no time limit.")
        yield
        return
    clock = _Clock(minutes, on_stuck)
    before = signal.signal(signal.SIGALRM, clock.ring)
    signal.setitimer(signal.ITIMER_REAL, 60 * minutes)
    try:
        yield
    except BaseException as error:
        if clock.rang:
            raise BuildTimedOutError(clock.sentence) from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        clock.stop()
    if clock.rang:
        raise BuildTimedOutError(clock.sentence)


class _Clock:
    """rang: whether the time is over."""

    def __init__(self, minutes: float, on_stuck: Callable[[str], None]) -> None:
        self.rang = False
        self.sentence = (
            f"The build took longer than {minutes:g} minutes (BUILD_MINUTES) and was ended; nothing was "
            "published. Raise the limit if the build needs it, and run the command again."
        )
        self._on_stuck = on_stuck
        self._last_resort = threading.Timer(GRACE_SECONDS, self._end_process)
        self._last_resort.daemon = True

    def ring(self, _signal: int, _frame: FrameType | None) -> None:
        """Interrupt the main thread, in which Python runs handlers of signals."""
        self.rang = True
        self._last_resort.start()
        raise KeyboardInterrupt

    def stop(self) -> None:
        self._last_resort.cancel()

    def _end_process(self) -> None:
        try:
            self._on_stuck(self.sentence)
        finally:
            os._exit(STUCK_EXIT_CODE)
