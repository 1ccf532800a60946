"""Response models of the raw data: portfolios, positions, prices."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.schemas.common import PriceNotice, PriceSource, ResponseModel, described
from api.schemas.performance.contributions import PositionContributions

PORTFOLIO_ID = "6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11"
POSITION_ID = "4a6f7f0e-6c0e-5c0b-8f57-2f7b8d3f9a21"

PositionType = Literal["LONG", "SHORT", "LC", "LP", "SC", "SP"]
InvestmentClass = Literal["PUBLIC", "OPTIONS", "PRIVATE"]
PRICE_FLAG = (
    "Null for a price of the session, otherwise why it is not: stale_price (up to 5 sessions old), "
    "missing_price (older), dead_symbol (over 10), private_mark, intrinsic_value, model_price or "
    "adjusted_deliverable (an option that delivers what was spun off too)."
)
POSITION_TYPE = "LONG or SHORT; options LC, LP, SC, SP (long or short, call or put)."
PRICE_ORIGIN = "Source of the price: yfinance, files, simulated, mark, entry (the entry price), ..."


class PortfolioSummary(ResponseModel):
    """A portfolio in the list of the user's portfolios."""

    id: UUID = described("The portfolio's id, on every path.", PORTFOLIO_ID)
    name: str = described("Its name.", "Demo Individual Investor Portfolio")
    account_name: str = described(
        "Name of the account at the broker; the portfolio's name if none was given.",
        "Demo Individual Investor Portfolio",
    )
    account_type: str = described("taxable, ira, roth_ira, 401k, 403b, 529, hsa, trust or other.", "taxable")
    is_active: bool = described("Always true: removed portfolios are not listed.", True)
    net_asset_value: float = described("Equity at the close, USD.", 512355.37)
    total_value: float = described("The same as net_asset_value, USD.", 512355.37)
    equity_balance: float = described("The same as net_asset_value, USD.", 512355.37)
    total_market_value: float = described("Net market value of the open positions, USD.", 512340.12)
    cash_balance: float = described("Equity minus net market value, USD.", 15.25)
    initial_equity: float = described("Starting capital, USD.", 485000.0)
    position_count: int = described("Positions open at the close.", 16)
    as_of_date: date = described("The session of the values.", "2025-09-12")
    created_at: datetime = described("When the portfolio was first loaded, UTC.", "2025-07-01T12:00:00Z")
    updated_at: datetime = described("When it was last loaded, UTC.", "2025-07-01T12:00:00Z")
    price_source: PriceSource
    price_notice: PriceNotice
    withheld_since: datetime | None = described(
        "Since when it is withheld, UTC: its values are those of an earlier publication. Null if it is not.",
        None,
    )
    withheld_reason: str | None = described("Why it is withheld, as a sentence; null if it is not.", None)


class Tag(ResponseModel):
    """A tag as shown on a position."""

    id: UUID = described(
        "The same on all days, also when the tag is renamed.", "f3c1a9de-7a53-0c4e-b1f4-0a9b6d3c2e11"
    )
    name: str = described("Its name, as last renamed.", "Long Momentum")
    color: str = described("The colour the user chose, else one derived from the tag.", "#2563EB")


class TagWithDescription(Tag):
    """A tag as shown on a position's details."""

    description: str | None = described("What the tag means; null if not given.", None)


class Requested(ResponseModel):
    """What the request asked for."""

    as_of_date: date | None = described("The date requested; null for the last session.", None)
    include_holdings: bool = described("Holdings requested.", True)
    include_position_tags: bool = described("Their tags requested.", True)
    include_timeseries: bool = described("Time series requested.", True)
    include_attrib: bool = described("Attribution requested.", True)


class Applied(Requested):
    """What the response holds."""

    as_of_date: date = described("The session of the figures.", "2025-09-12")


class CompleteLimits(ResponseModel):
    """The limits of this response."""

    max_positions: int = described("Maximum number of holdings.", 1000)
    max_days: int = described("Maximum number of sessions of time series and attribution.", 252)
    max_symbols: int = described("Maximum number of contributors, and of detractors.", 10)


