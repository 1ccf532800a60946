"""What one user holds is told to no other: not by a mart of symbols, a count, a restatement or a path."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection, sql

from tests.api.api_helpers import Person
from tests.api.republish import RESTATED_COUNTS, republished
from tests.claims import claim, user_of
from warehouse.connections import Warehouse

Row = tuple[Any, ...]
HEDGE_FUND, FAMILY_OFFICE = "demo_hedgefundstyle@sigmasight.com", "demo_familyoffice@sigmasight.com"
OF_SYMBOLS = (
    "dim_symbols",
    "dim_company_profiles",
    "fct_prices",
    "fct_data_quality",
    "fct_symbol_risk",
    "fct_symbol_factor_betas",
)
COMMON = {"SPY", "IVV", "VOO", "DGS10", "TLT", "IWM", "VUG", "VTV", "MTUM", "QUAL", "USMV"}
A_WORD = {"VIX"}  # of the texts of scenarios, too
TEXTS = """
select namespaces.nspname, views.relname, columns.attname
from pg_class as views
join pg_namespace as namespaces on namespaces.oid = views.relnamespace
join pg_attribute as columns on columns.attrelid = views.oid and columns.attnum > 0
where
    namespaces.nspname in ('marts', 'marts_history', 'marts_at') and views.relkind = 'v'
    and has_table_privilege(views.oid, 'select')
    and columns.atttypid in ('text'::regtype, 'text[]'::regtype, 'uuid'::regtype, 'uuid[]'::regtype)
"""


@pytest.fixture(scope="module")
def held(demo: Warehouse) -> dict[str, set[str]]:
    """The symbols of each user, with underlyings."""
    with psycopg.connect(demo.analyst_url) as analyst:
        found = analyst.execute(
            "select owner_email, array_agg(symbol) || array_remove(array_agg(underlying_symbol), null)"
            " from dim_positions join dim_portfolios using (portfolio_id) group by owner_email"
        ).fetchall()
    return {email: set(symbols) for email, symbols in found}


@pytest.fixture(params=["api", "chat"])
def role(request: pytest.FixtureRequest, demo: Warehouse) -> Iterator[Connection[Row]]:
    """Connect as each role whose rows are filtered."""
    with psycopg.connect(getattr(demo, f"{request.param}_url")) as connection:
        yield connection
        connection.rollback()


def read_as(role: Connection[Row], demo: Warehouse, email: str) -> None:
    role.rollback()
    role.execute("select now()")  # begins the transaction
    with psycopg.connect(demo.analyst_url) as analyst:
        now = analyst.execute("select now()::text").fetchone()
    role.execute(sql.SQL("set local sigmasight.published_at = {}").format(sql.Literal(now[0] if now else "")))
    claim(role, user_of(demo, email))


@pytest.mark.parametrize(("me", "other"), [(HEDGE_FUND, FAMILY_OFFICE), (FAMILY_OFFICE, HEDGE_FUND)])
def test_no_text_of_any_mart_has_a_symbol_or_portfolio_of_another_user(
    role: Connection[Row], demo: Warehouse, held: dict[str, set[str]], me: str, other: str
) -> None:
    secret = held[other] - held[me] - COMMON - A_WORD
    assert len(secret) > 10
    with psycopg.connect(demo.analyst_url) as analyst:
        ids = analyst.execute(
            "select portfolio_id::text from dim_portfolios where owner_email = %s", [other]
        ).fetchall()
    secret |= {other, *(row[0] for row in ids)}
    read_as(role, demo, me)
    columns = role.execute(TEXTS.encode()).fetchall()
    assert len(columns) > 300
    for schema, view, column in columns:
        found = role.execute(
            sql.SQL("select distinct {}::text from {}").format(
                sql.Identifier(column), sql.Identifier(schema, view)
            )
        ).fetchall()
        words = {word for (text,) in found if text for word in re.split(r"[\s,;:{}()\"']+", text)}
        assert not words & secret, (schema, view, column)


@pytest.mark.parametrize("mart", OF_SYMBOLS)
@pytest.mark.parametrize("schema", ["marts", "marts_history", "marts_at"])
def test_a_mart_of_symbols_shows_what_a_user_holds_and_common_reference(
    role: Connection[Row], demo: Warehouse, held: dict[str, set[str]], schema: str, mart: str
) -> None:
    statement = sql.SQL("select distinct symbol from {}").format(sql.Identifier(schema, mart))
    with psycopg.connect(demo.analyst_url) as analyst:
        analyst.execute("select set_config('sigmasight.published_at', now()::text, false)")
        everything = {row[0] for row in analyst.execute(statement).fetchall()}
    for email in (HEDGE_FUND, FAMILY_OFFICE):
        read_as(role, demo, email)
        seen = {row[0] for row in role.execute(statement).fetchall()}
        assert seen == everything & (held[email] | COMMON)
        assert everything - seen
    role.rollback()
    role.execute("select now()")
    if schema != "marts_at":  # without a user: common reference
        assert {row[0] for row in role.execute(statement).fetchall()} == everything & COMMON


def test_the_number_of_portfolios_that_hold_a_symbol_is_for_analysts(
    role: Connection[Row], demo: Warehouse
) -> None:
    count = "select max(used_by_portfolios), count(*) > 0 from fct_data_quality"
    with psycopg.connect(demo.analyst_url) as analyst:
        found = analyst.execute(count).fetchone()
        assert found is not None
        assert found[0] > 1
    read_as(role, demo, HEDGE_FUND)
    assert role.execute(count).fetchone() == (None, True)


RESTATED_SYMBOLS = """
insert into ops.restatements (publication_id, as_of_date, mart, key, column_name, old_value, new_value)
select %(number)s, (select max(as_of_date) from marts.dim_dates), mart, key, 'close', '1', '2'
from marts.dim_symbols cross join lateral (
    values ('fct_prices', symbol), ('fct_symbol_factor_betas', symbol || ' risk Size')
) as of_symbol (mart, key)
"""


@pytest.fixture
def restated_symbols(demo: Warehouse) -> Iterator[None]:
    """Publish the last session again, with a figure of every symbol marked as restated."""
    with republished(demo, Decimal(1)) as number, demo.connect_writer() as writer:
        writer.execute(RESTATED_SYMBOLS, {"number": number})
        writer.execute("delete from ops.restatement_counts where publication_id = %s", (number,))
        writer.execute(RESTATED_COUNTS, (number,))
        writer.commit()
        yield


@pytest.mark.usefixtures("restated_symbols")
def test_restatements_of_a_symbol_are_visible_to_those_who_see_it(
    role: Connection[Row], demo: Warehouse, held: dict[str, set[str]]
) -> None:
    statement = (
        "select split_part(key, ' ', 1), mart from fct_restatements where mart in"
        " ('fct_prices', 'fct_symbol_factor_betas')"
    )
    with psycopg.connect(demo.analyst_url) as analyst:
        everything = {symbol for symbol, _ in analyst.execute(statement).fetchall()}
        counted = {row[0] for row in analyst.execute("select mart from fct_restatement_summary").fetchall()}
    assert {"fct_prices", "fct_symbol_factor_betas"} <= counted
    read_as(role, demo, FAMILY_OFFICE)
    seen = role.execute(statement.encode()).fetchall()
    assert {mart for _, mart in seen} == {"fct_prices", "fct_symbol_factor_betas"}
    assert {symbol for symbol, _ in seen} == everything & (held[FAMILY_OFFICE] | COMMON)
    counted = {row[0] for row in role.execute("select mart from fct_restatement_summary").fetchall()}
    assert counted == {"fct_portfolio_snapshots"}


FUNCTIONS = """
select proname, proargtypes::regtype[]::text[], (proargnames)[:pronargs] from pg_proc
where
    pronamespace = 'udf'::regnamespace
    and ('uuid'::regtype = any(proargtypes) or 'uuid[]'::regtype = any(proargtypes))
