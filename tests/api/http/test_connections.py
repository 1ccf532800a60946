"""What a client may send, and how slowly, while others are served: over real connections, no database."""

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest
import uvicorn

from api.http.connections import BoundedProtocol, ConnectionLimits, configured_limits, limits_of
from api.http.middleware import ProtocolWarning
from flows.server_options import server_options
from warehouse.settings import Settings, get_settings, project_root

LIMITS = ConnectionLimits(
    header_bytes=65_536,
    header_seconds=1.0,
    body_seconds=1.5,
    send_seconds=1.0,
    connections=5,
    per_address=5,
)
LARGE = 8_000_000  # more than the system's buffers of a connection take
PATIENCE = 60.0
HEAD = b"GET /live HTTP/1.1\r\nHost: risk\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer with its length; at /large, with many bytes."""
    assert scope["type"] == "http"
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    body = b"x" * LARGE if scope["path"] == "/large" else str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(served: Any = app, **options: Any) -> Iterator[int]:
    """Serve the app on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(served, lifespan="off", log_config=None, **options)
        server = uvicorn.Server(config)

        def serve() -> None:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(server.serve([listener]))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(http=partial(BoundedProtocol, LIMITS)) as number:
        yield number


@pytest.fixture
def connect(port: int) -> Iterator[Callable[[], socket.socket]]:
    """Open connections, which are closed after the test."""
    opened: list[socket.socket] = []

    def open_one() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


Connect = Callable[[], socket.socket]


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def problem_of(answer: bytes) -> dict[str, Any]:
    """The body of an error: it is written like those of the app."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert b"x-content-type-options: nosniff" in head.lower()
    problem: dict[str, Any] = json.loads(body)
    assert problem["status"] == status_of(answer)
    return problem


