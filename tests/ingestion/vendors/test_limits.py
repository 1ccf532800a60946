"""Rate limits, retries and circuit breakers, tested without waiting."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from ingestion.errors import GarbageError, NoDataError, VendorDownError
from ingestion.vendors.limits import CircuitBreaker, Line, TokenBucket, seconds_to_wait
from ingestion.vendors.protocol import number
from tests.ingestion.vendors.loopback import FakeClock


def answer(*outcomes: object) -> object:
    """A request with a sequence of outcomes: exceptions are raised, other values returned."""
    rest = list(outcomes)

    def ask() -> object:
        outcome = rest.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return ask


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    clock = FakeClock()
    bucket = TokenBucket(60, clock, burst=3)
    for _ in range(3):
        bucket.take()
    assert clock.seconds == 0
    for _ in range(60):
        bucket.take()
    assert clock.seconds >= 60


def test_a_bucket_never_gives_two_threads_one_token() -> None:
    class Counting(FakeClock):
        waits: list[float] = []  # noqa: RUF012 - of this test alone

        def sleep(self, seconds: float) -> None:
            self.waits.append(seconds)  # time does not pass: every wait is longer than the one before

    clock = Counting()
    bucket = TokenBucket(60, clock, burst=1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: bucket.take(), range(40)))
    assert sorted(clock.waits) == pytest.approx([float(n) for n in range(1, 40)])


def test_a_paused_bucket_blocks_all_callers() -> None:
    clock = FakeClock()
    bucket = TokenBucket(6000, clock)
    bucket.pause(30)
    bucket.take()
    assert clock.seconds == 30


def test_a_breaker_opens_after_consecutive_failures_and_a_trial_closes_it() -> None:
    clock = FakeClock()
    breaker = CircuitBreaker(clock, failures=2, cooling_seconds=60)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.sleep(61)
    assert [breaker.allows(), breaker.allows()] == [True, False], "one trial at a time"
    breaker.failed()
    assert not breaker.allows()
    clock.sleep(61)
    assert breaker.allows()
    breaker.succeeded()
    assert [breaker.allows(), breaker.allows()] == [True, True]


def test_pauses_grow_and_have_jitter() -> None:
    def waited(attempts: int) -> float:
        clock = FakeClock()
        line = Line("Vendor", 6000, clock, attempts=attempts, first_pause=2.0)
        with pytest.raises(VendorDownError):
            line.call(answer(*[VendorDownError("down")] * attempts))  # type: ignore[arg-type]
        return clock.seconds

    assert 2 <= waited(2) <= 3
    assert 2 + 4 + 8 <= waited(4) <= 14 + 3
    assert len({waited(3) for _ in range(5)}) > 1


def test_a_pause_is_logged_with_the_vendor_and_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    line = Line("Acme", 6000, clock=FakeClock())
    assert line.call(answer(VendorDownError("Acme is down", retry_after=5), 7)) == 7  # type: ignore[arg-type]
    assert caplog.messages == ["Acme is asked again in 5.0 s: Acme is down"]


def test_retry_after_has_precedence_over_the_backoff() -> None:
    clock = FakeClock()
    line = Line("Vendor", 6000, clock)
    assert line.call(answer(VendorDownError("429", retry_after=17), "yes")) == "yes"  # type: ignore[arg-type]
    assert clock.seconds == 17


def test_permanent_errors_are_not_retried_and_do_not_open_the_breaker() -> None:
    clock = FakeClock()
    line = Line("Vendor", 6000, clock)
    for _ in range(10):
        with pytest.raises(NoDataError):
            line.call(answer(NoDataError("unknown")))  # type: ignore[arg-type]
    assert clock.seconds == 0
    assert not line.breaker.is_open


def test_garbage_is_retried() -> None:
    line = Line("Vendor", 6000, FakeClock())
    assert line.call(answer(GarbageError("html"), 1)) == 1  # type: ignore[arg-type]


def test_an_open_breaker_sends_no_request() -> None:
    line = Line("Vendor", 6000, FakeClock(), attempts=1)
    for _ in range(3):
        with pytest.raises(VendorDownError, match="down"):
            line.call(answer(VendorDownError("down")))  # type: ignore[arg-type]
    with pytest.raises(VendorDownError, match="Vendor did not answer before"):
        line.call(answer())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_or_nothing(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, datetime(2015, 10, 21, 7, 27, 30, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    "value", [None, True, "", "n/a", "NaN", "Infinity", math.nan, -math.inf, 1e30, [], {}, "1" * 400], ids=str
)
def test_an_invalid_number_is_none(value: object) -> None:
    assert number(value) is None
    assert number("12.5") == number(12.5) == 12.5
