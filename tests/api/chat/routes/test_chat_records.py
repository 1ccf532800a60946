"""The chat's record over HTTP: shapes of the contract, one's own rows only, and everything deletable."""

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Send

from api.app import create_app
from api.chat.store.database import ChatStore
from tests.api.api_helpers import Shapes, add_user, assert_problem, log_in, log_in_demo
from tests.api.chat.chat_records import answer, query_result
from warehouse.connections import Warehouse

NO_ID = "00000000-0000-4000-8000-000000000000"

PREFIX = "/api/v1/chat"

Ask = Callable[..., Any]


class Caller:
    """A logged-in user who asks paths of the chat; each answer is held against the OpenAPI document."""

    def __init__(self, client: TestClient, document: dict[str, Any], user_id: UUID, email: str) -> None:
        self._client = client
        self._document = document
        self._headers = log_in(client, email)
        self.user_id = user_id

    def ask(self, method: str, path: str, template: str | None = None, **options: Any) -> Any:
        """Send the request; return the JSON of a 200, which must match the schema of `template`."""
        response = self.send(method, path, **options)
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "private, no-store"
        operation = self._document["paths"][f"{PREFIX}{template or path}"][method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Shapes(self._document).validate(response.json(), schema)
        return response.json()

    def send(self, method: str, path: str, **options: Any) -> Any:
        """Send the request and return the response."""
        return self._client.request(method, f"{PREFIX}{path}", headers=self._headers, **options)

    async def request(self, app: ASGIApp, path: str, send: Send) -> None:
        """Send a GET on the event loop of the app, whose answer is taken as `send` takes it."""
        body = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            for message in body:
                return message
            return await asyncio.Future()

        scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1"}
        scope |= {"method": "GET", "scheme": "http", "path": path, "raw_path": path.encode()}
        scope |= {"root_path": "", "query_string": b""}
        scope |= {"client": ("testclient", 1), "server": ("testserver", 80)}
        scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in self._headers.items()]
        await app(scope, receive, send)


async def ignored(_: Message) -> None:
    """Take what is sent."""


