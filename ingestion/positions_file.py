"""The positions file: one portfolio's statement in twelve columns, loaded whole or not at all.

A second file of the same portfolio is a new statement: a lot that it no longer lists was closed at its date.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from ingestion.datasets import PORTFOLIOS, POSITIONS
from ingestion.delimited import Delimited, UnreadableFileError, read_delimited
from ingestion.errors import InvalidPositionsFile, PositionsFileError
from ingestion.loads import Connection, LoadReport, load_transaction, recorded_failure
from ingestion.portfolios import PortfolioFields, known_portfolio
from ingestion.position_columns import COLUMNS, ENTRY_DATE, ENTRY_PRICE, QUANTITY, SYMBOL
from ingestion.position_rows import Lot, parse_lot
from ingestion.statements import statement_rows

SOURCE = "positions_file"
LARGEST_FILE = 10 * 1024 * 1024  # bytes
REQUIRED_COLUMNS = (SYMBOL, QUANTITY, ENTRY_PRICE, ENTRY_DATE)
OPTION_MULTIPLIER = 100
CENT = Decimal("0.01")

_CODES = {
    "empty": "ERR_CSV_003",
    "header": "ERR_CSV_005",
    "malformed": "ERR_CSV_006",
    "encoding": "ERR_CSV_006",
}


@dataclass(frozen=True)
class Statement:
    """A positions file that was read. notices: sentences about columns that were ignored."""

    lots: tuple[Lot, ...]
    notices: tuple[str, ...]

    @property
    def gross_at_cost(self) -> Decimal:
        """Absolute entry values of all lots, added up, USD."""
        return sum((abs(entry_value(lot)) for lot in self.lots), Decimal(0))


def entry_value(lot: Lot) -> Decimal:
    """Signed quantity x multiplier x entry price, USD to the cent.

    A position's value is money and rounded as such (halves away from zero), so that totals are sums of cents.
    """
    multiplier = OPTION_MULTIPLIER if lot.investment_class == "OPTIONS" else 1
    return (lot.quantity * multiplier * lot.entry_price).quantize(CENT, ROUND_HALF_UP)


def read_positions_file(
    path: Path, *, today: date | None = None, statement_date: date | None = None
) -> Statement:
    """Read a positions file. Raises InvalidPositionsFile with every error of the file.

    today: no date may lie after it (default: today, UTC). statement_date: nor after this (default: today).
    """
    today = today or datetime.now(UTC).date()
    file = _read(path)
    lots: list[Lot] = []
    errors: list[PositionsFileError] = []
    for record in file.records:
        lot, found = parse_lot(record, today=today, statement_date=statement_date or today)
        errors += found
        if lot is not None:
            lots.append(lot)
    errors += _duplicates(lots)
    if errors:
        raise InvalidPositionsFile(path, sorted(errors, key=lambda error: error.row or 0))
    notices = tuple(f"The column {name!r} is unknown and was ignored." for name in file.unknown)
    return Statement(tuple(lots), notices)


def load_positions(
    connection: Connection,
    path: Path,
    *,
    portfolio_name: str,
    owner_email: str,
    equity: Decimal | None = None,
    owner_full_name: str | None = None,
    account_type: str | None = None,
    description: str | None = None,
    inception_date: date | None = None,
    statement_date: date | None = None,
    today: date | None = None,
) -> list[LoadReport]:
    """Load a portfolio's statement: the portfolio and its positions in one transaction.

    equity: starting capital in USD; needed for a new portfolio. statement_date: what the file is as of
    (default: today); open lots that it does not list are closed at that session's close. inception_date:
    default the earliest entry date. Raises InvalidPositionsFile, InvalidPortfolio or StatementOrderError;
    nothing is written then but the record of the failure.
    """
    today = today or datetime.now(UTC).date()
    as_of = statement_date or today
    fields = PortfolioFields(
        portfolio_name, owner_email, equity, owner_full_name, account_type, description, inception_date
    )
    with recorded_failure(connection, POSITIONS.name, source=SOURCE, origin=str(path)):
        statement = read_positions_file(path, today=today, statement_date=as_of)
    with load_transaction(connection, POSITIONS.name, source=SOURCE, origin=str(path)) as load:
        rows = statement_rows(connection, fields.portfolio_id, statement.lots, as_of)
        portfolio = fields.resolve(
            known_portfolio(connection, fields.portfolio_id),
            gross_at_cost=statement.gross_at_cost,
            entry_dates=rows.new_entry_dates,
        )
        return [
            load.rows(PORTFOLIOS, portfolio.frame()),
            load.rows(POSITIONS, rows.frame, notices=[*statement.notices, *rows.notices]),
        ]


# --- the file --------------------------------------------------------------------------------------------


def _read(path: Path) -> Delimited:
    """The file's records, or InvalidPositionsFile with its ERR_CSV_* errors."""
    if not path.is_file():
        sentence = f"There is no file {path}; check the name and the folder."
        raise InvalidPositionsFile(path, [PositionsFileError("ERR_PORT_007", None, None, None, sentence)])
    if path.suffix.lower() != ".csv":
        raise _file_error(
            path, "ERR_CSV_002", f"The file is no .csv but {path.suffix or 'without a suffix'}."
        )
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise _file_error(
            path, "ERR_CSV_001", f"The file has {size / 1024**2:.1f} MB; at most 10 MB are allowed."
        )
    try:
        file = read_delimited(path, list(COLUMNS))
    except UnreadableFileError as error:
        raise _file_error(path, _CODES[error.kind], _capitalized(error.sentence), error.line) from error
    missing = [
        PositionsFileError(
            "ERR_CSV_004",
            1,
            COLUMNS[name],
            None,
            f"The column {COLUMNS[name]!r} is missing; add it to the first line.",
        )
        for name in REQUIRED_COLUMNS
        if name not in file.columns
    ]
    if missing:
        raise InvalidPositionsFile(path, missing)
    if not file.records:
        raise _file_error(path, "ERR_CSV_003", "The file has no data rows; add one row per position.")
    return file


def _file_error(path: Path, code: str, sentence: str, line: int | None = None) -> InvalidPositionsFile:
    return InvalidPositionsFile(path, [PositionsFileError(code, line, None, None, sentence)])


def _capitalized(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _duplicates(lots: Iterable[Lot]) -> list[PositionsFileError]:
    """Lots that an earlier row has already: they would be one position."""
    first: dict[tuple[Any, ...], int] = {}
    errors = []
    for lot in lots:
        line = first.setdefault((lot.symbol, lot.entry_date, lot.entry_price), lot.line)
        if line != lot.line:
            sentence = (
                f"{lot.symbol} of {lot.entry_date} at {lot.entry_price} stands in row {line} already; "
                "add the quantities up in one row."
            )
            errors.append(PositionsFileError("ERR_POS_023", lot.line, COLUMNS[SYMBOL], lot.symbol, sentence))
    return errors
