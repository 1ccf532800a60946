"""A newer version over an older warehouse: commands and API say what to run, and the upgrade keeps all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from flows.summaries.status import read_status
from flows.summaries.status_check import Level, check_status
from flows.summaries.status_lines import status_lines
from tests.api.api_helpers import assert_problem, log_in
from tests.database_copies import drop
from tests.flows.flow_helpers import CommandLine, all_marts, last_run, one
from warehouse.code_version import CodeVersion, VersionState, project_mark, this_version
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # builds of its own, half a minute and more

LAYOUTS = Path(__file__).parent / "older_layouts"
EMAIL, PASSWORD = "jane@example.com", "Correct horse battery staple 1"
COMMAND = "`sigmasight upgrade`"


@contextmanager
def api_of(warehouse: Warehouse) -> Iterator[TestClient]:
    with TestClient(create_app(warehouse.settings), raise_server_exceptions=False) as client:
        yield client


# --- what the states say ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "command", "words"),
    [
        ((12, True, True), None, None),
        ((9, True, True), "sigmasight upgrade", "layout 9, now 12"),
        ((12, True, False), "sigmasight upgrade", "The models changed"),
        ((12, False, False), None, None),
        ((13, True, True), None, "newer version (layout 13, this version knows 12): install"),
    ],
)
def test_a_state_names_what_differs_and_one_command(
    row: tuple[int, bool, bool], command: str | None, words: str | None
) -> None:
    state: VersionState = CodeVersion(12, "mark").compare(*row)
    assert state.command == command
    assert (state.sentence is None) == state.is_current == (words is None)
    assert words is None or words in str(state.sentence)


def test_the_mark_depends_on_the_files_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Silent failure prevented: an API in another folder than the builds would find other models."""
    for place in ("here", "there"):
        model = tmp_path / place / "dbt_project" / "models" / "fct_x.sql"
        model.parent.mkdir(parents=True)
        model.write_text("select 1")
    marks = []
    for place in ("here", "there"):
        monkeypatch.setattr("warehouse.code_version.project_root", lambda place=place: tmp_path / place)
        marks.append(project_mark())
    assert marks[0] == marks[1]
    model.write_text("select 2")
    assert project_mark() != marks[0]


# --- changed models, the same layout ------------------------------------------------------------------------


def change_models(warehouse: Warehouse) -> None:
    """Make the marts those of other models: one is missing, one has an older column."""
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute("update ops.built_projects set mark = 'of an older version'")
        connection.execute("drop view marts.fct_capital_flows")


def test_changed_models_are_reported_and_a_night_without_news_updates_them(copied: CommandLine) -> None:
    warehouse = copied.warehouse
    before = all_marts(warehouse)
    change_models(warehouse)
    status = read_status(warehouse)
    assert (status.code.models_changed, status.code.command) == (True, "sigmasight upgrade")
    (line,) = [text for label, text in status_lines(status) if label == "code"]
    assert "The models changed" in line
    assert COMMAND in line
    shown = copied.run("show")
    assert (shown.returncode, "warning: The models changed" in shown.stderr) == (0, True)
    output = copied.succeed("nightly", "--force")
    assert "nothing" not in output
    assert "the models changed" in output
    assert last_run(warehouse)["status"] == "succeeded"
    assert all_marts(warehouse) == before
    assert read_status(warehouse).code.message is None
    assert "nothing has changed since the last publication" in copied.succeed("nightly", "--force")


def test_a_long_error_is_shown_whole(copied: CommandLine) -> None:
    error = f"{'x' * 700} and the end"
    with copied.warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(
            "insert into ops.runs (kind, status, finished_at, error) values ('nightly', 'failed', now(), %s)",
            [error],
        )
        connection.execute(
            "insert into ops.loads (source, dataset, started_at, finished_at, status, error)"
            " values ('fmp', 'prices', now(), now(), 'failed', %s)",
            [error],
        )
    shown = copied.succeed("status")
    assert shown.count("and the end") == 2


