"""The chat's database is down, missing or refused: the chat says so, and the rest of the API works."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.chat.store.database import ChatStore
from api.chat.store.transactions import Transactions
from api.http.errors import ChatUnavailable
from tests.api.api_helpers import add_user, assert_problem, log_in
from warehouse.connections import Warehouse
from warehouse.settings import Settings
from warehouse.urls import url_parts

CONVERSATIONS = "/api/v1/chat/conversations"


@pytest.fixture
def server(empty_warehouse: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(empty_warehouse.admin_url, autocommit=True) as connection:
        yield connection


def close_database(server: psycopg.Connection[Any], name: str) -> None:
    server.execute(f'alter database "{name}" allow_connections false'.encode())
    server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])


def test_the_api_works_while_the_chats_database_is_down_and_the_chat_comes_back(
    empty_warehouse: Warehouse, server: psycopg.Connection[Any]
) -> None:
    email = f"{uuid4()}@example.com"
    add_user(empty_warehouse, email)
    name = url_parts(empty_warehouse.ai_url)["dbname"]
    with TestClient(create_app(empty_warehouse.settings), raise_server_exceptions=False) as api:
        headers = log_in(api, email)
        assert name not in databases(server), "the chat's database was created before its first use"
        assert api.get("/api/v1/auth/me", headers=headers).status_code == 200
        assert name not in databases(server)
        assert api.get(CONVERSATIONS, headers=headers).json() == []
        close_database(server, name)
        for _ in range(2):
            problem = assert_problem(api.get(CONVERSATIONS, headers=headers), 503, "chat_unavailable")
            assert problem["detail"].startswith("The chat's database cannot be reached at the moment")
            assert api.get("/api/v1/auth/me", headers=headers).status_code == 200
        server.execute(f'alter database "{name}" allow_connections true'.encode())
        assert api.get(CONVERSATIONS, headers=headers).json() == []


def databases(server: psycopg.Connection[Any]) -> set[str]:
    return {name for (name,) in server.execute("select datname from pg_database").fetchall()}


def test_a_database_that_cannot_be_opened_is_not_asked_by_every_request(
    empty_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = empty_warehouse.settings.model_copy(
        update={"ai_database_url": "postgresql://nobody:secret@127.0.0.1:1/none?connect_timeout=2"}
    )
    attempts: list[Settings] = []
    prepare = "api.chat.store.transactions.prepare_database"
    from api.chat.store.transactions import prepare_database  # noqa: PLC0415 - the one being counted

    def counted(given: Settings) -> str:
        attempts.append(given)
        return prepare_database(given)

    monkeypatch.setattr(prepare, counted)

    async def ask() -> list[Any]:
        async with ChatStore(settings) as store:
            asking = (store.memories.count(uuid4()) for _ in range(20))
            return await asyncio.gather(*asking, return_exceptions=True)

    refusals = asyncio.run(ask())
    assert {type(refusal) for refusal in refusals} == {ChatUnavailable}
    assert "secret" not in "".join(str(refusal) for refusal in refusals)
    assert len(attempts) == 1


def test_an_api_without_a_warehouse_of_its_own_starts_no_server_for_the_chat() -> None:
    settings = Settings(
        api_database_url="postgresql://api@elsewhere/warehouse",
        auth_database_url="postgresql://auth@elsewhere/warehouse",
    )

    async def ask() -> None:
        async with ChatStore(settings) as store:
            await store.open()

    with pytest.raises(ChatUnavailable, match="set AI_DATABASE_URL"):
        asyncio.run(ask())


def test_the_pool_is_not_to_be_had_before_it_is_open() -> None:
    with pytest.raises(ChatUnavailable):
        _ = ChatStore(Settings()).pool


def test_maintenance_runs_when_the_pool_opens_and_not_with_every_transaction(
    empty_warehouse: Warehouse,
) -> None:
    rounds = []

    async def maintenance(_transaction: Any) -> None:
        rounds.append(1)

    async def use() -> None:
        transactions = Transactions(empty_warehouse.settings, maintenance)
        for _ in range(3):
            async with transactions.as_user(uuid4()):
                pass
        await transactions.close()

    asyncio.run(use())
    assert len(rounds) == 1
