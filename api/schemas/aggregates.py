"""Shapes of the analytics over several portfolios."""

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
from api.schemas.common import Answer, described


class AggregateOverview(Aggregate):
    """The portfolios added up at the close of one session."""

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


class PortfolioPart(Answer):
    """One portfolio as a part of the whole."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    name: str = described("Its name.", "Demo Individual Investor Portfolio")
    net_asset_value: float = described("Equity, USD.", 512355.37)
    weight: float | None = described("Share of the equity of all; null when that is not positive.", 0.5)
    total_market_value: float = described("Net market value, USD.", 512340.12)
    cash_balance: float = described("Equity minus net market value, USD.", 15.25)
    gross_exposure: float | None = described("Gross exposure, USD.", 512340.12)
    net_exposure: float | None = described("Net exposure, USD.", 512340.12)
    leverage: float | None = described("Gross over equity; null when that is not positive.", 0.99997)
    daily_pnl: float = described("P&L of the session, USD.", -820.55)
    daily_return: float | None = described("Return of the session, as a decimal.", -0.0016)
    total_pnl: float = described("P&L since the portfolio began, USD.", 27355.37)
    position_count: int = described("Open positions.", 16)
    market_beta: float | None = described("Beta to SPY; null without.", 0.982145)
    realized_volatility_21d: float | None = described("Decimal a year; null without.", 0.1512)
    var_95_1d: float | None = described("Value at risk of one day, 95 %, USD; null without.", 7812.4)
    quality_flag: Literal["full_history", "limited_history", "no_public_positions", "no_factor_data"] = (
        described("How far the data carries its risk figures.", "full_history")
    )


class AggregateBreakdown(Aggregate):
    """The portfolios side by side, the largest first."""

    net_asset_value: float = described("Equity of all, USD.", 1024710.74)
    portfolios: list[PortfolioPart]
    metadata: AggregateMetadata


class PortfolioBetas(Answer):
    """Betas of one portfolio."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    net_asset_value: float = described("Equity, USD.", 512355.37)
    market_beta_weighted: float | None = described("Beta to SPY; null without.", 0.982145)
    beta_provider_1y: float | None = described("Beta as providers say it; null without.", 1.0312)


class AggregateBetaData(Answer):
    """Dollar exposures added up, over the equity of the portfolios in which they are known."""

    market_beta_weighted: float = described("Beta to SPY (90 sessions).", 0.982145)
    beta_calculated_90d: float = described("The same.", 0.982145)
    beta_calculated_90d_observations: int = described("Sessions under the shortest regression.", 90)
    beta_provider_1y: float | None = described(
        "As providers say it, weighted by equity where it is known; null where no portfolio has one.", 1.0312
    )
    positions_with_beta: int = described("Positions with a provider's beta.", 28)
    positions_total: int = described("Open positions.", 32)
    equity_coverage_percentage: float | None = described(
        "Equity of the portfolios in which the exposure is known over that of all, 0 to 100.", 100.0
    )
    portfolios: list[PortfolioBetas]


class AggregateBeta(Aggregate):
    """Betas over several portfolios."""

    data: AggregateBetaData | None
    metadata: AggregateMetadata


class AggregateVolatilityData(Volatility):
    """Volatility of the portfolios together.

    Realized figures are of the returns earned together; expected_volatility_21d is the mean of the
    portfolios' forecasts weighted by equity, an upper bound: what offsets between portfolios is not in it.
    """

    equity_weighted_volatility_21d: float | None = described(
        "Mean of the portfolios' own figures weighted by equity: an upper bound.", 0.162
    )
    equity_weighted_volatility_63d: float | None = described("The same over 63 sessions.", 0.171)


class AggregateVolatilityMetadata(AggregateMetadata):
    """How the volatility was computed."""

    method: str = described(
        "What the returns are.",
        "returns of the portfolios together: public P&L added up over capital added up, as earned",
    )
    sessions: int = described("Sessions looked at.", 53)