def flood(connection: socket.socket, begin: bytes, part: bytes, megabytes: int) -> threading.Thread:
    """Send without reading, until the server closes."""

    def send() -> None:
        try:
            connection.sendall(begin)
            for _ in range(megabytes):
                connection.sendall(part * (1_000_000 // len(part)))
        except OSError:
            pass

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def ask(port: int) -> float:
    """Request the app on a connection of its own; the seconds."""
    begun = time.perf_counter()
    assert status(port) == 200
    return time.perf_counter() - begun


def status(port: int) -> int:
    """The status of a request on a connection of its own."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client:
        client.request("GET", "/live")
        return client.getresponse().status


def wait_until_served(port: int) -> None:
    """Wait until connections that are over no longer count."""
    begun = time.perf_counter()
    while status(port) != 200:
        assert time.perf_counter() - begun < PATIENCE
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("begin", "part", "refusal"),
    [
        (HEAD + b"X: ", b"x", (431, "headers_too_large")),
        (HEAD, b"a: b\r\n", (431, "headers_too_large")),
        (HEAD, b"x", (431, "headers_too_large")),
        (b"GET /", b"x", (414, "url_too_long")),
    ],
    ids=["a value", "many headers", "a name", "a URL"],
)
def test_a_hundred_megabytes_are_refused_at_once_and_delay_nobody(
    port: int, connect: Connect, begin: bytes, part: bytes, refusal: tuple[int, str]
) -> None:
    connection = connect()
    begun = time.perf_counter()
    sender = flood(connection, begin, part, megabytes=100)
    seconds = [ask(port) for _ in range(10)]
    first = connection.recv(65_536)
    assert time.perf_counter() - begun < 5 + sum(seconds)  # without limits, most of a minute
    problem = problem_of(first + read_all(connection))
    assert (problem["status"], problem["code"]) == refusal
    assert sorted(seconds)[5] < 2
    sender.join(PATIENCE)
    assert not sender.is_alive()


@pytest.mark.parametrize("size", [60_000, 70_000, 200_000])
def test_headers_that_arrive_at_once_are_measured_too(connect: Connect, size: int) -> None:
    connection = connect()
    connection.sendall(HEAD + b"X: " + b"x" * size + b"\r\nConnection: close\r\n\r\n")
    assert status_of(read_all(connection)) == (200 if size < LIMITS.header_bytes else 431)


def test_a_connection_without_a_request_is_closed(connect: Connect) -> None:
    begun = time.perf_counter()
    assert read_all(connect()) == b""
    assert time.perf_counter() - begun > 0.9 * LIMITS.header_seconds


@pytest.mark.parametrize("sent", [b"GET", HEAD, HEAD + b"X: 1"])
def test_a_request_without_the_end_of_its_headers_is_closed(connect: Connect, sent: bytes) -> None:
    begun = time.perf_counter()
    connection = connect()
    connection.sendall(sent)
    assert problem_of(read_all(connection))["code"] == "request_timed_out"
    assert time.perf_counter() - begun > 0.9 * LIMITS.header_seconds


def test_bytes_that_drip_do_not_extend_the_time(connect: Connect) -> None:
    connection = connect()
    begun = time.perf_counter()
    try:
        while time.perf_counter() - begun < PATIENCE:
            connection.sendall(b"\r\n")
            time.sleep(0.1)
    except OSError:
        pass
    assert time.perf_counter() - begun < PATIENCE / 2


def test_a_connection_that_is_used_again_has_a_new_deadline(connect: Connect) -> None:
    connection = connect()
    for _ in range(8):
        connection.sendall(HEAD + b"\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\n0"):
            answer += connection.recv(1000)
        assert status_of(answer) == 200
        time.sleep(0.2)
    connection.sendall(HEAD)
    assert problem_of(read_all(connection))["code"] == "request_timed_out"


def test_a_body_that_does_not_arrive_is_closed(connect: Connect) -> None:
    connection = connect()
    begun = time.perf_counter()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: risk\r\nContent-Length: 10\r\n\r\n12345")
    assert read_all(connection) == b""
    assert time.perf_counter() - begun > 0.9 * LIMITS.body_seconds


def test_trailers_are_headers_too(port: int, connect: Connect) -> None:
    connection = connect()
    begin = b"POST / HTTP/1.1\r\nHost: risk\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: "
    flood(connection, begin, b"x", megabytes=100)
    assert read_all(connection) == b""
    assert status(port) == 200


def test_a_body_in_small_chunks_is_read(connect: Connect) -> None:
    connection = connect()
    chunks = b"1\r\nx\r\n" * 20_000
    head = b"POST / HTTP/1.1\r\nHost: risk\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head + chunks + b"0\r\n\r\n")
    assert read_all(connection).endswith(b"\r\n\r\n20000")


def test_requests_sent_at_once_are_answered_in_turn(connect: Connect) -> None:
    connection = connect()
    post = b"POST / HTTP/1.1\r\nHost: risk\r\nContent-Length: 3\r\n\r\nabc"
    connection.sendall(post + HEAD + b"\r\n" + HEAD + b"Connection: close\r\n\r\n")
    answers = read_all(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == 3


ASK_LARGE = b"GET /large HTTP/1.1\r\nHost: risk\r\nConnection: close\r\n\r\n"


def test_clients_that_do_not_take_their_answers_are_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    patient = replace(LIMITS, header_seconds=PATIENCE)  # a request that is late is another test's
    with serving(http=partial(BoundedProtocol, patient)) as port, ExitStack() as stack:
        held = [stack.enter_context(closing(small_reader(port))) for _ in range(LIMITS.connections)]
        for connection in held:
            connection.sendall(ASK_LARGE)
        wait_for_cut_off(caplog, len(held))
        wait_until_served(port)
        taken = [len(read_all(connection)) for connection in held]
    assert 0 < min(taken) <= max(taken) < LARGE


def small_reader(port: int) -> socket.socket:
    """A connection whose system takes little of an answer before it is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", port))
    return connection


def wait_for_cut_off(caplog: pytest.LogCaptureFixture, count: int) -> None:
    """Wait until the server has dropped as many clients."""
    limit = time.monotonic() + PATIENCE
    while caplog.text.count("was not taken in time") < count:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_requests_behind_an_answer_that_is_cut_off_write_no_traceback(
    port: int, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    connection = connect()
    connection.sendall(ASK_LARGE.replace(b"Connection: close\r\n", b"") + HEAD + b"\r\n" + HEAD + b"\r\n")
    wait_for_cut_off(caplog, 1)
    assert ask(port) < 1
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(connect: Connect) -> None:
    connection = connect()
    connection.sendall(ASK_LARGE)
    begun = time.perf_counter()
    size = 0
    while part := connection.recv(80_000):
        size += len(part)
        time.sleep(0.02)
    assert size > LARGE
    assert time.perf_counter() - begun > 1.5 * LIMITS.send_seconds


def test_what_is_not_http_is_refused(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
    assert problem_of(read_all(connection))["code"] == "request_refused"


def test_connections_beyond_the_limit_are_told_so(port: int, connect: Connect) -> None:
    held = [connect() for _ in range(LIMITS.connections)]
    beyond = connect()
    beyond.sendall(HEAD + b"\r\n")
    answer = read_all(beyond)
    assert problem_of(answer)["code"] == "too_many_connections"
    assert b"retry-after: 5" in answer.lower()
    for connection in held:
        connection.close()
    wait_until_served(port)


def test_one_address_cannot_take_the_connections_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    # addresses of this machine, which are one client's, stand for those of several
    monkeypatch.setattr("api.http.connections.network_of", str)
    limits = replace(LIMITS, header_seconds=PATIENCE, connections=200, per_address=20)
    with serving(http=partial(BoundedProtocol, limits)) as port, ExitStack() as held:
        for _ in range(400):
            held.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)))
        with pytest.raises((ConnectionError, HTTPException)):  # closed: it has more than it may be told of
            status(port)
        other = held.enter_context(
            closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=("127.0.0.2", 0)))
        )
        other.request("GET", "/live")
        assert other.getresponse().status == 200


