"""Confirm a statement that looks wrong before it is loaded: on a terminal by answering, else by --yes."""
# ruff: noqa: PLC0415

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flows.errors import UnconfirmedStatementError
from flows.source import Source
from warehouse.connections import Warehouse
from warehouse.settings import Settings

if TYPE_CHECKING:
    from flows.database import Connection
    from ingestion.statements.checks import Question, Thresholds
    from ingestion.statements.load import PreparedStatement
    from ingestion.statements.preview import Preview

Prepare = Callable[["Connection"], "PreparedStatement"]


@dataclass(frozen=True)
class Checked:
    """A statement's preview and the questions about it."""

    preview: "Preview"
    questions: "tuple[Question, ...]"


def check_statement(warehouse: Warehouse, prepare: Prepare, *, has_asked_for_prices: bool) -> Checked:
    """Read the statement without writing anything. Raises the errors of the file."""
    from flows.pipeline.lock import process_name
    from ingestion.statements.checks import questions
    from ingestion.statements.preview import preview

    with warehouse.connect_writer(application_name=process_name("preview positions")) as connection:
        connection.rollback()
        connection.read_only = True
        prepared = prepare(connection)
        asked = questions(
            connection,
            prepared,
            thresholds(warehouse.settings),
            has_asked_for_prices=has_asked_for_prices,
        )
        return Checked(preview(connection, prepared), asked)


def thresholds(settings: Settings) -> "Thresholds":
    """The thresholds of the settings."""
    from ingestion.statements.checks import Thresholds

    return Thresholds(
        settings.statement_price_percent,
        settings.statement_position_to_equity,
        settings.statement_gross_to_equity,
        settings.statement_changed_symbols_percent,
        settings.statement_equity_gap_percent,
    )


def fetch_prices_first(
    warehouse: Warehouse, prepare: Prepare, source: Source | None, prices: Path | None
) -> bool:
    """Fetch the prices of a statement's new symbols, and of a folder also those of its last days; whether
    all symbols have prices, or a source was asked and answered.

    Without them no price can be compared with its close, and no symbol be named that no source prices; a sale
    at the statement's close would hide a deposit. Vendors are asked for new symbols alone: newer prices of
    one portfolio would show all others a session without theirs.
    """
    from flows.pipeline.lock import process_name
    from flows.pipeline.onboarding import fetch_for_statement
    from ingestion.statements.preview import symbols_behind, unpriced_symbols

    if source is None:
        return False
    with warehouse.connect_writer(application_name=process_name("onboard")) as connection:
        prepared = prepare(connection)
        new = unpriced_symbols(connection, prepared.lots)
        is_behind = source is Source.FILES and symbols_behind(connection, prepared)
        connection.rollback()
    if not new and not is_behind:
        return True
    first_entry = min(lot.entry_date for lot in prepared.lots)
    return fetch_for_statement(warehouse, source, prices, new, first_entry)


def ask_to_go_on(path: Path, asked: "Sequence[Question]", *, yes: bool) -> None:
    """Return if nothing is asked, or the user agrees. Raises UnconfirmedStatementError otherwise."""
    if not asked:
        return
    if yes or not sys.stdin.isatty():
        if not yes:
            raise UnconfirmedStatementError(path, asked)
        return
    from flows.console import console

    for question in asked:
        console().print(f"  {question.located}")
    if not typer.confirm("Load it as it is?"):
        raise UnconfirmedStatementError(path, asked)
