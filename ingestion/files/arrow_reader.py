"""Fast, strict reader of large files: CSV or Parquet into Arrow; errors name file, row, column and remedy.

The fast path is Arrow's own reader. If it or a check of its result finds an error, the file is read again
slowly to find the row.
"""

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from ingestion.errors import MalformedFileError
from ingestion.files.csv_reader import MOST_COLUMNS, named_twice, too_many_columns
from ingestion.market.symbols import LONGEST_SYMBOL, VALID_SYMBOL, normalize_symbol

Kind = Literal["text", "symbol", "number", "date"]
Bound = Literal["any", "positive", "not_negative"]

_TYPES = {
    "text": pa.string(),
    "symbol": pa.dictionary(pa.int32(), pa.string()),
    "number": pa.float64(),
    "date": pa.date32(),
}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LONGEST_VALUE_SHOWN = 60


@dataclass(frozen=True)
class Column:
    """A column of a file. is_required: the file must have it. may_be_empty: its cells may be empty."""

    name: str
    kind: Kind = "text"
    is_required: bool = True
    may_be_empty: bool = False
    bound: Bound = "any"


@dataclass(frozen=True)
class Layout:
    """The columns of a file. ignored: known but unused. keeps_others: keep unknown columns, as text."""

    columns: tuple[Column, ...]
    ignored: frozenset[str] = frozenset()
    keeps_others: bool = False
    has_long_texts: bool = False

    def column(self, name: str) -> Column:
        """The column of this name; an unknown one is optional text."""
        found = (column for column in self.columns if column.name == name)
        return next(found, Column(name, is_required=False, may_be_empty=True))


