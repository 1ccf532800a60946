"""Response models of the analytics on sectors, concentration, correlation and stress."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.analytics_common import POSITION_ID, Analytic, Metadata, SectorWeights
from api.schemas.common import ResponseModel, described


class SectorExposure(ResponseModel):
    """Gross exposure by sector next to a benchmark's weights."""

    portfolio_weights: SectorWeights = described(
        "Share of the classified gross exposure by sector, adding up to 1; a fund that tracks the benchmark "
        "counts by the benchmark's weights. Empty if nothing is classified.",
        {"Technology": 0.62, "Healthcare": 0.38},
    )
    benchmark_weights: SectorWeights = described(
        "The S&P 500's, approximate; empty before the first known date.", {"Technology": 0.331}
    )
    over_underweight: SectorWeights = described(
        "Portfolio minus benchmark, by sector of the benchmark.", {"Technology": 0.189}
    )
    largest_overweight: str | None = described(
        "Sector furthest above the benchmark; null if none is.", "Technology"
    )
    largest_underweight: str | None = described(
        "Sector furthest below; null if none is.", "Financial Services"
    )
    total_portfolio_value: float = described("Total gross exposure, USD.", 512340.12)
    classified_value: float = described("Gross exposure that has a sector and is compared, USD.", 266416.9)
    classified_share: float = described("Its share of total gross exposure, 0 to 1.", 0.52)
    shares_of_gross: SectorWeights = described(
        "Share of total gross exposure by sector, adding up to 1; Unclassified fund: a fund without known "
        "sector weights; Unclassified: no sector in the profile; Private: private holdings.",
        {"Technology": 0.32, "Healthcare": 0.2, "Unclassified fund": 0.48},
    )
    looked_through: list[str] = described("Funds divided into the sectors of the benchmark.", ["SPY"])
    positions_by_sector: dict[str, int] = described(
        "Open positions by sector; a fund that is divided counts in each.", {"Technology": 7}
    )
    net_exposure_by_sector: dict[str, float] = described(
        "Net exposure by sector, USD.", {"Technology": 266416.9}
    )
    unclassified_value: float = described("Gross exposure without a sector, USD.", 245923.2)
    unclassified_count: int = described("Positions without a sector.", 8)


class BenchmarkMetadata(Metadata):
    """Metadata of the comparison."""

    benchmark: str = described("The benchmark.", "S&P 500")
    benchmark_date: date | None = described(
        "Date from which its weights apply; null if there are none.", "2025-06-30"
    )
    benchmark_source: str | None = described(
        "Source of its weights, which are approximate.", "S&P 500 factsheet (rounded)"
    )


class PortfolioSectorExposure(Analytic):
    """Sectors of a portfolio."""

    data: SectorExposure | None
    metadata: BenchmarkMetadata


class Concentration(ResponseModel):
    """Concentration on gross weights by symbol, options under their underlying."""

    hhi: float = described("Herfindahl-Hirschman index, 0 to 10000.", 812.4)
    effective_num_positions: float = described(
        "10000 / hhi: the number of equal positions with the same concentration.", 12.3
    )
    top_3_concentration: float = described("Share of gross in the 3 largest, 0 to 1.", 0.38)
    top_10_concentration: float = described("Share of gross in the 10 largest, 0 to 1.", 0.81)
    total_positions: int = described("Open positions.", 16)
    total_symbols: int = described("Symbols among them.", 16)
    position_weights: dict[str, float] | None = described(
        "Share of gross by symbol, largest first.", {"AAPL": 0.12}
    )


class ConcentrationMetadata(Metadata):
    """Metadata of the concentration."""

    truncated: bool = described("position_weights is limited to the 1000 largest.", False)


class PortfolioConcentration(Analytic):
    """Concentration of a portfolio."""

    data: Concentration | None
    metadata: ConcentrationMetadata


class CorrelationMatrix(ResponseModel):
    """Correlations of daily returns."""

    matrix: dict[str, dict[str, float]] = described(
        "Correlation by symbol and symbol, ordered by gross exposure.",
        {"AAPL": {"AAPL": 1.0, "MSFT": 0.61}, "MSFT": {"AAPL": 0.61, "MSFT": 1.0}},
    )
    average_correlation: float | None = described("Mean over all pairs, including those not shown.", 0.34)


class CorrelationMetadata(Metadata):
    """Metadata of the correlations."""

    symbols: list[str] = described("The symbols in the order of the matrix.", ["AAPL", "MSFT"])
    max_symbols: int = described("Maximum number of symbols.", 25)
    symbols_included: int = described("Symbols with correlations.", 15)
    symbols_excluded: int = described("Symbols omitted for lack of common returns.", 1)
    truncated: bool = described("There are more symbols than are shown.", False)
    window_days: int | None = described("Sessions in the window.", 90)
    is_repaired: bool | None = described(
        "Missing data made the matrix indefinite; negative eigenvalues were clipped.", False
    )


class PortfolioCorrelationMatrix(Analytic):
    """Correlations of what a portfolio holds."""

    data: CorrelationMatrix | None
    metadata: CorrelationMetadata


class Cluster(ResponseModel):
    """Symbols that move together, connected by correlations of 0.7 or more."""

    cluster_id: int = described("1 is the largest.", 1)
    symbols: list[str] = described("The largest first.", ["QQQ", "VTI"])
    average_correlation: float | None = described("Mean over its pairs.", 0.86)
    gross_share: float | None = described("Share of gross exposure in the matrix.", 0.31)


