"""`sigmasight load`: load data."""
# ruff: noqa: PLC0415

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import open_for_command
from flows.errors import UsageError
from flows.source import Source

if TYPE_CHECKING:
    from flows.database import Connection
    from ingestion.raw.loads import LoadReport

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Load data: each file completely or not at all, and loading it twice changes nothing. "
    "The next `sigmasight nightly` builds and publishes what was loaded.",
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file.", show_default=False)]


def _load(what: str, loader: "Callable[[Connection], list[LoadReport]]") -> None:
    """Run one loader on a writer connection and report what it did."""
    warehouse = open_for_command()
    from flows.pipeline.load import load_calendar_if_short, say_loads
    from flows.pipeline.lock import process_name

    say_loads(load_calendar_if_short(warehouse))
    with warehouse.connect_writer(application_name=process_name(f"load {what}")) as connection:
        say_loads(loader(connection))


@app.command()
def prices(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="The folder of files, for --source files."),
    ] = None,
    source: Annotated[
        Source,
        typer.Option(help="Where the prices come from; `vendors` tries the configured vendors in order."),
    ] = Source.FILES,
) -> None:
    """Load prices and what else the source has: splits and dividends, rates, profiles, option chains.

    A folder holds prices.csv or prices.parquet (date, symbol, open, high, low, close, adj_close, volume) and
    may hold corporate_actions, rates and profiles in the same formats, and option_chain_*.csv. Columns and
    units, such as percent for yields: docs/sources.md.

    For example:

        sigmasight load prices ../prices

        sigmasight load prices --source vendors

    Vendors are tried in the order of PRICE_SOURCES and similar settings: see docs/sources.md.
    """
    warehouse = open_for_command()
    from flows.pipeline.load import load_calendar_if_short, load_source, say_loads
    from flows.prefect.start import check_source

    check_source(source, folder)
    say_loads(load_calendar_if_short(warehouse))
    say_loads(load_source(warehouse, source, folder, must_answer=True))


@app.command("flows", hidden=True)  # its name until 0.1
@app.command("capital-flows")
def capital_flows(file: File) -> None:
    """Load contributions and withdrawals of portfolios.

    Columns: portfolio_name, owner_email (where the name alone is not unique), flow_date, amount (USD,
    negative for a withdrawal), notes.

    For example:

        sigmasight load capital-flows capital_flows.csv
    """
    from ingestion.portfolios.capital_flows import load_capital_flows

    _load("capital-flows", lambda connection: [load_capital_flows(connection, _existing(file))])


@app.command()
def marks(file: File) -> None:
    """Load valuations of private holdings.

    Columns: portfolio_name, owner_email (where the name alone is not unique), symbol, mark_date, price (USD
    per unit, 0 for a write-off).

    For example:

        sigmasight load marks private_marks.csv
    """
    from ingestion.portfolios.private_marks import load_private_marks

    _load("marks", lambda connection: [load_private_marks(connection, _existing(file))])


@app.command()
def tags(file: File) -> None:
    """Load tags of positions.

    Columns: portfolio_name, owner_email (where the name alone is not unique), symbol, tag, effective_date
    (default: the portfolio's inception), is_assigned (default yes; no removes the tag from that date on).

    For example:

        sigmasight load tags tags.csv
    """
    from ingestion.portfolios.tags import load_tags

    _load("tags", lambda connection: [load_tags(connection, _existing(file))])


@app.command()
def targets(file: File) -> None:
    """Load target prices.

    Columns: portfolio_name, owner_email (where the name alone is not unique), symbol, target_price_eoy,
    target_price_next_year, downside_target_price (USD per share, empty for none), effective_date (default:
    the portfolio's inception for the first targets of a symbol, else today).

    For example:

        sigmasight load targets target_prices.csv
    """
    from ingestion.portfolios.target_prices import load_target_prices

    _load("targets", lambda connection: [load_target_prices(connection, _existing(file))])


@app.command()
def benchmarks(file: File) -> None:
    """Load benchmarks of portfolios.

    Columns: portfolio_name, owner_email (where the name alone is not unique), symbol (empty for the default,
    SPY), effective_date (default: the portfolio's inception for its first benchmark, else today).

    For example:

        sigmasight load benchmarks benchmarks.csv
    """
    from ingestion.portfolios.benchmarks import load_benchmarks

    _load("benchmarks", lambda connection: [load_benchmarks(connection, _existing(file))])


@app.command("lot-methods")
def lot_methods(file: File) -> None:
    """Load how portfolios relieve tax lots.

    Columns: portfolio_name, owner_email (where the name alone is not unique), method (fifo, lifo, hifo,
    average or specific; empty for the default, fifo), effective_date (default: the portfolio's inception for
    its first method, else today).

    For example:

        sigmasight load lot-methods lot_methods.csv
    """
    from ingestion.portfolios.lot_methods import load_lot_methods

    _load("lot-methods", lambda connection: [load_lot_methods(connection, _existing(file))])


@app.command()
def transactions(
    file: File,
    portfolio: Annotated[
        str | None, typer.Option(help="The portfolio of a broker's export, which does not name it.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Its owner's email, where the name is not unique.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="The account to load, if a broker's export lists several.")
    ] = None,
) -> None:
    """Load transactions: our file, or an export of Schwab, Fidelity or Interactive Brokers.

    Columns: portfolio_name, owner_email (where the name alone is not unique), date, kind (buy, sell,
    dividend, fee, split, transfer), symbol, quantity, price, fees, amount (of a dividend), acquired (of a
    transfer), notes. A file lists all transactions between its first and last day, and replaces what was
    known of these days.

    For example:

        sigmasight load transactions transactions.csv

        sigmasight load transactions history.csv --portfolio "Mine"
    """
    from ingestion.transactions.load import left_out, load_transactions

    path = _existing(file)
    _load(
        "transactions",
        lambda connection: [
            load_transactions(connection, path, portfolio_name=portfolio, owner_email=owner, account=account)
        ],
    )
    if note := left_out(path, account):
        typer.echo(note)


@app.command()
def demo() -> None:
    """Load the demo portfolios, their positions, tags and target prices, without prices.

    For example:

        sigmasight load demo && sigmasight load prices --source simulated && sigmasight nightly
    """
    from ingestion.demo.demo import load_demo_portfolios

    _load("demo", load_demo_portfolios)


@app.command()
def calendar() -> None:
    """Load the NYSE calendar up to a year ahead; other commands do so when needed.

    For example:

        sigmasight load calendar
    """
    from ingestion.market.calendar import load_calendar

    _load("calendar", lambda connection: [load_calendar(connection)])


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise UsageError(f"There is no file {file}: check the name and the folder.")
    return file
