"""The `sigmasight` command line. Heavy imports are inside the commands, so that help starts fast."""
# ruff: noqa: PLC0415

import json
from datetime import date
from typing import Annotated, NoReturn

import typer

from flows.cli import (
    alarms,
    benchmarks,
    capital_flows,
    load,
    marks,
    portfolios,
    positions,
    replica,
    tags,
    targets,
    tools,
    users,
)
from flows.cli.chat import commands as chat
from flows.cli.entries import OwnerOption, find_portfolio
from flows.cli.groups import BUILD, DATA, OPERATE, SERVE, START
from flows.cli.options import PricesOption, SentenceGroup, open_for_command, parse_date
from flows.cli.published import grants, history, report, show, what_if
from flows.errors import UsageError
from flows.source import Source

app = typer.Typer(
    name="sigmasight",
    cls=SentenceGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
    help="""
The portfolio risk warehouse: prices and positions in, checked and published marts out.

To look around: `sigmasight demo`, then `sigmasight psql -c "table dim_portfolios"`.

Every day: `sigmasight nightly --source vendors`
(or `sigmasight load prices FOLDER`, then `sigmasight nightly`).

Settings are environment variables (SIGMASIGHT_HOME, DATABASE_URL, …); none is needed.
""",
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    from flows.pipeline.publish import git_revision
    from warehouse.code_version import upgrade_steps

    number, revision = version("sigmasight"), git_revision()
    commit = "" if revision in {None, number} else f", commit {revision}"
    print(f"sigmasight {number}{commit}, layout {max(upgrade_steps())}")
    raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Hold the options of `sigmasight` itself; the help is the text above."""


AsOf = Annotated[
    date | None,
    typer.Option(
        parser=parse_date,
        metavar="DATE",
        help="Report as of this date, or the last session before it. Default: the last session with a price.",
    ),
]
SourceOption = Annotated[
    Source | None,
    typer.Option(
        help="Load prices from this source first; `vendors` tries the configured vendors in order. "
        "Default: only build what was loaded."
    ),
]


@app.command(rich_help_panel=BUILD)
def nightly(  # noqa: PLR0917 - typer's options
    as_of: AsOf = None,
    source: SourceOption = None,
    prices: PricesOption = None,
    force: Annotated[bool, typer.Option("--force", help="Run even if the NYSE is closed today.")] = False,
    allow_no_data: Annotated[
        bool, typer.Option("--allow-no-data", help="Exit with 0 also if the source gave nothing.")
    ] = False,
    portfolio: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Build this portfolio alone; the others keep their publication."),
    ] = None,
    owner: OwnerOption = None,
) -> None:
    """Load, build what is new, check, publish.

    Builds the dates since the last publication, and rebuilds dates that a late price, a split or a
    back-dated position changes. Tests run on what was built. A portfolio for which one fails is withheld: it
    keeps its last publication until a later run passes. Any other failure publishes nothing. Safe to run
    again at any time, even after a crash.

    If the source gives nothing, what is stored is built and the exit code is 3.

    For example:

        sigmasight nightly --source vendors

        sigmasight nightly --source files --prices ../prices

        sigmasight nightly --force --as-of 2026-01-30

        sigmasight nightly --portfolio "Growth"
    """
    from flows.alarms.unreachable import open_or_report

    if portfolio is not None and (as_of is not None or source is not None or prices is not None):
        raise UsageError(
            "`sigmasight nightly --portfolio` builds up to the last published session from what is loaded: "
            "leave --as-of, --source and --prices out."
        )
    from flows.prefect.start import run_nightly

    warehouse = open_or_report(open_for_command)

    result = run_nightly(
        warehouse,
        as_of=as_of,
        source=source,
        prices=prices,
        force=force,
        allow_no_data=allow_no_data,
        portfolio_id=None if portfolio is None else find_portfolio(warehouse, portfolio, owner),
    )
    if result.status == "succeeded":
        from flows.summaries.screen import print_portfolios

        print_portfolios(warehouse)


@app.command(rich_help_panel=BUILD)
def rebuild(  # noqa: PLR0917 - typer's options
    from_date: Annotated[
        date | None,
        typer.Option(
            "--from", parser=parse_date, metavar="DATE", help="Rebuild from this date on, and publish."
        ),
    ] = None,
    as_of: AsOf = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Use only data known at this time, such as 2026-01-30T23:59 (UTC)."
        ),
    ] = None,
    schema: Annotated[
        str | None, typer.Option(metavar="NAME", help="Build into this schema, next to the published marts.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare each mart row by row with what was published then.")
    ] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild all of history, and all views.")
    ] = False,
) -> None:
    """Rebuild past dates for a new publication, or a past report from the data known at the time.

    For example:

        sigmasight rebuild --from 2025-11-14

        sigmasight rebuild --as-of 2025-12-31 --known-at 2026-01-02T00:00 --schema audit --compare

        sigmasight rebuild --full-refresh
    """
    if (known_at is None) != (schema is None) or (compare and schema is None):
        _refuse("--known-at and --schema belong together, and --compare needs both")
    if (from_date is not None or full_refresh) == (schema is not None):
        _refuse("give --from DATE or --full-refresh for a new publication, or --known-at TIME --schema NAME")
    warehouse = open_for_command()
    if schema is None or known_at is None:
        from flows.prefect.start import run_rebuild

        run_rebuild(warehouse, from_date=from_date, as_of=as_of, full_refresh=full_refresh)
        return
    from flows.pipeline.rebuild import rebuild_as_known

    rebuild_as_known(warehouse, as_of=as_of, known_at=known_at, schema=schema, compare=compare)


def _refuse(sentence: str) -> NoReturn:
    raise UsageError(f"`sigmasight rebuild`: {sentence} (`sigmasight rebuild --help` has examples).")


@app.command(rich_help_panel=BUILD)
def verify() -> None:
    """Run every test over all of history; the nightly build tests only the dates it builds.

    For example:

        sigmasight verify
    """
    warehouse = open_for_command()
    from flows.pipeline.verify import verify_history

    verify_history(warehouse)


@app.command(rich_help_panel=OPERATE)
def upgrade(
    build: Annotated[
        bool,
        typer.Option("--build/--no-build", help="Build what a changed method requires; else `nightly` does."),
    ] = True,
    with_chat: Annotated[
        bool,
        typer.Option("--chat", help="The chat's own database too; else the API does it at the first use."),
    ] = False,
) -> None:
    """Upgrade a warehouse of an older version; publications, history and raw data are kept.

    A new warehouse gets its roles, schemas and tables. Run it once after installing a version that asks for
    it. Make a copy first: `sigmasight backup FILE`. If the version changes the method, all of history is
    built again for a new publication. What was published before stays readable in marts_at and marts_history;
    fct_restatements lists the changes and their cause.

    For example:

        sigmasight upgrade

        sigmasight upgrade --chat
    """
    warehouse = open_for_command()
    from flows.console import console
    from flows.maintenance.upgrade import publish_requested, upgrade_warehouse

    is_upgraded = upgrade_warehouse(warehouse)
    is_built = build and publish_requested(warehouse)
    if not (is_upgraded or is_built):
        console().print("Nothing to upgrade: the warehouse has the layout and the views of this version.")
    if with_chat:
        from api.chat.store.command import prepare_database

        prepare_database(warehouse.settings)
        console().print("The chat's database has the tables of this version.")


@app.command(rich_help_panel=OPERATE)
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Print one line for a monitor; the exit code is the verdict.")
    ] = False,
) -> None:
    """Show what is published, how fresh each source's data are, what is missing, and what the next run does.

    With --check: 0 OK, 1 WARNING (data are missing or not published, or a night is overdue), 2 CRITICAL
    (nothing published, two nights overdue, the last run failed, or an upgrade is due), 3 UNKNOWN (the status
    cannot be read).

    For example:

        sigmasight status

        sigmasight status --check

        sigmasight status --json | jq .missing_sessions
    """
    if check:
        _check_status()
    warehouse = open_for_command()
    from flows.console import console
    from flows.summaries.status import read_status
    from flows.summaries.status_lines import status_lines

    found = read_status(warehouse)
    if as_json:
        print(json.dumps(found.as_json(), indent=2))
        return
    for label, text in status_lines(found):
        console().print(f"{label:<10} {text}", markup=False)


def _check_status() -> NoReturn:
    """Print the verdict and exit with its code; also when the warehouse cannot be read."""
    import psycopg

    from flows.summaries.status import read_status
    from flows.summaries.status_check import Level, check_status
    from warehouse.errors import SigmaSightError

    try:
        found = read_status(open_for_command())
    except (SigmaSightError, psycopg.Error, OSError) as error:
        print(f"{Level.UNKNOWN.name}: {' '.join(str(error).split())}")
        raise typer.Exit(Level.UNKNOWN) from error
    verdict = check_status(found)
    print(verdict.line(found.publication and found.publication.last_date))
    raise typer.Exit(verdict.level)


@app.command(rich_help_panel=START)
def demo(
    source: Annotated[Source, typer.Option(help="Where prices come from.")] = Source.SIMULATED,
    prices: PricesOption = None,
    until: Annotated[
        date | None,
        typer.Option(
            parser=parse_date,
            metavar="DATE",
            help="The demo as of this day: portfolios that begin by then, and simulated prices up to it.",
        ),
    ] = None,
) -> None:
    """Load the demo portfolios and prices, run the nightly flow, and print a summary.

    For example:

        sigmasight demo

        sigmasight demo --source files --prices ../prices

        sigmasight demo --source yfinance
    """
    warehouse = open_for_command()
    from flows.pipeline.demo import run_demo

    run_demo(warehouse, source, prices, until=until)


@app.command(rich_help_panel=BUILD)
def schedule(
    source: SourceOption = Source.VENDORS,
    prices: PricesOption = None,
    work_pool: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Register the flow with this Prefect work pool and exit."),
    ] = None,
) -> None:
    """Run the nightly flow on every weekday at 23:30 UTC, until stopped with Ctrl-C.

    Serves the Prefect deployment `nightly/nightly` on the server at PREFECT_API_URL, or else on a server of
    its own, whose UI asks for a secret. With --work-pool the deployment is registered on the server at
    PREFECT_API_URL, and `prefect worker start --pool NAME` runs it. Days on which the NYSE is closed are
    skipped.

    For example:

        sigmasight schedule --source vendors

        PREFECT_API_URL=http://127.0.0.1:4200/api sigmasight schedule --work-pool nights
    """
    warehouse = open_for_command()
    from flows.prefect.deployment import deploy_to_pool, serve_schedule

    if work_pool is None:
        serve_schedule(warehouse, source, prices)
    else:
        deploy_to_pool(warehouse, source, prices, work_pool)


@app.command(rich_help_panel=OPERATE)
def stop() -> None:
    """Stop the embedded database server; the next command starts it again.

    For example:

        sigmasight stop
    """
    from flows.console import console
    from warehouse.connections import stop_warehouse

    stopped = stop_warehouse()
    console().print("The embedded server is stopped." if stopped else "No embedded server is running.")


app.add_typer(alarms.app, name="alarms", rich_help_panel=OPERATE)
app.add_typer(replica.app, name="replica", rich_help_panel=OPERATE)
app.add_typer(history.app, name="history", rich_help_panel=OPERATE)
app.add_typer(load.app, name="load", rich_help_panel=DATA)
app.add_typer(portfolios.app, name="portfolios", rich_help_panel=DATA)
app.add_typer(tags.app, name="tags", rich_help_panel=DATA)
app.add_typer(targets.app, name="targets", rich_help_panel=DATA)
app.add_typer(benchmarks.app, name="benchmarks", rich_help_panel=DATA)
app.add_typer(capital_flows.app, name="capital-flows", rich_help_panel=DATA)
app.add_typer(capital_flows.app, name="flows", hidden=True)  # its name until 0.1
app.add_typer(marks.app, name="marks", rich_help_panel=DATA)
positions.add_to(app, load.app)
show.add_to(app)
report.add_to(app)
what_if.add_to(app)
grants.add_to(app)
app.add_typer(users.app, name="users", rich_help_panel=SERVE)
tools.add_to(app)
chat.add_to(app)
