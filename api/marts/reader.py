"""The API's access to the marts: read-only, one transaction per request, scoped to the user.

The transaction is REPEATABLE READ: the lookup of the publication and the query read one snapshot, even while
a build is being published. The queries name the marts without a schema: the search path selects the current
ones (marts) or those of an instant (marts_at).
"""

import logging
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor, IsolationLevel, sql
from psycopg import errors as sql_errors
from psycopg.rows import AsyncRowFactory, class_row, dict_row, tuple_row
from psycopg_pool import AsyncConnectionPool

from api.auth.claims import claim
from api.auth.users import User
from api.http.errors import DateBeforeHistory, InstantBeforeHistory, NothingPublished, Problem
from api.http.limits import POOL_WAIT
from api.marts.queueing_pool import QueueingPool
from api.marts.withheld import Withheld
from api.queries import Query, load_query
from warehouse.settings import Settings

logger = logging.getLogger(__name__)

Row = TypeVar("Row")

SET_PUBLISHED_AT = load_query("set_published_at")
FIRST_PUBLICATION = load_query("first_publication")
PUBLISHED_STATE = load_query("published_state")
PORTFOLIO_HISTORY = load_query("portfolio_history")

READ_COMMITTED = "set transaction isolation level read committed"


@dataclass(frozen=True)
class PublishedState:
    """The published state that a response is based on.

    newest_publication_id: the last publication of all. publication_id: the one in force for as_of_date.
    as_of_date: the last published session on or before the date asked for. readable: a digest of the
    portfolios that the user may see. withheld: those of them that are, or the one asked for.
    """

    newest_publication_id: int
    published_at: datetime
    first_date: date
    as_of_date: date
    publication_id: int
    readable: str
    withheld: Withheld = ()


