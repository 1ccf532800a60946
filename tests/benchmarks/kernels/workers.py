"""Volatilities of many symbols and values of many options: in this process, and split over Dask workers.

`python -m tests.benchmarks.kernels.workers [--write]` prints the table, and writes it into docs/scale.md.
Each figure with workers follows the one without them, and the frames are compared.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from python_models.options.valuation import value_options
from python_models.portfolio.volatility import symbol_volatility
from python_models.runtime.workers import open_scheduler, spread, using, workers
from tests.benchmarks.comparison import once
from tests.benchmarks.report import made_by
from tests.method_config import VOLATILITY_CONFIG
from warehouse.settings import project_root

PAGE = Path(project_root()) / "docs/scale.md"
BEGIN, END = "<!-- workers: begin -->\n", "<!-- workers: end -->"
DAY = pd.Timestamp("2025-06-30")
WORKERS = 2


def random_returns(symbols: int, *, gaps: float = 0.0) -> pd.DataFrame:
    """A year and a month of returns, of which a share is unknown; the columns of int_return_windows."""
    rng = np.random.default_rng(5)
    sessions = VOLATILITY_CONFIG.history + 3
    values = rng.normal(0, 0.01, (symbols, sessions))
    frame = pd.DataFrame(
        {
            "symbol": pd.Series(np.repeat([f"S{i:05}" for i in range(symbols)], sessions), dtype="str"),
            "as_of_date": np.tile(pd.bdate_range(end=DAY, periods=sessions), symbols),
            "session_number": np.tile(np.arange(7, 7 + sessions), symbols),
            "daily_return": values.ravel(),
        }
    )
    return frame[rng.random(len(frame)) >= gaps].reset_index(drop=True)


def random_contracts(size: int) -> pd.DataFrame:
    """Options of a week to a year, half of them American, most with a quote near their price."""
    rng = np.random.default_rng(8)
    strike = rng.uniform(120, 300, size).round()
    is_call = rng.random(size) < 0.5
    inside = np.maximum(np.where(is_call, 200 - strike, strike - 200), 0)
    names = [f"C{row}" for row in range(size)]
    return pd.DataFrame(
        {
            "contract": names,
            "symbol": names,
            "underlying_symbol": "AAPL",
            "as_of_date": DAY - pd.to_timedelta(rng.integers(1, 3, size), unit="D"),
            "option_type": np.where(is_call, "CALL", "PUT"),
            "exercise": rng.choice(["AMERICAN", "EUROPEAN"], size),
            "strike_price": strike,
            "expiration_date": DAY + pd.to_timedelta(rng.integers(7, 365, size), unit="D"),
            "underlying_price": 200.0,
            "risk_free_rate": 0.04,
            "rate_flag": None,
            "dividend_yield": 0.005,
            "quote_price": inside + rng.uniform(0.5, 30, size),
            "quote_basis": rng.choice(["mid", "last", None], size, p=[0.8, 0.1, 0.1]),
            "carried_volatility": 0.29,
            "carried_source": "carried",
            "realized_volatility_63d": 0.31,
            "is_settlement": False,
        }
    )


def measure() -> Iterator[tuple[str, float, float]]:
    """What was computed, seconds in this process, and seconds with the workers."""
    cluster = open_scheduler()
    volatility = partial(symbol_volatility, rules=VOLATILITY_CONFIG, from_date=str(DAY.date()))
    for symbols in (1_000, 10_000, 100_000):
        split = partial(spread, volatility, random_returns(symbols), by_symbol=True)
        yield f"volatility of {symbols:,} symbols, one session", *_seconds(split, cluster)
    values = partial(value_options, check_date=str(DAY.date()))
    for options in (20_000, 100_000):
        split = partial(spread, values, random_contracts(options))
        yield f"volatility, price and Greeks of {options:,} options", *_seconds(split, cluster)


def _seconds(split: Callable[[], pd.DataFrame], cluster: object) -> tuple[float, float]:
    """Seconds without and with the cluster. Raises AssertionError unless the frames are equal."""
    frames: list[pd.DataFrame] = []
    taken = []
    for scheduler in (None, cluster):
        with using(scheduler):
            taken.append(once(lambda: frames.append(split())))
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    return taken[0], taken[1]


def main() -> int:
    """Measure, print and, where asked, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kernels.workers", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/scale.md")
    asked = parser.parse_args()
    with threadpool_limits(1, user_api="blas"), workers("local", WORKERS):
        lines = [f"| {what} | {alone:.1f} | {split:.1f} |" for what, alone, split in measure()]
    head = [f"| work | one process, s | {WORKERS} workers, s |", "| --- | ---: | ---: |"]
    made = made_by("python -m tests.benchmarks.kernels.workers --write")
    report = "\n".join([made, "", *head, *lines]) + "\n"
    sys.stdout.write(report)
    if asked.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + report + END + rest.partition(END)[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
