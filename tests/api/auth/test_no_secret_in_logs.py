"""No log holds a secret: neither the API's, nor the command line's, nor the database server's."""

import hashlib
import logging
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from flows.log_format import log_formatter
from tests.api.api_helpers import PASSWORD, add_user, hash_password
from tests.claims import user_of
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse
from warehouse.settings import Settings

AUTH = "/api/v1/auth"
EMAIL = "quiet@example.com"
TYPED = "Typed-in-the-wrong-field-7"
NEW = "Nine-quiet-lanterns-42"


def files_of(folder: Path) -> str:
    """Everything in the logs of a home: the command line's, and the server's."""
    logs = [path for path in folder.rglob("*") if path.suffix == ".log" or path.name == "log"]
    return "".join(path.read_text(errors="replace") for path in logs if path.is_file())


def test_no_log_holds_a_secret(
    empty_api: TestClient,
    module_warehouse: Warehouse,
    shared_home: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    add_user(module_warehouse, EMAIL)
    for body in (
        {"email": EMAIL, "password": TYPED},
        {"email": TYPED, "password": PASSWORD},
        {"email": EMAIL, "password": [TYPED]},
    ):
        assert empty_api.post(f"{AUTH}/login", json=body).status_code in {401, 422}
    pair = empty_api.post(f"{AUTH}/login", json={"email": EMAIL, "password": PASSWORD}).json()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    empty_api.get(f"{AUTH}/me", headers=headers)
    empty_api.get("/api/v1/data/portfolios", headers=headers)
    for _ in range(2):  # the second use ends the session, which is logged
        empty_api.post(f"{AUTH}/refresh", json={"refresh_token": pair["refresh_token"]})
    empty_api.post(f"{AUTH}/refresh", content=pair["refresh_token"].encode())
    changed = invoke(
        ["users", "set-password", EMAIL, "--password", NEW], module_warehouse.settings.as_environment()
    )
    assert changed.returncode == 0
    user = user_of(module_warehouse, EMAIL)
    secrets = [
        PASSWORD,
        TYPED,
        NEW,
        *(token.rpartition(".")[2] for token in (pair["access_token"], pair["refresh_token"])),
        hashlib.sha256(pair["refresh_token"].encode()).hexdigest(),
        hash_password(PASSWORD),
        user.claim_key.hex(),
        module_warehouse.settings.signing_key(),
    ]
    of_server = files_of((shared_home / ".warehouse" / "pgdata").resolve())
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]  # the client's
    said = "\n".join(log_formatter(Settings(log_format="json")).format(record) for record in ours)
    text = said + changed.stdout + changed.stderr + files_of(shared_home) + of_server
    assert "LOG:" in of_server
    assert "/api/v1/auth/refresh" in text
    assert [secret for secret in secrets if secret in text] == []
