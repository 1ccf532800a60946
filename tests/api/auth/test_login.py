"""Login and access tokens: who is accepted, and how others are rejected."""

import re
from datetime import UTC, datetime, timedelta
from time import perf_counter, sleep
from uuid import UUID, uuid4

import jwt
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth.tokens import Tokens
from api.http.errors import TokenExpired, TokenInvalid
from api.http.limits import CLOCK_LEEWAY, MAX_PASSWORD_LENGTH, USER_CACHE
from ingestion.portfolios.users import store_user
from tests.api.api_helpers import PASSWORD, add_user, assert_problem, log_in
from tests.password_cost import real_cost
from warehouse.connections import Warehouse

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/auth/me"


@pytest.fixture(scope="module")
def ada(module_warehouse: Warehouse) -> str:
    return add_user(module_warehouse, "ada@example.com")


def good_claims(**claims: object) -> dict[str, object]:
    """Make the claims of a valid token, overriding those given."""
    now = datetime.now(UTC)
    good = {"aud": "access", "sub": str(uuid4()), "sid": str(uuid4()), "jti": str(uuid4())}
    return {**good, "iat": now, "exp": now + timedelta(hours=1), **claims}


def signed(warehouse: Warehouse, **claims: object) -> dict[str, str]:
    """Sign a token with the server's key and valid claims, overriding those given."""
    token = jwt.encode(good_claims(**claims), warehouse.settings.signing_key(), algorithm="HS256")
    return {"Authorization": f"Bearer {token}"}


def test_login_returns_a_token_that_identifies_the_user(empty_api: TestClient, ada: str) -> None:
    response = empty_api.post(LOGIN, json={"email": "ada@example.com", "password": PASSWORD})
    body = response.json()
    assert (response.status_code, body["token_type"], body["expires_in"]) == (200, "bearer", 900)
    assert response.headers["cache-control"] == "no-store"

    me = empty_api.get(ME, headers={"Authorization": f"Bearer {body['access_token']}"}).json()
    assert (me["id"], me["email"], me["full_name"], me["is_active"]) == (
        ada,
        "ada@example.com",
        "A Person",
        True,
    )
    assert (me["portfolio_id"], me["portfolio_count"]) == (None, 0)
    assert (me["tier"], me["invite_validated"]) == ("self_hosted", True)
    assert me["limits"] == {"max_portfolios": None, "max_ai_messages": None}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", me["created_at"])


def test_login_ignores_the_case_of_the_email(empty_api: TestClient, ada: str) -> None:
    headers = log_in(empty_api, "  Ada@Example.COM ")
    assert empty_api.get(ME, headers=headers).json()["id"] == ada


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong"),
        ("unknown@example.com", PASSWORD),
        ("x';drop/**/table/**/ops.users;--", PASSWORD),
    ],
)
def test_a_failed_login_does_not_say_what_was_wrong(empty_api: TestClient, email: str, password: str) -> None:
    response = empty_api.post(LOGIN, json={"email": email, "password": password})
    body = assert_problem(response, 401, "invalid_credentials")
    assert body["detail"] == "The email or the password is wrong."
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_an_inactive_user_is_rejected_like_an_unknown_one(
    empty_api: TestClient, module_warehouse: Warehouse
) -> None:
    add_user(module_warehouse, "retired@example.com", is_active=False)
    response = empty_api.post(LOGIN, json={"email": "retired@example.com", "password": PASSWORD})
    assert_problem(response, 401, "invalid_credentials")


def test_an_unknown_email_takes_as_long_as_a_wrong_password(module_warehouse: Warehouse) -> None:
    # A fast rejection would reveal which accounts exist.
    with real_cost():
        known = f"{uuid4()}@example.com"
        with module_warehouse.connect_writer() as connection:
            store_user(connection, known, "Known", PASSWORD)

        def seconds(email: str) -> float:
            begun = perf_counter()
            client.post(LOGIN, json={"email": email, "password": "wrong"})
            return perf_counter() - begun

        with TestClient(create_app(module_warehouse.settings)) as client:
            pairs = [(seconds(known), seconds("unknown@example.com")) for _ in range(5)]
    # the fastest of each: nothing disturbed them
    wrong, unknown = (min(times) for times in zip(*pairs, strict=True))
    assert 0.5 < unknown / wrong < 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ada@example.com"},
        {"email": "", "password": "secret-of-mine"},
        {"email": "ada@example.com", "password": ""},
        {"email": ["ada@example.com"], "password": "secret-of-mine"},
        {"email": "ada@example.com", "password": "secret-of-mine" * MAX_PASSWORD_LENGTH},
        "secret-of-mine",
    ],
)
def test_errors_of_a_malformed_login_do_not_echo_the_input(empty_api: TestClient, body: object) -> None:
    response = empty_api.post(LOGIN, json=body)
    problem = assert_problem(response, 422, "invalid_request")
    assert problem["errors"]
    assert "secret-of-mine" not in response.text


