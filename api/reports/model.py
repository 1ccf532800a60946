"""A report: sections of tables and series, each with its unit, its coverage, its query and what is absent.

Values are cells of the marts, unrounded: renderers round when they write. A value that is absent is None and
has a reason.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

SCHEMA_VERSION = "1.0"

Value = Decimal | float | int | str | bool | date | None


class Kind(StrEnum):
    """What a value is, which decides how it is rounded and shown; see figures.py."""

    MONEY = "money"
    PRICE = "price"
    QUANTITY = "quantity"
    GREEK = "greek"
    RATE = "rate"
    RATIO = "ratio"
    STATISTIC = "statistic"
    VARIANCE = "variance"
    COUNT = "count"
    TEXT = "text"
    DATE = "date"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    reason: why its values may be absent, in words. reason_in: the column of the query that holds the code of
    the reason for each row; see reasons.py.
    """

    name: str
    label: str
    kind: Kind
    unit: str | None = None
    reason: str | None = None
    reason_in: str | None = None


@dataclass(frozen=True)
class Absence:
    """Why values of a column are absent. rows: the keys of these rows; empty for a table of one row."""

    column: str
    reason: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """How a table is drawn: its labels and its values by column. error: a column with a standard error."""

    kind: Literal["line", "bars", "heat"]
    label: str
    values: tuple[str, ...]
    error: str | None = None


Layout = Literal["rows", "facts", "file"]


@dataclass(frozen=True)
class Table:
    """Rows of the marts. query: the file in api/queries/reports that read them. coverage: 0 to 1, or None.

    layout: `rows`; `facts` for one row, whose columns are shown below each other; `file` for a table that
    only JSON and CSV hold, because it is too wide for a page. key: the columns that name a row.
    """

    name: str
    title: str
    query: str
    marts: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    absent: tuple[Absence, ...] = ()
    key: tuple[str, ...] = ()
    layout: Layout = "rows"
    coverage: float | None = None
    note: str | None = None
    chart: Chart | None = None

    def place(self, column: str) -> int:
        """The place of a column in the rows."""
        return next(place for place, each in enumerate(self.columns) if each.name == column)


@dataclass(frozen=True)
class Series(Table):
    """A table by session, the first column its date: drawn on a page, listed in JSON and CSV."""


@dataclass(frozen=True)
class Quality:
    """How much of the portfolio the figures of a section measure. message: in words."""

    flag: str
    message: str
    positions_analyzed: int
    positions_total: int
    positions_skipped: int
    data_days: int
    coverage_of_equity: float | None


@dataclass(frozen=True)
class Section:
    """A part of a report. reason: why it is not available, None if it is. paragraphs: definitions."""

    name: str
    title: str
    tables: tuple[Table, ...] = ()
    paragraphs: tuple[str, ...] = ()
    reason: str | None = None
    quality: Quality | None = None

    @property
    def available(self) -> bool:
        """Whether the section has figures."""
        return self.reason is None

    @property
    def series(self) -> tuple[Series, ...]:
        """The tables by session."""
        return tuple(table for table in self.tables if isinstance(table, Series))


@dataclass(frozen=True)
class Report:
    """What is known of a portfolio at the close of a session, as published by a publication.

    price_notice: that prices are simulated, None if they are not. withheld_notice: since when the portfolio
    is withheld, and why; None if it is not.
    """

    portfolio_id: UUID
    portfolio_name: str
    account_type: str | None
    currency: str
    inception_date: date
    as_of_date: date
    publication_id: int
    published_at: datetime
    price_notice: str | None
    withheld_notice: str | None = None
    sections: tuple[Section, ...] = field(default=())

    def section(self, name: str) -> Section:
        """The section with this name."""
        return next(section for section in self.sections if section.name == name)
