"""The nightly flow end to end: first build, nothing new, new data, a failure, a second run, a restart."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from flows.dbt.manifest_cache import read_parsed_project
from ingestion.files.folder import load_folder
from tests.database_copies import copy_of, drop
from tests.flows.flow_helpers import (
    ENTRY_DATE,
    FIRST_DATE,
    LAST_DATE,
    LATE_DATE,
    NEW_DATE,
    CommandLine,
    all_marts,
    last_run,
    news,
    one,
    stopped_at,
    wait_until,
)
from warehouse.connections import Warehouse
from warehouse.embedded import start_embedded, stop_embedded

pytestmark = pytest.mark.slow

LOCK = "lock table published.fct_prices in access exclusive mode"


def test_first_run_publishes_all_of_history(published: Warehouse) -> None:
    assert one(published, "select status from ops.runs order by run_id limit 1") == "succeeded"
    assert one(published, "select min(as_of_date) from ops.publication_dates") == FIRST_DATE
    assert one(published, "select max(as_of_date) from marts.fct_portfolio_snapshots") == LAST_DATE
    assert one(published, "select min(as_of_date) from marts.fct_portfolio_snapshots") == ENTRY_DATE
    assert one(published, "select tests_passed from ops.publications") > 10
    assert one(published, "select dbt_invocation_id from ops.publications")


class News(NamedTuple):
    """A run that loaded and built new data from files, and its output. Read-only for tests.

    While it built, a second run and `sigmasight status` were tried.
    """

    command: CommandLine
    output: str
    process_id: int
    second: subprocess.CompletedProcess[str]
    status: str


@pytest.fixture(scope="module")
def built_news(published: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[News]:
    copy = copy_of(published, "built_news")
    command = CommandLine(copy)
    folder = news(tmp_path_factory.mktemp("news") / "prices")
    options = ("nightly", "--force", "--source", "files", "--prices", str(folder))
    with stopped_at(command, LOCK, *options) as first:
        second = command.run("nightly", "--force")
        status = command.succeed("status")
    assert first.process.returncode == 0, first.output
    yield News(command, first.output, first.process.pid, second, status)
    drop(copy)


def test_a_second_run_stops_and_names_the_first(built_news: News) -> None:
    second = built_news.second
    assert second.returncode == 1
    names = rf"Another build is running \(sigmasight nightly pid {built_news.process_id} on \S+, since"
    assert re.search(names, second.stderr)
    assert re.search(r"run +nightly run \d+ building, \d+ %", built_news.status)
    assert one(built_news.command.warehouse, "select count(*) from ops.publications") == 2


def test_each_node_is_recorded_with_its_time(built_news: News) -> None:
    warehouse = built_news.command.warehouse
    of_the_run = "from ops.run_nodes join ops.runs using (run_id) where runs.publication_id = 2"
    assert one(warehouse, f"select count(*) {of_the_run} and run_nodes.kind = 'test'") > 10
    assert one(warehouse, f"select count(*) {of_the_run} and run_nodes.kind = 'exposure'") == 0
    fct_prices = f"{of_the_run} and name = 'fct_prices' and run_nodes.kind = 'model'"
    assert one(warehouse, f"select run_nodes.status {fct_prices}") == "success"
    assert one(warehouse, f"select seconds {fct_prices}") > 0
    assert one(warehouse, f"select rows {fct_prices}") > 0
    assert one(warehouse, f"select count(*) {of_the_run} and node_id = 'model.sigmasight.fct_prices'") == 1


def test_prefect_is_not_used_without_a_named_server(built_news: News) -> None:
    folder = built_news.command.warehouse.settings.warehouse_folder
    assert not (folder / "prefect").exists()
    assert not (folder / "logs" / "prefect.log").exists()


# Packages that a nightly run without new data does not need.
HEAVY = ("prefect", "dbt", "pandas", "numpy", "pyarrow", "scipy", "exchange_calendars", "yfinance", "httpx")

WHAT_IS_IMPORTED = f"""
import sys
from flows.cli.app import app
app(["nightly", "--force"], standalone_mode=False)
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_a_run_with_nothing_new_imports_nothing_heavy(command: CommandLine) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IS_IMPORTED],
        env=command.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_a_run_with_nothing_new_publishes_nothing(published: Warehouse, command: CommandLine) -> None:
    before = all_marts(published)
    output = command.succeed("nightly", "--force")
    assert "nothing has changed since the last publication" in output
    assert last_run(published)["status"] == "nothing_new"
    assert one(published, "select count(*) from ops.publications") == 1
    assert all_marts(published) == before


