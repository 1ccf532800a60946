"""Open a positions file: detect its format and read its rows (ERR_CSV_*, ERR_PORT_007, ERR_PORT_008).

It has our columns or, if the header names neither an entry price nor an entry date but others than ours, is
a broker's position download. Both may be separated by commas, semicolons or tabs, in UTF-8, UTF-16 or
Latin-1, or be the first sheet of a workbook.
"""

import csv
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ingestion.errors import InvalidPositionsFile, PositionsFileError
from ingestion.files.csv_reader import Delimited, Record, UnreadableFileError, is_comment, parse_delimited
from ingestion.files.encodings import decode
from ingestion.files.workbook import workbook_text
from ingestion.statements.brokers import BROKERS, recognize, transactions_of
from ingestion.statements.brokers.export import Export
from ingestion.statements.brokers.holding import foreign_currency
from ingestion.statements.columns import (
    COLUMNS,
    CURRENCY_COLUMNS,
    ENTRY_DATE,
    ENTRY_PRICE,
    OPTIONAL_COLUMNS,
    QUANTITY,
    SYMBOL,
)
from ingestion.statements.formats import FileFormats, normalize
from ingestion.wording import joined

LARGEST_FILE = 10 * 1024 * 1024  # bytes
REQUIRED_COLUMNS = (SYMBOL, QUANTITY, ENTRY_PRICE, ENTRY_DATE)
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SEPARATOR = re.compile("[,;\\t]")
_BLANK = ' ,;\t"'  # of a row without any cell
_LONGEST_HEADER_SHOWN = 120

