"""The search finds what users ask for in their words, and nothing of another user."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
import yaml

from api.chat.documents.glossary import GLOSSARY
from api.chat.documents.passages import cut_markdown
from api.chat.documents.refresh import refresh
from api.chat.documents.search import DocumentSearch, Passage, fuse, limited, search_by_words
from api.chat.documents.sources import Source, read_sources
from api.chat.store.database import ChatStore
from warehouse.connections import Warehouse
from warehouse.settings import Settings

Result = TypeVar("Result")

QUESTIONS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("questions.yml").read_text("utf-8"))
CANARY = "xylophone4711"


def run(settings: Settings, work: Callable[[ChatStore], Awaitable[Result]]) -> Result:
    """Run the work with a store, in an event loop of its own."""

    async def in_store() -> Result:
        async with ChatStore(settings) as store:
            return await work(store)

    return asyncio.run(in_store())


@pytest.fixture(scope="module")
def documents(module_warehouse: Warehouse) -> Settings:
    """The settings of a chat's database that holds all documents."""
    run(module_warehouse.settings, lambda store: refresh(store.transactions))
    return module_warehouse.settings


def page(name: str, text: str, digest: str) -> Source:
    """A page as a source."""
    return Source(name, digest, lambda: cut_markdown(name, text))


async def search(
    store: ChatStore,
    question: str,
    user_id: UUID | None = None,
    read: Callable[[], list[Source]] = read_sources,
) -> list[Passage]:
    return await DocumentSearch(store.transactions, read=read).search(user_id, question)


def ranks(settings: Settings, half: str, **weights: float) -> list[int | None]:
    """The rank of the first right passage of each question, as the search returns them."""

    async def ranked(store: ChatStore) -> list[int | None]:
        found = []
        for question in QUESTIONS:
            if question["half"] == half:
                async with store.transactions.as_user(uuid4()) as transaction:
                    rows = await search_by_words(transaction, None, question["question"], **weights)
                found.append(_rank(question, limited(fuse([rows]), 10)))
        return found

    return run(settings, ranked)


def _rank(question: dict[str, Any], passages: list[Passage]) -> int | None:
    return next(
        (
            rank
            for rank, passage in enumerate(passages, 1)
            for gold in question["gold"]
            if passage.source == gold["source"] and gold["quote"] in passage.text
        ),
        None,
    )


def recall(found: list[int | None], most: int) -> float:
    """The share of questions with a right passage among the first `most`."""
    return sum(rank is not None and rank <= most for rank in found) / len(found)


def reciprocal(found: list[int | None]) -> float:
    """The mean reciprocal rank."""
    return sum(1 / rank for rank in found if rank) / len(found)


def test_every_question_names_passages_that_exist() -> None:
    passages = [passage for source in read_sources() for passage in source.cut()]
    for question in QUESTIONS:
        for gold in question["gold"]:
            found = [one for one in passages if one.source == gold["source"] and gold["quote"] in one.body]
            assert 1 <= len(found) <= 3, (question["question"], gold)


@pytest.mark.parametrize(
    ("half", "least", "least_reciprocal"), [("a", 0.9, 0.8), ("b", 0.9, 0.7), ("c", 0.7, 0.6)]
)
def test_the_right_passage_is_among_the_first_five(
    documents: Settings, half: str, least: float, least_reciprocal: float
) -> None:
    found = ranks(documents, half)
    without = ranks(documents, half, synonym_weight=0, keyword_weight=0)
    assert recall(found, 5) >= least
    assert reciprocal(found) >= least_reciprocal
    assert recall(found, 5) > recall(without, 5) + 0.25


