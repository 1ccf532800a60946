"""The application: `uvicorn --factory api.app:create_app`, or `sigmasight serve`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse

from api.documentation import document
from api.problems import install_problem_handlers
from api.routes import (
    aggregates,
    analytics,
    analytics_exposures,
    analytics_factors,
    analytics_risk,
    auth,
    data,
    health,
)
from api.services import open_services
from warehouse.settings import Settings, get_settings

PREFIX = "/api/v1"


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the API over the warehouse of these settings (default: from the environment).

    Nothing is opened before the app starts: pools live from the start of its lifespan to the end.
    """
    chosen = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(chosen) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="SigmaSight",
        summary="Portfolio risk, read-only.",
        version=version("sigmasight"),
        lifespan=lifespan,
        docs_url=f"{PREFIX}/docs",
        openapi_url=f"{PREFIX}/openapi.json",
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.include_router(_routes())
    app.get("/docs", include_in_schema=False)(_to_docs)
    install_problem_handlers(app)
    app.openapi = document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


async def _to_docs() -> RedirectResponse:
    return RedirectResponse(f"{PREFIX}/docs")


def _routes() -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    for room in (
        auth,
        data,
        analytics,
        analytics_factors,
        analytics_exposures,
        analytics_risk,
        aggregates,
        health,
    ):
        router.include_router(room.router)
    return router
