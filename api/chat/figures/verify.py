"""Verifies a recorded conversation: its queries are run again as of the publication they stood on.

A warehouse keeps every publication, so that the same statement must return the same rows. The figures of the
recorded answers are looked up again in the recorded results.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, Literal
from uuid import UUID

import psycopg

from api.auth.users import User
from api.chat.figures.checker import check_figures
from api.chat.results import QueryResult
from api.chat.sql.executor import ChatReader
from api.chat.store.database import ChatStore
from api.chat.store.message_records import Message
from api.queries import make_query
from warehouse.errors import SigmaSightError

Outcome = Literal["same", "differs", "cannot run"]

MOST_DIFFERENCES: Final = 10
"""Differences of one query that are listed."""

PAGE: Final = 200
HISTORY: Final = "marts_history"
"""The marts of all publications: their rows as of an instant are not kept apart."""


@dataclass(frozen=True)
class QueryCheck:
    """A recorded query that was run again. notes: the cells that differ, or why it cannot run."""

    result: QueryResult
    outcome: Outcome
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FigureCheck:
    """A figure of a recorded answer: verified then, and now."""

    message_id: UUID
    text: str
    was_verified: bool
    is_verified: bool

    @property
    def is_same(self) -> bool:
        """Whether the record can be repeated: what was verified still is."""
        return self.is_verified or not self.was_verified


@dataclass(frozen=True)
class Verification:
    """A verified conversation."""

    conversation_id: UUID
    queries: tuple[QueryCheck, ...]
    figures: tuple[FigureCheck, ...]

    @property
    def is_same(self) -> bool:
        """Whether every query ran and returned what is recorded, and every figure is found again."""
        return all(query.outcome == "same" for query in self.queries) and all(
            figure.is_same for figure in self.figures
        )


async def verify_conversation(
    user: User, conversation_id: UUID, *, store: ChatStore, reader: ChatReader
) -> Verification:
    """Run the queries of the user's conversation again, and look its figures up again.

    Raises ConversationNotFound, ChatUnavailable.
    """
    recorded = await store.messages.queries_of(user.user_id, conversation_id)
    queries = [await check_query(user, result, reader) for result in recorded]
    messages = await _messages(store, user.user_id, conversation_id)
    return Verification(conversation_id, tuple(queries), tuple(check_messages(messages, recorded)))


async def owner_of(conversation_id: UUID, store: ChatStore) -> UUID | None:
    """The user of a conversation; None if there is none of this id. For operators only."""
    async with store.transactions.as_operator() as transaction:
        row = await transaction.row(
            "select user_id from chat.conversations where conversation_id = %(conversation_id)s",
            conversation_id=conversation_id,
        )
    return None if row is None else row["user_id"]


async def check_query(user: User, recorded: QueryResult, reader: ChatReader) -> QueryCheck:
    """Run a recorded query again as of its publication, and compare the results."""
    if recorded.published_at is None:
        return QueryCheck(recorded, "cannot run", ("The record names no publication.",))
    try:
        again = await _run_again(user, recorded, reader)
    except SigmaSightError as error:
        return QueryCheck(recorded, "cannot run", (str(error),))
    except psycopg.Error as error:
        return QueryCheck(recorded, "cannot run", (f"The database failed: {type(error).__name__}.",))
    if again.sha256 == recorded.sha256 and again.truncated == recorded.truncated:
        return QueryCheck(recorded, "same")
    if HISTORY in recorded.statement:
        return QueryCheck(recorded, "cannot run", (f"It reads {HISTORY}, to which later publications add.",))
    return QueryCheck(recorded, "differs", tuple(_differences(recorded, again)))


async def _run_again(user: User, recorded: QueryResult, reader: ChatReader) -> QueryResult:
    """Run the statement as it was run: statements of a model have no parameters, ours always have some.

    A statement of a model that the guard has come to refuse since is not run. Both are read-only and see the
    user's rows alone.
    """
    at = recorded.published_at
    if not recorded.parameters:
        return await reader.run_checked(user, recorded.statement, published_at=at)
    query = make_query("chat_verify", recorded.statement)
    return await reader.run_trusted(user, query, recorded.parameters, published_at=at)


def _differences(recorded: QueryResult, again: QueryResult) -> Iterator[str]:
    """Sentences about what differs, the first few."""
    if again.columns != recorded.columns:
        yield f"The columns were {', '.join(recorded.columns)}; now {', '.join(again.columns)}."
        return
    if again.row_count != recorded.row_count:
        yield f"There were {recorded.row_count} rows; now {again.row_count}."
    if again.truncated != recorded.truncated:
        yield "The result was cut then, and is not now." if recorded.truncated else "The result is cut now."
    shown = 0
    for row, (before, after) in enumerate(zip_longest(recorded.rows, again.rows, fillvalue=())):
        for column, was, now in zip(recorded.columns, before, after, strict=False):
            if type(was) is type(now) and was == now:
                continue
            if shown == MOST_DIFFERENCES:
                yield "There are more differences."
                return
            shown += 1
            yield f"Row {row}, {column}: was {was}, is {now}."


def check_messages(messages: Sequence[Message], results: Sequence[QueryResult]) -> Iterator[FigureCheck]:
    """Look the recorded figures of finished answers up again, in what was recorded up to each answer."""
    known = {result.query_id: place for place, result in enumerate(results)}
    questions: list[str] = []
    seen = 0
    for message in messages:
        if message.role == "user":
            questions.append(message.content)
            continue
        seen = max(
            [seen, *(known[query.query_id] + 1 for query in message.queries if query.query_id in known)]
        )
        if message.status == "done":
            yield from _check_message(message, results[:seen], questions)


def _check_message(
    message: Message, results: Sequence[QueryResult], questions: Sequence[str]
) -> Iterator[FigureCheck]:
    figures = check_figures(message.content, results, allowed=questions)
    found = {(figure.start, figure.text): figure.verified for figure in figures}
    for figure in message.figures:
        is_verified = found.get((figure.start, figure.text), False)
        yield FigureCheck(message.message_id, figure.text, figure.verified, is_verified)


async def _messages(store: ChatStore, user_id: UUID, conversation_id: UUID) -> list[Message]:
    messages: list[Message] = []
    while page := await store.messages.list(user_id, conversation_id, PAGE, len(messages)):
        messages += page
    return messages
