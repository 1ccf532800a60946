"""Morgan Stanley Online, Holdings > download: Holdings Ungrouped.xlsx (or the same saved as CSV).

Titles with the date, a summary, a header, a row per position and account, a total, disclaimers. Cost is a
total per position. An option has its terms in its name.
"""

import re
from collections.abc import Sequence
from datetime import date

from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import cash, position
from ingestion.statements.brokers.notation import amount, day, option_symbol, quantity
from ingestion.statements.brokers.table import Line, Row, find_header, rows_below, stated_total
from ingestion.statements.brokers.units import per_share

BROKER = "Morgan Stanley"

_HEADER = {"account number", "name", "product type", "symbol", "quantity", "market value ($)"}
_TITLE = re.compile(r"Holdings for .* as of (\d\d/\d\d/\d{4})", re.IGNORECASE)
_CASH = ("cash", "savings")
_SUBTYPES = {"etfs / cefs": "ETF", "mutual funds": "MUTUAL_FUND"} | dict.fromkeys(
    ["corporate fixed income", "government securities", "municipal bonds"], "BOND"
)
_EMPTY = frozenset({"", "-"})


def read(lines: Sequence[Line]) -> Export | None:
    """A Morgan Stanley download, or None."""
    header = find_header(lines, _HEADER)
    if header is None:
        return None
    holdings = tuple(_holding(row) for row in rows_below(lines, header) if row["product type"] not in _EMPTY)
    accounts = {holding.account for holding in holdings}
    rows = rows_below(lines, header)
    written = next((row["market value ($)"] for row in rows if row["account number"] == "Total"), "")
    total = stated_total(written, min(accounts)) if len(accounts) == 1 else {}  # it is of all accounts
    return Export(BROKER, _as_of(lines), holdings, account_values=total)


def _as_of(lines: Sequence[Line]) -> date | None:
    title = next((match for line in lines if (match := _TITLE.match(line.cells[0]))), None)
    return day(title[1]) if title else None


def _holding(row: Row) -> Holding:
    kind = row["product type"].lower()
    if kind.startswith(_CASH):
        held = quantity(row["market value ($)"])
        return cash(row.number, held, row["account number"], row["symbol"])
    symbol = "" if row["symbol"] in _EMPTY else row["symbol"]
    written = next((text for text in (symbol, row["name"]) if option_symbol(text)), symbol or row["name"])
    held = quantity(row["quantity"])
    is_option = option_symbol(written) is not None
    return position(
        row.number,
        written,
        held,
        cost=per_share(row.first("total cost ($)", "adjusted cost ($)"), held, is_option=is_option),
        market_price=amount(row["last ($)"]),
        account=row["account number"],
        subtype=_SUBTYPES.get(kind, ""),
    )
