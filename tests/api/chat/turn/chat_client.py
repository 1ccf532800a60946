"""A client of the chat for tests: begins conversations, asks, and checks every stream."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient

from tests.api.chat.responses_server import ModelServer, Script
from tests.api.contract import EVENTS, check_event

ENVELOPE = {"type", "run_id", "seq", "data", "timestamp"}
RECORD = {"unverified", "figures", "queries"}
"""What `done` has besides the fields of the contract."""


@dataclass(frozen=True)
class Streamed:
    """The events of one answer, checked: see `parse_stream`."""

    events: list[tuple[str, dict[str, Any]]]

    @property
    def created(self) -> dict[str, Any]:
        """The flat first event."""
        return self.events[0][1]

    @property
    def names(self) -> list[str]:
        """The names of the events, pieces of text counted once in a row."""
        names = [name for name, _ in self.events]
        return [name for place, name in enumerate(names) if name != "token" or names[place - 1] != "token"]

    def data(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of a name."""
        return [event["data"] for named, event in self.events if named == name]

    @property
    def text(self) -> str:
        """The text as it was streamed."""
        return "".join(data["delta"] for data in self.data("token"))

    @property
    def done(self) -> dict[str, Any]:
        """The data of `done`."""
        name, event = self.events[-1]
        assert name == "done", event
        data: dict[str, Any] = event["data"]
        return data

    @property
    def error(self) -> dict[str, Any]:
        """The data of `error`."""
        name, event = self.events[-1]
        assert name == "error", event
        data: dict[str, Any] = event["data"]
        return data


def parse_stream(text: str) -> Streamed:
    """Parse a complete stream, and check what holds for every one.

    Each event is as the contract has it. One flat message_created, then start; numbers rise by one from 1;
    each tool_call has its tool_result; exactly one done or error, at the end.
    """
    events = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        if block.strip():
            name_line, data_line = block.strip().split("\n")
            name, data = name_line.removeprefix("event: "), json.loads(data_line.removeprefix("data: "))
            events.append((name, data))
    names = [name for name, _ in events]
    assert names[:2] == ["message_created", "start"], names
    check_event("message_created", events[0][1])
    for number, (name, event) in enumerate(events[1:], start=1):
        assert set(event) == ENVELOPE
        assert (event["type"], event["seq"]) == (name, number)
        assert event["run_id"] == events[0][1]["run_id"]
        assert isinstance(event["timestamp"], int)
        check_event(name, event["data"])
    assert [name for name in names if name in {"done", "error"}] == names[-1:], names
    streamed = Streamed(events)
    _check_tools(streamed)
    if names[-1] == "error":
        assert streamed.error["message"] == streamed.error["error"]
    else:
        assert set(streamed.done) == {*EVENTS["done"]["properties"], *RECORD}
    assert "VENDOR-SECRET" not in text
    return streamed


def _check_tools(streamed: Streamed) -> None:
    called = [data["tool_call_id"] for data in streamed.data("tool_call")]
    answered = [data["tool_call_id"] for data in streamed.data("tool_result")]
    assert len(set(called)) == len(called)
    if streamed.names[-1] == "done":
        assert called == answered
        assert len(called) == streamed.done["tool_calls_count"]


@dataclass(frozen=True)
class Asking:
    """A logged-in user of the chat, and the model that answers them."""

    client: TestClient
    headers: dict[str, str]
    model: ModelServer

    def begin(self, mode: str = "blue", **fields: Any) -> str:
        """Begin a conversation; return its id."""
        response = self.client.post(
            "/api/v1/chat/conversations", json={"mode": mode, **fields}, headers=self.headers
        )
        assert response.status_code == 200, response.text
        return str(response.json()["id"])

    def post(self, conversation: str, text: str = "How much?", **fields: Any) -> Any:
        """Send a question; the response when it is complete."""
        body = {"conversation_id": conversation, "text": text, **fields}
        return self.client.post("/api/v1/chat/send", json=body, headers=self.headers)

    def ask(
        self, script: Script, text: str = "How much?", *, conversation: str | None = None, **fields: Any
    ) -> Streamed:
        """Ask with this script of the model; the checked stream, whose record is checked against it too."""
        self.model.script(script)
        conversation = conversation or self.begin()
        response = self.post(conversation, text, **fields)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        streamed = parse_stream(response.text)
        self.check_record(streamed)
        return streamed

    def record(self, conversation: str) -> list[dict[str, Any]]:
        """The messages of the conversation."""
        response = self.client.get(f"/api/v1/chat/conversations/{conversation}", headers=self.headers)
        assert response.status_code == 200, response.text
        messages: list[dict[str, Any]] = response.json()["messages"]
        return messages

    def check_record(self, streamed: Streamed) -> dict[str, Any]:
        """Check that the record holds the answer once, as it was streamed; return it."""
        created = streamed.created
        messages = self.record(created["conversation_id"])
        run = [message for message in messages if message["run_id"] == created["run_id"]]
        assert [message["role"] for message in run] == ["user", "assistant"]
        question, answer = run
        assert (question["id"], answer["id"]) == (created["user_message_id"], created["assistant_message_id"])
        calls = [call["tool_name"] for call in answer["tool_calls"]]
        assert calls == [data["tool_name"] for data in streamed.data("tool_call")]
        if streamed.names[-1] == "done":
            self._check_done(streamed.done, answer)
        else:
            assert answer["status"] in {"failed", "cancelled"}
            assert answer["error_type"] == (
                streamed.error["error_type"] if answer["status"] == "failed" else None
            )
            assert answer["content"] == streamed.text
        return answer

    @staticmethod
    def _check_done(done: dict[str, Any], answer: dict[str, Any]) -> None:
        assert (answer["status"], answer["content"]) == ("done", done["final_text"])
        assert answer["model_used"] == done["model_used"]
        assert answer["figures"] == done["figures"]
        own = {query["query_id"] for query in answer["queries"]}
        assert own <= {query["query_id"] for query in done["queries"]}
        assert done["unverified"] == sum(not figure["verified"] for figure in done["figures"])
        counts = done["token_counts"]
        assert counts["total"] == counts["input"] + counts["output"]


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID."""
    return str(UUID(text)) == text
