"""Console output of a running command, and the log files.

    say("loaded", "prices: 44,122 rows, 44,122 new", 3.2)     a line on the console and in the log
    show_progress(120, 412)                                   a status line on a terminal, nothing elsewhere

    show_work("table raw.prices, 12 MB")                      the same with any text

Everything else goes to the log files in .warehouse/logs; warnings also go to the console. With
LOG_FORMAT=json every line, including progress, is a JSON object on standard error.
"""

import logging
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

from flows.environment import log_folder, rotating_file
from flows.log_format import log_formatter, visible
from warehouse.settings import Settings

progress = logging.getLogger("sigmasight.progress")

LABEL_WIDTH = 10
TEXT_WIDTH = 84
PLAIN: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
"""Texts are shown as they are: a name such as [/x] or :bug: is no markup."""


class VisibleConsole(Console):
    """A console on which control characters of texts (of a file, a user, a model) command no terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render with control characters written out; those of styles come later."""
        for segment in super().render(renderable, options):
            if segment.control is None:
                yield Segment(visible(segment.text), segment.style)
            else:
                yield segment


@cache
def console() -> Console:
    """The console on standard output; wide enough for a table when it is not a terminal."""
    is_terminal = sys.stdout.isatty()
    return VisibleConsole(**PLAIN, soft_wrap=not is_terminal, width=None if is_terminal else 120)


@cache
def errors() -> Console:
    """The console on standard error."""
    return VisibleConsole(**PLAIN, stderr=True, soft_wrap=True)


class _StatusLine:
    """The one status line of a terminal."""

    status: Status | None = None


def say(label: str, text: str, seconds: float | None = None) -> None:
    """Log one line of progress; seconds: how long it took."""
    end_progress()
    taken = "" if seconds is None else f"{seconds:7.1f} s"
    progress.info("%s", f"  {label:<{LABEL_WIDTH}} {text:<{TEXT_WIDTH if taken else 0}}{taken}".rstrip())


def show_progress(done: int, total: int) -> None:
    """Show how many nodes are built, on a terminal."""
    show_work(f"building {done} of {total}")


def show_work(text: str) -> None:
    """Show the current work, on a terminal."""
    if not sys.stdout.isatty() or is_json() or not progress.isEnabledFor(logging.INFO):
        return
    if _StatusLine.status is None:
        _StatusLine.status = console().status("")
        _StatusLine.status.start()
    _StatusLine.status.update(Text(text))


def end_progress() -> None:
    """Remove the status line."""
    if _StatusLine.status is not None:
        _StatusLine.status.stop()
        _StatusLine.status = None


class _ConsoleHandler(logging.Handler):
    """Prints progress as it is, anything else with its level on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == progress.name:
            console().print(self.format(record), markup=False)
        else:
            errors().print(f"{record.levelname.lower()}: {self.format(record)}", markup=False)


class _MessageFormatter(logging.Formatter):
    """The message alone: a traceback goes only to the log file."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(record.getMessage())


class _JsonConsoleHandler(_ConsoleHandler):
    """The same as JSON, all on standard error: standard output is for a command's result."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - this is the console


def is_json() -> bool:
    """Whether this process logs JSON to its console."""
    return any(isinstance(handler, _JsonConsoleHandler) for handler in logging.getLogger().handlers)


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
    shown = _JsonConsoleHandler() if settings.log_format == "json" else _ConsoleHandler()
    shown.addFilter(_shown)
    shown.setFormatter(log_formatter(settings, _MessageFormatter()))
    kept = rotating_file(settings, log_file(settings))
    kept.setFormatter(log_formatter(settings))
    root.setLevel(settings.log_level)
    root.addHandler(shown)
    root.addHandler(kept)
    progress.setLevel(min(logging.INFO, logging.getLevelName(settings.log_level)))
    for noisy in ("httpx", "httpcore", "urllib3", "yfinance", "peewee", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
