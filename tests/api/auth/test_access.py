"""Every path that needs a login rejects requests without one, including paths added later."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from fastapi.testclient import TestClient

from tests.api.api_helpers import OPEN_PATHS, add_user, assert_problem, log_in
from tests.api.document import openapi_document
from warehouse.connections import Warehouse

DOCUMENT: dict[str, Any] = openapi_document()
OPERATIONS = [
    pytest.param(method, path, operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if path.removeprefix("/api/v1") not in OPEN_PATHS
]


@pytest.fixture(scope="module")
def tokens(empty_api: TestClient, module_warehouse: Warehouse) -> dict[str, tuple[str, str]]:
    """Collect invalid tokens, with the error code of each."""
    add_user(module_warehouse, "ada@example.com")
    good = log_in(empty_api, "ada@example.com")["Authorization"].removeprefix("Bearer ")
    revoked = log_in(empty_api, "ada@example.com")
    assert empty_api.post("/api/v1/auth/logout", headers=revoked).status_code == 200
    claims = jwt.decode(good, options={"verify_signature": False})
    expired = jwt.encode(
        {**claims, "exp": datetime.now(UTC) - timedelta(seconds=1)},
        module_warehouse.settings.signing_key(),
        "HS256",
    )
    head, body, signature = good.split(".")
    other = jwt.encode({**claims, "sub": str(uuid4())}, "k" * 64, "HS256").split(".")[1]
    return {
        "expired": (expired, "token_expired"),
        "revoked": (revoked["Authorization"].removeprefix("Bearer "), "token_invalid"),
        "tampered": (f"{head}.{other}.{signature}", "token_invalid"),
        "cut": (f"{head}.{body}.", "token_invalid"),
    }


def address(path: str, operation: dict[str, Any]) -> str:
    """Fill in the path parameters with valid values."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            fits = str(uuid4()) if parameter["schema"].get("format") == "uuid" else "spy"
            path = path.replace(f"{{{parameter['name']}}}", fits)
    return path


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_a_request_without_a_valid_token_is_rejected(
    empty_api: TestClient,
    tokens: dict[str, tuple[str, str]],
    method: str,
    path: str,
    operation: dict[str, Any],
) -> None:
    send: Callable[..., Any] = empty_api.request
    url = address(path, operation)
    assert_problem(send(method, url), 401, "not_authenticated")
    for token, code in tokens.values():
        answer = send(method, url, headers={"Authorization": f"Bearer {token}"})
        assert_problem(answer, 401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["cache-control"] == "no-store"
