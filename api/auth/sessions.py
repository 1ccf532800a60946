"""Sessions: opened by a login, continued by refresh tokens that work once, ended by a logout.

The rows are in ops.sessions, written through three functions that the role sigmasight_auth may call: the API
has no other way to write to the warehouse.
"""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import tuple_row

from api.auth.tokens import Bearer, Tokens, hash_of
from api.auth.users import Users
from api.http.errors import RefreshInvalid, TokenExpired, TokenInvalid
from api.marts.reader import Pool
from api.queries import Query, load_query

logger = logging.getLogger(__name__)

OPEN_SESSION = load_query("open_session")
CONTINUE_SESSION = load_query("continue_session")
END_SESSION = load_query("end_session")

# The role's transactions are read-only otherwise, and two refreshes at once wait for each other.
BEGIN_WRITING = "set transaction isolation level read committed, read write"


@dataclass(frozen=True)
class Pair:
    """What a login gives: a token to work with, and one to get the next pair with."""

    access_token: str
    refresh_token: str


class Sessions:
    """Opens, continues and ends sessions."""

    def __init__(self, pool: Pool, tokens: Tokens, users: Users) -> None:
        self._pool = pool
        self._tokens = tokens
        self._users = users

    async def open(self, user_id: UUID) -> Pair:
        """Begin a session of this user, who has proved to be himself."""
        bearer = Bearer(user_id=user_id, session_id=uuid4())
        pair = self._pair(bearer)
        await self._write(
            OPEN_SESSION,
            {
                "session_id": bearer.session_id,
                "user_id": user_id,
                "token_hash": hash_of(pair.refresh_token),
                "lifetime": self._tokens.session_lifetime,
            },
        )
        return pair

    async def renew(self, refresh_token: str) -> Pair:
        """Exchange a refresh token for the next pair; it works once.

        Raises RefreshInvalid. A token that was used before ends its session: somebody has a copy.
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
                "old_hash": hash_of(refresh_token),
                "new_hash": hash_of(pair.refresh_token),
            },
        )
        self._users.forget(bearer)
        if outcome == "reused":
            logger.warning("session %s ended: its refresh token came a second time", bearer.session_id)
        user = await self._users.by_session(bearer) if outcome == "continued" else None
        if user is None or not user.is_active:
            raise RefreshInvalid
        return pair

    async def end(self, bearer: Bearer) -> None:
        """End the session: its tokens, both kinds, open nothing from now on."""
        await self._write(END_SESSION, {"session_id": bearer.session_id})
        self._users.forget(bearer)

    def _pair(self, bearer: Bearer) -> Pair:
        return Pair(self._tokens.issue(bearer, "access"), self._tokens.issue(bearer, "refresh"))

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
