"""The HTTP protocol of `sigmasight serve`: uvicorn's, with limits on what a client may send, and how slowly.

Headers and URL have a size and a time, a body has a time (its size is limited by api.http.middleware), an
answer must be taken, and connections have a number. uvicorn has no such limits, and its parser copies a
header that arrives in parts once for each part: a header of 100 MB would keep every other request waiting for
most of a minute.

A refusal is a problem document. What the client still sends is then read and dropped for a moment, because a
connection closed over unread data is reset, and the client would not see the answer.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from api.auth.login_attempts import network_of
from api.http.errors import (
    HeadersTooLarge,
    Problem,
    RequestRefused,
    RequestTimedOut,
    TooManyConnections,
    UrlTooLong,
)
from api.http.middleware import LIMITED, SECURITY_HEADERS
from api.http.problems import problem_response
from warehouse.settings import Settings, get_settings

logger = logging.getLogger(__name__)

LINGER_SECONDS: Final = 2.0
"""How long a refused client is read from, at most."""

FRAMES_FACTOR: Final = 8
"""Bytes around a body (sizes of chunks, trailers), as a multiple of those of headers."""

SLOWEST_BYTES: Final = 16_384
"""What a client must take of its answer in each `send_seconds`, at least."""

SPARE_CONNECTIONS: Final = 100
"""Connections beyond the limit that are told so, half of them of one address; further ones are closed."""


@dataclass(frozen=True)
class ConnectionLimits:
    """header_bytes: of headers and URL together. Seconds: until all headers, and all of a body, are in.

    send_seconds: until a client has taken the next SLOWEST_BYTES of its answer. per_address: connections of
    an address (IPv6: a network of 64 bits) that is not one of the proxies.
    """

    header_bytes: int
    header_seconds: float
    body_seconds: float
    send_seconds: float
    connections: int
    per_address: int
    proxies: tuple[str, ...] = ()


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `pending`: bytes of headers that have not ended, or around a body."""

    _held: ClassVar[Counter[tuple[int, str]]] = Counter()  # by server and address

    def __init__(self, limits: ConnectionLimits, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._served = self.app
        self._in_headers = True
        self._is_refused = False
        self._pending = 0
        self._header_bytes = 0
        self._has_ended = False
        self._problem: Problem | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None
        self._begun: list[RequestResponseCycle] = []
        self._place = (0, "")
        self._is_proxy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and begin to wait for its first request."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn's is a Transport
        self.transport.set_write_buffer_limits(high=0)  # pause_writing: as soon as anything is not yet taken
        address = self.client[0] if self.client else ""
        self._place = id(self.connections), network_of(address)
        self._held[self._place] += 1
        self._is_proxy = is_proxy(address, self._limits.proxies)
        beyond = len(self.connections) - self._limits.connections
        if beyond > SPARE_CONNECTIONS or self._beyond_share() > SPARE_CONNECTIONS // 2:
            self.transport.abort()
        else:
            self._set_deadline(self._limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline, and tell every request; uvicorn tells the last one only."""
        self._clear_deadline()
        self._stop_watching()
        self._held[self._place] -= 1
        if not self._held[self._place]:
            del self._held[self._place]
        self.pipeline.clear()
        for cycle in self._begun:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Watch that the client takes its answer."""
        super().pause_writing()
        self._watch_sending()

    def resume_writing(self) -> None:
        """All of the answer so far is taken."""
        super().resume_writing()
        self._stop_watching()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, then refuse a request whose headers are too large before they end."""
        if self._is_refused:
            return
        if self._in_headers and self._deadline is None:
            self._set_deadline(self._limits.header_seconds)
        self._has_ended = False
        super().data_received(data)
        if self._is_refused or self._has_ended:
            return  # what follows the end of a request in the same data is smaller than one read
        self._pending += len(data)
        if self._pending > self._limits.header_bytes * (1 if self._in_headers else FRAMES_FACTOR):
            self._refuse(HeadersTooLarge())

    def on_message_begin(self) -> None:
        """Begin to count the bytes of a request's headers."""
        super().on_message_begin()
        self.scope["extensions"] = {LIMITED: {}}  # uvicorn's own protocol states none
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        super().on_url(url)
        self._count_header(len(url), UrlTooLong)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        super().on_header(name, value)
        self._count_header(len(name) + len(value) + len(": \r\n"), HeadersTooLarge)

    def on_headers_complete(self) -> None:
        """Start the request, and wait for its body."""
        self._in_headers = False
        self._pending = 0
        self._set_deadline(self._limits.body_seconds)
        self.app = _refuse_busy if self._is_busy() else self._served
        super().on_headers_complete()
        self._begun = [cycle for cycle in (*self._begun, self.cycle) if cycle and not cycle.response_complete]

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._pending -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the answer without a deadline, then for the next request."""
        self._in_headers = True
        self._has_ended = True
        self._pending = 0
        self._clear_deadline()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what could not be parsed, or exceeded a limit while it was parsed."""
        del msg  # uvicorn's own sentence
        self._refuse(self._problem or RequestRefused())

    def _beyond_share(self) -> int:
        return 0 if self._is_proxy else self._held[self._place] - self._limits.per_address

    def _is_busy(self) -> bool:
        return (
            self._beyond_share() > 0
            or max(len(self.connections), len(self.tasks) + 1) > self._limits.connections
        )

    def _count_header(self, size: int, problem: type[Problem]) -> None:
        self._header_bytes += size
        if self._header_bytes > self._limits.header_bytes:
            self._problem = problem()
            raise self._problem  # the parser stops, and uvicorn calls send_400_response

    def _refuse(self, problem: Problem) -> None:
        """Answer with the problem and close; only close while an answer is being written."""
        self._is_refused = True
        self._clear_deadline()
        logger.info("request of %s refused: %s", self.client and self.client[0], problem.code)
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()
            return
        self.transport.write(_written(problem))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._time_out)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch_sending(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._sending = self.loop.call_later(self._limits.send_seconds, self._check_sending, left)

    def _check_sending(self, before: int) -> None:
        """Drop a client that does not take its answer: to close would wait for it without end."""
        if before - self.transport.get_write_buffer_size() < SLOWEST_BYTES:
            logger.info("the answer to %s was not taken in time", self.client and self.client[0])
            self.transport.abort()
        else:
            self._watch_sending()

    def _stop_watching(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _time_out(self) -> None:
        if self._in_headers and not self._pending:
            self.transport.close()  # nothing was asked: a browser connects ahead of its requests
        elif not self.transport.is_closing():
            self._refuse(RequestTimedOut())


@cache
def configured_limits() -> ConnectionLimits:
    """The limits of this process's settings."""
    return limits_of(get_settings())


def limits_of(settings: Settings) -> ConnectionLimits:
    """The limits that the settings name."""
    return ConnectionLimits(
        header_bytes=settings.api_header_bytes,
        header_seconds=settings.api_header_seconds,
        body_seconds=settings.api_body_seconds,
        send_seconds=settings.api_send_seconds,
        connections=settings.api_connections,
        per_address=max(1, settings.api_connections // 2),
        proxies=settings.trusted_proxies,
    )


@lru_cache(maxsize=10_000)
def is_proxy(address: str, proxies: tuple[str, ...]) -> bool:
    """Whether the address is one of these proxies, which bring the connections of many clients."""
    try:
        return any(ip_address(address) in ip_network(proxy) for proxy in proxies)
    except ValueError:
        return False


def make_protocol(**options: Any) -> BoundedProtocol:
    """Make the protocol of one connection: what `http=` of uvicorn names."""
    return BoundedProtocol(configured_limits(), **options)


async def _refuse_busy(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request beyond the limit of connections, and close its connection."""
    response = problem_response(TooManyConnections(), scope)
    response.headers.update({**SECURITY_HEADERS, "Connection": "close"})
    await response(scope, receive, send)


def _written(problem: Problem) -> bytes:
    """The problem as a whole response that ends its connection."""
    response = problem_response(problem, {"type": "http", "headers": []})
    response.headers.update({**SECURITY_HEADERS, "Connection": "close"})
    headers = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    return STATUS_LINE[problem.status] + headers + b"\r\n" + bytes(response.body)
