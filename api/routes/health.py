"""Health, liveness and readiness: for people, monitoring and load balancers."""

from typing import Any

from fastapi import APIRouter, Response

from api.dependencies import ServicesDep
from api.http.documentation import problem_responses
from api.http.errors import NothingPublished, WarehouseUnavailable
from api.http.health import check_health
from api.schemas.operations import Health, Liveness

router = APIRouter(prefix="/health", tags=["Operations"])


@router.get("", summary="Health", response_model=Health, responses=problem_responses())
async def health(services: ServicesDep, response: Response) -> dict[str, Any]:
    """Show what is published, how the last build ended, and whether the service is ready. Always 200."""
    response.headers["Cache-Control"] = "no-store"
    return (await check_health(services)).as_response()


@router.get("/live", summary="Liveness", response_model=Liveness, responses=problem_responses())
async def live() -> dict[str, bool]:
    """Return 200 as long as the process runs; nothing else is checked."""
    return {"live": True}


@router.get(
    "/ready",
    summary="Readiness",
    response_model=Health,
    responses=problem_responses(NothingPublished, WarehouseUnavailable),
)
async def ready(services: ServicesDep, response: Response) -> dict[str, Any]:
    """Return the same as /health if the service is ready, otherwise 503."""
    response.headers["Cache-Control"] = "no-store"
    status = await check_health(services)
    if status.problem is not None:
        raise status.problem
    return status.as_response()
