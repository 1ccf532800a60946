"""Make all tables of measurements again, one after the other on one commit, each by its own command.

    python -m tests.benchmarks.tables                           needs two free cores and 20 GB under /tmp
    python -m tests.benchmarks.tables --only bench_api scale    some of them, by the end of their modules

Each command writes its table into its page, and `git diff` shows what has changed. At the end it says how
long each took, and what missed a target or failed: then the exit code is 1.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.measure import temporary_home
from warehouse.settings import project_root

LARGE = "tests.benchmarks.bench_api --write --home {large}"  # builds what the next ones measure
SMALL = "tests.benchmarks.bench_api --portfolios 50 --sessions 252 --seconds 0.5 --home {small}"
COMMANDS = (
    "tests.benchmarks --write",
    "tests.benchmarks.kernels --write",
    "tests.benchmarks.kernels.workers --write",
    "tests.benchmarks.bench_positions --write",
    "tests.benchmarks.bench_loads --write",
    LARGE,
    "tests.benchmarks.bench_page --write --home {large}",
    "tests.benchmarks.bench_reports --write --home {large}",
    "tests.benchmarks.bench_vectors --write --home {large}",
    "tests.benchmarks.bench_attribution --write --home {large}",
    SMALL,
    "tests.benchmarks.bench_what_if --write --home {small}",
    "tests.benchmarks.bench_packed --write --home {small}",
    "tests.scale --write",
    "tests.scale.week --write",
)


class Made(NamedTuple):
    """A command that ended with this exit code."""

    command: str
    seconds: float
    code: int

    def __str__(self) -> str:
        said = "done" if self.code == 0 else f"target missed or failed: exit code {self.code}"
        return f"{self.seconds:7.0f} s  {self.command}: {said}"


def chosen(only: Sequence[str]) -> tuple[str, ...]:
    """The commands to run: all, or those named and the builds that they read. Raises ValueError."""
    modules = {command: command.split()[0] for command in COMMANDS}
    unknown = [name for name in only if not any(module.endswith(name) for module in modules.values())]
    if unknown:
        raise ValueError(f"no table is made by {', '.join(unknown)}: {', '.join(modules.values())}")
    named = [one for one in COMMANDS if not only or any(modules[one].endswith(name) for name in only)]
    homes = {home for home in ("{large}", "{small}") if any(home in command for command in named)}
    builds = {build for build in (LARGE, SMALL) if any(home in build for home in homes)}
    return tuple(command for command in COMMANDS if command in named or command in builds)


def make(commands: Sequence[str], homes: dict[str, Path]) -> Iterator[Made]:
    """Run the commands in turn."""
    for command in commands:
        begun = time.monotonic()
        words = [word.format(**homes) for word in command.split()]
        code = subprocess.run([sys.executable, "-m", *words], cwd=project_root(), check=False).returncode
        yield Made(command.format(large="FOLDER", small="FOLDER"), time.monotonic() - begun, code)


def main() -> int:
    """Make the tables; 0 when every command succeeded."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.tables", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="such as bench_api or scale")
    asked = parser.parse_args()
    try:
        commands = chosen(asked.only)
    except ValueError as error:
        parser.error(str(error))
    with temporary_home() as large, temporary_home() as small:
        made = []
        for one in make(commands, {"large": large, "small": small}):
            made.append(one)
            print(one, file=sys.stderr, flush=True)  # noqa: T201 - a command
    print("\n".join(map(str, made)))  # noqa: T201
    return int(any(one.code for one in made))


if __name__ == "__main__":
    sys.exit(main())
