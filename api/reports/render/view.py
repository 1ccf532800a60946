"""A report in the words that people read: what Markdown, HTML and PDF lay out, each in its own way."""

from dataclasses import dataclass

from api.reports.figures import NUMBERS, exact, shown
from api.reports.model import Chart, Column, Kind, Report, Section, Series, Table, Value
from api.reports.render.json_text import instant


@dataclass(frozen=True)
class Cell:
    """A value as it is read. value: as JSON holds it, None if absent. sign: of a number, -1, 0 or 1."""

    text: str
    value: str | None
    is_number: bool
    sign: int


@dataclass(frozen=True)
class Heading:
    """The heading of a column. name: the column's own."""

    name: str
    text: str
    unit: str | None
    is_number: bool


@dataclass(frozen=True)
class TableView:
    """A table on a page. `facts` are rows of a label, a value and its unit.

    absent: sentences. source: where the figures come from.
    """

    name: str
    title: str
    is_facts: bool
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None
    absent: tuple[str, ...]
    source: str
    chart: Chart | None
    table: Table


@dataclass(frozen=True)
class SectionView:
    """A section on a page. reason: a sentence, None if the section is available."""

    name: str
    title: str
    reason: str | None
    quality: str | None
    paragraphs: tuple[str, ...]
    tables: tuple[TableView, ...]
    charts: tuple[Series, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """A report on a page. facts: label and text of its head. notices: what everybody must see."""

    title: str
    facts: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    sections: tuple[SectionView, ...]


def view_of(report: Report) -> View:
    """What people read of a report."""
    facts = (
        ("As of", report.as_of_date.isoformat()),
        ("Amounts", f"in {report.currency} unless stated otherwise"),
        ("Inception", report.inception_date.isoformat()),
        ("Publication", f"{report.publication_id}, published {instant(report.published_at)}"),
    )
    notices = tuple(filter(None, (report.withheld_notice, report.price_notice)))
    sections = tuple(_section(section) for section in report.sections)
    return View(report.portfolio_name, facts, notices, sections)


def _section(section: Section) -> SectionView:
    pages = [table for table in section.tables if table.layout != "file" and not isinstance(table, Series)]
    files = [table for table in section.tables if table.layout == "file"]
    return SectionView(
        name=section.name,
        title=section.title,
        reason=None if section.reason is None else f"Not available: {_sentence(section.reason)}",
        quality=None if section.quality is None or section.reason else section.quality.message,
        paragraphs=section.paragraphs,
        tables=tuple(_table(table) for table in pages),
        charts=section.series,
        elsewhere=tuple(_elsewhere(table) for table in (*section.series, *files)),
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _elsewhere(table: Table) -> str:
    what = f"{len(table.rows)} rows of {len(table.columns)} columns"
    return f"{table.title}: {what}, in the files of the formats json and csv."


def _table(table: Table) -> TableView:
    is_facts = table.layout == "facts"
    columns = _with_values(table)
    return TableView(
        name=table.name,
        title=table.title,
        is_facts=is_facts,
        headings=_headings(columns, is_facts=is_facts),
        rows=_fact_rows(table) if is_facts else _rows(table, columns),
        note=table.note,
        absent=tuple(absence_sentences(table)),
        source=_source(table),
        chart=table.chart,
        table=table,
    )


QUIET = {
    *("USD", "USD per share", "shares or contracts", "fraction", "fraction of equity", "count", "date"),
    *(
        "statistic",
        "correlation",
        "probability",
        "ratio",
        "index",
        "sessions",
        "fraction of sessions",
        "see the unit of the factor",
        "as beta",
    ),
}
"""Units that a page says once, or that the heading makes plain."""


def _headings(columns: tuple[Column, ...], *, is_facts: bool) -> tuple[Heading, ...]:
    if is_facts:
        return (
            Heading("measure", "Measure", None, False),
            Heading("value", "Value", None, True),
            Heading("unit", "Unit", None, False),
        )
    return tuple(
        Heading(
            column.name,
            column.label,
            None if column.unit in QUIET else column.unit,
            column.kind in NUMBERS,
        )
        for column in columns
    )


def _rows(table: Table, columns: tuple[Column, ...]) -> tuple[tuple[Cell, ...], ...]:
    places = [(table.place(column.name), column) for column in columns]
    return tuple(tuple(cell_of(row[place], column) for place, column in places) for row in table.rows)


def _with_values(table: Table) -> tuple[Column, ...]:
    """The columns that have a value in some row; of the others a sentence says why not."""
    return tuple(
        column
        for place, column in enumerate(table.columns)
        if not table.rows or any(row[place] is not None for row in table.rows)
    )


def _fact_rows(table: Table) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (_words(column.label), cell_of(value, column), _words(shown_unit(column)))
        for column, value in zip(table.columns, table.rows[0], strict=True)
    )


def _words(text: str) -> Cell:
    return Cell(text, text, False, 0)


def cell_of(value: Value, column: Column) -> Cell:
    """A value as it is read."""
    text = shown(value, column.kind)
    is_number = column.kind in NUMBERS
    sign = (
        0
        if not is_number or value is None or text.strip("-0.,% ") == ""
        else -1
        if text.startswith("-")
        else 1
    )
    return Cell(text, exact(value, column.kind), is_number, sign)


def shown_unit(column: Column) -> str:
    """The unit next to a value; percent stands at the value itself."""
    return (
        ""
        if column.unit is None or column.unit in QUIET - {"USD", "USD per share", "sessions"}
        else column.unit
    )


def absence_sentences(table: Table) -> list[str]:
    """Why values of a table are absent: a sentence for the columns that share the rows and the reason."""
    labels = {column.name: column.label for column in table.columns}
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for absence in table.absent:
        found.setdefault((absence.rows, absence.reason), []).append(labels[absence.column])
    return [
        f"{', '.join(dict.fromkeys(names))}{_of(rows, len(table.rows))}: {_sentence(reason)}"
        for (rows, reason), names in found.items()
    ]


def _of(rows: tuple[str, ...], total: int) -> str:
    if not rows or total == 1:
        return ""
    if len(rows) == total:
        return ""
    return f" of {', '.join(dict.fromkeys(rows))}"


def _source(table: Table) -> str:
    coverage = "" if table.coverage is None else f"; coverage {shown(table.coverage, Kind.RATE)}"
    return f"Query {table.query} on {', '.join(table.marts)}{coverage}."
