"""All errors have one shape, and none reveals internals."""

import re
from collections.abc import Callable

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from api.app import create_app
from api.http.errors import CATALOGUE, Problem
from tests.api.api_helpers import add_user, assert_problem, log_in
from warehouse.connections import Warehouse


@pytest.fixture(scope="module")
def headers(empty_api: TestClient, module_warehouse: Warehouse) -> dict[str, str]:
    add_user(module_warehouse, "grace@example.com")
    return log_in(empty_api, "grace@example.com")


def test_an_unknown_path_is_a_problem(empty_api: TestClient) -> None:
    assert_problem(empty_api.get("/api/v1/nothing/here"), 404, "path_not_found")
    assert_problem(empty_api.get("/"), 404, "path_not_found")


def test_writing_is_a_problem(empty_api: TestClient) -> None:
    response = empty_api.delete("/api/v1/data/portfolios")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("data/portfolios?as_of_date=20250630", "as_of_date"),
        ("data/portfolios?as_of_date=2025-02-30", "as_of_date"),
        ("data/portfolios?limit=0", "limit"),
        ("data/portfolios?offset=-1", "offset"),
        ("data/portfolio/not-an-id/complete", "portfolio_id"),
        (
            "data/portfolio/6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11/complete?include_holdings=perhaps",
            "include_holdings",
        ),
        ("data/prices/historical/6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11?lookback_days=99999", "lookback_days"),
        ("data/prices/historical/6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11?date_format=roman", "date_format"),
        ("data/positions/details?position_ids=1,2", "position_ids"),
    ],
)
def test_an_invalid_parameter_is_named(
    empty_api: TestClient, headers: dict[str, str], path: str, parameter: str
) -> None:
    body = assert_problem(empty_api.get(f"/api/v1/{path}", headers=headers), 422, "invalid_request")
    assert parameter in body["detail"]
    assert body["errors"][0]["parameter"].split(".")[0] == parameter


@pytest.mark.parametrize("query", ["", "?portfolio_id={0}&position_ids={0}", "?position_ids="])
def test_positions_need_one_selector(empty_api: TestClient, headers: dict[str, str], query: str) -> None:
    path = "/api/v1/data/positions/details" + query.format("6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11")
    body = assert_problem(empty_api.get(path, headers=headers), 422, "invalid_request")
    assert "portfolio_id or position_ids" in body["detail"]


def test_authentication_is_checked_before_parameters(empty_api: TestClient) -> None:
    assert_problem(empty_api.get("/api/v1/data/portfolios"), 401, "not_authenticated")


def test_an_internal_error_reveals_no_details(
    module_warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(module_warehouse.settings)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the secret cause")

    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/broken")
    body = assert_problem(response, 500, "internal_error")
    assert "secret cause" not in response.text
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", body["instance"])
    assert body["instance"] in caplog.text
    assert "the secret cause" in caplog.text


def test_a_slow_statement_times_out(
    empty_warehouse: Warehouse, serve: Callable[[Warehouse], TestClient]
) -> None:
    add_user(empty_warehouse, "waiting@example.com")
    with empty_warehouse.connect_writer() as writer:
        writer.execute("""
            create view marts.dim_portfolios as
            select portfolio_id, portfolio_name, loaded_at as created_at from raw.portfolios, pg_sleep(60)
            """)
        writer.execute("grant select on marts.dim_portfolios to sigmasight_api")
    with psycopg.connect(empty_warehouse.admin_url) as admin:
        database = sql.Identifier(empty_warehouse.settings.warehouse_database)
        statement = sql.SQL("alter role sigmasight_api in database {} set statement_timeout = '200ms'")
        admin.execute(statement.format(database))
    client = serve(empty_warehouse)
    response = client.get("/api/v1/auth/me", headers=log_in(client, "waiting@example.com"))
    assert_problem(response, 503, "query_timed_out")


def test_every_problem_has_a_unique_code_and_a_sentence() -> None:
    assert set(CATALOGUE) == set(Problem.__subclasses__())
    assert len({problem.code for problem in CATALOGUE}) == len(CATALOGUE)
    for problem in CATALOGUE:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", problem.code)
        assert problem.default_detail.endswith(".")
