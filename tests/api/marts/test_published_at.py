"""published_at: the same paths and shapes, with the figures published at that instant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from psycopg import Connection, errors, sql
from psycopg.rows import DictRow

from tests.api.api_helpers import Person, assert_problem, log_in_demo
from tests.api.republish import republished
from warehouse.connections import Warehouse
from warehouse.settings import project_root

SHIFT = Decimal("12345.67")


@pytest.fixture(scope="module")
def paths(api: TestClient) -> list[str]:
    """List every path without required parameters but a portfolio, including those added later."""
    document = api.get("/api/v1/openapi.json").json()
    return [
        path.removeprefix("/api/v1/")
        for path, methods in document["paths"].items()
        if "get" in methods
        and path.count("{") == path.count("{portfolio_id}")
        and any(parameter["name"] == "published_at" for parameter in methods["get"].get("parameters", []))
        and not any(
            parameter["required"] and parameter["in"] == "query"
            for parameter in methods["get"].get("parameters", [])
        )
    ]


def answers(person: Person, paths: list[str], **parameters: str) -> dict[tuple[str, str], Any]:
    """Request every path for every portfolio; return the responses with their publications."""
    asked = {}
    for path in paths:
        for portfolio_id in person.portfolios.values():
            response = person.get(path.format(portfolio_id=portfolio_id), **parameters)
            kind = response.headers["content-type"]
            body = response.json() if kind.endswith("json") else response.text
            asked[path, portfolio_id] = (
                response.status_code,
                body,
                response.headers.get("x-publication-id"),
                response.headers.get("x-as-of-date"),
            )
    return asked


@pytest.fixture(scope="module")
def before(api: TestClient, paths: list[str]) -> dict[tuple[str, str], Any]:
    """Record the responses while the first publication is the only one."""
    person = log_in_demo(api, "demo_familyoffice@sigmasight.com")
    return answers(person, paths)


@pytest.fixture(scope="module")
def second(demo: Warehouse, before: dict[tuple[str, str], Any]) -> Iterator[int]:
    """Publish the last session again, with other figures."""
    assert before
    with republished(demo, SHIFT) as number:
        yield number


@pytest.fixture(scope="module")
def first_instant(api: TestClient, second: int) -> str:
    """Return an instant at which the first publication was the newest."""
    person = log_in_demo(api, "demo_familyoffice@sigmasight.com")
    publications = person.get("publications").json()["publications"]
    assert [entry["publication_id"] for entry in publications] == [second, second - 1]
    return str(publications[-1]["published_at"])


def test_every_path_returns_the_figures_as_published_then(
    family_office: Person, paths: list[str], before: dict[tuple[str, str], Any], first_instant: str
) -> None:
    assert len(paths) >= 6
    again = answers(family_office, paths, published_at=first_instant)
    for key, answer in before.items():
        if key[0] != "data/portfolio/{portfolio_id}/complete":  # echoes the request: tested below
            assert again[key] == answer, key


def test_the_default_is_the_newest_publication(
    family_office: Person, before: dict[tuple[str, str], Any], second: int
) -> None:
    path = "analytics/portfolio/{portfolio_id}/overview"
    for (asked, portfolio_id), (_, body, publication, _) in before.items():
        if asked == path:
            now = family_office.get(path.format(portfolio_id=portfolio_id))
            moved = Decimal(str(now.json()["equity_balance"])) - Decimal(str(body["equity_balance"]))
            assert moved == SHIFT
            assert (publication, now.headers["x-publication-id"]) == (str(second - 1), str(second))


def test_a_large_response_is_of_a_single_publication(
    family_office: Person, before: dict[tuple[str, str], Any], first_instant: str
) -> None:
    path = "data/portfolio/{portfolio_id}/complete"
    for (asked, portfolio_id), (_, body, _, _) in before.items():
        if asked == path:
            url = path.format(portfolio_id=portfolio_id)
            then = family_office.get(url, published_at=first_instant).json()
            assert then == body
            now = family_office.get(url).json()
            count = Decimal(len(now["holdings"]))
            sums = [
                sum(Decimal(str(holding["market_value"])) for holding in answer["holdings"])
                for answer in (then, now)
            ]
            assert sums[1] - sums[0] == count * SHIFT


def test_a_past_response_has_a_stable_etag(family_office: Person, first_instant: str, second: int) -> None:
    path = f"analytics/portfolio/{family_office.portfolio_id}/overview"
    tag = family_office.get(path, published_at=first_instant).headers["etag"]
    response = family_office.client.get(
        f"/api/v1/{path}",
        params={"published_at": first_instant},
        headers={**family_office.headers, "If-None-Match": tag},
    )
    assert response.status_code == 304
    assert response.headers["x-publication-id"] == str(second - 1)


def test_past_figures_respect_the_row_filter(
    hedge_fund: Person, family_office: Person, first_instant: str
) -> None:
    path = f"analytics/portfolio/{family_office.portfolio_id}/overview"
    assert_problem(hedge_fund.get(path, published_at=first_instant), 404, "portfolio_not_found")


def test_an_instant_before_the_first_publication_is_rejected(
    family_office: Person, first_instant: str
) -> None:
    early = datetime.fromisoformat(first_instant) - timedelta(microseconds=1)
    response = family_office.get("data/portfolios", published_at=early.isoformat())
    body = assert_problem(response, 422, "instant_before_history")
    assert first_instant in body["detail"]


@pytest.mark.parametrize(
    ("instant", "sentence"),
    [
        ("2999-01-01T00:00:00Z", "not known yet"),
        ("2025-09-12T10:00:00", "timezone"),
        ("1757720000", "YYYY-MM-DDTHH:MM:SSZ"),
        ("yesterday", "YYYY-MM-DDTHH:MM:SSZ"),
        ("", "YYYY-MM-DDTHH:MM:SSZ"),
        ("2025-13-12T10:00:00Z", "month"),
    ],
)
def test_an_invalid_instant_is_rejected(family_office: Person, instant: str, sentence: str) -> None:
    body = assert_problem(family_office.get("data/portfolios", published_at=instant), 422, "invalid_request")
    assert sentence in body["detail"]


def test_restatements_list_what_the_second_publication_changed(
    family_office: Person, hedge_fund: Person, second: int, first_instant: str
) -> None:
    rows = family_office.get("restatements").json()["restatements"]
    assert {row["portfolio_id"] for row in rows} == set(family_office.portfolios.values())
    for row in rows:
        assert (row["publication_id"], row["mart"], row["column_name"]) == (
            second,
            "fct_portfolio_snapshots",
            "equity",
        )
        assert Decimal(row["new_value"]) - Decimal(row["old_value"]) == SHIFT
    page = family_office.get("restatements", limit=1).json()
    assert (len(page["restatements"]), page["truncated"]) == (1, True)
    rest = family_office.get("restatements", limit=1, offset=1).json()
    assert (page["restatements"] + rest["restatements"], rest["truncated"]) == (rows, False)
    mine = family_office.portfolio_id
    for parameters, count in (
        ({"mart": "fct_prices"}, 0),
        ({"mart": "fct_portfolio_snapshots"}, 2),
        ({"portfolio_id": mine}, 1),
        ({"publication_id": str(second)}, 2),
        ({"publication_id": str(second + 1)}, 0),
        ({"as_of_date": rows[0]["as_of_date"]}, 2),
        ({"as_of_date": "2025-08-15"}, 0),
        ({"published_at": first_instant}, 0),
    ):
        found = family_office.get("restatements", **parameters).json()["restatements"]
        assert len(found) == count, parameters
    assert_problem(hedge_fund.get("restatements", portfolio_id=mine), 404, "portfolio_not_found")


# --- SQL ----------------------------------------------------------------------------------------------------


@pytest.fixture
def names(analyst: Connection[DictRow]) -> list[str]:
    rows = analyst.execute("select viewname from pg_views where schemaname = 'marts' order by 1").fetchall()
    return [row["viewname"] for row in rows]


def test_every_mart_has_a_past_view_with_the_same_columns(
    analyst: Connection[DictRow], names: list[str]
) -> None:
    columns = {
        schema: analyst.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = %s order by table_name, column_name",
            (schema,),
        ).fetchall()
        for schema in ("marts", "marts_at")
    }
    assert columns["marts"] == columns["marts_at"]
    models = (project_root() / "dbt_project/models/marts").rglob("*.yml")
    assert set(names) == {path.stem for path in models}


def test_past_views_at_the_current_instant_equal_the_marts(
    analyst: Connection[DictRow], names: list[str]
) -> None:
    analyst.execute("select set_config('sigmasight.published_at', %s, false)", (str(datetime.now(UTC)),))
    for name in names:
        statement = sql.SQL(
            "select (select count(*) from marts.{0}) as now, (select count(*) from marts_at.{0}) as then"
        )
        counts = analyst.execute(statement.format(sql.Identifier(name))).fetchone()
        assert counts is not None
        assert counts["now"] == counts["then"], name
    analyst.execute("reset sigmasight.published_at")


def test_past_views_without_an_instant_fail(demo: Warehouse) -> None:
    with demo.connect_analyst() as connection, pytest.raises(errors.UndefinedObject):
        connection.execute("select count(*) from marts_at.fct_portfolio_snapshots")
