"""Exact reader of small files: every record with its line, numbers as the decimals written in the file.

Lines that start with # and blank lines are ignored. Header names are trimmed and case-insensitive.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingestion.errors import MalformedFileError

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?([eE][+-]?\d{1,2})?")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LARGEST = Decimal(10) ** 31  # fits numeric(38, 6)
LARGEST_ENTRY = Decimal(10) ** 12  # of what users enter: a product of two fits the numeric types
MOST_COLUMNS = 1_000


class UnreadableFileError(Exception):
    """Why a file is not readable as CSV; the caller turns it into an error of its own catalogue.

    kind: encoding, header, malformed or empty.
    """

    def __init__(self, kind: str, sentence: str, line: int | None = None) -> None:
        self.kind, self.sentence, self.line = kind, sentence, line
        super().__init__(sentence)


@dataclass(frozen=True)
class Record:
    """One record: its first line, and its trimmed cells by column; missing cells are ''.

    written: the number of cells in the file, 0 if the record is not from a file.
    """

    line: int
    cells: Mapping[str, str]
    written: int = 0

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Delimited:
    """A file that was read. columns: its known columns; unknown: the other names as written.

    width: the number of columns that the first line names.
    """

    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    records: tuple[Record, ...] = field(repr=False)
    width: int = 0


def read_delimited(path: Path, columns: Sequence[str]) -> Delimited:
    """Read a CSV file whose columns may be in any order.

    columns: known names in lower case. Raises UnreadableFileError; the caller checks for missing columns.
    """
    return parse_delimited(read_text(path), columns)


def parse_delimited(text: str, columns: Sequence[str], delimiter: str = ",") -> Delimited:
    """Like read_delimited, for the text of a file."""
    rows = _rows(_lines(text), delimiter)
    try:
        _, header = next(rows)
    except StopIteration:
        raise UnreadableFileError(
            "empty", "the file is empty; its first line must name the columns."
        ) from None
    names = [re.sub(r"\s+", " ", name.strip()).lower() for name in header]
    while names and not names[-1]:
        names.pop()
    _check_header(names, columns)
    empty = dict.fromkeys((name for name in names if name in columns), "")
    records = tuple(
        Record(line, empty | _named_cells(names, cells, line), len(cells)) for line, cells in rows
    )
    unknown = tuple(header[place].strip() for place, name in enumerate(names) if name not in columns)
    return Delimited(tuple(name for name in names if name in columns), unknown, records, len(names))


def read_strictly(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> tuple[Record, ...]:
    """The records of a file that must have exactly these columns.

    Raises MalformedFileError naming the missing or unknown columns, or the unreadable line.
    """
    known = [*required, *optional]
    if not path.is_file():
        raise MalformedFileError(path, "there is no such file; check the name and the folder.")
    try:
        file = read_delimited(path, known)
    except UnreadableFileError as error:
        raise MalformedFileError(path, error.sentence, row=error.line) from error
    expected = f"The columns are {', '.join(known)}"
    missing = [name for name in required if name not in file.columns]
    if missing:
        raise MalformedFileError(
            path, f"has no column {_listed(missing)}. {expected}; the first line names them."
        )
    if file.unknown:
        raise MalformedFileError(
            path, f"has an unknown column {_listed(file.unknown)}. {expected}; rename or remove it."
        )
    return file.records


def too_many_columns(count: int, line: int = 1) -> str:
    """The sentence on a line with more than MOST_COLUMNS columns."""
    return (
        f"line {line} has {count:,} columns; at most {MOST_COLUMNS:,} are allowed: remove those not needed."
    )


def named_twice(names: Sequence[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if name and count > 1)


def is_comment(line: str) -> bool:
    """Whether a line is a comment: a spreadsheet puts it into quotes if it contains a separator."""
    return line.startswith(("#", '"#'))


def cell_text(cell: str) -> str:
    """The text of a cell, trimmed, and without the formula that keeps a spreadsheet from changing it.

    >>> cell_text(' ="AAPL" ')
    'AAPL'
    """
    text = cell.strip()
    return text[2:-1].strip() if text.startswith('="') and text.endswith('"') and len(text) > 2 else text  # noqa: PLR2004 - the signs themselves


def parse_number(text: str) -> Decimal | None:
    """The decimal as written (thousands separators and a sign allowed), or None if it is not a finite number.

    >>> parse_number("1,234.50")
    Decimal('1234.50')
    >>> parse_number("NaN") is None
    True
    """
    if (
        not _NUMBER.fullmatch(text)
        or not any(map(str.isdigit, re.split("[eE]", text)[0]))
        or not text.isascii()
    ):
        return None
    number = Decimal(text.replace(",", ""))
    return number if abs(number) < _LARGEST else None


def decimals(number: Decimal) -> int:
    """The number of decimal places without trailing zeros: 1 for 1.50."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def parse_date(text: str) -> date | None:
    """The date, or None if the text is not a valid date as YYYY-MM-DD."""
    if not _ISO_DATE.fullmatch(text) or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_text(path: Path) -> str:
    """The file's text. Raises UnreadableFileError naming the line that is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(
            "encoding", f"line {line} is not written in UTF-8; save the file as CSV UTF-8.", line
        ) from error


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True) if "\r" in text and "\n" not in text else text.split("\n")


def _rows(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each record; comments and blank lines are skipped."""
    place = 0

    def feed() -> Iterator[str]:
        nonlocal place
        while place < len(lines):
            line = lines[place].rstrip("\r\n")
            place += 1
            yield line + "\n"

    reader: Any = csv.reader(feed(), strict=True, delimiter=delimiter)
    while place < len(lines):
        if not lines[place].strip() or is_comment(lines[place]):
            place += 1
            continue
        begin = place + 1
        try:
            cells = next(reader)
        except csv.Error as error:
            raise UnreadableFileError(
                "malformed", f"line {begin} cannot be read ({error}); look at its quotes.", begin
            ) from error
        if any(cell.strip() for cell in cells):
            yield begin, cells


def _check_header(names: Sequence[str], columns: Sequence[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise UnreadableFileError("header", too_many_columns(len(names)), 1)
    twice = named_twice(names)
    if twice:
        raise UnreadableFileError(
            "header", f"the first line names {_listed(twice)} twice; leave one of them.", 1
        )
    if not set(names) & set(columns):
        hint = " (columns are separated by commas)" if set(";\t|") & set("".join(names)) else ""
        raise UnreadableFileError(
            "header", f"the first line names none of the columns {', '.join(columns)}{hint}.", 1
        )
    if "" in names:
        raise UnreadableFileError("header", "a column of the first line has no name; give it one.", 1)


def _named_cells(names: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    """The cells by column; those beyond the header's width are an error unless they are empty."""
    width = len(names)
    if any(cell.strip() for cell in cells[width:]):
        raise UnreadableFileError(
            "malformed",
            f"line {line} has {len(cells)} cells where the first line names {width} columns; "
            "put a text with a comma into quotes.",
            line,
        )
    return {name: cell_text(cell) for name, cell in zip(names, cells, strict=False)}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
