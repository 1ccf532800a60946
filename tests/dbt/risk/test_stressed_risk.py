"""Stressed value at risk of the demo: against a full revaluation by numpy, and null with a reason."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.dbt.engines_oracle import option_value
from warehouse.connections import Warehouse
from warehouse.method import stressed_window

pytestmark = pytest.mark.slow

DAYS = ["2025-07-01", "2025-09-12"]
START, END = stressed_window()
SESSIONS = 252
FIGURES = ["var_95_1d", "var_99_1d", "es_95_1d", "es_99_1d"]

HELD = """
select
    positions.symbol, positions.investment_class, positions.market_value::float8 as market_value,
    100 * positions.quantity::float8 as units,
    coalesce(greeks.underlying_symbol, positions.symbol) as mover, details.option_type,
    greeks.exercise, greeks.underlying_price, greeks.strike_price::float8 as strike_price,
    greeks.years_to_expiration, greeks.risk_free_rate, greeks.dividend_yield, greeks.implied_volatility,
    greeks.null_reason
from fct_position_values as positions
join dim_positions as details using (position_id)
left join fct_position_greeks as greeks using (position_id, as_of_date)
where
    positions.portfolio_id = %s and positions.as_of_date = %s and positions.is_open
    and positions.investment_class <> 'PRIVATE' and not details.is_cash_equivalent
"""


class Reader:
    """Queries of one connection, as dictionaries."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def __call__(self, text: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.connection.cursor(row_factory=dict_row).execute(text.encode(), parameters).fetchall()


@pytest.fixture(scope="module")
def read(demo: Warehouse) -> Iterator[Reader]:
    with psycopg.connect(demo.analyst_url, autocommit=True) as connection:
        yield Reader(connection)


@pytest.fixture(scope="module")
def returns(read: Reader) -> pd.DataFrame:
    """Returns of the window by session and symbol."""
    rows = read(
        "select as_of_date, symbol, daily_return from fct_prices where as_of_date between %s and %s",
        *(START, END),
    )
    table = pd.DataFrame(rows).pivot_table(index="as_of_date", columns="symbol", values="daily_return")
    assert len(table) == SESSIONS
    return table


def revalued(position: dict[str, Any], moves: np.ndarray) -> np.ndarray:
    """P&L of a position at each return of what moves it."""
    if position["investment_class"] != "OPTIONS":
        return np.asarray(position["market_value"] * moves)
    if position["null_reason"] is not None:
        return np.zeros(len(moves))
    kind = position["option_type"]
    values = np.array([option_value(position, kind, move) for move in moves])
    return np.asarray(position["units"] * (values - option_value(position, kind)))


@pytest.mark.parametrize("day", DAYS)
def test_it_is_the_loss_of_a_full_revaluation(read: Reader, returns: pd.DataFrame, day: str) -> None:
    compared = 0
    for row in read("select * from fct_portfolio_risk where as_of_date = %s", day):
        held = read(HELD, row["portfolio_id"], day)
        if row["stressed_null_reason"] is not None:
            assert (row["stressed_null_reason"], held) == ("no_public_positions", [])
            assert {row[f"{name}_stressed"] for name in FIGURES} == {None}
            continue
        pnl = sum(revalued(position, returns[position["mover"]].to_numpy()) for position in held)
        for label, alpha in ((95, 0.05), (99, 0.01)):
            quantile = np.quantile(pnl, alpha)
            assert row[f"var_{label}_1d_stressed"] == pytest.approx(-quantile, rel=1e-6)
            assert row[f"es_{label}_1d_stressed"] == pytest.approx(-pnl[pnl <= quantile].mean(), rel=1e-6)
        assert (row["stressed_window_start"], row["stressed_window_end"]) == (START, END)
        assert (row["stressed_scenario_days"], row["stressed_proxied_share"]) == (SESSIONS, 0.0)
        compared += 1
    assert compared >= 4
