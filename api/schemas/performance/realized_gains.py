"""Response models of realized gains, trades and income."""

from datetime import date
from typing import Literal
from uuid import UUID

from api.schemas.analytics_common import PORTFOLIO_ID, POSITION_ID, Metadata
from api.schemas.common import ResponseModel, described

LotMethod = Literal["portfolio", "fifo", "lifo", "hifo", "average", "specific"]
Term = Literal["short", "long"]


class RealizedTotals(ResponseModel):
    """Gains by term, USD."""

    short_term: float = described("Of what was held for up to a year, and of shorts.", -1520.5)
    long_term: float = described("Of what was held for more than a year.", 4210.0)
    unknown_term: float = described("Of lots whose day of purchase is not known.", 0.0)
    total: float = described("All of them.", 2689.5)
    proceeds: float = described("What was received.", 25310.0)
    basis: float = described("What was paid.", 22620.5)
    wash_disallowed: float = described("Losses that wash sales disallow.", 250.0)


class RealizedYear(ResponseModel):
    """Gains of a year, USD."""

    year: int = described("The year of the disposals.", 2025)
    short_term: float = described("As in totals.", -1520.5)
    long_term: float = described("As in totals.", 4210.0)
    unknown_term: float = described("Of lots whose day of purchase is not known.", 0.0)
    total: float = described("All of them.", 2689.5)
    wash_disallowed: float = described("Losses that wash sales disallow.", 250.0)


class RealizedLot(ResponseModel):
    """What a disposal relieves of a lot, USD."""

    disposal_id: UUID = described("The position that was closed.", POSITION_ID)
    lot_id: UUID = described("The position whose cost is relieved.", POSITION_ID)
    kind: Literal["exit", "expiry", "merger"] = described(
        "exit: sold or covered; expiry: an option settled; merger: became cash.", "exit"
    )
    symbol: str = described("The symbol.", "AAPL")
    position_type: str = described("LONG, SHORT, LC, LP, SC or SP.", "LONG")
    quantity: float = described("Shares or contracts, positive also for shorts.", 10)
    acquired_on: date = described("Day of the purchase, or of the short sale.", "2024-06-17")
    disposed_on: date = described("Day of the sale, the cover or the expiration.", "2025-06-18")
    holding_days: int | None = described("Calendar days between them; null if the first is assumed.", 366)
    term: Term | None = described("With wash_sales, after them.", "long")
    term_null_reason: Literal["acquisition_date_assumed"] | None = described(
        "Why there is no term: a broker's download does not know the day of the purchase.", None
    )
    method: str = described("The method by which the lot was relieved.", "fifo")
    proceeds: float = described("What was received.", 1300.0)
    basis: float = described("What was paid.", 1000.0)
    gain: float = described("proceeds - basis.", 300.0)
    wash_disallowed: float = described("Loss that a wash sale disallows.", 0.0)
    basis_adjustment: float = described("Losses of earlier wash sales that these shares took over.", 0.0)
    gain_after_wash_sales: float = described("gain + wash_disallowed - basis_adjustment.", 300.0)


class OpenLot(ResponseModel):
    """What is left of a lot, USD."""

    lot_id: UUID = described("The position that was acquired.", POSITION_ID)
    symbol: str = described("The symbol.", "AAPL")
    position_type: str = described("LONG, SHORT, LC, LP, SC or SP.", "LONG")
    quantity: float = described("Signed quantity that is left.", 10)
    acquired_on: date = described("Day of the purchase, or of the short sale.", "2025-06-30")
    term: Term | None = described("Of a sale on the session; null if the day is assumed.", "short")
    cost_basis: float = described("What it cost; negative for a short.", 2049.37)
    market_value: float | None = described(
        "At the price of the session; null if the statement lists no such position.", 2312.7
    )
    unrealized: float | None = described("market_value - cost_basis.", 263.33)
    basis_adjustment: float = described("Losses of wash sales that the lot took over.", 0.0)


