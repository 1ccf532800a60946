"""Reading a download's lines: records with their line numbers, and cells by the names of a header."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_LONG_NAME = re.compile(r".*\((.+)\)")  # Schwab writes "Qty (Quantity)"


class Line(NamedTuple):
    """The cells of a record, trimmed, and the line where it begins."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Row:
    """A record by the names of its header, lower case; a missing cell is ''."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    def first(self, *names: str) -> str:
        """The first of these cells that is filled."""
        return next((self[name] for name in names if self[name]), "")


def read_lines(text: str) -> list[Line]:
    """The records of a text, however uneven. Raises csv.Error for what is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""))
    lines, begin = [], 1
    for cells in reader:
        trimmed = [cell.strip() for cell in cells]
        if any(trimmed):
            lines.append(Line(begin, trimmed))
        begin = reader.line_num + 1
    return lines


def header_names(cells: Sequence[str]) -> list[str]:
    """The names of a header, lower case, long for short: 'Qty (Quantity)' is 'quantity'."""
    names = []
    for cell in cells:
        match = _LONG_NAME.fullmatch(cell)
        names.append(" ".join((match[1] if match else cell).lower().split()))
    return names


def find_header(lines: Iterable[Line], required: Collection[str]) -> Line | None:
    """The first record that names all of these columns."""
    return next((line for line in lines if set(required) <= set(header_names(line.cells))), None)


def rows_below(lines: Iterable[Line], header: Line) -> Iterator[Row]:
    """The records that follow a header, by its names."""
    names = header_names(header.cells)
    for line in lines:
        if line.number > header.number:
            yield Row(line.number, dict(zip(names, line.cells, strict=False)))
