"""Response models of the largest positions."""

from datetime import date
from typing import Literal
from uuid import UUID

from api.schemas.common import Answer, PriceNotice, PriceSource, described
from api.schemas.data import (
    PORTFOLIO_ID,
    POSITION_ID,
    POSITION_TYPE,
    PRICE_FLAG,
    InvestmentClass,
    PositionType,
    TagWithDescription,
)


class CarriedTag(TagWithDescription):
    """A tag of a position on a session."""

    is_automatic: bool = described("Assigned automatically: it is the sector, or `options`.", False)


class TopPosition(Answer):
    """A symbol that a portfolio holds, with all its lots combined."""

    symbol: str = described("Its symbol; OCC symbol for options.", "AAPL")
    name: str | None = described("Name of the company or fund (an option's underlying).", "Apple Inc.")
    sector: str | None = described("Its sector.", "Technology")
    underlying_symbol: str | None = described("An option's underlying, else null.", None)
    investment_class: InvestmentClass = described(
        "PUBLIC, OPTIONS or PRIVATE; of the largest lot where lots differ.", "PUBLIC"
    )
    position_type: PositionType = described(
        f"{POSITION_TYPE} The sign of quantity where lots differ.", "LONG"
    )
    quantity: float = described("Shares or contracts of all lots, negative for shorts.", 81.0)
    market_value: float = described("Signed market value of all lots, USD.", 18962.1)
    weight: float | None = described("Market value over equity; null when equity is not positive.", 0.037)
    unrealized_pnl: float = described("Market value minus cost basis, USD.", 2362.17)
    daily_pnl: float = described("P&L of the session, dividends included, USD.", -101.25)
    price_flag: str | None = described(PRICE_FLAG, None)
    position_ids: list[UUID] = described("The lots.", [POSITION_ID])
    position_count: int = described("How many lots.", 1)


class TopPositionsMeta(Answer):
    """How the list was made, and what was omitted."""

    sort_by: Literal["market_value", "weight"] = described(
        "Sorted by absolute market value or weight.", "market_value"
    )
    limit: int = described("Symbols per page.", 10)
    offset: int = described("Symbols skipped before this page.", 0)
    rows_returned: int = described("Symbols on this page.", 1)
    total_symbols: int = described("Symbols held.", 16)
    truncated: bool = described("There are more.", True)
    total_market_value: float | None = described("Net market value of all positions, USD.", 512340.12)
    price_source: PriceSource
    price_notice: PriceNotice


class TopPositions(Answer):
    """The largest symbols of a portfolio."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    as_of: date = described("The session.", "2025-09-12")
    data: list[TopPosition]
    meta: TopPositionsMeta
