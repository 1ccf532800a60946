"""The demo: demo portfolios and prices loaded, built, published and summed up, with what to do next."""
# ruff: noqa: PLC0415 - what a command does not use is not imported

import time
from pathlib import Path

from flows.console import console, say
from flows.load import load_calendar_if_short, load_source, say_loads
from flows.lock import process_name
from flows.run import check_source, prefect_ready
from flows.source import Source
from flows.summary import PortfolioLine, print_portfolios, read_portfolios
from warehouse.connections import Warehouse

SOURCES = {
    Source.SIMULATED: "simulated prices",
    Source.FILES: "prices from files",
    Source.YFINANCE: "prices from yfinance",
}

SIMULATED_WARNING = """\
THE PRICES ARE SIMULATED. They are drawn from a seeded factor model, not from any market: every row, summary
and API answer made from them says so (source = simulated). For real prices, in a warehouse of their own:
make clean demo SOURCE=files PRICES=folder, or make clean demo SOURCE=yfinance."""


def run_demo(warehouse: Warehouse, source: Source, prices: Path | None) -> None:
    """Load, build, publish and print. Running it again loads nothing twice. Raises SigmaSightError."""
    check_source(source, prices)
    begun = time.monotonic()
    console().print(f"SigmaSight demo: five portfolios, {SOURCES[source]}", style="bold")
    with prefect_ready(warehouse):
        _load(warehouse, source, prices)
        from flows.nightly import nightly

        nightly(force=True)
        seconds = time.monotonic() - begun
    say("done", f"in {warehouse.settings.warehouse_folder}", seconds)
    _print_summary(read_portfolios(warehouse))


def _load(warehouse: Warehouse, source: Source, prices: Path | None) -> None:
    from ingestion.demo import load_demo_portfolios

    say_loads(load_calendar_if_short(warehouse))
    with warehouse.connect_writer(application_name=process_name("demo")) as connection:
        say_loads(load_demo_portfolios(connection))
    say_loads(load_source(warehouse, source, prices))


def _print_summary(lines: list[PortfolioLine]) -> None:
    out = console()
    out.print()
    print_portfolios(out, lines)
    if any(line.is_simulated for line in lines):
        out.print()
        out.print(SIMULATED_WARNING, style="bold yellow", markup=False)
    out.print()
    out.print("Next", style="bold")
    for command, what in NEXT_STEPS:
        out.print(f"  {command:<74} {what}", markup=False)


NEXT_STEPS = (
    (".venv/bin/sigmasight status", "what is published, what waits"),
    ('.venv/bin/sigmasight psql -c "table dim_portfolios"', "ask the marts in SQL"),
    (".venv/bin/sigmasight docs --serve", "the meaning of every model and column"),
    ('.venv/bin/sigmasight users add demo_individual@sigmasight.com --name "Demo"', "let a demo user log in"),
    (".venv/bin/sigmasight serve", "the API; its pages on http://127.0.0.1:8000/docs"),
    (".venv/bin/sigmasight schedule", "the nightly flow, every weekday"),
    (".venv/bin/sigmasight --help", "everything else"),
)
