"""Reports of all demo portfolios, written once for each module."""

import pytest

from api.reports.command import Wanted, write_reports
from tests.api.reports.report_files import Reports, portfolios
from warehouse.connections import Warehouse


@pytest.fixture(scope="module")
def reports(demo: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """The report of each portfolio in all formats, by the portfolio's name."""
    keys = portfolios(demo)
    written = write_reports(demo, list(keys.values()), Wanted(tmp_path_factory.mktemp("reports")))
    assert [each.error for each in written] == [None] * len(keys)
    return {name: each.written for name, each in zip(keys, written, strict=True) if each.written}
