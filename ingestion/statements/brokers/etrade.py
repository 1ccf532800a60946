"""E*Trade, Portfolio > All Positions > download: PortfolioDownload.csv.

A summary of the account, the filters, a header, a row per position, then CASH, TOTAL and the time of the
download. Price Paid is a cost per share. With expanded positions, the rows of a position's lots follow it:
their symbol is the date of the purchase.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import cash, position
from ingestion.statements.brokers.notation import amount, day, quantity
from ingestion.statements.brokers.table import Line, Row, find_header, rows_below, stated_total

BROKER = "E*Trade"

_HEADER = {"symbol", "last price $", "quantity", "price paid $", "value $"}
_GENERATED = re.compile(r"Generated at ([A-Za-z]{3} \d{1,2} \d{4})", re.IGNORECASE)
_LOT = re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}")


def read(lines: Sequence[Line]) -> Export | None:
    """An E*Trade download, or None."""
    header = find_header(lines, _HEADER)
    if header is None:
        return None
    account, total = _account(lines)
    found: list[tuple[Holding, list[Holding]]] = []
    for row in rows_below(lines, header):
        symbol = row["symbol"]
        if not symbol or symbol.upper() == "TOTAL" or _GENERATED.match(symbol):
            continue
        if symbol.upper() == "CASH":
            found.append((cash(row.number, quantity(row["value $"]), account), []))
        elif _LOT.fullmatch(symbol) and found:
            found[-1][1].append(_lot(row, found[-1][0]))
        else:
            found.append((_holding(row, account), []))
    holdings = [one for summary, lots in found for one in _with_lots(summary, lots)]
    return Export(BROKER, _generated(lines), tuple(holdings), account_values=stated_total(total, account))


def _account(lines: Sequence[Line]) -> tuple[str, str]:
    """The name of the account and its value, from the summary."""
    for line, following in pairwise(lines):
        if line.cells[0] == "Account" and len(line.cells) > 1 and len(following.cells) > 1:
            return following.cells[0], following.cells[1]
    return "", ""


def _generated(lines: Sequence[Line]) -> date | None:
    for line in reversed(lines):
        match = _GENERATED.match(line.cells[0])
        if match:
            return day(match[1])
    return None


def _holding(row: Row, account: str) -> Holding:
    return position(
        row.number,
        row["symbol"],
        quantity(row["quantity"]),
        cost=amount(row["price paid $"]),
        market_price=amount(row["last price $"]),
        account=account,
    )


def _lot(row: Row, summary: Holding) -> Holding:
    return replace(
        summary,
        line=row.number,
        quantity=quantity(row["quantity"]),
        cost=amount(row["price paid $"]) or summary.cost,
        entry_date=day(row["symbol"]),
    )


def _with_lots(summary: Holding, lots: Sequence[Holding]) -> Sequence[Holding]:
    """The lots, if they are the whole position."""
    listed = sum((lot.quantity for lot in lots if isinstance(lot.quantity, Decimal)), Decimal(0))
    return lots if lots and listed == summary.quantity else [summary]
