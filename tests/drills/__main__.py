"""Fault drills: what a night survives, and what the API answers meanwhile.

Each drill disturbs a night on a small warehouse while readers ask the API for everything. Then the night is
run to the end, and every mart is compared, row for row, with a warehouse that was never disturbed. The exit
code is 0 if no row differs and no answer was wrong.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from random import Random

from tests.drills.backups import backups
from tests.drills.builds import two_builds
from tests.drills.caches import caches
from tests.drills.clock import clock
from tests.drills.disk import disk
from tests.drills.ground import Ground, prepared_ground
from tests.drills.kills import kills
from tests.drills.report import Run, findings, markdown, write_page
from tests.drills.restarts import restarts
from tests.drills.schedule import schedule
from tests.drills.trial import Outcome
from tests.drills.vendors import vendors

Drill = Callable[[Ground, Outcome, Random], None]


def drills(minutes: float) -> dict[str, Drill]:
    """All drills by name, in order. minutes: for the kills."""
    return {
        "kills": lambda ground, outcome, rng: kills(ground, outcome, rng, minutes),
        "schedule": schedule,
        "restarts": restarts,
        "builds": two_builds,
        "disk": disk,
        "clock": clock,
        "vendors": vendors,
        "caches": caches,
        "backups": backups,
    }


def run_drills(chosen: dict[str, Drill], seed: int, command: str) -> Run:
    """Prepare the warehouses once, and run the drills on copies of them."""
    begun = time.monotonic()
    outcomes = {name: Outcome() for name in chosen}
    with prepared_ground() as ground:
        _say(f"prepared in {time.monotonic() - begun:.0f} s; a night takes {ground.night_seconds:.0f} s")
        for name, drill in chosen.items():
            outcome, started = outcomes[name], time.monotonic()
            try:
                drill(ground, outcome, Random(f"{seed} {name}"))
            except Exception as error:  # noqa: BLE001 - the other drills still run, and this one has failed
                outcome.tally.count("drill", f"the drill could not be finished: {error!r}")
            outcome.seconds = time.monotonic() - started
            _say("\n".join([_line(name, outcome), *findings({name: outcome})]))
    return Run(command, seed, outcomes, time.monotonic() - begun)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drills and print the table; 0 if all are clean, else 1."""
    given = sys.argv[1:] if arguments is None else arguments
    asked = _parser().parse_args(given)
    known = drills(asked.minutes)
    chosen = {name: drill for name, drill in known.items() if not asked.only or name in asked.only}
    run = run_drills(chosen, asked.seed, " ".join(["python -m tests.drills", *given]))
    report = markdown(run)
    print(report, *findings(run.outcomes), sep="\n")  # noqa: T201 - a command
    if asked.write:
        write_page(report)
    return 0 if run.is_clean else 1


def _line(name: str, outcome: Outcome) -> str:
    if outcome.skipped:
        return f"{name}: skipped, {outcome.skipped}"
    return (
        f"{name}: {outcome.rounds} rounds, {outcome.faults.total()} faults, {outcome.differences.total()} "
        f"differences, {len(outcome.tally.wrong)} wrong answers, {outcome.seconds:.0f} s"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of every random choice (default 1)")
    parser.add_argument(
        "--minutes", type=float, default=10, help="how long processes are killed (default 10)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=list(drills(0)),
        metavar="NAME",
        help=f"this drill only, may be repeated: {', '.join(drills(0))}",
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