class CompleteRows(ResponseModel):
    """How many rows each part of the response holds."""

    holdings: int = described("Holdings.", 1)
    timeseries: int = described("Sessions.", 2)
    contributors: int = described("Contributors.", 1)
    detractors: int = described("Detractors.", 1)


class CompleteTruncated(ResponseModel):
    """Which parts were cut at a limit."""

    holdings: bool = described("There are more holdings.", False)
    timeseries: bool = described("There are earlier sessions.", False)
    attribution: bool = described("There are more contributors or detractors.", False)


class CompleteMeta(ResponseModel):
    """What was requested, returned and truncated."""

    as_of: date = described("The session of the figures.", "2025-09-12")
    requested: Requested
    applied: Applied
    limits: CompleteLimits
    rows_returned: CompleteRows
    truncated: CompleteTruncated
    price_source: PriceSource
    price_notice: PriceNotice
    schema_version: str = described("Version of the fields; fields may be added within it.", "1.0")


class CompletePortfolio(ResponseModel):
    """The portfolio itself."""

    id: UUID = described("The portfolio.", PORTFOLIO_ID)
    name: str = described("Its name.", "Demo Individual Investor Portfolio")
    net_asset_value: float = described("Equity at the close, USD.", 512355.37)
    total_value: float = described("The same as net_asset_value, USD.", 512355.37)
    equity_balance: float = described("The same as net_asset_value, USD.", 512355.37)
    cash_balance: float = described("Equity minus net market value, USD.", 15.25)
    initial_equity: float = described("Starting capital, USD.", 485000.0)
    account_type: str = described("taxable, trust, ...", "taxable")
    currency: str = described("Base currency.", "USD")
    position_count: int = described("Positions open at the close.", 16)
    as_of: date = described("The session.", "2025-09-12")


class PositionsSummary(ResponseModel):
    """Positions open at the close."""

    long_count: int = described("With a positive quantity, without cash.", 16)
    short_count: int = described("With a negative quantity, without cash.", 0)
    option_count: int = described("Options among them.", 0)
    private_count: int = described("Private holdings among them.", 0)
    total_market_value: float = described("Their net market value, USD.", 512340.12)


class Holding(PositionContributions):
    """A position open at the close."""

    id: UUID = described("The position.", POSITION_ID)
    symbol: str = described("Its symbol; OCC symbol for options.", "AAPL")
    underlying_symbol: str | None = described("An option's underlying, else null.", None)
    quantity: float = described("Shares or contracts on that day, negative for shorts.", 81.0)
    position_type: PositionType = described(POSITION_TYPE, "LONG")
    investment_class: InvestmentClass = described("PUBLIC, OPTIONS or PRIVATE.", "PUBLIC")
    market_value: float = described("Signed quantity x multiplier x price, USD.", 18962.1)
    weight: float | None = described("Market value over equity; null when equity is not positive.", 0.037)
    last_price: float = described("Price per share or unit, USD.", 234.1)
    current_price: float = described("The same as last_price, USD.", 234.1)
    price_date: date | None = described("The day of that price.", "2025-09-12")
    price_flag: str | None = described(PRICE_FLAG, None)
    price_source: str | None = described(PRICE_ORIGIN, "simulated")
    cost_basis: float = described("Signed quantity x multiplier x entry price, USD.", 16599.93)
    unrealized_pnl: float = described("Market value minus cost basis, USD.", 2362.17)
    daily_pnl: float = described("P&L of the session, dividends included, USD.", -101.25)
    has_complete_history: bool = described(
        "The symbol (an option's underlying) has a price for every session of the last 252, or since "
        "its first price or holding, and enough days for a regression; false for private holdings, true for "
        "cash.",
        True,
    )
    tags: list[Tag] = described("Its tags on the session; empty if not requested.", [])


class Timeseries(ResponseModel):
    """The portfolio's sessions, oldest first: arrays of equal length."""

    dates: list[date] = described("The sessions.", ["2025-09-11", "2025-09-12"])
    values: list[float] = described("Equity at the close, USD.", [513175.92, 512355.37])
    daily_pnl: list[float] = described("P&L of the session, USD.", [1210.1, -820.55])
    daily_return: list[float | None] = described(
        "Return of the session, as a decimal.", [0.002364, -0.001599]
    )


