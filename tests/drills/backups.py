"""Damaged backups are refused, and a killed restore changes nothing; a sound one brings everything back."""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from flows.maintenance.backup import write_backup
from tests.drills.damage import DAMAGES
from tests.drills.ground import Ground
from tests.drills.trial import Outcome, Trial, trial

LONGEST_RESTORE = 8.0  # seconds; if it takes less, it is not killed

REFUSED = ("not signed with the key", "not a readable backup", "There is no file", "nothing was changed")


def backups(ground: Ground, outcome: Outcome, rng: Random, rounds: int = 1) -> None:
    """Each kind of damage in each round, at another place of the file."""
    for _ in range(rounds):
        backup_round(ground, outcome, rng, DAMAGES)


def backup_round(
    ground: Ground, outcome: Outcome, rng: Random, damages: dict[str, Callable[[Path, Random], None]]
) -> None:
    """Damaged files are refused; then the backup of before the night is restored, and the night runs."""
    path = ground.home / "before.backup"
    write_backup(ground.base, path, overwrite=True)
    with trial(ground, outcome, rng, may_go_back=True) as disturbed:
        for kind, damage in damages.items():
            broken = ground.home / "broken.backup"
            broken.write_bytes(path.read_bytes())
            damage(broken, rng)
            disturbed.fault(kind)
            _restore(disturbed, broken, is_sound=False)
        _kill_restore(disturbed, path)
        if rng.random() < 0.5:  # half of the time what is replaced is the warehouse of after the night
            disturbed.run_to_the_end()
        _restore(disturbed, path, is_sound=True)
        disturbed.run_to_the_end()


def _kill_restore(disturbed: Trial, path: Path) -> None:
    """Kill the command at any moment of a restore, or just after it."""
    process = disturbed.command.start("restore", str(path), "--replace")
    with suppress(subprocess.TimeoutExpired):
        process.wait(disturbed.rng.uniform(0.5, LONGEST_RESTORE))
    process.kill()
    if disturbed.ended(process) < 0:
        disturbed.fault("killed restore")


def _restore(disturbed: Trial, path: Path, *, is_sound: bool) -> None:
    done: subprocess.CompletedProcess[str] = disturbed.command.run("restore", str(path), "--replace")
    text = " ".join((done.stdout + done.stderr).split())
    disturbed.judge_end(done.returncode, text)
    if is_sound != (done.returncode == 0) or not (is_sound or any(reason in text for reason in REFUSED)):
        found = f"a restore of {path.name} ended with {done.returncode}: {text}"
        disturbed.outcome.tally.count("restore", found)
