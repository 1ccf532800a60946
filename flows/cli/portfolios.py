"""`sigmasight portfolios`: list portfolios, remove and restore them."""
# ruff: noqa: PLC0415

from datetime import date
from typing import Annotated

import typer

from flows.cli.entries import (
    HistoryOption,
    OwnerOption,
    PortfolioArgument,
    print_entries,
    say_entry,
    writing,
)
from flows.cli.options import parse_date

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="List, remove and restore portfolios. `sigmasight load positions` creates a new one.",
)

LAST_SESSION = """
select max(as_of_date) from ops.publication_dates where superseded_at is null
"""


@app.command("list")
def list_all(history: HistoryOption = False) -> None:
    """List the portfolios, including removed ones.

    For example:

        sigmasight portfolios list
    """
    with writing("portfolios list") as connection:
        from ingestion.portfolios.removal import list_portfolios

        rows = list_portfolios(connection, history=history)
    columns = (
        "portfolio",
        "owner",
        "account",
        "equity",
        "inception",
        "open positions",
        "removed on",
        "loaded",
    )
    names = ("portfolio_name", "owner_email", "account_type", "initial_equity", "inception_date")
    print_entries(
        columns,
        (
            [*(row[name] for name in names), row["open_positions"], row["removed_on"], row["loaded_at"]]
            for row in rows
        ),
        nothing="No portfolio yet: `sigmasight load positions` creates one.",
        numbers=("equity", "open positions"),
    )


@app.command()
def remove(
    name: PortfolioArgument,
    owner: OwnerOption = None,
    day: Annotated[
        date | None,
        typer.Option(
            "--date", parser=parse_date, metavar="DATE", help="The first day without it. Default: today."
        ),
    ] = None,
) -> None:
    """Remove a portfolio from a day on. Facts before that day and marts_history keep it.

    From the first session on or after that day it is in no fact, in no list and not in dim_portfolios.

    For example:

        sigmasight portfolios remove "Mine" --owner jane@example.com

        sigmasight portfolios remove "Mine" --owner jane@example.com --date 2026-01-02
    """
    with writing("portfolios remove") as connection:
        from flows.console import console
        from flows.database import value
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.removal import remove_portfolio

        holder = find_holder(connection, name, owner)
        report = remove_portfolio(connection, holder, day=day)
        last = value(connection, LAST_SESSION)
    say_entry(report, f"{holder.portfolio.portfolio_name} is removed; undo this with `portfolios restore`.")
    if report.touched_from is not None and last is not None and last < report.touched_from:
        console().print(
            f"The last published session is {last}: users see the portfolio until a session on or after "
            f"{report.touched_from} is published."
        )


@app.command()
def restore(name: PortfolioArgument, owner: OwnerOption = None) -> None:
    """Restore a removed portfolio, without a gap. Loading a statement for it has the same effect.

    For example:

        sigmasight portfolios restore "Mine" --owner jane@example.com
    """
    with writing("portfolios restore") as connection:
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.removal import restore_portfolio

        holder = find_holder(connection, name, owner)
        report = restore_portfolio(connection, holder)
    say_entry(report, f"{holder.portfolio.portfolio_name} is restored.")
