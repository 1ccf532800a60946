"""Answers without a stream, as briefings use them: the same limits, tools, checks and record."""

from functools import partial
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import FastAPI

from api.auth.users import User
from api.chat.turn.turn import Answer, Chat
from api.http.errors import AnswerFailed, ConversationNotFound, PortfolioNotFound
from tests.api.chat.responses_server import Script
from tests.api.chat.turn.chat_client import Asking
from tests.api.chat.turn.conftest import USER

COUNT = {"statement": "select count(*) as portfolios from dim_portfolios", "purpose": "How many"}


def ask(chat: Asking, question: str, **fields: Any) -> Answer:
    """Call Chat.answer in the app's loop."""
    services = cast(FastAPI, chat.client.app).state.services
    portal = chat.client.portal
    assert portal is not None
    user: User | None = portal.call(services.users.by_email, USER)
    assert user is not None
    service: Chat = services.chat
    conversation_id = fields.pop("conversation_id", None) or UUID(chat.begin())
    return portal.call(
        partial(service.answer, user, question=question, conversation_id=conversation_id, **fields)
    )


def test_an_answer_has_its_figures_and_queries(chat: Asking) -> None:
    script = chat.model.script(Script().calls("sql", COUNT).says("Portfolios: 1.0 of yours."))
    answer = ask(chat, "How many?")
    script.finish()
    assert (answer.text, answer.unverified, answer.model) == ("Portfolios: 1.0 of yours.", 0, "first")
    assert [query.row_count for query in answer.queries] == [1]
    assert [figure.column for figure in answer.figures] == ["portfolios"]


def test_what_stays_unverified_is_marked(chat: Asking) -> None:
    said = "The share is 88.8 %."
    script = chat.model.script(Script().calls("sql", COUNT).says(said).says(said))
    answer = ask(chat, "How much?", instructions="Write a briefing.")
    script.finish()
    assert answer.text == "The share is 88.8 % [not verified]."
    assert answer.unverified == 1
    assert answer.queries[0].statement.startswith("select count(*)")
    assert chat.model.requests[0].body["instructions"].endswith("Write a briefing.")
    record = chat.record(str(answer.run.conversation_id))[-1]
    assert (record["status"], record["content"]) == ("done", answer.text)
    assert (answer.input_tokens, answer.output_tokens) == (300, 60)


def test_a_failure_is_a_problem(chat: Asking) -> None:
    chat.model.script(Script().fails(401))
    with pytest.raises(AnswerFailed, match="OPENAI_API_KEY") as raised:
        ask(chat, "How many?")
    assert "VENDOR-SECRET" not in raised.value.detail


def test_a_record_of_calls_over_mcp_is_no_conversation_to_ask_in(chat: Asking) -> None:
    # Silent failure prevented: figures are looked up in a thousand results, which cost no tokens
    app, portal = cast(FastAPI, chat.client.app), chat.client.portal
    assert portal is not None
    user: User | None = portal.call(app.state.services.users.by_email, USER)
    assert user is not None
    create = partial(app.state.services.store.conversations.create, user.user_id, "blue", kind="mcp")
    with pytest.raises(ConversationNotFound):
        ask(chat, "How many?", conversation_id=portal.call(create).conversation_id)


def test_what_is_not_the_users_is_not_found(chat: Asking) -> None:
    absent = UUID("00000000-0000-4000-8000-000000000000")
    with pytest.raises(ConversationNotFound):
        ask(chat, "How many?", conversation_id=absent)
    with pytest.raises(PortfolioNotFound):
        ask(chat, "How many?", portfolio_id=absent)
