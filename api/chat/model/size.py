"""A bound on what a server of the model may send, before anything is made of it.

CHAT_OUTPUT_TOKENS is only asked of the server: one that sends on would fill the memory of the API, and keep
it from answering others.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

from api.chat.model.errors import too_large

LARGEST: Final = 64_000_000
"""Bytes of vectors, and of all that is no answer."""

FRAME: Final = 2_000_000
PER_TOKEN: Final = 2_000
"""Bytes of an answer: of the whole, and for each token, which comes in an event of its own."""

CHARACTERS_PER_TOKEN: Final = 50
"""Of a text, at most; a token has some four."""

PLAIN: Final = "identity"
"""The encoding that is asked for: a compressed answer could grow when it is read."""


def bound_responses(tokens: int) -> Callable[[Any], Coroutine[Any, Any, None]]:
    """The hook for responses of a client of httpx. tokens: of an answer."""

    async def bound(response: Any) -> None:
        is_answer = response.request.url.path.endswith("/responses")
        most = FRAME + PER_TOKEN * tokens if is_answer else LARGEST
        if response.headers.get("Content-Encoding", PLAIN) != PLAIN:
            raise too_large("a compressed answer")
        response.stream = _bounded(response.stream, most)

    return bound


def _bounded(stream: Any, most: int) -> Any:
    import httpx2  # noqa: PLC0415 - loaded with the client

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in stream:
                size += len(chunk)
                if size > most:
                    raise too_large(f"an answer of over {most} bytes")
                yield chunk
                await asyncio.sleep(0)  # others get their turn, however fast the server sends

        async def aclose(self) -> None:
            await stream.aclose()

    return Bounded()
