"""Runs statements as the chat's role, for one user, within limits.

Three walls stand around a statement that a model wrote: the guard (api.chat.sql.guard), the planner's
estimate, and the rights of sigmasight_chat, which reads the marts through the row filter and nothing else.
"""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection, sql

from api.auth.claims import claim
from api.auth.users import User
from api.chat.results import Cell, QueryResult
from api.chat.sql.errors import StatementFailed, StatementRefused
from api.chat.sql.estimate import general_form
from api.chat.sql.failures import failure, is_of_the_server
from api.chat.sql.guard import CheckedStatement, check_statement
from api.chat.sql.pool import load_cells
from api.http.errors import NothingPublished
from api.marts.queueing_pool import QueueingPool
from api.marts.reader import PublishedState, Reading
from api.queries import Query, load_query
from warehouse.settings import Settings

logger = logging.getLogger(__name__)

READABLE_MARTS = load_query("readable_marts")

AT = "set local sigmasight.published_at = {instant}; set local search_path = {schema}, udf"

# The size is checked on the server, row by row: a single cell could fill the memory of this process.
LIMITED = """
select * from (
select * from (
{statement}
) as statement
limit {rows}
) as result
where access.row_fits(octet_length((result.*)::text), {bytes})
"""

ONE_ROW = """
select result.* from (select) as one_row left join (
select * from (
{statement}
) as statement
limit 0
) as result on true
"""


@dataclass(frozen=True)
class _Marts:
    """What the chat's role may read. columns: by schema.name."""

    relations: Mapping[str, frozenset[str]]
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Rows:
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool


