"""Response models of the risk against the benchmark."""

from typing import Literal
from uuid import UUID

from api.schemas.analytics_common import POSITION_ID, Analytic, Metadata
from api.schemas.common import ResponseModel, described

PartOf = Literal["position", "symbol", "sector", "factor"]
ExPostReason = Literal[
    "return_chain_broken", "too_few_sessions", "benchmark_returns_missing", "too_few_market_days"
]
ExAnteReason = Literal["equity_not_positive", "no_benchmark_betas", "no_public_positions", "no_factor_data"]


class ActiveFactor(ResponseModel):
    """Exposure to one factor beyond that of the benchmark, and what it contributes to the tracking error."""

    factor: str = described("Factor of the model risk; Specific is what the factors leave.", "Market")
    portfolio_beta: float | None = described("Beta of the portfolio; null for Specific.", 0.5143)
    benchmark_beta: float | None = described("Beta of the benchmark.", 1.0)
    active_beta: float | None = described("The difference.", -0.4857)
    unit: str | None = described("Unit of the betas.", "return per unit of return")
    marginal: float | None = described("Change of the tracking error per active beta.", -0.1074)
    contribution: float = described(
        "active_beta x marginal, a decimal per year; all add up to tracking_error_ex_ante.", 0.0522
    )
    share: float = described("Contribution over tracking_error_ex_ante.", 0.4474)


class ActiveContribution(ResponseModel):
    """What one part of the portfolio, or its benchmark, contributes to the tracking error ex ante."""

    position_id: UUID | None = described("The position; null unless the parts are positions.", POSITION_ID)
    name: str = described(
        "Symbol of the position, symbol, sector or factor; Benchmark is the benchmark's own part.", "NVDA"
    )
    portfolio_exposure: float | None = described(
        "Delta-adjusted exposure over equity, or beta to the factor; null with a null_reason.", 0.0725
    )
    benchmark_exposure: float | None = described("The same of the benchmark.", 0.0)
    active_exposure: float | None = described("The difference.", 0.0725)
    marginal: float | None = described(
        "Marginal contribution to tracking error: its change per active exposure.", 0.1103
    )
    contribution: float | None = described(
        "active_exposure x marginal, a decimal per year: negative if the part lowers the tracking error; all "
        "add up to tracking_error_ex_ante.",
        0.008,
    )
    share: float | None = described("Contribution over tracking_error_ex_ante.", 0.0686)
    null_reason: str | None = described(
        "Why it has none: private, no_betas, no_active_risk, ex_ante_null_reason, or why an option has no "
        "Greeks; null if it has one.",
        None,
    )
    position_count: int = described("Open positions in it; 0 for factors and the benchmark.", 1)
    measured_count: int = described("Those of them that are measured.", 1)


class BenchmarkRiskMetadata(Metadata):
    """Metadata of the figures, and how much of the portfolio those ex ante cover."""

    model: Literal["risk"] = described("The factor model of the figures ex ante.", "risk")
    by: PartOf = described("What contributions are of.", "position")
    coverage: float | None = described(
        "Share of the gross market value of public and option positions that is measured.", 1.0
    )
    coverage_of_equity: float | None = described(
        "1 less what is not measured, private holdings included, over equity; that counts as cash.", 1.0
    )


class PortfolioBenchmarkRisk(Analytic):
    """Risk of a portfolio against its benchmark: ex post from returns, ex ante from what it holds."""

    benchmark: str | None = described("Symbol of the benchmark in force on the session.", "SPY")
    beta: float | None = described("Slope of the daily returns on the benchmark's.", 0.6461)
    beta_null_reason: ExPostReason | Literal["no_variation"] | None = described("Why it is null.", None)
    up_capture: float | None = described(
        "Mean return on sessions on which the benchmark rises over the benchmark's own.", 0.6918
    )
    up_capture_null_reason: ExPostReason | Literal["too_few_rising_sessions"] | None = described(
        "Why it is null.", None
    )
    down_capture: float | None = described("The same where it falls: below 1 less is lost.", 0.6049)
    down_capture_null_reason: ExPostReason | Literal["too_few_falling_sessions"] | None = described(
        "Why it is null.", None
    )
    tracking_error_ex_post: float | None = described(
        "Deviation of the daily differences from the benchmark, annualized.", 0.1124
    )
    active_return: float | None = described("Mean of these differences, annualized.", 0.0222)
    ex_post_null_reason: ExPostReason | None = described("Why they are null.", None)
    information_ratio: float | None = described("active_return over tracking_error_ex_post.", 0.1972)
    information_ratio_null_reason: ExPostReason | Literal["no_active_risk"] | None = described(
        "Why it is null.", None
    )
    sessions: int | None = described("Sessions with both returns, at most 252.", 129)
    session_coverage: float | None = described("These over all sessions of the portfolio among them.", 1.0)
    up_sessions: int | None = described("Those on which the benchmark rises.", 66)
    down_sessions: int | None = described("Those on which it falls.", 63)
    tracking_error_ex_ante: float | None = described(
        "Deviation of the difference by the risk model, of what is held at the close, annualized.", 0.1166
    )
    tracking_error_factors: float | None = described("Its part from factors; squares add up.", 0.0797)
    tracking_error_specific: float | None = described("Its part specific to symbols.", 0.0851)
    beta_ex_ante: float | None = described("Beta to the benchmark by the risk model.", 0.5008)
    ex_ante_null_reason: ExAnteReason | None = described("Why the figures ex ante are null.", None)
    benchmark_volatility: float | None = described(
        "Volatility of the benchmark by the risk model: the tracking error of cash.", 0.1584
    )
    benchmark_specific_volatility: float | None = described(
        "Its part that the factors leave: 0 for the proxy of a factor, such as SPY.", 0.0
    )
    active_factors: list[ActiveFactor]
    contributions: list[ActiveContribution]
    metadata: BenchmarkRiskMetadata
