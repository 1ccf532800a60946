"""Every grant of every role is on the page docs/security.md, and a right that is planted is found."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from flows.access.grants import (
    Access,
    Grant,
    access_of,
    differences,
    lines_of,
    read_database,
    read_table,
    table_of,
)
from flows.access.page import check_grants, expected_grants
from tests.flows.in_process import invoke
from warehouse.connections import WRITER, Warehouse

Row = tuple[Any, ...]


def test_every_grant_is_on_the_page(demo: Warehouse) -> None:
    assert check_grants(demo) == []


def test_a_warehouse_without_a_build_has_no_other_grants(warehouse: Warehouse) -> None:
    assert check_grants(warehouse) == []


def test_the_page_is_not_empty_and_names_no_role_twice_for_a_right() -> None:
    expected = expected_grants()
    assert len(expected) > 100
    assert Grant("schema marts", "views", "all but fct_loads", "select", "sigmasight_api") in expected
    assert not [grant for grant in expected if grant.role == "sigmasight_chat" and "ops" in grant.place]


def test_the_table_is_read_as_it_was_written() -> None:
    grants = frozenset(
        Grant(place, kind, objects, right, role)
        for place, kind in (("schema a", "views"), ("schema a", "functions"))
        for objects in ("all but x and y", "f(uuid, text[])", "a|b", "")
        for right in ("select", "update and grant")
        for role in ("everyone", "sigmasight_api")
    )
    assert read_table(table_of(grants)) == grants
    assert len(lines_of(grants)) == 2


# --- what is planted --------------------------------------------------------------------------------------


@pytest.fixture
def admin(demo: Warehouse) -> Iterator[psycopg.Connection[Row]]:
    """The administrator, in a transaction that is undone: nobody else sees what is planted."""
    with psycopg.connect(demo.admin_url) as connection:
        connection.execute("set lock_timeout = '20s'")
        yield connection
        connection.rollback()


def access(connection: psycopg.Connection[Row]) -> Access:
    """What this transaction sees."""
    return access_of(*read_database(connection, owner=WRITER, is_warehouse=True), has_chat=False)


PLANTED = [
    (
        "grant select on ops.users to sigmasight_chat",
        "sigmasight_chat: select, on users tables of schema ops",
    ),
    ("grant select (password_hash) on ops.users to sigmasight_api", "users.password_hash columns"),
    ("grant select on raw.positions to public", "everyone: select, on positions tables of schema raw"),
    ("grant usage on schema raw to sigmasight_analyst", "sigmasight_analyst: usage, on schema of schema raw"),
    ("grant select on marts.fct_loads to sigmasight_chat", "sigmasight_chat: select, on all views"),
    ("grant update on marts.fct_prices to sigmasight_api", "sigmasight_api: update, on fct_prices views"),
    ("grant select on marts.fct_prices to sigmasight_ai", "sigmasight_ai: select, on fct_prices views"),
    (
        "grant select on marts.fct_prices to sigmasight_api with grant option",
        "sigmasight_api: select and grant, on fct_prices views",
    ),
    ("grant execute on function access.claim_of(text) to sigmasight_api", "claim_of(text) functions"),
    ("grant execute on function pg_notify(text, text) to sigmasight_chat", "pg_notify functions"),
    ("grant execute on function pg_read_file(text) to sigmasight_api", "pg_read_file functions"),
    ("grant select on pg_authid to sigmasight_chat", "pg_authid"),
    (
        "grant create on schema public to sigmasight_chat",
        "sigmasight_chat: create, on schema of schema public",
    ),
    ("grant sigmasight_writer to sigmasight_api", "sigmasight_api: member, on sigmasight_writer memberships"),
    ("grant pg_read_all_data to sigmasight_chat", "sigmasight_chat: member, on pg_read_all_data memberships"),
    ("alter role sigmasight_chat bypassrls", "sigmasight_chat: bypass row policies"),
    ("alter role sigmasight_analyst createrole", "sigmasight_analyst: create roles"),
    ("grant set on parameter temp_file_limit to sigmasight_chat", "temp_file_limit parameters"),
    (
        "alter default privileges for role sigmasight_writer in schema raw grant select on tables to public",
        "everyone: select, on tables of later objects of sigmasight_writer in schema raw",
    ),
    (
        "create function udf.mine() returns int language sql security definer as 'select 1'",
        "administrator: own, on mine() functions of schema udf",
    ),
    (
        "create schema theirs; grant usage on schema theirs to public",
        "everyone: usage, on schema of schema theirs",
    ),
    ("alter view marts.fct_prices set (security_barrier = false)", "views: filter before anything else"),
    ("grant connect on database postgres to sigmasight_chat", "sigmasight_chat: connect"),
    (
        "alter role sigmasight_chat set statement_timeout = '1h'",
        "sigmasight_chat: begin with, on statement_timeout=1h settings of server",
    ),
    ("alter role sigmasight_chat connection limit 1", "sigmasight_chat: connect 1 times at most"),
    ("alter role sigmasight_analyst valid until '2020-01-01'", "sigmasight_analyst: no longer log in"),
    ("grant usage on language plpgsql to sigmasight_api with grant option", "plpgsql languages"),
]


@pytest.mark.parametrize(("statement", "sentence"), PLANTED, ids=[statement for statement, _ in PLANTED])
def test_a_planted_right_is_found(admin: psycopg.Connection[Row], statement: str, sentence: str) -> None:
    admin.execute(statement.encode())
    found = differences(access(admin), expected_grants())
    assert [each for each in found if sentence in each], found
    assert all(each.startswith(("Not on the page: ", "Not in the database: ")) for each in found)
    assert all(each.endswith(".") for each in found)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "revoke select on marts.fct_prices from sigmasight_analyst",
            "sigmasight_analyst: select, on all views",
        ),
        (
            "revoke usage on schema udf from sigmasight_chat",
            "sigmasight_chat: usage, on schema of schema udf",
        ),
        ("revoke sigmasight_analyst from sigmasight_writer", "sigmasight_writer: member"),
        ("grant execute on function pg_notify(text, text) to public", "everyone: not execute, on pg_notify"),
        ("alter role sigmasight_auth nologin", "sigmasight_auth: log in"),
        (
            "alter role sigmasight_api reset statement_timeout",
            "api: begin with, on statement_timeout",
        ),
    ],
)
def test_a_right_that_is_gone_is_found(admin: psycopg.Connection[Row], statement: str, sentence: str) -> None:
    admin.execute(statement.encode())
    missing = [
        each
        for each in differences(access(admin), expected_grants())
        if each.startswith("Not in the database")
    ]
    assert [each for each in missing if sentence in each], missing


def test_a_setting_for_this_database_is_found(admin: psycopg.Connection[Row], demo: Warehouse) -> None:
    change = sql.SQL("alter role sigmasight_analyst in database {} set row_security = off")
    admin.execute(change.format(sql.Identifier(demo.settings.warehouse_database)))
    (found,) = differences(access(admin), expected_grants())
    assert "sigmasight_analyst: begin with, on row_security=off settings of database of the" in found


# --- the command ------------------------------------------------------------------------------------------


def test_the_command_compares_and_exits_with_the_result(empty_warehouse: Warehouse) -> None:
    variables = empty_warehouse.settings.as_environment()
    listed = invoke(["grants"], variables)
    assert listed.returncode == 0
    assert (
        "| schema ops | tables | built_projects; layouts; runs; users | select | sigmasight_auth |"
        in listed.stdout
    )
    checked = invoke(["grants", "--check"], variables)
    assert (checked.returncode, checked.stdout) == (0, "Every grant is as docs/security.md says.\n")
    with psycopg.connect(empty_warehouse.admin_url, autocommit=True) as connection:
        connection.execute("grant select on ops.users to sigmasight_chat")
    found = invoke(["grants", "--check"], variables)
    assert found.returncode == 1
    assert found.stdout == "Not on the page: sigmasight_chat: select, on users tables of schema ops.\n"
