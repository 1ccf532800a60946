"""`sigmasight chat review`, `export` and `forget`: what the chat learns, and what it keeps of a user."""
# ruff: noqa: PLC0415

import asyncio
import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from flows.cli.options import open_for_command
from flows.errors import UsageError
from flows.wording import many
from warehouse.connections import Warehouse
from warehouse.kept_secrets import PRIVATE_FILE

if TYPE_CHECKING:
    from api.chat.store.command import Proposal

USER = "select user_id from ops.users where lower(email) = lower(%s)"
EMAILS = "select user_id, email from ops.users"

EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's email.", show_default=False)]


def add_to(chat: typer.Typer) -> None:
    """Add these commands to those of `sigmasight chat`."""
    chat.command()(review)
    chat.command()(export)
    chat.command()(forget)


def review(
    activate: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Activate this proposal.", show_default=False)
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="With --activate: your wording of an example's question, without anything personal. "
            "The example then serves all users; otherwise only the one who asked.",
            show_default=False,
        ),
    ] = None,
    retire: Annotated[
        UUID | None,
        typer.Option(metavar="ID", help="Refuse this proposal, or retire it.", show_default=False),
    ] = None,
    include_retired: Annotated[bool, typer.Option("--all", help="List retired ones too.")] = False,
) -> None:
    """List what users' feedback proposes to the chat, and activate or retire it.

    Nothing is learned without a review. An example is a question with the statements that answered it: from
    an answer with a thumb up, all figures verified. A preference is a rule that at least three corrections
    of a user support, with a confidence of at least 0.7; it changes the answers to that user only. Examples
    hold what a user wrote: read them before you activate them.

    For example:

        sigmasight chat review

        sigmasight chat review --activate 0d9f0f0e-6a34-4b2e-9a3b-2f1c7c8f6f10 --question "What is the beta?"

        sigmasight chat review --retire 0d9f0f0e-6a34-4b2e-9a3b-2f1c7c8f6f10
    """
    if (activate and retire) or (question is not None and not activate):
        raise UsageError("`sigmasight chat review`: give --activate ID [--question TEXT], or --retire ID.")
    if question is not None and not question.strip():
        raise UsageError("`sigmasight chat review --question`: the text is empty.")
    warehouse = open_for_command()
    from api.chat.store import command
    from flows.console import console

    settings, reviewer = warehouse.settings, getpass.getuser()
    if activate is not None:
        done = asyncio.run(
            command.activate_proposal(settings, activate, reviewer=reviewer, question=question)
        )
        console().print(f"{done.kind} {done.proposal_id} is active: {done.text}", markup=False)
    elif retire is not None:
        done = asyncio.run(command.retire_proposal(settings, retire, reviewer=reviewer))
        console().print(f"{done.kind} {done.proposal_id} is retired: {done.text}", markup=False)
    else:
        _print_proposals(
            warehouse, asyncio.run(command.list_proposals(settings, include_retired=include_retired))
        )


def export(
    email: EmailArgument,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to write it. Default: standard output.")
    ] = None,
) -> None:
    """Write everything that the chat keeps of a user as JSON: the same as GET /api/v1/chat/export.

    For example:

        sigmasight chat export jane@example.com jane.json
    """
    warehouse = open_for_command()
    from api.chat.store.command import export_user
    from flows.console import say
    from flows.log_format import json_text

    data = asyncio.run(export_user(warehouse.settings, _user_id(warehouse, email)))
    text = json_text(data)
    if file is None:
        print(text)
        return
    _write_private(file, text + "\n")
    say("exported", f"{many(sum(map(len, data.values())), 'row')} of {email} in {file}")


def _write_private(path: Path, text: str) -> None:
    """Write a new file of one's own: one that is there may be somebody else's, or a link to another.

    Raises UsageError.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except FileExistsError:
        raise UsageError(f"{path} exists: name another file, or remove it.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): name another file.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def forget(
    email: EmailArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> None:
    """Delete everything that the chat keeps of a user: the same as DELETE /api/v1/chat/data.

    Token counts of the last two days stay for the limit of a day; they hold no content. The user's login
    and portfolios are not touched.

    For example:

        sigmasight chat forget jane@example.com
    """
    warehouse = open_for_command()
    from api.chat.store.command import forget_user
    from flows.console import say

    user_id = _user_id(warehouse, email)
    if not yes:
        typer.confirm(f"Delete all conversations, memories and briefings of {email}?", abort=True)
    deleted = asyncio.run(forget_user(warehouse.settings, user_id))
    say("deleted", ", ".join(f"{count} {name}" for name, count in deleted.items() if count) or "nothing")


def _user_id(warehouse: Warehouse, email: str) -> UUID:
    from flows.pipeline.lock import process_name

    with warehouse.connect_writer(application_name=process_name("chat")) as connection:
        found = connection.execute(USER, [email]).fetchone()
    if found is None:
        raise UsageError(f"There is no user {email}; `sigmasight users list` shows all.")
    return UUID(str(found[0]))


def _print_proposals(warehouse: Warehouse, proposals: "list[Proposal]") -> None:
    from flows.console import console
    from flows.pipeline.lock import process_name

    if not proposals:
        console().print("There is nothing to review.")
        return
    with warehouse.connect_writer(application_name=process_name("chat")) as connection:
        emails: dict[UUID, str] = {row[0]: row[1] for row in connection.execute(EMAILS).fetchall()}
    for proposal in proposals:
        whose = (
            "all users" if proposal.user_id is None else emails.get(proposal.user_id, str(proposal.user_id))
        )
        evidence = (
            ""
            if proposal.confidence is None
            else f", {proposal.evidence_count} corrections, confidence {proposal.confidence:.2f}"
        )
        console().print(
            f"{proposal.proposal_id}  {proposal.kind}, {proposal.state}, of {whose}{evidence}", markup=False
        )
        for line in (proposal.text, *proposal.statements):
            console().print(f"    {line}", markup=False)
