"""Health, liveness and readiness: for people, monitoring and load balancers."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.dependencies import ServicesDep
from api.http.documentation import problem_responses
from api.http.errors import NothingPublished, UpgradeNeeded, WarehouseUnavailable
from api.http.health import check_health
from api.schemas.operations import Health, Liveness

router = APIRouter(prefix="/health", tags=["Operations"])


@router.get("", summary="Health", response_model=Health, responses=problem_responses())
async def health(request: Request, services: ServicesDep, response: Response) -> dict[str, Any]:
    """Show what is published, how the last build ended, and whether the service is ready. Always 200."""
    response.headers["Cache-Control"] = "no-store"
    return (await check_health(services, request.app.state.code_version)).as_response()


@router.get("/live", summary="Liveness", response_model=Liveness, responses=problem_responses())
async def live() -> dict[str, bool]:
    """Return 200 as long as the process runs; nothing else is checked."""
    return {"live": True}


@router.get(
    "/ready",
    summary="Readiness",
    response_model=Health,
    responses=problem_responses(NothingPublished, UpgradeNeeded, WarehouseUnavailable),
)
async def ready(request: Request, services: ServicesDep, response: Response) -> dict[str, Any]:
    """Return the same as /health if the service is ready, otherwise 503."""
    response.headers["Cache-Control"] = "no-store"
    status = await check_health(services, request.app.state.code_version)
    if status.problem is not None:
        raise status.problem
    return status.as_response()
