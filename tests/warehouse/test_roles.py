"""Readers can only read, and only their own rows: tested as each role and with every session setting."""

import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql

from api.auth.claims import CLAIM_USER, claim_of
from api.auth.users import User
from tests.claims import claim, user_of
from warehouse.bootstrap import Connection
from warehouse.connections import Warehouse, connect, open_warehouse, reset_roles

READERS = ("analyst", "api", "auth", "chat")
LAYERS = ("raw", "ops", "access", "staging", "intermediate", "published", "marts", "udf", "public")
ANN_BOOK = "11111111-1111-4111-8111-111111111111"
BOB_BOOK = "22222222-2222-4222-8222-222222222222"


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


def add_user(connection: Connection, email: str) -> None:
    connection.execute(
        "insert into ops.users (email, full_name, password_hash) values (%s, 'A Name', 'hash')", [email]
    )


@pytest.fixture(scope="module")
def users(module_warehouse: Warehouse) -> Users:
    with module_warehouse.connect_writer() as connection:
        load_portfolio(connection, ANN_BOOK, "ann@example.org")
        load_portfolio(connection, BOB_BOOK, "bob@example.org")
        connection.execute("create view marts.books as select portfolio_id, owner_email from raw.portfolios")
        connection.execute(
            "grant select on marts.books to sigmasight_analyst, sigmasight_api, sigmasight_chat"
        )
        for email in ("ann@example.org", "bob@example.org"):
            add_user(connection, email)
    return Users(*(user_of(module_warehouse, f"{name}@example.org") for name in Users._fields))


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
        "sigmasight_chat": {("marts", "books")},
        "sigmasight_auth": {("ops", name) for name in ("users", "runs", "layouts", "built_projects")},
        "sigmasight_ai": set(),
    }
    assert readable(reader) == expected[reader.info.user]


def test_the_writer_sees_every_portfolio_as_the_analyst_does(module_warehouse: Warehouse) -> None:
    for role, expected in (("writer", True), ("analyst", True), ("api", False), ("chat", False)):
        with connect(url_of(module_warehouse, role)) as connection:
            assert connection.execute("select access.sees_every_portfolio()").fetchone() == (expected,)


# --- the row filter -------------------------------------------------------------------------------


@pytest.fixture(params=["api", "chat"])
def session(
    request: pytest.FixtureRequest, module_warehouse: Warehouse, users: Users
) -> Iterator[Connection]:
    """Open a session as each role whose rows are filtered."""
    assert users
    with connect(url_of(module_warehouse, request.param), autocommit=True) as connection:
        yield connection


READABLE = "select access.readable_portfolio_ids()::text"


def readable_books(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute(READABLE).fetchall()]


def books(connection: Connection, user: User) -> list[str]:
    with connection.transaction():
        claim(connection, user)
        return readable_books(connection)


