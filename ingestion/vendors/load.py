"""Load vendors' data into the raw tables: for a night, or for the symbols of a new portfolio.

    load_vendors(connection, make_vendors(settings))                 a night: all datasets of all holdings
    load_symbols(connection, make_vendors(settings), ["AAPL", ...])  prices and profiles of these symbols

Make new vendors for each run: their limits and breakers start with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ingestion.errors import SourceUnavailableError
from ingestion.market.calendar import last_closed_session
from ingestion.market.symbols import last_needed, symbols_to_price
from ingestion.raw.loads import Connection, LoadReport
from ingestion.vendors.option_chain import load_option_chain
from ingestion.vendors.planning import HISTORY_BEFORE_INCEPTION, history_begins, plan_requests
from ingestion.vendors.price_chain import Days, load_price_chain
from ingestion.vendors.profile_chain import load_profile_chain
from ingestion.vendors.rate_chain import load_rate_chain
from ingestion.vendors.registry import Vendors

NEW_YORK = ZoneInfo("America/New_York")


def load_vendors(
    connection: Connection,
    vendors: Vendors,
    *,
    start: date | None = None,
    end: date | None = None,
    now: datetime | None = None,
) -> list[LoadReport]:
    """Load prices with splits and dividends, profiles, Treasury yields and option quotes of all holdings.

    start: the first date of prices; default: what each symbol lacks (see planning). end: default the last
    session that is over. now: the current time, with a time zone. Symbols without an answer become rejected
    rows. Raises SourceUnavailableError, with the reports of the other loads, if no vendor gave a price and a
    retry may help.
    """
    until = last_needed(connection, _last(end, now))
    reports, failure = _prices_and_profiles(
        connection, vendors, symbols_to_price(connection), until=until, start=start, end=end, now=now
    )
    last_session = last_closed_session(now)
    reports += load_rate_chain(connection, vendors.rates, _last(end, now), vendors.orders["rates"])
    if end is None or end >= last_session:  # a vendor's chain is a current snapshot
        reports += load_option_chain(connection, vendors.options, last_session)
    return _finished(vendors, reports, failure)


def load_symbols(
    connection: Connection,
    vendors: Vendors,
    symbols: Sequence[str],
    *,
    start: date | None = None,
    end: date | None = None,
    now: datetime | None = None,
    held_from: date | None = None,
) -> list[LoadReport]:
    """Load prices with splits and dividends, and profiles, of these symbols; see load_vendors.

    held_from: the first entry of the symbols, if no loaded position has them yet.
    """
    if held_from is not None and start is None:
        needed = history_begins(connection, _last(end, now))
        start = min(needed, held_from - HISTORY_BEFORE_INCEPTION)
    return _finished(
        vendors, *_prices_and_profiles(connection, vendors, symbols, until={}, start=start, end=end, now=now)
    )


def _prices_and_profiles(
    connection: Connection,
    vendors: Vendors,
    symbols: Sequence[str],
    *,
    until: Mapping[str, date],
    start: date | None,
    end: date | None,
    now: datetime | None,
) -> tuple[list[LoadReport], SourceUnavailableError | None]:
    """The reports, and the exception to raise after all other loads. until: see plan_requests."""
    last = _last(end, now)
    today = (now or datetime.now(UTC)).astimezone(NEW_YORK).date()
    days = Days(last, last_closed_session(now), today)
    failure = None
    try:
        wanted = plan_requests(connection, symbols, start=start, last=last, until=until)
        reports = load_price_chain(connection, vendors.prices, wanted, days, vendors.orders["prices"])
        if wanted and not vendors.prices:
            failure = SourceUnavailableError(
                f"No source of prices is available. {' '.join(vendors.notices)}".strip()
            )
    except SourceUnavailableError as error:
        reports, failure = list(error.reports), error
    profiles = load_profile_chain(connection, vendors.profiles, symbols, last, vendors.orders["profiles"])
    return reports + profiles, failure


def _last(end: date | None, now: datetime | None) -> date:
    last_session = last_closed_session(now)
    return min(end, last_session) if end else last_session


def _finished(
    vendors: Vendors, reports: list[LoadReport], failure: SourceUnavailableError | None
) -> list[LoadReport]:
    """The reports; the first one carries the notices of skipped vendors. Raises the failure, with them."""
    if reports:
        reports = [replace(reports[0], notices=(*vendors.notices, *reports[0].notices)), *reports[1:]]
    if failure is None:
        return reports
    unnamed = () if reports else (notice for notice in vendors.notices if notice not in str(failure))
    raise SourceUnavailableError(" ".join([str(failure), *unnamed]), reports)
