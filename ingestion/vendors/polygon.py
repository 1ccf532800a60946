"""Polygon through its REST API (source 'polygon'): option chains, and optionally prices.

    /v3/snapshot/options/{underlying}                  quotes of all contracts, 250 per page
    /v2/aggs/ticker/{ticker}/range/1/day/{from}/{to}   daily rows, adjusted=false: as traded
    /v3/reference/splits, /v3/reference/dividends      splits and dividends

Pages are linked by `next_url`; only its path and query are used, so that the key goes to no other host.
Polygon has no adjusted closes: total returns are computed later from closes, splits and dividends.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from zoneinfo import ZoneInfo

import pandas as pd

from ingestion.errors import GarbageError, NoDataError, NotEntitledError
from ingestion.market.occ import parse_occ
from ingestion.vendors.protocol import (
    QUOTE_COLUMNS,
    Answers,
    ChainRequest,
    History,
    day,
    events,
    is_split,
    number,
    text,
)
from ingestion.vendors.vendor_http import VendorHttp, ask_each

NEW_YORK = ZoneInfo("America/New_York")
PAGE, MOST_PAGES, ONE_CONTRACT = 250, 400, 100.0
_INDICES = {"VIX", "SPX", "NDX", "RUT", "DJX"}
_AGGREGATES = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
_CHAIN_NUMBERS = ("strike_price", "bid", "ask", "last", "volume", "open_interest", "implied_volatility")
_CHAIN_COLUMNS = (
    *("symbol", "underlying_symbol", "expiration_date", "option_type"),
    *_CHAIN_NUMBERS,
    *("quoted_on", "traded_on"),
)


class Polygon:
    """The vendor Polygon."""

    name = "polygon"
    title = "Polygon"

    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    def chains(self, wanted: Sequence[ChainRequest]) -> Answers[pd.DataFrame]:
        """The contracts in the requested ranges of expirations and strikes of each underlying."""
        return ask_each({request.underlying_symbol: request for request in wanted}, self._chain)

    def histories(self, starts: Mapping[str, date]) -> Answers[History]:
        """Daily rows of each symbol from its date to now, with splits and dividends."""
        return ask_each(starts, self._history)

    def _chain(self, underlying: str, request: ChainRequest) -> pd.DataFrame:
        params = {
            "limit": str(PAGE),
            "expiration_date.gte": request.first_expiration.isoformat(),
            "expiration_date.lte": request.last_expiration.isoformat(),
            "strike_price.gte": f"{request.lowest_strike:.15g}",
            "strike_price.lte": f"{request.highest_strike:.15g}",
        }
        rows = list(self._pages(f"/v3/snapshot/options/{_ticker(underlying)}", params))
        if not rows:
            raise NoDataError("a chain without contracts")
        return read_chain(underlying, rows)

    def _history(self, symbol: str, start: date) -> History:
        ticker = _ticker(symbol)
        today = self._http.line.clock.now().astimezone(NEW_YORK).date()
        path = f"/v2/aggs/ticker/{ticker}/range/1/day/{start}/{max(start, today)}"
        bars = list(self._pages(path, {"adjusted": "false", "sort": "asc", "limit": "50000"}))
        if not bars:
            raise NoDataError("an answer without prices")
        return read_history(
            bars,
            self._actions("splits", {"ticker": ticker, "execution_date.gte": start.isoformat()}),
            self._actions("dividends", {"ticker": ticker, "ex_dividend_date.gte": start.isoformat()}),
        )

    def _actions(self, kind: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        return list(self._pages(f"/v3/reference/{kind}", {**params, "limit": "1000"}))

    def _pages(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The results of all pages. Raises VendorError if a page fails: a partial chain is not used."""
        asked = dict(params)
        for _ in range(MOST_PAGES):
            payload = self._http.get(path, asked, check=_check)
            yield from (row for row in payload.get("results") or [] if isinstance(row, dict))
            following = text(payload.get("next_url"))
            if following is None:
                return
            parts = urlsplit(following)
            path, asked = parts.path, dict(parse_qsl(parts.query))
            asked.pop("apiKey", None)
        raise GarbageError(f"over {MOST_PAGES} pages")


