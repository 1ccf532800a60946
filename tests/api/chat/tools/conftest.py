"""The tools over the demo, for its users.

call    calls a tool as a user and returns its answer; nothing is recorded
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

import pytest

from api.auth.users import User
from api.chat.sql.executor import ChatReader
from api.chat.sql.pool import make_chat_pool
from api.chat.tools.registry import ToolAnswer, ToolContext, Tools
from tests.claims import user_of
from warehouse.connections import Warehouse

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Call = Callable[..., ToolAnswer]
CallRaw = Callable[[str, str], ToolAnswer]
OWNERS = ("hedgefundstyle", "familyoffice", "hnw", "individual")


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Run coroutines in one event loop for the module: pools belong to a loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def users(demo: Warehouse) -> dict[str, User]:
    """The demo's users by name."""
    return {owner: user_of(demo, f"demo_{owner}@sigmasight.com") for owner in OWNERS}


@pytest.fixture(scope="module")
def reader(demo: Warehouse, run: Run) -> Iterator[ChatReader]:
    """The chat's reader over the demo."""
    pool = make_chat_pool(demo.chat_url, demo.settings)
    run(pool.open())
    yield ChatReader(pool, demo.settings)
    run(pool.close())


@pytest.fixture(scope="module")
def call(demo: Warehouse, reader: ChatReader, users: dict[str, User], run: Run) -> Call:
    """Call a tool as a user; a metric with null for what is not given."""
    tools = Tools()

    def call_tool(
        user: str | User, name: str, /, portfolio_id: UUID | None = None, **given: Any
    ) -> ToolAnswer:
        asks = users[user] if isinstance(user, str) else user
        context = ToolContext(user=asks, reader=reader, settings=demo.settings, portfolio_id=portfolio_id)
        nulls = dict.fromkeys(("portfolio", "as_of", "published_at", "by")) if name == "metric" else {}
        answer: ToolAnswer = run(tools.call(name, json.dumps({**nulls, **given}), context))
        return answer

    return call_tool


@pytest.fixture(scope="module")
def call_raw(demo: Warehouse, reader: ChatReader, users: dict[str, User], run: Run) -> CallRaw:
    """Call a tool with the text that a model wrote."""
    context = ToolContext(user=users["hedgefundstyle"], reader=reader, settings=demo.settings)

    def call_tool(name: str, arguments: str) -> ToolAnswer:
        answer: ToolAnswer = run(Tools().call(name, arguments, context))
        return answer

    return call_tool
