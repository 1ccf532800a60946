"""Robinhood: a table of positions with their average cost, in one of three layouts.

Instrument, Quantity, Average Cost; Symbol, Name, Type, Quantity, Average Cost, Current Price, Total
Return, Equity, Percent Change; or that of its pages: Name, Symbol, Shares, Price, Average Cost, Total Return,
Equity. None has a date. The account activity report lists transactions instead.
"""

from collections.abc import Sequence
from dataclasses import replace

from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import cash, position
from ingestion.statements.brokers.notation import amount, quantity
from ingestion.statements.brokers.table import Line, Row, find_header, rows_below

BROKER = "Robinhood"

_SHORT = {"instrument", "quantity", "average cost"}
_LONG = {"symbol", "type", "quantity", "average cost", "current price", "equity"}
_PAGE = {"symbol", "shares", "price", "average cost", "equity"}


def read(lines: Sequence[Line]) -> Export | None:
    """Robinhood's positions, or None."""
    header = find_header(lines, _SHORT) or find_header(lines, _LONG) or find_header(lines, _PAGE)
    if header is None:
        return None
    rows = [row for row in rows_below(lines, header) if row.first("symbol", "instrument")]
    kept = [row for row in rows if row.first("symbol", "instrument").lower() != "total"]
    return Export(BROKER, None, tuple(_holding(row) for row in kept))


def _holding(row: Row) -> Holding:
    symbol, kind = row.first("symbol", "instrument"), row["type"].lower()
    if kind == "cash" or symbol.lower() == "cash":
        return cash(row.number, quantity(row.first("quantity", "shares", "equity")), "")
    holding = position(
        row.number,
        symbol,
        quantity(row.first("quantity", "shares")),
        cost=amount(row["average cost"]),
        market_price=amount(row.first("current price", "price")),
        subtype="ETF" if kind == "etf" else "",
    )
    if kind in {"crypto", "cryptocurrency"}:
        return replace(holding, investment_class="PRIVATE", subtype="CRYPTOCURRENCY")
    return holding
