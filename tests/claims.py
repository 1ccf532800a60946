"""Reading as a user of the warehouse, with the claim that the API makes."""

from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from api.auth.claims import CLAIM_USER, claim_of
from api.auth.users import Login, User
from api.queries import load_query
from warehouse.connections import Warehouse

USER_BY_EMAIL = load_query("user_by_email")


def user_of(warehouse: Warehouse, email: str) -> Login:
    """Look the user up as the API does at a login."""
    with (
        psycopg.connect(warehouse.auth_url) as auth,
        auth.cursor(row_factory=class_row(Login)) as cursor,
    ):
        user = cursor.execute(USER_BY_EMAIL.text, {"email": email}).fetchone()
    assert user is not None, email
    return user


def claim(connection: Connection[Any], user: User) -> None:
    """Read for this user until the end of the connection's transaction."""
    connection.execute(CLAIM_USER.text, claim_of(user, connection.info.backend_pid))
