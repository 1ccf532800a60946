"""Read the brokers' files in broker_files, and the lots and errors in them as short tuples."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.errors import InvalidPositionsFile, PositionsFileError
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.load import Statement, read_positions_file
from ingestion.statements.rows import Lot

FILES = Path(__file__).parent / "broker_files"
SCHWAB = FILES / "Individual-Positions-2025-09-02.csv"
TODAY, DAY, ENTRY = date(2026, 2, 2), date(2025, 9, 2), date(2025, 1, 2)
PUT = "AAPL270115P00200000"


def read(path: Path, statement_date: date | None = None, **terms: object) -> Statement:
    return read_positions_file(
        path,
        today=TODAY,
        statement_date=statement_date,
        terms=EntryTerms(**terms),  # type: ignore[arg-type]
    )


def short(lot: Lot) -> tuple[str, str | None, Decimal, Decimal, date]:
    return lot.symbol, lot.investment_subtype, lot.quantity, lot.entry_price, lot.entry_date


def row(
    symbol: str, quantity: str, price: str, entry: date = ENTRY, subtype: str | None = None
) -> tuple[str, str | None, Decimal, Decimal, date]:
    return symbol, subtype, Decimal(quantity), Decimal(price), entry


def errors(path: Path, **terms: object) -> tuple[PositionsFileError, ...]:
    """What a file is refused for."""
    with pytest.raises(InvalidPositionsFile) as raised:
        read(path, **terms)  # type: ignore[arg-type]
    return tuple(raised.value.errors)
