"""The clock of the database is ahead of the API's: an error that says so, and no answer."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from tests.api.api_helpers import add_user, assert_problem, log_in
from warehouse.connections import Warehouse


def test_a_proof_that_the_database_takes_for_expired_is_503(
    empty_api: TestClient, module_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Silent failure prevented: 500 for every request after the clock of one of two machines was set
    add_user(module_warehouse, "jane@example.com")
    headers = log_in(empty_api, "jane@example.com")
    monkeypatch.setattr("api.auth.claims.VALID_FOR", timedelta(minutes=-1))
    problem = assert_problem(
        empty_api.get("/api/v1/data/portfolios", headers=headers), 503, "warehouse_unavailable"
    )
    assert "clocks of this service and of the database differ" in problem["detail"]
