"""ChatReader: what a result holds, its limits, and the sentences for what failed."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from api.auth.users import User
from api.chat.sql.errors import StatementFailed, StatementRefused
from api.chat.sql.executor import ChatReader
from api.http.errors import InstantBeforeHistory, NothingPublished
from api.queries import load_query
from api.services import open_services
from tests.api.chat.sql.conftest import Ask, Run, reading
from tests.claims import user_of
from tests.warehouse.test_roles import add_user
from warehouse.connections import Warehouse
from warehouse.urls import url_parts

LAST = "(select max(as_of_date) from fct_portfolio_snapshots)"
SLOW = "select count(*) from generate_series(1, 100000) a cross join generate_series(1, 100000) b"

Refused = Callable[..., str]


@pytest.fixture
def failed(ask: Ask) -> Refused:
    """Run a statement that fails; its sentence."""

    def run_statement(statement: str, code: str, **options: Any) -> str:
        with pytest.raises((StatementFailed, StatementRefused)) as caught:
            ask(statement, **options)
        assert isinstance(caught.value, (StatementFailed, StatementRefused))
        assert caught.value.code == code, caught.value.message
        return caught.value.message

    return run_statement


# --- results --------------------------------------------------------------------------------------


def test_cells_keep_every_digit(ask: Ask) -> None:
    result = ask("""
        select 1::smallint, 9007199254740993, 0.1::float8 + 0.2::float8 as float, 1.10::numeric(10, 2), true,
            null, date '2025-09-12', timestamptz '2025-09-12 20:00:00+00', interval '1 month 2 days',
            array[1, 2], '{"a": 1}'::jsonb, 'é''', 'NaN'::float8, 12345678901234567890.123456789
        """)
    assert result.rows == (
        (
            1,
            9007199254740993,
            Decimal("0.30000000000000004"),
            Decimal("1.10"),
            True,
            None,
            "2025-09-12",
            "2025-09-12T20:00:00+00:00",
            "1 mon 2 days",
            "{1,2}",
            '{"a": 1}',
            "é'",
            "NaN",
            Decimal("12345678901234567890.123456789"),
        ),
    )
    assert result.columns[2] == "float"
    assert isinstance(result.rows[0][4], bool)


def test_a_result_without_rows_has_its_columns(ask: Ask) -> None:
    result = ask("select symbol, close, close from fct_prices where symbol = 'none'")
    assert (result.columns, result.rows) == (("symbol", "close", "close"), ())


def test_a_result_names_what_it_stands_on(ask: Ask, demo: Warehouse) -> None:
    result = ask("select portfolio_name from dim_portfolios;  -- mine")
    assert result.rows == (("Demo Hedge Fund Style Investor Portfolio",),)
    assert result.statement == "select portfolio_name from dim_portfolios"
    with psycopg.connect(demo.analyst_url) as analyst:
        newest = analyst.execute(
            "select publication_id, published_at, to_date::text from marts.fct_publications"
            " order by published_at desc limit 1"
        ).fetchone()
    assert newest == (result.publication_id, result.published_at, str(result.as_of_date))
    assert not result.truncated
    assert result.parameters == {}


def test_each_user_reads_their_own_portfolios(
    ask: Ask, hedge_fund_user: User, family_office_user: User
) -> None:
    statement = "select portfolio_name from dim_portfolios order by 1"
    mine, theirs = (ask(statement, user).rows for user in (hedge_fund_user, family_office_user))
    assert mine == (("Demo Hedge Fund Style Investor Portfolio",),)
    assert theirs == (("Demo Family Office Private Opportunities",), ("Demo Family Office Public Growth",))


def test_a_result_is_the_same_as_of_its_publication(ask: Ask) -> None:
    statement = f"select * from marts.fct_portfolio_snapshots where as_of_date = {LAST}"
    now = ask(statement)
    then = ask(now.statement, published_at=now.published_at)
    assert now.row_count == 1
    assert (then.sha256, then.publication_id) == (now.sha256, now.publication_id)
    assert ask("select count(*) from marts_at.fct_portfolio_snapshots").rows[0][0]
    assert now.published_at is not None
    long_before = now.published_at - timedelta(days=400)
    with pytest.raises(InstantBeforeHistory):
        ask(statement, published_at=long_before)


def test_the_schema_marts_is_that_of_the_instant(ask: Ask) -> None:
    statement = 'select marts.fct_prices.symbol from "marts" . fct_prices limit 1'
    assert ask(statement).statement == "select fct_prices.symbol from fct_prices limit 1"


def test_statements_of_ours_return_what_the_api_returns(
    reader: ChatReader, run: Run, hedge_fund_user: User, hedge_fund: Any
) -> None:
    query = load_query("portfolios")
    first = run(reader.run_checked(hedge_fund_user, "select 1"))
    parameters = {"as_of_date": first.as_of_date, "simulated_notice": "", "limit": 100, "offset": 0}
    result = run(reader.run_trusted(hedge_fund_user, query, parameters))
    assert result.columns == ("body",)
    assert result.parameters["as_of_date"] == str(first.as_of_date)
    assert hedge_fund.portfolio_id in result.rows[0][0]


# --- limits ---------------------------------------------------------------------------------------


def test_rows_beyond_the_limit_are_cut_and_said(ask: Ask) -> None:
    result = ask("select n from generate_series(1, 1000) as g(n)")
    assert (result.row_count, result.truncated) == (500, True)
    assert ask("select n from generate_series(1, 500) as g(n)").truncated is False


def test_bytes_beyond_the_limit_are_cut_and_said(ask: Ask) -> None:
    result = ask("select n, lpad('', 1000, 'é') from generate_series(1, 400) as g(n)")
    assert result.truncated
    assert 40 < result.row_count < 60


def test_a_row_larger_than_the_limit_does_not_leave_the_server(failed: Refused) -> None:
    wide = "select string_agg(lpad('', 1000, 'x'), '') from generate_series(1, 1000)"
    assert "row of the result is too large" in failed(wide, "too_large")


def test_a_slow_statement_is_stopped(demo: Warehouse, hedge_fund_user: User, run: Run) -> None:
    async def run_slow() -> None:
        async with reading(demo, chat_sql_seconds=0.3, chat_sql_cost=1e12) as slow:
            await slow.run_checked(hedge_fund_user, SLOW)

    begun = time.monotonic()
    with pytest.raises(StatementFailed, match=r"longer than 0\.3 seconds") as caught:
        run(run_slow())
    assert caught.value.code == "timed_out"
    assert time.monotonic() - begun < 30


def test_an_expensive_statement_is_refused_without_the_planners_numbers(failed: Refused) -> None:
    assert not any(character.isdigit() for character in failed(SLOW, "too_expensive"))
    many = "select 1 from generate_series(1, 2000) a cross join generate_series(1, 1000) b"
    assert not any(character.isdigit() for character in failed(many, "too_many_rows"))


def test_cancelling_the_task_cancels_the_statement(demo: Warehouse, hedge_fund_user: User, run: Run) -> None:
    async def cancel() -> float:
        async with reading(demo, chat_sql_seconds=60, chat_sql_cost=1e12) as slow:
            task = asyncio.create_task(slow.run_checked(hedge_fund_user, SLOW))
            await until(lambda: running(demo) > 0)
            begun = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: running(demo) == 0)
            ended = time.monotonic() - begun
            assert (await slow.run_checked(hedge_fund_user, "select 1")).rows == ((1,),)
            return ended

    assert run(asyncio.wait_for(cancel(), 50)) < 30  # of the sixty that it may take


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a state of the server, which sends no event."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def running(warehouse: Warehouse) -> int:
    with psycopg.connect(warehouse.admin_url) as admin:
        row = admin.execute(
            "select count(*) from pg_stat_activity where usename = 'sigmasight_chat' and state = 'active'"
            " and datname = current_database() and query like '%generate_series%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_no_parameters(failed: Refused) -> None:
    failed("select 1", "parameter", parameters={"a": 1})


def test_without_a_build_nothing_is_published(empty_warehouse: Warehouse, run: Run) -> None:
    with empty_warehouse.connect_writer() as connection:
        add_user(connection, "ann@example.org")
    user = user_of(empty_warehouse, "ann@example.org")

    async def ask_for_one() -> None:
        async with reading(empty_warehouse) as reader:
            await reader.run_checked(user, "select 1")

    with pytest.raises(NothingPublished):
        run(ask_for_one())


def test_the_api_has_a_chat_reader_that_connects_when_it_is_used(
    demo: Warehouse, hedge_fund_user: User, run: Run
) -> None:
    def connections() -> set[int]:
        with psycopg.connect(demo.admin_url) as admin:
            return {
                pid
                for (pid,) in admin.execute(
                    "select pid from pg_stat_activity"
                    " where datname = current_database() and application_name = 'sigmasight-chat'"
                )
            }

    async def use() -> None:
        before = connections()  # some of an earlier test's may still be closing
        async with open_services(demo.settings) as services:
            assert connections() <= before
            result = await services.chat_reader.run_checked(hedge_fund_user, "select 1")
            assert result.rows == ((1,),)
            assert connections() - before

    run(use())


def test_without_privileges_on_the_server_the_chat_reads_where_the_api_does(
    demo: Warehouse, hedge_fund_user: User, run: Run
) -> None:
    given = {"api_database_url": demo.api_url, "auth_database_url": demo.auth_url}
    secrets = {"secret_key": "k" * 40, "chat_password": url_parts(demo.chat_url)["password"]}
    settings = demo.settings.model_copy(
        update={**given, **{name: SecretStr(value) for name, value in secrets.items()}}
    )

    async def use() -> None:
        async with open_services(settings) as services:
            await services.chat_reader.run_checked(hedge_fund_user, "select count(*) from dim_portfolios")

    run(use())


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("select equityy from fct_portfolio_snapshots", "unknown_column", "equityy: did you mean equity?"),
        ("select s.nothing_like_it from fct_prices s", "unknown_column", "s.nothing_like_it: see"),
        ("select x.close from fct_prices", "unknown_relation", "names x, which is no mart or alias"),
        ("select as_of_date from fct_prices, dim_dates", "ambiguous_column", "as_of_date is in more than"),
        ("select symbol, max(close) from fct_prices", "grouping", "symbol is neither"),
        ("select round(symbol, 2) from fct_prices", "unknown_function", "round for these types"),
        ("select 1 from fct_prices p, fct_prices p", "duplicate_alias", "p is named twice"),
        ("select 1 / 0", "division_by_zero", "nullif"),
        ("select 2147483647 + 1", "out_of_range", "numeric"),
        ("select 'secret'::date", "bad_value", "2025-09-12"),
        ("select 'secret'::int", "bad_value", "not a valid value"),
        ("select ln(-1)", "bad_value", "logarithm"),
        ("select (select symbol from fct_prices)", "many_rows", "several rows"),
        ("select 1 from fct_prices where symbol", "types", "do not fit"),
        ("select 'a' ~ '('", "bad_value", "regular expression"),
        ("select 1 limit -1", "bad_value", "LIMIT"),
        ("select sum(count(*)) from fct_prices", "grouping", "GROUP BY"),
        ("select 1 where row_number() over () = 1", "window", "CTE"),
    ],
)
def test_a_failure_is_a_sentence_of_ours(failed: Refused, statement: str, code: str, words: str) -> None:
    message = failed(statement, code)
    assert words in message
    assert "secret" not in message
    assert "\n" not in message
    assert message[0].isupper()


def test_no_message_shows_a_value_of_a_row(failed: Refused) -> None:
    assert "Demo" not in failed("select portfolio_name::int from dim_portfolios", "bad_value")


# --- the next statement on the same connection ----------------------------------------------------


def test_a_connection_is_given_back_as_it_was(reader: ChatReader, run: Run, hedge_fund_user: User) -> None:
    """Whatever a statement changed in its session, the next one finds the session as it was."""
    settings = "select name, setting from pg_settings where source in ('session', 'user', 'client')"

    async def poison() -> tuple[Any, Any]:
        pool = reader._pool
        async with pool.connection() as connection:
            before = await (await connection.execute(settings)).fetchall()
        async with pool.connection() as connection:
            for statement in (
                "set search_path = nowhere",
                "set statement_timeout = 0",
                "set default_transaction_read_only = off",
                "set sigmasight.user_id = 'x'",
                "set timezone = 'Asia/Tokyo'",
                "set datestyle = 'German'",
                "prepare mine as select 1",
                "listen mine",
            ):
                await connection.execute(statement.encode())
        async with pool.connection() as connection:
            after = await (await connection.execute(settings)).fetchall()
            left = await connection.execute(
                "select count(*) from pg_prepared_statements union all"
                " select count(*) from pg_listening_channels() union all"
                " select 1 where current_setting('sigmasight.user_id', true) <> ''"
            )
            assert await left.fetchall() == [(0,), (0,)]
        return before, after

    before, after = run(poison())
    assert before == after
    assert len(before) > 8
    assert run(reader.run_checked(hedge_fund_user, "select count(*) from dim_portfolios")).rows == ((1,),)
