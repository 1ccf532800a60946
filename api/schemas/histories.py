"""Response models of histories of exposures, grades of forecasts and lists of positions."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.analytics_common import PORTFOLIO_ID, POSITION_ID, Analytic, Metadata
from api.schemas.common import ResponseModel, described
from api.schemas.performance.contributions import PositionContributions


class Exposures(ResponseModel):
    """Exposures of one session, USD."""

    as_of_date: date = described("The session.", "2025-09-12")
    long_exposure: float = described("Sum of positive market values.", 512340.12)
    short_exposure: float = described("Sum of negative market values, as a positive number.", 0.0)
    gross_exposure: float = described("Long plus short.", 512340.12)
    net_exposure: float = described("Long less short.", 512340.12)
    long_exposure_at_cost: float = described("Long, at entry prices.", 485000.0)
    short_exposure_at_cost: float = described("Short, at entry prices.", 0.0)
    gross_exposure_at_cost: float = described("Gross, at entry prices.", 485000.0)
    net_exposure_at_cost: float = described("Net, at entry prices.", 485000.0)
    long_exposure_delta_adjusted: float | None = described("Long, options at delta.", 512340.12)
    short_exposure_delta_adjusted: float | None = described("Short, options at delta.", 0.0)
    gross_exposure_delta_adjusted: float | None = described("Gross, options at delta.", 512340.12)
    net_exposure_delta_adjusted: float | None = described("Net, options at delta.", 512340.12)
    delta_adjusted_null_reason: Literal["options_without_greeks"] | None = described(
        "Why the delta-adjusted figures are null; null if they are not.", None
    )
    leverage: float | None = described("Gross over equity.", 0.997)
    net_to_equity: float | None = described("Net over equity.", 0.997)
    ratio_null_reason: Literal["equity_not_positive"] | None = described(
        "Why the ratios are null; null if they are not.", None
    )


class ExposureHistoryMetadata(Metadata):
    """The span of the history."""

    first: date | None = Field(
        alias="from", description="First session shown; null if there is none.", examples=["2025-06-30"]
    )
    to: date | None = described("Last session shown.", "2025-09-12")
    sessions: int = described("Sessions shown.", 53)
    truncated: bool = described("Whether earlier sessions were left out.", False)


class ExposureHistory(ResponseModel):
    """Exposures by session, oldest first."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    exposures: list[Exposures]
    metadata: ExposureHistoryMetadata


class ForecastGrade(ResponseModel):
    """One kind of forecast by one model."""

    forecast: str = described("The kind of forecast.", "volatility_21d")
    model: str = described(
        "Its model: garch, ewma, har or selected (the one shown) of volatility_21d, risk of "
        "total_volatility_1d, historical, filtered or parametric of a value at risk.",
        "ewma",
    )
    forecast_value: float | None = described("The forecast whose period ended on the session.", 0.151)
    realized_value: float | None = described("What was realized.", 0.139)
    bias_statistic: float | None = described(
        "Deviation of outcomes in units of their forecast: 1 is unbiased, above 1 risk was underestimated.",
        1.04,
    )
    qlike: float | None = described(
        "Mean of r - ln r - 1, r = realized / forecast variance; 0: perfect.", 0.38
    )
    observations: int = described("Forecasts graded.", 32)


class PortfolioForecastEvaluation(Analytic):
    """Grades of a portfolio's forecasts."""

    forecasts: list[ForecastGrade]
    metadata: Metadata


class ListedPosition(PositionContributions):
    """An open position."""

    id: UUID = described("The position.", POSITION_ID)
    portfolio_id: UUID = described("Its portfolio.", PORTFOLIO_ID)
    symbol: str = described("Symbol; of an option, its OCC symbol.", "AAPL")
    company_name: str | None = described("Name in the profile.", "Apple Inc.")
    position_type: Literal["LONG", "SHORT", "LC", "LP", "SC", "SP"] = described("Side and kind.", "LONG")
    investment_class: Literal["PUBLIC", "OPTIONS", "PRIVATE"] = described("Class.", "PUBLIC")
    investment_subtype: str | None = described("Subtype; null if unknown.", "STOCK")
    underlying_symbol: str | None = described("Of an option; null otherwise.", None)
    sector: str = described("Sector in the profile, Unclassified, or Private.", "Technology")
    tags: list[str] = described("Its tags, as last renamed.", ["growth"])
    entry_date: date = described("Entry date.", "2025-06-30")
    quantity: float = described("Signed quantity.", 85)
    current_price: float | None = described("Price of the session, USD.", 233.07)
    price_flag: str | None = described("Why the price is not of the day; null if it is.", None)
    market_value: float = described("Signed, USD.", 19810.95)
    weight: float | None = described("Market value over equity.", 0.0386)
    cost_basis: float = described("Signed, USD.", 17439.45)
    unrealized_pnl: float = described("USD.", 2371.5)
    day_change_value: float = described("P&L of the session, USD.", 310.25)


class PositionGroup(ResponseModel):
    """Positions of one group."""

    bucket: str = described("The group; untagged: positions without a tag.", "Technology")
    position_count: int = described("Positions.", 3)
    market_value: float = described("Sum of signed market values, USD.", 45578.99)
    gross_exposure: float = described("Sum of absolute market values, USD.", 45578.99)
    unrealized_pnl: float = described("USD.", 2512.4)
    day_change_value: float = described("P&L of the session, USD.", 512.25)
    contribution: float | None = described(
        "Sum of the positions' contributions to the return of the day; null over several portfolios.", 0.001
    )
    risk_contribution: float | None = described(
        "Sum of the positions' risk_contribution; null over several portfolios or if none has one.", 0.0231
    )
    risk_share: float | None = described("The same over the portfolio's volatility.", 0.172)
    positions_without_risk: int = described("Positions that have no risk_contribution.", 0)


class PositionList(ResponseModel):
    """Positions that match, by page, and their sums."""

    total: int = described("Positions that match.", 16)
    total_market_value: float = described("Of all that match, USD.", 509223.1)
    total_unrealized_pnl: float = described("Of all that match, USD.", 25581.2)
    limit: int = described("Maximum number of rows.", 1000)
    offset: int = described("Rows skipped.", 0)
    positions: list[ListedPosition]
    groups: list[PositionGroup] | None = described("Sums by group_by, largest first; null without it.", None)
