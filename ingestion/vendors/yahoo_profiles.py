"""Yahoo's profiles with our field names: pure functions on yfinance's `info` and estimates."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from ingestion.vendors.protocol import number, text

_SECURITY_TYPES = {
    "EQUITY": "STOCK",
    "ETF": "ETF",
    "MUTUALFUND": "MUTUAL_FUND",
    "INDEX": "INDEX",
    "MONEYMARKET": "CASH",
}
_TEXTS = {
    "longBusinessSummary": "description",
    "website": "website",
    "recommendationKey": "recommendation_key",
}
_COUNTS = {"fullTimeEmployees": "employees", "numberOfAnalystOpinions": "number_of_analyst_opinions"}
_NUMBERS = {
    "trailingPE": "pe_ratio",
    "forwardPE": "forward_pe",
    "beta": "beta",
    "fiftyTwoWeekHigh": "week_52_high",
    "fiftyTwoWeekLow": "week_52_low",
    "targetMeanPrice": "target_mean_price",
    "targetHighPrice": "target_high_price",
    "targetLowPrice": "target_low_price",
    "recommendationMean": "recommendation_mean",
    "forwardEps": "forward_eps",
    "earningsGrowth": "earnings_growth",
    "revenueGrowth": "revenue_growth",
    "profitMargins": "profit_margins",
    "operatingMargins": "operating_margins",
    "grossMargins": "gross_margins",
    "returnOnAssets": "return_on_assets",
    "returnOnEquity": "return_on_equity",
    "totalRevenue": "total_revenue",
    "currentYearEarningsAverage": "current_year_earnings_avg",
    "nextYearEarningsAverage": "next_year_earnings_avg",
    "currentYearRevenueAverage": "current_year_revenue_avg",
    "nextYearRevenueAverage": "next_year_revenue_avg",
}
"""Yahoo's fields in profiles, those of read_estimates among them, and the API's names for them."""

_YEARS = {"0y": "currentYear", "+1y": "nextYear"}
"""Fiscal years, by the period of an estimate."""


def read_profile(symbol: str, info: Mapping[str, Any], profile_date: date) -> dict[str, Any]:
    """The row for raw.company_profiles from Yahoo's fields; invalid values are null."""
    kind = str(info.get("quoteType"))
    return {
        "symbol": symbol,
        "profile_date": profile_date,
        "name": text(info.get("longName")) or text(info.get("shortName")),
        "security_type": _SECURITY_TYPES.get(kind),
        "sector": text(info.get("sector")),
        "industry": text(info.get("industry")),
        "exchange": text(info.get("exchange")),
        "country": text(info.get("country")),
        "currency": text(info.get("currency")),
        "market_cap": number(info.get("marketCap")),
        "dividend_yield": _dividend_yield(info),
        "details": json.dumps(_details(info, kind), sort_keys=True),
    }


def read_estimates(earnings: pd.DataFrame, revenue: pd.DataFrame) -> dict[str, float | None]:
    """Analysts' mean estimates of earnings per share and revenue, from yfinance's frames by period.

    Other currencies than the dollar are left out: the profile's figures are USD.
    """
    found: dict[str, float | None] = {}
    for name, table in (("Earnings", earnings), ("Revenue", revenue)):
        if "avg" not in table or ("currency" in table and set(table["currency"]) != {"USD"}):
            continue
        for period, year in _YEARS.items():
            found[f"{year}{name}Average"] = number(table["avg"].get(period))
    return found


def _details(info: Mapping[str, Any], kind: str) -> dict[str, Any]:
    details: dict[str, Any] = {name: text(info.get(field)) for field, name in _TEXTS.items()}
    details |= {name: number(info.get(field)) for field, name in _NUMBERS.items()}
    counts = {name: number(info.get(field)) for field, name in _COUNTS.items()}
    details |= {name: None if count is None else int(count) for name, count in counts.items()}
    details["first_trade_date"] = _first_trade_date(info)
    details = {name: value for name, value in details.items() if value is not None}
    return details | {"is_etf": kind == "ETF", "is_fund": kind in {"ETF", "MUTUALFUND"}}


def _first_trade_date(info: Mapping[str, Any]) -> str | None:
    """The first date with prices: nothing older is requested."""
    milliseconds = number(info.get("firstTradeDateMilliseconds"))
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
    except (OSError, OverflowError, ValueError):
        return None


def _dividend_yield(info: Mapping[str, Any]) -> float | None:
    """Decimal per year. Of Yahoo's fields, only dividendYield is in percent."""
    for field, unit in (("yield", 1.0), ("trailingAnnualDividendYield", 1.0), ("dividendYield", 100.0)):
        value = number(info.get(field))
        if value is not None and value > 0:
            return value / unit
    return None
