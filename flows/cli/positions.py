"""`sigmasight load positions` and `sigmasight template`: template, preview and load of a statement."""
# ruff: noqa: PLC0415

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.cli.groups import START
from flows.cli.options import PricesOption, open_for_command, parse_date
from flows.errors import UnconfirmedStatementError, UsageError
from flows.source import Source
from warehouse.errors import SigmaSightError

if TYPE_CHECKING:
    from flows.cli.confirm import Checked, Prepare
    from ingestion.portfolios.portfolios import PortfolioFields
    from ingestion.statements.brokers.entries import EntryTerms
    from ingestion.statements.preview import Preview

_ISIN_SYMBOL = re.compile(r"(?P<isin>[A-Z]{2}[A-Z0-9]{9}[0-9])=(?P<symbol>[A-Z0-9.\-/]+)")
_ENTRY_PRICE = re.compile(r"(?P<symbol>[^=].*)=\$?(?P<price>\d+(\.\d{1,4})?)")  # USD, as in the file


def add_to(app: typer.Typer, load: typer.Typer) -> None:
    """Add the commands for positions files to the command line."""
    load.command()(positions)
    app.command(rich_help_panel=START)(template)


def positions(  # noqa: PLR0917 - typer's options
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The CSV file or Excel workbook, in our format or a broker's position download.",
            show_default=False,
        ),
    ],
    portfolio: Annotated[str, typer.Option(help="The portfolio's name; a new name creates a portfolio.")],
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="The portfolio's owner.")],
    equity: Annotated[
        str | None,
        typer.Option(
            metavar="USD",
            help="Starting capital. Default for a new portfolio: the value of the positions and cash of a "
            "download, the cost of the lots of a file.",
        ),
    ] = None,
    owner_name: Annotated[str | None, typer.Option(help="The owner's full name.")] = None,
    account_type: Annotated[
        str | None, typer.Option(help="taxable, ira, roth_ira, 401k, 403b, 529, hsa, trust or other.")
    ] = None,
    account_name: Annotated[
        str | None, typer.Option(help="The broker's name for the account. Default: the portfolio's name.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="A short description of the portfolio.")] = None,
    inception: Annotated[
        date | None,
        typer.Option(
            parser=parse_date,
            metavar="DATE",
            help="Start of the history. Default: the first entry, or the opening.",
        ),
    ] = None,
    statement_date: Annotated[
        date | None,
        typer.Option(
            parser=parse_date,
            metavar="DATE",
            help="The date of the statement. Default: the date in a broker's download, else today.",
        ),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Fail if a portfolio of this name exists.")] = False,
    account: Annotated[
        str | None, typer.Option(help="The account, by number or name, if a download lists several.")
    ] = None,
    entry_date: Annotated[
        date | None,
        typer.Option(
            parser=parse_date, metavar="DATE", help="Entry date of the positions of a download without dates."
        ),
    ] = None,
    entry_price: Annotated[
        list[str] | None,
        typer.Option(metavar="SYMBOL=USD", help="Cost per share of a position of a download. Repeatable."),
    ] = None,
    entry_at_market: Annotated[
        bool,
        typer.Option("--entry-at-market", help="Enter a download's positions at its date and its prices."),
    ] = False,
    symbol: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ISIN=SYMBOL", help="Symbol of a position for which a download has an ISIN. Repeatable."
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The currency of a download that does not name it; only USD is loaded.")
    ] = None,
    date_format: Annotated[
        Literal["MDY", "DMY", "YMD"] | None,
        typer.Option(
            case_sensitive=False,
            help="The order in dates like 3/4/2025: month, day, year, or day, month, year. "
            "Default: the one that fits all dates of the file.",
        ),
    ] = None,
    decimal: Annotated[
        Literal["point", "comma"] | None,
        typer.Option(help="The decimal mark of the file. Default: the one that fits all of its numbers."),
    ] = None,
    shares_as_of: Annotated[
        Literal["entry", "statement"] | None,
        typer.Option(
            help="The date in whose shares a file lists new lots that were split since their entry. "
            "Default: as their prices tell."
        ),
    ] = None,
    performance_from: Annotated[
        Literal["entry", "statement"],
        typer.Option(
            help="Where the performance of lots older than the first statement starts: at their entry, or at "
            "their value of the statement's date, as always for a download."
        ),
    ] = "entry",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Load a statement that looks wrong without asking.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be loaded; write nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: errors, preview or loads. Implies --no-build.")
    ] = False,
    source: Annotated[
        Source | None,
        typer.Option(
            help="Where prices of new symbols come from. Default: the source of the last prices, or vendors."
        ),
    ] = None,
    prices: PricesOption = None,
    no_build: Annotated[
        bool, typer.Option("--no-build", help="Only load; the next nightly fetches prices and builds.")
    ] = False,
) -> None:
    """Load a portfolio's statement: the 12-column positions file, or a position download of a broker.

    Then prices and profiles of its new symbols are fetched, symbols without enough history for the risk
    models are listed, and the portfolio is built back to its first entry, or to its opening, and published.

    Downloads of Degiro, E*Trade, Fidelity, Interactive Brokers, Merrill, Morgan Stanley, Robinhood, Schwab,
    Trading 212 and Vanguard are recognized as they are; an error names the options for what they lack. A
    later file for the same portfolio is a new statement: open positions that it no longer lists are closed at
    its date, and a smaller quantity is a sale. All errors are reported at once, each with its row and how to
    fix it (docs/positions_file.md).

    What looks wrong without being an error (a price far from that day's close, a quantity out of proportion
    to the equity, a symbol without prices, a broker's total far from ours) is listed and confirmed first: on
    a terminal by answering, else by --yes.

    For example:

        sigmasight load positions mine.csv --portfolio "Mine" --owner jane@example.com --equity 485000

        sigmasight load positions may.csv --portfolio "Mine" --owner jane@example.com --dry-run

        sigmasight load positions fidelity.csv --portfolio "IRA" --owner jane@example.com --equity 90000
            --account-type ira --entry-date 2025-12-31
    """
    with _errors_as_json() if as_json else _errors_as_table():
        terms = _terms(
            entry_date,
            entry_price or [],
            account,
            at_market=entry_at_market,
            symbols=symbol or [],
            currency=currency,
            date_format=date_format,
            decimal=decimal,
        )
        reading = Reading(terms, statement_date, shares_as_of)
        from ingestion.portfolios.portfolios import PortfolioFields

        fields = PortfolioFields(
            *(portfolio, owner, equity, owner_name, account_type, description, inception, account_name, new),
            performs_from_statement=performance_from == "statement",
        )
        if dry_run:
            _preview(file, fields, reading, source, as_json=as_json)
        elif as_json:
            _load_as_json(file, fields, reading, yes=yes)
        else:
            _onboard(file, fields, reading, Build(source, prices, not no_build), yes=yes)