@dataclass(frozen=True)
class FileTable:
    """A file that was read: its columns by their lower-case names, and the position of each row."""

    path: Path
    table: pa.Table

    def row_number(self, index: int) -> int:
        """The row's line in a CSV file, or its number from 1 in a Parquet file."""
        return int(self.row_numbers(np.array([index]))[0])

    def row_numbers(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Like row_number, for many rows."""
        if not len(indices):
            return indices
        if self.path.suffix == ".parquet":
            return indices + 1
        return self._lines[indices]

    def fault(self, index: int, column: str, sentence: str, value: object = None) -> MalformedFileError:
        """The exception for an invalid cell."""
        return MalformedFileError(
            self.path,
            sentence,
            row=self.row_number(index),
            column=column,
            value=None if value is None else str(value),
        )

    @cached_property
    def _lines(self) -> npt.NDArray[np.int64]:
        first = _header_lines(self.path) + 1
        if _count_lines(self.path) == first - 1 + self.table.num_rows:  # each row is a line
            return np.arange(first, first + self.table.num_rows)
        records = _records(self.path)
        next(records)
        return np.fromiter((line for line, _ in records), dtype=np.int64)


def read_file(path: Path, layout: Layout) -> FileTable:
    """Read a CSV or Parquet file and check it against its layout.

    Optional columns that the file lacks are null. Raises MalformedFileError for a missing or unknown column,
    an invalid number or date, an empty cell in a required column, NaN, infinity or a value out of bounds.
    """
    if not path.is_file():
        raise MalformedFileError(path, "there is no such file; check the name and the folder.")
    table = _read_parquet(path, layout) if path.suffix == ".parquet" else _read_csv(path, layout)
    for column in layout.columns:
        if column.name not in table.column_names:
            table = table.append_column(column.name, pa.nulls(table.num_rows, _TYPES[column.kind]))
    file = FileTable(path, table)
    for column in layout.columns:
        _check_cells(file, column)
    return file


def check_not_future(file: FileTable, column: str, today: date) -> None:
    """Raise MalformedFileError for a date after `today`."""
    late = pc.greater(file.table[column], pa.scalar(today, pa.date32()))
    index = _first(late)
    if index is not None:
        day = file.table[column][index].as_py()
        raise file.fault(index, column, f"{day} lies in the future; correct the date or remove the row.", day)


def normalized_symbols(file: FileTable, column: str) -> tuple[list[str], npt.NDArray[np.int32]]:
    """The column's distinct symbols, normalized and sorted, and each row's index into them."""
    encoded = file.table[column].unify_dictionaries().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    written = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    for place, text in enumerate(written):
        symbol = normalize_symbol(text)
        if not VALID_SYMBOL.fullmatch(symbol) or len(symbol) > LONGEST_SYMBOL:
            index = int(np.flatnonzero(codes == place)[0])
            raise file.fault(
                index, column, f"{text!r} is not a valid symbol; use only A-Z 0-9 . - _ / ^ =.", text
            )
    symbols, places = np.unique([normalize_symbol(text) for text in written], return_inverse=True)
    if not written:
        return [], codes.astype(np.int32)
    return [str(symbol) for symbol in symbols], places.astype(np.int32)[codes]


# --- reading ---------------------------------------------------------------------------------------------


def _read_csv(path: Path, layout: Layout) -> pa.Table:
    names = _header(path, layout)
    wanted = [name for name in names if name not in layout.ignored]
    read = arrow_csv.ReadOptions(column_names=names, skip_rows=_header_lines(path))
    parse = arrow_csv.ParseOptions(newlines_in_values=layout.has_long_texts)
    convert = arrow_csv.ConvertOptions(
        column_types={name: _TYPES[layout.column(name).kind] for name in wanted},
        include_columns=wanted,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    try:
        return arrow_csv.read_csv(path, read, parse, convert)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _find_fault(path, layout, names, str(error)) from error


def _read_parquet(path: Path, layout: Layout) -> pa.Table:
    """The file, read column by column: only one column at a time is in memory in both types."""
    columns = {}
    try:
        file = parquet.ParquetFile(path, pre_buffer=False)
        given = {name.strip().lower(): name for name in file.schema_arrow.names}
        for name in _check_names(path, list(given), layout):
            if name not in layout.ignored:
                written = file.read(columns=[given[name]], use_threads=False).column(0)
                columns[name] = _as_kind(path, name, written, layout.column(name).kind)
                del written
                pa.default_memory_pool().release_unused()
        return pa.table(columns)
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk, not of what the file holds
        said = " ".join(str(error).split()).removesuffix(".")
        raise MalformedFileError(path, f"cannot be read as Parquet ({said}).") from error


def _as_kind(path: Path, name: str, written: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    """The column, cast to our type. Raises MalformedFileError naming the column that cannot be cast."""
    try:
        return _cast(written, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise MalformedFileError(
            path, f"holds {written.type}, which cannot be read as a {kind} ({error}).", column=name
        ) from error


def _cast(column: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    if kind == "symbol":
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        return column.cast(pa.string()).dictionary_encode()
    return column.cast(_TYPES[kind])


def _header(path: Path, layout: Layout) -> list[str]:
    """The column names in the order of the file, trimmed and in lower case."""
    try:
        first = next(_records(path), None)
    except UnicodeDecodeError as error:
        raise MalformedFileError(path, "is not written in UTF-8; save it as CSV UTF-8.", row=1) from error
    if first is None:
        raise MalformedFileError(path, "is empty; its first line must name the columns.")
    return _check_names(path, [name.strip().lower() for name in first[1]], layout)


def _header_lines(path: Path) -> int:
    return next(_records(path))[0]


def _count_lines(path: Path) -> int:
    """The number of lines in the file; the last one may lack a newline."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")


