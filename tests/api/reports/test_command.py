"""`sigmasight report`: names, options and messages; and how long it takes as a process."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from tests.api.reports.report_files import Reports
from tests.conftest import PROGRAM
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse

HEDGE_FUND = "Demo Hedge Fund Style Investor Portfolio"


def test_the_command_writes_the_files_and_says_where(
    demo: Warehouse, reports: Reports, tmp_path: Path
) -> None:
    asked = ["report", HEDGE_FUND.lower(), "--format", "md, json", "--output", str(tmp_path)]
    first = invoke(asked, demo.settings.as_environment())
    folder = tmp_path / reports[HEDGE_FUND].folder.name
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [
        f"Wrote 2 files in {folder}:",
        "  portfolio_report.md",
        "  portfolio_report.json",
    ]
    assert (folder / "portfolio_report.md").read_bytes() == Path(
        reports[HEDGE_FUND].folder, "portfolio_report.md"
    ).read_bytes()
    again = invoke(asked, demo.settings.as_environment())
    assert again.stdout.startswith(f"Replaced 2 files in {folder}:")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_default_folder_of_another_user_is_refused(
    demo: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Silent failure prevented: who owns the folder of all reports puts another one in place of a report's
    monkeypatch.chdir(tmp_path)
    planted = tmp_path / "reports"
    planted.mkdir()
    os.chown(planted, 12_345, -1)
    done = invoke(["report", HEDGE_FUND, "--format", "md"], demo.settings.as_environment())
    assert done.returncode == 1
    assert "reports was made by another user of this machine" in " ".join(done.stderr.split())
    assert list(planted.iterdir()) == []


def test_an_earlier_session_has_a_folder_of_its_own(demo: Warehouse, tmp_path: Path) -> None:
    asked = ["report", HEDGE_FUND, "--as-of", "2025-08-31", "--format", "csv", "--output", str(tmp_path)]
    done = invoke(asked, demo.settings.as_environment())
    assert done.returncode == 0, done.stderr
    [folder] = tmp_path.iterdir()
    assert folder.name.endswith("_2025-08-29")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Demo Hedge Fund"], "Demo Hedge Fund Style Investor Portfolio"),
        ([HEDGE_FUND, "--format", "docx"], "write some of md, json, csv, html, pdf"),
        ([HEDGE_FUND, "--published-at", "yesterday"], "not a valid time"),
        ([HEDGE_FUND, "--published-at", "2020-01-01T00:00"], "Nothing was published yet"),
        ([HEDGE_FUND, "--as-of", "2024-06-03"], "begins on 2025-06-30"),
    ],
)
def test_what_cannot_be_written_is_said(
    demo: Warehouse, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    done = invoke(["report", *arguments, "--output", str(tmp_path)], demo.settings.as_environment())
    assert done.returncode != 0
    assert sentence in " ".join((done.stdout + done.stderr).replace("│", "").split())
    assert not list(tmp_path.iterdir())


@pytest.mark.long  # five processes
def test_all_formats_take_less_than_three_seconds_of_a_processor(demo: Warehouse, tmp_path: Path) -> None:
    """The processor's seconds, from the start of the process: the clock's depend on what else runs."""
    environment = {**os.environ, **demo.settings.as_environment()}
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [PROGRAM, "report", HEDGE_FUND, "--output", tmp_path],
            env=environment,
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 3
