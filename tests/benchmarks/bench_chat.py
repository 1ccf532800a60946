"""The chat under load: fifty answers at once on one worker, with a scripted model in a process of its own.

    python -m tests.benchmarks.bench_chat                        100 portfolios, 60 sessions
    python -m tests.benchmarks.bench_chat --home FOLDER          keep the warehouse for the next time

Time to first token is measured at the client, from the request to the first `token` event. The model answers
at once, so it is the time of this side: authentication, limits, the record, the prompt, the loop. Once all
streams begin in the same instant; once a question is asked next to as many streams that are open all the
time, each of which calls the tool `sql` once and writes its text over some seconds. The API's paths are
measured by bench_api's client, without streams and next to them.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from tests.api.chat.responses_events import Call, Text, response_events
from tests.api.chat.responses_server import ModelReply, ModelRequest, serving_model
from tests.benchmarks.bench_api import (
    CONNECTIONS,
    ENDPOINTS,
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
from tests.benchmarks.measure import temporary_home
from tests.benchmarks.report import made_by
from warehouse.connections import open_warehouse
from warehouse.settings import Settings

STREAMS = 50
PIECES, PIECE_SECONDS = 40, 0.1
"""Each answer of the steady load is written in so many pieces: four seconds."""

AT_ONCE = "At once"
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
        name = ""
        async with self._client.stream("POST", "/chat/send", json=body) as response:
            if response.is_error:
                name = str(response.status_code)
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                    if name == "token" and is_first:
                        is_first = False
                        self._measured.first_token.append(1000 * (time.perf_counter() - begun))
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


async def keep_open(port: int, token: str, until: asyncio.Event, measured: Streams) -> None:
    """Keep as many streams open until the event, begun at different times."""
    async with _client(port, token) as client:

        async def work(place: int) -> None:
            asker = Asker(client, measured)
            await asker.begin()
            await asyncio.sleep(place * PIECES * PIECE_SECONDS / STREAMS)
            while not until.is_set():
                await asker.ask("Slowly")

        await asyncio.gather(*(work(place) for place in range(STREAMS)))


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
) -> tuple[Streams, Streams, Streams, list[Measured]]:
    """Burst, one after the other on a busy worker, the streams behind them, and the paths."""
    burst = await measure_burst(port, token, rounds=5)
    alone = await measure_paths(port, token, portfolios, seconds, connections)
    until, open_streams = asyncio.Event(), Streams()
    keeping = asyncio.create_task(keep_open(port, token, until, open_streams))
    await asyncio.sleep(PIECES * PIECE_SECONDS + 1)
    spread = await measure_spread(port, token, number=100)
    beside = await measure_paths(port, token, portfolios, seconds, connections)
    until.set()
    await keeping
    paths = [Measured(*each) for each in zip(ENDPOINTS, alone, beside, strict=True)]
    return burst, spread, open_streams, paths


def markdown(
    command: str, case: Case, found: tuple[Streams, Streams, Streams, list[Measured]], connections: int
) -> str:
    """The tables, and which targets were missed."""
    burst, spread, open_streams, paths = found
    rows = {
        f"first token, {STREAMS} begin at once": burst.quantiles(burst.first_token),
        f"first token, next to {STREAMS} open streams": spread.quantiles(spread.first_token),
        f"tool `sql`, {STREAMS} open streams": open_streams.quantiles(open_streams.tools),
    }
    lines = [
        made_by(command) + f" {case.portfolios:,} portfolios of 50 positions, {case.sessions} sessions, "
        f"one worker, {connections} connections for the API's paths.",
        "",
        "| | p50 ms | p95 ms |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {p50:.0f} | {p95:.0f} |" for name, (p50, p95) in rows.items()),
        "",
        f"Endings: open streams {json.dumps(open_streams.endings)}, burst {json.dumps(burst.endings)}.",
        "",
        f"| endpoint | p99 ms alone | p99 ms next to {STREAMS} streams | ratio | requests/s | next to them |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {one.endpoint.name} | {one.alone.p99:.1f} | {one.beside.p99:.1f} | "
            f"{one.beside.p99 / one.alone.p99:.2f} | {one.alone.per_second:.0f} | "
            f"{one.beside.per_second:.0f} |"
            for one in paths
        ),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_chat", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each path")
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="for the API's paths")
    parser.add_argument("--home", type=Path, help="keep the warehouse there, and reuse it if it exists")
    asked = parser.parse_args(arguments)
    case = Case(asked.portfolios, asked.sessions)
    with nullcontext(asked.home) if asked.home else temporary_home() as home, model_process() as url:
        warehouse = open_warehouse(Settings(sigmasight_home=home, **chat_settings(url)))
        if not is_built(warehouse):
            build(warehouse, case)
        with serving(warehouse) as port:
            token = log_in(port)
            portfolios = owned(warehouse)[1]
            found = asyncio.run(measure_all(port, token, portfolios, asked.seconds, asked.connections))
    given = ["FOLDER" if text == str(asked.home) else text for text in arguments or sys.argv[1:]]
    command = " ".join(["python -m tests.benchmarks.bench_chat", *given])
    print(markdown(command, case, found, asked.connections))  # noqa: T201 - a command
    return 0


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
    }


if __name__ == "__main__":
    sys.exit(main())
