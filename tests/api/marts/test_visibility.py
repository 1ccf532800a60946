"""No user reads another user's portfolio: not by any path, not by SQL as the API's role."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection, errors, sql

from tests.api.api_helpers import Person, assert_problem
from tests.api.republish import RESTATED_COUNTS, republished
from tests.claims import claim as claim_user
from tests.claims import user_of
from tests.servers.given_server import is_given
from warehouse.connections import Warehouse

Row = tuple[Any, ...]


@pytest.fixture
def portfolio_paths(hedge_fund: Person) -> list[str]:
    """List every documented path that shows a portfolio, including those added later."""
    document = hedge_fund.get("openapi.json").json()
    return [
        path for path, methods in document["paths"].items() if "{portfolio_id}" in path and "get" in methods
    ]


def test_another_users_portfolio_looks_like_an_unknown_one(
    hedge_fund: Person, family_office: Person, portfolio_paths: list[str]
) -> None:
    assert portfolio_paths
    for me, other in ((hedge_fund, family_office), (family_office, hedge_fund)):
        for foreign in other.portfolios.values():
            for path in portfolio_paths:
                answers = [
                    me.client.get(path.format(portfolio_id=portfolio_id), headers=me.headers)
                    for portfolio_id in (foreign, str(uuid4()))
                ]
                assert_problem(answers[0], 404, "portfolio_not_found")
                assert answers[0].content == answers[1].content
                assert set(answers[0].headers) == set(answers[1].headers)


def test_another_users_positions_are_not_found(hedge_fund: Person, family_office: Person) -> None:
    foreign = family_office.get("data/positions/details", portfolio_id=family_office.portfolio_id).json()
    foreign_id = foreign["positions"][0]["id"]
    own = hedge_fund.get("data/positions/details", portfolio_id=hedge_fund.portfolio_id).json()["positions"][
        0
    ]

    by_portfolio = hedge_fund.get("data/positions/details", portfolio_id=family_office.portfolio_id)
    assert_problem(by_portfolio, 404, "portfolio_not_found")
    assert_problem(
        hedge_fund.get("data/positions/details", position_ids=foreign_id), 404, "positions_not_found"
    )
    unknown = str(uuid4())
    mixed = hedge_fund.get("data/positions/details", position_ids=[own["id"], foreign_id, unknown]).json()
    assert mixed["positions"] == [own]
    assert set(mixed["meta"]["unknown_position_ids"]) == {foreign_id, unknown}


def test_lists_hold_only_the_users_portfolios(hedge_fund: Person, family_office: Person) -> None:
    assert set(hedge_fund.portfolios) == {"Demo Hedge Fund Style Investor Portfolio"}
    assert set(family_office.portfolios) == {
        "Demo Family Office Private Opportunities",
        "Demo Family Office Public Growth",
    }


def test_concurrent_requests_do_not_share_a_user(hedge_fund: Person, family_office: Person) -> None:
    # All share a few connections, and each request sets the user of its transaction.
    people = [hedge_fund, family_office] * 40

    def names(person: Person) -> set[str]:
        return {portfolio["name"] for portfolio in person.get("data/portfolios").json()}

    with ThreadPoolExecutor(max_workers=16) as threads:
        seen = list(threads.map(names, people))
    assert seen == [set(person.portfolios) for person in people]


# --- restated figures of no portfolio -----------------------------------------------------------------------

RESTATED_PAIRS = """
insert into ops.restatements (
    publication_id, as_of_date, mart, key, column_name, old_value, new_value
)
select
    publication_id, as_of_date, 'fct_correlation_pairs', symbol_1 || ' ' || symbol_2, 'correlation',
    '0.5', '0.6'