class DiversificationMetadata(Metadata):
    """Metadata of the score."""

    is_repaired: bool | None = described(
        "Missing data made the matrix indefinite; negative eigenvalues were clipped.", False
    )


class DiversificationScore(Analytic):
    """How strongly the holdings move together."""

    portfolio_correlation: float | None = described(
        "Mean absolute correlation of the pairs, weighted by gross: 0 uncorrelated, 1 perfectly correlated.",
        0.41,
    )
    duration_days: int | None = described("Sessions in the window.", 90)
    symbols_included: int = described("Symbols with correlations.", 15)
    symbols_excluded: int = described("Symbols omitted for lack of common returns.", 1)
    mean_correlation: float | None = described("Plain mean of the pairs.", 0.34)
    effective_bets: float | None = described(
        "Effective number of uncorrelated bets, at most one per symbol; null where longs and shorts cancel.",
        4.2,
    )
    clusters: list[Cluster]
    metadata: DiversificationMetadata


class Impact(ResponseModel):
    """Impact of a scenario."""

    dollar_impact: float | None = described("P&L, USD.", -51234.5)
    percentage_impact: float | None = described(
        "P&L in percent of equity; null where equity is not positive.", -10.0
    )
    new_portfolio_value: float | None = described("Equity after it, USD.", 461120.87)


class ScenarioImpact(ResponseModel):
    """One scenario."""

    id: str = described("Id of the scenario, as in the parameter scenarios.", "market_down_10")
    name: str = described("Display name.", "Market Decline 10%")
    description: str = described("The shocks on the date.", "Market -10 %.")
    category: str | None = described("market, rates, rotation, volatility or historical.", "market")
    severity: str | None = described("mild, base, moderate, severe or extreme.", "moderate")
    impact_type: Literal["direct", "correlated"] = described(
        "What impact holds: direct moves only the shocked factors, correlated also the related ones.",
        "direct",
    )
    impact: Impact
    direct_impact: Impact
    correlated_impact: Impact
    replay_impact: Impact | None = described(
        "With own returns over the period of a historical scenario where known, else as direct; null for a "
        "hypothetical scenario.",
        None,
    )
    is_believable: bool | None = described(
        "The result passes the checks of plausibility, whose limits are shares of equity; null if it is not "
        "positive.",
        True,
    )


class PortfolioScenario(ScenarioImpact):
    """One scenario for one portfolio."""

    own_share: float | None = described(
        "Share of the stressed gross value with own returns in replay_impact; null where that is null.",
        None,
    )
    doubts: str | None = described("Checks that it does not pass, comma-separated.", None)
    approximation: str | None = described(
        "vix_options: options on the VIX are valued on its spot; vix_unknown: the VIX has no close.", None
    )
    coverage: float | None = described(
        "Gross exposure of the stressed positions over that of all, including private ones.", 1.0
    )


class StressTest(ResponseModel):
    """Scenarios, worst first."""

    scenarios: list[PortfolioScenario]
    portfolio_value: float = described("Equity, USD.", 512355.37)
    calculation_date: date = described("The session.", "2025-09-12")


class StressMetadata(Metadata):
    """What was requested."""

    impact_type: Literal["direct", "correlated"] = described("As requested.", "direct")
    scenarios_requested: list[str] | None = described("As requested; null for all.", None)
    unknown_scenarios: list[str] = described(
        "Requested scenarios without figures on the session.", ["no_such_scenario"]
    )


class PortfolioStressTest(Analytic):
    """Stress test of a portfolio."""

    data: StressTest
    metadata: StressMetadata


class FactorStress(ResponseModel):
    """What one factor does in a scenario; moves are decimals, of an interest rate 0.01 is one point."""

    factor: str = described("The factor of the risk model, or Volatility: the move of the VIX.", "Market")
    shock: float | None = described("Its shock; null if the scenario does not shock it.", -0.1)
    exposure_dollar: float | None = described("Delta-adjusted values times betas, USD.", 486737.6)
    direct_pnl: float | None = described(
        "Its part of the P&L with options at their delta, USD; null for Volatility.", -51280.4
    )
    correlated_shock: float | None = described(
        "The shock, or the expected move given the shocked factors.", -0.1
    )
    correlated_pnl: float | None = described("Its part with the expected moves, USD.", -51280.4)


class PositionStress(ResponseModel):
    """P&L of one position in a scenario, USD."""

    position_id: UUID = described("The position.", POSITION_ID)
    symbol: str = described("Its symbol.", "NVDA")
    direct_pnl: float | None = described("Only the shocked factors move; options are repriced.", -6234.1)
    correlated_pnl: float | None = described("The other factors move as expected.", -6401.7)
    replay_pnl: float | None = described(
        "With its own return over the window of a historical scenario; null for another.", None
    )


class StressDetail(ResponseModel):
    """One scenario by factor and by position."""

    id: str = described("Id of the scenario.", "market_down_10")
    name: str = described("Display name.", "Market Decline 10%")
    direct_pnl: float = described("P&L, only the shocked factors moving, USD.", -51234.5)
    correlated_pnl: float = described("P&L, the other factors moving as expected, USD.", -51234.5)
    direct_convexity: float = described(
        "What the factors leave of direct_pnl: convexity and implied volatility of options, USD.", 45.9
    )
    correlated_convexity: float = described("The same of correlated_pnl, USD.", 45.9)
    factors: list[FactorStress]
    positions: list[PositionStress] | None = Field(
        description="Largest loss first; null on a session before the newest: its positions are not kept."
    )


class PortfolioStressDetail(Analytic):
    """One scenario of a portfolio in detail."""

    data: StressDetail | None
    metadata: Metadata
