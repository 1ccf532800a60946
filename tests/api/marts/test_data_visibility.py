"""Access to the data endpoints: ids of other users, no token, a user without portfolios."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.api.api_helpers import Person, add_user, assert_problem, log_in
from warehouse.connections import Warehouse

OF_A_PORTFOLIO = [
    "portfolios/{0}",
    "portfolios/{0}/equity-changes",
    "portfolios/{0}/equity-changes/summary",
    "portfolios/{0}/equity-changes/export",
    "data/portfolio/{0}/snapshot",
    "data/portfolio/{0}/data-quality",
    "data/positions/top/{0}",
    "target-prices/{0}",
    "target-prices/{0}/summary",
    "data/company-profiles?portfolio_id={0}",
]
OF_THE_USER = [
    "portfolios",
    "tags/",
    "data/prices/benchmark/SPY",
    "data/prices/quotes?symbols=SPY",
    "data/factors/etf-prices",
    "data/company-profiles?symbols=AAPL",
]


@pytest.fixture(scope="module")
def newcomer(api: TestClient, demo: Warehouse) -> Iterator[Person]:
    """Log in as a user without portfolios."""
    user_id = add_user(demo, "newcomer@example.com")
    yield Person(api, log_in(api, "newcomer@example.com"), {})
    with demo.connect_writer() as writer:
        writer.execute("update ops.users set is_active = false where user_id = %s", (user_id,))


@pytest.mark.parametrize("path", OF_A_PORTFOLIO)
def test_a_date_before_a_portfolio_begins_names_its_first_date(hedge_fund: Person, path: str) -> None:
    url = path.format(hedge_fund.portfolio_id)
    response = hedge_fund.client.get(
        f"/api/v1/{url}{'&' if '?' in url else '?'}as_of_date=2025-06-27", headers=hedge_fund.headers
    )
    assert "begins on 2025-06-30" in assert_problem(response, 422, "date_before_history")["detail"]


@pytest.mark.parametrize("path", [*OF_A_PORTFOLIO, *OF_THE_USER])
def test_a_request_without_a_token_is_rejected(hedge_fund: Person, path: str) -> None:
    response = hedge_fund.client.get(f"/api/v1/{path.format(hedge_fund.portfolio_id)}")
    assert_problem(response, 401, "not_authenticated")


def test_ids_of_another_user_look_like_unknown_ids(hedge_fund: Person, family_office: Person) -> None:
    portfolio_id = hedge_fund.portfolio_id
    position = hedge_fund.get("data/positions/details", portfolio_id=portfolio_id).json()["positions"][0][
        "id"
    ]
    target = hedge_fund.get(f"target-prices/{portfolio_id}").json()[0]["id"]
    tag = hedge_fund.get("tags/").json()["tags"][0]["id"]
    for path, foreign, code in (
        ("data/company-profiles?portfolio_id={0}", portfolio_id, "portfolio_not_found"),
        ("data/company-profiles?position_ids={0}", position, "positions_not_found"),
        ("positions/{0}", position, "positions_not_found"),
        ("positions/{0}/tags", position, "positions_not_found"),
        ("target-prices/target/{0}", target, "target_price_not_found"),
        ("tags/{0}", tag, "tag_not_found"),
        ("tags/{0}/positions", tag, "tag_not_found"),
    ):
        answers = [
            family_office.client.get(f"/api/v1/{path.format(identity)}", headers=family_office.headers)
            for identity in (foreign, str(uuid4()))
        ]
        assert_problem(answers[0], 404, code)
        assert answers[0].content == answers[1].content


def test_a_user_without_portfolios_sees_empty_lists(newcomer: Person) -> None:
    assert newcomer.get("portfolios").json() == {
        "portfolios": [],
        "total_count": 0,
        "active_count": 0,
        "net_asset_value": "0.00",
        "total_value": "0.00",
    }
    assert newcomer.get("tags/").json() == {"tags": [], "total": 0, "active_count": 0, "archived_count": 0}
    assert newcomer.get("data/prices/benchmark/SPY").json()["available"] is True
    for path in OF_THE_USER:
        assert newcomer.get(path.partition("?")[0], symbols="SPY").status_code == 200, path


def test_names_that_cannot_be_stored_are_rejected(hedge_fund: Person) -> None:
    for path, query in (
        ("data/prices/benchmark/%00", {}),
        ("data/prices/quotes", {"symbols": "SPY\0"}),
        ("data/factors/etf-prices", {"factors": "a\tb"}),
        ("data/company-profiles", {"symbols": "\0"}),
        (f"target-prices/{hedge_fund.portfolio_id}", {"symbol": "\0"}),
    ):
        assert_problem(hedge_fund.get(path, **query), 422, "invalid_request")
