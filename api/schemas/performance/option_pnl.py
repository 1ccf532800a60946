"""Response models of the P&L of options, explained by their Greeks."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.analytics_common import POSITION_ID, Analytic, Metadata
from api.schemas.common import ResponseModel, described
from api.schemas.performance.attribution import Period

ExplainReason = Literal[
    "missing_price",
    "no_greeks",
    "adjusted_deliverable",
    "no_underlying_price",
    "no_risk_free_rate",
    "no_volatility",
    "two_boundaries",
]


class ExplainedPnl(ResponseModel):
    """P&L and its terms, USD: trade_pnl, the Greeks, residual and unexplained_pnl add up to pnl, to the cent.

    The terms are those of the sessions that are explained (coverage); null if none is.
    """

    pnl: float = described("P&L of the range.", -193.27)
    trade_pnl: float = described("Of entries and exits at other prices than the close.", 0.0)
    delta_pnl: float | None = described("Delta of the close before x move of the underlying.", -267.86)
    gamma_pnl: float | None = described("Half its gamma x squared move.", 9.03)
    theta_pnl: float | None = described("Its theta x calendar days.", -18.55)
    vega_pnl: float | None = described("Its vega x change of the implied volatility.", 87.67)
    rho_pnl: float | None = described("Its rho x change of the rate.", -1.28)
    residual: float | None = described("The rest of the sessions that are explained.", -2.28)
    unexplained_pnl: float = described("P&L of the sessions that are not; 0 if all are.", 0.0)
    null_reason: ExplainReason | None = described("Why sessions are not explained; null if all are.", None)
    coverage: float = described("Share of the sessions of positions that are explained.", 1.0)


class PositionPnl(ExplainedPnl):
    """The P&L of one option position."""

    position_id: UUID = described("The position.", POSITION_ID)
    symbol: str = described("The contract.", "AAPL260618P00230000")
    underlying_symbol: str = described("Its underlying.", "AAPL")
    position_type: Literal["LC", "LP", "SC", "SP"] = described("Long or short, call or put.", "LP")
    strike_price: float = described("Strike, as entered, USD.", 230.0)
    expiration_date: date = described("Its expiration.", "2026-06-18")
    sessions: int = described("Sessions of the range on which it was held.", 1)


class OptionPnlMetadata(Metadata):
    """The range."""

    period: Period | Literal["custom"] | None = described("The period, or custom.", "YTD")
    first: date | None = Field(
        alias="from", description="First session; null without one.", examples=["2025-06-30"]
    )
    to: date | None = described("Last session.", "2025-09-12")
    sessions: int = described("Sessions of the range.", 53)


class PortfolioOptionPnl(Analytic):
    """The P&L of the options held in the range, the largest first."""

    positions: list[PositionPnl]
    totals: ExplainedPnl | None = Field(description="All positions; null without options.")
    metadata: OptionPnlMetadata
