"""Our own file of transactions (transactions.csv)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingestion.files.csv_reader import read_strictly
from ingestion.market.symbols import LONGEST_SYMBOL, VALID_SYMBOL, normalize_symbol
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.portfolios import Directory, Portfolio
from ingestion.statements.brokers.notation import option_symbol
from ingestion.transactions.model import KINDS, Transaction, faults

REQUIRED = ("portfolio_name", "date", "kind")
OPTIONAL = ("owner_email", "symbol", "quantity", "price", "fees", "amount", "acquired", "notes")


def read_own(path: Path, directory: Directory, today: date) -> Iterator[tuple[Portfolio, Transaction]]:
    """The transactions of a file in our columns, each with its portfolio. Raises MalformedFileError."""
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio()
        kind = cells.text("kind").lower()
        if kind not in KINDS:
            raise cells.fault("kind", f"is not a kind of transaction; write one of {', '.join(KINDS)}.")
        one = Transaction(
            record.line,
            cells.day("date", today),
            kind,
            symbol=_symbol(cells),
            quantity=_number(cells, "quantity"),
            price=_number(cells, "price"),
            fees=_number(cells, "fees") or Decimal(0),
            amount=_number(cells, "amount"),
            acquired=cells.day("acquired", today) if record["acquired"] else None,
            notes=record["notes"] or None,
        )
        for column, sentence in faults(one):
            raise cells.fault(column, sentence)
        yield portfolio, one


def _symbol(cells: PortfolioCells) -> str | None:
    text = cells.record["symbol"]
    if not text:
        return None
    symbol = option_symbol(text) or normalize_symbol(text)
    if len(symbol) > LONGEST_SYMBOL or not VALID_SYMBOL.fullmatch(symbol):
        raise cells.fault("symbol", "is not a symbol; write it like SPY, or AAPL250815P00200000.")
    return symbol


def _number(cells: PortfolioCells, column: str) -> Decimal | None:
    return cells.number(column) if cells.record[column] else None
