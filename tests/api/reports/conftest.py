"""Reports of all demo portfolios, written once for all modules."""

import pytest

from api.reports.command import Wanted, write_reports
from tests.api.reports.report_files import Reports, portfolios
from tests.shared_builds import Built


@pytest.fixture(scope="session")
def reports(demo_run: Built, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """The report of each portfolio in all formats, by the portfolio's name."""
    keys = portfolios(demo_run.warehouse)
    wanted = Wanted(tmp_path_factory.mktemp("reports"))
    written = write_reports(demo_run.warehouse, list(keys.values()), wanted)
    assert [each.error for each in written] == [None] * len(keys)
    return {name: each.written for name, each in zip(keys, written, strict=True) if each.written}
