"""Runs: the record of an answer from its first word to its last figure, with nothing half-written."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.chat.results import Figure
from api.chat.store.conversations import MOST_EMPTY
from api.chat.store.database import ChatStore
from api.chat.store.retention import maintain
from api.chat.store.runs import RunEndedError
from api.http.errors import ConversationBusy, ConversationNotFound
from tests.api.chat.chat_records import COUNTS, answer, prompt_context, query_result
from tests.api.chat.store.store_helpers import Admin, RunCoroutine
from warehouse.connections import Warehouse

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def test_an_answer_is_read_back_as_it_was_written(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    done = run(answer(store, user_id))
    question, answered = run(store.messages.list(user_id, done.conversation_id, 10, 0))
    assert (question.role, question.content, question.status) == ("user", "How much is it?", "done")
    assert (answered.content, answered.status, answered.model) == ("It is 1.5.", "done", "a-model")
    (call,) = answered.tool_calls
    assert (call.name, call.arguments, call.ok) == ("sql", {"statement": "select 1"}, True)
    assert [query.query_id for query in answered.queries] == [done.result.query_id]
    assert answered.figures == (Figure("1.5", 6, done.result.query_id, 0, "value", verified=True),)
    assert run(store.messages.get(user_id, done.message_id)) == answered
    conversation = run(store.conversations.get(user_id, done.conversation_id))
    assert (conversation.title, conversation.message_count) == ("How much is it?", 2)


def test_any_name_of_a_model_ends_an_answer(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    done = run(answer(store, user_id))
    begun = run(store.messages.begin_run(user_id, done.conversation_id, "Again?", "blue"))
    run(store.messages.end_run(begun, "done", "Yes.", (), **{**COUNTS, "model": "a\0\ud83d"}))


def test_a_user_has_a_few_conversations_without_a_message(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    # Silent failure prevented: one user who fills the disk of all
    answered = run(answer(store, user_id)).conversation_id
    other = uuid4()
    others = run(store.conversations.create(other, "blue"))
    begun = [run(store.conversations.create(user_id, "blue")).conversation_id for _ in range(MOST_EMPTY + 3)]
    kept = {one.conversation_id for one in run(store.conversations.list(user_id, 1000, 0))}
    assert kept == {answered, *begun[3:]}
    assert run(store.conversations.get(other, others.conversation_id)) == others


def test_of_a_users_calls_over_mcp_the_latest_are_kept(
    store: ChatStore, run: RunCoroutine, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Silent failure prevented: one user whose calls, which cost no tokens, fill the disk of all
    monkeypatch.setattr("api.chat.store.asking.MOST_CALLS", 3)

    async def call(session: UUID) -> UUID:
        begun = await store.messages.begin_run(user_id, session, "sql {}", "blue")
        await store.messages.add_tool_call(begun, "sql", {})
        await store.messages.end_run(begun, "done", "", (), **COUNTS)
        return begun.run_id

    async def sessions(number: int) -> list[UUID]:
        made = [await store.conversations.create(user_id, "blue", kind="mcp") for _ in range(number)]
        return [one.conversation_id for one in made]

    asked = run(answer(store, user_id)).conversation_id
    first, second = run(sessions(2))
    stranger = uuid4()
    other = run(answer(store, stranger)).conversation_id
    calls = [run(call(session)) for session in (first, first, second, second, second)]
    rows = run(store.user_data.export(user_id))
    assert {row["conversation_id"] for row in rows["conversations"]} == {str(asked), str(second)}
    assert {row["run_id"] for row in rows["messages"] if row["conversation_id"] != str(asked)} == {
        str(kept) for kept in calls[2:]
    }
    assert len(rows["tool_calls"]) == 1 + 3
    assert run(store.conversations.get(stranger, other)).message_count == 2
    with pytest.raises(ConversationNotFound):  # a session that goes on begins another conversation
        run(call(first))


def test_a_result_keeps_every_digit_and_its_hash(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    rows = [
        (Decimal("1.50"), "1.50", 7, True, None),
        (Decimal("-0.000000000000000000000001"), "ü \N{REPLACEMENT CHARACTER}", 2**63, False, ""),
        (Decimal("123456789012345678901234567890.123456789"), "{}", -1, None, "x"),
        (Decimal("NaN"), "null", 0, True, "y"),
    ]
    result = replace(
        query_result(*rows, columns=("a", "b", "c", "d", "e")),
        parameters={"at": YESTERDAY, "id": user_id, "on": YESTERDAY.date(), "ids": [1, 2], "share": 0.1},
    )

    async def record() -> list[Any]:
        conversation = await store.conversations.create(user_id, "green")
        begun = await store.messages.begin_run(user_id, conversation.conversation_id, "Which?", "green")
        call = await store.messages.add_tool_call(begun, "sql", {})
        await store.messages.add_query(call, result, None)
        await store.messages.add_refused_query(call, "select pg_sleep(1)", "pg_sleep is not allowed.")
        return await store.messages.queries_of(user_id, conversation.conversation_id)

    (restored,) = run(record())
    assert restored.sha256 == result.sha256
    assert repr(restored) == repr(result)  # a NaN does not equal itself


@pytest.mark.parametrize("text", ["NUL \0 inside", "half a pair \ud83d", "\ud83d\0"])
def test_text_that_the_server_cannot_store_is_stored_readably(
    store: ChatStore, run: RunCoroutine, user_id: UUID, text: str
) -> None:
    async def record() -> None:
        conversation = await store.conversations.create(user_id, "green", title=text)
        begun = await store.messages.begin_run(user_id, conversation.conversation_id, text, "green")
        call = await store.messages.add_tool_call(begun, text, {text: [text, {"deep": text}]})
        await store.messages.add_refused_query(call, text, text)
        await store.messages.end_tool_call(call, ok=False, result=text, duration_ms=0)
        await store.messages.end_run(begun, "failed", text, [], error_type="SERVER_ERROR")

    run(record())
    (conversation,) = run(store.conversations.list(user_id, 10, 0))
    messages = run(store.messages.list(user_id, conversation.conversation_id, 10, 0))
    assert all("\0" not in message.content and message.content for message in messages)


def test_one_answer_of_a_conversation_runs_at_a_time(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    async def race() -> list[Any]:
        conversation = await store.conversations.create(user_id, "blue")
        begin = store.messages.begin_run
        return await asyncio.gather(
            *(begin(user_id, conversation.conversation_id, "Go", "blue") for _ in range(12)),
            return_exceptions=True,
        )

    outcomes = run(race())
    refused = [outcome for outcome in outcomes if isinstance(outcome, ConversationBusy)]
    assert len(refused) == 11
    (begun,) = [outcome for outcome in outcomes if outcome not in refused]
    run(store.messages.end_run(begun, "cancelled", "Half an ans", []))
    run(store.messages.begin_run(user_id, begun.conversation_id, "Again", "blue"))


def test_parallel_tool_calls_are_numbered_in_order(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    async def call_in_parallel() -> Any:
        conversation = await store.conversations.create(user_id, "blue")
        begun = await store.messages.begin_run(user_id, conversation.conversation_id, "Go", "blue")
        calls = (store.messages.add_tool_call(begun, f"tool {number}", {}) for number in range(10))
        await asyncio.gather(*calls)
        return await store.messages.get(user_id, begun.assistant_message_id)

    assert len(run(call_in_parallel()).tool_calls) == 10


def test_the_history_has_finished_messages_oldest_first(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    async def write() -> UUID:
        done = await answer(store, user_id, question="first")
        for number, status in enumerate(("failed", "cancelled", "cancelled")):
            begun = await store.messages.begin_run(user_id, done.conversation_id, f"next {number}", "blue")
            error_type = "SERVER_ERROR" if status == "failed" else None
            text = "partial" if number == 1 else ""
            await store.messages.end_run(begun, status, text, [], error_type=error_type)  # type: ignore[arg-type]
        await answer(store, user_id, question="last", conversation_id=done.conversation_id)
        await store.messages.begin_run(user_id, done.conversation_id, "now", "blue")
        return done.conversation_id

    conversation_id = run(write())
    context = run(prompt_context(store, user_id, conversation_id=conversation_id))
    expected = ["first", "It is 1.5.", "next 0", "next 1", "partial", "next 2", "last", "It is 1.5.", "now"]
    assert [said.content for said in context.history] == expected
    latest = run(prompt_context(store, user_id, conversation_id=conversation_id, messages=2)).history
    assert [(said.role, said.content) for said in latest] == [("assistant", "It is 1.5."), ("user", "now")]


def test_a_run_whose_conversation_was_deleted_leaves_nothing_behind(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    async def delete_in_the_middle() -> None:
        conversation = await store.conversations.create(user_id, "blue")
        begun = await store.messages.begin_run(user_id, conversation.conversation_id, "Go", "blue")
        call = await store.messages.add_tool_call(begun, "sql", {})
        await store.conversations.delete(user_id, conversation.conversation_id)
        for late in (
            store.messages.add_tool_call(begun, "sql", {}),
            store.messages.add_query(call, query_result(), None),
            store.messages.end_tool_call(call, ok=True, result="", duration_ms=1),
            store.messages.end_run(begun, "done", "Late.", [], **COUNTS),
        ):
            with pytest.raises(RunEndedError):
                await late
        with pytest.raises(ConversationNotFound):
            await store.messages.queries_of(user_id, conversation.conversation_id)

    run(delete_in_the_middle())
    rows = run(store.user_data.export(user_id))
    assert {name for name, found in rows.items() if found} == {"usage"}


def tokens_of(store: ChatStore, run: RunCoroutine, user_id: UUID, since: datetime = YESTERDAY) -> int:
    """The tokens that a new question of the user finds."""

    async def look() -> int:
        conversation = await store.conversations.create(user_id, "blue")
        async with store.messages.asking(user_id, conversation.conversation_id, tokens_since=since) as asking:
            return asking.tokens

    tokens: int = run(look())
    return tokens


def test_tokens_count_even_if_the_conversation_is_deleted(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    done = run(answer(store, user_id))
    run(answer(store, user_id))
    run(store.conversations.delete(user_id, done.conversation_id))
    run(store.user_data.delete(user_id))
    assert tokens_of(store, run, user_id) == 240
    assert tokens_of(store, run, user_id, datetime.now(UTC) + timedelta(minutes=1)) == 0


def test_a_run_ends_once(store: ChatStore, run: RunCoroutine, user_id: UUID) -> None:
    done = run(answer(store, user_id))
    with pytest.raises(RunEndedError):
        run(store.messages.end_run(done.run, "failed", "", [], error_type="SERVER_ERROR"))
    assert run(store.messages.get(user_id, done.message_id)).status == "done"


def test_a_figure_that_cannot_be_recorded_leaves_the_answer_running(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    conversation = run(store.conversations.create(user_id, "blue"))
    begun = run(store.messages.begin_run(user_id, conversation.conversation_id, "Go", "blue"))
    of_no_query = Figure("1", 0, uuid4(), 0, "value", verified=True)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        run(store.messages.end_run(begun, "done", "1", [of_no_query], **COUNTS))
    assert run(store.messages.get(user_id, begun.assistant_message_id)).status == "running"
    assert tokens_of(store, run, user_id) == 0


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("update chat.messages set status = 'cancelled' where status = 'running'", "unfinished"),
        ("update chat.messages set content = 'x' where status = 'running'", "has_no_text"),
        (
            "update chat.messages set model = null where status = 'done' and role = 'assistant'",
            "has_its_counts",
        ),
        ("update chat.messages set status = 'failed' where status = 'done'", "user_message|has_an_error"),
        ("update chat.messages set error_type = 'x' where status = 'done'", "has_an_error"),
        ("update chat.messages set status = 'thinking'", "check constraint"),
        ("update chat.conversations set mode = 'red'", "mode_check"),
        ("update chat.tool_calls set result = null where ok", "ends_at_once"),
        ("update chat.queries set result_sha256 = null where result is not null", "ran_or_was_refused"),
        ("update chat.queries set refused_reason = 'no' where result is not null", "ran_or_was_refused"),
        ("update chat.figures set query_id = null where verified", "has_its_cell"),
        (
            (
                "insert into chat.figures (message_id, user_id, position, text, start, verified) "
                "select message_id, user_id, 99, '1', 0, false from chat.messages where status = 'running'"
            ),
            "figures_of_a_finished_answer",
        ),
        (
            (
                "update chat.messages set status = 'running', finished_at = null, content = '' "
                "where message_id in (select message_id from chat.figures)"
            ),
            "figures_of_a_finished_answer|one_running_answer",
        ),
    ],
)
def test_a_half_written_record_is_refused(
    *, store: ChatStore, run: RunCoroutine, user_id: UUID, admin: Admin, change: str, constraint: str
) -> None:
    done = run(answer(store, user_id))
    begun = run(store.messages.begin_run(user_id, done.conversation_id, "Next", "blue"))
    with pytest.raises(psycopg.IntegrityError, match=constraint):
        admin.execute(change.encode())
    assert run(store.messages.get(user_id, begun.assistant_message_id)).status == "running"


def test_cancelled_tasks_leave_no_open_transaction_and_nothing_half_written(
    store: ChatStore, run: RunCoroutine, user_id: UUID
) -> None:
    async def cancel_some() -> None:
        delays = [number / 2000 for number in range(60)]  # up to 30 ms: at every statement of a run
        tasks = [asyncio.create_task(answer(store, user_id)) for _ in delays]
        for task, delay in zip(tasks, delays, strict=True):
            asyncio.get_running_loop().call_later(delay, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(answer(store, user_id) for _ in range(20)))

    run(cancel_some())
    rows = run(store.user_data.export(user_id))
    finished = [row for row in rows["messages"] if row["role"] == "assistant" and row["status"] == "done"]
    questions = [row for row in rows["messages"] if row["role"] == "user"]
    assert len(questions) * 2 == len(rows["messages"])
    assert len(rows["figures"]) == len(rows["usage"]) == len(finished) >= 20


def age(admin: Admin, message_id: UUID) -> None:
    admin.execute(
        "update chat.messages set created_at = now() - interval '1 hour' where message_id = %s", [message_id]
    )


def test_an_abandoned_answer_fails_and_makes_room_for_the_next(
    store: ChatStore, run: RunCoroutine, user_id: UUID, admin: Admin
) -> None:
    conversation = run(store.conversations.create(user_id, "blue"))
    begun = run(store.messages.begin_run(user_id, conversation.conversation_id, "Go", "blue"))
    run(store.messages.add_tool_call(begun, "sql", {}))
    age(admin, begun.assistant_message_id)
    run(store.messages.begin_run(user_id, conversation.conversation_id, "Again", "blue"))
    failed = run(store.messages.get(user_id, begun.assistant_message_id))
    assert (failed.status, failed.error_type) == ("failed", "ABANDONED")
    assert [(call.ok, call.result) for call in failed.tool_calls] == [(False, "Interrupted.")]
    run(store.messages.end_run(begun, "done", "Late, but there.", [], **COUNTS))
    assert run(store.messages.get(user_id, begun.assistant_message_id)).status == "done"


KILLED = """
import asyncio, os, sys
from uuid import UUID
from api.chat.store.database import ChatStore
from tests.api.chat.chat_records import query_result
from warehouse.settings import Settings

