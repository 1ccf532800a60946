"""The plain engine retries a step after a transient error, and only then."""

import pytest

from flows.pipeline import transient
from flows.pipeline.engine import PlainEngine


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient, "FIRST_DELAY_SECONDS", 0.001)


class Step:
    """Raises these errors in turn, then returns the number of calls."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def test_transient_errors_are_retried(caplog: pytest.LogCaptureFixture) -> None:
    assert PlainEngine().step("load", Step(ConnectionError("lost"), TimeoutError("slow"))) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "Retrying the step load: lost",
        "Retrying the step load: slow",
    ]


@pytest.mark.parametrize("error", [ValueError("permanent"), KeyboardInterrupt()], ids=["permanent", "Ctrl-C"])
def test_other_errors_are_not_retried(error: BaseException) -> None:
    step = Step(ConnectionError(), error)
    with pytest.raises(type(error)):
        PlainEngine().step("load", step)
    assert step.calls == 2


def test_the_fourth_failure_is_the_last() -> None:
    step = Step(*(ConnectionError(f"try {number}") for number in range(1, 6)))
    with pytest.raises(ConnectionError, match="try 4"):
        PlainEngine().step("load", step)
