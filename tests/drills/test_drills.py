"""The drills, short: one fault each, and nothing differs. The full run is `make drills`."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.drills.builds import build_round
from tests.drills.ground import Ground, prepared_ground
from tests.drills.kills import TARGETS, kill_round
from tests.drills.restarts import restart_round
from tests.drills.trial import Outcome

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with prepared_ground() as prepared:
        yield prepared


@pytest.fixture
def outcome() -> Iterator[Outcome]:
    """The outcome of a drill, which must be clean and have injected something."""
    found = Outcome()
    yield found
    assert found.faults.total() > 0
    assert found.tally.answers["200"] > 100
    assert not found.differences
    assert not found.tally.wrong, "\n".join(found.tally.wrong[:5])


@pytest.mark.parametrize("target", TARGETS)
def test_a_killed_process_changes_nothing(ground: Ground, outcome: Outcome, target: str) -> None:
    while not outcome.faults:
        kill_round(ground, outcome, Random(7), [target])


def test_a_restart_of_the_database_changes_nothing(ground: Ground, outcome: Outcome) -> None:
    restart_round(ground, outcome, Random(7), ["immediate"])


def test_two_builds_at_once_build_once(ground: Ground, outcome: Outcome) -> None:
    build_round(ground, outcome, Random(7))