async def write() -> None:
    store = ChatStore(Settings())
    user_id = UUID(sys.argv[1])
    conversation = await store.conversations.create(user_id, "blue")
    begun = await store.messages.begin_run(user_id, conversation.conversation_id, "Go", "blue")
    call = await store.messages.add_tool_call(begun, "sql", {})
    await store.messages.add_query(call, query_result(), None)
    print(begun.assistant_message_id, flush=True)
    await asyncio.sleep(60)

asyncio.run(write())
"""


def test_the_answer_of_a_killed_process_is_failed_by_the_next_start(
    module_warehouse: Warehouse, store: ChatStore, run: RunCoroutine, user_id: UUID, admin: Admin
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(user_id)],
        env={
            **os.environ,
            **module_warehouse.settings.as_environment(),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        message_id = UUID(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
    assert run(store.messages.get(user_id, message_id)).status == "running"
    age(admin, message_id)

    async def start_again() -> Any:
        async with ChatStore(module_warehouse.settings) as next_store:
            return await next_store.messages.get(user_id, message_id)

    found = run(start_again())
    assert (found.status, found.error_type) == ("failed", "ABANDONED")
    assert [(call.ok, len(call.queries)) for call in found.tool_calls] == [(False, 1)]


def test_retention_deletes_what_has_expired_and_nothing_else(
    module_warehouse: Warehouse, store: ChatStore, run: RunCoroutine, user_id: UUID, admin: Admin
) -> None:
    settings = module_warehouse.settings
    old, recent = run(answer(store, user_id)), run(answer(store, user_id))
    admin.execute(
        "update chat.conversations set last_message_at = now() - make_interval(days => %s, mins => 1) "
        "where conversation_id = %s",
        [settings.chat_days, old.conversation_id],
    )
    kept = run(store.memories.add(user_id, "kept"))
    expired = run(store.memories.add(user_id, "expired"))
    admin.execute("update chat.memories set expires_at = now() where memory_id = %s", [expired.memory_id])
    admin.execute(
        "update chat.usage set ended_at = now() - interval '3 days' where run_id = %s", [old.run.run_id]
    )

    async def apply() -> dict[str, int]:
        async with store.transactions.as_operator() as transaction:
            return await maintain(transaction, settings)

    assert run(apply()) == {"abandoned answers": 0, "conversations": 1, "memories": 1, "usage": 1}
    rows = run(store.user_data.export(user_id))
    assert [row["conversation_id"] for row in rows["conversations"]] == [str(recent.conversation_id)]
    assert [row["memory_id"] for row in rows["memories"]] == [str(kept.memory_id)]
    assert [row["run_id"] for row in rows["usage"]] == [str(recent.run.run_id)]
    assert len(rows["messages"]) == 2
