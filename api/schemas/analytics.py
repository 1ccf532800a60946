"""Response models of the analytics."""

from datetime import date, datetime
from uuid import UUID

from api.schemas.common import DataQuality, PriceSource, ResponseModel, described


class Exposures(ResponseModel):
    """Exposures at market value, and in percent of equity (0 to 100; null when equity is not positive)."""

    long_exposure: float = described("Market value of long positions, USD.", 512340.12)
    short_exposure: float = described("Market value of short positions, USD, positive.", 0.0)
    gross_exposure: float = described("Long plus short, USD.", 512340.12)
    net_exposure: float = described("Long minus short, USD.", 512340.12)
    long_percentage: float | None = described("Long exposure, % of equity.", 99.9876)
    short_percentage: float | None = described("Short exposure, % of equity.", 0.0)
    gross_percentage: float | None = described("Gross exposure, % of equity.", 99.9876)
    net_percentage: float | None = described("Net exposure, % of equity.", 99.9876)


class ProfitAndLoss(ResponseModel):
    """Profit and loss up to the session's close, USD."""

    total_pnl: float = described(
        "Since the portfolio began: unrealized, realized and dividends, USD.", 27355.37
    )
    unrealized_pnl: float = described("Of open positions, against their cost, USD.", 25100.25)
    realized_pnl: float = described("Of exits and settlements since the portfolio began, USD.", 1200.0)
    dividends: float = described(
        "Dividends since the portfolio began, negative for those paid on shorts, USD.", 1055.12
    )
    ytd_pnl: float = described("Since the year began, USD.", 27355.37)
    mtd_pnl: float = described("Since the month began, USD.", 3120.4)
    daily_pnl: float = described("Of the session, USD.", -820.55)
    daily_return: float | None = described(
        "Of the session, as a decimal; null when there was no capital.", -0.0016
    )


class PositionCount(ResponseModel):
    """Positions open at the close."""

    total_positions: int = described("All of them.", 16)
    long_count: int = described("With a positive quantity, without cash.", 16)
    short_count: int = described("With a negative quantity, without cash.", 0)
    option_count: int = described("Options among them.", 0)
    private_count: int = described("Private holdings among them.", 0)


class TargetReturns(ResponseModel):
    """Contribution of the positions with a target price to the portfolio's return, in percent.

    Null if no position has a target price; positions without one count as unchanged.
    """

    expected_return_eoy: float | None = described("To the targets for the year's end, %.", 8.1204)
    expected_return_next_year: float | None = described("To the targets for next year, %.", 14.312)
    downside_return: float | None = described("To the downside targets, %.", -10.23)
    coverage_pct: float = described("Share of positions covered by expected_return_eoy, 0 to 100.", 0)
    positions_with_targets: int = described(
        "Positions with a target for the year's end and a price to compute the expected return from.", 0
    )
    total_positions: int = described("Open positions.", 16)
    last_updated: datetime | None = described("When a target last changed, UTC.", None)


class PortfolioOverview(ResponseModel):
    """One portfolio at the close of one session."""

    portfolio_id: UUID = described("The portfolio.", "6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11")
    as_of_date: date = described("The session.", "2025-09-12")
    equity_balance: float = described("Equity at the close: starting capital, flows and P&L, USD.", 512355.37)
    net_asset_value: float = described("The same as equity_balance, USD.", 512355.37)
    total_value: float = described("The same as equity_balance, USD.", 512355.37)
    cash_balance: float = described("Equity minus net market value, USD.", 15.25)
    cash_and_equivalents: float | None = described(
        "Cash and money-market positions, which are no exposure, USD; null in earlier publications.",
        0.0,
    )
    initial_equity: float = described("Starting capital, USD.", 485000.0)
    leverage: float | None = described(
        "Gross exposure over equity; null when equity is not positive.", 0.999876
    )
    exposures: Exposures
    pnl: ProfitAndLoss
    position_count: PositionCount
    target_returns: TargetReturns
    price_source: PriceSource
    data_quality: DataQuality
    last_updated: datetime = described("When the newest publication was made, UTC.", "2025-09-12T23:36:41Z")
