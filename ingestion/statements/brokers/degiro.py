"""Degiro, Portfolio > Export: Portfolio.csv, in the language of the account.

Columns are read by their place: product, symbol or ISIN, amount, closing price, the currency and (in a column
without a name) the value in it, and the value in the account's currency. Older files write the currency and
the value in one cell. Numbers often have a decimal comma. There is no cost and no date, and products have
ISINs, whose symbols the user gives.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from ingestion.errors import PositionsFileError
from ingestion.statements.brokers.export import Export, Holding
from ingestion.statements.brokers.holding import cash, foreign_currency, position
from ingestion.statements.brokers.notation import amount, quantity
from ingestion.statements.brokers.table import Line

BROKER = "Degiro"

_SYMBOL_OR_ISIN = re.compile(r"s[iy]mb[a-zé]*\s?/\s?isin", re.IGNORECASE)
_CURRENCY = re.compile(r"(?P<currency>[A-Z]{3})\s*(?P<value>.*)")
_CASH = "cash"
_AMOUNT, _CLOSING, _LOCAL = 2, 3, 4  # places of the columns
_SHORTEST = 6  # columns


def is_header(line: Line) -> bool:
    """Whether the line names the columns of a Degiro portfolio, in any language."""
    return len(line.cells) >= _SHORTEST and _SYMBOL_OR_ISIN.fullmatch(line.cells[1]) is not None


def read(lines: Sequence[Line]) -> Export | None:
    """A Degiro portfolio, or None. Its numbers have a decimal point."""
    header = next((line for line in lines if is_header(line)), None)
    if header is None:
        return None
    holdings: list[Holding] = []
    errors: list[PositionsFileError] = []
    for line in lines:
        if line.number <= header.number or len(line.cells) < _SHORTEST - 1:
            continue
        currency, value = _local(line)
        if currency != "USD":
            if amount(value) != 0:
                errors.append(foreign_currency(line.number, line.cells[0], currency))
        elif line.cells[0].lower().startswith(_CASH) and not line.cells[1]:
            holdings.append(cash(line.number, quantity(value), ""))
        else:
            holdings.append(_holding(line))
    return Export(BROKER, None, tuple(holdings), errors=tuple(errors))


def _local(line: Line) -> tuple[str, str]:
    """The currency of a row, and the value in it."""
    match = _CURRENCY.fullmatch(line.cells[_LOCAL])
    if match is None:
        return "", line.cells[_LOCAL]
    return match["currency"], match["value"] or line.cells[_LOCAL + 1]


def _holding(line: Line) -> Holding:
    held: Decimal | str = quantity(line.cells[_AMOUNT])
    return position(
        line.number,
        line.cells[1] or line.cells[0],
        held,
        cost=None,
        market_price=amount(line.cells[_CLOSING]),
    )
