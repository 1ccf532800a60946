"""A loopback server with Yahoo Finance's JSON, to test the real yfinance, faults included."""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.ingestion.vendors.loopback import HTML, FakeVendor, Reply

NEW_YORK = ZoneInfo("America/New_York")


@dataclass
class Share:
    """The server's data of a symbol; closes and dividends are adjusted for later splits, as at Yahoo."""

    closes: dict[date, float | None]
    adjusted: dict[date, float] = field(default_factory=dict)
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, float] = field(default_factory=dict)
    capital_gains: dict[date, float] = field(default_factory=dict)
    quote_type: str = "EQUITY"
    currency: str = "USD"
    info: dict[str, Any] = field(default_factory=dict)
    estimates: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class FakeYahoo(FakeVendor):
    """The server's state. faults: by symbol, the statuses to return before a normal answer.

    0 is a page that is not JSON, -1 is no answer within the client's timeout.
    """

    shares: dict[str, Share] = field(default_factory=dict)
    faults: dict[str, list[int]] = field(default_factory=dict)

    def answer(self, path: str, query: dict[str, str]) -> Reply:
        symbol = path.rsplit("/", 1)[-1]
        with self.lock:
            self.requests[path.removesuffix(f"/{symbol}")] += 1
            fault = self.faults.get(symbol, []).pop(0) if self.faults.get(symbol) else None
        if fault is not None:
            return _faulty(fault)
        if path == "/v1/test/getcrumb":
            return Reply("crumb")
        if "/v8/finance/chart/" in path:
            status, body = self._chart(symbol, query)
        elif "/v10/finance/quoteSummary/" in path:
            status, body = self._summary(symbol)
        else:
            status, body = self._quote(query["symbols"]) if path == "/v7/finance/quote" else (200, "{}")
        return Reply(body, status)

    def _chart(self, symbol: str, query: dict[str, str]) -> tuple[int, str]:
        share = self.shares.get(symbol)
        if share is None:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return 404, json.dumps({"chart": {"result": None, "error": error}})
        start = int(query.get("period1", "0"))
        days = [day for day in sorted(share.closes) if _instant(day) >= start]
        closes = [share.closes[day] for day in days]
        result = {
            "meta": {
                "currency": share.currency,
                "symbol": symbol,
                "instrumentType": share.quote_type,
                "exchangeTimezoneName": "America/New_York",
                "timezone": "EDT",
                "gmtoffset": -14400,
                "priceHint": 2,
                "dataGranularity": "1d",
                "validRanges": ["1d", "5d", "1mo", "max"],
            },
            "timestamp": [_instant(day) for day in days],
            "events": {
                "dividends": _events(share.dividends, "amount"),
                "splits": {
                    str(_instant(day)): {"date": _instant(day), "numerator": ratio, "denominator": 1}
                    for day, ratio in share.splits.items()
                },
                "capitalGains": _events(share.capital_gains, "amount"),
            },
            "indicators": {
                "quote": [
                    dict.fromkeys(("open", "high", "low", "close"), closes)
                    | {"volume": [1000 * _later_ratio(share, day) for day in days]}
                ],
                "adjclose": [{"adjclose": [share.adjusted.get(day, share.closes[day]) for day in days]}],
            },
        }
        return 200, json.dumps({"chart": {"result": [result], "error": None}})

    def _summary(self, symbol: str) -> tuple[int, str]:
        share = self.shares.get(symbol)
        if share is None:
            error = {"code": "Not Found", "description": "Quote not found"}
            return 404, json.dumps({"quoteSummary": {"result": None, "error": error}})
        modules = {
            "quoteType": {"quoteType": share.quote_type, "symbol": symbol},
            "summaryDetail": share.info,
            "earningsTrend": {"trend": share.estimates},
        }
        return 200, json.dumps({"quoteSummary": {"result": [modules], "error": None}})

    def _quote(self, symbol: str) -> tuple[int, str]:
        found = (
            [{"symbol": symbol, "quoteType": self.shares[symbol].quote_type}] if symbol in self.shares else []
        )
        return 200, json.dumps({"quoteResponse": {"result": found, "error": None}})


def _later_ratio(share: Share, day: date) -> float:
    """Volumes are restated for later splits as prices are."""
    return math.prod(ratio for ex_date, ratio in share.splits.items() if ex_date > day)


def _faulty(fault: int) -> Reply:
    if fault <= 0:
        return Reply(HTML, delay=2 if fault == -1 else 0)
    return Reply.of({"chart": {"result": None, "error": {"code": "x", "description": "fault"}}}, fault)


def _instant(day: date) -> int:
    """The opening bell, as Yahoo stamps daily rows."""
    return int(datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK).astimezone(UTC).timestamp())


def _events(values: dict[date, float], name: str) -> dict[str, dict[str, float]]:
    return {str(_instant(day)): {name: value, "date": _instant(day)} for day, value in values.items()}
