"""Connections for statements that a model wrote. Each is given back without a trace of its last statement."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, IsolationLevel, sql
from psycopg.adapt import Buffer, Loader
from psycopg.postgres import types

from api.chat.results import Cell
from api.chat.sql.memory import bound_memory
from api.http.limits import CHAT_POOL_WAIT, POOL_WAIT
from api.marts.queueing_pool import QueueingPool
from api.marts.reader import check_connection
from warehouse.settings import Settings

MAX_IDLE = timedelta(minutes=5)

# Results and plans do not depend on what the server's administrator prefers.
SESSION = """
set search_path = marts, udf;
set timezone = 'UTC';
set datestyle = 'ISO, YMD';
set intervalstyle = 'postgres';
set bytea_output = 'hex';
set extra_float_digits = 1;
set standard_conforming_strings = on;
set jit = off;
set statement_timeout = {}
"""


def make_chat_pool(url: str, settings: Settings) -> QueueingPool:
    """Make a pool, not yet open, that has no connection until the first statement."""

    async def configure(connection: AsyncConnection[Any]) -> None:
        await bound_memory(connection)
        await connection.set_autocommit(True)
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        await prepare(connection)

    async def prepare(connection: AsyncConnection[Any]) -> None:
        milliseconds = sql.Literal(int(settings.chat_sql_seconds * 1000))
        await connection.execute(sql.SQL(SESSION).format(milliseconds))

    async def reset(connection: AsyncConnection[Any]) -> None:
        await connection.execute("discard all")
        await prepare(connection)

    return QueueingPool(
        url,
        name="chat",
        min_size=0,
        max_size=settings.chat_pool_size,
        wait=CHAT_POOL_WAIT.total_seconds(),
        max_idle=MAX_IDLE.total_seconds(),
        open=False,
        timeout=POOL_WAIT.total_seconds(),
        reconnect_timeout=5,
        check=check_connection,
        configure=configure,
        reset=reset,
        # no prepared statements: `discard all` drops them
        kwargs={"application_name": "sigmasight-chat", "prepare_threshold": None},
    )


# --- cells ----------------------------------------------------------------------------------------


class _Text(Loader):
    def load(self, data: Buffer) -> Cell:
        return bytes(data).decode()


class _Boolean(Loader):
    def load(self, data: Buffer) -> Cell:
        return bytes(data) == b"t"


class _Integer(Loader):
    def load(self, data: Buffer) -> Cell:
        return int(bytes(data))


class _Number(Loader):
    """Numbers with all digits; what is not a number (NaN, Infinity) as text."""

    def load(self, data: Buffer) -> Cell:
        text = bytes(data).decode()
        number = Decimal(text)
        return number if number.is_finite() else text


class _Instant(Loader):
    """Timestamps in ISO 8601: 2025-09-12T20:00:00+00:00."""

    def load(self, data: Buffer) -> Cell:
        text = bytes(data).decode().replace(" ", "T", 1)
        return f"{text}:00" if text.endswith("+00") else text


LOADERS: dict[str, type[Loader]] = {
    "bool": _Boolean,
    "int2": _Integer,
    "int4": _Integer,
    "int8": _Integer,
    "float4": _Number,
    "float8": _Number,
    "numeric": _Number,
    "timestamp": _Instant,
    "timestamptz": _Instant,
}


def load_cells(cursor: AsyncCursor[Any]) -> None:
    """Load every value of this cursor as a cell: api.chat.results.Cell."""
    for kind in types:
        cursor.adapters.register_loader(kind.oid, LOADERS.get(kind.name, _Text))
        if kind.array_oid:
            cursor.adapters.register_loader(kind.array_oid, _Text)
