"""Nights whose worker is gone: automations of Prefect's server mark their runs as crashed.

A worker that loses a run's process says so itself. One that is killed with it, or whose machine goes off,
says nothing: the run would stay `Running`, or `Pending` if it was about to begin. It would also keep the
deployment's only slot, if the server was restarted since.
"""
# ruff: noqa: PLC0415 - prefect is imported once its variables are set

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from prefect.automations import AutomationCore, EventTrigger
    from prefect.client.orchestration import SyncPrefectClient

HEARTBEAT_SECONDS = 30  # the least that Prefect allows
LOST_SECONDS = 150  # in which a run that lives sends five
START_SECONDS = 300  # in which a run begins, or loses its slot

BEGINS = "prefect.flow-run.Pending"
ALIVE = "prefect.flow-run.heartbeat"
ENDS = frozenset(f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed"))


def watch_for_lost_workers(client: "SyncPrefectClient", deployment_id: UUID) -> None:
    """Create the automations for the runs of this deployment, or replace them."""
    for automation in (
        _automation("sigmasight: nights whose worker is gone", deployment_id, ALIVE, LOST_SECONDS),
        _automation("sigmasight: nights that do not begin", deployment_id, BEGINS, START_SECONDS),
    ):
        existing = client.read_automations_by_name(automation.name)
        if existing and existing[0].id is not None:
            client.update_automation(existing[0].id, automation)
        else:
            client.create_automation(automation)


def _automation(name: str, deployment_id: UUID, sign: str, seconds: int) -> "AutomationCore":
    """Marks a run as crashed if this sign of it is followed by none for these seconds."""
    from prefect.automations import AutomationCore
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState

    message = f"Its worker is gone: nothing was heard of it for {seconds} seconds."
    crash = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", force=False, message=message)
    return AutomationCore(
        name=name,
        description="Marks nightly runs as crashed of which nothing is heard.",
        trigger=_silence(deployment_id, sign, seconds),
        actions=[crash],
    )


def _silence(deployment_id: UUID, sign: str, seconds: int) -> "EventTrigger":
    from prefect.automations import EventTrigger, Posture, ResourceSpecification

    deployment: dict[str, str | list[str]] = {
        "prefect.resource.role": ["deployment"],
        "prefect.resource.id": [f"prefect.deployment.{deployment_id}"],
    }
    return EventTrigger(
        after={sign},
        expect={ALIVE, *ENDS},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        match_related=ResourceSpecification(deployment),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
