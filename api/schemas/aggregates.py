"""Response models of the analytics over several portfolios."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.schemas.analytics import Exposures, PositionCount, ProfitAndLoss, TargetReturns
from api.schemas.analytics_common import PORTFOLIO_ID, Aggregate, AggregateMetadata, FactorModel
from api.schemas.analytics_exposures import (
    Concentration,
    CorrelationMatrix,
    ScenarioImpact,
    SectorExposure,
)
from api.schemas.analytics_risk import Volatility
from api.schemas.common import BETA_COVERAGE, PROVIDER_BETA_COVERAGE, ResponseModel, deprecated, described


class TopHolding(ResponseModel):
    """A symbol that the portfolios hold, all lots of all of them together."""

    symbol: str = described("The symbol; an option's underlying.", "AAPL")
    market_value: float = described("Net exposure: long minus short, USD.", 37924.2)
    gross_exposure: float = described("Long plus short, USD.", 37924.2)
    weight: float | None = described("Net exposure over equity; null when that is not positive.", 0.037)
    share_of_gross: float | None = described("Share of gross exposure, 0 to 1; null without any.", 0.037)


class PortfolioShare(ResponseModel):
    """One portfolio and its share of the total."""

    id: UUID = described("The portfolio.", PORTFOLIO_ID)
    name: str = described("Its name.", "Demo Individual Investor Portfolio")
    account_name: str = described(
        "Name of the account at the broker; the portfolio's name if none was given.",
        "Demo Individual Investor Portfolio",
    )
    net_asset_value: float = described("Equity, USD.", 512355.37)
    total_value: float = described("The same as net_asset_value, USD.", 512355.37)
    weight: float | None = described("Share of the total equity; null when that is not positive.", 0.5)


class AggregateOverview(Aggregate):
    """The sum of the portfolios at the close of one session."""

    portfolios: list[PortfolioShare]
    top_positions: list[TopHolding]
    equity_balance: float = described("Equity, USD.", 1024710.74)
    net_asset_value: float = described("The same as equity_balance, USD.", 1024710.74)
    total_value: float = described("The same as equity_balance, USD.", 1024710.74)
    cash_balance: float = described("Equity minus net market value, USD.", 30.5)
    total_market_value: float = described("Net market value, USD.", 1024680.24)
    leverage: float | None = described("Gross exposure over equity; null when it is not positive.", 0.99997)
    exposures: Exposures
    pnl: ProfitAndLoss
    position_count: PositionCount
    target_returns: TargetReturns
    last_updated: datetime = described("When the newest publication was made, UTC.", "2025-09-12T23:36:41Z")
    metadata: AggregateMetadata


class PortfolioPart(PortfolioShare):
    """One portfolio as a part of the total."""

    portfolio_id: UUID = deprecated("The same as id, until the next version.", PORTFOLIO_ID)
    total_market_value: float = described("Net market value, USD.", 512340.12)
    cash_balance: float = described("Equity minus net market value, USD.", 15.25)
    gross_exposure: float | None = described("Gross exposure, USD.", 512340.12)
    net_exposure: float | None = described("Net exposure, USD.", 512340.12)
    leverage: float | None = described("Gross over equity; null when that is not positive.", 0.99997)
    ratio_null_reason: Literal["equity_not_positive"] | None = described(
        "Why leverage, beta and volatility are null, where it is the equity.", None
    )
    daily_pnl: float = described("P&L of the session, USD.", -820.55)
    daily_return: float | None = described("Return of the session, as a decimal.", -0.0016)
    daily_return_null_reason: Literal["capital_not_positive"] | None = described(
        "Why there is no return of the session.", None
    )
    total_pnl: float = described("P&L since the portfolio began, USD.", 27355.37)
    position_count: int = described("Open positions.", 16)
    public_price_coverage: float | None = described(
        "Share of the gross value of public and option positions with a price no older than five sessions; "
        "what has none does not move the P&L of the day. Null without any.",
        1.0,
    )
    market_beta: float | None = described("Beta to SPY; null if there is none.", 0.982145)
    market_beta_coverage: float | None = described(BETA_COVERAGE, 1.0)
    realized_volatility_21d: float | None = described(
        "Annualized, as a decimal; null if not available.", 0.1512
    )
    var_95_1d: float | None = described("One-day value at risk, 95 %, USD; null if not available.", 7812.4)
    quality_flag: Literal[
        "full_history", "partially_covered", "limited_history", "no_public_positions", "no_factor_data"
    ] = described("How far the data supports its risk figures.", "full_history")
    equity_series: list[float | None] | None = described(
        "Equity on each of series_dates, USD; null before the portfolio begins. Null unless asked for.", None
    )


class AggregateBreakdown(Aggregate):
    """The portfolios side by side, largest first."""

    net_asset_value: float = described("Equity of all, USD.", 1024710.74)
    total_value: float = described("The same as net_asset_value, USD.", 1024710.74)
    portfolios: list[PortfolioPart]
    series_dates: list[date] | None = described(
        "The last sessions, at most 63, oldest first; null unless asked for.", None
    )
    top_positions: list[TopHolding]
    metadata: AggregateMetadata


class PortfolioBetas(ResponseModel):
    """Betas of one portfolio."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    net_asset_value: float = described("Equity, USD.", 512355.37)
    market_beta_weighted: float | None = described("Beta to SPY; null if there is none.", 0.982145)
    market_beta_coverage: float | None = described(BETA_COVERAGE, 1.0)
    beta_provider_1y: float | None = described("Beta from data providers; null if there is none.", 1.0312)
    beta_provider_coverage: float | None = described(PROVIDER_BETA_COVERAGE, 0.98)


