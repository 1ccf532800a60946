"""Start a run from the command line: in this process, or as a flow on the named Prefect server."""
# ruff: noqa: PLC0415 - prefect is imported only if a server is named

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.console import say
from flows.environment import is_prefect_named, prepare_environment
from flows.errors import BuildLockedError, OrchestratorError, UsageError
from flows.pipeline.lock import process_name
from flows.source import Source
from warehouse.connections import Warehouse

if TYPE_CHECKING:
    from flows.pipeline.nightly import NightlyResult
    from flows.pipeline.onboarding import Loader, Onboarded


def run_nightly(
    warehouse: Warehouse,
    *,
    as_of: date | None = None,
    source: Source | None = None,
    prices: Path | None = None,
    force: bool = False,
    allow_no_data: bool = False,
    portfolio_id: UUID | None = None,
) -> "NightlyResult":
    """A nightly run with its progress on the console. Raises SigmaSightError.

    A folder that is missing, such as a mount, fails the run: it is recorded, and an alarm tells it.
    """
    check_pair(source, prices)
    asked = {"as_of": as_of, "source": source, "prices": prices, "portfolio_id": portfolio_id}
    return _run(warehouse, **asked, force=force, allow_no_data=allow_no_data)


def run_rebuild(
    warehouse: Warehouse, *, from_date: date | None, as_of: date | None = None, full_refresh: bool = False
) -> "NightlyResult":
    """Rebuild from a date on, and publish; with full_refresh from the first date."""
    start = date.min if full_refresh else from_date
    return _run(warehouse, as_of=as_of, from_date=start, full_refresh=full_refresh)


def _run(warehouse: Warehouse, **asked: Any) -> "NightlyResult":
    if not is_prefect_named():
        from flows.pipeline.engine import PlainEngine
        from flows.pipeline.nightly import nightly

        return nightly(warehouse, PlainEngine(), **asked)
    with prefect_ready(warehouse):
        from flows.prefect.nightly import nightly as nightly_flow

        result: NightlyResult = nightly_flow(**asked)
        return result


def run_onboarding(
    warehouse: Warehouse,
    load: "Loader",
    source: Source | None,
    *,
    prices: Path | None = None,
    portfolio_id: UUID | None = None,
    build: bool = True,
) -> "Onboarded | None":
    """Load a statement with `load`, then fetch, report and build. None when build is False.

    source: of prices for new symbols; None fetches none. prices: the folder for `files`. portfolio_id: the
    portfolio whose readiness is reported; default all. build: False leaves all but the load to the next
    nightly run. Raises SigmaSightError; what `load` wrote is kept even then.
    """
    from flows.pipeline.engine import PlainEngine
    from flows.pipeline.load import load_calendar_if_short, say_loads
    from flows.pipeline.onboarding import build_back

    check_source(source, prices)
    say_loads(load_calendar_if_short(warehouse))
    with warehouse.connect_writer(application_name=process_name("onboard")) as connection:
        loaded = load(connection)
    say_loads(loaded)
    if not build:
        say("deferred", "prices and the build to the next `sigmasight nightly`")
        return None
    try:
        if not is_prefect_named():
            return build_back(
                warehouse, PlainEngine(), source=source, prices=prices, portfolio_id=portfolio_id
            )
        with prefect_ready(warehouse):
            from flows.prefect.onboarding import onboard

            return onboard(source=source, prices=prices, portfolio_id=portfolio_id)
    except BuildLockedError as error:
        raise BuildLockedError(f"The statement is loaded, but not built yet: {error}") from error


def check_pair(source: Source | None, prices: Path | None) -> None:
    """Raise UsageError unless a folder is given exactly when the source is `files`."""
    if (source is Source.FILES) != (prices is not None):
        raise UsageError(
            "`--source files` and `--prices FOLDER` belong together: the folder holds prices.csv or "
            "prices.parquet."
        )


def check_source(source: Source | None, prices: Path | None) -> None:
    """Raise UsageError unless a folder is given exactly when the source is `files`, and exists."""
    check_pair(source, prices)
    if prices is not None and not prices.is_dir():
        raise UsageError(
            f"There is no folder {prices}: name the folder that holds prices.csv or prices.parquet."
        )


@contextmanager
def prefect_ready(warehouse: Warehouse) -> Iterator[None]:
    """Import prefect, with its settings. Raises OrchestratorError when its server cannot be reached."""
    prepare_environment(warehouse)
    with chdir(warehouse.settings.warehouse_folder):  # it reads settings from files of the working directory
        import prefect  # noqa: F401
    try:
        yield
    except RuntimeError as error:
        if "Failed to reach API" not in str(error):
            raise
        raise OrchestratorError(
            f"The Prefect server at {os.environ['PREFECT_API_URL']} cannot be reached: start it, or unset "
            "PREFECT_API_URL to run without one."
        ) from error
