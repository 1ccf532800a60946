"""The formats of a report agree: each is parsed back and compared with the JSON."""

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader

from api.reports.figures import as_decimal, rounded, shown
from api.reports.model import Kind
from api.reports.render.csv_files import POSITIONS, _cell
from api.reports.sections.holdings import FILE
from tests.api.reports.report_files import Reports, read
from warehouse.connections import Warehouse

THIRTY_FOUR = [
    "position_id",
    "symbol",
    "quantity",
    "entry_price",
    "current_price",
    "market_value",
    "cost_basis",
    "unrealized_pnl",
    "realized_pnl",
    "daily_pnl",
    "total_pnl",
    "delta",
    "gamma",
    "theta",
    "vega",
    "rho",
    "underlying_symbol",
    "strike_price",
    "expiration_date",
    "position_type",
    "days_to_expiry",
    "sector",
    "industry",
    "tags",
    "entry_date",
    "exit_date",
    "notes",
    "gross_exposure",
    "net_exposure",
    "notional",
    "portfolio_weight",
    "position_exposure",
    "price_flag",
    "coverage",
]


def sections_of(reports: Reports) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, written in reports.items():
        for section in json.loads(read(written, "portfolio_report.json"))["sections"]:
            yield name, section


def pages_of(section: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables that people see."""
    return [table for table in section["tables"] if len(table["columns"]) < len(FILE)]


def cells_of(table: dict[str, Any]) -> list[list[str]]:
    """The rows of a table as people read them, from its JSON."""
    rows, columns = table["rows"], table["columns"]
    if len(rows) == 1 and table["name"] in FACTS:
        return [[column["label"], read_by_people(rows[0][column["name"]], column)] for column in columns]
    seen = [each for each in columns if not rows or any(row[each["name"]] is not None for row in rows)]
    return [[read_by_people(row[column["name"]], column) for column in seen] for row in rows]


FACTS = {
    "ex_post",
    "ex_ante",
    "value", "risk", "positions", "concentration", "portfolio", "variance", "volatility", "of_equity",
}  # fmt: skip


def read_by_people(value: str | None, column: dict[str, Any]) -> str:
    kind = Kind(column["kind"])
    if value is None:
        return "n/a"
    if kind is Kind.TEXT or kind is Kind.DATE:
        return " ".join(value.split())
    number = Decimal(value)
    if kind is Kind.RATE:
        return f"{number * 100} %"
    return value


def same(text: str, expected: str) -> bool:
    """Whether a text shows the same as JSON: rates and ratios have fewer decimals, by half of the last."""
    plain, other = (each.replace(",", "").replace(" ", "").removesuffix("%") for each in (text, expected))
    if plain == other:
        return True
    try:
        return abs(Decimal(plain) - Decimal(other)) <= Decimal("0.0051") and ("%" in text) == (
            "%" in expected
        )
    except ArithmeticError:
        return False


def markdown_tables(text: str) -> list[list[list[str]]]:
    """The rows of each table of a page, without its heading."""
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        lines = block.strip().split("\n")
        cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
        found.append([[re.sub(r"\\(.)", r"\1", cell) for cell in row] for row in cells[2:]])
    return found


class PageReader(HTMLParser):
    """Reads the cells of a page's tables, and the names of all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.values: list[list[list[str | None]]] = []
        self.elements: set[str] = set()
        self.links: list[str] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        named = dict(attrs)
        self.links += [link for link in (named.get("href"), named.get("src")) if link]
        if tag == "tbody":
            self.tables.append([])
            self.values.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
            self.values[-1].append([])
        elif tag == "td" or (tag == "th" and named.get("scope") == "row"):
            self._in_cell = True
            self.tables[-1][-1].append("")
            self.values[-1][-1].append(named.get("data-value"))

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[-1][-1][-1] += data


def assert_same_tables(tables: list[list[list[str]]], found: list[dict[str, Any]]) -> None:
    bodies = [[row for row in table if row] for table in tables]
    assert len(bodies) == len(found)
    for body, table in zip(bodies, found, strict=True):
        expected = cells_of(table)
        assert len(body) == len(expected), table["name"]
        for row, cells in zip(body, expected, strict=True):
            for text, cell in zip(row, cells, strict=False):
                assert same(" ".join(text.split()), cell), (table["name"], text, cell)


def test_markdown_shows_the_values_of_json(reports: Reports) -> None:
    for name, written in reports.items():
        found = [
            table for other, section in sections_of(reports) if other == name for table in pages_of(section)
        ]
        assert_same_tables(markdown_tables(read(written, "portfolio_report.md")), found)


def test_html_shows_the_values_of_json_and_holds_them_exactly(reports: Reports) -> None:
    for name, written in reports.items():
        found = [
            table for other, section in sections_of(reports) if other == name for table in pages_of(section)
        ]
        page = PageReader(read(written, "portfolio_report.html"))
        assert_same_tables(page.tables, found)
        exact = {value for table in found for row in table["rows"] for value in row.values()}
        kept = {value for table in page.values for row in table for value in row if value is not None}
        assert kept
        assert kept <= exact


def test_html_is_one_file_without_script(reports: Reports) -> None:
    for written in reports.values():
        text = read(written, "portfolio_report.html")
        page = PageReader(text)
        assert not page.elements & {"script", "link", "img", "iframe", "object", "form"}
        assert all(link.startswith("#") for link in page.links)
        assert "url(" not in text
        assert "@import" not in text
        for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
            assert ET.fromstring(drawing).attrib["role"] == "img"  # noqa: S314 - our own file


def test_pdf_shows_the_values_of_json(reports: Reports) -> None:
    for name, written in reports.items():
        reader = PdfReader(Path(written.folder, "portfolio_report.pdf"))
        text = re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))
        for other, section in sections_of(reports):
            if other != name:
                continue
            assert re.sub(r"\s+", "", section["title"]) in text
            for table in pages_of(section):
                for column in (each for each in table["columns"] if each["kind"] == "money"):
                    for row in table["rows"]:
                        if row[column["name"]] is not None:
                            assert f"{Decimal(row[column['name']]):,}" in text, (table["name"], column, row)


