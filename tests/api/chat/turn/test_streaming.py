"""Streams over a real server: they arrive as they are written, and end with the client or the server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from ingestion.demo.demo import DEMO_PASSWORD
from tests.api.chat.responses_server import ModelServer, Script
from tests.api.chat.turn.chat_client import parse_stream
from tests.api.chat.turn.conftest import USER
from tests.soak.server import Server, serving
from warehouse.connections import Warehouse
from warehouse.urls import url_parts

pytestmark = pytest.mark.slow

COUNT = {"statement": "select count(*) as portfolios from dim_portfolios", "purpose": "A fast one"}
ENDLESS = {
    "statement": "select count(*) as n from fct_prices as a, fct_prices as b, fct_prices as c",
    "purpose": "A slow one, which the caps of the server below let pass",
}
RUNNING = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name = 'sigmasight-chat' and state = 'active'
    and query like '%fct_prices as c%'
"""
HELD = """
select application_name, state from pg_stat_activity
where datname = any(%s) and application_name ~ '^sigmasight-' and xact_start is not null
    and pid <> pg_backend_pid()
"""


@contextmanager
def serving_chat(demo: Warehouse, model: ModelServer, folder: Path, **settings: str) -> Iterator[Server]:
    """Serve the demo with the chat on."""
    known = {
        "OPENAI_API_KEY": "key",
        "OPENAI_BASE_URL": model.url,
        "CHAT_MODEL": "first",
        "EMBEDDING_MODEL": "none",
        "CHAT_REQUESTS_PER_MINUTE": "1000",
        "CHAT_SQL_COST": "1e30",
        "CHAT_SQL_SECONDS": "60",
    }
    with serving(demo, folder, **{**known, **settings}) as server:
        yield server


@pytest.fixture(scope="module")
def server(demo: Warehouse, model: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The API in a process of its own."""
    with serving_chat(demo, model, tmp_path_factory.mktemp("server")) as started:
        yield started


@contextmanager
def log_in(server: Server) -> Iterator[httpx.Client]:
    """A client that is logged in."""
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=30) as client:
        login = client.post("/auth/login", json={"email": USER, "password": DEMO_PASSWORD})
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        yield client


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A logged-in client of the server."""
    with log_in(server) as made:
        yield made


@contextmanager
def asking(client: httpx.Client, text: str = "How much?") -> Iterator[tuple[str, Iterator[str]]]:
    """Ask in a new conversation: its id, and the lines of the open stream."""
    conversation = client.post("/chat/conversations", json={"mode": "blue"}).json()["id"]
    body = {"conversation_id": conversation, "text": text}
    with client.stream("POST", "/chat/send", json=body, headers={"Accept-Encoding": "gzip"}) as response:
        assert response.status_code == 200
        assert "content-encoding" not in response.headers
        assert response.headers["cache-control"] == "no-store"
        yield conversation, response.iter_lines()


def answer_of(client: httpx.Client, conversation: str) -> dict[str, Any]:
    """The answer on record."""
    messages = client.get(f"/chat/conversations/{conversation}").json()["messages"]
    answer: dict[str, Any] = messages[-1]
    return answer


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so. Raises AssertionError."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.03)


def read_until(lines: Iterator[str], name: str) -> None:
    """Read the stream up to an event; dropping the lines closes the stream."""
    assert any(line == f"event: {name}" for line in lines)


@pytest.mark.parametrize(
    ("stage", "faults"), [("start", {"delays": {0: 30}}), ("token", {"delays": {6: 30}})]
)
def test_a_client_that_is_gone_cancels_the_model(
    client: httpx.Client, model: ModelServer, stage: str, faults: dict[str, Any]
) -> None:
    """Pieces arrive as they are written: the first two while the model holds back the next."""
    model.script(Script().says("One two three four.", **faults))
    gone = model.disconnected
    with asking(client) as (conversation, lines):
        read_until(lines, stage)
        if stage == "token":
            assert any(" two" in line for line in lines)
        wait_until(lambda: len(model.requests) == 1)
    wait_until(lambda: model.disconnected == gone + 1)
    wait_until(lambda: answer_of(client, conversation)["status"] == "cancelled")
    assert answer_of(client, conversation)["content"] == ("" if stage == "start" else "One two")


def test_a_client_that_is_gone_cancels_the_sql(
    client: httpx.Client, model: ModelServer, demo: Warehouse
) -> None:
    model.script(Script().calls("sql", ENDLESS).says("Never."))
    with observing(demo) as observer:

        def is_running() -> bool:
            row = observer.execute(RUNNING).fetchone()
            return row is not None and row[0] > 0

        with asking(client) as (conversation, lines):
            read_until(lines, "tool_call")
            wait_until(is_running)
        wait_until(lambda: not is_running())
        wait_until(lambda: answer_of(client, conversation)["status"] == "cancelled")
    (call,) = answer_of(client, conversation)["tool_calls"]
    assert (call["tool_name"], call["ok"]) == ("sql", False)
    assert len(model.requests) == 1


def test_no_connection_is_held_while_the_model_thinks(
    client: httpx.Client, model: ModelServer, demo: Warehouse
) -> None:
    model.script(Script().calls("sql", COUNT).says("One two.", delays={0: 30}))
    databases = [url_parts(url)["dbname"] for url in (demo.admin_url, demo.ai_url)]
    with asking(client) as (_, lines), observing(demo) as observer:
        read_until(lines, "tool_result")
        wait_until(lambda: len(model.requests) == 2)
        # waits for less than the model thinks: the documents may be refreshed at this moment
        wait_until(lambda: observer.execute(HELD, [databases]).fetchall() == [])


def test_the_next_question_after_a_cancelled_one_is_answered(
    client: httpx.Client, model: ModelServer
) -> None:
    model.script(Script().says("One two.", delays={5: 30}).says("Here."))
    with asking(client) as (conversation, lines):
        read_until(lines, "token")
    wait_until(lambda: answer_of(client, conversation)["status"] == "cancelled")
    response = client.post("/chat/send", json={"conversation_id": conversation, "text": "Again?"})
    assert parse_stream(response.text).done["final_text"] == "Here."


def test_a_server_that_stops_ends_its_streams(demo: Warehouse, model: ModelServer, tmp_path: Path) -> None:
    model.script(Script().says("One two three.", delays={6: 60}))
    with serving_chat(demo, model, tmp_path) as server, log_in(server) as client:
        with asking(client) as (_, lines):
            text = ""
            for line in lines:
                text += f"{line}\n"
                if line == "event: token" and text.count("event: token") == 2:
                    server.process.terminate()
        streamed = parse_stream(text)
        assert streamed.error["error_type"] == "SERVER_ERROR"
        assert (streamed.error["retryable"], streamed.error["retry_after"]) == (True, 10)
        assert server.stops()
        assert not server.complaints()
    assert on_record(demo, streamed.created["assistant_message_id"]) == ("cancelled", "One two")


def observing(demo: Warehouse) -> psycopg.Connection:
    """A connection that sees the activity of all roles."""
    return psycopg.connect(demo.admin_url, autocommit=True)


def on_record(demo: Warehouse, message_id: str) -> tuple[str, str]:
    """The status and text of a message in the chat's database."""
    with psycopg.connect(demo.ai_url) as connection:
        connection.execute("set sigmasight.chat_operator = 'on'")
        row = connection.execute(
            "select status, content from chat.messages where message_id = %s", (message_id,)
        ).fetchone()
    assert row is not None
    return row[0], row[1]
