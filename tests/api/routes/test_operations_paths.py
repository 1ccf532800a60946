"""Publications, restatements, lineage, and runs of the flows for administrators."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from psycopg import Connection
from psycopg.rows import DictRow

from ingestion.portfolios.users import set_admin
from tests.api.api_helpers import Person, Shapes, add_run, add_user, assert_problem, log_in
from warehouse.connections import Warehouse

Serve = Callable[[Warehouse], TestClient]
CURRENT, HISTORY = "/api/v1/admin/batch/run/current", "/api/v1/admin/batch/history"


def test_publications_equal_the_mart(hedge_fund: Person, analyst: Connection[DictRow]) -> None:
    document = hedge_fund.get("openapi.json").json()
    body = Shapes(document).validate_response(
        hedge_fund.get("publications"), "/api/v1/publications", document
    )
    rows = analyst.execute("select * from marts.fct_publications order by published_at desc").fetchall()
    assert body["total"] == len(rows) == len(body["publications"])
    for shown, row in zip(body["publications"], rows, strict=True):
        assert (shown["publication_id"], shown["tests_passed"], shown["dbt_invocation_id"]) == (
            row["publication_id"],
            row["tests_passed"],
            row["dbt_invocation_id"],
        )
        assert shown["published_at"] == row["published_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    beyond = hedge_fund.get("publications", offset=len(rows)).json()
    assert (beyond["publications"], beyond["truncated"]) == ([], False)


def test_publications_of_a_date_are_those_that_cover_it(hedge_fund: Person) -> None:
    found = hedge_fund.get("publications", as_of_date="2025-08-15").json()["publications"]
    assert found
    assert all(entry["from_date"] <= "2025-08-15" <= entry["to_date"] for entry in found)


def test_restatements_have_the_documented_shape(hedge_fund: Person) -> None:
    document = hedge_fund.get("openapi.json").json()
    Shapes(document).validate_response(hedge_fund.get("restatements"), "/api/v1/restatements", document)


# --- lineage ------------------------------------------------------------------------------------------------


def test_the_lineage_of_a_mart_reaches_the_loaded_tables(
    hedge_fund: Person, analyst: Connection[DictRow]
) -> None:
    document = hedge_fund.get("openapi.json").json()
    response = hedge_fund.get("lineage/fct_portfolio_snapshots")
    body = Shapes(document).validate_response(response, "/api/v1/lineage/{mart}", document)
    assert body["grain"] == ["portfolio_id", "as_of_date"]
    columns = analyst.execute(
        "select column_name from information_schema.columns where table_schema = 'marts'"
        " and table_name = 'fct_portfolio_snapshots' order by ordinal_position"
    ).fetchall()
    assert [column["name"] for column in body["columns"]] == [row["column_name"] for row in columns]
    assert all(column["description"] for column in body["columns"])
    layers = {node["layer"] for node in body["upstream"]}
    assert {"raw", "staging", "intermediate", "published"} <= layers
    assert '"published"."int_position_values"' in body["compiled_sql"]
    named = {node["name"]: node for node in body["upstream"]}
    assert named["int_position_values"]["compiled_sql"]


def test_every_mart_has_a_lineage(hedge_fund: Person, analyst: Connection[DictRow]) -> None:
    for row in analyst.execute("select viewname from pg_views where schemaname = 'marts'").fetchall():
        assert hedge_fund.get(f"lineage/{row['viewname']}").status_code == 200, row


def test_an_unchanged_lineage_is_a_304(hedge_fund: Person) -> None:
    tag = hedge_fund.get("lineage/fct_prices").headers["etag"]
    headers = {**hedge_fund.headers, "If-None-Match": tag}
    again = hedge_fund.client.get("/api/v1/lineage/fct_prices", headers=headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize("name", ["fct_nothing", "int_position_values", "fct_prices_history", "users"])
def test_the_lineage_of_an_unknown_mart_is_a_404(hedge_fund: Person, name: str) -> None:
    body = assert_problem(hedge_fund.get(f"lineage/{name}"), 404, "mart_not_found")
    assert "fct_prices" in body["detail"]


def test_a_new_manifest_is_reloaded_and_a_missing_one_reported(
    tmp_path: Path, empty_warehouse: Warehouse, serve: Serve
) -> None:
    path = tmp_path / "manifest.json"
    settings = empty_warehouse.settings.model_copy(update={"dbt_manifest": path})
    client = serve(Warehouse(**{**vars(empty_warehouse), "settings": settings}))
    add_user(empty_warehouse, "reader@example.com")
    headers = log_in(client, "reader@example.com")

    def description() -> str:
        return str(client.get("/api/v1/lineage/fct_one", headers=headers).json()["description"])

    url = "/api/v1/lineage/fct_one"
    assert_problem(client.get(url, headers=headers), 503, "lineage_unavailable")
    path.write_text("{")
    assert_problem(client.get(url, headers=headers), 503, "lineage_unavailable")
    for sentence in ("Before.", "After, and longer."):
        path.write_text(json.dumps(_manifest(sentence)))
        assert description() == sentence


def _manifest(description: str) -> dict[str, object]:
    node = {
        "name": "fct_one",
        "resource_type": "model",
        "package_name": "sigmasight",
        "original_file_path": "models/marts/fct_one.sql",
        "fqn": ["sigmasight", "marts", "fct_one"],
        "schema": "marts",
        "description": description,
        "columns": {},
        "raw_code": "select 1",
        "depends_on": {"nodes": []},
    }
    return {"nodes": {"model.sigmasight.fct_one": node}, "sources": {}, "metadata": {}}


# --- runs ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def administrator(module_warehouse: Warehouse, empty_api: TestClient) -> dict[str, str]:
    add_user(module_warehouse, "chief@example.com")
    with module_warehouse.connect_writer() as connection:
        assert set_admin(connection, "chief@example.com", is_admin=True)
    return log_in(empty_api, "chief@example.com")


@pytest.mark.parametrize("path", [CURRENT, HISTORY])
def test_runs_are_visible_only_to_administrators(
    empty_api: TestClient, module_warehouse: Warehouse, path: str
) -> None:
    email = f"{path[-7:].lower()}@example.com"
    add_user(module_warehouse, email)
    assert_problem(empty_api.get(path, headers=log_in(empty_api, email)), 403, "not_permitted")
    assert_problem(empty_api.get(path), 401, "not_authenticated")


def test_the_current_run_and_the_history_are_returned(
    empty_api: TestClient, module_warehouse: Warehouse, administrator: dict[str, str]
) -> None:
    document = empty_api.get("/api/v1/openapi.json").json()
    shapes = Shapes(document)
    idle = empty_api.get(CURRENT, headers=administrator)
    assert idle.json() == {"running": False, "run": None}
    add_run(module_warehouse, status="succeeded")
    add_run(module_warehouse, status="failed", phase="testing")
    add_run(module_warehouse, status="running", phase="building")
    with module_warehouse.connect_writer() as connection:
        connection.execute("""update ops.runs set steps = '[{"step": "load", "seconds": 1.5}]'""")

    response = empty_api.get(CURRENT, headers=administrator)
    run = shapes.validate_response(response, CURRENT, document)["run"]
    assert (run["kind"], run["status"], run["phase"], run["percent"], run["finished_at"]) == (
        "nightly",
        "running",
        "building",
        40,
        None,
    )
    assert run["steps"] == [{"step": "load", "seconds": 1.5}]
    history = shapes.validate_response(empty_api.get(HISTORY, headers=administrator), HISTORY, document)
    assert [entry["status"] for entry in history["runs"]] == ["running", "failed", "succeeded"]
    page = empty_api.get(HISTORY, params={"limit": 1, "offset": 1}, headers=administrator).json()
    assert (page["runs"], page["total"], page["truncated"]) == ([history["runs"][1]], 3, True)


def test_the_reason_of_a_run_is_for_the_operator(
    empty_api: TestClient, module_warehouse: Warehouse, administrator: dict[str, str]
) -> None:
    """A file that names no known portfolio fails with a sentence that lists all of them, and their owners."""
    for status in ("failed", "succeeded"):
        add_run(module_warehouse, status=status)
    with module_warehouse.connect_writer() as connection:
        connection.execute("update ops.runs set error = 'known portfolios: ''Quiet'' of jane@example.com'")
    runs = empty_api.get(HISTORY, params={"limit": 2}, headers=administrator).json()["runs"]
    with module_warehouse.connect_writer() as connection:
        connection.execute("update ops.runs set error = null")
    assert not [run for run in runs if "Quiet" in str(run) or "jane" in str(run)]
    assert [run["error"].split(".")[0] for run in runs] == ["The run has a warning", "The run failed"]


def test_administrator_rights_can_be_revoked(module_warehouse: Warehouse) -> None:
    add_user(module_warehouse, "former@example.com")
    with module_warehouse.connect_writer() as connection:
        assert set_admin(connection, "former@example.com", is_admin=True)
        assert not set_admin(connection, "former@example.com", is_admin=True)
        assert set_admin(connection, "former@example.com", is_admin=False)
