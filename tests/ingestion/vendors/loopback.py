"""Shared by the fake vendors: a loopback server, faults, and a clock that does not wait."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ingestion.vendors.limits import Clock

HTML = "<html><body>Will come back</body></html>"


@dataclass
class Reply:
    """A server's response. delay: seconds before it; drip: between its bytes. is_cut: ends in the middle."""

    body: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    is_cut: bool = False

    @classmethod
    def of(cls, payload: Any, status: int = 200) -> "Reply":
        """JSON, with NaN and Infinity as Python and some vendors write them."""
        return cls(json.dumps(payload), status)


class FakeClock(Clock):
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2025, 6, 10, 23, 30, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds


@dataclass
class FakeVendor:
    """A vendor's state. outage: called before each answer; its reply, if any, is sent instead."""

    outage: Callable[[str], Reply | None] = lambda _: None
    requests: Counter[str] = field(default_factory=Counter)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Reply:
        """Record the request; return the fault or the answer."""
        with self.lock:
            self.requests[path] += 1
            self.asked.append((path, query))
            self.headers.append(headers)
        return self.outage(f"{path}?{query.get('symbol', '')}") or self.answer(path, query)

    def answer(self, path: str, query: dict[str, str]) -> Reply:
        """The vendor's normal response."""
        raise NotImplementedError


def always(reply: Reply, *, where: str = "") -> Callable[[str], Reply | None]:
    """A permanent outage of the paths that contain a text."""
    return lambda path: reply if where in path else None


def too_many_until(
    clock: FakeClock, seconds: float, retry_after: str | None
) -> Callable[[str], Reply | None]:
    """429 until the clock reaches a time."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}

    def outage(_: str) -> Reply | None:
        return Reply("{}", 429, headers) if clock.seconds < seconds else None

    return outage


@contextmanager
def serving(vendor: FakeVendor) -> Iterator[FakeVendor]:
    """Serve on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            reply = vendor.reply(unquote(parts.path), query, dict(self.headers.items()))
            time.sleep(reply.delay)
            body = reply.body.encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self._write(body[: len(body) // 2] if reply.is_cut else body, reply.drip)

        def _write(self, body: bytes, drip: float) -> None:
            try:
                if not drip:
                    self.wfile.write(body)
                    return
                for place in range(len(body)):
                    self.wfile.write(body[place : place + 1])
                    self.wfile.flush()
                    time.sleep(drip)
            except OSError:
                pass  # the client no longer waits for the answer

        def log_message(self, *_: Any) -> None:
            """Do not log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """Ignore disconnected clients, which some tests cause."""

    server = Server(("127.0.0.1", 0), Handler)
    vendor.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
