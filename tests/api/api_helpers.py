"""Helpers of the API's tests: add users, log in, check error responses against RFC 9457."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import jsonschema
from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb
from pwdlib import PasswordHash

from ingestion.demo.demo import DEMO_PASSWORD
from warehouse.connections import Warehouse

PASSWORD = "correct horse battery staple"

OPEN_PATHS = {
    "/auth/login",
    "/auth/refresh",
    "/health",
    "/health/live",
    "/health/ready",
    "/onboarding/csv-template",
}
"""Paths that need no token."""


@cache
def hash_password(password: str) -> str:
    """The same hash of a password each time."""
    return PasswordHash.recommended().hash(password)


def add_user(warehouse: Warehouse, email: str, *, is_active: bool = True) -> str:
    """Add a user who logs in with PASSWORD; return their id."""
    statement = """
        insert into ops.users (email, full_name, password_hash, is_active)
        values (%s, 'A Person', %s, %s) returning user_id::text
        """
    with warehouse.connect_writer() as connection:
        row = connection.execute(statement, (email, hash_password(PASSWORD), is_active)).fetchone()
    assert row is not None
    return str(row[0])


def add_run(warehouse: Warehouse, *, status: str, phase: str = "building") -> None:
    """Record a nightly run with this status and phase."""
    statement = """
        insert into ops.runs (kind, status, phase, percent, finished_at, steps)
        values ('nightly', %s, %s, 40, case when %s <> 'running' then now() end, %s)
        """
    with warehouse.connect_writer() as connection:
        connection.execute(statement, (status, phase, status, Jsonb([])))


def log_in(client: TestClient, email: str, password: str = PASSWORD) -> dict[str, str]:
    """Log in and return the headers of this user's requests."""
    response = client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert response.status_code == 200, response.text
    client.cookies.delete("sigmasight_access")  # it would authorize the client's other requests
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


@dataclass(frozen=True)
class Person:
    """A logged-in demo user and the ids of their portfolios, by name."""

    client: TestClient
    headers: dict[str, str]
    portfolios: dict[str, str]

    def get(self, path: str, **parameters: Any) -> Any:
        """Send GET /api/v1/path as this user."""
        return self.client.get(f"/api/v1/{path}", params=parameters, headers=self.headers)

    @property
    def portfolio_id(self) -> str:
        """The first portfolio."""
        return next(iter(self.portfolios.values()))


def log_in_demo(client: TestClient, email: str) -> Person:
    """Log in as a demo user."""
    headers = log_in(client, email, DEMO_PASSWORD)
    portfolios = client.get("/api/v1/data/portfolios", headers=headers).json()
    return Person(client, headers, {portfolio["name"]: portfolio["id"] for portfolio in portfolios})


def rounded(number: Decimal | None, places: int) -> float | None:
    """A figure of a mart as PostgreSQL rounds it: half away from zero."""
    if number is None:
        return None
    return float(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Check an error response against RFC 9457, to a client that names no type; return its body."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:sigmasight:problem:{code}")
    assert body["detail"].endswith(".")
    return body


class Shapes:
    """Validates JSON against the schemas of the OpenAPI document, and rejects undocumented fields."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = _closed({"components": document["components"]})

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        """Raise jsonschema.ValidationError if the value does not match the schema."""
        validator = jsonschema.Draft202012Validator(
            {**_closed(schema), **self._document},
            format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
        )
        validator.validate(value)

    def validate_response(self, response: Any, path: str, document: dict[str, Any]) -> Any:
        """Validate a live response of a documented path against its schema; return its JSON."""
        assert response.status_code == 200, response.text
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        self.validate(response.json(), schema)
        return response.json()


def _closed(schema: Any) -> Any:
    """Copy a schema, closed to fields that it does not list."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copied = {key: _closed(part) for key, part in schema.items()}
    if "properties" in copied and isinstance(copied.get("type"), str):
        copied["additionalProperties"] = False
        copied["required"] = list(copied["properties"])
    return copied
