"""Financial Modeling Prep through its `stable` API (source 'fmp'): prices, splits, dividends, profiles.

    historical-price-eod/full               open, high, low, close, volume: adjusted for splits
    historical-price-eod/dividend-adjusted  adjClose: adjusted for dividends too, for total returns
    splits                                  numerator, denominator
    dividends                               dividend: as paid
    profile                                 the currency, among other fields

Some plans lack adjusted closes; the returns are then computed later. An error may have status 200, as an
object with the field "Error Message".
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from threading import Lock
from typing import Any

import pandas as pd

from ingestion.errors import GarbageError, NoDataError, NotEntitledError, VendorDownError
from ingestion.vendors.protocol import (
    QUOTE_COLUMNS,
    Answers,
    History,
    day,
    events,
    is_split,
    number,
    text,
)
from ingestion.vendors.vendor_http import VendorHttp, ask_each
from ingestion.vendors.yahoo_symbols import yahoo_symbol

_LEVELS = ("open", "high", "low", "close", "volume")


class FinancialModelingPrep:
    """The vendor FMP. It writes symbols as Yahoo does."""

    name = "fmp"
    title = "Financial Modeling Prep"

    def __init__(self, http: VendorHttp) -> None:
        self._http = http
        self._profiles: dict[str, dict[str, Any]] = {}  # cached for this run: prices need the currency too
        self._lock = Lock()

    def histories(self, starts: Mapping[str, date]) -> Answers[History]:
        """Daily rows of each symbol from its date to now, with splits and dividends."""
        return ask_each(starts, self._history)

    def profiles(self, symbols: Sequence[str], profile_date: date) -> Answers[dict[str, Any]]:
        """Profiles by our field names."""
        return ask_each(
            dict.fromkeys(symbols, profile_date),
            lambda symbol, when: read_profile(symbol, self._profile(symbol), when),
        )

    def _history(self, symbol: str, start: date) -> History:
        span = {"from": start.isoformat()}
        rows = self._rows("historical-price-eod/full", symbol, span)
        if not rows:
            raise NoDataError("an answer without prices")
        try:
            adjusted = self._rows("historical-price-eod/dividend-adjusted", symbol, span)
        except (NotEntitledError, NoDataError):
            adjusted = []
        return read_history(
            rows,
            adjusted,
            splits=self._rows("splits", symbol),
            dividends=self._rows("dividends", symbol),
            start=start,
            currency=text(self._profile_if_any(symbol).get("currency")),
        )

    def _profile_if_any(self, symbol: str) -> dict[str, Any]:
        try:
            return self._profile(symbol)
        except (NotEntitledError, NoDataError):
            return {}

    def _profile(self, symbol: str) -> dict[str, Any]:
        with self._lock:
            known = self._profiles.get(symbol)
        if known is not None:
            return known
        rows = self._rows("profile", symbol)
        if not rows:
            raise NoDataError("an answer without a profile")
        with self._lock:
            self._profiles[symbol] = rows[0]
        return rows[0]

    def _rows(
        self, endpoint: str, symbol: str, params: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """The objects of the answer's list. Raises VendorError."""
        query = {"symbol": yahoo_symbol(symbol), **(params or {})}
        payload: list[dict[str, Any]] = self._http.get(f"/{endpoint}", query, check=_check)
        return payload


def _check(payload: Any) -> None:
    """Raise VendorError if a response of status 200 is an error or unreadable."""
    if isinstance(payload, list) and all(isinstance(row, dict) for row in payload):
        return
    message = text(payload.get("Error Message")) if isinstance(payload, dict) else None
    if message is None:
        raise GarbageError("an answer that is not a list of objects")
    if "limit reach" in message.lower():
        raise VendorDownError(message)
    if "subscription" in message.lower() or "premium" in message.lower():
        raise NotEntitledError(message)
    raise GarbageError(message)


def read_history(
    rows: Sequence[Mapping[str, Any]],
    adjusted: Sequence[Mapping[str, Any]],
    *,
    splits: Sequence[Mapping[str, Any]],
    dividends: Sequence[Mapping[str, Any]],
    start: date,
    currency: str | None,
) -> History:
    """FMP's objects as a History; splits and dividends before `start` are dropped."""
    adj_close = {day(row.get("date")): number(row.get("adjClose")) for row in adjusted}
    quotes = pd.DataFrame(
        [
            [when, *(number(row.get(name)) for name in _LEVELS), adj_close.get(when)]
            for row in rows
            if (when := day(row.get("date"))) is not None
        ],
        columns=["price_date", *_LEVELS, "adj_close"],
    )
    quotes[[*_LEVELS, "adj_close"]] = quotes[[*_LEVELS, "adj_close"]].astype("float64")
    quotes["price_date"] = pd.to_datetime(quotes["price_date"]).astype("datetime64[s]")
    ratios = [(day(row.get("date")), _ratio(row)) for row in splits]
    paid = [(day(row.get("date")), number(row.get("dividend"))) for row in dividends]
    return History(
        quotes=quotes[list(QUOTE_COLUMNS)],
        splits=events([(when, ratio) for when, ratio in ratios if when and when >= start], "ratio"),
        dividends=events([(when, value) for when, value in paid if when and when >= start], "value"),
        currency=currency,
        is_split_adjusted=True,
    )


def _ratio(row: Mapping[str, Any]) -> float | None:
    new, old = number(row.get("numerator")), number(row.get("denominator"))
    ratio = new / old if new and old else None
    return ratio if is_split(ratio) else None


def read_profile(symbol: str, row: Mapping[str, Any], profile_date: date) -> dict[str, Any]:
    """The row for raw.company_profiles from FMP's fields; invalid values are null."""
    is_etf, is_fund = row.get("isEtf") is True, row.get("isFund") is True
    price, paid = number(row.get("price")), number(row.get("lastDividend"))
    return {
        "symbol": symbol,
        "profile_date": profile_date,
        "name": text(row.get("companyName")),
        "security_type": _security_type(symbol, is_etf=is_etf, is_fund=is_fund),
        "sector": text(row.get("sector")),
        "industry": text(row.get("industry")),
        "exchange": text(row.get("exchange")),
        "country": text(row.get("country")),
        "currency": text(row.get("currency")),
        "market_cap": number(row.get("marketCap")),
        "dividend_yield": paid / price if paid and price and paid > 0 and price > 0 else None,
        "details": json.dumps(_details(row, is_etf=is_etf, is_fund=is_fund), sort_keys=True),
    }


def _security_type(symbol: str, *, is_etf: bool, is_fund: bool) -> str:
    if is_etf or is_fund:
        return "ETF" if is_etf else "MUTUAL_FUND"
    return "INDEX" if yahoo_symbol(symbol).startswith("^") else "STOCK"


def _details(row: Mapping[str, Any], *, is_etf: bool, is_fund: bool) -> dict[str, Any]:
    low, _, high = (text(row.get("range")) or "").partition("-")
    employees, first_day = number(row.get("fullTimeEmployees")), day(row.get("ipoDate"))
    details = {
        "description": text(row.get("description")),
        "website": text(row.get("website")),
        "beta": number(row.get("beta")),
        "employees": None if employees is None else int(employees),
        "week_52_low": number(low),
        "week_52_high": number(high),
        "first_trade_date": first_day and first_day.isoformat(),
    }
    known = {name: value for name, value in details.items() if value is not None}
    return known | {"is_etf": is_etf, "is_fund": is_etf or is_fund}
