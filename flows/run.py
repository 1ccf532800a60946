"""Start the nightly flow from the command line: look before, start Prefect's server, run."""
# ruff: noqa: PLC0415 - prefect is imported once its server is starting, and not at all when there is nothing to run

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from flows.environment import prepare_environment
from flows.errors import OrchestratorError, UsageError
from flows.lock import lock_holder, locked_error, process_name
from flows.prefect_server import server_has_died, server_log, start_private_server
from flows.source import Source
from warehouse.connections import Warehouse
from warehouse.errors import SigmaSightError

if TYPE_CHECKING:
    from flows.nightly import NightlyResult


def run_nightly(
    warehouse: Warehouse,
    *,
    as_of: date | None = None,
    source: Source | None = None,
    prices: Path | None = None,
    force: bool = False,
) -> "NightlyResult":
    """The nightly flow with its progress on the console. Raises SigmaSightError."""
    check_source(source, prices)
    with prefect_ready(warehouse):
        from flows.nightly import nightly

        return nightly(as_of=as_of, source=source, prices=prices, force=force)


def run_rebuild(
    warehouse: Warehouse, *, from_date: date | None, as_of: date | None = None, full_refresh: bool = False
) -> "NightlyResult":
    """Build again from a date on, and publish; with full_refresh from the first date of all."""
    with prefect_ready(warehouse):
        from flows.nightly import nightly

        start = date.min if full_refresh else from_date
        return nightly(as_of=as_of, from_date=start, full_refresh=full_refresh)


def check_source(source: Source | None, prices: Path | None) -> None:
    """Raise UsageError unless a folder is named exactly when the prices come from files, and exists."""
    if (source is Source.FILES) != (prices is not None):
        raise UsageError(
            "`--source files` and `--prices FOLDER` belong together: the folder holds prices.csv or "
            "prices.parquet."
        )
    if prices is not None and not prices.is_dir():
        raise UsageError(
            f"There is no folder {prices}: name the folder that holds prices.csv or prices.parquet."
        )


@contextmanager
def prefect_ready(warehouse: Warehouse) -> Iterator[None]:
    """Prefect ready to import, its server starting. Raises BuildLockedError when another build runs."""
    with warehouse.connect_writer(application_name=process_name("look"), autocommit=True) as connection:
        holder = lock_holder(connection)
    if holder is not None:
        raise locked_error(holder)
    prepare_environment(warehouse)
    start_private_server(warehouse.settings)
    try:
        yield
    except SigmaSightError:
        raise
    except Exception as error:
        if not server_has_died():
            raise
        raise OrchestratorError(
            f"The Prefect server that records the run ended ({error}): run the command again. Its log is "
            f"{server_log(warehouse.settings)}."
        ) from error
