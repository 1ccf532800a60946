"""`sigmasight tags`: add, remove and list tags of positions."""
# ruff: noqa: PLC0415

from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.cli.entries import (
    FromOption,
    HistoryOption,
    OwnerOption,
    PortfolioArgument,
    PortfolioFilter,
    SymbolArgument,
    print_entries,
    say_entry,
    writing,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Add, remove and list tags of positions. Automatic tags are the sector of a position's symbol, and "
    "`options` for an option.",
)

TagArgument = Annotated[
    str, typer.Argument(metavar="TAG", help="Any name of up to 100 characters.", show_default=False)
]


@app.command()
def add(
    portfolio: PortfolioArgument,
    symbol: SymbolArgument,
    tag: TagArgument,
    owner: OwnerOption = None,
    since: FromOption = None,
) -> None:
    """Add a tag to a portfolio's positions in a symbol.

    It applies from the portfolio's inception if the symbol never had it, else from today.

    For example:

        sigmasight tags add "Mine" AAPL growth

        sigmasight tags add "Mine" AAPL "Core Holdings" --from 2026-01-02
    """
    with writing("tags add") as connection:
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.tags import add_tag

        holder = find_holder(connection, portfolio, owner)
        report = add_tag(connection, holder, symbol, tag, day=since)
    say_entry(report, f"{symbol.upper()} of {holder.portfolio.portfolio_name} has the tag {tag!r}.")


@app.command()
def remove(
    portfolio: PortfolioArgument,
    symbol: SymbolArgument,
    tag: TagArgument,
    owner: OwnerOption = None,
    since: FromOption = None,
) -> None:
    """Remove a tag from today on, or from another day; before that day the positions keep it.

    For example:

        sigmasight tags remove "Mine" AAPL growth --from 2026-01-02
    """
    with writing("tags remove") as connection:
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.tags import remove_tag

        holder = find_holder(connection, portfolio, owner)
        report = remove_tag(connection, holder, symbol, tag, day=since)
    say_entry(report, f"{symbol.upper()} of {holder.portfolio.portfolio_name} no longer has the tag {tag!r}.")


@app.command("list")
def list_tags(
    portfolio: PortfolioFilter = None, owner: OwnerOption = None, history: HistoryOption = False
) -> None:
    """List all tags with the number of positions that have them, or the tags of one portfolio's symbols.

    All tags include the ten built-in ones (default) and those that positions have by themselves (automatic).

    For example:

        sigmasight tags list

        sigmasight tags list "Mine" --history
    """
    with writing("tags list") as connection:
        from ingestion.portfolios.entries import find_holder_if_named, stored_entries
        from ingestion.portfolios.tags import count_tags, current_tags
        from ingestion.raw.datasets import POSITION_TAGS

        if portfolio is None and not history:
            counts = [
                (found.tag, found.kind, found.portfolios, found.positions) for found in count_tags(connection)
            ]
            columns = ("tag", "kind", "portfolios", "positions")
            print_entries(columns, counts, nothing="No tag.", numbers=columns[2:])
            return
        holder = find_holder_if_named(connection, portfolio, owner)
        if history:
            rows = stored_entries(connection, POSITION_TAGS, holder, history=True)
        else:
            current = current_tags(connection, datetime.now(UTC).date(), holder).values()
            rows = [row for row in current if row["is_assigned"]]
    columns = ("portfolio", "symbol", "tag", "from", *(("carried", "loaded") if history else ()))
    names = ("portfolio_name", "symbol", "tag", "effective_date", "is_assigned", "loaded_at")[: len(columns)]
    rows.sort(key=lambda row: (row["portfolio_name"], row["symbol"], row["tag"], row["loaded_at"]))
    print_entries(
        columns,
        ([row[name] for name in names] for row in rows),
        nothing="No tag yet: sigmasight tags add PORTFOLIO SYMBOL TAG",
    )
