"""Commands outside the flow: psql, dbt, connection, docs and the API; backup, restore, cleanup."""
# ruff: noqa: PLC0415

import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flows.cli.groups import BUILD, OPERATE, SERVE
from flows.cli.options import open_for_command, settings_for_command
from warehouse.connections import Warehouse

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True}
GRACE_SECONDS = 20  # longer than the statement timeout of the API's role
MARTS_FIRST = "-c search_path=marts,udf,public"


class Role(StrEnum):
    """The role that psql and other programs log in as."""

    ANALYST = "analyst"
    WRITER = "writer"
    ADMINISTRATOR = "administrator"


AS_HELP = "analyst reads the marts; writer can change everything; administrator owns the server."


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    of_psql = {**PASS_THROUGH, "help_option_names": ["--help"]}
    app.command(context_settings=of_psql, rich_help_panel=SERVE)(psql)
    app.command(context_settings=PASS_THROUGH, rich_help_panel=BUILD)(dbt)
    app.command("dbt-env", rich_help_panel=BUILD)(dbt_env)
    app.command(rich_help_panel=SERVE)(connection)
    app.command(rich_help_panel=SERVE)(docs)
    app.command(rich_help_panel=SERVE)(serve)
    app.command(rich_help_panel=OPERATE)(backup)
    app.command(rich_help_panel=OPERATE)(restore)
    app.command(rich_help_panel=OPERATE)(cleanup)


def psql(
    context: typer.Context,
    role: Annotated[Role, typer.Option("--as", help=AS_HELP)] = (Role.ANALYST),
) -> NoReturn:
    """Open psql on the warehouse, with the marts first in the search path; arguments are passed to psql.

    For example:

        sigmasight psql

        sigmasight psql -c "select * from fct_portfolio_snapshots order by as_of_date desc limit 5"

        sigmasight psql --csv -c "table dim_portfolios" > portfolios.csv

        sigmasight psql --as writer
    """
    warehouse = open_for_command()
    from warehouse.embedded_host import client_program
    from warehouse.urls import libpq_environment, url_parts

    is_analyst = role is Role.ANALYST
    # in the environment, so that the list of processes shows no password
    connection = libpq_environment(url_parts(_url_of(warehouse, role)))
    connection.setdefault("PGAPPNAME", "sigmasight psql")
    if is_analyst:
        connection["PGOPTIONS"] = f"{connection.get('PGOPTIONS', '')} {MARTS_FIRST}".strip()
    binary = str(client_program("psql", warehouse.settings.postgres_programs))
    os.execve(binary, [binary, *context.args], {**os.environ, **connection})  # noqa: S606 - no shell wanted


def _url_of(warehouse: Warehouse, role: Role) -> str:
    """The URL of the role, over the socket of the embedded server."""
    urls = {Role.ANALYST: warehouse.analyst_url, Role.WRITER: warehouse.writer_url}
    return urls.get(role, warehouse.admin_url)


def dbt(context: typer.Context) -> NoReturn:
    """Run dbt with the connection and folders set; arguments are passed to dbt.

    Nothing is published: without the variable publication_id the published layer is not changed.

    For example:

        sigmasight dbt ls --resource-type model

        sigmasight dbt build --select stg_raw__prices

        sigmasight dbt compile --select fct_prices
    """
    warehouse = open_for_command()
    from flows.environment import prepare_environment

    prepare_environment(warehouse)
    # not -m: Python warns about a module that its package has imported already
    run_dbt = "from dbt.cli.main import cli; cli(prog_name='dbt')"
    os.execv(sys.executable, [sys.executable, "-c", run_dbt, *context.args])  # noqa: S606 - as above


def dbt_env(
    is_reader: Annotated[
        bool, typer.Option("--reader", help="Log in as the analyst, who reads the marts: for MetricFlow.")
    ] = False,
) -> None:
    """Print the environment that dbt needs, for a shell.

    For example:

        eval "$(sigmasight dbt-env)" && dbt build --project-dir dbt_project

        eval "$(sigmasight dbt-env --reader)" && mf list metrics
    """
    warehouse = open_for_command()
    for name, value in warehouse.dbt_environment(is_reader=is_reader).items():
        print(f"export {name}={shlex.quote(value)}")


def connection(
    url: Annotated[bool, typer.Option("--url", help="Print only the URL, with its password.")] = False,
    role: Annotated[Role, typer.Option("--as", help=f"With --url: {AS_HELP}")] = (Role.ANALYST),
) -> None:
    """Show how an analyst's program connects to the marts; docs/connections.md has the steps of each.

    For example:

        sigmasight connection

        EMBEDDED_PORT=5433 sigmasight connection

        export WAREHOUSE_URL="$(sigmasight connection --url)"
    """
    warehouse = open_for_command()
    from flows.summaries.connection import connection_lines

    if url:
        network_url = warehouse.analyst_network_url if role is Role.ANALYST else None
        print(network_url or _url_of(warehouse, role))
        return
    for label, value in connection_lines(warehouse):
        print(f"{label:<9} {value}")


