"""The guard: hostile statements are refused with a sentence, analytical ones are accepted."""

import subprocess
import sys

import pytest

from api.chat.sql.guard import CheckedStatement, StatementRefused, check_statement
from tests.api.chat.sql.analytical import ANALYTICAL
from tests.api.chat.sql.hostile import NESTED, hostile_statements, nested

NAMES = frozenset({
    "dim_dates", "dim_portfolios", "dim_positions", "fct_portfolio_snapshots", "fct_position_values",
    "fct_prices",
})  # fmt: skip
RELATIONS = {"marts": NAMES, "marts_at": NAMES, "marts_history": NAMES}


def check(statement: str) -> CheckedStatement:
    return check_statement(statement, relations=RELATIONS)


def refusal(statement: str) -> StatementRefused:
    with pytest.raises(StatementRefused) as caught:
        check(statement)
    return caught.value


def test_hostile_statements_are_refused_with_a_sentence() -> None:
    found = list(hostile_statements())
    assert len(found) > 5000
    passed = []
    for kind, statement in found:
        try:
            check(statement)
        except StatementRefused as refused:
            message = refused.message
            if not (message[-1] in ".?" and 20 < len(message) < 250 and "\n" not in message):
                passed.append((kind, statement, message))
        else:
            passed.append((kind, statement, "accepted"))
    assert passed == []


@pytest.mark.parametrize("statement", ANALYTICAL)
def test_analytical_statements_are_accepted(statement: str) -> None:
    checked = check(statement)
    assert not checked.text.endswith(";")
    assert "/*" not in checked.text


@pytest.mark.parametrize("statement", ["", " \n", ";", "-- nothing", "/* nothing */"])
def test_an_empty_statement_is_refused(statement: str) -> None:
    assert "one SELECT" in refusal(statement).message


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("select 1; select 2", "not_one_statement", "2 statements"),
        ("delete from fct_prices", "not_a_select", "never changed"),
        ("with a as (delete from fct_prices returning 1) select 1", "not_a_select", "The CTE a"),
        ("select close frm fct_prices where", "syntax", "near `fct_prices where`"),
        ("select 'a", "syntax", "near `'a`"),
        ("select (1", "syntax", "ends too early"),
        ("select * from fct_price", "unknown_relation", "did you mean fct_prices?"),
        ("select * from nothing_like_it", "unknown_relation", "see `describe`"),
        ("select * from marts.pg_class", "catalog", "use the marts"),
        ("select * from raw.fct_prices", "unknown_relation", "write marts.fct_prices"),
        ("select now()", "function", "max(as_of_date)"),
        ("select current_date", "function", "max(as_of_date)"),
        ("select median(close) from fct_prices", "function", "percentile_cont(0.5)"),
        ("select nothing_like_it(1)", "function", "nothing_like_it is not allowed"),
        ("select 1::money", "type", "double precision"),
        ("select $1", "parameter", "write the value"),
        ("select generate_series(1, 1000001)", "too_large", "100,000"),
        ("select generate_series(1, 1e9::int)", "too_large", "100,000"),
        ("select " + ", ".join(["7 * 7"] * 51), "too_complex", "more than 50 times"),
        ("select " + ", ".join(["ln(7)"] * 51), "too_complex", "more than 50 times"),
        *(
            (f"select {sought} from fct_prices", "too_long", "must be short")
            for sought in (
                "translate(symbol, 'a', source)",
                "translate(symbol, source, 'a')",
                "btrim(symbol, source)",
                "trim(leading source from symbol)",
                "strpos(symbol, source || 'a')",
                "position(source in symbol)",
                "replace(symbol, source, '')",
                "split_part(symbol, left(source, 201), 2)",
                "string_to_array(symbol, left(source, -1))",
                "symbol like '%' || source",
                "symbol not ilike source",
                "symbol like any (array['a', source])",
                "symbol like any (select source from fct_prices)",
                f"symbol like '{'a' * 201}'",
                "string_to_array(symbol, null) && string_to_array(source, null)",
                "to_jsonb(symbol) @> to_jsonb(source)",
                "to_jsonb(symbol) ?| string_to_array(source, null)",
                f"string_to_array(symbol, null) @> array[{', '.join(['1'] * 201)}]",
            )
        ),
        ("select lpad('a', 1001)", "too_large", "1,000"),
        ("select extract('day from x); do $$ begin end $$; --' from d)", "bad_value", "one word"),
        ("select extract(\"day from x), lo_import('x'\" from d)", "bad_value", "one word"),
        ("select 'a'::varchar(1001)", "too_large", "1,000"),
        ("select (d).symbol from fct_prices d", "field", "alias.column"),
        ("select g.upper from unnest(array['a']) g", "field", "unnest(...) as g(value)"),
        ("select 1 for update", "locks", "leave them out"),
        ("select 1 into a", "writes", "INTO"),
        ("with recursive a as (select 1) select 1", "recursive", "WITH RECURSIVE"),
        ("select 'a' collate \"de_DE\"", "collation", "COLLATE"),
        ("select 1 order by 1 using <", "operator", "asc or desc"),
        ("select 1 !@# 2", "operator", "not allowed"),
        ("select\u2028 1", "odd_character", "U+2028"),
        ("select 1\0", "odd_character", "U+0000"),
        ("select " + "1," * 5000 + "1", "too_long", "10,008"),
    ],
)
def test_a_refusal_says_what_to_write_instead(statement: str, code: str, words: str) -> None:
    refused = refusal(statement)
    assert (refused.code, words in refused.message) == (code, True), refused.message


