"""`sigmasight marks`: valuations of private holdings, one by one."""
# ruff: noqa: PLC0415

from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from flows.cli.entries import (
    HistoryOption,
    OwnerOption,
    PortfolioArgument,
    PortfolioFilter,
    SymbolArgument,
    named_apart,
    parse_number,
    print_entries,
    say_entry,
    writing,
)
from flows.cli.options import parse_date

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Add, remove and list valuations of private holdings.",
)

DayOption = Annotated[
    date, typer.Option("--date", parser=parse_date, metavar="DATE", help="The day of the valuation.")
]


@app.command()
def add(
    portfolio: PortfolioArgument,
    symbol: SymbolArgument,
    price: Annotated[
        Decimal, typer.Option(parser=parse_number, metavar="USD", help="Per unit; 0 for a write-off.")
    ],
    day: DayOption,
    owner: OwnerOption = None,
) -> None:
    """Value a private holding from a day on; a second price for the same day replaces the first.

    For example:

        sigmasight marks add "Mine" HOME_EQUITY --price 285000 --date 2026-01-15
    """
    with writing("marks add") as connection:
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.private_marks import add_mark

        holder = find_holder(connection, portfolio, owner)
        report = add_mark(connection, holder, symbol, price, day)
    say_entry(report, f"{symbol.upper()} of {holder.portfolio.portfolio_name} is worth {price:,f} a unit.")


@app.command()
def remove(
    portfolio: PortfolioArgument, symbol: SymbolArgument, day: DayOption, owner: OwnerOption = None
) -> None:
    """Remove a valuation: the previous one, or the entry price, then applies.

    For example:

        sigmasight marks remove "Mine" HOME_EQUITY --date 2026-01-15
    """
    with writing("marks remove") as connection:
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.private_marks import remove_mark

        holder = find_holder(connection, portfolio, owner)
        report = remove_mark(connection, holder, symbol, day)
    say_entry(report, f"The mark of {symbol.upper()} of {day} is removed.")


@app.command("list")
def list_marks(
    portfolio: PortfolioFilter = None, owner: OwnerOption = None, history: HistoryOption = False
) -> None:
    """List valuations of private holdings; in the history, one without a price was removed.

    For example:

        sigmasight marks list

        sigmasight marks list "Mine" --history
    """
    with writing("marks list") as connection:
        from ingestion.portfolios.entries import find_holder_if_named, stored_entries
        from ingestion.raw.datasets import PRIVATE_MARKS

        holder = find_holder_if_named(connection, portfolio, owner)
        rows = stored_entries(connection, PRIVATE_MARKS, holder, history=history)
    shown = [row for row in named_apart(rows) if history or row["price"] is not None]
    shown.sort(key=lambda row: (row["portfolio_name"], row["symbol"], row["mark_date"], row["loaded_at"]))
    names = ("portfolio_name", "symbol", "mark_date", "price", "loaded_at")
    print_entries(
        ("portfolio", "symbol", "date", "price", "loaded"),
        ([row[name] for name in names] for row in shown),
        nothing="No mark yet: sigmasight marks add PORTFOLIO SYMBOL --price USD --date DATE",
        numbers=("price",),
    )
