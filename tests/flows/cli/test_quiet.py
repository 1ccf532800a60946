"""Commands and the server say nothing that an operator need not know."""

import subprocess

import psycopg
import pytest

from flows.maintenance.backup import DumpProgress
from tests.flows.flow_helpers import CommandLine
from warehouse.connections import Warehouse


def test_the_server_logs_errors_but_no_warnings_of_statements(empty_warehouse: Warehouse) -> None:
    log = empty_warehouse.settings.warehouse_folder / "pgdata" / "log"
    start = log.stat().st_size
    with empty_warehouse.connect_writer(autocommit=True) as connection:
        connection.execute("rollback")  # dbt ends some transactions twice
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("table no_such_table")
    # the other process of the run writes to the same log
    own = f"@{empty_warehouse.settings.warehouse_database} "
    written = [line for line in log.read_bytes()[start:].decode().splitlines() if own in line]
    assert any("no_such_table" in line for line in written)
    assert not any("WARNING:" in line for line in written)


@pytest.mark.long
def test_dbt_starts_without_a_warning(empty_warehouse: Warehouse) -> None:
    done: subprocess.CompletedProcess[str] = CommandLine(empty_warehouse).run("dbt", "--version")
    assert done.returncode == 0
    assert "Warning" not in done.stderr


def test_a_backup_shows_the_share_of_the_tables_that_is_written() -> None:
    progress = DumpProgress({"raw.prices": 300, "published.fct_prices": 100})
    lines = [
        "pg_dump: last built-in OID is 16383",
        'pg_dump: dumping contents of table "raw.prices"',
        'pg_dump: dumping contents of table "published.fct_prices"',
    ]
    assert [progress.read(line) for line in lines] == [False, True, True]
    assert progress.text(2_000_000) == "writing published.fct_prices: 75%, 2 MB so far"
