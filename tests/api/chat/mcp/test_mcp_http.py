"""The MCP server at /mcp over real HTTP, used by the official client with the API's tokens."""

import asyncio
from collections.abc import Iterator
from time import monotonic
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from psycopg import OperationalError, connect
from psycopg.rows import dict_row

from api.app import create_app
from api.mcp.http import SESSIONS_PER_USER
from ingestion.demo.demo import DEMO_PASSWORD
from tests.api.chat.mcp.mcp_clients import (
    body_of,
    http_client,
    log_in,
    metric,
    serving,
    statement,
    text_of,
)
from warehouse.connections import Warehouse

INDIVIDUAL = "demo_individual@sigmasight.com"
HEDGE_FUND = "demo_hedgefundstyle@sigmasight.com"
SLOW = "select count(*) from generate_series(1, 100000) as a, generate_series(1, 100000) as b"
LONGEST = 60
"""Seconds that a statement may take."""
ERAS = ["legacy", "auto"]
"""With the handshake and a session, and by self-contained requests."""


@pytest.fixture(scope="module")
def address(demo: Warehouse) -> Iterator[str]:
    """Serve the API over the demo, without a key of a model."""
    generous = {"chat_sql_cost": 1e18, "chat_sql_scanned_rows": 1e18, "chat_sql_seconds": LONGEST}
    settings = demo.settings.model_copy(update={**generous, "chat_requests_per_minute": 1000})
    with serving(create_app(settings)) as served:
        yield served


@pytest.fixture(scope="module")
def token(address: str) -> str:
    """The token of a user with one portfolio."""
    return log_in(address, INDIVIDUAL, DEMO_PASSWORD)


def recorded(warehouse: Warehouse, email: str) -> list[dict[str, Any]]:
    """The recorded tool calls of a user, the oldest first, with the number of their queries."""
    with connect(warehouse.writer_url) as ops:
        (user_id,) = ops.execute("select user_id from ops.users where email = %s", [email]).fetchone()
    try:
        chat = connect(warehouse.ai_url, row_factory=dict_row)
    except OperationalError:
        return []  # the chat's database is made by the first call
    with chat:
        chat.execute("select set_config('sigmasight.chat_user', %s, false)", [str(user_id)])
        return chat.execute("""
            select c.title, c.kind, m.status, t.name, t.arguments, t.ok,
                (select count(*) from chat.queries as q where q.tool_call_id = t.tool_call_id) as queries
            from chat.tool_calls as t
            join chat.messages as m using (message_id)
            join chat.conversations as c using (conversation_id)
            order by t.started_at
            """).fetchall()


@pytest.mark.parametrize("era", ERAS)
def test_the_tools_pages_and_prompts_are_listed(address: str, token: str, era: str) -> None:
    async def look() -> None:
        async with http_client(address, token, era) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert {"metric", "what_if", "sql", "describe", "explain", "search_docs", "remember"} == set(
                tools
            )
            assert tools["sql"].input_schema["required"] == ["statement", "purpose"]
            assert tools["sql"].annotations is not None
            assert tools["sql"].annotations.read_only_hint
            resources = (await client.list_resources()).resources
            uris = [resource.uri for resource in resources]
            assert {"sigmasight://semantic", "sigmasight://marts/fct_portfolio_risk"} <= set(uris)
            page = await client.read_resource("sigmasight://marts/fct_portfolio_risk")
            assert "| var_95_1d |" in page.contents[0].text  # type: ignore[union-attr]
            with pytest.raises(MCPError, match="no such page"):
                await client.read_resource("sigmasight://marts/../users")
            prompts = (await client.list_prompts()).prompts
            assert [prompt.name for prompt in prompts] == ["green", "blue", "indigo", "violet"]
            prompt = await client.get_prompt("violet")
            assert "tools" in prompt.messages[0].content.text  # type: ignore[union-attr]
            with pytest.raises(MCPError, match="no such mode"):
                await client.get_prompt("red")

    anyio.run(look)


