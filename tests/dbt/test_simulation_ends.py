"""Real prices replace those of a simulated demo: no figure depends on simulated prices."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # builds the simulation, then real prices

PROGRAM = Path(sys.executable).with_name("sigmasight")
FACTS = ("fct_prices", "fct_position_values", "fct_portfolio_snapshots", "fct_symbol_factor_betas")


@pytest.fixture(scope="module")
def real_over_simulated(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse], market_folder: Path
) -> Warehouse:
    warehouse = copy_warehouse(demo)
    done = subprocess.run(
        [PROGRAM, "demo", "--source", "files", "--prices", str(market_folder)],
        env={**os.environ, **warehouse.settings.as_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return warehouse


def _rows(warehouse: Warehouse, mart: str) -> set[str]:
    with psycopg.connect(warehouse.analyst_url) as connection:
        rows = connection.execute(f"select to_jsonb(m)::text from marts.{mart} as m").fetchall()
    return {row for (row,) in rows}


@pytest.mark.parametrize("mart", FACTS)
def test_marts_equal_those_of_real_prices_only(
    mart: str, real_over_simulated: Warehouse, market: Warehouse
) -> None:
    assert _rows(real_over_simulated, mart) == _rows(market, mart)
