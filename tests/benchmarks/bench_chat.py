"""The chat under load: fifty answers at once on one worker, with a scripted model in a process of its own.

    python -m tests.benchmarks.bench_chat                        the demonstration
    python -m tests.benchmarks.bench_chat --portfolios 1000      so many portfolios, 60 sessions
    python -m tests.benchmarks.bench_chat --home FOLDER          keep the warehouse for the next time

Time to first token is measured at the client, from the request to the first `token` event. The model answers
at once, so it is the time of this side: authentication, limits, the record, the prompt, the loop. Once all
streams begin in the same instant; once a question is asked next to as many streams that are open all the
time, each of which calls the tool `sql` once and then writes 30 tokens a second. The API's paths are measured
by bench_api's client, without streams and next to them. The streams are read in a process of their own; it,
the model, the client, the database and the API share the machine's cores.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from ingestion.demo.demo import DEMO_PASSWORD
from tests.api.chat.responses_events import Call, Text, response_events
from tests.api.chat.responses_server import ModelReply, ModelRequest, serving_model
from tests.benchmarks.bench_api import (
    CONNECTIONS,
    ENDPOINTS,
    OWNER,
    PASSWORD,
    Client,
    Endpoint,
    Load,
    _requests,
    build,
    is_built,
    log_in,
    measure,
    owned,
    serving,
)
from tests.benchmarks.cases import Case
from tests.benchmarks.measure import SIGMASIGHT, temporary_home
from tests.benchmarks.report import made_by
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

STREAMS = 50
DEMO_USER = "demo_individual@sigmasight.com"
PIECES, PIECE_SECONDS = 120, 1 / 30
"""Tokens of each answer of the steady load, and the pause before each: four seconds."""

AT_ONCE = "At once"
TOKEN = b"event: token"
STATEMENT = """
select s.portfolio_id, s.net_market_value, r.volatility_annualized
from fct_portfolio_snapshots as s
left join fct_portfolio_risk as r using (portfolio_id, as_of_date)
where s.as_of_date = (select max(as_of_date) from fct_portfolio_snapshots)
order by s.net_market_value desc
limit 20
"""


def answer(request: ModelRequest) -> ModelReply:
    """At once to a question that asks for it; else one call of `sql`, then a text over some seconds."""
    model = request.body["model"]
    questions = [item["content"] for item in request.input if item.get("role") == "user"]
    if questions[-1] == AT_ONCE:
        return ModelReply(events=response_events([Text("Here it is.")], model=model))
    if not request.tool_outputs:
        arguments = json.dumps({"statement": STATEMENT, "purpose": "The largest portfolios"})
        return ModelReply(events=response_events([Call("sql", arguments)], model=model))
    events = response_events([Text(" word" * PIECES)], model=model)
    deltas = [place for place, event in enumerate(events) if str(event["type"]).endswith(".delta")]
    return ModelReply(events=events, delays=dict.fromkeys(deltas, PIECE_SECONDS))


def _serve_model(pipe: Connection) -> None:
    with serving_model(answer) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def model_process() -> Iterator[str]:
    """Run the scripted model in a process of its own; its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve_model, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


@dataclass
class Streams:
    """What was measured of the streams. Milliseconds."""

    first_token: list[float] = field(default_factory=list)
    tools: list[float] = field(default_factory=list)
    endings: dict[str, int] = field(default_factory=dict)
    tokens: int = 0

    def quantiles(self, values: Sequence[float]) -> tuple[float, float]:
        """Median and 95th percentile."""
        p50, p95 = np.percentile(np.array(values), [50, 95])
        return float(p50), float(p95)


class Asker:
    """One user agent with one conversation."""

    def __init__(self, client: httpx.AsyncClient, measured: Streams) -> None:
        self._client = client
        self._measured = measured
        self._conversation = ""

    async def begin(self) -> None:
        """Begin the conversation."""
        response = await self._client.post("/chat/conversations", json={"mode": "blue"})
        self._conversation = response.raise_for_status().json()["id"]

    async def ask(self, text: str) -> None:
        """Ask, and read the whole stream."""
        begun, is_first = time.perf_counter(), True
        body = {"conversation_id": self._conversation, "text": text}
        chunks: list[bytes] = []
        async with self._client.stream("POST", "/chat/send", json=body) as response:
            async for chunk in response.aiter_raw():  # an event or more: parsed at the end
                if is_first and TOKEN in chunk:
                    is_first = False
                    self._measured.first_token.append(1000 * (time.perf_counter() - begun))
                chunks.append(chunk)
        self._count(b"".join(chunks).decode(), str(response.status_code))

    def _count(self, text: str, status: str) -> None:
        name = status
        for line in text.splitlines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
                self._measured.tokens += name == "token"
            elif name == "tool_result" and line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))["data"]
                self._measured.tools.append(data["duration_ms"])
        self._measured.endings[name] = self._measured.endings.get(name, 0) + 1


