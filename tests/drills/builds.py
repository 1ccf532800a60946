"""Several commands at once: one night runs, the others say which one does, and nothing is built twice."""

import time
from random import Random

from tests.drills.ground import Ground
from tests.drills.trial import Outcome, Trial, trial


def two_builds(ground: Ground, outcome: Outcome, rng: Random, rounds: int = 2) -> None:
    """Start a night, and others beside it."""
    for _ in range(rounds):
        build_round(ground, outcome, rng)


def build_round(ground: Ground, outcome: Outcome, rng: Random) -> None:
    """Two nights at once; and at any moment another one, a load of the same prices, and a backup."""
    with trial(ground, outcome, rng) as disturbed:
        running = {"second night": disturbed.start_night(), "night": disturbed.start_night()}
        beside = {
            "third night": ("nightly", "--force"),
            "load": ("load", "prices", str(ground.home / "news")),
            "backup": ("backup", str(ground.home / "beside.backup"), "--overwrite"),
        }
        for name in rng.sample(list(beside), len(beside)):
            time.sleep(disturbed.moment() / len(beside))
            running[name] = disturbed.command.start(*beside[name])
        for name, process in running.items():
            _end(disturbed, name, disturbed.ended(process))
        disturbed.run_to_the_end()


def _end(disturbed: Trial, name: str, code: int) -> None:
    """A night may be refused; a load and a backup run beside it."""
    if name != "night":
        disturbed.fault(name)
    if name in {"load", "backup"} and code != 0:
        disturbed.outcome.tally.count("night", f"the {name} beside a night ended with {code}")
