"""No statement shows another user's rows, writes, or leaves anything for the next user.

The guard is left out in the tests of the role: its rights alone must hold.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.pq import TransactionStatus

from api.auth.claims import CLAIM_USER, claim_of
from api.auth.users import User
from api.chat.sql.errors import StatementRefused
from api.chat.sql.executor import ChatReader
from tests.api.chat.sql.analytical import ANALYTICAL
from tests.api.chat.sql.conftest import Ask, Run
from tests.api.chat.sql.hostile import BASE, NESTED, hostile_statements, nested
from warehouse.connections import Warehouse

MINE = "select count(*), min(portfolio_name), sum(initial_equity) from dim_portfolios"

# Every value of another user's that could show up: ids, names, private symbols, amounts.
OF_OTHERS = """
with theirs as (
    select * from marts.dim_portfolios where owner_email <> %(me)s
),
mine as (
    select * from marts.dim_portfolios where owner_email = %(me)s
),
positions as (
    select * from marts.dim_positions where portfolio_id in (select portfolio_id from theirs)
)
select portfolio_id::text from theirs
union select portfolio_name from theirs
union select owner_email from theirs
union select position_id::text from positions
union (
    select symbol from positions
    except select symbol from marts.fct_prices
    except select symbol from marts.dim_positions where portfolio_id in (select portfolio_id from mine)
)
union (
    select equity::text from marts.fct_portfolio_snapshots
    where portfolio_id in (select portfolio_id from theirs) and scale(trim_scale(equity)) > 1
    except select equity::text from marts.fct_portfolio_snapshots
    where portfolio_id in (select portfolio_id from mine)
)
union select password_hash from ops.users
union select user_id::text from ops.users where email <> %(me)s
union select encode(key, 'hex') from ops.claim_keys
"""

STATE = """
select
    (select count(*) from pg_class),
    (select count(*) from pg_proc),
    (select count(*) from pg_roles),
    (select count(*) from pg_largeobject_metadata),
    (select string_agg(relacl::text, ' ' order by oid) from pg_class),
    (select count(*) from pg_prepared_xacts),
    (select md5(string_agg(users::text, ' ' order by user_id)) from ops.users),
    (select count(*) from published.fct_prices),
    (select last_value from ops.publication_ids),
    (
        select string_agg(setconfig::text, ' ' order by setrole, setdatabase) from pg_db_role_setting
        -- the other process of the run makes and drops databases of its own
        where setdatabase in (0, (select oid from pg_database where datname = current_database()))
    )
"""


@dataclass(frozen=True)
class Canaries:
    """Values of other users. A text that contains one has leaked."""

    values: frozenset[str]

    def check(self, text: str) -> None:
        found = [value for value in self.values if value in text]
        assert found == [], found[:3]


@pytest.fixture(scope="module")
def canaries(demo: Warehouse, hedge_fund_user: User) -> Canaries:
    """Collect what the hedge fund's user must not see."""
    with demo.connect_writer() as writer:
        rows = writer.execute(OF_OTHERS.encode(), {"me": hedge_fund_user.email}).fetchall()
    values = frozenset(row[0] for row in rows)
    assert len(values) > 200
    assert any("FO_" in value for value in values)
    return Canaries(values)


@pytest.fixture
def unchanged(demo: Warehouse) -> Iterator[None]:
    """Check that the statements of a test changed nothing on the server."""

    def state() -> Any:
        with psycopg.connect(demo.admin_url) as admin:
            return admin.execute(STATE.encode()).fetchone()

    before = state()
    yield
    assert state() == before


# The server makes a text of a gigabyte without looking at its timeout: only the guard stops these.
HUGE = ("%1000000000s", "char(10000000)", "character(10000000)")


def chosen(mutations: int) -> list[str]:
    """Choose each hostile statement as it is, and so many mutations of each."""
    mutated: dict[str, list[str]] = {}
    for kind, statement in hostile_statements():
        mutated.setdefault(kind, []).append(statement)
    picked = [statement for statements in BASE.values() for statement in statements]
    for kind, statements in mutated.items():
        picked += Random(kind).sample(statements, k=mutations * len(BASE[kind]))
    return [text for text in dict.fromkeys(picked) if not any(huge in text for huge in HUGE)]


