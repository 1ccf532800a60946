"""Read the first visible sheet of an Excel workbook (.xlsx) as the text of a CSV file: a line per row.

A workbook is a zip archive of XML files (ECMA-376 of 2016, part 1, section 18). Numbers are written with
the 15 digits that Excel keeps, dates as YYYY-MM-DD, formulas as their stored results.
"""

import csv
import io
import lzma
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Context, Decimal, InvalidOperation, Overflow
from xml.parsers import expat

from ingestion.files.csv_reader import UnreadableFileError

LARGEST_PART = 64 * 1024 * 1024  # bytes of one XML file, unpacked
LARGEST_TAG = 1024 * 1024  # bytes of an element's name and attributes, all of which are in memory at once
MOST_LEVELS = 100  # of nested elements; each text asks for those around it
MOST_COLUMNS = 256
MOST_ROWS = 200_000
MOST_CELLS = 1_500_000
MOST_CHARACTERS = 32 * 1024 * 1024  # of all cells: each of them may show the same shared string

_PIECE = 64 * 1024  # bytes that are parsed before the size of a tag is looked at
_NOT_A_WORKBOOK = "the file is not a readable Excel workbook; save it as CSV UTF-8."
_TOO_MANY_CELLS = (
    f"the sheet has a cell beyond row {MOST_ROWS:,} or column {MOST_COLUMNS}, or over {MOST_CELLS:,} cells, "
    "with the empty ones up to its last column; keep the positions only, or save them as CSV UTF-8."
)
_TOO_MUCH_TEXT = (
    f"the cells of the sheet hold over {MOST_CHARACTERS:,} characters; keep the positions only, or save them "
    "as CSV UTF-8."
)
_RELATIONSHIP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_DIGITS = Context(prec=15, Emin=-308, Emax=308)  # of a double that Excel shows
_DATE_FORMATS = frozenset({*range(14, 18), 22, *range(27, 37), *range(50, 59)})  # built in, with a date
_DATE_PART = re.compile(r"[ydYD]|m{3,}|M{3,}")
# literals, colours, conditions, padding; one that is not closed goes to the end, which is sought only once
_NOT_PARTS = re.compile(r'"[^"]*(?:"|\Z)|\\.|\[[^\]]*(?:\]|\Z)|_.|\*.')
_CELL = re.compile(r"([A-Z]{1,3})([0-9]+)")
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_LEAP_BUG = 60  # Excel counts 29 February 1900, which never was: serial numbers below are a day later

_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(RuntimeError, expat.ExpatError, LookupError, ValueError, OverflowError),
)

Attributes = Mapping[str, str]


@dataclass
class _Book:
    """What the cells of a sheet refer to."""

    strings: list[str] = field(default_factory=list)
    date_styles: frozenset[int] = frozenset()
    epoch: date = _EPOCH


def workbook_text(content: bytes) -> str:
    """The first visible sheet as CSV with commas. Raises UnreadableFileError: no workbook, or too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheet, book = _open(archive)
            return _as_csv(_sheet_rows(_part(archive, sheet), book))
    except _UNREADABLE as error:
        raise UnreadableFileError("malformed", _NOT_A_WORKBOOK) from error


# --- the parts of the archive ----------------------------------------------------------------------------


def _open(archive: zipfile.ZipFile) -> tuple[str, _Book]:
    """The name of the first visible sheet's part, and what its cells refer to."""
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names:
        raise UnreadableFileError("malformed", _NOT_A_WORKBOOK)
    sheets: list[str] = []
    book = _Book()

    def start(name: str, attributes: Attributes) -> None:
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            sheets.append(_relation_id(attributes))
        elif name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            book.epoch = _EPOCH_1904

    _parse(_part(archive, "xl/workbook.xml"), start)
    targets = _targets(archive)
    if not sheets or sheets[0] not in targets:
        raise UnreadableFileError(
            "empty", "the workbook has no visible sheet; save the positions as its first."
        )
    if "xl/sharedStrings.xml" in names:
        book.strings = _shared_strings(_part(archive, "xl/sharedStrings.xml"))
    if "xl/styles.xml" in names:
        book.date_styles = _date_styles(_part(archive, "xl/styles.xml"))
    return targets[sheets[0]], book


def _relation_id(attributes: Attributes) -> str:
    return attributes.get(f"{_RELATIONSHIP} id") or attributes.get(f"{_STRICT} id", "")


