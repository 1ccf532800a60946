"""Values and P&L of the marts compared with a slow loop in exact decimals, on simulated and real prices."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.dbt.accounting import ZERO, account_for_lot, read_market
from warehouse.connections import Warehouse

COLUMNS = (
    "market_value",
    "daily_pnl",
    "dividends",
    "unrealized_pnl",
    "realized_pnl",
    "cumulative_pnl",
    "cumulative_dividends",
)
Rows = list[dict[str, Any]]


def _query(warehouse: Warehouse, statement: str) -> Rows:
    with psycopg.connect(warehouse.writer_url, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture(scope="module", params=["demo", "market"])
def built(request: pytest.FixtureRequest) -> Warehouse:
    warehouse: Warehouse = request.getfixturevalue(request.param)
    return warehouse


@pytest.fixture(scope="module")
def expected(built: Warehouse) -> dict[tuple[Any, date], dict[str, Decimal]]:
    with built.connect_writer() as connection:
        market = read_market(connection)
    last_day = _query(built, "select max(to_date) as to_date from ops.publications")[0]["to_date"]
    return {
        (lot["position_id"], day): row
        for lot in _query(built, "select * from marts.dim_positions")
        for day, row in account_for_lot(market, lot, last_day).items()
    }


def test_every_position_value_equals_the_reference(
    built: Warehouse, expected: dict[tuple[Any, date], dict[str, Decimal]]
) -> None:
    found = {
        (row["position_id"], row["as_of_date"]): {name: row[name] for name in COLUMNS}
        for row in _query(built, "select * from marts.fct_position_values")
    }
    assert found.keys() == expected.keys()
    differing = {key: (found[key], expected[key]) for key in expected if found[key] != expected[key]}
    assert differing == {}


def test_every_snapshot_equals_the_sum_of_the_reference(
    built: Warehouse, expected: dict[tuple[Any, date], dict[str, Decimal]]
) -> None:
    portfolio_of = {
        row["position_id"]: row["portfolio_id"] for row in _query(built, "select * from marts.dim_positions")
    }
    pnl: dict[tuple[Any, date], Decimal] = defaultdict(lambda: ZERO)
    value: dict[tuple[Any, date], Decimal] = defaultdict(lambda: ZERO)
    for (position_id, day), row in expected.items():
        pnl[portfolio_of[position_id], day] += row["daily_pnl"]
        value[portfolio_of[position_id], day] += row["market_value"]
    equity = {
        row["portfolio_id"]: row["initial_equity"]
        for row in _query(built, "select * from marts.dim_portfolios")
    }
    index = dict.fromkeys(equity, 1.0)
    since: dict[tuple[Any, ...], Decimal] = defaultdict(lambda: ZERO)
    sessions: Counter[Any] = Counter()
    snapshots = _query(built, "select * from marts.fct_portfolio_snapshots order by as_of_date")
    assert {row["portfolio_id"] for row in snapshots} == equity.keys()
    for row in snapshots:
        key = (row["portfolio_id"], row["as_of_date"])
        index[key[0]] *= 1 + float(pnl[key] / equity[key[0]])
        equity[key[0]] += pnl[key]
        assert row["daily_pnl"] == pnl[key]
        assert row["equity"] == equity[key[0]]
        assert row["net_market_value"] == value[key]
        assert row["cash"] == equity[key[0]] - value[key]
        assert row["twr_index"] == pytest.approx(index[key[0]], rel=1e-12)
        year, month = key[1].year, key[1].month
        for period in ((key[0],), (key[0], year), (key[0], year, month)):
            since[period] += pnl[key]
        assert row["cumulative_pnl"] == since[key[0],]
        assert row["ytd_pnl"] == since[key[0], year]
        assert row["mtd_pnl"] == since[key[0], year, month]
        sessions[key[0]] += 1
        assert row["session_count"] == sessions[key[0]]


def test_cost_totals_of_the_demo(built: Warehouse) -> None:
    totals = {
        row["portfolio_name"]: (row["long_exposure_at_cost"], row["short_exposure_at_cost"])
        for row in _query(
            built,
            """select portfolio_name, long_exposure_at_cost, short_exposure_at_cost
            from marts.fct_portfolio_exposures inner join marts.dim_portfolios using (portfolio_id)
            where as_of_date = '2025-06-30'""",
        )
    }
    assert totals == {
        "Demo Individual Investor Portfolio": (Decimal("484999.75"), 0),
        "Demo High Net Worth Investor Portfolio": (Decimal("2849233.26"), 0),
        "Demo Hedge Fund Style Investor Portfolio": (Decimal("3199588.59"), Decimal("1599899.68")),
        "Demo Family Office Public Growth": (Decimal("1249992.95"), 0),
        "Demo Family Office Private Opportunities": (Decimal("950000.00"), 0),
    }


def test_gross_and_net_at_cost_of_the_hedge_fund(built: Warehouse) -> None:
    row = _query(
        built,
        """select gross_exposure_at_cost, net_exposure_at_cost
        from marts.fct_portfolio_exposures inner join marts.dim_portfolios using (portfolio_id)
        where as_of_date = '2025-06-30' and portfolio_name like '%Hedge Fund%'""",
    )[0]
    assert row == {
        "gross_exposure_at_cost": Decimal("4799488.27"),
        "net_exposure_at_cost": Decimal("1599688.91"),
    }


def test_adjusted_closes_chain_the_total_returns_back_from_the_last_close(built: Warehouse) -> None:
    rows = _query(
        built,
        """select symbol, close, adjusted_close, daily_return, row_number() over by_date as newest,
            lag(adjusted_close) over (partition by symbol order by as_of_date) as adjusted_before
        from marts.fct_prices window by_date as (partition by symbol order by as_of_date desc)""",
    )
    assert len(rows) > 20_000
    for row in rows:
        if row["newest"] == 1:
            assert row["adjusted_close"] == row["close"]
        if row["daily_return"] is not None:
            chained = float(row["adjusted_before"]) * (1 + row["daily_return"])
            # prices have six decimals, on levels of a few dollars
            assert float(row["adjusted_close"]) == pytest.approx(chained, abs=2e-6)


def test_simulated_prices_are_flagged_and_real_ones_are_not(
    built: Warehouse, request: pytest.FixtureRequest
) -> None:
    is_simulated = "demo" in request.node.callspec.id
    sources = {row["source"] for row in _query(built, "select distinct source from marts.fct_prices")}
    assert ("simulated" in sources) == is_simulated
    flags = _query(
        built,
        """select bool_or(has_simulated_prices) as any_simulated, bool_and(
            has_simulated_prices or position_count = private_count) as all_simulated
        from marts.fct_portfolio_snapshots""",
    )[0]
    assert flags == {"any_simulated": is_simulated, "all_simulated": is_simulated}
