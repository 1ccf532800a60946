"""A clock that goes wrong: it jumps during the night, and it was ahead when the night before was published.

The server, the API and the commands all run under libfaketime, which reads from one file how far their clock
is off (package `faketime` of Debian).
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from tests.database_copies import copy_of, drop
from tests.drills.comparison import Marts, read_marts
from tests.drills.expected import Expected, read_answers
from tests.drills.ground import OWNERS, PASSWORD, Ground, night_from, succeed
from tests.drills.service import Service
from tests.drills.trial import Outcome, trial
from tests.flows.flow_helpers import CommandLine, price_table, write_prices
from warehouse.connections import open_warehouse, stop_warehouse

LIBRARIES = "lib*/**/faketime/libfaketimeMT.so.1"
JUMPS = ("+2d", "-2d", "+3h", "-3h", "+90", "-90")
SECOND_CORRECTION = "2025-07-01"


@dataclass(frozen=True)
class SecondNight:
    """A second night, which corrects another close: its files, and what is there after both, undisturbed."""

    folder: Path
    expected: Expected
    marts: Marts


def library() -> Path | None:
    """Libfaketime, if it is installed."""
    return next(iter(sorted(Path("/usr").glob(LIBRARIES))), None)


def clock(ground: Ground, outcome: Outcome, rng: Random, rounds: int = 1) -> None:
    """Jumps during a night, and a night that was published two days ahead; skipped without libfaketime."""
    found = library()
    if found is None:
        outcome.skipped = "libfaketime is not installed (`apt-get install faketime`)"
        return
    second = undisturbed_second_night(ground)
    with faked_clock(ground, found) as clock_file:
        for _ in range(rounds):
            jump_round(ground, outcome, rng, clock_file)
        ahead_round(ground, outcome, rng, clock_file, second)


@contextmanager
def faked_clock(ground: Ground, found: Path) -> Iterator[Path]:
    """Run the server, and each process started in the body, by the clock of a file: an offset such as +2d."""
    clock_file = ground.home / "clock"
    set_clock(clock_file, "+0")
    variables = {
        "LD_PRELOAD": str(found),
        "FAKETIME_TIMESTAMP_FILE": str(clock_file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    settings = ground.base.settings
    stop_warehouse(settings)
    os.environ.update(variables)
    try:
        open_warehouse(settings)
        yield clock_file
    finally:
        for name in variables:
            os.environ.pop(name)
        stop_warehouse(settings)
        open_warehouse(settings)


def set_clock(clock_file: Path, offset: str) -> None:
    """Set the clock of all processes by this much, at once."""
    draft = clock_file.with_suffix(".new")
    draft.write_text(f"{offset}\n")
    draft.chmod(0o644)
    draft.replace(clock_file)


def jump_round(ground: Ground, outcome: Outcome, rng: Random, clock_file: Path, jumps: int = 4) -> None:
    """Set the clock forwards and backwards during a night; at its end it is right again."""
    with trial(ground, outcome, rng) as disturbed:
        night = disturbed.start_night()
        for offset in rng.sample(JUMPS, jumps):
            time.sleep(disturbed.moment() / jumps)
            set_clock(clock_file, offset)
            disturbed.fault("forwards" if offset.startswith("+") else "backwards")
        code = disturbed.ended(night)
        set_clock(clock_file, "+0")
        if code != 0:
            disturbed.run_to_the_end()


def ahead_round(ground: Ground, outcome: Outcome, rng: Random, clock_file: Path, second: SecondNight) -> None:
    """Publish a night with the clock two days ahead, then a correction with the right clock."""
    with trial(ground, outcome, rng, expected=second.expected, marts=second.marts) as disturbed:
        set_clock(clock_file, "+2d")
        disturbed.fault("forwards")
        disturbed.run_to_the_end()
        set_clock(clock_file, "+0")
        disturbed.fault("backwards")
        disturbed.run_to_the_end(*night_from(second.folder))


def undisturbed_second_night(ground: Ground) -> SecondNight:
    """Run both nights undisturbed."""
    table = price_table()
    row = table[(table["date"] == np.datetime64(SECOND_CORRECTION)) & (table["symbol"] == "MSFT")].copy()
    row["close"] += 2
    folder = write_prices(ground.home / "correction", row)
    copy = copy_of(ground.undisturbed, "second")
    try:
        succeed(CommandLine(copy), *night_from(folder))
        with Service(copy, ground.home) as service:
            last = read_answers(service.url, OWNERS, PASSWORD)
        stages = (*ground.expected.stages, last)
        return SecondNight(folder, Expected(ground.base_publication, stages), read_marts(copy))
    finally:
        drop(copy)
