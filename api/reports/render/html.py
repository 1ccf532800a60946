"""A report as one HTML file: inline SVG and style, no script, nothing fetched; prints on A4."""

from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

from api.reports.model import SCHEMA_VERSION, Report, Table
from api.reports.render.charts import chart_of, legend_of
from api.reports.render.palette import page_look, style_sheet
from api.reports.render.view import Cell, Heading, SectionView, TableView, View, view_of

STYLE = Path(__file__).with_name("report.css")
POLICY_OF_CONTENT = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_html(report: Report) -> str:
    """The page, with a newline at its end."""
    view = view_of(report)
    title = f"{escape(view.title)}, {report.as_of_date}"
    body = "\n".join((*_head(view), *(line for section in view.sections for line in _section(section))))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY_OF_CONTENT}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="schema-version" content="{SCHEMA_VERSION}">\n<title>{title}</title>\n'
        f"<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


@cache
def _style() -> str:
    return style_sheet() + STYLE.read_text("utf-8")


def _head(view: View) -> Iterator[str]:
    yield f"<header>\n<h1>{escape(view.title)}</h1>"
    facts = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in view.facts)
    yield f"<dl>{facts}</dl>"
    for notice in view.notices:
        yield f'<p class="notice">{escape(notice)}</p>'
    links = "".join(
        f'<li><a href="#{section.name}">{escape(section.title)}</a></li>' for section in view.sections
    )
    yield f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n</header>'


def _section(section: SectionView) -> Iterator[str]:
    yield f'<section id="{section.name}">\n<h2>{escape(section.title)}</h2>'
    if section.reason:
        yield f'<p class="absent">{escape(section.reason)}</p>'
    for text in filter(None, (section.quality, *section.paragraphs)):
        yield f"<p>{escape(text)}</p>"
    for series in section.charts:
        yield f"<h3>{escape(series.title)}</h3>"
        yield from _chart(series)
    for table in section.tables:
        yield from _table(table, section.name)
    for sentence in section.elsewhere:
        yield f'<p class="source">{escape(sentence)}</p>'
    yield "</section>"


def _chart(table: Table) -> Iterator[str]:
    drawn = chart_of(table, page_look())
    if drawn is not None:
        yield f"<figure>\n{drawn}\n<figcaption>{escape(legend_of(table))}</figcaption>\n</figure>"


def _table(table: TableView, section: str) -> Iterator[str]:
    kind = "facts" if table.is_facts else "rows"
    name = f"{section}-{table.name}"
    yield f'<div class="table {kind}">\n<h3 id="{name}">{escape(table.title)}</h3>'
    yield from _chart(table.table)
    yield f'<div class="wide"><table aria-labelledby="{name}">'
    headings = "".join(map(_heading, table.headings))
    yield f"<thead><tr>{headings}</tr></thead>\n<tbody>"
    for row in table.rows:
        yield f"<tr>{_row(row)}</tr>"
    yield "</tbody></table></div>"
    if table.note:
        yield f'<p class="note">{escape(table.note)}</p>'
    if table.absent:
        yield f'<ul class="absent">{"".join(f"<li>{escape(each)}</li>" for each in table.absent)}</ul>'
    yield f'<p class="source">{escape(table.source)}</p>\n</div>'


def _heading(heading: Heading) -> str:
    unit = "" if heading.unit is None else f" <small>{escape(heading.unit)}</small>"
    number = ' class="number"' if heading.is_number else ""
    return f'<th scope="col"{number}>{escape(heading.text)}{unit}</th>'


def _row(row: tuple[Cell, ...]) -> str:
    first, *others = row
    return f'<th scope="row">{escape(first.text)}</th>{"".join(map(_cell, others))}'


def _cell(cell: Cell) -> str:
    names = ["number"] if cell.is_number else []
    names += ["absent"] if cell.value is None else []
    names += ["negative"] if cell.sign < 0 else []
    kind = f' class="{" ".join(names)}"' if names else ""
    value = f' data-value="{escape(cell.value)}"' if cell.is_number and cell.value is not None else ""
    return f"<td{kind}{value}>{escape(cell.text)}</td>"
