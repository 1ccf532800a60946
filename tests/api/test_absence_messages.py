"""What has no figures says why, also where every position has a full window of returns."""

from typing import Any
from uuid import UUID

import pytest
from psycopg import connect
from psycopg.rows import dict_row

from api.queries import PARTS
from warehouse.connections import Warehouse

KEY = UUID(int=1)
DAY = "2025-09-12"
FULL = "Every analyzed position has a full window of returns."
FEW = "Correlations are of pairs, and fewer than two symbols have a weight and enough returns."
NO_EQUITY = "Equity is not positive: there is no beta to it."


def quality(demo: Warehouse, part: str, mart: str, facts: dict[str, Any], *, rows: str | None = None) -> Any:
    """The quality that a part of queries gives for one row of a mart. rows: the CTE that it reads instead."""
    table = rows or mart
    row = {"portfolio_id": KEY, "as_of_date": DAY, "quality_flag": "full_history", "quality_message": FULL}
    columns = {**row, **facts}
    with connect(demo.writer_url, row_factory=dict_row) as connection:
        connection.execute(f"create temp table {table} (like marts.{mart})".encode())
        connection.execute(
            f"insert into pg_temp.{table} ({', '.join(columns)}) "
            f"values ({', '.join(['%s'] * len(columns))})".encode(),
            list(columns.values()),
        )
        text = (PARTS / f"{part}.sql").read_text("utf-8")
        found = connection.execute(text.encode(), {"portfolio_id": KEY, "as_of_date": DAY}).fetchone()
        connection.rollback()
    return found


@pytest.mark.parametrize(("symbols", "message"), [(1, f"{FEW} {FULL}"), (2, FULL)])
def test_a_single_symbol_has_no_correlation(demo: Warehouse, symbols: int, message: str) -> None:
    found = quality(demo, "portfolio_correlation", "fct_portfolio_correlation", {"symbols_included": symbols})
    assert found["quality_message"] == message


@pytest.mark.parametrize(("reason", "message"), [("equity_not_positive", NO_EQUITY), (None, FULL)])
def test_a_beta_needs_equity(demo: Warehouse, reason: str | None, message: str) -> None:
    facts = {"model": "market", "factor": "Market", "ratio_null_reason": reason}
    mart = "fct_portfolio_factor_exposures"
    found = quality(demo, "weakest_factor_quality", mart, facts, rows="factor_rows")
    assert found["quality_message"] == message
