"""Response models of portfolios as accounts, their snapshots and data quality."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.schemas.common import (
    BETA_COVERAGE,
    PROVIDER_BETA_COVERAGE,
    Decimal,
    PriceNotice,
    PriceSource,
    ResponseModel,
    described,
)
from api.schemas.data import PORTFOLIO_ID

USER_ID = "0d8f3a52-6c1b-5b9e-9a40-1f0c7f6b2d33"


class PortfolioAccount(ResponseModel):
    """A portfolio as an account of its owner."""

    id: UUID = described("The portfolio's id, on every path.", PORTFOLIO_ID)
    user_id: UUID = described("Its owner: the current user.", USER_ID)
    name: str = described("Its name.", "Demo Individual Investor Portfolio")
    account_name: str = described(
        "Name of the account at the broker; the portfolio's name if none was given.",
        "Demo Individual Investor Portfolio",
    )
    account_type: str = described("taxable, ira, roth_ira, 401k, 403b, 529, hsa, trust or other.", "taxable")
    description: str | None = described("Free text; null if none was given.", None)
    currency: str = described("Base currency.", "USD")
    equity_balance: Decimal = described("Equity at the close, USD.", "512355.37")
    is_active: bool = described("Always true: a removed portfolio is not in the list.", True)
    created_at: datetime = described("When the portfolio was first loaded, UTC.", "2025-07-01T12:00:00Z")
    updated_at: datetime = described("When it was last loaded, UTC.", "2025-07-01T12:00:00Z")
    position_count: int = described("Positions open at the close.", 16)
    net_asset_value: Decimal = described("The same as equity_balance, USD.", "512355.37")
    total_value: Decimal = described("The same as equity_balance, USD.", "512355.37")
    inception_date: date = described("First day of the portfolio.", "2025-06-30")
    as_of_date: date = described("The session of the values.", "2025-09-12")
    price_source: PriceSource
    price_notice: PriceNotice


class PortfolioAccounts(ResponseModel):
    """The user's portfolios with their totals."""

    portfolios: list[PortfolioAccount]
    total_count: int = described("Portfolios at the close, including those beyond the page.", 1)
    active_count: int = described("The same: removed ones are not counted.", 1)
    net_asset_value: Decimal = described("Equity of them all, USD.", "512355.37")
    total_value: Decimal = described("The same as net_asset_value, USD.", "512355.37")


class OnePortfolioAccount(PortfolioAccount):
    """One portfolio: its own fields, and the list with only this one."""

    portfolios: list[PortfolioAccount]
    total_count: int = described("1.", 1)
    active_count: int = described("1.", 1)


