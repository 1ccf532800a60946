"""`sigmasight show`: what is known of a portfolio, on one screen or as JSON."""
# ruff: noqa: PLC0415

from typing import Annotated

import typer

from flows.cli.entries import OwnerOption, PortfolioFilter
from flows.cli.groups import SERVE
from flows.cli.options import open_for_command


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=SERVE)(show)


def show(
    portfolio: PortfolioFilter = None,
    owner: OwnerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show a portfolio as published: value, P&L, exposures, risk, worst scenarios, what needs attention.

    Without a name, a line for each portfolio. Money is in USD; docs/method.md defines the figures.

    For example:

        sigmasight show

        sigmasight show "Growth"

        sigmasight show "Growth" --owner jane@example.com --json | jq .pnl
    """
    warehouse = open_for_command()
    from flows.pipeline.layout import check_readable
    from flows.pipeline.lock import process_name
    from flows.summaries.screen import print_portfolios, read_shown
    from ingestion.portfolios.portfolios import Directory

    ids = None
    with warehouse.connect_writer(application_name=process_name("show")) as connection:
        check_readable(connection)
        if portfolio is not None:
            ids = [Directory(connection).find(portfolio, owner).portfolio_id]
    if not as_json:
        print_portfolios(warehouse, ids, most=None)
        return
    from flows.log_format import json_text
    from flows.summaries.screen_json import as_json as json_of

    found = [json_of(shown) for shown in read_shown(warehouse, ids)]
    print(json_text(found if ids is None else found[0]))