def template(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to write it. Default: standard output."),
    ] = None,
) -> None:
    """Write a template positions file: its columns, their rules, an example row of each kind.

    For example:

        sigmasight template mine.csv
    """
    from flows.console import console
    from warehouse.templates import positions_template as text

    if file is None:
        typer.echo(text(), nl=False)
        return
    try:
        with file.open("x") as opened:
            opened.write(text())
    except FileExistsError:
        raise UsageError(f"The file {file} already exists: name another one.") from None
    console().print(f"Written to {file}. Fill it in, then: sigmasight load positions {file} --dry-run ...")


# --- options ---------------------------------------------------------------------------------------------


def _terms(
    entry_date: date | None,
    prices: list[str],
    account: str | None,
    *,
    at_market: bool,
    symbols: list[str],
    currency: str | None,
    date_format: Literal["MDY", "DMY", "YMD"] | None,
    decimal: Literal["point", "comma"] | None,
) -> "EntryTerms":
    from ingestion.statements.brokers.entries import EntryTerms
    from ingestion.statements.formats import FileFormats

    given = {}
    for text in prices:
        match = _ENTRY_PRICE.fullmatch(text.replace(",", ""))
        if match is None or Decimal(match["price"]) == 0:
            raise UsageError(
                f"--entry-price {text!r} is not a valid price of a symbol: write it like AAPL=204.94."
            )
        given[match["symbol"].strip()] = Decimal(match["price"])
    return EntryTerms(
        entry_date,
        given,
        at_market,
        account,
        dict(_symbol_of_isin(text) for text in symbols),
        currency,
        FileFormats(date_format, decimal),
    )


def _symbol_of_isin(text: str) -> tuple[str, str]:
    match = _ISIN_SYMBOL.fullmatch(text.strip().upper())
    if match is None:
        raise UsageError(f"--symbol {text!r} is not the symbol of an ISIN: write it like US0378331005=AAPL.")
    return match["isin"], match["symbol"]


