"""as_of_date selects the session, and a response for a past date is unaffected by later data."""

import pytest

from tests.api.api_helpers import Person, assert_problem

PATHS = [
    "data/portfolio/{0}/complete",
    "data/positions/details?portfolio_id={0}",
    "data/prices/historical/{0}",
    "analytics/portfolio/{0}/overview",
    "data/portfolios",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("2025-08-15", "2025-08-15"),
        ("2025-08-17", "2025-08-15"),  # a Sunday
        ("2025-07-04", "2025-07-03"),  # a holiday
        ("2031-01-01", "2025-09-12"),  # after the last published session
        (None, "2025-09-12"),
    ],
)
def test_a_date_resolves_to_the_last_session_on_or_before_it(
    hedge_fund: Person, path: str, asked: str | None, answered: str
) -> None:
    url = path.format(hedge_fund.portfolio_id)
    if asked:
        url += ("&" if "?" in url else "?") + f"as_of_date={asked}"
    response = hedge_fund.client.get(f"/api/v1/{url}", headers=hedge_fund.headers)
    assert (response.status_code, response.headers["x-as-of-date"]) == (200, answered)
    assert response.headers["x-publication-id"] == "1"


@pytest.mark.parametrize(("asked", "status"), [("0001-01-01", 422), ("9999-12-31", 200)])
def test_extreme_dates_are_handled(hedge_fund: Person, asked: str, status: int) -> None:
    assert hedge_fund.get("data/portfolios", as_of_date=asked).status_code == status


@pytest.mark.parametrize("path", PATHS)
def test_a_date_before_the_first_published_session_is_rejected(hedge_fund: Person, path: str) -> None:
    response = hedge_fund.client.get(
        f"/api/v1/{path.format(hedge_fund.portfolio_id)}",
        params={"as_of_date": "2020-01-02", "portfolio_id": hedge_fund.portfolio_id},
        headers=hedge_fund.headers,
    )
    body = assert_problem(response, 422, "date_before_history")
    assert "2020-01-02" in body["detail"]


def test_a_date_before_a_portfolio_begins_names_its_first_date(hedge_fund: Person) -> None:
    for path in PATHS[:4]:
        response = hedge_fund.client.get(
            f"/api/v1/{path.format(hedge_fund.portfolio_id)}",
            params={"as_of_date": "2025-06-27", "portfolio_id": hedge_fund.portfolio_id},
            headers=hedge_fund.headers,
        )
        body = assert_problem(response, 422, "date_before_history")
        assert "begins on 2025-06-30" in body["detail"]
    assert hedge_fund.get("data/portfolios", as_of_date="2025-06-27").json() == []


def test_a_past_response_is_unaffected_by_later_data(hedge_fund: Person) -> None:
    path = f"data/portfolio/{hedge_fund.portfolio_id}/complete"
    past = hedge_fund.get(path, as_of_date="2025-07-31").json()
    today = hedge_fund.get(path).json()
    days = len(past["timeseries"]["dates"])
    assert past["timeseries"]["dates"][-1] == past["attribution"]["to_date"] == "2025-07-31"
    assert past["timeseries"]["values"] == today["timeseries"]["values"][:days]
    assert past["portfolio"]["equity_balance"] == today["timeseries"]["values"][days - 1]

    expired = {holding["symbol"] for holding in past["holdings"]} - {
        holding["symbol"] for holding in today["holdings"]
    }
    assert expired, "some options expire between the two dates"
    prices = hedge_fund.get(
        f"data/prices/historical/{hedge_fund.portfolio_id}", as_of_date="2025-07-31"
    ).json()
    assert max(bars["dates"][-1] for bars in prices["symbols"].values()) == "2025-07-31"
