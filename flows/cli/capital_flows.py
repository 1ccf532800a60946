"""`sigmasight capital-flows`: contributions and withdrawals, one by one."""
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
    help="Add, correct, remove and list contributions to portfolios and withdrawals from them.",
)

FlowArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The flow's id or a prefix of it; see `capital-flows list`.", show_default=False
    ),
]
SHOWN_ID = 8  # characters of an id, enough to identify a flow


@app.command()
def add(
    portfolio: PortfolioArgument,
    amount: Annotated[
        Decimal, typer.Option(parser=parse_number, metavar="USD", help="Negative for a withdrawal.")
    ],
    day: Annotated[date, typer.Option("--date", parser=parse_date, metavar="DATE", help="When it was made.")],
    notes: Annotated[str, typer.Option(help="A short note.")] = "",
    owner: OwnerOption = None,
) -> None:
    """Add a contribution or a withdrawal, even if an identical one exists.

    For example:

        sigmasight capital-flows add "Mine" --amount 25000 --date 2026-01-15 --notes bonus

        sigmasight capital-flows add "Mine" --amount -1200.50 --date 2026-02-02
    """
    with writing("capital-flows add") as connection:
        from ingestion.portfolios.capital_flows import add_flow, counted_by_statement, equal_flows
        from ingestion.portfolios.entries import find_holder

        holder = find_holder(connection, portfolio, owner)
        equal = equal_flows(connection, holder, amount, day)
        counted = counted_by_statement(connection, holder.key, amount, day)
        report = add_flow(connection, holder, amount, day, notes=notes)
    say_entry(report, f"{amount:,f} USD flow into {holder.portfolio.portfolio_name} on {day}.")
    if equal:
        from flows.console import console

        console().print(
            "The portfolio had a flow of this amount and day already, and both count. If it is the same one, "
            f"`sigmasight capital-flows remove {equal[0][:SHOWN_ID]}` takes it back.",
            markup=False,
        )
    elif counted:
        from flows.console import console

        console().print(counted, markup=False)


@app.command()
def correct(
    flow: FlowArgument,
    amount: Annotated[
        Decimal | None, typer.Option(parser=parse_number, metavar="USD", help="The corrected amount.")
    ] = None,
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_date, metavar="DATE", help="The corrected date.")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="The corrected note.")] = None,
) -> None:
    """Correct a flow; options that are left out keep their values.

    For example:

        sigmasight capital-flows correct 3f9a01bc --amount 26000
    """
    with writing("capital-flows correct") as connection:
        from ingestion.portfolios.capital_flows import correct_flow

        report = correct_flow(connection, flow, amount=amount, day=day, notes=notes)
    say_entry(report, f"The flow {flow} is corrected.")


@app.command()
def remove(flow: FlowArgument) -> None:
    """Remove a flow, as if it had never been made.

    For example:

        sigmasight capital-flows remove 3f9a01bc
    """
    with writing("capital-flows remove") as connection:
        from ingestion.portfolios.capital_flows import remove_flow

        report = remove_flow(connection, flow)
    say_entry(report, f"The flow {flow} is removed.")


@app.command("list")
def list_flows(
    portfolio: PortfolioFilter = None, owner: OwnerOption = None, history: HistoryOption = False
) -> None:
    """List contributions and withdrawals.

    For example:

        sigmasight capital-flows list

        sigmasight capital-flows list "Mine" --history
    """
    with writing("capital-flows list") as connection:
        from ingestion.portfolios.entries import find_holder_if_named, stored_entries
        from ingestion.raw.datasets import CAPITAL_FLOWS

        holder = find_holder_if_named(connection, portfolio, owner)
        rows = stored_entries(connection, CAPITAL_FLOWS, holder, history=history)
    shown = [row for row in named_apart(rows) if history or row["amount"]]  # 0: removed
    shown.sort(
        key=lambda row: (row["portfolio_name"], row["flow_date"], str(row["flow_id"]), row["loaded_at"])
    )
    print_entries(
        ("id", "portfolio", "date", "amount", "notes", "loaded"),
        (
            (
                str(row["flow_id"])[:SHOWN_ID],
                row["portfolio_name"],
                row["flow_date"],
                row["amount"],
                row["notes"],
                row["loaded_at"],
            )
            for row in shown
        ),
        nothing="No flow yet: sigmasight capital-flows add PORTFOLIO --amount USD --date DATE",
        numbers=("amount",),
    )
