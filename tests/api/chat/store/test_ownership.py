"""No method of the store reaches the rows of another user.

The methods are found by introspection, and each gets the ids of another user's rows: a method that is added
is tested too, and fails here when it takes something that ARGUMENTS does not know.
"""

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.chat.results import Figure
from api.chat.store.asking import PromptContext
from api.chat.store.conversations import Conversations
from api.chat.store.database import ChatStore
from api.chat.store.export import UserData
from api.chat.store.feedback import Feedback
from api.chat.store.insights import InsightStore
from api.chat.store.memories import Memories
from api.chat.store.messages import Messages
from api.chat.store.runs import Run, RunEndedError, ToolCallId
from api.http.errors import ConversationNotFound, Problem
from tests.api.chat.chat_records import COUNTS, answer, insight, prompt_context, query_result
from tests.api.chat.store.store_helpers import Admin, RunCoroutine, chat_url_of_admin
from warehouse.connections import Warehouse

CANARY = "canary of the owner"
PARTS: dict[str, type] = {
    "conversations": Conversations,
    "messages": Messages,
    "memories": Memories,
    "feedback": Feedback,
    "insights": InsightStore,
    "user_data": UserData,
}
METHODS = [
    (part, name)
    for part, kind in PARTS.items()
    for name, _function in inspect.getmembers(kind, inspect.iscoroutinefunction)
    if not name.startswith("_")
]
TEXTS = ("text", "title", "content", "comment", "edited_text", "name", "purpose", "statement", "reason")
# what a stranger may write among their own rows without touching those of others
OWN_WRITES = {("conversations", "create"), ("memories", "add"), ("user_data", "export")}


@pytest.fixture(scope="module")
def owned(store: ChatStore, run: RunCoroutine) -> dict[str, Any]:
    """One user's rows in every table: the arguments that reach them."""

    async def write() -> dict[str, Any]:
        owner, portfolio_id = uuid4(), uuid4()
        done = await answer(store, owner, question=CANARY, text=f"{CANARY}: 1.5.")
        await store.feedback.put(owner, done.message_id, "up", None, CANARY)
        corrected = await answer(store, owner, text=f"{CANARY} and much more than that: 1.5.")
        await store.feedback.put(owner, corrected.message_id, "down", CANARY)
        memory = await store.memories.propose(owner, CANARY, "portfolio", portfolio_id, done.message_id)
        await store.memories.add(owner, f"{CANARY}, confirmed")
        briefing = await store.insights.add(owner, insight(portfolio_id, done.message_id, title=CANARY))
        running = await store.conversations.create(owner, "green", portfolio_id, CANARY)
        open_run = await store.messages.begin_run(owner, running.conversation_id, CANARY, "green")
        call = await store.messages.add_tool_call(open_run, "sql", {"of": CANARY})
        return {
            "owner": owner,
            "conversation_id": done.conversation_id,
            "message_id": done.message_id,
            "query_id": done.result.query_id,
            "memory_id": memory.memory_id,
            "insight_id": briefing.insight_id,
            "portfolio_id": portfolio_id,
            "open_run": open_run,
            "open_call": call,
        }

    written: dict[str, Any] = run(write())
    return written


