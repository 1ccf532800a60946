"""Accounts: their validation, and that no password is stored or shown."""

import time

import pytest
from pwdlib import PasswordHash

from ingestion.errors import InvalidUser
from ingestion.portfolios.users import add_user, find_user, password_errors, set_password
from ingestion.raw.loads import Connection
from tests.password_cost import real_cost

PASSWORD = "Correct-horse-7"


def test_an_account_is_created_with_a_hash(connection: Connection) -> None:
    with real_cost():
        user_id = add_user(connection, " Jane@Example.com", "Jane Doe ", PASSWORD)
    row = connection.execute(
        "select user_id, email, full_name, password_hash, is_active, is_admin from ops.users"
    ).fetchone()
    assert row is not None
    assert row[:3] == (user_id, "jane@example.com", "Jane Doe")
    assert row[4:] == (True, False)
    assert row[3].startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # the second choice of RFC 9106
    assert PasswordHash.recommended().verify(PASSWORD, row[3])
    assert find_user(connection, "JANE@example.com") == user_id


def test_a_very_long_password_is_accepted_and_judged_quickly() -> None:
    begun = time.thread_time()
    assert password_errors("Nine unrelated Words, 7 of them long: " * 100, []) == []
    assert password_errors("Aa1" * 1_000, []) != []
    assert time.thread_time() - begun < 2


def test_a_new_password_is_as_strong_as_the_first(connection: Connection) -> None:
    add_user(connection, "jane@example.com", "Jane Doe", PASSWORD)
    with pytest.raises(InvalidUser, match=r"easy to guess.*ERR_USER_003"):
        set_password(connection, "jane@example.com", "Welcome123")
    set_password(connection, "jane@example.com", "Fresh-paint-on-8-doors")


def test_an_email_has_one_account(connection: Connection) -> None:
    add_user(connection, "jane@example.com", "Jane Doe", PASSWORD)
    with pytest.raises(InvalidUser, match=r"already an account for jane@example\.com.*ERR_USER_001"):
        add_user(connection, "Jane@example.com", "Jane Again", PASSWORD)


def test_an_existing_account_is_told_with_the_other_errors(connection: Connection) -> None:
    add_user(connection, "jane@example.com", "Jane Doe", PASSWORD)
    with pytest.raises(InvalidUser) as raised:
        add_user(connection, "jane@example.com", " ", "Short-7")
    codes = [error.code for error in raised.value.errors]
    assert codes == ["ERR_USER_001", "ERR_USER_003", "ERR_USER_004"]


@pytest.mark.parametrize(
    ("email", "name", "password", "expected"),
    [
        ("jane", "Jane", PASSWORD, ["ERR_USER_002"]),
        ("jane@example", "Jane", PASSWORD, ["ERR_USER_002"]),
        ("ja ne@example.com", "Jane", PASSWORD, ["ERR_USER_002"]),
        ("jane@example.com", "Jane", "Short-7", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "no-upper-case-7", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "NO-LOWER-CASE-7", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "No-digit-at-all", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "Password1", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "P@ssw0rd1", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "Qwertyuiop1", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "Summer2026", ["ERR_USER_003"]),
        ("jane@example.com", "Jane Sigismund", "Sigismund7", ["ERR_USER_003"]),
        ("jane@sigismund.example", "Jane", "Sigismund7", ["ERR_USER_003"]),
        ("jane@example.com", "Jane", "SigmaSight2025", ["ERR_USER_003"]),
        ("jane@example.com", "  ", PASSWORD, ["ERR_USER_004"]),
        ("jane@example.com", "Jane\x1b[2J", PASSWORD, ["ERR_USER_004"]),
        ("jane@example.com", "Jane\nadmin", PASSWORD, ["ERR_USER_004"]),
        ("", "", "", ["ERR_USER_002", "ERR_USER_003", "ERR_USER_004"]),
    ],
)
def test_each_error_has_its_code_and_no_error_quotes_the_password(
    module_connection: Connection, email: str, name: str, password: str, expected: list[str]
) -> None:
    with pytest.raises(InvalidUser) as raised:
        add_user(module_connection, email, name, password)
    assert [error.code for error in raised.value.errors] == expected
    assert not password or password not in str(raised.value)
    assert module_connection.execute("select count(*) from ops.users").fetchone() == (0,)
