"""Fakes of Financial Modeling Prep, Polygon and FRED in their own wire formats."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.ingestion.vendors.loopback import FakeVendor, Reply

NEW_YORK = ZoneInfo("America/New_York")
CLOSE_OF_DAY = 16


def timestamp(day: date, hour: int = CLOSE_OF_DAY) -> int:
    """Unix timestamp of an hour in New York."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK).astimezone(UTC).timestamp())


@dataclass
class FmpShare:
    """closes: adjusted for later splits; adjusted: for dividends too. dividends: as paid."""

    closes: dict[date, Any]
    adjusted: dict[date, float] = field(default_factory=dict)
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, tuple[float, float]] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)


@dataclass
class FakeFmp(FakeVendor):
    """The `stable` API: lists of objects, newest first; an empty list for an unknown symbol."""

    shares: dict[str, FmpShare] = field(default_factory=dict)
    key: str = "fmp-key"

    def answer(self, path: str, query: dict[str, str]) -> Reply:
        if self.headers[-1].get("Apikey", self.headers[-1].get("apikey")) != self.key:
            return Reply.of({"Error Message": "Invalid API KEY. Feel free to create a Free API Key."}, 401)
        symbol = query.get("symbol", "")
        share = self.shares.get(symbol)
        if share is None:
            return Reply.of([])
        first = date.fromisoformat(query.get("from", "1990-01-01"))
        days = [day for day in sorted(share.closes, reverse=True) if day >= first]
        rows: dict[str, list[dict[str, Any]]] = {
            "/historical-price-eod/full": [
                dict.fromkeys(("open", "high", "low", "close"), share.closes[day])
                | {"symbol": symbol, "date": str(day), "volume": 500, "change": 0.1, "vwap": 1.0}
                for day in days
            ],
            "/historical-price-eod/dividend-adjusted": [
                {"symbol": symbol, "date": str(day), "adjClose": share.adjusted.get(day, share.closes[day])}
                for day in days
            ],
            "/splits": [
                {"symbol": symbol, "date": str(day), "numerator": new, "denominator": old}
                for day, (new, old) in share.splits.items()
            ],
            "/dividends": [
                {"symbol": symbol, "date": str(day), "dividend": paid, "adjDividend": paid, "yield": 0.4}
                for day, paid in share.dividends.items()
            ],
            "/profile": [
                {
                    "symbol": symbol,
                    "price": 100.0,
                    "companyName": f"{symbol} Inc.",
                    "currency": "USD",
                    "isEtf": False,
                    "isFund": False,
                    **share.profile,
                }
            ],
        }
        return Reply.of(rows[path]) if path in rows else Reply.of({"Error Message": "no such path"}, 404)


@dataclass
class FakePolygon(FakeVendor):
    """Chains page by page, daily bars as traded, splits and dividends."""

    contracts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    closes: dict[str, dict[date, float]] = field(default_factory=dict)
    splits: list[dict[str, Any]] = field(default_factory=list)
    dividends: list[dict[str, Any]] = field(default_factory=list)
    key: str = "polygon-key"
    page: int = 2
    next_host: str | None = None

    def answer(self, path: str, query: dict[str, str]) -> Reply:
        if self.headers[-1].get("Authorization") != f"Bearer {self.key}":
            return Reply.of({"status": "ERROR", "error": "Unknown API Key"}, 401)
        symbol = path.split("/")[4] if path.startswith(("/v2/aggs", "/v3/snapshot")) else ""
        if path.startswith("/v3/snapshot/options/"):
            return self._chain(path, symbol, query)
        if path.startswith("/v2/aggs/ticker/"):
            bars = self.closes.get(symbol, {})
            first = date.fromisoformat(path.split("/")[8])
            rows = [
                {"t": timestamp(day, 0) * 1000, "o": close, "h": close, "l": close, "c": close, "v": 10}
                for day, close in bars.items()
                if day >= first
            ]
            return Reply.of({"status": "OK", "ticker": symbol, "adjusted": False, "results": rows})
        told = self.splits if path.endswith("/splits") else self.dividends
        return Reply.of(
            {"status": "OK", "results": [row for row in told if row["ticker"] == query["ticker"]]}
        )

    def _chain(self, path: str, symbol: str, query: dict[str, str]) -> Reply:
        begin = int(query.get("cursor", 0))
        rows = self.contracts.get(symbol, [])
        told: dict[str, Any] = {"status": "OK", "results": rows[begin : begin + self.page]}
        if begin + self.page < len(rows):
            told["next_url"] = f"{self.next_host or self.url}{path}?cursor={begin + self.page}"
        return Reply.of(told)


def contract(ticker: str, quoted: date, bid: float, ask: float, **changes: Any) -> dict[str, Any]:
    """A contract of Polygon's chain snapshot, quoted and traded at the close of a day."""
    instant = timestamp(quoted) * 1_000_000_000
    return {
        "details": {"ticker": f"O:{ticker}", "shares_per_contract": 100},
        "last_quote": {"bid": bid, "ask": ask, "last_updated": instant},
        "day": {"close": bid, "volume": 7, "last_updated": instant},
        "open_interest": 12,
        "implied_volatility": 0.25,
        **changes,
    }


@dataclass
class FakeFred(FakeVendor):
    """series/observations; values are strings."""

    series: dict[str, dict[date, str]] = field(default_factory=dict)
    key: str = "fred-key"

    def answer(self, path: str, query: dict[str, str]) -> Reply:
        if query.get("api_key") != self.key:
            message = "Bad Request.  The value for variable api_key is not registered."
            return Reply.of({"error_code": 400, "error_message": message}, 400)
        if path != "/series/observations" or query["series_id"] not in self.series:
            message = "Bad Request.  The series does not exist."
            return Reply.of({"error_code": 400, "error_message": message}, 400)
        first = date.fromisoformat(query["observation_start"])
        rows = [
            {"realtime_start": "2025-06-10", "realtime_end": "2025-06-10", "date": str(day), "value": value}
            for day, value in self.series[query["series_id"]].items()
            if day >= first
        ]
        return Reply.of({"count": len(rows), "observations": rows})
