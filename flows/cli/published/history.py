"""`sigmasight history`: the dated marts as Parquet files, and SQL over these files."""
# ruff: noqa: PLC0415

import csv
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import open_for_command, settings_for_command
from flows.wording import many

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Export the dated marts to Parquet files, and query these: docs/operations.md.",
)

FolderArgument = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", help="The folder of the exported files.", show_default=False),
]


def parse_month(text: str) -> date:
    """The first day of a month from the command line, YYYY-MM."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no month: write YYYY-MM, such as 2026-01.") from None


@app.command()
def export(
    folder: FolderArgument,
    before: Annotated[
        date | None,
        typer.Option(
            parser=parse_month, metavar="YYYY-MM", help="Only months before this one. Default: all months."
        ),
    ] = None,
    mart: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this mart; can be repeated. Default: all dated marts."),
    ] = None,
) -> None:
    """Write the dated marts, as readers see them now, to Parquet files of a mart and month.

    Months that are in the folder already are skipped unless they were published again since. The files hold
    every portfolio, so only their owner can read them.

    For example:

        sigmasight history export /srv/risk-history

        sigmasight history export /srv/risk-history --before 2025-01 --mart fct_prices
    """
    warehouse = open_for_command()
    from flows.history.export import export_history
    from flows.pipeline.layout import check_readable

    with warehouse.connect_writer() as connection:
        check_readable(connection)
    done = export_history(warehouse, folder, before=before, marts=mart or ())
    found = f"{many(done.marts, 'mart')}, {many(done.months, 'month')}"
    size = f"{many(done.rows, 'row')}, {done.bytes / 1e6:,.1f} MB, in {done.seconds:.1f} s"
    print(
        f"{folder}: {found}. {many(done.files, 'file')} written with {size}; {done.unchanged:,} were current."
    )


@app.command()
def query(
    folder: FolderArgument,
    sql: Annotated[
        str | None,
        typer.Argument(metavar="SQL", help="A query of the marts, in DuckDB's SQL.", show_default=False),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="First compare every file with the manifest: hash and rows.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Answer SQL over exported files; each mart is a view of its name. Needs no warehouse.

    For example:

        sigmasight history query /srv/risk-history "select max(as_of_date) from fct_prices"

        sigmasight history query /srv/risk-history --verify
    """
    settings_for_command()
    from flows.history.folder import read_manifest
    from flows.history.query import answer

    if sql is None and not verify:
        raise typer.BadParameter("Write a query, or --verify.")
    manifest = read_manifest(folder)
    if verify:
        _verify(folder)
    if sql is not None:
        _print(*answer(folder, manifest, sql), as_csv=as_csv)


def _verify(folder: Path) -> None:
    """Raise HistoryError if a file is not as the manifest says."""
    from flows.errors import HistoryError
    from flows.history.folder import differences, read_manifest

    manifest = read_manifest(folder)
    if found := list(differences(folder, manifest)):
        raise HistoryError("\n".join(found))
    entries = [entry for mart in manifest.values() for entry in mart.months.values()]
    rows = sum(entry.rows for entry in entries)
    print(f"{many(len(entries), 'file')} with {many(rows, 'row')}: as the manifest says.", file=sys.stderr)


def _print(names: list[str], rows: list[tuple[object, ...]], *, as_csv: bool) -> None:
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
        return
    from rich.table import Table

    from flows.console import console

    table = Table(*names)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console().print(table)
    print(f"({len(rows):,} row{'' if len(rows) == 1 else 's'})")
