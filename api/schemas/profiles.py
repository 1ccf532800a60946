"""Shapes of company profiles."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Answer, described

PROFILE_FIELDS = (
    *("company_name", "security_type", "sector", "industry", "exchange", "country", "currency"),
    *("market_cap", "description", "is_etf", "is_fund", "employees", "website", "pe_ratio", "forward_pe"),
    *("dividend_yield", "beta", "week_52_high", "week_52_low", "target_mean_price", "target_high_price"),
    *("target_low_price", "number_of_analyst_opinions", "recommendation_mean", "recommendation_key"),
    *("forward_eps", "earnings_growth", "revenue_growth", "profit_margins", "operating_margins"),
    *("gross_margins", "return_on_assets", "return_on_equity", "total_revenue", "next_earnings_date"),
    *("profile_date", "data_source", "last_updated"),
)
"""What `fields` may name; the symbol always comes."""


def left_out_or(description: str, example: Any) -> Any:
    """Make a field that `fields` may leave out of the answer."""
    return Field(default=None, description=description, examples=[example])


class CompanyProfile(Answer):
    """What a source says of a company or fund. Fields that were not asked for are left out."""

    symbol: str = described("The symbol.", "AAPL")
    company_name: str | None = left_out_or("Name of the company or fund; null if unknown.", "Apple Inc.")
    security_type: str | None = left_out_or("STOCK, ETF, MUTUAL_FUND, INDEX, BOND or CASH.", "STOCK")
    sector: str | None = left_out_or("Its sector; null if unknown.", "Technology")
    industry: str | None = left_out_or("Its industry; null if unknown.", "Consumer Electronics")
    exchange: str | None = left_out_or("Exchange code; null if unknown.", "NMS")
    country: str | None = left_out_or("Country of the company; null if unknown.", "United States")
    currency: str | None = left_out_or("Trading currency; null if unknown.", "USD")
    market_cap: float | None = left_out_or("Market capitalization, USD; null if unknown.", 4027681603584.0)
    description: str | None = left_out_or(
        "What the company does; null if unknown.", "Apple Inc. designs phones."
    )
    is_etf: bool | None = left_out_or("An exchange-traded fund; null if unknown.", False)
    is_fund: bool | None = left_out_or("A fund of any kind; null if unknown.", False)
    employees: int | None = left_out_or("Full-time employees; null if unknown.", 150000)
    website: str | None = left_out_or("Address of its site; null if unknown.", "https://www.apple.com")
    pe_ratio: float | None = left_out_or("Price over the last four quarters' earnings.", 36.24)
    forward_pe: float | None = left_out_or("Price over expected earnings.", 32.54)
    dividend_yield: float | None = left_out_or("Dividend yield, decimal a year.", 0.0038)
    beta: float | None = left_out_or("Beta to the market as the source computes it.", 1.094)
    week_52_high: float | None = left_out_or("Highest price of 52 weeks, USD.", 277.32)
    week_52_low: float | None = left_out_or("Lowest price of 52 weeks, USD.", 169.21)
    target_mean_price: float | None = left_out_or("Analysts' mean target price, USD.", 274.9676)
    target_high_price: float | None = left_out_or("Their highest, USD.", 345.0)
    target_low_price: float | None = left_out_or("Their lowest, USD.", 200.0)
    number_of_analyst_opinions: int | None = left_out_or("Analysts with a target price.", 41)
    recommendation_mean: float | None = left_out_or("1 (strong buy) to 5 (sell).", 2.0)
    recommendation_key: str | None = left_out_or("The same in a word.", "buy")
    forward_eps: float | None = left_out_or("Expected earnings per share, USD.", 8.31)
    earnings_growth: float | None = left_out_or("Growth of earnings over a year, as a decimal.", 0.121)
    revenue_growth: float | None = left_out_or("Growth of revenue over a year, as a decimal.", 0.096)
    profit_margins: float | None = left_out_or("Net income over revenue, as a decimal.", 0.243)
    operating_margins: float | None = left_out_or("Operating income over revenue, as a decimal.", 0.2999)
    gross_margins: float | None = left_out_or("Gross profit over revenue, as a decimal.", 0.4668)
    return_on_assets: float | None = left_out_or("Return on assets, as a decimal.", 0.2455)
    return_on_equity: float | None = left_out_or("Return on equity, as a decimal.", 1.4981)
    total_revenue: float | None = left_out_or("Revenue of the last four quarters, USD.", 408624988160.0)
    next_earnings_date: date | None = left_out_or("Day of the next earnings report.", "2025-10-30")
    profile_date: date | None = left_out_or(
        "Day the figures are of; null when none was known by then: name, sector and the like are then those "
        "of the first profile, and every figure is null.",
        "2025-06-30",
    )
    data_source: str | None = left_out_or("Who says so: yfinance, fmp, files, reference, ...", "yfinance")
    last_updated: datetime | None = left_out_or("When the profile was loaded, UTC.", "2025-07-01T12:00:00Z")


class ProfilesMeta(Answer):
    """What was asked and found."""

    query_type: Literal["symbols", "positions", "portfolio"] = described(
        "Which selector was used.", "symbols"
    )
    requested_symbols: list[str] = described("The symbols asked for, or held.", ["AAPL"])
    returned_profiles: int = described("Profiles in this page.", 1)
    missing_profiles: list[str] = described("Symbols that no source has said anything of.", [])
    as_of: date = described("The session: later profiles are not shown.", "2025-09-12")
    limit: int = described("Profiles in a page.", 1000)
    offset: int = described("Profiles before the page.", 0)
    truncated: bool = described("There are more pages.", False)


class CompanyProfiles(Answer):
    """What sources say of companies and funds."""

    profiles: list[CompanyProfile]
    meta: ProfilesMeta
