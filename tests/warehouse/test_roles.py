"""Readers can only read, and only their own rows: tested as each role and with every session setting."""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

from warehouse.bootstrap import Connection
from warehouse.connections import Warehouse, connect

READERS = ("analyst", "api", "auth")
LAYERS = ("raw", "ops", "access", "staging", "intermediate", "published", "marts", "udf", "public")
ANN_BOOK = "11111111-1111-4111-8111-111111111111"
BOB_BOOK = "22222222-2222-4222-8222-222222222222"


class User(NamedTuple):
    """The user id that an API session sets, and the key that proves it."""

    user_id: str
    row_key: str


class Users(NamedTuple):
    """Two users with a portfolio each."""

    ann: User
    bob: User


PORTFOLIO = """
insert into raw.portfolios (
    load_id, loaded_at, portfolio_id, portfolio_name, owner_email, account_type,
    initial_equity, inception_date
) values (%s, now(), %s, 'Book', %s, 'taxable', 1, '2024-01-02')
"""
LOAD = """
insert into ops.loads (source, dataset, started_at, finished_at, status)
values ('file', 'portfolios', now(), now(), 'succeeded') returning load_id
"""


def load_portfolio(connection: Connection, portfolio_id: str, owner: str) -> None:
    load_id = connection.execute(LOAD.encode()).fetchone()
    assert load_id is not None
    connection.execute(PORTFOLIO.encode(), [load_id[0], portfolio_id, owner])


def add_user(connection: Connection, email: str) -> User:
    row = connection.execute(
        "insert into ops.users (email, full_name, password_hash) values (%s, 'A Name', 'hash') "
        "returning user_id::text, row_key",
        [email],
    ).fetchone()
    assert row is not None
    return User(*row)


@pytest.fixture(scope="module")
def users(module_warehouse: Warehouse) -> Users:
    with module_warehouse.connect_writer() as connection:
        load_portfolio(connection, ANN_BOOK, "ann@example.org")
        load_portfolio(connection, BOB_BOOK, "bob@example.org")
        connection.execute("create view marts.books as select portfolio_id, owner_email from raw.portfolios")
        connection.execute("grant select on marts.books to sigmasight_analyst, sigmasight_api")
        return Users(add_user(connection, "ann@example.org"), add_user(connection, "bob@example.org"))


@pytest.fixture
def api(module_warehouse: Warehouse, users: Users) -> Iterator[Connection]:
    assert users
    with connect(module_warehouse.api_url, autocommit=True) as connection:
        yield connection


def url_of(warehouse: Warehouse, role: str) -> str:
    return str(getattr(warehouse, f"{role}_url"))