_DOLLARS = {"USD", "US$", "$"}
_OTHER_CURRENCIES = (
    *("AUD", "BRL", "CAD", "CHF", "CNH", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR"),
    *("JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "THB", "TRY", "TWD", "ZAR"),
)
_FOREIGN_CASH = re.compile(f"CASH[-_]({'|'.join(_OTHER_CURRENCIES)})")

_CODES = {
    "empty": "ERR_CSV_003",
    "header": "ERR_CSV_005",
    "malformed": "ERR_CSV_006",
    "encoding": "ERR_CSV_006",
}


@dataclass(frozen=True)
class PositionsSource:
    """An opened file: either with our own columns, or a broker's download.

    notices: what was assumed about its form. errors: questions about it, and rows that cannot be placed.
    """

    file: Delimited | None
    export: Export | None
    notices: tuple[str, ...] = ()
    errors: tuple[PositionsFileError, ...] = ()


@dataclass(frozen=True)
class _Text:
    """The text of a file, and notices of how it was read."""

    text: str
    notices: tuple[str, ...]


def open_positions(path: Path, formats: FileFormats, *, today: date) -> PositionsSource:
    """The file's rows, not yet validated. Raises InvalidPositionsFile if it is not a positions file.

    formats: what the user says of its dates and numbers. today: no entry lies after it.
    """
    read = _read(path)
    separator, text = _stated_separator(read.text)
    header = _header(text)
    if not (ENTRY_PRICE in header or ENTRY_DATE in header or _is_part_of_ours(header)):
        export = _recognized(path, text, formats)
        if export is None:
            raise _unknown(path, text, header)
        if not export.holdings and not export.errors:
            raise _file_error(path, "ERR_CSV_003", f"The {export.broker} download lists no positions.")
        return PositionsSource(None, export, read.notices)
    delimiter = separator or max(DELIMITERS, key=header.count)
    file = _our_columns(path, text, delimiter)
    notices = read.notices
    if delimiter != ",":
        notices = (*notices, f"The file is separated by {DELIMITERS.get(delimiter, delimiter)}.")
    short, complete = _short_rows(file)
    found = normalize(replace(file, records=complete), formats, delimiter=delimiter, today=today)
    file = replace(file, records=found.records)
    foreign = [error for record in complete if (error := _in_other_currency(record))]
    return PositionsSource(file, None, (*notices, *found.notices), (*short, *foreign, *found.errors))


# --- the text --------------------------------------------------------------------------------------------


def _read(path: Path) -> _Text:
    content = _content(path)
    if content.startswith(_OLD_EXCEL):
        sentence = "The file is an Excel workbook of the old kind; save it as .xlsx or as CSV UTF-8."
        raise _file_error(path, "ERR_CSV_002", sentence)
    try:
        if content.startswith(_ZIP) or path.suffix.lower() == ".xlsx":
            return _Text(workbook_text(content), ("The first sheet of the workbook was read.",))
        text, encoding = decode(content)
    except UnreadableFileError as error:
        raise _unreadable(path, error) from error
    return _Text(text, (f"The file is read as {encoding}.",) if encoding else ())


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise _file_error(path, "ERR_PORT_008", f"{path} is a folder; name the file in it.")
    if not path.is_file():
        raise _file_error(path, "ERR_PORT_007", f"There is no file {path}; check the name and the folder.")
    if path.suffix.lower() not in SUFFIXES:
        kind = path.suffix or "a file without a suffix"
        known = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise _file_error(path, "ERR_CSV_002", f"The file must be {known}, not {kind}; save it as CSV.")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        sentence = f"The file has {size / 1024**2:.1f} MB; at most 10 MB are allowed."
        raise _file_error(path, "ERR_CSV_001", sentence)
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "no reason given"
        sentence = f"{path} cannot be read ({reason}); change its permissions, or copy it."
        raise _file_error(path, "ERR_PORT_008", sentence) from error


def _stated_separator(text: str) -> tuple[str | None, str]:
    """The separator that a first line like `sep=;` states, as in Excel, and the text without it."""
    line, end, rest = text.partition("\n")
    stated = line.strip().lower()
    if len(stated) == len("sep=;") and stated.startswith("sep="):
        return stated[-1], end + rest
    return ("\t", end + rest) if line.lower().rstrip("\r\n") == "sep=\t" else (None, text)


def _header(text: str) -> str:
    """The first record's line in lower case, its words separated by single spaces; tabs are kept."""
    lines = (line for line in text.splitlines() if line.strip(_BLANK) and not is_comment(line))
    return "\t".join(" ".join(cell.split()) for cell in next(lines, "").lower().split("\t"))


# --- what it is ------------------------------------------------------------------------------------------


def _is_part_of_ours(header: str) -> bool:
    """Whether it names symbols and quantities, and nothing that is not a column of ours."""
    names = {cell.strip(_BLANK) for cell in _SEPARATOR.split(header)}
    return {SYMBOL, QUANTITY} <= names <= {*COLUMNS, *OPTIONAL_COLUMNS}


def _recognized(path: Path, text: str, formats: FileFormats) -> Export | None:
    try:
        return recognize(text, formats)
    except UnreadableFileError as error:
        raise _unreadable(path, error) from error
    except csv.Error:
        return None  # the strict reader reports the line


def _unknown(path: Path, text: str, header: str) -> InvalidPositionsFile:
    """The error of a file that is neither ours nor a known download."""
    if not header:
        sentence = "The file is empty; its first line must name the columns."
        return _file_error(path, "ERR_CSV_003", sentence)
    known = f"{', '.join(BROKERS[:-1])} or {BROKERS[-1]}"
    remedy = "or write a template with `sigmasight template mine.csv`, and fill it in."
    transactions = transactions_of(text)
    if transactions is not None:
        sentence = f"The file is a list of transactions of {transactions}; download its positions, {remedy}"
        return _file_error(path, "ERR_CSV_005", sentence, 1)
    shown = header[:_LONGEST_HEADER_SHOWN] + ("..." if len(header) > _LONGEST_HEADER_SHOWN else "")
    sentence = (
        f"The first line ({shown}) names neither the columns of our format nor those of a known "
        f"position download ({known}). Download positions from one of them, {remedy}"
    )
    return _file_error(path, "ERR_CSV_005", sentence, 1)


def _our_columns(path: Path, text: str, delimiter: str) -> Delimited:
    try:
        file = parse_delimited(text, [*COLUMNS, *OPTIONAL_COLUMNS, *CURRENCY_COLUMNS], delimiter)
    except UnreadableFileError as error:
        raise _unreadable(path, error) from error
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


def _in_other_currency(record: Record) -> PositionsFileError | None:
    """The error of a row whose currency column, or the name of whose cash, is not USD."""
    symbol = record[SYMBOL].strip().upper()
    said = next((record[name].strip() for name in CURRENCY_COLUMNS if record[name].strip()), "USD").upper()
    cash = _FOREIGN_CASH.fullmatch(symbol)
    if said not in _DOLLARS:
        return foreign_currency(record.line, symbol or "The row", said)
    return foreign_currency(record.line, symbol, cash[1]) if cash else None


def _short_rows(file: Delimited) -> tuple[tuple[PositionsFileError, ...], tuple[Record, ...]]:
    """One error for the rows that have too few cells to place them, and the other records.

    A row may end after its last filled cell only if none but the required columns are filled.
    """
    short = [record for record in file.records if record.written < file.width and not _is_placed(record)]
    if not short:
        return (), file.records
    first, lines = short[0], {record.line for record in short}
    also = f" So have rows {joined(record.line for record in short[1:])}." if len(short) > 1 else ""
    sentence = (
        f"{first.written} cells, {file.width} columns expected: a separator is missing; add it, also for "
        f"empty cells.{also}"
    )
    error = PositionsFileError("ERR_CSV_006", first.line, None, None, sentence)
    return (error,), tuple(record for record in file.records if record.line not in lines)


def _is_placed(record: Record) -> bool:
    filled = {name for name, cell in record.cells.items() if cell}
    return filled <= set(REQUIRED_COLUMNS) and {QUANTITY, ENTRY_DATE} <= filled


def _unreadable(path: Path, error: UnreadableFileError) -> InvalidPositionsFile:
    sentence = error.sentence[:1].upper() + error.sentence[1:]
    return _file_error(path, _CODES[error.kind], sentence, error.line)


def _file_error(path: Path, code: str, sentence: str, line: int | None = None) -> InvalidPositionsFile:
    return InvalidPositionsFile(path, [PositionsFileError(code, line, None, None, sentence)])
