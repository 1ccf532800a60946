"""The statements of docs/analyst.md: short, run as an analyst, and adding up to what the marts publish."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from warehouse.connections import Warehouse
from warehouse.settings import project_root

pytestmark = pytest.mark.slow

PAGE = (project_root() / "docs/analyst.md").read_text("utf-8")
QUESTIONS = {
    int(number): statement.strip()
    for number, statement in re.findall(
        r"^\*\*(\d+)\. (?:(?!^\*\*).)*?```sql\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE
    )
}
MOST_LINES = 15
WITHOUT_RESTATEMENTS = {5, 6}
"""The demonstration is published once: nothing is restated."""

HEDGE_FUND = "(select portfolio_id from dim_portfolios where portfolio_name like '%Hedge Fund%')"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def analyst(demo: Warehouse) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """An analyst's connection with the settings that it has after the login."""
    with psycopg.connect(demo.analyst_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def ask(analyst: psycopg.Connection[dict[str, Any]], statement: str) -> Rows:
    return analyst.execute(statement.encode()).fetchall()


def everything(number: int) -> str:
    """The statement without its limit."""
    return re.sub(r"\nlimit \d+;$", ";", QUESTIONS[number])


def total(rows: Rows, *columns: str) -> float:
    return sum(float(row[column] or 0) for row in rows for column in columns)


def test_there_are_twenty_questions() -> None:
    assert sorted(QUESTIONS) == list(range(1, 21))


@pytest.mark.parametrize("number", sorted(QUESTIONS))
def test_each_is_short_and_answers(analyst: psycopg.Connection[dict[str, Any]], number: int) -> None:
    assert len(QUESTIONS[number].splitlines()) <= MOST_LINES
    rows = ask(analyst, QUESTIONS[number])
    assert (rows == []) == (number in WITHOUT_RESTATEMENTS)


def test_the_sectors_make_the_return_of_the_month(analyst: psycopg.Connection[dict[str, Any]]) -> None:
    (whole,) = ask(analyst, f"select * from udf.portfolio_returns({HEDGE_FUND}, '2025-08-01', '2025-08-31')")
    rows = ask(analyst, QUESTIONS[1])
    assert total(rows, "contribution") == pytest.approx(whole["time_weighted"], abs=1e-12)
    assert total(rows, "excess") == pytest.approx(whole["excess"], abs=1e-12)


def test_weights_and_betas_make_the_change_of_beta(analyst: psycopg.Connection[dict[str, Any]]) -> None:
    rows = ask(analyst, everything(2))
    changes = ask(
        analyst,
        "select portfolio_id, b.market_beta - a.market_beta as change from fct_portfolio_risk as a "
        "join fct_portfolio_risk as b using (portfolio_id) "
        "where a.as_of_date = '2025-09-05' and b.as_of_date = '2025-09-12' and a.market_beta is not null",
    )
    assert changes
    for change in changes:
        parts = [row for row in rows if row["portfolio_id"] == change["portfolio_id"]]
        assert total(parts, "by_weight", "by_beta") == pytest.approx(change["change"], abs=1e-9)


def test_components_make_the_value_at_risk(analyst: psycopg.Connection[dict[str, Any]]) -> None:
    (risk,) = ask(
        analyst,
        f"select var_99_1d from fct_portfolio_risk "
        f"where as_of_date = '2025-09-12' and portfolio_id = {HEDGE_FUND}",
    )
    assert total(ask(analyst, everything(3)), "component") == pytest.approx(risk["var_99_1d"], rel=1e-6)


@pytest.mark.parametrize(
    ("number", "column", "published"),
    [
        (
            4,
            "pnl",
            (
                f"select sum(daily_pnl) as it from fct_portfolio_snapshots where portfolio_id = {HEDGE_FUND} "
                "and as_of_date between '2025-08-01' and '2025-08-31'"
            ),
        ),
        (
            8,
            "contribution",
            (
                f"select daily_return as it from fct_portfolio_snapshots where portfolio_id = {HEDGE_FUND} "
                "and as_of_date = '2025-09-12'"
            ),
        ),
        (
            16,
            "realized",
            (
                "select sum(cumulative_realized_pnl) as it from fct_portfolio_snapshots "
                "where as_of_date = (select max(as_of_date) from fct_portfolio_snapshots)"
            ),
        ),
        (
            17,
            "received",
            (
                "select sum(cumulative_dividends) as it from fct_portfolio_snapshots "
                "join dim_portfolios using (portfolio_id) where portfolio_name like '%High Net Worth%' "
                "and as_of_date = (select max(as_of_date) from fct_portfolio_snapshots)"
            ),
        ),
    ],
)
def test_parts_add_up_to_what_is_published(
    analyst: psycopg.Connection[dict[str, Any]], number: int, column: str, published: str
) -> None:
    ((it,),) = (row.values() for row in ask(analyst, published))
    assert total(ask(analyst, QUESTIONS[number]), column) == pytest.approx(float(it), abs=1e-9)


def test_breaches_are_those_of_the_backtest(analyst: psycopg.Connection[dict[str, Any]]) -> None:
    (counted,) = ask(
        analyst,
        "select sum(breaches) as breaches from fct_var_backtest "
        "where as_of_date = (select max(as_of_date) from fct_var_backtest) "
        "and method = 'historical' and pnl_basis = 'hypothetical' and confidence = 0.95",
    )
    assert len(ask(analyst, QUESTIONS[9])) == counted["breaches"]


def test_months_compound_to_the_index(analyst: psycopg.Connection[dict[str, Any]]) -> None:
    compounded = 1.0
    for row in ask(analyst, QUESTIONS[20]):
        compounded *= 1 + row["time_weighted"]
    (index,) = ask(
        analyst,
        "select twr_index from fct_portfolio_snapshots join dim_portfolios using (portfolio_id) "
        "where portfolio_name like '%Individual%' and as_of_date = '2025-09-12'",
    )
    assert compounded == pytest.approx(index["twr_index"], rel=1e-12)
