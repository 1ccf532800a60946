"""Response models of attribution: by segment against the benchmark, and by factor."""

from datetime import date
from typing import Literal

from pydantic import Field

from api.schemas.analytics_common import Analytic, Metadata
from api.schemas.common import ResponseModel, described

Period = Literal["1D", "1W", "MTD", "QTD", "YTD", "1Y", "3Y", "ITD"]
Dimension = Literal["sector", "investment_class", "tag"]
Method = Literal["carino", "menchero"]
Reason = Literal[
    "return_chain_broken",
    "capital_not_positive",
    "benchmark_returns_missing",
    "no_benchmark_segments",
    "benchmark_residual",
    "no_proxy_price",
]
TotalsReason = Literal[Reason, "tags_overlap"]
FactorReason = Literal[
    "return_chain_broken", "capital_not_positive", "no_betas", "factor_not_in_model", "no_factor_return"
]


class SegmentAttribution(ResponseModel):
    """What one segment did to the return, and to the difference from the benchmark."""

    segment: str = described(
        "Sector (also Private, Unclassified), investment class or tag; Cash; Benchmark residual: what the "
        "benchmark earns beside the proxies of its sectors.",
        "Technology",
    )
    sessions: int = described("Sessions on which the portfolio or the benchmark had it.", 53)
    portfolio_weight: float | None = described("Average weight at the previous close.", 0.2284)
    benchmark_weight: float | None = described("Average weight in the benchmark.", 0.331)
    contribution: float | None = described("Linked contribution to the return of the portfolio.", 0.0591)
    benchmark_return: float | None = described(
        "Return of what the segment is compared with: its proxy, the benchmark if it is outside of it or a "
        "tag, 0 for cash.",
        0.0355,
    )
    allocation: float | None = described("Effect of another weight than the benchmark's.", 0.0041)
    selection: float | None = described("Effect of other positions, with the interaction.", 0.0552)
    effect: float | None = described("Both; all segments but tags add up to the excess return.", 0.0593)
    null_reason: Reason | None = described("Why allocation and selection are null; else null.", None)
    coverage: float = described(
        "Share of its sessions on which they are known; of the benchmark residual, on which its effect is.",
        1.0,
    )


class AttributionTotals(ResponseModel):
    """Sums over the segments beside the returns that they add up to; tags may overlap and have no sums."""

    time_weighted: float = described("Time-weighted return of the portfolio.", 0.1042)
    benchmark: float | None = described("Total return of the benchmark.", 0.0803)
    excess: float | None = described("The difference.", 0.0239)
    contribution: float | None = described("Sum of contributions: time_weighted.", 0.1042)
    allocation: float | None = described("Sum; null if that of a segment is not known.", -0.0174)
    selection: float | None = described("Sum; null if that of a segment is not known.", 0.0495)
    effect: float | None = described("Sum, with the benchmark residual: excess.", 0.0239)
    null_reason: TotalsReason | None = described("Why sums are null; else null.", None)


class AttributionMetadata(Metadata):
    """The range, and how its sessions were linked."""

    period: Period | Literal["custom"] | None = described("The period, or custom.", "YTD")
    first: date | None = Field(
        alias="from", description="First session; null without one.", examples=["2025-06-30"]
    )
    to: date | None = described("Last session.", "2025-09-12")
    sessions: int = described("Sessions of the range.", 53)
    method: Method = described("How sessions are linked.", "carino")


class SegmentMetadata(AttributionMetadata):
    """The same, with what the portfolio is compared with."""

    dimension: Dimension = described("What the segments are.", "sector")
    benchmark_symbol: str | None = described("The benchmark at the end of the range.", "SPY")


class PortfolioAttribution(Analytic):
    """Attribution of the excess return, the largest effect first."""

    segments: list[SegmentAttribution]
    totals: AttributionTotals | None
    metadata: SegmentMetadata


class FactorAttribution(ResponseModel):
    """What the moves of one factor did to the return."""

    name: str = described("Factor of the model risk; Specific; Private.", "Market")
    sessions: int = described("Sessions of the range.", 53)
    beta: float | None = described("Average exposure at the previous close.", 0.5782)
    contribution: float | None = described("Linked contribution to the return.", 0.0563)
    null_reason: FactorReason | None = described("Why it is null; else null.", None)
    coverage: float = described("Share of the sessions on which it is known.", 1.0)


class FactorTotals(ResponseModel):
    """The sum beside the return that it adds up to."""

    time_weighted: float = described("Time-weighted return of the portfolio.", 0.1042)
    contribution: float | None = described("Sum of contributions: time_weighted.", 0.1042)
    null_reason: FactorReason | None = described("Why the sum is null; else null.", None)


class FactorMetadata(AttributionMetadata):
    """The same, with the factor model."""

    model: Literal["risk"] = described("The factor model.", "risk")


class PortfolioFactorAttribution(Analytic):
    """Attribution of the return to factors, the largest contribution first."""

    factors: list[FactorAttribution]
    totals: FactorTotals | None
    metadata: FactorMetadata
