"""Proves to the database for which user a transaction reads: see access.claim in 005_functions.sql."""

import hmac
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg import errors as sql_errors

from api.auth.users import User
from api.http.errors import WarehouseUnavailable
from api.queries import load_query

logger = logging.getLogger(__name__)

CLAIM_USER = load_query("claim_user")

VALID_FOR = timedelta(minutes=5)
"""How far the clock of the database may be ahead. A proof is used at once, and only by its own session."""

EXPIRED = "the proof expired"
CLOCKS_DIFFER = (
    "The clocks of this service and of the database differ by more than five minutes; try again when they "
    "have been set."
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def claim(connection: AsyncConnection[Any], user: User) -> None:
    """Read for this user until the end of the transaction.

    Raises WarehouseUnavailable if clocks differ, or if a restored backup has just brought another key.
    """
    try:
        await connection.execute(CLAIM_USER.text, claim_of(user, connection.info.backend_pid))
    except sql_errors.InsufficientPrivilege as error:
        logger.error("the database refused the proof of a user: %s", error)  # noqa: TRY400 - said in the message
        is_expired = EXPIRED in (error.diag.message_primary or "")
        raise WarehouseUnavailable(CLOCKS_DIFFER if is_expired else None) from error


def claim_of(user: User, backend_pid: int) -> dict[str, Any]:
    """Return the parameters of CLAIM_USER for one transaction of the session with this process."""
    valid_until = datetime.now(UTC) + VALID_FOR
    microseconds = (valid_until - EPOCH) // timedelta(microseconds=1)
    message = f"proof|{user.user_id}|{backend_pid}|{microseconds}"
    return {
        "user_id": user.user_id,
        "valid_until": valid_until,
        "proof": hmac.digest(user.claim_key, message.encode(), "sha256"),
    }
