"""The last step of a night: reports of portfolios that want one; one that fails is said, stops no other."""

from pathlib import Path

import pytest

from flows.errors import ReportsFailedError
from flows.pipeline.reports import write_night_reports
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

GROWTH = "Demo Family Office Public Growth"
PRIVATE = "Demo Family Office Private Opportunities"


def with_reports(
    warehouse: Warehouse, folder: Path, *names: str, formats: tuple[str, ...] = ("md",)
) -> Warehouse:
    """The warehouse with these settings of reports."""
    changed = {"report_portfolios": names, "report_folder": folder, "report_formats": formats}
    return open_warehouse(Settings(**{**warehouse.settings.model_dump(exclude_unset=True), **changed}))


def test_the_named_portfolios_get_a_report(demo: Warehouse, tmp_path: Path) -> None:
    write_night_reports(with_reports(demo, tmp_path, GROWTH.upper(), PRIVATE, formats=("md", "html")))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "demo-family-office-private-opportunities_2025-09-12",
        "demo-family-office-public-growth_2025-09-12",
    ]
    for folder in tmp_path.iterdir():
        assert {path.name for path in folder.iterdir()} == {"portfolio_report.md", "portfolio_report.html"}


def test_all_means_every_portfolio(demo: Warehouse, tmp_path: Path) -> None:
    write_night_reports(with_reports(demo, tmp_path, "all"))
    with demo.connect_analyst() as connection:
        row = connection.execute("select count(*) from marts.dim_portfolios").fetchone()
    assert row == (len(list(tmp_path.iterdir())),)


def test_a_report_that_fails_is_said_and_stops_no_other(demo: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "demo-family-office-private-opportunities_2025-09-12").write_text("a file, not a folder")
    changed = with_reports(demo, tmp_path, PRIVATE, "Nobody's", GROWTH)
    with pytest.raises(ReportsFailedError, match="The figures are published") as refused:
        write_night_reports(changed)
    assert [line.partition(":")[0] for line in refused.value.failed] == ["Nobody's", PRIVATE]
    assert refused.value.exit_code == 4
    assert (tmp_path / "demo-family-office-public-growth_2025-09-12" / "portfolio_report.md").exists()


def test_a_night_writes_them_even_if_nothing_is_new(demo: Warehouse, tmp_path: Path) -> None:
    variables = {
        **demo.settings.as_environment(),
        "REPORT_PORTFOLIOS": f"{GROWTH}, Nobody's",
        "REPORT_FOLDER": str(tmp_path),
        "REPORT_FORMATS": "md",
    }
    done = invoke(["nightly", "--force", "--as-of", "2025-09-12"], variables)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "1 of 2 in" in done.stdout
    assert "Nobody's: no published portfolio has this name" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["demo-family-office-public-growth_2025-09-12"]


def test_without_the_setting_no_report_is_written(demo: Warehouse, tmp_path: Path) -> None:
    variables = {**demo.settings.as_environment(), "REPORT_FOLDER": str(tmp_path)}
    done = invoke(["nightly", "--force", "--as-of", "2025-09-12"], variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(tmp_path.iterdir())
