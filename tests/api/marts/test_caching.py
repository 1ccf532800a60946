"""A response is sent again only if a publication may have changed it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.api.api_helpers import Person, log_in_demo
from warehouse.connections import Warehouse

PATHS = [
    "data/portfolios",
    "data/portfolio/{0}/complete",
    "data/positions/details?portfolio_id={0}",
    "data/prices/historical/{0}",
    "analytics/portfolio/{0}/overview",
]


def get(person: Person, path: str, **headers: str) -> Any:
    url = f"/api/v1/{path.format(person.portfolio_id)}"
    return person.client.get(url, headers={**person.headers, **headers})


@pytest.fixture
def next_publication(demo: Warehouse) -> Iterator[int]:
    """Record a publication that covers no session: only the newest number changes."""
    with demo.connect_writer(autocommit=True) as writer:
        row = writer.execute("select max(publication_id) + 1 from ops.publications").fetchone()
        assert row is not None
        number = int(str(row[0]))
        statement = """
            insert into ops.publications
                (publication_id, from_date, to_date, known_at, tests_passed, tests_warned)
            values (%s, '2025-09-13', '2025-09-13', now(), 0, 0)
            """
        writer.execute(statement, (number,))
        yield number
        writer.execute("delete from ops.publications where publication_id = %s", (number,))


@pytest.fixture
def number_given_again(demo: Warehouse) -> Iterator[None]:
    """Publish the newest number a second later, as a night after a restore does."""
    move = """
        update ops.publications set published_at = published_at + %s::interval
        where publication_id = (select max(publication_id) from ops.publications)
        """
    with demo.connect_writer(autocommit=True) as writer:
        writer.execute(move, ("1 second",))
        yield
        writer.execute(move, ("-1 second",))


@pytest.mark.parametrize("path", PATHS)
def test_an_unchanged_response_is_a_304(hedge_fund: Person, path: str) -> None:
    first = get(hedge_fund, path)
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"].startswith("Authorization")
    again = get(hedge_fund, path, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "x-as-of-date", "x-publication-id"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize("form", ["W/{0}", '"other", {0}', '"other",W/{0} , "third"'])
def test_an_etag_is_matched_in_any_form(hedge_fund: Person, form: str) -> None:
    tag = get(hedge_fund, PATHS[0]).headers["etag"]
    assert get(hedge_fund, PATHS[0], **{"If-None-Match": form.format(tag)}).status_code == 304


@pytest.mark.parametrize("header", ['"other"', "", "*", '"'])
def test_a_different_etag_does_not_match(hedge_fund: Person, header: str) -> None:
    assert get(hedge_fund, PATHS[0], **{"If-None-Match": header}).status_code == 200


def test_etags_differ_by_user_path_and_query(hedge_fund: Person, family_office: Person) -> None:
    paths = [*PATHS, "data/portfolios?limit=5", "data/portfolios?as_of_date=2025-08-15"]
    tags = [get(person, path).headers["etag"] for person in (hedge_fund, family_office) for path in paths]
    assert len(set(tags)) == len(tags)


def test_an_etag_gives_no_access_to_another_users_portfolio(
    hedge_fund: Person, family_office: Person
) -> None:
    path = f"data/portfolio/{family_office.portfolio_id}/complete"
    tag = get(family_office, path).headers["etag"]
    assert get(hedge_fund, path, **{"If-None-Match": tag}).status_code == 404
    assert get(hedge_fund, path, **{"If-None-Match": "*"}).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_a_publication_changes_every_etag(
    hedge_fund: Person, path: str, request: pytest.FixtureRequest
) -> None:
    before = get(hedge_fund, path)
    request.getfixturevalue("next_publication")
    after = get(hedge_fund, path, **{"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.headers["etag"] != before.headers["etag"]
    # the session's own numbers are still those of the first publication
    assert (after.headers["x-as-of-date"], after.headers["x-publication-id"]) == ("2025-09-12", "1")


def test_a_number_that_is_given_again_after_a_restore_changes_the_etag(
    hedge_fund: Person, request: pytest.FixtureRequest
) -> None:
    # Silent failure prevented: 304 for figures of the publication that had this number before
    before = get(hedge_fund, PATHS[0])
    request.getfixturevalue("number_given_again")
    after = get(hedge_fund, PATHS[0], **{"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.headers["x-publication-id"] == before.headers["x-publication-id"]


def test_a_correction_after_a_publication_stamped_ahead_changes_etag_and_number(
    hedge_fund: Person, demo: Warehouse
) -> None:
    # both as a version wrote them that took the clock as it was
    insert = """
        insert into ops.publications
            (publication_id, from_date, to_date, known_at, published_at, tests_passed, tests_warned)
        values (%s, '2025-09-12', '2025-09-12', now(), now() + %s::interval, 0, 0)
        """
    ahead, correction = 1001, 1002
    answers = []
    with demo.connect_writer(autocommit=True) as writer:
        try:
            for number, offset in ((ahead, "2 days"), (correction, "0")):
                writer.execute(insert, (number, offset))
                answers.append(get(hedge_fund, PATHS[1]))
            tag = answers[0].headers["etag"]
            assert get(hedge_fund, PATHS[1], **{"If-None-Match": tag}).status_code == 200
            health = hedge_fund.get("health").json()
            listed = hedge_fund.get("publications").json()["publications"]
        finally:
            writer.execute("delete from ops.publications where publication_id >= %s", (ahead,))
    assert [answer.headers["x-publication-id"] for answer in answers] == [str(ahead), str(correction)]
    assert tag != answers[1].headers["etag"]
    assert health["last_publication"]["publication_id"] == correction
    assert [entry["publication_id"] for entry in listed[:2]] == [correction, ahead]


def test_a_change_of_owner_changes_the_etag_of_the_list(api: TestClient, demo: Warehouse) -> None:
    # Permissions change immediately, without a publication: a cached list must not outlive them.
    giver = log_in_demo(api, "demo_hnw@sigmasight.com")
    taker = log_in_demo(api, "demo_individual@sigmasight.com")
    giver_tag, taker_tag = (get(person, PATHS[0]).headers["etag"] for person in (giver, taker))
    with demo.connect_writer(autocommit=True) as writer:
        statement = """
            insert into raw.portfolios
            select %s, now(), portfolio_id, portfolio_name, 'demo_individual@sigmasight.com',
                owner_full_name, description, account_type, base_currency, initial_equity, inception_date
            from raw.portfolios where portfolio_id = %s
            """
        load = """
            insert into ops.loads (source, dataset, started_at, finished_at, status)
            values ('test', 'portfolios', now(), now(), 'succeeded') returning load_id
            """
        row = writer.execute(load).fetchone()
        assert row is not None
        writer.execute(statement, (row[0], giver.portfolio_id))
        try:
            after = get(giver, PATHS[0], **{"If-None-Match": giver_tag})
            assert (after.status_code, after.json()) == (200, [])
            after = get(taker, PATHS[0], **{"If-None-Match": taker_tag})
            assert giver.portfolio_id in {portfolio["id"] for portfolio in after.json()}
        finally:
            writer.execute("delete from raw.portfolios where load_id = %s", (row[0],))
            writer.execute("delete from ops.loads where load_id = %s", (row[0],))
    assert get(giver, PATHS[0], **{"If-None-Match": giver_tag}).status_code == 304


def test_an_error_is_not_cached(hedge_fund: Person) -> None:
    response = hedge_fund.get(f"data/portfolio/{uuid4()}/complete")
    assert (response.status_code, response.headers["cache-control"]) == (404, "no-store")