@pytest.fixture(params=[*READERS, "ai"])
def reader(request: pytest.FixtureRequest, module_warehouse: Warehouse, users: Users) -> Iterator[Connection]:
    """Open a session as each reading role, with the second line of defence switched off."""
    assert users
    database = module_warehouse.settings.warehouse_database
    url = url_of(module_warehouse, request.param).replace(f"/{database}_ai?", f"/{database}?")
    with connect(url, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.execute("set statement_timeout = 0")
        yield connection


def tables(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(
        "select nspname, relname from pg_class join pg_namespace n on n.oid = relnamespace "
        "where relkind in ('r', 'v', 'S') and nspname = any(%s)",
        [list(LAYERS)],
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


# --- only the writer writes -----------------------------------------------------------------------


def test_readers_cannot_change_a_row_anywhere(reader: Connection) -> None:
    found = tables(reader)
    assert len(found) > 15
    for name in found:
        for statement in ("insert into {} default values", "delete from {}", "truncate {}", "drop table {}"):
            with pytest.raises(psycopg.Error) as caught:
                reader.execute(sql.SQL(statement).format(sql.Identifier(*name)))
            assert isinstance(
                caught.value, psycopg.errors.InsufficientPrivilege | psycopg.errors.WrongObjectType
            ), (name, statement)


@pytest.mark.parametrize(
    "statement",
    [
        *(f"create table {layer}.mine (a integer)" for layer in LAYERS),
        "create schema mine",
        "create temporary table mine (a integer)",
        "select lo_create(0)",
        "select lo_from_bytea(0, 'x')",
        "create function udf.mine() returns integer language sql return 1",
        "create role mine",
        "create database mine",
        "copy (select 1) to '/tmp/mine'",
        "copy (select 1) to program 'id'",
        "select pg_read_file('postgresql.conf')",
        "alter role sigmasight_writer login",
        "grant sigmasight_writer to current_user",
        "set role sigmasight_writer",
        "set role postgres",
        "set session authorization postgres",
        "alter function access.readable_portfolio_ids() security invoker",
        "select pg_advisory_lock(7305002)",
        "select pg_try_advisory_xact_lock_shared(7305001)",
    ],
)
def test_readers_cannot_create_objects_or_change_roles(reader: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement.encode())


@pytest.mark.parametrize("role", READERS)
def test_readers_start_out_read_only(module_warehouse: Warehouse, role: str) -> None:
    with connect(url_of(module_warehouse, role)) as connection:
        assert connection.execute("show transaction_read_only").fetchone() == ("on",)


def test_the_apis_statements_end_after_ten_seconds(api: Connection) -> None:
    assert api.execute("show statement_timeout").fetchone() == ("10s",)
    assert api.execute("show idle_in_transaction_session_timeout").fetchone() == ("30s",)


# --- what each role reads -------------------------------------------------------------------------


def readable(connection: Connection) -> set[tuple[str, str]]:
    found = set()
    for name in tables(connection):
        try:
            connection.execute(sql.SQL("select * from {} limit 1").format(sql.Identifier(*name)))
            found.add(name)
        except psycopg.errors.InsufficientPrivilege:
            pass
    return found


def test_each_role_reads_only_its_own_schemas(reader: Connection) -> None:
    expected = {
        "sigmasight_analyst": {("marts", "books")},
        "sigmasight_api": {("marts", "books")},
        "sigmasight_auth": {("ops", "users"), ("ops", "runs")},
        "sigmasight_ai": set(),
    }
    assert readable(reader) == expected[reader.info.user]


def test_the_writer_sees_every_portfolio_as_the_analyst_does(module_warehouse: Warehouse) -> None:
    for role, expected in (("writer", True), ("analyst", True), ("api", False)):
        with connect(url_of(module_warehouse, role)) as connection:
            assert connection.execute("select access.sees_every_portfolio()").fetchone() == (expected,)


# --- the row filter -------------------------------------------------------------------------------


def books(connection: Connection, user_id: str, row_key: str) -> list[str]:
    with connection.transaction():
        connection.execute(
            "select set_config('sigmasight.user_id', %s, true), set_config('sigmasight.user_key', %s, true)",
            [user_id, row_key],
        )
        rows = connection.execute("select access.readable_portfolio_ids()::text").fetchall()
    return [row[0] for row in rows]


def test_a_user_sees_their_own_portfolios(api: Connection, users: Users) -> None:
    assert books(api, *users.ann) == [ANN_BOOK]
    assert books(api, *users.bob) == [BOB_BOOK]


def test_a_session_without_a_user_sees_nothing(api: Connection) -> None:
    assert api.execute("select access.readable_portfolio_ids()").fetchall() == []
    assert books(api, "", "") == []


def test_a_session_with_another_users_id_sees_nothing(api: Connection, users: Users) -> None:
    assert books(api, users.bob.user_id, users.ann.row_key) == []
    assert books(api, users.bob.user_id, "") == []
    assert books(api, users.bob.user_id, "%") == []


def test_a_statement_cannot_impersonate_another_user(api: Connection, users: Users) -> None:
    with api.transaction():
        api.execute("select set_config('sigmasight.user_id', %s, true)", [users.ann.user_id])
        api.execute("select set_config('sigmasight.user_key', %s, true)", [users.ann.row_key])
        api.execute(sql.SQL("set sigmasight.user_id = {}").format(sql.Literal(users.bob.user_id)))
        assert api.execute("select access.readable_portfolio_ids()").fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("select row_key from ops.users")


def test_the_user_key_ends_with_the_transaction(api: Connection, users: Users) -> None:
    assert books(api, *users.ann) == [ANN_BOOK]
    assert api.execute("select access.readable_portfolio_ids()").fetchall() == []


def test_another_search_path_does_not_mislead_the_filter(api: Connection, users: Users) -> None:
    api.execute("set search_path = marts, public")
    assert books(api, *users.ann) == [ANN_BOOK]


def test_the_user_key_cannot_be_read_from_another_session(
    module_warehouse: Warehouse, api: Connection, users: Users
) -> None:
    with connect(module_warehouse.api_url) as other:
        other.execute("select set_config('sigmasight.user_key', %s, true)", [users.bob.row_key])
        seen = api.execute(
            "select query from pg_stat_activity where pid = %s", [other.info.backend_pid]
        ).fetchall()
    assert len(seen) == 1
    assert users.bob.row_key not in str(seen)


def test_a_portfolio_given_to_another_owner_is_visible_to_them_only(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        load_portfolio(connection, ANN_BOOK, "ann@example.org")
        load_portfolio(connection, ANN_BOOK, "bob@example.org")
        ann, bob = add_user(connection, "ann@example.org"), add_user(connection, "bob@example.org")
    with connect(empty_warehouse.api_url, autocommit=True) as session:
        assert books(session, *ann) == []
        assert books(session, *bob) == [ANN_BOOK]


def test_a_deactivated_user_sees_nothing(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        load_portfolio(connection, ANN_BOOK, "ann@example.org")
        ann = add_user(connection, "ann@example.org")
        connection.execute("update ops.users set is_active = false")
    with connect(empty_warehouse.api_url, autocommit=True) as session:
        assert books(session, *ann) == []


def test_every_user_has_a_different_key(users: Users) -> None:
    assert users.ann.row_key != users.bob.row_key
    assert len(users.ann.row_key) == 64
