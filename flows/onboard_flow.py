"""The Prefect flow `onboard`: what follows the load of a statement, under the build lock. See onboard.py."""

from pathlib import Path
from uuid import UUID

from prefect import flow, task

from flows.console import set_up_logging
from flows.environment import prepare_environment
from flows.load import load_calendar_if_short
from flows.lock import build_lock
from flows.nightly import LOAD_PERCENT, TRANSIENT, Request, build_and_publish, recorded
from flows.onboard import Onboarded, fetch_missing, tell_readiness
from flows.source import Source
from ingestion.loads import LoadReport
from warehouse.connections import Warehouse, open_warehouse


@flow(name="onboard", persist_result=False)
def onboard(
    *, source: Source | None = None, prices: Path | None = None, portfolio_id: UUID | None = None
) -> Onboarded:
    """Fetch prices of new symbols, tell how ready the holdings are, build back to the first entry date.

    source, prices, portfolio_id: as of run_onboarding. Raises SigmaSightError.
    """
    warehouse = open_warehouse()
    prepare_environment(warehouse)
    set_up_logging(warehouse.settings)
    with build_lock(warehouse, "onboard") as lock, recorded(warehouse, "onboard") as run:
        loads = load_calendar_if_short(warehouse)
        run.phase("loading", LOAD_PERCENT)
        with run.step("load"):
            loads += prices_step(warehouse, source, prices)
        readiness, missing = tell_readiness(warehouse, portfolio_id)
        result = build_and_publish(warehouse, lock, run, loads, Request())
    return Onboarded(tuple(loads), missing, readiness, result)


@task(name="prices", **TRANSIENT)
def prices_step(warehouse: Warehouse, source: Source | None, prices: Path | None) -> list[LoadReport]:
    """Prices and profiles of the symbols that lack them. What an attempt before loaded is found again."""
    return fetch_missing(warehouse, source, prices)
