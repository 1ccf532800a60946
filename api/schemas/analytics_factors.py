"""Response models of the analytics on factors and betas."""

from datetime import date
from typing import Literal
from uuid import UUID

from api.schemas.analytics_common import POSITION_ID, Analytic, Metadata, ModelMetadata
from api.schemas.common import ResponseModel, described

INSIGNIFICANT = "Names of factors whose beta does not differ from zero at the 10 % level."
COLLINEAR = "Pairs of factors of the risk model correlated beyond 0.8: their betas are not told apart well."


class FactorExposure(ResponseModel):
    """Beta to one factor."""

    name: str = described(
        "Market Beta (90D), Provider Beta (1Y), IR Beta, Value, Growth, Momentum, Quality, Size, "
        "Low Volatility or Interest Rate.",
        "Market Beta (90D)",
    )
    factor: str = described("The factor's name in the marts; Provider Beta for that of providers.", "Market")
    beta: float = described(
        "Return of equity per unit of the factor's return. IR Beta: per unit of TLT's return, positive loses "
        "when rates rise. Interest Rate: per unit of yield, roughly minus the duration, negative loses. "
        "Provider Beta (1Y): mean over the exposure that has one.",
        0.982145,
    )
    exposure_dollar: float = described("Delta-adjusted market values times betas, USD.", 503212.4)
    model: Literal["market", "provider", "bond", "risk", "rates"] = described(
        "The regression: market (on SPY), bond (on SPY and TLT), risk (styles: on all factors, moves beyond "
        "the market) or rates (on SPY and the yield); provider: by data providers.",
        "market",
    )
    unit: str = described("The unit of the beta.", "return per unit of return")
    std_error: float | None = described(
        "Standard error of the beta, those of the symbols taken as independent; null for a provider's.", 0.031
    )
    coverage: float | None = described(
        "Share of the gross exposure of public and option positions that has betas.", 1.0
    )


class EquityModelMetadata(ModelMetadata):
    """Metadata of exposures to factors."""

    equity: float = described("Equity that betas are relative to, USD.", 512355.37)


class FactorExposureMetadata(EquityModelMetadata):
    """Metadata of exposures to factors, with those to be read with care."""

    insignificant_betas: list[str] = described(INSIGNIFICANT, ["Size"])
    collinear_factors: list[list[str]] = described(COLLINEAR, [])


class FactorExposures(Analytic):
    """Betas of a portfolio to the market, bonds, styles and the 10-year yield."""

    factors: list[FactorExposure]
    metadata: FactorExposureMetadata


class PositionFactorExposures(ResponseModel):
    """Betas of one position."""

    position_id: UUID = described("The position.", POSITION_ID)
    symbol: str = described("Its symbol.", "AAPL")
    factor_symbol: str = described("The symbol that was regressed: an option's underlying.", "AAPL")
    exposures: dict[str, float] = described(
        "Beta by factor, named as the portfolio's; for an option, delta times its underlying's. Empty "
        "without betas. Market Beta is deprecated: Market Beta (90D) replaces it.",
        {"Growth": 0.412, "Market Beta": 1.2, "Market Beta (90D)": 1.2, "Provider Beta (1Y)": 1.1},
    )
    exposure_dollars: dict[str, float] = described(
        "Delta-adjusted market value times beta by factor, USD; adds up to the portfolio's.",
        {"Growth": 8213.5, "Market Beta": 23841.2, "Market Beta (90D)": 23841.2},
    )
    insignificant_betas: list[str] = described(INSIGNIFICANT, ["Size"])
    market_value: float = described("Market value, negative for shorts, USD.", 19867.67)
    observations: int | None = described("Fewest sessions in any of the regressions; null without betas.", 90)
    null_reason: Literal["private_position", "no_delta", "cash", "no_return_history"] | None = described(
        "Why there are no betas from regressions; null where there are.", None
    )


class PageOfModelMetadata(ModelMetadata):
    """Metadata of a page of positions."""

    rows_returned: int = described("Positions on this page.", 16)
    truncated: bool = described("There are more after this page.", False)


class PositionFactorMetadata(PageOfModelMetadata):
    """Metadata of the betas of positions."""

    collinear_factors: list[list[str]] = described(COLLINEAR, [])


class PositionsFactorExposures(Analytic):
    """Betas of the positions, largest first."""

    total: int = described("Open positions that match.", 16)
    limit: int = described("Maximum number of positions.", 1000)
    offset: int = described("Positions skipped from the start.", 0)
    positions: list[PositionFactorExposures]
    metadata: PositionFactorMetadata


class SpreadFactor(ResponseModel):
    """Tilt to one side of a pair of styles."""

    name: str = described(
        "Growth-Value Spread, Momentum Spread, Size Spread or Quality Spread.", "Growth-Value Spread"
    )
    factor: str = described("The factor's name in the marts: the same without Spread.", "Growth-Value")
    beta: float = described("Return of equity per unit of the spread's return, next to the market.", 0.6513)
    std_error: float | None = described(
        "Standard error of the beta, with those of the symbols as independent.", 0.1021
    )
    is_significant: bool | None = described(
        "Whether the beta differs from zero at the 10 % level; null without a standard error.", True
    )
    exposure_dollar: float = described("Delta-adjusted market values times betas, USD.", 333701.2)
    direction: str = described(
        "The side it tilts to: Growth or Value, Momentum or Contrarian, Small Cap or Large Cap, Quality or "
        "Low Quality; Neutral.",
        "Growth",
    )
    magnitude: Literal["Strong", "Moderate", "Neutral"] = described(
        "Strong beyond 0.5, Moderate beyond 0.2, else Neutral.", "Strong"
    )
    risk_level: Literal["high", "medium", "low"] = described(
        "high for Strong, medium for Moderate, low for Neutral.", "high"
    )
    explanation: str = described(
        "A sentence for users.",
        "When growth stocks beat value stocks by 1 %, the portfolio gains about 0.65 % of equity "
        "(3,337 USD): a strong tilt to growth.",
    )
    coverage: float | None = described(
        "Share of the gross exposure of public and option positions that has betas.", 1.0
    )


