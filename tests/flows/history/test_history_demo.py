"""The demo's dated marts as Parquet files: every value and every answer is that of PostgreSQL."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from flows.history.export import OF_NEWEST, dated_marts, export_history
from flows.history.folder import differences, read_manifest
from flows.history.query import answer
from tests.dbt.test_readers import EMPTY
from warehouse.connections import Warehouse
from warehouse.settings import project_root

pytest.importorskip("duckdb")

Connection = psycopg.Connection[tuple[Any, ...]]

QUESTIONS = {
    "what each underlying earned, options included": """
        select portfolio_id, coalesce(underlying_symbol, symbol) as underlying, sum(daily_pnl) as pnl,
            sum(daily_pnl) filter (where investment_class = 'OPTIONS') as of_options
        from fct_position_values where as_of_date between '2025-08-01' and '2025-08-31' group by 1, 2""",
    "which factors made the return": """
        select portfolio_id, factor, beta, factor_return, contribution, null_reason
        from fct_factor_attribution_daily where as_of_date = '2025-09-12'""",
    "what was turned over": """
        with traded as (
            select portfolio_id, sum(greatest(-amount, 0)) as bought, sum(greatest(amount, 0)) as sold
            from fct_trades where kind in ('entry', 'partial_exit', 'exit') group by portfolio_id
        )
        select portfolio_id, coalesce(least(max(bought), max(sold)), 0) / avg(equity) as turnover
        from fct_portfolio_snapshots left join traded using (portfolio_id) group by portfolio_id""",
    "how sectors changed": """
        select portfolio_id, as_of_date,
            max(share_of_gross) filter (where bucket = 'Technology') as technology,
            max(share_of_gross) filter (where bucket = 'Healthcare') as healthcare
        from fct_exposures_by_group where dimension = 'sector' group by 1, 2""",
    "dividends by month": """
        select portfolio_id, date_trunc('month', as_of_date)::date as month, sum(dividends) as received
        from fct_position_values where investment_class = 'PUBLIC' group by 1, 2""",
    "how portfolios move together": """
        select a.portfolio_id, b.portfolio_id, nullif(corr(a.daily_return, b.daily_return), 'NaN'), count(*)
        from fct_portfolio_snapshots as a join fct_portfolio_snapshots as b using (as_of_date)
        where a.daily_return is not null and b.daily_return is not null and a.portfolio_id < b.portfolio_id
        group by 1, 2""",
    "tracking error": """
        select portfolio_id, b.symbol, count(*), 252 * avg(s.daily_return - b.daily_return),
            sqrt(252) * stddev_samp(s.daily_return - b.daily_return)
        from fct_portfolio_snapshots as s join fct_benchmark_returns as b using (portfolio_id, as_of_date)
        where s.daily_return is not null and b.daily_return is not null group by 1, 2""",
    "losses beyond the value at risk of the session before": """
        with sessions as (
            select portfolio_id, as_of_date, hypothetical_pnl,
                lag(as_of_date) over (partition by portfolio_id order by as_of_date) as before
            from fct_portfolio_snapshots
        )
        select s.portfolio_id, s.as_of_date, s.hypothetical_pnl, r.var_95_1d
        from sessions as s
        join fct_portfolio_risk as r on r.portfolio_id = s.portfolio_id and r.as_of_date = s.before
        where s.hypothetical_pnl < -r.var_95_1d""",
    "drawdowns": """
        select portfolio_id, as_of_date,
            equity - max(equity) over (partition by portfolio_id order by as_of_date) as below_the_peak
        from fct_portfolio_snapshots""",
    "the three largest positions of a session": """
        select * from (
            select portfolio_id, symbol, market_value, row_number() over (
                partition by portfolio_id order by abs(market_value) desc, position_id::text) as place
            from fct_position_values where as_of_date = '2025-09-12' and market_value is not null
        ) as ranked where place <= 3""",
    "prices above their average of twenty sessions": """
        select as_of_date, count(*) from (
            select as_of_date, adjusted_close, avg(adjusted_close) over (
                partition by symbol order by as_of_date rows between 19 preceding and current row) as mean
            from fct_prices
        ) as averaged where adjusted_close > mean * 1.001 group by as_of_date""",
}


@pytest.fixture(scope="module")
def folder(demo: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, exported."""
    folder = tmp_path_factory.mktemp("exported") / "history"
    export_history(demo, folder)
    return folder


@pytest.fixture(scope="module")
def analyst(demo: Warehouse) -> Iterator[Connection]:
    with demo.connect_analyst(autocommit=True) as connection:
        connection.execute("set search_path = marts")
        yield connection


def comparable(value: Any) -> Any:
    """A value as either side has it: ids as text, NaN equal to itself, lists hashable."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return tuple(map(comparable, value)) if isinstance(value, list) else value


def counted(rows: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(map(comparable, row)) for row in rows)


def test_every_value_of_every_dated_mart_is_the_same(
    demo: Warehouse, folder: Path, analyst: Connection
) -> None:
    manifest = read_manifest(folder)
    assert list(manifest) == dated_marts(demo)
    assert len(manifest) >= 35
    assert list(differences(folder, manifest)) == []
    for mart, exported in manifest.items():
        kinds = {column.name: column.type for column in exported.columns}
        columns = [
            f'"{name}"::real[]::float8[]' if kind.startswith("vector") else f'"{name}"'
            for name, kind in kinds.items()
        ]
        published = analyst.execute(f"select {', '.join(columns)} from {mart}".encode()).fetchall()
        names, rows = answer(folder, manifest, f"select * from {mart}")
        assert names == list(kinds), mart
        assert len(rows) == len(published) == sum(month.rows for month in exported.months.values()), mart
        assert rows or mart in EMPTY, mart
        assert counted(rows) == counted(published), mart


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_questions_have_the_same_answers(folder: Path, analyst: Connection, question: str) -> None:
    """Sums of money to the cent; averages and statistics to twelve digits: DuckDB's are floats."""

    def key(row: tuple[Any, ...]) -> list[str]:
        return [str(value) for value in row if not isinstance(value, float | Decimal)]

    expected = sorted(
        (tuple(map(comparable, row)) for row in analyst.execute(question.encode()).fetchall()), key=key
    )
    found = sorted(answer(folder, read_manifest(folder), question)[1], key=key)
    assert expected
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for value, wanted in zip(ours, theirs, strict=True):
            if isinstance(value, float) or isinstance(wanted, float):
                assert float(value) == pytest.approx(float(wanted), rel=1e-12, abs=1e-15)
            else:
                assert value == wanted


def test_marts_that_follow_the_newest_publication_are_known() -> None:
    """A mart of the newest session, or of the newest close, changes without its own month."""
    models = (project_root() / "dbt_project" / "models" / "marts").rglob("fct_*.sql")
    found = {
        path.stem for path in models if re.search(r"newest_only=true|newest_close\(\)", path.read_text())
    }
    assert found == OF_NEWEST
