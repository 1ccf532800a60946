"""User accounts, managed by the command line and never by the API (ERR_USER_*)."""

import re
from collections.abc import Sequence
from functools import cache
from uuid import UUID

import psycopg
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from ingestion.errors import FieldError, InvalidUser, UnknownUserError
from ingestion.portfolios.names import has_control_characters
from ingestion.portfolios.portfolios import is_email
from ingestion.raw.loads import Connection

SHORTEST_PASSWORD = 8
LEAST_SCORE = 3  # of zxcvbn's 0 to 4: at least a hundred million guesses
LONGEST_SCORED = 72  # characters; a longer password is judged by its beginning


def add_user(
    connection: Connection, email: str, full_name: str, password: str, *, is_admin: bool = False
) -> UUID:
    """Create an account and return its key. The password is stored as an argon2 hash only.

    Raises InvalidUser with all errors: ERR_USER_001 account exists, 002 invalid e-mail, 003 weak password,
    004 name missing.
    """
    email, full_name = email.strip().lower(), full_name.strip()
    errors = user_errors(email, full_name, password)
    if find_user(connection, email) is not None:
        errors.insert(0, _exists(email))
    if errors:
        raise InvalidUser(errors)
    return store_user(connection, email, full_name, password, is_admin=is_admin)


def store_user(
    connection: Connection, email: str, full_name: str, password: str, *, is_admin: bool = False
) -> UUID:
    """Store an account whose fields are checked; its key. Raises InvalidUser if it exists by now."""
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
    """Enable or disable an account; return whether that changed anything.

    Disabling ends the account's sessions, which enabling does not revive. Raises UnknownUserError.
    """
    with connection.transaction():
        row = connection.execute(
            "update ops.users as users set is_active = %s from ops.users as before "
            "where users.user_id = before.user_id and users.email = %s returning before.is_active",
            [is_active, email.strip().lower()],
        ).fetchone()
        if not is_active:
            _end_sessions(connection, email, "disabled")
    if row is None:
        raise _unknown(email)
    was_active: bool = row[0]
    return was_active is not is_active


def set_admin(connection: Connection, email: str, *, is_admin: bool) -> bool:
    """Grant or revoke access to the operations endpoints; return whether that changed anything.

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
    """Change an account's password and end its sessions.

    Raises UnknownUserError, or InvalidUser for a weak password (ERR_USER_003).
    """
    if find_user(connection, email) is None:
        raise _unknown(email)
    errors = password_errors(password, [email])
    if errors:
        raise InvalidUser(errors)
    with connection.transaction():
        connection.execute(
            "update ops.users set password_hash = %s where email = %s",
            [hash_password(password), email.strip().lower()],
        )
        _end_sessions(connection, email, "password")


def end_sessions(connection: Connection, email: str) -> int:
    """End the sessions of an account; how many were open. Raises UnknownUserError."""
    if find_user(connection, email) is None:
        raise _unknown(email)
    with connection.transaction():
        return _end_sessions(connection, email, "operator")


def find_user(connection: Connection, email: str) -> UUID | None:
    """The key of the account with this e-mail address, or None."""
    with connection.transaction():
        row = connection.execute(
            "select user_id from ops.users where email = %s", [email.strip().lower()]
        ).fetchone()
    return row[0] if row else None


def user_errors(email: str, full_name: str, password: str) -> list[FieldError]:
    """Errors of a new account's fields. No error quotes the password."""
    errors = []
    if not is_email(email):
        errors.append(
            FieldError(
                "ERR_USER_002", "email", email, f"{email!r} is not a valid e-mail address; correct it."
            )
        )
    errors += password_errors(password, [email, full_name])
    if not full_name.strip():
        errors.append(FieldError("ERR_USER_004", "full_name", None, "The full name is missing; write it."))
    elif has_control_characters(full_name):
        sentence = "The full name has control characters; write it in one line of plain text."
        errors.append(FieldError("ERR_USER_004", "full_name", None, sentence))
    return errors


def password_errors(password: str, about_user: Sequence[str]) -> list[FieldError]:
    """Errors of a password, without quoting it. about_user: the address and name, which it must not be."""
    kinds = (str.isupper, str.islower, str.isdigit)
    if len(password) < SHORTEST_PASSWORD or not all(any(map(kind, password)) for kind in kinds):
        sentence = (
            f"The password is weak; use at least {SHORTEST_PASSWORD} characters with an upper case letter, "
            "a lower case letter and a digit."
        )
    elif _is_guessed(password, about_user):
        sentence = (
            "The password is easy to guess: it is a common one, or made of names, dates or rows of keys; "
            "use several unrelated words."
        )
    else:
        return []
    return [FieldError("ERR_USER_003", "password", None, sentence)]


def _is_guessed(password: str, about_user: Sequence[str]) -> bool:
    """Whether a hundred million guesses find it, by common passwords, words, names, dates and key rows."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists are large, and needed only for a new password

    known = [word for text in (*about_user, "sigmasight") for word in (text, *re.split(r"\W+", text)) if word]
    score: int = zxcvbn(password[:LONGEST_SCORED], user_inputs=known)["score"]
    return score < LEAST_SCORE


def hash_password(password: str) -> str:
    """The argon2 hash to store; different for each call, because it is salted."""
    return _hasher().hash(password)


def _end_sessions(connection: Connection, email: str, reason: str) -> int:
    return connection.execute(
        "update ops.sessions set ended_at = now(), end_reason = %s"
        " where ended_at is null and expires_at > now()"
        " and user_id = (select user_id from ops.users where email = %s)",
        [reason, email.strip().lower()],
    ).rowcount


def _unknown(email: str) -> UnknownUserError:
    return UnknownUserError(f"There is no account for {email}; `sigmasight users list` shows all accounts.")


def _exists(email: str) -> FieldError:
    return FieldError(
        "ERR_USER_001", "email", email, f"There is already an account for {email}; use another address."
    )


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))