@pytest.fixture(scope="module")
def keyed(module_warehouse: Warehouse) -> Iterator[TestClient]:
    """The API with a key of a model, over a warehouse without a build."""
    settings = module_warehouse.settings.model_copy(
        update={"openai_api_key": SecretStr("sk-test"), "chat_memories": 2}
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def new_caller(module_warehouse: Warehouse, keyed: TestClient) -> Callable[[], Caller]:
    """Add users and log them in."""
    document = keyed.get("/api/v1/openapi.json").json()

    def add() -> Caller:
        email = f"{uuid4()}@example.com"
        return Caller(keyed, document, UUID(add_user(module_warehouse, email)), email)

    return add


@pytest.fixture
def caller(new_caller: Callable[[], Caller]) -> Caller:
    """A user without records."""
    return new_caller()


def write_answer(warehouse: Warehouse, user_id: UUID, conversation_id: str | None = None) -> Any:
    """Record an answered question as the chat does, in its own process."""

    async def write() -> Any:
        async with ChatStore(warehouse.settings) as store:
            given = None if conversation_id is None else UUID(conversation_id)
            return await answer(store, user_id, conversation_id=given)

    return asyncio.run(write())


def test_a_conversation_is_begun_listed_changed_and_deleted(caller: Caller) -> None:
    begun = caller.ask("POST", "/conversations", json={"mode": "blue", "title": "Risk"})
    assert (begun["mode"], begun["provider"], begun["title"]) == ("blue", "openai", "Risk")
    assert caller.ask("GET", "/conversations") == [begun]
    one = "/conversations/{conversation_id}"
    path = f"/conversations/{begun['id']}"
    assert caller.ask("GET", path, one) == {**begun, "messages": []}
    changed = caller.ask("PUT", f"{path}/mode", f"{one}/mode", json={"mode": "violet"})
    assert (changed["previous_mode"], changed["new_mode"]) == ("blue", "violet")
    assert caller.ask("GET", path, one)["mode"] == "violet"
    assert caller.ask("DELETE", path, one)["success"] is True
    assert_problem(caller.send("GET", path), 404, "conversation_not_found")
    assert_problem(caller.send("DELETE", path), 404, "conversation_not_found")


def test_a_conversation_shows_what_each_answer_stands_on(module_warehouse: Warehouse, caller: Caller) -> None:
    begun = caller.ask("POST", "/conversations", json={"mode": "blue"})
    written = write_answer(module_warehouse, caller.user_id, begun["id"])
    template = "/conversations/{conversation_id}"
    shown = caller.ask("GET", f"/conversations/{begun['id']}", template)
    question, answered = shown["messages"]
    assert (question["role"], question["content"]) == ("user", "How much is it?")
    assert (answered["role"], answered["status"], answered["model_used"]) == ("assistant", "done", "a-model")
    query_id = str(written.result.query_id)
    assert answered["figures"] == [
        {"text": "1.5", "query_id": query_id, "row": 0, "column": "value", "verified": True}
    ]
    assert [query["query_id"] for query in answered["queries"]] == [query_id]
    page = caller.ask("GET", f"/conversations/{begun['id']}", template, params={"limit": 1, "offset": 1})
    assert page["messages"] == [answered]
    assert caller.ask("GET", "/conversations")[0]["message_count"] == 2


def test_an_answer_is_rated_corrected_and_the_rating_withdrawn(
    module_warehouse: Warehouse, caller: Caller
) -> None:
    message_id = write_answer(module_warehouse, caller.user_id).message_id
    path, template = f"/messages/{message_id}/feedback", "/messages/{message_id}/feedback"
    assert_problem(caller.send("GET", path), 404, "feedback_not_found")
    given = caller.ask("POST", path, template, json={"rating": "down", "edited_text": "Less."})
    assert (given["rating"], given["edited_text"], given["comment"]) == ("down", "Less.", None)
    assert caller.ask("GET", path, template) == given
    assert caller.ask("DELETE", path, template)["success"] is True
    assert_problem(caller.send("DELETE", path), 404, "feedback_not_found")


def test_memories_are_added_counted_confirmed_and_deleted(caller: Caller) -> None:
    assert caller.ask("GET", "/memories/count") == {"count": 0, "max_allowed": 2}
    first = caller.ask("POST", "/memories", json={"content": "I hedge."})
    assert (first["scope"], first["confirmed"]) == ("user", True)
    confirmed = caller.ask("POST", f"/memories/{first['id']}/confirm", "/memories/{memory_id}/confirm")
    assert confirmed["expires_at"] >= first["expires_at"]
    caller.ask("POST", "/memories", json={"content": "I think in drawdowns."})
    refused = caller.send("POST", "/memories", json={"content": "One more."})
    assert "2 memories" in assert_problem(refused, 422, "memory_limit_reached")["detail"]
    listed = caller.ask("GET", "/memories", params={"limit": 1, "offset": 1})
    assert (listed["total"], [memory["content"] for memory in listed["memories"]]) == (
        2,
        ["I think in drawdowns."],
    )
    caller.ask("DELETE", f"/memories/{first['id']}", "/memories/{memory_id}")
    assert_problem(caller.send("DELETE", f"/memories/{first['id']}"), 404, "memory_not_found")
    assert caller.ask("DELETE", "/memories") == {"message": "1 memories were deleted.", "success": True}


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/conversations/{conversation}", None, "conversation_not_found"),
        ("PUT", "/conversations/{conversation}/mode", {"mode": "blue"}, "conversation_not_found"),
        ("DELETE", "/conversations/{conversation}", None, "conversation_not_found"),
        ("POST", "/messages/{message}/feedback", {"rating": "up"}, "message_not_found"),
        ("GET", "/messages/{message}/feedback", None, "message_not_found"),
        ("DELETE", "/messages/{message}/feedback", None, "message_not_found"),
        ("POST", "/memories/{memory}/confirm", None, "memory_not_found"),
        ("DELETE", "/memories/{memory}", None, "memory_not_found"),
    ],
)
def test_what_is_another_users_is_answered_as_what_does_not_exist(  # noqa: PLR0917 - fixtures
    module_warehouse: Warehouse,
    new_caller: Callable[[], Caller],
    method: str,
    path: str,
    body: Any,
    code: str,
) -> None:
    owner, stranger = new_caller(), new_caller()
    written = write_answer(module_warehouse, owner.user_id)
    memory = owner.ask("POST", "/memories", json={"content": "I hedge."})
    ids = {
        "conversation": written.conversation_id,
        "message": written.message_id,
        "memory": memory["id"],
    }
    before = owner.ask("GET", "/export")["data"]
    of_another = stranger.send(method, path.format(**ids), json=body)
    absent = stranger.send(method, path.format_map(dict.fromkeys(ids, uuid4())), json=body)
    assert_problem(of_another, 404, code)
    assert of_another.json() == absent.json()
    assert owner.ask("GET", "/export")["data"] == before


