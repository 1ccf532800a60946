"""The general form of a statement: no value of it is left, and the planner still takes it."""

import psycopg
import pytest

from api.chat.sql.estimate import general_form
from api.chat.sql.guard import check_statement
from tests.api.chat.sql.analytical import ANALYTICAL
from warehouse.connections import Warehouse

CASES = {
    "select a from t where b = 'x' and c > 3 and d = 1.5 and e is null and f is true": (
        "SELECT a FROM t WHERE b = $1 AND c > CAST($2 AS int4) AND d = CAST($3 AS numeric) AND e IS NULL "
        "AND f IS TRUE"
    ),
    "select left(a, 2), count(*) from t group by left(a, 2), 1 order by 1, b + 1 limit 5 offset 2": (
        'SELECT "left"(a, CAST($1 AS int4)), count(*) FROM t GROUP BY "left"(a, CAST($1 AS int4)), 1 '
        "ORDER BY 1, b + CAST($2 AS int4) LIMIT 5 OFFSET 2"
    ),
    "select extract(year from date '2025-01-01') from generate_series(1, 100) as g": (
        "SELECT EXTRACT(YEAR FROM CAST($1 AS date)) FROM generate_series(1, 100) AS g"
    ),
    "select * from t where a in ('x', 'y') and b = array['x'] and c = 'x'::varchar(3)": (
        "SELECT * FROM t WHERE a IN ($1, $2) AND b = ARRAY[CAST($3 AS text)] AND c = CAST($4 AS varchar(3))"
    ),
}


@pytest.mark.parametrize(("statement", "general"), CASES.items())
def test_values_become_parameters(statement: str, general: str) -> None:
    assert general_form(statement) == general


def test_the_planner_takes_the_general_form_of_what_analysts_write(demo: Warehouse) -> None:
    # Silent failure prevented: a form that PostgreSQL refuses is no estimate, and lets everything run
    with psycopg.connect(demo.chat_url) as connection:
        connection.execute("set sigmasight.published_at = '2026-01-01'")
        found = connection.execute(
            "select table_schema, array_agg(table_name::text) from information_schema.views"
            " where table_schema like 'marts%' group by 1"
        )
        relations = {schema: frozenset(names) for schema, names in found}
        for statement in ANALYTICAL:
            general = general_form(check_statement(statement, relations=relations).text)
            assert general is not None, statement
            connection.execute(f"explain (generic_plan) {general}".encode())


def test_what_cannot_be_written_has_no_general_form() -> None:
    assert general_form("select " + "+".join(["1"] * 2000)) is None
