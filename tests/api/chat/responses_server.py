"""A loopback server of the Responses and Embeddings protocol, driven by a script, for the real client.

Script().calls("sql", {"statement": "select 1"}).says("The answer is 1.")    two exchanges, one per request

Every `calls`, `says` or `refuses` is one model response. What it says may be a function of the request, so
that a scripted model can quote a tool result. Faults are parameters: see `ModelReply` and responses_events.
"""

import base64
import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from math import sqrt
from typing import Any

from tests.api.chat.responses_events import Call, Item, Mutation, Refusal, Text, response_events

RESPONSES = "/v1/responses"
EMBEDDINGS = "/v1/embeddings"


@dataclass(frozen=True)
class ModelRequest:
    """A request that the server received; the names of headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    raw: str

    @property
    def input(self) -> list[dict[str, Any]]:
        """The input items of a call of the model."""
        items: list[dict[str, Any]] = self.body["input"]
        return items

    @property
    def tool_outputs(self) -> list[str]:
        """What the tools returned, in order."""
        return [item["output"] for item in self.input if item.get("type") == "function_call_output"]

    @property
    def last_output(self) -> Any:
        """The last tool result, parsed."""
        return json.loads(self.tool_outputs[-1])

    @property
    def last_text(self) -> str:
        """The text of the last message of the input."""
        messages = [item for item in self.input if item.get("type", "message") == "message"]
        content = messages[-1]["content"]
        return content if isinstance(content, str) else "".join(part["text"] for part in content)


@dataclass(frozen=True)
class ModelReply:
    """What the server sends: events, or a body with a status.

    cut_after: the connection is closed after so many events; cut_inside: in the middle of the next one.
    drip: one byte at a time. delays: seconds before the event of an index. delay: seconds before the headers.
    """

    events: Sequence[dict[str, Any]] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    delay: float = 0.0
    delays: Mapping[int, float] = field(default_factory=dict)
    cut_after: int | None = None
    cut_inside: bool = False
    drip: bool = False


Answer = Callable[[ModelRequest], ModelReply]
Said = str | Callable[[ModelRequest], str]
Arguments = str | Mapping[str, Any] | Callable[[ModelRequest], Mapping[str, Any] | str]


def error_reply(status: int, *, code: str = "error", retry_after: str | None = None) -> ModelReply:
    """A response of an error, with a text of the vendor that must not reach any user."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    error = {"message": f"VENDOR-SECRET {status} of org-0815", "type": code, "code": code, "param": None}
    return ModelReply(status=status, headers=headers, body=json.dumps({"error": error}))


class Script:
    """The responses of a model, one per request, in order; callable, so that a server can ask it.

    A request beyond the last exchange gets status 400, and `finish` raises. `forever` repeats the last one.
    """

    def __init__(self) -> None:
        self._exchanges: list[Answer] = []
        self._asked = count()
        self._lock = threading.Lock()
        self._repeats = False
        self.asked = 0
        self.errors: list[str] = []

    def __call__(self, request: ModelRequest) -> ModelReply:
        with self._lock:
            place = self.asked
            self.asked += 1
        if place >= len(self._exchanges) and not self._repeats:
            self.errors.append(f"request {place + 1} is beyond the script")
            return error_reply(400)
        try:
            return self._exchanges[min(place, len(self._exchanges) - 1)](request)
        except Exception as error:  # noqa: BLE001 - of an assertion or a reply in the script: finish raises it
            self.errors.append(f"exchange {place + 1}: {type(error).__name__}: {error}")
            return error_reply(400)

    def says(self, said: Said, **options: Any) -> "Script":
        """The model writes a text. Options: see `answers`."""
        return self.answers(lambda request: [Text(_said(said, request))], **options)

    def calls(self, name: str, arguments: Arguments, **options: Any) -> "Script":
        """The model calls one tool. Options: see `answers`."""
        return self.answers(lambda request: [Call(name, _arguments(arguments, request))], **options)

    def calls_at_once(self, *calls: tuple[str, Arguments], **options: Any) -> "Script":
        """The model calls several tools in one response."""
        return self.answers(
            lambda request: [Call(name, _arguments(arguments, request)) for name, arguments in calls],
            **options,
        )

    def refuses(self, said: str, **options: Any) -> "Script":
        """The model refuses."""
        return self.answers(lambda _: [Refusal(said)], **options)

    def answers(
        self,
        items: Callable[[ModelRequest], Sequence[Item]],
        *,
        expect: Callable[[ModelRequest], None] | None = None,
        mutation: Mutation = lambda events: events,
        status: str = "completed",
        reason: str | None = None,
        input_tokens: int = 100,
        output_tokens: int = 20,
        **faults: Any,
    ) -> "Script":
        """Add a response with these items.

        expect: asserts on the request. mutation: changes the events. status, reason: how it ends. faults:
        fields of ModelReply.
        """

        def reply(request: ModelRequest) -> ModelReply:
            if expect is not None:
                expect(request)
            events = response_events(
                items(request),
                model=request.body["model"],
                status=status,
                reason=reason,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
            )
            return ModelReply(events=mutation(events), **faults)

        return self.replies(reply)

    def fails(self, status: int, *, retry_after: str | None = None, code: str = "error") -> "Script":
        """The server answers with an error."""
        return self.replies(lambda _: error_reply(status, code=code, retry_after=retry_after))

    def replies(self, answer: Answer) -> "Script":
        """Add an exchange."""
        self._exchanges.append(answer)
        return self

    def forever(self) -> "Script":
        """Repeat the last exchange without end."""
        self._repeats = True
        return self

    def finish(self) -> None:
        """Raise AssertionError unless every exchange took place, and no more."""
        assert not self.errors, self.errors
        assert self._repeats or self.asked == len(self._exchanges), f"{self.asked} of {len(self._exchanges)}"