# --- an older layout ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def older(copy_warehouse: Callable[..., Warehouse]) -> Iterator[CommandLine]:
    """A warehouse of layout 9, restored by this version."""
    warehouse = copy_warehouse()
    command = CommandLine(warehouse)
    command.succeed("restore", str(LAYOUTS / "layout_9.backup"), "--trust")
    yield command
    drop(warehouse)


@pytest.mark.long
def test_commands_and_api_name_the_upgrade_and_then_go_on(older: CommandLine) -> None:
    warehouse = older.warehouse
    code = this_version()
    assert one(warehouse, "select count(*) from ops.built_projects where mark = %s", [code.mark]) == 0
    refused = older.run("nightly", "--force")
    assert (refused.returncode, COMMAND in refused.stderr) == (1, True)
    for reading in (("show",), ("show", "Growth", "--json"), ("report", "Growth")):
        unread = older.run(*reading)
        assert (unread.returncode, COMMAND in unread.stderr, unread.stdout) == (1, True, "")
    checked = older.run("status", "--check")
    assert (checked.returncode, COMMAND in checked.stdout) == (Level.CRITICAL, True)
    assert check_status(read_status(warehouse)).level is Level.CRITICAL
    assert_api_asks_for_the_upgrade(warehouse)

    before = published_rows(warehouse)
    older.succeed("upgrade", "--no-build")
    assert published_rows(warehouse, before.keys()) == before
    assert "published" in older.succeed("nightly", "--force")  # the history that the changed method requires
    assert read_status(warehouse).code.message is None
    with api_of(warehouse) as client:
        assert client.get("/api/v1/health/ready").status_code == 200
        headers = log_in(client, EMAIL, PASSWORD)
        (portfolio,) = client.get("/api/v1/data/portfolios", headers=headers).json()
        assert portfolio["name"] == "Growth"
    assert "Nothing to upgrade" in older.succeed("upgrade")


def assert_api_asks_for_the_upgrade(warehouse: Warehouse) -> None:
    """Each path answers from the old marts, or 503 with the command; none with 500."""
    with warehouse.connect_writer(autocommit=True) as connection:
        connection.execute("alter view marts.dim_portfolios rename column portfolio_name to old_name")
    with api_of(warehouse) as client:
        assert COMMAND in assert_problem(client.get("/api/v1/health/ready"), 503, "upgrade_needed")["detail"]
        assert COMMAND in client.get("/api/v1/health").json()["message"]
        headers = log_in(client, EMAIL, PASSWORD)
        body = assert_problem(client.get("/api/v1/data/portfolios", headers=headers), 503, "upgrade_needed")
        assert COMMAND in body["detail"]
        paths = [
            path
            for path, methods in client.get("/api/v1/openapi.json").json()["paths"].items()
            if "get" in methods
        ]
        plain = [path for path in paths if "{" not in path and "chat" not in path]
        assert len(plain) > 10
        for path in plain:
            answer = client.get(path, headers=headers)
            assert answer.status_code != 500, path
            assert answer.status_code != 503 or COMMAND in answer.json()["detail"], path


def published_rows(warehouse: Warehouse, columns_of: Any = None) -> dict[tuple[str, str], Any]:
    """A hash of each column of marts_history, of its rows up to publication 2."""
    with warehouse.connect_analyst(autocommit=True) as connection:
        columns = connection.execute(
            """select table_name::text, column_name::text from information_schema.columns
            where table_schema = 'marts_history' and table_name in (
                select table_name from information_schema.columns
                where table_schema = 'marts_history' and column_name = 'publication_id'
            ) and column_name <> 'superseded_at'"""
        ).fetchall()
        return {
            (table, column): connection.execute(
                f"select count(*), sum(hashtextextended({column}::text, 0)) from marts_history.{table}"
                " where publication_id <= 2".encode()
            ).fetchone()
            for table, column in columns
            if columns_of is None or (table, column) in columns_of
        }
