"""Response models of the analytic on liquidity."""

from typing import Literal
from uuid import UUID

from api.schemas.analytics_common import POSITION_ID, Analytic, Metadata
from api.schemas.common import ResponseModel, described

Bucket = Literal["highly_liquid", "moderately_liquid", "less_liquid", "illiquid"]


class LiquidityBuckets(ResponseModel):
    """Shares of the gross market value by class of SEC rule 22e-4; they add up to metadata.coverage."""

    highly_liquid: float = described("Money within three sessions.", 0.9211)
    moderately_liquid: float = described("Money within seven calendar days.", 0.0)
    less_liquid: float = described("Sold within seven calendar days, settled later.", 0.0)
    illiquid: float = described("Slower, never traded, or private.", 0.0789)


class PortfolioLiquidityData(ResponseModel):
    """How fast a portfolio can be sold, each position at its own pace, and at what cost."""

    share_1d: float = described("Share of the gross market value sold within a session, decimal.", 0.9211)
    share_7d: float = described("Within seven sessions.", 0.9211)
    share_30d: float = described("Within thirty sessions; at most metadata.coverage.", 0.9211)
    buckets: LiquidityBuckets
    days_to_liquidate_95: float | None = described(
        "Sessions until 95 % of the market value of the positions with days is sold; null if none has.",
        0.0121,
    )
    days_to_liquidate_100: float | None = described("Sessions of the slowest of them.", 0.1107)
    cost: float | None = described(
        "Expected market impact of the positions that have a cost, USD; null if none has.", 1110.03
    )
    cost_of_equity: float | None = described("The same over equity; null without positive equity.", 0.000373)
    cost_coverage: float = described("Share of the gross market value that has a cost.", 0.9211)
    unwinding_days: int | None = described(
        "Sessions of the liquidity-adjusted value at risk: those of the slowest position, at least 1; null "
        "if one is never traded or none has days.",
        1,
    )
    liquidity_adjusted_var: float | None = described(
        "Value at risk at 95 % while the portfolio is sold in equal slices over unwinding_days, USD, "
        "positive for a loss; null with its reason.",
        24497.77,
    )
    liquidity_adjusted_var_99: float | None = described("The same at 99 %.", 40416.81)
    liquidity_adjusted_var_null_reason: Literal["no_value_at_risk", "not_traded", "no_volume"] | None = (
        described("Why there is none; null if there is.", None)
    )


class PositionLiquidity(ResponseModel):
    """How fast one open position can be sold; the lots of a symbol share its volume."""

    position_id: UUID = described("The position.", POSITION_ID)
    symbol: str = described("Its symbol; OCC symbol for options.", "DJP")
    liquidated_by: Literal["volume", "cash", "redemption"] | None = described(
        "Traded, cash, or redeemed by its fund; null with a null_reason other than not_traded.", "volume"
    )
    quantity_of_symbol: float = described("Shares or contracts of all lots, without sign.", 1494.0)
    average_volume_20d: float | None = described("Shares traded in a session, 20 sessions.", 67482.0)
    average_volume_63d: float | None = described("The same, 63 sessions.", 60813.0)
    average_dollar_volume_20d: float | None = described("Shares x close, USD a session.", 2433271.5)
    share_of_volume: float | None = described("quantity_of_symbol over average_volume_20d.", 0.022139188)
    days_to_liquidate: float | None = described(
        "Sessions until all lots are sold at metadata.participation; 0 for cash, 1 for a redemption.",
        0.110696,
    )
    share_1d: float | None = described("Share sold within a session; null if the volume is not known.", 1.0)
    share_7d: float | None = described("Within seven sessions.", 1.0)
    share_30d: float | None = described("Within thirty sessions.", 1.0)
    bucket: Bucket | None = described("Class of SEC rule 22e-4; null if not known.", "highly_liquid")
    cost: float | None = described("Expected market impact, USD; null with cost_null_reason.", 39.18)
    permanent_cost: float | None = described("Its permanent part.", 8.08)
    temporary_cost: float | None = described("Its temporary part.", 31.1)
    null_reason: (
        Literal["private", "no_option_volume", "no_volume", "too_few_volumes", "not_traded"] | None
    ) = described("Why days_to_liquidate is null; null if it is not.", None)
    cost_null_reason: str | None = described(
        "Why cost is null: the null_reason, option, no_volatility, no_shares_outstanding; null if it is not.",
        None,
    )


class LiquidityMetadata(Metadata):
    """Metadata of the figures, and how much of the portfolio they cover."""

    gross_market_value: float | None = described("What the shares are of, USD.", 2965079.69)
    coverage: float | None = described(
        "Share of it whose liquidity is known, private positions included: they have no market.", 1.0
    )
    participation: float | None = described("Share of the average volume traded in a session.", 0.2)


class PortfolioLiquidity(Analytic):
    """How fast a portfolio can be sold, and at what cost."""

    data: PortfolioLiquidityData | None
    positions: list[PositionLiquidity]
    metadata: LiquidityMetadata
