"""`sigmasight report`: a portfolio's report as files."""
# ruff: noqa: PLC0415

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.entries import OwnerOption, PortfolioArgument
from flows.cli.groups import SERVE
from flows.cli.options import open_for_command, parse_date
from flows.wording import many
from warehouse.settings import REPORT_FORMATS

if TYPE_CHECKING:
    from api.reports.command import Written

ALL_FORMATS = ",".join(REPORT_FORMATS)
DEFAULT_FOLDER = Path("reports")


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=SERVE)(report)


def parse_formats(text: str) -> tuple[str, ...]:
    """Formats from the command line, each once."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    wrong = [name for name in names if name not in REPORT_FORMATS]
    if wrong or not names:
        raise typer.BadParameter(
            f"{text!r} names no formats: write some of {', '.join(REPORT_FORMATS)}, separated by commas."
        )
    return names


def report(  # noqa: PLR0917 - typer's options
    portfolio: PortfolioArgument,
    owner: OwnerOption = None,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_date,
            metavar="DATE",
            help="As of this date, or the last session before it. Default: the last published session.",
        ),
    ] = None,
    published_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="As published at this time, such as 2026-01-30T23:59 (UTC). Default: as published now.",
        ),
    ] = None,
    formats: Annotated[
        Any,
        typer.Option(
            "--format",
            parser=parse_formats,
            metavar="LIST",
            help="Some of md, json, csv, html, pdf. Default: all.",
        ),
    ] = ALL_FORMATS,
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder that holds the folders of reports.")
    ] = DEFAULT_FOLDER,
) -> None:
    """Write the report of a portfolio, as published: Markdown, JSON, CSV, HTML and PDF.

    The files portfolio_report.* are in DIR/NAME_DATE, one for each format. portfolio_report.csv holds
    the positions, portfolio_report_SECTION.csv each section. Files of an earlier report are replaced.

    For example:

        sigmasight report "Growth"

        sigmasight report "Growth" --as-of 2025-12-31 --format html,pdf --output /srv/reports

        sigmasight report "Growth" --published-at 2026-01-02T00:00
    """
    warehouse = open_for_command()
    from api.reports.command import Format, Wanted, write_report
    from flows.instants import parse_instant
    from flows.pipeline.layout import check_readable
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.portfolios import Directory

    with warehouse.connect_writer(application_name=process_name("report")) as connection:
        check_readable(connection)
        portfolio_id = Directory(connection).find(portfolio, owner).portfolio_id
    wanted = Wanted(
        folder=output,
        formats=tuple(map(Format, formats)),
        as_of=as_of,
        published_at=None if published_at is None else parse_instant(published_at),
        is_named=output != DEFAULT_FOLDER,
    )
    _say(write_report(warehouse, portfolio_id, wanted))


def _say(written: "Written") -> None:
    from flows.console import console

    done = "Replaced" if written.replaced else "Wrote"
    console().print(f"{done} {many(len(written.files), 'file')} in {written.folder}:", markup=False)
    for name in written.files:
        console().print(f"  {name}", markup=False)
