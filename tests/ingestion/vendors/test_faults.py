"""A night with failing vendors: right rows from the right source, no good row lost, failures reported."""

from collections.abc import Callable, Iterator
from datetime import date

import pandas as pd
import pytest

from ingestion.errors import SourceUnavailableError
from ingestion.raw.datasets import PRICES
from ingestion.raw.loads import Connection, load_frame
from tests.ingestion.vendors.loopback import HTML, Reply, always, too_many_until
from tests.ingestion.vendors.vendor_fixtures import (
    AAA,
    BBB,
    DAYS,
    Market,
    closes,
    open_market,
    outcomes,
    refused,
    sources,
    stored,
)
from tests.ingestion.vendors.vendor_servers import FmpShare
from tests.ingestion.vendors.yahoo_server import Share

# yfinance uses an API that pandas 3.1 deprecates
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:yfinance")


@pytest.fixture
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with open_market(tmp_path_factory.mktemp("yfinance")) as market:
        yield market


def notices(reports: list[object]) -> str:
    return " ".join(notice for report in reports for notice in report.notices)  # type: ignore[attr-defined]


# --- which vendor answers --------------------------------------------------------------------------------


def test_while_the_first_source_answers_no_other_is_asked(connection: Connection, market: Market) -> None:
    market.load(connection, "AAA", "BBB")
    assert set(sources(connection, "AAA") + sources(connection, "BBB")) == {"yfinance"}
    assert not market.fmp.requests


@pytest.mark.parametrize(
    "outage",
    [
        Reply("{}", 500),
        Reply(HTML),
        Reply("", 200),
        Reply('{"chart": {"result": [{"meta": {}}], "error": null}}'),
        Reply("{}", 401),
    ],
    ids=["server_error", "html", "empty", "other_json", "unauthorized"],
)
def test_when_the_first_source_is_down_the_second_gives_all(
    connection: Connection, market: Market, outage: Reply
) -> None:
    market.yahoo.outage = always(outage)
    market.load(connection, "AAA", "BBB")
    assert stored(connection, "AAA") == [("fmp", close) for close in AAA]
    assert stored(connection, "BBB") == [("fmp", close) for close in BBB]
    assert outcomes(connection)[-1] == ("fmp", "succeeded")


def test_a_source_that_is_down_is_recorded_as_a_failed_load(connection: Connection, market: Market) -> None:
    market.yahoo.outage = always(Reply("{}", 503))
    market.load(connection, "AAA")
    assert outcomes(connection) == [("yfinance", "failed"), ("fmp", "succeeded")]
    assert outcomes(connection, "company_profiles") == [("yfinance", "failed"), ("fmp", "succeeded")]


def test_when_the_first_source_is_down_for_one_symbol_the_second_gives_that_one(
    connection: Connection, market: Market
) -> None:
    market.yahoo.outage = always(Reply("{}", 500), where="/BBB")
    market.load(connection, "AAA", "BBB")
    assert stored(connection, "AAA") == [("yfinance", close) for close in AAA]
    assert stored(connection, "BBB") == [("fmp", close) for close in BBB]
    assert ("yfinance", "unavailable", "BBB") in refused(connection)
    assert all(query["symbol"] == "BBB" for _, query in market.fmp.asked)


@pytest.mark.parametrize("retry_after", ["60", "Tue, 10 Jun 2025 23:31:00 GMT"], ids=["seconds", "date"])
def test_a_minute_of_429_is_waited_for_as_the_vendor_says(
    connection: Connection, market: Market, retry_after: str
) -> None:
    market.yahoo.outage = too_many_until(market.clock, 60, retry_after)
    market.load(connection, "AAA", "BBB")
    assert set(sources(connection, "AAA") + sources(connection, "BBB")) == {"yfinance"}
    assert market.clock.seconds >= 60
    assert not market.fmp.requests


def test_a_minute_of_429_of_the_second_source_is_waited_for_too(
    connection: Connection, market: Market
) -> None:
    market.yahoo.shares.clear()
    market.fmp.outage = too_many_until(market.clock, 60, "60")
    market.load(connection, "AAA")
    assert sources(connection, "AAA") == ["fmp"] * 7


def test_429_without_retry_after_backs_off_and_falls_back_to_the_next(
    connection: Connection, market: Market
) -> None:
    market.yahoo.outage = too_many_until(market.clock, 1e9, None)
    market.load(connection, "AAA")
    assert sources(connection, "AAA") == ["fmp"] * 7


