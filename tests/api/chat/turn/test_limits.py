"""What is refused before the stream begins, as a problem with a sentence."""

import threading
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.chat.turn.limits import begin_of_day
from tests.api.api_helpers import assert_problem, log_in_demo
from tests.api.chat.chat_settings import chat_settings
from tests.api.chat.responses_server import ModelServer, Script
from tests.api.chat.turn.chat_client import Asking, parse_stream
from tests.api.chat.turn.conftest import OTHER, USER, MakeChat
from warehouse.connections import Warehouse
from warehouse.urls import make_url, url_parts

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "x" * 4001, None, 7])
def test_the_text_has_1_to_4000_characters(chat: Asking, text: Any) -> None:
    body = assert_problem(chat.post(chat.begin(), text), 422, "invalid_request")
    assert body["errors"][0]["parameter"] == "text"


def test_4000_characters_are_asked(chat: Asking) -> None:
    chat.ask(Script().says("Long."), "ü" * 4000)


@pytest.mark.parametrize(
    "fields",
    [
        {"ui_context": {"portfolio_id": "mine"}},
        {"portfolio_ids": [ABSENT] * 101},
        {"page_hint": "x" * 201},
        {"selection": "x" * 2001},
    ],
)
def test_the_context_is_validated(chat: Asking, fields: dict[str, Any]) -> None:
    assert_problem(chat.post(chat.begin(), **fields), 422, "invalid_request")


@pytest.mark.parametrize("fields", [{"portfolio_ids": [ABSENT]}, {"ui_context": {"portfolio_id": ABSENT}}])
def test_a_portfolio_that_is_not_the_users_is_not_found(chat: Asking, fields: dict[str, Any]) -> None:
    conversation = chat.begin()
    assert_problem(chat.post(conversation, **fields), 404, "portfolio_not_found")
    assert chat.record(conversation) == []


def test_a_conversation_that_is_not_the_users_is_not_found(chat: Asking) -> None:
    other = log_in_demo(chat.client, OTHER)
    conversation = chat.begin()
    body = {"conversation_id": conversation, "text": "Whose?"}
    response = chat.client.post("/api/v1/chat/send", json=body, headers=other.headers)
    foreign = assert_problem(response, 404, "conversation_not_found")
    absent = assert_problem(chat.post(ABSENT), 404, "conversation_not_found")
    assert foreign["detail"] == absent["detail"]


def test_without_a_login_nothing_is_asked(chat: Asking) -> None:
    response = chat.client.post("/api/v1/chat/send", json={"conversation_id": ABSENT, "text": "Hello"})
    assert_problem(response, 401, "not_authenticated")


def test_without_a_key_the_sentence_says_what_to_set(demo: Warehouse, model: ModelServer) -> None:
    settings = chat_settings(demo, model, openai_api_key=None)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        person = log_in_demo(client, USER)
        body = {"conversation_id": ABSENT, "text": "Hello"}
        response = client.post("/api/v1/chat/send", json=body, headers=person.headers)
        problem = assert_problem(response, 503, "chat_unavailable")
        assert "OPENAI_API_KEY" in problem["detail"]
        assert "OPENAI_BASE_URL" in problem["detail"]
        assert person.get("data/portfolios").status_code == 200


def test_messages_per_minute(make_chat: MakeChat) -> None:
    chat = make_chat(chat_requests_per_minute=2)
    conversation = chat.begin()
    for _ in range(2):
        chat.ask(Script().says("Yes."), conversation=conversation)
    response = chat.post(conversation)
    problem = assert_problem(response, 429, "chat_limit_reached")
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert problem["retry_after"] == int(response.headers["retry-after"])
    assert len(chat.record(conversation)) == 4


def _tokens_so_far(demo: Warehouse, email: str) -> int:
    """What other tests have used: the record of a day is shared by all of them."""
    with demo.connect_writer() as connection:
        found = connection.execute("select user_id from ops.users where email = %s", [email]).fetchone()
    database = {**url_parts(demo.admin_url), "dbname": url_parts(demo.ai_url)["dbname"]}
    with psycopg.connect(make_url(database)) as connection:
        used = connection.execute(
            "select coalesce(sum(tokens), 0)::int from chat.usage where user_id = %s and ended_at >= %s",
            [*(found or ()), begin_of_day()],
        )
        return int((used.fetchone() or (0,))[0])


def test_tokens_per_day(make_chat: MakeChat, demo: Warehouse) -> None:
    make_chat(email=OTHER).begin()  # creates the chat's database
    chat = make_chat(email=OTHER, chat_tokens_per_day=_tokens_so_far(demo, OTHER) + 150)
    conversation = chat.begin()
    chat.ask(Script().says("Yes."), conversation=conversation)
    chat.ask(Script().says("Yes."), conversation=conversation)
    response = chat.post(conversation)
    problem = assert_problem(response, 429, "chat_limit_reached")
    assert "tokens of today" in problem["detail"]
    assert 0 < int(response.headers["retry-after"]) <= 86_400


def test_two_questions_at_once_in_a_conversation(chat: Asking) -> None:
    conversation = chat.begin()
    chat.model.script(Script().says("Slow.", delays={3: 1.0}).says("Fast."))
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(chat.post(conversation)))
    first.start()
    _wait_for_requests(chat.model, 1)
    assert_problem(chat.post(conversation), 409, "conversation_busy")
    first.join()
    parse_stream(answers[0].text)
    assert len(chat.record(conversation)) == 2


def test_answers_at_the_same_time_per_user(make_chat: MakeChat) -> None:
    chat = make_chat(chat_streams_per_user=1, chat_streams=5)
    _check_one_more_is_refused(chat, "of your questions")


def test_answers_at_the_same_time_per_process(make_chat: MakeChat) -> None:
    chat = make_chat(chat_streams_per_user=5, chat_streams=1)
    _check_one_more_is_refused(chat, "as many questions as it can")


def _check_one_more_is_refused(chat: Asking, sentence: str) -> None:
    chat.model.script(Script().says("Slow.", delays={3: 1.0}).says("After."))
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(chat.post(chat.begin())))
    first.start()
    _wait_for_requests(chat.model, 1)
    response = chat.post(chat.begin())
    problem = assert_problem(response, 429, "chat_limit_reached")
    assert sentence in problem["detail"]
    assert response.headers["retry-after"] == "10"
    first.join()
    parse_stream(answers[0].text)
    assert parse_stream(chat.post(chat.begin()).text).done["final_text"] == "After."


def _wait_for_requests(model: ModelServer, number: int) -> None:
    ready = threading.Event()
    for _ in range(2000):
        if len(model.requests) >= number:
            return
        ready.wait(0.02)
    raise AssertionError("the model was not asked")
