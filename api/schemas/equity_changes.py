"""Response models of contributions and withdrawals. Money is a decimal as text."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.schemas.common import Answer, Decimal, described
from api.schemas.data import PORTFOLIO_ID

FLOW_ID = "9b1d7f40-2f7a-5d7e-8f5f-7d4a3c2b1e66"


class EquityChange(Answer):
    """A contribution to a portfolio, or a withdrawal from it."""

    id: UUID = described("The change.", FLOW_ID)
    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    change_type: Literal["CONTRIBUTION", "WITHDRAWAL"] = described(
        "CONTRIBUTION or WITHDRAWAL.", "CONTRIBUTION"
    )
    amount: Decimal = described("How much, USD; always positive.", "25000.00")
    change_date: date = described("The day it was made.", "2025-07-15")
    notes: str | None = described("Free text; null if none was given.", "Bonus")
    created_at: datetime = described("When it was first loaded, UTC.", "2025-07-16T08:00:00Z")


class EquityChanges(Answer):
    """Contributions and withdrawals, newest first."""

    items: list[EquityChange]
    page: int = described("Page number, from 1.", 1)
    page_size: int = described("Changes per page.", 50)
    total_items: int = described("Changes up to the session.", 1)
    total_pages: int = described("Pages; 0 without changes.", 1)


class EquityFlows(Answer):
    """Contributions and withdrawals in a period that ends with the session."""

    contributions: Decimal = described("Contributions, USD.", "25000.00")
    withdrawals: Decimal = described("Withdrawals, USD, positive.", "0.00")
    net_flow: Decimal = described("Contributions minus withdrawals, USD.", "25000.00")
    change_count: int = described("How many changes.", 1)


class EquityChangesSummary(Answer):
    """Contributions to a portfolio and withdrawals from it, besides its initial equity."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    as_of: date = described("The session.", "2025-09-12")
    total_contributions: Decimal = described("Contributions since inception, USD.", "25000.00")
    total_withdrawals: Decimal = described("Withdrawals since inception, USD, positive.", "0.00")
    net_flow: Decimal = described("Contributions minus withdrawals, USD.", "25000.00")
    last_change: EquityChange | None
    periods: dict[str, EquityFlows] = described(
        "By period that ends with the session: 30d, 90d, 365d (calendar days), ytd.",
        {"30d": {"contributions": "0.00", "withdrawals": "0.00", "net_flow": "0.00", "change_count": 0}},
    )
