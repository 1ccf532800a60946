"""`sigmasight tags`: add, remove and list tags of positions; name, describe, colour and archive tags."""
# ruff: noqa: PLC0415

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.entries import (
    FromOption,
    HistoryOption,
    OwnerOption,
    PortfolioArgument,
    PortfolioFilter,
    SymbolArgument,
    named_apart,
    print_entries,
    say_entry,
    writing,
)

if TYPE_CHECKING:
    from ingestion.portfolios.tags import TagCount
    from ingestion.raw.loads import LoadReport

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Add, remove and list tags of positions; rename, describe, colour and archive tags. Automatic tags "
    "are the sector of a position's symbol, and `options` for an option.",
)

TagArgument = Annotated[
    str, typer.Argument(metavar="TAG", help="Any name of up to 100 characters.", show_default=False)
]
KnownTagArgument = Annotated[
    str, typer.Argument(metavar="TAG", help="A tag, by the name that is shown.", show_default=False)
]
TagOwnerOption = Annotated[
    str | None,
    typer.Option(
        "--owner", metavar="EMAIL", help="The user whose tag it is; needed when several users have the tag."
    ),
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
        from ingestion.portfolios.tag_attributes import read_tag_book
        from ingestion.portfolios.tags import add_tag

        holder = find_holder(connection, portfolio, owner)
        report = add_tag(connection, holder, symbol, tag, day=since)
        shown = read_tag_book(connection).find(holder.portfolio.owner_email, tag.strip()).shown
    say_entry(report, f"{symbol.upper()} of {holder.portfolio.portfolio_name} has the tag {shown!r}.")


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
        from ingestion.portfolios.tag_attributes import read_tag_book
        from ingestion.portfolios.tags import remove_tag

        holder = find_holder(connection, portfolio, owner)
        report = remove_tag(connection, holder, symbol, tag, day=since)
        shown = read_tag_book(connection).find(holder.portfolio.owner_email, tag.strip()).shown
    say_entry(
        report, f"{symbol.upper()} of {holder.portfolio.portfolio_name} no longer has the tag {shown!r}."
    )


@app.command()
def rename(
    tag: KnownTagArgument,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The new name, up to 100 characters.", show_default=False)
    ],
    owner: TagOwnerOption = None,
) -> None:
    """Show a tag by another name, on all dates.

    Assignments do not change, and neither does the tag's id. The tag keeps its first name as a second one:
    files and commands may use either. Sectors and `options` cannot be renamed.

    For example:

        sigmasight tags rename growth "Growth stocks"
    """
    with writing("tags rename") as connection:
        from ingestion.portfolios.tag_attributes import rename_tag

        report = rename_tag(connection, tag, name, owner=owner)
    _say(report, f"The tag {tag!r} is now shown as {name.strip()!r}.")


@app.command()
def describe(
    tag: KnownTagArgument,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help='Up to 500 characters; "" removes the description.', show_default=False
        ),
    ],
    owner: TagOwnerOption = None,
) -> None:
    """Say what a tag means.

    For example:

        sigmasight tags describe growth "Revenue grows faster than 20 % a year"

        sigmasight tags describe growth ""
    """
    with writing("tags describe") as connection:
        from ingestion.portfolios.tag_attributes import describe_tag

        report = describe_tag(connection, tag, text, owner=owner)
    _say(report, f"The tag {tag!r} is described." if text.strip() else f"The tag {tag!r} has no description.")


@app.command()
def color(
    tag: KnownTagArgument,
    value: Annotated[
        str,
        typer.Argument(
            metavar="COLOR",
            help='Six hexadecimal digits, such as "#2563EB" (in quotes: to the shell, # begins a comment) or '
            "2563EB; `default` for the colour derived from the tag.",
            show_default=False,
        ),
    ],
    owner: TagOwnerOption = None,
) -> None:
    """Choose the colour of a tag.

    For example:

        sigmasight tags color growth "#2563EB"

        sigmasight tags color growth default
    """
    with writing("tags color") as connection:
        from ingestion.portfolios.tag_attributes import color_tag

        chosen = None if value.strip().lower() == "default" else value
        report = color_tag(connection, tag, chosen, owner=owner)
    _say(report, f"The tag {tag!r} has the colour {value!r}.")


