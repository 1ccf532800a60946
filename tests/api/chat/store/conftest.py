"""The chat's store on its own database, for each module: a real server, and the store's own pool."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from api.chat.store.database import ChatStore
from tests.api.chat.store.store_helpers import Admin, RunCoroutine, chat_url_of_admin
from warehouse.connections import Warehouse


@pytest.fixture(scope="module")
def run() -> Iterator[RunCoroutine]:
    """Run coroutines of a module on one event loop, as the store's pool needs it."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def store(module_warehouse: Warehouse, run: RunCoroutine) -> Iterator[ChatStore]:
    """The store of an empty warehouse."""
    opened = ChatStore(module_warehouse.settings)
    yield opened
    run(opened.close())


@pytest.fixture
def user_id() -> UUID:
    """A user without records."""
    return uuid4()


@pytest.fixture
def admin(module_warehouse: Warehouse, store: ChatStore, run: RunCoroutine) -> Iterator[Admin]:
    """The chat's database as the superuser: past constraints of time and row security, not of tables."""
    run(store.open())
    url = chat_url_of_admin(module_warehouse)
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
        yield connection