def test_an_hour_of_429_is_not_waited_for(connection: Connection, market: Market) -> None:
    market.yahoo.outage = too_many_until(market.clock, 3600, "3600")
    market.load(connection, "AAA", "BBB")
    assert sources(connection, "AAA") == ["fmp"] * 7
    assert market.clock.seconds < 60


def test_a_slow_source_times_out_and_the_next_one_is_asked(connection: Connection, market: Market) -> None:
    market.yahoo.outage = always(Reply("{}", delay=1.0))
    market.load(connection, "AAA", vendor_timeout_seconds=0.2, vendor_attempts=1)
    assert sources(connection, "AAA") == ["fmp"] * 7


def test_a_source_that_is_down_is_not_asked_again_for_every_symbol(
    connection: Connection, market: Market
) -> None:
    # Silent failure prevented: a night that waits through all retries for each of 5,000 symbols
    names = [f"S{number}" for number in range(60)]
    market.fmp.shares = {name: FmpShare(closes(*AAA)) for name in names}
    market.yahoo.outage = always(Reply("{}", 500))
    market.load(connection, *names, vendor_attempts=2)
    assert sources(connection, "S59") == ["fmp"] * 7
    assert market.yahoo.requests.total() < 40


def test_a_refused_key_is_reported_and_not_tried_again(connection: Connection, market: Market) -> None:
    market.yahoo.outage = always(Reply("{}", 500))
    with pytest.raises(SourceUnavailableError, match="Invalid API KEY") as raised:
        market.load(connection, "AAA", "BBB", fmp_api_key="wrong")
    assert "wrong" not in str(raised.value)
    assert market.fmp.requests.total() <= 4


def test_a_plan_that_does_not_cover_a_symbol_is_reported(connection: Connection, market: Market) -> None:
    market.yahoo.shares.clear()
    said = {"Error Message": "Premium Query Parameter: not available under your current subscription"}
    market.fmp.outage = always(Reply.of(said, 402), where="?BBB")
    market.load(connection, "AAA", "BBB")
    assert sources(connection, "AAA") == ["fmp"] * 7
    assert ("fmp", "not_entitled", "BBB") in refused(connection)


def test_an_error_with_status_200_is_not_an_answer(connection: Connection, market: Market) -> None:
    market.yahoo.shares.clear()
    market.fmp.outage = always(Reply.of({"Error Message": "Limit Reach . Please upgrade your plan"}))
    with pytest.raises(SourceUnavailableError, match="Limit Reach"):
        market.load(connection, "AAA")


def test_a_vendor_without_a_key_is_skipped_with_a_notice(connection: Connection, market: Market) -> None:
    market.yahoo.outage = always(Reply("{}", 500), where="/BBB")
    reports = market.load(connection, "AAA", "BBB", fmp_api_key=None)
    assert "fmp was not asked for prices and profiles: set FMP_API_KEY" in notices(reports)
    assert sources(connection, "AAA") == ["yfinance"] * 7
    assert not market.fmp.requests


def test_the_error_when_no_vendor_has_a_key_names_the_settings(
    connection: Connection, market: Market
) -> None:
    with pytest.raises(SourceUnavailableError, match="FMP_API_KEY"):
        market.load(connection, "AAA", fmp_api_key=None, price_sources="fmp")


# --- all down --------------------------------------------------------------------------------------------


def test_when_all_are_down_known_rows_stay_and_the_rest_of_the_night_continues(
    connection: Connection, market: Market
) -> None:
    market.load(connection, "AAA")
    before = stored(connection, "AAA")
    market.yahoo.outage = market.fmp.outage = always(Reply(HTML, 502))
    market.fred.series = {"DGS10": {DAYS[-2]: "4.25"}}
    with pytest.raises(SourceUnavailableError, match=r"Yahoo gave no prices.*Prep gave no prices") as raised:
        market.night(connection)
    assert stored(connection, "AAA") == before
    assert outcomes(connection)[-2:] == [("yfinance", "failed"), ("fmp", "failed")]
    assert [report.dataset for report in raised.value.reports] == ["treasury_rates"]


def test_the_next_night_requests_what_an_outage_left_out(connection: Connection, market: Market) -> None:
    market.yahoo.outage = market.fmp.outage = always(Reply("{}", 500))
    with pytest.raises(SourceUnavailableError):
        market.load(connection, "AAA", start=None)
    market.yahoo.outage = lambda _: None
    market.load(connection, "AAA", start=None)
    assert sources(connection, "AAA") == ["yfinance"] * 7


