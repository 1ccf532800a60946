"""Briefings: stored with the answer that wrote them, listed, marked, rated and deleted with it."""

from uuid import UUID, uuid4

import pytest

from api.chat.store.database import ChatStore
from api.chat.store.insights import Insight
from api.http.errors import InsightNotFound, MessageNotFound
from tests.api.chat.chat_records import answer, insight
from tests.api.chat.store.store_helpers import RunCoroutine


def written(run: RunCoroutine, store: ChatStore, user_id: UUID, portfolio_id: UUID, **values: str) -> Insight:
    done = run(answer(store, user_id))
    stored: Insight = run(store.insights.add(user_id, insight(portfolio_id, done.message_id, **values)))
    return stored


def test_a_briefing_has_the_queries_and_figures_of_its_answer(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    stored = written(run, store, user_id, uuid4())
    assert (stored.title, stored.key_findings) == ("A calm day", ["It is 1.5."])
    assert [figure.text for figure in stored.figures] == ["1.5"]
    assert [query.query_id for query in stored.queries] == [stored.figures[0].query_id]
    assert run(store.insights.get(user_id, stored.insight_id)) == stored


def test_the_latest_briefing_of_the_same_request_is_found(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    portfolio_id = uuid4()
    written(run, store, user_id, portfolio_id)
    latest = written(run, store, user_id, portfolio_id)
    question = written(run, store, user_id, portfolio_id, insight_type="custom", user_question="Why?")
    assert run(store.insights.latest(user_id, portfolio_id, "daily_summary")) == latest
    assert run(store.insights.latest(user_id, portfolio_id, "custom", None, "Why?")) == question
    assert run(store.insights.latest(user_id, portfolio_id, "custom", None, "How?")) is None
    assert run(store.insights.latest(user_id, uuid4(), "daily_summary")) is None


def test_briefings_are_listed_newest_first_without_dismissed_ones(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    portfolio_id = uuid4()
    first, second, third = (written(run, store, user_id, portfolio_id) for _ in range(3))
    run(store.insights.update(user_id, second.insight_id, dismissed=True))

    def ids(**options: object) -> list[UUID]:
        listed, total = run(store.insights.list(user_id, portfolio_id, 10, 0, **options))
        assert total == len(listed)
        return [found.insight_id for found in listed]

    assert ids() == [third.insight_id, first.insight_id]
    assert ids(include_dismissed=True) == [third.insight_id, second.insight_id, first.insight_id]
    assert ids(insight_type="risk") == []


def test_a_briefing_is_marked_and_rated(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    stored = written(run, store, user_id, uuid4())
    viewed = run(store.insights.update(user_id, stored.insight_id, viewed=True))
    again = run(store.insights.update(user_id, stored.insight_id, viewed=True, dismissed=True))
    assert again.viewed_at == viewed.viewed_at is not None
    assert again.dismissed_at is not None
    taken_back = run(store.insights.update(user_id, stored.insight_id, dismissed=False))
    assert (taken_back.viewed_at, taken_back.dismissed_at) == (viewed.viewed_at, None)
    rated = run(store.insights.rate(user_id, stored.insight_id, 4, "Helpful."))
    assert (rated.rating, rated.comment) == (4, "Helpful.")


def test_a_briefing_and_its_conversation_are_deleted_together(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    stored, other = (written(run, store, user_id, uuid4()) for _ in range(2))
    run(store.insights.delete(user_id, stored.insight_id))
    with pytest.raises(InsightNotFound):
        run(store.insights.get(user_id, stored.insight_id))
    with pytest.raises(MessageNotFound):
        run(store.messages.get(user_id, stored.message_id))
    conversation_id = run(store.messages.get(user_id, other.message_id)).conversation_id
    run(store.conversations.delete(user_id, conversation_id))
    with pytest.raises(InsightNotFound):
        run(store.insights.get(user_id, other.insight_id))


def test_only_a_finished_answer_has_a_briefing(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    conversation = run(store.conversations.create(user_id, "blue", kind="insight"))
    begun = run(store.messages.begin_run(user_id, conversation.conversation_id, "Brief me", "blue"))
    for message_id in (begun.assistant_message_id, begun.user_message_id):
        with pytest.raises(MessageNotFound):
            run(store.insights.add(user_id, insight(uuid4(), message_id)))
    assert run(store.conversations.list(user_id, 10, 0)) == []
