"""The nightly flow on a schedule: served by this process, or deployed to a Prefect work pool."""
# ruff: noqa: PLC0415 - prefect is imported once its variables are set

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

from flows.alarms.watcher import alarms_watched
from flows.console import console
from flows.environment import is_prefect_named, prepare_environment
from flows.errors import OrchestratorError, UsageError
from flows.prefect.lost_workers import HEARTBEAT_SECONDS, watch_for_lost_workers
from flows.prefect.schedule import CRON, TIMEZONE
from flows.prefect.server import secret_file, start_scheduling_server
from flows.prefect.start import check_source
from flows.source import Source
from warehouse.connections import Warehouse
from warehouse.private_folders import make_private
from warehouse.settings import Settings

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

PROCESS_POOL = "process"

# What a worker needs to find the warehouse. Passwords and keys come from the worker's own environment,
# because these settings are visible in Prefect's UI.
WORKER_SETTINGS = (
    *("sigmasight_home", "warehouse_database", "log_level", "log_format"),
    *("report_portfolios", "report_folder", "report_formats"),
    *("build_minutes", "night_due_minutes", "alarm_timeout_seconds"),
    *("alarm_email_to", "alarm_email_from", "smtp_host", "smtp_port", "smtp_security", "smtp_user"),
    *("alarm_prices_percent", "alarm_coverage_percent", "alarm_profiles_percent", "alarm_vendor_percent"),
)


def nightly_deployment(
    source: Source | None, prices: Path | None, *, pool: str | None = None, settings: Settings | None = None
) -> "RunnerDeployment":
    """The deployment `nightly/nightly`. source, prices: of the flow. pool: the work pool that runs it.

    Only in a pool does Prefect's server limit its concurrency. A schedule limits its own: the server keeps
    the slot of a run whose schedule was killed, if it was restarted since, and no other run would ever begin.
    """
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.prefect.nightly import nightly

    heartbeat = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}
    return RunnerDeployment.from_flow(
        nightly,
        name="nightly",
        description="Load, build what is new, check, publish.",
        schedule=Cron(CRON, timezone=TIMEZONE),
        parameters={"source": source and source.value, "prices": prices and str(prices.resolve())},
        entrypoint_type=EntrypointType.MODULE_PATH,
        concurrency_limit=1 if pool else None,
        work_pool_name=pool,
        job_variables={"env": worker_environment(settings) | heartbeat} if pool and settings else None,
    )


def worker_environment(settings: Settings) -> dict[str, str]:
    """The settings passed to workers; none of them is secret."""
    named = {"SIGMASIGHT_HOME": str(settings.warehouse_folder.parent)}
    given = settings.as_environment()
    return named | {
        name.upper(): given[name.upper()]
        for name in WORKER_SETTINGS
        if name.upper() in given and name != "sigmasight_home"
    }


def serve_schedule(warehouse: Warehouse, source: Source | None, prices: Path | None) -> None:
    """Run the flow on its schedule until Ctrl-C. Raises UsageError or OrchestratorError."""
    check_source(source, prices)
    prices = prices and prices.resolve()
    prepare_environment(warehouse)
    is_ours = not is_prefect_named()
    start_scheduling_server(warehouse.settings)
    # Prefect reads settings from files of the working directory, here and in the process of each run
    os.chdir(warehouse.settings.warehouse_folder)
    # it makes a folder of a fixed name among temporary files, where any account may have been before it
    temporary = warehouse.settings.warehouse_folder / "temporary"
    make_private(temporary)
    tempfile.tempdir = str(temporary)
    from prefect import serve

    page = os.environ["PREFECT_API_URL"].removesuffix("/api")
    out = console()
    out.print(f"The nightly flow runs at 23:30 UTC on weekdays; its runs are at {page}. Ctrl-C stops it.")
    if is_ours:
        out.print(f"That page asks for the secret in {secret_file(warehouse.settings)}.", markup=False)
    with alarms_watched(warehouse):
        serve(nightly_deployment(source, prices), print_starting_message=False, limit=1)


def deploy_to_pool(warehouse: Warehouse, source: Source | None, prices: Path | None, pool: str) -> None:
    """Deploy the flow with its schedule to a work pool of the server at PREFECT_API_URL, and return.

    A missing pool is created, of type process. Deploying again replaces the deployment. The server then marks
    runs as crashed whose worker is gone. Raises UsageError or OrchestratorError.
    """
    check_source(source, prices)
    if not is_prefect_named():
        raise UsageError(
            "A work pool needs a running Prefect server: name it in PREFECT_API_URL, such as "
            "http://127.0.0.1:4200/api (`prefect server start` runs one)."
        )
    prices = prices and prices.resolve()
    prepare_environment(warehouse)
    os.chdir(warehouse.settings.warehouse_folder)
    created = _deploy(nightly_deployment(source, prices, pool=pool, settings=warehouse.settings), pool)
    out = console()
    if created:
        out.print(f"The work pool {pool} is created, of type {PROCESS_POOL}.", markup=False)
    out.print(
        f"The deployment nightly/nightly is in the work pool {pool}: workers run it at 23:30 UTC, weekdays.",
        markup=False,
    )
    out.print(f"Start one where this project is installed:  prefect worker start --pool {pool}", markup=False)
    if not warehouse.is_embedded:
        out.print(
            "Set DATABASE_URL, the vendors' keys and those of alarms there: they are not passed to Prefect."
        )


def _deploy(deployment: "RunnerDeployment", pool: str) -> bool:
    """Register the deployment and its automation; whether its pool had to be created."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

    url = os.environ["PREFECT_API_URL"]
    try:
        with get_client(sync_client=True) as client:
            try:
                client.read_work_pool(pool)
                created = False
            except ObjectNotFound:
                client.create_work_pool(WorkPoolCreate(name=pool, type=PROCESS_POOL))
                created = True
            watch_for_lost_workers(client, cast(UUID, deployment.apply()))  # awaitable only in a running loop
    except (httpx.HTTPError, PrefectHTTPStatusError, RuntimeError) as error:
        raise OrchestratorError(
            f"The Prefect server at {url} did not accept the deployment ({error}): check that it runs and "
            "that PREFECT_API_URL is right."
        ) from error
    return created
