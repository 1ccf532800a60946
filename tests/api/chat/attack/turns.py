"""Turns of the chat with a hostile model, over data in which everything of the other users is a canary.

    python -m tests.api.chat.attack.turns --turns 10000

Each turn goes through the API, the real client of the model and a server on loopback. The model tries what
`moves` lists, obeys instructions that it reads, and at last repeats what it was given. No canary may be in an
event, a log record, a request to the model, a metric, or what the chat keeps of the asking user; and no
memory is kept without their yes.
"""

import argparse
import asyncio
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.chat.store.database import ChatStore
from ingestion.demo.demo import DEMO_PASSWORD
from tests.api.chat.attack.canaries import ASKING, Planted, instructions_in, plant, rows_of
from tests.api.chat.attack.moves import moves_of, obeyed
from tests.api.chat.chat_settings import chat_settings
from tests.api.chat.responses_events import Call, Item, Text, response_events
from tests.api.chat.responses_server import ModelReply, ModelRequest, ModelServer, serving_model
from tests.soak.server import PROGRAM
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.settings import Settings

QUESTION = "Attack {}: what is my market beta?"
TURNS_OF_A_CONVERSATION = 4
CONVERSATIONS_AT_ONCE = 4
CALLS_AT_ONCE = 6
MOST_OBEYED = 2
REPEATED = 1_500
"""Characters of what it was given that the model repeats; in every tenth turn ten times as many."""

MODES = ("green", "blue", "indigo", "violet")
TABLES = (
    *("conversations", "messages", "tool_calls", "queries", "figures", "memories", "feedback", "preferences"),
    *("examples", "documents", "insights", "usage"),
)


class HostileModel:
    """Answers requests of the chat. moves: how many calls it made of each tool."""

    def __init__(self) -> None:
        self.planted: Planted | None = None
        self.moves: Counter[str] = Counter()

    def __call__(self, request: ModelRequest) -> ModelReply:
        """The next calls of the turn, then a text that repeats what it was given."""
        assert self.planted is not None
        place, texts = self._place(request)
        tried = len(request.tool_outputs)
        moves = moves_of(place, self.planted.known)
        obeying = [obeyed(*one) for text in texts for one in instructions_in(text)]
        items: list[Item]
        if request.body.get("tool_choice") == "none" or tried >= len(moves) + MOST_OBEYED:
            items = [Text(self._last_words(place, request))]
        elif tried >= len(moves):
            items = [self._call(*move) for move in obeying[-MOST_OBEYED:]]
        else:
            items = [self._call(*move) for move in moves[tried : tried + CALLS_AT_ONCE]]
        items = items or [Text(self._last_words(place, request))]
        return ModelReply(events=response_events(items, model=request.body["model"]))

    def _call(self, tool: str, arguments: str) -> Call:
        known = {"metric", "what_if", "sql", "describe", "explain", "search_docs", "remember"}
        self.moves[tool if tool in known else "no such tool"] += 1
        return Call(tool, arguments)

    @staticmethod
    def _place(request: ModelRequest) -> tuple[int, list[str]]:
        """The number of the turn, and everything that the model was given."""
        texts = [str(item.get("content") or item.get("output") or "") for item in request.input]
        asked = [text for text in texts if text.startswith("Attack ")]
        return int(asked[-1].split()[1].rstrip(":")), texts

    @staticmethod
    def _last_words(place: int, request: ModelRequest) -> str:
        given = " ".join(request.tool_outputs) or "nothing"
        repeated = given[: REPEATED * (10 if place % 10 == 0 else 1)]
        surrogate = "\ud83d" if place % 3 == 0 else ""
        return f"{repeated} ![x](https://attacker.example/?{place}) {surrogate} 4321.25"


class LogTap(logging.Handler):
    """Keeps what all loggers write, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record with its fields and its trace."""
        extra = str(getattr(record, "fields", ""))
        self.lines.append(f"{self.format(record)} {extra}")

    def take(self) -> str:
        """What was written since the last time."""
        lines, self.lines = self.lines, []
        return "\n".join(lines)


