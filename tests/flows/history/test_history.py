"""Marts as Parquet files and back: types, months, restatements, kills, folders of others. On small marts."""

import builtins
import csv
import errno
import io
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cli.app import app as _app  # noqa: F401 - loads the commands once
from flows.errors import HistoryError
from flows.history.export import export_history
from flows.history.folder import MANIFEST, differences, opened_for_export, read_manifest
from flows.history.query import answer
from tests.flows.flow_helpers import wait_until
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse
from warehouse.errors import ForeignFolderError

SIGMASIGHT = Path(sys.executable).with_name("sigmasight")

MARTS = """
create schema marts;
create schema published;
create table published.positions (
    portfolio_id uuid, as_of_date date, name text, money numeric(38,2), quantity numeric,
    share double precision, is_flagged boolean, tags text[], periods integer[],
    seen_at timestamptz, "order" bigint
);
create table published.sessions (as_of_date date, sessions integer);
create table published.publications (
    publication_id bigint, from_date date, to_date date, published_at timestamptz
);
create function published.has_waited() returns boolean language sql volatile security definer
as 'select pg_advisory_xact_lock_shared(20250201) is not null';
grant execute on function published.has_waited() to sigmasight_analyst;
create view marts.fct_values as select * from published.positions where published.has_waited();
create view marts.fct_sessions as select * from published.sessions;
create view marts.fct_prices as
select as_of_date, (select max(publication_id) from published.publications) as newest from published.sessions;
create view marts.fct_publications as select * from published.publications;
create view marts.dim_dates as select as_of_date from published.sessions;
grant usage on schema marts to sigmasight_analyst;
grant select on all tables in schema marts to sigmasight_analyst;
insert into published.positions values
('9d2f1a5e-0000-4000-8000-000000000001', '2025-01-31', 'it''s é', 12345678901234567890.12, 0.123456789012,
    'NaN', true, '{a,NULL,"b,c"}', '{1,2}', '2025-01-31 21:00:00.123456+00', 1),
('9d2f1a5e-0000-4000-8000-000000000002', '2025-02-03', '', -0.01, 7.50000000000000000000,
    0.1, false, '{}', null, null, null),
(null, '2025-02-28', null, null, null, null, null, null, null, null, null);
insert into published.sessions values ('2025-01-31', 1), ('2025-02-03', 2), ('2025-02-28', 3);
insert into published.publications values
(1, '2025-01-31', '2025-02-03', '2025-02-04 00:00+00'),
(2, '2025-02-28', '2025-02-28', '2025-03-01 00:00+00');
"""
DROP = "drop schema if exists marts cascade; drop schema if exists published cascade"
FILES = {
    f"{mart}/2025-0{month}.parquet"
    for mart in ("fct_values", "fct_sessions", "fct_prices")
    for month in (1, 2)
}