class Contribution(ResponseModel):
    """P&L of one symbol in the window."""

    symbol: str = described("The symbol.", "NVDA")
    pnl: float = described("P&L in the window, dividends included, USD.", 4120.55)
    contribution: float | None = described(
        "pnl over the equity before the window, as a decimal; null when that is not positive.", 0.008496
    )


class Attribution(ResponseModel):
    """Which symbols earned and lost most between two sessions (both included)."""

    from_date: date = described("First session of the window.", "2025-06-30")
    to_date: date = described("Last session of the window.", "2025-09-12")
    sessions: int = described("Sessions in the window: at most the last 252.", 53)
    total_pnl: float = described("P&L of all symbols in the window, USD.", 27355.37)
    contributors: list[Contribution]
    detractors: list[Contribution]


class CompleteQuality(ResponseModel):
    """How many holdings have a complete price history."""

    complete_data_positions: int = described("Holdings with has_complete_history.", 16)
    partial_data_positions: int = described("The others.", 0)
    as_of: date = described("The session.", "2025-09-12")


class PortfolioComplete(ResponseModel):
    """Everything a portfolio page needs, as of one session."""

    meta: CompleteMeta
    portfolio: CompletePortfolio
    positions_summary: PositionsSummary
    holdings: list[Holding] | None
    timeseries: Timeseries | None
    attribution: Attribution | None
    data_quality: CompleteQuality


class PositionDetails(PositionContributions):
    """A position: open at the close, or (include_closed) as of its last session."""

    id: UUID = described("The position.", POSITION_ID)
    portfolio_id: UUID = described("Its portfolio.", PORTFOLIO_ID)
    symbol: str = described("Its symbol; OCC symbol for options.", "AAPL")
    company_name: str | None = described(
        "Name of the company or fund (an option's underlying).", "Apple Inc."
    )
    sector: str | None = described("Its sector.", "Technology")
    industry: str | None = described("Its industry.", "Consumer Electronics")
    position_type: PositionType = described(POSITION_TYPE, "LONG")
    investment_class: InvestmentClass = described("PUBLIC, OPTIONS or PRIVATE.", "PUBLIC")
    investment_subtype: str | None = described("STOCK, ETF, MUTUAL_FUND, ...", "STOCK")
    quantity: float = described("Shares or contracts on that day, negative for shorts.", 81.0)
    entry_date: date = described("The day it was entered.", "2025-06-30")
    entry_price: float = described(
        "Entry price per share of that day (adjusted for splits since entry), USD; as it was stated where a "
        "split leaves so little of a share that the quantity is 0.",
        204.9374,
    )
    cost_basis: float = described("Signed quantity x multiplier x entry price, USD.", 16599.93)
    current_price: float = described("Price per share, USD; for a closed position the exit price.", 234.1)
    price_date: date | None = described("The day of that price.", "2025-09-12")
    price_flag: str | None = described(PRICE_FLAG, None)
    price_source: str | None = described(PRICE_ORIGIN, "simulated")
    market_value: float = described("Signed quantity x multiplier x price, USD; 0 when closed.", 18962.1)
    weight: float | None = described("Market value over equity; null when equity is not positive.", 0.037)
    unrealized_pnl: float = described("Market value minus cost basis, USD; 0 when closed.", 2362.17)
    unrealized_pnl_percent: float | None = described("The same in % of the cost basis.", 14.23)
    realized_pnl: float = described("Exit or settlement value minus cost basis, USD; 0 while open.", 0.0)
    day_change_value: float = described(
        "P&L of the session, dividends included, from the entry price on the first day and to the exit or "
        "settlement on the last, USD; 0 when closed before the session.",
        -101.25,
    )
    day_change_percent: float | None = described("The same in % of the previous value.", -0.5311)
    total_pnl: float = described("P&L since entry: unrealized, realized and dividends, USD.", 2383.23)
    strike_price: float | None = described("An option's strike, USD.", None)
    expiration_date: date | None = described("An option's expiration.", None)
    exercise: Literal["AMERICAN", "EUROPEAN"] | None = described(
        "Of an option: AMERICAN at any time, EUROPEAN at expiration only.", None
    )
    underlying_symbol: str | None = described("An option's underlying.", None)
    is_open: bool = described("Open at the close.", True)
    exit_date: date | None = described("The day it was exited; null while open or when it expired.", None)
    exit_price: float | None = described(
        "Exit price per share, USD; null likewise, or if it exited at the close.", None
    )
    tags: list[TagWithDescription] = described("Its tags on the session.", [])
    notes: str | None = described("Its notes in the positions file; null if there are none.", None)


