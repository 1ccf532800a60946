"""The columns of the positions file, twelve and two optional ones, and a row while it is parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ingestion.errors import PositionsFileError
from ingestion.files.csv_reader import Record

SYMBOL, QUANTITY, ENTRY_PRICE, ENTRY_DATE = "symbol", "quantity", "entry price per share", "entry date"
CLASS, SUBTYPE = "investment class", "investment subtype"
UNDERLYING, STRIKE, EXPIRATION, OPTION_TYPE = (
    "underlying symbol",
    "strike price",
    "expiration date",
    "option type",
)
EXIT_DATE, EXIT_PRICE = "exit date", "exit price per share"
COLUMNS: Mapping[str, str] = {
    name.lower(): name
    for name in (
        "Symbol",
        "Quantity",
        "Entry Price Per Share",
        "Entry Date",
        "Investment Class",
        "Investment Subtype",
        "Underlying Symbol",
        "Strike Price",
        "Expiration Date",
        "Option Type",
        "Exit Date",
        "Exit Price Per Share",
    )
}
"""The twelve columns: lower-case key, and the name as written."""

ENTRY_IS_ASSUMED = "entry date is assumed"
"""A cell that only rows of downloads have: not empty if the download does not say when the lot was bought."""

TAGS, NOTES = "tags", "notes"
OPTIONAL_COLUMNS: Mapping[str, str] = {TAGS: "Tags", NOTES: "Notes"}
"""Columns that a file may have in addition, about this position alone."""

CURRENCY_COLUMNS = ("currency", "ccy", "currency code")
"""Columns that may say that an amount is in USD, which is the only currency."""

SUBTYPES: Mapping[str, tuple[str, ...]] = {
    "PUBLIC": ("STOCK", "ETF", "MUTUAL_FUND", "BOND", "CASH"),
    "OPTIONS": ("CALL", "PUT"),
    "PRIVATE": (
        "PRIVATE_EQUITY",
        "VENTURE_CAPITAL",
        "HEDGE_FUND",
        "PRIVATE_REIT",
        "PRIVATE_CREDIT",
        "INFRASTRUCTURE",
        "REAL_ESTATE",
        "CRYPTOCURRENCY",
        "ART",
        "MONEY_MARKET",
        "TREASURY_BILLS",
        "CASH",
        "COMMODITY",
        "OTHER",
    ),
}

_LONGEST_VALUE_SHOWN = 100


@dataclass(frozen=True)
class Row:
    """A record, the latest dates that it may have, and the errors found so far."""

    record: Record
    today: date
    statement_date: date
    errors: list[PositionsFileError] = field(default_factory=list)

    def __getitem__(self, column: str) -> str:
        """The cell, '' when it is empty or the file lacks the column."""
        return self.record[column]

    @property
    def has_option_columns(self) -> bool:
        """Whether any of the four option columns is filled."""
        return any(self[name] for name in (UNDERLYING, STRIKE, EXPIRATION, OPTION_TYPE))

    def error(self, number: int, column: str, sentence: str) -> None:
        """Record an error ERR_POS_<number> of a cell."""
        value = self[column][:_LONGEST_VALUE_SHOWN] or None
        code = f"ERR_POS_{number:03d}"
        name = {**COLUMNS, **OPTIONAL_COLUMNS}[column]
        self.errors.append(PositionsFileError(code, self.record.line, name, value, sentence))
