"""Sessions: single-use refresh tokens, logout, and limits on login attempts."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.auth.tokens import Bearer, Tokens
from flows.maintenance.retention import clean_up
from ingestion.portfolios.users import end_sessions, set_active, set_password
from tests.api.api_helpers import PASSWORD, add_user, assert_problem, hash_password, log_in
from warehouse.connections import Warehouse
from warehouse.errors import SettingsError
from warehouse.settings import Settings

AUTH = "/api/v1/auth"
Serve = Callable[[Warehouse], TestClient]


@pytest.fixture(autouse=True)
def _no_cookies(api: TestClient) -> None:
    """Forget the cookies of the test before, also of one that failed."""
    api.cookies.clear()


@pytest.fixture(scope="module")
def api(module_warehouse: Warehouse, serve: Serve) -> TestClient:
    for name in ("ada", "eve", "tess"):
        add_user(module_warehouse, f"{name}@example.com")
    return serve(module_warehouse)


def begin(api: TestClient, email: str = "ada@example.com") -> dict[str, str]:
    """Log in and return the response body, without keeping the cookie."""
    response = api.post(f"{AUTH}/login", json={"email": email, "password": PASSWORD})
    api.cookies.clear()
    body: dict[str, str] = response.json()
    return body


def who(api: TestClient, access_token: str) -> int:
    return int(api.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {access_token}"}).status_code)


def refreshed(api: TestClient, refresh_token: str) -> dict[str, str]:
    response = api.post(f"{AUTH}/refresh", json={"refresh_token": refresh_token})
    api.cookies.clear()
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, str] = response.json()
    return body


def test_each_refresh_returns_a_new_pair_of_tokens(api: TestClient) -> None:
    pair = begin(api)
    seen = [pair]
    for _ in range(3):
        pair = refreshed(api, pair["refresh_token"])
        assert who(api, pair["access_token"]) == 200
        assert pair["token_type"] == "bearer"
        seen.append(pair)
    assert len({entry["refresh_token"] for entry in seen}) == len(seen)


def test_reuse_of_a_refresh_token_ends_only_its_session(api: TestClient) -> None:
    first, other = begin(api), begin(api)
    second = refreshed(api, first["refresh_token"])
    assert_problem(api.post(f"{AUTH}/refresh", json=first), 401, "refresh_invalid")
    assert who(api, second["access_token"]) == 401
    assert who(api, first["access_token"]) == 401
    assert_problem(api.post(f"{AUTH}/refresh", json=second), 401, "refresh_invalid")
    assert who(api, other["access_token"]) == 200


def test_a_session_can_be_refreshed_by_cookie(api: TestClient) -> None:
    response = api.post(f"{AUTH}/login", json={"email": "ada@example.com", "password": PASSWORD})
    cookies = [cookie.lower() for cookie in response.headers.get_list("set-cookie")]
    for cookie, path in zip(cookies, ("path=/;", "path=/api/v1/auth;"), strict=True):
        assert all(word in f"{cookie};" for word in ("httponly", "samesite=strict", path))
        assert "secure" not in cookie  # the test client uses http
    pair = api.post(f"{AUTH}/refresh").json()
    assert who(api, pair["access_token"]) == 200
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert api.post(f"{AUTH}/logout", headers=headers).status_code == 200
    assert not api.cookies
    assert_problem(api.post(f"{AUTH}/refresh"), 401, "refresh_invalid")


def test_logout_revokes_every_token_of_the_session(api: TestClient) -> None:
    first = begin(api)
    pair = refreshed(api, first["refresh_token"])
    other = begin(api)
    assert who(api, first["access_token"]) == 200  # and is cached for some seconds
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    response = api.post(f"{AUTH}/logout", headers=headers)
    assert response.json() == {"message": "You are logged out.", "success": True}
    assert [who(api, entry["access_token"]) for entry in (first, pair, other)] == [401, 401, 200]
    assert_problem(api.post(f"{AUTH}/refresh", json=pair), 401, "refresh_invalid")
    assert_problem(api.post(f"{AUTH}/logout", headers=headers), 401, "token_invalid")


def test_logout_all_ends_every_session_of_this_user_only(api: TestClient) -> None:
    ada, elsewhere, eve = begin(api), begin(api), begin(api, "eve@example.com")
    assert [who(api, pair["access_token"]) for pair in (ada, elsewhere, eve)] == [200, 200, 200]
    headers = {"Authorization": f"Bearer {ada['access_token']}"}
    assert api.post(f"{AUTH}/logout-all", headers=headers).json()["success"] is True
    assert [who(api, pair["access_token"]) for pair in (ada, elsewhere, eve)] == [401, 401, 200]
    assert_problem(api.post(f"{AUTH}/refresh", json=elsewhere), 401, "refresh_invalid")


def test_a_link_is_authorized_by_the_cookie_of_login(api: TestClient) -> None:
    pair = begin(api, "eve@example.com")
    api.cookies.set("sigmasight_access", pair["access_token"])
    assert api.get(f"{AUTH}/me").json()["email"] == "eve@example.com"
    assert_problem(api.get(f"{AUTH}/me", headers={"Authorization": "Basic x"}), 401, "not_authenticated")
    assert_problem(api.get(f"{AUTH}/me", headers={"Authorization": "Bearer x"}), 401, "token_invalid")
    api.cookies.clear()
    api.cookies.set("sigmasight_access", pair["refresh_token"])
    assert_problem(api.get(f"{AUTH}/me"), 401, "token_invalid")


def test_a_cookie_authorizes_nothing_that_writes(api: TestClient) -> None:
    api.cookies.set("sigmasight_access", begin(api, "eve@example.com")["access_token"])
    writing = [
        (method, path)
        for path, methods in api.app.openapi()["paths"].items()  # type: ignore[attr-defined]  # FastAPI's
        for method, operation in methods.items()
        if method != "get" and "security" in operation
    ]
    assert len(writing) > 10
    for method, path in writing:
        url = re.sub(r"{\w+}", str(uuid4()), path)
        assert_problem(api.request(method, url), 401, "not_authenticated")


def test_access_and_refresh_tokens_are_not_interchangeable(api: TestClient) -> None:
    pair = begin(api)
    assert who(api, pair["refresh_token"]) == 401
    answer = api.post(f"{AUTH}/refresh", json={"refresh_token": pair["access_token"]})
    assert_problem(answer, 401, "refresh_invalid")


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 5000, "\ud800"])
def test_an_invalid_refresh_token_is_rejected(api: TestClient, token: str) -> None:
    status = api.post(
        f"{AUTH}/refresh",
        content=f'{{"refresh_token": "{token}"}}'.encode("utf-8", "replace"),
        headers={"Content-Type": "application/json"},
    ).status_code
    assert status == (422 if len(token) > 4096 else 401)


def test_a_signed_token_of_an_unknown_session_is_rejected(
    api: TestClient, module_warehouse: Warehouse
) -> None:
    key = module_warehouse.settings.signing_key()
    known = Tokens(key, timedelta(minutes=1), timedelta(days=1)).read(begin(api)["access_token"])
    ours = Tokens(key, timedelta(minutes=1), timedelta(days=1))
    stranger = Bearer(known.user_id, known.user_id)
    assert who(api, ours.issue(stranger, "access")) == 401
    answer = api.post(f"{AUTH}/refresh", json={"refresh_token": ours.issue(stranger, "refresh")})
    assert_problem(answer, 401, "refresh_invalid")


def test_a_new_password_ends_existing_sessions(api: TestClient, module_warehouse: Warehouse) -> None:
    pair = begin(api, "tess@example.com")
    with module_warehouse.connect_writer() as connection:
        set_password(connection, "tess@example.com", "Another-sentence-7")
    assert_problem(api.post(f"{AUTH}/refresh", json=pair), 401, "refresh_invalid")
    assert who(api, pair["access_token"]) == 401


OPEN = "select ops.open_session(gen_random_uuid(), %s, '\\x00', '1 hour', %s)"
OPEN_SESSIONS = "select count(*) from ops.sessions where user_id = %s and ended_at is null"
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


def wait_until_blocked(warehouse: Warehouse) -> None:
    """Return when a statement waits for a lock."""
    with psycopg.connect(warehouse.admin_url, autocommit=True) as connection:
        for _ in range(600):
            if connection.execute(WAITING).fetchone() != (0,):
                return
            sleep(0.05)
    raise AssertionError("nothing waits")


def test_a_login_with_the_old_password_does_not_outlive_its_change(
    api: TestClient, module_warehouse: Warehouse
) -> None:
    # the password is verified before the change is committed, and the session recorded after
    user_id = add_user(module_warehouse, "racing@example.com")
    with ThreadPoolExecutor(1) as thread, module_warehouse.connect_writer() as connection:
        with connection.transaction():
            set_password(connection, "racing@example.com", "Another-sentence-7")
            body = {"email": "racing@example.com", "password": PASSWORD}
            login = thread.submit(api.post, f"{AUTH}/login", json=body)
            wait_until_blocked(module_warehouse)
        assert_problem(login.result(30), 401, "invalid_credentials")
        assert connection.execute(OPEN_SESSIONS, [user_id]).fetchone() == (0,)
    assert begin(api, "racing@example.com")["code"] == "invalid_credentials"


def test_a_session_that_is_being_opened_is_ended_by_the_change(module_warehouse: Warehouse) -> None:
    user_id = add_user(module_warehouse, "early@example.com")

    def change() -> None:
        with module_warehouse.connect_writer() as connection:
            set_password(connection, "early@example.com", "Another-sentence-7")

    with ThreadPoolExecutor(1) as thread, module_warehouse.connect_writer() as connection:
        assert connection.execute(OPEN, [user_id, hash_password(PASSWORD)]).fetchone() == (True,)
        changed = thread.submit(change)
        wait_until_blocked(module_warehouse)
        connection.commit()
        changed.result(30)
        assert connection.execute(OPEN_SESSIONS, [user_id]).fetchone() == (0,)


@pytest.mark.parametrize("end", ["disable and enable", "end-sessions"])
def test_ended_sessions_are_not_revived(api: TestClient, module_warehouse: Warehouse, end: str) -> None:
    email = f"{end[:3]}@example.com"
    user_id = add_user(module_warehouse, email)
    pair, eve = begin(api, email), begin(api, "eve@example.com")
    with module_warehouse.connect_writer() as connection:
        if end == "end-sessions":
            assert [end_sessions(connection, email.upper()) for _ in range(2)] == [1, 0]
        else:
            set_active(connection, email, is_active=False)
            connection.commit()
            # a login that was checked before and is recorded after
            assert connection.execute(OPEN, [user_id, hash_password(PASSWORD)]).fetchone() == (False,)
            set_active(connection, email, is_active=True)
        still_open = connection.execute(
            "select from ops.sessions where user_id = %s and ended_at is null", [user_id]
        )
        assert still_open.fetchall() == []
    assert [who(api, entry["access_token"]) for entry in (pair, eve)] == [401, 200]
    assert_problem(api.post(f"{AUTH}/refresh", json=pair), 401, "refresh_invalid")
    assert who(api, begin(api, email)["access_token"]) == 200


def test_the_night_deletes_expired_sessions(api: TestClient, module_warehouse: Warehouse) -> None:
    user_id = add_user(module_warehouse, "late@example.com")
    begin(api, "late@example.com")
    sessions = "select count(*) from ops.sessions where user_id = %s"
    with module_warehouse.connect_writer(autocommit=True) as connection:
        expire = "update ops.sessions set expires_at = now() - interval '1 second' where user_id = %s"
        connection.execute(expire, [user_id])
        assert clean_up(module_warehouse, dry_run=True)["expired sessions"] >= 1
        assert connection.execute(sessions, [user_id]).fetchone() == (1,)
        clean_up(module_warehouse)
        assert connection.execute(sessions, [user_id]).fetchone() == (0,)
    assert who(api, begin(api, "eve@example.com")["access_token"]) == 200


def test_the_database_stores_no_tokens(api: TestClient, module_warehouse: Warehouse) -> None:
    pair = begin(api)
    with module_warehouse.connect_writer() as connection:
        rows = connection.execute("select sessions::text from ops.sessions").fetchall()
    kept = " ".join(str(row[0]) for row in rows)
    assert pair["refresh_token"][-40:] not in kept
    assert rows


@pytest.mark.parametrize(
    "statement",
    [
        "select token_hash from ops.sessions",
        "insert into ops.sessions select * from ops.sessions",
        "update ops.sessions set ended_at = null",
        "delete from ops.sessions",
        "update ops.users set is_admin = true",
        "insert into ops.users (email, full_name, password_hash) values ('x@example.com', 'X', 'x')",
        "select * from raw.portfolios",
    ],
)
def test_the_auth_role_writes_sessions_only_through_functions(
    module_warehouse: Warehouse, statement: str
) -> None:
    with psycopg.connect(module_warehouse.auth_url) as connection:
        connection.read_only = False
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


@pytest.mark.parametrize("role", ["api_url", "analyst_url"])
def test_other_roles_cannot_end_a_session(module_warehouse: Warehouse, role: str) -> None:
    with psycopg.connect(getattr(module_warehouse, role)) as connection:
        connection.read_only = False
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select ops.end_session(gen_random_uuid())")


# --- attempts -----------------------------------------------------------------------------------------------


def attempt(api: TestClient, email: str, password: str = "wrong") -> int:  # noqa: S107 - not a real password
    return int(api.post(f"{AUTH}/login", json={"email": email, "password": password}).status_code)


def test_attempts_per_account_are_limited_whether_or_not_it_exists(
    empty_warehouse: Warehouse, serve: Serve
) -> None:
    settings = empty_warehouse.settings.model_copy(update={"login_attempts_per_account": 3})
    add_user(empty_warehouse, "eve@example.com")
    client = serve(_with(empty_warehouse, settings))
    for email in ("eve@example.com", "unknown@example.com"):
        assert [attempt(client, email) for _ in range(4)] == [401, 401, 401, 429]
    response = client.post(f"{AUTH}/login", json={"email": "EVE@example.com", "password": PASSWORD})
    body = assert_problem(response, 429, "too_many_attempts")
    assert 0 < int(response.headers["retry-after"]) == body["retry_after"] <= 1800


@pytest.mark.parametrize("spelling", ["EVE@EXAMPLE.COM", " eve@example.com "])
def test_every_spelling_of_an_email_shares_one_count(
    empty_warehouse: Warehouse, serve: Serve, spelling: str
) -> None:
    settings = empty_warehouse.settings.model_copy(update={"login_attempts_per_account": 3})
    add_user(empty_warehouse, "eve@example.com")
    client = serve(_with(empty_warehouse, settings))
    tries = [attempt(client, email) for email in ("eve@example.com", spelling, "Eve@example.com", spelling)]
    assert tries == [401, 401, 401, 429]


@pytest.mark.parametrize(
    "email",
    ["tess@\u0130example.com", "\u0130da@example.com", "te\u017f\u017f@example.com", "\uff45ve@example.com"],
)
def test_an_email_that_is_not_ascii_is_no_account(api: TestClient, email: str) -> None:
    answer = api.post(f"{AUTH}/login", json={"email": email, "password": PASSWORD})
    assert_problem(answer, 422, "invalid_request")


def test_a_correct_password_resets_the_attempts(empty_warehouse: Warehouse, serve: Serve) -> None:
    settings = empty_warehouse.settings.model_copy(update={"login_attempts_per_account": 3})
    add_user(empty_warehouse, "eve@example.com")
    client = serve(_with(empty_warehouse, settings))
    for _ in range(2):
        assert [attempt(client, "eve@example.com") for _ in range(2)] == [401, 401]
        assert attempt(client, "eve@example.com", PASSWORD) == 200


def test_attempts_per_address_are_limited_across_accounts(empty_warehouse: Warehouse, serve: Serve) -> None:
    settings = empty_warehouse.settings.model_copy(update={"login_attempts_per_address": 4})
    client = serve(_with(empty_warehouse, settings))
    tried = [attempt(client, f"person{number}@example.com") for number in range(5)]
    assert tried == [401, 401, 401, 401, 429]


def _with(warehouse: Warehouse, settings: Settings) -> Warehouse:
    return Warehouse(**{**vars(warehouse), "settings": settings})


def test_an_external_server_requires_a_secret_key() -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY is not set"):
        Settings(database_url="postgresql://localhost/risk").signing_key()


def test_an_access_token_does_not_outlive_its_session(module_warehouse: Warehouse, api: TestClient) -> None:
    headers = log_in(api, "eve@example.com")
    with module_warehouse.connect_writer() as connection:
        connection.execute("""
            update ops.sessions set expires_at = now() - interval '1 second'
            where user_id = (select user_id from ops.users where email = 'eve@example.com')
            """)
    assert_problem(api.get(f"{AUTH}/me", headers=headers), 401, "token_invalid")
