"""Operations on a small warehouse: status, logs, backup and restore, cleanup."""

import fcntl
import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from flows.errors import BackupError, BuildLockedError
from flows.maintenance.backup import PSQL, opening, restore_backup, write_backup
from flows.pipeline.lock import build_lock
from flows.summaries.status import read_status
from flows.summaries.status_lines import status_lines
from ingestion.portfolios.users import add_user, find_user
from tests.claims import claim, user_of
from tests.database_copies import copy_of, drop
from tests.flows.flow_helpers import (
    LAST_DATE,
    NEW_DATE,
    CommandLine,
    all_marts,
    kill_at,
    last_run,
    one,
    wait_until,
)
from warehouse.connections import Warehouse, open_warehouse
from warehouse.embedded_host import program
from warehouse.settings import Settings

pytestmark = pytest.mark.slow

# --- status -------------------------------------------------------------------------------------------------


@contextmanager
def changed(warehouse: Warehouse, *statements: str) -> Iterator[Warehouse]:
    """A temporary copy of the warehouse after some statements."""
    copy = copy_of(warehouse, "changed")
    try:
        with copy.connect_writer(autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        yield copy
    finally:
        drop(copy)


AFTER_TWO_SESSIONS = datetime(2025, 7, 14, 21, 0, tzinfo=UTC)  # a Monday, an hour after the close in New York


def test_status_shows_publication_freshness_gaps_and_next_run(published: Warehouse) -> None:
    status = read_status(published, AFTER_TWO_SESSIONS)
    assert status.publication is not None
    assert status.publication.last_date == LAST_DATE
    assert status.last_closed_session == date(2025, 7, 14)
    assert status.missing_sessions == (NEW_DATE, date(2025, 7, 14))
    assert status.sessions_without_price == ()
    (prices,) = status.freshness
    assert (prices.dataset, prices.source, prices.newest_date, prices.age_sessions) == (
        *("prices", "files"),
        *(LAST_DATE, 2),
    )
    assert "IWM" in status.symbols_without_prices
    assert "AAPL" not in status.symbols_without_prices
    assert status.symbols_not_current == ()
    assert (status.waiting_loads, status.next_run.from_date) == (0, None)
    assert status.next_run.scheduled_at == datetime(2025, 7, 14, 23, 30, tzinfo=UTC)
    text = "\n".join(f"{label} {line}" for label, line in status_lines(status))
    assert (
        "missing 2 sessions not published: 2025-07-11, 2025-07-14; the next run with prices catches" in text
    )
    assert "data prices (files): up to 2025-07-10, 2 sessions old" in text
    assert "next run builds nothing unless its source has new data: all loaded data is published" in text


def test_a_session_counts_as_closed_15_minutes_after_its_close(published: Warehouse) -> None:
    def last(*at: int) -> date | None:
        return read_status(published, datetime(*at, tzinfo=UTC)).last_closed_session  # type: ignore[misc,arg-type]

    assert last(2025, 7, 11, 20, 14) == LAST_DATE
    assert last(2025, 7, 11, 20, 15) == NEW_DATE
    assert last(2025, 7, 13, 12, 0) == NEW_DATE
    # half a day before Independence Day: closed at 13:00 in New York
    assert last(2025, 7, 3, 17, 15) == date(2025, 7, 3)


def test_status_names_failures_gaps_and_waiting_loads(published: Warehouse) -> None:
    failed = (
        "insert into ops.loads (source, dataset, started_at, finished_at, status, error) "
        "values ('fmp', 'prices', now(), now(), 'failed', 'fmp gave HTML instead of JSON')"
    )
    waiting = (
        "insert into ops.loads (source, dataset, started_at, finished_at, status, rows_new, touched_from) "
        "values ('files', 'prices', now(), clock_timestamp(), 'succeeded', 1, '2025-07-08')"
    )
    with changed(
        published,
        *("delete from raw.prices where price_date = '2025-07-02'", failed, waiting),
        "delete from raw.prices where symbol = 'TLT' and price_date = '2025-07-10'",
    ) as warehouse:
        status = read_status(warehouse, AFTER_TWO_SESSIONS)
    assert status.sessions_without_price == (date(2025, 7, 2),)
    assert status.symbols_not_current == ("TLT",)
    (failure,) = status.failed_loads
    assert (failure.source, failure.count, failure.is_mended) == ("fmp", 1, False)
    assert (status.waiting_loads, status.waiting_from) == (1, date(2025, 7, 8))
    assert (status.next_run.from_date, status.next_run.to_date) == (date(2025, 7, 8), LAST_DATE)
    text = "\n".join(line for _, line in status_lines(status))
    assert "1 load of prices (fmp) in 7 days" in text
    assert "fmp gave HTML instead of JSON" in text
    assert "builds 2025-07-08 to 2025-07-10: 1 load changes numbers from 2025-07-08 on" in text


def test_status_as_json_is_one_document(command: CommandLine) -> None:
    found = json.loads(command.succeed("status", "--json"))
    assert found["publication"]["last_date"] == LAST_DATE.isoformat()
    assert found["freshness"][0]["source"] == "files"
    assert found["missing_sessions"][0] == NEW_DATE.isoformat()
    assert found["next_run"]["reason"] == "all loaded data is published"


# --- logs ---------------------------------------------------------------------------------------------------


def test_json_logs_have_one_object_per_line_with_the_run_and_without_secrets(command: CommandLine) -> None:
    secret = "s3cr3t-".ljust(40, "x")
    process = subprocess.run(
        [Path(sys.executable).with_name("sigmasight"), "nightly", "--force", "--as-of", "2025-07-10"],
        env={**command.environment, "LOG_FORMAT": "json", "SECRET_KEY": secret, "LOG_LEVEL": "DEBUG"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == ""
    lines = [json.loads(line) for line in process.stderr.splitlines()]
    (nothing,) = [line for line in lines if line["message"].startswith("nothing")]
    assert nothing["level"] == "INFO"
    assert nothing["run_id"] == last_run(command.warehouse)["run_id"]
    assert datetime.fromisoformat(nothing["time"]).tzinfo == UTC
    assert secret not in process.stderr


# --- backup and restore -------------------------------------------------------------------------------------


def tables(warehouse: Warehouse) -> dict[str, tuple[int, Any]]:
    """The row count of each table of raw and ops, and a sum of hashes."""
    with warehouse.connect_writer(autocommit=True) as connection:
        names = connection.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname in ('raw', 'ops')"
        ).fetchall()
        return {
            name: connection.execute(
                f"select count(*), sum(hashtextextended(t::text, 0)) from {name} as t".encode()
            ).fetchall()[0]
            for (name,) in names
            if name != "ops.schema_files"
        }


@pytest.fixture(scope="module")
def backup(published: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the published warehouse, with a user, written by the command."""
    with published.connect_writer() as connection:
        if find_user(connection, "jane@example.com") is None:
            add_user(connection, "jane@example.com", "Jane Doe", "Long-enough-1")
    path = tmp_path_factory.mktemp("backup") / "small.backup"
    CommandLine(published).succeed("backup", str(path))
    return path


def test_a_warehouse_restored_to_another_home_is_equal(
    published: Warehouse, backup: Path, make_home: Callable[[], Path]
) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    home = make_home()
    refused = CommandLine(open_warehouse(Settings(sigmasight_home=home))).run("restore", str(backup))
    assert (refused.returncode, "set BACKUP_KEY there to the key" in refused.stderr) == (1, True)
    key = published.settings.backup_key_file.read_text()
    copy = open_warehouse(Settings(sigmasight_home=home, backup_key=SecretStr(key)))
    output = CommandLine(copy).succeed("restore", str(backup))
    assert f"1 publication up to {LAST_DATE}, 1 user" in output
    assert tables(copy) == tables(published)
    assert all_marts(copy) == all_marts(published)

    # readers have read access only
    with psycopg.connect(copy.api_url, autocommit=True) as api:
        count = b"select count(*) from marts.fct_position_values"
        assert api.execute(count).fetchone() == (0,)
        with api.transaction():
            claim(api, user_of(copy, "jane@example.com"))
            assert api.execute(count).fetchone() == (one(copy, count.decode()),)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("select * from ops.users")
    with psycopg.connect(copy.analyst_url, autocommit=True) as analyst:
        assert analyst.execute("select udf.bs_price('CALL', 100, 95, 0.25, 0.04, 0.01, 0.2)").fetchone()
        for forbidden in ("select * from raw.prices", "select pg_advisory_lock(7305002)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                analyst.execute(forbidden.encode())
    # writes and sequences continue
    with copy.connect_writer(autocommit=True) as connection:
        connection.execute("insert into ops.runs (kind, status) values ('nightly', 'failed')")
        assert one(copy, "select nextval('ops.publication_ids')") == one(
            published, "select last_value + 1 from ops.publication_ids"
        )


def test_restore_replaces_a_non_empty_warehouse_only_with_replace(copied: CommandLine, backup: Path) -> None:
    warehouse = copied.warehouse
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute("delete from raw.prices where symbol = 'TLT'")
        connection.execute("create table intermediate.of_a_later_version (x int)")
    before = tables(warehouse)
    done = copied.run("restore", str(backup))
    assert done.returncode == 1
    assert "This warehouse is not empty" in done.stderr
    assert "--replace" in done.stderr
    assert tables(warehouse) == before
    copied.succeed("restore", str(backup), "--replace")
    assert tables(warehouse)["raw.prices"] != before["raw.prices"]
    assert one(warehouse, "select to_regclass('intermediate.of_a_later_version')") is None


@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_broken_backup_changes_nothing(
    copied: CommandLine, backup: Path, tmp_path: Path, share: float
) -> None:
    # Silent failure prevented: a truncated file restores only the tables before the break, without an error
    content = backup.read_bytes()
    broken = tmp_path / "broken.backup"
    broken.write_bytes(content[: int(len(content) * share)])
    before = tables(copied.warehouse)
    with pytest.raises(BackupError, match=r"nothing was changed|not a readable backup"):
        restore_backup(copied.warehouse, broken, replace=True, trust=True)
    assert tables(copied.warehouse) == before


RESTORING = "select exists (select from pg_stat_activity where application_name like 'sigmasight restore%')"


def test_a_killed_restore_changes_nothing(copied: CommandLine, backup: Path) -> None:
    warehouse = copied.warehouse
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute("delete from raw.prices where symbol = 'TLT'")
    before = tables(warehouse)
    kill_at(
        copied, "lock table raw.prices in access share mode", "restore", str(backup), "--replace", "--trust"
    )
    wait_until(lambda: not one(warehouse, RESTORING), "the programs of the restore have ended")
    assert tables(warehouse) == before


def test_a_restore_whose_input_ends_early_commits_nothing(copied: CommandLine) -> None:
    # Silent failure prevented: the end of the input is also what a killed command leaves to psql
    url = copied.warehouse.writer_url
    subprocess.run([str(program("psql")), *PSQL, url], input=opening(["intermediate"]), check=True)
    assert one(copied.warehouse, "select to_regnamespace('intermediate')") is not None


@pytest.mark.parametrize("place", [0.01, 0.5, 0.999, -1])
def test_one_changed_byte_is_refused(
    published: Warehouse, backup: Path, tmp_path: Path, place: float
) -> None:
    content = bytearray(backup.read_bytes())
    content[place if place < 0 else int(len(content) * place)] ^= 1
    changed_file = tmp_path / "changed.backup"
    changed_file.write_bytes(content)
    with pytest.raises(BackupError, match=r"not signed with the key of this home .* add --trust"):
        restore_backup(published, changed_file, replace=True)


@contextmanager
def held(warehouse: Warehouse, table: str, work: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Begin the work, and run the body while it waits for this table."""
    waits = "select exists (select from pg_locks where relation = %s::regclass and not granted)"
    with ThreadPoolExecutor() as threads, warehouse.connect_writer() as holder:
        holder.execute(f"lock table {table} in access exclusive mode".encode())
        working = threads.submit(work)
        wait_until(lambda: one(warehouse, waits, [table]) or working.done(), f"a wait for {table}")
        yield working


def test_a_backup_that_is_changed_during_its_restore_changes_nothing(
    copied: CommandLine, backup: Path, tmp_path: Path
) -> None:
    # Silent failure prevented: SQL, or commands of psql, that were written into the file after its signature
    # was checked
    warehouse, path = copied.warehouse, tmp_path / "shared.backup"
    content = backup.read_bytes()
    path.write_bytes(content)
    before = tables(warehouse)
    restore = partial(restore_backup, warehouse, path, replace=True)
    with held(warehouse, "ops.layouts", restore) as restoring, path.open("r+b") as file:
        file.seek(len(content) // 2)
        file.write(bytes([content[len(content) // 2] ^ 1]))
    with pytest.raises(BackupError, match="changed while it was restored, and nothing was changed"):
        restoring.result()
    assert tables(warehouse) == before


def test_a_file_put_in_place_of_a_backup_is_not_signed(copied: CommandLine, tmp_path: Path) -> None:
    # Silent failure prevented: in a folder that others may write to, a file of theirs gets the signature of
    # this home, and is restored without --trust
    path, warehouse = tmp_path / "shared.backup", copied.warehouse
    with warehouse.connect_writer() as connection:  # which only pg_dump waits for
        connection.execute("create table ops.parts (part integer) partition by list (part)")
    with held(warehouse, "ops.parts", partial(write_backup, warehouse, path)) as writing:
        (draft,) = tmp_path.iterdir()
        draft.unlink()
        draft.write_bytes(b"anything")
    with pytest.raises(BackupError, match="replaced the backup while it was written"):
        writing.result()
    assert path.read_bytes() == b"anything"


PLANTED = """
create table ops.seen (who text);
insert into ops.seen values ('nobody');
create function ops.planted(text) returns boolean language plpgsql as $$
begin
    if (select rolsuper from pg_catalog.pg_roles where rolname = session_user) then
        raise exception 'planted code runs as the superuser %', session_user;
    end if;
    return true;
end $$;
alter table ops.seen add check (ops.planted(who));
"""


def test_a_planted_check_runs_without_superuser_and_a_weakened_filter_is_repaired(
    copied: CommandLine, tmp_path: Path
) -> None:
    # Silent failure prevented: code in a backup that becomes the administrator of the server
    warehouse, path = copied.warehouse, tmp_path / "planted.backup"
    definition = "select pg_get_functiondef('access.readable_portfolio_ids'::regproc)"
    sound = one(warehouse, definition)
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(PLANTED.encode())
        connection.execute(sound.replace("and users.is_active", "or true").encode())
    assert one(warehouse, definition) != sound
    write_backup(warehouse, path)
    restore_backup(warehouse, path, replace=True)
    assert one(warehouse, "select count(*) from ops.seen") == 1
    assert one(warehouse, definition) == sound


PLANTED_AFTERWARDS = """
create table ops.seen (who text, is_superuser boolean);
create function ops.planted() returns trigger language plpgsql as $$
begin
    perform set_config('role', 'none', true);
    insert into ops.seen select session_user, rolsuper from pg_catalog.pg_roles where rolname = session_user;
    return null;
end $$;
create trigger planted after insert on ops.schema_files for each statement execute function ops.planted();
-- the numbered SQL inserts into it where it is empty: the trigger runs all the same
create trigger planted after insert on ops.layouts for each statement execute function ops.planted();
create view ops.as_layouts as select layout, reached_at, ops.planted_read() from ops.layouts;
grant usage on schema raw to public, sigmasight_api;
grant select on raw.positions to public;
grant select on raw.positions to sigmasight_api with grant option;
grant select (email) on ops.users to sigmasight_chat;
grant execute on function access.code_of(text) to sigmasight_api;
grant usage on schema marts to sigmasight_auth;
grant select on marts.dim_portfolios to public, sigmasight_auth;
alter default privileges in schema raw grant select on tables to public;
alter default privileges grant select on tables to sigmasight_api;
"""
PLANTED_READ = """
create function ops.planted_read() returns boolean language plpgsql as $$
begin
    perform set_config('role', 'none', true);
    if (select rolsuper from pg_catalog.pg_roles where rolname = session_user) then
        raise exception 'planted code runs as the superuser %', session_user;
    end if;
    return true;
end $$;
"""
GRANTS = """
with granted as (
    select oid::regclass::text as name, coalesce(relacl, acldefault('r', relowner)) as acl
    from pg_class where relnamespace > 16383 and relkind in ('r', 'v', 'S')
    union all
    select attrelid::regclass || '.' || attname, attacl from pg_attribute where attacl is not null
    union all
    select oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
    from pg_proc where pronamespace > 16383
    union all
    select nspname, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace where oid > 16383
    union all
    select 'default ' || defaclnamespace::regnamespace || defaclobjtype::text, defaclacl from pg_default_acl
)

select name, grantee::regrole::text, privilege_type
from granted, aclexplode(acl)
where grantee <> 'sigmasight_writer'::regrole
"""


def grants(warehouse: Warehouse) -> set[tuple[str, ...]]:
    """Every grant in the database but those to the owner: what it is on, to whom, and which."""
    with warehouse.connect_writer() as connection:
        return {tuple(row) for row in connection.execute(GRANTS.encode()).fetchall()}


def test_what_a_trusted_file_plants_never_runs_as_the_administrator(
    copied: CommandLine, tmp_path: Path
) -> None:
    # Silent failure prevented: triggers and views of a backup that run as the superuser when the numbered SQL
    # is laid down, and grants that show readers the raw data of everybody
    warehouse, path = copied.warehouse, tmp_path / "planted.backup"
    before = grants(warehouse)
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute((PLANTED_READ + PLANTED_AFTERWARDS).encode())
    assert len(grants(warehouse) - before) >= 8
    write_backup(warehouse, path)
    path.write_bytes(path.read_bytes()[:-1])  # without its signature
    restore_backup(warehouse, path, replace=True, trust=True)
    assert one(warehouse, "select array_agg(distinct who) from ops.seen") == ["sigmasight_writer"]
    assert one(warehouse, "select count(*) from ops.as_layouts") == 1
    assert grants(warehouse) == before
    write_backup(warehouse, path, overwrite=True)
    for statement in ("select * from raw.positions", "select email from ops.users"):
        with (
            psycopg.connect(warehouse.api_url) as api,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            api.execute(statement.encode())


@pytest.mark.long
def test_a_weakened_view_of_a_trusted_file_is_repaired(copied: CommandLine, tmp_path: Path) -> None:
    # Silent failure prevented: a backup whose views show every portfolio to everybody
    warehouse, path = copied.warehouse, tmp_path / "weak.backup"
    definition = "select pg_get_viewdef('marts.dim_portfolios'::regclass)"
    sound = one(warehouse, definition)
    with warehouse.connect_writer(autocommit=True) as connection:
        weak = f"select * from ({sound.rstrip().rstrip(';')}) as filtered where true"
        connection.execute(f"create or replace view marts.dim_portfolios as {weak}".encode())
    assert one(warehouse, definition) != sound
    write_backup(warehouse, path)
    path.write_bytes(path.read_bytes()[:-1])  # without its signature
    copied.succeed("restore", str(path), "--replace", "--trust")
    assert one(warehouse, definition) == sound


def test_a_file_that_is_not_a_backup_is_refused(published: Warehouse, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no backup")
    with pytest.raises(BackupError, match="not a readable backup of a warehouse"):
        restore_backup(published, text, replace=True, trust=True)
    with pytest.raises(BackupError, match="There is no file"):
        restore_backup(published, tmp_path / "nothing", replace=True)


def test_a_backup_replaces_a_file_only_with_overwrite(published: Warehouse, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(BackupError, match="exists: name another file, or add --overwrite"):
        write_backup(published, backup)
    assert backup.read_bytes() == before


def test_a_backup_removes_what_a_killed_one_left(published: Warehouse, tmp_path: Path) -> None:
    left, written, other = (tmp_path / f".w.dump.{name}.part" for name in ("7", "8", "9"))
    left.write_bytes(b"half a backup, with password hashes")
    other.symlink_to(left)
    with written.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_backup(published, tmp_path / "w.dump")
        assert {path.name for path in tmp_path.iterdir()} == {"w.dump", written.name, other.name}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_nobody_knows_the_name_of_a_draft(published: Warehouse, tmp_path: Path) -> None:
    # of each number that a process may have, somebody could have made a file
    planted = tmp_path / f".w.dump.{os.getpid()}.part"
    planted.touch()
    os.chown(planted, 12_345, -1)
    write_backup(published, tmp_path / "w.dump")
    assert {path.name for path in tmp_path.iterdir()} == {"w.dump", planted.name}


def test_a_program_that_is_killed_is_named(published: Warehouse, tmp_path: Path) -> None:
    # pg_dump itself is killed when its file gets too large, with no word on its standard error
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(
            BackupError, match=r"^The backup failed: pg_dump was ended by SIGXFSZ, such as for"
        ):
            write_backup(published, tmp_path / "w.dump")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_backup_leaves_no_file(published: Warehouse, tmp_path: Path) -> None:
    database = published.settings.warehouse_database
    gone = replace(published, writer_url=published.writer_url.replace(f"/{database}?", "/nowhere?"))
    with pytest.raises(Exception, match="nowhere"):
        write_backup(gone, tmp_path / "x.backup")
    assert list(tmp_path.iterdir()) == []


def test_a_restore_is_refused_during_a_build(published: Warehouse, backup: Path) -> None:
    with build_lock(published, "nightly"), pytest.raises(BuildLockedError, match="Another build is running"):
        restore_backup(published, backup, replace=True)


# --- cleanup ------------------------------------------------------------------------------------------------


def test_cleanup_removes_old_records_and_no_data(copied: CommandLine) -> None:
    warehouse = copied.warehouse
    with warehouse.connect_writer(autocommit=True) as connection:
        for days in (10, 400):
            at = datetime.now(UTC) - timedelta(days=days)
            connection.execute(
                "insert into ops.loads (source, dataset, started_at, finished_at, status, error) "
                "values ('test', 'prices', %s, %s, 'failed', 'x')",
                [at, at],
            )
        connection.execute(
            "insert into ops.rejected_rows (load_id, reason) "
            "select load_id, 'no_close' from ops.loads where status = 'failed' or dataset = 'prices'"
        )
    marts = all_marts(warehouse)
    assert "1 records of failed loads" in copied.succeed("cleanup", "--dry-run")
    assert one(warehouse, "select count(*) from ops.loads where status = 'failed'") == 2
    copied.succeed("cleanup")
    assert one(warehouse, "select count(*) from ops.loads where status = 'failed'") == 1
    assert one(warehouse, "select count(*) from ops.rejected_rows") == 2
    assert all_marts(warehouse) == marts
    assert "0 records of failed loads" in copied.succeed("cleanup")
