"""The option `--source`: the chain of vendors or one of them, and what happens when no vendor answers."""

from dataclasses import replace

import pytest

from flows.pipeline.load import load_source
from flows.pipeline.onboarding import fetch_missing, lacking_symbols
from flows.source import Source
from ingestion.errors import SourceUnavailableError
from warehouse.connections import Warehouse
from warehouse.settings import Settings

UNREACHABLE = "http://127.0.0.1:1"  # a port on which nothing listens


@pytest.fixture
def offline(empty_warehouse: Warehouse) -> Warehouse:
    """A warehouse whose vendors are all unreachable."""
    settings = Settings(
        sigmasight_home=empty_warehouse.settings.sigmasight_home,
        warehouse_database=empty_warehouse.settings.warehouse_database,
        yahoo_url=UNREACHABLE,
        fmp_url=UNREACHABLE,
        fmp_api_key="key",
        vendor_attempts=1,
    )
    return replace(empty_warehouse, settings=settings)


def failed(warehouse: Warehouse) -> set[tuple[str, str]]:
    with warehouse.connect_writer(autocommit=True) as connection:
        return set(connection.execute("select source, dataset from ops.loads where status = 'failed'"))  # type: ignore[arg-type]


def test_a_nightly_run_continues_with_a_warning_when_no_vendor_answers(
    offline: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_source(offline, Source.VENDORS, None) == []
    assert "The prices loaded so far are kept; the next run tries again." in caplog.text
    assert {("yfinance", "prices"), ("fmp", "prices"), ("yfinance", "treasury_rates")} <= failed(offline)


def test_loading_prices_by_hand_fails_when_no_vendor_answers(offline: Warehouse) -> None:
    with pytest.raises(
        SourceUnavailableError, match=r"Yahoo gave no prices.*Financial Modeling Prep gave no"
    ):
        load_source(offline, Source.VENDORS, None, must_answer=True)


def test_an_onboarding_continues_with_a_warning_when_no_vendor_answers(
    offline: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with offline.connect_writer(autocommit=True) as connection:
        wanted = lacking_symbols(connection)
    assert "SPY" in wanted  # the proxies of factors are always needed
    assert fetch_missing(offline, Source.VENDORS, None) == []
    assert caplog.text.count("the next run tries again") == 1
    assert {("yfinance", "prices"), ("fmp", "prices")} <= failed(offline)


def test_yfinance_is_only_yahoo(offline: Warehouse) -> None:
    load_source(offline, Source.YFINANCE, None)
    assert {source for source, _ in failed(offline)} == {"yfinance"}