@pytest.fixture
def small(module_warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse whose dated marts are three, with two months."""
    with module_warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(DROP)
        connection.execute(MARTS)
    yield module_warehouse
    with module_warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(DROP)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "history"


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    pytest.importorskip("duckdb")
    return answer(folder, read_manifest(folder), query)[1]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.glob("*/*")}


def change(warehouse: Warehouse, statement: str) -> None:
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(statement.encode())


def test_every_type_comes_back_as_it_was(small: Warehouse, folder: Path) -> None:
    export_history(small, folder)
    assert ask(folder, "select * from fct_values order by as_of_date") == [
        (
            *("9d2f1a5e-0000-4000-8000-000000000001", date(2025, 1, 31), "it's é"),
            *(
                Decimal("12345678901234567890.12"),
                Decimal("0.123456789012"),
                pytest.approx(float("nan"), nan_ok=True),
            ),
            *(True, ["a", None, "b,c"], [1, 2], datetime(2025, 1, 31, 21, 0, 0, 123456, UTC), 1),
        ),
        (
            *("9d2f1a5e-0000-4000-8000-000000000002", date(2025, 2, 3), "", Decimal("-0.01"), Decimal("7.5")),
            *(0.1, False, [], None, None, None),
        ),
        (None, date(2025, 2, 28), *[None] * 9),
    ]
    columns = {
        column.name: (column.type, column.parquet) for column in read_manifest(folder)["fct_values"].columns
    }
    assert columns["money"] == ("numeric(38,2)", "decimal128(38, 2)")
    assert columns["quantity"] == ("numeric", "decimal128(38, 12)")
    assert columns["seen_at"] == ("timestamp with time zone", "timestamp[us, tz=UTC]")
    stored = pq.read_schema(folder / "fct_values" / "2025-02.parquet")
    assert {field.name: str(field.type) for field in stored} == {
        name: kinds[1] for name, kinds in columns.items()
    }


def test_files_are_of_dated_marts_and_private(small: Warehouse, folder: Path) -> None:
    done = export_history(small, folder)
    assert files(folder) == FILES
    assert (done.files, done.marts, done.months, done.unchanged, done.rows) == (6, 3, 2, 0, 9)
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    month = read_manifest(folder)["fct_values"].months["2025-02"]
    assert (month.rows, month.publication) == (2, 2)
    assert list(differences(folder, read_manifest(folder))) == []


@pytest.mark.parametrize(
    ("value", "what"),
    [("0.1234567890123", "data loss"), ("'NaN'", "NaN"), ("1e30", "data loss")],
)
def test_a_number_that_would_be_rounded_stops_the_export(
    small: Warehouse, folder: Path, value: str, what: str
) -> None:
    change(small, f"update published.positions set quantity = {value} where as_of_date = '2025-02-28'")
    with pytest.raises(HistoryError, match=rf"fct_values\.quantity .* without rounding .*{what}"):
        export_history(small, folder)
    assert files(folder) & FILES == {name for name in FILES if "2025-01" in name}


def test_a_type_that_no_file_holds_is_named(small: Warehouse, folder: Path) -> None:
    change(
        small,
        "create view marts.fct_points as select as_of_date, point(1, 2) as place from published.sessions",
    )
    with pytest.raises(HistoryError, match=r"fct_points\.place has the type point"):
        export_history(small, folder)


def test_only_restated_months_are_written_again(small: Warehouse, folder: Path) -> None:
    export_history(small, folder)
    again = export_history(small, folder)
    assert (again.files, again.unchanged) == (0, 6)
    change(small, "update published.sessions set sessions = 10 where as_of_date = '2025-01-31'")
    change(
        small,
        "insert into published.publications values (3, '2025-01-31', '2025-01-31', '2025-03-02 00:00+00')",
    )
    restated = export_history(small, folder)
    assert restated.files == 4  # the prices of February too: their adjusted closes follow the newest close
    assert ask(folder, "select sessions from fct_sessions order by as_of_date") == [(10,), (2,), (3,)]
    assert ask(folder, "select distinct newest from fct_prices") == [(3,)]
    assert read_manifest(folder)["fct_values"].months["2025-02"].publication == 2


def test_the_marts_of_another_version_are_written_again(small: Warehouse, folder: Path) -> None:
    export_history(small, folder, marts=["fct_sessions"])
    change(
        small,
        "create or replace view marts.fct_sessions as"
        " select as_of_date, sessions, sessions + 1 as more from published.sessions",
    )
    # months that are held are kept current, also those that --before leaves out
    assert export_history(small, folder, before=date(2025, 1, 1), marts=["fct_sessions"]).files == 2
    assert ask(folder, "select sum(more) from fct_sessions") == [(9,)]


def test_another_warehouse_with_the_same_numbers_is_noticed(small: Warehouse, folder: Path) -> None:
    export_history(small, folder)
    change(small, "update published.publications set published_at = published_at + interval '1 hour'")
    assert export_history(small, folder).files == 6


def test_before_and_mart_narrow_the_export(small: Warehouse, folder: Path) -> None:
    export_history(small, folder, before=date(2025, 2, 1), marts=["fct_values"])
    assert files(folder) == {"fct_values/2025-01.parquet"}
    with pytest.raises(HistoryError, match="dim_dates is no dated mart"):
        export_history(small, folder, marts=["dim_dates"])


def test_a_killed_export_leaves_no_half_month(small: Warehouse, folder: Path) -> None:
    export_history(small, folder, before=date(2025, 2, 1))
    command = [SIGMASIGHT, "history", "export", str(folder)]
    environment = {**os.environ, **small.settings.as_environment()}
    draft = folder / "fct_values" / "2025-02.parquet.part"
    with small.connect_writer() as holding:
        holding.execute("select pg_advisory_xact_lock(20250201)")  # fct_values, the last one, waits
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as running:
            try:
                wait_until((folder / "fct_sessions" / "2025-02.parquet.part").exists, "a draft of February")
            finally:
                running.send_signal(signal.SIGKILL)
    assert not draft.with_suffix("").exists()
    held = {name for name in files(folder) if name.endswith(".parquet")}
    assert held == {name for name in FILES if "2025-01" in name}
    assert list(differences(folder, read_manifest(folder))) == []
    assert ask(folder, "select count(*) from fct_sessions") == [(1,)]
    assert export_history(small, folder).files == 3
    assert files(folder) == FILES


def test_a_full_disk_is_a_sentence_that_names_the_folder(folder: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (
        pytest.raises(HistoryError, match=rf"written to {folder} \(No space left on device\)"),
        opened_for_export(folder),
    ):
        raise full
    with opened_for_export(folder) as manifest:  # the lock is given back
        assert manifest == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_another_user_planted_is_refused(tmp_path: Path) -> None:
    planted = tmp_path / "history"
    planted.mkdir()
    os.mkfifo(planted / "manifest.json")  # whoever reads it waits without end
    os.chown(planted, 12_345, -1)
    with pytest.raises(ForeignFolderError), opened_for_export(planted):
        pass
    assert [path.name for path in planted.iterdir()] == ["manifest.json"]


def test_a_folder_of_others_is_left_alone(small: Warehouse, folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(HistoryError, match="is not empty and holds no exported history"):
        export_history(small, folder)
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"format": 9, "marts": {}}',
        '{"format": 1, "marts": {"../x": {"columns": [], "months": {}}}}',
    ],
)
def test_an_unreadable_manifest_is_a_sentence(small: Warehouse, folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / MANIFEST).write_text(text)
    for arguments in (["export", str(folder)], ["query", str(folder), "select 1"]):
        done = invoke(["history", *arguments], small.settings.as_environment())
        assert done.returncode == 1
        assert MANIFEST in done.stderr
        assert "Traceback" not in done.stderr
    assert (folder / MANIFEST).read_text() == text


def test_verify_names_every_file_that_differs(small: Warehouse, folder: Path) -> None:
    export_history(small, folder)
    changed, gone, foreign = (folder / "fct_values" / f"2025-0{n}.parquet" for n in (1, 2, 3))
    foreign.write_bytes(gone.read_bytes())
    gone.unlink()
    content = bytearray(changed.read_bytes())
    content[100] ^= 1
    changed.write_bytes(content)
    done = invoke(["history", "query", str(folder), "--verify"], small.settings.as_environment())
    assert done.returncode == 1
    for sentence in (f"{changed} is not the file", f"{gone} is missing", f"{foreign} is not in the manifest"):
        assert sentence in done.stderr
    with pytest.raises(HistoryError, match="--verify"):
        ask(folder, "select 1")


def test_the_commands(small: Warehouse, folder: Path) -> None:
    pytest.importorskip("duckdb")
    environment = small.settings.as_environment()
    exported = invoke(["history", "export", str(folder)], environment)
    assert "6 files written with 9 rows" in " ".join(exported.stdout.split())
    query = "select name, money from fct_values where money < 0"
    shown = invoke(["history", "query", str(folder), query, "--verify", "--csv"], environment)
    assert list(csv.reader(io.StringIO(shown.stdout))) == [["name", "money"], ["", "-0.01"]]
    assert "6 files with 9 rows: as the manifest says." in shown.stderr
    assert "(1 row)" in invoke(["history", "query", str(folder), query], environment).stdout
    wrong = invoke(["history", "query", str(folder), "select x from fct_values"], environment)
    assert wrong.returncode == 1
    assert "DuckDB: Binder Error" in wrong.stderr
    assert json.loads((folder / MANIFEST).read_text())["format"] == 1


def test_a_query_reads_the_exported_files_and_nothing_else(
    small: Warehouse, folder: Path, tmp_path: Path
) -> None:
    export_history(small, folder)
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n")
    for query in (
        f"from read_csv('{other}')",
        f"copy (select 1) to '{tmp_path / 'new.csv'}'",
        "install postgres",
    ):
        with pytest.raises(HistoryError, match="DuckDB"):
            ask(folder, query)
    assert not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize("verb", ["", "select 1; ", "explain analyze ", "prepare p as "])
def test_a_query_leaves_the_exported_files_as_they_are(small: Warehouse, folder: Path, verb: str) -> None:
    # Silent failure prevented: DuckDB may write where it may read, and old months are lost
    export_history(small, folder)
    (file, *_) = sorted(folder.glob("fct_sessions/*.parquet"))
    before = file.read_bytes()
    copy = f"{verb}copy (select 1) to '{file}' (format parquet, use_tmp_file false)"
    with pytest.raises(HistoryError, match="Only queries are answered"):
        ask(folder, copy)
    assert file.read_bytes() == before


def test_what_memory_does_not_hold_is_written_to_a_folder_of_its_own(
    small: Warehouse, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Silent failure prevented: rows of all portfolios, readable by everybody, in the working directory
    duckdb = pytest.importorskip("duckdb")
    connect = duckdb.connect

    def with_little_memory(name: str) -> Any:
        connection = connect(name)
        connection.execute("set memory_limit = '30MB'; set threads = 1")
        return connection

    monkeypatch.setattr(duckdb, "connect", with_little_memory)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    export_history(small, folder)
    (tmp_path / ".tmp").write_text("in the way of others")
    monkeypatch.chdir(tmp_path)
    numbered = "select row_number() over (order by md5(range::text)) as place from range(2000000)"
    assert ask(folder, f"select max(place) from ({numbered})") == [(2_000_000,)]
    ((written,),) = ask(folder, "select current_setting('temp_directory')")
    assert Path(written).parent == tmp_path
    assert {path.name for path in tmp_path.iterdir()} == {".tmp", folder.name}


def test_without_duckdb_the_command_says_what_to_install(
    small: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_history(small, folder)
    found = builtins.__import__

    def without_duckdb(name: str, *rest: Any, **more: Any) -> Any:
        if name == "duckdb":
            raise ImportError(name)
        return found(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_duckdb)
    done = invoke(["history", "query", str(folder), "select 1"], small.settings.as_environment())
    assert done.returncode == 1
    assert "pip install 'sigmasight[history]'" in done.stderr
