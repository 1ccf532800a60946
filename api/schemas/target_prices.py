"""Response models of target prices. Money, prices and ratios are decimals as text."""

from datetime import date, datetime
from uuid import UUID

from api.schemas.common import Decimal, PriceNotice, PriceSource, ResponseModel, described
from api.schemas.data import PORTFOLIO_ID, POSITION_ID, PRICE_FLAG, PositionType

TARGET_ID = "c0a3f6d1-3b5e-4d0f-9d1c-6f2b8e7a4c55"


class TargetPrice(ResponseModel):
    """The target prices in force for a symbol that a portfolio holds, and the returns they imply."""

    id: UUID = described("The same for the same portfolio and symbol.", TARGET_ID)
    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    position_id: UUID | None = described(
        "The position; null when several lots share the target.", POSITION_ID
    )
    symbol: str = described("The symbol.", "AAPL")
    position_type: PositionType | None = described("LONG, SHORT, ...; null when the lots differ.", "LONG")
    target_price_eoy: Decimal | None = described("Price expected at the end of the year, USD.", "260.0000")
    target_price_next_year: Decimal | None = described("Price expected a year later, USD.", "290.0000")
    downside_target_price: Decimal | None = described("Price in the downside case, USD.", "180.0000")
    current_price: Decimal = described("Price that values the symbol on the session, USD.", "234.1000")
    expected_return_eoy: Decimal | None = described(
        "Return of the position if the target is reached; shorts gain when the price falls.", "0.110637"
    )
    expected_return_next_year: Decimal | None = described("The same for next year's target.", "0.238787")
    downside_return: Decimal | None = described(
        "The same in the downside case: a loss is negative.", "-0.231098"
    )
    target_upside_eoy_value: Decimal | None = described("expected_return_eoy in USD.", "2097.91")
    target_upside_next_year_value: Decimal | None = described("expected_return_next_year in USD.", "4527.90")
    target_downside_value: Decimal | None = described("downside_return in USD.", "-4382.10")
    position_weight: Decimal | None = described(
        "Market value over equity, negative when short; null when equity is not positive.", "0.037010"
    )
    contribution_to_portfolio_return: Decimal | None = described(
        "Contribution of expected_return_eoy to the portfolio's return.", "0.004095"
    )
    contribution_to_portfolio_risk: Decimal | None = described(
        "Absolute weight times the symbol's annualized volatility (63 sessions): its standalone risk, "
        "without diversification; null without a volatility.",
        "0.008512",
    )
    null_reason: str | None = described(
        "Why returns are null: no_price, price_is_zero, long_and_short_cancel, equity_not_positive, "
        "target_year_over (stated in an earlier year) or target_not_given; null when all are given.",
        None,
    )
    price_flag: str | None = described(PRICE_FLAG, None)
    effective_date: date = described("Date from which these targets apply.", "2025-06-30")
    price_updated_at: datetime | None = described(
        "The close that current_price is of, UTC.", "2025-09-12T20:00:00Z"
    )
    created_at: datetime = described("When they were first loaded, UTC.", "2025-07-01T12:00:00Z")
    updated_at: datetime = described("When they were last loaded, UTC.", "2025-07-01T12:00:00Z")
    price_source: PriceSource


class TargetPriceSummary(ResponseModel):
    """Returns implied by all target prices of a portfolio. Positions without a target count as 0."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    portfolio_name: str = described("Its name.", "Demo Individual Investor Portfolio")
    as_of: date = described("The session.", "2025-09-12")
    total_positions: int = described("Open positions.", 16)
    positions_with_targets: int = described(
        "Those with a target for the year's end and a price to compute the expected return from.", 12
    )
    coverage_percentage: Decimal = described("The same in % of the open positions.", "75.00")
    weighted_expected_return_eoy: Decimal | None = described(
        "Return of the portfolio if the targets for the year's end are reached; null if there are none.",
        "0.081204",
    )
    weighted_expected_return_next_year: Decimal | None = described("The same for next year's.", "0.143120")
    weighted_downside_return: Decimal | None = described("The same in the downside case.", "-0.102300")
    weighted_expected_return_eoy_dollars: Decimal | None = described(
        "weighted_expected_return_eoy in USD.", "41605.12"
    )
    weighted_expected_return_next_year_dollars: Decimal | None = described(
        "weighted_expected_return_next_year in USD.", "73328.11"
    )
    weighted_downside_return_dollars: Decimal | None = described(
        "weighted_downside_return in USD.", "-52413.95"
    )
    expected_sharpe_ratio: Decimal | None = described(
        "Return to the end of the year in excess of the 3-month Treasury yield, for the covered share of the "
        "gross value (without cash), over the risk model's volatility for that time; null without one of "
        "them, on the last day of the year, and where less than half is covered.",
        "0.912340",
    )
    expected_sortino_ratio: Decimal | None = described(
        "The same for the positions with both a target for the end of the year and a downside target, over "
        "their loss in the downside case; null without such a loss.",
        "0.671200",
    )
    target_prices: list[TargetPrice]
    last_updated: datetime | None = described("When the newest was loaded, UTC.", "2025-07-01T12:00:00Z")
    price_source: PriceSource
    price_notice: PriceNotice
