"""Start a run from the command line: in this process, or as a flow of the Prefect server that is named."""
# ruff: noqa: PLC0415 - prefect is imported only where a server is named, and nothing of a run by its neighbours

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.environment import is_prefect_named, prepare_environment
from flows.errors import OrchestratorError, UsageError
from flows.source import Source
from warehouse.connections import Warehouse

if TYPE_CHECKING:
    from flows.pipeline.nightly import NightlyResult


def run_nightly(
    warehouse: Warehouse,
    *,
    as_of: date | None = None,
    source: Source | None = None,
    prices: Path | None = None,
    force: bool = False,
) -> "NightlyResult":
    """A night with its progress on the console. Raises SigmaSightError."""
    check_source(source, prices)
    return _run(warehouse, as_of=as_of, source=source, prices=prices, force=force)


def run_rebuild(
    warehouse: Warehouse, *, from_date: date | None, as_of: date | None = None, full_refresh: bool = False
) -> "NightlyResult":
    """Build again from a date on, and publish; with full_refresh from the first date of all."""
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
    """Prefect ready to import. Raises OrchestratorError when its server cannot be reached."""
    prepare_environment(warehouse)
    try:
        yield
    except RuntimeError as error:
        if "Failed to reach API" not in str(error):
            raise
        raise OrchestratorError(
            f"The Prefect server at {os.environ['PREFECT_API_URL']} cannot be reached: start it, or unset "
            "PREFECT_API_URL to run without one."
        ) from error
