"""The Prefect flow `nightly`: flows/pipeline/nightly.py for schedules, work pools and named servers."""

from datetime import date
from pathlib import Path
from uuid import UUID

from prefect import flow

from flows.alarms.unreachable import open_or_report
from flows.pipeline.nightly import NightlyResult
from flows.pipeline.nightly import nightly as run_nightly
from flows.prefect.engine import PrefectEngine, failures_logged
from flows.source import Source
from warehouse.connections import open_warehouse


@flow(name="nightly", persist_result=False)
def nightly(
    *,
    as_of: date | None = None,
    source: Source | None = None,
    prices: Path | None = None,
    force: bool = False,
    from_date: date | None = None,
    full_refresh: bool = False,
    allow_no_data: bool = False,
    portfolio_id: UUID | None = None,
) -> NightlyResult:
    """Load from the source, build what is new, publish; arguments as of pipeline.nightly.nightly."""
    with failures_logged("nightly"):
        return run_nightly(
            open_or_report(open_warehouse),
            PrefectEngine(),
            as_of=as_of,
            source=source,
            prices=prices,
            force=force,
            from_date=from_date,
            full_refresh=full_refresh,
            allow_no_data=allow_no_data,
            portfolio_id=portfolio_id,
        )