class AggregateVolatility(Aggregate):
    """Volatility over several portfolios."""

    data: AggregateVolatilityData | None
    metadata: AggregateVolatilityMetadata


class AggregateFactor(Answer):
    """Beta to one factor over several portfolios."""

    name: str = described("As of a portfolio.", "Market Beta")
    beta: float | None = described(
        "Dollar exposure over the equity of the portfolios in which it is known; null unless positive.",
        0.982145,
    )
    exposure_dollar: float = described("Dollar exposures added up, USD.", 1006424.8)
    model: Literal["market", "style", "rates"] = described("The regression.", "market")
    portfolio_count: int = described("Portfolios that are exposed to it.", 2)
    equity_coverage_percentage: float | None = described(
        "Equity of the portfolios in which the exposure is known over that of all, 0 to 100.",
        100.0,
    )


class AggregateModelMetadata(AggregateMetadata):
    """What exposures to factors rest on."""

    models: list[FactorModel] = described("The factor models that the betas are of.", ["market", "style"])


class AggregateFactorExposures(Aggregate):
    """Betas over several portfolios."""

    factors: list[AggregateFactor]
    metadata: AggregateModelMetadata


class AggregateBenchmarkMetadata(AggregateMetadata):
    """What the comparison rests on."""

    benchmark: str = described("The benchmark.", "S&P 500")
    benchmark_date: date | None = described(
        "Day from which its weights hold; null without any.", "2025-06-30"
    )
    benchmark_source: str | None = described(
        "Where its weights are from; they are approximate.", "S&P 500 factsheet (rounded)"
    )


class AggregateSectorExposure(Aggregate):
    """Sectors over several portfolios."""

    data: SectorExposure | None
    metadata: AggregateBenchmarkMetadata


class AggregateConcentrationMetadata(AggregateMetadata):
    """What the concentration rests on."""

    truncated: bool = described("position_weights names the 1000 largest only.", False)


class AggregateConcentration(Aggregate):
    """Concentration over several portfolios; a long in one does not offset a short in another."""

    data: Concentration | None
    metadata: AggregateConcentrationMetadata


class AggregateCorrelationMetadata(AggregateMetadata):
    """What the correlations rest on."""

    symbols: list[str] = described("The symbols in their order.", ["AAPL", "MSFT"])
    max_symbols: int = described("Symbols at most.", 25)
    symbols_included: int = described("Symbols shown.", 15)
    symbols_excluded: int = described("Symbols left out for want of returns.", 1)
    truncated: bool = described("There are more symbols than max_symbols.", False)
    window_days: int | None = described("Sessions in the window.", 90)
    is_repaired: bool = described("Pairs are shown as they are computed.", False)


class AggregateCorrelationMatrix(Aggregate):
    """Correlations of what the portfolios hold; the average is over the pairs shown."""

    data: CorrelationMatrix | None
    metadata: AggregateCorrelationMetadata


class AggregateScenario(ScenarioImpact):
    """One scenario over several portfolios."""

    coverage: float | None = described(
        "Gross of the stressed positions over that of all, of portfolios without a figure too.",
        1.0,
    )
    portfolio_count: int = described("Portfolios with a figure for it.", 2)


class AggregateStressTestData(Answer):
    """Scenarios, the worst first."""

    scenarios: list[AggregateScenario]
    portfolio_value: float = described("Equity of all, USD.", 1024710.74)
    calculation_date: date = described("The session.", "2025-09-12")


class AggregateStressMetadata(AggregateMetadata):
    """What was asked for."""

    impact_type: Literal["direct", "correlated"] = described("As asked for.", "correlated")
    scenarios_requested: list[str] | None = described("As asked for; null: all.", None)
    unknown_scenarios: list[str] = described(
        "Those that the session has no figures of.", ["no_such_scenario"]
    )


class AggregateStressTest(Aggregate):
    """What scenarios would do to the portfolios together."""

    data: AggregateStressTestData
    metadata: AggregateStressMetadata
