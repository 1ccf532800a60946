"""Temporary warehouses, and programs run on them as processes measured from outside."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from warehouse.embedded_host import run as run_on_server
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings, project_root

TEMPORARY = Path("/tmp")  # noqa: S108 - short: the path of a unix socket is limited to about 100 bytes
HOME_PREFIX = "sg-bench-"
SIGMASIGHT = Path(sys.executable).with_name("sigmasight")

_BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024
_LINES_SHOWN = 20


class BenchmarkError(SigmaSightError):
    """A measured program failed, or did not do the expected work."""


@dataclass(frozen=True)
class Finished:
    """A process that succeeded.

    seconds: from start to end. peak_memory_mb: of the process, or of its largest child process if larger.
    """

    seconds: float
    peak_memory_mb: float
    output: str


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A folder for a new embedded server; at the end the server is stopped and the folder removed."""
    for left in TEMPORARY.glob(f"{HOME_PREFIX}*"):
        owner = re.match(rf"{HOME_PREFIX}(\d+)-", left.name)
        if owner and not psutil.pid_exists(int(owner[1])) and left.stat().st_uid == os.geteuid():
            _remove_home(left)
    home = Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-", dir=TEMPORARY))
    try:
        yield home
    finally:
        _remove_home(home)


def _remove_home(home: Path) -> None:
    data = home / ".warehouse" / "pgdata"
    if (data / "postmaster.pid").exists():  # no data is kept: no need to wait for a checkpoint
        run_on_server("pg_ctl", "stop", "-m", "immediate", "-w", data=data)
    shutil.rmtree(home, ignore_errors=True)


def run_process(command: Sequence[str | Path], *, home: Path, **environment: str) -> Finished:
    """Run a program on the warehouse in `home` to its end, with only the settings given here.

    Raises BenchmarkError with its last lines when it fails.
    """
    foreign = {name.upper() for name in Settings.model_fields} | {"PREFECT_API_URL", "PREFECT_HOME"}
    inherited = {name: value for name, value in os.environ.items() if name not in foreign}
    with tempfile.TemporaryFile("w+") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=project_root(),
            env={**inherited, "SIGMASIGHT_HOME": str(home), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        usage = _wait(process)
        seconds = time.monotonic() - begun
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        last = "\n".join(text.splitlines()[-_LINES_SHOWN:])
        raise BenchmarkError(f"{Path(command[0]).name} {' '.join(map(str, command[1:]))} failed:\n{last}")
    return Finished(seconds, usage.ru_maxrss * _BYTES_OF_MAXRSS / 1e6, text)


def _wait(process: subprocess.Popen[bytes]) -> resource.struct_rusage:
    """Wait for the process; its resource usage. Stopping the benchmark also stops the process."""
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage
