"""The drills, short: one fault each, and nothing differs. The full run is `make drills`."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.drills.backups import backup_round
from tests.drills.builds import build_round
from tests.drills.caches import CACHES, cache_round
from tests.drills.clock import faked_clock, jump_round, library
from tests.drills.damage import DAMAGES
from tests.drills.disk import disk_round
from tests.drills.ground import Ground, prepared_ground
from tests.drills.kills import TARGETS, kill_round
from tests.drills.restarts import restart_round
from tests.drills.schedule import schedule_round
from tests.drills.trial import Outcome
from tests.drills.vendors import healthy, vendor_round

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
    if found.skipped:
        pytest.skip(found.skipped)
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


def test_a_killed_scheduled_run_changes_nothing(ground: Ground, outcome: Outcome) -> None:
    schedule_round(ground, outcome, Random(7), "scheduled run")


def test_a_full_disk_changes_nothing(ground: Ground, outcome: Outcome) -> None:
    disk_round(ground, outcome, Random(7))


@pytest.mark.skipif(library() is None, reason="libfaketime is not installed (package `faketime`)")
def test_a_clock_that_jumps_changes_nothing(ground: Ground, outcome: Outcome) -> None:
    found = library()
    assert found is not None
    with faked_clock(ground, found) as clock_file:
        jump_round(ground, outcome, Random(7), clock_file, jumps=1)


def test_a_vendor_that_fails_changes_nothing(ground: Ground, outcome: Outcome) -> None:
    vendor_round(ground, outcome, Random(7), healthy(ground), ["cut body"])


def test_damaged_caches_change_nothing(ground: Ground, outcome: Outcome) -> None:
    cache_round(ground, outcome, Random(7), dict.fromkeys(CACHES, "flipped bit"))


def test_damaged_backups_change_nothing(ground: Ground, outcome: Outcome) -> None:
    backup_round(ground, outcome, Random(7), DAMAGES)
