"""Schwab, Positions > Export: NAME-Positions-YYYY-MM-DD-HHMMSS.csv.

A title with account and date, a header (in newer downloads with short and long names, as in "Qty
(Quantity)"), a row per position, cash and a total. The download of all accounts repeats this below each
account's name. Cost is a total per position; there are no entry dates.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from ingestion.market.symbols import CASH_SYMBOLS
from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import cash
from ingestion.statements.brokers.notation import amount, day, option_symbol, quantity, share_class
from ingestion.statements.brokers.table import Line, Row, header_names, named_cells, stated_total
from ingestion.statements.brokers.units import per_share

_HEADER = {"symbol", "description", "quantity", "market value"}
_TITLE = re.compile(r"Positions for (?:account )?(?P<account>.*?) as of (?P<as_of>.*)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}[/-]\d\d[/-]\d\d|\d\d/\d\d/\d{4}")
_CASH = "cash & cash investments"
_TOTALS = ("account total", "positions total", "total", "futures cash", "futures positions market value")
_ACCOUNT_TOTALS = _TOTALS[:3]
_SUBTYPES = {
    **dict.fromkeys(["equity", "stocks", "stock"], "STOCK"),
    **dict.fromkeys(["etfs & closed end funds", "etf", "etfs"], "ETF"),
    **dict.fromkeys(["mutual fund", "mutual funds"], "MUTUAL_FUND"),
    **dict.fromkeys(["fixed income", "bond", "bonds"], "BOND"),
}


def read(lines: Sequence[Line]) -> Export | None:
    """A Schwab download, or None."""
    if not any(set(header_names(line.cells)) >= _HEADER for line in lines):
        return None
    if any("current value" in header_names(line.cells) for line in lines):
        return None  # another broker's, with a column of the same name
    title = next((match for line in lines if (match := _TITLE.match(line.cells[0]))), None)
    date_text = _DAY.search(title["as_of"]) if title else None
    whole = title["account"] if title else ""
    holdings, notices = [], []
    account_values: dict[str, Decimal] = {}
    for account, row in _rows(lines, whole):
        symbol = row["symbol"].lower()
        if symbol in _TOTALS:
            if symbol in _ACCOUNT_TOTALS:
                account_values |= stated_total(row["market value"], account)
            if symbol.startswith("futures") and amount(row["market value"]):
                notices.append(
                    f"Row {row.number}: {row['symbol']} is not a supported position and was left out."
                )
            continue
        holdings.append(_holding(row, account))
    return Export(
        "Schwab",
        day(date_text[0]) if date_text else None,
        tuple(holdings),
        tuple(notices),
        account_values=account_values,
    )


def _rows(lines: Sequence[Line], whole: str) -> Iterator[tuple[str, Row]]:
    """The rows below each header, with the account they belong to."""
    account, names = whole, None
    for line in lines:
        found = header_names(line.cells)
        filled = [cell for cell in line.cells if cell]
        if set(found) >= _HEADER:
            names = found
        elif len(filled) == 1:
            account = account if _TITLE.match(filled[0]) else filled[0]
        elif names is not None:
            yield account, Row(line.number, named_cells(names, line.cells, line.number))


def _holding(row: Row, account: str) -> Holding:
    symbol = share_class(row["symbol"])
    kind = row.first("security type", "asset type").lower()
    if symbol.lower() == _CASH or (kind.startswith("cash") and symbol in CASH_SYMBOLS):
        is_sweep = symbol.lower() == _CASH
        held = quantity(row["market value" if is_sweep or not amount(row["quantity"]) else "quantity"])
        return cash(row.number, held, account, symbol)
    held = quantity(row["quantity"])
    option = option_symbol(row["symbol"])
    return Holding(
        row.number,
        option or symbol,
        held,
        cost=amount(row["cost/share"]) or per_share(row["cost basis"], held, is_option=bool(option)),
        market_price=amount(row["price"]),
        investment_class="OPTIONS" if option else "",
        subtype="" if option else _SUBTYPES.get(kind, ""),
        account=account,
    )
