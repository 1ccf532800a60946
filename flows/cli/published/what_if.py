"""`sigmasight what-if`: a portfolio before and after trades."""
# ruff: noqa: PLC0415

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.entries import OwnerOption
from flows.cli.groups import SERVE
from flows.cli.options import open_for_command, parse_date


class Cash(StrEnum):
    """Who pays for the trades."""

    ABSORB = "absorb"
    FIXED = "fixed"


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("what-if", rich_help_panel=SERVE)(what_if)


def what_if(  # noqa: PLR0917 - typer's options
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A positions file whose quantities are the change.", show_default=False
        ),
    ],
    portfolio: Annotated[
        str, typer.Option("--portfolio", metavar="NAME", help="The portfolio.", show_default=False)
    ],
    owner: OwnerOption = None,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_date,
            metavar="DATE",
            help="Trade at the close of this date or the session before. Default: the last published one.",
        ),
    ] = None,
    cash: Annotated[
        Cash,
        typer.Option(help="absorb: cash pays for the trades. fixed: cash stays, and equity changes instead."),
    ] = Cash.ABSORB,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what trades would do to a portfolio: exposures, betas, risk, stress, Greeks and liquidity.

    Nothing is written. Trades are at the close; entry prices and dates of the file count for nothing, and may
    be empty. A positive quantity buys, a negative one sells. Figures are computed as they are published.

    For example:

        sigmasight what-if hedge.csv --portfolio "Growth"

        sigmasight what-if hedge.csv --portfolio "Growth" --as-of 2025-09-12 --cash fixed --json
    """
    warehouse = open_for_command()
    from flows.pipeline.layout import check_readable
    from flows.pipeline.lock import process_name
    from flows.summaries.what_if import Asked, print_what_if, read_what_if
    from ingestion.portfolios.portfolios import Directory

    with warehouse.connect_writer(application_name=process_name("what-if")) as connection:
        check_readable(connection)
        portfolio_id = Directory(connection).find(portfolio, owner).portfolio_id
    found = read_what_if(warehouse, Asked(portfolio, portfolio_id, file, as_of, cash.value))
    if as_json:
        from flows.log_format import json_text

        print(json_text(found.as_document()))
    else:
        print_what_if(found)