class PortfolioSnapshot(ResponseModel):
    """A portfolio at the close of one session (fct_portfolio_snapshots), with targets and betas."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    snapshot_date: date = described("The session.", "2025-09-12")
    target_price_return_eoy: float | None = described(
        "Return of the portfolio if the targets for the year's end are reached, %; null without targets.",
        8.12,
    )
    target_price_return_next_year: float | None = described("The same for next year's targets, %.", 14.31)
    target_price_coverage_pct: float | None = described(
        "Positions covered by target_price_return_eoy, % of the open ones; null without positions.", 75.0
    )
    target_price_positions_count: int = described(
        "Open positions with a target for the year's end and a price to compute the expected return from.", 12
    )
    target_price_total_positions: int = described("Open positions.", 16)
    target_price_last_updated: datetime | None = described(
        "When the newest of the targets was loaded, UTC.", "2025-07-01T12:00:00Z"
    )
    beta_calculated_90d: float | None = described(
        "Beta to SPY over 90 sessions, of equity; null without betas or equity.", 0.964312
    )
    beta_calculated_90d_coverage: float | None = described(BETA_COVERAGE, 1.0)
    beta_provider_1y: float | None = described(
        "The providers' betas, weighted in the same way; null if none was known by then.", 1.02
    )
    beta_provider_coverage: float | None = described(PROVIDER_BETA_COVERAGE, 0.98)
    positions_with_provider_beta: int | None = described("Positions covered by beta_provider_1y.", 16)
    net_asset_value: float = described("Equity at the close, USD.", 512355.37)
    total_value: float = described("The same as net_asset_value, USD.", 512355.37)
    equity_balance: float = described("The same as net_asset_value, USD.", 512355.37)
    cash_balance: float = described("Equity minus net market value, USD.", 15.25)
    net_market_value: float = described("Net market value of the open positions, USD.", 512340.12)
    cash_and_equivalents: float | None = described(
        "Cash and money-market positions, part of net_market_value, USD; null in earlier publications.",
        0.0,
    )
    capital_flow: float = described("Contributions minus withdrawals of the session, USD.", 0.0)
    daily_pnl: float = described("P&L of the session, USD.", -820.55)
    public_daily_pnl: float = described("P&L of the public and option positions, USD.", -820.55)
    daily_return: float | None = described("Return of the session, as a decimal.", -0.001599)
    daily_return_null_reason: str | None = described(
        "capital_not_positive if daily_return is null; otherwise null.", None
    )
    unrealized_pnl: float = described("Unrealized P&L of the open positions, USD.", 27340.37)
    cumulative_pnl: float = described("P&L since inception, USD.", 27355.37)
    cumulative_realized_pnl: float = described("Realized P&L since inception, USD.", 0.0)
    cumulative_dividends: float = described("Dividends since inception, USD.", 15.0)
    twr_index: float | None = described("Time-weighted index, 1 before the first day.", 1.056403)
    drawdown: float | None = described("Index over its highest value so far, minus 1.", -0.012004)
    twr_null_reason: str | None = described(
        "Why index and drawdown are null: return_chain_broken, since equity was not positive once.", None
    )
    position_count: int = described("Open positions.", 16)
    long_count: int = described("With a positive quantity, without cash.", 16)
    short_count: int = described("With a negative quantity, without cash.", 0)
    cash_count: int | None = described("Cash and money-market positions; null like their value.", 0)
    option_count: int = described("Options among them.", 0)
    private_count: int = described("Private holdings among them.", 0)
    public_price_coverage: float | None = described(
        "Share of the gross value with a price no older than five sessions; null without any.", 1.0
    )
    price_source: PriceSource
    price_notice: PriceNotice


class QualitySummary(ResponseModel):
    """Open positions by how complete their price history is."""

    total_positions: int = described("Open positions.", 16)
    complete_data: int = described("Those in complete_history, and cash, which needs no prices.", 15)
    partial_data: int = described("Those in partial_history.", 1)
    insufficient_data: int = described("Those in insufficient_data.", 0)
    data_coverage_percent: float | None = described(
        "Complete and partial ones, % of all; null without positions.", 100.0
    )
    quality_score: float | None = described(
        "0 to 100: a complete position counts fully, a partial one half; null without positions.", 96.88
    )


class SymbolHistory(ResponseModel):
    """The price history of a symbol (an option's underlying)."""

    symbol: str = described("The symbol.", "AAPL")
    days_available: int = described("Sessions with a price among the last 252.", 252)
    days_missing: int | None = described("Sessions without one since its first price or holding.", 0)
    flag: str | None = described(
        "full_history, limited_history, gaps, suspect_price, spin_off_unpriced, stale_price, missing_price, "
        "dead_symbol or no_prices.",
        "full_history",
    )


class SymbolShortfall(ResponseModel):
    """A symbol that no analytic can use."""

    symbol: str = described("The symbol.", "HOME_RENTAL_FUND")
    days_available: int = described("Sessions with a price among the last 252.", 0)
    reason: Literal["private_holding", "no_prices", "too_few_days"] = described(
        "private_holding (valued now and then, never priced), no_prices, or too_few_days for a regression.",
        "private_holding",
    )


class PositionQuality(ResponseModel):
    """Symbols by how complete their price history is."""

    complete_history: list[SymbolHistory]
    partial_history: list[SymbolHistory]
    insufficient_data: list[SymbolShortfall]


class PairwiseFeasibility(ResponseModel):
    """Positions that correlations could be computed for."""

    feasible: bool = described("Any position could be analyzed.", True)
    positions_eligible: int = described("Positions analyzed.", 16)
    positions_excluded: int = described("Positions omitted.", 0)
    min_days_overlap: int = described("Common days that a pair needs.", 20)


class Feasibility(ResponseModel):
    """Positions that an analytic could be computed for."""

    feasible: bool = described("Any position could be analyzed.", True)
    positions_eligible: int = described("Positions analyzed.", 16)
    positions_excluded: int = described("Positions omitted.", 0)
    min_days_required: int = described("Days with a return that a symbol needs.", 30)


class CalculationFeasibility(ResponseModel):
    """Data available to the analytics of this session."""

    correlation_matrix: PairwiseFeasibility
    factor_regression: Feasibility
    volatility_analysis: Feasibility


class PortfolioDataQuality(ResponseModel):
    """How far the price histories of the open positions support analytics."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    assessment_date: date = described("The session.", "2025-09-12")
    summary: QualitySummary
    position_data_quality: PositionQuality
    calculation_feasibility: CalculationFeasibility
    recommendations: list[str] = described(
        "How to improve the data, as sentences; empty when nothing is missing.",
        ["Load the missing sessions of AMD; nothing is filled in for them."],
    )
    window_days: int = described("Sessions in the assessment.", 252)
    price_source: PriceSource
    price_notice: PriceNotice
