"""Response models of tags."""

from datetime import date, datetime
from uuid import UUID

from api.schemas.common import PriceNotice, PriceSource, ResponseModel, described
from api.schemas.data import PORTFOLIO_ID, POSITION_ID, POSITION_TYPE, InvestmentClass, PositionType
from api.schemas.portfolios import USER_ID

TAG_ID = "f3c1a9de-7a53-0c4e-b1f4-0a9b6d3c2e11"


class UserTag(ResponseModel):
    """A tag that the user's positions have or had."""

    id: UUID = described("The same on all days, also when the tag is renamed.", TAG_ID)
    user_id: UUID = described("The current user.", USER_ID)
    name: str = described("Its name, as last renamed.", "Long Momentum")
    color: str = described("The colour the user chose, else one derived from the tag.", "#2563EB")
    description: str | None = described("What the tag means; null if not given.", None)
    display_order: int = described("Its position in the order of names, from 0.", 0)
    usage_count: int = described("Open positions that have it: the same as position_count.", 3)
    position_count: int = described("Open positions that have it.", 3)
    is_archived: bool = described("The user archived it, or no position has it any longer.", False)
    is_automatic: bool = described("Assigned automatically: it is a sector, or `options`.", False)
    created_at: datetime = described(
        "When its first use was loaded, UTC; for an automatic tag, when the portfolio was.",
        "2025-07-01T12:00:00Z",
    )
    updated_at: datetime = described(
        "When its newest use, name, colour or description was loaded, UTC; likewise.", "2025-07-01T12:00:00Z"
    )


class UserTags(ResponseModel):
    """The user's tags."""

    tags: list[UserTag]
    total: int = described("Matching tags, including those beyond the page.", 1)
    active_count: int = described("Tags that are not archived.", 1)
    archived_count: int = described("Tags that are archived.", 0)


class OneTag(UserTag):
    """One tag: its own fields, and the list with only this one."""

    tags: list[UserTag]
    total: int = described("1.", 1)
    active_count: int = described("1, or 0 when it is archived.", 1)
    archived_count: int = described("1 when it is archived, else 0.", 0)


class TaggedPosition(ResponseModel):
    """An open position that carries the tag."""

    id: UUID = described("The position.", POSITION_ID)
    portfolio_id: UUID = described("Its portfolio.", PORTFOLIO_ID)
    portfolio_name: str = described("The portfolio's name.", "Demo Individual Investor Portfolio")
    symbol: str = described("Its symbol; OCC symbol for options.", "AAPL")
    position_type: PositionType = described(POSITION_TYPE, "LONG")
    investment_class: InvestmentClass = described("PUBLIC, OPTIONS or PRIVATE.", "PUBLIC")
    quantity: float = described("Shares or contracts on that day, negative for shorts.", 81.0)
    current_price: float = described("Price per share or unit, USD.", 234.1)
    market_value: float = described("Signed quantity x multiplier x price, USD.", 18962.1)
    weight: float | None = described("Market value over equity; null when equity is not positive.", 0.037)
    unrealized_pnl: float = described("Market value minus cost basis, USD.", 2362.17)
    price_source: str | None = described("Source of the price: yfinance, files, simulated, ...", "simulated")


class TagPositions(ResponseModel):
    """The open positions that have a tag."""

    tag_id: UUID = described("The tag.", TAG_ID)
    tag_name: str = described("Its name, as last renamed.", "Long Momentum")
    as_of: date = described("The session.", "2025-09-12")
    positions: list[TaggedPosition]
    total: int = described("Positions that have it, including those beyond the page.", 1)
    total_market_value: float = described("Their net market value, USD.", 18962.1)
    limit: int = described("Positions per page.", 1000)
    offset: int = described("Positions skipped before this page.", 0)
    truncated: bool = described("There are more pages.", False)
    price_source: PriceSource
    price_notice: PriceNotice
