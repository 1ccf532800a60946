"""Response models of company profiles."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import ResponseModel, described

PROFILE_FIELDS = (
    *("company_name", "security_type", "sector", "industry", "exchange", "country", "currency"),
    *("market_cap", "description", "is_etf", "is_fund", "employees", "website", "pe_ratio", "forward_pe"),
    *("dividend_yield", "beta", "week_52_high", "week_52_low", "target_mean_price", "target_high_price"),
    *("target_low_price", "number_of_analyst_opinions", "recommendation_mean", "recommendation_key"),
    *("forward_eps", "current_year_earnings_avg", "next_year_earnings_avg", "current_year_revenue_avg"),
    *("next_year_revenue_avg", "earnings_growth", "revenue_growth", "profit_margins", "operating_margins"),
    *("gross_margins", "return_on_assets", "return_on_equity", "total_revenue", "next_earnings_date"),
    *("profile_date", "data_source", "last_updated"),
)
"""The values of `fields`; the symbol is always returned."""


def optional(description: str, example: Any) -> Any:
    """Make a field that `fields` may omit from the response."""
    return Field(default=None, description=description, examples=[example])


class CompanyProfile(ResponseModel):
    """Profile of a company or fund from one source. Fields that were not requested are omitted."""

    symbol: str = described("The symbol.", "AAPL")
    company_name: str | None = optional("Name of the company or fund; null if unknown.", "Apple Inc.")
    security_type: str | None = optional("STOCK, ETF, MUTUAL_FUND, INDEX, BOND or CASH.", "STOCK")
    sector: str | None = optional("Its sector; null if unknown.", "Technology")
    industry: str | None = optional("Its industry; null if unknown.", "Consumer Electronics")
    exchange: str | None = optional("Exchange code; null if unknown.", "NMS")
    country: str | None = optional("Country of the company; null if unknown.", "United States")
    currency: str | None = optional("Trading currency; null if unknown.", "USD")
    market_cap: float | None = optional("Market capitalization, USD; null if unknown.", 4027681603584.0)
    description: str | None = optional(
        "What the company does; null if unknown.", "Apple Inc. designs phones."
    )
    is_etf: bool | None = optional("An exchange-traded fund; null if unknown.", False)
    is_fund: bool | None = optional("A fund of any kind; null if unknown.", False)
    employees: int | None = optional("Full-time employees; null if unknown.", 150000)
    website: str | None = optional("URL of its website; null if unknown.", "https://www.apple.com")
    pe_ratio: float | None = optional("Price over the last four quarters' earnings.", 36.24)
    forward_pe: float | None = optional("Price over expected earnings.", 32.54)
    dividend_yield: float | None = optional("Dividend yield, annualized decimal.", 0.0038)
    beta: float | None = optional("Beta to the market as the source computes it.", 1.094)
    week_52_high: float | None = optional("Highest price of 52 weeks, USD.", 277.32)
    week_52_low: float | None = optional("Lowest price of 52 weeks, USD.", 169.21)
    target_mean_price: float | None = optional("Analysts' mean target price, USD.", 274.9676)
    target_high_price: float | None = optional("Their highest, USD.", 345.0)
    target_low_price: float | None = optional("Their lowest, USD.", 200.0)
    number_of_analyst_opinions: int | None = optional("Analysts with a target price.", 41)
    recommendation_mean: float | None = optional("1 (strong buy) to 5 (sell).", 2.0)
    recommendation_key: str | None = optional("The same in a word.", "buy")
    forward_eps: float | None = optional("Expected earnings per share, USD.", 8.31)
    current_year_earnings_avg: float | None = optional(
        "Analysts' mean estimate of this fiscal year's earnings per share, USD.", 7.38
    )
    next_year_earnings_avg: float | None = optional("The same for the next fiscal year.", 8.01)
    current_year_revenue_avg: float | None = optional(
        "Analysts' mean estimate of this fiscal year's revenue, USD.", 415_390_000_000.0
    )
    next_year_revenue_avg: float | None = optional("The same for the next fiscal year.", 437_820_000_000.0)
    earnings_growth: float | None = optional("Growth of earnings over a year, as a decimal.", 0.121)
    revenue_growth: float | None = optional("Growth of revenue over a year, as a decimal.", 0.096)
    profit_margins: float | None = optional("Net income over revenue, as a decimal.", 0.243)
    operating_margins: float | None = optional("Operating income over revenue, as a decimal.", 0.2999)
    gross_margins: float | None = optional("Gross profit over revenue, as a decimal.", 0.4668)
    return_on_assets: float | None = optional("Return on assets, as a decimal.", 0.2455)
    return_on_equity: float | None = optional("Return on equity, as a decimal.", 1.4981)
    total_revenue: float | None = optional("Revenue of the last four quarters, USD.", 408624988160.0)
    next_earnings_date: date | None = optional("Day of the next earnings report.", "2025-10-30")
    profile_date: date | None = optional(
        "Date of the figures; null if none was known by then: descriptive fields such as name and sector are "
        "then those of the first profile, and every figure is null.",
        "2025-06-30",
    )
    data_source: str | None = optional("Source: yfinance, fmp, files, reference, ...", "yfinance")
    last_updated: datetime | None = optional("When the profile was loaded, UTC.", "2025-07-01T12:00:00Z")


class ProfilesMeta(ResponseModel):
    """What was requested and found."""

    query_type: Literal["symbols", "positions", "portfolio"] = described(
        "Which selector was used.", "symbols"
    )
    requested_symbols: list[str] = described("The symbols requested or held.", ["AAPL"])
    returned_profiles: int = described("Profiles on this page.", 1)
    missing_profiles: list[str] = described("Symbols without a profile from any source.", [])
    as_of: date = described("The session: later profiles are not shown.", "2025-09-12")
    limit: int = described("Profiles per page.", 1000)
    offset: int = described("Profiles skipped before this page.", 0)
    truncated: bool = described("There are more pages.", False)


class CompanyProfiles(ResponseModel):
    """Profiles of companies and funds."""

    profiles: list[CompanyProfile]
    meta: ProfilesMeta
