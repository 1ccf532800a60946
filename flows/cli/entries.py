"""Arguments and output shared by the commands for tags, targets, benchmarks, flows, marks and portfolios."""
# ruff: noqa: PLC0415

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.options import open_for_command, parse_date

if TYPE_CHECKING:
    from uuid import UUID

    from flows.database import Connection
    from ingestion.raw.loads import LoadReport
    from warehouse.connections import Warehouse


def parse_number(text: str) -> Decimal:
    """A number from the command line, exactly as written."""
    from ingestion.files.csv_reader import parse_number as parse

    number = parse(text.strip().removeprefix("$"))
    if number is None:
        raise typer.BadParameter(f"{text!r} is not a valid number: write it like 1250.50 or 1,250.50.")
    return number


PortfolioArgument = Annotated[
    str, typer.Argument(metavar="PORTFOLIO", help="The portfolio's name.", show_default=False)
]
SymbolArgument = Annotated[
    str,
    typer.Argument(metavar="SYMBOL", help="A symbol that the portfolio holds or held.", show_default=False),
]
PortfolioFilter = Annotated[
    str | None,
    typer.Argument(metavar="[PORTFOLIO]", help="Only this portfolio.", show_default=False),
]
OwnerOption = Annotated[
    str | None,
    typer.Option(
        "--owner", metavar="EMAIL", help="The portfolio's owner; needed when several owners use the name."
    ),
]
FromOption = Annotated[
    date | None,
    typer.Option(
        "--from", parser=parse_date, metavar="DATE", help="The first day it applies. Default: see above."
    ),
]
HistoryOption = Annotated[
    bool, typer.Option("--history", help="Show every stored version, not only the current one.")
]


@contextmanager
def writing(command: str) -> "Iterator[Connection]":
    """A connection as the writer role for a command, such as `tags add`."""
    warehouse = open_for_command()
    from flows.pipeline.lock import process_name

    with warehouse.connect_writer(application_name=process_name(command)) as connection:
        yield connection


def find_portfolio(warehouse: "Warehouse", name: str, owner: str | None) -> "UUID":
    """The id of the portfolio of this name. Raises UnknownPortfolioError."""
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.portfolios import Directory

    with warehouse.connect_writer(application_name=process_name("find")) as connection:
        return Directory(connection).find(name, owner).portfolio_id


def named_apart(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stored entries, with the owner after the name of a portfolio that several users have."""
    return [
        {**row, "portfolio_name": f"{row['portfolio_name']} of {row['owner_email']}"}
        if row["is_shared_name"]
        else row
        for row in rows
    ]


def say_entry(report: "LoadReport", done: str) -> None:
    """Print what one entry changed, and the command that builds it into the marts."""
    from flows.console import console

    if not report.rows_new:
        console().print("Already stored: nothing changed.")
        return
    since = f" It changes numbers from {report.touched_from} on." if report.touched_from else ""
    console().print(f"{done}{since} `sigmasight nightly` builds and publishes it.", markup=False)


def print_entries(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    nothing: str,
    numbers: Sequence[str] = (),
) -> None:
    """Print a table of rows, or the sentence `nothing`. numbers: right-aligned columns."""
    from rich.table import Table

    from flows.console import console

    table = Table(box=None)
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_shown, row))
    if table.row_count:
        console().print(table)
    else:
        console().print(nothing, markup=False)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"  # without the zeros that the column's type adds
    return str(value)
