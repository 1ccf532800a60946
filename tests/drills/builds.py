"""Several builds at once: one runs, the others say which one does, and nothing is built twice."""

import time
from random import Random

from tests.drills.ground import Ground
from tests.drills.trial import Outcome, trial
from tests.flows.flow_helpers import LAST_DATE

OTHERS = (("rebuild", "--from", str(LAST_DATE)), ("nightly", "--force"))


def two_builds(ground: Ground, outcome: Outcome, rng: Random, rounds: int = 3) -> None:
    """Start a night and others beside it."""
    for _ in range(rounds):
        build_round(ground, outcome, rng)


def build_round(ground: Ground, outcome: Outcome, rng: Random) -> None:
    """Two nights at once, in the middle of the one that runs a rebuild and a night without a source."""
    with trial(ground, outcome, rng) as disturbed:
        nights = [disturbed.start_night(), disturbed.start_night()]
        time.sleep(rng.uniform(3, 0.7 * ground.night_seconds))
        # once the first night is published a rebuild is right to publish again: only while it runs
        late = [
            disturbed.start_night(*other) for other in OTHERS if nights[0].poll() is nights[1].poll() is None
        ]
        ends = sorted(disturbed.ended(process) for process in (*nights, *late))
        disturbed.fault("build beside another")
        if ends.count(0) > 1:
            outcome.tally.count("night", f"of several builds at once more than one ended well: {ends}")
        disturbed.run_to_the_end()
