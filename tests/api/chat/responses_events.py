"""The events of the Responses protocol, as a vendor streams them, and disorders seen of them."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

Event = dict[str, Any]
Mutation = Callable[[list[Event]], list[Event]]


@dataclass(frozen=True)
class Text:
    """A message of the model."""

    text: str


@dataclass(frozen=True)
class Refusal:
    """A refusal of the model."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call of a tool; arguments: JSON, or what the model takes for it."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Reasoning:
    """What the model thought, encrypted."""

    encrypted: str


Item = Text | Refusal | Call | Reasoning


def response_events(
    items: Sequence[Item],
    *,
    model: str = "scripted",
    status: str = "completed",
    reason: str | None = None,
    input_tokens: int = 100,
    output_tokens: int = 20,
) -> list[Event]:
    """All events of one response with these items, numbered. status: completed, incomplete or failed."""
    outputs = [_output(item) for item in items]
    response = _response(model)
    events = [
        {"type": "response.created", "response": response},
        {"type": "response.in_progress", "response": response},
    ]
    for index, output in enumerate(outputs):
        events.extend(_item_events(index, output))
    final = {
        **response,
        "status": status,
        "output": outputs,
        "usage": _usage(input_tokens, output_tokens),
        "incomplete_details": None if reason is None else {"reason": reason},
    }
    if status == "failed":
        final["error"] = {"code": reason or "server_error", "message": "VENDOR-SECRET of org-0815"}
        final["incomplete_details"] = None
    events.append({"type": f"response.{status}", "response": final})
    return numbered(events)


def numbered(events: list[Event]) -> list[Event]:
    """Number the events in their order."""
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _response(model: str) -> Event:
    return {
        "id": f"resp_{uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "usage": None,
    }


def _usage(input_tokens: int, output_tokens: int) -> Event:
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }


def _output(item: Item) -> Event:
    if isinstance(item, Call):
        return {
            "id": f"fc_{uuid4().hex}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{uuid4().hex[:12]}",
            "name": item.name,
            "arguments": item.arguments,
        }
    if isinstance(item, Reasoning):
        encrypted = {"encrypted_content": item.encrypted}
        return {"id": f"rs_{uuid4().hex}", "type": "reasoning", "summary": [], **encrypted}
    part = (
        {"type": "output_text", "text": item.text, "annotations": [], "logprobs": []}
        if isinstance(item, Text)
        else {"type": "refusal", "refusal": item.text}
    )
    message = {"type": "message", "role": "assistant", "status": "completed"}
    return {"id": f"msg_{uuid4().hex}", **message, "content": [part]}


def _item_events(index: int, output: Event) -> Iterator[Event]:
    place = {"item_id": output["id"], "output_index": index}
    opened = {**output, "status": "in_progress"}
    if output["type"] == "reasoning":
        yield {"type": "response.output_item.added", "output_index": index, "item": output}
    elif output["type"] == "function_call":
        opened = {**opened, "arguments": ""}
        yield {"type": "response.output_item.added", "output_index": index, "item": opened}
        for piece in _pieces(output["arguments"]):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
        done = {"name": output["name"], "arguments": output["arguments"]}
        yield {"type": "response.function_call_arguments.done", **place, **done}
    else:
        opened = {**opened, "content": []}
        yield {"type": "response.output_item.added", "output_index": index, "item": opened}
        yield from _part_events({**place, "content_index": 0}, output["content"][0])
    yield {"type": "response.output_item.done", "output_index": index, "item": output}


def _part_events(place: Event, part: Event) -> Iterator[Event]:
    is_text = part["type"] == "output_text"
    key = "text" if is_text else "refusal"
    name = "output_text" if is_text else "refusal"
    logprobs: Event = {"logprobs": []} if is_text else {}
    yield {"type": "response.content_part.added", **place, "part": {**part, key: ""}}
    for piece in _pieces(part[key]):
        yield {"type": f"response.{name}.delta", **place, "delta": piece, **logprobs}
    yield {"type": f"response.{name}.done", **place, key: part[key], **logprobs}
    yield {"type": "response.content_part.done", **place, "part": part}


def _pieces(text: str) -> list[str]:
    """Words with the space before them, as tokens roughly are."""
    return re.findall(r"\s*\S+|\s+$", text)


def is_delta(event: Event) -> bool:
    """Whether the event is a piece of a text or of arguments."""
    return str(event["type"]).endswith(".delta")


def without_deltas(events: list[Event]) -> list[Event]:
    """Arguments and texts come only in `.done`."""
    return numbered([event for event in events if not is_delta(event)])


def only_in_completed(events: list[Event]) -> list[Event]:
    """The output comes only in `response.completed`."""
    return numbered([events[0], events[-1]])


def deltas_before_added(events: list[Event]) -> list[Event]:
    """Each item's first deltas come before the item is announced."""
    moved = [event for event in events if not str(event["type"]).endswith((".added",))]
    added = [event for event in events if str(event["type"]).endswith(".added")]
    last = max((place for place, event in enumerate(moved) if is_delta(event)), default=1)
    return numbered([*moved[: last + 1], *added, *moved[last + 1 :]])


def deltas_reversed(events: list[Event]) -> list[Event]:
    """Deltas arrive in reversed order, their sequence numbers tell the right one."""
    deltas = [event for event in events if is_delta(event)]
    backwards = iter(reversed(deltas))
    return [next(backwards) if is_delta(event) else event for event in events]


def interleaved(events: list[Event]) -> list[Event]:
    """Events of several items alternate, as of calls that are written at the same time."""
    body = [event for event in events if "output_index" in event]
    queues: dict[int, list[Event]] = {}
    for event in body:
        queues.setdefault(event["output_index"], []).append(event)
    mixed: list[Event] = []
    while any(queues.values()):
        mixed.extend(queue.pop(0) for queue in queues.values() if queue)
    return numbered([*events[:2], *mixed, events[-1]])


def doubled(events: list[Event]) -> list[Event]:
    """Every event but the last comes twice, with the same sequence number."""
    return [copy for event in events[:-1] for copy in (event, event)] + [events[-1]]


def with_foreign_events(events: list[Event]) -> list[Event]:
    """Events of kinds that a later version of the protocol may add."""
    foreign = [{"type": "response.weather.delta", "delta": "rain"}, {"type": "response.queued", **events[0]}]
    return numbered([events[0], *foreign, *events[1:]])


DISORDERS: Final = (
    without_deltas,
    only_in_completed,
    deltas_before_added,
    deltas_reversed,
    interleaved,
    doubled,
    with_foreign_events,
)
"""Changes of a stream that leave its final response as it is."""


def error_event(code: str) -> Mutation:
    """After the first events comes an error instead of the rest."""

    def mutate(events: list[Event]) -> list[Event]:
        error = {"type": "error", "code": code, "message": "VENDOR-SECRET of org-0815", "param": None}
        return numbered([*events[:2], error])

    return mutate


def first(number: int) -> Mutation:
    """The stream ends well-formed, but after so many events."""
    return lambda events: events[:number]