def test_a_body_that_is_not_json_is_rejected(empty_api: TestClient) -> None:
    response = empty_api.post(LOGIN, content=b"email=ada", headers={"Content-Type": "application/json"})
    assert_problem(response, 422, "invalid_request")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (rb'{"email": "ada\u0000@example.com", "password": "x"}', 422, "invalid_request"),
        (rb'{"email": "\ud800@example.com", "password": "x"}', 422, "invalid_request"),
        (rb'{"email": "ada@example.com", "password": "\ud800\u0000"}', 401, "invalid_credentials"),
    ],
)
def test_characters_that_cannot_be_stored_are_rejected(
    empty_api: TestClient, body: bytes, status: int, code: str
) -> None:
    response = empty_api.post(LOGIN, content=body, headers={"Content-Type": "application/json"})
    assert_problem(response, status, code)


def test_a_request_without_a_token_gets_a_challenge(empty_api: TestClient) -> None:
    response = empty_api.get(ME)
    assert_problem(response, 401, "not_authenticated")
    assert response.headers["www-authenticate"] == 'Bearer realm="sigmasight"'


@pytest.mark.parametrize("header", ["Basic YWRhOmFkYQ==", "Bearer", "nonsense"])
def test_other_authorization_schemes_are_ignored(empty_api: TestClient, header: str) -> None:
    assert_problem(empty_api.get(ME, headers={"Authorization": header}), 401, "not_authenticated")


def test_an_expired_token_is_reported_as_expired(
    empty_api: TestClient, module_warehouse: Warehouse, ada: str
) -> None:
    headers = signed(module_warehouse, sub=ada, exp=datetime.now(UTC) - timedelta(seconds=1))
    response = empty_api.get(ME, headers=headers)
    assert_problem(response, 401, "token_expired")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_a_token_may_be_issued_by_a_clock_some_seconds_ahead() -> None:
    tokens = Tokens("k" * 40, timedelta(minutes=1), timedelta(days=1))

    def issued(seconds: float, **claims: object) -> str:
        claims = good_claims(iat=datetime.now(UTC) + timedelta(seconds=seconds), **claims)
        return jwt.encode(claims, tokens.secret_key, algorithm="HS256")

    tokens.read(issued(CLOCK_LEEWAY.total_seconds() - 1))
    with pytest.raises(TokenInvalid):
        tokens.read(issued(CLOCK_LEEWAY.total_seconds() + 5))
    with pytest.raises(TokenExpired):
        tokens.read(issued(0, exp=datetime.now(UTC) - timedelta(seconds=1)))


def test_a_token_not_signed_by_this_server_is_not_valid(
    empty_api: TestClient, module_warehouse: Warehouse, ada: str
) -> None:
    session = log_in(empty_api, "ada@example.com")["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(session, options={"verify_signature": False})
    good = jwt.encode(claims, module_warehouse.settings.signing_key(), algorithm="HS256")
    other_key = jwt.encode(claims, "k" * 64, algorithm="HS256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    assert empty_api.get(ME, headers={"Authorization": f"Bearer {good}"}).json()["id"] == ada
    incomplete = [
        jwt.encode(
            {key: value for key, value in claims.items() if key != left_out},
            module_warehouse.settings.signing_key(),
            "HS256",
        )
        for left_out in claims
    ]
    for token in (other_key, unsigned, *incomplete, good[:-2] + "AA", "a.b.c", ""):
        response = empty_api.get(ME, headers={"Authorization": f"Bearer {token or 'x'}"})
        assert_problem(response, 401, "token_invalid")


@pytest.mark.parametrize("subject", ["5d1c54c6-7ac0-4b1a-9a5c-0d9d7cf0f6f2", "ada@example.com"])
def test_a_token_of_an_unknown_user_is_not_valid(
    empty_api: TestClient, module_warehouse: Warehouse, subject: str
) -> None:
    response = empty_api.get(ME, headers=signed(module_warehouse, sub=subject))
    assert_problem(response, 401, "token_invalid")


def test_a_deactivated_user_loses_access_within_seconds(
    empty_api: TestClient, module_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=5) >= USER_CACHE
    monkeypatch.setattr("api.auth.users.USER_CACHE", timedelta(seconds=0.5))
    user_id = UUID(add_user(module_warehouse, "leaving@example.com"))
    headers = log_in(empty_api, "leaving@example.com")
    assert empty_api.get(ME, headers=headers).status_code == 200

    with module_warehouse.connect_writer() as connection:
        connection.execute("update ops.users set is_active = false where user_id = %s", (user_id,))
    sleep(0.6)
    assert_problem(empty_api.get(ME, headers=headers), 401, "token_invalid")


def test_the_signing_key_is_generated_once_and_private(module_warehouse: Warehouse) -> None:
    path = module_warehouse.settings.warehouse_folder / "secret_key"
    assert module_warehouse.settings.signing_key() == path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600
