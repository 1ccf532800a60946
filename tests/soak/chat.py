"""The chat under load for minutes, with restarts of the database and of the model's server.

    python -m tests.soak.chat --minutes 10

Checks: every stream ends in time with `done` or `error`; what `done` says is on record once, with the same
text; no answer stays half-written; errors occur only around restarts; the server stops cleanly.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ingestion.demo.demo import DEMO_PASSWORD
from tests.api.chat.responses_events import Call, Text, response_events
from tests.api.chat.responses_server import ModelReply, ModelRequest, serving_model
from tests.soak.demonstration import demonstration
from tests.soak.run import PEOPLE
from tests.soak.server import serving
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.settings import Settings

CLIENTS = 6
CHAT_SECONDS = 10
LONGEST_STREAM = CHAT_SECONDS + 15.0
"""The time of an answer, and what its record may take while the database is being restarted."""

AROUND = 15.0
"""Seconds after a restart in which errors are expected."""

STATEMENT = "select net_market_value from fct_portfolio_snapshots order by as_of_date desc limit 1"


def answer(request: ModelRequest) -> ModelReply:
    """One call of `sql`, then a text with its figure, over a second."""
    model = request.body["model"]
    if not request.tool_outputs:
        arguments = json.dumps({"statement": STATEMENT, "purpose": "The value"})
        return ModelReply(events=response_events([Call("sql", arguments)], model=model))
    rows = request.last_output.get("rows")
    said = f"It is worth ${float(rows[0][0]):,.2f} on that day." if rows else "That is not available."
    return ModelReply(events=response_events([Text(said)], model=model), delays={5: 0.5, 8: 0.5})


@dataclass
class Outages:
    """When something was restarted."""

    times: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Something is down for the duration of the context."""
        begun = time.monotonic()
        self.times.append((begun, float("inf")))
        try:
            yield
        finally:
            self.times[-1] = (begun, time.monotonic() + AROUND)

    def cover(self, begun: float, ended: float) -> bool:
        """Whether an outage falls into this time."""
        return any(begun <= end and ended >= start for start, end in self.times)


@dataclass
class Findings:
    """The result. faults: empty if all checks pass."""

    endings: Counter[str] = field(default_factory=Counter)
    runs: list[tuple[str, dict[str, Any], str, str]] = field(default_factory=list)
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, email: str, created: dict[str, Any], ending: str, text: str, seconds: float) -> None:
        """Add a stream. ending: done, error, or left by the client."""
        with self.lock:
            self.endings[ending] += 1
            self.runs.append((email, created, ending, text))
            self.slowest = max(self.slowest, seconds)

    def sentences(self) -> list[str]:
        """The result as lines of text."""
        ended = ", ".join(f"{count} x {ending}" for ending, count in sorted(self.endings.items()))
        faults = [f"FAULT {fault}" for fault in self.faults[:20]]
        return [f"{len(self.runs)} streams: {ended}; the slowest took {self.slowest:.1f} s", *faults]


class Asker:
    """One user who asks without pause, and leaves one stream in eight."""

    def __init__(self, url: str, email: str, findings: Findings, outages: Outages, seed: int) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=LONGEST_STREAM)
        self._email, self._findings, self._outages = email, findings, outages
        self._random = random.Random(seed)

    def run(self, over: threading.Event) -> None:
        """Ask until it is over."""
        with self._client:
            log_in(self._client, self._email)
            while not over.is_set():
                begun = time.monotonic()
                try:
                    self._ask(begun)
                except Exception as error:  # noqa: BLE001 - becomes a finding
                    self._complain(begun, f"{type(error).__name__}: {error}")
                    time.sleep(0.2)

    def _complain(self, begun: float, text: str) -> None:
        if not self._outages.cover(begun, time.monotonic()):
            with self._findings.lock:
                self._findings.faults.append(text)

    def _ask(self, begun: float) -> None:
        created = self._client.post("/chat/conversations", json={"mode": "blue"}).raise_for_status().json()
        body = {"conversation_id": created["id"], "text": "What is it worth?"}
        leaves = self._random.random() < 1 / 8
        with self._client.stream("POST", "/chat/send", json=body) as response:
            response.raise_for_status()
            ids, ending, data = self._read(response, leaves=leaves)
        text = str(data.get("final_text", ""))
        self._findings.add(self._email, ids, ending, text, time.monotonic() - begun)
        if ending == "error":
            self._complain(begun, f"error {data}")
        elif ending == "done" and data["unverified"]:
            self._complain(begun, f"unverified: {text}")

    @staticmethod
    def _read(response: httpx.Response, *, leaves: bool) -> tuple[dict[str, Any], str, dict[str, Any]]:
        """The ids of the run, how the stream ended, and the data of its last event."""
        ids: dict[str, Any] = {}
        name = ""
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                ids = ids or event
                if name in {"done", "error"}:
                    return ids, name, event["data"]
                if name == "token" and leaves:
                    return ids, "left", {}
        raise AssertionError(f"the stream of {ids} ended without an end")


