"""Fifty questions in the same instant: those without a connection wait their turn, and all are answered."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.api.chat.responses_server import Script
from tests.api.chat.turn.chat_client import Asking, parse_stream
from tests.api.chat.turn.conftest import MakeChat
from tests.api.chat.turn.test_metrics import value_of
from warehouse.connections import Warehouse

QUESTIONS = 50
# Connecting may take as long as a pool waits, on a busy machine.
STORE_WAIT, STORE_BUSY = timedelta(seconds=4), timedelta(seconds=4.5)
MARTS_WAIT, MARTS_BUSY = timedelta(seconds=0.5), timedelta(seconds=0.8)  # a statement waits one for a lock
COUNT = {"statement": "select count(*) as portfolios from dim_portfolios", "purpose": "How many?"}


@pytest.fixture(scope="module")
def busy_store(make_chat: MakeChat) -> Iterator[Asking]:
    """A chat for many questions of a user, whose store's pool waits less than the store is busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.chat.store.transactions.POOL_WAIT", STORE_WAIT)
        yield make_chat(chat_streams=QUESTIONS, chat_streams_per_user=QUESTIONS)


@pytest.fixture(scope="module")
def busy_marts(make_chat: MakeChat) -> Iterator[Asking]:
    """A chat for many questions of a user, whose pool for statements waits less than the marts are busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.chat.sql.pool.POOL_WAIT", MARTS_WAIT)
        yield make_chat(chat_streams=QUESTIONS, chat_streams_per_user=QUESTIONS)


@contextmanager
def locked(url: str, table: str, busy: timedelta) -> Iterator[None]:
    """Nobody reads the table for a while after the context has begun."""
    ready = threading.Event()

    def hold() -> None:
        with psycopg.connect(url) as connection:
            connection.execute(f"lock table {table} in access exclusive mode".encode())
            ready.set()
            time.sleep(busy.total_seconds())

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(10)
    yield
    thread.join()


def ask_at_once(chat: Asking, conversations: list[str]) -> list[Any]:
    with ThreadPoolExecutor(len(conversations)) as pool:
        return list(pool.map(chat.post, conversations))


def test_questions_wait_for_the_chats_database(demo: Warehouse, busy_store: Asking) -> None:
    conversations = [busy_store.begin() for _ in range(QUESTIONS)]
    busy_store.model.script(Script().says("Yes.").forever())
    with locked(demo.ai_url, "chat.conversations", STORE_BUSY):
        responses = ask_at_once(busy_store, conversations)
    assert [response.text for response in responses if response.status_code != 200] == []
    for response in responses:
        assert parse_stream(response.text).done["final_text"] == "Yes."
    metrics = busy_store.client.get("/metrics").text
    assert value_of(metrics, "sigmasight_database_pool_size", pool="chat_store") > 1
    assert value_of(metrics, "sigmasight_database_requests_waiting", pool="chat_store") == 0


def test_tools_wait_for_the_marts(demo: Warehouse, busy_marts: Asking) -> None:
    conversations = [busy_marts.begin() for _ in range(QUESTIONS)]
    busy_marts.model.answer = lambda request: (
        Script().says("One.") if request.tool_outputs else Script().calls("sql", COUNT)
    )(request)
    ask_at_once(busy_marts, conversations[:10])  # all connections are open
    with locked(demo.admin_url, "marts.fct_publications", MARTS_BUSY):
        responses = ask_at_once(busy_marts, conversations)
    for response in responses:
        streamed = parse_stream(response.text)
        assert streamed.done["final_text"] == "One."
        assert streamed.data("tool_result")[0]["tool_result"]["rows"] == [[1]]
