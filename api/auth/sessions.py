"""Sessions: opened by login, continued by single-use refresh tokens, ended by logout.

The rows are in ops.sessions, written through functions that the role sigmasight_auth may call: the API
has no other way to write to the warehouse.
"""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import tuple_row

from api.auth.tokens import Bearer, Tokens, hash_token
from api.auth.users import Login, Users
from api.http.errors import InvalidCredentials, RefreshInvalid, TokenExpired, TokenInvalid
from api.marts.queueing_pool import QueueingPool
from api.queries import Query, load_query

logger = logging.getLogger(__name__)

OPEN_SESSION = load_query("open_session")
CONTINUE_SESSION = load_query("continue_session")
END_SESSION = load_query("end_session")
END_SESSIONS = load_query("end_sessions")

# The role's transactions are read-only by default; concurrent refreshes wait for each other.
BEGIN_WRITING = "set transaction isolation level read committed, read write"


@dataclass(frozen=True)
class TokenPair:
    """The result of a login: an access token, and a refresh token for the next pair."""

    access_token: str
    refresh_token: str


class Sessions:
    """Opens, continues and ends sessions."""

    def __init__(self, pool: QueueingPool, tokens: Tokens, users: Users) -> None:
        self._pool = pool
        self._tokens = tokens
        self._users = users

    async def open(self, login: Login) -> TokenPair:
        """Open a session for this user, whose password was checked.

        Raises InvalidCredentials if the password has changed since, or the account was disabled.
        """
        bearer = Bearer(user_id=login.user_id, session_id=uuid4())
        pair = self._pair(bearer)
        is_open = await self._write(
            OPEN_SESSION,
            {
                "session_id": bearer.session_id,
                "user_id": login.user_id,
                "token_hash": hash_token(pair.refresh_token),
                "lifetime": self._tokens.session_lifetime,
                "password_hash": login.password_hash,
            },
        )
        if not is_open:
            raise InvalidCredentials
        return pair

    async def renew(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for the next pair; each token works once.

        Raises RefreshInvalid. Reuse of a token ends its session: the token may have been stolen.
        """
        try:
            bearer = self._tokens.read(refresh_token, "refresh")
        except (TokenExpired, TokenInvalid) as error:
            raise RefreshInvalid from error
        pair = self._pair(bearer)
        outcome = await self._write(
            CONTINUE_SESSION,
            {
                "session_id": bearer.session_id,
                "old_hash": hash_token(refresh_token),
                "new_hash": hash_token(pair.refresh_token),
            },
        )
        self._users.forget(bearer)
        if outcome == "reused":
            logger.warning("session %s ended: its refresh token was used twice", bearer.session_id)
        user = await self._users.by_session(bearer) if outcome == "continued" else None
        if user is None or not user.is_active:
            raise RefreshInvalid
        return pair

    async def end(self, bearer: Bearer) -> None:
        """End the session: its access and refresh tokens are no longer valid."""
        await self._write(END_SESSION, {"session_id": bearer.session_id})
        self._users.forget(bearer)

    async def end_all(self, user_id: UUID) -> None:
        """End all sessions of the user."""
        await self._write(END_SESSIONS, {"user_id": user_id})
        self._users.forget_user(user_id)

    def _pair(self, bearer: Bearer) -> TokenPair:
        return TokenPair(self._tokens.issue(bearer, "access"), self._tokens.issue(bearer, "refresh"))

    async def _write(self, query: Query, parameters: dict[str, Any]) -> Any:
        async with (
            self._pool.connection() as connection,
            connection.transaction(),
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            await cursor.execute(BEGIN_WRITING)
            await cursor.execute(query.text, parameters)
            row = await cursor.fetchone()
        return None if row is None else row[0]
