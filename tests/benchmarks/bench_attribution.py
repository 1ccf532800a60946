"""Linked attribution of many portfolios over a year in one statement, beside perfattr and numpy.

    python -m tests.benchmarks.bench_attribution --home FOLDER [--write]

FOLDER is a home with a published warehouse, such as the demonstration's: it has the functions. They read
1,000 invented portfolios of 11 segments and 252 sessions, in temporary tables of the marts' own shape, which
come first on the search path of this session.
"""

import argparse
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
import perfattr
import psycopg

from tests.benchmarks.comparison import Comparison, best_of, once
from tests.benchmarks.kernels.__main__ import table
from tests.benchmarks.report import made_by, write_readme
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

BEGIN, END = "<!-- attribution: begin -->", "<!-- attribution: end -->"
PORTFOLIOS, SEGMENTS, SESSIONS = 1_000, 11, 252
PEER_PORTFOLIOS = 10
SECONDS = 10.0
DAYS = [date(2025, 1, 1) + timedelta(days=number) for number in range(SESSIONS)]
MARTS = ("fct_portfolio_snapshots", "fct_benchmark_returns", "fct_attribution_daily")
ALL = """
select ids.portfolio_id, linked.*
from (select distinct portfolio_id from fct_portfolio_snapshots) as ids
cross join lateral udf.portfolio_attribution(ids.portfolio_id, null, null, 'sector', 'carino') as linked
"""
LINKED = f"select portfolio_id, segment, allocation, selection from ({ALL}) as linked"
ROWS = """
select allocation, selection, contribution from fct_attribution_daily
order by portfolio_id, as_of_date, segment
"""
FloatArray = npt.NDArray[np.float64]


class Books:
    """Weights and returns, shape (PORTFOLIOS, SESSIONS, SEGMENTS); the benchmark is the same for all."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.weights: FloatArray = random.dirichlet(np.ones(SEGMENTS), (PORTFOLIOS, SESSIONS))
        self.benchmark_weights: FloatArray = random.dirichlet(np.ones(SEGMENTS), SESSIONS)
        self.benchmark_returns: FloatArray = random.normal(0.0004, 0.01, (SESSIONS, SEGMENTS))
        own: FloatArray = random.normal(0, 0.005, self.weights.shape)
        self.contributions: FloatArray = self.weights * (self.benchmark_returns + own)
        self.returns: FloatArray = self.contributions.sum(axis=2)
        self.benchmark: FloatArray = (self.benchmark_weights * self.benchmark_returns).sum(axis=1)

    @property
    def effects(self) -> tuple[FloatArray, FloatArray]:
        """Allocation and selection of each session and segment."""
        relative = self.benchmark_returns - self.benchmark[:, None]
        allocation = (self.weights - self.benchmark_weights) * relative
        return allocation, self.contributions - self.weights * self.benchmark_returns

    @property
    def factors(self) -> FloatArray:
        """Carino's coefficient of each portfolio and session."""
        own, others = np.log1p(self.returns), np.log1p(self.benchmark)
        total, total_benchmark = own.sum(axis=1), others.sum()
        of_range = (total - total_benchmark) / (np.exp(total) - np.exp(total_benchmark))
        factors: FloatArray = (own - others) / (self.returns - self.benchmark) / of_range[:, None]
        return factors

    def linked(self) -> FloatArray:
        """Allocation and selection linked by Carino, shape (2, PORTFOLIOS, SEGMENTS)."""
        return np.array([np.einsum("ps,psg->pg", self.factors, effect) for effect in self.effects])


def measure(warehouse: Warehouse) -> list[Comparison]:
    """All portfolios in one statement, against both peers."""
    books = Books()
    with warehouse.connect_writer() as connection:
        _store(connection, books)
        _check(connection, books)
        ours = best_of(lambda: connection.execute(ALL.encode()).fetchall(), times=2)
        dense = best_of(lambda: _numpy(connection, books), times=2)
    frames = [_frames(books, number) for number in range(PEER_PORTFOLIOS)]
    some = once(lambda: [_perfattr(*frame) for frame in frames])
    what = f"attribution of {PORTFOLIOS:,} portfolios x {SESSIONS} sessions x {SEGMENTS} segments, linked"
    share, target, met = PEER_PORTFOLIOS / PORTFOLIOS, f"at most {SECONDS:.0f} s", ours <= SECONDS
    return [
        Comparison(what, ours, "perfattr, from frames in memory", some / share, share, target, met),
        Comparison(what, ours, "numpy with its query", dense, 1, target, met),
    ]


