"""What a person sees while a command runs, and what the log files keep.

    say("loaded", "prices: 44,122 rows, 44,122 new", 3.2)     a line on the console and in the log
    show_progress(120, 412)                                   a moving line on a terminal, nothing elsewhere

Everything else goes to the log files in .warehouse/logs; warnings show on the console as well.
"""

import logging
import sys
from functools import cache
from logging.handlers import RotatingFileHandler
from pathlib import Path

from rich.console import Console
from rich.status import Status

from flows.environment import LOG_BYTES, log_folder
from warehouse.settings import Settings

progress = logging.getLogger("sigmasight.progress")

LABEL_WIDTH = 10
TEXT_WIDTH = 84


@cache
def console() -> Console:
    """The console on standard output; wide enough for a table when it is no terminal."""
    return Console(
        highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 120
    )


@cache
def errors() -> Console:
    """The console on standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


class _Moving:
    """The one moving line of a terminal."""

    status: Status | None = None


def say(label: str, text: str, seconds: float | None = None) -> None:
    """One line of progress; seconds: how long it took."""
    end_progress()
    taken = "" if seconds is None else f"{seconds:7.1f} s"
    progress.info("%s", f"  {label:<{LABEL_WIDTH}} {text:<{TEXT_WIDTH if taken else 0}}{taken}".rstrip())


def show_progress(done: int, total: int) -> None:
    """How many of the nodes are built, on a terminal."""
    if not sys.stdout.isatty() or not progress.isEnabledFor(logging.INFO):
        return
    if _Moving.status is None:
        _Moving.status = console().status("")
        _Moving.status.start()
    _Moving.status.update(f"building {done} of {total}")


def end_progress() -> None:
    """Take the moving line away."""
    if _Moving.status is not None:
        _Moving.status.stop()
        _Moving.status = None


class _ConsoleHandler(logging.Handler):
    """Progress as it is, anything else as a warning on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == progress.name:
            console().print(record.getMessage(), markup=False)
        else:
            errors().print(f"{record.levelname.lower()}: {record.getMessage()}", markup=False)


def _shown(record: logging.LogRecord) -> bool:
    return record.name == progress.name or record.levelno >= logging.WARNING


def log_file(settings: Settings) -> Path:
    """The log of the commands."""
    return log_folder(settings) / "sigmasight.log"


def set_up_logging(settings: Settings) -> None:
    """Send the log to the file and progress and warnings to the console. Once per process."""
    logging.raiseExceptions = (
        False  # a log that cannot be written (a full disk) must not hide the error itself
    )
    root = logging.getLogger()
    if any(isinstance(handler, _ConsoleHandler) for handler in root.handlers):
        return
    shown = _ConsoleHandler()
    shown.addFilter(_shown)
    kept = RotatingFileHandler(log_file(settings), maxBytes=LOG_BYTES, backupCount=2, delay=True)
    kept.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)-7s %(name)s: %(message)s"))
    root.setLevel(settings.log_level)
    root.addHandler(shown)
    root.addHandler(kept)
    progress.setLevel(min(logging.INFO, logging.getLevelName(settings.log_level)))
    for noisy in ("httpx", "httpcore", "urllib3", "yfinance", "peewee", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