def test_a_run_without_any_vendor_builds_from_stored_data(
    copied: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = copied.warehouse
    before = all_marts(warehouse)
    unreachable = "http://127.0.0.1:1"  # a port on which nothing listens
    for name, value in {"YAHOO_URL": unreachable, "VENDOR_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    done = copied.run("nightly", "--force", "--source", "vendors")
    assert done.returncode == 3, done.stderr
    said = " ".join(done.stderr.split())
    assert "The source `vendors` gave nothing: Yahoo gave no prices" in said
    assert "fmp was not asked for prices and profiles: set FMP_API_KEY to ask it." in said + done.stdout
    assert last_run(warehouse)["status"] == "nothing_new"
    assert "Yahoo gave no prices" in last_run(warehouse)["error"]
    assert all_marts(warehouse) == before
    copied.succeed("nightly", "--force", "--source", "vendors", "--allow-no-data")
    failed = "select count(*) from ops.loads where status = 'failed' and dataset = 'prices'"
    assert one(warehouse, failed) == 2


def test_new_data_are_built_from_the_first_date_they_touch(built_news: News) -> None:
    warehouse = built_news.command.warehouse
    assert "loaded     prices (files): 5 rows read, 5 new" in built_news.output
    assert f"{LATE_DATE} to {NEW_DATE}: 1 load changes numbers from {LATE_DATE} on" in built_news.output
    run = last_run(warehouse)
    assert (run["status"], run["from_date"], run["as_of_date"]) == ("succeeded", LATE_DATE, NEW_DATE)
    assert [step["step"] for step in run["steps"]] == ["load", "build", "publish"]
    assert one(warehouse, "select max(as_of_date) from marts.fct_portfolio_snapshots") == NEW_DATE
    superseded = "select min(as_of_date) from ops.publication_dates where superseded_at is not null"
    assert one(warehouse, superseded) == LATE_DATE
    assert one(warehouse, "select count(*) from marts.fct_restatements where column_name = 'close'") == 1


def test_every_change_is_counted_and_those_from_the_thresholds_on_are_listed(built_news: News) -> None:
    warehouse = built_news.command.warehouse
    differences = """select count(*)
        from marts.fct_restatement_summary as summary
        full join (
            select publication_id, mart, column_name, cause, min(as_of_date) as first_date, count(*) as listed
            from marts.fct_restatements group by 1, 2, 3, 4
        ) as found using (publication_id, mart, column_name, cause)
        where coalesce(summary.rows_listed, -1) <> coalesce(found.listed, 0)
            or summary.from_date > found.first_date"""
    assert one(warehouse, differences) == 0
    listed = """select min(abs(new_value::numeric - old_value::numeric)) from marts.fct_restatements
        where mart = 'fct_position_values' and column_name in ('market_value', 'cumulative_pnl')"""
    assert one(warehouse, listed) >= 1
    counted = "select sum(rows) - sum(rows_listed) from marts.fct_restatement_summary"
    assert one(warehouse, counted) > 0
    equity = """select max(largest_change) - max(abs(new_value::numeric - old_value::numeric))
        from marts.fct_restatement_summary join marts.fct_restatements using (mart, column_name)
        where mart = 'fct_portfolio_snapshots' and column_name = 'equity'"""
    assert one(warehouse, equity) == pytest.approx(0, abs=1e-9)


def test_views_are_rebuilt_only_if_the_project_changes_or_one_is_missing(
    published: Warehouse, built_news: News
) -> None:
    # the view's definition; a grant changes its row of pg_class
    made_by = "select xmin::text from pg_rewrite where ev_class = 'marts.fct_prices'::regclass"
    assert one(built_news.command.warehouse, made_by) == one(published, made_by)
    project = read_parsed_project(published)
    with published.connect_writer() as connection:
        assert project.is_built_in(connection)
        assert not replace(project, mark="another").is_built_in(connection)
        assert not replace(project, manifest=None).is_built_in(connection)
        connection.execute("drop view staging.stg_raw__prices cascade")
        assert not project.is_built_in(connection)
        connection.rollback()
        connection.execute("drop function udf.bs_rho")
        assert not project.is_built_in(connection)
        connection.rollback()


def test_a_failing_build_publishes_nothing_and_is_reported(nightly_copy: CommandLine) -> None:
    warehouse = nightly_copy.warehouse
    before = all_marts(warehouse)
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(
            "alter table published.fct_prices add constraint broken check (close < 0) not valid"
        )
    done = nightly_copy.run("nightly", "--force")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "The build failed at 1 node, and nothing was published" in done.stderr
    assert re.search("The model fct_prices failed: .*broken", done.stderr)
    assert last_run(warehouse)["status"] == "failed"
    assert "fct_prices" in last_run(warehouse)["error"]
    assert "fct_prices" in (warehouse.settings.warehouse_folder / "logs" / "dbt.log").read_text()
    broken = "select message from ops.run_nodes where status = 'error' and name = 'fct_prices'"
    assert "broken" in one(warehouse, broken)
    assert all_marts(warehouse) == before


@pytest.mark.long
def test_ctrl_c_stops_a_build_at_once(nightly_copy: CommandLine) -> None:
    with stopped_at(nightly_copy, LOCK, "nightly", "--force") as stopped:
        process = stopped.process
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err.strip()) == (130, "Stopped.")
    assert last_run(nightly_copy.warehouse)["status"] == "failed"
    assert one(nightly_copy.warehouse, "select count(*) from ops.publications") == 1


@pytest.mark.long
def test_a_run_survives_a_restart_of_the_database(
    nightly_copy: CommandLine, move_to_own_server: Callable[[Warehouse], Warehouse]
) -> None:
    """A restart breaks all connections, including the build lock: the build is planned again."""
    alone = CommandLine(move_to_own_server(nightly_copy.warehouse))
    warehouse = alone.warehouse
    folder = warehouse.settings.warehouse_folder
    process = alone.start("nightly", "--force")
    is_building = "select exists (select from ops.runs where status = 'running' and percent > 30)"
    wait_until(lambda: one(warehouse, is_building), "the build is in progress")
    stop_embedded(folder)
    start_embedded(folder)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    assert out.count("planned") == 2
    assert last_run(warehouse)["status"] == "succeeded"
    assert one(warehouse, "select max(as_of_date) from marts.fct_portfolio_snapshots") == NEW_DATE


@pytest.mark.long
def test_a_past_report_is_rebuilt_row_by_row(published: Warehouse, built_news: News, tmp_path: Path) -> None:
    then = one(published, "select max(published_at) from ops.publications").isoformat()
    warehouse = copy_of(built_news.command.warehouse, "corrected")
    corrected = CommandLine(warehouse)
    with warehouse.connect_writer() as connection:
        folder = news(tmp_path / "more")
        (folder / "prices.csv").write_text(f"date,symbol,close\n{ENTRY_DATE},AAPL,222\n")
        load_folder(connection, folder)
    corrected.succeed("nightly", "--force")
    options = ("--known-at", then, "--schema", "audit", "--compare")
    output = corrected.succeed("rebuild", "--as-of", str(LAST_DATE), *options)
    assert re.search(r"fct_position_values +│ +(\d+) │ +\1 │ +\1 │ +0 │ +0", output)
    assert re.search(r"dim_positions +│ +5 │ +5 │ +5 │ +0 │ +0", output)
    assert one(warehouse, "select max(as_of_date) from audit.fct_prices") == LAST_DATE
    drop(warehouse)


@pytest.mark.long
def test_verify_runs_all_tests_over_history(published: Warehouse, command: CommandLine) -> None:
    assert re.search(r"verified +\d+ tests passed over all of history", command.succeed("verify"))
    assert one(published, "select count(*) from ops.publications") == 1
