"""Commands that hand over to another program with everything set: psql, dbt, the documentation, the API."""
# ruff: noqa: PLC0415

import os
import shlex
import sys
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from flows.cli_common import open_for_command

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True}
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
    from flows.documentation import make_documentation, serve_documentation

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

    For example:

        sigmasight serve --port 8001
    """
    warehouse = open_for_command()
    import uvicorn

    settings = warehouse.settings
    # by name: the API is not ours to import
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=host or settings.api_host,
        port=port or settings.api_port,
        log_level=settings.log_level.lower(),
    )