async def run_unguarded(connection: AsyncConnection[Any], user: User, statement: str) -> str:
    """Run a statement in the user's transaction, as if there were no guard; all that came back, as text.

    psycopg sends a statement without parameters by the simple protocol: it may even be several statements.
    """
    await connection.execute("begin isolation level repeatable read read only")
    await connection.execute(CLAIM_USER.text, claim_of(user, connection.info.backend_pid))
    await connection.execute("set local statement_timeout = '300ms'")
    shown: list[str] = []
    try:
        async with connection.cursor() as cursor:
            everything = _everything(cursor, statement.replace("\0", "").encode())
            shown += [text async for text in everything]
        await connection.execute("commit")
    except psycopg.Error as error:
        shown += [str(error), *(str(getattr(error.diag, name)) for name in DIAGNOSTICS)]
        if connection.info.transaction_status is TransactionStatus.ACTIVE:
            await connection.close()
    return " ".join(shown)


DIAGNOSTICS = ("message_primary", "message_detail", "message_hint", "context", "internal_query")


async def _everything(cursor: AsyncCursor[Any], statement: bytes) -> AsyncIterator[str]:
    """Yield the rows of all results, at most 2,000 each, and the data of a COPY."""
    if (
        re.search(rb"\bcopy\b.*\bto\b\s+stdout", statement, re.IGNORECASE | re.DOTALL)
        and b";" not in statement
    ):
        async with cursor.copy(statement) as copied:
            async for block in copied:
                yield bytes(block).decode()
        return
    await cursor.execute(statement)
    has_more: bool | None = True
    while has_more:
        if cursor.description:
            yield str(await cursor.fetchmany(2000))
        has_more = cursor.nextset()


