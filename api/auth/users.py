"""Looks up users in ops.users, through the one role of the API that may read it."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from api.auth.tokens import Bearer
from api.http.limits import USER_CACHE
from api.queries import Query, load_query

CACHED_USERS = 10_000

Row = TypeVar("Row")

USER_BY_EMAIL = load_query("user_by_email")
USER_BY_ID = load_query("user_by_id")
USER_BY_SESSION = load_query("user_by_session")


@dataclass(frozen=True)
class User:
    """A row of ops.users. claim_key: of ops.claim_keys, proves for whom a transaction reads."""

    user_id: UUID
    email: str
    full_name: str
    is_active: bool
    is_admin: bool
    created_at: datetime
    claim_key: bytes = field(repr=False)


@dataclass(frozen=True)
class Login(User):
    """A user with the password hash that a login is checked against."""

    password_hash: str = field(repr=False)


class Users:
    """Looks users up. Rows are cached for a few seconds (limits.USER_CACHE), inactive users too."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool = pool
        self._known: OrderedDict[Bearer, tuple[float, User | None]] = OrderedDict()
        self._forgotten = 0

    async def by_email(self, email: str) -> Login | None:
        """Look up the user with this email, ignoring case; never from the cache, as a login depends on it."""
        return await self._read(Login, USER_BY_EMAIL, {"email": email})

    async def by_id(self, user_id: UUID) -> User | None:
        """Look up the user with this id; never from the cache."""
        return await self._read(User, USER_BY_ID, {"user_id": user_id})

    async def by_session(self, bearer: Bearer) -> User | None:
        """Look up the user of a session, cached for a few seconds; None when the session has ended."""
        read_at, user = self._known.get(bearer, (float("-inf"), None))
        if monotonic() - read_at > USER_CACHE.total_seconds():
            parameters = {"user_id": bearer.user_id, "session_id": bearer.session_id}
            forgotten = self._forgotten
            user = await self._read(User, USER_BY_SESSION, parameters)
            if forgotten == self._forgotten:  # else it may have ended after it was read
                self._remember(bearer, user)
        return user

    def is_known_to_have_ended(self, bearer: Bearer) -> bool:
        """Whether the cache holds that the session has ended or its user is disabled, without a look-up."""
        read_at, user = self._known.get(bearer, (float("-inf"), None))
        is_fresh = monotonic() - read_at <= USER_CACHE.total_seconds()
        return is_fresh and (user is None or not user.is_active)

    def forget(self, bearer: Bearer) -> None:
        """Remove a session from the cache after it has changed."""
        self._forgotten += 1
        self._known.pop(bearer, None)

    def forget_user(self, user_id: UUID) -> None:
        """Remove all sessions of a user from the cache after they have ended."""
        self._forgotten += 1
        for bearer in [bearer for bearer in self._known if bearer.user_id == user_id]:
            self.forget(bearer)

    def _remember(self, bearer: Bearer, user: User | None) -> None:
        self._known[bearer] = (monotonic(), user)
        self._known.move_to_end(bearer)
        if len(self._known) > CACHED_USERS:
            self._known.popitem(last=False)

    async def _read(self, row: type[Row], query: Query, parameters: dict[str, Any]) -> Row | None:
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(row)) as cursor,
        ):
            await cursor.execute(query.text, parameters)
            return await cursor.fetchone()