from intermediate.int_symbol_pairs where publication_id = %s and symbol_1 < symbol_2
"""


@pytest.fixture
def restated_pairs(demo: Warehouse) -> Iterator[None]:
    """Publish the last session again, with every held pair marked as restated."""
    with republished(demo, Decimal(1)) as number, demo.connect_writer() as writer:
        writer.execute(RESTATED_PAIRS, (number,))
        writer.execute("delete from ops.restatement_counts where publication_id = %s", (number,))
        writer.execute(RESTATED_COUNTS, (number,))
        writer.commit()
        yield


def restated(role: Connection[Row], schema: str) -> set[str]:
    statement = sql.SQL("select key from {}.fct_restatements where mart = 'fct_correlation_pairs'")
    return {row[0] for row in role.execute(statement.format(sql.Identifier(schema))).fetchall()}


@pytest.mark.usefixtures("restated_pairs")
def test_a_restated_pair_is_visible_only_to_holders_of_both_symbols(
    hedge_fund: Person, family_office: Person, role: Connection[Row], demo: Warehouse
) -> None:
    # a pair is listed because a user holds it: shown to others, it would reveal that user's holdings
    held = {}
    for person, email in (
        (hedge_fund, "demo_hedgefundstyle@sigmasight.com"),
        (family_office, "demo_familyoffice@sigmasight.com"),
    ):
        claim(role, demo, email)
        pairs = role.execute(
            "select distinct symbol_1 || ' ' || symbol_2 from marts.fct_correlation_pairs"
            " where as_of_date = (select max(as_of_date) from marts.fct_correlation_pairs)"
        ).fetchall()
        held[email] = {row[0] for row in pairs}
        assert restated(role, "marts") == restated(role, "marts_at") == held[email]
        answer = person.get("restatements", mart="fct_correlation_pairs", limit=5000).json()
        assert {entry["key"] for entry in answer["restatements"]} == held[email]
        role.rollback()
    mine, others = held.values()
    assert mine - others
    assert others - mine
    assert restated(role, "marts") == set(), "a session without a user"
    with psycopg.connect(demo.analyst_url) as analyst:
        assert restated(analyst, "marts") > mine | others


def counted(reader: Connection[Row], schema: str) -> dict[str, int]:
    statement = sql.SQL("select mart, sum(rows)::integer from {}.fct_restatement_summary group by mart")
    return dict(reader.execute(statement.format(sql.Identifier(schema))).fetchall())


@pytest.mark.usefixtures("restated_pairs")
def test_restatements_of_other_users_and_of_pairs_are_not_counted(
    role: Connection[Row], demo: Warehouse
) -> None:
    claim(role, demo, "demo_familyoffice@sigmasight.com")
    assert counted(role, "marts") == counted(role, "marts_at") == {"fct_portfolio_snapshots": 2}
    with psycopg.connect(demo.analyst_url) as analyst:
        everything = counted(analyst, "marts")
    assert everything.keys() == {"fct_portfolio_snapshots", "fct_correlation_pairs"}
    assert everything["fct_portfolio_snapshots"] > 2


def test_the_number_of_holders_of_a_symbol_is_not_restated(hedge_fund: Person) -> None:
    code = hedge_fund.get("lineage/fct_data_quality").json()["raw_sql"]
    assert "not_restated=['used_by_portfolios']" in code


# --- SQL, as the API's role ---------------------------------------------------------------------------------


@pytest.fixture
def role(demo: Warehouse) -> Iterator[Connection[Row]]:
    """Connect as the API does."""
    with psycopg.connect(demo.api_url) as connection:
        yield connection
        connection.rollback()


def claim(role: Connection[Row], demo: Warehouse, email: str) -> None:
    """Read for this user in the transaction."""
    role.execute("select set_config('sigmasight.published_at', now()::text, false)")  # for marts_at
    claim_user(role, user_of(demo, email))


def views_with_portfolios(role: Connection[Row]) -> list[sql.Identifier]:
    rows = role.execute("""
        select classes.relnamespace::regnamespace::text, classes.relname
        from pg_class as classes
        join pg_attribute as columns on columns.attrelid = classes.oid and columns.attname = 'portfolio_id'
        where classes.relnamespace in (select oid from pg_namespace where nspname like 'marts%')
            and classes.relkind = 'v' and has_table_privilege(classes.oid, 'select')
        """).fetchall()
    return [sql.Identifier(str(schema), str(view)) for schema, view in rows]


def visible(role: Connection[Row]) -> set[UUID]:
    """Collect the portfolios that are visible in any mart."""
    views = views_with_portfolios(role)
    assert {str(view.as_string()).split(".")[0] for view in views} == {
        '"marts"',
        '"marts_at"',
        '"marts_history"',
    }
    statement = sql.SQL("select distinct portfolio_id from {} where portfolio_id is not null")
    return {row[0] for view in views for row in role.execute(statement.format(view)).fetchall()}


def test_sql_as_the_apis_role_sees_only_the_users_portfolios(
    role: Connection[Row], demo: Warehouse, hedge_fund: Person, family_office: Person
) -> None:
    claim(role, demo, "demo_hedgefundstyle@sigmasight.com")
    assert visible(role) == {UUID(portfolio_id) for portfolio_id in hedge_fund.portfolios.values()}
    role.rollback()
    claim(role, demo, "demo_familyoffice@sigmasight.com")
    assert visible(role) == {UUID(portfolio_id) for portfolio_id in family_office.portfolios.values()}


@pytest.mark.parametrize("claimed", ["", "0" * 64, "' or true --"])
def test_a_user_id_that_is_not_claimed_sees_nothing(
    role: Connection[Row], demo: Warehouse, claimed: str
) -> None:
    user = user_of(demo, "demo_hedgefundstyle@sigmasight.com")
    role.execute("select set_config('sigmasight.user_id', %s, true)", (str(user.user_id),))
    role.execute("select set_config('sigmasight.claim', %s, true)", (claimed,))
    with pytest.raises(errors.InsufficientPrivilege, match="not claimed"):
        role.execute("select count(*) from marts.dim_portfolios")


def test_a_session_without_a_user_sees_nothing(role: Connection[Row]) -> None:
    role.execute("select set_config('sigmasight.published_at', now()::text, false)")
    assert visible(role) == set()


def test_the_session_user_is_reset_after_the_transaction(role: Connection[Row], demo: Warehouse) -> None:
    claim(role, demo, "demo_hedgefundstyle@sigmasight.com")
    assert visible(role)
    role.commit()
    assert visible(role) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "select key from ops.claim_keys",
        "select access.code_of('proof')",
        "select access.claim_of('proof')",
        "select * from raw.portfolios",
        "select * from published.dim_portfolios",
        "select * from intermediate.int_positions",
        "set role sigmasight_writer",
        "set role sigmasight_analyst",
        "create table marts.mine (a int)",
        "create temporary table mine (a int)",
        "select token_hash from ops.sessions",
        "select ops.end_session(gen_random_uuid())",
        "select ops.open_session(gen_random_uuid(), gen_random_uuid(), 'x'::bytea, '1 day', 'x')",
        "update marts.dim_portfolios set owner_email = 'me@example.com'",
        "delete from marts_history.fct_prices",
        "create or replace view marts.fct_prices as select 1",
        "alter view marts.dim_portfolios set (security_barrier = false)",
        "create function marts.mine() returns int language sql as 'select 1'",
        "create schema mine",
        "alter role sigmasight_api bypassrls",
        "set session authorization sigmasight_writer",
        "alter system set log_statement = 'all'",
        "copy marts.dim_portfolios to program 'cat'",
        "copy (select 1) to '/tmp/mine'",
        "select pg_read_file('/etc/hostname')",
        "select lo_import('/etc/hostname')",
        "select * from pg_authid",
        "select * from pg_statistic",
        "select ops.publish(9, '2025-01-01', '2025-01-01', now(), '', '', 0, 0)",
    ],
)
def test_the_apis_role_reads_the_marts_and_nothing_else(role: Connection[Row], statement: str) -> None:
    role.execute(
        "set default_transaction_read_only = off"
    )  # a session may: the protection is the missing grant
    role.commit()
    role.autocommit = True  # some statements reject a transaction before they check privileges
    # a mart is a view that cannot be written to, whatever the role
    with pytest.raises((errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState)):
        role.execute(statement.encode())


def test_the_apis_role_cannot_grant(role: Connection[Row]) -> None:
    role.execute("set default_transaction_read_only = off")
    role.commit()
    granted = "select relacl::text from pg_class where oid = 'marts.fct_prices'::regclass"
    before = role.execute(granted).fetchone()
    role.execute(
        "grant select on marts.fct_prices to public"
    )  # only a warning: the role has nothing to grant
    assert role.execute(granted).fetchone() == before


OTHERS = "select count(*) from {} where portfolio_id = any(%s)"


@pytest.mark.parametrize(
    "preparation",
    [
        "set sigmasight.user_id = '{other}'",
        "set local sigmasight.user_id = '{other}'",
        "set search_path = marts_history, pg_temp",
        "set session_replication_role = replica",
        "set row_security = off",
        "set enable_seqscan = off",
        "set plan_cache_mode = force_generic_plan",
        "set role none",
        "reset all",
    ],
)
def test_no_setting_bypasses_the_row_filter(
    role: Connection[Row], demo: Warehouse, hedge_fund: Person, family_office: Person, preparation: str
) -> None:
    other = family_office.get("auth/me").json()["id"]
    claim(role, demo, "demo_hedgefundstyle@sigmasight.com")
    role.commit()  # the instant of marts_at stays: it was set for the session
    try:
        role.execute(preparation.format(other=other).encode())
    except errors.InsufficientPrivilege:
        role.rollback()  # a rejection is fine as well
    claim(role, demo, "demo_hedgefundstyle@sigmasight.com")
    if "user_id" in preparation:
        role.execute("select set_config('sigmasight.user_id', %s, true)", (other,))
        with pytest.raises(errors.InsufficientPrivilege, match="not claimed"):
            role.execute("select count(*) from marts.dim_portfolios")
        return
    foreign = [UUID(portfolio_id) for portfolio_id in family_office.portfolios.values()]
    for view in views_with_portfolios(role):
        row = role.execute(sql.SQL(OTHERS).format(view), (foreign,)).fetchone()
        assert row == (0,), view
    assert visible(role) == set(map(UUID, hedge_fund.portfolios.values()))


def test_no_expression_sees_rows_before_the_filter(
    role: Connection[Row], demo: Warehouse, family_office: Person
) -> None:
    # An expression that fails on a hidden row, or is slow on it, would reveal the row.
    role.execute("set default_transaction_read_only = off")
    role.commit()
    claim(role, demo, "demo_hedgefundstyle@sigmasight.com")
    foreign = UUID(family_office.portfolio_id)
    for schema in ("marts", "marts_history", "marts_at"):
        statement = sql.SQL(
            "select count(*) from {} where 1 / (case when portfolio_id = %s then 0 else 1 end) = 1"
        ).format(sql.Identifier(schema, "fct_portfolio_snapshots"))
        row = role.execute(statement, (foreign,)).fetchone()
        assert row is not None
        assert row[0] > 0
    with pytest.raises(errors.InsufficientPrivilege):
        role.execute("create function pg_temp.leak(uuid) returns bool language plpgsql as 'begin end'")


@pytest.mark.skipif(is_given(), reason="only a superuser takes views and functions from every role")
def test_the_system_catalogue_reveals_no_rows(
    role: Connection[Row], demo: Warehouse, family_office: Person
) -> None:
    claim(role, demo, "demo_hedgefundstyle@sigmasight.com")
    statistics = role.execute("""
        select schemaname, tablename from pg_stats
        where schemaname !~ '^(pg_catalog|information_schema)$'
        """).fetchall()
    assert statistics == []
    assert family_office.portfolio_id not in str(
        role.execute("select * from pg_prepared_statements").fetchall()
    )
    with pytest.raises(errors.InsufficientPrivilege):
        role.execute("select query from pg_stat_activity")


def test_the_apis_role_cannot_write(role: Connection[Row]) -> None:
    rows = role.execute("""
        select oid::regclass::text from pg_class
        where relnamespace in (select oid from pg_namespace where nspname !~ '^(pg_|information_schema)')
            and relkind in ('r', 'v', 'm', 'p', 'f', 'S')
            and (
                has_table_privilege(oid, 'insert, update, delete, truncate, trigger, references')
                or relowner = current_user::regrole
            )
        """).fetchall()
    assert rows == []


RESTATED_SYMBOLS = """
insert into ops.restatements (
    publication_id, as_of_date, mart, key, column_name, old_value, new_value
)
select publications.publication_id, dates.as_of_date, tables.name, symbols.symbol || ' more', 'x', '1', '2'
from ops.publications as publications
join ops.publication_dates as dates using (publication_id)
cross join unnest(%s::text[]) as tables (name)
cross join unnest(%s::text[]) as symbols (symbol)
where publication_id = %s
"""


def test_a_restated_figure_of_a_symbol_is_visible_only_to_who_may_read_it(
    role: Connection[Row], demo: Warehouse
) -> None:
    """Of every mart that has symbols and no portfolios: a symbol that is there is held by somebody."""
    with psycopg.connect(demo.analyst_url) as analyst:
        marts = [
            row[0]
            for row in analyst.execute(
                "select table_name from information_schema.columns where table_schema = 'marts'"
                " group by table_name having bool_or(column_name = 'symbol')"
                " and not bool_or(column_name = 'portfolio_id')"
            ).fetchall()
        ]
    assert len(marts) >= 8
    with republished(demo, Decimal(1)) as number, demo.connect_writer() as writer:
        writer.execute(RESTATED_SYMBOLS, (marts, ["SPY", "ART_COLLECTIVE"], number))
        writer.commit()
        claim(role, demo, "demo_hedgefundstyle@sigmasight.com")
        seen = role.execute("select mart, key from marts.fct_restatements where column_name = 'x'").fetchall()
    assert {(mart, key) for mart, key in seen} == {(mart, "SPY more") for mart in marts}
