"""The demo: load portfolios and prices, build, publish, print a summary and next steps."""
# ruff: noqa: PLC0415 - imports only what a command uses

import time
from datetime import date
from pathlib import Path

from flows.console import console, say
from flows.pipeline.load import load_calendar_if_short, load_source, say_loads
from flows.pipeline.lock import process_name
from flows.prefect.start import check_source, run_nightly
from flows.source import Source
from flows.summaries.portfolios import print_portfolio_table, read_portfolios
from flows.summaries.profiles import read_profile_coverage
from flows.summaries.risk import print_risk, read_risk
from warehouse.connections import Warehouse

SOURCES = {
    Source.SIMULATED: "simulated prices",
    Source.FILES: "prices from files",
    Source.YFINANCE: "prices from yfinance",
    Source.VENDORS: "prices from vendors",
}

COMMAND_WIDTH = 44

SIMULATED_WARNING = """\
THE PRICES ARE SIMULATED. They are drawn from a seeded factor model, not from any market: every row, summary
and API answer made from them says so (source = simulated). Real prices take their place as soon as some are
loaded: make demo SOURCE=files PRICES=folder, or make demo SOURCE=yfinance."""


def run_demo(warehouse: Warehouse, source: Source, prices: Path | None, *, until: date | None = None) -> None:
    """Load, build, publish and print. Running it again loads nothing twice. Raises SigmaSightError.

    until: the demo of that day: portfolios that begin up to it, and simulated prices up to it.
    """
    check_source(source, prices)
    begun = time.monotonic()
    console().print(f"SigmaSight demo: portfolios with {SOURCES[source]}", style="bold")
    _load(warehouse, source, prices, until)
    run_nightly(warehouse, force=True)
    say("done", f"in {warehouse.settings.warehouse_folder}", time.monotonic() - begun)
    _print_summary(warehouse)


def _load(warehouse: Warehouse, source: Source, prices: Path | None, until: date | None) -> None:
    from ingestion.demo.demo import create_demo_users, load_demo_portfolios

    last = until or date.max

    say_loads(load_calendar_if_short(warehouse))
    with warehouse.connect_writer(application_name=process_name("demo")) as connection:
        say_loads(load_demo_portfolios(connection, until=last))
        if warehouse.is_embedded:  # their password is public: never on a shared server
            create_demo_users(connection, until=last)
    say_loads(load_source(warehouse, source, prices, must_answer=True, until=until))


def _print_summary(warehouse: Warehouse) -> None:
    out = console()
    lines = read_portfolios(warehouse)
    out.print()
    print_portfolio_table(out, lines)
    out.print(f"  {read_profile_coverage(warehouse)}", markup=False)
    out.print()
    print_risk(out, read_risk(warehouse))
    if any(line.is_simulated for line in lines):
        out.print()
        out.print(SIMULATED_WARNING, style="bold yellow", markup=False)
    _print_next_steps(has_users=warehouse.is_embedded, names=[line.name for line in lines])


def _print_next_steps(*, has_users: bool, names: list[str]) -> None:
    from ingestion.demo.demo import DEMO_PASSWORD, demo_portfolios

    out = console()
    out.print()
    out.print("Next (in .venv/bin)", style="bold")
    for command, what in NEXT_STEPS:
        out.print(f"  {command:<{COMMAND_WIDTH}} {what}", markup=False)
    if has_users:
        owners = sorted({demo.owner_email for demo in demo_portfolios() if demo.portfolio_name in names})
        out.print()
        out.print(f"Log in to the API as one of these, with the password {DEMO_PASSWORD}:", markup=False)
        for owner in owners:
            out.print(f"  {owner}", markup=False)


NEXT_STEPS = (
    ("sigmasight status", "what is published, what is pending"),
    ('sigmasight psql -c "table dim_portfolios"', "query the marts in SQL"),
    ("sigmasight docs --serve", "the meaning of every model and column"),
    ("sigmasight serve", "the web page at http://127.0.0.1:8000/, and the API it reads"),
    ("sigmasight schedule", "the nightly flow, every weekday"),
    ("sigmasight --help", "everything else"),
)