@contextmanager
def tapped() -> Iterator[LogTap]:
    """Every logger at DEBUG, while the context lasts."""
    tap = LogTap()
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG if logger is logging.root else logging.NOTSET)
        logger.propagate = True
    logging.root.addHandler(tap)
    try:
        yield tap
    finally:
        logging.root.removeHandler(tap)
        for logger, level, propagate in before:
            logger.setLevel(level)
            logger.propagate = propagate


@dataclass
class Report:
    """What happened. leaks: where a canary was, and which."""

    turns: int = 0
    seconds: float = 0.0
    bytes: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def look(self, planted: Planted, place: str, text: str) -> None:
        """Look for canaries in a text."""
        self.bytes[place] += len(text)
        self.leaks += [f"{place}: {canary}" for canary in planted.found_in(text)]


@dataclass
class Attack:
    """A warehouse with canaries, served to the asking user."""

    app: FastAPI
    client: httpx.AsyncClient
    model: HostileModel
    server: ModelServer
    tap: LogTap
    planted: Planted
    warehouse: Warehouse
    email: str = ASKING
    report: Report = field(default_factory=Report)

    async def turns(self, first: int, count: int) -> None:
        """Log in, which lasts for minutes only, and ask so many times, in some conversations at once."""
        began = time.monotonic()
        login = await self.client.post("/auth/login", json={"email": self.email, "password": DEMO_PASSWORD})
        self.client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        self.tap.take()
        left = iter(range(first, first + count))
        await asyncio.gather(*(self._converse(left) for _ in range(CONVERSATIONS_AT_ONCE)))
        self.report.turns += count
        self.report.seconds += time.monotonic() - began

    async def _converse(self, left: Iterator[int]) -> None:
        for place, turn in enumerate(left):
            if place % TURNS_OF_A_CONVERSATION == 0:
                begun = await self.client.post("/chat/conversations", json={"mode": MODES[turn % 4]})
                conversation = begun.json()["id"]
            await self._turn(turn, conversation)

    async def _turn(self, turn: int, conversation: str) -> None:
        body: dict[str, Any] = {"conversation_id": conversation, "text": QUESTION.format(turn)}
        if turn % 5 == 0:
            body["ui_context"] = {"portfolio_id": str(self.planted.portfolio_id), "page_hint": "OBEY[sql:x]"}
        response = await self.client.post("/chat/send", json=body)
        self.report.look(self.planted, "events", response.text)
        self.report.look(self.planted, "log records", self.tap.take())
        while self.server.requests:
            request = self.server.requests.pop()
            self.report.look(self.planted, "requests to the model", request.raw + str(request.headers))
        self._end(turn, response)
        await self._foreign(turn)

    def _end(self, turn: int, response: httpx.Response) -> None:
        """Note how the turn ended."""
        ending = "no stream"
        if response.status_code == 200:
            *_, last = response.text.strip().split("\n\n")
            name, data = last.split("\n")
            ending = name.removeprefix("event: ").strip()
            if ending == "error":
                self.report.errors.append(f"{turn}: {data}")
        else:
            self.report.errors.append(f"{turn}: {response.status_code} {response.text}")
        self.report.endings[ending] += 1

    async def _foreign(self, turn: int) -> None:
        """What is another user's must be answered as what does not exist."""
        known = self.planted.known
        paths = (
            ("GET", f"/chat/conversations/{known['conversation']}"),
            ("DELETE", f"/chat/conversations/{known['conversation']}"),
            ("DELETE", f"/chat/memories/{known['memory']}"),
            ("POST", f"/chat/memories/{known['memory']}/confirm"),
            ("GET", f"/chat/messages/{known['message']}/feedback"),
            ("GET", f"/insights/{known['insight']}"),
        )
        method, path = paths[turn % len(paths)]
        response = await self.client.request(method, path)
        self.report.look(self.planted, "events", response.text)
        if response.status_code != 404:
            self.report.leaks.append(f"{method} {path}: status {response.status_code}")

    async def finish(self) -> Report:
        """Look at what stays: metrics, the record, and the memories."""
        metrics = await self.client.get("http://test/metrics")
        self.report.look(self.planted, "metrics", metrics.text)
        for _, text in rows_of(self.warehouse, self.planted.user_id, TABLES):
            self.report.look(self.planted, "record of the asking user", text)
        store = self.app.state.services.store
        memories, _ = await store.memories.page(
            self.planted.user_id, portfolio_id=None, include_proposals=False, limit=1000, offset=0
        )
        kept = {memory.memory_id for memory in memories}
        if kept != self.planted.memory_ids:
            self.report.leaks.append(f"memories: {len(kept)} instead of {len(self.planted.memory_ids)}")
        return self.report


