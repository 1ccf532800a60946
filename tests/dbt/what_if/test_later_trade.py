"""A what-if equals the marts that are built when its trades are made, at the same prices."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.statements.load import load_positions
from tests.database_copies import copy_of, drop
from tests.dbt.what_if.what_if_figures import LAST, TAIL, Reader, published
from tests.flows.flow_helpers import CommandLine
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # a build of its own

ENTRY = "2025-08-01"
HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share\n"
SOLD, KEPT, BOUGHT, SHORT, COVERED = 20, 30, 100, -10, 15
TRADES = [
    {"symbol": "AAPL", "quantity": -SOLD},
    {"symbol": "TLT", "quantity": BOUGHT},
    {"symbol": "SPY", "quantity": SHORT},
    {"symbol": "META", "close": True},
]


@pytest.fixture(scope="module")
def closes(demo: Warehouse) -> dict[str, Decimal]:
    with psycopg.connect(demo.analyst_url) as connection:
        rows = connection.execute(
            "select symbol, close from fct_prices where as_of_date = %s", [LAST]
        ).fetchall()
    return {symbol: close.normalize() for symbol, close in rows}


@pytest.fixture(scope="module")
def traded(
    demo: Warehouse, closes: dict[str, Decimal], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    """A copy of the demo with two more portfolios: Base, and Traded with the lots after the trades."""
    before = (
        f"AAPL,{KEPT + SOLD},200,{ENTRY},,\nMSFT,40,500,{ENTRY},,\nMETA,{-COVERED},700,{ENTRY},,\n"
        f"QQQ,25,550,{ENTRY},,\n"
    )
    after = (
        f"AAPL,{KEPT},200,{ENTRY},,\nAAPL,{SOLD},200,{ENTRY},{LAST},{closes['AAPL']:f}\nMSFT,40,500,{ENTRY},,\n"
        f"META,{-COVERED},700,{ENTRY},{LAST},{closes['META']:f}\nQQQ,25,550,{ENTRY},,\n"
        f"TLT,{BOUGHT},{closes['TLT']:f},{LAST},,\nSPY,{SHORT},{closes['SPY']:f},{LAST},,\n"
    )
    folder: Path = tmp_path_factory.mktemp("trades")
    copy = copy_of(demo, "traded")
    with copy.connect_writer() as connection:
        for name, lots in (("Base", before), ("Traded", after)):
            path = folder / f"{name}.csv"
            path.write_text(HEADER + lots)
            load_positions(
                connection, path, portfolio_name=name, owner_email="jane@example.com", equity=Decimal(60_000)
            )
    CommandLine(copy).succeed("nightly", "--as-of", LAST)
    with psycopg.connect(copy.analyst_url, autocommit=True, row_factory=dict_row) as connection:
        yield Reader(connection)
    drop(copy)


def ids(read: Reader) -> dict[str, Any]:
    return {row["portfolio_name"]: row["portfolio_id"] for row in read("select * from dim_portfolios")}


def test_every_figure_is_that_of_the_portfolio_that_traded(traded: Reader) -> None:
    found = ids(traded)
    find = published(traded, found["Traded"], LAST)
    figures = traded.figures(found["Base"], TRADES)
    changed = 0
    for key, row in figures.items():
        value, _ = find(key)
        expected = None if value is None else float(value)
        tolerance = 1e-6 if key[0] in TAIL or key[3] in TAIL else 1e-9
        if expected is None:
            assert row["value_after"] is None, key
        else:
            assert row["value_after"] == pytest.approx(expected, rel=tolerance, abs=1e-9), key
        changed += row["value_change"] not in {0, None}
    assert changed > 100


def test_the_trades_are_the_difference_of_the_portfolios(traded: Reader) -> None:
    found = ids(traded)
    text = "select symbol, sum(quantity) as quantity from {} group by symbol order by symbol"
    expected = traded(
        text.format("fct_position_values where portfolio_id = %s and as_of_date = %s and is_open"),
        found["Traded"],
        LAST,
    )
    positions = "udf.what_if_positions(%s, %s, %s, 'absorb') where side = 'after'"
    assert traded(text.format(positions), found["Base"], LAST, json.dumps(TRADES)) == expected
