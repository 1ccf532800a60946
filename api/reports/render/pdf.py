"""A report as PDF, set by typst: an extra, because its wheel is larger than all else that reports need.

The same report gives the same bytes: fonts are typst's own, and the date is that of the publication.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from api.reports.errors import PdfUnavailableError
from api.reports.model import Report, Table
from api.reports.render.charts import chart_of, legend_of
from api.reports.render.palette import light_colors, print_look
from api.reports.render.view import Cell, SectionView, TableView, view_of

TEMPLATE = Path(__file__).with_name("report.typ")


def as_pdf(report: Report) -> bytes:
    """The document. Raises PdfUnavailableError."""
    try:
        import typst  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise PdfUnavailableError from error
    # typst's stubs call the timestamp an int: seconds since 1970
    written = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(_document(report))},
        timestamp=int(report.published_at.timestamp()),
    )
    return bytes(written)


def _document(report: Report) -> dict[str, Any]:
    """What the template lays out."""
    view = view_of(report)
    return {
        "title": view.title,
        "as_of_date": report.as_of_date.isoformat(),
        "facts": view.facts,
        "notices": view.notices,
        "colors": light_colors(),
        "sections": [_section(section) for section in view.sections],
    }


def _section(section: SectionView) -> dict[str, Any]:
    return {
        "title": section.title,
        "reason": section.reason,
        "paragraphs": [text for text in (section.quality, *section.paragraphs) if text],
        "charts": [{"title": series.title, **_chart(series)} for series in section.charts],
        "groups": [[_table(table) for table in group] for group in _groups(section.tables)],
        "elsewhere": section.elsewhere,
    }


def _groups(tables: tuple[TableView, ...]) -> Iterator[list[TableView]]:
    """Tables that stand next to each other: facts are narrow."""
    for is_facts, group in groupby(tables, key=lambda table: table.is_facts):
        if is_facts:
            yield list(group)
        else:
            yield from ([table] for table in group)


def _chart(table: Table) -> dict[str, Any]:
    return {"svg": chart_of(table, print_look()), "legend": legend_of(table)}


def _table(table: TableView) -> dict[str, Any]:
    return {
        "title": table.title,
        "is_facts": table.is_facts,
        "chart": _chart(table.table),
        "headings": [
            {"text": heading.text, "unit": heading.unit, "is_number": heading.is_number}
            for heading in table.headings
        ],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
        "note": table.note,
        "absent": table.absent,
        "source": table.source,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "text": cell.text,
        "is_number": cell.is_number,
        "negative": cell.sign < 0,
        "absent": cell.value is None,
    }
