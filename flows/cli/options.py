"""Shared by all commands: parsing dates, reporting errors, opening the warehouse."""

import logging
import os
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from typer.core import TyperGroup

from flows.cli.groups import ORDER
from flows.console import end_progress, errors, is_json, log_file, set_up_logging
from flows.log_format import visible
from warehouse.connections import Warehouse, open_warehouse
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings, get_settings

logger = logging.getLogger(__name__)

LITTLE_SPACE = 32_000_000  # bytes; less than one build writes
INTERRUPTED = 130  # the conventional exit code after Ctrl-C


def parse_date(text: str) -> date:
    """A date from the command line, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a valid date: write YYYY-MM-DD, such as 2026-01-30."
        ) from None


PricesOption = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="The folder of price files, for --source files.")
]


def settings_for_command() -> Settings:
    """The settings, with logging set up; opens nothing. Raises SettingsError."""
    settings = get_settings()
    set_up_logging(settings)
    return settings


def open_for_command() -> Warehouse:
    """The warehouse, with logging set up. Raises SigmaSightError."""
    return open_warehouse(settings_for_command())


class SentenceGroup(TyperGroup):
    """Commands whose errors are sentences on standard error, with an exit code and no traceback.

    An unexpected error is reported in one line, and its traceback goes to the log file.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the groups of `--help`; those without a group come last."""

        def place(name: str) -> int:
            group = getattr(self.commands[name], "rich_help_panel", None)
            return ORDER.index(group) if group in ORDER else len(ORDER)

        return sorted(super().list_commands(ctx), key=place)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SigmaSightError as error:
            _fail(str(error), error.exit_code)
        except psycopg.OperationalError as error:
            _fail(f"The database connection broke: {' '.join(str(error).split())}. Run the command again.")
        except KeyboardInterrupt:
            end_progress()
            errors().print("Stopped.", style="bold")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # the reader of the pipe (head, less) has exited
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except OSError as error:
            logger.exception("Operating system error")
            _fail(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        except Exception as error:
            if type(error).__module__.startswith(("click", "typer")):
                raise  # usage errors and exits: click reports them itself
            _fail(_unexpected(error))


def _fail(sentence: str, exit_code: int = 1) -> None:
    end_progress()
    sentence = " ".join(filter(None, [sentence, _full_disk()]))
    if is_json():
        logger.error("%s", sentence)
    else:
        errors().print(visible(sentence), markup=False, style="red" if errors().is_terminal else None)
    raise typer.Exit(exit_code) from None


def _full_disk() -> str:
    """A hint to add to any error when the warehouse's disk is full, the likely cause."""
    try:
        folder = get_settings().sigmasight_home
        free = shutil.disk_usage(folder).free
    except (SigmaSightError, OSError):
        return ""
    if free > LITTLE_SPACE:
        return ""
    return f"The disk that holds {folder} is full ({free / 1e6:.0f} MB left): free some space first."


def _unexpected(error: Exception) -> str:
    """One line for a bug of ours; its traceback goes to the log file."""
    what = f"{type(error).__name__}: {' '.join(str(error).split())}"
    try:
        settings = get_settings()
        set_up_logging(settings)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.FileHandler):
                record = logger.makeRecord(
                    logger.name, logging.ERROR, __file__, 0, "Unexpected error", (),
                    (type(error), error, error.__traceback__),
                )  # fmt: skip
                handler.handle(record)
    except (SigmaSightError, OSError):
        return f"Unexpected error: {what}"
    return f"Unexpected error: {what}. The details are in {log_file(settings)}."
