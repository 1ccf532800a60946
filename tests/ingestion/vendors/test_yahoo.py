"""Yahoo Finance through the real yfinance, against a loopback server that serves Yahoo's JSON."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
import yfinance

from ingestion.errors import SourceUnavailableError
from ingestion.raw.loads import Connection, LoadReport
from ingestion.vendors.load import load_symbols, load_vendors
from ingestion.vendors.registry import Vendors, make_vendors
from ingestion.vendors.yahoo_profiles import read_estimates
from tests.ingestion.vendors.loopback import serving
from tests.ingestion.vendors.yahoo_server import FakeYahoo, Share
from warehouse.settings import Settings

# yfinance uses an API that pandas 3.1 deprecates
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:yfinance")

START = date(2025, 6, 2)
DAYS = [date(2025, 6, day) for day in (2, 3, 4, 5, 6, 9, 10)]
NOW = datetime(2025, 6, 10, 23, 30, tzinfo=UTC)


def closes(*levels: float) -> dict[date, float | None]:
    return dict(zip(DAYS, levels, strict=False))


@pytest.fixture
def yahoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeYahoo]:
    """A server with two shares and an index; yfinance's cache of time zones is emptied first."""
    yfinance.set_tz_cache_location(str(tmp_path_factory.mktemp("yfinance")))
    state = FakeYahoo(
        shares={
            "AAA": Share(closes(100, 101, 102, 103, 104, 105, 106)),
            "BRK-B": Share(closes(10, 11, 12, 13, 14, 15, 16)),
            "^VIX": Share(closes(16, 17, 18, 17, 16, 15, 16), quote_type="INDEX"),
        }
    )
    with serving(state):
        yield state


def vendors(yahoo: FakeYahoo, timeout: float = 5.0) -> Vendors:
    settings = Settings(
        yahoo_url=yahoo.url,
        vendor_attempts=3,
        vendor_first_pause_seconds=0.01,
        vendor_timeout_seconds=timeout,
        yahoo_requests_per_minute=60_000,
    )
    return make_vendors(settings, only="yfinance")


def load(connection: Connection, yahoo: FakeYahoo, *symbols: str, timeout: float = 5.0) -> list[LoadReport]:
    return load_symbols(connection, vendors(yahoo, timeout), symbols, start=START, now=NOW)


def rows(reports: list[LoadReport]) -> dict[str, int]:
    return {report.dataset: report.rows_new for report in reports}