def _check(payload: Any) -> None:
    """Raise VendorError if a response of status 200 is an error or unreadable."""
    if not isinstance(payload, dict) or not isinstance(payload.get("results") or [], list):
        raise GarbageError("an answer without results")
    status = payload.get("status")
    if status == "NOT_AUTHORIZED":
        raise NotEntitledError(text(payload.get("message")) or "the plan of this key does not cover it")
    if status == "ERROR":
        raise GarbageError(text(payload.get("error")) or "an error without a reason")


def _ticker(symbol: str) -> str:
    """The symbol as Polygon writes it, quoted for a path."""
    return quote(f"I:{symbol}" if symbol in _INDICES else symbol.replace("-", "."), safe=":.")


def read_history(
    bars: Sequence[Mapping[str, Any]],
    splits: Sequence[Mapping[str, Any]],
    dividends: Sequence[Mapping[str, Any]],
) -> History:
    """Polygon's objects as a History. Dividends in currencies other than USD are left out."""
    quotes = pd.DataFrame(
        [
            [when, *(number(bar.get(field)) for field in _AGGREGATES), None]
            for bar in bars
            if (when := _new_york_day(bar.get("t"), per_second=1_000)) is not None
        ],
        columns=["price_date", *_AGGREGATES.values(), "adj_close"],
    )
    levels = [*_AGGREGATES.values(), "adj_close"]
    quotes[levels] = quotes[levels].astype("float64")
    quotes["price_date"] = pd.to_datetime(quotes["price_date"]).astype("datetime64[s]")
    foreign = [row for row in dividends if (text(row.get("currency")) or "USD") != "USD"]
    return History(
        quotes=quotes[list(QUOTE_COLUMNS)],
        splits=events([(day(row.get("execution_date")), _ratio(row)) for row in splits], "ratio"),
        dividends=events(
            [
                (day(row.get("ex_dividend_date")), number(row.get("cash_amount")))
                for row in dividends
                if row not in foreign
            ],
            "value",
        ),
        currency="USD",  # Polygon covers exchanges of the United States only
        left_out=tuple(
            ("other_currency", f"dividend of {row.get('ex_dividend_date')} in {row.get('currency')}")
            for row in foreign
        ),
    )


def _ratio(row: Mapping[str, Any]) -> float | None:
    new, old = number(row.get("split_to")), number(row.get("split_from"))
    ratio = new / old if new and old else None
    return ratio if is_split(ratio) else None


def read_chain(underlying: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """See GivesOptions. Contracts adjusted by a merger or split (not for 100 shares) are left out."""
    contracts = [contract for row in rows if (contract := _contract(underlying, row)) is not None]
    frame = pd.DataFrame(contracts, columns=list(_CHAIN_COLUMNS))
    frame[list(_CHAIN_NUMBERS)] = frame[list(_CHAIN_NUMBERS)].astype("float64")
    return frame


def _contract(underlying: str, row: Mapping[str, Any]) -> dict[str, Any] | None:
    details, quoted, traded, today = (
        _part(row, name) for name in ("details", "last_quote", "last_trade", "day")
    )
    symbol = (text(details.get("ticker")) or "").removeprefix("O:")
    contract = parse_occ(symbol)
    if contract is None or (number(details.get("shares_per_contract")) or ONE_CONTRACT) != ONE_CONTRACT:
        return None
    last, traded_at = number(traded.get("price")), traded.get("sip_timestamp")
    if last is None:
        last, traded_at = number(today.get("close")), today.get("last_updated")
    return {
        "symbol": symbol,
        "underlying_symbol": underlying,
        "expiration_date": contract.expiration_date,
        "option_type": contract.option_type,
        "strike_price": float(contract.strike_price),
        "bid": number(quoted.get("bid")),
        "ask": number(quoted.get("ask")),
        "last": last,
        "volume": number(today.get("volume")),
        "open_interest": number(row.get("open_interest")),
        "implied_volatility": number(row.get("implied_volatility")),
        "quoted_on": _new_york_day(quoted.get("last_updated")),
        "traded_on": _new_york_day(traded_at),
    }


def _part(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = row.get(name)
    return part if isinstance(part, dict) else {}


def _new_york_day(timestamp: object, per_second: int = 1_000_000_000) -> date | None:
    """The date in New York of a vendor's timestamp; None if it is invalid."""
    since = number(timestamp)
    if since is None:
        return None
    try:
        return datetime.fromtimestamp(since / per_second, UTC).astimezone(NEW_YORK).date()
    except (OSError, OverflowError, ValueError):
        return None
