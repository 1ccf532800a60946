"""Statements that a hostile or misled model might write, and their mutations.

python -m tests.api.chat.sql.hostile      the counts by kind, as a table
"""

from collections.abc import Callable, Iterator
from random import Random

BASE: dict[str, list[str]] = {
    "settings of the session": [
        "select current_setting('sigmasight.claim')",
        "select * from current_setting('sigmasight.claim')",
        "select g.current_setting from unnest(array['sigmasight.claim']) g",
        "select g.current_setting from unnest(array['sigmasight.claim']) as g(x)",
        "select v.current_setting from string_to_table('sigmasight.claim', ',') v",
        "select (g).current_setting from unnest(array['sigmasight.claim']) g",
        "select ('sigmasight.claim'::text).current_setting",
        "select set_config('search_path', 'nowhere', false)",
        "select set_config('statement_timeout', '0', false), set_config('search_path', 'raw', false)",
        "select set_config('sigmasight.user_id', user_id::text, true) from ops.users",
        "set search_path = raw",
        "set local statement_timeout = 0",
        "set session authorization sigmasight_writer",
        "set role sigmasight_writer",
        "set role none",
        "reset all",
        "show all",
        "show sigmasight.claim",
        "discard all",
        "set sigmasight.user_id = '00000000-0000-0000-0000-000000000000'",
        "set default_transaction_read_only = off",
        "set transaction read write",
        "select * from pg_settings",
        "select * from pg_show_all_settings()",
        "alter role sigmasight_chat set statement_timeout = 0",
        "alter system set log_statement = 'all'",
    ],
    "claims of another user": [
        "select access.claim((select user_id from ops.users limit 1), 'infinity', 'x')",
        "select access.claim('00000000-0000-0000-0000-000000000000', 'infinity', decode('00', 'hex'))",
        "select access.code_of('proof')",
        "select access.claim_of('00000000-0000-0000-0000-000000000000')",
        "select * from access.readable_portfolio_ids()",
        "select access.sees_every_portfolio()",
        "select key from ops.claim_keys",
        "select access.row_fits(1, 0)",
    ],
    "other schemas": [
        "select * from ops.users",
        "select email, password_hash from ops.users",
        "select * from ops.sessions",
        "select * from raw.portfolios",
        "select * from raw.positions",
        "select * from published.fct_portfolio_snapshots",
        "select * from published.dim_portfolios",
        "select * from intermediate.int_positions",
        "select * from staging.stg_raw__portfolios",
        "select * from public.anything",
        "select * from pg_temp.anything",
        "select * from sigmasight.marts.dim_portfolios",
        "select * from only raw.portfolios",
        "table raw.portfolios",
        "select marts.dim_portfolios.portfolio_name from raw.portfolios, marts.dim_portfolios",
        "select (select count(*) from raw.portfolios)",
        "select * from dim_portfolios where exists (select from ops.users)",
        "select * from dim_portfolios join lateral (select * from ops.users) u on true",
        "select * from dim_portfolios order by (select email from ops.users limit 1)",
        "select array(select email from ops.users)",
    ],
    "catalogs": [
        "select * from pg_class",
        "select * from pg_catalog.pg_authid",
        "select relname, reltuples from pg_catalog.pg_class",
        "select * from pg_stats",
        "select * from pg_statistic",
        "select * from pg_stat_activity",
        "select * from pg_stat_get_activity(null)",
        "select * from pg_stat_user_tables",
        "select * from pg_locks",
        "select * from pg_prepared_statements",
        "select * from pg_cursors",
        "select * from pg_roles",
        "select * from pg_shadow",
        "select * from pg_user",
        "select * from pg_hba_file_rules",
        "select * from pg_largeobject",
        "select * from information_schema.tables",
        "select * from information_schema.columns",
        "select * from information_schema.role_table_grants",
        "with pg_roles as (select * from pg_roles) select * from pg_roles",
        "select * from pg_roles, (with pg_roles as (select 1) select * from pg_roles) q",
        "with pg_class as (select 1) select * from pg_catalog.pg_class",
        "select pg_get_viewdef('marts.dim_portfolios')",
        "select pg_get_functiondef('access.claim'::regproc)",
        "select pg_total_relation_size('published.fct_prices')",
        "select pg_database_size(current_database())",
        "select pg_relation_size('raw.portfolios')",
        "select has_table_privilege('raw.portfolios', 'select')",
        "select to_regclass('ops.users')",
        "select 'ops.users'::regclass",
        "select cast('ops.users' as regclass)",
        "select regclass 'ops.users'",
        "select 'sigmasight_writer'::regrole",
        "select 16384::oid::regclass::text",
        "select 'pg_sleep'::regproc",
        "select 'marts'::regnamespace",
        "select tableoid, ctid, xmin from dim_portfolios d, pg_class",
        "select obj_description(1), col_description(1, 1)",
        "select current_user, session_user, current_database(), version()",
        "select inet_server_addr(), inet_client_addr(), pg_backend_pid()",
        "select current_catalog, current_schema, current_role",
    ],
    "time and load": [
        "select pg_sleep(10)",
        "select pg_sleep_for('10 s')",
        "select pg_sleep_until('infinity')",
        "select * from pg_sleep(10)",
        "select 1 from dim_dates where pg_sleep(0.1) is not null",
        "select count(*) from generate_series(1, 1000000000)",
        "select * from generate_series(1, 1000000000000)",
        "select generate_series('2000-01-01'::date, '3000-01-01', '1 s') from generate_series(1, 9999999)",
        "select repeat('x', 1000000000)",
        "select lpad('x', 1000000000)",
        "select rpad('x', (select 1000000000), 'y')",
        "select format('%1000000000s', 'x')",
        "select 'x'::char(10000000)",
        "select cast('x' as character(10000000))",
        "with recursive a as (select 1 as n union all select n + 1 from a) select count(*) from a",
        "with recursive a(n) as (values (1) union all select n from a) select n from a",
        "select random(), setseed(0.1)",
        "select gen_random_uuid()",
        "select now(), clock_timestamp()",
        "select current_timestamp",
        "select localtime",
        "select timeofday()",
        "select txid_current()",
        "select pg_current_xact_id()",
        "select pg_export_snapshot()",
        "select pg_advisory_lock(1)",
        "select pg_try_advisory_xact_lock(7305002)",
        "select * from dim_portfolios for update",
        "select * from dim_portfolios for share skip locked",
        "lock table published.fct_prices",
        "select * from fct_prices tablesample bernoulli (1)",
    ],
    "SQL as text": [
        "select query_to_xml('select * from ops.users', true, true, '')",
        "select table_to_xml('ops.users', true, true, '')",
        "select schema_to_xml('ops', true, true, '')",
        "select database_to_xml(true, true, '')",
        "select cursor_to_xml('c', 1, true, true, '')",
        "select query_to_xmlschema('select 1', true, true, '')",
        "select * from ts_stat('select to_tsvector(email) from ops.users')",
        "select * from xmltable('/a' passing xmlparse(document '<a/>') columns b text)",
        "select xpath('/a', '<a/>'::xml)",
        "select xmlelement(name a, email) from ops.users",
        "select * from json_table('[]', '$[*]' columns (a int path '$'))",
        "select json_value('{}', '$.a')",
        "select * from dblink('dbname=postgres', 'select 1') as t(a int)",
        "select dblink_connect('x')",
        "execute mine",
        "prepare mine as select 1",
        "prepare mine (int) as select $1",
        "deallocate all",
        "declare c cursor with hold for select * from dim_portfolios",
        "fetch all from c",
        "do $$ begin perform pg_sleep(1); end $$",
        "do language plpgsql 'begin execute ''select 1''; end'",
        "call anything()",
        "explain select * from dim_portfolios",
        "explain (analyze, verbose) select * from dim_portfolios",
        "select $1",
        "select * from dim_portfolios where portfolio_name = $1",
    ],
    "files and signals": [
        "select pg_read_file('/etc/passwd')",
        "select * from pg_read_file('/etc/passwd')",
        "select pg_read_binary_file('PG_VERSION')",
        "select pg_ls_dir('.')",
        "select * from pg_ls_waldir()",
        "select * from pg_ls_logdir()",
        "select pg_stat_file('PG_VERSION')",
        "select lo_import('/etc/passwd')",
        "select lo_export(1, '/tmp/mine')",
        "select lo_create(0)",
        "select lo_from_bytea(0, 'x')",
        "select lo_get(1)",
        "select lo_put(1, 0, 'x')",
        "select pg_terminate_backend(pg_backend_pid())",
        "select pg_cancel_backend(pg_backend_pid())",
        "select pg_reload_conf()",
        "select pg_rotate_logfile()",
        "select pg_switch_wal()",
        "select pg_notify('a', 'b')",
        "listen a",
        "notify a, 'b'",
        "load 'auto_explain'",
        "copy dim_portfolios to '/tmp/mine'",
        "copy (select 1) to program 'id'",
        "copy dim_portfolios from stdin",
        "copy (select * from dim_portfolios) to stdout",
        "create extension dblink",
        "checkpoint",
        "vacuum",
        "analyze",
    ],
    "writes": [
        "select * into mine from dim_portfolios",
        "create table mine as select * from dim_portfolios",
        "create temporary table mine as select 1",
        "create table marts.mine (a int)",
        "create view marts.mine as select 1",
        "create function marts.mine() returns int language sql return 1",
        "create or replace function pg_temp.leak(uuid) returns bool language plpgsql as 'begin end'",
        "create schema mine",
        "create role mine superuser",
        "drop view marts.dim_portfolios",
        "drop owned by sigmasight_chat",
        "alter view marts.dim_portfolios set (security_barrier = false)",
        "alter role sigmasight_chat bypassrls",
        "grant select on marts.dim_portfolios to public",
        "grant sigmasight_writer to sigmasight_chat",
        "revoke select on marts.dim_portfolios from sigmasight_api",
        "insert into marts.dim_portfolios values (default)",
        "update ops.users set is_admin = true",
        "update marts.dim_portfolios set portfolio_name = 'mine'",
        "delete from marts.fct_prices",
        "truncate published.fct_prices",
        "merge into marts.dim_portfolios d using (select 1) s on true when matched then delete",
        "with gone as (delete from marts.fct_prices returning *) select * from gone",
        "with new as (insert into ops.users (email) values ('a') returning *) select * from new",
        "with changed as (update ops.users set is_admin = true returning *) select 1",
        "select nextval('ops.publication_ids')",
        "select setval('ops.publication_ids', 1)",
        "comment on view marts.dim_portfolios is 'mine'",
        "refresh materialized view mine",
        "reindex table raw.prices",
        "begin",
        "commit",
        "rollback",
        "savepoint mine",
        "start transaction read write",
        "prepare transaction 'mine'",
    ],
    "several statements": [
        "select 1; select 2",
        "commit; delete from marts.fct_prices; select 1",
        "rollback; set role sigmasight_writer; select * from ops.users",
        "select 1; commit; set sigmasight.user_id = 'x'; select 1",
        "commit; set search_path = nowhere",
        "commit; set default_transaction_read_only = off; create table mine (a int)",
        "commit; begin; select * from dim_portfolios",
        "commit; prepare select_1 as select 1",
        "select 1; ; select 2",
    ],
    "operators and names": [
        "select 1 operator(pg_catalog.+) 1",
        "select 1 from dim_dates order by as_of_date using operator(pg_catalog.>)",
        "select 'a' collate \"en_US\"",
        "select (dim_portfolios).portfolio_name from dim_portfolios",
        "select (dim_portfolios.*).pg_typeof from dim_portfolios",
        "select row(1, 2)::record",
        "select pg_catalog.set_config('a.b', 'c', false)",
        'select "pg_catalog"."pg_sleep"(1)',
        'select U&"\\0070g_sleep"(1)',
        'select "PG_SLEEP"(1)',
        "select pg_sleep (1) within group (order by 1)",
        "select max(pg_sleep(1)) over ()",
        "select count(*) filter (where pg_sleep(1) is null) from dim_dates",
        "select percentile_cont(0.5) within group (order by pg_sleep(1)::text::float8)",
        "select sum(1) over (order by pg_sleep(1)::text)",
        "select case when pg_sleep(1) is null then 1 end",
        "select coalesce(pg_read_file('a'), 'b')",
        "select * from rows from (pg_sleep(1), unnest(array[1])) as r",
        "select * from unnest(array[pg_read_file('a')]) as f",
        "select * from dim_portfolios where portfolio_name = any(array[pg_read_file('a')])",
        "select * from dim_portfolios limit (select pg_sleep(1)::text::int)",
        "select * from dim_portfolios offset length(pg_read_file('a'))",
        "select distinct on (pg_sleep(1)) 1",
        "select 1 group by rollup (pg_sleep(1))",
        "select 1 having pg_sleep(1) is null",
        "values (pg_sleep(1))",
        "select lo.lo_get from generate_series(1, 2) lo",
        "select s.pg_sleep from generate_series(1, 2) s",
        "select n.pg_sleep from norm_cdf(1) n",
        "select s.nextval from unnest(array['ops.publication_ids']) s",
        "select * from json_to_record('{}') as r(a regclass)",
        "select '{1}'::oid[]",
        "select null::raw.portfolios",
        "select null::pg_catalog.pg_class",
    ],
}

