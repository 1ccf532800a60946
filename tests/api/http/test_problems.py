"""All errors have one shape, and none reveals internals."""

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql
from typer.main import get_command

from api.app import create_app
from api.http.errors import CATALOGUE, Problem
from api.http.writing import COMMANDS
from flows.cli.app import app as cli
from tests.api.api_helpers import add_user, assert_problem, log_in
from warehouse.connections import Warehouse

ANY_ID = "6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11"


@pytest.fixture(scope="module")
def headers(empty_api: TestClient, module_warehouse: Warehouse) -> dict[str, str]:
    add_user(module_warehouse, "grace@example.com")
    return log_in(empty_api, "grace@example.com")


@pytest.mark.parametrize(
    ("method", "path", "allowed", "command"),
    [
        ("DELETE", "data/portfolios", "GET", "sigmasight load positions"),
        ("POST", "portfolios", "GET", "sigmasight load positions"),
        ("PUT", f"portfolios/{ANY_ID}", "GET", "sigmasight portfolios remove"),
        ("POST", f"portfolios/{ANY_ID}/calculate", "", "sigmasight nightly"),
        ("POST", "admin/batch/run", "", "sigmasight nightly"),
        ("POST", f"portfolios/{ANY_ID}/equity-changes", "GET", "sigmasight capital-flows add"),
        ("DELETE", f"portfolios/{ANY_ID}/equity-changes/{ANY_ID}", "", "sigmasight capital-flows add"),
        ("POST", "tags/", "GET", "sigmasight tags add"),
        ("POST", f"tags/{ANY_ID}/archive", "", "sigmasight tags add"),
        ("POST", f"positions/{ANY_ID}/tags", "GET", "sigmasight tags add"),
        ("POST", f"target-prices/{ANY_ID}", "GET", "sigmasight targets set"),
        ("POST", f"target-prices/{ANY_ID}/bulk", "", "sigmasight targets set"),
        ("DELETE", f"target-prices/target/{ANY_ID}", "GET", "sigmasight targets set"),
        ("POST", "positions", "", "sigmasight load positions"),
        ("POST", "positions/bulk", "GET", "sigmasight load positions"),
        ("DELETE", f"positions/{ANY_ID}/hard", "", "sigmasight load positions"),
        ("POST", "onboarding/create-portfolio", "", "sigmasight load positions"),
        ("POST", "onboarding/register", "", "sigmasight users add"),
        ("POST", "data/prices/quotes", "GET", "sigmasight load prices"),
        ("PUT", f"data/portfolio/{ANY_ID}/complete", "GET", "sigmasight load"),
        ("POST", "publications", "GET", "sigmasight nightly"),
        ("POST", f"portfolio/{ANY_ID}/positions", "", "sigmasight load positions"),
        ("DELETE", f"portfolio/{ANY_ID}", "", "sigmasight portfolios remove"),
        ("POST", "tags", "GET", "sigmasight tags add"),
        ("POST", "strategies/combine", "", "sigmasight tags add"),
        ("PUT", "equity-search/filters", "", "sigmasight psql"),
        ("PATCH", "users/me", "", "sigmasight users add"),
        ("POST", "nothing/here", "", "does not exist here. The API is read-only: `sigmasight load`"),
        ("PUT", "chat/memories", "DELETE, GET, POST", "takes DELETE and GET and POST only."),
        ("GET", "chat/send", "POST", "takes POST only."),
    ],
)
def test_a_refused_method_names_the_command_that_does_it(
    empty_api: TestClient, method: str, path: str, allowed: str, command: str
) -> None:
    response = empty_api.request(method, f"/api/v1/{path}")
    assert command in assert_problem(response, 405, "method_not_allowed")["detail"]
    assert response.headers["allow"] == allowed


def test_every_command_that_a_refusal_names_exists() -> None:
    named = {
        tuple(words.split()[1:])
        for _, text in COMMANDS
        for words in re.findall(r"`(sigmasight [^`]+)`", text)
    }
    named |= {("load",), ("nightly",)}
    assert len(named) > 8
    for words in named:
        command: Any = get_command(cli)
        for word in takewhile(str.islower, words):
            command = command.commands[word]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/nothing/here"), ("GET", "/api/v1"), ("GET", "/nothing"), ("POST", "/portfolios")],
)
def test_an_unknown_path_has_no_command(empty_api: TestClient, method: str, path: str) -> None:
    assert_problem(empty_api.request(method, path), 404, "path_not_found")


@pytest.mark.parametrize("path", ["/api/v1/data/portfolios/", "/api/v1/tags", "/api/v1/tags/"])
def test_a_last_slash_is_ignored_without_a_redirect(empty_api: TestClient, path: str) -> None:
    response = empty_api.get(path, follow_redirects=False)
    assert_problem(response, 401, "not_authenticated")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("application/problem+json", "application/problem+json"),
        ("application/json, Application/Problem+JSON;q=0.9", "application/problem+json"),
        ("application/problem+json;q=0, application/json", "application/json"),
    ],
)
def test_a_problem_has_the_media_type_that_its_client_names(
    empty_api: TestClient, accept: str, media_type: str
) -> None:
    response = empty_api.get("/api/v1/nothing/here", headers={"Accept": accept})
    assert (response.headers["content-type"], response.headers["vary"]) == (media_type, "Accept")
    assert response.json()["code"] == "path_not_found"


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
