"""`sigmasight users`: users of the API."""
# ruff: noqa: PLC0415

from typing import Annotated

import typer

from flows.cli.options import open_for_command

app = typer.Typer(
    no_args_is_help=True,
    help="Manage the users of the API: add, list, disable, enable, end-sessions, set-password, set-admin.",
)

USERS = """
select users.email, users.full_name, users.is_active, users.is_admin, users.created_at::date,
    (select count(distinct portfolio_id) from raw.portfolios where owner_email = users.email)
from ops.users order by users.email
"""


EmailArgument = Annotated[str, typer.Argument(help="The user's login email.")]
PasswordOption = Annotated[
    str,
    typer.Option(
        prompt=True,
        hide_input=True,
        confirmation_prompt=True,
        help=(
            "At least 8 characters with upper case, lower case and a digit. Left out, it is asked for, or "
            "read twice from a pipe. Given, other accounts of the machine see it in the list of processes."
        ),
    ),
]


@app.command()
def add(
    email: Annotated[
        str, typer.Argument(help="The login email; the user owns the portfolios loaded with it.")
    ],
    full_name: Annotated[str, typer.Option("--name", prompt="Full name", help="Shown after login.")],
    password: PasswordOption,
    admin: Annotated[
        bool, typer.Option("--admin", help="The user may also see the runs of the flows (/admin).")
    ] = False,
) -> None:
    """Add a user, who can log in and read the portfolios that belong to the email.

    For example:

        sigmasight users add jane@example.com --name "Jane Doe"

        sigmasight users add jane@example.com --name "Jane Doe" --admin
    """
    warehouse = open_for_command()
    from flows.console import console
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.users import add_user

    with warehouse.connect_writer(application_name=process_name("users add")) as connection:
        user_id = add_user(connection, email, full_name, password, is_admin=admin)
    console().print(f"{email.lower()} can log in now (user {user_id}).", markup=False)


@app.command("list")
def list_users() -> None:
    """List the users, and how many portfolios each owns.

    For example:

        sigmasight users list
    """
    warehouse = open_for_command()
    from rich.table import Table

    from flows.console import console
    from flows.database import rows
    from flows.pipeline.lock import process_name

    table = Table("email", "name", "may log in", "administrator", "since", box=None)
    table.add_column("portfolios", justify="right")
    with warehouse.connect_writer(application_name=process_name("users list")) as connection:
        for email, name, is_active, is_admin, since, portfolios in rows(connection, USERS):
            flags = ["yes" if flag else "no" for flag in (is_active, is_admin)]
            table.add_row(email, name, *flags, str(since), str(portfolios))
    console().print(table if table.row_count else "No users yet: sigmasight users add EMAIL")


@app.command()
def disable(email: EmailArgument) -> None:
    """Disable a user immediately and end their sessions; the account and its portfolios are kept.

    For example:

        sigmasight users disable jane@example.com
    """
    _set_active(email, is_active=False)


@app.command()
def enable(email: EmailArgument) -> None:
    """Enable a disabled user, who must log in again.

    For example:

        sigmasight users enable jane@example.com
    """
    _set_active(email, is_active=True)


def _set_active(email: str, *, is_active: bool) -> None:
    warehouse = open_for_command()
    from flows.console import console
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.users import set_active

    with warehouse.connect_writer(application_name=process_name("users")) as connection:
        changed = set_active(connection, email, is_active=is_active)
    may = "may log in" if is_active else "may not log in"
    console().print(f"{email.strip().lower()} {may}{'' if changed else ', as before'}.", markup=False)


@app.command("end-sessions")
def end_sessions(email: EmailArgument) -> None:
    """Log a user out everywhere, such as after a device was lost; the user may log in again.

    For example:

        sigmasight users end-sessions jane@example.com
    """
    warehouse = open_for_command()
    from flows.console import console
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.users import end_sessions as end

    with warehouse.connect_writer(application_name=process_name("users end-sessions")) as connection:
        ended = end(connection, email)
    what = f"{ended} session{'' if ended == 1 else 's'} ended"
    console().print(f"{email.strip().lower()}: {what}.", markup=False)


@app.command("set-admin")
def set_admin(
    email: EmailArgument,
    admin: Annotated[
        bool, typer.Option("--on/--off", help="Whether the user may see the runs of the flows (/admin).")
    ] = True,
) -> None:
    """Make a user an administrator, who sees the warehouse's operations in the API; --off revokes this.

    An administrator can read only their own portfolios.

    For example:

        sigmasight users set-admin jane@example.com

        sigmasight users set-admin jane@example.com --off
    """
    warehouse = open_for_command()
    from flows.console import console
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.users import set_admin as store

    with warehouse.connect_writer(application_name=process_name("users set-admin")) as connection:
        changed = store(connection, email, is_admin=admin)
    what = "is an administrator" if admin else "is not an administrator"
    console().print(f"{email.strip().lower()} {what}{'' if changed else ', as before'}.", markup=False)


@app.command("set-password")
def set_password(email: EmailArgument, password: PasswordOption) -> None:
    """Change a user's password and end their sessions.

    For example:

        sigmasight users set-password jane@example.com
    """
    warehouse = open_for_command()
    from flows.console import console
    from flows.pipeline.lock import process_name
    from ingestion.portfolios.users import set_password as store

    with warehouse.connect_writer(application_name=process_name("users set-password")) as connection:
        store(connection, email, password)
    console().print(f"The password of {email.strip().lower()} is changed.", markup=False)
