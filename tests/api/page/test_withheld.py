"""The page says that a portfolio's newer figures are withheld, on every screen."""

from datetime import date

import pytest

from tests.api.page.conftest import OpenPage
from tests.api.withholding import REASON, withholding
from tests.conftest import THEN
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

EMAIL = "demo_hnw@sigmasight.com"
NAMED = "select portfolio_id::text from marts.dim_portfolios where portfolio_name like '%High Net%'"
LAST = date(2025, 9, 11)


def test_a_withheld_portfolio_has_a_banner(demo: Warehouse, open_page: OpenPage) -> None:
    with demo.connect_analyst(autocommit=True) as connection:
        row = connection.execute(NAMED).fetchone()
    assert row is not None
    with withholding(demo, row[0], last=LAST, missing=THEN):
        reader = open_page()
        reader.open()
        reader.sign_in(EMAIL)
        reader.wait()
        for screen in ("overview", "risk"):
            reader.go(f"#/portfolio/{row[0]}/{screen}")
            banner = " ".join(reader.page.inner_text(".banners").split())
            assert f"shows the figures of {LAST}" in banner
            assert REASON in banner
        assert reader.complaints == []