def _check_names(path: Path, names: Sequence[str], layout: Layout) -> list[str]:
    """The names, if they match the layout. Raises MalformedFileError naming each column that does not."""
    if len(names) > MOST_COLUMNS:
        raise MalformedFileError(path, too_many_columns(len(names)), row=1)
    known = [column.name for column in layout.columns]
    missing = [column.name for column in layout.columns if column.is_required and column.name not in names]
    unknown = [name for name in names if name not in known and name not in layout.ignored]
    twice = named_twice(names)
    expected = f"The columns are {', '.join(known)}"
    if missing:
        raise MalformedFileError(
            path, f"has no column {_listed(missing)}. {expected}; the first line must name them."
        )
    if twice:
        raise MalformedFileError(path, f"has the column {_listed(twice)} twice; leave one of them.", row=1)
    if unknown and not layout.keeps_others:
        raise MalformedFileError(
            path, f"has an unknown column {_listed(unknown)}. {expected}; rename it or remove it.", row=1
        )
    return list(names)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


# --- errors ----------------------------------------------------------------------------------------------


def _check_cells(file: FileTable, column: Column) -> None:
    values = file.table[column.name]
    if column.is_required and not column.may_be_empty and values.null_count:
        index = _first(pc.is_null(values))
        assert index is not None  # noqa: S101 - there is one: they were counted
        raise file.fault(index, column.name, "the cell is empty; fill it or remove the row.")
    if column.kind != "number" or values.null_count == len(values):
        return
    tests = [
        (pc.invert(pc.is_finite(values)), "is not a number; leave the cell empty where the value is unknown.")
    ]
    if column.bound == "positive":
        tests.append((pc.less_equal(values, 0.0), "is not above zero; correct it, or remove the row."))
    if column.bound == "not_negative":
        tests.append((pc.less(values, 0.0), "is below zero; correct it, or remove the row."))
    for test, sentence in tests:
        index = _first(test)
        if index is not None:
            value = values[index].as_py()
            raise file.fault(index, column.name, f"{value:g} {sentence}", value)


def _first(test: pa.ChunkedArray) -> int | None:
    """Index of the first true; null counts as false."""
    index = pc.index(test, value=True).as_py()
    return None if index < 0 else int(index)


def _find_fault(path: Path, layout: Layout, names: Sequence[str], message: str) -> MalformedFileError:
    """Read the file slowly up to the first cell that Arrow could not read."""
    columns = [layout.column(name) for name in names]
    line = 1
    try:
        records = _records(path)
        next(records)
        for line, cells in records:
            if len(cells) != len(names):
                return MalformedFileError(
                    path,
                    f"the row has {len(cells)} cells where the first line names {len(names)} columns; "
                    "a comma or a quote is missing or superfluous.",
                    row=line,
                )
            for column, text in zip(columns, cells, strict=True):
                sentence = _cell_fault(column, text)
                if sentence is not None and column.name not in layout.ignored:
                    return MalformedFileError(path, sentence, row=line, column=column.name, value=text)
    except UnicodeDecodeError:
        return MalformedFileError(path, "is not written in UTF-8; save it as CSV UTF-8.", row=line + 1)
    except csv.Error as error:
        return MalformedFileError(
            path, f"the row cannot be read ({error}); look at its quotes.", row=line + 1
        )
    return MalformedFileError(path, f"cannot be read as CSV ({message}).")


def _cell_fault(column: Column, text: str) -> str | None:
    """Why the text is invalid in this column; None when it is valid."""
    shown = text if len(text) <= _LONGEST_VALUE_SHOWN else text[:_LONGEST_VALUE_SHOWN] + "..."
    if text == "":
        return None  # empty cells have their own check
    if column.kind == "number":
        try:
            if math.isfinite(float(text)) and "_" not in text:
                return None
        except ValueError:
            pass
        return f"{shown!r} is not a number; write it with digits and a point, like 1234.56."
    if column.kind == "date":
        try:
            if _ISO_DATE.fullmatch(text):
                date.fromisoformat(text)
                return None
        except ValueError:
            pass
        return f"{shown!r} is not a date; write it as YYYY-MM-DD."
    return None


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number where it begins, cells) of each record that is not empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader: Any = csv.reader(file, strict=True)
        begin = 1
        for cells in reader:
            if cells:
                yield begin, cells
            begin = reader.line_num + 1
