"""docs/first_hour.md as a script: run its commands, compare what they print, or write it into the page.

A block of the page that begins with ```console has commands, each after "$ ", and below each its output. They
run one after the other in one shell, in the folder docs. To write the output of this version into the page:

    python -m tests.first_hour
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from warehouse.settings import project_root

PAGE = project_root() / "docs" / "first_hour.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
END = "the command ended with"

# What differs from run to run: durations, keys, counts of models and tests.
MASKS = (
    (r" +\d+\.\d s$", ""),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "KEY"),
    (r"\d+ models, \d+ tests passed(, \d+ with warnings)?", "N models, N tests passed"),
    (r"[\d,]+ rows, \d+\.\d MB$", "N rows, N MB"),  # the calendar grows by the month, autovacuum writes maps
)
# What is left out of the page: the calendar ends a year from today, and on weekends a run needs --force.
LEFT_OUT = re.compile(r"^  loaded +calendar_days .*\n|(?<=simulated) --force| +$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A command of the page, perhaps on several lines, and its output."""

    command: str
    output: str


def examples(block: str) -> Iterator[Example]:
    """The examples of one block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        last = next(place for place, line in enumerate(lines) if not line.endswith("\\\n"))
        yield Example("".join(lines[: last + 1]).rstrip("\n"), "".join(lines[last + 1 :]))


def masked(output: str) -> str:
    """The output without what differs from run to run."""
    for pattern, replacement in MASKS:
        output = re.sub(pattern, replacement, output, flags=re.MULTILINE)
    return output


class Shell:
    """A shell of a new user, who has no warehouse yet."""

    def __init__(self, home: Path) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._process = subprocess.Popen(
            ["/bin/bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=PAGE.parent,
            env={**os.environ, "PATH": path, "SIGMASIGHT_HOME": str(home)},
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        """The output of a command. Raises AssertionError if it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f'{command}\necho "{END} $?"\n')
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line.startswith(END):
                assert line == f"{END} 0\n", f"{command}\n{''.join(lines)}{line}"
                return LEFT_OUT.sub("", "".join(lines))
            lines.append(line)
        raise AssertionError(f"the shell ended in {command}")

    def close(self) -> None:
        """Stop the warehouse's server, the shell, and what it left running, such as the API."""
        try:
            self.run("sigmasight stop")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            self._process.communicate()


@contextmanager
def shell(home: Path) -> Iterator[Shell]:
    """A shell that is closed afterwards."""
    opened = Shell(home)
    try:
        yield opened
    finally:
        opened.close()


def run_page(text: str, opened: Shell) -> Iterator[tuple[Example, str]]:
    """Each example of the page and what its command printed."""
    for block in BLOCK.findall(text):
        for example in examples(block):
            yield example, opened.run(example.command)


def _write(home: Path) -> None:
    text = PAGE.read_text()
    with shell(home) as opened:

        def renew(block: re.Match[str]) -> str:
            parts = [f"$ {example.command}\n{opened.run(example.command)}" for example in examples(block[1])]
            return f"```console\n{''.join(parts)}```"

        renewed = BLOCK.sub(renew, text)
    PAGE.write_text(renewed)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sg-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)  # else a warning to root would stand in the page
        _write(Path(folder) / "home")
