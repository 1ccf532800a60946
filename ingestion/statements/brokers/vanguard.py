"""Vanguard, Download center > spreadsheet: OfxDownload.csv.

Two tables, one below the other: holdings, then transactions, which are left out. A holding has a value, but
neither cost nor entry date; one without a symbol has only its name.
"""

from collections.abc import Sequence

from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.notation import amount, option_symbol, quantity
from ingestion.statements.brokers.table import Line, Row, find_header, header_names, rows_below

_HEADER = {"investment name", "symbol", "shares", "share price", "total value"}
_NO_SYMBOL = frozenset({"", "null", "--", "n/a"})
_CASH_NAMES = ("SETTLEMENT FUND", "MONEY MARKET", "CASH")


def read(lines: Sequence[Line]) -> Export | None:
    """A Vanguard download, or None."""
    header = find_header(lines, _HEADER)
    if header is None:
        return None
    transactions = find_header(lines, {"trade date", "transaction type"})
    end = transactions.number if transactions else lines[-1].number + 1
    holdings = [
        _holding(row)
        for row in rows_below(lines, header, is_last=False)
        if row.number < end and len(row.cells) >= len(header_names(header.cells)) - 1
    ]
    notices = ["The table of transactions was left out."] if transactions else []
    return Export("Vanguard", None, tuple(holdings), tuple(notices))


def _holding(row: Row) -> Holding:
    written, name = row["symbol"].rstrip("*"), row["investment name"].upper()
    symbol = "" if written.lower() in _NO_SYMBOL else written
    option = option_symbol(symbol) or option_symbol(name)
    is_cash = (
        any(part in name for part in _CASH_NAMES) and not option and amount(row["share price"]) in {None, 1}
    )
    return Holding(
        row.number,
        option or symbol or ("CASH_USD" if is_cash else ""),
        quantity(row["shares"]),
        cost=None,
        market_price=amount(row["share price"]),
        investment_class="OPTIONS" if option else "PUBLIC" if is_cash else "",
        subtype="CASH" if is_cash else "",
        account=row["account number"],
    )
