"""Transactions on the chat's database, each for one user, and the pool that they run on.

The pool is opened by the first transaction, which creates and migrates the database: the rest of the API
runs without it. Row security filters every table by the user that the transaction claims. The session makes
that claim itself: it is a second line behind the filter that every statement has, and not a wall against
SQL of others, which never runs here.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Composed
from psycopg.types.json import Jsonb

from api.chat.store.migrations import migrate
from api.http.errors import ChatUnavailable
from api.http.limits import CHAT_POOL_WAIT, CHAT_STORE_POOL_SIZE, POOL_WAIT
from api.marts.queueing_pool import QueueingPool
from api.marts.reader import check_connection
from warehouse.connections import open_warehouse, prepare_ai_database
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

STATEMENT_SECONDS = 10
MAINTENANCE_INTERVAL = timedelta(hours=1)
PAUSE_AFTER_FAILURE = 2.0
OUTAGE = "The chat's database cannot be reached at the moment; try again in a few seconds."

CLAIM = """
select set_config('sigmasight.chat_user', %(user)s, true),
    set_config('sigmasight.chat_operator', %(operator)s, true)
"""

logger = logging.getLogger(__name__)


class Transaction:
    """One open transaction. Parameters are named; rows are dictionaries."""

    def __init__(self, cursor: AsyncCursor[DictRow]) -> None:
        self._cursor = cursor

    async def rows(self, statement: str, /, **parameters: Any) -> list[DictRow]:
        """Run the statement and return its rows."""
        await self._cursor.execute(statement.encode(), parameters)
        return await self._cursor.fetchall()

    async def row(self, statement: str, /, **parameters: Any) -> DictRow | None:
        """Run the statement and return its first row."""
        await self._cursor.execute(statement.encode(), parameters)
        return await self._cursor.fetchone()

    async def run(self, statement: str, /, **parameters: Any) -> int:
        """Run the statement and return the number of rows that it changed."""
        await self._cursor.execute(statement.encode(), parameters)
        return self._cursor.rowcount

    async def rows_composed(self, statement: SQL | Composed, /, **parameters: Any) -> list[DictRow]:
        """Run a statement with names from the catalog and return its rows."""
        await self._cursor.execute(statement, parameters)
        return await self._cursor.fetchall()

    async def run_composed(self, statement: SQL | Composed, /, **parameters: Any) -> int:
        """Run a statement with names from the catalog and return the number of rows that it changed."""
        await self._cursor.execute(statement, parameters)
        return self._cursor.rowcount

    async def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]], **parameters: Any) -> None:
        """Run the statement once for all rows, which it reads with jsonb_to_recordset(%(rows)s)."""
        await self._cursor.execute(statement.encode(), {"rows": Jsonb(rows, dumps=_dumps), **parameters})


Maintenance = Callable[[Transaction], Awaitable[None]]


class Transactions:
    """Opens transactions. maintenance: run as operator when the pool opens, and then every hour of use."""

    def __init__(self, settings: Settings, maintenance: Maintenance) -> None:
        self._settings = settings
        self._maintenance = maintenance
        self._maintenance_due = float("-inf")
        self._pool: QueueingPool | None = None
        self._opening = asyncio.Lock()
        self._failure: tuple[float, str] | None = None

    @property
    def pool(self) -> QueueingPool:
        """The open pool. Raises ChatUnavailable before open()."""
        if self._pool is None:
            raise ChatUnavailable(OUTAGE)
        return self._pool

    @property
    def pools(self) -> tuple[QueueingPool, ...]:
        """The pool, if it is open."""
        return () if self._pool is None else (self._pool,)

    @asynccontextmanager
    async def as_user(self, user_id: UUID) -> AsyncIterator[Transaction]:
        """Begin a transaction that reaches the rows of this user only. Raises ChatUnavailable."""
        async with self._begin(await self.open(), user=str(user_id), operator="off") as transaction:
            yield transaction

    @asynccontextmanager
    async def as_operator(self) -> AsyncIterator[Transaction]:
        """Begin a transaction that reaches the rows of all users: for maintenance and reviews only."""
        async with self._begin(await self.open(), user="", operator="on") as transaction:
            yield transaction

    async def open(self) -> QueueingPool:
        """Open the pool unless it is open, after creating and migrating the database.

        Raises ChatUnavailable with a sentence that says what is missing.
        """
        if self._pool is None or monotonic() >= self._maintenance_due:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._open_pool()
                await self._maintain(self._pool)
        return self._pool

    async def close(self) -> None:
        """Close the pool; the next transaction opens it again."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _maintain(self, pool: QueueingPool) -> None:
        if monotonic() < self._maintenance_due:
            return
        async with self._begin(pool, user="", operator="on") as transaction:
            await self._maintenance(transaction)
        self._maintenance_due = monotonic() + MAINTENANCE_INTERVAL.total_seconds()

    async def _open_pool(self) -> QueueingPool:
        if self._failure is not None and monotonic() - self._failure[0] < PAUSE_AFTER_FAILURE:
            raise ChatUnavailable(self._failure[1])
        try:
            url = await asyncio.to_thread(prepare_database, self._settings)
        except (SigmaSightError, psycopg.Error) as error:
            logger.warning("the chat's database cannot be opened: %s", error)
            sentence = error.detail if isinstance(error, ChatUnavailable) else OUTAGE
            self._failure = (monotonic(), sentence)
            raise ChatUnavailable(sentence) from error
        pool = _make_pool(url)
        await pool.open()
        return pool

    @asynccontextmanager
    async def _begin(self, pool: QueueingPool, *, user: str, operator: str) -> AsyncIterator[Transaction]:
        try:
            async with (
                pool.connection_for(user) as connection,
                connection.transaction(),
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                await cursor.execute(CLAIM, {"user": user, "operator": operator})
                yield Transaction(cursor)
        except psycopg.OperationalError as error:  # PoolTimeout is one
            logger.warning("the chat's database is unavailable: %s", error)
            raise ChatUnavailable(OUTAGE) from error


def _dumps(rows: Any) -> str:
    return json.dumps(rows, default=str)  # UUIDs


def prepare_database(settings: Settings) -> str:
    """Create and migrate the chat's database, and return its URL. Raises SigmaSightError."""
    if settings.ai_database_url is not None:
        url = settings.ai_database_url
    elif settings.database_url is None and settings.are_readers_given:
        # this API reads a warehouse elsewhere: it must not start an embedded server for the chat
        raise ChatUnavailable("The chat needs a database of its own here: set AI_DATABASE_URL.")
    else:
        warehouse = open_warehouse(settings)
        prepare_ai_database(warehouse)
        url = warehouse.ai_url
    migrate(url)
    return url


def _make_pool(url: str) -> QueueingPool:
    return QueueingPool(
        url,
        name="chat_store",
        min_size=1,
        max_size=CHAT_STORE_POOL_SIZE,
        wait=CHAT_POOL_WAIT.total_seconds(),
        open=False,
        timeout=POOL_WAIT.total_seconds(),
        reconnect_timeout=5,
        check=check_connection,
        configure=_configure,
        kwargs={"application_name": "sigmasight-chat-store", "prepare_threshold": 0},
    )


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.execute("set search_path = chat, public")
    await connection.execute("set timezone = 'UTC'")
    await connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
    await connection.execute("set idle_in_transaction_session_timeout = '30s'")
    await connection.set_autocommit(False)
