"""Read a download: records with their line numbers, and cells by header name."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ingestion.files.csv_reader import cell_text
from ingestion.statements.brokers.notation import amount

_LONG_NAME = re.compile(r".*\((.*[A-Za-z].*)\)")  # Schwab writes "Qty (Quantity)"; others "Price ($)"


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
    """The records of a text; their lengths may differ. Raises csv.Error if it is not CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines, begin = [], 1
    for cells in reader:
        trimmed = [cell_text(cell) for cell in cells]
        if any(trimmed):
            lines.append(Line(begin, trimmed))
        begin = reader.line_num + 1
    return lines


def header_names(cells: Sequence[str]) -> list[str]:
    """The names of a header in lower case, the long one if there are two: 'Qty (Quantity)' is 'quantity'."""
    names = []
    for cell in cells:
        match = _LONG_NAME.fullmatch(cell)
        names.append(" ".join((match[1] if match else cell).lower().split()))
    return names


def find_header(lines: Iterable[Line], required: Collection[str]) -> Line | None:
    """The first record with all of these column names."""
    return next((line for line in lines if set(required) <= set(header_names(line.cells))), None)


def stated_total(text: str, account: str) -> dict[str, Decimal]:
    """The account's total in a cell, by account; {} if it is not a number."""
    total = amount(text)
    return {} if total is None else {account: total}


def rows_below(lines: Iterable[Line], header: Line) -> Iterator[Row]:
    """The records below a header, by its names."""
    names = header_names(header.cells)
    for line in lines:
        if line.number > header.number:
            yield Row(line.number, dict(zip(names, line.cells, strict=False)))
