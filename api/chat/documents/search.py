"""The search of the chat's documents: by words always, by meaning where there are embeddings, both fused."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.chat.documents.embeddings import Embedder, EmbeddingsUnavailable, as_text
from api.chat.documents.queries import statement
from api.chat.documents.refresh import Refreshed, refresh, refresh_passages
from api.chat.documents.sources import GLOSSARY_SOURCE, Source, read_sources
from api.chat.store.transactions import Transaction, Transactions
from warehouse.errors import SigmaSightError

# BM25 (Robertson and Zaragoza 2009, Foundations and Trends in Information Retrieval 3), tuned on half of the
# questions of tests/api/chat/documents/questions.yml.
SATURATION = 1.2
LENGTH_NORMALIZATION = 0.5
HEADING_WEIGHT = 2
KEYWORD_WEIGHT = 4
SYNONYM_WEIGHT = 0.3

IGNORED = """
anybody ask ever everything explain find get give go happen help here just keep kind know let like look lot
many mean much need one please put really say see seem show someone something take tell thing think try use
want way work would could
"""
"""Words of conversation: rare in the documents, and thus heavy, but without a meaning for the search."""

CANDIDATES = 30
RANK_OFFSET = 60  # of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009, SIGIR)
MOST_OF_THE_GLOSSARY = 1  # of one answer: the passages that a term names say more than its definition
LONGEST_QUESTION = 4000
REFRESH_SECONDS = 3600
RETRY_SECONDS = 60

NO_USER = UUID(int=0)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Passage:
    """A passage that was found. source: `docs/method.md`, the name of a mart, `glossary` or `memory`.
    heading: the path of headings. score: comparable within one search only, larger is better.
    """

    source: str
    heading: str
    text: str
    score: float


class DocumentSearch:
    """Searches the common documents and the confirmed memories of one user.

    The first search brings the passages up to date. Without an embedder, and while the embeddings service
    fails, it searches by words alone. read: reads the documents.
    """

    def __init__(
        self,
        transactions: Transactions,
        embedder: Embedder | None = None,
        *,
        read: Callable[[], Sequence[Source]] = read_sources,
    ) -> None:
        self._transactions = transactions
        self._embedder = embedder
        self._read = read
        self._refreshing = asyncio.Lock()
        self._is_fresh = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Refresh in the background, at once and then every hour, until close()."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_fresh())

    async def close(self) -> None:
        """End the refresh in the background."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def refresh(self) -> Refreshed:
        """Bring passages and embeddings up to date. Raises ChatUnavailable."""
        sources = await asyncio.to_thread(self._read)
        async with self._refreshing:
            await refresh_passages(self._transactions, sources)
            self._is_fresh = True
        return await refresh(self._transactions, self._embedder, sources)

    async def search(self, user_id: UUID | None, question: str, limit: int = 5) -> list[Passage]:
        """Return up to `limit` passages, the best first. Without a user_id no memories are found.

        Raises ChatUnavailable when the chat's database cannot be reached.
        """
        await self._prepare()
        question = question[:LONGEST_QUESTION].replace("\0", " ")
        embedding = await self._embedding(question)  # before the transaction: it may take seconds
        async with self._transactions.as_user(user_id or NO_USER) as transaction:
            if user_id is not None:
                await _refresh_memories(transaction, user_id)
            found = [await search_by_words(transaction, user_id, question)]
            if embedding is not None and self._embedder is not None:
                found.append(await _search_by_meaning(transaction, user_id, embedding, self._embedder.model))
        return limited(fuse(found), limit)

    async def _prepare(self) -> None:
        """Make sure that there are passages; embeddings may follow."""
        if self._is_fresh:
            return
        async with self._refreshing:
            if not self._is_fresh:
                await refresh_passages(self._transactions, await asyncio.to_thread(self._read))
                self._is_fresh = True
        if self._embedder is not None:
            self.start()

    async def _keep_fresh(self) -> None:
        while True:
            pause = RETRY_SECONDS
            try:
                await self.refresh()
                pause = REFRESH_SECONDS
            except SigmaSightError as error:
                logger.warning("the documents could not be refreshed: %s", error)
            except Exception:
                logger.exception("the documents could not be refreshed")
            await asyncio.sleep(pause)

    async def _embedding(self, question: str) -> list[float] | None:
        if self._embedder is None or not question.strip():
            return None
        try:
            return await self._embedder.embed_question(question)
        except EmbeddingsUnavailable as error:
            logger.warning("documents are searched by words alone: no embedding of the question (%s)", error)
            return None


async def search_by_words(
    transaction: Transaction,
    user_id: UUID | None,
    question: str,
    *,
    synonym_weight: float = SYNONYM_WEIGHT,
    keyword_weight: float = KEYWORD_WEIGHT,
) -> list[dict[str, Any]]:
    """Rank passages by BM25. Weights of 0 leave the glossary's synonyms and keywords out."""
    return await transaction.rows(
        statement("lexical"),
        question=question,
        user_id=user_id,
        ignored=IGNORED,
        k=SATURATION,
        b=LENGTH_NORMALIZATION,
        heading_weight=HEADING_WEIGHT,
        keyword_weight=keyword_weight,
        synonym_weight=synonym_weight,
        limit=CANDIDATES,
    )


def fuse(rankings: Sequence[Sequence[dict[str, Any]]]) -> list[Passage]:
    """Fuse rankings by reciprocal rank: the sum of 1 / (60 + rank) over the rankings that have a passage."""
    rows: dict[int, dict[str, Any]] = {}
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, 1):
            key = row["document_id"]
            rows[key] = row
            scores[key] = scores.get(key, 0.0) + 1 / (RANK_OFFSET + rank)
    return [
        Passage(rows[key]["source"], rows[key]["heading"], rows[key]["body"], score)
        for key, score in sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def limited(passages: Iterable[Passage], limit: int) -> list[Passage]:
    """The first `limit` passages, of which at most one is of the glossary."""
    kept: list[Passage] = []
    of_glossary = 0
    for passage in passages:
        of_glossary += passage.source == GLOSSARY_SOURCE
        if passage.source != GLOSSARY_SOURCE or of_glossary <= MOST_OF_THE_GLOSSARY:
            kept.append(passage)
    return kept[:limit]


async def _search_by_meaning(
    transaction: Transaction, user_id: UUID | None, embedding: list[float], model: str
) -> list[dict[str, Any]]:
    return await transaction.rows(
        statement("semantic"),
        user_id=user_id,
        embedding=as_text(embedding),
        model=model,
        dimensions=len(embedding),
        limit=CANDIDATES,
    )


async def _refresh_memories(transaction: Transaction, user_id: UUID) -> None:
    await transaction.run(statement("forget_memories"), user_id=user_id)
    await transaction.run(statement("add_memories"), user_id=user_id)
