"""`sigmasight grants`: what each role of the database may do, compared with the page that says so."""
# ruff: noqa: PLC0415

from typing import Annotated

import typer

from flows.cli.groups import OPERATE
from flows.cli.options import open_for_command


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=OPERATE)(grants)


def grants(
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare with docs/security.md; exit code 1 if they differ."),
    ] = False,
) -> None:
    """List every grant of every role: on databases, schemas, tables, columns, functions, and later objects.

    Also memberships, row policies, functions that run as their owner, and what PostgreSQL grants to everyone
    and is revoked here. The list is a table in Markdown, as in docs/security.md.

    For example:

        sigmasight grants

        sigmasight grants --check
    """
    warehouse = open_for_command()
    from flows.access.grants import read_access, table_of
    from flows.access.page import check_grants

    if not check:
        print(table_of(read_access(warehouse).grants))
        return
    found = check_grants(warehouse)
    for sentence in found:
        print(sentence)
    if found:
        raise typer.Exit(1)
    print("Every grant is as docs/security.md says.")
