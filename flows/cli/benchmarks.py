"""`sigmasight benchmarks`: set, remove and list what portfolios are compared with."""
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
    named_apart,
    print_entries,
    say_entry,
    writing,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Set, remove and list the benchmarks of portfolios; without one a portfolio is compared with SPY. "
    "The mart fct_returns_by_period shows returns beside those of the benchmark.",
)


@app.command("set")
def set_one(
    portfolio: PortfolioArgument,
    symbol: Annotated[
        str,
        typer.Argument(metavar="SYMBOL", help="A fund, an index or any priced symbol.", show_default=False),
    ],
    owner: OwnerOption = None,
    since: FromOption = None,
) -> None:
    """Compare a portfolio with the total return of a symbol.

    The first benchmark of a portfolio applies from its inception, a later one from today. The next
    `sigmasight nightly --source vendors` downloads the symbol's prices.

    For example:

        sigmasight benchmarks set "Mine" VT

        sigmasight benchmarks set "Mine" AGG --from 2026-01-02
    """
    with writing("benchmarks set") as connection:
        from ingestion.market.symbols import normalize_symbol
        from ingestion.portfolios.benchmarks import is_priced, set_benchmark
        from ingestion.portfolios.entries import find_holder

        holder = find_holder(connection, portfolio, owner)
        report = set_benchmark(connection, holder, symbol, day=since)
        has_price = is_priced(connection, normalize_symbol(symbol))
    unpriced = "" if has_price else f" {symbol.upper()} has no price yet: the next load of a source asks."
    say_entry(report, f"{holder.portfolio.portfolio_name} is compared with {symbol.upper()}.{unpriced}")


@app.command()
def remove(portfolio: PortfolioArgument, owner: OwnerOption = None, since: FromOption = None) -> None:
    """Compare a portfolio with SPY again from today on, or from another day; earlier days keep theirs.

    For example:

        sigmasight benchmarks remove "Mine"
    """
    with writing("benchmarks remove") as connection:
        from ingestion.market.symbols import DEFAULT_BENCHMARK
        from ingestion.portfolios.benchmarks import remove_benchmark
        from ingestion.portfolios.entries import find_holder

        holder = find_holder(connection, portfolio, owner)
        report = remove_benchmark(connection, holder, day=since)
    say_entry(report, f"{holder.portfolio.portfolio_name} is compared with {DEFAULT_BENCHMARK} again.")


@app.command("list")
def list_benchmarks(
    portfolio: PortfolioFilter = None, owner: OwnerOption = None, history: HistoryOption = False
) -> None:
    """List the benchmarks in force today; portfolios that are not listed are compared with SPY.

    For example:

        sigmasight benchmarks list

        sigmasight benchmarks list "Mine" --history
    """
    with writing("benchmarks list") as connection:
        from ingestion.market.symbols import DEFAULT_BENCHMARK
        from ingestion.portfolios.benchmarks import current_benchmarks
        from ingestion.portfolios.entries import find_holder_if_named, stored_entries
        from ingestion.raw.datasets import BENCHMARKS

        holder = find_holder_if_named(connection, portfolio, owner)
        if history:
            rows = stored_entries(connection, BENCHMARKS, holder, history=True)
        else:
            rows = list(current_benchmarks(connection, datetime.now(UTC).date(), holder).values())
    rows = named_apart(rows)
    rows.sort(key=lambda row: (row["portfolio_name"], row["effective_date"], row["loaded_at"]))
    print_entries(
        ("portfolio", "benchmark", "from", "loaded"),
        (
            (
                row["portfolio_name"],
                row["symbol"] or f"{DEFAULT_BENCHMARK} (default)",
                row["effective_date"],
                row["loaded_at"],
            )
            for row in rows
        ),
        nothing=f"No benchmark yet, so {DEFAULT_BENCHMARK}: sigmasight benchmarks set PORTFOLIO SYMBOL",
    )