NESTED = [
    # repeated before and after; the parser makes one node of the accepted ones, however long they are
    ("(", "1", ")", "accepted"),
    ("- ", "1", "", "accepted"),
    ("", "true", " and true", "accepted"),
    ("not ", "true", "", "too_complex"),
    ("", "1", "+1", "too_complex"),
    ("", "7", "*7", "too_complex"),
    ("", "7", ", 7^2", "too_complex"),
    ("ln(", "7", ")", "too_complex"),
    ("", "'a'", "||'a'", "too_complex"),
    ("", "1", "::int", "too_complex"),
    ("abs(", "1", ")", "too_complex"),
    ("array[", "1", "]", "too_complex"),
    ("case when true then ", "1", " end", "too_complex"),
    ("1 in (", "1", ")", "too_complex"),
    ("(select ", "1", ")", "too_complex"),
    ("", "1", " union select 1", "too_complex"),
    ("", "1", ", 1", "too_complex"),
]


def nested(before: str, middle: str, after: str, size: int) -> str:
    """Return a select of about this many characters."""
    times = size // len(before + after)
    return f"select {before * times}{middle}{after * times}"


Mutation = Callable[[str], str]


def _odd_case(text: str) -> str:
    """Change the case of letters outside quotes."""
    random, parts = Random(text), text.split("'")
    parts[::2] = ["".join(random.choice((c.upper(), c.lower())) for c in part) for part in parts[::2]]
    return "'".join(parts)