@pytest.mark.slow
@pytest.mark.parametrize("mutations", [0, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.usefixtures("unchanged")
def test_the_role_alone_holds_without_the_guard(  # noqa: PLR0917 - fixtures
    reader: ChatReader,
    run: Run,
    hedge_fund_user: User,
    family_office_user: User,
    canaries: Canaries,
    mutations: int,
) -> None:
    statements = chosen(mutations)
    assert len(statements) > (500 if mutations else 150)

    async def attack() -> None:
        expected = (await reader.run_checked(family_office_user, MINE)).rows
        for statement in statements:
            async with reader._pool.connection() as connection:
                canaries.check(await run_unguarded(connection, hedge_fund_user, statement))
            # the pool has one connection: the next user gets the same
            assert (await reader.run_checked(family_office_user, MINE)).rows == expected, statement

    run(attack())


@pytest.mark.usefixtures("unchanged")
def test_after_a_refused_statement_the_next_users_answer_is_right(
    reader: ChatReader, run: Run, hedge_fund_user: User, family_office_user: User, canaries: Canaries
) -> None:
    async def attack() -> None:
        expected = (await reader.run_checked(family_office_user, MINE)).rows
        for statement in [text for texts in BASE.values() for text in texts]:
            with pytest.raises(StatementRefused) as caught:
                await reader.run_checked(hedge_fund_user, statement)
            canaries.check(caught.value.message)
            assert (await reader.run_checked(family_office_user, MINE)).rows == expected, statement

    run(attack())


@pytest.mark.parametrize("statement", ANALYTICAL)
def test_analytical_statements_run_and_show_the_users_own_rows(
    ask: Ask, canaries: Canaries, statement: str
) -> None:
    result = ask(statement)
    assert result.columns
    canaries.check(str(result))


def test_no_mart_shows_another_users_values(
    ask: Ask, reader: ChatReader, run: Run, canaries: Canaries
) -> None:
    names = run(reader.relations())
    assert len(names["marts"]) > 30
    for schema, marts in names.items():
        for mart in marts:
            canaries.check(str(ask(f"select * from {schema}.{mart}")))
            canaries.check(str(ask(f"select * from {schema}.{mart} order by 1 desc, 2 desc")))


@pytest.mark.parametrize("schema", ["marts", "marts_history"])
def test_no_row_of_any_mart_shows_another_users_values(
    demo: Warehouse, hedge_fund_user: User, canaries: Canaries, schema: str
) -> None:
    """All rows, without the limits of the reader."""
    with psycopg.connect(demo.chat_url) as connection:
        connection.execute(CLAIM_USER.text, claim_of(hedge_fund_user, connection.info.backend_pid))
        views = connection.execute(
            "select relname from pg_class where relnamespace = %s::regnamespace and relkind = 'v'"
            " and has_table_privilege(oid, 'select')",
            [schema],
        ).fetchall()
        assert len(views) > 25
        for (view,) in views:
            statement = sql.SQL("select string_agg(m::text, ' ') from {} as m").format(
                sql.Identifier(schema, view)
            )
            canaries.check(str(connection.execute(statement).fetchone()))


def test_files_of_all_users_are_for_analysts_only(demo: Warehouse) -> None:
    with psycopg.connect(demo.admin_url) as admin:
        rows = admin.execute(
            "select role, has_table_privilege(role, view, 'select')"
            " from unnest(array['sigmasight_analyst', 'sigmasight_api', 'sigmasight_chat']) as role,"
            " unnest(array['marts.fct_loads', 'marts_at.fct_loads']) as view"
        ).fetchall()
    assert {role for role, may_read in rows if may_read} == {"sigmasight_analyst"}


@pytest.mark.parametrize(
    ("before", "middle", "after"), [parts[:3] for parts in NESTED if parts[3] == "accepted"]
)
def test_what_is_long_but_not_deep_is_no_trouble_for_the_server(
    ask: Ask, before: str, middle: str, after: str
) -> None:
    assert ask(nested(before, middle, after, 9_900)).row_count == 1


def statements_with_errors() -> Iterable[str]:
    """Yield statements that make the server name a value of a row."""
    for expression in ("portfolio_name::int", "portfolio_id::text::int", "owner_email::date"):
        yield f"select {expression} from dim_portfolios"
        yield f"select 1 from dim_portfolios where {expression} is null"
        yield f"select 1 from dim_portfolios order by {expression}"
    yield "select 1 / (equity - equity) from fct_portfolio_snapshots"
    yield "select 1 from fct_portfolio_snapshots where 1 / (case when equity < 0 then 0 else 1 end) = 1"


@pytest.mark.parametrize("statement", statements_with_errors())
def test_no_error_shows_a_value(ask: Ask, canaries: Canaries, statement: str) -> None:
    try:
        shown = str(ask(statement))
    except Exception as error:  # noqa: BLE001 - whatever is shown
        shown = str(error)
        assert "Demo" not in shown
    canaries.check(shown)


# What a statement compares: a column of a mart, and how another user's value of it is found.
COMPARED = (
    ("fct_position_values", "symbol", "symbol = '{}'"),
    ("fct_position_values", "symbol", "symbol in ('{}', 'ZZZZ')"),
    ("fct_position_values", "symbol", "symbol = any(array['{}'])"),
    ("fct_position_values", "symbol", "symbol = concat('{}')"),
    ("fct_position_values", "symbol", "symbol = cast('{}' as varchar(90))"),
    ("fct_position_values", "symbol", "symbol = (case when 1 = 1 then '{}' end)"),
    ("fct_position_values", "symbol", "symbol like '{}'"),
    ("fct_position_values", "symbol", "symbol = {spelled}"),
    ("fct_position_values", "quantity", "quantity = {}"),
    ("fct_position_values", "quantity", "quantity between {} - 0.001 and {} + 0.001"),
    ("fct_position_values", "quantity", "quantity = extract(epoch from interval '{} seconds')"),
    ("fct_position_values", "portfolio_id", "portfolio_id = '{}'"),
    ("dim_position_tags", "tag", "tag = '{}'"),
)
OF_SOMEBODY_ELSE = """
select {column}::text from marts.{mart}
where portfolio_id not in (select portfolio_id from marts.dim_portfolios where owner_email = %(me)s)
group by 1
having not bool_or({column} in (
    select {column} from marts.{mart} where portfolio_id in (
        select portfolio_id from marts.dim_portfolios where owner_email = %(me)s
    )
))
order by count(*) desc, 1 limit 3
"""
INVENTED = {"symbol": "ZZZQ", "tag": "of-nobody", "quantity": "987654321.25"}
REPEATED = "select 1 from {} as p, generate_series(1, {}) as g where p.{}"


def spelled(text: str) -> str:
    """The text, letter by letter, as an expression without a value in it."""
    counted = (", ".join(["null"] * ord(letter)) for letter in text)
    return "||".join(f"chr(cardinality(array[{nulls}]))" for nulls in counted)


@pytest.mark.parametrize("compared", COMPARED)
def test_no_estimate_tells_what_others_hold(
    demo: Warehouse, ask: Ask, hedge_fund_user: User, compared: tuple[str, str, str]
) -> None:
    # Silent failure prevented: a statement is refused when the planner knows the value that it compares with
    # from the rows of others, and runs when nobody holds it
    mart, column, condition = compared

    def outcome(value: str, times: int) -> str:
        try:
            written = condition.format(value, value, spelled=spelled(value))
            return str(ask(REPEATED.format(mart, times, written)).row_count)
        except StatementRefused as error:
            return error.code

    with demo.connect_writer() as writer:
        query = OF_SOMEBODY_ELSE.format(mart=mart, column=column).encode()
        held = [row[0] for row in writer.execute(query, {"me": hedge_fund_user.email}).fetchall()]
    invented = INVENTED.get(column, "11111111-2222-5333-8444-555555555555")
    assert held
    for times in (1_000, 10_000, 100_000):
        assert {outcome(value, times) for value in held} == {outcome(invented, times)}
