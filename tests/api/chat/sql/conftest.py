"""Statements of a model over the demo, as two of its users.

ask    runs a statement through ChatReader and returns its result
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.auth.users import User
from api.chat.results import QueryResult
from api.chat.sql.executor import ChatReader
from api.chat.sql.pool import make_chat_pool
from tests.claims import user_of
from warehouse.connections import Warehouse

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Run coroutines in one event loop for the module: pools belong to a loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@asynccontextmanager
async def reading(warehouse: Warehouse, **changes: Any) -> Any:
    """Open a ChatReader with changed settings."""
    settings = warehouse.settings.model_copy(update=changes)
    async with make_chat_pool(warehouse.chat_url, settings) as pool:
        yield ChatReader(pool, settings)


@pytest.fixture(scope="module")
def reader(demo: Warehouse, run: Run) -> Iterator[ChatReader]:
    """Open the chat's reader over the demo, with one connection that all statements share."""
    opened = reading(demo, chat_pool_size=1)
    yield run(opened.__aenter__())
    run(opened.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def hedge_fund_user(demo: Warehouse) -> User:
    """The user with one portfolio."""
    return user_of(demo, "demo_hedgefundstyle@sigmasight.com")


@pytest.fixture(scope="module")
def family_office_user(demo: Warehouse) -> User:
    """The user with two portfolios."""
    return user_of(demo, "demo_familyoffice@sigmasight.com")


Ask = Callable[..., QueryResult]


@pytest.fixture(scope="module")
def ask(reader: ChatReader, run: Run, hedge_fund_user: User) -> Ask:
    """Run a statement, as the hedge fund's user unless another is given."""

    def run_statement(statement: str, user: User = hedge_fund_user, **options: Any) -> QueryResult:
        result: QueryResult = run(reader.run_checked(user, statement, **options))
        return result

    return run_statement