# --- unusable answers ------------------------------------------------------------------------------------


def test_prices_in_another_currency_are_not_loaded_and_the_next_source_is_asked(
    connection: Connection, market: Market
) -> None:
    # Silent failure prevented: pence taken for dollars
    market.yahoo.shares["AAA"].currency = "GBp"
    market.load(connection, "AAA", "BBB")
    assert sources(connection, "AAA") == ["fmp"] * 7
    assert ("yfinance", "other_currency", "AAA") in refused(connection)


def test_a_symbol_that_all_vendors_price_in_another_currency_has_no_price(
    connection: Connection, market: Market
) -> None:
    market.yahoo.shares["VOD.L"] = Share(closes(*AAA), currency="GBp")
    market.fmp.shares["VOD.L"] = FmpShare(closes(*AAA), profile={"currency": None})
    market.load(connection, "AAA", "VOD.L")
    assert stored(connection, "VOD.L") == []
    assert {("yfinance", "other_currency", "VOD.L"), ("fmp", "other_currency", "VOD.L")} <= refused(
        connection
    )


@pytest.mark.parametrize(
    "bad", [0, -4, float("nan"), float("inf"), 1e300, 1e-13, None, "n/a", [], True], ids=str
)
def test_an_invalid_price_is_rejected_and_the_next_source_fills_the_day(
    connection: Connection, market: Market, bad: object
) -> None:
    # FMP first: its numbers arrive as written
    market.fmp.shares["AAA"].closes[DAYS[3]] = bad
    market.load(connection, "AAA", price_sources="fmp,yfinance")
    assert [close for _, close in stored(connection, "AAA")] == list(AAA)
    assert sources(connection, "AAA") == ["fmp"] * 3 + ["yfinance"] + ["fmp"] * 3


def test_missing_sessions_are_reported_and_filled_by_the_next_source(
    connection: Connection, market: Market
) -> None:
    market.yahoo.shares["AAA"] = Share(closes(100, 101, None, 103, 104, 105, 106))
    market.load(connection, "AAA")
    assert sources(connection, "AAA") == ["yfinance"] * 2 + ["fmp"] + ["yfinance"] * 4
    assert ("yfinance", "partial", "AAA") in refused(connection)


def test_a_stale_answer_is_reported_and_the_next_source_gives_the_newer_rows(
    connection: Connection, market: Market
) -> None:
    market.yahoo.shares["AAA"] = Share(closes(100))
    market.load(connection, "AAA")
    assert sources(connection, "AAA") == ["yfinance"] + ["fmp"] * 6
    assert ("yfinance", "stale", "AAA") in refused(connection)


def test_a_restated_day_of_a_worse_source_never_replaces_a_better_ones(
    connection: Connection, market: Market
) -> None:
    # Silent failure prevented: two vendors that differ in the fourth digit alternate every night
    market.yahoo.shares["AAA"] = Share(closes(*AAA[:-1]))
    market.fmp.shares["AAA"] = FmpShare(closes(*(close + 0.0042 for close in AAA)))
    market.load(connection, "AAA")
    assert market.fmp.requests["/historical-price-eod/full"] == 1
    assert stored(connection, "AAA") == [*(("yfinance", close) for close in AAA[:-1]), ("fmp", 106.0042)]


def test_a_better_source_corrects_what_a_worse_one_gave(connection: Connection, market: Market) -> None:
    market.yahoo.outage = always(Reply("{}", 500))
    market.fmp.shares["AAA"] = FmpShare(closes(*(close + 0.0042 for close in AAA)))
    market.load(connection, "AAA")
    market.yahoo.outage = lambda _: None
    market.load(connection, "AAA")
    assert stored(connection, "AAA") == [("yfinance", close) for close in AAA]


def test_rows_from_files_are_not_replaced_by_vendors(connection: Connection, market: Market) -> None:
    market.load(connection, "AAA")
    row = pd.DataFrame({"symbol": ["AAA"], "price_date": [DAYS[3]], "close": [103.5]})
    load_frame(connection, PRICES, row, source="files", origin="a test")
    market.load(connection, "AAA")
    assert stored(connection, "AAA")[3] == ("files", 103.5)