@pytest.mark.parametrize("era", ERAS)
def test_a_call_returns_the_users_figures_and_is_recorded(
    demo: Warehouse, address: str, token: str, era: str
) -> None:
    before = len(recorded(demo, INDIVIDUAL))

    async def ask() -> list[Any]:
        async with http_client(address, token, era) as client:
            governed = body_of(await client.call_tool("metric", metric("equity")))
            written = body_of(
                await client.call_tool("sql", statement("select portfolio_name from dim_portfolios"))
            )
            return [governed, written]

    governed, written = anyio.run(ask)
    assert governed["rows"]
    assert governed["query_id"]
    assert len(written["rows"]) == 1
    calls = recorded(demo, INDIVIDUAL)[before:]
    assert [(call["name"], call["ok"], call["status"], call["queries"]) for call in calls] == [
        ("metric", True, "done", 1),
        ("sql", True, "done", 1),
    ]
    assert {(call["title"], call["kind"]) for call in calls} == {("MCP", "mcp")}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        ({"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}, 401),
        ({"Cookie": "access_token=nonsense"}, 401),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_without_a_valid_token_there_is_nothing(
    address: str, headers: dict[str, str], status: int, method: str
) -> None:
    response = httpx2.request(method, f"{address}/mcp", headers=headers)
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Bearer ")


def test_the_token_of_an_ended_session_is_refused(address: str) -> None:
    token = log_in(address, INDIVIDUAL, DEMO_PASSWORD)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx2.post(f"{address}/mcp", headers=headers, json={}).status_code == 400
    assert httpx2.post(f"{address}/api/v1/auth/logout", headers=headers).is_success
    deadline = monotonic() + 60  # sessions are cached for a few seconds
    while (status := httpx2.post(f"{address}/mcp", headers=headers, json={}).status_code) != 401:
        assert monotonic() < deadline, status


def test_a_page_of_another_site_is_refused_even_with_a_token(address: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for origin in ("https://evil.example", "null", "http://[::1", "http://[::1].evil.example"):
        response = httpx2.post(f"{address}/mcp", headers={**headers, "Origin": origin}, json={})
        assert (response.status_code, response.json()["code"]) == (403, "origin_refused"), origin
    headers["Origin"] = "http://localhost:6274"
    assert httpx2.post(f"{address}/mcp", headers=headers, json={}).status_code == 400


@pytest.mark.parametrize(
    "hostile",
    [
        "select * from ops.users",
        "select current_setting('sigmasight.user_id')",
        "select 1; select 2",
        "select pg_sleep(10)",
        "copy dim_portfolios to program 'id'",
        "select * from pg_read_file('/etc/passwd')",
    ],
)
def test_hostile_sql_is_refused_with_a_sentence(address: str, token: str, hostile: str) -> None:
    async def attack() -> Any:
        async with http_client(address, token) as client:
            refused = await client.call_tool("sql", statement(hostile))
            after = body_of(await client.call_tool("sql", statement("select count(*) from dim_portfolios")))
            return refused, after["rows"]

    refused, after = anyio.run(attack)
    assert refused.is_error
    assert "error" in text_of(refused)
    assert after == [[1]]


def test_unknown_tools_and_wrong_arguments_are_errors_of_the_tool(address: str, token: str) -> None:
    async def ask() -> list[Any]:
        async with http_client(address, token) as client:
            return [
                await client.call_tool("drop_everything", {}),
                await client.call_tool("metric", {"name": "equity", "surprise": 1}),
                await client.call_tool("sql", None),
            ]

    assert [result.is_error for result in anyio.run(ask)] == [True, True, True]


def test_a_foreign_portfolio_is_as_one_that_does_not_exist(demo: Warehouse, address: str, token: str) -> None:
    with connect(demo.writer_url) as connection:
        row = connection.execute(
            "select portfolio_id, portfolio_name from raw.newest_portfolios where owner_email = %s",
            [HEDGE_FUND],
        ).fetchone()
    assert row is not None

    async def ask() -> list[str]:
        async with http_client(address, token) as client:
            names = [str(row[0]), row[1], "00000000-0000-0000-0000-000000000000", "Nowhere"]
            results = [await client.call_tool("metric", metric("equity", name)) for name in names]
            assert all(result.is_error for result in results)
            by_id = f"select count(*) from fct_portfolio_snapshots where portfolio_id = '{row[0]}'"
            assert body_of(await client.call_tool("sql", statement(by_id)))["rows"] == [[0]]
            return [text_of(result).replace(name, "X") for result, name in zip(results, names, strict=True)]

    answers = anyio.run(ask)
    assert answers[0] == answers[2]
    assert answers[1] == answers[3]


IS_SLOW = """
from pg_stat_activity
where datname = current_database() and usename = 'sigmasight_chat' and state = 'active'
    and query like '%generate_series(1, 100000) as b%'
"""


async def until_slow_runs(demo: Warehouse, *, is_running: bool) -> None:
    """Wait until the slow statement runs, or no longer runs; it would run for longer than this waits."""
    with connect(demo.admin_url, autocommit=True) as connection, anyio.fail_after(LONGEST - 10):

        def runs() -> bool:
            return connection.execute(f"select {IS_SLOW}".encode()).fetchone() is not None

        while runs() != is_running:  # noqa: ASYNC110 - the server sends no event
            await anyio.sleep(0.02)


@pytest.mark.parametrize("era", ERAS)
def test_a_cancelled_call_cancels_its_statement(demo: Warehouse, address: str, token: str, era: str) -> None:
    async def cancel() -> None:
        async with http_client(address, token, era) as client:
            async with anyio.create_task_group() as calls:
                calls.start_soon(client.call_tool, "sql", statement(SLOW))
                await until_slow_runs(demo, is_running=True)
                calls.cancel_scope.cancel()
            await until_slow_runs(demo, is_running=False)
            again = await client.call_tool("sql", statement("select count(*) from dim_portfolios"))
            assert body_of(again)["rows"] == [[1]]

    anyio.run(cancel)
    calls = recorded(demo, INDIVIDUAL)
    assert [call["status"] for call in calls][-2:] == ["cancelled", "done"]
    assert not calls[-2]["ok"]


def test_two_users_at_once_see_their_own(address: str) -> None:
    query = statement("select string_agg(portfolio_name, ',' order by portfolio_name) from dim_portfolios")

    async def names(client: Client) -> set[str]:
        answers = [client.call_tool("sql", query) for _ in range(5)]
        return {body_of(result)["rows"][0][0] for result in await asyncio.gather(*answers)}

    async def ask() -> tuple[set[str], set[str]]:
        tokens = [log_in(address, email, DEMO_PASSWORD) for email in (INDIVIDUAL, HEDGE_FUND)]
        async with http_client(address, tokens[0]) as one, http_client(address, tokens[1]) as other:
            first, second = await asyncio.gather(names(one), names(other))
        return first, second

    first, second = anyio.run(ask)
    assert (len(first), len(second)) == (1, 1)
    assert first != second


HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
LISTING = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


def ask_mcp(address: str, token: str, body: Any, session: str | None = None) -> httpx2.Response:
    """Send a message without a client."""
    headers = {**HEADERS, "Authorization": f"Bearer {token}"}
    headers |= {} if session is None else {"Mcp-Session-Id": session}
    return httpx2.post(f"{address}/mcp", headers=headers, json=body, timeout=60)


def test_a_session_belongs_to_the_user_who_opened_it(address: str, token: str) -> None:
    other = log_in(address, HEDGE_FUND, DEMO_PASSWORD)
    session = ask_mcp(address, token, HELLO).headers["mcp-session-id"]
    assert ask_mcp(address, other, LISTING, session).status_code == 404


def test_a_user_has_a_few_sessions_and_the_oldest_ends_first(address: str, token: str) -> None:
    other = log_in(address, HEDGE_FUND, DEMO_PASSWORD)
    kept = ask_mcp(address, other, HELLO).headers["mcp-session-id"]
    opened = [ask_mcp(address, token, HELLO).headers["mcp-session-id"] for _ in range(SESSIONS_PER_USER + 2)]
    answers = [ask_mcp(address, token, LISTING, session).status_code for session in opened]
    assert answers == [404, 404] + [200] * SESSIONS_PER_USER
    assert ask_mcp(address, other, LISTING, kept).status_code == 200


def test_calls_count_against_the_limit_of_a_minute(demo: Warehouse) -> None:
    settings = demo.settings.model_copy(update={"chat_requests_per_minute": 3})
    with serving(create_app(settings)) as address:
        token = log_in(address, INDIVIDUAL, DEMO_PASSWORD)

        async def ask() -> list[Any]:
            async with http_client(address, token) as client:
                return [await client.call_tool("metric", metric("equity")) for _ in range(4)]

        answers = anyio.run(ask)
    assert [answer.is_error for answer in answers] == [False, False, False, True]
    assert "a minute" in text_of(answers[-1])


@pytest.mark.parametrize("era", ERAS)
def test_a_request_too_many_is_an_error_that_says_when(demo: Warehouse, era: str) -> None:
    with serving(create_app(demo.settings.model_copy(update={"api_requests_per_minute": 6}))) as address:
        token = log_in(address, INDIVIDUAL, DEMO_PASSWORD)

        async def ask() -> str:
            async with http_client(address, token, era) as client:
                for _ in range(10):
                    try:
                        await client.list_prompts()
                    except MCPError as refused:
                        return str(refused)
            return "nothing was refused"

        assert "6 requests a minute; try again in" in anyio.run(ask)


def test_sessions_without_number_do_not_take_the_connections_of_others(demo: Warehouse) -> None:
    slow = {"chat_sql_cost": 1e18, "chat_sql_scanned_rows": 1e18, "chat_sql_seconds": LONGEST}
    settings = demo.settings.model_copy(update={**slow, "chat_streams_per_user": 1})
    quick = statement("select count(*) from dim_portfolios")

    async def ask(address: str) -> tuple[Any, Any]:
        own, other = (log_in(address, email, DEMO_PASSWORD) for email in (INDIVIDUAL, HEDGE_FUND))
        async with (
            http_client(address, own, "legacy") as one,
            http_client(address, own, "legacy") as two,
            http_client(address, other, "legacy") as third,
        ):
            running = asyncio.create_task(one.call_tool("sql", statement(SLOW)))
            await until_slow_runs(demo, is_running=True)
            answers = await two.call_tool("sql", quick), await third.call_tool("sql", quick)
            with connect(demo.admin_url) as connection:
                connection.execute(f"select pg_cancel_backend(pid) {IS_SLOW}".encode())
            await running
            assert not (await two.call_tool("sql", quick)).is_error
        return answers

    with serving(create_app(settings)) as address:
        refused, answered = asyncio.run(ask(address))
    assert refused.is_error
    assert "being answered" in text_of(refused)
    assert not answered.is_error


def test_a_memory_is_only_proposed(address: str, token: str) -> None:
    async def propose() -> Any:
        async with http_client(address, token) as client:
            return body_of(
                await client.call_tool("remember", {"text": "I dislike options.", "scope": "user"})
            )

    anyio.run(propose)
    headers = {"Authorization": f"Bearer {token}"}
    kept = httpx2.get(f"{address}/api/v1/chat/memories", headers=headers).json()
    assert "I dislike options." not in str(kept)
