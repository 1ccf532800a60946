"""Queries and the parts that they share: what is named exists, and what exists is shared."""

import re
from collections import Counter

import pytest

from api.queries import PARTS, load_query, named_parts, query_files

QUERIES = sorted(query_files())


def uses() -> Counter[str]:
    """How many queries name each part."""
    return Counter(part for name in QUERIES for part in named_parts(query_files()[name].read_text("utf-8")))


def test_each_part_serves_two_queries_at_least_and_no_query_names_another() -> None:
    shared = {part for part, count in uses().items() if count > 1}
    assert shared == {path.stem for path in PARTS.glob("*.sql")}


def test_a_query_is_one_statement_with_the_ctes_of_its_parts_first() -> None:
    text = load_query("analytics_volatility").text.decode()
    assert text.startswith("-- GET /analytics/portfolio/{id}/volatility")
    assert text.count("with recursive portfolio as (\n") == 1
    assert text.index("\nrisk as (") < text.index("\nquality as (") < text.index("\ndata_quality as (")
    assert "-- with" not in text
    assert "select *\nfrom data_quality" not in text


@pytest.mark.parametrize("name", QUERIES)
def test_every_cte_is_read_but_for_what_a_part_offers(name: str) -> None:
    own = query_files()[name].read_text("utf-8")
    whole = load_query(name).text.decode()
    defined = re.findall(r"^(?:with )?(\w+)(?: \([\w, ]+\))? as (?:materialized )?\($", own, re.MULTILINE)
    unread = [cte for cte in defined if not re.search(rf"\b(?:from|join)\s+(?:lateral )?{cte}\b", whole)]
    assert unread == []


def test_the_tag_of_an_answer_changes_with_a_part() -> None:
    """The digest is of the whole statement: a part that changes must not leave old answers in caches."""
    own = query_files()["analytics_volatility"].read_bytes()
    assert len(load_query("analytics_volatility").text) > len(own)