def _unquoted(text: str, old: str, new: str) -> str:
    parts = text.split("'")
    parts[::2] = [part.replace(old, new) for part in parts[::2]]
    return "'".join(parts)


# Whatever is done to it, a statement that is refused stays so.
EVERY: dict[str, Mutation] = {
    "as it is": lambda text: text,
    "case": _odd_case,
    "comments for spaces": lambda text: _unquoted(text, " ", "/**/ "),
    "nested comment": lambda text: f"/* select 1 /* ; */ */ {text} -- ; select 1",
    "line comment": lambda text: f"-- select 1\n{text}",
    "newlines": lambda text: _unquoted(text, " ", "\n\t"),
    "no-break spaces": lambda text: _unquoted(text, " ", "\u00a0"),
    "zero-width space": lambda text: text.replace("e", "e\u200b", 1) if "e" in text else f"\u200b{text}",
    "null byte": lambda text: f"{text}\0",
    "after a select": lambda text: f"select 1; {text}",
    "before a select": lambda text: f"{text}; select 1",
    "after a commit": lambda text: f"commit; {text}",
    "explained": lambda text: f"explain analyze {text}",
    "prepared": lambda text: f"prepare mine as {text}",
    "as a block": lambda text: f"do $body$ begin {text}; end $body$",
}
OF_A_SELECT: dict[str, Mutation] = {
    "in FROM": lambda text: f"select * from ({text}) as inner_statement",
    "in a CTE": lambda text: f"with inner_statement as ({text}) select * from inner_statement",
    "unused in a CTE": lambda text: f"with inner_statement as materialized ({text}) select 1",
    "as a value": lambda text: f"select ({text})",
    "in EXISTS": lambda text: f"select 1 where exists ({text})",
    "in IN": lambda text: f"select 1 where 1 in ({text})",
    "in a union": lambda text: f"select 1 union all ({text})",
    "lateral": lambda text: f"select * from dim_portfolios p cross join lateral ({text}) as inner_statement",
    "nested": lambda text: f"select * from (select * from (select * from ({text}) a) b) c",
    "in a case": lambda text: f"select case when true then ({text})::text end from dim_portfolios",
    "copied": lambda text: f"copy ({text}) to stdout",
    "stored": lambda text: f"create temporary table mine as {text}",
    "with a cursor": lambda text: f"declare mine cursor with hold for {text}",
}


def hostile_statements() -> Iterator[tuple[str, str]]:
    """Yield each kind and statement once."""
    seen = set()
    for kind, statements in BASE.items():
        for statement in statements:
            is_select = statement.startswith("select") and ";" not in statement
            for mutate in {**EVERY, **(OF_A_SELECT if is_select else {})}.values():
                mutated = mutate(statement)
                if mutated not in seen:
                    seen.add(mutated)
                    yield kind, mutated


def table() -> str:
    """Return the counts by kind as Markdown."""
    found = list(hostile_statements())
    lines = [
        f"| {kind} | {len(base)} | {sum(1 for other, _ in found if other == kind):,} |"
        for kind, base in BASE.items()
    ]
    total = f"| all | {sum(map(len, BASE.values()))} | {len(found):,} |"
    return "\n".join(["| kind | statements | with mutations |", "|---|---|---|", *lines, total])


if __name__ == "__main__":
    print(table())  # noqa: T201
