"""A trial: a copy of the warehouse, disturbed while readers ask its API, run to the end and compared."""

import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from random import Random

import httpx

from tests.drills.comparison import Marts, differences, read_marts
from tests.drills.expected import Expected
from tests.drills.ground import OWNERS, PASSWORD, PATIENCE_OF_A_NIGHT, Ground, copied_base
from tests.drills.readers import PATIENCE, Reader, Readers, Tally
from tests.drills.service import Service
from tests.flows.flow_helpers import CommandLine
from warehouse.connections import Warehouse

MOST_ATTEMPTS = 6
ENDS = frozenset({0, 1, 3, 4, -9, -15})
"""How a night may end: done, an error with a sentence, nothing from the source, or killed."""

LONGEST_RECOVERY = 120.0


@dataclass
class Outcome:
    """What a drill found. differences: rows that differ from the undisturbed warehouse, by mart."""

    rounds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    skipped: str | None = None

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs and no answer was wrong."""
        return not self.differences and not self.tally.wrong


@dataclass
class Trial:
    """command: on the copy. service: its API. rng: of the drill."""

    ground: Ground
    command: CommandLine
    service: Service
    expected: Expected
    outcome: Outcome
    rng: Random

    @property
    def warehouse(self) -> Warehouse:
        return self.command.warehouse

    def moment(self) -> float:
        """A random moment of a night, in seconds from its start."""
        return self.rng.uniform(0.2, 1.1 * self.ground.night_seconds)

    def start_night(self, **variables: str) -> subprocess.Popen[str]:
        """Start the night, with variables of its own."""
        own = CommandLine(self.warehouse, {**self.command.prefect, **variables})
        return own.start(*self.ground.night)

    def ended(self, process: subprocess.Popen[str]) -> int:
        """Wait for a command; how it ended. An end without a sentence counts as a wrong answer."""
        out, err = process.communicate(timeout=PATIENCE_OF_A_NIGHT)
        self.judge_end(process.returncode, out + err)
        return process.returncode

    def judge_end(self, code: int, text: str) -> None:
        """Count an unexpected exit code or a traceback as a wrong answer."""
        if code not in ENDS or re.search("Traceback|Internal error", text):
            self.outcome.tally.count("night", f"a night ended with {code}: {text[-1500:]}")

    def fault(self, kind: str) -> None:
        """Count an injected fault."""
        self.outcome.faults[kind] += 1

    def end(self, night: subprocess.Popen[str]) -> None:
        """Wait for a disturbed night; if it failed, run it until it succeeds."""
        if self.ended(night) != 0:
            self.run_to_the_end()

    def run_to_the_end(self, *arguments: str, command: CommandLine | None = None) -> None:
        """Run the night, or another command, until it succeeds, as the schedule would."""
        for _ in range(MOST_ATTEMPTS):
            if self.ended((command or self.command).start(*(arguments or self.ground.night))) == 0:
                return
            time.sleep(1)
        self.outcome.tally.count("night", "the night did not succeed after the drill")


@contextmanager
def trial(
    ground: Ground,
    outcome: Outcome,
    rng: Random,
    *,
    place: AbstractContextManager[CommandLine] | None = None,
    expected: Expected | None = None,
    marts: Marts | None = None,
    may_go_back: bool = False,
    **variables: str,
) -> Iterator[Trial]:
    """Disturb a fresh copy in the body, while readers ask; the body ends with a night run to the end.

    Then the API's last answers and every mart are compared. place: a copy elsewhere. expected, marts: if not
    those of the ground. may_go_back: to an older publication, as after a restore. variables: of the API.
    """
    with place or copied_base(ground) as command:
        wanted = expected or ground.expected
        with Service(command.warehouse, ground.home, **variables) as service:
            disturbed = Trial(ground, command, service, wanted, outcome, rng)
            readers = [
                Reader(service, wanted, user, PASSWORD, outcome.tally, may_go_back=may_go_back)
                for user in OWNERS
            ]
            with Readers(readers):
                yield disturbed
            check_last_answers(service, wanted, outcome.tally)
        found = read_marts(command.warehouse)
        outcome.differences.update(differences(found, ground.marts if marts is None else marts))
        outcome.rounds += 1


def check_last_answers(service: Service, expected: Expected, tally: Tally) -> None:
    """Every path answers with the last publication now; errors may last for two minutes."""
    until = time.monotonic() + LONGEST_RECOVERY
    for user in OWNERS:
        reader = Reader(service, expected, user, PASSWORD, tally)
        with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
            for path in expected.paths(user):
                while (stage := reader.ask(client, path)) is None and time.monotonic() < until:
                    time.sleep(0.5)
                if stage != len(expected.stages) - 1:
                    tally.count("last", f"{path}: at the end, publication {stage}")
