"""The command line: help with examples, and sentences instead of tracebacks."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from flows.cli.app import app
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse
from warehouse.settings import project_root

Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = project_root()
SIGMASIGHT = Path(sys.executable).with_name("sigmasight")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command with its path; groups are not commands."""
    for name, child in getattr(command, "commands", {}).items():
        if hasattr(child, "commands"):
            yield from commands(child, (*path, name))
        else:
            yield (*path, name), child


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.fixture
def run(calendar_warehouse: Warehouse) -> Run:
    """Run the command line, in this process, on the warehouse of this module."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return invoke(arguments, calendar_warehouse.settings.as_environment() | environment)

    return run


@pytest.fixture
def start(calendar_warehouse: Warehouse) -> Run:
    """Run the command line as a separate process: for commands that exec another program, and for runs."""

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SIGMASIGHT, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **calendar_warehouse.settings.as_environment()},
        )

    return start


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The message of a failed command, on one line; fails the test on a traceback or a success."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return " ".join(done.stderr.split())


def test_commands_are_those_of_the_readme() -> None:
    assert {path[0] for path in COMMANDS} == {
        *("load", "nightly", "rebuild", "verify", "status", "psql", "docs", "serve", "schedule", "users"),
        *(
            "demo",
            "dbt",
            "dbt-env",
            "stop",
            "portfolios",
            "tags",
            "targets",
            "capital-flows",
            "flows",
            "marks",
        ),
        *("benchmarks", "backup", "restore", "cleanup", "connection", "template", "upgrade", "chat", "mcp"),
        *("show", "report", "what-if", "alarms", "grants", "replica", "history"),
    }
    assert {path[1] for path in COMMANDS if path[0] == "load"} == {
        *("prices", "positions", "capital-flows", "flows", "marks", "tags", "targets", "demo", "calendar"),
        *("benchmarks", "lot-methods", "transactions"),
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_has_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert "For example:" in result.output
    assert re.search(rf"sigmasight {' '.join(path)}", result.output)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    unexplained = [
        parameter.name for parameter in COMMANDS[path].params if not getattr(parameter, "help", "")
    ]
    assert unexplained == []


def test_help_is_fast_because_it_imports_nothing_heavy() -> None:
    heavy = ("prefect", "dbt", "pandas", "pyarrow", "fastapi", "api", "openai", "mcp", "ingestion")
    code = f"import sys, flows.cli.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_status_of_an_empty_warehouse_names_the_next_step(run: Run) -> None:
    done = run("status")
    assert done.returncode == 0
    assert "nothing yet: load something, then `sigmasight nightly`" in done.stdout
    assert "no prices yet" in done.stdout


def test_an_invalid_date_names_the_format(run: Run) -> None:
    done = run("nightly", "--as-of", "30.1.2026")
    assert done.returncode == 2
    assert "write YYYY-MM-DD, such as 2026-01-30" in " ".join(re.sub("[│╭╮╰╯─]", " ", done.stderr).split())


@pytest.mark.parametrize("what", ["flows", "marks", "tags", "targets"])
def test_a_missing_file_is_named(run: Run, what: str) -> None:
    assert "no file /nowhere/x.csv: check the name" in failure(run("load", what, "/nowhere/x.csv"))


def test_a_missing_positions_file_is_named(run: Run) -> None:
    message = failure(run("load", "positions", "/nowhere/x.csv", "--portfolio", "P", "--owner", "a@b.com"))
    assert "no file /nowhere/x.csv" in message


def test_a_missing_folder_of_prices_is_named(start: Run) -> None:
    assert "There is no folder /nowhere" in failure(start("load", "prices", "/nowhere"))


def test_a_night_whose_folder_is_missing_is_a_failed_run(start: Run) -> None:
    message = failure(start("nightly", "--force", "--source", "files", "--prices", "/nowhere"))
    assert "/nowhere: there is no such folder" in message
    shown = " ".join(start("status").stdout.split())
    assert re.search(r"run nightly run \d+ failed .* /nowhere: there is no such folder", shown), shown


def test_files_without_a_folder_are_refused(start: Run) -> None:
    assert "`--source files` and `--prices FOLDER` belong together" in failure(
        start("nightly", "--source", "files")
    )


def test_an_unknown_portfolio_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "flows.csv"
    file.write_text("portfolio_name,flow_date,amount\nUnknown,2025-07-01,100\n")
    message = failure(run("load", "flows", str(file)))
    assert "Unknown" in message
    assert "row 2" in message


def test_a_weak_password_is_refused(run: Run) -> None:
    message = failure(run("users", "add", "jane@example.com", "--name", "Jane Doe", "--password", "short"))
    assert "ERR_USER_003" in message
    assert "short" not in message.replace("shorter", "")


def test_users_are_added_and_listed(run: Run) -> None:
    done = run("users", "add", "Jane@Example.com", "--name", "Jane Doe", "--password", "Long-enough-1")
    assert done.returncode == 0, done.stderr
    assert "jane@example.com can log in now" in done.stdout
    listed = r"jane@example.com\s+Jane Doe\s+yes\s+no\s+\d{4}-\d\d-\d\d\s+0"
    assert re.search(listed, run("users", "list").stdout)
    assert "ERR_USER_001" in failure(
        run("users", "add", "jane@example.com", "--name", "Jane Doe", "--password", "Long-enough-1")
    )


def test_an_unreachable_database_is_named_without_its_password(run: Run) -> None:
    message = failure(run("status", DATABASE_URL="postgresql://me:top-secret@127.0.0.1:9/x"))
    assert "The database x on 127.0.0.1" in message
    assert "top-secret" not in message


def test_an_invalid_setting_is_named(run: Run) -> None:
    assert "API_PORT" in failure(run("status", API_PORT="many"))


def test_rebuild_names_options_that_belong_together(run: Run) -> None:
    assert "--known-at and --schema belong together" in failure(run("rebuild", "--known-at", "2026-01-01"))
    assert "give --from DATE or --full-refresh" in failure(run("rebuild"))


def test_rebuild_before_the_first_publication_is_refused(run: Run) -> None:
    message = failure(run("rebuild", "--known-at", "2026-01-01", "--schema", "audit"))
    assert message == "Nothing was published by 2026-01-01 00:00:00 UTC: nothing is published."


def test_rebuild_refuses_an_invalid_time(run: Run) -> None:
    message = failure(run("rebuild", "--known-at", "yesterday", "--schema", "audit"))
    assert "'yesterday' is not a valid time" in message


def test_psql_gets_its_arguments_and_reads_as_an_analyst(start: Run) -> None:
    done = start("psql", "-At", "-c", "select current_user, current_schema")
    assert done.stdout.strip() == "sigmasight_analyst|marts", done.stderr
    done = start("psql", "-c", "create table marts.mine (x int)")
    assert done.returncode != 0
    assert "permission denied" in done.stderr or "read-only" in done.stderr
    assert (
        start("psql", "--as", "writer", "-Atc", "select current_user").stdout.strip() == "sigmasight_writer"
    )


@pytest.mark.long
def test_dbt_gets_its_arguments_and_its_connection(start: Run) -> None:
    query = "select 'it is ' || current_user as who"
    done = start("dbt", "--quiet", "show", "--inline", query, "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "it is sigmasight_writer" in done.stdout


def test_dbt_environment_is_for_a_shell(run: Run) -> None:
    lines = run("dbt-env").stdout.splitlines()
    assert "export SIGMASIGHT_DB_USER=sigmasight_writer" in lines
    assert all(line.startswith("export ") for line in lines)


def test_stop_without_a_server_says_so(run: Run, tmp_path: Path) -> None:
    done = run("stop", SIGMASIGHT_HOME=str(tmp_path))
    assert done.returncode == 0
    assert done.stdout.strip() == "No embedded server is running."


def test_an_unexpected_error_is_one_line_and_its_traceback_is_in_the_log(
    calendar_warehouse: Warehouse, tmp_path: Path
) -> None:
    broken = tmp_path / "ingestion"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise RuntimeError('a bug')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from flows.cli.app import app; app()"
    settings = calendar_warehouse.settings
    done = subprocess.run(
        [sys.executable, "-c", code, "load", "calendar"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "SIGMASIGHT_HOME": str(settings.sigmasight_home),
            "WAREHOUSE_DATABASE": settings.warehouse_database,
        },
    )
    message = failure(done)
    assert "Unexpected error: RuntimeError: a bug" in message
    log = (settings.warehouse_folder / "logs" / "sigmasight.log").read_text()
    assert "RuntimeError: a bug" in log
    assert "Traceback" in log