class SpreadFactors(Analytic):
    """Tilts of a portfolio, largest first."""

    factors: list[SpreadFactor]
    metadata: EquityModelMetadata


class MarketBeta(ResponseModel):
    """The beta of the holdings, and of the portfolio's own returns."""

    market_beta_weighted: float = described(
        "Betas of the symbols to SPY, weighted by delta-adjusted market value over equity.", 0.982145
    )
    market_beta_direct: float | None = described(
        "Slope of the portfolio's own returns on SPY's; null with market_beta_direct_null_reason.", 0.97213
    )
    market_beta_direct_null_reason: Literal["return_chain_broken", "too_few_market_days"] | None = described(
        "Why there is no slope: equity was not positive, or fewer than 30 sessions with market P&L.", None
    )
    market_beta_r_squared: float | None = described("R squared of that regression; null if it is.", 0.91)
    market_beta_observations: int = described("Sessions in that regression.", 53)


class MarketBetaMetadata(Metadata):
    """Metadata of the market's beta."""

    model: Literal["market"] = described("The regression on the market's proxy.", "market")
    proxy_symbol: str | None = described("The proxy of the market.", "SPY")
    window_days: int | None = described("Sessions in the window.", 90)
    coverage: float | None = described(
        "Share of the gross exposure of public and option positions with betas; null without any.", 1.0
    )


class PortfolioMarketBeta(Analytic):
    """Beta to the market."""

    data: MarketBeta | None
    metadata: MarketBetaMetadata


class CalculatedBeta(ResponseModel):
    """Beta from regressions over 90 sessions."""

    beta_calculated_90d: float = described(
        "Betas of the symbols to SPY, weighted by delta-adjusted market value over equity.", 0.982145
    )
    beta_calculated_90d_r_squared: float | None = described(
        "R squared of the symbols' regressions, weighted by their gross exposure.", 0.52
    )
    beta_calculated_90d_observations: int | None = described(
        "Sessions in the shortest of the symbols' regressions.", 90
    )


class CoverageMetadata(Metadata):
    """Metadata of a beta, and how much of the portfolio it covers."""

    model: Literal["market"] = described("The regression on the market's proxy.", "market")
    coverage: float | None = described(
        "Share of the gross exposure of public and option positions with betas; null without any.",
        1.0,
    )


class PortfolioCalculatedBeta(Analytic):
    """Beta from regressions."""

    data: CalculatedBeta | None
    metadata: CoverageMetadata


class ProviderBeta(ResponseModel):
    """Beta from data providers."""

    beta_provider_1y: float = described(
        "Providers' betas weighted by delta-adjusted market value, over the absolute exposure that has one; "
        "each provider has its own method and window of a year or more.",
        1.0312,
    )
    positions_with_beta: int = described("Positions with a provider's beta.", 14)
    positions_total: int = described("Open positions.", 16)
    coverage_percentage: float = described("Share of positions with a provider's beta, 0 to 100.", 87.5)


class ProfilesMetadata(Metadata):
    """Where the providers' betas come from."""

    source: Literal["company profiles"] = described(
        "The profiles loaded, each from its own date on.", "company profiles"
    )
    coverage: float | None = described(
        "Share of gross market value, public and options without cash, with a provider's beta.",
        0.93,
    )
    null_reason: (
        Literal["no_public_positions", "no_provider_beta", "coverage_too_low", "no_exposure"] | None
    ) = described("Why there is no beta: coverage_too_low is below one half.", None)


class PortfolioProviderBeta(Analytic):
    """Beta from data providers."""

    data: ProviderBeta | None
    metadata: ProfilesMetadata


class ComparedBeta(ResponseModel):
    """A provider's beta next to the calculated one."""

    symbol: str = described("Symbol of the position.", "AAPL")
    position_id: UUID = described("The position.", POSITION_ID)
    market_beta: float | None = described(
        "The provider's; for an option, its underlying's. Null if there is none.", 1.094
    )
    calculated_beta: float | None = described("From 90 sessions on SPY; null without enough returns.", 1.2)
    beta_r_squared: float | None = described("R squared of the regression.", 0.61)
    calculation_date: date | None = described("Session of the regression; null without one.", "2025-09-12")
    observations: int | None = described("Sessions in the regression.", 90)
    beta_difference: float | None = described("Calculated minus provider's; null if either is.", 0.106)


class ComparisonMetadata(Metadata):
    """Metadata of the comparison."""

    model: Literal["market"] = described("The regression on the market's proxy.", "market")
    total_positions: int = described("Open positions.", 16)
    positions_with_market_beta: int = described("Those with a provider's beta.", 14)
    positions_with_calculated_beta: int = described("Those with a calculated beta.", 15)
    limit: int = described("Positions per page.", 1000)
    offset: int = described("Positions skipped before this page.", 0)
    rows_returned: int = described("Positions on this page.", 16)
    truncated: bool = described("There are more pages.", False)


class BetaComparison(Analytic):
    """Betas of the positions, largest first."""

    positions: list[ComparedBeta]
    metadata: ComparisonMetadata