class PositionTotals(ResponseModel):
    """Totals over all matching positions, including those beyond the page."""

    total_positions: int = described("Positions that match.", 16)
    total_cost_basis: float = described("Net cost basis of the open ones, USD.", 484999.75)
    total_market_value: float = described("Net market value, USD.", 512340.12)
    total_unrealized_pnl: float = described("Unrealized P&L, USD.", 27340.37)
    total_realized_pnl: float = described("Realized P&L of the closed ones that match, USD.", 0.0)


class PositionsMeta(ResponseModel):
    """The page, and what was omitted."""

    as_of: date = described("The session of the values.", "2025-09-12")
    limit: int = described("Positions per page.", 1000)
    offset: int = described("Positions skipped before this page.", 0)
    rows_returned: int = described("Positions on this page.", 1)
    truncated: bool = described("There are more pages.", False)
    unknown_position_ids: list[UUID] = described("Requested ids that are not among the user's positions.", [])
    price_source: PriceSource
    price_notice: PriceNotice


class PositionsDetails(ResponseModel):
    """Positions with their totals."""

    positions: list[PositionDetails]
    summary: PositionTotals
    meta: PositionsMeta


class PricesMetadata(ResponseModel):
    """What the prices cover."""

    lookback_days: int = described("Calendar days looked back, including the session's own day.", 150)
    as_of_date: date = described("The session that the lookback starts from.", "2025-09-12")
    start_date: date | None = described("First session with a price; null if there are none.", "2025-04-16")
    end_date: date | None = described("Last session with a price; null if there are none.", "2025-09-12")
    trading_days_included: int = described("Sessions between them with a price.", 103)
    include_factor_etfs: bool = described("The factor models' ETFs are included.", True)
    date_format: Literal["iso", "unix"] = described("iso, or unix: seconds since 1970 at 00:00 UTC.", "iso")
    symbols_without_prices: list[str] = described(
        "Symbols held that have no price in these days; cash needs none.", []
    )
    price_source: PriceSource
    price_notice: PriceNotice


class SymbolPrices(ResponseModel):
    """Daily bars of one symbol, oldest first: arrays of equal length. Prices in USD."""

    dates: list[date | int] = described("Sessions, in the date_format.", ["2025-09-11", "2025-09-12"])
    open: list[float | None] = described("First price as traded.", [229.1, 230.4])
    high: list[float | None] = described("Highest price as traded.", [231.0, 234.9])
    low: list[float | None] = described("Lowest price as traded.", [228.2, 229.7])
    close: list[float] = described("Close as traded.", [230.0, 234.1])
    adjusted_close: list[float | None] = described(
        "Close chained back by total returns from the last close shown.", [230.0, 234.1]
    )
    volume: list[float | None] = described("Shares traded.", [48100000, 55824200])
    data_points: int = described("Length of the arrays.", 2)
    source: str = described("Source of the prices: yfinance, files, simulated, ...", "simulated")


class HistoricalPrices(ResponseModel):
    """Daily bars of everything a portfolio holds."""

    metadata: PricesMetadata
    symbols: dict[str, SymbolPrices] = described(
        "By symbol; an option appears under its underlying.",
        {"AAPL": {
            "dates": ["2025-09-11", "2025-09-12"],
            "open": [229.1, 230.4],
            "high": [231.0, 234.9],
            "low": [228.2, 229.7],
            "close": [230.0, 234.1],
            "adjusted_close": [230.0, 234.1],
            "volume": [48100000, 55824200],
            "data_points": 2,
            "source": "simulated",
        }},
    )  # fmt: skip
