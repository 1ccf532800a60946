"""Access of analysts and the API role to the marts of the demo."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from tests.claims import claim, user_of
from warehouse.connections import Warehouse

Connection = psycopg.Connection[tuple[Any, ...]]
PUBLICATION_COLUMNS = ["publication_id", "published_at", "superseded_at"]
READER_SCHEMAS = ("marts", "marts_history")
# The demo has no corrections, capital flows and transactions.
EMPTY = {
    *("fct_restatements", "fct_restatement_summary", "fct_capital_flows", "fct_quarantine"),
    *("fct_transactions", "fct_transaction_checks"),
}
REFUSALS = (errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState)


def _views(demo: Warehouse) -> list[tuple[str, str, bool]]:
    """Schema and name of every mart, and whether its rows belong to portfolios."""
    with demo.connect_writer() as connection:
        found = connection.execute(
            """select views.table_schema, views.table_name, exists (
                select from information_schema.columns as columns
                where columns.table_schema = views.table_schema and columns.table_name = views.table_name
                and columns.column_name = 'portfolio_id')
            from information_schema.views as views where views.table_schema = any(%s) order by 1, 2""",
            [list(READER_SCHEMAS)],
        ).fetchall()
    return [(str(schema), str(name), bool(owned)) for schema, name, owned in found]


@pytest.fixture
def analyst(demo: Warehouse) -> Iterator[Connection]:
    with psycopg.connect(demo.analyst_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def api(demo: Warehouse) -> Iterator[Connection]:
    with psycopg.connect(demo.api_url, autocommit=True) as connection:
        yield connection


def _count(connection: Connection, schema: str, name: str) -> int:
    statement = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


VERSIONED = ("dim_positions", "dim_symbols", "dim_position_tags", "fct_tax_lots", "dim_dates")


@pytest.mark.parametrize("name", VERSIONED)
def test_the_planner_knows_how_many_rows_a_mart_has(analyst: Connection, name: str) -> None:
    # Expecting one row in 500, it joined the arrays of one mart anew for each row of another: for minutes.
    statement = sql.SQL("explain (format json) select * from {}").format(sql.Identifier("marts", name))
    row = analyst.execute(statement).fetchone()
    assert row is not None
    expected = row[0][0]["Plan"]["Plan Rows"]
    rows = _count(analyst, "marts", name)
    assert rows / 20 <= expected <= rows * 5


def test_the_analyst_reads_every_mart_and_its_history(demo: Warehouse, analyst: Connection) -> None:
    views = _views(demo)
    assert len(views) == 60 + 55
    for schema, name, _ in views:
        assert _count(analyst, schema, name) > 0 or name in EMPTY, name


def test_only_the_history_shows_the_publication_of_a_row(demo: Warehouse) -> None:
    with demo.connect_writer() as connection:
        connection.execute("select set_config('sigmasight.published_at', now()::text, true)")
        found = connection.execute(
            """select table_name, table_schema, array_agg(column_name::text order by ordinal_position)
            from information_schema.columns where table_schema = any(%s) group by 1, 2""",
            [[*READER_SCHEMAS, "marts_at"]],
        ).fetchall()
    columns = {(str(schema), str(name)): names for name, schema, names in found}
    of_history = [name for schema, name in columns if schema == "marts_history"]
    assert len(of_history) == 55
    for name in of_history:
        assert columns["marts_history", name] == columns["marts", name] + PUBLICATION_COLUMNS, name
    for schema, name in columns:
        if schema == "marts_at":
            assert columns["marts_at", name] == columns["marts", name], name


def test_counting_correlation_pairs_reads_no_correlation(analyst: Connection) -> None:
    def plan(selected: str) -> str:
        rows = analyst.execute(f"explain select {selected} from marts.fct_correlation_pairs")  # type: ignore[call-overload]
        return "\n".join(line for (line,) in rows.fetchall())

    assert "int_symbol_correlations" in plan("avg(correlation)")
    assert "int_symbol_correlations" not in plan("count(*)")
    assert "int_correlation_repairs" not in plan("count(*)")
    assert "fct_correlation_clusters" not in plan("count(*)")


def test_the_stress_of_positions_is_not_joined_row_by_row(analyst: Connection) -> None:
    rows = analyst.execute(
        """explain select count(*) from marts.fct_position_values
        join marts.fct_position_stress using (position_id, as_of_date)
        where as_of_date = (select max(as_of_date) from marts.fct_portfolio_snapshots)"""
    )
    plan = "\n".join(line for (line,) in rows.fetchall())
    assert not re.search(r"Join Filter: \(\S+position_id", plan), plan


def test_every_pair_of_a_matrix_has_a_correlation(analyst: Connection) -> None:
    counts = """select
            (select count(*) from marts.fct_correlation_pairs),
            (
                select count(*) from marts.fct_correlation_pairs
                where abs(correlation) <= 1 and symbol_1 < symbol_2
            ),
            (
                select sum(symbols_included * (symbols_included - 1) / 2)
                from marts.fct_portfolio_correlation
            )"""
    pairs, valid, expected = analyst.execute(counts).fetchone() or (0, 0, 0)
    assert pairs == valid == expected > 0


def test_every_mart_and_column_has_its_comment(analyst: Connection) -> None:
    bare = analyst.execute(
        r"""select views.oid::regclass, attributes.attname
        from pg_class as views join pg_attribute as attributes on attributes.attrelid = views.oid
        where views.relnamespace::regnamespace::text in ('marts', 'marts_history', 'marts_at')
        and attributes.attnum > 0 and (
            coalesce(obj_description(views.oid, 'pg_class'), '') !~ 'row per'
            or coalesce(col_description(views.oid, attributes.attnum), '') !~ ' Unit: .+\.$'
        )"""
    ).fetchall()
    assert bare == []
    schemas = "unnest(array['marts', 'marts_history', 'marts_at', 'udf']::regnamespace[]) as schemas (id)"
    assert not analyst.execute(
        f"select id from {schemas} where obj_description(id, 'pg_namespace') is null".encode()
    ).fetchall()
    found = analyst.execute("select col_description('dim_portfolios'::regclass, 1)").fetchone()
    assert found == ("Portfolio (dim_portfolios). Unit: id.",)


def test_every_function_has_its_comment(analyst: Connection) -> None:
    bare = analyst.execute(
        """select oid::regprocedure from pg_proc
        where pronamespace = 'udf'::regnamespace and obj_description(oid, 'pg_proc') is null"""
    ).fetchall()
    assert bare == []
    found = analyst.execute("select obj_description('udf.portfolio_attribution'::regproc)").fetchone()
    assert found is not None
    assert "- `coverage`: Share of these sessions" in found[0]
    assert "Argument `method`: carino or menchero" in found[0]


def test_the_analyst_cannot_write(demo: Warehouse, analyst: Connection) -> None:
    analyst.execute("set default_transaction_read_only = off")  # the guard is the grant, not this setting
    for schema, name, _ in _views(demo):
        target = sql.Identifier(schema, name)
        for statement in ("delete from {}", "insert into {} default values", "drop view {}"):
            with pytest.raises(REFUSALS):
                analyst.execute(sql.SQL(statement).format(target))
    for statement in (
        "create table marts.mine (a int)",
        "create table public.mine (a int)",
        "create temporary table mine (a int)",
        "select * from raw.prices",
        "select * from ops.users",
        "select * from published.fct_prices",
        "select ops.publish(1, '2025-01-01', '2025-01-02', now(), null, null, 0, 0)",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            analyst.execute(statement)  # type: ignore[call-overload]  # a fixed text of this test


def test_without_a_user_the_api_sees_no_portfolio(demo: Warehouse, api: Connection) -> None:
    for schema, name, is_owned in _views(demo):
        if is_owned and name not in EMPTY:
            assert _count(api, schema, name) == 0, name


def test_a_user_sees_only_their_own_portfolios_in_every_mart(demo: Warehouse, api: Connection) -> None:
    with demo.connect_writer() as connection:
        mine = connection.execute(
            "select portfolio_id from marts.dim_portfolios where portfolio_name like '%Family Office%'"
        ).fetchall()
    assert len(mine) == 2
    user = user_of(demo, "demo_familyoffice@sigmasight.com")
    for schema, name, is_owned in _views(demo):
        if is_owned and name not in EMPTY:
            statement = sql.SQL("select distinct portfolio_id from {}").format(sql.Identifier(schema, name))
            with demo.connect_writer() as connection:
                all_ids = set(connection.execute(statement).fetchall())
            assert all_ids - set(mine), name
            with api.transaction():
                claim(api, user)
                assert set(api.execute(statement).fetchall()) == all_ids & set(mine), name


def test_a_user_cannot_impersonate_another(demo: Warehouse, api: Connection) -> None:
    with demo.connect_writer() as connection:
        users = dict(
            connection.execute(
                "select email, user_id::text from ops.users where email like 'demo_%'"
            ).fetchall()
        )
    with api.transaction(force_rollback=True):
        claim(api, user_of(demo, "demo_individual@sigmasight.com"))
        api.execute("select set_config('sigmasight.user_id', %s, true)", [users["demo_hnw@sigmasight.com"]])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _count(api, "marts", "dim_portfolios")
