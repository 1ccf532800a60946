"""People who may log in: accounts are made here, by the command line, never by the API (ERR_USER_*)."""

from functools import cache
from uuid import UUID

import psycopg
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from ingestion.errors import FieldError, InvalidUser, UnknownUserError
from ingestion.portfolios.portfolios import is_email
from ingestion.raw.loads import Connection

SHORTEST_PASSWORD = 8


def add_user(
    connection: Connection, email: str, full_name: str, password: str, *, is_admin: bool = False
) -> UUID:
    """Make an account and answer its key. The password is kept as an argon2 hash only.

    Raises InvalidUser with every error: ERR_USER_001 account exists, 002 invalid e-mail, 003 weak password,
    004 name missing.
    """
    email, full_name = email.strip().lower(), full_name.strip()
    errors = user_errors(email, full_name, password)
    if not errors and find_user(connection, email) is not None:
        errors = [_exists(email)]
    if errors:
        raise InvalidUser(errors)
    try:
        with connection.transaction():
            row = connection.execute(
                "insert into ops.users (email, full_name, password_hash, is_admin) values (%s, %s, %s, %s) "
                "returning user_id",
                [email, full_name, hash_password(password), is_admin],
            ).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise InvalidUser([_exists(email)]) from error
    assert row is not None  # noqa: S101 - an insert that returns always returns
    user_id: UUID = row[0]
    return user_id


def set_active(connection: Connection, email: str, *, is_active: bool) -> bool:
    """Let an account log in, or not, from this moment on; whether that changed anything.

    A session that is open already reads nothing from then on: the row filter asks too. Raises
    UnknownUserError.
    """
    with connection.transaction():
        row = connection.execute(
            "update ops.users as users set is_active = %s from ops.users as before "
            "where users.user_id = before.user_id and users.email = %s returning before.is_active",
            [is_active, email.strip().lower()],
        ).fetchone()
    if row is None:
        raise _unknown(email)
    was_active: bool = row[0]
    return was_active is not is_active


def set_admin(connection: Connection, email: str, *, is_admin: bool) -> bool:
    """Let an account see the operations of the warehouse, or not; whether that changed anything.

    Raises UnknownUserError.
    """
    with connection.transaction():
        row = connection.execute(
            "update ops.users as users set is_admin = %s from ops.users as before "
            "where users.user_id = before.user_id and users.email = %s returning before.is_admin",
            [is_admin, email.strip().lower()],
        ).fetchone()
    if row is None:
        raise _unknown(email)
    was_admin: bool = row[0]
    return was_admin is not is_admin


def set_password(connection: Connection, email: str, password: str) -> None:
    """Give an account another password; the old one opens nothing any more, and its sessions end.

    Raises UnknownUserError, or InvalidUser for a weak one (ERR_USER_003).
    """
    if find_user(connection, email) is None:
        raise _unknown(email)
    errors = password_errors(password)
    if errors:
        raise InvalidUser(errors)
    with connection.transaction():
        connection.execute(
            "update ops.users set password_hash = %s where email = %s",
            [hash_password(password), email.strip().lower()],
        )
        connection.execute(
            "update ops.sessions set ended_at = now(), end_reason = 'password' where ended_at is null"
            " and user_id = (select user_id from ops.users where email = %s)",
            [email.strip().lower()],
        )


def find_user(connection: Connection, email: str) -> UUID | None:
    """The key of the account with this e-mail address, or None."""
    with connection.transaction():
        row = connection.execute(
            "select user_id from ops.users where email = %s", [email.strip().lower()]
        ).fetchone()
    return row[0] if row else None


def user_errors(email: str, full_name: str, password: str) -> list[FieldError]:
    """What is wrong with a new account's fields. A password is never repeated in an error."""
    errors = []
    if not is_email(email):
        errors.append(
            FieldError("ERR_USER_002", "email", email, f"{email!r} is no e-mail address; correct it.")
        )
    errors += password_errors(password)
    if not full_name.strip():
        errors.append(FieldError("ERR_USER_004", "full_name", None, "The full name is missing; write it."))
    return errors


def password_errors(password: str) -> list[FieldError]:
    """What is wrong with a password, without repeating it."""
    kinds = (str.isupper, str.islower, str.isdigit)
    if len(password) >= SHORTEST_PASSWORD and all(any(map(kind, password)) for kind in kinds):
        return []
    sentence = (
        f"The password is weak; use at least {SHORTEST_PASSWORD} characters with an upper case letter, "
        "a lower case letter and a digit."
    )
    return [FieldError("ERR_USER_003", "password", None, sentence)]


def hash_password(password: str) -> str:
    """The argon2 hash to keep; another one for each call, as it holds a salt."""
    return _hasher().hash(password)


def _unknown(email: str) -> UnknownUserError:
    return UnknownUserError(f"There is no account of {email}; `sigmasight users list` shows those there are.")


def _exists(email: str) -> FieldError:
    return FieldError("ERR_USER_001", "email", email, f"There is an account of {email} already; use another.")


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))