@pytest.mark.parametrize(
    "sought",
    [
        "position('A' in symbol)",
        "trim(both ' ' from symbol)",
        "trim(symbol)",
        "replace(symbol, left(source, 20), '')",
        "symbol like lower('A') || substring(source from 1 for 5) || '%'",
        "symbol ilike any (array['a%', 'b%'])",
        "symbol similar to '(a|b)%'",
        "string_to_array(symbol, null) && array['A', upper('b')]",
        "array['A'] <@ string_to_array(symbol, '.')",
        "to_jsonb(symbol) @> '\"A\"'::jsonb",
        "split_part(symbol, null, 1)",
    ],
)
def test_what_is_looked_for_may_be_short(sought: str) -> None:
    check(f"select {sought} from fct_prices")


def test_a_name_of_a_cte_hides_nothing_outside_its_scope() -> None:
    check("with pg as (select 1 as a) select a from pg, (select a from pg) as q")
    check("with a as (select 1 as x), b as (select x from a) select x from b")
    check("with fct_prices as (select close from fct_prices) select close from fct_prices")
    for statement in (
        "with a as (select * from b), b as (select 1) select 1 from a",  # b is defined after a
        "select * from secret, (with secret as (select 1) select * from secret) as q",
        "(with secret as (select 1) select 1) union all select 1 from secret",
        "select (with secret as (select 1) select 1) from secret",
        "with secret as (select * from secret) select * from secret",
    ):
        assert refusal(statement).code == "unknown_relation", statement


def test_the_text_is_one_statement_without_comments() -> None:
    checked = check(
        '-- a\nselect /* b */ marts.fct_prices.close /* c; */ from  "marts" . fct_prices -- d\n ; -- e'
    )
    assert " ".join(checked.text.split()) == "select fct_prices.close from fct_prices"
    assert checked.relations == {"marts.fct_prices"}
    assert check("select 1 from marts /* a */ . /* b */ dim_dates").text == "select 1 from dim_dates"
    assert check("select '/* ; -- */' as \"a;b\"").text == "select '/* ; -- */' as \"a;b\""


def test_a_schema_is_kept_where_a_cte_has_the_name() -> None:
    text = "with fct_prices as (select 1) select * from marts.fct_prices"
    assert check(text).text == text


CHECK = """
import sys
from api.chat.sql.guard import StatementRefused, check_statement
try:
    check_statement(sys.stdin.read(), relations={})
    print("accepted")
except StatementRefused as refused:
    print(refused.code)
"""


@pytest.mark.parametrize(("before", "middle", "after", "answer"), NESTED)
def test_no_nesting_crashes_the_process(before: str, middle: str, after: str, answer: str) -> None:
    for size, expected in ((9_900, answer), (200_000, "too_long")):
        done = subprocess.run(
            [sys.executable, "-c", CHECK],
            input=nested(before, middle, after, size),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-500:]
        assert done.stdout.strip() == expected
