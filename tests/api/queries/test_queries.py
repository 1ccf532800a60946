"""Queries and their shared parts: every named part exists, and every part is shared."""

import re
from collections import Counter

import pytest

from api.queries import PARTS, load_query, named_parts, query_files

QUERIES = sorted(query_files())


def uses() -> Counter[str]:
    """Count the queries that name each part."""
    return Counter(part for name in QUERIES for part in named_parts(query_files()[name].read_text("utf-8")))


def test_each_part_is_used_by_at_least_two_queries() -> None:
    shared = {part for part, count in uses().items() if count > 1}
    assert shared == {path.stem for path in PARTS.rglob("*.sql")}


def test_a_query_is_one_statement_with_the_ctes_of_its_parts_first() -> None:
    text = load_query("analytics_volatility").text.decode()
    assert text.startswith("-- GET /analytics/portfolio/{id}/volatility")
    assert text.count("with recursive portfolio as (\n") == 1
    assert text.index("\nrisk as (") < text.index("\nquality as (") < text.index("\ndata_quality as (")
    assert "-- with" not in text
    assert "select *\nfrom data_quality" not in text


@pytest.mark.parametrize("name", QUERIES)
def test_every_cte_of_a_query_is_read(name: str) -> None:
    own = query_files()[name].read_text("utf-8")
    whole = load_query(name).text.decode()
    defined = re.findall(r"^(?:with )?(\w+)(?: \([\w, ]+\))? as (?:materialized )?\($", own, re.MULTILINE)
    unread = [cte for cte in defined if not re.search(rf"\b(?:from|join)\s+(?:lateral )?{cte}\b", whole)]
    assert unread == []


def test_the_digest_of_a_query_covers_its_parts() -> None:
    """The digest covers the whole statement: a changed part must invalidate cached responses."""
    own = query_files()["analytics_volatility"].read_bytes()
    assert len(load_query("analytics_volatility").text) > len(own)