def _said(said: Said, request: ModelRequest) -> str:
    return said(request) if callable(said) else said


def _arguments(arguments: Arguments, request: ModelRequest) -> str:
    made = arguments(request) if callable(arguments) else arguments
    return made if isinstance(made, str) else json.dumps(made)


class ModelServer:
    """The state of the server: who answers, and what it was asked.

    disconnected: how many clients were gone before the end of a response.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[ModelRequest] = []
        self.embedded: list[str] = []
        self.disconnected = 0
        self.port = 0
        self.stopped = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The base URL for OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def model_requests(self) -> list[ModelRequest]:
        """Only the calls of the model."""
        return [request for request in self.requests if request.path == RESPONSES]

    def script(self, script: Script) -> Script:
        """Answer by this script from now on, and forget the requests so far."""
        self.answer = script
        self.requests.clear()
        return script

    def reply(self, request: ModelRequest) -> ModelReply:
        """Record the request and return its reply."""
        with self._lock:
            self.requests.append(request)
        if request.path == EMBEDDINGS:
            return self._embeddings(request)
        if request.path != RESPONSES:
            return error_reply(404)
        reply = self.answer(request)
        if reply.body is None and not request.body.get("stream"):
            return replace(reply, body=json.dumps(reply.events[-1]["response"]))
        return reply

    def _embeddings(self, request: ModelRequest) -> ModelReply:
        texts = request.body["input"]
        texts = [texts] if isinstance(texts, str) else texts
        self.embedded.extend(texts)
        data = []
        for index, text in enumerate(texts):
            vector: Any = embed(text, request.body.get("dimensions", 256))
            if request.body.get("encoding_format") == "base64":
                vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            data.append({"object": "embedding", "index": index, "embedding": vector})
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        body = {"object": "list", "model": request.body["model"], "data": data, "usage": usage}
        return ModelReply(body=json.dumps(body))


def embed(text: str, dimensions: int) -> list[float]:
    """A deterministic vector of length 1: texts with common words are close."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()):
        for piece in {word, *(word[place : place + 4] for place in range(len(word) - 3))}:
            digest = sha256(piece.encode()).digest()
            place = int.from_bytes(digest[:4], "big") % dimensions
            vector[place] += 1.0 if digest[4] % 2 else -1.0
    length = sqrt(sum(number * number for number in vector)) or 1.0
    return [number / length for number in vector]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: ModelServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = ModelRequest(self.path, headers, json.loads(raw), raw)
        reply = self.state.reply(request)
        try:
            self._wait(reply.delay)
            if reply.body is None:
                self._stream(reply)
            else:
                self._send_body(reply, reply.body.encode())
        except OSError:
            self.state.disconnected += 1
            self.close_connection = True

    def _send_body(self, reply: ModelReply, body: bytes) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: ModelReply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": "text/event-stream", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for index, event in enumerate(reply.events):
            self._wait(reply.delays.get(index, 0.0))
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            if reply.cut_after == index or self.state.stopped.is_set():
                if reply.cut_inside:
                    self._chunk(text[: len(text) // 2])
                self.close_connection = True
                return
            for piece in (text[at : at + 1] for at in range(len(text))) if reply.drip else (text,):
                self._chunk(piece)
        self.wfile.write(b"0\r\n\r\n")

    def _wait(self, seconds: float) -> None:
        """Wait in silence. Raises ConnectionResetError when the client is gone."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.state.stopped.is_set():
            readable, _, _ = select.select([self.connection], [], [], min(0.05, left))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Do not log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, *_: Any) -> None:
        """Ignore disconnected clients, which some tests cause."""


@contextmanager
def serving_model(answer: Answer | None = None, *, port: int = 0) -> Iterator[ModelServer]:
    """Serve on the loopback interface, on a free port unless one is given; the end cuts open streams."""
    state = ModelServer(answer or Script())
    server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"state": state}))
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
