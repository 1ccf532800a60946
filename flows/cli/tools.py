"""Commands beside the flow: other programs with everything set, and what keeps the warehouse safe and small.

psql, dbt, the documentation, the API; backup, restore, cleanup.
"""
# ruff: noqa: PLC0415

import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flows.cli.options import open_for_command

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True}
GRACE_SECONDS = 20  # longer than the database lets a statement of the API run
MARTS_FIRST = "-c search_path=marts,udf,public"


class Role(StrEnum):
    """Who psql logs in as."""

    ANALYST = "analyst"
    WRITER = "writer"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(context_settings={**PASS_THROUGH, "help_option_names": ["--help"]})(psql)
    app.command(context_settings=PASS_THROUGH)(dbt)
    app.command("dbt-env")(dbt_env)
    app.command()(docs)
    app.command()(serve)
    app.command()(backup)
    app.command()(restore)
    app.command()(cleanup)


def psql(
    context: typer.Context,
    role: Annotated[Role, typer.Option("--as", help="analyst reads the marts; writer may do anything.")] = (
        Role.ANALYST
    ),
) -> NoReturn:
    """Open psql on the warehouse, the marts first; what follows goes to psql as it is.

    For example:

        sigmasight psql

        sigmasight psql -c "select * from fct_portfolio_snapshots order by as_of_date desc limit 5"

        sigmasight psql --csv -c "table dim_portfolios" > portfolios.csv

        sigmasight psql --as writer
    """
    warehouse = open_for_command()
    from flows.environment import libpq_environment
    from warehouse.embedded_host import program

    is_analyst = role is Role.ANALYST
    connection = libpq_environment(warehouse.analyst_url if is_analyst else warehouse.writer_url)
    connection.setdefault("PGAPPNAME", "sigmasight psql")
    if is_analyst:
        connection["PGOPTIONS"] = f"{connection.get('PGOPTIONS', '')} {MARTS_FIRST}".strip()
    binary = str(program("psql"))
    os.execve(binary, [binary, *context.args], {**os.environ, **connection})  # noqa: S606 - no shell wanted


def dbt(context: typer.Context) -> NoReturn:
    """Run dbt with the connection and folders set; what follows goes to dbt as it is.

    Nothing is published: without the variable publication_id the published layer is left alone.

    For example:

        sigmasight dbt ls --resource-type model

        sigmasight dbt build --select stg_raw__prices

        sigmasight dbt compile --select fct_prices
    """
    warehouse = open_for_command()
    from flows.environment import prepare_environment

    prepare_environment(warehouse)
    os.execv(sys.executable, [sys.executable, "-m", "dbt.cli.main", *context.args])  # noqa: S606 - as above


def dbt_env() -> None:
    """Print the environment that dbt needs, for a shell.

    For example:

        eval "$(sigmasight dbt-env)" && dbt build --project-dir dbt_project
    """
    warehouse = open_for_command()
    for name, value in warehouse.dbt_environment().items():
        print(f"export {name}={shlex.quote(value)}")


def docs(
    serve: Annotated[bool, typer.Option("--serve", help="Show the pages on http://127.0.0.1:PORT.")] = False,
    port: Annotated[int, typer.Option(help="Port of --serve.")] = 8080,
) -> None:
    """Make the documentation of every model and column, and say where it is.

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
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: API_PORT, 8000.")] = None,
) -> None:
    """Serve the read-only API, described on /api/v1/docs, until stopped with Ctrl-C.

    Requests under way are answered before it stops. Each request is a line of the log, as JSON with
    LOG_FORMAT=json; what the service counts of itself is at /metrics.

    For example:

        sigmasight serve --port 8001

        LOG_FORMAT=json SECRET_KEY="$(openssl rand -base64 48)" sigmasight serve --host 0.0.0.0
    """
    warehouse = open_for_command()
    import uvicorn

    from flows.log_format import server_logging

    settings = warehouse.settings
    settings.signing_key()  # said here, in a sentence, and not in the server's traceback
    # by name: the API is not ours to import
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=host or settings.api_host,
        port=port or settings.api_port,
        log_config=server_logging(settings),
        access_log=False,  # the API writes its own
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.", show_default=False)],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Write the whole warehouse into one file: raw data, publications, marts of all dates, users.

    It is as of one instant, whatever runs meanwhile. Password hashes are in it: only you may read the file.

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
        bool, typer.Option("--replace", help="Also when the warehouse holds something, which is lost.")
    ] = False,
) -> None:
    """Put a backup into an empty warehouse; with --replace into any.

    One transaction: when it fails or is killed, the warehouse is as it was.

    For example:

        SIGMASIGHT_HOME=/srv/twin sigmasight restore warehouse-2026-01-30.backup

        sigmasight restore warehouse-2026-01-30.backup --replace
    """
    warehouse = open_for_command()
    from flows.console import say
    from flows.maintenance.backup import restore_backup

    done = restore_backup(warehouse, file, replace=replace)
    say("restored", f"{done.holds.sentence()}; {done.size / 1e6:,.1f} MB from {done.path}", done.seconds)


def cleanup(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and leave it.")] = False,
) -> None:
    """Remove what is kept no longer: old logs, vendors' answers, records of failed loads, of Prefect's runs.

    How long each is kept is a setting (LOG_DAYS, RESPONSE_DAYS, REJECTED_DAYS, RUN_DAYS). Each night does it,
    too. Data, publications and marts are never touched.

    For example:

        sigmasight cleanup --dry-run
    """
    warehouse = open_for_command()
    from flows.console import say
    from flows.maintenance.retention import clean_up

    for what, count in clean_up(warehouse, dry_run=dry_run).items():
        say("would go" if dry_run else "removed", f"{count:,} {what}")