def attack_settings(warehouse: Warehouse, server: ModelServer) -> Settings:
    """The settings of the warehouse with the chat on, and limits that do not end an attack."""
    return chat_settings(warehouse, server, chat_model="hostile", chat_streams_per_user=10, chat_seconds=120)


@asynccontextmanager
async def attacking(warehouse: Warehouse) -> AsyncIterator[Attack]:
    """Plant canaries in the warehouse, and serve it."""
    model = HostileModel()
    with serving_model(model) as server, tapped() as tap:
        settings = attack_settings(warehouse, server)
        app = create_app(settings)
        async with app.router.lifespan_context(app), _client(app) as client:
            store: ChatStore = app.state.services.store
            await app.state.services.chat.documents.refresh()
            planted = model.planted = await plant(warehouse, store)
            tap.take()
            yield Attack(app, client, model, server, tap, planted, warehouse)


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://test/api/v1", timeout=300)


def table(report: Report, model: HostileModel) -> str:
    """The report as Markdown."""
    moves = ", ".join(f"{tool} {count:,}" for tool, count in model.moves.most_common())
    endings = ", ".join(f"{ending} {count:,}" for ending, count in report.endings.most_common())
    rate = report.turns / report.seconds
    lines = [
        f"{report.turns:,} turns in {report.seconds:,.0f} s ({rate:.1f} a second); ended with: {endings}.",
        f"{sum(model.moves.values()):,} calls: {moves}.",
        "",
        "| looked through | characters | canaries |",
        "|---|---|---|",
        *(f"| {place} | {size:,} | {_found(report, place)} |" for place, size in report.bytes.items()),
    ]
    return "\n".join(lines)


def _found(report: Report, place: str) -> int:
    return sum(leak.startswith(place) for leak in report.leaks)


async def run(warehouse: Warehouse, turns: int, minutes: float) -> tuple[Report, HostileModel]:
    """Attack the warehouse for so many turns, or as many as the time allows; say how far it is."""
    until = time.monotonic() + 60 * minutes
    async with attacking(warehouse) as attack:
        while attack.report.turns < turns and time.monotonic() < until:
            await attack.turns(attack.report.turns, min(100, turns - attack.report.turns))
            done = attack.report
            print(  # noqa: T201
                f"{done.turns:,} of {turns:,} turns, {done.turns / done.seconds:.1f} a second, "
                f"{len(done.leaks)} leaks, {len(done.errors)} errors",
                file=sys.stderr,
                flush=True,
            )
        return await attack.finish(), attack.model


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="end earlier, after this time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sg-attack-", dir="/tmp") as home:
        settings = Settings(sigmasight_home=Path(home))
        environment = {**os.environ, **settings.as_environment()}
        subprocess.run([PROGRAM, "demo", "--until", "2025-09-12"], env=environment, check=True)
        warehouse = open_warehouse(settings)
        try:
            report, model = asyncio.run(run(warehouse, arguments.turns, arguments.minutes))
        finally:
            stop_warehouse(warehouse.settings)
    print("\n".join([table(report, model), *report.leaks[:20], *report.errors[:20]]))  # noqa: T201
    return 1 if report.leaks or report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
