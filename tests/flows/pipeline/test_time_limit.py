"""The time limit of a build: it interrupts the main thread, and leaves nothing behind."""

import signal
import threading
import time
from contextlib import suppress

import pytest

from flows.errors import BuildTimedOutError
from flows.pipeline.time_limit import time_limit
from flows.pipeline.transient import is_transient

SOON = 0.1 / 60  # minutes


def never(sentence: str) -> None:
    raise AssertionError(sentence)


def test_a_body_that_takes_too_long_is_interrupted() -> None:
    begun = time.monotonic()
    with pytest.raises(BuildTimedOutError, match="BUILD_MINUTES") as caught, time_limit(SOON, on_stuck=never):
        time.sleep(60)
    assert time.monotonic() - begun < 30
    assert not is_transient(caught.value)  # a retry would take as long


def test_a_body_that_swallows_the_interrupt_fails_all_the_same() -> None:
    def body() -> None:
        with time_limit(SOON, on_stuck=never), suppress(KeyboardInterrupt):
            time.sleep(60)

    with pytest.raises(BuildTimedOutError):
        body()


def test_a_body_in_time_is_left_alone_and_so_is_what_follows() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(1 / 60, on_stuck=never):
        pass
    time.sleep(1.2)
    assert signal.getsignal(signal.SIGALRM) is before
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_an_error_and_ctrl_c_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), time_limit(1, on_stuck=never):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), time_limit(1, on_stuck=never):
        raise KeyboardInterrupt


def test_another_thread_has_no_limit(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()

    def body() -> None:
        with time_limit(SOON, on_stuck=never):
            time.sleep(0.3)
            ended.set()

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert ended.is_set()
    assert "has no time limit" in caplog.text
