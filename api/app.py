"""The application that `sigmasight serve` serves; docs/api.md says how to start it with uvicorn itself."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import RedirectResponse
from fastapi.routing import iter_route_contexts
from starlette.routing import Route

from api.chat.model.client import load_vendor
from api.dependencies import ServicesDep
from api.http import docs_page
from api.http.docs_page import DOCS_PATH
from api.http.documentation import make_openapi
from api.http.health import check_health
from api.http.limits import GZIP_FROM_BYTES, PREFIX
from api.http.metrics import Metrics
from api.http.middleware import BodyLimit, ProtocolWarning, RequestObserver, SecurityHeaders
from api.http.problems import install_problem_handlers
from api.http.request_limits import RequestLimits
from api.http.slashes import ignore_last_slash
from api.marts.withheld import HEADER
from api.mcp.calls import McpCalls
from api.mcp.endpoint import PATH as MCP_PATH
from api.mcp.endpoint import McpEndpoint
from api.page import serving
from api.routes import (
    aggregates,
    auth,
    data,
    definitions,
    gains,
    health,
    histories,
    onboarding,
    operations,
    portfolios,
    positions,
    prices,
    profiles,
    tags,
    target_prices,
)
from api.routes.analytics import attribution, benchmark, exposures, factors, overview, returns, risk, what_if
from api.routes.chat import admin, conversations, insights, memories, send, user_data
from api.routes.reports import portfolio as portfolio_report
from api.services import open_services
from warehouse.code_version import this_version
from warehouse.settings import Settings, get_settings

ROUTERS = (
    *(overview, returns, attribution, benchmark, factors, exposures, risk, what_if, aggregates),
    *(portfolios, gains, data, definitions, histories, positions, prices, profiles, target_prices),
    *(tags, onboarding),
    *(send, conversations, memories, user_data, admin, insights),
    *(portfolio_report, auth, operations, health),
)
"""Route modules in matching order: the busiest come first."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the API for the warehouse of these settings (default: read from the environment).

    Nothing is opened before the app starts: the connection pools live as long as its lifespan.
    """
    resolved = settings or get_settings()
    metrics = Metrics()
    mcp = McpEndpoint(resolved)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # of the code that runs: the files may be replaced while it does
        app.state.code_version = await asyncio.to_thread(this_version)
        async with open_services(resolved) as services:
            app.state.services = services
            metrics.watch_pools(services.pools)
            metrics.include(services.chat.metrics)
            async with mcp.running(services, McpCalls(services.chat)):
                yield

    app = FastAPI(
        title="SigmaSight",
        summary="Portfolio risk, read-only.",
        version=version("sigmasight"),
        lifespan=lifespan,
        docs_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for module in ROUTERS:  # one by one: nested routers are searched again at every level
        app.include_router(module.router, prefix=PREFIX)
    app.include_router(serving.router)
    app.include_router(docs_page.router)
    app.get("/docs", include_in_schema=False)(_redirect_to_docs)
    app.router.routes.append(Route(MCP_PATH, mcp, name="mcp", include_in_schema=False))
    _add_metrics_route(app, metrics)
    _add_middleware(app, resolved, metrics)
    install_problem_handlers(app)
    ignore_last_slash(app)
    app.openapi = make_openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def create_served_app() -> FastAPI:
    """create_app for a process that only serves: what it loads once is left out of garbage collections.

    A collection of all objects takes up to 0.2 s, for which every request waits. The vendor's package is
    loaded now if there is a key, so that the first question does not wait for it.
    """
    settings = get_settings()
    app = create_app(settings)
    if settings.openai_api_key is not None:
        load_vendor()
    gc.collect()
    gc.freeze()
    return app


def _add_metrics_route(app: FastAPI, metrics: Metrics) -> None:
    """Serve /metrics: for internal monitoring, like /health, and without user data."""

    async def serve_metrics(services: ServicesDep) -> Response:
        return metrics.render(await check_health(services, app.state.code_version))

    app.get("/metrics", include_in_schema=False)(serve_metrics)


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Add the middleware; the last one added is the outermost."""
    app.add_middleware(BodyLimit, most=settings.api_body_bytes)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM_BYTES, compresslevel=4)
    app.add_middleware(RequestLimits, settings=settings)
    if settings.api_cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api_cors_origins,
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["ETag", "X-As-Of-Date", "X-Publication-Id", HEADER, "Retry-After"],
            max_age=600,
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ProtocolWarning)
    routes = iter_route_contexts(app.routes)
    paths = {str(route.name): str(route.path_format) for route in routes}
    app.add_middleware(RequestObserver, metrics=metrics, paths=paths)


async def _redirect_to_docs() -> RedirectResponse:
    return RedirectResponse(DOCS_PATH)
