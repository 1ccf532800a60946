"""A recorded conversation is verified: queries run again as of their publication, figures looked up again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.auth.users import User
from api.chat.command import verify_record
from api.chat.figures.checker import check_figures
from api.chat.figures.verify import Verification, verify_conversation
from api.chat.results import QueryResult
from api.chat.tools.registry import ToolContext
from api.http.errors import ConversationNotFound
from api.services import Services, open_services
from tests.api.republish import republished
from warehouse.connections import Warehouse

INDIVIDUAL = "demo_individual@sigmasight.com"
HEDGE_FUND = "demo_hedgefundstyle@sigmasight.com"
LATEST = "select max(as_of_date) as day, sum(equity) as equity from fct_portfolio_snapshots"
EQUITY = '{"name": "equity", "portfolio": null, "as_of": null, "published_at": null, "by": null}'

Record = Callable[[Services, User], Coroutine[Any, Any, UUID]]


@asynccontextmanager
async def opened(warehouse: Warehouse) -> AsyncIterator[tuple[Services, User]]:
    async with open_services(warehouse.settings) as services:
        user = await services.users.by_email(INDIVIDUAL)
        assert user is not None
        yield services, user


async def record(
    services: Services,
    user: User,
    *,
    lie: str = "",
    change: Callable[[QueryResult], QueryResult] | None = None,
) -> UUID:
    """Record a conversation with two queries and an answer about both; lie: what the answer adds.

    change: what is recorded of a query, in place of what it returned.
    """
    store, chat = services.store, services.chat
    conversation = await store.conversations.create(user.user_id, "blue")
    run = await store.messages.begin_run(
        user.user_id, conversation.conversation_id, "What am I worth?", "blue"
    )
    context = ToolContext(user=user, reader=chat.reader, settings=services.settings, run=run, store=store)
    governed = await chat.tools.call("metric", EQUITY, context)
    result = await chat.reader.run_checked(user, f"{LATEST} where as_of_date = '2025-09-12'")
    call = await store.messages.add_tool_call(run, "sql", {"statement": result.statement})
    await store.messages.add_query(call, change(result) if change else result, None)
    await store.messages.end_tool_call(call, ok=True, result="", duration_ms=1)
    worth = Decimal(str(result.rows[0][1]))
    text = f"On 2025-09-12 you are worth ${worth:,.2f}, or ${worth / 10**6:.3f} million.{lie}"
    figures = check_figures(text, [*governed.results, result])
    await store.messages.end_run(
        run, "done", text, figures, model="m", input_tokens=0, output_tokens=0, latency_ms=1
    )
    return conversation.conversation_id


def verified(warehouse: Warehouse, **options: Any) -> Verification:
    async def run() -> Verification:
        async with opened(warehouse) as (services, user):
            conversation = await record(services, user, **options)
            return await verify_conversation(
                user, conversation, store=services.store, reader=services.chat.reader
            )

    return asyncio.run(run())


def test_queries_return_the_same_as_of_their_publication(demo: Warehouse) -> None:
    found = verified(demo)
    assert [query.outcome for query in found.queries] == ["same"] * len(found.queries)
    assert len(found.queries) >= 2
    assert [(figure.was_verified, figure.is_verified) for figure in found.figures] == [(True, True)] * 2
    assert found.is_same


def test_a_later_publication_changes_nothing(demo: Warehouse) -> None:
    async def run() -> tuple[Verification, QueryResult, QueryResult]:
        async with opened(demo) as (services, user):
            conversation = await record(services, user)
            store, reader = services.store, services.chat.reader
            before = (await store.messages.queries_of(user.user_id, conversation))[-1]
            with republished(demo, Decimal(1)):
                now = await reader.run_checked(user, before.statement)
                found = await verify_conversation(user, conversation, store=store, reader=reader)
            return found, before, now

    found, before, now = asyncio.run(run())
    assert now.rows != before.rows
    assert found.is_same


def test_statements_over_all_publications_cannot_be_repeated(demo: Warehouse) -> None:
    async def run() -> Verification:
        async with opened(demo) as (services, user):
            reader = services.chat.reader
            result = await reader.run_checked(
                user, "select sum(equity) from marts_history.fct_portfolio_snapshots"
            )
            conversation = await record(
                services, user, change=lambda made: replace(result, query_id=made.query_id)
            )
            with republished(demo, Decimal(1)):
                return await verify_conversation(user, conversation, store=services.store, reader=reader)

    query = asyncio.run(run()).queries[-1]
    assert (query.outcome, query.notes) == (
        "cannot run",
        ("It reads marts_history, to which later publications add.",),
    )


def test_a_lie_is_no_difference_as_the_record_says_that_it_is_not_verified(demo: Warehouse) -> None:
    found = verified(demo, lie=" You gained $987,654.32.")
    assert (found.figures[-1].was_verified, found.figures[-1].is_verified) == (False, False)
    assert found.is_same


def test_a_changed_result_is_named_by_its_cell(demo: Warehouse) -> None:
    def forge(result: QueryResult) -> QueryResult:
        day, equity = result.rows[0]
        return replace(result, rows=((day, Decimal(str(equity)) + 1),))

    found = verified(demo, change=forge)
    query = found.queries[-1]
    assert query.outcome == "differs"
    assert query.notes[0].startswith("Row 0, equity: was ")
    assert not found.is_same


def test_what_cannot_run_says_why(demo: Warehouse) -> None:
    def without_publication(result: QueryResult) -> QueryResult:
        return replace(result, published_at=None)

    def of_a_lost_column(result: QueryResult) -> QueryResult:
        return replace(result, statement="select lost from fct_portfolio_snapshots")

    query = verified(demo, change=without_publication).queries[-1]
    assert (query.outcome, query.notes) == ("cannot run", ("The record names no publication.",))
    query = verified(demo, change=of_a_lost_column).queries[-1]
    assert query.outcome == "cannot run"
    assert "lost" in query.notes[0]


def test_what_the_guard_has_come_to_refuse_is_not_run_again(demo: Warehouse) -> None:
    def of_a_catalog(result: QueryResult) -> QueryResult:
        return replace(result, statement="select count(*) as day, 1 as equity from pg_catalog.pg_class")

    query = verified(demo, change=of_a_catalog).queries[-1]
    assert query.outcome == "cannot run"
    assert "catalogs" in query.notes[0]


def test_a_conversation_is_verified_for_its_user_only(demo: Warehouse) -> None:
    async def recorded() -> UUID:
        async with opened(demo) as (services, user):
            return await record(services, user)

    conversation = asyncio.run(recorded())
    assert asyncio.run(verify_record(demo.settings, conversation)).is_same
    assert asyncio.run(verify_record(demo.settings, conversation, INDIVIDUAL)).is_same
    for identifier, email in [(conversation, HEDGE_FUND), (uuid4(), None)]:
        with pytest.raises(ConversationNotFound):
            asyncio.run(verify_record(demo.settings, identifier, email))
