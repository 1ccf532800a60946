"""How a file writes its dates and numbers: decided once for the whole file, then each cell in one form.

A file has one order of dates (6/30/2025) and one decimal mark. If its cells allow only one, it is taken and
reported; if they allow several with different meanings, the user is asked once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from ingestion.errors import PositionsFileError
from ingestion.files.csv_reader import Delimited, Record
from ingestion.files.dates import ORDERS, DateOrder, is_iso, plain_date, readings
from ingestion.files.numbers import DecimalMark, has_accounting_sign, plain_number, possible_marks
from ingestion.statements.columns import (
    COLUMNS,
    ENTRY_DATE,
    ENTRY_PRICE,
    EXIT_DATE,
    EXIT_PRICE,
    EXPIRATION,
    QUANTITY,
    STRIKE,
)

_NUMBERS = (QUANTITY, ENTRY_PRICE, STRIKE, EXIT_PRICE)
_DATES = (ENTRY_DATE, EXIT_DATE, EXPIRATION)
_DATE_CODES = {ENTRY_DATE: 13, EXIT_DATE: 18, EXPIRATION: 21}
_NUMBER_CODES = {QUANTITY: 5, ENTRY_PRICE: 9, STRIKE: 20, EXIT_PRICE: 18}
_ORDER_NAMES: Mapping[DateOrder, str] = {"MDY": "month first", "DMY": "day first", "YMD": "year first"}


@dataclass(frozen=True)
class FileFormats:
    """What the user says of the file: the order of its dates, and its decimal mark."""

    date_order: DateOrder | None = None
    decimal: DecimalMark | None = None


class Normalized(NamedTuple):
    """The records with dates as YYYY-MM-DD and plain numbers; unreadable cells stay as they are."""

    records: tuple[Record, ...]
    notices: tuple[str, ...]
    errors: tuple[PositionsFileError, ...]


class _Cell(NamedTuple):
    line: int
    column: str
    text: str
    latest: date | None


def normalize(file: Delimited, formats: FileFormats, *, delimiter: str, today: date) -> Normalized:
    """The records in one form, or the questions that the file leaves open.

    today: entries and exits with a two-digit year do not lie after it.
    """
    dates = _date_cells(file, today)
    numbers = _number_cells(file)
    order = formats.date_order or _order(dates)
    mark = formats.decimal or _mark(numbers, delimiter)
    errors = [found for found in (order, mark) if isinstance(found, PositionsFileError)]
    if isinstance(order, PositionsFileError) or isinstance(mark, PositionsFileError):
        return Normalized((), (), tuple(errors))
    columns = [name for name in (*_NUMBERS, *_DATES) if name in file.columns]
    records = tuple(_normalized(record, columns, order, mark, today) for record in file.records)
    return Normalized(records, (*_date_notice(dates, order), *_number_notices(numbers, mark)), ())


def _number_cells(file: Delimited) -> list[_Cell]:
    """The first cell with each text that may depend on the decimal mark, or on a sign's place."""
    first: dict[str, _Cell] = {}
    for column in (name for name in _NUMBERS if name in file.columns):
        for record in file.records:
            text = record.cells[column]
            if not text.isdigit() and text and text not in first:
                first[text] = _Cell(record.line, column, text, None)
    return list(first.values())


def _date_cells(file: Delimited, today: date) -> list[_Cell]:
    """The cells whose date depends on the order in which it is read."""
    cells = []
    for column in (name for name in _DATES if name in file.columns):
        latest = None if column == EXPIRATION else today
        for record in file.records:
            text = record.cells[column]
            if text and not is_iso(text) and plain_date(text, latest) is None and readings(text, latest):
                cells.append(_Cell(record.line, column, text, latest))
    return sorted(cells)


