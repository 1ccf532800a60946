"""The nightly flow on a schedule: a Prefect deployment, served by this process until it is stopped."""
# ruff: noqa: PLC0415 - prefect is imported once its server is starting

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flows.console import console
from flows.environment import prepare_environment
from flows.prefect_server import start_scheduling_server
from flows.run import check_source
from flows.source import Source
from warehouse.connections import Warehouse

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

CRON = "30 23 * * 1-5"
TIMEZONE = "UTC"  # 23:30 is after the close in New York in winter and in summer


def nightly_deployment(source: Source | None, prices: Path | None) -> "RunnerDeployment":
    """The deployment `nightly/nightly`. source, prices: as of the flow."""
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.nightly import nightly

    return RunnerDeployment.from_flow(
        nightly,
        name="nightly",
        description="Load, build what is new, check, publish.",
        schedule=Cron(CRON, timezone=TIMEZONE),
        parameters={"source": source and source.value, "prices": prices and str(prices.resolve())},
        entrypoint_type=EntrypointType.MODULE_PATH,
        concurrency_limit=1,
    )


def serve_schedule(warehouse: Warehouse, source: Source | None, prices: Path | None) -> None:
    """Run the flow on its schedule until Ctrl-C. Raises UsageError or OrchestratorError."""
    check_source(source, prices)
    prepare_environment(warehouse)
    start_scheduling_server(warehouse.settings)
    from prefect import serve

    page = os.environ["PREFECT_API_URL"].removesuffix("/api")
    console().print(
        f"The nightly flow runs at 23:30 UTC on weekdays; its runs are on {page}. Ctrl-C ends it."
    )
    serve(nightly_deployment(source, prices), print_starting_message=False, limit=1)
