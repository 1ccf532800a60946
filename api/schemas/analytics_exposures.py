"""Shapes of the analytics on sectors, concentration, correlation and stress."""

from datetime import date
from typing import Literal

from api.schemas.analytics_common import Analytic, Metadata, SectorWeights
from api.schemas.common import Answer, described


class SectorExposure(Answer):
    """Gross exposure by sector beside a benchmark's weights."""

    portfolio_weights: SectorWeights = described(
        "Share of gross exposure by sector, adding up to 1; Unclassified has no sector in its profile, "
        "Private no market.",
        {"Technology": 0.52, "Unclassified": 0.48},
    )
    benchmark_weights: SectorWeights = described(
        "The S&P 500's, approximate; empty before the first date known.", {"Technology": 0.331}
    )
    over_underweight: SectorWeights = described(
        "Portfolio less benchmark, by sector of the benchmark.", {"Technology": 0.189}
    )
    largest_overweight: str | None = described(
        "Sector furthest above the benchmark; null if none is.", "Technology"
    )
    largest_underweight: str | None = described(
        "Sector furthest below; null if none is.", "Financial Services"
    )
    total_portfolio_value: float = described("Gross exposure that the weights are shares of, USD.", 512340.12)
    positions_by_sector: dict[str, int] = described("Open positions by sector.", {"Technology": 7})
    net_exposure_by_sector: dict[str, float] = described(
        "Net exposure by sector, USD.", {"Technology": 266416.9}
    )
    unclassified_value: float = described("Gross exposure without a sector, USD.", 245923.2)
    unclassified_count: int = described("Positions without a sector.", 8)


class BenchmarkMetadata(Metadata):
    """What the comparison rests on."""

    benchmark: str = described("The benchmark.", "S&P 500")
    benchmark_date: date | None = described(
        "Day from which its weights hold; null without any.", "2025-06-30"
    )
    benchmark_source: str | None = described(
        "Where its weights are from; they are approximate.", "S&P 500 factsheet (rounded)"
    )


class PortfolioSectorExposure(Analytic):
    """Sectors of a portfolio."""

    data: SectorExposure | None
    metadata: BenchmarkMetadata


class Concentration(Answer):
    """Concentration on gross weights by symbol, options under their underlying."""

    hhi: float = described("Herfindahl-Hirschman index, 0 to 10000.", 812.4)
    effective_num_positions: float = described(
        "10000 / hhi: as many equal positions are as concentrated.", 12.3
    )
    top_3_concentration: float = described("Share of gross in the 3 largest, 0 to 1.", 0.38)
    top_10_concentration: float = described("Share of gross in the 10 largest, 0 to 1.", 0.81)
    total_positions: int = described("Open positions.", 16)
    total_symbols: int = described("Symbols among them.", 16)
    position_weights: dict[str, float] | None = described(
        "Share of gross by symbol, the largest first.", {"AAPL": 0.12}
    )


class ConcentrationMetadata(Metadata):
    """What the concentration rests on."""

    truncated: bool = described("position_weights names the 1000 largest only.", False)


class PortfolioConcentration(Analytic):
    """Concentration of a portfolio."""

    data: Concentration | None
    metadata: ConcentrationMetadata


class CorrelationMatrix(Answer):
    """Correlations of daily returns."""

    matrix: dict[str, dict[str, float]] = described(
        "Correlation by symbol and symbol, ordered by gross exposure.",
        {"AAPL": {"AAPL": 1.0, "MSFT": 0.61}, "MSFT": {"AAPL": 0.61, "MSFT": 1.0}},
    )
    average_correlation: float | None = described("Mean over the pairs, those not shown too.", 0.34)


class CorrelationMetadata(Metadata):
    """What the correlations rest on."""

    symbols: list[str] = described("The symbols in their order.", ["AAPL", "MSFT"])
    max_symbols: int = described("Symbols at most.", 25)
    symbols_included: int = described("Symbols with correlations.", 15)
    symbols_excluded: int = described("Symbols left out for want of common returns.", 1)
    truncated: bool = described("There are more symbols than are shown.", False)
    window_days: int | None = described("Sessions in the window.", 90)
    is_repaired: bool | None = described(
        "Missing data made the matrix indefinite; negative eigenvalues were clipped.", False
    )


class PortfolioCorrelationMatrix(Analytic):
    """Correlations of what a portfolio holds."""

    data: CorrelationMatrix | None
    metadata: CorrelationMetadata


class Cluster(Answer):
    """Symbols that move together, connected by correlations of 0.7 or more."""

    cluster_id: int = described("1 is the largest.", 1)
    symbols: list[str] = described("The largest first.", ["QQQ", "VTI"])
    average_correlation: float | None = described("Mean of the pairs inside.", 0.86)
    gross_share: float | None = described("Share of gross exposure in the matrix.", 0.31)


class DiversificationMetadata(Metadata):
    """What the score rests on."""

    is_repaired: bool | None = described(
        "Missing data made the matrix indefinite; negative eigenvalues were clipped.", False
    )


class DiversificationScore(Analytic):
    """How much what is held moves together."""

    portfolio_correlation: float | None = described(
        "Mean absolute correlation of the pairs weighted by gross: 0 unrelated, 1 all the same.", 0.41
    )
    duration_days: int | None = described("Sessions in the window.", 90)
    symbols_included: int = described("Symbols with correlations.", 15)
    symbols_excluded: int = described("Symbols left out for want of common returns.", 1)
    mean_correlation: float | None = described("Plain mean of the pairs.", 0.34)
    effective_bets: float | None = described(
        "As many independent equal bets are as diversified; null where longs and shorts cancel.", 4.2
    )
    clusters: list[Cluster]
    metadata: DiversificationMetadata


class Impact(Answer):
    """What a scenario would do."""

    dollar_impact: float | None = described("P&L, USD.", -51234.5)
    percentage_impact: float | None = described(
        "P&L in percent of equity; null where equity is not positive.", -10.0
    )
    new_portfolio_value: float | None = described("Equity after it, USD.", 461120.87)


class ScenarioImpact(Answer):
    """One scenario."""

    id: str = described("Name of the scenario in addresses.", "market_down_10")
    name: str = described("Name for people.", "Market Decline 10%")
    description: str = described("The shocks of the date.", "Market -10 %.")
    category: str | None = described("market, rates, rotation, volatility or historical.", "market")
    severity: str | None = described("mild, base, moderate, severe or extreme.", "moderate")
    impact_type: Literal["direct", "correlated"] = described(
        "What impact shows: direct moves the shocked factors alone, correlated all that go with them.",
        "correlated",
    )
    impact: Impact
    direct_impact: Impact
    correlated_impact: Impact


class PortfolioScenario(ScenarioImpact):
    """One scenario for one portfolio."""

    coverage: float | None = described(
        "Gross of the stressed positions over the gross of all, private ones included.", 1.0
    )


class StressTest(Answer):
    """Scenarios, the worst first."""

    scenarios: list[PortfolioScenario]
    portfolio_value: float = described("Equity, USD.", 512355.37)
    calculation_date: date = described("The session.", "2025-09-12")


class StressMetadata(Metadata):
    """What was asked for."""

    impact_type: Literal["direct", "correlated"] = described("As asked for.", "correlated")
    scenarios_requested: list[str] | None = described("As asked for; null: all.", None)
    unknown_scenarios: list[str] = described(
        "Those that the session has no figures of.", ["no_such_scenario"]
    )


class PortfolioStressTest(Analytic):
    """What scenarios would do to a portfolio."""

    data: StressTest
    metadata: StressMetadata
