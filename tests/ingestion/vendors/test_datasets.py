"""What each vendor gives, in its own wire format: prices as traded, profiles, Treasury yields, option
chains.
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pandas as pd
import pytest

from ingestion.market.symbols import last_needed, symbols_to_price
from ingestion.raw.loads import Connection
from ingestion.vendors.load import load_symbols, load_vendors
from ingestion.vendors.option_chain import contracts_held
from ingestion.vendors.planning import (
    HISTORY_BEFORE_INCEPTION,
    plan_requests,
    sessions_before,
    still_lacking,
)
from ingestion.vendors.protocol import GivesOptions, GivesPrices, GivesProfiles, GivesRates
from ingestion.vendors.rate_chain import SERIES, load_rate_chain
from ingestion.vendors.registry import make_vendors
from tests.ingestion.vendors.loopback import HTML, Reply, always
from tests.ingestion.vendors.vendor_fixtures import (
    AAA,
    DAYS,
    NOW,
    Market,
    closes,
    open_market,
    outcomes,
    refused,
    sources,
)
from tests.ingestion.vendors.vendor_servers import FmpShare, contract
from tests.ingestion.vendors.yahoo_server import Share
from warehouse.errors import SettingsError
from warehouse.method import stressed_window
from warehouse.settings import Settings, get_settings

# yfinance uses an API that pandas 3.1 deprecates
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:yfinance")

ADJUSTED = {"ticker": "O:AAA250620C00112000", "shares_per_contract": 150}
CALL, PUT = "AAA250620C00100000", "AAA250620P00100000"


@pytest.fixture
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with open_market(tmp_path_factory.mktemp("yfinance")) as market:
        yield market


@pytest.fixture
def connection(connection: Connection) -> Connection:
    """With a load, for rows that the tests insert directly."""
    connection.execute(
        "insert into ops.loads (load_id, source, dataset, origin, started_at, finished_at, status) "
        "overriding system value values (0, 'test', 'test', 'test', now(), now(), 'succeeded')"
    )
    return connection


def actions(connection: Connection) -> list[tuple[date, str, float]]:
    rows = connection.execute("select ex_date, action, value from raw.corporate_actions order by 1, 2")
    return [(when, action, float(value)) for when, action, value in rows]


# --- prices of FMP and Polygon ---------------------------------------------------------------------------


def test_fmps_closes_are_converted_to_closes_as_traded(
    connection: Connection, market: Market, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    share = FmpShare(closes(25, 25.25, 25.5, 25.75, 26, 26.25, 26.1))
    share.splits = {DAYS[5]: (4, 1), date(2025, 6, 20): (10, 1), date(2020, 8, 31): (4, 1)}  # a future one
    share.dividends = {DAYS[2]: 0.9}
    share.adjusted = {DAYS[0]: 24.775, DAYS[1]: 25.025}
    market.fmp.shares["AAA"] = share
    market.load(connection, "AAA", price_sources="fmp")
    prices = newest_prices("AAA")
    assert prices["close"].tolist() == [100, 101, 102, 103, 104, 26.25, 26.1]
    assert prices["volume"].tolist() == [125] * 5 + [500] * 2
    assert prices["total_return"][DAYS[2]] == pytest.approx(25.5 / 25.025 - 1)
    assert prices["total_return"][DAYS[5]] == pytest.approx(26.25 / 26 - 1)
    assert actions(connection) == [(DAYS[2], "dividend", 0.9), (DAYS[5], "split", 4)]


def test_without_adjusted_closes_fmps_returns_are_null(
    connection: Connection, market: Market, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    market.fmp.outage = always(Reply("{}", 402), where="dividend-adjusted")
    market.load(connection, "AAA", price_sources="fmp")
    prices = newest_prices("AAA")
    assert prices["close"].tolist() == list(AAA)
    assert prices["total_return"].isna().all()


def test_polygons_closes_are_as_traded_and_foreign_dividends_are_dropped(
    connection: Connection, market: Market, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    market.polygon.closes["BRK.B"] = closes(100, 101, 102, 26)
    market.polygon.splits = [
        {"ticker": "BRK.B", "execution_date": str(DAYS[3]), "split_from": 1, "split_to": 4}
    ]
    market.polygon.dividends = [
        {"ticker": "BRK.B", "ex_dividend_date": str(DAYS[1]), "cash_amount": 0.5, "currency": "USD"},
        {"ticker": "BRK.B", "ex_dividend_date": str(DAYS[2]), "cash_amount": 9.5, "currency": "TWD"},
    ]
    load_symbols(
        connection, market.vendors(price_sources="polygon"), ["BRK-B"], start=DAYS[0], end=DAYS[3], now=NOW
    )
    prices = newest_prices("BRK-B")
    assert prices["close"].tolist() == [100, 101, 102, 26]
    assert prices["source"].unique().tolist() == ["polygon"]
    assert prices["total_return"].isna().all()
    assert actions(connection) == [(DAYS[1], "dividend", 0.5), (DAYS[3], "split", 4)]
    assert ("polygon", "other_currency", "BRK-B") in refused(connection)
    path = next(path for path, _ in market.polygon.asked if path.startswith("/v2/aggs"))
    assert path == "/v2/aggs/ticker/BRK.B/range/1/day/2025-06-02/2025-06-10"


def test_symbols_of_a_statement_are_asked_from_two_years_before_their_first_entry(
    connection: Connection, market: Market
) -> None:
    entry = date(2024, 3, 1)
    load_symbols(
        connection, market.vendors(price_sources="polygon"), ["AAA"], end=DAYS[3], now=NOW, held_from=entry
    )
    path = next(path for path, _ in market.polygon.asked if path.startswith("/v2/aggs"))
    assert path.split("/")[-2] == str(entry - HISTORY_BEFORE_INCEPTION)


def test_a_slow_stream_ends_at_the_timeout(market: Market) -> None:
    # Silent failure prevented: one byte per second keeps a client waiting for hours
    market.fmp.outage = always(Reply("[" + " " * 200, drip=0.05), where="/full")
    vendors = make_vendors(market.settings(vendor_timeout_seconds=0.3, vendor_attempts=1))
    answers = vendors.prices[1].histories({"AAA": DAYS[0]})
    assert answers.missing["AAA"].detail == "no answer within 0.3 seconds"


# --- planning of requests --------------------------------------------------------------------------------


def add_portfolio(connection: Connection, inception: date) -> None:
    connection.execute(
        "insert into raw.portfolios (load_id, loaded_at, portfolio_id, portfolio_name, owner_email,"
        " account_type, initial_equity, inception_date)"
        " values (0, now(), %s, 'Test', 'a@b.c', 'taxable', 1000, %s)",
        [uuid4(), inception],
    )


def known(connection: Connection, symbol: str, first: date, last: date, *missing: date) -> None:
    days = [day.date() for day in pd.bdate_range(first, last) if day.date() not in missing]
    connection.execute(
        "insert into raw.prices (load_id, loaded_at, source, symbol, price_date, close) "
        "select 0, now(), 'yfinance', %s, day, 50 from unnest(%s::date[]) as days (day)",
        [symbol, days],
    )


@pytest.mark.parametrize(
    ("inception", "first"),
    [
        (None, date(2024, 6, 10)),
        (date(2025, 5, 1), date(2023, 4, 2)),
        (date(2026, 1, 1), date(2023, 12, 3)),
        (date(2026, 12, 1), sessions_before(stressed_window()[0], 1)),
    ],
    ids=["no_portfolio", "two_years_before_inception", "inception_to_come", "close_before_stressed_window"],
)
def test_a_new_symbol_is_requested_from_two_years_before_inception_or_at_least_a_year(
    connection: Connection, inception: date | None, first: date
) -> None:
    if inception:
        add_portfolio(connection, inception)
    assert plan_requests(connection, ["NEW"], start=None, last=DAYS[-1]) == {"NEW": first}


def test_only_missing_sessions_and_five_known_ones_are_requested(connection: Connection) -> None:
    known(connection, "OLD", date(2024, 6, 10), DAYS[-2])
    known(connection, "HOLE", date(2024, 6, 10), DAYS[-1], date(2025, 4, 15), date(2025, 4, 16))
    known(connection, "SHORT", date(2025, 3, 3), DAYS[-1])
    known(connection, "LISTED", date(2025, 3, 3), DAYS[-1])
    connection.execute(
        "insert into raw.company_profiles (load_id, loaded_at, source, symbol, profile_date, details) "
        "values (0, now(), 'yfinance', 'LISTED', '2025-06-01', '{\"first_trade_date\": \"2025-03-03\"}')"
    )
    asked = plan_requests(connection, ["OLD", "HOLE", "SHORT", "LISTED"], start=None, last=DAYS[-1])
    assert asked == {
        "OLD": DAYS[0],
        "HOLE": date(2025, 4, 14),
        "SHORT": date(2024, 6, 10),
        "LISTED": DAYS[1],
    }


def own(connection: Connection, symbol: str, exit_date: date | None) -> None:
    connection.execute(
        "insert into raw.positions (load_id, loaded_at, position_id, portfolio_id, symbol, investment_class,"
        " quantity, entry_date, entry_price, exit_date)"
        " values (0, now(), %s, %s, %s, 'PUBLIC', 1, '2025-05-01', 100, %s)",
        [uuid4(), uuid4(), symbol, exit_date],
    )


def test_a_symbol_that_was_sold_is_not_requested_after_its_exit(connection: Connection) -> None:
    own(connection, "SOLD", DAYS[1])
    own(connection, "PARTLY", DAYS[1])
    own(connection, "PARTLY", None)
    own(connection, "UNKNOWN", DAYS[1])
    own(connection, "SPY", DAYS[1])
    until = last_needed(connection, DAYS[-1])
    assert until == {"SOLD": DAYS[1], "UNKNOWN": DAYS[1]}
    for symbol in ("SOLD", "PARTLY", "SPY"):
        known(connection, symbol, date(2024, 6, 10), DAYS[2])
    asked = plan_requests(connection, symbols_to_price(connection), start=None, last=DAYS[-1], until=until)
    assert "SOLD" not in asked
    assert {"PARTLY", "UNKNOWN", "SPY"} <= asked.keys()


def test_the_next_source_is_asked_only_for_still_missing_sessions(connection: Connection) -> None:
    known(connection, "WHOLE", date(2024, 6, 10), DAYS[-1])
    known(connection, "HOLE", date(2024, 6, 10), DAYS[-1], DAYS[4])
    known(connection, "ANCIENT_HOLE", date(2024, 6, 10), DAYS[-1], date(2025, 1, 15))
    known(connection, "ENDS", date(2024, 6, 10), DAYS[3])
    known(connection, "LISTED", DAYS[3], DAYS[-1])
    symbols = ["WHOLE", "HOLE", "ANCIENT_HOLE", "ENDS", "LISTED", "NEW"]
    asked = dict.fromkeys(symbols, date(2024, 6, 10))
    lacking = still_lacking(connection, asked, {"NEW"}, DAYS[-1])
    assert lacking == {"HOLE": date(2025, 5, 30), "ENDS": date(2025, 5, 30), "NEW": date(2024, 6, 10)}


def test_older_history_that_the_first_source_lacks_is_requested_from_the_next(
    connection: Connection,
) -> None:
    known(connection, "PAST", date(2025, 1, 2), DAYS[-1])
    asked = {"PAST": date(2024, 6, 10)}
    assert still_lacking(connection, asked, {"PAST"}, DAYS[-1]) == asked
    assert still_lacking(connection, asked, set(), DAYS[-1]) == {}


# --- profiles --------------------------------------------------------------------------------------------


def profile(connection: Connection, symbol: str) -> tuple[object, ...]:
    row = connection.execute(
        "select source, name, security_type, market_cap, dividend_yield, details from raw.company_profiles "
        "where symbol = %s order by load_id desc limit 1",
        [symbol],
    ).fetchone()
    assert row is not None
    return row


def test_a_profile_that_the_first_source_lacks_comes_from_the_second(
    connection: Connection, market: Market
) -> None:
    market.yahoo.outage = always(Reply("{}", 404), where="quoteSummary/AAA")
    market.fmp.shares["AAA"].profile = {
        "marketCap": 5_000_000,
        "lastDividend": 1.25,
        "beta": "1.5",
        "range": "80.5-120",
        "fullTimeEmployees": "164000",
        "ipoDate": "1980-12-12",
        "website": 7,
    }
    market.load(connection, "AAA", "BBB")
    assert profile(connection, "AAA") == (
        "fmp",
        "AAA Inc.",
        "STOCK",
        Decimal(5_000_000),
        0.0125,
        {
            "beta": 1.5,
            "week_52_low": 80.5,
            "week_52_high": 120.0,
            "employees": 164000,
            "first_trade_date": "1980-12-12",
            "is_etf": False,
            "is_fund": False,
        },
    )
    assert profile(connection, "BBB")[0] == "yfinance"
    asked = market.fmp.requests["/profile"]
    market.load(connection, "AAA", "BBB")
    assert market.fmp.requests["/profile"] == asked, "a week has not passed"


def test_invalid_fields_of_a_profile_are_null_and_the_night_continues(
    connection: Connection, market: Market
) -> None:
    market.yahoo.shares["AAA"].info = {
        "longName": "Triple\0A",
        "marketCap": "N/A",
        "beta": "Infinity",
        "fullTimeEmployees": 1e40,
        "website": ["x"],
        "firstTradeDateMilliseconds": 1e17,
    }
    market.load(connection, "AAA")
    assert profile(connection, "AAA")[1:4] == ("TripleA", "STOCK", None)
    assert profile(connection, "AAA")[5] == {"is_etf": False, "is_fund": False}


def test_missing_profiles_do_not_stop_a_night(connection: Connection, market: Market) -> None:
    market.yahoo.outage = always(Reply(HTML), where="quoteSummary")
    market.fmp.outage = always(Reply("[[]]"), where="/profile")
    market.load(connection, "AAA")
    assert sources(connection, "AAA") == ["yfinance"] * 7
    assert outcomes(connection, "company_profiles") == [("yfinance", "failed"), ("fmp", "failed")]


# --- Treasury yields -------------------------------------------------------------------------------------


def rates(connection: Connection) -> set[tuple[str, date, float, str]]:
    return {
        (series, when, float(rate), source)
        for series, when, rate, source in connection.execute(
            "select distinct on (series, rate_date) series, rate_date, rate_pct, source "
            "from raw.treasury_rates order by series, rate_date, load_id desc"
        )
    }


def load_rates(connection: Connection, market: Market, **changes: object) -> None:
    vendors = market.vendors(**changes)
    load_rate_chain(connection, vendors.rates, DAYS[-1], vendors.orders["rates"])


def test_yields_come_from_fred_without_empty_days(connection: Connection, market: Market) -> None:
    market.fred.series = {name: {DAYS[4]: "4.5", DAYS[5]: ".", DAYS[6]: "4.25"} for name in SERIES}
    market.fred.series["DGS1"][DAYS[3]] = "425"
    market.fred.series["DGS2"][DAYS[3]] = "none"
    load_rates(connection, market)
    stored = rates(connection)
    assert len(stored) == 2 * len(SERIES)
    assert ("DGS10", DAYS[6], 4.25, "fred") in stored
    assert {("fred", "not_a_rate", "DGS1"), ("fred", "not_a_rate", "DGS2")} <= refused(connection)
    assert not market.yahoo.requests


def test_without_fred_yahoo_gives_four_yields_and_fred_replaces_them_later(
    connection: Connection, market: Market
) -> None:
    for name, level in {"^IRX": 4.1, "^FVX": 4.2, "^TNX": 4.3, "^TYX": 4.4}.items():
        market.yahoo.shares[name] = Share(closes(*[level] * 7), quote_type="INDEX")
    load_rates(connection, market, fred_api_key=None)
    last = {(series, rate) for series, when, rate, _ in rates(connection) if when == DAYS[-1]}
    assert last == {("DGS3MO", 4.1), ("DGS5", 4.2), ("DGS10", 4.3), ("DGS30", 4.4)}
    market.fred.series = {name: closes(*["4.75"] * 7) for name in SERIES}
    load_rates(connection, market)
    load_rates(connection, market, fred_api_key=None)
    assert {(rate, source) for _, _, rate, source in rates(connection)} == {(4.75, "fred")}


def test_missing_yields_are_recorded_and_not_an_error(connection: Connection, market: Market) -> None:
    market.fred.outage = market.yahoo.outage = always(Reply("{}", 500))
    load_rates(connection, market)
    assert outcomes(connection, "treasury_rates") == [("fred", "failed"), ("yfinance", "failed")]


def test_a_refused_key_of_fred_is_reported_without_the_key(connection: Connection, market: Market) -> None:
    load_rates(connection, market, fred_api_key="secret-word")
    row = connection.execute("select error from ops.loads where source = 'fred'").fetchone()
    assert row is not None
    assert "not registered" in row[0]
    assert "secret-word" not in row[0]


# --- option chains ---------------------------------------------------------------------------------------


def hold(
    connection: Connection, symbol: str, strike: float, expiration: date, exit_date: date | None
) -> None:
    connection.execute(
        "insert into raw.positions (load_id, loaded_at, position_id, portfolio_id, symbol, underlying_symbol,"
        " investment_class, investment_subtype, option_type, strike_price, expiration_date, quantity,"
        " entry_date, entry_price, exit_date)"
        " values (0, now(), %s, %s, %s, 'AAA', 'OPTIONS', 'CALL', 'CALL', %s, %s, 1, '2025-06-02', 1, %s)",
        [uuid4(), uuid4(), symbol, strike, expiration, exit_date],
    )


def quotes(connection: Connection) -> dict[str, tuple[object, ...]]:
    rows = connection.execute(
        "select symbol, quote_date, bid::float8, ask::float8, last::float8, volume::float8, source "
        "from raw.option_quotes"
    )
    return {row[0]: row[1:] for row in rows}


def test_only_open_contracts_are_requested(connection: Connection) -> None:
    hold(connection, CALL, 100, date(2025, 6, 20), None)
    hold(connection, "AAA250718C00120000", 120, date(2025, 7, 18), None)
    hold(connection, "AAA250606C00090000", 90, date(2025, 6, 6), None)
    hold(connection, "AAA250919C00150000", 150, date(2025, 9, 19), DAYS[2])
    (request,) = contracts_held(connection, DAYS[-1])
    assert (request.underlying_symbol, request.lowest_strike, request.highest_strike) == ("AAA", 100, 120)
    assert (request.first_expiration, request.last_expiration) == (date(2025, 6, 20), date(2025, 7, 18))


def test_a_chain_is_read_page_by_page_and_only_quotes_of_the_last_session_are_stored(
    connection: Connection, market: Market
) -> None:
    # Silent failure prevented: yesterday's quote, or one of a session that is not over, kept as today's close
    hold(connection, CALL, 100, date(2025, 6, 20), None)
    market.polygon.contracts["AAA"] = [
        contract(CALL, DAYS[-1], 6.5, 6.75),
        contract(PUT, DAYS[-1], 1.5, float("nan"), last_trade={"price": 1.5, "sip_timestamp": 1e18}),
        contract("AAA250620C00105000", DAYS[-2], 3.0, 3.2),
        contract("AAA250620C00110000", date(2025, 6, 11), 1.0, 1.1),
        contract("AAA250620C00112000", DAYS[-1], 1.0, 1.1, details=ADJUSTED),
        contract("AAA250620C00115000", DAYS[-1], 1.0, 1.1, details={"ticker": "x"}),
        contract("AAA250620C00120000", DAYS[-1], -1.0, 1e300, day="none"),
    ]
    market.night(connection)
    assert quotes(connection) == {
        CALL: (DAYS[-1], 6.5, 6.75, 6.5, 7.0, "polygon"),
        PUT: (DAYS[-1], 1.5, None, None, None, "polygon"),
    }
    assert market.polygon.requests["/v3/snapshot/options/AAA"] == 4
    stale = {symbol for _, reason, symbol in refused(connection) if reason == "not_this_session"}
    assert stale == {"AAA250620C00105000", "AAA250620C00110000", "AAA250620C00120000"}


def test_the_key_is_sent_to_no_other_host(connection: Connection, market: Market) -> None:
    hold(connection, CALL, 100, date(2025, 6, 20), None)
    market.polygon.contracts["AAA"] = [contract(CALL, DAYS[-1], 6.5, 6.75) for _ in range(3)]
    market.polygon.next_host = market.fred.url
    market.night(connection)
    assert market.polygon.requests["/v3/snapshot/options/AAA"] == 2
    assert not any("Authorization" in headers for headers in market.fred.headers)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (
            Reply.of({"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}),
            "not_entitled",
        ),
        (Reply("{}", 403), "not_entitled"),
        (Reply.of({"status": "OK", "results": []}), "no_data"),
    ],
    ids=["not_authorized", "forbidden", "empty"],
)
def test_a_missing_chain_is_reported_and_does_not_stop_a_night(
    connection: Connection, market: Market, reply: Reply, reason: str
) -> None:
    hold(connection, CALL, 100, date(2025, 6, 20), None)
    market.polygon.outage = always(reply)
    market.night(connection)
    assert sources(connection, "AAA") == ["yfinance"] * 7
    assert ("polygon", reason, "AAA") in refused(connection)


def test_an_incomplete_chain_is_not_loaded(connection: Connection, market: Market) -> None:
    hold(connection, CALL, 100, date(2025, 6, 20), None)
    market.polygon.contracts["AAA"] = [contract(CALL, DAYS[-1], 6.5, 6.75) for _ in range(3)]
    answer = market.polygon.answer
    market.polygon.answer = (  # type: ignore[method-assign]
        lambda path, query: Reply(HTML) if "cursor" in query else answer(path, query)
    )
    market.night(connection)
    assert quotes(connection) == {}
    assert outcomes(connection, "option_quotes") == [("polygon", "failed")]


# --- the settings ----------------------------------------------------------------------------------------


def test_vendors_are_asked_in_the_order_of_the_settings(market: Market) -> None:
    vendors = market.vendors(price_sources="polygon,fmp", profile_sources="fmp,yfinance")
    assert [vendor.name for vendor in vendors.prices] == ["polygon", "fmp"]
    assert [vendor.name for vendor in vendors.profiles] == ["fmp", "yfinance"]
    assert [vendor.name for vendor in vendors.rates] == ["fred", "yfinance"]
    assert [vendor.name for vendor in vendors.options] == ["polygon"]


def test_a_single_vendor_gives_all_its_datasets_without_notices_of_skipped_ones() -> None:
    vendors = make_vendors(Settings(), only="yfinance")
    names = [vendors.prices, vendors.profiles, vendors.rates, vendors.options]
    assert [[vendor.name for vendor in those] for those in names] == [["yfinance"]] * 3 + [[]]
    assert vendors.notices == ()
    assert vendors.orders["prices"] == ("yfinance", "fmp")


def test_every_vendor_of_the_settings_supports_its_datasets(market: Market) -> None:
    vendors = market.vendors(price_sources="yfinance,fmp,polygon")
    assert all(isinstance(vendor, GivesPrices) for vendor in vendors.prices)
    assert len(vendors.prices) == 3
    assert all(isinstance(vendor, GivesProfiles) for vendor in vendors.profiles)
    assert all(isinstance(vendor, GivesRates) for vendor in vendors.rates)
    assert all(isinstance(vendor, GivesOptions) for vendor in vendors.options)


@pytest.mark.parametrize("value", ["yfinance,bloomberg", ",", "fmp,fmp"])
def test_the_error_for_an_invalid_order_lists_the_known_names(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PRICE_SOURCES", value)
    with pytest.raises(SettingsError, match=r"PRICE_SOURCES: .*write some of yfinance, fmp, polygon"):
        get_settings()


def test_settings_round_trip_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:  # conftest.py sets some
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("PRICE_SOURCES", " FMP , yfinance ")
    assert get_settings().as_environment() == {"PRICE_SOURCES": "fmp,yfinance"}


def test_a_night_requests_all_holdings(connection: Connection, market: Market) -> None:
    market.fred.series = {name: closes(*["4.75"] * 7) for name in SERIES}
    own(connection, "AAA", None)
    reports = load_vendors(connection, market.vendors(), now=NOW)
    assert {(report.dataset, report.source) for report in reports} >= {
        ("prices", "yfinance"),
        ("company_profiles", "yfinance"),
        ("treasury_rates", "fred"),
    }
    assert sources(connection, "AAA") == ["yfinance"] * 7
    assert ("fmp", "no_data", "SPY") in refused(connection), "the proxies are requested, of each"
