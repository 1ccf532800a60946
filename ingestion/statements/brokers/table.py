"""Read a download: records with their line numbers, and cells by header name."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from string import ascii_letters
from typing import NamedTuple

from ingestion.files.csv_reader import MOST_COLUMNS, UnreadableFileError, cell_text, too_many_columns
from ingestion.statements.brokers.notation import amount

_THOUSANDS = re.compile(
    r"[-+(]?\$?[-+]?\d{1,3}"
)  # of a number with a comma: what stands before it, and after
_HUNDREDS = re.compile(r"\d{3}(\.\d*)?\)?")


class Line(NamedTuple):
    """The trimmed cells of a record, and its first line."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Row:
    """A record by lower-case header name; a missing cell is ''."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    def first(self, *names: str) -> str:
        """The first of these cells that is not empty."""
        return next((self[name] for name in names if self[name]), "")


def read_lines(text: str, delimiter: str = ",") -> list[Line]:
    """The records of a text; their lengths may differ. Raises csv.Error if it is not CSV.

    Raises UnreadableFileError for a line with more than MOST_COLUMNS cells.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines, begin = [], 1
    for cells in reader:
        if len(cells) > MOST_COLUMNS:
            raise UnreadableFileError("header", too_many_columns(len(cells), begin), begin)
        trimmed = [cell_text(cell) for cell in cells]
        if any(trimmed):
            lines.append(Line(begin, trimmed))
        begin = reader.line_num + 1
    return lines


def header_names(cells: Sequence[str]) -> list[str]:
    """The names of a header in lower case, the long one if there are two: 'Qty (Quantity)' is 'quantity'."""
    return [" ".join(_long_name(cell).lower().split()) for cell in cells]


def _long_name(cell: str) -> str:
    """The last words in brackets at the end: Schwab writes "Qty (Quantity)"; others "Price ($)"."""
    if not cell.endswith(")"):
        return cell
    last_letter = max(map(cell.rfind, ascii_letters))
    begin = cell.rfind("(", 0, max(last_letter, 0))
    return cell if begin < 0 else cell[begin + 1 : -1]


def find_header(lines: Iterable[Line], required: Collection[str]) -> Line | None:
    """The first record with all of these column names."""
    return next((line for line in lines if set(required) <= set(header_names(line.cells))), None)


def stated_total(text: str, account: str) -> dict[str, Decimal]:
    """The account's total in a cell, by account; {} if it is not a number."""
    total = amount(text)
    return {} if total is None else {account: total}


def named_cells(names: Sequence[str], cells: Sequence[str], number: int) -> dict[str, str]:
    """The cells of a record by name. Raises UnreadableFileError if the comma of a number parted its cells."""
    width = max((place for place, name in enumerate(names, 1) if name), default=0)
    if any(cells[width:]) and any(
        _THOUSANDS.fullmatch(cell) and _HUNDREDS.fullmatch(after) for cell, after in pairwise(cells)
    ):
        sentence = (
            f"line {number} has more cells than columns, and a number such as 20,000.00 in two of them; put "
            "the number in quotes, or write it without the comma."
        )
        raise UnreadableFileError("malformed", sentence, number)
    return dict(zip(names, cells, strict=False))


def rows_below(lines: Iterable[Line], header: Line, *, is_last: bool = True) -> Iterator[Row]:
    """The records below a header, by its names. is_last: False if a table of other columns may follow."""
    names = header_names(header.cells)
    for line in lines:
        if line.number > header.number:
            cells = line.cells if is_last else line.cells[: len(names)]
            yield Row(line.number, named_cells(names, cells, line.number))
