"""The command line in this process: starting a process for each of a hundred commands would take minutes."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from typer.testing import CliRunner

from flows.cli.app import app
from flows.console import console, errors


def invoke(arguments: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `sigmasight ...` with these variables added; the environment is restored afterwards."""
    before = dict(os.environ)
    _forget()
    try:
        done = CliRunner().invoke(app, list(arguments), env=dict(variables))
    finally:
        _forget()
        os.environ.clear()
        os.environ.update(before)
    return subprocess.CompletedProcess(list(arguments), done.exit_code, done.stdout, done.stderr)


def _forget() -> None:
    """Drop the consoles of the previous command."""
    for cached in (console, errors):
        cached.cache_clear()
