"""A report as CSV (RFC 4180): the position file, a file for each section, and what explains them.

portfolio_report.csv            the position file: 34 columns, a row for each open position
portfolio_report_SECTION.csv    the other tables of a section: `table` names the table of a row
portfolio_report_columns.csv    each column's meaning, unit, coverage and query
portfolio_report_sections.csv   whether a section is available, and why not
portfolio_report_absent.csv     each absent figure and its reason

A cell is empty where a table has no such column, or where its figure is absent. Words that begin like a
formula are prefixed with an apostrophe: spreadsheets execute formulas.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from api.reports.figures import exact
from api.reports.model import Kind, Report, Section, Table, Value
from api.reports.sections.holdings import FILE

POSITIONS: Final = "portfolio_report.csv"
OF_WHOLE_REPORT: Final = ("columns", "sections", "absent")
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)  # of the format of zip: the same file has the same bytes

# the last four are wide: spreadsheets read them alike in some languages
_FORMULA: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

Line = Sequence[str | None]


def file_name(section: str) -> str:
    """The name of a section's file."""
    return f"portfolio_report_{section}.csv"


def as_csv(report: Report) -> dict[str, str]:
    """The text of each file by its name."""
    sections = {
        file_name(section.name): _text(_section(section)) for section in report.sections if _listed(section)
    }
    return {
        POSITIONS: _text(_positions(report)),
        **sections,
        file_name("columns"): _text(_columns(report)),
        file_name("sections"): _text(_sections(report)),
        file_name("absent"): _text(_absent(report)),
    }


def as_zip(report: Report) -> bytes:
    """All files in one archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in as_csv(report).items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), text, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def is_report_file(name: str) -> bool:
    """Whether a file of this name is one of a report's CSV files."""
    return name == POSITIONS or (name.startswith("portfolio_report_") and name.endswith(".csv"))


def _text(lines: Iterable[Line]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(lines)
    return written.getvalue()


def _listed(section: Section) -> list[Table]:
    return [table for table in section.tables if table.layout != "file"]


def _positions(report: Report) -> Iterator[Line]:
    yield [column.name for column in FILE]
    for table in report.section("holdings").tables:
        if table.layout == "file":
            yield from _rows(table)


def _rows(table: Table) -> Iterator[list[str | None]]:
    for row in table.rows:
        yield [_cell(value, column.kind) for column, value in zip(table.columns, row, strict=True)]


def _cell(value: Value, kind: Kind) -> str | None:
    text = exact(value, kind)
    return _word(text) if text and kind is Kind.TEXT else text


def _word(text: str) -> str:
    return f"'{text}" if text[:1] and text[0] in _FORMULA else text


def _section(section: Section) -> Iterator[Line]:
    """One header for all tables of the section: the columns of all of them, each once."""
    tables = _listed(section)
    names = list(dict.fromkeys(column.name for table in tables for column in table.columns))
    yield ["table", *names]
    for table in tables:
        own = [column.name for column in table.columns]
        for row in _rows(table):
            cells = dict(zip(own, row, strict=True))
            yield [table.name, *(cells.get(name) for name in names)]


def _columns(report: Report) -> Iterator[Line]:
    yield ["section", "table", "column", "label", "kind", "unit", "coverage", "query", "marts"]
    for section in report.sections:
        for table in section.tables:
            where = (exact(table.coverage, Kind.RATE), table.query, " ".join(table.marts))
            for column in table.columns:
                yield [section.name, table.name, column.name, column.label, column.kind, column.unit, *where]


def _sections(report: Report) -> Iterator[Line]:
    yield [
        "section", "title", "available", "reason", "quality_flag", "quality_message", "positions_analyzed",
        "positions_total", "positions_skipped", "data_days", "coverage_of_equity",
    ]  # fmt: skip
    for section in report.sections:
        yield [
            section.name,
            section.title,
            "yes" if section.available else "no",
            section.reason,
            *_quality(section),
        ]


def _quality(section: Section) -> list[str | None]:
    quality = section.quality
    if quality is None:
        return [None] * 7
    counts = (
        quality.positions_analyzed,
        quality.positions_total,
        quality.positions_skipped,
        quality.data_days,
    )
    return [
        quality.flag, quality.message, *map(str, counts), exact(quality.coverage_of_equity, Kind.RATE),
    ]  # fmt: skip


def _absent(report: Report) -> Iterator[Line]:
    yield ["section", "table", "row", "column", "reason"]
    for section in report.sections:
        for table in section.tables:
            for absence in table.absent:
                for row in absence.rows or ("",):
                    yield [section.name, table.name, _word(row), absence.column, absence.reason]
