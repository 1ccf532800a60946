"""No query scans a fact table: each finds its rows by an index, however large the table becomes.

The demo's tables are so small that a sequential scan may be cheapest, so enable_seqscan is off: a table that
is still scanned has no index that the query could use.
"""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from api.marts.answers import COVERAGE_RULES, SIMULATED_NOTICE, TAG_COLORS
from api.queries import load_query, query_files
from tests.api.api_helpers import Person
from tests.claims import claim, user_of
from warehouse.connections import Warehouse

LAST = "2025-09-12"
SESSIONS_READ = 1_000  # of the calendar, for a year of sessions
ROWS_OF_A_SCENARIO = 5_000  # of any table, for all scenarios of one portfolio and date
OF_FACTS = (
    "portfolio_overview", "portfolio_complete", "portfolio_history", "portfolios", "positions_details",
)  # fmt: skip
UNDATED = ("fct_realized_gains", "fct_tax_lots")
"""Facts whose rows change with later ones, and are published when they do."""

QUERIES = [
    *OF_FACTS,
    *sorted(name for name in query_files() if name.startswith(("analytics_", "aggregate_", "report_"))),
]


@pytest.fixture
def role(demo: Warehouse, hedge_fund: Person) -> Iterator[Connection[Any]]:
    """Connect as the API does, with the owner of the portfolio as the user."""
    assert hedge_fund.portfolio_id
    user = user_of(demo, "demo_hedgefundstyle@sigmasight.com")
    with psycopg.connect(demo.api_url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("set search_path = marts")
        connection.execute("set enable_seqscan = off")
        claim(connection, user)
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def facts(demo: Warehouse) -> set[str]:
    """Names of the published tables of dated facts."""
    with demo.connect_writer() as connection:
        found = connection.execute(
            "select table_name from information_schema.columns"
            " where table_schema = 'published' and (column_name = 'as_of_date' or table_name = any(%s))",
            [list(UNDATED)],
        ).fetchall()
    assert len(found) > 20
    return {str(row[0]) for row in found}


def parameters(portfolio_id: str) -> dict[str, Any]:
    """Every parameter that a query takes."""
    return {
        "portfolio_id": portfolio_id, "portfolio_ids": [portfolio_id], "position_ids": None,
        "as_of_date": LAST, "requested_date": None, "published_at": "2025-09-13T00:00:00Z",
        "user_id": portfolio_id, "simulated_notice": SIMULATED_NOTICE, "tag_colors": TAG_COLORS,
        "symbols": None, "scenarios": None, "impact_type": "direct", "max_symbols": 25, "limit": 1000,
        "offset": 0, "max_positions": 1000, "top_positions": 10, "max_days": 252, "schema_version": "1.0",
        "include_holdings": True, "include_position_tags": True, "include_timeseries": True,
        "include_attrib": True, "include_daily": True, "include_closed": False, "is_single": False,
        "compared_symbols": 100,
        **COVERAGE_RULES,
        "from_date": None, "to_date": LAST, "model": "risk", "category": None, "type": None, "tag": None,
        "measure": "var", "confidence": 0.95, "part_of": "symbol",
        "scenario": None, "sector": None, "sort": "market_value",
        "group_by": "sector", "max_drawdowns": 20, "include_series": True, "series_days": 63,
        "period": "YTD", "dimension": "sector", "method": "carino", "matrix_symbols": 12,
        "worst_drawdowns": 5, "cash": "absorb", "trades": '[{"symbol": "TLT", "quantity": 10}]',
    }  # fmt: skip


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Iterate over the nodes of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize("name", QUERIES)
def test_facts_are_read_by_an_index(
    role: Connection[Any], facts: set[str], hedge_fund: Person, name: str
) -> None:
    row = role.execute(b"explain (format json) " + load_query(name).text, parameters(hedge_fund.portfolio_id))
    assert_no_fact_is_scanned(row.fetchone(), facts)


@pytest.mark.parametrize("name", QUERIES)
def test_facts_are_read_by_an_index_in_generic_plans(
    role: Connection[Any], facts: set[str], name: str
) -> None:
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    text = re.sub(r"%\((\w+)\)s", number, load_query(name).text.decode()).replace("%%", "%")
    row = role.execute(b"explain (generic_plan, format json) " + text.encode())
    assert_no_fact_is_scanned(row.fetchone(), facts)


@pytest.mark.parametrize("name", [*QUERIES, "price_quotes"])
def test_no_query_reads_every_date(role: Connection[Any], hedge_fund: Person, name: str) -> None:
    """A join with the calendar reads all of it, because no key goes into its view; a subquery does not."""
    given = {**parameters(hedge_fund.portfolio_id), "symbols": ["SPY"]}
    row = role.execute(
        b"explain (analyze, timing off, format json) " + load_query(name).text, given
    ).fetchone()
    assert row is not None
    calendar = [node for node in nodes(row[0][0]["Plan"]) if node.get("Relation Name") == "dim_dates"]
    assert max((node["Actual Rows"] * node["Actual Loops"] for node in calendar), default=0) < SESSIONS_READ


def test_the_detail_of_a_scenario_reads_no_other_date(role: Connection[Any], hedge_fund: Person) -> None:
    """A portfolio and date that come from a join go into no view of a mart, which then is read whole."""
    statement = b"explain (analyze, timing off, format json) " + load_query("analytics_stress_detail").text
    row = role.execute(statement, parameters(hedge_fund.portfolio_id)).fetchone()
    assert row is not None
    read = [node for node in nodes(row[0][0]["Plan"]) if "Relation Name" in node]
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in read) < ROWS_OF_A_SCENARIO


def assert_no_fact_is_scanned(row: Any, facts: set[str]) -> None:
    """Check the row of an EXPLAIN for sequential scans of facts."""
    assert row is not None
    plan = list(nodes(row[0][0]["Plan"]))
    read = {node["Relation Name"] for node in plan if "Relation Name" in node}
    assert read & facts, "the query reads no fact: the test would prove nothing"
    scanned = {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}
    assert scanned & facts == set()
