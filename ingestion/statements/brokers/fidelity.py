"""Fidelity, Positions > Download: Portfolio_Positions_Mmm-DD-YYYY.csv.

One header, a row per position (money market funds with ** and without a quantity), disclaimers below, and the
date of the download at the end. Cost is an average per position; there are no entry dates. A file may hold
several accounts.
"""

import re
from collections.abc import Sequence
from datetime import date

from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.notation import amount, day, option_symbol, quantity
from ingestion.statements.brokers.table import Line, Row, find_header, rows_below
from ingestion.statements.brokers.units import per_share

_HEADER = {"symbol", "description", "quantity", "last price", "current value"}
_DOWNLOADED = re.compile(r"Date downloaded\s+([A-Za-z]{3}-\d{1,2}-\d{4}|\d\d/\d\d/\d{4})", re.IGNORECASE)
_SHARE_CLASSES = {"BRKA": "BRK-A", "BRKB": "BRK-B", "BFA": "BF-A", "BFB": "BF-B"}  # written without a dot
_SHORTEST_ROW = 3  # cells; below the positions there are text lines


def read(lines: Sequence[Line]) -> Export | None:
    """A Fidelity download, or None."""
    header = find_header(lines, _HEADER)
    if header is None:
        return None
    rows = [
        row for row in rows_below(lines, header) if len([cell for cell in row.cells.values() if cell]) > 1
    ]
    pending = [row for row in rows if row["symbol"].lower().startswith("pending")]
    holdings = tuple(
        _holding(row)
        for row in rows
        if row["symbol"] and row not in pending and len(row.cells) > _SHORTEST_ROW
    )
    notices = [f"Row {row.number}: pending activity is not a position and was left out." for row in pending]
    return Export("Fidelity", _downloaded(lines), holdings, tuple(notices))


def _downloaded(lines: Sequence[Line]) -> date | None:
    for line in reversed(lines):
        match = _DOWNLOADED.search(" ".join(line.cells))
        if match:
            return day(match[1])
    return None


def _holding(row: Row) -> Holding:
    account = " ".join(filter(None, [row["account number"], row["account name"]]))
    symbol = row["symbol"].rstrip("*").strip()
    held = quantity(row["quantity"])
    if row["symbol"].endswith("**") or (held == "" and "money market" in row["description"].lower()):
        # the core position: Fidelity gives only its value
        return Holding(
            row.number,
            symbol,
            held or quantity(row["current value"]),
            cost=None,
            investment_class="PUBLIC",
            subtype="CASH",
            account=account,
        )
    option = option_symbol(symbol)
    return Holding(
        row.number,
        option or _SHARE_CLASSES.get(symbol, symbol),
        held,
        cost=per_share(row["cost basis total"], held, is_option=bool(option))
        or amount(row["average cost basis"]),
        market_price=amount(row["last price"]),
        investment_class="OPTIONS" if option else "",
        account=account,
    )
