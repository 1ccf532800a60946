"""Which chart a table has, drawn in a look."""

from typing import Any, Final

from api.reports.model import Chart, Kind, Table
from api.reports.render.svg import Look, Values, bar_chart, heat_map, line_chart

LINE_COLORS: Final = ("Blue", "grey", "green", "purple")  # of the first series of the palette


def chart_of(table: Table, look: Look) -> str | None:
    """The table's chart as SVG; None if it has none, or nothing to draw."""
    chart = table.chart
    if chart is None or not table.rows:
        return None
    labels = _column(table, chart.label)
    values = [_numbers(table, name) for name in chart.values]
    if all(value is None for each in values for value in each):
        return None
    if chart.kind == "line":
        return line_chart(table.title, labels, values, _kind(table, chart), look)
    if chart.kind == "heat":
        return heat_map(table.title, labels, [*zip(*values, strict=True)], look)
    errors = None if chart.error is None else _numbers(table, chart.error)
    return bar_chart(table.title, labels, values, _kind(table, chart), look, errors=errors)


def legend_of(table: Table) -> str:
    """What the chart of a table shows."""
    if table.chart is None or table.chart.kind == "heat":
        return ""
    labels = [table.columns[table.place(name)].label for name in table.chart.values]
    if table.chart.kind == "line" and len(labels) == 1:
        return ""
    if table.chart.kind == "line":
        return "; ".join(f"{color}: {label}" for color, label in zip(LINE_COLORS, labels, strict=False))
    first, *others = labels
    faded = "".join(f"; lighter: {label}" for label in others)
    error = "; line: one standard error on either side" if table.chart.error else ""
    return f"{first}{faded}{error}"


def _column(table: Table, name: str) -> list[Any]:
    place = table.place(name)
    return [row[place] for row in table.rows]


def _numbers(table: Table, name: str) -> Values:
    return [None if value is None else float(value) for value in _column(table, name)]


def _kind(table: Table, chart: Chart) -> Kind:
    return table.columns[table.place(chart.values[0])].kind