def _order(cells: Sequence[_Cell]) -> DateOrder | PositionsFileError | None:
    """The one order that reads all of these dates, None if there are none, or the question to the user."""
    if not cells:
        return None
    found = [readings(cell.text, cell.latest) for cell in cells]
    possible = [order for order in ORDERS if all(order in one for one in found)]
    if not possible:
        return _mixed(cells, found)
    if all(len({one[order] for order in possible}) == 1 for one in found):
        return possible[0]
    place = next(i for i, one in enumerate(found) if len({one[order] for order in possible}) > 1)
    meanings = " or ".join(f"{found[place][order]} ({order})" for order in possible)
    sentence = (
        f"The file's dates can be read in two orders: {cells[place].text} is {meanings}. Say which with "
        f"--date-format {' or --date-format '.join(possible)}, or write dates as YYYY-MM-DD."
    )
    return _error(_DATE_CODES, cells[place], sentence)


def _mixed(cells: Sequence[_Cell], found: Sequence[Mapping[DateOrder, date]]) -> PositionsFileError:
    """The error of a file whose dates have no order in common: its first two dates that contradict."""
    first = found[0]
    other = next((i for i, one in enumerate(found) if not set(first) & set(one)), len(cells) - 1)
    sentence = (
        f"The file's dates are in different orders: {cells[0].text} in row {cells[0].line} is "
        f"{_named(first)}, {cells[other].text} in row {cells[other].line} is {_named(found[other])}. "
        "Write all in one order, or as YYYY-MM-DD."
    )
    return _error(_DATE_CODES, cells[other], sentence)


def _mark(cells: Sequence[_Cell], delimiter: str) -> DecimalMark | PositionsFileError:
    """The decimal mark of the file, or the question to the user.

    Between commas, 1,250 is a thousand: only numbers that are none with a point make the comma its mark.
    """
    possible, differs = possible_marks(cell.text for cell in cells)
    if len(possible) == 1:
        return possible[0]
    if not possible or differs is None or delimiter == ",":
        return "point"
    cell = next(cell for cell in cells if cell.text == differs)
    sentence = (
        f"The file's numbers can be read in two ways: {differs} is {plain_number(differs, 'point')} or "
        f"{plain_number(differs, 'comma')}. Say which with --decimal point or --decimal comma."
    )
    return _error(_NUMBER_CODES, cell, sentence)


def _normalized(
    record: Record, columns: Sequence[str], order: DateOrder | None, mark: DecimalMark, today: date
) -> Record:
    changed = {}
    for column in columns:
        text = record.cells[column]
        if not text or (text.isdigit() and column in _NUMBERS):
            continue
        if column in _NUMBERS:
            written = plain_number(text, mark)
        elif is_iso(text):
            continue
        else:
            as_date = _read_date(text, order, None if column == EXPIRATION else today)
            written = as_date.isoformat() if as_date else None
        if written is not None and written != text:
            changed[column] = written
    return replace(record, cells={**record.cells, **changed}) if changed else record


def _read_date(text: str, order: DateOrder | None, latest: date | None) -> date | None:
    plain = plain_date(text, latest)
    if plain is not None or order is None:
        return plain
    return readings(text, latest).get(order)


def _date_notice(cells: Sequence[_Cell], order: DateOrder | None) -> list[str]:
    if not cells or order is None:
        return []
    as_date = readings(cells[0].text, cells[0].latest).get(order)
    return [f"Dates are read {_ORDER_NAMES[order]}: {cells[0].text} is {as_date}."] if as_date else []


def _number_notices(cells: Sequence[_Cell], mark: DecimalMark) -> list[str]:
    notices = []
    comma = next((cell.text for cell in cells if mark == "comma" and "," in cell.text), None)
    if comma is not None:
        notices.append(f"Numbers are read with a decimal comma: {comma} is {plain_number(comma, mark)}.")
    signed = next((cell.text for cell in cells if has_accounting_sign(cell.text)), None)
    if signed is not None and plain_number(signed, mark) is not None:
        notices.append(f"{signed} is read as {plain_number(signed, mark)}, a short.")
    return notices


def _named(found: Iterable[DateOrder]) -> str:
    return " or ".join(_ORDER_NAMES[order] for order in found)


def _error(codes: Mapping[str, int], cell: _Cell, sentence: str) -> PositionsFileError:
    code = f"ERR_POS_{codes[cell.column]:03d}"
    return PositionsFileError(code, cell.line, COLUMNS[cell.column], cell.text, sentence)
