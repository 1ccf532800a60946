"""The API refreshes the documents in the background if it has a key, and opens nothing without one."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
from fastapi.testclient import TestClient

from api.app import create_app
from api.chat.store.database import ChatStore
from warehouse.connections import Warehouse, prepare_ai_database
from warehouse.settings import Settings


def passages(warehouse: Warehouse) -> int:
    """How many common passages the chat's database has."""

    async def count() -> int:
        async with ChatStore(warehouse.settings) as store, store.transactions.as_operator() as transaction:
            row = await transaction.row("select count(*) as passages from documents where user_id is null")
            assert row is not None
            return int(row["passages"])

    return asyncio.run(count())


def test_documents_are_refreshed_when_the_api_starts_with_a_key(empty_warehouse: Warehouse) -> None:
    known = {"openai_api_key": "key", "openai_base_url": "http://127.0.0.1:9/v1"}
    settings = Settings(**{**empty_warehouse.settings.model_dump(), **known})
    with TestClient(create_app(settings)) as client:
        until = time.monotonic() + 60
        while not (found := passages(empty_warehouse)) and time.monotonic() < until:
            time.sleep(0.2)
        assert client.get("/api/v1/health/live").status_code == 200
    assert found > 400  # although nothing answers at the URL of the embeddings


def test_without_a_key_the_chat_s_database_is_not_opened(empty_warehouse: Warehouse) -> None:
    settings = Settings(**{**empty_warehouse.settings.model_dump(), "openai_api_key": None})
    with TestClient(create_app(settings)) as client:
        assert client.get("/api/v1/health/live").status_code == 200
        time.sleep(0.5)
    name = f"{empty_warehouse.settings.warehouse_database}_ai"
    with psycopg.connect(empty_warehouse.admin_url) as connection:
        sessions = connection.execute(
            "select count(*) from pg_stat_activity where datname = %s", [name]
        ).fetchone()
    assert sessions == (0,)


def test_processes_that_prepare_the_chat_s_database_at_once_all_succeed(empty_warehouse: Warehouse) -> None:
    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(prepare_ai_database, empty_warehouse) for _ in range(6)]:
            done.result()
