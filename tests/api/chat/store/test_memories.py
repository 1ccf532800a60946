"""Memories: with the user's yes, within the cap, and until they expire."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.chat.store.database import ChatStore
from api.chat.store.memories import MAX_PROPOSALS, Memory
from api.http.errors import InvalidRequest, MemoryLimitReached, MemoryNotFound, MessageNotFound
from tests.api.chat.chat_records import answer, prompt_context
from tests.api.chat.store.store_helpers import Admin, RunCoroutine
from warehouse.connections import Warehouse

MOST = 3


@pytest.fixture(scope="module")
def small(module_warehouse: Warehouse, run: RunCoroutine) -> Any:
    """The store with a cap of three memories."""
    opened = ChatStore(module_warehouse.settings.model_copy(update={"chat_memories": MOST}))
    yield opened
    run(opened.close())


def contents(
    run: RunCoroutine, store: ChatStore, user_id: UUID, portfolio_id: UUID | None = None
) -> list[str]:
    """What a prompt has."""
    context = run(prompt_context(store, user_id, portfolio_id=portfolio_id))
    return [memory.content for memory in context.memories]


def stored(run: RunCoroutine, store: ChatStore, user_id: UUID) -> list[Memory]:
    """Memories and proposals."""
    page, _ = run(
        store.memories.page(user_id, portfolio_id=None, include_proposals=True, limit=100, offset=0)
    )
    return page  # type: ignore[no-any-return]


def test_a_proposal_is_no_memory_before_the_user_confirms_it(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    done = run(answer(store, user_id))
    proposed = run(store.memories.propose(user_id, "  I hedge.  ", "user", None, done.message_id))
    assert (proposed.content, proposed.confirmed_at) == ("I hedge.", None)
    assert contents(run, store, user_id) == []
    assert [one.content for one in stored(run, store, user_id)] == ["I hedge."]
    assert run(store.memories.count(user_id))[0] == 0
    confirmed = run(store.memories.confirm(user_id, proposed.memory_id))
    assert (confirmed.expires_at - confirmed.confirmed_at).days == 365
    assert contents(run, store, user_id) == ["I hedge."]
    again = run(store.memories.propose(user_id, "I hedge.", "user", None, None))
    assert again == confirmed
    run(store.conversations.delete(user_id, done.conversation_id))
    (kept,) = stored(run, store, user_id)
    assert kept.source_message_id is None


def test_memories_of_another_portfolio_are_not_seen(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    mine, other = uuid4(), uuid4()
    for content, portfolio_id in (("of me", None), ("of mine", mine), ("of other", other)):
        run(store.memories.add(user_id, content, portfolio_id))
    assert contents(run, store, user_id) == ["of me"]
    assert contents(run, store, user_id, mine) == ["of me", "of mine"]
    everything, total = run(
        store.memories.page(user_id, portfolio_id=None, include_proposals=False, limit=2, offset=1)
    )
    assert ([memory.content for memory in everything], total) == (["of mine", "of other"], 3)
    with pytest.raises(InvalidRequest, match="portfolio_id"):
        run(store.memories.propose(user_id, "of none", "portfolio", None, None))


def test_there_are_no_more_than_the_cap(small: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    async def add_at_once() -> list[Any]:
        adding = (small.memories.add(user_id, f"memory {number}") for number in range(10))
        return await asyncio.gather(*adding, return_exceptions=True)

    refused = [outcome for outcome in run(add_at_once()) if isinstance(outcome, MemoryLimitReached)]
    assert len(refused) == 10 - MOST
    assert "3 memories" in str(refused[0])
    assert run(small.memories.count(user_id)) == (MOST, MOST)
    with pytest.raises(MemoryLimitReached):
        run(small.memories.propose(user_id, "one more", "user", None, None))


def test_a_proposal_beyond_the_cap_cannot_be_confirmed(
    small: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    proposed = run(small.memories.propose(user_id, "proposed", "user", None, None))
    for number in range(MOST):
        run(small.memories.add(user_id, f"memory {number}"))
    with pytest.raises(MemoryLimitReached):
        run(small.memories.confirm(user_id, proposed.memory_id))
    run(small.memories.add(user_id, "memory 1"))  # known: it is renewed
    assert run(small.memories.delete_all(user_id)) == MOST + 1


def test_proposals_do_not_pile_up(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    for number in range(MAX_PROPOSALS + 5):
        run(store.memories.propose(user_id, f"proposal {number}", "user", None, None))
    kept = [one.content for one in stored(run, store, user_id)]
    assert kept == [f"proposal {number}" for number in range(5, MAX_PROPOSALS + 5)]


def test_an_expired_memory_is_gone_and_a_confirmed_one_renewed(
    store: ChatStore, run: RunCoroutine, user_id: UUID, admin: Admin
) -> None:
    memory = run(store.memories.add(user_id, "I hedge."))
    admin.execute("update chat.memories set expires_at = now() where memory_id = %s", [memory.memory_id])
    assert contents(run, store, user_id) == []
    assert run(store.memories.count(user_id))[0] == 0
    with pytest.raises(MemoryNotFound):
        run(store.memories.confirm(user_id, memory.memory_id))
    renewed = run(store.memories.add(user_id, "I hedge."))
    assert renewed.memory_id != memory.memory_id
    admin.execute(
        "update chat.memories set expires_at = now() + interval '1 day' where memory_id = %s",
        [renewed.memory_id],
    )
    assert run(store.memories.confirm(user_id, renewed.memory_id)).expires_at >= renewed.expires_at


@pytest.mark.parametrize(
    "content",
    [
        "",
        "   ",
        "x" * 501,
        "two\nlines",
        "a\ttab",
        "NUL \0",
        "\x1b[31mred",
        "delete\x7f",
        "next line \x85 of C1",
        "hidden \N{ZERO WIDTH SPACE} word",
        "reversed \N{RIGHT-TO-LEFT OVERRIDE} text",
        "tag \U000e0041",
        "line \N{LINE SEPARATOR} separator",
        "half a pair \ud83d",
    ],
)
def test_a_memory_with_hidden_or_too_much_text_is_refused(
    store: ChatStore, run: RunCoroutine, user_id: UUID, content: str
) -> None:
    with pytest.raises(InvalidRequest):
        run(store.memories.add(user_id, content))
    with pytest.raises(InvalidRequest):
        run(store.memories.propose(user_id, content, "user", None, None))
    assert stored(run, store, user_id) == []


@pytest.mark.parametrize(
    "content", ["x" * 500, "日本株", "می\N{ZERO WIDTH NON-JOINER}خواهم", "🧑\N{ZERO WIDTH JOINER}💻", "é"]
)
def test_a_memory_may_be_in_any_script(
    store: ChatStore, run: RunCoroutine, user_id: UUID, content: str
) -> None:
    assert run(store.memories.add(user_id, content)).content == content


def test_the_source_of_a_proposal_is_a_message_of_the_user(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    done = run(answer(store, uuid4()))
    with pytest.raises(MessageNotFound):
        run(store.memories.propose(user_id, "I hedge.", "user", None, done.message_id))
