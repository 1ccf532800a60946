"""A loopback server that speaks Yahoo Finance's JSON: the real yfinance is tested, faults included."""

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from curl_cffi import requests

from ingestion.yahoo_client import YahooSession

NEW_YORK = ZoneInfo("America/New_York")


@dataclass
class Share:
    """What the server knows of a symbol; closes and dividends adjusted for later splits, as Yahoo does."""

    closes: dict[date, float | None]
    adjusted: dict[date, float] = field(default_factory=dict)
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, float] = field(default_factory=dict)
    capital_gains: dict[date, float] = field(default_factory=dict)
    quote_type: str = "EQUITY"
    info: dict[str, Any] = field(default_factory=dict)


@dataclass
class FakeYahoo:
    """The server's state. faults: by symbol, the statuses it answers with before it answers well.

    A fault of 0 is a page that is no JSON; -1 is no answer for longer than a client waits.
    """

    shares: dict[str, Share] = field(default_factory=dict)
    faults: dict[str, list[int]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self) -> YahooSession:
        """A session whose requests to any host come here."""
        return LoopbackSession(self.port)

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, str]:
        """Status and body for a request."""
        symbol = path.rsplit("/", 1)[-1].replace("%5E", "^")
        with self.lock:
            self.requests[path.removesuffix(f"/{symbol}")] += 1
            fault = self.faults.get(symbol, []).pop(0) if self.faults.get(symbol) else None
        if fault is not None:
            return _faulty(fault)
        if path == "/v1/test/getcrumb":
            return 200, "crumb"
        if "/v8/finance/chart/" in path:
            return self._chart(symbol, query)
        if "/v10/finance/quoteSummary/" in path:
            return self._summary(symbol)
        return self._quote(query["symbols"][0]) if path == "/v7/finance/quote" else (200, "{}")

    def _chart(self, symbol: str, query: dict[str, list[str]]) -> tuple[int, str]:
        share = self.shares.get(symbol)
        if share is None:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return 404, json.dumps({"chart": {"result": None, "error": error}})
        start = int(query.get("period1", ["0"])[0])
        days = [day for day in sorted(share.closes) if _instant(day) >= start]
        closes = [share.closes[day] for day in days]
        result = {
            "meta": {
                "currency": "USD",
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
        }
        return 200, json.dumps({"quoteSummary": {"result": [modules], "error": None}})

    def _quote(self, symbol: str) -> tuple[int, str]:
        found = (
            [{"symbol": symbol, "quoteType": self.shares[symbol].quote_type}] if symbol in self.shares else []
        )
        return 200, json.dumps({"quoteResponse": {"result": found, "error": None}})


class LoopbackSession(YahooSession):
    """The production session with one difference: whatever host is meant, the request goes to 127.0.0.1."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(url)
        return super().request(method, f"http://127.0.0.1:{self._port}{parts.path or '/'}", *args, **kwargs)


@contextmanager
def serving(yahoo: FakeYahoo) -> Iterator[FakeYahoo]:
    """Serve on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = yahoo.answer(parts.path, parse_qs(parts.query))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    yahoo.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield yahoo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _later_ratio(share: Share, day: date) -> float:
    """Volumes are restated for later splits as prices are."""
    return math.prod(ratio for ex_date, ratio in share.splits.items() if ex_date > day)


def _faulty(fault: int) -> tuple[int, str]:
    if fault == -1:
        time.sleep(2)
    if fault <= 0:
        return 200, "<html>Will come back</html>"
    return fault, json.dumps({"chart": {"result": None, "error": {"code": "x", "description": "fault"}}})


def _instant(day: date) -> int:
    """The opening bell, as Yahoo stamps daily rows."""
    return int(datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK).astimezone(UTC).timestamp())


def _events(values: dict[date, float], name: str) -> dict[str, dict[str, float]]:
    return {str(_instant(day)): {name: value, "date": _instant(day)} for day, value in values.items()}
