"""Shared by the files about portfolios: find the portfolio of a row, and read its cells exactly."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from ingestion.errors import MalformedFileError, UnknownPortfolioError
from ingestion.files.csv_reader import LARGEST_ENTRY, Record, decimals, parse_date, parse_number
from ingestion.market.symbols import normalize_symbol
from ingestion.portfolios.portfolios import Directory, Portfolio

LARGEST_SCALE = 6  # decimal places of a number that is stored exactly

_SYMBOLS_SHOWN = 20


@dataclass(frozen=True)
class PortfolioCells:
    """The cells of one record. Each reader raises MalformedFileError with file, row, column and remedy."""

    directory: Directory
    path: Path
    record: Record

    def portfolio(self) -> Portfolio:
        """The portfolio of the row. Raises UnknownPortfolioError naming the known ones."""
        name = self.text("portfolio_name")
        try:
            return self.directory.find(name, self.record["owner_email"] or None)
        except UnknownPortfolioError as error:
            raise UnknownPortfolioError(f"{self.path}, row {self.record.line}: {error}") from error

    def held_symbol(self, column: str, portfolio: UUID) -> str:
        """A symbol that the portfolio holds or held."""
        symbol = normalize_symbol(self.text(column))
        held = self.directory.symbols(portfolio)
        if symbol not in held:
            raise self.fault(
                column, f"is not a position of this portfolio, which has {known_symbols(held)}; correct it."
            )
        return symbol

    def text(self, column: str) -> str:
        """A text that must not be empty."""
        if not self.record[column]:
            raise MalformedFileError(
                self.path,
                "the cell is empty; fill it or remove the row.",
                row=self.record.line,
                column=column,
            )
        return self.record[column]

    def number(self, column: str) -> Decimal:
        """A number up to LARGEST_ENTRY, exactly as written, with at most six decimals."""
        number = parse_number(self.text(column).removeprefix("$"))
        if number is None:
            raise self.fault(column, "is not a number; write it with digits and a point, like 1234.56.")
        if decimals(number) > LARGEST_SCALE:
            raise self.fault(column, f"has more than {LARGEST_SCALE} decimals; round it.")
        if abs(number) > LARGEST_ENTRY:
            raise self.fault(column, f"exceeds {LARGEST_ENTRY:,}; correct it.")
        return number

    def positive_number(self, column: str) -> Decimal | None:
        """A number above zero, or None for an empty cell."""
        if not self.record[column]:
            return None
        number = self.number(column)
        if number <= 0:
            raise self.fault(column, "is not above zero; correct it, or leave the cell empty.")
        return number

    def day(self, column: str, today: date) -> date:
        """A date that is not in the future."""
        day = parse_date(self.text(column))
        if day is None:
            raise self.fault(column, "is not a date; write it as YYYY-MM-DD.")
        if day > today:
            raise self.fault(column, "lies in the future; correct the date or remove the row.")
        return day

    def fault(self, column: str, sentence: str) -> MalformedFileError:
        """The error for a cell; the message quotes its value."""
        value = self.record[column]
        return MalformedFileError(
            self.path, f"{value!r} {sentence}", row=self.record.line, column=column, value=value
        )


def known_symbols(held: Collection[str]) -> str:
    """The first symbols of a portfolio, for a message."""
    return ", ".join(sorted(held)[:_SYMBOLS_SHOWN]) + (", ..." if len(held) > _SYMBOLS_SHOWN else "")
