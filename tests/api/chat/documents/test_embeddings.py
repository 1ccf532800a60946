"""Passages are embedded through the real client, once each; a failing service never breaks the search."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from openai import AsyncOpenAI

from api.chat.documents import embeddings
from api.chat.documents.embeddings import Embedder, EmbeddingsUnavailable, make_embedder
from api.chat.documents.passages import cut_markdown
from api.chat.documents.refresh import refresh
from api.chat.documents.search import DocumentSearch
from api.chat.documents.sources import Source
from api.chat.store.database import ChatStore
from tests.api.chat.responses_server import ModelReply, ModelRequest, ModelServer, serving_model
from warehouse.connections import Warehouse
from warehouse.settings import Settings

MODEL = "test-embedding"
ANIMALS = ("aardvark", "badger", "cormorant", "dormouse", "egret")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A loopback server of the protocol; texts with common words have close vectors."""
    with serving_model() as state:
        yield state


def page(name: str, *texts: str, digest: str = "1") -> Source:
    """A page with one passage per text."""
    text = "\n\n".join(f"# Heading {number}\n\n{text}" for number, text in enumerate(texts, 1))
    return Source(name, digest, lambda: cut_markdown(name, text))


def run(
    warehouse: Warehouse,
    server: ModelServer,
    work: Callable[[ChatStore, Callable[..., Embedder]], Awaitable[None]],
) -> None:
    """Run the work with a store, and embedders of the real client without waits between its attempts."""

    async def in_store() -> None:
        async with (
            AsyncOpenAI(api_key="sk-test", base_url=server.url, max_retries=0) as client,
            ChatStore(warehouse.settings) as store,
        ):

            def make(model: str = MODEL, dimensions: int = 64) -> Embedder:
                return Embedder(client, model, dimensions)

            await work(store, make)

    asyncio.run(in_store())


def fail(server: ModelServer, monkeypatch: pytest.MonkeyPatch, *replies: ModelReply) -> None:
    """Answer the next requests for embeddings by these replies, and later ones as usual."""
    usual = server._embeddings
    pending = list(replies)
    monkeypatch.setattr(server, "_embeddings", lambda request: pending.pop(0) if pending else usual(request))


def searching(store: ChatStore, embedder: Embedder | None, *sources: Source) -> DocumentSearch:
    """A search of these documents."""
    return DocumentSearch(store.transactions, embedder, read=lambda: sources)


async def stored(store: ChatStore) -> list[dict[str, Any]]:
    async with store.transactions.as_operator() as transaction:
        return await transaction.rows(
            "select embedding_model as model, vector_dims(embedding) as dimensions from documents"
        )


def test_a_question_that_is_refused_takes_the_search_by_meaning_from_nobody_else(
    empty_warehouse: Warehouse, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(server, monkeypatch, ModelReply(status=400, body="{}"), ModelReply(status=413, body="{}"))

    async def check(_: ChatStore, make: Callable[..., Embedder]) -> None:
        embedder = make()
        for _number in range(2):
            with pytest.raises(EmbeddingsUnavailable):
                await embedder.embed_question("Too long for this model.")
        assert len(await embedder.embed_question("What is beta?")) == 64

    run(empty_warehouse, server, check)


@pytest.mark.parametrize(
    "vector", [[math.nan] * 64, [math.inf] * 64, [1e300] * 64, [None] * 64, ["0.1"] * 64, None, "!!!!", 5]
)
def test_what_is_no_vector_leaves_the_search_by_words(
    empty_warehouse: Warehouse, server: ModelServer, monkeypatch: pytest.MonkeyPatch, vector: Any
) -> None:
    # Silent failure prevented: every answer that searches the documents fails
    body = json.dumps({"object": "list", "data": [{"index": 0, "embedding": vector}]})
    fail(server, monkeypatch, *[ModelReply(body=text) for text in (body, "[]", "[" * 100_000)])

    async def check(_: ChatStore, make: Callable[..., Embedder]) -> None:
        for _number in range(3):
            with pytest.raises(EmbeddingsUnavailable):
                await make().embed_question("What is beta?")
        assert len(await make().embed_question("What is beta?")) == 64

    run(empty_warehouse, server, check)


def test_an_answer_that_arrives_slowly_ends_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Silent failure prevented: a question waits for as long as the service sends a byte now and then
    monkeypatch.setattr(embeddings, "QUESTION_SECONDS", 0.4)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(40):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.1)
        writer.close()

    async def ask() -> float:
        async with await asyncio.start_server(drip, "127.0.0.1", 0) as slow:
            url = f"http://127.0.0.1:{slow.sockets[0].getsockname()[1]}"
            async with AsyncOpenAI(api_key="sk-test", base_url=url, max_retries=0) as client:
                begun = monotonic()
                with pytest.raises(EmbeddingsUnavailable):
                    await Embedder(client, MODEL, 64).embed_question("What is beta?")
                return monotonic() - begun

    assert asyncio.run(ask()) < 2