@pytest.mark.parametrize("path", ["/export", "/conversations/{conversation}"])
def test_of_a_users_record_one_answer_is_in_memory(
    module_warehouse: Warehouse, keyed: TestClient, new_caller: Callable[[], Caller], path: str
) -> None:
    # Silent failure prevented: one user who asks for a large record fifty times at once, and takes the memory
    # of the API
    caller, other = new_caller(), new_caller()
    written = write_answer(module_warehouse, caller.user_id)
    mine = f"{PREFIX}{path.format(conversation=written.conversation_id)}"

    async def ask() -> list[str]:
        events = list[str]()
        is_sending, may_end = asyncio.Event(), asyncio.Event()

        async def slowly(message: Message) -> None:
            if message["type"] == "http.response.body" and not may_end.is_set():
                is_sending.set()
                await may_end.wait()
                events.append("first sent")

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                events.append("second begins")

        first = asyncio.create_task(caller.request(keyed.app, mine, slowly))
        await is_sending.wait()
        second = asyncio.create_task(caller.request(keyed.app, mine, noted))
        await other.request(keyed.app, f"{PREFIX}/export", ignored)
        await asyncio.sleep(0.3)
        events.append("of another sent")
        may_end.set()
        await asyncio.gather(first, second)
        return events

    assert keyed.portal is not None
    assert keyed.portal.call(ask) == ["of another sent", "first sent", "second begins"]