def _targets(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of each relationship of the workbook."""
    targets: dict[str, str] = {}

    def start(name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")

    _parse(_part(archive, "xl/_rels/workbook.xml.rels"), start)
    return targets


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """The unpacked part, at most LARGEST_PART bytes."""
    with archive.open(name) as opened:
        content = opened.read(LARGEST_PART + 1)
    if len(content) > LARGEST_PART:
        sentence = (
            f"the workbook is larger than {LARGEST_PART // 1024**2} MB unpacked; "
            "keep the positions only, or save them as CSV UTF-8."
        )
        raise UnreadableFileError("malformed", sentence)
    return content


def _parse(
    content: bytes,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Parse XML: element names without namespace, attributes with it before a space."""
    parser = expat.ParserCreate(namespace_separator=" ")
    level = 0

    def refuse(*_: object) -> None:
        raise UnreadableFileError("malformed", _NOT_A_WORKBOOK)  # a workbook defines no entities

    def enter(name: str, attributes: Attributes) -> None:
        nonlocal level
        level += 1
        if level > MOST_LEVELS:
            refuse()
        start(name.rsplit(" ", 1)[-1], attributes)

    def leave(name: str) -> None:
        nonlocal level
        level -= 1
        if end is not None:
            end(name.rsplit(" ", 1)[-1])

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = enter, leave
    if text is not None:
        parser.buffer_text = True
        parser.CharacterDataHandler = text
    for place in range(0, len(content), _PIECE):
        parser.Parse(content[place : place + _PIECE], False)
        if place - parser.CurrentByteIndex > LARGEST_TAG:
            refuse()
    parser.Parse(b"", True)


def _shared_strings(content: bytes) -> list[str]:
    """The texts that cells refer to by number, without phonetic hints."""
    strings: list[str] = []
    pieces: list[str] = []
    inside: list[str] = []

    def start(name: str, _: Attributes) -> None:
        inside.append(name)
        if name == "si":
            pieces.clear()

    def end(name: str) -> None:
        inside.pop()
        if name == "si":
            strings.append("".join(pieces))

    def text(piece: str) -> None:
        if inside and inside[-1] == "t" and "rPh" not in inside:
            pieces.append(piece)

    _parse(content, start, end, text)
    return strings


def _date_styles(content: bytes) -> frozenset[int]:
    """The numbers of the cell styles that show a date."""
    own: dict[int, str] = {}
    formats: list[int] = []
    inside: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            own[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "xf" and "cellXfs" in inside:
            formats.append(int(attributes.get("numFmtId", "0")))
        inside.append(name)

    def end(_: str) -> None:
        inside.pop()

    _parse(content, start, end)
    dates = {number for number, code in own.items() if _is_date_format(code)} | (_DATE_FORMATS - own.keys())
    return frozenset(style for style, number in enumerate(formats) if number in dates)


def _is_date_format(code: str) -> bool:
    return _DATE_PART.search(_NOT_PARTS.sub("", code)) is not None


# --- the cells -------------------------------------------------------------------------------------------


@dataclass
class _Sheet:
    """A sheet while it is parsed; rows by their number."""

    book: _Book
    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    row: int = 0
    column: int = -1
    count: int = 0
    characters: int = 0
    kind: str = "n"
    style: int = 0
    pieces: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: Attributes) -> None:
        self.inside.append(name)
        if name == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = -1
        elif name == "c":
            self._place(attributes.get("r"))
            self.kind, self.style = attributes.get("t", "n"), int(attributes.get("s", "0"))
            self.pieces.clear()

    def end(self, name: str) -> None:
        self.inside.pop()
        if name == "c" and self.pieces:
            text = _cell_text("".join(self.pieces), self.kind, self.style, self.book)
            self.characters += len(text)
            if self.characters > MOST_CHARACTERS:
                raise UnreadableFileError("malformed", _TOO_MUCH_TEXT)
            self.rows.setdefault(self.row, {})[self.column] = text

    def text(self, piece: str) -> None:
        if self.inside[-1:] == ["v"] or (self.inside[-1:] == ["t"] and "rPh" not in self.inside):
            self.pieces.append(piece)

    def _place(self, reference: str | None) -> None:
        match = _CELL.fullmatch(reference or "")
        self.column = _column(match[1]) if match else self.column + 1
        self.count += 1
        if self.column >= MOST_COLUMNS or not 1 <= self.row <= MOST_ROWS or self.count > MOST_CELLS:
            raise UnreadableFileError("malformed", _TOO_MANY_CELLS)


def _sheet_rows(content: bytes, book: _Book) -> Iterator[Sequence[str]]:
    """The texts of each row of the sheet, from the first on; [] for an empty row."""
    sheet = _Sheet(book)
    _parse(content, sheet.start, sheet.end, sheet.text)
    width = max((max(cells) + 1 for cells in sheet.rows.values()), default=0)
    if width * len(sheet.rows) > MOST_CELLS:
        raise UnreadableFileError("malformed", _TOO_MANY_CELLS)
    for number in range(1, max(sheet.rows, default=0) + 1):
        cells = sheet.rows.get(number, {})
        yield [cells.get(place, "") for place in range(width)] if cells else []


def _as_csv(rows: Iterator[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _cell_text(value: str, kind: str, style: int, book: _Book) -> str:
    if kind == "s":
        place = int(value)
        if place < 0:  # counted from the end, it would be another text
            raise UnreadableFileError("malformed", _NOT_A_WORKBOOK)
        return _line(book.strings[place])
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    if kind == "n":
        return _number_text(value, is_date=style in book.date_styles, epoch=book.epoch)
    return _line(value)  # str, inlineStr, e, and d: a text, an error, a date in ISO 8601


def _number_text(value: str, *, is_date: bool, epoch: date) -> str:
    try:
        number = _DIGITS.create_decimal(value.strip())
    except (InvalidOperation, Overflow):
        return value
    if not number.is_finite():
        return value
    if is_date and 0 < number < 2_958_466:  # noqa: PLR2004 - the serial number of 9999-12-31, plus one
        days = int(number)
        offset = 1 if epoch == _EPOCH and days < _LEAP_BUG else 0
        return (epoch + timedelta(days=days + offset)).isoformat()
    return f"{number.normalize() + Decimal(0):f}"


def _line(text: str) -> str:
    """The text in one line, so that rows of the sheet are lines of the file."""
    return " ".join(text.split("\n")) if "\n" in text else text