def test_the_position_file_has_34_columns(reports: Reports) -> None:
    assert [column.name for column in FILE] == THIRTY_FOUR
    for name, section in sections_of(reports):
        if section["name"] != "holdings" or not section["available"]:
            continue
        lines = list(csv.DictReader(io.StringIO(read(reports[name], POSITIONS), newline="")))
        rows = next(table for table in section["tables"] if table["name"] == "positions")["rows"]
        assert lines == [{key: value or "" for key, value in row.items()} for row in rows]


def test_csv_holds_the_values_of_json(reports: Reports) -> None:
    for name, section in sections_of(reports):
        tables = [*section["tables"], *section["series"]]
        listed = [table for table in tables if len(table["columns"]) < len(FILE)]
        path = f"portfolio_report_{section['name']}.csv"
        assert bool(listed) is (path in reports[name].files)
        if not listed:
            continue
        lines = list(csv.DictReader(io.StringIO(read(reports[name], path), newline="")))
        for table in listed:
            own = [line for line in lines if line["table"] == table["name"]]
            names = [column["name"] for column in table["columns"]]
            assert [[line[each] for each in names] for line in own] == [
                [row[each] or "" for each in names] for row in table["rows"]
            ]


def test_csv_is_that_of_rfc_4180(reports: Reports) -> None:
    for written in reports.values():
        for name in written.files:
            if name.endswith(".csv"):
                text = read(written, name)
                assert text.endswith("\r\n")
                assert "\n" not in text.replace("\r\n", "")
                assert len({len(line) for line in csv.reader(io.StringIO(text, newline=""))}) == 1


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Decimal("1234567.895"), Kind.MONEY, "1,234,567.90"),
        (Decimal("-0.004"), Kind.MONEY, "0.00"),
        (-0.123456, Kind.RATE, "-12.35 %"),
        (0.5, Kind.STATISTIC, "0.500000"),
        (Decimal("1484.769000"), Kind.QUANTITY, "1,484.769"),
        (Decimal(-100), Kind.QUANTITY, "-100"),
        (None, Kind.MONEY, "n/a"),
        (22, Kind.COUNT, "22"),
    ],
)
def test_figures_are_rounded_half_away_from_zero(value: Any, kind: Kind, text: str) -> None:
    assert shown(value, kind) == text


def test_doubles_round_as_in_postgresql(demo: Warehouse) -> None:
    numbers = [0.5, 2.675, -2.675, 1.0000005, 0.1 + 0.2, 123456.789012345678, -1e-9]
    with demo.connect_analyst() as connection:
        for number in numbers:
            row = connection.execute("select round(%s::double precision::numeric, 6)", [number]).fetchone()
            assert row is not None
            assert rounded(number, 6) == row[0], (number, as_decimal(number))


@pytest.mark.parametrize(
    ("value", "kind", "cell"),
    [
        ("=1+1", Kind.TEXT, "'=1+1"),
        ("@x", Kind.TEXT, "'@x"),
        ("\uff1d1+1", Kind.TEXT, "'\uff1d1+1"),
        ("\n=1+1", Kind.TEXT, "'\n=1+1"),
        (Decimal(-5), Kind.MONEY, "-5.00"),
    ],
)
def test_words_that_begin_like_a_formula_are_not_one_in_csv(value: Any, kind: Kind, cell: str) -> None:
    assert _cell(value, kind) == cell