class Reading:
    """One open snapshot of the marts, scoped to one user by row-level filters. published_at: as of then."""

    def __init__(self, connection: AsyncConnection[Any], published_at: datetime | None = None) -> None:
        self._connection = connection
        self._published_at = published_at

    async def published_state(
        self, as_of_date: date | None, portfolio_id: UUID | None = None
    ) -> PublishedState:
        """Look up the state for this date (None: the last published session).

        portfolio_id: of this portfolio, which may be withheld and then has an earlier last session.
        Raises NothingPublished, InstantBeforeHistory or DateBeforeHistory.
        """
        asked = {"as_of_date": as_of_date, "portfolio_id": portfolio_id}
        row = await self._fetch(PUBLISHED_STATE, asked, class_row(_StateRow))
        if row is None or row.newest_publication_id is None:
            raise await self._nothing_published()
        if row.as_of_date is None:
            raise DateBeforeHistory(
                f"The published history begins on {row.first_date}, after the as_of_date {as_of_date}; "
                "ask for a later date, or leave it out for the last session."
            )
        return PublishedState(**{**vars(row), "withheld": row.withheld or ()})

    async def one_row(self, query: Query, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
        """Run the query and return its row, or None. Raises NothingPublished while the marts do not exist."""
        return await self._fetch(query, parameters, tuple_row)

    async def all_rows(self, query: Query, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Run the query and return its rows by column. Raises what one_row raises."""
        async with self._executed(query, parameters, dict_row) as cursor:
            return await cursor.fetchall()

    async def first_snapshot_date(self, portfolio_id: UUID) -> date | None:
        """Look up the portfolio's first published session; None without one, or if it is not this user's."""
        row = await self.one_row(PORTFOLIO_HISTORY, {"portfolio_id": portfolio_id})
        return row[0] if row else None

    async def _nothing_published(self) -> Problem:
        first = None if self._published_at is None else await self.one_row(FIRST_PUBLICATION, {})
        if first is None or first[0] is None:
            return NothingPublished()
        return InstantBeforeHistory(
            f"Nothing was published yet at {self._published_at}; the first publication is of {first[0]}: "
            "ask for that instant or a later one, or leave published_at out for what is published now."
        )

    async def _fetch(
        self, query: Query, parameters: dict[str, Any], factory: AsyncRowFactory[Row]
    ) -> Row | None:
        async with self._executed(query, parameters, factory) as cursor:
            return await cursor.fetchone()

    @asynccontextmanager
    async def _executed(
        self, query: Query, parameters: dict[str, Any], factory: AsyncRowFactory[Row]
    ) -> AsyncIterator[AsyncCursor[Row]]:
        async with self._connection.cursor(row_factory=factory) as cursor:
            try:
                await cursor.execute(query.text, parameters)
            except (sql_errors.UndefinedTable, sql_errors.InvalidSchemaName) as error:
                logger.warning("%s.sql finds no mart: %s", query.name, error)
                raise NothingPublished from error
            except sql_errors.DatetimeFieldOverflow as error:
                if self._published_at is None:
                    raise
                raise InstantBeforeHistory(
                    f"What was published at {self._published_at} is no longer kept; ask for a later instant, "
                    "or leave published_at out for what is published now."
                ) from error
            yield cursor


@dataclass(frozen=True)
class _StateRow:
    newest_publication_id: int | None
    published_at: datetime | None
    first_date: date | None
    as_of_date: date | None
    publication_id: int | None
    readable: str
    withheld: Withheld | None


class Reader:
    """Opens readings on a pool of connections."""

    def __init__(self, pool: QueueingPool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def reading_as(self, user: User, published_at: datetime | None = None) -> AsyncIterator[Reading]:
        """Open a snapshot restricted to this user's portfolios by the row filter.

        published_at: read what was published at this instant: the names in the queries then resolve to the
        views of the schema marts_at.
        """
        async with self._pool.connection_for(user.user_id) as connection, connection.transaction():
            await claim(connection, user)
            if published_at is not None:
                await connection.execute(SET_PUBLISHED_AT.text, {"published_at": published_at})
            yield Reading(connection, published_at)

    @asynccontextmanager
    async def reading_without_user(self) -> AsyncIterator[Reading]:
        """Read without a user, where no portfolio is visible; each query reads what is committed then."""
        async with self._pool.connection_for(None) as connection, connection.transaction():
            await connection.execute(READ_COMMITTED)
            yield Reading(connection)


def make_pool(
    url: str, settings: Settings, *, name: str, size: int, are_snapshots: bool = True
) -> QueueingPool:
    """Make a pool, not yet open, of connections whose transactions are read-only snapshots.

    are_snapshots: otherwise each statement reads what is committed when it begins, and waits for a lock for a
    second: after a restore, which locks what it replaces, a snapshot from before would find no rows.
    A connection is checked before it is handed out, so that no request fails after a restart of the server.
    After five seconds without a server the pool stops reconnecting until the next request.
    """
    milliseconds = sql.Literal(int(settings.api_statement_seconds * 1000))

    async def configure(connection: AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)
        await connection.execute(sql.SQL("set statement_timeout = {}").format(milliseconds))
        if not are_snapshots:
            await connection.execute("set lock_timeout = '1s'")
        await make_read_only(connection)
        if not are_snapshots:
            await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)

    return QueueingPool(
        url,
        name=name,
        min_size=1,
        max_size=size,
        wait=settings.api_wait_seconds,
        open=False,
        timeout=POOL_WAIT.total_seconds(),
        reconnect_timeout=5,
        check=check_connection,
        configure=configure,
        # statements repeat, and planning the larger ones takes as long as running them
        kwargs={"application_name": f"sigmasight-{name}", "prepare_threshold": 0},
    )


async def check_connection(connection: AsyncConnection[Any]) -> None:
    """Raise psycopg.OperationalError if the connection is lost, without a round trip if it is idle.

    If the server is gone or was stopped, the socket is readable: a final message or EOF.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def make_read_only(connection: AsyncConnection[Any]) -> None:
    """Let the connection's transactions be read-only snapshots of the marts."""
    await connection.set_autocommit(True)
    await connection.execute("set search_path = marts")  # the queries name no schema: see Reader
    # Plan a statement once per connection, not per portfolio: planning takes as long as running it.
    await connection.execute("set plan_cache_mode = force_generic_plan")
    await connection.set_autocommit(False)
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