@app.command()
def archive(tag: KnownTagArgument, owner: TagOwnerOption = None) -> None:
    """Archive a tag: it is no longer among the active ones, and no command adds it.

    Positions that have it keep it, and so do their past days.

    For example:

        sigmasight tags archive speculative
    """
    with writing("tags archive") as connection:
        from ingestion.portfolios.tag_attributes import archive_tag

        report = archive_tag(connection, tag, owner=owner)
    _say(report, f"The tag {tag!r} is archived.")


@app.command()
def restore(tag: KnownTagArgument, owner: TagOwnerOption = None) -> None:
    """Restore an archived tag.

    For example:

        sigmasight tags restore speculative
    """
    with writing("tags restore") as connection:
        from ingestion.portfolios.tag_attributes import archive_tag

        report = archive_tag(connection, tag, is_archived=False, owner=owner)
    _say(report, f"The tag {tag!r} is restored.")


@app.command("list")
def list_tags(
    portfolio: PortfolioFilter = None, owner: OwnerOption = None, history: HistoryOption = False
) -> None:
    """List all tags with the number of positions that have them, or the tags of one portfolio's symbols.

    All tags include the ten built-in ones (default) and those that positions have by themselves (automatic).
    The list of all tags has a column of owners if there are several.

    For example:

        sigmasight tags list

        sigmasight tags list "Mine" --history
    """
    with writing("tags list") as connection:
        from ingestion.portfolios.entries import find_holder_if_named, stored_entries
        from ingestion.portfolios.tag_attributes import read_tag_book
        from ingestion.portfolios.tags import count_tags, current_tags
        from ingestion.raw.datasets import POSITION_TAGS

        if portfolio is None and not history:
            _print_counts(count_tags(connection, owner=owner))
            return
        book = read_tag_book(connection)
        holder = find_holder_if_named(connection, portfolio, owner)
        if history:
            rows = stored_entries(connection, POSITION_TAGS, holder, history=True)
        else:
            current = current_tags(connection, datetime.now(UTC).date(), holder).values()
            rows = [row for row in current if row["is_assigned"]]
    columns = ("portfolio", "symbol", "tag", "from", *(("carried", "loaded") if history else ()))
    names = ("portfolio_name", "symbol", "tag", "effective_date", "is_assigned", "loaded_at")[: len(columns)]
    for row in rows:
        row["tag"] = book.of(row["owner_email"], row["tag"]).shown
    rows = named_apart(rows)
    rows.sort(key=lambda row: (row["portfolio_name"], row["symbol"], row["tag"], row["loaded_at"]))
    print_entries(
        columns,
        ([row[name] for name in names] for row in rows),
        nothing="No tag yet: sigmasight tags add PORTFOLIO SYMBOL TAG",
    )


def _say(report: "LoadReport", done: str) -> None:
    """Print what a change of a tag did, and the command that publishes it."""
    from flows.console import console

    if report.rows_new:
        console().print(f"{done} `sigmasight nightly` publishes it.", markup=False)
    else:
        console().print("Already stored: nothing changed.")


def _print_counts(counts: "list[TagCount]") -> None:
    """Print all tags, with their owners if there are several."""
    owners = {count.owner_email for count in counts} - {None}
    columns = ("tag", "kind", "portfolios", "positions", "color", "archived", "description")
    rows = [
        (
            *((count.owner_email,) if len(owners) > 1 else ()),
            *(count.attributes.shown, count.kind, count.portfolios, count.positions),
            *(count.attributes.color, count.attributes.is_archived, count.attributes.description),
        )
        for count in counts
    ]
    print_entries(
        (*(("owner",) if len(owners) > 1 else ()), *columns), rows, nothing="No tag.", numbers=columns[2:4]
    )
