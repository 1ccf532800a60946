"""Response models of target prices. Returns, weights and contributions are in percent: 9.4 is 9.4 %."""

from datetime import date, datetime
from uuid import UUID

from api.schemas.common import Decimal, PriceNotice, PriceSource, ResponseModel, deprecated, described
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
    target_price_eoy: float | None = described("Price expected at the end of the year, USD.", 260.0)
    target_price_next_year: float | None = described("Price expected a year later, USD.", 290.0)
    downside_target_price: float | None = described("Price in the downside case, USD.", 180.0)
    current_price: float = described("Price that values the symbol on the session, USD.", 234.1)
    expected_return_eoy: float | None = described(
        "Return of the position if the target is reached, %; shorts gain when the price falls.", 11.0637
    )
    expected_return_next_year: float | None = described("The same for next year's target, %.", 23.8787)
    downside_return: float | None = described(
        "The same in the downside case, %: a loss is negative.", -23.1098
    )
    target_upside_eoy_value: float | None = described("expected_return_eoy in USD.", 2097.91)
    target_upside_next_year_value: float | None = described("expected_return_next_year in USD.", 4527.9)
    target_downside_value: float | None = described("downside_return in USD.", -4382.1)
    position_weight: float | None = described(
        "Market value in % of equity, negative when short; null when equity is not positive.", 3.701
    )
    contribution_to_portfolio_return: float | None = described(
        "Contribution of expected_return_eoy to the portfolio's return, percentage points.", 0.4095
    )
    contribution_to_portfolio_risk: float | None = described(
        "Absolute weight times the symbol's annualized volatility (63 sessions): its standalone risk, "
        "without diversification, % of equity; null without a volatility.",
        0.8512,
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
    coverage_percentage: float = described("The same in % of the open positions.", 75.0)
    weighted_expected_return_eoy: float | None = described(
        "Return of the portfolio if the targets for the year's end are reached, %; null if there are none.",
        8.1204,
    )
    weighted_expected_return_next_year: float | None = described("The same for next year's, %.", 14.312)
    weighted_downside_return: float | None = described("The same in the downside case, %.", -10.23)
    target_upside_eoy_dollars: float | None = described("weighted_expected_return_eoy in USD.", 41605.12)
    target_upside_next_year_dollars: float | None = described(
        "weighted_expected_return_next_year in USD.", 73328.11
    )
    target_downside_dollars: float | None = described("weighted_downside_return in USD.", -52413.95)
    weighted_expected_return_eoy_dollars: Decimal | None = deprecated(
        "target_upside_eoy_dollars as text, until the next version.", "41605.12"
    )
    weighted_expected_return_next_year_dollars: Decimal | None = deprecated(
        "target_upside_next_year_dollars as text, until the next version.", "73328.11"
    )
    weighted_downside_return_dollars: Decimal | None = deprecated(
        "target_downside_dollars as text, until the next version.", "-52413.95"
    )
    expected_sharpe_ratio: float | None = described(
        "Return to the end of the year in excess of the 3-month Treasury yield, for the covered share of the "
        "gross value (without cash), over the risk model's volatility for that time; null without one of "
        "them, on the last day of the year, and where less than half is covered.",
        0.91234,
    )
    expected_sortino_ratio: float | None = described(
        "The same for the positions with both a target for the end of the year and a downside target, over "
        "their loss in the downside case; null without such a loss.",
        0.6712,
    )
    target_prices: list[TargetPrice]
    last_updated: datetime | None = described("When the newest was loaded, UTC.", "2025-07-01T12:00:00Z")
    price_source: PriceSource
    price_notice: PriceNotice