def docs(
    serve: Annotated[bool, typer.Option("--serve", help="Serve the pages on http://127.0.0.1:PORT.")] = False,
    port: Annotated[int, typer.Option(help="Port of --serve.")] = 8080,
) -> None:
    """Generate the documentation of every model and column, and print its path.

    For example:

        sigmasight docs

        sigmasight docs --serve --port 8081
    """
    warehouse = open_for_command()
    from flows.dbt.docs import make_documentation, serve_documentation

    page = make_documentation(warehouse)
    if serve:
        serve_documentation(page.parent, port)


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: API_HOST, 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on. Default: API_PORT, or else PORT, 8000.")
    ] = None,
) -> None:
    """Serve the web page at / and the read-only API, documented at /api/v1/docs, until stopped with Ctrl-C.

    Requests in progress are answered before it stops. Each request is a line of the log, as JSON with
    LOG_FORMAT=json; metrics are at /metrics. With API_DATABASE_URL and AUTH_DATABASE_URL it has no other
    rights on the server, and creates and changes nothing there.

    For example:

        sigmasight serve --port 8001

        LOG_FORMAT=json SECRET_KEY="$(openssl rand -base64 48)" sigmasight serve --host 0.0.0.0
    """
    settings = settings_for_command()
    if not settings.are_readers_given:
        open_for_command()
    import uvicorn

    from flows.log_format import server_logging
    from flows.server_options import server_options

    settings.signing_key()  # fail here with a sentence, not in the server with a traceback
    address, number = host or settings.api_host, port or settings.serving_port
    typer.echo(f"The page is at http://{_for_browsers(address)}:{number}/")
    # by name: flows must not import the API
    uvicorn.run(
        "api.app:create_served_app",
        factory=True,
        host=address,
        port=number,
        log_config=server_logging(settings),
        **server_options(settings),
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _for_browsers(address: str) -> str:
    """The address that a browser on this machine opens: of every address, the local one."""
    if address in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.", show_default=False)],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Back up the whole warehouse to one file: raw data, publications, marts of all dates, users.

    It is a consistent snapshot, also while loads and builds run. It holds password hashes, so only you can
    read the file. The chat's conversations are not in it: their own database is copied with pg_dump (see
    docs/chat.md).

    For example:

        sigmasight backup warehouse-2026-01-30.backup
    """
    warehouse = open_for_command()
    from flows.console import say
    from flows.maintenance.backup import write_backup

    done = write_backup(warehouse, file, overwrite=overwrite)
    say("backed up", f"{done.holds.sentence()}; {done.size / 1e6:,.1f} MB in {done.path}", done.seconds)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a warehouse that is not empty; its data is lost.")
    ] = False,
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Restore a file that another home wrote, or that has no signature."),
    ] = False,
) -> None:
    """Restore a backup into an empty warehouse, or into any with --replace.

    One transaction: when it fails or is killed, the warehouse is as it was. A restore runs what is in the
    file, so the file must be signed with the key of this home: set BACKUP_KEY to that of the home that wrote
    it, or add --trust.

    For example:

        SIGMASIGHT_HOME=/srv/twin sigmasight restore warehouse-2026-01-30.backup --trust

        sigmasight restore warehouse-2026-01-30.backup --replace
    """
    warehouse = open_for_command()
    from flows.console import say
    from flows.maintenance.backup import restore_backup

    done = restore_backup(warehouse, file, replace=replace, trust=trust)
    say("restored", f"{done.holds.sentence()}; {done.size / 1e6:,.1f} MB from {done.path}", done.seconds)


def cleanup(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")
    ] = False,
) -> None:
    """Remove expired files and records: logs, vendors' answers, records of failed loads and Prefect's runs.

    How long each is kept is a setting (LOG_DAYS, RESPONSE_DAYS, REJECTED_DAYS, RUN_DAYS). The nightly run
    does the same. What readers see now is never removed; rows of superseded publications are, if
    SUPERSEDED_DAYS is set.

    For example:

        sigmasight cleanup --dry-run
    """
    warehouse = open_for_command()
    from flows.console import say
    from flows.maintenance.retention import clean_up

    for what, count in clean_up(warehouse, dry_run=dry_run).items():
        say("would remove" if dry_run else "removed", f"{count:,} {what}")