def settings_of_claim(connection: Connection) -> tuple[str, str]:
    """Read what a statement can see of the transaction's claim."""
    row = connection.execute(
        "select current_setting('sigmasight.user_id', true), current_setting('sigmasight.claim', true)"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def pretend(connection: Connection, user_id: str, code: str) -> None:
    """Set what access.claim sets, as a statement of the session can."""
    for name, text in (("user_id", user_id), ("claim", code)):
        statement = sql.SQL("set {} = {}").format(sql.Identifier("sigmasight", name), sql.Literal(text))
        connection.execute(statement)


def assert_not_claimed(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="not claimed"):
        connection.execute(READABLE)


def test_a_user_sees_their_own_portfolios(session: Connection, users: Users) -> None:
    assert books(session, users.ann) == [ANN_BOOK]
    assert books(session, users.bob) == [BOB_BOOK]


def test_a_session_without_a_user_sees_nothing(session: Connection) -> None:
    assert readable_books(session) == []


def test_the_claim_ends_with_the_transaction(session: Connection, users: Users) -> None:
    assert books(session, users.ann) == [ANN_BOOK]
    assert settings_of_claim(session) == ("", "")
    assert readable_books(session) == []


def test_a_statement_cannot_impersonate_another_user(session: Connection, users: Users) -> None:
    with session.transaction(force_rollback=True):
        claim(session, users.ann)
        pretend(session, str(users.bob.user_id), settings_of_claim(session)[1])
        assert_not_claimed(session)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select key from ops.claim_keys")


@pytest.mark.parametrize("code", ["", "%", "0" * 64, "' or true --"])
def test_a_user_id_that_is_not_claimed_is_an_error(session: Connection, users: Users, code: str) -> None:
    pretend(session, str(users.bob.user_id), code)
    assert_not_claimed(session)


def test_what_a_statement_reads_of_the_claim_is_worthless_afterwards(
    module_warehouse: Warehouse, session: Connection, users: Users
) -> None:
    with session.transaction():
        claim(session, users.ann)
        seen = settings_of_claim(session)
        # in the same transaction it is the claim itself, and gives nothing more
        pretend(session, *seen)
        assert readable_books(session) == [ANN_BOOK]
        # at the same time in another session
        for url in (module_warehouse.api_url, module_warehouse.chat_url):
            with connect(url, autocommit=True) as other:
                pretend(other, *seen)
                assert_not_claimed(other)
                other.execute("reset all")
                with other.transaction(force_rollback=True):
                    claim(other, users.bob)
                    pretend(other, *seen)
                    assert_not_claimed(other)
    # in the next transaction of the same session, without and with a claim of somebody else
    pretend(session, *seen)
    assert_not_claimed(session)
    session.execute("reset all")
    with session.transaction(force_rollback=True):
        claim(session, users.bob)
        pretend(session, *seen)
        assert_not_claimed(session)


def refused_proof(connection: Connection, parameters: dict[str, Any], match: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=match):
        connection.execute(CLAIM_USER.text, parameters)


def test_a_proof_is_of_one_user_one_session_and_a_short_time(
    module_warehouse: Warehouse, session: Connection, users: Users
) -> None:
    proof = claim_of(users.ann, session.info.backend_pid)
    session.execute(CLAIM_USER.text, proof)
    later = proof["valid_until"] + timedelta(microseconds=1)
    for wrong in (
        {"user_id": users.bob.user_id},
        {"valid_until": later},
        {"proof": bytes(32)},
        {"proof": b""},
        {"proof": None},
        {"user_id": None},
    ):
        refused_proof(session, {**proof, **wrong}, "not valid")
    refused_proof(session, {**proof, "valid_until": None}, "not valid")
    with connect(module_warehouse.api_url, autocommit=True) as other:
        refused_proof(other, proof, "not valid")
    stranger = replace(users.ann, claim_key=bytes(32))
    refused_proof(session, claim_of(stranger, session.info.backend_pid), "not valid")


def test_an_expired_proof_is_refused(
    session: Connection, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.auth.claims.VALID_FOR", timedelta(seconds=-1))
    refused_proof(session, claim_of(users.ann, session.info.backend_pid), "expired")


def test_another_search_path_does_not_mislead_the_filter(session: Connection, users: Users) -> None:
    session.execute("set search_path = marts, public")
    assert books(session, users.ann) == [ANN_BOOK]


def test_the_proof_is_in_no_record_of_the_server(
    module_warehouse: Warehouse, session: Connection, users: Users
) -> None:
    proof = claim_of(users.ann, session.info.backend_pid)
    with session.transaction():
        session.execute(CLAIM_USER.text, proof)
        with psycopg.connect(module_warehouse.admin_url) as admin:
            seen = admin.execute(
                "select query from pg_stat_activity where pid = %s", [session.info.backend_pid]
            ).fetchone()
        prepared = session.execute("select * from pg_prepared_statements").fetchall()
    assert seen is not None
    assert "$3" in seen[0]
    assert proof["proof"].hex() not in f"{seen}{prepared}"
    assert session.execute("show log_parameter_max_length").fetchone() == ("0",)
    assert session.execute("show log_parameter_max_length_on_error").fetchone() == ("0",)


def test_the_code_of_the_database_is_hmac_sha256(module_warehouse: Warehouse, users: Users) -> None:
    with module_warehouse.connect_writer() as connection:
        for message in ("", "proof|x|1|2", "é" * 200):
            row = connection.execute("select access.code_of(%s)", [message]).fetchone()
            assert row == (hmac.digest(users.ann.claim_key, message.encode(), "sha256"),)


def test_a_new_key_ends_the_validity_of_the_old_one(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        load_portfolio(connection, ANN_BOOK, "ann@example.org")
        add_user(connection, "ann@example.org")
    before = user_of(empty_warehouse, "ann@example.org")
    with empty_warehouse.connect_writer() as connection:
        connection.execute("delete from ops.claim_keys")
        connection.execute("insert into ops.claim_keys select made.* from ops.new_claim_key() as made")
    after = user_of(empty_warehouse, "ann@example.org")
    assert after.claim_key != before.claim_key
    with connect(empty_warehouse.api_url, autocommit=True) as connection:
        assert books(connection, after) == [ANN_BOOK]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            books(connection, before)


def test_a_portfolio_given_to_another_owner_is_visible_to_them_only(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        load_portfolio(connection, ANN_BOOK, "ann@example.org")
        load_portfolio(connection, ANN_BOOK, "bob@example.org")
        for email in ("ann@example.org", "bob@example.org"):
            add_user(connection, email)
    with connect(empty_warehouse.api_url, autocommit=True) as connection:
        assert books(connection, user_of(empty_warehouse, "ann@example.org")) == []
        assert books(connection, user_of(empty_warehouse, "bob@example.org")) == [ANN_BOOK]


def test_a_deactivated_user_sees_nothing(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        load_portfolio(connection, ANN_BOOK, "ann@example.org")
        add_user(connection, "ann@example.org")
        connection.execute("update ops.users set is_active = false")
    with connect(empty_warehouse.api_url, autocommit=True) as connection:
        assert books(connection, user_of(empty_warehouse, "ann@example.org")) == []


# --- the chat's role ------------------------------------------------------------------------------


@pytest.fixture
def chat(module_warehouse: Warehouse, users: Users) -> Iterator[Connection]:
    assert users
    with connect(module_warehouse.chat_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "select set_config('search_path', 'nowhere', false)",
        "select pg_sleep(0)",
        "select query_to_xml('select 1', true, true, '')",
        "select table_to_xml('marts.books', true, true, '')",
        "select schema_to_xml('marts', true, true, '')",
        "select database_to_xml(true, true, '')",
        "select cursor_to_xml('c', 1, true, true, '')",
        "select * from ts_stat('select to_tsvector(email) from ops.users')",
        "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery')",
        "select lo_get(1)",
        "select lo_open(1, 262144)",
        "select lo_create(0)",
        "select loread(0, 1)",
        "select pg_notify('a', 'b')",
        "select pg_export_snapshot()",
        "select txid_current()",
        "select pg_current_xact_id()",
        "select setseed(0.5)",
        "select '[\"a\"]'::jsonb - array['a']",
        "select pg_cancel_backend(pg_backend_pid())",
        "select pg_terminate_backend(pg_backend_pid())",
        "select * from pg_stat_activity",
        "select * from pg_stat_get_activity(null)",
        "select pg_stat_get_backend_activity(1)",
        "select pg_stat_get_live_tuples('marts.books'::regclass)",
        "select * from pg_stat_user_tables",
        "select * from pg_locks",
        "select * from pg_lock_status()",
        "select pg_total_relation_size('ops.users')",
        "select pg_database_size(current_database())",
        "select pg_try_advisory_lock(1)",
        "select pg_ls_dir('.')",
        "select pg_read_file('PG_VERSION')",
        "set temp_file_limit = -1",
        "create temporary table mine (a integer)",
    ],
)
def test_the_chats_role_may_not(chat: Connection, statement: str) -> None:
    chat.execute("set default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        chat.execute(statement.encode())


@pytest.mark.parametrize("role", ["api", "auth", "chat", "ai"])
@pytest.mark.parametrize(
    "statement",
    [
        "select query from pg_stat_activity",
        "select * from pg_stat_get_activity(null)",
        "select pg_terminate_backend(1)",
        "select pg_cancel_backend(1)",
        "select pg_logical_emit_message(false, 'a', 'b')",
        "select pg_logical_emit_message(true, 'a', 'b'::bytea)",
        "select pg_notify('a', 'b')",
        "select * from pg_locks",
        "set temp_file_limit = -1",
    ],
)
def test_no_role_of_the_api_sees_or_ends_sessions_or_writes_to_the_log(
    module_warehouse: Warehouse, role: str, statement: str
) -> None:
    database = module_warehouse.settings.warehouse_database
    url = url_of(module_warehouse, role).replace(f"/{database}_ai?", f"/{database}?")
    with (
        connect(url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", ["analyst", "api", "auth", "chat"])
def test_no_reader_keeps_a_backup_waiting(module_warehouse: Warehouse, role: str) -> None:
    # Silent failure prevented: pg_dump reads this view, and waits for who locks it without a limit of time
    with (
        connect(url_of(module_warehouse, role), autocommit=True) as connection,
        connection.transaction(),
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("lock table pg_catalog.pg_settings in access exclusive mode")


def test_the_chats_role_has_limits(chat: Connection) -> None:
    limits = {
        "statement_timeout": "10s",
        "lock_timeout": "1s",
        "idle_in_transaction_session_timeout": "30s",
        "idle_session_timeout": "30min",
        "work_mem": "32MB",
        "temp_file_limit": "256MB",
        "max_parallel_workers_per_gather": "0",
    }
    for name, expected in limits.items():
        assert chat.execute(sql.SQL("show {}").format(sql.Identifier(name))).fetchone() == (expected,)
    row = chat.execute("select rolconnlimit from pg_roles where rolname = current_user").fetchone()
    assert row == (50,)


def test_analysts_and_the_writer_keep_what_their_tools_need(module_warehouse: Warehouse) -> None:
    for role in ("analyst", "writer"):
        with connect(url_of(module_warehouse, role), autocommit=True) as connection:
            for statement in (
                "select set_config('search_path', '', false)",
                "select query from pg_stat_activity",
                "select n_live_tup from pg_stat_user_tables",
                "select pg_total_relation_size('pg_class')",
                "select * from pg_locks",
                "select pg_sleep(0)",
            ):
                connection.execute(statement.encode())


def test_a_monitoring_role_keeps_its_views(module_warehouse: Warehouse) -> None:
    with connect(module_warehouse.admin_url) as connection:  # rolled back
        connection.execute("create role watching")
        connection.execute("grant pg_monitor to watching")
        connection.execute("set role watching")
        assert connection.execute("select query from pg_stat_activity").fetchall()
        connection.rollback()


def test_an_older_warehouse_gets_the_role_and_its_grants(empty_warehouse: Warehouse) -> None:
    with empty_warehouse.connect_writer() as connection:
        connection.execute("create view marts.books as select 1 as a")
        connection.execute("create function udf.one() returns integer language sql return 1")
        connection.execute("revoke execute on function udf.one() from sigmasight_chat")
        connection.execute("alter table ops.users add column row_key text")
        connection.execute("drop table ops.claim_keys cascade")
        connection.execute("delete from ops.schema_files")  # the digests of another version
    open_warehouse(empty_warehouse.settings)
    with connect(empty_warehouse.chat_url) as connection:
        assert connection.execute("select a, udf.one() from marts.books").fetchone() == (1, 1)
    with empty_warehouse.connect_writer() as connection:
        assert connection.execute("select length(key) from ops.claim_keys").fetchone() == (32,)
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("select row_key from ops.users")


def test_what_roles_changed_of_their_own_is_undone(empty_warehouse: Warehouse) -> None:
    # Silent failure prevented: an analyst shuts the other analysts and the reports of the night out
    database = sql.Identifier(empty_warehouse.settings.warehouse_database)
    own = sql.SQL("alter role current_user in database {} set {}")
    with connect(empty_warehouse.analyst_url, autocommit=True) as analyst:
        analyst.execute("set default_transaction_read_only = off")
        for setting in ("default_transaction_read_only = off", "statement_timeout = 1"):
            analyst.execute(own.format(database, sql.SQL(setting)))
    with pytest.raises(psycopg.errors.QueryCanceled), connect(empty_warehouse.analyst_url) as analyst:
        analyst.execute("select count(*) from generate_series(1, 10000000)")
    reset_roles(empty_warehouse)
    with connect(empty_warehouse.analyst_url) as analyst:
        assert analyst.execute("show statement_timeout").fetchone() == ("0",)
        assert analyst.execute("show default_transaction_read_only").fetchone() == ("on",)
