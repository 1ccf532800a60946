"""The events of POST /chat/send, as the contract names them."""

import json
from dataclasses import dataclass
from time import time
from typing import Any, Final, Literal
from uuid import UUID

EventName = Literal[
    "message_created",
    "start",
    "token",
    "tool_call",
    "tool_result",
    "heartbeat",
    "done",
    "error",
]

ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


@dataclass(frozen=True)
class Event:
    """One event: its name and the JSON object of its data line."""

    name: EventName
    data: dict[str, Any]

    def encode(self) -> bytes:
        """The event as it goes over the wire: one `event` and one `data` line."""
        return f"event: {self.name}\ndata: {ENCODER.encode(self.data)}\n\n".encode("utf-8", "replace")


class Envelope:
    """Writes the events of a run with rising numbers, from 1."""

    def __init__(self, run_id: UUID) -> None:
        self._run_id = str(run_id)
        self._seq = 0

    def wrap(self, name: EventName, data: dict[str, Any]) -> Event:
        """The next event of the run."""
        self._seq += 1
        return Event(
            name,
            {
                "type": name,
                "run_id": self._run_id,
                "seq": self._seq,
                "data": data,
                "timestamp": round(1000 * time()),
            },
        )