def log_in(client: httpx.Client, email: str) -> None:
    """Log in; the client sends the token from now on."""
    login = client.post("/auth/login", json={"email": email, "password": DEMO_PASSWORD})
    client.headers["Authorization"] = f"Bearer {login.raise_for_status().json()['access_token']}"


def soak_chat(warehouse: Warehouse, minutes: float, *, rounds: int, folder: Path) -> Findings:
    """Load the chat for `minutes`; each round restarts the model's server and the database."""
    findings, outages, over = Findings(), Outages(), threading.Event()
    with ExitStack() as model:
        port = model.enter_context(serving_model(answer)).port
        with serving(warehouse, folder, **_settings(port)) as server:
            askers = [
                Asker(server.url, PEOPLE[number % len(PEOPLE)], findings, outages, number)
                for number in range(CLIENTS)
            ]
            threads = [threading.Thread(target=asker.run, args=(over,)) for asker in askers]
            for thread in threads:
                thread.start()
            pause = 60 * minutes / rounds / 3
            for _ in range(rounds):
                time.sleep(pause)
                with outages.outage():
                    model.close()
                    time.sleep(1)
                    model.enter_context(serving_model(answer, port=port))
                time.sleep(pause)
                with outages.outage():
                    stop_warehouse(warehouse.settings)
                    open_warehouse(warehouse.settings)
                time.sleep(pause)
            over.set()
            for thread in threads:
                thread.join(2 * LONGEST_STREAM)
                findings.faults += ["a stream hangs"] if thread.is_alive() else []
            _check_records(server.url, findings)
            findings.faults += [] if server.stops() else ["the server did not stop cleanly"]
    return findings


def _settings(port: int) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "key",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "EMBEDDING_MODEL": "none",
        "CHAT_SECONDS": str(CHAT_SECONDS),
        "CHAT_REQUESTS_PER_MINUTE": "10000",
        "CHAT_TOKENS_PER_DAY": "1000000000",
        "CHAT_STREAMS_PER_USER": "50",
    }


def _check_records(url: str, findings: Findings) -> None:
    """Compare every stream with its record."""
    for email in PEOPLE:
        with httpx.Client(base_url=f"{url}/api/v1", timeout=30) as client:
            log_in(client, email)
            for _, ids, ending, text in [run for run in findings.runs if run[0] == email]:
                path = f"/chat/conversations/{ids['conversation_id']}"
                messages = client.get(path).raise_for_status().json()["messages"]
                findings.faults += _differences(messages, ids, ending, text)


def _differences(messages: list[dict[str, Any]], ids: dict[str, Any], ending: str, text: str) -> list[str]:
    if [message["id"] for message in messages] != [ids["user_message_id"], ids["assistant_message_id"]]:
        return [f"the record of {ids['run_id']} has {len(messages)} messages"]
    answer_on_record = messages[1]
    status, content = answer_on_record["status"], answer_on_record["content"]
    if ending == "done" and (status, content) != ("done", text):
        return [f"{ids['run_id']} is done, on record {status}"]
    if ending == "error" and status not in {"failed", "cancelled", "running"}:
        return [f"{ids['run_id']} failed, on record {status}"]
    if status == "done" and not answer_on_record["queries"] and "$" in content:
        return [f"{ids['run_id']} has a figure without a query"]
    return []


def main() -> int:
    """Build the demo on a server of its own, load the chat, and print the result; 0 if all checks pass."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.chat", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="restarts of each")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sg-soak-", dir="/tmp")))
        warehouse = stack.enter_context(demonstration(Settings(sigmasight_home=folder)))
        findings = soak_chat(warehouse, asked.minutes, rounds=asked.rounds, folder=folder)
    print("\n".join(findings.sentences()))  # noqa: T201 - a command
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