order by proname
"""
WORDS = {
    "cash": "fixed",
    "confidence": 0.95,
    "dimension": "sector",
    "measure": "es",
    "method": "carino",
    "part_of": "symbol",
}
"""Arguments that know some values only."""


def test_functions_answer_for_anothers_portfolios_as_for_unknown_ones(
    role: Connection[Row], demo: Warehouse
) -> None:
    with psycopg.connect(demo.analyst_url) as analyst:
        functions = analyst.execute(FUNCTIONS.encode()).fetchall()
        (last, theirs, mine) = analyst.execute(
            "select max(as_of_date), array_agg(distinct portfolio_id) filter (where owner_email = %s),"
            " array_agg(distinct portfolio_id) filter (where owner_email = %s)"
            " from fct_portfolio_snapshots join dim_portfolios using (portfolio_id)",
            [FAMILY_OFFICE, HEDGE_FUND],
        ).fetchone() or (None, [], [])
    assert len(functions) > 15
    with_answer = 0
    for name, kinds, arguments in functions:
        placeholders = sql.SQL(", ").join(sql.SQL(f"%s::{kind}") for kind in kinds)
        call = sql.SQL("select to_jsonb(result) from udf.{}({}) as result").format(
            sql.Identifier(name), placeholders
        )
        answers = []
        for ids in (theirs, [uuid4()], mine):
            values = {"uuid": ids[0], "uuid[]": ids, "date": last, "integer": 10, "text": "SPY"}
            given = [WORDS.get(name, values.get(kind)) for name, kind in zip(arguments, kinds, strict=True)]
            read_as(role, demo, HEDGE_FUND)
            answers.append(role.execute(call, given).fetchall())
        assert answers[0] == answers[1], name
        with_answer += answers[2] != answers[0]
    assert with_answer > 10


def test_loads_are_for_analysts(role: Connection[Row]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute("select origin from marts.fct_loads")


def test_paths_answer_for_anothers_symbol_as_for_an_unknown_one(
    family_office: Person, hedge_fund: Person, held: dict[str, set[str]]
) -> None:
    symbol = "NVDA"
    assert symbol in held[HEDGE_FUND]
    assert symbol not in held[FAMILY_OFFICE]
    for path in (
        "data/prices/benchmark/{}",
        "data/prices/quotes?symbols={}",
        "data/company-profiles?symbols={}",
    ):
        theirs, unknown = (
            family_office.client.get(f"/api/v1/{path.format(name)}", headers=family_office.headers)
            for name in (symbol, "QZJX")
        )
        assert theirs.status_code == unknown.status_code, path
        assert theirs.text.replace(symbol, "QZJX") == unknown.text, path
        mine = hedge_fund.client.get(f"/api/v1/{path.format(symbol)}", headers=hedge_fund.headers)
        assert mine.text != theirs.text, path