def test_every_text_is_embedded_once_in_batches(empty_warehouse: Warehouse, server: ModelServer) -> None:
    texts = [f"Text number {number}." for number in range(150)]

    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        sources = [page("a.md", *texts), page("b.md", texts[0])]  # one text of b is in a as well
        first = await refresh(store.transactions, make(), sources)
        assert (first.passages, first.embedded, first.is_embedded) == (151, 150, True)
        assert len(server.embedded) == len(set(server.embedded)) == 150
        assert [len(request.body["input"]) for request in server.requests] == [64, 64, 22]
        assert server.requests[0].body["dimensions"] == 64
        again = await refresh(store.transactions, make(), sources)
        assert (again.embedded, len(server.requests)) == (0, 3)
        assert {(row["model"], row["dimensions"]) for row in await stored(store)} == {(MODEL, 64)}

    run(empty_warehouse, server, check)


def test_a_text_that_only_moved_is_not_embedded_again(
    empty_warehouse: Warehouse, server: ModelServer
) -> None:
    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        await refresh(store.transactions, make(), [page("a.md", "One.", "Two.")])
        server.embedded.clear()
        moved = page("renamed.md", "One.", "Two.")
        await refresh(store.transactions, make(), [moved])
        assert server.embedded == []
        await refresh(store.transactions, make(), [page("renamed.md", "One.", "Deux.", digest="2")])
        assert server.embedded == ["Heading 2\nDeux."]

    run(empty_warehouse, server, check)


def test_another_model_or_dimension_embeds_again(empty_warehouse: Warehouse, server: ModelServer) -> None:
    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        sources = [page("a.md", *ANIMALS)]
        for model, dimensions in ((MODEL, 64), (MODEL, 128), ("other", 128)):
            done = await refresh(store.transactions, make(model, dimensions), sources)
            assert (done.embedded, done.is_embedded) == (5, True)
            assert {(row["model"], row["dimensions"]) for row in await stored(store)} == {(model, dimensions)}
            found = await searching(store, make(model, dimensions), *sources).search(None, "badger")
            assert found[0].text == "badger"

    run(empty_warehouse, server, check)


def test_meaning_finds_what_words_do_not(empty_warehouse: Warehouse, server: ModelServer) -> None:
    # the server's vectors share pieces of words, which no lexeme does
    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        animals = page("a.md", *ANIMALS)
        await refresh(store.transactions, make(dimensions=256), [animals])
        by_words = await searching(store, None, animals).search(None, "cormorantlike")
        by_both = await searching(store, make(dimensions=256), animals).search(None, "cormorantlike")
        assert by_words == []
        assert by_both[0].text == "cormorant"

    run(empty_warehouse, server, check)


def test_embeddings_of_another_size_are_left_out_until_they_are_embedded_again(
    empty_warehouse: Warehouse, server: ModelServer
) -> None:
    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        animals = page("a.md", *ANIMALS)
        await refresh(store.transactions, make(dimensions=64), [animals])
        documents = searching(store, make(dimensions=128), animals)
        documents._is_fresh = True  # or it embeds again in the background, and may be done before the search
        found = await documents.search(None, "the badger")
        assert [passage.text for passage in found] == ["badger"]

    run(empty_warehouse, server, check)


REFUSALS = [
    ModelReply(status=500, body="{}"),
    ModelReply(status=401, body='{"error": {"message": "no"}}'),
    ModelReply(body="no json"),
    ModelReply(body='{"data": []}'),
    ModelReply(body=json.dumps({"object": "list", "model": "m", "data": [], "usage": {}})),
    ModelReply(
        body=json.dumps(
            {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [1.0, 2.0]}]}
        )
    ),
]


