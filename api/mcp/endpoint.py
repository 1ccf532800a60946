"""The path /mcp: guards the origin, and starts the MCP server when it is first asked.

The server's package takes a second to import, which an API without calls over MCP does not spend.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.errors import McpUnavailable, OriginRefused, Problem
from api.http.problems import problem_response
from api.mcp.calls import McpCalls
from api.services import Services
from warehouse.settings import Settings

PATH: Final = "/mcp"
SERVER_ERROR: Final = -32000
"""The first code that JSON-RPC leaves to servers."""

LOOPBACK: Final = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)

Serving = Callable[[Services, McpCalls], AbstractAsyncContextManager[ASGIApp]]


class McpEndpoint:
    """The ASGI application at /mcp. It serves while `running`, within the app's lifespan."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: _Server | None = None

    @asynccontextmanager
    async def running(self, services: Services, calls: McpCalls) -> AsyncIterator[None]:
        """Serve for the duration of the context."""
        server = self._server = _Server(services, calls)
        try:
            yield
        finally:
            self._server = None
            await server.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Without a valid token it is answered with 401 and WWW-Authenticate."""
        if self._server is None:
            raise RuntimeError("the MCP endpoint is used outside of the app's lifespan")
        try:
            if _is_foreign(Headers(scope=scope).get("origin"), self._settings.api_cors_origins):
                raise OriginRefused
            app: ASGIApp = await self._server.app()
        except Problem as problem:
            app = problem_response(problem, scope)
        await app(scope, receive, send)


def refusal_over_mcp(problem: Problem) -> Response:
    """A refused request as a response to a JSON-RPC message that was not read: clients show its sentence."""
    data = {"code": problem.code, **problem.members}
    error = {"code": SERVER_ERROR, "message": problem.detail, "data": data}
    return JSONResponse(
        {"jsonrpc": "2.0", "id": None, "error": error},
        status_code=problem.status,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


class _Server:
    """The MCP server in a task of its own: its scopes begin and end in one task."""

    def __init__(self, services: Services, calls: McpCalls) -> None:
        self._services = services
        self._calls = calls
        self._stop = asyncio.Event()
        self._started: asyncio.Future[ASGIApp] | None = None
        self._task: asyncio.Task[None] | None = None

    async def app(self) -> ASGIApp:
        """The server's application, which the first request starts."""
        if self._started is None:
            self._started = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._serve(self._started))
        return await asyncio.shield(self._started)

    async def close(self) -> None:
        """End the sessions and the task."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _serve(self, started: asyncio.Future[ASGIApp]) -> None:
        try:
            serving = await asyncio.to_thread(_load)
            async with serving(self._services, self._calls) as app:
                started.set_result(app)
                await self._stop.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)


def _load() -> Serving:
    try:
        from api.mcp.http import serving  # noqa: PLC0415 - it takes a second
    except ModuleNotFoundError as error:
        raise McpUnavailable from error
    return serving


def _is_foreign(origin: str | None, allowed: Sequence[str]) -> bool:
    """Whether a page of another site sends the request: it may have reached a loopback address under a name
    of its own (DNS rebinding). Assistants that are no pages send no origin.
    """
    if origin is None or origin in allowed:
        return False
    return LOOPBACK.fullmatch(origin) is None
