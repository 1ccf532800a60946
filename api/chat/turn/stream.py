"""An answer that is being written: a task of its own, whose events are read from a queue."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, Self

import anyio

from api.chat.turn.events import Envelope, Event, EventName
from api.chat.turn.failures import GONE, SHUTDOWN, Failure

HEARTBEAT_SECONDS: Final = 15.0

LONGEST_RECORDING: Final = 10.0
"""Seconds that the record of a cancelled answer may take."""


class AnswerStream(AsyncIterator[Event]):
    """The events of one answer. It is written whether or not they are read; `aclose` cancels it."""

    def __init__(self, first: Event, envelope: Envelope, heartbeat_seconds: float) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._queue.put_nowait(first)
        self._envelope = envelope
        self._heartbeat_seconds = heartbeat_seconds
        self._task: asyncio.Task[None] | None = None
        self._is_at_end = False
        self._is_interrupted = False
        self.reason: Failure = GONE

    def start(self, writing: Coroutine[Any, Any, None], ended: Callable[["AnswerStream"], None]) -> None:
        """Begin to write; ended: called when the record is complete."""
        self._task = asyncio.create_task(writing)

        def finish(_: asyncio.Task[None]) -> None:
            self._queue.put_nowait(None)
            ended(self)

        self._task.add_done_callback(finish)

    def emit(self, name: EventName, data: dict[str, Any]) -> None:
        """Add an event."""
        self._queue.put_nowait(self._envelope.wrap(name, data))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event; a heartbeat after some seconds of silence."""
        if self._is_at_end:
            raise StopAsyncIteration
        try:
            async with asyncio.timeout(self._heartbeat_seconds):
                event = await self._queue.get()
        except TimeoutError:
            return self._envelope.wrap("heartbeat", {})
        if event is None:
            self._is_at_end = True
            raise StopAsyncIteration
        return event

    def waiting(self) -> list[Event]:
        """The events that are written and not yet read, so that they can be sent together."""
        events = []
        while not self._queue.empty():
            event = self._queue.get_nowait()
            if event is None:
                self._is_at_end = True
                break
            events.append(event)
        return events

    def interrupt(self, reason: Failure = SHUTDOWN) -> None:
        """Cancel the answer; its record says so, and its last event says why.

        Only once: a second cancellation would end the writing of the record.
        """
        if self._task is not None and not self._task.done() and not self._is_interrupted:
            self._is_interrupted = True
            self.reason = reason
            self._task.cancel()

    async def interrupt_when(self, event: anyio.Event) -> None:
        """Cancel the answer when the server shuts down."""
        await event.wait()
        self.interrupt()

    async def wait(self) -> None:
        """Wait until the record is complete. Being cancelled cancels the answer first."""
        if self._task is None:
            return
        try:
            await asyncio.wait([self._task])
        except asyncio.CancelledError:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Cancel the answer unless it has ended, and wait for its record, even when being cancelled."""
        self.interrupt(GONE)
        with anyio.CancelScope(shield=True), anyio.move_on_after(LONGEST_RECORDING):
            if self._task is not None:
                await asyncio.wait([self._task])
