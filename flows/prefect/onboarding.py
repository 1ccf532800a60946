"""The Prefect flow `onboard`: the steps of flows/pipeline/onboarding.py after the load."""

from pathlib import Path
from uuid import UUID

from prefect import flow

from flows.pipeline.onboarding import Onboarded, build_back
from flows.prefect.engine import PrefectEngine
from flows.source import Source
from warehouse.connections import open_warehouse


@flow(name="onboard", persist_result=False)
def onboard(
    *, source: Source | None = None, prices: Path | None = None, portfolio_id: UUID | None = None
) -> Onboarded:
    """Fetch prices of new symbols, build back to the first entry date; arguments as of build_back."""
    return build_back(
        open_warehouse(), PrefectEngine(), source=source, prices=prices, portfolio_id=portfolio_id
    )
