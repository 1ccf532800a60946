"""Middleware: a limit on the size of bodies, security headers, metrics and the access log."""

import logging
from collections.abc import Mapping
from time import perf_counter
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import RequestTooLarge
from api.http.metrics import Metrics
from api.http.problems import problem_response, written_path

logger = logging.getLogger(__name__)
access_log = logging.getLogger("api.access")

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""On every response: it is data, and no page may frame or execute it."""

LIMITED: Final = "sigmasight.limits"
"""The extension of the scope by which api.http.connections says that it limits what clients send."""

ONE_YEAR: Final = "max-age=31536000"


class SecurityHeaders:
    """Adds security headers for browsers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = ONE_YEAR
            await send(message)

        await self._app(scope, receive, send_with_headers)


class ProtocolWarning:
    """Warns once if the server passes requests on without the limits of api.http.connections."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._has_warned and scope["type"] == "http" and LIMITED not in scope.get("extensions", {}):
            self._has_warned = True
            logger.warning(
                "this server limits neither headers, nor the time of a request, nor connections: use "
                "`sigmasight serve`, or pass `--http api.http.connections:make_protocol --ws none` to uvicorn"
            )
        await self._app(scope, receive, send)


class BodyLimit:
    """Rejects a body of more than `most` bytes, before all of it is read."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > self._most:
            await problem_response(RequestTooLarge(), scope)(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most:
                # FastAPI passes an HTTPException on while it reads a body
                raise HTTPException(RequestTooLarge.status)
            return message

        await self._app(scope, receive_some, send)


class RequestObserver:
    """Counts, times and logs every request, in one line without body, query, headers or token.

    paths: the path template of each route, by the route's name.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, paths: Mapping[str, str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, size = 500, 0

        async def send_and_observe(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            size += len(message.get("body", b""))
            await send(message)

        started = perf_counter()
        with self._metrics.in_progress.track_inprogress():
            try:
                await self._app(scope, receive, send_and_observe)
            finally:
                self._record(scope, status, size, perf_counter() - started)

    def _record(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        route = self._paths.get(getattr(scope.get("route"), "name", ""), "none")
        self._metrics.record_request(scope["method"], route, status, seconds)
        client = scope.get("client")
        fields = {
            "method": scope["method"],
            "path": written_path(scope),
            "route": route,
            "status": status,
            "milliseconds": round(1000 * seconds, 1),
            "bytes": size,
            "client": client[0] if client else None,
        }
        access_log.info(
            "%(client)s %(method)s %(path)s %(status)s %(milliseconds)s ms %(bytes)s bytes",
            fields,
            extra={"fields": fields},
        )
