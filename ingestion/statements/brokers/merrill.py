"""Merrill and Merrill Edge: downloads of holdings and of unrealized gains, and the holdings page's export.

A download is one plain table; each row has the date (COB Date) and its account. Holdings have values and
gains, unrealized gains list each lot with its date and cost. The export of the page (ExportData*.csv) has a
summary above the table, and cash below it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import cash, position
from ingestion.statements.brokers.notation import amount, day, option_symbol, quantity
from ingestion.statements.brokers.table import Line, Row, find_header, rows_below, stated_total
from ingestion.statements.brokers.units import per_share

BROKER = "Merrill"

_DOWNLOAD = {"cob date", "symbol", "quantity", "account #"}
_PAGE = {"symbol", "description", "quantity", "day's value change $", "value"}
_NO_SYMBOL = frozenset({"", "--"})
_CASH_ROWS = ("money account", "cash balance", "margin balance")
_LEFT_OUT_ROWS = ("pending activity", "total", "balances")
_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
_AMOUNT = re.compile(r"[+-]?\$?[\d,]+(\.\d+)?|\(\$?[\d,]+(\.\d+)?\)")


def read(lines: Sequence[Line]) -> Export | None:
    """A Merrill download of holdings or unrealized gains, or None."""
    header = find_header(lines, _DOWNLOAD)
    if header is None:
        return None
    rows = [row for row in rows_below(lines, header) if row["account #"]]
    as_of = max((found for row in rows if (found := day(row["cob date"]))), default=None)
    return Export(BROKER, as_of, tuple(_holding(row) for row in rows))


def read_page(lines: Sequence[Line]) -> Export | None:
    """The export of Merrill's holdings page, or None."""
    header = find_header(lines, _PAGE)
    if header is None:
        return None
    above = " ".join(cell for line in lines if line.number < header.number for cell in line.cells)
    written = _DATE.search(above)
    holdings, notices = [], []
    total: dict[str, Decimal] = {}
    for row in rows_below(lines, header):
        name = row["symbol"].lower()
        if name.startswith(_CASH_ROWS):
            if amount(row["value"]):
                holdings.append(cash(row.number, quantity(row["value"]), ""))
        elif name.startswith("pending activity") and amount(row["value"]):
            notices.append(f"Row {row.number}: pending activity is not a position and was left out.")
        elif name == "total":
            total = stated_total(row["value"], "")
        elif name and not name.startswith(_LEFT_OUT_ROWS) and row["quantity"]:
            holdings.append(_page_holding(row))
    as_of = day(written[0]) if written else None
    return Export(BROKER, as_of, tuple(holdings), tuple(notices), account_values=total)


def _holding(row: Row) -> Holding:
    account, held = row["account #"], quantity(row["quantity"])
    price = amount(row["price ($)"])
    if row["symbol"] in _NO_SYMBOL or (price == 1 and amount(row["unrealized gain/loss ($)"]) is None):
        return cash(row.number, held, account, row["symbol"])
    is_option = option_symbol(row["symbol"]) is not None
    cost = amount(row["unit cost ($)"]) or per_share(row["cost basis ($)"], held, is_option=is_option)
    holding = position(
        row.number,
        row["symbol"],
        held,
        cost=cost or _from_gain(row["value ($)"], row["unrealized gain/loss ($)"], held, is_option=is_option),
        market_price=price,
        account=account,
    )
    acquired = day(row["acquisition date"])
    return replace(holding, entry_date=acquired)


def _page_holding(row: Row) -> Holding:
    held, gain = quantity(row["quantity"]), row["unrealized gain/loss $ chg % chg"]
    is_option = option_symbol(row["symbol"]) is not None
    first = _AMOUNT.match(gain)
    return position(
        row.number,
        row["symbol"],
        held,
        cost=amount(row["unit cost"])
        or _from_gain(row["value"], first[0] if first else "", held, is_option=is_option),
        market_price=amount(row["price"]),
    )


def _from_gain(value: str, gain: str, held: Decimal | str, *, is_option: bool) -> Decimal | None:
    """The cost per share that the value and the unrealized gain imply."""
    worth, gained = amount(value), amount(gain)
    if worth is None or gained is None:
        return None
    return per_share(f"{worth - gained:f}", held, is_option=is_option)