class AggregateBetaData(ResponseModel):
    """Summed dollar exposures, over the equity of the portfolios in which they are known."""

    market_beta_weighted: float = described("Beta to SPY (90 sessions).", 0.982145)
    beta_calculated_90d: float = described("The same.", 0.982145)
    beta_calculated_90d_observations: int = described("Sessions in the shortest regression.", 90)
    beta_provider_1y: float | None = described(
        "From data providers, weighted by the exposure that has one; null with beta_provider_null_reason.",
        1.0312,
    )
    beta_provider_null_reason: Literal["portfolio_without_provider_beta"] | None = described(
        "Why there is none: one of the portfolios covered has none. Null if there is one.", None
    )
    portfolios_covered: int = described("Portfolios with a known exposure: both betas are of these.", 2)
    positions_with_beta: int = described("Positions with a provider's beta.", 28)
    positions_total: int = described("Open positions.", 32)
    equity_coverage_percentage: float | None = described(
        "Equity of the portfolios in which the exposure is known over that of all, 0 to 100.", 100.0
    )
    portfolios: list[PortfolioBetas]


class AggregateBeta(Aggregate):
    """Betas over several portfolios."""

    aggregate_beta_90d: float | None = described("Beta to SPY (90 sessions); null if not known.", 0.982145)
    aggregate_beta_180d: float | None = described(
        "Always null, with the reason: no such regression is made.", None
    )
    aggregate_beta_180d_null_reason: Literal["not_calculated"] = described(
        "Why there is none.", "not_calculated"
    )
    data: AggregateBetaData | None
    metadata: AggregateMetadata


class AggregateVolatilityData(Volatility):
    """Volatility of the portfolios together.

    Realized figures are of the returns earned together; expected_volatility_21d is the mean of the
    portfolios' forecasts weighted by equity, an upper bound that ignores offsets between portfolios. All are
    of the same portfolios: a mean that one of them lacks is null.
    """

    equity_weighted_volatility_21d: float | None = described(
        "Mean of the portfolios' own figures weighted by equity: an upper bound.", 0.162
    )
    equity_weighted_volatility_63d: float | None = described("The same over 63 sessions.", 0.171)
    portfolios_covered: int = described("Portfolios whose volatility is known: all figures are of these.", 1)
    equity_coverage_percentage: float | None = described("Share of total equity in them, 0 to 100.", 75.0)


class AggregateVolatilityMetadata(AggregateMetadata):
    """How the volatility was computed."""

    method: str = described(
        "How the returns are computed.",
        "returns of the portfolios together: public P&L added up over capital added up, as earned",
    )
    sessions: int = described("Sessions in the history.", 53)


class AggregateVolatility(Aggregate):
    """Volatility over several portfolios."""

    aggregate_volatility_21d: float | None = described(
        "Realized over 21 sessions, annualized, as a decimal; null if not known.", 0.1512
    )
    aggregate_volatility_63d: float | None = described("The same over 63 sessions.", 0.1634)
    aggregate_expected_volatility_21d: float | None = described(
        "Forecast for 21 sessions: an upper bound, see expected_volatility_21d of data.", 0.1578
    )
    data: AggregateVolatilityData | None
    metadata: AggregateVolatilityMetadata