@dataclass(frozen=True)
class Measured:
    """A path of the API without streams and next to them."""

    endpoint: Endpoint
    alone: Load
    beside: Load


@dataclass(frozen=True)
class Found:
    """All that was measured. quiet, spread: one answer after the other, alone and next to open streams.

    open, pressed: the open streams themselves, next to that, and next to the load on the API's paths.
    """

    burst: Streams
    quiet: Streams
    spread: Streams
    open: Streams
    pressed: Streams
    paths: list[Measured]


async def measure_burst(port: int, token: str, rounds: int) -> Streams:
    """All streams begin in the same instant, some rounds."""
    measured = Streams()
    async with _client(port, token) as client:
        askers = [Asker(client, measured) for _ in range(STREAMS)]
        for asker in askers:
            await asker.begin()
        await asyncio.gather(*(asker.ask(AT_ONCE) for asker in askers))  # warm-up
        measured.first_token.clear()
        for _ in range(rounds):
            await asyncio.gather(*(asker.ask(AT_ONCE) for asker in askers))
    return measured


async def measure_spread(port: int, token: str, number: int) -> Streams:
    """One answer after the other next to open streams: what a user waits for on a busy worker."""
    measured = Streams()
    async with _client(port, token) as client:
        asker = Asker(client, measured)
        await asker.begin()
        for _ in range(number):
            await asker.ask(AT_ONCE)
            await asyncio.sleep(0.05)
    return measured


async def keep_open(port: int, token: str, until: threading.Event) -> Streams:
    """Keep as many streams open until the event, begun at different times."""
    measured = Streams()
    async with _client(port, token) as client:

        async def work(place: int) -> None:
            asker = Asker(client, measured)
            await asker.begin()
            await asyncio.sleep(place * PIECES * PIECE_SECONDS / STREAMS)
            while not until.is_set():
                await asker.ask("Slowly")

        await asyncio.gather(*(work(place) for place in range(STREAMS)))
    return measured


def _keep_open(port: int, token: str, pipe: Connection) -> None:
    until = threading.Event()

    def wait() -> None:
        pipe.recv()
        until.set()

    threading.Thread(target=wait, daemon=True).start()
    pipe.send(asyncio.run(keep_open(port, token, until)))


