"""Answers about a withheld portfolio are of its last session and say so; those to others do not change."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.api.api_helpers import Person
from tests.api.withholding import REASON, withholding
from tests.conftest import THEN
from warehouse.connections import Warehouse

LAST = date(2025, 9, 11)


@pytest.fixture
def withheld(demo: Warehouse, high_net_worth: Person) -> Iterator[str]:
    """The id of the portfolio, which has figures up to the session before the last."""
    portfolio_id = high_net_worth.portfolio_id
    with withholding(demo, portfolio_id, last=LAST, missing=THEN):
        yield portfolio_id


def answers(person: Person, portfolio_id: str) -> dict[str, Any]:
    """Answers of each kind by path."""
    paths = (
        *("data/portfolio/{}/snapshot", "data/portfolio/{}/complete", "portfolios/{}", "target-prices/{}"),
        *("analytics/portfolio/{}/overview", "analytics/portfolio/{}/stress-test", "reports/{}"),
    )
    return {path: person.get(path.format(portfolio_id)) for path in paths}


def test_every_answer_is_of_its_last_session_and_marked(high_net_worth: Person, withheld: str) -> None:
    for path, answer in answers(high_net_worth, withheld).items():
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["X-As-Of-Date"] == str(LAST), path
        assert answer.headers["X-Withheld-Portfolios"] == withheld, path
        if path.startswith("reports"):
            assert REASON in answer.json()["metadata"]["withheld_notice"]
        elif answer.text.startswith("{"):
            (mark,) = answer.json()["withheld"]
            assert mark["reason"] == REASON
            assert mark["last_published_date"] == str(LAST)


def test_what_was_published_before_has_no_mark(high_net_worth: Person, demo: Warehouse) -> None:
    portfolio_id = high_net_worth.portfolio_id
    before = answers(high_net_worth, portfolio_id)
    with demo.connect_writer(autocommit=True) as connection:
        row = connection.execute("select max(published_at) from ops.publications").fetchone()
    assert row is not None
    with withholding(demo, portfolio_id, last=LAST, missing=THEN):
        path = f"data/portfolio/{portfolio_id}/snapshot"
        then = high_net_worth.get(path, published_at=row[0].isoformat())
        assert then.json() == before["data/portfolio/{}/snapshot"].json()
        assert "X-Withheld-Portfolios" not in then.headers
    after = high_net_worth.get(path)
    assert after.json() == before["data/portfolio/{}/snapshot"].json()
    assert "X-Withheld-Portfolios" not in after.headers


def test_a_mark_changes_the_etag(high_net_worth: Person, demo: Warehouse) -> None:
    portfolio_id = high_net_worth.portfolio_id
    path = f"data/portfolio/{portfolio_id}/snapshot"
    tag = high_net_worth.get(path).headers["ETag"]
    with withholding(demo, portfolio_id, last=LAST, missing=THEN):
        url = f"/api/v1/{path}"
        answer = high_net_worth.client.get(url, headers={**high_net_worth.headers, "If-None-Match": tag})
        assert answer.status_code == 200


def test_answers_to_other_users_do_not_change(
    family_office: Person, demo: Warehouse, high_net_worth: Person
) -> None:
    own = family_office.portfolio_id
    paths = ("data/portfolios", f"data/portfolio/{own}/snapshot", "analytics/aggregate/beta")
    before = [family_office.get(path) for path in paths]
    with withholding(demo, high_net_worth.portfolio_id, last=LAST, missing=THEN):
        for path, earlier in zip(paths, before, strict=True):
            answer = family_office.get(path)
            assert answer.json() == earlier.json()
            assert "X-Withheld-Portfolios" not in answer.headers


def test_the_list_has_its_last_session(high_net_worth: Person, withheld: str) -> None:
    (row,) = high_net_worth.get("data/portfolios").json()
    assert (row["id"], row["as_of_date"], row["withheld_reason"]) == (withheld, str(LAST), REASON)