class AggregateFactor(ResponseModel):
    """Beta to one factor over several portfolios."""

    name: str = described("As for a single portfolio.", "Market Beta (90D)")
    factor: str = described("The factor's name in the marts.", "Market")
    aggregate_beta: float | None = described(
        "Dollar exposure over the equity of the portfolios in which it is known; null unless positive. "
        "Provider Beta (1Y): mean over the exposure that has one.",
        0.982145,
    )
    aggregate_exposure_dollar: float = described("Sum of the dollar exposures, USD.", 1006424.8)
    beta: float | None = deprecated("The same as aggregate_beta, until the next version.", 0.982145)
    exposure_dollar: float = deprecated(
        "The same as aggregate_exposure_dollar, until the next version.", 1006424.8
    )
    model: Literal["market", "provider", "bond", "risk", "rates"] = described(
        "The regression; provider: by data providers.", "market"
    )
    portfolio_count: int = described("Portfolios with a known exposure to it.", 2)
    equity_coverage_percentage: float | None = described(
        "Equity of the portfolios in which the exposure is known over that of all, 0 to 100.",
        100.0,
    )


class AggregateModelMetadata(AggregateMetadata):
    """Metadata of exposures to factors."""

    models: list[FactorModel] = described("The factor models that the betas are of.", ["market", "risk"])


class AggregateFactorExposures(Aggregate):
    """Betas over several portfolios."""

    factors: list[AggregateFactor]
    metadata: AggregateModelMetadata


class AggregateBenchmarkMetadata(AggregateMetadata):
    """Metadata of the comparison."""

    benchmark: str = described("The benchmark.", "S&P 500")
    benchmark_date: date | None = described(
        "Date from which its weights apply; null if there are none.", "2025-06-30"
    )
    benchmark_source: str | None = described(
        "Source of its weights, which are approximate.", "S&P 500 factsheet (rounded)"
    )


class AggregateSectorExposure(Aggregate):
    """Sectors over several portfolios."""

    data: SectorExposure | None
    metadata: AggregateBenchmarkMetadata


class AggregateConcentrationMetadata(AggregateMetadata):
    """Metadata of the concentration."""

    truncated: bool = described("position_weights is limited to the 1000 largest.", False)


class AggregateConcentration(Aggregate):
    """Concentration over several portfolios; a long in one does not offset a short in another."""

    top_positions: list[TopHolding]
    data: Concentration | None
    metadata: AggregateConcentrationMetadata


class AggregateCorrelationMetadata(AggregateMetadata):
    """Metadata of the correlations."""

    symbols: list[str] = described("The symbols in the order of the matrix.", ["AAPL", "MSFT"])
    max_symbols: int = described("Maximum number of symbols.", 25)
    symbols_included: int = described("Symbols shown.", 15)
    symbols_excluded: int = described("Symbols omitted for lack of returns.", 1)
    truncated: bool = described("There are more symbols than max_symbols.", False)
    window_days: int | None = described("Sessions in the window.", 90)
    is_repaired: bool = described("Always false: pairs are returned as computed.", False)


class AggregateCorrelationMatrix(Aggregate):
    """Correlations of what the portfolios hold; the average is over the pairs of the largest symbols."""

    symbols: list[str] = described("The symbols in the order of the matrix.", ["AAPL", "MSFT"])
    correlation_matrix: dict[str, dict[str, float]] | None = described(
        "The same as data.matrix; null without correlations.",
        {"AAPL": {"AAPL": 1.0, "MSFT": 0.61}, "MSFT": {"AAPL": 0.61, "MSFT": 1.0}},
    )
    average_correlation: float | None = described("Mean over the pairs of the largest symbols.", 0.34)
    data: CorrelationMatrix | None
    metadata: AggregateCorrelationMetadata


class AggregateScenario(ScenarioImpact):
    """One scenario over several portfolios."""

    coverage: float | None = described(
        "Gross exposure of the stressed positions over that of all, including portfolios without a figure.",
        1.0,
    )
    portfolio_count: int = described("Portfolios with a figure for it.", 2)


class AggregateStressTestData(ResponseModel):
    """Scenarios, worst first."""

    scenarios: list[AggregateScenario]
    portfolio_value: float = described("Equity of all, USD.", 1024710.74)
    calculation_date: date = described("The session.", "2025-09-12")


class AggregateStressMetadata(AggregateMetadata):
    """What was requested."""

    impact_type: Literal["direct", "correlated"] = described("As requested.", "direct")
    scenarios_requested: list[str] | None = described("As requested; null for all.", None)
    unknown_scenarios: list[str] = described(
        "Requested scenarios without figures on the session.", ["no_such_scenario"]
    )


class AggregateStressTest(Aggregate):
    """Stress test of the portfolios together."""

    data: AggregateStressTestData
    metadata: AggregateStressMetadata