# --- loading and showing ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """How to read the file, as the parameters of `load_fields`."""

    terms: "EntryTerms"
    statement_date: date | None
    shares_as_of: Literal["entry", "statement"] | None


@dataclass(frozen=True)
class Build:
    """The build after the load. source: None for the default; prices: the folder for `files`."""

    source: Source | None
    prices: Path | None
    wanted: bool


def _preparing(file: Path, fields: "PortfolioFields", reading: Reading) -> "Prepare":
    """Compare the statement with a warehouse, without writing anything."""
    from ingestion.statements.load import prepare_positions

    return lambda connection: prepare_positions(connection, file, fields, **vars(reading))


def _onboard(file: Path, fields: "PortfolioFields", reading: Reading, build: Build, *, yes: bool) -> None:
    warehouse = open_for_command()
    from flows.cli.confirm import ask_to_go_on, check_statement, fetch_prices_first
    from flows.console import console
    from flows.pipeline.load import load_calendar_if_short, say_loads
    from flows.pipeline.lock import process_name
    from flows.pipeline.onboarding import usual_source
    from flows.prefect.start import check_source, run_onboarding
    from flows.summaries.screen import print_portfolios
    from ingestion.errors import InvalidPortfolio, InvalidPositionsFile, StatementOrderError
    from ingestion.portfolios.portfolios import with_stored_name
    from ingestion.statements.load import load_fields

    with warehouse.connect_writer(application_name=process_name("load positions")) as connection:
        fields = with_stored_name(connection, fields)
    check_source(build.source, build.prices)
    say_loads(load_calendar_if_short(warehouse))
    source = build.source or (usual_source(warehouse) if build.wanted else None)
    prepare = _preparing(file, fields, reading)
    # the load raises the errors of the file, and records them
    with suppress(InvalidPositionsFile, InvalidPortfolio, StatementOrderError):
        has_asked = build.wanted and fetch_prices_first(warehouse, prepare, source, build.prices)
        checked = check_statement(warehouse, prepare, has_asked_for_prices=has_asked)
        if checked.questions or checked.preview.changed:
            _print_preview(checked.preview)
        elif checked.preview.reconciliation is not None and not checked.preview.is_new:
            console().print(checked.preview.reconciliation.sentence, markup=False)
        ask_to_go_on(file, checked.questions, yes=yes)
    run_onboarding(
        warehouse,
        lambda connection: load_fields(connection, file, fields, **vars(reading)),
        source,
        prices=build.prices,
        portfolio_id=fields.portfolio_id,
        build=build.wanted,
    )
    print_portfolios(warehouse, [fields.portfolio_id], is_built=build.wanted)


def _load_as_json(file: Path, fields: "PortfolioFields", reading: Reading, *, yes: bool) -> None:
    warehouse = open_for_command()
    from flows.cli.confirm import check_statement
    from flows.pipeline.load import load_calendar_if_short
    from flows.pipeline.lock import process_name
    from ingestion.errors import InvalidPortfolio, InvalidPositionsFile, StatementOrderError
    from ingestion.statements.load import load_fields

    load_calendar_if_short(warehouse)
    with suppress(InvalidPositionsFile, InvalidPortfolio, StatementOrderError):  # as above
        prepare = _preparing(file, fields, reading)
        checked = check_statement(warehouse, prepare, has_asked_for_prices=False)
        if checked.questions and not yes:
            raise UnconfirmedStatementError(file, checked.questions)
    with warehouse.connect_writer(application_name=process_name("load positions")) as connection:
        reports = load_fields(connection, file, fields, **vars(reading))
    _print_json({"loads": [asdict(report) for report in reports]})


def _preview(
    file: Path,
    fields: "PortfolioFields",
    reading: Reading,
    source: Source | None,
    *,
    as_json: bool,
) -> None:
    warehouse = open_for_command()
    from flows.cli.confirm import check_statement
    from flows.console import console
    from ingestion.wording import joined

    checked = check_statement(warehouse, _preparing(file, fields, reading), has_asked_for_prices=False)
    if as_json:
        _print_json(_preview_as_json(checked))
        return
    _print_preview(checked.preview)
    for notice in checked.preview.notices:
        console().print(notice, markup=False)
    if source is Source.FILES and checked.preview.behind:
        console().print(
            f"Known prices end before this statement: {joined(checked.preview.behind)}. The load reads those "
            "of the folder first, and a preview does not: their closes, dividends and splits may change "
            "lots, flows and totals.",
            markup=False,
        )
    if checked.questions:
        console().print("To confirm, or to load with --yes:")
    for question in checked.questions:
        console().print(f"  {question.located}", markup=False)
    console().print("Nothing was written.")