class ChatReader:
    """Runs statements on the pool of the chat's role (api.chat.sql.pool)."""

    def __init__(self, pool: QueueingPool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._marts: _Marts | None = None
        self._newest_publication_id: int | None = None

    async def relations(self) -> Mapping[str, frozenset[str]]:
        """Return the names of the readable marts by schema: marts, marts_at and marts_history.

        Raises NothingPublished while there are none.
        """
        return (await self._readable()).relations

    async def run_checked(
        self,
        user: User,
        statement: str,
        *,
        published_at: datetime | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> QueryResult:
        """Run a statement that a model wrote, up to CHAT_SQL_ROWS rows and CHAT_SQL_BYTES bytes.

        published_at: read what was published at this instant; default: what is published now. parameters:
        none are allowed. Cancelling the task cancels the statement. Raises StatementRefused, StatementFailed,
        NothingPublished, InstantBeforeHistory, and psycopg's error when the server cannot be reached.
        """
        if parameters:
            raise StatementRefused("parameter", "A statement has no parameters: write the values into it.")
        marts = await self._readable()
        checked = check_statement(statement, relations=marts.relations)
        columns = [column for name in checked.relations for column in marts.columns[name]]
        async with self._reading(user, published_at) as (connection, state):
            try:
                if published_at is None and any(name.startswith("marts_at.") for name in checked.relations):
                    await connection.execute(_at(state.published_at, "marts"))
                await self._check_estimate(connection, checked)
                found = await self._fetch(connection, self._limited(checked.text), None)
            except psycopg.Error as error:
                raise self._failed(error, checked.text, columns) from error
        return _result(checked.text, {}, found, state, published_at)

    async def run_trusted(
        self,
        user: User,
        query: Query,
        parameters: Mapping[str, Any],
        *,
        published_at: datetime | None = None,
    ) -> QueryResult:
        """Run a statement of ours for this user, within the same limits but without the guard.

        A single JSON text is returned in the column `body`. Raises what run_checked raises, except
        StatementRefused.
        """
        text = query.text.decode()
        async with self._reading(user, published_at) as (connection, state):
            try:
                found = await self._fetch(connection, text, dict(parameters))
            except psycopg.Error as error:
                raise self._failed(error, text, ()) from error
        if found.columns == ("body",) and found.truncated:
            raise StatementFailed("too_large", "The answer is too large: ask for fewer dates or positions.")
        return _result(text, parameters, found, state, published_at)

    # --- one transaction --------------------------------------------------------------------------

    @asynccontextmanager
    async def _reading(
        self, user: User, published_at: datetime | None
    ) -> AsyncIterator[tuple[AsyncConnection[Any], PublishedState]]:
        """Open a transaction that reads for this user, and look up the state that it reads."""
        async with self._pool.connection_for(user.user_id) as connection, connection.transaction():
            await claim(connection, user)
            if published_at is not None:
                await connection.execute(_at(published_at, "marts_at"))
            state = await Reading(connection, published_at).published_state(None)
            if published_at is None and state.newest_publication_id != self._newest_publication_id:
                self._newest_publication_id = state.newest_publication_id
                self._marts = None  # a build may have changed them
            yield connection, state

    async def _readable(self) -> _Marts:
        """Look up the readable marts, once per publication."""
        if self._marts is None:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(READABLE_MARTS.text)
                rows = await cursor.fetchall()
            if not rows:
                raise NothingPublished
            names: dict[str, set[str]] = {}
            for schema, mart, _ in rows:
                names.setdefault(schema, set()).add(mart)
            self._marts = _Marts(
                relations={schema: frozenset(marts) for schema, marts in names.items()},
                columns={f"{schema}.{mart}": tuple(columns) for schema, mart, columns in rows},
            )
        return self._marts

    async def _check_estimate(self, connection: AsyncConnection[Any], checked: CheckedStatement) -> None:
        """Refuse a statement that the planner expects to be expensive, without showing its numbers.

        It is asked about the general form, which tells nothing of the rows that a value would match. Without
        an estimate the limits of the session hold.
        """
        general = general_form(checked.text)
        if general is None:
            return
        try:
            async with connection.transaction():
                # without parameters psycopg sends a simple query, the only one that takes $1 here
                cursor = await connection.execute(f"explain (generic_plan, format json) {general}".encode())
                (found,) = await cursor.fetchall()
        except psycopg.ProgrammingError:
            return  # of a type that only the value decides, or an error that the statement itself reports
        plan = found[0][0]["Plan"]
        if plan["Total Cost"] > self._settings.chat_sql_cost:
            raise StatementRefused(
                "too_expensive",
                "The statement would read too much: filter by portfolio_id and as_of_date, and join on keys.",
            )
        if plan["Plan Rows"] > self._settings.chat_sql_scanned_rows:
            raise StatementRefused(
                "too_many_rows",
                "The statement would return too many rows: filter, aggregate, or add a limit.",
            )

    def _limited(self, text: str) -> str:
        return LIMITED.format(
            statement=text, rows=self._settings.chat_sql_rows + 1, bytes=self._settings.chat_sql_bytes
        )

    async def _fetch(
        self, connection: AsyncConnection[Any], text: str, parameters: dict[str, Any] | None
    ) -> _Rows:
        """Fetch rows until a limit is reached, and read the rest without keeping it.

        The statement is streamed: psycopg then always uses the extended protocol, which takes one statement
        only, and the rows arrive one by one.
        """
        kept: list[tuple[Cell, ...]] = []
        size, truncated = 0, False
        async with connection.cursor() as cursor:
            load_cells(cursor)
            async with aclosing(_stream(cursor, text, parameters)) as rows:
                async for row in rows:
                    size += _size(row)
                    is_full = len(kept) == self._settings.chat_sql_rows
                    truncated = truncated or is_full or size > self._settings.chat_sql_bytes
                    if not truncated:
                        kept.append(row)
            columns = tuple(column.name for column in cursor.description or ())
        if not columns:
            columns = await self._columns(connection, text, parameters)
        return _Rows(columns, tuple(kept), truncated)

    async def _columns(
        self, connection: AsyncConnection[Any], text: str, parameters: dict[str, Any] | None
    ) -> tuple[str, ...]:
        """Look up the columns of a result without rows: a stream shows them with its first row only."""
        async with (
            connection.cursor() as cursor,
            aclosing(_stream(cursor, ONE_ROW.format(statement=text), parameters)) as rows,
        ):
            async for _ in rows:
                pass
            return tuple(column.name for column in cursor.description or ())

    def _failed(self, error: psycopg.Error, text: str, columns: Iterable[str]) -> Exception:
        if is_of_the_server(error):
            return error
        logger.info("A statement of the chat failed with SQLSTATE %s", error.sqlstate)
        return failure(error, text, columns, self._settings.chat_sql_seconds)


def _stream(
    cursor: psycopg.AsyncCursor[Any], text: str, parameters: dict[str, Any] | None
) -> AsyncGenerator[tuple[Cell, ...]]:
    """Stream the rows; psycopg does not say that it returns a generator, which closing cancels."""
    return cast("AsyncGenerator[tuple[Cell, ...]]", cursor.stream(text.encode(), parameters))


def _at(instant: datetime, schema: str) -> sql.Composed:
    """Return the statement that sets the instant of marts_at, and the schema of names without one."""
    return sql.SQL(AT).format(instant=sql.Literal(instant.isoformat()), schema=sql.Identifier(schema))


def _size(row: tuple[Cell, ...]) -> int:
    """Return the bytes that the row takes where the model reads it."""
    return len(json.dumps(row, default=str, ensure_ascii=False).encode())


def _result(
    text: str,
    parameters: Mapping[str, Any],
    found: _Rows,
    state: PublishedState,
    published_at: datetime | None,
) -> QueryResult:
    return QueryResult(
        query_id=uuid4(),
        statement=text,
        parameters={name: _plain(value) for name, value in parameters.items()},
        columns=found.columns,
        rows=found.rows,
        truncated=found.truncated,
        publication_id=state.newest_publication_id,
        as_of_date=state.as_of_date,
        published_at=published_at or state.published_at,
    )


def _plain(value: Any) -> Any:
    """Return a parameter as the record keeps it: JSON has no dates and uuids."""
    return str(value) if isinstance(value, (date, UUID)) else value
