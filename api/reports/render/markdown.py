"""A report as Markdown, with GitHub's tables."""

import re
from collections.abc import Iterable, Iterator

from api.reports.figures import POLICY
from api.reports.model import SCHEMA_VERSION, Report
from api.reports.render.view import Cell, SectionView, TableView, view_of

# an underscore inside a word means nothing
_MARKS = re.compile(r"[\\`*\[\]<>|]|(?<!\w)_|_(?!\w)")


def as_markdown(report: Report) -> str:
    """The document, with a newline at its end."""
    view = view_of(report)
    head = [f"# {_escaped(view.title)}", ""]
    head += [f"- {label}: {_escaped(text)}" for label, text in view.facts]
    head += [f"- Report: schema {SCHEMA_VERSION}. {POLICY}", ""]
    notices = [line for notice in view.notices for line in (f"> **{_escaped(notice)}**", "")]
    body = [line for section in view.sections for line in _section(section)]
    return "\n".join([*head, *notices, *body]).rstrip() + "\n"


def _section(section: SectionView) -> Iterator[str]:
    yield from (f"## {section.title}", "")
    for text in filter(None, (section.reason, section.quality, *section.paragraphs)):
        yield from (_escaped(text), "")
    for table in section.tables:
        yield from _table(table)
    for sentence in section.elsewhere:
        yield from (f"_{_escaped(sentence)}_", "")


def _table(table: TableView) -> Iterator[str]:
    yield from (f"### {_escaped(table.title)}", "")
    if table.note:
        yield from (_escaped(table.note), "")
    yield _line(_heading(heading.text, heading.unit, table) for heading in table.headings)
    yield _line("---:" if heading.is_number else "---" for heading in table.headings)
    for row in table.rows:
        yield _line(_cell(cell) for cell in row)
    yield ""
    if table.absent:
        yield from (*(f"- {_escaped(sentence)}" for sentence in table.absent), "")
    yield from (f"_{_escaped(table.source)}_", "")


def _heading(text: str, unit: str | None, table: TableView) -> str:
    return _escaped(text if unit is None or table.is_facts else f"{text} ({unit})")


def _cell(cell: Cell) -> str:
    return _escaped(cell.text)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that means nothing to Markdown: names and notes are a user's own."""
    return " ".join(_MARKS.sub(r"\\\g<0>", text).split())