def _preview_as_json(checked: "Checked") -> dict[str, Any]:
    shown = checked.preview
    exposures = shown.exposures
    return {
        **asdict(shown),
        "questions": [_as_json(question) for question in checked.questions],
        "lots": [
            {"investment_class": kind, "investment_subtype": subtype, "position_type": side, "count": count}
            for (kind, subtype, side), count in shown.lots.items()
        ],
        "exposures": {
            "long": exposures.long, "short": exposures.short, "gross": exposures.gross, "net": exposures.net
        },
    }  # fmt: skip


def _print_preview(shown: "Preview") -> None:
    from rich.table import Table

    from flows.console import console
    from ingestion.statements.notices import shortened

    out = console()
    what = "new portfolio" if shown.is_new else "next statement"
    out.print(f"{shown.portfolio_name} of {shown.owner_email}: {what}, as of {shown.as_of}", markup=False)
    lots = Table("class", "subtype", "type", box=None)
    lots.add_column("lots", justify="right")
    for (investment_class, subtype, side), count in shown.lots.items():
        lots.add_row(investment_class, subtype or "-", side, f"{count:,}")
    out.print(lots)
    exposures = shown.exposures
    out.print(
        f"At cost, USD: long {exposures.long:,.2f}, short {exposures.short:,.2f}, "
        f"gross {exposures.gross:,.2f}, net {exposures.net:,.2f}; starting equity {shown.equity:,.2f}"
    )
    out.print("Rows: " + ", ".join(f"{count:,} {kind}" for kind, count in shown.changes.items()))
    for line in shortened([change.sentence for change in shown.changed]):
        out.print(f"  {line}", markup=False)
    if shown.flow:
        kind = "contribution" if shown.flow > 0 else "withdrawal"
        out.print(f"Cash: a {kind} of {abs(shown.flow):,.2f} on {shown.as_of}")
    if shown.reconciliation is not None:
        out.print(shown.reconciliation.sentence, markup=False)
    if shown.unpriced:
        out.print(f"No price yet: {', '.join(shown.unpriced)}", markup=False)


# --- errors ----------------------------------------------------------------------------------------------


@contextmanager
def _errors_as_table() -> Iterator[None]:
    """Print errors of a file as a table on standard error; other errors use the default handler."""
    from ingestion.errors import InvalidPortfolio, InvalidPositionsFile

    try:
        yield
    except (InvalidPositionsFile, InvalidPortfolio) as error:
        _print_errors(error)
        raise typer.Exit(1) from None


@contextmanager
def _errors_as_json() -> Iterator[None]:
    """Print every expected error as a list on standard output: code, row, field, value, message."""
    try:
        yield
    except SigmaSightError as error:
        errors = getattr(error, "errors", None)
        if errors is None:
            _print_json([{"code": None, "row": None, "field": None, "value": None, "message": str(error)}])
        else:
            _print_json([_as_json(one) for one in errors])
        raise typer.Exit(1) from None


def _as_json(error: Any) -> dict[str, Any]:
    return {
        "code": error.code,
        "row": getattr(error, "row", None),
        "field": error.field,
        "value": error.value,
        "message": error.sentence,
    }


def _print_errors(error: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    from flows.console import errors as console
    from flows.log_format import visible
    from ingestion.errors import once_each

    found = error.errors
    table = Table(box=None, pad_edge=False)
    table.add_column("row", justify="right")
    for name in ("code", "field", "value"):
        table.add_column(name, overflow="fold", max_width=32)
    table.add_column("what to do", overflow="fold")
    origin = getattr(error, "path", None)
    for one in once_each(found) if origin else found:
        row, value = getattr(one, "row", None), one.value
        cells = ("" if row is None else str(row), one.code, one.field or "", value or "", one.sentence)
        table.add_row(*(Text(visible(cell)) for cell in cells))
    what = f"{origin} was not loaded, it has" if origin else "Nothing was loaded, the portfolio has"
    console().print(f"{what} {len(found)} error{'s' if len(found) > 1 else ''}:", markup=False)
    console().print(table, soft_wrap=False)


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, default=str, indent=2))
