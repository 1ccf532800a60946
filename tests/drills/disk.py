"""A full disk: a small file system in memory is filled before and during a night, then has space again."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from flows.maintenance.backup import restore_backup, write_backup
from flows.pipeline.space import RESERVE
from tests.drills.ground import Ground, end_of
from tests.drills.trial import Outcome, trial
from tests.flows.flow_helpers import CommandLine
from warehouse.connections import open_warehouse
from warehouse.settings import Settings

SIZE = "1200m"
FULL_SECONDS = 8.0


def disk(ground: Ground, outcome: Outcome, rng: Random, rounds: int = 1) -> None:
    """Fill the disk in each round; skipped where nothing can be mounted."""
    for _ in range(rounds):
        if outcome.skipped is None:
            disk_round(ground, outcome, rng)


def disk_round(ground: Ground, outcome: Outcome, rng: Random) -> None:
    """A night on a disk that is nearly full, one on which it fills up, and one with space."""
    with small_disk() as home:
        if home is None:
            outcome.skipped = "this user may not mount a file system in memory"
            return
        with trial(ground, outcome, rng, place=moved_base(ground, home)) as disturbed:
            leave(home, RESERVE // 2)
            disturbed.fault("nearly full")
            if disturbed.ended(disturbed.start_night()) == 0:
                outcome.tally.count("night", "a night on a nearly full disk was not refused")
            has_space(home)
            night = disturbed.start_night()
            time.sleep(disturbed.moment())
            leave(home, 0)
            disturbed.fault("full")
            time.sleep(FULL_SECONDS)
            has_space(home)
            disturbed.end(night)


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A home on a file system of its own; None where mounting is not allowed."""
    home = Path(tempfile.mkdtemp(prefix="sg-disk-", dir="/tmp"))
    mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(home)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield home if is_mounted else None
    finally:
        if is_mounted:
            has_space(home)
            end_of(home)
            subprocess.run(["/bin/umount", "--lazy", str(home)], check=True)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def moved_base(ground: Ground, home: Path) -> Iterator[CommandLine]:
    """The warehouse before the night, on the small disk, with the parsed project."""
    backup = ground.home / "to move.backup"
    write_backup(ground.base, backup, overwrite=True)
    settings = Settings(sigmasight_home=home)
    moved = open_warehouse(settings)
    shutil.copy(ground.base.settings.backup_key_file, settings.backup_key_file)
    restore_backup(moved, backup)
    shutil.copytree(ground.home / ".warehouse" / "dbt", home / ".warehouse" / "dbt")
    yield CommandLine(moved)


def leave(home: Path, free: int) -> None:
    """Fill the disk until so many bytes are free; others write meanwhile, so in a few attempts."""
    with (home / "filler").open("ab") as file:
        for _ in range(20):
            size = shutil.disk_usage(home).free - free
            if size <= 0:
                return
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)


def has_space(home: Path) -> None:
    """Remove what filled the disk."""
    (home / "filler").unlink(missing_ok=True)
