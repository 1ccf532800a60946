"""`sigmasight replica`: a standby of the embedded server, for those who only read."""
# ruff: noqa: PLC0415

import shlex
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import open_for_command
from warehouse.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Start, stop and remove a standby of the embedded server, which serves readers: docs/replicas.md.",
)

FolderArgument = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", help="The folder of the standby's files.", show_default=False),
]


@app.command()
def start(
    folder: FolderArgument,
    port: Annotated[
        int | None,
        typer.Option(
            min=1024,
            max=65535,
            help="Port of 127.0.0.1 for analysts' programs, as EMBEDDED_PORT; default: none.",
        ),
    ] = None,
) -> None:
    """Start the standby; the first time, copy the embedded server, which takes as much space again.

    For example:

        sigmasight replica start /srv/risk-standby --port 5434
    """
    warehouse = open_for_command()
    from warehouse.standby import start_standby

    server = start_standby(warehouse, folder, port)
    where = "" if server.network_port is None else f" and port {server.network_port} of 127.0.0.1"
    print(f"The standby follows on the socket in {server.socket_folder}{where}.")
    print(f'For `sigmasight serve`: eval "$(sigmasight replica env {shlex.quote(str(folder))})"')


@app.command()
def env(folder: FolderArgument) -> None:
    """Print the settings with which readers use the standby, for a shell; they hold passwords.

    For example:

        eval "$(sigmasight replica env /srv/risk-standby)" && sigmasight serve
    """
    warehouse = open_for_command()
    from warehouse.standby import reader_urls

    urls = reader_urls(warehouse, folder)
    variables = {
        "API_DATABASE_URL": urls.api,
        "CHAT_DATABASE_URL": urls.chat,
        "ANALYST_DATABASE_URL": urls.analyst,
        "SECRET_KEY": _signing_key(warehouse.settings),
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _signing_key(settings: Settings) -> str:
    """The key that the API has without the standby: another one would end the users' sessions."""
    given = settings.secret_key
    return settings.kept_signing_key() if given is None else given.get_secret_value()


@app.command()
def stop(folder: FolderArgument) -> None:
    """Stop the standby; its readers go on at the first server, and `start` lets it catch up.

    For example:

        sigmasight replica stop /srv/risk-standby
    """
    from warehouse.standby import stop_standby

    print("The standby is stopped." if stop_standby(folder) else "The standby was not running.")


@app.command()
def remove(folder: FolderArgument) -> None:
    """Stop the standby and delete its files; the first server keeps nothing for it any longer.

    For example:

        sigmasight replica remove /srv/risk-standby
    """
    warehouse = open_for_command()
    from warehouse.standby import remove_standby

    remove_standby(warehouse, folder)
    print("The standby is removed.")
