"""`sigmasight targets`: set, end and list target prices of symbols."""
# ruff: noqa: PLC0415

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import typer

from flows.cli.entries import (
    FromOption,
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

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Set, end and list the target prices of a portfolio's symbols. "
    "The mart fct_target_prices shows the returns they imply.",
)


@app.command("set")
def set_targets(  # noqa: PLR0917 - typer's options
    portfolio: PortfolioArgument,
    symbol: SymbolArgument,
    eoy: Annotated[
        Decimal | None,
        typer.Option(parser=parse_number, metavar="USD", help="Expected price at the end of the year."),
    ] = None,
    next_year: Annotated[
        Decimal | None, typer.Option(parser=parse_number, metavar="USD", help="Expected price a year later.")
    ] = None,
    downside: Annotated[
        Decimal | None,
        typer.Option(
            parser=parse_number,
            metavar="USD",
            help="Price in the downside case; above today's for a short position.",
        ),
    ] = None,
    owner: OwnerOption = None,
    since: FromOption = None,
) -> None:
    """Set target prices of a symbol, USD per share; those that are left out keep their values.

    The first targets of a symbol apply from the portfolio's inception, later ones from today. Prices are per
    share as of that day (of today for the first): later splits are applied to them.

    For example:

        sigmasight targets set "Mine" AAPL --eoy 230 --next-year 255 --downside 170

        sigmasight targets set "Mine" AAPL --eoy 240 --from 2026-01-02
    """
    with writing("targets set") as connection:
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.target_prices import TARGETS, set_target_price

        holder = find_holder(connection, portfolio, owner)
        targets = dict(zip(TARGETS, (eoy, next_year, downside), strict=True))
        report = set_target_price(connection, holder, symbol, targets, day=since)
    say_entry(report, f"The targets of {symbol.upper()} in {holder.portfolio.portfolio_name} are set.")


@app.command()
def remove(
    portfolio: PortfolioArgument, symbol: SymbolArgument, owner: OwnerOption = None, since: FromOption = None
) -> None:
    """End the targets of a symbol from today on, or from another day; earlier days keep them.

    For example:

        sigmasight targets remove "Mine" AAPL
    """
    with writing("targets remove") as connection:
        from ingestion.portfolios.entries import find_holder
        from ingestion.portfolios.target_prices import remove_target_price

        holder = find_holder(connection, portfolio, owner)
        report = remove_target_price(connection, holder, symbol, day=since)
    say_entry(report, f"{symbol.upper()} of {holder.portfolio.portfolio_name} no longer has a target.")


@app.command("list")
def list_targets(
    portfolio: PortfolioFilter = None, owner: OwnerOption = None, history: HistoryOption = False
) -> None:
    """List the target prices in force today.

    For example:

        sigmasight targets list

        sigmasight targets list "Mine" --history
    """
    with writing("targets list") as connection:
        from ingestion.portfolios.entries import find_holder_if_named, stored_entries
        from ingestion.portfolios.target_prices import TARGETS, current_targets
        from ingestion.raw.datasets import TARGET_PRICES

        holder = find_holder_if_named(connection, portfolio, owner)
        if history:
            rows = stored_entries(connection, TARGET_PRICES, holder, history=True)
        else:
            rows = list(current_targets(connection, datetime.now(UTC).date(), holder).values())
    rows = named_apart(rows)
    rows.sort(key=lambda row: (row["portfolio_name"], row["symbol"], row["effective_date"], row["loaded_at"]))
    columns = ("portfolio", "symbol", "from", "eoy", "next year", "downside", "loaded")
    names = ("portfolio_name", "symbol", "effective_date", *TARGETS, "loaded_at")
    print_entries(
        columns,
        ([row[name] for name in names] for row in rows),
        nothing="No target yet: sigmasight targets set PORTFOLIO SYMBOL --eoy USD",
        numbers=columns[3:6],
    )