@contextmanager
def open_streams(port: int, token: str) -> Iterator[Callable[[], Streams]]:
    """Keep the streams open in a process of its own; what ends them and returns what they measured."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_keep_open, args=(port, token, theirs), daemon=True)
    process.start()

    def end() -> Streams:
        ours.send(None)
        found: Streams = ours.recv()
        return found

    try:
        yield end
    finally:
        process.join(30)


def _client(port: int, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}/api/v1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
        limits=httpx.Limits(max_connections=STREAMS + 10),
    )


async def measure_paths(
    port: int, token: str, portfolios: Sequence[str], seconds: float, connections: int
) -> list[Load]:
    """The load of each path of bench_api."""
    found = []
    headers = {"Authorization": f"Bearer {token}"}
    for endpoint in ENDPOINTS:
        paths = [endpoint.path.format(portfolio_id) for portfolio_id in portfolios]
        clients = [await Client.connect(port) for _ in range(connections)]
        found.append(await measure([_requests(client, paths, headers) for client in clients], seconds))
        for client in clients:
            client.close()
    return found


async def measure_all(
    port: int, token: str, portfolios: Sequence[str], seconds: float, connections: int
) -> Found:
    """Measure all."""
    burst = await measure_burst(port, token, rounds=5)
    alone = await measure_paths(port, token, portfolios, seconds, connections)
    quiet = await measure_spread(port, token, number=50)
    with open_streams(port, token) as end:
        await asyncio.sleep(PIECES * PIECE_SECONDS + 3)
        spread = await measure_spread(port, token, number=50)
        streams = await asyncio.to_thread(end)
    with open_streams(port, token) as end:
        await asyncio.sleep(PIECES * PIECE_SECONDS + 3)
        beside = await measure_paths(port, token, portfolios, seconds, connections)
        pressed = await asyncio.to_thread(end)
    paths = [Measured(*each) for each in zip(ENDPOINTS, alone, beside, strict=True)]
    return Found(burst, quiet, spread, streams, pressed, paths)


def markdown(command: str, data: str, found: Found, connections: int) -> str:
    """The tables, and which targets were missed."""
    rows = {
        "first token, no other stream": found.quiet.quantiles(found.quiet.first_token),
        f"first token, next to {STREAMS} open streams": found.spread.quantiles(found.spread.first_token),
        f"first token, {STREAMS} begin in the same instant": found.burst.quantiles(found.burst.first_token),
        f"first token of the {STREAMS} streams, a tool before it": found.open.quantiles(
            found.open.first_token
        ),
        f"tool `sql`, {STREAMS} open streams": found.open.quantiles(found.open.tools),
        "the same, next to the load on the API's paths": found.pressed.quantiles(found.pressed.tools),
    }
    endings = (
        f"Endings: {json.dumps(found.open.endings)} with {found.open.tokens:,} tokens of the open streams, "
        f"{json.dumps(found.burst.endings)} of the burst."
    )
    lines = [
        made_by(command) + f" {data}, one worker, {connections} connections for the API's paths.",
        "",
        "| | p50 ms | p95 ms |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {p50:.0f} | {p95:.0f} |" for name, (p50, p95) in rows.items()),
        "",
        endings,
        "",
        f"| endpoint | p99 ms alone | p99 ms next to {STREAMS} streams | ratio | requests/s | next to them |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {one.endpoint.name} | {one.alone.p99:.1f} | {one.beside.p99:.1f} | "
            f"{one.beside.p99 / one.alone.p99:.2f} | {one.alone.per_second:.0f} | "
            f"{one.beside.per_second:.0f} |"
            for one in found.paths
        ),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_chat", description=__doc__)
    parser.add_argument("--portfolios", type=int, help="build so many; default: the demonstration")
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each path")
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="for the API's paths")
    parser.add_argument("--home", type=Path, help="keep the warehouse there, and reuse it if it exists")
    asked = parser.parse_args(arguments)
    with nullcontext(asked.home) if asked.home else temporary_home() as home, model_process() as url:
        warehouse = open_warehouse(Settings(sigmasight_home=home, **chat_settings(url)))
        data, owner, password = prepare(warehouse, asked.portfolios, asked.sessions)
        with serving(warehouse) as port:
            token = log_in(port, owner, password)
            portfolios = owned(warehouse, owner)[1]
            found = asyncio.run(measure_all(port, token, portfolios, asked.seconds, asked.connections))
    given = ["FOLDER" if text == str(asked.home) else text for text in arguments or sys.argv[1:]]
    command = " ".join(["python -m tests.benchmarks.bench_chat", *given])
    print(markdown(command, data, found, asked.connections))  # noqa: T201 - a command
    return 0


def prepare(warehouse: Warehouse, portfolios: int | None, sessions: int) -> tuple[str, str, str]:
    """Build the warehouse unless it is built; what is in it, and a user with their password."""
    is_new = not is_built(warehouse)
    if portfolios is None:
        if is_new:
            run_demo(warehouse)
        return "The demonstration", DEMO_USER, DEMO_PASSWORD
    if is_new:
        build(warehouse, Case(portfolios, sessions))
    return f"{portfolios:,} portfolios of 50 positions, {sessions} sessions", OWNER, PASSWORD


def run_demo(warehouse: Warehouse) -> None:
    """Build the demonstration from the command line."""
    environment = {**os.environ, **warehouse.settings.as_environment()}
    subprocess.run([SIGMASIGHT, "demo"], env=environment, check=True, stdout=sys.stderr)


def chat_settings(url: str) -> dict[str, Any]:
    """Settings with the chat on, whose limits per user are out of the way: all streams are of one user."""
    return {
        "openai_api_key": "key",
        "openai_base_url": url,
        "chat_model": "scripted",
        "embedding_model": "none",
        "chat_streams": STREAMS + 10,
        "chat_streams_per_user": STREAMS + 10,
        "chat_requests_per_minute": 10_000,
        "chat_tokens_per_day": 10**9,
        "api_requests_at_once": 2 * STREAMS,
    }


if __name__ == "__main__":
    sys.exit(main())
