"""The table of metrics: each has its statement, and each column of it a unit and a meaning."""

import re

import pytest

from api.chat.tools.metrics import FOLDER, read_metrics, statement_files
from warehouse.settings import project_root

CUTS = [(metric.name, by) for metric in read_metrics().values() for by in metric.files]


def test_every_statement_belongs_to_a_metric() -> None:
    used = {file for metric in read_metrics().values() for file in metric.files.values()}
    assert used == set(statement_files())
    assert len(statement_files()) == len(list(FOLDER.rglob("*.sql")))


@pytest.mark.parametrize(("name", "by"), CUTS)
def test_every_column_has_unit_and_meaning(name: str, by: str | None) -> None:
    columns = read_metrics()[name].columns(by)
    assert len({column.name for column in columns}) == len(columns)
    for column in columns:
        assert column.unit, column
        assert column.meaning, column


@pytest.mark.parametrize("name", read_metrics())
def test_no_definition_is_left_over(name: str) -> None:
    """A column that is defined is computed in one of the metric's statements, not taken from a mart."""
    metric = read_metrics()[name]
    columns = [column for by in metric.files for column in metric.columns(by)]
    defined = {(name, *definition) for name, definition in metric.computed.items()}
    assert defined <= {(column.name, column.unit, column.meaning) for column in columns}


@pytest.mark.parametrize("file", statement_files())
def test_a_statement_says_what_it_is_and_takes_its_parameters(file: str) -> None:
    text = statement_files()[file].read_text("utf-8")
    assert text.startswith("-- ")
    assert set(re.findall(r"%\((\w+)\)s", text)) <= {"portfolio_ids", "as_of_date"}


@pytest.mark.parametrize("name", read_metrics())
def test_a_metric_of_no_portfolio_takes_none(name: str) -> None:
    metric = read_metrics()[name]
    takes = {"%(portfolio_ids)s" in metric.query(by).text.decode() for by in metric.files}
    assert takes == {metric.scope != "none"}


def test_the_documentation_lists_every_metric_with_its_cuts_and_sources() -> None:
    """Sources are marts by the columns shown, without the portfolio's name, and functions."""
    text = (project_root() / "docs" / "chat.md").read_text("utf-8")
    listed = [line for line in text.splitlines() if re.match(r"\| `\w+` \|(.*\|){3}$", line)]
    rows = []
    for metric in read_metrics().values():
        sources: dict[str, None] = {}
        for by in metric.files:
            shown = [source.partition(".")[0] for column in metric.columns(by) for source in column.source]
            functions = re.findall(r"\budf\.\w+", metric.query(by).text.decode())
            sources |= dict.fromkeys([*shown, *functions])
        sources.pop("dim_portfolios", None)
        cells = (f"`{metric.name}`", metric.answers, ", ".join(metric.cuts), ", ".join(sources))
        rows.append(f"| {' | '.join(cells)} |")
    assert [row for row in rows if row not in listed] == []
