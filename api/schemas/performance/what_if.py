"""Request and response models of what-ifs: trades, and the figures before and after them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.dependencies import IsoDate
from api.schemas.analytics_common import Analytic, FactorModel, Metadata
from api.schemas.common import ResponseModel, described

Symbol = Annotated[
    str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=r"^[!-~ ]+$")
]
SIZES = ("quantity", "target_weight", "close")
MAX_QUANTITY = 10**12
MAX_WEIGHT = 100
NullReasons = dict[str, str]


class Trade(BaseModel):
    """One trade at the close: what, and one way of saying how much."""

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol | None = Field(None, description="A stock or fund.", examples=["TLT"])
    contract: Symbol | None = Field(
        None, description="An option that the portfolio holds, by its OCC symbol.", examples=[None]
    )
    quantity: Decimal | None = Field(
        None,
        ge=-MAX_QUANTITY,
        le=MAX_QUANTITY,
        allow_inf_nan=False,
        description="Shares or contracts bought, negative for sold.",
        examples=[250],
    )
    target_weight: float | None = Field(
        None,
        ge=-MAX_WEIGHT,
        le=MAX_WEIGHT,
        allow_inf_nan=False,
        description="Market value to equity after the trades, negative for a short.",
        examples=[None],
    )
    close: Literal[True] | None = Field(None, description="Close all that is held.", examples=[None])

    @model_validator(mode="after")
    def _says_what_and_how_much(self) -> "Trade":
        if (self.symbol is None) == (self.contract is None):
            raise ValueError("name one of symbol and contract")
        if sum(getattr(self, size) is not None for size in SIZES) != 1:
            raise ValueError("size the trade in one way: quantity, target_weight or close")
        return self

    def as_asked(self) -> dict[str, Any]:
        """As the function udf.what_if_trades takes it; a quantity keeps its digits."""
        size = {name: getattr(self, name) for name in SIZES if getattr(self, name) is not None}
        return {"symbol": self.symbol or self.contract, **size}


class WhatIfRequest(BaseModel):
    """The trades of a what-if."""

    model_config = ConfigDict(extra="forbid")

    as_of_date: IsoDate | None = Field(
        None,
        description="The session at whose close is traded, instead of the parameter as_of_date.",
        examples=["2025-09-12"],
    )
    trades: list[Trade] = Field(
        description="The trades, at most WHAT_IF_TRADES; quantities of a symbol add up."
    )
    cash: Literal["absorb", "fixed"] = Field(
        "absorb",
        description="absorb: cash pays for the trades. fixed: cash stays, and equity changes instead.",
    )


class WhatIfTrade(ResponseModel):
    """A symbol that is traded."""

    symbol: str = described("The stock, fund or contract.", "TLT")
    quantity_before: float = described("What the portfolio holds, negative for shorts.", 0.0)
    quantity: float = described("The change.", 250.0)
    quantity_after: float = described("What it holds after it.", 250.0)
    price: float = described("Price at the close, USD.", 91.66)
    price_date: date = described(
        "Session of the price: an earlier one where what is held has no price of the session.", "2025-09-12"
    )
    market_value: float = described("What the change costs, USD; negative for what it brings in.", 22915.3)


class WhatIfSection(ResponseModel):
    """Figures of one kind. Null has a reason in null_reasons, by the name of the figure."""

    coverage: float | None = described(
        "Share of gross market value that is measured, of options for Greeks; null without positions in "
        "scope, and for a change.",
        1.0,
    )
    null_reasons: NullReasons = described("Why figures are null.", {})


class WhatIfExposures(WhatIfSection):
    """Exposures at market value, USD."""

    equity: float = described("Equity.", 520730.5)
    cash: float = described("Equity less net market value.", 3360.75)
    net_market_value: float = described("Market value of all positions.", 517369.75)
    long_exposure: float = described("Sum of positive market values.", 517369.75)
    short_exposure: float = described("Sum of negative ones, positive.", 0.0)
    gross_exposure: float = described("Long + short.", 517369.75)
    net_exposure: float = described("Long - short.", 517369.75)
    gross_exposure_delta_adjusted: float | None = described("The same, options by their delta.", 517369.75)
    net_exposure_delta_adjusted: float | None = described("The same, options by their delta.", 517369.75)
    leverage: float | None = described("Gross exposure / equity.", 0.993546)
    net_to_equity: float | None = described("Net exposure / equity.", 0.993546)
    position_count: float = described("Open positions.", 16.0)


class WhatIfVariance(WhatIfSection):
    """Volatility by the risk model, annualized decimals."""

    systematic_volatility: float | None = described("Of the factors.", 0.132193)
    idiosyncratic_volatility: float | None = described("Of the symbols.", 0.025082)
    total_volatility: float | None = described("Of both.", 0.134551)
    systematic_share: float | None = described("Share of the variance that is systematic.", 0.965249)


class WhatIfTail(WhatIfSection):
    """One-day value at risk and expected shortfall, historical and filtered, USD, positive for a loss."""

    var_95_1d: float | None = described("Value at risk, 95 %.", 7105.73)
    var_99_1d: float | None = described("Value at risk, 99 %.", 12086.45)
    es_95_1d: float | None = described("Expected shortfall, 95 %.", 10635.61)
    es_99_1d: float | None = described("Expected shortfall, 99 %.", 14806.07)
    var_95_1d_filtered: float | None = described("Filtered value at risk, 95 %.", 7340.37)
    var_99_1d_filtered: float | None = described("Filtered value at risk, 99 %.", 12483.82)
    es_95_1d_filtered: float | None = described("Filtered expected shortfall, 95 %.", 10878.92)
    es_99_1d_filtered: float | None = described("Filtered expected shortfall, 99 %.", 17839.22)


class WhatIfConcentration(WhatIfSection):
    """Concentration of gross exposure over symbols."""

    hhi: float | None = described("Sum of squared weights, 0 to 1.", 0.102132)
    effective_names: float | None = described("1 / hhi.", 9.791276)
    top_1_share: float | None = described("Share of the largest symbol.", 0.227514)
    top_3_share: float | None = described("Of the three largest.", 0.435804)
    top_5_share: float | None = described("Of the five largest.", 0.587746)
    top_10_share: float | None = described("Of the ten largest.", 0.812817)


class WhatIfGreeks(WhatIfSection):
    """Greeks of the options and shares together."""

    delta: float | None = described("Shares.", 14623.1514)
    gamma: float | None = described("Per USD.", 0.0)
    theta: float | None = described("USD per calendar day.", 0.0)
    vega: float | None = described("USD per volatility point.", 0.0)
    rho: float | None = described("USD per rate point.", 0.0)
    delta_dollars: float | None = described("USD.", 517369.75)
    gamma_dollars_1pct: float | None = described("USD per 1 %.", 0.0)
    option_count: float = described("Open option positions.", 0.0)


class WhatIfLiquidity(WhatIfSection):
    """How fast it can be sold at a share of the average volume, and at what cost."""

    share_1d: float | None = described("Share of gross market value sold in one session.", 1.0)
    share_7d: float | None = described("In seven sessions.", 1.0)
    share_30d: float | None = described("In thirty sessions.", 1.0)
    days_to_liquidate_95: float | None = described("Sessions in which 95 % are sold.", 0.899055)
    days_to_liquidate_100: float | None = described("Sessions in which all that is measured is sold.", 1.0)
    cost: float | None = described("Cost of selling, USD.", 184.56)
    cost_coverage: float | None = described("Share of gross market value whose cost is known.", 1.0)
    liquidity_adjusted_var: float | None = described("Value at risk, 95 %, while it is sold, USD.", 7105.73)


class WhatIfBeta(WhatIfSection):
    """Beta to one factor."""

    model: FactorModel = described("The factor model.", "market")
    factor: str = described("The factor.", "Market")
    beta: float | None = described("Dollar exposure / equity.", 0.864035)
    dollar_exposure: float | None = described("Exposures times betas, USD.", 449929.53)


class WhatIfStress(WhatIfSection):
    """Result of one scenario."""

    scenario_id: str = described("The scenario.", "market_down_20")
    scenario_name: str | None = described("Its name.", "Market Decline 20%")
    direct_pnl: float | None = described("P&L, USD, with only the shocked factors moving.", -89364.21)
    direct_pct_equity: float | None = described("The same to equity, a decimal.", -0.171613)
    correlated_pnl: float | None = described("P&L, USD, with correlated moves.", -89364.21)
    replay_pnl: float | None = described("P&L, USD, by own returns; of historical scenarios.", None)


class WhatIfFigures(ResponseModel):
    """The figures of one side, or their change."""

    exposures: WhatIfExposures
    betas: list[WhatIfBeta]
    variance: WhatIfVariance
    var: WhatIfTail
    stress: list[WhatIfStress]
    concentration: WhatIfConcentration
    greeks: WhatIfGreeks
    liquidity: WhatIfLiquidity


class PortfolioWhatIf(Analytic):
    """A portfolio before and after trades."""

    cash: Literal["absorb", "fixed"] = described("As asked.", "absorb")
    trades: list[WhatIfTrade]
    before: WhatIfFigures
    after: WhatIfFigures
    change: WhatIfFigures
    metadata: Metadata