def _store(connection: psycopg.Connection[Any], books: Books) -> None:
    """Fill the temporary tables that the functions read."""
    for mart in MARTS:
        connection.execute(f"create temporary table {mart} (like marts.{mart})".encode())
    growth = np.cumprod(1 + books.returns, axis=1)
    allocation, selection = books.effects
    columns = "portfolio_id, as_of_date, daily_return"
    _copy(
        connection,
        f"fct_portfolio_snapshots ({columns}, twr_index)",
        (
            (_id(place), day, books.returns[place, number], growth[place, number])
            for place in range(PORTFOLIOS)
            for number, day in enumerate(DAYS)
        ),
    )
    _copy(
        connection,
        f"fct_benchmark_returns ({columns})",
        (
            (_id(place), day, books.benchmark[number])
            for place in range(PORTFOLIOS)
            for number, day in enumerate(DAYS)
        ),
    )
    _copy(
        connection,
        "fct_attribution_daily (portfolio_id, as_of_date, dimension, segment, portfolio_weight,"
        " benchmark_weight, contribution, benchmark_return, allocation, selection, effect)",
        (
            (
                *(_id(place), day, "sector", f"S{segment:02}", books.weights[place, number, segment]),
                *(books.benchmark_weights[number, segment], books.contributions[place, number, segment]),
                *(books.benchmark_returns[number, segment], allocation[place, number, segment]),
                selection[place, number, segment],
                allocation[place, number, segment] + selection[place, number, segment],
            )
            for place in range(PORTFOLIOS)
            for number, day in enumerate(DAYS)
            for segment in range(SEGMENTS)
        ),
    )
    for mart in MARTS:
        connection.execute(f"create index on {mart} (portfolio_id, as_of_date)".encode())
    connection.execute("analyze; set search_path = pg_temp, marts")


def _copy(connection: psycopg.Connection[Any], target: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor().copy(f"copy {target} from stdin".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _id(place: int) -> UUID:
    return UUID(int=place + 1)


def _check(connection: psycopg.Connection[Any], books: Books) -> None:
    """Both peers have the same figures."""
    found = {(row[0], row[1]): row[2:] for row in connection.execute(LINKED.encode())}
    assert len(found) == PORTFOLIOS * SEGMENTS
    ours = np.array(
        [[found[_id(place), f"S{segment:02}"] for segment in range(SEGMENTS)] for place in range(PORTFOLIOS)]
    )
    np.testing.assert_allclose(ours.transpose(2, 0, 1), books.linked(), rtol=1e-6, atol=1e-12)
    theirs = _perfattr(*_frames(books, 0))
    np.testing.assert_allclose(ours[0], theirs, rtol=1e-6, atol=1e-12)


def _numpy(connection: psycopg.Connection[Any], books: Books) -> FloatArray:
    """The same figures from arrays, with the rows read from the database."""
    read = connection.execute(ROWS.encode()).fetchall()
    shape = PORTFOLIOS, SESSIONS, SEGMENTS
    values: FloatArray = np.array(read, dtype=np.float64).reshape(*shape, 3)
    factors = books.factors
    linked: FloatArray = np.einsum("ps,psgv->pgv", factors, values)
    return linked


def _perfattr(portfolio: pd.DataFrame, benchmark: pd.DataFrame) -> FloatArray:
    prepared = perfattr.prepare_attribution(portfolio, benchmark)
    found = perfattr.calculate_attribution(
        prepared.portfolio,
        prepared.benchmark,
        effect_linking_method=perfattr.EffectLinkingMethod.CARINO,
    ).overall_detail.set_index("identifier")
    names = ["linked_allocation_effect", "linked_selection_effect"]
    values: FloatArray = found.loc[[f"S{segment:02}" for segment in range(SEGMENTS)], names].to_numpy()
    return values


def _frames(books: Books, place: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Portfolio and benchmark as perfattr reads them."""
    returns = books.contributions[place] / books.weights[place]
    return _frame(books.weights[place], returns), _frame(books.benchmark_weights, books.benchmark_returns)


def _frame(weights: FloatArray, returns: FloatArray) -> pd.DataFrame:
    days = np.repeat([str(day) for day in DAYS], SEGMENTS)
    return pd.DataFrame(
        {
            "from_date": days,
            "thru_date": days,
            "identifier": np.tile([f"S{segment:02}" for segment in range(SEGMENTS)], SESSIONS),
            "weight": weights.ravel(),
            "return": returns.ravel(),
        }
    )


def main() -> int:
    """Measure and print; 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_attribution", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home with a published warehouse")
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    asked = parser.parse_args()
    found = measure(open_warehouse(Settings(sigmasight_home=asked.home)))
    command = "python -m tests.benchmarks.bench_attribution --home FOLDER --write"
    report = "\n".join([made_by(command), *table(found)])
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report + "\n", BEGIN, END)
    return 0 if all(comparison.is_met for comparison in found) else 1


if __name__ == "__main__":
    sys.exit(main())
