"""`sigmasight status --check`: one line and an exit code for a monitor."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from flows.summaries.status import Code, FailedLoads, Next, Publication, Run, Status
from flows.summaries.status_check import Level, check_status
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse

NOW = datetime(2025, 7, 15, 12, tzinfo=UTC)
LAST, MISSED = date(2025, 7, 11), date(2025, 7, 14)
GOOD_RUN = Run(
    7, "nightly", "succeeded", "done", 100, NOW - timedelta(hours=12), NOW - timedelta(hours=11), None
)
GOOD = Status(
    place="here",
    size_bytes=1,
    code=Code(9, 9, models_changed=False, command=None, message=None),
    portfolios=1,
    users=1,
    publication=Publication(3, NOW, NOW, 70, 0, None, 10, 10, LAST, LAST),
    running=None,
    runs=(GOOD_RUN,),
    last_closed_session=LAST,
    missing_sessions=(),
    overdue_sessions=(),
    unpublished_sessions=(),
    sessions_without_price=(),
    freshness=(),
    failed_loads=(),
    symbols_needed=1,
    symbols_without_prices=(),
    symbols_not_current=(),
    waiting_loads=0,
    waiting_from=None,
    next_run=Next(None, None, "", None),
)
UPGRADE = "run `sigmasight upgrade`."
FAILED = FailedLoads("prices", "fmp", 2, NOW, "fmp gave HTML", is_mended=False)


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, Level.OK, "OK: published up to 2025-07-11"),
        ({"publication": None}, Level.CRITICAL, "nothing is published"),
        ({"code": Code(8, 9, False, "x", UPGRADE)}, Level.CRITICAL, "sigmasight upgrade"),
        ({"code": Code(9, 9, True, "x", UPGRADE)}, Level.WARNING, "sigmasight upgrade"),
        ({"overdue_sessions": (MISSED,)}, Level.WARNING, "session 2025-07-14 is overdue"),
        (
            {"overdue_sessions": (LAST, MISSED)},
            Level.CRITICAL,
            "2 sessions are overdue, from 2025-07-11 to 2025-07-14",
        ),
        ({"missing_sessions": (MISSED,)}, Level.OK, ""),
        (
            {"unpublished_sessions": (MISSED,)},
            Level.WARNING,
            "1 session with prices is not published: 2025-07-14",
        ),
        ({"unpublished_sessions": (MISSED,), "running": "sigmasight nightly"}, Level.OK, ""),
        ({"symbols_without_prices": ("NEWCO",)}, Level.WARNING, "NEWCO"),
        ({"failed_loads": (FAILED,)}, Level.WARNING, "fmp gave HTML"),
        ({"failed_loads": (replace(FAILED, is_mended=True),)}, Level.OK, ""),
        ({"runs": (replace(GOOD_RUN, status="failed", error="no space"),)}, Level.CRITICAL, "no space"),
        ({"runs": (replace(GOOD_RUN, error="Yahoo gave nothing"),)}, Level.WARNING, "Yahoo"),
        ({"runs": (replace(GOOD_RUN, status="running", finished_at=None),)}, Level.CRITICAL, "died"),
        (
            {"runs": (replace(GOOD_RUN, finished_at=None), GOOD_RUN), "running": "sigmasight nightly"},
            Level.OK,
            "",
        ),
    ],
)
def test_what_needs_attention_gives_the_level(changes: dict[str, object], level: Level, words: str) -> None:
    verdict = check_status(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert verdict.level is level
    line = verdict.line(LAST)
    assert line.startswith(level.name)
    assert words in line
    assert "\n" not in line


def test_the_worst_comes_first() -> None:
    found = check_status(replace(GOOD, symbols_without_prices=("NEWCO",), publication=None))
    assert [finding.level for finding in found.findings] == [Level.CRITICAL, Level.WARNING]


def test_findings_are_joined_without_their_full_stops() -> None:
    loads = (replace(FAILED, error="It is down."), replace(FAILED, source="polygon", error="No key."))
    line = check_status(replace(GOOD, failed_loads=loads)).line(LAST)
    assert line == (
        "WARNING: loads of prices from fmp fail: It is down; loads of prices from polygon fail: No key"
    )


def test_the_exit_code_is_the_verdict(empty_warehouse: Warehouse) -> None:
    done = invoke(["status", "--check"], empty_warehouse.settings.as_environment())
    assert (done.returncode, done.stdout.split(":")[0]) == (Level.CRITICAL, "CRITICAL")
    assert "nothing is published" in done.stdout


def test_a_warehouse_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    nobody = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1"
    done = invoke(["status", "--check"], {"SIGMASIGHT_HOME": str(tmp_path), "DATABASE_URL": nobody})
    assert (done.returncode, done.stdout.split(":")[0]) == (Level.UNKNOWN, "UNKNOWN")


# --- the command line itself --------------------------------------------------------------------------------


@pytest.fixture
def type_in(tmp_path: Path) -> Callable[..., str]:
    """Run a command that needs no warehouse; its output."""

    def run(*arguments: str) -> str:
        done = invoke(arguments, {"SIGMASIGHT_HOME": str(tmp_path), "COLUMNS": "100"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_version_names_release_and_layout(type_in: Callable[..., str]) -> None:
    line = type_in("--version")
    assert line.startswith(f"sigmasight {version('sigmasight')}")
    assert "layout " in line


def test_help_groups_every_command(type_in: Callable[..., str]) -> None:
    shown = type_in("--help")
    groups = ("Start", "Build and publish", "Portfolios and their data", "Query and serve", "Chat", "Operate")
    places = [shown.index(f"╭─ {group} ") for group in groups]
    assert places == sorted(places)
    assert "╭─ Commands " not in shown  # a command without a group
