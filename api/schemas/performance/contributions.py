"""What positions contribute to the return of the day and to the volatility of their portfolio."""

from api.schemas.common import ResponseModel, described

RISK_NULL_REASON = (
    "Why there are no figures of risk, else null: equity_not_positive, private, no_portfolio_volatility, "
    "no_variation, no_betas, closed, not_published, or why an option has no delta (no_underlying_price, "
    "no_volatility, adjusted_deliverable)."
)


class PositionContributions(ResponseModel):
    """The fields of a position that say what it contributes."""

    contribution: float | None = described(
        "P&L of the session over the equity before it and its capital flow, as a decimal: all positions add "
        "up to the portfolio's return of the day. 0 when closed before the session.",
        -0.000198,
    )
    contribution_null_reason: str | None = described(
        "capital_not_positive where contribution is null, else null.", None
    )
    risk_contribution: float | None = described(
        "The position's part of the portfolio's volatility by the factor model, annualized decimal: all "
        "positions add up to it; negative where the position lowers it.",
        0.0083,
    )
    risk_share: float | None = described("The same over the portfolio's volatility.", 0.0618)
    risk_null_reason: str | None = described(RISK_NULL_REASON, None)