class UnequalQuantity(ResponseModel):
    """An instrument of which transactions and statements list different quantities on the last session."""

    symbol: str = described("The symbol.", "AAPL")
    quantity_by_transactions: float = described("What transactions leave open.", 60)
    quantity_by_statements: float = described("What statements list.", 70)


class RealizedGains(ResponseModel):
    """Realized gains by lot, the newest first. Not tax advice."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    year: int | None = described("The year of the lots and totals; null for all.", 2025)
    method: LotMethod = described("The method; portfolio: what is in force for it over time.", "portfolio")
    wash_sales: bool = described("Whether totals and terms are after wash sales.", False)
    totals: RealizedTotals
    by_year: list[RealizedYear]
    total: int = described("Lots in all.", 1)
    limit: int = described("Lots per page.", 1000)
    offset: int = described("Lots skipped.", 0)
    lots: list[RealizedLot]
    open_lots: list[OpenLot] | None = described("What is left open; null on earlier sessions.", [])
    unrealized: float | None = described("Unrealized gain of all of it; null on earlier sessions.", 263.33)
    open_lots_null_reason: Literal["only_on_the_last_session"] | None = described(
        "Why there are no open lots; null if there are.", None
    )
    unequal_quantities: list[UnequalQuantity] = described(
        "Where transactions and statements disagree; gains come from the transactions.", []
    )
    metadata: Metadata


class Trade(ResponseModel):
    """What changed the quantity of a position, USD."""

    position_id: UUID = described("The position.", POSITION_ID)
    as_of_date: date = described("The session on which it counts.", "2025-06-18")
    trade_date: date = described("The stated day.", "2025-06-18")
    kind: Literal["opening", "entry", "split", "merger", "spin_off", "partial_exit", "exit", "expiry"] = (
        described("What.", "entry")
    )
    symbol: str = described("The symbol.", "AAPL")
    position_type: str = described("LONG, SHORT, LC, LP, SC or SP.", "LONG")
    quantity: float = described("Signed change of the quantity.", 10)
    price: float | None = described(
        "Per share; null for a split and for the lot that receives a spin-off.", 204.94
    )
    amount: float = described("Effect on cash.", -2049.37)
    realized: float = described("Gain of the position that ended; 0 for other kinds.", 0.0)


class Trades(ResponseModel):
    """What changed hands, the newest first."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    year: int | None = described("The year; null for all.", 2025)
    total: int = described("Trades in all.", 1)
    limit: int = described("Trades per page.", 1000)
    offset: int = described("Trades skipped.", 0)
    trades: list[Trade]
    metadata: Metadata


class MonthIncome(ResponseModel):
    """Dividends of a month, USD."""

    month: str = described("The month.", "2025-09")
    dividends: float = described("On ex-dates of the month; negative if shorts paid more.", 312.4)


class SymbolIncome(ResponseModel):
    """Dividends of a symbol, USD."""

    symbol: str = described("The symbol.", "JNJ")
    dividends: float = described("Negative for a short.", 120.1)


class YearIncome(ResponseModel):
    """Dividends of a year, USD."""

    year: int = described("The year.", 2025)
    dividends: float = described("On ex-dates of the year.", 1870.2)


class Income(ResponseModel):
    """Dividends on what was held on ex-dates, and fees."""

    portfolio_id: UUID = described("The portfolio.", PORTFOLIO_ID)
    year: int | None = described("The year of months and symbols; null for all.", 2025)
    dividends: float = described("Their sum, USD.", 1870.2)
    by_month: list[MonthIncome]
    by_symbol: list[SymbolIncome]
    by_year: list[YearIncome]
    fees: float | None = described("Fees paid, USD; null without transactions.", None)
    fees_null_reason: Literal["no_transactions"] | None = described(
        "Why there are no fees.", "no_transactions"
    )
    metadata: Metadata
