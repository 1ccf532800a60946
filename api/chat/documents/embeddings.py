"""Embeddings by the OpenAI client, of any server that speaks its protocol."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

BATCH = 64
QUESTION_SECONDS = 4.0
BATCH_SECONDS = 60.0
BATCH_RETRIES = 4
PAUSE_AFTER_FAILURE = 30.0
REFUSALS_OF_TEXT = frozenset({400, 413, 422})

NOT_OF_THE_PROTOCOL = (ValueError, AttributeError, TypeError, RecursionError)
"""What the client, or reading what it made of a body, raises for one that is not of the protocol."""

LARGEST_NUMBER = 1000.0
"""Of a vector: those of models are below 1, and sums of squares must fit into pgvector's four bytes."""

NO_MODEL = "none"

logger = logging.getLogger(__name__)


class EmbeddingsUnavailable(SigmaSightError):  # noqa: N818 - it says what happened
    """The embeddings service gave no usable answer; the message names the error, without content.

    is_of_text: it refused this text, such as for its length, and may take another.
    """

    def __init__(self, message: str, *, is_of_text: bool = False) -> None:
        super().__init__(message)
        self.is_of_text = is_of_text


class Embedder:
    """Embeds texts as vectors of `dimensions` numbers."""

    def __init__(self, client: "AsyncOpenAI", model: str, dimensions: int) -> None:
        self._client = client
        self.model = model
        self.dimensions = dimensions
        self._paused_until = float("-inf")

    async def embed_question(self, question: str) -> list[float]:
        """Embed a question. After a failure none is asked for half a minute, so that no search waits.

        A question that is refused is nobody else's failure. Raises EmbeddingsUnavailable.
        """
        if monotonic() < self._paused_until:
            raise EmbeddingsUnavailable("paused after a failure")
        client = self._client.with_options(timeout=QUESTION_SECONDS, max_retries=0)
        try:
            async with asyncio.timeout(QUESTION_SECONDS):  # the client's begins again with every byte
                return (await self._embed(client, [question]))[0]
        except TimeoutError as error:
            self._paused_until = monotonic() + PAUSE_AFTER_FAILURE
            raise EmbeddingsUnavailable("no answer in time") from error
        except EmbeddingsUnavailable as error:
            if not error.is_of_text:
                self._paused_until = monotonic() + PAUSE_AFTER_FAILURE
            raise

    async def embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed up to BATCH texts, in order, with retries. Raises EmbeddingsUnavailable."""
        client = self._client.with_options(timeout=BATCH_SECONDS, max_retries=BATCH_RETRIES)
        return await self._embed(client, texts)

    async def _embed(self, client: "AsyncOpenAI", texts: Sequence[str]) -> list[list[float]]:
        from openai import OpenAIError  # noqa: PLC0415 - loaded with the client

        try:
            reply = await client.embeddings.create(
                model=self.model, input=list(texts), dimensions=self.dimensions
            )
            vectors = [entry.embedding for entry in sorted(reply.data, key=lambda entry: entry.index)]
            _check_numbers(vectors)
        except (OpenAIError, *NOT_OF_THE_PROTOCOL) as error:
            is_of_text = getattr(error, "status_code", None) in REFUSALS_OF_TEXT
            raise EmbeddingsUnavailable(type(error).__name__, is_of_text=is_of_text) from error
        if len(vectors) != len(texts) or any(len(vector) != self.dimensions for vector in vectors):
            sizes = sorted({len(vector) for vector in vectors})
            raise EmbeddingsUnavailable(
                f"{len(vectors)} vectors of {sizes} dimensions for {len(texts)} texts and "
                f"EMBEDDING_DIMENSIONS {self.dimensions}"
            )
        return vectors


def make_embedder(settings: Settings, client: "AsyncOpenAI | None") -> Embedder | None:
    """Make the embedder of the settings; None without a client, or with EMBEDDING_MODEL none."""
    if client is None or settings.embedding_model == NO_MODEL:
        return None
    return Embedder(client, settings.embedding_model, settings.embedding_dimensions)


def _check_numbers(vectors: Sequence[Sequence[float]]) -> None:
    """Raise ValueError or TypeError for a vector that holds something else, such as no number."""
    if not all(abs(number) <= LARGEST_NUMBER for vector in vectors for number in vector):
        raise ValueError("a vector with a number that is none")


def as_text(vector: Sequence[float]) -> str:
    """The vector as pgvector reads it."""
    return f"[{','.join(map(repr, vector))}]"
