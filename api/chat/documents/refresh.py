"""Keep the searched passages equal to the documents, and embed what is not embedded yet."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from api.chat.documents.embeddings import BATCH, Embedder, EmbeddingsUnavailable, as_text
from api.chat.documents.glossary import GLOSSARY, Term, read_glossary
from api.chat.documents.passages import Passage
from api.chat.documents.queries import statement
from api.chat.documents.sources import GLOSSARY_SOURCE, Source, read_sources
from api.chat.store.transactions import Transaction, Transactions

REFRESH_LOCK = 0x51_67_6D_44_6F_63_73

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did. embedded: texts sent to the embeddings service. is_embedded: none is left."""

    sources_changed: int
    sources_removed: int
    passages: int
    embedded: int
    is_embedded: bool


@dataclass(frozen=True)
class _CutSource:
    source: Source
    passages: tuple[Passage, ...]
    keywords: Mapping[str, str]


async def refresh(
    transactions: Transactions, embedder: Embedder | None = None, sources: Sequence[Source] | None = None
) -> Refreshed:
    """Bring the passages up to date, then embed what has no embedding.

    sources: default those of this installation. A failure of the embeddings service is logged, and the next
    refresh goes on. Raises ChatUnavailable.
    """
    changed, removed = await refresh_passages(transactions, sources)
    embedded, is_embedded = await embed_passages(transactions, embedder) if embedder else (0, False)
    async with transactions.as_operator() as transaction:
        counted = await transaction.row("select count(*) as passages from documents where user_id is null")
    passages = 0 if counted is None else counted["passages"]
    logger.info(
        "documents: %s passages, %s documents changed, %s removed, %s texts embedded",
        *(passages, changed, removed, embedded),
    )
    return Refreshed(changed, removed, passages, embedded, is_embedded)


async def refresh_passages(
    transactions: Transactions, sources: Sequence[Source] | None = None
) -> tuple[int, int]:
    """Cut changed documents again and remove those that are gone; how many of each.

    All in one transaction, and one process at a time. Raises ChatUnavailable.
    """
    known = await asyncio.to_thread(read_sources) if sources is None else sources
    return await _replace(transactions, known)


async def _replace(transactions: Transactions, sources: Sequence[Source]) -> tuple[int, int]:
    cut = await asyncio.to_thread(_cut, sources, await _known_digests(transactions))
    async with transactions.as_operator() as transaction:
        await transaction.run("select pg_advisory_xact_lock(%(lock)s)", lock=REFRESH_LOCK)
        changed = [part for part in cut if await _is_changed(transaction, part.source)]
        embeddings = await _embeddings_of(transaction, changed)
        removed = await _remove_gone(transaction, [source.name for source in sources])
        for part in changed:
            await _replace_source(transaction, part, embeddings)
        if any(part.source.name == GLOSSARY_SOURCE for part in changed):
            await _replace_synonyms(transaction, read_glossary(GLOSSARY.read_text("utf-8")))
    return len(changed), removed


async def _known_digests(transactions: Transactions) -> dict[str, str]:
    async with transactions.as_operator() as transaction:
        rows = await transaction.rows("select source, sha256 from document_sources")
    return {row["source"]: row["sha256"] for row in rows}


def _cut(sources: Sequence[Source], known: Mapping[str, str]) -> list[_CutSource]:
    """Cut the changed sources. If any changed, the glossary's references are looked up in all of them."""
    changed = [source for source in sources if known.get(source.name) != source.sha256]
    terms = read_glossary(GLOSSARY.read_text("utf-8")) if changed else ()
    return [_cut_one(source, terms) for source in changed]


def _cut_one(source: Source, terms: Iterable[Term]) -> _CutSource:
    passages = source.cut()
    keywords: dict[str, list[str]] = {}
    for term in terms:
        for passage in term.is_defined_in(passages):
            keywords.setdefault(passage.anchor, []).append(term.keywords)
    return _CutSource(
        source, tuple(passages), {anchor: "\n".join(words) for anchor, words in keywords.items()}
    )


async def _is_changed(transaction: Transaction, source: Source) -> bool:
    """Whether it still differs: another process may have replaced it."""
    row = await transaction.row(
        "select sha256 from document_sources where source = %(source)s", source=source.name
    )
    return row is None or row["sha256"] != source.sha256


async def _remove_gone(transaction: Transaction, names: list[str]) -> int:
    await transaction.run(
        "delete from documents where user_id is null and source <> all(%(names)s)", names=names
    )
    return await transaction.run("delete from document_sources where source <> all(%(names)s)", names=names)


async def _embeddings_of(transaction: Transaction, parts: Sequence[_CutSource]) -> dict[str, tuple[str, str]]:
    """The embeddings of texts that are known, by digest: a text that only moved is not embedded again."""
    digests = [passage.sha256 for part in parts for passage in part.passages]
    rows = await transaction.rows(statement("known_embeddings"), digests=digests)
    return {row["sha256"]: (row["embedding"], row["embedding_model"]) for row in rows}


async def _replace_source(
    transaction: Transaction, part: _CutSource, embeddings: Mapping[str, tuple[str, str]]
) -> None:
    source = part.source
    await transaction.run(
        "delete from documents where user_id is null and source = %(source)s", source=source.name
    )
    rows = []
    for passage in part.passages:
        embedding, model = embeddings.get(passage.sha256, (None, None))
        rows.append(
            {
                "source": passage.source,
                "anchor": passage.anchor,
                "heading": passage.heading,
                "body": passage.body,
                "keywords": part.keywords.get(passage.anchor, ""),
                "sha256": passage.sha256,
                "embedding": embedding,
                "embedding_model": model,
            }
        )
    await transaction.run_many(statement("add_passages"), rows)
    await transaction.run(statement("record_source"), source=source.name, sha256=source.sha256)


async def _replace_synonyms(transaction: Transaction, terms: Iterable[Term]) -> None:
    await transaction.run("delete from document_synonyms")
    rows = [
        {"synonym": synonym, "words": " ".join((term.term, *term.also))}
        for term in terms
        for synonym in (term.term, *term.synonyms)
    ]
    await transaction.run_many(statement("add_synonyms"), rows)


async def embed_passages(transactions: Transactions, embedder: Embedder) -> tuple[int, bool]:
    """Embed all passages that lack an embedding of this model and size, in batches.

    No connection is held while the service works. Returns the number of texts, and whether none is left.
    Raises ChatUnavailable.
    """
    embedded = 0
    settings = {"model": embedder.model, "dimensions": embedder.dimensions}
    while True:
        async with transactions.as_operator() as transaction:
            batch = await transaction.rows(statement("claim_passages"), limit=BATCH, **settings)
        if not batch:
            return embedded, True
        digests = [row["sha256"] for row in batch]
        try:
            vectors = await embedder.embed_batch([f"{row['heading']}\n{row['body']}" for row in batch])
        except EmbeddingsUnavailable as error:
            logger.warning("passages are not embedded yet (%s): the next refresh goes on", error)
            async with transactions.as_operator() as transaction:
                await transaction.run(statement("release_passages"), digests=digests)
            return embedded, False
        rows = [
            {"sha256": digest, "embedding": as_text(vector)}
            for digest, vector in zip(digests, vectors, strict=True)
        ]
        async with transactions.as_operator() as transaction:
            await transaction.run_many(statement("store_embeddings"), rows, **settings)
        embedded += len(batch)
        logger.info("documents: %s texts embedded so far", embedded)
