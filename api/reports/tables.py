"""From rows of a query to a table: its cells, and what is absent in them and why."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from api.queries import load_query
from api.reports.model import Absence, Chart, Column, Kind, Layout, Quality, Series, Table, Value
from api.reports.reasons import in_words

Row = Mapping[str, Any]

_MARTS = re.compile(r"\b((?:fct_|dim_|udf\.)\w+)\b")
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class Facts:
    """The rows of each query of a report, by its name."""

    rows: Mapping[str, tuple[Row, ...]]

    def one(self, query: str) -> Row | None:
        """The only row, or None."""
        rows = self.rows[query]
        return rows[0] if rows else None

    @property
    def head(self) -> Row:
        """The row of the portfolio."""
        return self.rows["report_portfolio"][0]


@cache
def marts_of(query: str) -> tuple[str, ...]:
    """The marts that a query reads, and the functions that read them for it."""
    text = _COMMENT.sub("", load_query(query).text.decode())
    return tuple(sorted(set(_MARTS.findall(text))))


def make_table(
    query: str,
    rows: Iterable[Row],
    *,
    name: str,
    title: str,
    columns: Iterable[Column],
    key: tuple[str, ...] = (),
    layout: Layout = "rows",
    coverage: float | None = None,
    note: str | None = None,
    chart: Chart | None = None,
) -> Table:
    """A table of these columns of the rows."""
    kept, given = tuple(rows), tuple(columns)
    return Table(
        name=name,
        title=title,
        query=query,
        marts=marts_of(query),
        columns=given,
        rows=tuple(tuple(_cell(row[column.name]) for column in given) for row in kept),
        absent=_absences(kept, given, key),
        key=key,
        layout=layout,
        coverage=coverage,
        note=note,
        chart=chart,
    )


def make_series(
    query: str, rows: Iterable[Row], *, name: str, title: str, columns: Iterable[Column], chart: Chart
) -> Series:
    """A table by session; the first column is the date."""
    given = tuple(columns)
    table = make_table(query, rows, name=name, title=title, columns=given, key=(given[0].name,), chart=chart)
    return Series(**vars(table))


def _cell(value: Any) -> Value:
    return str(value) if type(value).__name__ == "UUID" else value


def _absences(
    rows: tuple[Row, ...], columns: tuple[Column, ...], key: tuple[str, ...]
) -> tuple[Absence, ...]:
    found: dict[tuple[str, str], list[str]] = {}
    for column in columns:
        for row in rows:
            if row[column.name] is None:
                found.setdefault((column.name, _reason(column, row)), []).append(row_name(row, key))
    return tuple(
        Absence(column, reason, tuple(name for name in names if name))
        for (column, reason), names in found.items()
    )


def _reason(column: Column, row: Row) -> str:
    code = row[column.reason_in] if column.reason_in else None
    return column.reason if code is None and column.reason else in_words(code)


def row_name(row: Row, key: tuple[str, ...]) -> str:
    """What names a row in a list of absences."""
    return " ".join(str(row[name]) for name in key)


def quality_of(row: Row | None) -> Quality | None:
    """The data_quality columns of a mart."""
    if row is None:
        return None
    return Quality(
        flag=row["quality_flag"],
        message=row["quality_message"],
        positions_analyzed=row["positions_analyzed"],
        positions_total=row["positions_total"],
        positions_skipped=row["positions_skipped"],
        data_days=row["data_days"],
        coverage_of_equity=row["coverage_of_equity"],
    )


def money(name: str, label: str, **reasons: str) -> Column:
    """A column of US dollars."""
    return Column(name, label, Kind.MONEY, "USD", **reasons)


def rate(name: str, label: str, unit: str = "fraction", **reasons: str) -> Column:
    """A column of fractions of 1, shown in percent."""
    return Column(name, label, Kind.RATE, unit, **reasons)


def text(name: str, label: str, **reasons: str) -> Column:
    """A column of words."""
    return Column(name, label, Kind.TEXT, None, **reasons)


def day(name: str, label: str, **reasons: str) -> Column:
    """A column of dates."""
    return Column(name, label, Kind.DATE, "date", **reasons)


def count(name: str, label: str, unit: str = "count", **reasons: str) -> Column:
    """A column of whole numbers."""
    return Column(name, label, Kind.COUNT, unit, **reasons)


def statistic(name: str, label: str, unit: str = "statistic", **reasons: str) -> Column:
    """A column of correlations, betas and probabilities."""
    return Column(name, label, Kind.STATISTIC, unit, **reasons)


def ratio(name: str, label: str, unit: str = "ratio", **reasons: str) -> Column:
    """A column of multiples."""
    return Column(name, label, Kind.RATIO, unit, **reasons)


def greek(name: str, label: str, unit: str, **reasons: str) -> Column:
    """A column of Greeks."""
    return Column(name, label, Kind.GREEK, unit, **reasons)


def price(name: str, label: str, **reasons: str) -> Column:
    """A column of prices."""
    return Column(name, label, Kind.PRICE, "USD per share", **reasons)


def quantity(name: str, label: str = "Quantity") -> Column:
    """A column of signed quantities."""
    return Column(name, label, Kind.QUANTITY, "shares or contracts")