def test_the_addresses_of_this_machine_are_one_clients() -> None:
    limits = replace(LIMITS, connections=9, per_address=2)
    with serving(http=partial(BoundedProtocol, limits)) as port, ExitStack() as held:
        for number in (2, 3):
            source = (f"127.0.0.{number}", 0)
            held.enter_context(
                closing(
                    socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=source)
                )
            )
        assert status(port) == 503


def test_an_address_beyond_its_share_is_told_so_unless_it_is_a_proxy() -> None:
    limits = replace(LIMITS, connections=9, per_address=2)
    for proxies, expected in (((), 503), (("127.0.0.0/8",), 200)):
        with (
            serving(http=partial(BoundedProtocol, replace(limits, proxies=proxies))) as port,
            ExitStack() as held,
        ):
            for _ in range(2):
                held.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)))
            assert status(port) == expected


# --- settings -----------------------------------------------------------------------------------------------


def test_the_command_serves_with_the_limits_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_HEADER_BYTES", "10000")
    configured_limits.cache_clear()
    try:
        with (
            serving(**server_options(get_settings())) as port,
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
        ):
            connection.sendall(HEAD + b"X: " + b"x" * 10_000 + b"\r\n\r\n")
            assert problem_of(read_all(connection))["code"] == "headers_too_large"
    finally:
        configured_limits.cache_clear()


def test_no_connection_becomes_a_websocket() -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    with (
        serving(**server_options(Settings())) as port,
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
    ):
        connection.sendall(HEAD + upgrade + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        assert status_of(connection.recv(1000)) == 200


@pytest.mark.parametrize("is_limited", [True, False])
def test_an_application_without_these_limits_says_so_once(
    caplog: pytest.LogCaptureFixture, is_limited: bool
) -> None:
    options = server_options(Settings()) if is_limited else {}
    with serving(ProtocolWarning(app), **options) as port:
        ask(port)
        ask(port)
    warnings = [record.getMessage() for record in caplog.records if record.name == "api.http.middleware"]
    assert len(warnings) == (0 if is_limited else 1)
    command = "--http api.http.connections:make_protocol --ws none"
    assert all(command in warning for warning in warnings)
    assert command in (project_root() / "docs" / "api.md").read_text()


def test_what_the_documents_say_to_pass_to_uvicorn_is_what_the_command_passes() -> None:
    options = server_options(Settings())
    assert (options["http"], options["ws"]) == ("api.http.connections:make_protocol", "none")


def test_the_limits_protect_by_default() -> None:
    expected = ConnectionLimits(
        header_bytes=65_536,
        header_seconds=10,
        body_seconds=30,
        send_seconds=30,
        connections=500,
        per_address=250,
    )
    assert limits_of(Settings()) == expected