@pytest.mark.parametrize("reply", REFUSALS, ids=["500", "401", "text", "empty", "none", "short"])
def test_a_failing_service_leaves_the_search_by_words(
    empty_warehouse: Warehouse,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reply: ModelReply,
) -> None:
    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        animals = page("a.md", *ANIMALS)
        await refresh(store.transactions, make(), [animals])
        search = searching(store, make(), animals)
        await search.search(None, "")
        await search.close()
        fail(server, monkeypatch, reply)
        assert [passage.text for passage in await search.search(None, "my badger")] == ["badger"]
        assert "searched by words alone" in caplog.text
        requests = len(server.requests)
        assert await search.search(None, "egret")  # the service is left alone for a while
        assert len(server.requests) == requests

    run(empty_warehouse, server, check)


def test_a_failing_batch_is_logged_and_the_next_refresh_goes_on(
    empty_warehouse: Warehouse,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("api.chat.documents.embeddings.BATCH_RETRIES", 0)
    texts = [f"Text number {number}." for number in range(100)]
    sources = [page("a.md", *texts)]

    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        answers = iter([server._embeddings, lambda _: ModelReply(status=500, body="{}")])
        usual = server._embeddings

        def answer(request: ModelRequest) -> ModelReply:
            return next(answers, usual)(request)

        monkeypatch.setattr(server, "_embeddings", answer)
        first = await refresh(store.transactions, make(), sources)
        assert (first.embedded, first.is_embedded) == (64, False)
        assert "not embedded yet" in caplog.text
        second = await refresh(store.transactions, make(), sources)
        assert (second.embedded, second.is_embedded) == (36, True)

    run(empty_warehouse, server, check)


def test_a_batch_is_retried(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(server, monkeypatch, *[ModelReply(status=429, headers={"Retry-After": "0"}, body="{}")] * 2)

    async def embed() -> Sequence[Sequence[float]]:
        async with AsyncOpenAI(api_key="sk-test", base_url=server.url) as client:
            return await Embedder(client, MODEL, 32).embed_batch(["a", "b"])

    vectors = asyncio.run(embed())
    assert [len(vector) for vector in vectors] == [32, 32]
    assert len(server.requests) == 3


def test_a_service_that_is_not_there_is_reported_without_content() -> None:
    async def embed() -> None:
        async with AsyncOpenAI(api_key="sk-test", base_url="http://127.0.0.1:9/v1") as client:
            await Embedder(client, MODEL, 32).embed_question("a secret question")

    with pytest.raises(EmbeddingsUnavailable, match=r"^APIConnectionError$"):
        asyncio.run(embed())


def test_two_processes_embed_every_text_once(empty_warehouse: Warehouse, server: ModelServer) -> None:
    sources = [page("a.md", *(f"Text number {number}." for number in range(200)))]

    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        await refresh(store.transactions, sources=sources)
        await asyncio.gather(*(refresh(store.transactions, make(), sources) for _ in range(3)))
        assert len(server.embedded) == len(set(server.embedded)) == 200

    run(empty_warehouse, server, check)


def test_a_memory_is_embedded_and_found_by_its_user_only(
    empty_warehouse: Warehouse, server: ModelServer
) -> None:
    owner = uuid4()

    async def check(store: ChatStore, make: Callable[..., Embedder]) -> None:
        await store.memories.add(owner, "Pelican fund")
        search = searching(store, make(dimensions=256))
        await search.search(owner, "anything")
        await search.close()
        assert (await refresh(store.transactions, make(dimensions=256), [])).embedded == 1
        assert [one.text for one in await search.search(owner, "pelicanlike")] == ["Pelican fund"]
        for stranger in (uuid4(), None):
            assert await search.search(stranger, "pelicanlike pelican") == []

    run(empty_warehouse, server, check)


def test_the_settings_choose_the_model_or_none() -> None:
    client = AsyncOpenAI(api_key="sk-test")
    made = make_embedder(Settings(embedding_model="m", embedding_dimensions=99), client)
    assert made is not None
    assert (made.model, made.dimensions) == ("m", 99)
    assert make_embedder(Settings(embedding_model="none"), client) is None
    assert make_embedder(Settings(), None) is None
