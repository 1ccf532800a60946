"""The engine of a console: a step that may succeed a little later is tried again, and nothing else."""

import pytest

from flows.pipeline import transient
from flows.pipeline.engine import PlainEngine


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient, "FIRST_DELAY_SECONDS", 0.001)


class Step:
    """Raises these errors one after the other, then returns how often it was called."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def test_what_may_pass_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    assert PlainEngine().step("load", Step(ConnectionError("lost"), TimeoutError("slow"))) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "The step load is tried again: lost",
        "The step load is tried again: slow",
    ]


@pytest.mark.parametrize("error", [ValueError("lasting"), KeyboardInterrupt()], ids=["lasting", "Ctrl-C"])
def test_what_does_not_pass_is_not(error: BaseException) -> None:
    step = Step(ConnectionError(), error)
    with pytest.raises(type(error)):
        PlainEngine().step("load", step)
    assert step.calls == 2


def test_the_fourth_failure_is_the_last() -> None:
    step = Step(*(ConnectionError(f"try {number}") for number in range(1, 6)))
    with pytest.raises(ConnectionError, match="try 4"):
        PlainEngine().step("load", step)
