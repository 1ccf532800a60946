"""Calls the model: one client of the vendor per process, our own retries, then the fallback model."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal

from api.chat.model.errors import SILENT, ModelFailed, failure_of
from api.chat.model.fields import as_fields
from api.chat.model.interim import bound_interim
from api.chat.model.size import CHARACTERS_PER_TOKEN, PLAIN, bound_responses
from api.chat.model.stream import ModelAnswer, TextDelta, read_stream
from warehouse.settings import Settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 3
"""Calls of each model before it is given up."""

FIRST_WAIT: Final = 0.25
"""Seconds before the second attempt, at most; they double. Each wait is shortened at random."""

CONNECT_SECONDS: Final = 5.0

DRAIN_SECONDS: Final = 0.25
"""For the end of a stream behind its last event."""

LONG_WAIT: Final = 2.0
"""Seconds of Retry-After from which the fallback model is asked instead."""


@dataclass(frozen=True)
class ModelRequest:
    """What the model is asked. tools: function tools; with tool_choice `none` it must answer in words.
    text_format: the form of those words, `text.format` of the protocol; default: free text.
    """

    instructions: str
    input: Sequence[dict[str, Any]]
    tools: Sequence[dict[str, Any]]
    max_output_tokens: int
    tool_choice: Literal["auto", "none"] = "auto"
    text_format: Mapping[str, Any] | None = None


def load_vendor() -> None:
    """Import the vendor's package, which takes a second."""
    import openai  # noqa: F401, PLC0415


class ModelClient:
    """Talks to the vendor of the settings. Nothing connects before the first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._openai: AsyncOpenAI | None = None
        self.models = tuple(filter(None, (settings.chat_model, settings.chat_fallback_model)))

    @property
    def is_available(self) -> bool:
        """Whether a key is set."""
        return self._settings.openai_api_key is not None

    @property
    def openai(self) -> "AsyncOpenAI":
        """The vendor's client, made at its first use. Raises RuntimeError without a key.

        Its package takes a second to import: a server without a key does not wait for it.
        """
        if self._openai is None:
            key = self._settings.openai_api_key
            if key is None:
                raise RuntimeError("OPENAI_API_KEY is not set")
            import httpx2  # noqa: PLC0415
            from openai import AsyncOpenAI, DefaultAioHttpClient  # noqa: PLC0415

            client = DefaultAioHttpClient(
                follow_redirects=False,  # what is asked is for this server only
                event_hooks={"response": [bound_responses(self._settings.chat_output_tokens)]},
            )
            bound_interim(client)
            self._openai = AsyncOpenAI(
                api_key=key.get_secret_value(),
                base_url=self._settings.openai_base_url,
                max_retries=0,
                default_headers={"Accept-Encoding": PLAIN},
                http_client=client,
                timeout=httpx2.Timeout(self._settings.chat_seconds, connect=CONNECT_SECONDS),
            )
        return self._openai

    async def close(self) -> None:
        """Close the connections to the vendor."""
        if self._openai is not None:
            await self._openai.close()

    async def stream(
        self, request: ModelRequest, *, until: float
    ) -> AsyncGenerator[TextDelta | ModelAnswer, None]:
        """Ask the model; yield pieces of text and last the ModelAnswer.

        until: when to give up, by time.monotonic(). Transient failures are tried again as long as no text
        was yielded, then the fallback model is asked. Raises ModelFailed.
        """
        failure: ModelFailed | None = None
        for model in self.models:
            for attempt in range(ATTEMPTS):
                shown = False
                try:
                    async with aclosing(self._ask(model, request, until)) as pieces:
                        async for piece in pieces:
                            shown = True
                            yield piece
                except ModelFailed as error:
                    failure = error
                else:
                    return
                if shown or not failure.use_fallback:
                    raise failure
                logger.warning("the model %s failed: %s (attempt %s)", model, failure.cause, attempt + 1)
                if not failure.retryable or not await self._wait(failure, attempt, model, until):
                    break
        assert failure is not None  # noqa: S101 - there is at least one model
        raise failure

    async def _wait(self, failure: ModelFailed, attempt: int, model: str, until: float) -> bool:
        """Wait before the next attempt; False if there is none of this model."""
        if attempt + 1 == ATTEMPTS:
            return False
        seconds = random.uniform(0.5, 1) * FIRST_WAIT * 2**attempt  # noqa: S311 - jitter
        if failure.retry_after is not None:
            if failure.retry_after > LONG_WAIT and model != self.models[-1]:
                return False
            seconds = failure.retry_after + seconds / 10
        if monotonic() + seconds >= until:
            return False
        await asyncio.sleep(seconds)
        return True

    async def _ask(
        self, model: str, request: ModelRequest, until: float
    ) -> AsyncGenerator[TextDelta | ModelAnswer, None]:
        """Ask one model once. Raises ModelFailed."""
        from openai import AsyncStream  # noqa: PLC0415 - loaded with the client

        most = CHARACTERS_PER_TOKEN * self._settings.chat_output_tokens
        try:
            async with asyncio.timeout(until - monotonic()):
                # not responses.create: it checks every value of the request, and every event, against unions
                # of types, which takes as much time as all else that the process does for an answer
                stream: AsyncStream[Any] = await self.openai.post(
                    "/responses",
                    cast_to=object,
                    body=_body(model, request),
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
            async with stream, aclosing(read_stream(_Events(stream), most)) as pieces:
                try:
                    while (piece := await _next(pieces, until)) is not None:
                        yield piece
                finally:
                    await _drain(stream)
        except TimeoutError as error:
            raise ModelFailed(SILENT, "NETWORK_ERROR", retryable=True, cause="deadline") from error
        except Exception as error:
            raise failure_of(error) from error


def _body(model: str, request: ModelRequest) -> dict[str, Any]:
    """The request as the protocol has it."""
    body = {
        "model": model,
        "instructions": request.instructions,
        "input": list(request.input),
        "tools": list(request.tools),
        "tool_choice": request.tool_choice,
        "max_output_tokens": request.max_output_tokens,
        "parallel_tool_calls": True,
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }
    if request.text_format is not None:
        body["text"] = {"format": dict(request.text_format)}
    return body


class _Events(AsyncIterator[Any]):
    """The events of a stream, without the generator that the stream's own iterator leaves behind."""

    def __init__(self, stream: "AsyncStream[Any]") -> None:
        self._stream = stream

    async def __anext__(self) -> Any:
        return as_fields(await self._stream.__anext__())


async def _drain(stream: "AsyncStream[Any]") -> None:
    """Read what comes behind the last event, so that the connection can be used again."""
    with suppress(Exception):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in _Events(stream):
                pass


async def _next(
    pieces: AsyncIterator[TextDelta | ModelAnswer], until: float
) -> TextDelta | ModelAnswer | None:
    """The next piece, None after the last. Raises TimeoutError."""
    async with asyncio.timeout(until - monotonic()):
        return await anext(pieces, None)
