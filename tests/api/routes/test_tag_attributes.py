"""Names, colours and descriptions that a user gave to tags, wherever tags are shown, and to no other user."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.api.api_helpers import Person
from warehouse.connections import Warehouse

# a tag of positions of both users
TAG, NAME, COLOR, DESCRIPTION = "Technology", "Tech and chips", "#010203", "what I know best"

CHANGE = """
update published.dim_tags
set
    tag_name = %s, color = %s, description = %s, is_archived = %s,
    updated_at = case when %s then timestamptz '2030-01-02 03:04:05Z' end
where portfolio_id = %s and tag = %s
"""


@pytest.fixture(scope="module")
def before(hedge_fund: Person, family_office: Person) -> dict[str, list[Any]]:
    """What both users see before one of them renames a tag."""
    return {portfolio_of(person): read(person) for person in (hedge_fund, family_office)}


@pytest.fixture(scope="module")
def tag_id(hedge_fund: Person, before: dict[str, list[Any]]) -> str:
    """The id of the tag, from before it was renamed."""
    (found,) = [tag for tag in before[portfolio_of(hedge_fund)][0]["tags"] if tag["name"] == TAG]
    return str(found["id"])


@pytest.fixture(scope="module", autouse=True)
def renamed(demo: Warehouse, hedge_fund: Person, before: dict[str, list[Any]], tag_id: str) -> Iterator[None]:
    """Publish another name, a colour and a description of the tag, for the first user alone."""
    assert before
    assert tag_id
    with psycopg.connect(demo.writer_url, autocommit=True) as writer:
        changed = writer.execute(
            CHANGE.encode(), [NAME, COLOR, DESCRIPTION, False, True, hedge_fund.portfolio_id, TAG]
        )
        assert changed.rowcount == 1
        yield
        writer.execute(CHANGE.encode(), [TAG, None, None, False, False, hedge_fund.portfolio_id, TAG])


@pytest.fixture
def archived(demo: Warehouse, hedge_fund: Person) -> Iterator[None]:
    """Archive the tag too."""
    statement = b"update published.dim_tags set is_archived = %s where portfolio_id = %s and tag = %s"
    with psycopg.connect(demo.writer_url, autocommit=True) as writer:
        writer.execute(statement, [True, hedge_fund.portfolio_id, TAG])
        yield
        writer.execute(statement, [False, hedge_fund.portfolio_id, TAG])


def portfolio_of(person: Person) -> str:
    return next(iter(person.portfolios.values()))


def read(person: Person) -> list[Any]:
    """The responses that show tags: the list, positions, holdings, groups."""
    portfolio = portfolio_of(person)
    return [
        person.get("tags/").json(),
        person.get("data/positions/details", portfolio_id=portfolio).json(),
        person.get(f"data/portfolio/{portfolio}/complete").json(),
        person.get("data/positions", group_by="tag").json(),
    ]


def test_the_other_user_sees_no_change(family_office: Person, before: dict[str, list[Any]]) -> None:
    assert TAG in {tag["name"] for tag in before[portfolio_of(family_office)][0]["tags"]}
    assert read(family_office) == before[portfolio_of(family_office)]


def test_the_list_shows_the_attributes_and_keeps_the_id(
    hedge_fund: Person, before: dict[str, list[Any]], tag_id: str
) -> None:
    body = hedge_fund.get("tags/").json()
    (tag,) = [tag for tag in body["tags"] if tag["id"] == tag_id]
    (old,) = [tag for tag in before[portfolio_of(hedge_fund)][0]["tags"] if tag["id"] == tag_id]
    changed = {"name": NAME, "color": COLOR, "description": DESCRIPTION, "updated_at": "2030-01-02T03:04:05Z"}
    assert tag == {**old, **changed, "display_order": tag["display_order"]}
    names = [tag["name"] for tag in body["tags"]]
    assert TAG not in names
    assert [tag["display_order"] for tag in body["tags"]] == list(range(len(names)))
    assert hedge_fund.get(f"tags/{tag_id}").json()["name"] == NAME
    found = hedge_fund.get(f"tags/{tag_id}/positions").json()
    assert (found["tag_name"], found["total"]) == (NAME, tag["position_count"])


def test_positions_show_the_attributes(hedge_fund: Person, before: dict[str, list[Any]], tag_id: str) -> None:
    shown = {"id": tag_id, "name": NAME, "color": COLOR}
    after = read(hedge_fund)
    for index, key, expected in (
        (1, "positions", {**shown, "description": DESCRIPTION}),
        (2, "holdings", shown),
    ):
        old = {row["id"]: row["tags"] for row in before[portfolio_of(hedge_fund)][index][key]}
        new = {row["id"]: row["tags"] for row in after[index][key]}
        assert any(tag["id"] == tag_id for tags in old.values() for tag in tags)
        for position, tags in new.items():
            assert [tag["name"] for tag in tags] == sorted(tag["name"] for tag in tags)
            as_before = [{**tag, **expected} if tag["id"] == tag_id else tag for tag in old[position]]
            assert sorted(tags, key=lambda tag: str(tag["id"])) == sorted(
                as_before, key=lambda tag: str(tag["id"])
            )
    position = hedge_fund.get(f"tags/{tag_id}/positions").json()["positions"][0]["id"]
    (tag,) = [tag for tag in hedge_fund.get(f"positions/{position}/tags").json() if tag["id"] == tag_id]
    assert tag == {**shown, "description": DESCRIPTION, "is_automatic": True}


def test_positions_are_filtered_and_grouped_by_the_name(
    hedge_fund: Person, before: dict[str, list[Any]]
) -> None:
    old = {group["bucket"]: group for group in before[portfolio_of(hedge_fund)][3]["groups"]}
    new = {group["bucket"]: group for group in read(hedge_fund)[3]["groups"]}
    assert new == {
        (NAME if bucket == TAG else bucket): {**group, "bucket": NAME if bucket == TAG else bucket}
        for bucket, group in old.items()
    }
    found = hedge_fund.get("data/positions", tag=NAME).json()
    assert found["total"] == old[TAG]["position_count"]
    assert {NAME} <= set(found["positions"][0]["tags"])
    assert hedge_fund.get("data/positions", tag=TAG).json() == found  # its first name still means it
    assert hedge_fund.get("data/positions", tag="no such tag").json()["total"] == 0


@pytest.mark.usefixtures("archived")
def test_an_archived_tag_is_not_active_and_stays_on_its_positions(hedge_fund: Person, tag_id: str) -> None:
    body = hedge_fund.get("tags/").json()
    (tag,) = [tag for tag in body["tags"] if tag["id"] == tag_id]
    assert tag["is_archived"] is True
    assert tag["position_count"] > 0
    assert body["archived_count"] == sum(tag["is_archived"] for tag in body["tags"])
    active = hedge_fund.get("tags/", include_archived=False).json()
    assert tag_id not in {tag["id"] for tag in active["tags"]}
    assert active["total"] == len(active["tags"]) == body["active_count"]
    holdings = read(hedge_fund)[2]["holdings"]
    assert any(tag["id"] == tag_id for holding in holdings for tag in holding["tags"])


def test_a_tag_without_attributes_in_the_marts_is_shown_as_assigned(
    demo: Warehouse, family_office: Person, before: dict[str, list[Any]]
) -> None:
    """As after an upgrade, until the next build fills dim_tags."""
    with psycopg.connect(demo.writer_url, autocommit=True) as writer:
        writer.execute("create temporary table kept as select * from published.dim_tags")
        writer.execute("delete from published.dim_tags")
        try:
            shown = read(family_office)
        finally:
            writer.execute("insert into published.dim_tags select * from kept")
    assert shown == before[portfolio_of(family_office)]