def test_a_term_is_found_by_what_users_say_for_it(documents: Settings) -> None:
    found = run(documents, lambda store: search(store, "how much could I lose"))
    assert any("value at risk" in passage.text.lower() for passage in found[:3])
    assert [passage.score for passage in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize(
    "question", ["", " ", "?", "the of and", "\0", "' or 1=1 --", "a & b | !c:*", "💥", "x" * 9000]
)
def test_no_question_breaks_the_search(documents: Settings, question: str) -> None:
    assert isinstance(run(documents, lambda store: search(store, question)), list)


def test_pnl_is_found_in_its_usual_spelling(documents: Settings) -> None:
    found = run(documents, lambda store: search(store, "P&L"))
    assert any("pnl" in passage.text for passage in found)


def test_at_most_one_passage_of_the_glossary_is_returned(documents: Settings) -> None:
    found = run(documents, lambda store: search(store, "volatility, beta, correlation, leverage, theta"))
    assert len(found) == 5
    assert sum(passage.source == "glossary" for passage in found) <= 1


def test_memories_are_found_by_their_user_only_and_only_once_confirmed(documents: Settings) -> None:
    owner, other = uuid4(), uuid4()

    async def check(store: ChatStore) -> None:
        await store.memories.add(owner, f"I call my pension fund {CANARY}.")
        proposal = await store.memories.propose(owner, f"Unconfirmed {CANARY}.", "user", None, None)
        (mine,) = [one for one in await search(store, CANARY, owner) if CANARY in one.text]
        assert (mine.source, mine.text) == ("memory", f"I call my pension fund {CANARY}.")
        for stranger in (other, None):
            assert not [one for one in await search(store, CANARY, stranger) if CANARY in one.text]
        await store.memories.confirm(owner, proposal.memory_id)
        assert len([one for one in await search(store, CANARY, owner) if CANARY in one.text]) == 2

    run(documents, check)


def test_a_deleted_memory_leaves_no_passage_and_no_lexeme(documents: Settings) -> None:
    owner = uuid4()

    async def check(store: ChatStore) -> None:
        memory = await store.memories.add(owner, "Zeppelin quagmire")
        assert await search(store, "zeppelin", owner)
        await store.memories.delete(owner, memory.memory_id)
        async with store.transactions.as_operator() as transaction:
            assert not await transaction.rows("select from documents where body ilike '%%zeppelin%%'")
            assert not await transaction.rows("select from document_lexemes where lexeme like 'zeppelin%%'")

    run(documents, check)


def test_the_rows_of_another_user_are_behind_the_database_s_own_wall(documents: Settings) -> None:
    owner, other = uuid4(), uuid4()

    async def check(store: ChatStore) -> None:
        await store.memories.add(owner, "Wall of marmalade")
        await search(store, "marmalade", owner)
        for statement in (
            "select from documents where user_id = %(owner)s",
            "select from document_lexemes where user_id = %(owner)s",
        ):
            async with store.transactions.as_user(owner) as transaction:
                assert await transaction.rows(statement, owner=owner)
            async with store.transactions.as_user(other) as transaction:
                assert not await transaction.rows(statement, owner=owner)

    run(documents, check)


def test_a_refresh_replaces_what_changed_and_removes_what_is_gone(empty_warehouse: Warehouse) -> None:
    old = page("a.md", "# A\n\nThe aardvark eats.\n\n## Gone\n\nA gondola.", "1")
    kept = page("b.md", "# B\n\nThe badger digs.", "1")
    gone = page("c.md", "# C\n\nThe cormorant dives.", "1")
    new = page("a.md", "# A\n\nThe albatross flies.", "2")

    async def check(store: ChatStore) -> None:
        first = await refresh(store.transactions, sources=[old, kept, gone])
        assert (first.sources_changed, first.sources_removed, first.passages) == (3, 0, 4)
        again = await refresh(store.transactions, sources=[old, kept, gone])
        assert (again.sources_changed, again.sources_removed) == (0, 0)
        now = [new, kept]
        changed = await refresh(store.transactions, sources=now)
        assert (changed.sources_changed, changed.sources_removed, changed.passages) == (1, 1, 2)
        assert [one.text for one in await search(store, "albatross", read=lambda: now)] == [
            "The albatross flies."
        ]
        assert [one.text for one in await search(store, "badger", read=lambda: now)] == ["The badger digs."]
        for word in ("aardvark", "gondola", "cormorant"):
            assert await search(store, word, read=lambda: now) == []

    run(empty_warehouse.settings, check)


def test_the_first_search_brings_the_passages_up_to_date(empty_warehouse: Warehouse) -> None:
    reads: list[int] = []

    def read() -> list[Source]:
        reads.append(1)
        return [page("a.md", "# A\n\nThe albatross flies.", "1")]

    async def check(store: ChatStore) -> None:
        documents = DocumentSearch(store.transactions, read=read)
        both = await asyncio.gather(*(documents.search(None, "albatross") for _ in range(2)))
        assert [[one.text for one in found] for found in both] == [["The albatross flies."]] * 2
        assert len(reads) == 1

    run(empty_warehouse.settings, check)


def test_documents_are_refreshed_in_the_background_until_the_search_is_closed(
    empty_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REFRESH_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(f"api.chat.documents.search.{name}", 0.01)
    versions = iter(range(1_000_000))

    def read() -> list[Source]:
        version = next(versions)
        if version == 1:
            raise OSError("a document cannot be read")  # one failure ends nothing
        return [page("a.md", f"# A\n\nVersion albatross{version}.", str(version))]

    async def check(store: ChatStore) -> None:
        documents = DocumentSearch(store.transactions, read=read)
        documents.start()
        while next(versions) < 10:  # noqa: ASYNC110 - as long as it takes
            await asyncio.sleep(0.05)
        await documents.close()
        ended = next(versions)
        await asyncio.sleep(0.05)
        assert next(versions) == ended + 1

    run(empty_warehouse.settings, check)


def test_two_processes_that_refresh_at_once_write_every_passage_once(empty_warehouse: Warehouse) -> None:
    async def check(store: ChatStore) -> None:
        sources = [page(f"docs/{number}.md", f"# Page {number}\n\nText.", "1") for number in range(20)]
        both = await asyncio.gather(*(refresh(store.transactions, sources=sources) for _ in range(2)))
        assert sum(done.sources_changed for done in both) == 20
        assert [done.passages for done in both] == [20, 20]

    run(empty_warehouse.settings, check)


def test_a_refresh_that_is_cancelled_writes_nothing_and_logs_nothing(
    empty_warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """As when a command ends while the refresh that it began in the background still writes."""
    source = page("a.md", "\n\n".join(f"# A{place}\n\nText." for place in range(300)), "1")
    blocked = """
        insert into chat.documents (source, anchor, heading, body, sha256)
        values (%s, %s, 'A', 'Text.', '1')
    """
    waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    async def check(store: ChatStore) -> None:
        await store.open()
        with (
            psycopg.connect(empty_warehouse.ai_url) as other,
            psycopg.connect(empty_warehouse.ai_url, autocommit=True) as server,
        ):
            other.execute("set sigmasight.chat_operator = 'on'")
            other.execute(blocked, [source.name, source.cut()[0].anchor])
            task = asyncio.create_task(refresh(store.transactions, sources=[source]))
            while server.execute(waiting).fetchone() is None:  # noqa: ASYNC110 - as long as it takes
                await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            other.rollback()
        async with store.transactions.as_operator() as transaction:
            assert await transaction.rows("select source from documents") == []

    run(empty_warehouse.settings, check)
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


def test_a_changed_glossary_changes_the_digest_of_every_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = {source.name: source.sha256 for source in read_sources()}
    changed = tmp_path / "glossary.yml"
    changed.write_text(GLOSSARY.read_text("utf-8").replace("worst day", "worst week"))
    monkeypatch.setattr("api.chat.documents.sources.GLOSSARY", changed)
    after = {source.name: source.sha256 for source in read_sources()}
    assert not [name for name, digest in after.items() if before[name] == digest]


def test_missing_pages_are_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.chat.documents.sources.pages_folder", lambda: tmp_path)
    names = {source.name for source in read_sources()}
    assert "glossary" in names
    assert "README.md, docs/method.md" in caplog.text


def test_rankings_are_fused_by_reciprocal_rank() -> None:
    def row(key: int) -> dict[str, Any]:
        return {"document_id": key, "source": "s", "heading": "h", "body": str(key)}

    fused = fuse([[row(1), row(2), row(3)], [row(3), row(2)]])
    assert [passage.text for passage in fused] == ["3", "2", "1"]
    assert fused[0].score == pytest.approx(1 / 63 + 1 / 61)
    assert replace(fused[2], score=0) == Passage("s", "h", "1", 0)