def test_prices_have_our_symbols(
    connection: Connection, yahoo: FakeYahoo, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    reports = load(connection, yahoo, "AAA", "BRK-B", "VIX")
    assert rows(reports)["prices"] == 21
    prices = newest_prices("VIX")
    assert prices["close"].tolist() == [16, 17, 18, 17, 16, 15, 16]
    assert prices["source"].unique().tolist() == ["yfinance"]
    assert prices["total_return"].tolist()[1] == pytest.approx(1 / 16)
    assert newest_prices("AAA")["volume"].tolist() == [1000] * 7


def test_the_same_download_twice_writes_nothing(connection: Connection, yahoo: FakeYahoo) -> None:
    load(connection, yahoo, "AAA", "BRK-B")
    assert set(rows(load(connection, yahoo, "AAA", "BRK-B")).values()) == {0}


def test_a_restated_download_writes_only_new_events(
    connection: Connection, yahoo: FakeYahoo, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    # Silent failure prevented: each dividend and split rewriting all of history, or a split read as a loss
    share = yahoo.shares["AAA"] = Share(closes(100, 101, 102, 103, 104))
    share.dividends = {DAYS[2]: 0.9}
    share.adjusted = {DAYS[0]: 99.1, DAYS[1]: 100.1}
    load(connection, yahoo, "AAA")
    # two days later: a split of four, then a dividend; every level before them is restated
    yahoo.shares["AAA"] = Share(
        closes(25, 25.25, 25.5, 25.75, 26, 26.25, 26.1),
        adjusted={
            DAYS[n]: level * (1 - 0.2 / 26.25)
            for n, level in enumerate([24.775, 25.025, 25.5, 25.75, 26, 26.25])
        },
        dividends={DAYS[2]: 0.225, DAYS[6]: 0.2},
        splits={DAYS[5]: 4},
    )
    reports = load(connection, yahoo, "AAA")
    assert rows(reports)["prices"] == rows(reports)["corporate_actions"] == 2
    prices = newest_prices("AAA")
    assert prices["close"].tolist() == [100, 101, 102, 103, 104, 26.25, 26.1]
    assert prices["total_return"][DAYS[5]] == pytest.approx(105 / 104 - 1)
    assert prices["total_return"][DAYS[6]] == pytest.approx(26.3 / 26.25 - 1, abs=1e-4)
    actions = connection.execute("select ex_date, action, value from raw.corporate_actions order by ex_date")
    assert actions.fetchall() == [
        (DAYS[2], "dividend", Decimal("0.9")),
        (DAYS[5], "split", 4),
        (DAYS[6], "dividend", Decimal("0.2")),
    ]


def test_a_funds_capital_gain_is_paid_once_and_its_return_is_null(
    connection: Connection, yahoo: FakeYahoo, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    # Yahoo includes the gain in the dividend, and subtracts it from the adjusted close twice
    yahoo.shares["FUND"] = Share(
        closes(10, 10.1, 9.2),
        adjusted={DAYS[0]: 8.0, DAYS[1]: 8.1},
        dividends={DAYS[2]: 1.0},
        capital_gains={DAYS[2]: 0.8},
        quote_type="MUTUALFUND",
    )
    load(connection, yahoo, "FUND")
    assert connection.execute("select value from raw.corporate_actions").fetchall() == [(1,)]
    returns = newest_prices("FUND")["total_return"]
    assert returns.isna().tolist() == [True, False, True]


def test_a_dividend_that_moved_is_not_paid_twice(connection: Connection, yahoo: FakeYahoo) -> None:
    yahoo.shares["AAA"].dividends = {DAYS[1]: 0.5}
    load(connection, yahoo, "AAA")
    yahoo.shares["AAA"].dividends = {}
    load(connection, yahoo, "AAA")  # omitted for a day: nothing is withdrawn
    yahoo.shares["AAA"].dividends = {DAYS[3]: 0.5}
    load(connection, yahoo, "AAA")
    rows = connection.execute(
        "select distinct on (ex_date) ex_date, value from raw.corporate_actions "
        "order by ex_date, load_id desc"
    )
    assert rows.fetchall() == [(DAYS[1], None), (DAYS[3], Decimal("0.5"))]


def test_a_session_that_is_not_over_is_left_out(connection: Connection, yahoo: FakeYahoo) -> None:
    # Silent failure prevented: a price at noon kept as the day's close
    noon = datetime(2025, 6, 10, 16, 0, tzinfo=UTC)
    reports = load_symbols(connection, vendors(yahoo), ["AAA"], start=START, now=noon)
    assert rows(reports)["prices"] == 6
    rejected = connection.execute("select reason, detail from ops.rejected_rows").fetchall()
    assert rejected == [("session_not_over", "AAA 2025-06-10, close 106.0")]


def test_invalid_prices_of_a_vendor_are_rejected_and_counted(
    connection: Connection, yahoo: FakeYahoo
) -> None:
    yahoo.shares["AAA"] = Share(
        {**closes(100, -1, 0, 103), date(2025, 6, 7): 50.0, DAYS[4]: None, DAYS[5]: 105.0}
    )
    reports = load(connection, yahoo, "AAA")
    assert rows(reports)["prices"] == 3
    reasons = connection.execute(
        "select reason, count(*) from ops.rejected_rows group by reason order by reason"
    )
    assert reasons.fetchall() == [
        *(("no_close", 1), ("not_a_price", 2), ("not_a_session", 1), ("partial", 1))
    ]


# --- faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "faults",
    [[429, 429], [500], [503, 500], [0], [-1]],
    ids=["too_many_requests", "server_error", "two_server_errors", "no_json", "timeout"],
)
def test_transient_errors_are_retried(connection: Connection, yahoo: FakeYahoo, faults: list[int]) -> None:
    yahoo.faults["AAA"] = faults
    reports = load(connection, yahoo, "AAA", "BRK-B", timeout=1.0)
    assert rows(reports)["prices"] == 14
    assert not any(report.rows_rejected for report in reports)


def test_an_unknown_symbol_is_found_once_it_is_listed(connection: Connection, yahoo: FakeYahoo) -> None:
    # Silent failure prevented: a long-running process that caches the first answer
    load(connection, yahoo, "AAA", "NEW")
    yahoo.shares["NEW"] = yahoo.shares["AAA"]
    assert rows(load(connection, yahoo, "NEW"))["prices"] == 7


def test_an_unknown_symbol_is_rejected_and_does_not_block_others(
    connection: Connection, yahoo: FakeYahoo
) -> None:
    reports = load(connection, yahoo, "AAA", "GONE")
    assert rows(reports)["prices"] == 7
    rejected = connection.execute("select reason, left(detail, 5) from ops.rejected_rows").fetchall()
    assert set(rejected) == {("no_data", "GONE:")}


def test_a_symbol_without_an_answer_is_reported_and_the_others_are_loaded(
    connection: Connection, yahoo: FakeYahoo
) -> None:
    # Silent failure prevented: a batch that reports success when a symbol failed
    yahoo.faults["BRK-B"] = [500] * 100
    prices = next(report for report in load(connection, yahoo, "AAA", "BRK-B") if report.dataset == "prices")
    assert (prices.rows_new, prices.rows_rejected) == (7, 1)
    assert any("gave no answer" in notice for notice in prices.notices)


def test_no_answer_at_all_is_an_error_and_writes_nothing(
    connection: Connection, yahoo: FakeYahoo, count: Callable[[str], int]
) -> None:
    yahoo.faults = {"AAA": [429] * 100, "BRK-B": [429] * 100}
    with pytest.raises(
        SourceUnavailableError, match=r"Yahoo gave no prices, for \S+ because of: Too Many Requests"
    ):
        load(connection, yahoo, "AAA", "BRK-B")
    assert count("raw.prices") == 0
    record = connection.execute("select dataset, source, status from ops.loads").fetchall()
    assert record == [("prices", "yfinance", "failed"), ("company_profiles", "yfinance", "failed")]


def test_an_unreachable_yahoo_is_an_error(connection: Connection, yahoo: FakeYahoo) -> None:
    yahoo.port = 1
    with pytest.raises(SourceUnavailableError, match="check the network"):
        load(connection, yahoo, "AAA", timeout=1.0)


# --- profiles, and what is requested ---------------------------------------------------------------------


def estimate(period: str, earnings: float, revenue: float) -> dict[str, Any]:
    """What Yahoo says of one period in its module earningsTrend."""
    return {
        "period": period,
        "earningsEstimate": {"avg": {"raw": earnings}, "earningsCurrency": "USD"},
        "revenueEstimate": {"avg": {"raw": revenue}, "revenueCurrency": "USD"},
    }


def test_estimates_in_another_currency_are_left_out() -> None:
    table = pd.DataFrame({"avg": [1.0, 2.0], "currency": "USD"}, index=["0y", "+1y"])
    assert read_estimates(table, table.assign(currency="EUR")) == {
        "currentYearEarningsAverage": 1.0,
        "nextYearEarningsAverage": 2.0,
    }
    assert read_estimates(table.drop(index="+1y"), pd.DataFrame()) == {
        "currentYearEarningsAverage": 1.0,
        "nextYearEarningsAverage": None,
    }


def test_profiles_are_read_with_our_names_once_a_week(connection: Connection, yahoo: FakeYahoo) -> None:
    yahoo.shares["AAA"].info = {
        "longName": "Triple A",
        "sector": "Technology",
        "marketCap": 5_000_000,
        "trailingAnnualDividendYield": 0.0125,
        "trailingPE": "Infinity",
        "beta": 1.25,
    }
    yahoo.shares["AAA"].estimates = [
        estimate("0q", 1.77, 102e9),
        estimate("+1q", 2.67, 138e9),
        estimate("0y", 7.38, 415.39e9),
        estimate("+1y", 8.01, 437.82e9),
    ]
    assert rows(load(connection, yahoo, "AAA"))["company_profiles"] == 1
    row = connection.execute(
        "select name, security_type, sector, market_cap, dividend_yield, details, profile_date, source "
        "from raw.company_profiles"
    ).fetchone()
    details = {
        "beta": 1.25,
        "is_etf": False,
        "is_fund": False,
        "current_year_earnings_avg": 7.38,
        "next_year_earnings_avg": 8.01,
        "current_year_revenue_avg": 415.39e9,
        "next_year_revenue_avg": 437.82e9,
    }
    assert row == ("Triple A", "STOCK", "Technology", 5_000_000, 0.0125, details, DAYS[-1], "yfinance")
    asked = yahoo.requests["/v10/finance/quoteSummary"]
    assert "company_profiles" not in rows(load(connection, yahoo, "AAA"))
    assert yahoo.requests["/v10/finance/quoteSummary"] == asked


def test_known_symbols_are_requested_from_a_week_before(connection: Connection, yahoo: FakeYahoo) -> None:
    old = Share({day.date(): 50.0 for day in pd.bdate_range("2023-01-03", "2025-06-10")})
    proxies = ("XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY")
    for symbol in ("SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "SIZE", "VLUE", "USMV", "TLT", *proxies):
        yahoo.shares[symbol] = old
    first = load_vendors(connection, vendors(yahoo), now=NOW)
    again = load_vendors(connection, vendors(yahoo), now=NOW)
    read = {report.dataset: report.rows_read for report in again}
    assert rows(first)["prices"] > 10 * 240, "a year of each"
    assert rows(again)["prices"] == 0
    expected = (10 + len(proxies)) * 6 + 7
    assert read["prices"] == expected, "six sessions of each, and the seven closes of the VIX"