def arguments_of(function: Any, stranger: UUID, owned: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a call as the stranger, with the owner's ids. Raises KeyError for an unknown one."""
    open_run: Run = owned["open_run"]
    run = Run(
        open_run.run_id,
        open_run.user_message_id,
        open_run.assistant_message_id,
        stranger,
        open_run.conversation_id,
    )
    known: dict[str, Any] = {
        **{name: owned[name] for name in ("conversation_id", "message_id", "query_id", "memory_id")},
        "insight_id": owned["insight_id"],
        "user_id": stranger,
        "portfolio_id": owned["portfolio_id"],
        "source_message_id": owned["message_id"],
        "run": run,
        "tool_call_id": ToolCallId(owned["open_call"], stranger),
        "result": "stolen" if function.__name__ == "end_tool_call" else query_result(),
        "insight": insight(owned["portfolio_id"], owned["message_id"]),
        "figures": [Figure("1", 0, None, None, None, verified=False)],
        "scope": "portfolio",
        "mode": "violet",
        "kind": "chat",
        "status": "done",
        "queries": [query_result()],
        "rating": 1 if "insight_id" in inspect.signature(function).parameters else "up",
        "limit": 100,
        "offset": 0,
        "ok": True,
        "duration_ms": 1,
        "viewed": True,
        "dismissed": True,
        "include_dismissed": True,
        "include_proposals": True,
        "confirmed_only": False,
        "error_type": None,
        "insight_type": "daily_summary",
        "focus_area": None,
        "user_question": None,
        **COUNTS,
        **dict.fromkeys(TEXTS, "stolen"),
        "arguments": {},
    }
    return {name: known[name] for name in inspect.signature(function).parameters if name != "self"}


def test_the_methods_are_found() -> None:
    assert len(METHODS) > 30
    assert {("messages", "end_tool_call"), ("insights", "rate"), ("feedback", "put")} <= {*METHODS}


@pytest.fixture(scope="module")
def unguarded(module_warehouse: Warehouse, store: ChatStore, run: RunCoroutine) -> Iterator[ChatStore]:
    """The same store as the superuser: row security does not bind them, only the statements' filters."""
    run(store.open())
    url = chat_url_of_admin(module_warehouse)
    opened = ChatStore(module_warehouse.settings.model_copy(update={"ai_database_url": url}))
    yield opened
    run(opened.close())


@pytest.mark.parametrize("which", ["store", "unguarded"])
@pytest.mark.parametrize(("part", "name"), METHODS)
def test_a_method_does_not_reach_a_foreign_row(  # noqa: PLR0917 - fixtures
    request: pytest.FixtureRequest,
    store: ChatStore,
    run: RunCoroutine,
    owned: dict[str, Any],
    part: str,
    name: str,
    which: str,
) -> None:
    method = getattr(getattr(request.getfixturevalue(which), part), name)
    stranger = uuid4()
    given = arguments_of(method, stranger, owned)
    before = run(store.user_data.export(owned["owner"]))
    answered, refused = None, None
    try:
        answered = run(method(**given))
    except (Problem, RunEndedError) as error:
        refused = error
    if refused is not None:
        assert getattr(refused, "status", None) == 404 or {"run", "tool_call_id"} & {*given}
    else:
        assert CANARY not in repr(answered)
        written = any(rows for rows in run(store.user_data.export(stranger)).values())
        assert written == ((part, name) in OWN_WRITES - {("user_data", "export")}), answered
    assert run(store.user_data.export(owned["owner"])) == before
    assert CANARY not in repr(run(store.user_data.export(stranger)))


@pytest.mark.parametrize("which", ["store", "unguarded"])
def test_a_question_does_not_reach_a_foreign_row(
    request: pytest.FixtureRequest, run: RunCoroutine, owned: dict[str, Any], which: str
) -> None:
    store: ChatStore = request.getfixturevalue(which)
    conversation_id, portfolio_id = owned["conversation_id"], owned["portfolio_id"]

    async def ask(user_id: UUID) -> PromptContext:
        async with store.messages.asking(
            user_id, conversation_id, tokens_since=datetime.now(UTC) - timedelta(days=1)
        ) as asking:
            return await asking.context(portfolio_id, messages=100, examples=100)

    with pytest.raises(ConversationNotFound):
        run(ask(uuid4()))
    assert CANARY in repr(run(ask(owned["owner"])))
    given = {"conversation_id": conversation_id, "portfolio_id": portfolio_id}
    assert CANARY not in repr(run(prompt_context(store, uuid4(), **given)))


def tables(admin: Admin) -> Iterator[str]:
    """The tables with rows of users."""
    for row in admin.execute(
        """
        select c.relname as name from pg_class as c join pg_attribute as a on a.attrelid = c.oid
        where c.relnamespace = 'chat'::regnamespace and c.relkind = 'r' and a.attname = 'user_id'
        """
    ).fetchall():
        yield row["name"]


def test_every_table_of_users_has_forced_row_security(admin: Admin) -> None:
    secured = admin.execute(
        "select relname from pg_class where relnamespace = 'chat'::regnamespace and relforcerowsecurity"
    ).fetchall()
    of_this_room = {name for name in tables(admin) if not name.startswith(("document", "passage"))}
    assert of_this_room <= {row["relname"] for row in secured}
    assert len(of_this_room) >= 11


def test_row_security_holds_where_a_statement_forgets_the_user(
    store: ChatStore, run: RunCoroutine, owned: dict[str, Any], admin: Admin
) -> None:
    async def forget() -> None:
        async with store.transactions.as_user(uuid4()) as transaction:
            for table in tables(admin):
                assert await transaction.rows(f"select * from chat.{table}") == [], table
                assert await transaction.run(f"delete from chat.{table}") == 0, table
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                await transaction.run(
                    "insert into chat.usage (run_id, user_id, tokens) values (%(id)s, %(owner)s, 1)",
                    id=uuid4(),
                    owner=owned["owner"],
                )

    run(forget())
    assert run(store.user_data.export(owned["owner"]))["conversations"]


def test_the_claim_ends_with_its_transaction(
    store: ChatStore, run: RunCoroutine, owned: dict[str, Any]
) -> None:
    async def read_without_a_claim() -> Any:
        async with store.transactions.as_user(owned["owner"]) as transaction:
            assert await transaction.rows("select from chat.conversations")
        async with store.transactions.as_operator() as transaction:
            assert await transaction.rows("select from chat.conversations")
        pool = await store.open()
        async with pool.connection() as connection:
            cursor = await connection.execute("select conversation_id from chat.conversations")
            return await cursor.fetchall()

    assert run(read_without_a_claim()) == []


def test_a_row_of_one_user_cannot_hang_on_that_of_another(admin: Admin, owned: dict[str, Any]) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        admin.execute(
            "insert into chat.feedback (message_id, user_id, rating) values (%s, %s, 'up') "
            "on conflict (message_id) do update set user_id = excluded.user_id",
            [owned["message_id"], uuid4()],
        )
