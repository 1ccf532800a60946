"""Tools within a conversation: every call is recorded, cells are explained, memories are proposed."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.auth.users import User
from api.chat.results import QueryResult
from api.chat.sql.executor import ChatReader
from api.chat.store.database import ChatStore
from api.chat.store.message_records import query_result
from api.chat.store.runs import Run as Answering
from api.chat.tools.registry import ToolAnswer, ToolContext, Tools
from tests.api.chat.chat_records import prompt_context
from tests.api.chat.tools.conftest import Run
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

CallIn = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def store(demo: Warehouse, run: Run) -> Iterator[ChatStore]:
    """The chat's record."""
    opened = ChatStore(demo.settings)
    yield opened
    run(opened.close())


@pytest.fixture
def answering(store: ChatStore, users: dict[str, User], run: Run) -> Answering:
    """An answer that is being written."""
    user_id = users["hedgefundstyle"].user_id
    conversation = run(store.conversations.create(user_id, "blue"))
    begun: Answering = run(
        store.messages.begin_run(user_id, conversation.conversation_id, "What am I worth?", "blue")
    )
    return begun


@pytest.fixture
def context(
    demo: Warehouse, reader: ChatReader, store: ChatStore, users: dict[str, User], answering: Answering
) -> ToolContext:
    """The answer's context, without a portfolio."""
    return ToolContext(
        user=users["hedgefundstyle"],
        reader=reader,
        settings=demo.settings,
        run=answering,
        store=store,
        message_id=answering.assistant_message_id,
    )


@pytest.fixture
def call_in(context: ToolContext, run: Run) -> CallIn:
    """Call a tool within the answer; the JSON of what the model sees, and whether it is ok."""

    def call_tool(name: str, /, **given: Any) -> dict[str, Any]:
        nulls = dict.fromkeys(("portfolio", "as_of", "published_at", "by")) if name == "metric" else {}
        answer: ToolAnswer = run(Tools().call(name, json.dumps({**nulls, **given}), context))
        return {"ok": answer.ok, **json.loads(answer.text)}

    return call_tool


def test_results_are_recorded_with_the_call(
    call_in: CallIn, store: ChatStore, answering: Answering, run: Run
) -> None:
    shown = call_in("metric", name="equity")
    call_in("sql", statement="select * from ops.users", purpose="attack")
    (logged,) = run(store.messages.queries_of(answering.user_id, answering.conversation_id))
    assert str(logged.query_id) == shown["query_id"]
    assert str(logged.as_of_date) == shown["as_of_date"]
    assert [list(logged.columns), logged.row_count] == [shown["columns"], 1]
    message = run(store.messages.get(answering.user_id, answering.assistant_message_id))
    assert [(call.name, call.ok) for call in message.tool_calls] == [("metric", True), ("sql", False)]


def test_a_cell_of_a_metric_is_explained(call_in: CallIn) -> None:
    shown = call_in("metric", name="equity")
    found = call_in("explain", query_id=shown["query_id"], row=0, column="equity")
    assert found["value"] == shown["rows"][0][shown["columns"].index("equity")]
    assert found["from"] == [
        {
            "mart": "fct_portfolio_snapshots",
            "column": "equity",
            "unit": "USD",
            "meaning": found["from"][0]["meaning"],
        }
    ]
    assert (found["traced"], found["unchanged"]) == (True, True)
    (mart,) = found["marts"]
    assert (mart["mart"], mart["grain"]) == ("fct_portfolio_snapshots", ["portfolio_id", "as_of_date"])
    assert "select" in mart["sql"].lower()
    assert {node["layer"] for node in mart["inputs"]} >= {"raw", "intermediate"}
    assert any(node["is_direct"] for node in mart["inputs"])
    assert found["publication_id"] == shown["publication_id"]


def test_only_the_result_that_is_explained_is_read(call_in: CallIn, monkeypatch: pytest.MonkeyPatch) -> None:
    # Silent failure prevented: a long session over MCP, all of whose results are read for each cell
    shown = call_in("metric", name="equity")
    call_in("metric", name="equity")
    read = list[UUID]()

    def noted(row: dict[str, Any]) -> QueryResult:
        read.append(row["query_id"])
        return query_result(row)

    monkeypatch.setattr("api.chat.store.messages.query_result", noted)
    assert call_in("explain", query_id=shown["query_id"], row=0, column="equity")["ok"]
    assert read == [UUID(shown["query_id"])]
    assert not call_in("explain", query_id=str(uuid4()), row=0, column="equity")["ok"]


def test_a_cell_of_a_statement_is_explained(call_in: CallIn) -> None:
    statement = """
        with latest as (select * from fct_portfolio_exposures where as_of_date = '2025-09-12')
        select latest.gross_exposure / snapshots.equity as leverage, count(*) over () as portfolios
        from latest join fct_portfolio_snapshots as snapshots
        on snapshots.portfolio_id = latest.portfolio_id and snapshots.as_of_date = latest.as_of_date
        """
    shown = call_in("sql", statement=statement, purpose="Leverage.")
    found = call_in("explain", query_id=shown["query_id"], row=0, column="leverage")
    assert [(one["mart"], one["column"]) for one in found["from"]] == [
        ("fct_portfolio_exposures", "gross_exposure"),
        ("fct_portfolio_snapshots", "equity"),
    ]
    assert found["unchanged"] is False
    counted = call_in("explain", query_id=shown["query_id"], row=0, column="portfolios")
    assert (counted["traced"], counted["marts"]) == (False, [])


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [(1, "equity", "The result has 1 rows"), (0, "worth", "no column of that name; it has: portfolio_name")],
)
def test_a_cell_that_is_not_there_is_refused(call_in: CallIn, row: int, column: str, sentence: str) -> None:
    shown = call_in("metric", name="equity")
    found = call_in("explain", query_id=shown["query_id"], row=row, column=column)
    assert not found["ok"]
    assert sentence in found["error"]


def test_a_result_of_no_or_another_conversation_is_refused(call_in: CallIn) -> None:
    found = call_in("explain", query_id=str(uuid4()), row=0, column="equity")
    assert found["error"] == "This conversation has no result with that query_id."


def test_a_memory_is_proposed_and_not_kept(
    call_in: CallIn, store: ChatStore, answering: Answering, run: Run
) -> None:
    text = f"I report in euros ({uuid4()})."
    found = call_in("remember", text=text, scope="user")
    assert (found["ok"], found["kept"], found["proposed"]) == (True, False, text)
    assert "Ask the user" in found["next"]
    memories = run(prompt_context(store, answering.user_id)).memories
    assert text not in [memory.content for memory in memories]
    run(store.memories.confirm(answering.user_id, UUID(found["memory_id"])))
    assert call_in("remember", text=text, scope="user")["kept"] is True


def test_a_memory_of_a_portfolio_needs_one(call_in: CallIn) -> None:
    found = call_in("remember", text="It is for my children.", scope="portfolio")
    assert not found["ok"]
    assert "about no portfolio" in found["error"]


def test_a_cancelled_call_leaves_no_result(
    demo: Warehouse, context: ToolContext, store: ChatStore, answering: Answering, run: Run
) -> None:
    async def cancel() -> None:
        arguments = json.dumps({"statement": "select count(*) from fct_prices", "purpose": "slow"})
        task = asyncio.create_task(Tools().call("sql", arguments, context))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with demo.connect_writer() as connection:
        connection.execute(
            "lock table published.fct_prices in access exclusive mode"
        )  # the call waits for it
        run(cancel())
    assert run(store.messages.queries_of(answering.user_id, answering.conversation_id)) == []
