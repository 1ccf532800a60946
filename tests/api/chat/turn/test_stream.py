"""A stream by itself: heartbeats, cancellation and interruption, read or not."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import anyio
import pytest

from api.chat.turn.events import Envelope, Event
from api.chat.turn.failures import GONE, SHUTDOWN
from api.chat.turn.stream import AnswerStream

pytestmark = pytest.mark.anyio


def make_stream(heartbeat_seconds: float = 15.0) -> AnswerStream:
    return AnswerStream(Event("message_created", {}), Envelope(uuid4()), heartbeat_seconds)


def ignore(_: AnswerStream) -> None:
    """Nothing to do at the end."""


async def test_silence_is_filled_with_heartbeats_in_the_numbering() -> None:
    stream, enough = make_stream(0.05), asyncio.Event()

    async def write() -> None:
        stream.emit("start", {})
        await enough.wait()
        stream.emit("done", {})

    stream.start(write(), ignore)
    events: list[Event] = []
    async for event in stream:
        events.append(event)
        if [each.name for each in events].count("heartbeat") == 3:
            enough.set()
    names = [event.name for event in events]
    assert names[:2] == ["message_created", "start"]
    assert names[-1] == "done"
    assert [event.data["seq"] for event in events[1:]] == list(range(1, len(events)))


async def test_an_answer_is_written_even_if_it_is_not_read() -> None:
    stream, ended = make_stream(), asyncio.Event()

    async def write() -> None:
        stream.emit("done", {})

    stream.start(write(), lambda _: ended.set())
    async with asyncio.timeout(60):
        await ended.wait()


async def test_events_that_are_written_already_are_taken_together_and_once() -> None:
    stream, ended = make_stream(), asyncio.Event()

    async def write() -> None:
        stream.emit("start", {})
        stream.emit("done", {})

    stream.start(write(), lambda _: ended.set())
    await ended.wait()
    first = await anext(stream)
    assert [event.name for event in (first, *stream.waiting())] == ["message_created", "start", "done"]
    assert stream.waiting() == []
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


def recording(stream: AnswerStream, seconds: float = 0.1) -> tuple[Callable[[], object], list[str]]:
    """Work that takes a while to record that it was cancelled."""
    recorded: list[str] = []

    async def write() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(seconds)
            recorded.append(stream.reason.message)
            stream.emit("error", {})
            raise

    stream.start(write(), ignore)
    return write, recorded


async def test_closing_waits_for_the_record_even_when_cancelled() -> None:
    stream = make_stream()
    _, recorded = recording(stream)
    await asyncio.sleep(0)
    with anyio.move_on_after(0.05) as scope:
        try:
            await anext(stream)
            await anext(stream)
        finally:
            await stream.aclose()
    assert scope.cancelled_caught
    assert recorded == [GONE.message]


async def test_an_interrupted_answer_is_recorded_even_if_it_is_interrupted_again() -> None:
    stream = make_stream()
    _, recorded = recording(stream)
    await asyncio.sleep(0)
    stream.interrupt(GONE)
    await asyncio.sleep(0.02)
    stream.interrupt(SHUTDOWN)
    await stream.aclose()
    assert recorded == [GONE.message]


async def test_an_interrupted_stream_says_why() -> None:
    stream = make_stream()
    _, recorded = recording(stream)
    shutdown = anyio.Event()
    watcher = asyncio.create_task(stream.interrupt_when(shutdown))
    await asyncio.sleep(0)
    shutdown.set()
    names = [event.name async for event in stream]
    await watcher
    assert names == ["message_created", "error"]
    assert recorded == [SHUTDOWN.message]


async def test_waiting_cancels_what_it_waits_for() -> None:
    stream = make_stream()
    _, recorded = recording(stream)
    waiting = asyncio.create_task(stream.wait())
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert recorded == [GONE.message]
