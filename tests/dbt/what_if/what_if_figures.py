"""What-ifs by key of their figures, and the published figures of the same names."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

SESSIONS = ["2025-07-01", "2025-08-15", "2025-09-12"]
LAST = SESSIONS[-1]
HEDGE_FUND = "a36eb94e-4680-52ed-915e-8e29861d0e59"
INDIVIDUAL = "861a4971-68a9-5335-988b-eb9817b549a6"
PRIVATE = "725641fb-e9f7-5605-a904-1e44c3e95cda"
TAIL = {"var", "liquidity_adjusted_var"}
MARTS = {
    "exposures": ("fct_portfolio_exposures", "fct_portfolio_snapshots"),
    "concentration": ("fct_portfolio_exposures",),
    "variance": ("fct_portfolio_risk",),
    "var": ("fct_portfolio_risk",),
    "greeks": ("fct_portfolio_greeks",),
    "liquidity": ("fct_portfolio_liquidity",),
    "betas": ("fct_portfolio_factor_exposures",),
    "stress": ("fct_portfolio_stress",),
}
HAS_COVERAGE = {"variance", "var", "betas", "stress", "liquidity"}

Key = tuple[str, str | None, str | None, str]
Figures = dict[Key, dict[str, Any]]
Trades = Sequence[dict[str, Any]]


class Reader:
    """Queries of one connection, as dictionaries, and what-ifs by key."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def __call__(self, text: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.connection.cursor(row_factory=dict_row).execute(text.encode(), parameters).fetchall()

    def figures(self, portfolio_id: Any, trades: Trades, *, day: str = LAST, cash: str = "absorb") -> Figures:
        rows = self("select * from udf.what_if(%s, %s, %s, %s)", portfolio_id, day, json.dumps(trades), cash)
        return {(row["section"], row["model"], row["part"], row["figure"]): row for row in rows}

    def trades(self, portfolio_id: str, trades: Trades, *, cash: str = "absorb") -> dict[str, dict[str, Any]]:
        text = "select * from udf.what_if_trades(%s, %s, %s, %s)"
        return {row["symbol"]: row for row in self(text, portfolio_id, LAST, json.dumps(trades), cash)}


def published(read: Reader, portfolio_id: Any, day: str) -> Callable[[Key], tuple[Any, Any]]:
    """A function from a figure to its published value and coverage."""
    rows: dict[str, list[dict[str, Any]]] = {
        mart: read(f"select * from {mart} where portfolio_id = %s and as_of_date = %s", portfolio_id, day)
        for marts in MARTS.values()
        for mart in marts
    }

    def find(key: Key) -> tuple[Any, Any]:
        section, model, part, figure = key
        for mart in MARTS[section]:
            for row in rows[mart]:
                is_row = row.get("model") == model and part in {
                    None,
                    row.get("factor"),
                    row.get("scenario_id"),
                }
                if figure in row and is_row:
                    return row[figure], row.get("cost_coverage" if figure == "cost" else "coverage")
        raise KeyError(key)

    return find


def assert_published(read: Reader, portfolio_id: Any, day: str) -> int:
    """A what-if without trades is what is published, on both sides; the number of figures compared."""
    find = published(read, portfolio_id, day)
    figures = read.figures(portfolio_id, [], day=day)
    for key, row in figures.items():
        value, coverage = find(key)
        assert (row["value_before"] is None) == (row["null_reason_before"] is not None), key
        assert row["value_after"] == row["value_before"]
        assert row["value_change"] in {0, None}
        expected = None if value is None else float(value)
        if expected is not None and (key[0] in TAIL or key[3] in TAIL):
            assert row["value_before"] == pytest.approx(expected, rel=1e-6), key
        else:
            assert row["value_before"] == expected, key
        if key[0] in HAS_COVERAGE:
            assert row["coverage_before"] == coverage, key
    return len(figures)


def assert_spy_has_its_quantile(read: Reader, portfolio_id: Any, day: str) -> None:
    """A portfolio that sells all it holds and buys SPY for its equity loses what SPY lost."""
    held = read(
        """select distinct symbol from fct_position_values as positions
        join dim_positions using (position_id, symbol)
        where positions.portfolio_id = %s and as_of_date = %s and is_open and not is_cash_equivalent""",
        *(portfolio_id, day),
    )
    closed = [{"symbol": row["symbol"], "close": True} for row in held if row["symbol"] != "SPY"]
    figures = read.figures(portfolio_id, [*closed, {"symbol": "SPY", "target_weight": 1}], day=day)
    (equity,) = read(
        "select equity from fct_portfolio_snapshots where portfolio_id = %s and as_of_date = %s",
        *(portfolio_id, day),
    )
    moves = read(
        """select daily_return from fct_prices where symbol = 'SPY' and as_of_date <= %s
        order by as_of_date desc limit 252""",
        day,
    )
    pnl = float(equity["equity"]) * np.array([row["daily_return"] for row in moves])
    for label, alpha in ((95, 0.05), (99, 0.01)):
        quantile = np.quantile(pnl, alpha)
        found = figures["var", None, None, f"var_{label}_1d"]["value_after"]
        assert found == pytest.approx(-quantile, rel=1e-5)
        shortfall = figures["var", None, None, f"es_{label}_1d"]["value_after"]
        assert shortfall == pytest.approx(-pnl[pnl <= quantile].mean(), rel=1e-5)
    assert figures["betas", "risk", "Market", "beta"]["value_after"] == pytest.approx(1, abs=1e-6)