@pytest.mark.parametrize("factor", [100, 0.01, 2], ids=["cents", "pounds", "unknown_split"])
def test_an_answer_that_contradicts_known_rows_is_rejected_completely(
    connection: Connection, market: Market, factor: float
) -> None:
    # Silent failure prevented: a good history replaced by that of another company or in another unit
    market.yahoo.shares["AAA"] = Share(closes(*AAA[:-1]))
    market.load(connection, "AAA", fmp_api_key=None)
    market.yahoo.shares["AAA"] = Share(closes(*(close * factor for close in AAA)))
    market.load(connection, "AAA")
    assert [close for _, close in stored(connection, "AAA")] == list(AAA)
    assert sources(connection, "AAA") == ["yfinance"] * 6 + ["fmp"]
    assert ("yfinance", "contradicts_known", "AAA") in refused(connection)


def test_a_large_move_on_a_single_day_is_loaded(connection: Connection, market: Market) -> None:
    market.yahoo.shares["AAA"] = Share(closes(*AAA[:-1]))
    market.load(connection, "AAA", fmp_api_key=None)
    market.yahoo.shares["AAA"] = Share(closes(*AAA[:-1], 900))
    market.load(connection, "AAA")
    assert stored(connection, "AAA")[-1] == ("yfinance", 900)


# --- differences between two vendors ---------------------------------------------------------------------


def test_a_return_never_mixes_two_vendors_adjusted_closes(
    connection: Connection, market: Market, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    market.yahoo.shares["AAA"] = Share(closes(100, 101, 102, None, 104, 105, 106))
    # FMP adjusts for a dividend that Yahoo lacks: its levels differ, but its own ratios are consistent
    market.fmp.shares["AAA"].adjusted = {day: close * 0.9 for day, close in closes(*AAA).items()}
    market.load(connection, "AAA")
    returns = newest_prices("AAA")["total_return"]
    assert returns[DAYS[3]] == pytest.approx(103 / 102 - 1)  # both levels are from FMP
    assert pd.isna(returns[DAYS[4]])  # Yahoo lacks the day before: computed later
    assert returns[DAYS[5]] == pytest.approx(105 / 104 - 1)


def test_a_dividend_that_two_vendors_date_differently_is_paid_once(
    connection: Connection, market: Market
) -> None:
    paid = (
        "select ex_date, source from (select distinct on (ex_date) ex_date, source, value "
        "from raw.corporate_actions where action = 'dividend' order by ex_date, load_id desc) as newest "
        "where value is not null"
    )
    market.fmp.shares["AAA"].dividends = {DAYS[2]: 0.5}
    market.yahoo.shares["AAA"].dividends = {DAYS[3]: 0.5}
    market.yahoo.outage = always(Reply("{}", 500))
    market.load(connection, "AAA")
    assert connection.execute(paid).fetchall() == [(DAYS[2], "fmp")]
    market.yahoo.outage = lambda _: None
    market.load(connection, "AAA")
    assert connection.execute(paid).fetchall() == [(DAYS[3], "yfinance")]


def test_a_dividend_of_the_better_source_is_not_paid_again_by_the_next(
    connection: Connection, market: Market
) -> None:
    market.yahoo.shares["AAA"] = Share(closes(*AAA[:-1]), dividends={DAYS[3]: 0.5})
    market.fmp.shares["AAA"].dividends = {DAYS[2]: 0.5, DAYS[3]: 0.49}
    market.load(connection, "AAA")
    assert sources(connection, "AAA") == ["yfinance"] * 6 + ["fmp"]
    paid = connection.execute("select ex_date, value::float8, source from raw.corporate_actions").fetchall()
    assert paid == [(DAYS[3], 0.5, "yfinance")]


def test_an_unknown_symbol_is_rejected_by_each_vendor_and_does_not_block_others(
    connection: Connection, market: Market
) -> None:
    market.load(connection, "AAA", "GONE")
    assert sources(connection, "AAA") == ["yfinance"] * 7
    assert {("yfinance", "no_data", "GONE"), ("fmp", "no_data", "GONE")} <= refused(connection)


def test_rows_after_the_requested_end_are_not_loaded(connection: Connection, market: Market) -> None:
    from ingestion.vendors.load import load_symbols  # noqa: PLC0415

    load_symbols(connection, market.vendors(), ["AAA"], start=DAYS[0], end=date(2025, 6, 8), now=None)
    assert len(stored(connection, "AAA")) == 5
    assert not market.fmp.requests
