"""Company and fund profiles from Yahoo Finance (source 'yfinance')."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from ingestion.datasets import COMPANY_PROFILES
from ingestion.loads import Connection, LoadReport, load_transaction
from ingestion.yahoo_client import YahooClient

SOURCE = "yfinance"
PROFILE_AGE = timedelta(days=7)  # profiles change slowly

_SECURITY_TYPES = {
    "EQUITY": "STOCK",
    "ETF": "ETF",
    "MUTUALFUND": "MUTUAL_FUND",
    "INDEX": "INDEX",
    "MONEYMARKET": "CASH",
}
_DETAILS = {
    "longBusinessSummary": "description",
    "fullTimeEmployees": "employees",
    "website": "website",
    "trailingPE": "pe_ratio",
    "forwardPE": "forward_pe",
    "beta": "beta",
    "fiftyTwoWeekHigh": "week_52_high",
    "fiftyTwoWeekLow": "week_52_low",
    "targetMeanPrice": "target_mean_price",
    "targetHighPrice": "target_high_price",
    "targetLowPrice": "target_low_price",
    "numberOfAnalystOpinions": "number_of_analyst_opinions",
    "recommendationMean": "recommendation_mean",
    "recommendationKey": "recommendation_key",
    "forwardEps": "forward_eps",
    "earningsGrowth": "earnings_growth",
    "revenueGrowth": "revenue_growth",
    "profitMargins": "profit_margins",
    "operatingMargins": "operating_margins",
    "grossMargins": "gross_margins",
    "returnOnAssets": "return_on_assets",
    "returnOnEquity": "return_on_equity",
    "totalRevenue": "total_revenue",
}
"""Yahoo's fields that profiles show, and the API's names for them."""


def load_profiles(
    connection: Connection, client: YahooClient, symbols: Sequence[str], today: date
) -> list[LoadReport]:
    """Load the profiles that are unknown or older than a week. Symbols without one are rejected rows."""
    stale = _stale_profiles(connection, symbols, today)
    if not stale:
        return []
    answers = client.profiles(stale)
    rows = [read_profile(symbol, info, today) for symbol, info in sorted(answers.found.items())]
    origin = f"Yahoo Finance, {len(rows)} profiles"
    with load_transaction(connection, COMPANY_PROFILES.name, source=SOURCE, origin=origin) as load:
        frame = pd.DataFrame(rows, dtype=object)
        return [load.rows(COMPANY_PROFILES, frame, rejected=answers.rejections())]


def read_profile(symbol: str, info: Mapping[str, Any], profile_date: date) -> dict[str, Any]:
    """The row for raw.company_profiles from Yahoo's fields; a number that is not finite is unknown."""
    kind = str(info.get("quoteType"))
    details = {name: _finite(info.get(field)) for field, name in _DETAILS.items()}
    details |= {"is_etf": kind == "ETF", "is_fund": kind in {"ETF", "MUTUALFUND"}}
    return {
        "symbol": symbol,
        "profile_date": profile_date,
        "name": info.get("longName") or info.get("shortName"),
        "security_type": _SECURITY_TYPES.get(kind),
        "sector": info.get("sector") or None,
        "industry": info.get("industry") or None,
        "exchange": info.get("exchange") or None,
        "country": info.get("country") or None,
        "currency": info.get("currency") or None,
        "market_cap": _finite(info.get("marketCap")),
        "dividend_yield": _dividend_yield(info),
        "details": json.dumps({k: v for k, v in details.items() if v is not None}, sort_keys=True),
    }


def _dividend_yield(info: Mapping[str, Any]) -> float | None:
    """Decimal a year. Yahoo's own dividendYield is percent, its yield (of funds) and trailing one decimal."""
    for field, unit in (("yield", 1.0), ("trailingAnnualDividendYield", 1.0), ("dividendYield", 100.0)):
        value = _finite(info.get(field))
        if isinstance(value, int | float) and value > 0:
            return value / unit
    return None


def _finite(value: object) -> Any:
    if isinstance(value, bool) or value in {"", "Infinity", "NaN", "-Infinity"}:
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _stale_profiles(connection: Connection, symbols: Sequence[str], today: date) -> list[str]:
    """The symbols whose profile of this source is older than a week, or unknown."""
    with connection.transaction():
        rows = connection.execute(
            "select symbol from raw.company_profiles where source = %s group by symbol "
            "having max(profile_date) > %s",
            [SOURCE, today - PROFILE_AGE],
        ).fetchall()
    fresh = {row[0] for row in rows}
    return [symbol for symbol in symbols if symbol not in fresh]
