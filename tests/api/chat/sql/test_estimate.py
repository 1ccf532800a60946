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
    # what the planner computes into a value, although none is written
    "select 1 from t join u on true where a = true::int and b = chr(ascii(true::text)) and c": (
        "SELECT CAST($1 AS int4) FROM t INNER JOIN u ON TRUE WHERE a = CAST(CAST($2 AS bool) AS integer) "
        "AND b = chr(ascii(CAST(CAST($2 AS bool) AS text))) AND c"
    ),
    "select count(*), case when a then b end, case when a then b else null end from t": (
        "SELECT count(*), CASE WHEN a THEN b END, CASE WHEN a THEN b ELSE $1 END FROM t"
    ),
    "select a from t where b = num_nulls(null) or b = (null is null)::int or b = cardinality(array[null])": (
        "SELECT a FROM t WHERE b = num_nulls($1) OR b = CAST($2 IS NULL AS integer) "
        "OR b = cardinality(ARRAY[$3])"
    ),
    "select cardinality(array[]::text[]), extract('day' from '5 days'), null::numeric": (
        "SELECT cardinality(CAST($1 AS text[])), EXTRACT(DAY FROM $2), CAST($3 AS numeric)"
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


@pytest.mark.parametrize(
    "statement",
    [
        "select " + "+".join(["1"] * 2000),
        "select floor(pi())",
        "select (row() is null)::int",
        "select make_interval()",
        # the printer writes the part of a date without quotes
        "select extract('day from now()); commit; --' from d) from t",
        "select extract('day from now()), extract(hour' from d) from t",
    ],
)
def test_what_cannot_be_written_without_its_values_has_no_general_form(statement: str) -> None:
    assert general_form(statement) is None
