"""Whether the service lives, and whether it can answer: for people, monitors and load balancers."""

from typing import Any

from fastapi import APIRouter, Response

from api.dependencies import ServicesOf
from api.http.documentation import answers
from api.http.errors import NothingPublished, WarehouseUnavailable
from api.http.health import look
from api.schemas.operations import Health, Liveness

router = APIRouter(prefix="/health", tags=["Operations"])


@router.get("", summary="How the service is", response_model=Health, responses=answers())
async def health(services: ServicesOf, response: Response) -> dict[str, Any]:
    """Tell what is published, how the last build ended, and whether the service can answer. Always 200."""
    response.headers["Cache-Control"] = "no-store"
    return (await look(services)).as_answer()


@router.get("/live", summary="The process answers", response_model=Liveness, responses=answers())
async def live() -> dict[str, bool]:
    """Answer 200 as long as the process runs; looks at nothing else."""
    return {"live": True}


@router.get(
    "/ready",
    summary="The service can answer",
    response_model=Health,
    responses=answers(NothingPublished, WarehouseUnavailable),
)
async def ready(services: ServicesOf, response: Response) -> dict[str, Any]:
    """Answer as /health does while the service can answer, else 503."""
    response.headers["Cache-Control"] = "no-store"
    condition = await look(services)
    if condition.problem is not None:
        raise condition.problem
    return condition.as_answer()
