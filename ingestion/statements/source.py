"""Open a positions file: detect its format and read its rows (ERR_CSV_*, ERR_PORT_007, ERR_PORT_008).

It has our twelve columns or, if the header has none of them, is a broker's position download.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import InvalidPositionsFile, PositionsFileError
from ingestion.files.csv_reader import Delimited, UnreadableFileError, parse_delimited, read_text
from ingestion.statements.brokers import recognize
from ingestion.statements.brokers.export import Export
from ingestion.statements.columns import COLUMNS, ENTRY_DATE, ENTRY_PRICE, OPTIONAL_COLUMNS, QUANTITY, SYMBOL

LARGEST_FILE = 10 * 1024 * 1024  # bytes
REQUIRED_COLUMNS = (SYMBOL, QUANTITY, ENTRY_PRICE, ENTRY_DATE)

_CODES = {
    "empty": "ERR_CSV_003",
    "header": "ERR_CSV_005",
    "malformed": "ERR_CSV_006",
    "encoding": "ERR_CSV_006",
}


@dataclass(frozen=True)
class PositionsSource:
    """An opened file: either with our own columns, or a broker's download."""

    file: Delimited | None
    export: Export | None


def open_positions(path: Path) -> PositionsSource:
    """The file's rows, not yet validated. Raises InvalidPositionsFile if it is not a positions file."""
    text = _text(path)
    export = None if _has_our_columns(text) else _recognized(text)
    if export is not None:
        if not export.holdings and not export.errors:
            raise _file_error(path, "ERR_CSV_003", f"The {export.broker} download lists no positions.")
        return PositionsSource(None, export)
    return PositionsSource(_our_columns(path, text), None)


def _text(path: Path) -> str:
    if path.is_dir():
        raise _file_error(path, "ERR_PORT_008", f"{path} is a folder; name the file in it.")
    if not path.is_file():
        raise _file_error(path, "ERR_PORT_007", f"There is no file {path}; check the name and the folder.")
    if path.suffix.lower() != ".csv":
        kind = path.suffix or "a file without a suffix"
        raise _file_error(path, "ERR_CSV_002", f"The file must be .csv, not {kind}; save it as CSV.")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        sentence = f"The file has {size / 1024**2:.1f} MB; at most 10 MB are allowed."
        raise _file_error(path, "ERR_CSV_001", sentence)
    try:
        return read_text(path)
    except UnreadableFileError as error:
        raise _unreadable(path, error) from error
    except OSError as error:
        reason = error.strerror or "no reason given"
        sentence = f"{path} cannot be read ({reason}); change its permissions, or copy it."
        raise _file_error(path, "ERR_PORT_008", sentence) from error


def _has_our_columns(text: str) -> bool:
    """Whether the first record has one of the columns that only our files have."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    header = " ".join(next(lines, "").lower().split())
    return ENTRY_PRICE in header or ENTRY_DATE in header


def _recognized(text: str) -> Export | None:
    try:
        return recognize(text)
    except csv.Error:
        return None  # the strict reader reports the line


def _our_columns(path: Path, text: str) -> Delimited:
    try:
        file = parse_delimited(text, [*COLUMNS, *OPTIONAL_COLUMNS])
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


def _unreadable(path: Path, error: UnreadableFileError) -> InvalidPositionsFile:
    sentence = error.sentence[:1].upper() + error.sentence[1:]
    return _file_error(path, _CODES[error.kind], sentence, error.line)


def _file_error(path: Path, code: str, sentence: str, line: int | None = None) -> InvalidPositionsFile:
    return InvalidPositionsFile(path, [PositionsFileError(code, line, None, None, sentence)])