def test_an_export_takes_memory_in_proportion_to_its_text(
    module_warehouse: Warehouse, new_caller: Callable[[], Caller]
) -> None:
    # Silent failure prevented: small numbers, which are large as values, take the memory and the time of all
    caller = new_caller()
    columns = tuple(f"c{number}" for number in range(60))

    async def write() -> None:
        async with ChatStore(module_warehouse.settings) as store:
            written = await answer(store, caller.user_id)
            run = await store.messages.begin_run(caller.user_id, written.conversation_id, "More?", "blue")
            call = await store.messages.add_tool_call(run, "sql", {})
            result = query_result(*[tuple(range(60))] * 300, columns=columns)
            await store.messages.add_query(call, result, "numbers")

    asyncio.run(write())
    caller.send("GET", "/export")
    tracemalloc.start()
    size = len(caller.send("GET", "/export").content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 250_000
    assert peak < 12 * size


def test_everything_is_exported_and_deleted(
    module_warehouse: Warehouse, new_caller: Callable[[], Caller]
) -> None:
    caller, other = new_caller(), new_caller()
    for each in (caller, other):
        write_answer(module_warehouse, each.user_id)
        each.ask("POST", "/memories", json={"content": "I hedge."})
    exported = caller.send("GET", "/export")
    assert "attachment" in exported.headers["content-disposition"]
    rows = caller.ask("GET", "/export")["data"]
    assert {name: len(found) for name, found in rows.items() if found} == {
        "conversations": 1,
        "messages": 2,
        "tool_calls": 1,
        "queries": 1,
        "figures": 1,
        "memories": 1,
        "usage": 1,
    }
    assert str(other.user_id) not in exported.text
    deleted = caller.ask("DELETE", "/data")["deleted"]
    assert (deleted["conversations"], deleted["memories"], "usage" in deleted) == (1, 1, False)
    left = caller.ask("GET", "/export")["data"]
    assert {name for name, found in left.items() if found} == {"usage"}
    assert len(other.ask("GET", "/export")["data"]["messages"]) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/conversations", {"mode": "red"}),
        ("/conversations", {"mode": "blue", "title": "x" * 201}),
        ("/memories", {"content": "two\nlines"}),
        ("/memories", {"content": "x" * 501}),
        ("/memories", {}),
        (f"/messages/{NO_ID}/feedback", {"rating": "sideways"}),
    ],
)
def test_an_invalid_body_is_refused_with_a_sentence(caller: Caller, path: str, body: Any) -> None:
    assert_problem(caller.send("POST", path, json=body), 422, "invalid_request")


def test_without_a_key_one_reads_and_deletes_but_begins_nothing(module_warehouse: Warehouse) -> None:
    email = f"{uuid4()}@example.com"
    user_id = UUID(add_user(module_warehouse, email))
    written = write_answer(module_warehouse, user_id)
    with TestClient(create_app(module_warehouse.settings), raise_server_exceptions=False) as client:
        headers = log_in(client, email)
        refused = client.post(f"{PREFIX}/conversations", json={"mode": "blue"}, headers=headers)
        assert "OPENAI_API_KEY" in assert_problem(refused, 503, "chat_unavailable")["detail"]
        path = f"{PREFIX}/conversations/{written.conversation_id}"
        assert len(client.get(path, headers=headers).json()["messages"]) == 2
        assert client.delete(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/conversations"), ("POST", "/memories"), ("GET", "/export"), ("DELETE", "/data")],
)
def test_every_path_needs_a_login(keyed: TestClient, method: str, path: str) -> None:
    assert_problem(keyed.request(method, f"{PREFIX}{path}"), 401, "not_authenticated")


def test_a_browser_may_send_patch(module_warehouse: Warehouse) -> None:
    origin = "https://app.example.com"
    settings = module_warehouse.settings.model_copy(update={"api_cors_origins": [origin]})
    with TestClient(create_app(settings)) as client:
        asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
        assert client.options(f"{PREFIX}/memories", headers=asked).status_code == 200


@pytest.mark.slow
def test_a_portfolio_of_another_user_is_not_found(demo: Warehouse) -> None:
    settings = demo.settings.model_copy(update={"openai_api_key": SecretStr("sk-test")})
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        person = log_in_demo(client, "demo_hedgefundstyle@sigmasight.com")
        other = log_in_demo(client, "demo_individual@sigmasight.com")
        for path, body in (("conversations", {"mode": "blue"}), ("memories", {"content": "I hedge."})):
            for portfolio_id in (other.portfolio_id, str(uuid4())):
                asked = {**body, "portfolio_id": portfolio_id}
                response = client.post(f"{PREFIX}/{path}", json=asked, headers=person.headers)
                assert_problem(response, 404, "portfolio_not_found")
            asked = {**body, "portfolio_id": person.portfolio_id}
            response = client.post(f"{PREFIX}/{path}", json=asked, headers=person.headers)
            assert response.json()["portfolio_id"] == person.portfolio_id
        client.delete(f"{PREFIX}/data", headers=person.headers)
