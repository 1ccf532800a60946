"""`sigmasight chat`: questions about a portfolio, and what the answers stand on; and `sigmasight mcp`."""
# ruff: noqa: PLC0415

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from typer.core import TyperGroup

from flows.cli.chat import review
from flows.cli.chat.evaluate import evaluate
from flows.cli.groups import CHAT
from flows.cli.options import open_for_command
from flows.errors import UsageError
from warehouse.connections import Warehouse

if TYPE_CHECKING:
    from api.chat.command import Mode

MODES = ("green", "blue", "indigo", "violet")


class QuestionGroup(TyperGroup):
    """Commands of which `ask` may be left out: what is no command is a question."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["ask", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=QuestionGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""
Ask about a portfolio in words: `sigmasight chat "What did I lose yesterday?" --portfolio NAME`.

Every figure of the answer is looked up in the results of the queries that were run for it; they are listed
below the answer, and `sigmasight chat verify CONVERSATION` runs them again. Needs OPENAI_API_KEY.
""",
)

UserOption = Annotated[
    str | None,
    typer.Option(
        "--user", metavar="EMAIL", help="Whose data. Default: the portfolio's owner, or the only user."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def add_to(root: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(evaluate)
    root.add_typer(app, name="chat", rich_help_panel=CHAT)
    root.command(rich_help_panel=CHAT)(mcp)


def parse_mode(text: str) -> "Mode":
    """A mode from the command line."""
    if text not in MODES:
        raise typer.BadParameter(f"{text!r} is no mode: write one of {', '.join(MODES)}.")
    return text  # type: ignore[return-value]  # checked above


@app.command()
def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In words.", show_default=False)],
    portfolio: Annotated[
        str | None, typer.Option(metavar="NAME", help="The portfolio that the question is about.")
    ] = None,
    user: UserOption = None,
    mode: Annotated[
        Any,
        typer.Option(
            parser=parse_mode,
            metavar="MODE",
            help="green teaches, blue is concise, indigo tells the strategic story, violet puts risk first.",
        ),
    ] = "blue",
    as_json: JsonOption = False,
) -> None:
    """Ask one question; the answer is written as it comes. `ask` itself may be left out.

    Below the answer stand the queries it was written from, with the publication and the date they stand on,
    and for each figure the query, the row (the first is 0) and the column that it is from. A figure that no
    result has is marked [not verified]. Ctrl-C cancels the answer and its queries.

    For example:

        sigmasight chat "What is my beta?" --portfolio "Hedge Fund Style"

        sigmasight chat ask "Explain my value at risk" --portfolio Mine --mode green

        sigmasight chat "Which positions lost most this month?" --user jane@example.com --json
    """
    warehouse = open_for_command()
    from flows.log_format import json_text
    from flows.summaries.chat_answer import show_answer

    email, portfolio_id = _whose(warehouse, portfolio, user)
    done = asyncio.run(
        show_answer(
            warehouse.settings,
            question,
            email=email,
            mode=mode,
            portfolio_id=portfolio_id,
            is_quiet=as_json,
        )
    )
    if as_json:
        print(json_text(done))


@app.command()
def verify(
    conversation: Annotated[
        UUID, typer.Argument(metavar="CONVERSATION", help="The id of a conversation.", show_default=False)
    ],
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the queries of a conversation again, as of the publication they stood on, and compare the results.

    The figures of the recorded answers are looked up again, too. Exits with 1 if a query returns something
    else or cannot run, or a figure that was verified is not found.

    For example:

        sigmasight chat verify 0d9f0f0e-6a34-4b2e-9a3b-2f1c7c8f6f10

        sigmasight chat verify 0d9f0f0e-6a34-4b2e-9a3b-2f1c7c8f6f10 --json | jq .queries
    """
    warehouse = open_for_command()
    from api.chat.command import verify_record
    from flows.console import console
    from flows.log_format import json_text
    from flows.summaries.chat_verification import as_json as json_of
    from flows.summaries.chat_verification import verification_lines

    found = asyncio.run(verify_record(warehouse.settings, conversation, user))
    if as_json:
        print(json_text(json_of(found)))
    else:
        for line in verification_lines(found):
            console().print(line, markup=False)
    if not found.is_same:
        raise typer.Exit(1)


def mcp(
    user: Annotated[str, typer.Option("--user", metavar="EMAIL", help="Whose data the assistant may read.")],
) -> None:
    """Serve the chat's tools to a desktop assistant, by the Model Context Protocol over stdin and stdout.

    The assistant starts this command itself; it reads the user's portfolios behind the chat's guard, and
    each call is recorded. Needs no OPENAI_API_KEY. `sigmasight serve` has the same tools at /mcp.

    For example:

        sigmasight mcp --user jane@example.com

    and in the assistant's configuration:

        {"mcpServers": {"sigmasight": {
            "command": "sigmasight", "args": ["mcp", "--user", "jane@example.com"]}}}
    """
    warehouse = open_for_command()
    try:
        from api.mcp.stdio import serve_stdio
    except ModuleNotFoundError as error:
        raise UsageError("`sigmasight mcp` needs an extra: `pip install 'sigmasight[mcp]'`.") from error
    asyncio.run(serve_stdio(warehouse.settings, user))


def _whose(warehouse: Warehouse, portfolio: str | None, user: str | None) -> tuple[str, UUID | None]:
    """The user that asks, and the portfolio asked about. Raises UsageError, UnknownPortfolioError."""
    if portfolio is None and user is not None:
        return user, None
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.portfolios import Directory

    with warehouse.connect_writer(application_name=process_name("chat")) as connection:
        if portfolio is not None:
            found = Directory(connection).find(portfolio, user)
            return found.owner_email, found.portfolio_id
        emails = connection.execute("select email from ops.users where is_active").fetchall()
    if len(emails) != 1:
        raise UsageError("`sigmasight chat`: say whose data to read, with --portfolio NAME or --user EMAIL.")
    return str(emails[0][0]), None


review.add_to(app)
