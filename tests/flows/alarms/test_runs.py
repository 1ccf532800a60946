"""Whole nights of the command line: published with holes, failed, and a build that does not end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.files.folder import load_folder
from tests.flows.alarms.receivers import Hook
from tests.flows.flow_helpers import (
    LAST_DATE,
    NEW_DATE,
    CommandLine,
    all_marts,
    last_run,
    one,
    price_table,
    stopped_at,
    write_prices,
)

pytestmark = pytest.mark.slow

BREAK = "alter table published.fct_prices add constraint broken check (close < 0) not valid"
MEND = "alter table published.fct_prices drop constraint broken"


def prices_of_the_night(folder: Path, *, aapl: float = 1.0, missing: str = "") -> str:
    """A folder with the prices of NEW_DATE. aapl: a factor on its close. missing: a symbol without one."""
    table = price_table()
    night = table[(table["date"].astype(str) == str(NEW_DATE)) & (table["symbol"] != missing)].copy()
    night.loc[night["symbol"] == "AAPL", "close"] *= aapl
    return str(write_prices(folder, night))


@pytest.fixture
def reported(copied: CommandLine, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, which reports to a webhook."""
    for name, value in {"ALARM_WEBHOOK_URL": hook.url, "NIGHT_DUE_MINUTES": "10080"}.items():
        monkeypatch.setenv(name, value)
    return copied


def change(command: CommandLine, *statements: str) -> None:
    with command.warehouse.connect_writer(autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.long  # three builds
def test_nights_report_what_they_publish_with_holes_and_what_fails(
    reported: CommandLine, hook: Hook, tmp_path: Path
) -> None:
    """One night with a hole and a suspect move, two that fail, one that mends all of it."""
    nightly = ("nightly", "--force", "--source", "files", "--prices")
    broken = prices_of_the_night(tmp_path / "broken", aapl=1.8, missing="MSFT")
    reported.succeed(*nightly, broken)
    assert {"suspect_move", "prices_missing", "profiles_missing", "night_overdue"} == set(hook.kinds())
    (suspect,) = (one for one in hook.bodies[0]["incidents"] if one["kind"] == "suspect_move")
    assert suspect["subject"] == f"AAPL on {NEW_DATE}"
    assert "which no split explains; held by 1 portfolio." in suspect["summary"]
    (hole,) = (one for one in hook.bodies[0]["incidents"] if one["kind"] == "prices_missing")
    assert hole["summary"] == f"1 of 2 symbols held have no price of {NEW_DATE}: MSFT."
    reported.succeed("nightly", "--force")
    assert len(hook.bodies) == 1

    change(reported, BREAK)
    mended = prices_of_the_night(tmp_path / "mended")
    for _ in range(2):
        failed = reported.run(*nightly, mended)
        assert failed.returncode == 1
    assert len(hook.bodies) == 2
    (opened,) = hook.bodies[1]["incidents"]
    assert (opened["kind"], opened["severity"]) == ("night_failed", "critical")
    assert "fct_prices" in opened["summary"]

    change(reported, MEND)
    reported.succeed(*nightly, mended)
    assert len(hook.bodies) == 3
    assert set(hook.kinds("resolved")) == {"night_failed", "suspect_move", "prices_missing"}
    still_open = "select string_agg(kind, ' ' order by kind) from ops.incidents where resolved_at is null"
    assert one(reported.warehouse, still_open) == "night_overdue profiles_missing"


def test_a_channel_that_fails_does_not_fail_the_night(reported: CommandLine, hook: Hook) -> None:
    hook.status = 500
    done = reported.run("nightly", "--force")
    assert done.returncode == 0
    assert "Alarms were not sent over the channel webhook: the server answered 500" in done.stderr
    assert "swordfish" not in done.stdout + done.stderr
    log = reported.warehouse.settings.warehouse_folder / "logs" / "sigmasight.log"
    assert "swordfish" not in log.read_text()


def test_a_night_whose_reports_fail_is_reported(
    reported: CommandLine, hook: Hook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORT_PORTFOLIOS", "No such portfolio")
    monkeypatch.setenv("REPORT_FOLDER", str(tmp_path / "reports"))
    assert reported.run("nightly", "--force").returncode == 4
    (warned,) = (one for one in hook.bodies[0]["incidents"] if one["kind"] == "night_warned")
    assert "these reports were not written: No such portfolio" in warned["summary"]
    monkeypatch.delenv("REPORT_PORTFOLIOS")
    reported.succeed("nightly", "--force")
    assert hook.kinds("resolved") == ["night_warned"]


# --- a build that does not end ------------------------------------------------------------------------------


@pytest.fixture
def waiting(reported: CommandLine, tmp_path: Path) -> CommandLine:
    """The same with a session to publish."""
    with reported.warehouse.connect_writer() as connection:
        load_folder(connection, Path(prices_of_the_night(tmp_path / "night")))
    return reported


def check_ended(waiting: CommandLine, hook: Hook, done: subprocess.CompletedProcess[str]) -> None:
    """The build failed and was reported; nothing of it is published, and no lock is left."""
    warehouse = waiting.warehouse
    assert done.returncode == 1, done.stdout + done.stderr
    assert "(BUILD_MINUTES) and was ended; nothing was published." in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert last_run(warehouse)["status"] == "failed"
    assert "BUILD_MINUTES" in last_run(warehouse)["error"]
    assert one(warehouse, "select max(as_of_date) from ops.publication_dates") == LAST_DATE
    assert one(warehouse, "select ops.is_building()") is False
    (opened,) = (one for one in hook.bodies[0]["incidents"] if one["kind"] == "night_failed")
    assert "BUILD_MINUTES" in opened["summary"]


@pytest.mark.long
def test_a_plan_that_waits_for_ever_is_ended_and_reported(
    waiting: CommandLine, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a mart that somebody locked: the alarm is sent without what needs that mart."""
    before = all_marts(waiting.warehouse)
    monkeypatch.setenv("BUILD_MINUTES", "0.05")
    with waiting.warehouse.connect_writer() as other:
        other.execute("lock table published.fct_prices in access exclusive mode")
        done = waiting.run("nightly", "--force")
        other.rollback()
    check_ended(waiting, hook, done)
    assert "The alarm suspect_move cannot be checked: canceling statement due to lock timeout" in done.stderr
    assert all_marts(waiting.warehouse) == before


@pytest.mark.long
def test_a_build_that_waits_for_ever_is_ended_and_reported(waiting: CommandLine, hook: Hook) -> None:
    """While dbt runs. The test rings the alarm clock, which would ring after three hours."""
    before = all_marts(waiting.warehouse)
    lock = "lock table intermediate.int_valuation_prices in access exclusive mode"
    with stopped_at(waiting, lock, "nightly", "--force") as stopped:
        process = stopped.process
        process.send_signal(signal.SIGALRM)
        out, err = process.communicate(timeout=120)
        ended = subprocess.CompletedProcess("nightly", process.returncode, out, err)
        check_ended(waiting, hook, ended)
        assert all_marts(waiting.warehouse) == before
    assert last_run(waiting.warehouse)["as_of_date"] == NEW_DATE


STUCK = """
import sys, time
from flows.pipeline import time_limit
time_limit.GRACE_SECONDS = 0.2
with time_limit.time_limit(0.2 / 60, on_stuck=lambda sentence: print(sentence, flush=True)):
    while True:  # a kernel that knows no interrupt
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass
"""


def test_what_cannot_be_interrupted_is_reported_and_ends_with_its_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "(BUILD_MINUTES) and was ended; nothing was published." in done.stdout
